"""Errors of forecasts, with sMAPE on the scale of the published tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from elman.forecasting.grouped import group_means

__all__ = ["METRICS", "OF_MEANS", "mean_scores", "scores"]

METRICS = ("sMAPE", "MASE", "MAE")
OF_MEANS = ("RMSSE", "bias")  # added for intermittent series, whose medians are zero

_PUBLISHED = 200.0  # the published tables' sMAPE runs from 0 to 200


def scores(
    forecasts: pd.DataFrame, history: pd.DataFrame, models: Sequence[str], season: int, *, of_means: bool = False
) -> pd.DataFrame:
    """Score forecasts per series, and per cut-off if there is a column ``cutoff``.

    ::

        sMAPE = mean of 200 |f - y| / (|f| + |y|)                           0 where both are 0
        MASE  = mean |f - y| / mean of |y_t - y_{t-season}| in the history
        MAE   = mean |f - y|
        RMSSE = √(mean (f - y)²) / s      s² the mean of (y_t - y_{t-1})² in the history
        bias  = mean (f - y) / s          above 0: too high

    Parameters
    ----------
    forecasts : DataFrame
        Columns ``unique_id``, ``ds``, ``y`` (actual values), one per model, and optionally ``cutoff``.
    history : DataFrame
        Columns ``unique_id``, ``ds``, ``y``: known values; with cut-offs, only those before each are used.
    models : sequence of str
        Columns to score.
    season : int
        Lag of MASE's scale.
    of_means : bool
        Whether to add RMSSE and bias, which suit forecasts of the mean.

    Returns
    -------
    DataFrame
        Columns ``unique_id``, ``cutoff`` if given, ``metric`` (one of `METRICS` or `OF_MEANS`), one per model. MASE is
        NaN where the history is too short or exactly periodic, RMSSE and bias where it is too short or constant.

    References
    ----------
    Hyndman & Koehler (2006), Another look at measures of forecast accuracy. Int. J. Forecasting 22(4).
    Makridakis, Spiliotis & Assimakopoulos (2022), The M5 competition. Int. J. Forecasting 38(4).

    Examples
    --------
    >>> history = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "y": [1.0, 2.0, 4.0]})
    >>> forecasts = pd.DataFrame({"unique_id": "a", "ds": [4], "y": [3.0], "naive": [4.0]})
    >>> scores(forecasts, history, ["naive"], season=1)[["metric", "naive"]].round(4).values.tolist()
    [['sMAPE', 28.5714], ['MASE', 0.6667], ['MAE', 1.0]]
    """
    keys, columns = [name for name in ("unique_id", "cutoff") if name in forecasts], list(models)
    if forecasts.empty:
        return pd.DataFrame(columns=[*keys, "metric", *columns], dtype=float)
    found, y = forecasts[columns], forecasts["y"]
    errors, sizes = found.sub(y, axis=0), found.abs().add(y.abs(), axis=0)
    relative = (_PUBLISHED * errors.abs() / sizes).mask(sizes == 0, 0.0)
    by = [forecasts[key] for key in keys]
    rows = {"sMAPE": group_means(relative, by, sort=True), "MAE": group_means(errors.abs(), by, sort=True)}
    rows["MASE"] = _divided(rows["MAE"], _scales(forecasts, history, keys, season, power=1))
    if of_means:
        scale = _scales(forecasts, history, keys, 1, power=2) ** 0.5
        rows["RMSSE"] = _divided(group_means(errors**2, by, sort=True) ** 0.5, scale)
        rows["bias"] = _divided(group_means(errors, by, sort=True), scale)
    parts = [rows[name].reset_index().assign(metric=name) for name in (*METRICS, *OF_MEANS) if name in rows]
    table: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return table[[*keys, "metric", *columns]]


def _divided(errors: pd.DataFrame, scale: pd.Series) -> pd.DataFrame:
    """Divide the scores of each group by its scale; NaN where it has none."""
    return errors.div(scale.reindex(errors.index), axis=0)


def _scales(forecasts: pd.DataFrame, history: pd.DataFrame, keys: list[str], lag: int, power: int) -> pd.Series:
    """Return the mean power of the changes over ``lag`` values that were known, NaN where it is zero."""
    found = dict[Any, pd.Series]()
    for cutoff in forecasts["cutoff"].unique() if "cutoff" in keys else [None]:
        known = history if cutoff is None else history[history["ds"] <= cutoff]
        changes = known["y"] - known.groupby("unique_id", observed=True)["y"].shift(lag)
        scale = group_means((changes.abs() ** power).to_frame("y"), [known["unique_id"]], sort=True)["y"]
        found[cutoff] = scale.mask(scale == 0)
    scales: pd.Series = pd.concat(found, names=["cutoff"]).swaplevel() if "cutoff" in keys else found[None]
    return scales


def mean_scores(table: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Average a table of `scores` over its series and cut-offs.

    Parameters
    ----------
    table : DataFrame
        From `scores`.
    models : sequence of str
        Columns to average.

    Returns
    -------
    DataFrame
        One row per model, columns `METRICS`, and `OF_MEANS` if there are any; NaN where no series has a finite score.
    """
    found = group_means(table[list(models)], table["metric"])
    return found.reindex([*METRICS, *(name for name in OF_MEANS if name in found.index)]).T
