"""Errors of forecasts, computed by utilsforecast, with sMAPE on the scale of the published tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

__all__ = ["METRICS", "OF_MEANS", "mean_scores", "scores"]

METRICS = ("sMAPE", "MASE", "MAE")
OF_MEANS = ("RMSSE", "bias")  # added for intermittent series, whose medians are zero

_NAMES = {"smape": "sMAPE", "mase": "MASE", "mae": "MAE", "rmsse": "RMSSE"}
_UNIT = "error of one"
_PUBLISHED = 200.0  # utilsforecast's sMAPE is a fraction of 0 to 1, the published tables' runs from 0 to 200


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
    from utilsforecast.evaluation import evaluate  # the import takes a quarter of a second
    from utilsforecast.losses import mae, mase, smape

    columns = list(models)
    table: pd.DataFrame = evaluate(
        forecasts, [smape, partial(mase, seasonality=season), mae], models=columns, train_df=history
    )
    if of_means:
        table = pd.concat([table, _scores_of_means(forecasts, history, columns)], ignore_index=True)
    table["metric"] = table["metric"].replace(_NAMES)
    table.loc[table["metric"] == "sMAPE", columns] *= _PUBLISHED
    table[columns] = table[columns].replace([np.inf, -np.inf], np.nan)
    return table


def _scores_of_means(forecasts: pd.DataFrame, history: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    """Return the rows of RMSSE and bias."""
    from utilsforecast.evaluation import evaluate
    from utilsforecast.losses import bias, rmsse

    forecasts = forecasts.assign(**{_UNIT: forecasts["y"] + 1})  # its RMSSE is 1 / s
    rmsse_of_one_step = partial(rmsse, seasonality=1)
    table: pd.DataFrame = evaluate(forecasts, [rmsse_of_one_step, bias], models=[*models, _UNIT], train_df=history)
    biases = table["metric"] == "bias"
    by_scale = table.loc[~biases, _UNIT].to_numpy()
    table.loc[biases, models] = table.loc[biases, models].mul(by_scale, axis="index")
    return table.drop(columns=_UNIT)


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
    means: pd.DataFrame = table.groupby("metric", sort=False)[list(models)].mean()
    return means.reindex([*METRICS, *(name for name in OF_MEANS if name in means.index)]).T
