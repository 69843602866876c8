"""Further views of a fitted forecaster: sample paths, the reach of its gradient, a figure and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elman import _check
from elman.errors import Remedy, UnsupportedError
from elman.forecasting.fitted import Fitted
from elman.forecasting.paths import deliver_paths, sample_paths
from elman.forecasting.reading import read_asked, read_known
from elman.forecasting.shown import figure, summary
from elman.forecasting.training_set import filled
from elman.forecasting.validated import Validated
from elman.partitions import partitioned
from elman.training.flow_report import GradientFlow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Views"]


class Views(Validated):
    """Base of a forecaster: what it tells besides its forecast."""

    def sample(
        self, n: int = 100, data: Any = None, future: Any = None, *, static_df: Any = None, seed: int = 0
    ) -> Any:
        """Draw whole paths of the `horizon` values that follow, for sums over the steps, or what comes of them.

        At every step the paths have the distribution of `predict`, and their steps depend on each other like past
        errors of the series (`elman.forecasting.paths`). Different series are drawn independently, and so are the
        channels of one.

        Parameters
        ----------
        n : int
            Paths of every series.
        data, future, static_df
            As for `predict`, in memory.
        seed : int
            The same seed gives the same paths; those of a series depend neither on the others nor on their order.

        Returns
        -------
        ndarray (n, horizon) or (n, horizon, D), or frame
            For an array; (n, S, horizon) or (n, S, horizon, D) for a list of S series. A frame has ``unique_id``,
            future ``ds``, ``sample`` (0 … n-1) and ``Elman``, path after path.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ArgumentError
            If ``n`` or ``seed`` has a wrong value, or the method has no intervals.
        DataError
            If a value or time stamp cannot be used.
        UnsupportedError
            If the data are in parts.

        Examples
        --------
        >>> import numpy as np
        >>> from elman import Forecaster
        >>> y = 20 + np.random.default_rng(0).normal(size=60).cumsum()
        >>> paths = Forecaster(6, season=1, method="prior").fit(y).sample(500)
        >>> low, high = np.quantile(paths.sum(axis=1), [0.1, 0.9])               # the 80 % interval of the sum
        >>> paths.shape, bool(low < paths.sum(axis=1).mean() < high)
        ((500, 6), True)
        """
        place = self._place("sample")
        n = _check.positive_integer(place, "n", n)
        seed = _check.integer(place, "seed", seed, 0, 2**63 - 1)
        with self._reading("sample") as fitted:
            given = fitted.source if data is None else data
            if partitioned(place, given, *fitted.possible_names) is not None:
                raise UnsupportedError(
                    f"{place}: paths are drawn for series in memory.", Remedy("pass a frame as {}", data=...)
                )
            panel = read_asked(place, self, fitted, data, future, static_df)
            if data is not None:
                panel, _ = filled(panel, self.missing, fitted.seasons[0])
            options: dict[str, Any] = {"newest": data is None, "n_threads": self.n_threads or 0}
            paths = sample_paths(place, fitted.method, panel, n, seed, fitted.seasons[0], **options)
            return deliver_paths(panel, paths)

    def gradient_flow(self, data: Any = None, *, member: int = 0, probes: int = 8) -> GradientFlow:
        """Measure how far back in time the gradient of the loss reaches, on stretches drawn like those of training.

        Only with ``method="network"``.

        Parameters
        ----------
        data : array_like, list or frame, optional
            Series in any of the forms of `fit`, with covariates if there are any; without it, the newest values that
            are known.
        member : int
            Index of the network in the ensemble.
        probes : int
            Outputs per stretch whose gradient is measured.

        Returns
        -------
        GradientFlow
            A printable report; `elman.training.gradient_flow` defines the numbers.

        Raises
        ------
        NotFittedError
            Before `fit`.
        UnsupportedError
            If another method is delivered.
        DataError
            If a value or time stamp cannot be used.
        """
        from elman.forecasting.flow import measure

        place = self._place("gradient_flow")
        with self._alone("gradient_flow") as fitted:
            network = fitted.need_network(place)
            panel = fitted.need_series(place) if data is None else read_known(place, self, fitted, data)
            return measure(place, self, network, panel, member, probes)

    def plot(self, forecast: Any) -> Figure:
        """Draw a forecast behind the newest values, with the check over what it held out, of up to twelve series.

        Parameters
        ----------
        forecast : ndarray, dict, list or frame
            From `predict` without data; with ``level`` the intervals are drawn too.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it; ``savefig`` writes it to a file.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ArgumentError
            If the forecast is not one of this forecaster's.

        Examples
        --------
        >>> import numpy as np
        >>> from elman import Forecaster
        >>> model = Forecaster(4, season=4, method="seasonal naive").fit(np.tile([10.0, 20.0, 30.0, 20.0], 12))
        >>> model.plot(model.predict(level=80)).axes[0].get_title(loc="left")
        'series 0'
        """
        with self._reading("plot") as fitted:
            return figure(self._place("plot"), fitted, forecast)

    def _summary(self, fitted: Fitted) -> dict[str, Any]:
        return summary(fitted)

    def _repr_html_(self) -> str:
        """Return the choices and the errors of all candidates, for a notebook."""
        check = self.check_ if self.__sklearn_is_fitted__() else None
        return super()._repr_html_() + ("" if check is None else check.errors_html())
