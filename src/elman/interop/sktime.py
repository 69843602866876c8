"""sktime: `Forecaster` and `SequenceClassifier` behind sktime's interfaces.

Install sktime with ``pip install 'elman[sktime]'``.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from elman._extras import need
from elman.errors import DataError
from elman.estimators.documentation import documented
from elman.forecasting import Forecaster
from elman.interop.wrapped import BY_X, CLASSIFIER, WrappedClassifier, constructor, settings
from elman.sequences import SequenceClassifier

__all__ = ["ElmanClassifier", "ElmanForecaster"]

need("elman.interop.sktime", "sktime")
BaseClassifier: Any = importlib.import_module("sktime.classification.base").BaseClassifier
BaseForecaster: Any = importlib.import_module("sktime.forecasting.base").BaseForecaster

_SERIES = "y"
_BY_SKTIME = {
    "horizon": "the largest step of fh",
    "freq": "the index of y",
    "past_covariates": "X",
    "future_covariates": "X",
}


def _begin(forecaster: Any) -> None:
    """Call sktime's constructor, which announces that it will keep no data; the adapter keeps its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The default of config", FutureWarning)
        BaseForecaster.__init__(forecaster)


class ElmanForecaster(BaseForecaster):
    """A `Forecaster` as sktime's ``BaseForecaster``.

    The horizon is the largest step of ``fh``. The columns of ``X`` are covariates that are known ahead; ``predict``
    needs them for every step up to the horizon. ``update`` takes in new values, and trains nothing.

    Parameters
    ----------
    **parameters
        Those of `Forecaster`, but ``horizon``, ``freq``, ``past_covariates`` and ``future_covariates``.

    Attributes
    ----------
    forecaster_ : Forecaster
        The fitted forecaster.

    Notes
    -----
    Quantiles are those of `Forecaster.predict`: ends of central intervals of level ``100 * |2 * alpha - 1|``. The prior
    and the baselines have levels up to 95. ``method="network"`` has quantiles with ``intervals``. ``X`` needs
    the network, so ``method="prior"`` and the baselines ignore it.

    Examples
    --------
    >>> import pandas as pd
    >>> from elman.interop.sktime import ElmanForecaster
    >>> y = pd.Series([10.0, 20.0, 30.0, 20.0] * 12, index=pd.period_range("2020-01", periods=48, freq="M"))
    >>> ElmanForecaster(season=4, method="seasonal naive").fit(y, fh=[1, 3]).predict().tolist()
    [10.0, 30.0]
    """

    _tags: ClassVar[dict[str, Any]] = {
        "authors": "The Elman developers",
        "maintainers": "The Elman developers",
        "python_dependencies": "elman",
        "y_inner_mtype": "pd.Series",
        "X_inner_mtype": "pd.DataFrame",
        "requires-fh-in-fit": True,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:update": True,
        "capability:exogenous": True,
        "capability:categorical_in_X": False,
        "capability:non_contiguous_X": False,
        "capability:random_state": True,
    }

    __init__ = constructor(Forecaster, _begin, _BY_SKTIME)

    def __post_init__(self) -> None:
        """Tell sktime what this configuration can do."""
        network = self.method == "network"
        self.set_tags(
            **{
                "capability:missing_values": self.missing != "error",
                "capability:exogenous": network or self.method == "auto",
                "capability:pred_int": not network or self.intervals is not None,
            }
        )

    def _fit(self, y: pd.Series, X: pd.DataFrame | None, fh: Any) -> ElmanForecaster:
        self._name = y.name
        self._known = _long(y, X)
        names = [name for name in self._known.columns if name not in ("unique_id", "ds", "y")]
        horizon = int(fh.to_indexer(self.cutoff).max()) + 1
        own = {"freq": _frequency(y.index), "future_covariates": names or None}
        self.forecaster_ = Forecaster(horizon, **settings(self), **own).fit(self._known)
        return self

    def _update(self, y: pd.Series, X: pd.DataFrame | None = None, update_params: bool = True) -> ElmanForecaster:
        new = _long(y, X)
        if set(new.columns) != set(self._known.columns):
            raise DataError("ElmanForecaster.update: X must have the columns that it had in fit.")
        older = self._known[~self._known["ds"].isin(new["ds"])]
        self._known = pd.concat([older, new], ignore_index=True).sort_values("ds", ignore_index=True)
        return self

    def _predict(self, fh: Any, X: pd.DataFrame | None) -> pd.Series:
        frame = self._forecast(X)
        steps = fh.to_indexer(self.cutoff)
        values = frame["Elman"].to_numpy()[steps]
        return pd.Series(values, index=fh.to_absolute_index(self.cutoff), name=self._name)

    def _predict_quantiles(self, fh: Any, X: pd.DataFrame | None, alpha: list[float]) -> pd.DataFrame:
        frame = self._forecast(X, list(dict.fromkeys(map(float, alpha))))
        names = [f"Elman-q-{share:g}" for share in alpha]
        columns = pd.MultiIndex.from_product([self._get_varnames(), alpha])
        steps = fh.to_indexer(self.cutoff)
        return pd.DataFrame(frame[names].to_numpy()[steps], fh.to_absolute_index(self.cutoff), columns)

    def _forecast(self, X: pd.DataFrame | None, quantiles: list[float] | None = None) -> pd.DataFrame:
        """Forecast every step up to the horizon."""
        future = None
        if self.forecaster_.future_covariates:
            if X is None:
                raise DataError("ElmanForecaster.predict: X is needed for the steps ahead; it was there in fit.")
            ahead = _covariates(X)
            ahead = ahead[ahead["ds"] > self._known["ds"].iloc[-1]].head(self.forecaster_.horizon)
            future = ahead.assign(unique_id=_SERIES)
        forecast: pd.DataFrame = self.forecaster_.predict(self._known, future=future, quantiles=quantiles)
        return forecast

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return configurations for sktime's checks: the prior, and a small network with intervals, which uses X."""
        small = {"window": 4, "steps": 8, "hidden_size": 4, "updates": 2, "intervals": "auto", "random_state": 0}
        return [{"method": "prior", "n_threads": 1}, {"method": "network", "n_threads": 1, **small}]


@documented(classifier=CLASSIFIER)
class ElmanClassifier(WrappedClassifier, BaseClassifier):
    """A `SequenceClassifier` as sktime's ``BaseClassifier``.

    {classifier}

    Examples
    --------
    >>> import numpy as np
    >>> from elman.interop.sktime import ElmanClassifier
    >>> X = np.array([[[1.0, 2.0, 1.0]], [[2.0, 0.0, 1.0]], [[8.0, 9.0, 8.0]], [[9.0, 7.0, 8.0]]])   # (N, D, T)
    >>> model = ElmanClassifier(updates=30, random_state=0).fit(X, np.array(["low", "low", "high", "high"]))
    >>> model.predict(np.array([[[1.0, 1.0, 0.0]], [[9.0, 8.0, 9.0]]])).tolist()
    ['low', 'high']
    """

    _tags: ClassVar[dict[str, Any]] = {
        "authors": "The Elman developers",
        "maintainers": "The Elman developers",
        "python_dependencies": "elman",
        "X_inner_mtype": ["df-list", "numpy3D"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:predict_proba": True,
        "capability:class_weight": True,
        "capability:multithreading": True,
        "capability:categorical_in_X": False,
        "capability:random_state": True,
    }

    __init__ = constructor(SequenceClassifier, BaseClassifier.__init__, BY_X)

    @staticmethod
    def _sequences(X: Any) -> list[np.ndarray]:
        """Return sequences (T, D) from an array (N, D, T), or from a list of frames."""
        if isinstance(X, np.ndarray):
            return list(np.moveaxis(X, 1, 2))
        return [frame.to_numpy() for frame in X]

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return configurations for sktime's checks."""
        return cls._configurations()


def _long(y: pd.Series, X: pd.DataFrame | None) -> pd.DataFrame:
    """Return a series and its covariates as a long frame."""
    frame = pd.DataFrame({"unique_id": _SERIES, "ds": _stamps(y.index), "y": y.to_numpy()})
    return frame if X is None else frame.merge(_covariates(X), on="ds", how="left")


def _covariates(X: pd.DataFrame) -> pd.DataFrame:
    """Return covariates with their time stamps, under names that cannot be those of other columns."""
    columns = {f"x{i}": X.iloc[:, i].to_numpy() for i in range(X.shape[1])}
    return pd.DataFrame({"ds": _stamps(X.index), **columns})


def _stamps(index: pd.Index) -> pd.Index:
    """Return time stamps, or integers; periods stand for their beginnings."""
    return index.to_timestamp() if isinstance(index, pd.PeriodIndex) else index


def _frequency(index: pd.Index) -> Any:
    """Return the distance between time stamps: of integers 1, as sktime counts them."""
    if isinstance(index, pd.PeriodIndex):
        return pd.infer_freq(pd.period_range(index[0], periods=4, freq=index.freq).to_timestamp())
    if isinstance(index, pd.DatetimeIndex):
        return "auto" if index.freq is None else index.freq
    return 1
