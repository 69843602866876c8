"""Scores of forecasts beside those of utilsforecast."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from utilsforecast.evaluation import evaluate
from utilsforecast.losses import bias, mae, mase, rmsse, smape

from elman.forecasting.metrics import METRICS, OF_MEANS, scores
from elman.forecasting.probabilistic import sums
from elman.forecasting.verdicts import MODEL, conclude

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


def test_other_series_do_not_decide_the_bits() -> None:
    """Of a table with one cut-off after another, in which the rows of a series do not lie together."""
    rng, names = np.random.default_rng(0), [MODEL, "one"]
    ids, steps = np.repeat([f"s{i:02}" for i in range(40)], 4), np.tile([1, 2, 3, 4], 40)
    parts = []
    for cutoff in (12, 16, 20, 24):
        part = pd.DataFrame({"unique_id": ids, "ds": cutoff + steps, "cutoff": cutoff, "step": steps})
        parts.append(part.assign(**{name: rng.normal(size=160) for name in ("y", *names, f"{MODEL}-q-0.5")}))
    table = pd.concat(parts, ignore_index=True)
    past = pd.DataFrame({"unique_id": np.repeat(ids[::4], 28), "ds": np.tile(np.arange(1, 29), 40)})
    history = past.assign(y=rng.normal(size=len(past)))
    whole, added = scores(table, history, names, 3, of_means=True), sums(table, names)
    decisive = whole[whole["metric"] == "MASE"].sort_values("cutoff", kind="stable")
    verdicts = conclude(decisive, names, "MASE", several=True)
    for name in ids[::4]:
        one, known = table[table["unique_id"] == name], history[history["unique_id"] == name]
        pairs = [
            (whole, scores(one, known, names, 3, of_means=True)),
            (added, sums(one, names)),
            (verdicts, conclude(decisive[decisive["unique_id"] == name], names, "MASE", several=True)),
        ]
        for of_all, alone in pairs:
            own = of_all[of_all["unique_id"] == name].reset_index(drop=True)
            pd.testing.assert_frame_equal(own, alone.reset_index(drop=True), check_exact=True)
