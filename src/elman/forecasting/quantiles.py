"""Quantiles of a forecast, for every method: the ends of its intervals.

The quantile at a share q is an end of the interval of level 100 |2 q - 1|: the lower one for q < 1/2, the upper one for
q > 1/2; the quantile at 1/2 is the median, which is the forecast unless the method forecasts means. ``Elman-q-0.1`` and
``Elman-lo-80`` are one number, and what is true of the intervals of a method (conformal, widened on a panel) is true of
its quantiles. The width factors of a panel could make ends of different levels cross: the quantiles are therefore
sorted, which never increases the pinball loss.

References
----------
Chernozhukov, Fernández-Val & Galichon (2010), Quantile and probability curves without crossing. Econometrica 78(3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError
from elman.forecasting.intervals import check_levels, check_quantiles
from elman.forecasting.methods import Method
from elman.forecasting.panel import Panel

__all__ = ["Asked", "level_of"]

Array = npt.NDArray[np.float64]


def level_of(share: float) -> float:
    """Return the level, in percent, of the interval that ends at a quantile; 0 for the median.

    Examples
    --------
    >>> level_of(0.1), level_of(0.9), level_of(0.975), level_of(0.5)
    (80.0, 80.0, 95.0, 0.0)
    """
    return round(100.0 * abs(2.0 * share - 1.0), 9)


@dataclass(frozen=True)
class Asked:
    """What a forecast has besides the points: the intervals of some levels, and some quantiles.

    Parameters
    ----------
    levels : tuple of float
        In percent.
    quantiles : tuple of float
        Shares.
    """

    levels: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()

    @classmethod
    def checked(cls, place: str, level: Any, quantiles: Any) -> Asked:
        """Read the arguments ``level`` and ``quantiles``, None for neither."""
        levels = () if level is None else tuple(check_levels(place, level))
        return cls(levels, () if quantiles is None else tuple(check_quantiles(place, quantiles)))

    def __bool__(self) -> bool:
        """Return whether anything is asked for."""
        return bool(self.levels or self.quantiles)

    @property
    def names(self) -> list[str]:
        """Names of the results, in order: ``"lo-80"``, ``"hi-80"``, …, ``"q-0.1"`` and so on."""
        edges = [f"{side}-{level:g}" for level in self.levels for side in ("lo", "hi")]
        return [*edges, *(f"q-{share:g}" for share in self.quantiles)]

    @property
    def needed(self) -> list[float]:
        """Levels of the intervals from which all of it is made."""
        return list(dict.fromkeys([*self.levels, *filter(None, map(level_of, self.quantiles))]))

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of `Forecaster.predict` that ask for the same."""
        return {"level": list(self.levels) or None, "quantiles": list(self.quantiles) or None}

    def outlook(self, place: str, method: Method, newest: Panel, n_threads: int) -> tuple[Array, dict[str, Array]]:
        """Forecast from the newest values of a fit; return the forecasts (S, K) or (S, K, D) and what is asked for.

        Raises
        ------
        ArgumentError
            If the method has no interval of a level; the message names the quantile that needs it.
        """
        if not self.needed:
            forecasts = method.forecast_newest(place, newest, n_threads)
            return forecasts, self.chosen(method.medians(newest, forecasts), {})
        with self._explained(place):
            forecasts, edges = method.outlook(place, newest, self.needed, n_threads)
        return forecasts, self.chosen(method.medians(newest, forecasts), edges)

    def around(self, place: str, method: Method, panel: Panel, forecasts: Array, n_threads: int) -> dict[str, Array]:
        """Make what is asked for around forecasts from a panel; errors are those of `outlook`."""
        with self._explained(place):
            edges = method.bounds(place, panel, forecasts, self.needed, n_threads) if self.needed else {}
        return self.chosen(method.medians(panel, forecasts), edges)

    def chosen(self, medians: Array, edges: Mapping[str, Array]) -> dict[str, Array]:
        """Choose it among medians and the ends of the intervals needed, the quantiles in ascending order."""
        found = {name: edges[name] for name in self.names[: 2 * len(self.levels)]}
        order = sorted(self.quantiles)
        ends = [_end(medians, edges, share) for share in order]
        ascending = dict(zip(order, np.sort(np.stack(ends), axis=0), strict=True)) if ends else {}
        return found | {f"q-{share:g}": ascending[share] for share in self.quantiles}

    @contextmanager
    def _explained(self, place: str) -> Iterator[None]:
        """Say which quantile needs a level that is not possible, unless a level was asked for that is as wide."""
        try:
            yield
        except ArgumentError as error:
            widest = max(self.needed)
            shares = [share for share in self.quantiles if level_of(share) == widest]
            if not shares or widest in self.levels:
                raise
            text = error.text.removeprefix(f"{place}: ")
            named = f"{place}: the quantile {shares[0]:g} is an end of the interval of level {widest:g}: {text}"
            raise ArgumentError(named, *error.remedies) from None


def _end(medians: Array, edges: Mapping[str, Array], share: float) -> Array:
    return medians if share == 0.5 else edges[f"{'lo' if share < 0.5 else 'hi'}-{level_of(share):g}"]
