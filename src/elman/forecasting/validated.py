"""What a forecaster does with checked data, and its files: the base of `Forecaster`."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from elman.estimators import Arrays, Contract, Estimator, Table, fitted_value
from elman.forecasting.attributes import Attributes
from elman.forecasting.base import Base
from elman.forecasting.fitted import Fitted
from elman.forecasting.options import TABLE, check_parameters, inputs_of
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.procedure import fit_panel, fit_store
from elman.forecasting.quantiles import Asked
from elman.forecasting.reading import check_static
from elman.forecasting.saving import ADDED, SINCE, from_file, to_file
from elman.forecasting.saving_network import RENAMED
from elman.forecasting.static_parts import table_of_fit
from elman.forecasting.stored import open_store
from elman.forecasting.training_set import filled
from elman.persistence import dump_arrays

__all__ = ["Validated"]

Array = npt.NDArray[np.float64]


class Validated(Parameters, Contract, Attributes):
    """Base of a forecaster: parameters, fits and forecasts of checked data, files."""

    _table: ClassVar[Table] = TABLE
    _kind: ClassVar[str] = "forecaster"
    _renamed: ClassVar[dict[str, str]] = Estimator._renamed | RENAMED

    def _fit_panel(self, place: str, panel: Panel) -> None:
        """Fit a checked panel."""
        self._take(lambda: fit_panel(place, self, panel, self._base(place)))

    def _fit_parts(self, place: str, source: Any, static: Any) -> None:
        """Fit checked parts of whole series, with a table of static covariates from `_table_of_fit`."""
        store = open_store(place, self, source, source, static)
        self._take(lambda: fit_store(place, self, store, self._base(place)))

    def _table_of_fit(self, place: str, source: Any, static: Any) -> Any:
        """Check a table of static covariates against data in parts."""
        inputs = inputs_of(self)
        check_static(place, static, inputs)
        return table_of_fit(place, source, static, inputs)

    def _base(self, place: str) -> Base | None:
        """Read the base."""
        if self.base is None:
            return None
        fitted: Fitted = fitted_value(place, type(self).load(self.base))
        return Base.of(place, fitted)

    def _forecast_panel(self, place: str, panel: Panel) -> Array:
        """Forecast a checked panel (S, K), which includes the covariates known ahead."""
        panel, _ = filled(panel, self.missing, self._fitted.seasons[0])
        return self._fitted.method.forecast(place, panel, self.n_threads or 0)

    def _edges(self, place: str, panel: Panel, forecasts: Array, asked: Asked) -> dict[str, Array]:
        """Put intervals and quantiles around forecasts from a checked panel."""
        panel, _ = filled(panel, self.missing, self._fitted.seasons[0])
        return asked.around(place, self._fitted.method, panel, forecasts, self.n_threads or 0)

    def _content(self, fitted: Fitted) -> bytes:
        """Return the content of a file of this forecaster that forecasts other series alike, in any surroundings."""
        lean = copy(self).set_params(n_threads=None, progress=False)
        lean._fitted = fitted.without_series()
        return dump_arrays(*lean.to_arrays())

    def _check(self, place: str) -> None:
        check_parameters(place, self)

    def _described(self, fitted: Fitted) -> tuple[Arrays, dict[str, Any]]:
        return to_file(fitted)

    def _rebuilt(self, arrays: Arrays, metadata: dict[str, Any]) -> Fitted:
        return from_file(self, arrays, metadata)

    @classmethod
    def _parsed(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        return super()._parsed(ADDED | (parameters if SINCE.keys() & parameters else SINCE | parameters))
