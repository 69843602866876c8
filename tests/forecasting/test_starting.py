"""Networks with covariates start at the ridge regression of the targets on the inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import Forecaster
from elman.estimators import fitted_value
from elman.forecasting import selection
from elman.forecasting.recipe import Recipe
from elman.forecasting.starting import can_regress, regression
from elman.training import Batch

RNG = np.random.default_rng(5)
RECIPE = Recipe(2, (7,), 4, 96, 4, "none", future=((0.0, 1.0),))  # reads 4 values, and 4 + 2 of a covariate
LENGTHS = np.array([105])  # 100 windows


class Known:
    """Batches of y = x W + b, with weights and padding that hide what is wrong."""

    weights, bias = np.array([[2.0, -1.0], [0.5, 3.0], [0.0, -4.0]]), np.array([1.0, -2.0])

    def batch(self, update: int) -> Batch:
        x = np.random.default_rng(update).normal(size=(30, 40, 3))
        y = x @ self.weights + self.bias
        weight, lengths = np.ones(y.shape), np.full(40, 30)
        y[5, 0], weight[5, 0] = 1e3, 0.0
        y[10:, 3], lengths[3] = -1e3, 10
        return Batch(x.astype(np.float32), y.astype(np.float32), weight, lengths)


def test_regression_finds_the_weights_but_for_the_penalty() -> None:
    weights, bias = regression(Known(), 900)
    assert weights == pytest.approx(Known.weights / 1.001, abs=1e-3)
    assert bias == pytest.approx(Known.bias, abs=2e-3)


@pytest.mark.parametrize(
    "parameters", [{"linear_skip": False}, {"loss_at": "last"}, {"init": "torch"}, {}], ids=lambda given: str(given)
)
def test_skip_starts_at_zero_without_covariates_or_windows(parameters: dict[str, Any]) -> None:
    usual = Forecaster(2, method="network")
    assert can_regress(usual, RECIPE, LENGTHS)
    if parameters:
        assert not can_regress(Forecaster(2, method="network", **parameters), RECIPE, LENGTHS)
    else:
        assert not can_regress(usual, replace(RECIPE, future=()), LENGTHS)
        assert not can_regress(usual, RECIPE, LENGTHS - 1)


@pytest.mark.parametrize("bias", [True, False])
def test_held_out_values_choose_the_start(bias: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SHORT": 2,
        "LONG": 4,
        "rule_updates": lambda *_: 6,
        "window_candidates": lambda *_: [8],
    }.items():
        monkeypatch.setattr(selection, name, value)
    promotion = (RNG.random(400) < 0.3).astype(float)
    y = 50 + 20 * promotion + RNG.normal(size=400)
    frame = pd.DataFrame({"ds": np.arange(400), "y": y, "promotion": promotion})
    settings = {"method": "network", "season": 1, "ensemble_size": 1, "random_state": 0, "bias": bias}
    model = Forecaster(3, future_covariates=["promotion"], **settings).fit(frame[:397])
    forecast = model.predict(future=frame[397:].drop(columns="y"))["Elman"].to_numpy()
    assert np.abs(forecast - y[397:]).max() < 5
    assert fitted_value("test", model).method.choice.regressed and model.updates_ == 2
    plain = Forecaster(3, **settings).fit(frame[["ds", "y"]])
    assert not fitted_value("test", plain).method.choice.regressed
