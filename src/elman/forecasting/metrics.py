"""Errors of forecasts, computed by utilsforecast, with sMAPE on the scale of the published tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

__all__ = ["METRICS", "mean_scores", "scores"]

METRICS = ("sMAPE", "MASE", "MAE")

_NAMES = {"smape": "sMAPE", "mase": "MASE", "mae": "MAE"}
_PUBLISHED = 200.0  # utilsforecast's sMAPE is a fraction of 0 to 1, the published tables' runs from 0 to 200


def scores(forecasts: pd.DataFrame, history: pd.DataFrame, models: Sequence[str], season: int) -> pd.DataFrame:
    """Score forecasts per series, and per cut-off if there is a column ``cutoff``.

    ::

        sMAPE = mean of 200 |f - y| / (|f| + |y|)                           0 where both are 0
        MASE  = mean |f - y| / mean of |y_t - y_{t-season}| in the history
        MAE   = mean |f - y|

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

    Returns
    -------
    DataFrame
        Columns ``unique_id``, ``cutoff`` if given, ``metric`` (one of `METRICS`), one per model. MASE is NaN where the
        history is too short or exactly periodic.

    References
    ----------
    Hyndman & Koehler (2006), Another look at measures of forecast accuracy. Int. J. Forecasting 22(4).

    Examples
    --------
    >>> history = pd.DataFrame({"unique_id": "a", "ds": [1, 2, 3], "y": [1.0, 2.0, 4.0]})
    >>> forecasts = pd.DataFrame({"unique_id": "a", "ds": [4], "y": [3.0], "naive": [4.0]})
    >>> scores(forecasts, history, ["naive"], season=1)[["metric", "naive"]].round(4).values.tolist()
    [['sMAPE', 28.5714], ['MASE', 0.6667], ['MAE', 1.0]]
    """
    from utilsforecast.evaluation import evaluate  # the import takes a quarter of a second
    from utilsforecast.losses import mae, mase, smape

    table: pd.DataFrame = evaluate(
        forecasts, [smape, partial(mase, seasonality=season), mae], models=list(models), train_df=history
    )
    columns = list(models)
    table["metric"] = table["metric"].map(_NAMES)
    table.loc[table["metric"] == "sMAPE", columns] *= _PUBLISHED
    table[columns] = table[columns].replace([np.inf, -np.inf], np.nan)
    return table


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
        One row per model, columns `METRICS`; NaN where no series has a finite score.
    """
    means: pd.DataFrame = table.groupby("metric", sort=False)[list(models)].mean()
    return means.reindex(list(METRICS)).T
