"""The check of an audit that no covariate knows the future of the values.

A column knows more than it should if it explains nearly all that is new in the values: what is left of y after a
regression on its own newest values. Four kinds are looked at:

==========  ==========================================================================================
past        the column at one time, and y one or more steps later
known       the column at one time, and y at that time, up to a horizon earlier or later
ahead
series      the values of a series at one time, and those of each other series one or more steps later
static      the column, and the mean of the newest `horizon` values of every series after a regression on the mean of
            those before
==========  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman._words import called
from elman.forecasting.audit_report import Check
from elman.forecasting.inputs import Inputs, series_column
from elman.forecasting.panel import Panel

__all__ = ["covariates_check"]

Array = npt.NDArray[np.float64]

_KNOWS = 0.98  # share of what is new in y; a true driver of the values leaves their noise unexplained
_STATIC_KNOWS = 0.9  # of means over a horizon, of which some values may be missing
_LAGS = 14  # newest values that are no news
_MOST_STEPS = 24  # of the horizon that are looked at
_MOST_ROWS = 50_000
_FEWEST = 30  # rows beyond the lags, below which nothing is concluded
_FEWEST_SERIES = 8
_MOST_SERIES = 50  # that are compared with a series whose values are covariates
_NOTHING = 1e-9  # share of a variance that is rounding


def covariates_check(panel: Panel, inputs: Inputs, horizon: int) -> Check:
    """Measure how much of the news of y every column knows.

    Parameters
    ----------
    panel : Panel
        All values, with covariates in the order of ``inputs``; none is made from time stamps.
    inputs : Inputs
        Kinds of the columns.
    horizon : int
        Steps ahead.

    Returns
    -------
    Check
        Not checked for several channels, or with too few values.
    """
    promise, measure = "no covariate knows the future", f"largest share of what is new in {called('y')}"
    if panel.values.ndim > 1:
        return Check("covariates", promise, None, measure, (), "the series have several channels")
    in_time = list(_columns_in_time(panel, inputs, min(horizon, _MOST_STEPS)))
    static = list(_static_columns(panel, inputs, horizon))
    if not in_time + static:
        return Check("covariates", promise, None, measure, (), "too few values")
    largest = max(share for share, _ in in_time + static)
    guilty = [found for found in in_time if found[0] > _KNOWS] + [found for found in static if found[0] > _STATIC_KNOWS]
    detail = "; ".join(f"{what} explains {share:.0%} of what is new in {called('y')}" for share, what in guilty)
    return Check(
        "covariates", promise, not guilty, measure, (largest,) * horizon, detail or f"{len(inputs.read)} columns"
    )


def _columns_in_time(panel: Panel, inputs: Inputs, steps: int) -> Iterator[tuple[float, str]]:
    """Yield the largest share over the steps of every column of the past and of those known ahead."""
    whole = _forms(panel, steps)
    for column, name in enumerate(inputs.columns):
        ahead = column >= len(inputs.past)
        shifts = range(1 - steps, steps) if ahead else range(1, steps + 1)
        compared = [(panel, whole)]
        if name in map(series_column, inputs.series):
            compared = [(other, _forms(other, steps)) for other in _others(panel, name)]
        found = [_best(forms, part, column, shifts) for part, forms in compared if forms]
        if found:
            share, shift = max(found, key=lambda each: (each[0], -abs(each[1])))
            yield share, f"{name} ({'known ahead' if ahead else 'past'}), {_spoken(shift)},"


def _others(panel: Panel, name: str) -> list[Panel]:
    """Return the series that values of a series may be those of, each alone; evenly spread if many."""
    assert panel.ids is not None
    rows = np.flatnonzero(panel.ids.astype(str).map(series_column) != name)
    return [panel.select([row]) for row in rows[:: -(-len(rows) // _MOST_SERIES)]] if len(rows) else []


def _forms(panel: Panel, steps: int) -> list[_News]:
    """Return what is new in the values, and in their logarithms if there are any; nothing with too few values."""
    lags = min(_LAGS, max(1, int(panel.lengths.max()) // 4))
    rows, logs = _rows(panel, lags, steps), bool((panel.values[np.isfinite(panel.values)] > 0).all())
    forms = [_news(values, rows, lags) for values in ([panel.values, np.log(panel.values)] if logs else [panel.values])]
    return [] if any(len(news.rows) < lags + _FEWEST for news in forms) else forms


def _best(forms: Sequence[_News], panel: Panel, column: int, shifts: Iterable[int]) -> tuple[float, int]:
    """Return the largest share that a column explains at any shift, and that shift."""
    assert panel.covariates is not None
    own = panel.covariates[:, column]
    columns = [own, np.log(own) if (own > 0).all() else own]
    shares = {
        shift: max(news.share(each[news.rows - shift]) for news, each in zip(forms, columns, strict=False))
        for shift in shifts
    }
    best = max(shares, key=lambda shift: (shares[shift], -abs(shift)))
    return shares[best], best


class _News(NamedTuple):
    """What is new in values: the rest after a regression.

    Parameters
    ----------
    base : ndarray (n, p)
        Orthonormal columns of the regressors, a constant among them.
    values : ndarray (n,)
        The values.
    rows : ndarray (n,), int64
        Their positions in the panel.
    """

    base: Array
    values: Array
    rows: npt.NDArray[np.int64]

    def share(self, column: Array) -> float:
        """Return the share of what is new that a column explains; 0 where one of them has no news."""
        new, own = (each - each.mean() for each in (self.values, column))
        sizes = new @ new, own @ own
        new, own = new - self.base @ (self.base.T @ new), own - self.base @ (self.base.T @ own)
        left = new @ new, own @ own
        if left[0] <= _NOTHING * sizes[0] or left[1] <= _NOTHING * sizes[1]:
            return 0.0
        return float((new @ own) ** 2 / (left[0] * left[1]))


def _news(values: Array, rows: npt.NDArray[np.int64], lags: int) -> _News:
    """Regress values on those before, where all are known."""
    regressors = np.stack([values[rows - lag] for lag in range(1, lags + 1)] + [np.ones(len(rows))], axis=1)
    known = np.isfinite(regressors).all(axis=1) & np.isfinite(values[rows])
    return _News(np.linalg.qr(regressors[known])[0], values[rows[known]], rows[known])


def _rows(panel: Panel, lags: int, steps: int) -> npt.NDArray[np.int64]:
    """Return the positions of values with all their lags and shifts inside their series, evenly spread if many."""
    borders = zip(panel.offsets[:-1].tolist(), panel.offsets[1:].tolist(), strict=True)
    parts = [np.arange(start + max(lags, steps), max(start, stop - steps)) for start, stop in borders]
    rows = np.concatenate(parts)
    return rows[:: -(-len(rows) // _MOST_ROWS)] if len(rows) else rows


def _spoken(shift: int) -> str:
    if shift == 0:
        return "at the same time"
    return f"{abs(shift)} step{'s' * (abs(shift) > 1)} {'before it' if shift > 0 else 'after it'}"


def _static_columns(panel: Panel, inputs: Inputs, horizon: int) -> Iterator[tuple[float, str]]:
    """Yield the share that every static column explains of the newest values of the series."""
    enough = np.flatnonzero(panel.lengths > 2 * horizon)
    if not inputs.static or len(enough) < _FEWEST_SERIES:
        return
    assert panel.covariates is not None
    series = list(panel.select(enough))
    newest = np.array([_mean(values[-horizon:]) for values in series])
    before = np.array([_mean(values[:-horizon]) for values in series])
    if not np.isfinite(newest + before).all():
        return
    for column, name in enumerate(inputs.static, start=panel.covariates.shape[1] - len(inputs.static)):
        own = panel.covariates[panel.offsets[:-1][enough], column]
        outcomes = [newest, newest - before]
        if (newest > 0).all() and (before > 0).all():
            outcomes += [newest / before, np.log(newest / before)]
        base = np.linalg.qr(np.stack([np.ones(len(own)), before], axis=1))[0]
        yield max(_News(base, outcome, enough).share(own) for outcome in outcomes), f"{name} (static)"


def _mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
