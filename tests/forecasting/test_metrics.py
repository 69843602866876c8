"""Scores of forecasts beside those of utilsforecast."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from utilsforecast.evaluation import evaluate
from utilsforecast.losses import bias, mae, mase, rmsse, smape

from elman.forecasting.metrics import METRICS, OF_MEANS, scores

NAMES = {"smape": "sMAPE", "mase": "MASE", "mae": "MAE", "rmsse": "RMSSE", "bias": "bias"}


@pytest.mark.parametrize("cutoffs", [False, True])
def test_scores_are_those_of_utilsforecast(*, cutoffs: bool) -> None:
    """Series of unequal length, one of them constant, two models, a forecast of zero for zero."""
    rng, parts, ahead = np.random.default_rng(0), [], []
    for name, size in (("b", 20), ("a", 31), ("c", 25)):
        y = np.zeros(size) if name == "c" else rng.normal(size=size).cumsum()
        parts.append(pd.DataFrame({"unique_id": name, "ds": np.arange(size), "y": y}))
        for cutoff in (size - 9, size - 5) if cutoffs else (size - 5,):
            ds = np.arange(cutoff + 1, cutoff + 5)
            own = pd.DataFrame({"unique_id": name, "ds": ds, "y": y[ds], "one": rng.normal(size=4), "zero": 0.0})
            ahead.append(own.assign(cutoff=cutoff) if cutoffs else own)
    history, forecasts, models = pd.concat(parts), pd.concat(ahead), ["one", "zero"]
    found = scores(forecasts, history, models, 3, of_means=True)
    wanted = evaluate(forecasts, [smape, partial(mase, seasonality=3), mae], models=models, train_df=history)
    scaled = evaluate(forecasts, [partial(rmsse, seasonality=1), bias], models=models, train_df=history)
    wanted = pd.concat([wanted, scaled], ignore_index=True)
    wanted["metric"] = wanted["metric"].map(NAMES)
    wanted.loc[wanted["metric"] == "sMAPE", models] *= 200
    keys = ["unique_id", "cutoff"] if cutoffs else ["unique_id"]
    found, wanted = (table.set_index(["metric", *keys]).sort_index() for table in (found, wanted))
    assert list(dict.fromkeys(scores(forecasts, history, models, 3)["metric"])) == list(METRICS)
    for metric in (*METRICS, "RMSSE"):
        expected = wanted.loc[metric].replace([np.inf, -np.inf], np.nan)
        pd.testing.assert_frame_equal(found.loc[metric], expected, check_dtype=False)
    assert set(OF_MEANS) <= set(found.index.get_level_values("metric"))
    ratio = found.loc["bias"] / wanted.loc["bias"]  # one over the scale, which RMSSE of errors of one has too
    np.testing.assert_allclose(ratio["one"].dropna(), ratio["zero"].dropna())
