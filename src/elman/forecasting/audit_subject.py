"""The forecaster under audit: copies, fits and forecasts in the form of the caller's data."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._words import place_of
from elman.errors import ArgumentError, DataError
from elman.estimators import fitted_value
from elman.forecasting.backtest import cross_validation
from elman.forecasting.baselines import BASELINES
from elman.forecasting.fitted import Fitted
from elman.forecasting.forecaster import Forecaster
from elman.forecasting.frames import read_panel
from elman.forecasting.inputs import Inputs
from elman.forecasting.options import covariates_of, head_for, inputs_of, least_values, names_of, past_of
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import NETWORK_ONLY
from elman.forecasting.series_covariates import positions_of
from elman.forecasting.training_set import filled

__all__ = ["Subject", "later", "named_rows"]

Array = npt.NDArray[np.float64]

_KEYS = ("unique_id", "ds", "cutoff", "y")
_UPDATES = 20  # of a copy: after 20 as after hundreds, every bit depends on the data


class Subject:
    """A forecaster and the data it is audited on.

    Parameters
    ----------
    forecaster : Forecaster or alike
        Anything with ``horizon``, ``fit(data)`` and ``predict(data)``; neither fitted nor changed.
    data : array_like, list or frame
        As for `Forecaster.fit`.
    static : frame, optional
        Its static covariates, as for `Forecaster.fit`.
    """

    def __init__(self, forecaster: Any, data: Any, static: Any = None) -> None:
        for name in ("horizon", "fit", "predict"):
            if not hasattr(forecaster, name):
                raise ArgumentError(f"audit: a forecaster needs {name}, {type(forecaster).__name__} has none.")
        self.forecaster = forecaster
        self.horizon = int(forecaster.horizon)
        freq = getattr(forecaster, "freq_", None)
        freq = getattr(forecaster, "freq", "auto") if freq is None else freq
        known = isinstance(forecaster, Forecaster)
        self.past = past_of(forecaster) if known else names_of(getattr(forecaster, "past_covariates", None))
        self.ahead = names_of(getattr(forecaster, "future_covariates", None))
        self.inputs = Inputs(self.past, self.ahead)
        if known:
            self.inputs = inputs_of(forecaster)
            self.inputs = replace(self.inputs, weight=None, holidays=None, calendar=())  # nothing made from the dates
        missing = getattr(forecaster, "missing", "error")
        least = least_values(forecaster) if isinstance(forecaster, Forecaster) else 2
        panel = read_panel(
            place_of("audit"), data, freq, missing, self.inputs, channels=True, least=least, static=static
        )
        self.inputs, self.whole = panel.inputs, panel
        if self.inputs.censored is not None:
            panel = _uncensored(panel, missing, self.past.index(self.inputs.censored))
        self.panel = self._with_ahead(panel) if self.ahead else panel
        was_fitted = any(name.endswith("_") and not name.endswith("__") for name in vars(forecaster))
        if hasattr(forecaster, "__sklearn_is_fitted__"):
            was_fitted = forecaster.__sklearn_is_fitted__()
        self.trained = isinstance(forecaster, Forecaster) and _trains(forecaster, was_fitted)
        self.model = forecaster if was_fitted else self.fit(self.copy(), self.panel)

    def _with_ahead(self, panel: Panel) -> Panel:
        """Leave out the newest values; their covariates become those known ahead."""
        long_enough = np.flatnonzero(panel.lengths >= self.horizon + 2)
        if len(long_enough) == 0:
            raise DataError(
                f"{place_of('audit')}: with covariates known ahead {self.horizon + 2} values are needed, the longest "
                f"series has {panel.lengths.max()}."
            )
        return panel.select(long_enough.tolist()).head(self.horizon)

    def with_drivers(self, panel: Panel, series: Sequence[int]) -> Panel:
        """Select some series, and behind them those whose values are covariates of all."""
        drivers = positions_of(panel, self.inputs.series).tolist()
        return panel.select([*series, *(driver for driver in drivers if driver not in series)])

    def has(self, parameter: str) -> bool:
        """Return whether the forecaster has a parameter of this name."""
        return hasattr(self.forecaster, "get_params") and parameter in self.forecaster.get_params(deep=False)

    @property
    def counted(self) -> bool:
        """Whether the forecaster refuses values that are no whole numbers."""
        head = head_for(self.forecaster) if isinstance(self.forecaster, Forecaster) else None
        return head is not None and head.counts

    @property
    def dated(self) -> bool:
        """Whether covariates are made from the dates."""
        return isinstance(self.forecaster, Forecaster) and inputs_of(self.forecaster).made

    def copy(self, **parameters: Any) -> Any:
        """Return an unfitted copy with short training and a fixed seed."""
        if not hasattr(self.forecaster, "get_params"):
            return copy.deepcopy(self.forecaster)
        other = self.forecaster.unfitted() if isinstance(self.forecaster, Forecaster) else _clone(self.forecaster)
        present = other.get_params(deep=False)
        usual: dict[str, Any] = {"progress": False, "intervals": None}
        if not isinstance(present.get("random_state"), (int, np.integer)):
            usual["random_state"] = 0  # with None or a generator, every fit has another seed
        if isinstance(self.forecaster, Forecaster):
            usual["weight"] = None  # no promise depends on weights
            usual["static_covariates"] = list(self.inputs.static) or None  # a column for every category
        if isinstance(self.forecaster, Forecaster) and not self.trained:  # short fits
            parameters = {name: value for name, value in parameters.items() if name not in NETWORK_ONLY}
        elif (updates := present.get("updates")) is not None:
            usual["updates"] = _UPDATES if updates == "auto" else min(_UPDATES, updates)
        if self.trained:
            usual["method"] = "network"
        wanted = {name: value for name, value in (usual | parameters).items() if name in present}
        return other.set_params(**wanted) if wanted else other

    def fit(self, model: Any, panel: Panel) -> Any:
        """Fit a model to a panel and return it."""
        fitted = model.fit(self._data(panel))
        return model if fitted is None else fitted

    def update(self, model: Any, panel: Panel) -> Any:
        """Update a model with new values and return it."""
        updated = model.update(self._data(panel))
        return model if updated is None else updated

    def predict(self, model: Any, panel: Panel, *, given: bool = True) -> Array:
        """Forecast from a panel (S, K), or (S, D, K) for D channels, series in the order of the panel.

        If the panel is not ``given``, the model was fitted or updated with it.
        """
        answer = self._answer(model, panel, given)
        if not hasattr(answer, "columns"):
            arrays = np.asarray(answer, dtype=np.float64).reshape(len(panel), self.horizon, *panel.values.shape[1:])
            return np.ascontiguousarray(np.moveaxis(arrays, 1, -1))
        column = next(name for name in answer.columns if name not in _KEYS)
        values = np.asarray(answer[column], dtype=np.float64)
        rows = named_rows(answer, panel)
        return np.stack([values[mine] for mine in rows])

    def stamps(self, model: Any, panel: Panel, *, given: bool = True) -> list[list[Any]]:
        """Return the time stamps of the forecast of each series; none for data without time stamps."""
        answer = self._answer(model, panel, given)
        if not hasattr(answer, "columns"):
            return []
        stamps = pd.Index(answer["ds"].to_list())
        return [stamps[mine].to_list() for mine in named_rows(answer, panel)]

    def rolled(self, panel: Panel, n_windows: int) -> Array:
        """Forecast from the last ``n_windows`` cut-offs of whole data (rows, n_windows, K), earliest first.

        The forecaster's own method ``cross_validation`` is used if it has one, the library's if it is a `Forecaster`;
        the bounds of its intervals, if it gives any, are then further rows.
        """
        model = self.copy()
        data = self._data(panel)
        if hasattr(model, "cross_validation"):
            answer = model.cross_validation(data, n_windows=n_windows, step_size=self.horizon)
        else:
            level = None
            if not self.trained:
                level = 50
            elif self.forecaster.intervals is not None:
                model, level = self.copy(intervals=2), 50  # the fewest residuals that make an interval
            answer = cross_validation(model, data, n_windows, self.horizon, baselines=(), level=level)
        first, *bounds = (name for name in answer.columns if name not in _KEYS)
        columns = [first, *(name for name in bounds if name.startswith(f"{first}-"))]
        names = pd.Index(list(dict.fromkeys(answer["unique_id"].to_list())))  # positions or channels, without names
        rows = named_rows(answer, replace(panel, ids=names), by=("cutoff", "ds"))
        values = [np.asarray(answer[column], dtype=np.float64) for column in columns]
        return np.stack([own[mine].reshape(n_windows, self.horizon) for own in values for mine in rows])

    @property
    def can_be_rolled(self) -> bool:
        """Whether it can forecast from cut-offs of data that continue after them."""
        return isinstance(self.forecaster, Forecaster) or hasattr(self.forecaster, "cross_validation")

    @property
    def found(self) -> dict[str, Any]:
        """Parameters found by the fit, which copies take over."""
        return {"window": self.model.window_} if self.trained or hasattr(self.model, "window_") else {}

    @property
    def repeats_its_past(self) -> str:
        """Name of the delivered baseline, whose steps may depend on single past values; else empty."""
        name = getattr(self.model, "method_", "")
        return name if name in BASELINES else ""

    @property
    def context_length(self) -> int:
        """Number of newest values on which a forecast of whole data depends."""
        if self.found and self.has("steps"):
            return int(self.model.window_ + self.forecaster.steps - 1)
        return int(self.panel.lengths.max())

    def _answer(self, model: Any, panel: Panel, given: bool) -> Any:
        """Call `predict`, with the covariates known ahead if there are any."""
        data = (self._data(panel),) if given else ()
        if not self.ahead or panel.ahead is None:
            return model.predict(*data)
        columns = {
            name: panel.ahead[:, : self.horizon, len(self.past) + c].ravel() for c, name in enumerate(self.ahead)
        }
        future = panel.long_frame(columns, panel.future(self.horizon), self.horizon)
        return model.predict(*data, future=panel.native(future))

    def _data(self, panel: Panel) -> Any:
        """Return a copy of the data in the form of the caller's data; counts that the checks changed are rounded up."""
        if self.counted:
            panel = replace(panel, values=np.ceil(panel.values))
        if panel.kind == "array" and len(panel) == 1:
            return panel.values.copy()
        if panel.kind in ("array", "list"):
            return [values.copy() for values in panel]
        columns = {"y": panel.values.copy()}
        if panel.covariates is not None:
            columns |= dict(zip(self.inputs.read, panel.covariates.T.copy(), strict=True))
        return panel.native(panel.long_frame(columns, panel.times, panel.lengths))


def _uncensored(panel: Panel, missing: str, column: int) -> Panel:
    """Fill censored values and take them for known: the checks change values, and a censored one has no effect."""
    panel, _ = filled(panel, missing, 1)
    assert panel.covariates is not None
    covariates = panel.covariates.copy()
    covariates[:, column] = 0.0
    return replace(panel, covariates=covariates)


def _clone(forecaster: Any) -> Any:
    """Return an unfitted copy of somebody else's estimator."""
    from sklearn.base import clone

    return clone(forecaster)


def _trains(forecaster: Forecaster, was_fitted: bool) -> bool:
    """Return whether a window network is delivered; copies are then networks with short training."""
    if was_fitted:
        fitted: Fitted = fitted_value("predict", forecaster)
        return fitted.network is not None
    return forecaster.method == "network" or bool(covariates_of(forecaster))


def named_rows(answer: Any, panel: Panel, by: tuple[str, ...] = ("ds",)) -> list[npt.NDArray[np.intp]]:
    """Find the rows of each series of a panel in a forecast frame, in order of time."""
    names = pd.Index(answer["unique_id"].to_list())
    order = np.lexsort([pd.factorize(pd.Index(answer[key].to_list()), sort=True)[0] for key in reversed(by)])
    assert panel.ids is not None
    return [order[(names == name)[order]] for name in panel.ids]


def later(panel: Panel, steps: int) -> Panel:
    """Move every series ``steps`` later in time, its values unchanged."""
    assert panel.times is not None
    future = panel.future(steps)
    assert future is not None
    parts = []
    for s, (start, stop) in enumerate(zip(panel.offsets[:-1], panel.offsets[1:], strict=True)):
        own = future[s * steps : (s + 1) * steps]
        parts.append(panel.times[start:stop].append(own)[-(stop - start) :])
    return replace(panel, times=parts[0].append(parts[1:]))
