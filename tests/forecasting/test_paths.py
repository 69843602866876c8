"""Sample paths: their steps, their dependence, their sums, their bits, in every form of data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from elman import Forecaster
from elman.errors import ArgumentError, UnsupportedError
from elman.forecasting.dependence import GAINS, dependent, weights_of

Array = npt.NDArray[np.float64]

RNG = np.random.default_rng(11)
WALK = 200 + RNG.normal(0, 3, 80).cumsum()
WAVE = 50 + 10 * np.sin(np.arange(72) * np.pi / 6) + RNG.normal(0, 2, 72)
SMALL: dict[str, Any] = {
    "season": 12,
    "method": "network",
    "window": 13,
    "steps": 24,
    "updates": 30,
    "ensemble_size": 1,
    "hidden_size": 8,
    "random_state": 0,
}


def frame_of(series: dict[str, Array]) -> pd.DataFrame:
    parts = [pd.DataFrame({"unique_id": name, "ds": range(len(y)), "y": y}) for name, y in series.items()]
    return pd.concat(parts, ignore_index=True)


def test_every_step_has_the_quantiles_of_predict() -> None:
    model = Forecaster(5, season=12, method="prior").fit(WAVE)
    paths, known = model.sample(4000), model.predict(level=[80, 95])
    assert paths.shape == (4000, 5)
    for share, name in ((0.1, "lo-80"), (0.9, "hi-80"), (0.975, "hi-95")):
        inside = (paths < known[f"Elman-{name}"]).mean(axis=0)
        assert np.abs(inside - share).max() < 0.025
    assert np.abs((paths < known["Elman"]).mean(axis=0) - 0.5).max() < 0.035


def test_errors_of_a_random_walk_add_up_and_those_of_noise_do_not() -> None:
    noise = 200 + RNG.normal(0, 3, 80)
    model = Forecaster(8, season=1, method="prior")
    walk, flat = (model.fit(y).sample(2000, seed=1) for y in (WALK, noise))

    def ratio(paths: Array) -> float:  # of the variance of the sum to that of independent steps
        return float(paths.sum(axis=1).var() / paths.var(axis=0).sum())

    assert ratio(walk) > 4 > 3 > ratio(flat) > 0.8


def test_dependence_is_that_of_exponential_smoothing() -> None:
    noise = RNG.standard_normal((20000, 4))
    for number, (gain, growth) in enumerate(GAINS):
        z = dependent(noise, np.full(len(noise), number))
        assert np.abs(z.std(axis=0) - 1).max() < 0.03
        first = gain + gain * growth
        assert np.corrcoef(z[:, 0], z[:, 1])[0, 1] == pytest.approx(first / np.hypot(1, first), abs=0.02)
        past = dependent(RNG.standard_normal((800, 12)), np.full(800, number)).reshape(20, 40, 12)
        weights, gains = weights_of(past).mean(axis=0), np.array(GAINS)
        assert weights @ gains == pytest.approx(gains[number], abs=0.05)
    scaled = weights_of(3 * past), weights_of(past)
    assert np.allclose(*scaled, atol=1e-3)  # the scale of the scores is left open
    assert weights_of(np.full((2, 1, 3), np.nan))[0].tolist() == weights_of(np.empty((0, 1, 3)))[0].tolist()


@pytest.mark.parametrize("gain", [0.01, 0.07, 0.14])
def test_sums_over_a_long_horizon_vary_like_those_of_small_gains(gain: float) -> None:
    noise = RNG.standard_normal((1600, 56))
    noise[:, 1:] += gain * noise.cumsum(axis=1)[:, :-1]
    past = noise / np.sqrt(1 + gain**2 * np.arange(56))
    weights = weights_of(past.reshape(8, 200, 56)).mean(axis=0)
    responses = [dependent(np.eye(56), np.full(56, number)).sum(axis=1) for number in range(len(GAINS))]
    assert np.sqrt(weights @ np.square(responses).sum(axis=1)) == pytest.approx(past.sum(axis=1).std(), rel=0.25)


@pytest.mark.parametrize("method", ["prior", "seasonal naive"])
def test_bits_do_not_depend_on_neighbours_order_or_threads(method: str) -> None:
    series = {"a": WAVE, "b": WALK, "c": WAVE[::-1].copy()}
    model = Forecaster(3, season=12, method=method, n_threads=1).fit(frame_of(series))
    found = model.sample(7, seed=5)
    back = frame_of(dict(reversed(series.items())))
    two = Forecaster(3, season=12, method=method, n_threads=2).fit(back).sample(7, seed=5)
    pd.testing.assert_frame_equal(
        found.sort_values(["unique_id", "sample", "ds"], ignore_index=True),
        two.sort_values(["unique_id", "sample", "ds"], ignore_index=True),
    )
    alone = model.sample(7, frame_of({"b": WALK}), seed=5)
    assert alone["Elman"].tolist() == found.loc[found["unique_id"] == "b", "Elman"].tolist()
    assert (model.sample(7, seed=6)["Elman"] != found["Elman"]).any()
    listed = model.sample(7, [WALK, WAVE], seed=5)
    assert (listed[:, 0] == model.sample(7, [WALK], seed=5)[:, 0]).all()
    assert list(found.columns) == ["unique_id", "ds", "sample", "Elman"]
    assert found["ds"].tolist()[:4] == [72, 73, 74, 72] and found["sample"].tolist()[:4] == [0, 0, 0, 1]


def test_never_below_zero_and_short_or_constant_series() -> None:
    low = RNG.poisson(1.0, 60).astype(np.float64)
    model = Forecaster(4, season=1, method="prior").fit([low, np.array([3.0]), np.full(30, 7.0)])
    paths = model.sample(200)
    assert paths.shape == (200, 3, 4) and np.isfinite(paths).all() and (paths[:, 0] >= 0).all()
    assert np.abs(paths[:, 2] - 7).max() < 0.1


def test_network_with_a_head_and_channels() -> None:
    counts = RNG.poisson(4, 72).astype(np.float64)
    model = Forecaster(3, distribution="poisson", **SMALL).fit(counts)
    paths = model.sample(400)
    assert (paths == np.rint(paths)).all()
    assert abs(np.mean(paths) - 4) < 2
    two = np.stack([counts, counts[::-1]], axis=1)
    paths = Forecaster(3, distribution="negative_binomial", **SMALL).fit(two).sample(20)
    assert paths.shape == (20, 3, 2) and (paths[..., 0] != paths[..., 1]).any()
    assert Forecaster(3, quantiles=[0.1], intervals=20, **SMALL).fit(WAVE).sample(5).shape == (5, 3)
    assert Forecaster(3, intervals="auto", **SMALL).fit(WAVE).sample(5).shape == (5, 3)
    model = Forecaster(3, distribution="normal", **SMALL).fit(WAVE)
    before = model.sample(5)
    assert (model.update(WAVE[:2]).sample(5) != before).any()


def test_bad_arguments(tmp_path: Any) -> None:
    model = Forecaster(3, season=12, method="prior").fit(WAVE)
    for wrong, message in (({"n": 0}, "n must be"), ({"n": 2.5}, "n must be"), ({"seed": -1}, "seed must be")):
        with pytest.raises(ArgumentError, match=rf"^Forecaster\.sample: {message}"):
            model.sample(**wrong)
    with pytest.raises(ArgumentError, match="static_df belongs to data"):
        model.sample(static_df=pd.DataFrame())
    with pytest.raises(ArgumentError, match="there are no intervals"):
        Forecaster(3, **SMALL).fit(WAVE).sample()
    frame_of({"a": WAVE}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(UnsupportedError, match="paths are drawn for series in memory"):
        model.sample(5, str(tmp_path))
