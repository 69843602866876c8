"""Scores of intervals and quantiles in a backtest: coverage and width by step, pinball and weighted quantile loss.

::

    pinball(τ)  = mean of τ (y - q) where y > q, else (1 - τ) (q - y)
    WQL         = mean over the shares τ of 2 Σ pinball(τ) / Σ |y|

With shares 0.1, 0.2 … 0.9 the weighted quantile loss approximates the continuous ranked probability score, relative to
the size of the values. A method that gives points alone counts as if all of its quantiles were the point; that is
Σ |y - f| / Σ |y|.

Every score is made of sums per series, which are pooled later: series may lie in different parts of the data.

References
----------
Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation. JASA 102(477).
Gneiting & Ranjan (2011), Comparing density forecasts using threshold- and quantile-weighted scoring rules. J. Business
& Economic Statistics 29(3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from elman.forecasting.grouped import group_sums
from elman.forecasting.verdicts import MODEL

__all__ = ["WQL", "by_step", "is_edge", "pinball_of", "sums", "weighted_quantile_loss"]

WQL = "WQL"

_STEP, _KNOWN, _INSIDE, _WIDTH = "step ", "known", "inside ", "width "
_PINBALL, _LOSS, _SIZE = "pinball ", "quantile loss", "size"
_LOWER, _UPPER, _QUANTILE = (f"{MODEL}-{kind}-" for kind in ("lo", "hi", "q"))


def is_edge(column: str) -> bool:
    """Return whether a column of a backtest holds ends of intervals or quantiles, not forecasts of a model."""
    return column.startswith((_LOWER, _UPPER, _QUANTILE))


def sums(known: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Add up the terms of all scores for each series.

    Parameters
    ----------
    known : DataFrame
        Columns ``unique_id``, ``y``, ``step`` (from 1), the models, ends and quantiles; no missing ``y``.
    models : sequence of str
        Columns with point forecasts.

    Returns
    -------
    DataFrame
        Columns ``unique_id``, ``metric`` and one for each model; NaN where a term is of `MODEL` alone.
    """
    levels = [str(name).removeprefix(_LOWER) for name in known.columns if str(name).startswith(_LOWER)]
    shares = [str(name).removeprefix(_QUANTILE) for name in known.columns if str(name).startswith(_QUANTILE)]
    parts = [_steps(known, levels)] if levels else []
    if shares:
        parts.append(_losses(known, shares, models))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["unique_id", "metric", *models])


def _steps(known: pd.DataFrame, levels: Sequence[str]) -> pd.DataFrame:
    """Count the values known and inside of every step, and add up the widths."""
    terms: dict[str, Any] = {_KNOWN: np.ones(len(known))}
    for level in levels:
        low, high = known[f"{_LOWER}{level}"], known[f"{_UPPER}{level}"]
        terms[f"{_INSIDE}{level}"] = known["y"].between(low, high).to_numpy(np.float64)
        terms[f"{_WIDTH}{level}"] = (high - low).to_numpy(np.float64)
    keys = [known["unique_id"].to_numpy(), known["step"].to_numpy()]
    added = group_sums(pd.DataFrame(terms), keys).rename_axis(["unique_id", "step"]).reset_index()
    rows = added.melt(["unique_id", "step"], var_name="metric", value_name=MODEL)
    rows["metric"] = _STEP + rows["step"].astype(str) + " " + rows["metric"].astype(str)
    return rows.drop(columns="step")


def _losses(known: pd.DataFrame, shares: Sequence[str], models: Sequence[str]) -> pd.DataFrame:
    """Add up the pinball losses, the losses of all models, and the sizes of the values."""
    y = known["y"].to_numpy(np.float64)
    pinball = {}
    for share in shares:
        error = y - known[f"{_QUANTILE}{share}"].to_numpy(np.float64)
        pinball[f"{_PINBALL}{share}"] = np.maximum(float(share) * error, (float(share) - 1) * error)
    losses = {name: np.abs(y - known[name].to_numpy(np.float64)) for name in models}
    losses[MODEL] = 2 * np.mean(list(pinball.values()), axis=0)
    ids = known["unique_id"].to_numpy()
    own = group_sums(pd.DataFrame({_SIZE: np.abs(y), **pinball}), ids).rename_axis("unique_id")
    all_models = group_sums(pd.DataFrame(losses), ids).rename_axis("unique_id").reset_index()
    rows = own.reset_index().melt("unique_id", var_name="metric", value_name=MODEL)
    return pd.concat([all_models.assign(metric=_LOSS), rows], ignore_index=True)


def by_step(totals: Mapping[str, float]) -> pd.DataFrame:
    """Return coverage and mean width of every level and step, from the totals of `sums`.

    Parameters
    ----------
    totals : mapping of str to float
        Totals of `MODEL` by metric.

    Returns
    -------
    DataFrame
        Columns ``level``, ``step``, ``coverage`` and ``width``; no rows without levels.

    Examples
    --------
    >>> by_step({"step 1 known": 4.0, "step 1 inside 80": 3.0, "step 1 width 80": 8.0}).values.tolist()
    [[80.0, 1.0, 0.75, 2.0]]
    """
    rows = []
    for metric, inside in totals.items():
        if metric.startswith(_STEP) and f" {_INSIDE}" in metric:
            step, level = metric.removeprefix(_STEP).split(f" {_INSIDE}")
            count = totals[f"{_STEP}{step} {_KNOWN}"]
            width = totals[f"{_STEP}{step} {_WIDTH}{level}"]
            rows.append((float(level), int(step), inside / count, width / count))
    return pd.DataFrame(sorted(rows), columns=["level", "step", "coverage", "width"])


def pinball_of(totals: Mapping[str, float], known: float) -> dict[float, float]:
    """Return the mean pinball loss by share, from the totals of `sums` and the number of values."""
    found = {name.removeprefix(_PINBALL): total for name, total in totals.items() if name.startswith(_PINBALL)}
    return {float(share): total / known for share, total in sorted(found.items())}


def weighted_quantile_loss(totals: pd.DataFrame) -> pd.Series | None:
    """Return the weighted quantile loss of every model, from totals by metric and model; None without quantiles."""
    if _LOSS not in totals.index:
        return None
    size = totals[MODEL].to_dict()[_SIZE]
    return pd.Series(totals.loc[_LOSS] / (size if size > 0 else np.nan))
