"""The prior that comes with Elman: what it forecasts, for any grouping of series, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman.data.datasets import load_dataset
from elman.errors import ArgumentError, DataError, FileFormatError
from elman.prior import LEVELS, MEDIAN, Prior, load_prior
from elman.prior.network import PriorArchitecture, PriorNetwork
from elman.prior.samples import Samples, make_shard

PASSENGERS = load_dataset("air-passengers")["y"].to_numpy(float)


def some_series() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [100 * np.exp(0.1 * rng.normal(size=n).cumsum()) for n in rng.integers(1, 150, 60)]


def untrained(seed: int = 0) -> Prior:
    architecture = PriorArchitecture(5, 6)
    return Prior(tuple(PriorNetwork(architecture, architecture.initial(seed + i)) for i in range(2)))


def test_air_passengers_are_forecast_well_without_training() -> None:
    errors = []
    for cut in range(84, 144, 12):
        median = load_prior().forecast([PASSENGERS[:cut]], 12, [12])[0, :, MEDIAN]
        actual = PASSENGERS[cut : cut + 12]
        errors.append(np.mean(200 * np.abs(median - actual) / (median + actual)))
    assert np.mean(errors) < 4.0  # linear autoregression: 4.26


def test_quantiles_hold_what_they_say_on_series_like_those_of_training() -> None:
    samples = Samples.of_rows(make_shard(2026, 0, 30))  # another seed than that of training
    q, y = load_prior().networks[0].predict(samples.inputs()), samples.y
    shares = [(y <= q[:, :, i]).mean() for i in range(len(LEVELS))]
    np.testing.assert_allclose(shares, LEVELS, atol=0.03)


def test_a_series_gets_the_same_bits_alone_in_a_panel_and_with_any_threads() -> None:
    series, prior = some_series(), load_prior()
    together = prior.forecast(series, 7, [12], n_threads=2)
    alone = np.concatenate([prior.forecast([one], 7, [12], n_threads=1) for one in series])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(prior.forecast(series[::-1], 7, [12])[::-1], together)


def test_a_panel_larger_than_a_chunk_and_a_long_horizon_change_no_bit() -> None:
    prior, y = load_prior(), PASSENGERS[:60]
    long = prior.forecast([y] * 5, 40_000, [12])
    np.testing.assert_array_equal(long[0], long[4])
    np.testing.assert_array_equal(prior.forecast([y] * 2100, 3, [12])[2099], prior.forecast([y], 3, [12])[0])
    assert np.isfinite(long).all()


@pytest.mark.parametrize(
    "y",
    [[5.0], [1.0, 2.0], [0.0] * 30, [-3.0] * 8, [1e300, 1e-300] * 9, [1e-300] * 30, [*[0.0] * 40, 1e6]],
    ids=lambda y: f"{len(y)} values from {y[0]:g}",
)
@pytest.mark.parametrize("seasons", [[1], [12], [24, 168]])
def test_hard_series_get_finite_quantiles_in_order_and_some_width(y: list[float], seasons: list[int]) -> None:
    q = load_prior().forecast([y], 30, seasons)
    assert np.isfinite(q).all()
    assert (np.diff(q, axis=2) >= 0).all()
    assert (q[:, :, -1] > q[:, :, 0]).all()


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ([[1.0], [1.0, np.nan]], "series 1 has nan at position 1"),
        ([[np.inf, 1.0]], "series 0 has inf at position 0"),
        ([[]], "series 0 must be 1-dimensional with at least one value"),
        ([[[1.0, 2.0]]], "series 0 must be 1-dimensional"),
    ],
)
def test_series_that_cannot_be_used_are_named(series: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_prior().forecast(series, 3, [12])


@pytest.mark.parametrize(
    ("horizon", "seasons", "name"), [(0, [12], "horizon"), (2.5, [12], "horizon"), (3, [0], "seasons")]
)
def test_horizon_and_seasons_are_checked(horizon: Any, seasons: list[int], name: str) -> None:
    with pytest.raises(ArgumentError, match=f"Prior.forecast: {name} must be"):
        load_prior().forecast([[1.0, 2.0]], horizon, seasons)


def test_no_series_no_forecast() -> None:
    assert load_prior().forecast([], 3, [12]).shape == (0, 3, len(LEVELS))


def test_saving_and_averaging(tmp_path: Path) -> None:
    prior, other = untrained(0), untrained(5)
    prior.save(tmp_path / "prior.elman")
    again = elman.load(tmp_path / "prior.elman")
    assert [network.theta.tobytes() for network in again.networks] == [n.theta.tobytes() for n in prior.networks]
    for mean, a, b in zip(prior.averaged(other).networks, prior.networks, other.networks, strict=True):
        np.testing.assert_allclose(mean.theta, (a.theta + b.theta) / 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays, metadata: arrays.update(more=np.zeros(1)), "consists of the tensor"),
        (lambda arrays, metadata: metadata.update(more=1), "consists of the tensor"),
        (lambda arrays, metadata: metadata.update(architecture={"hidden": 6, "width": 6}), "finite values per member"),
        (lambda arrays, metadata: arrays.update(theta=arrays["theta"].astype(np.float64)), "float32"),
        (lambda arrays, metadata: arrays.update(theta=arrays["theta"][0]), "float32"),
        (lambda arrays, metadata: arrays.update(theta=arrays["theta"][:0]), "float32"),
        (lambda arrays, metadata: arrays.update(theta=np.full_like(arrays["theta"], np.nan)), "finite values"),
        (lambda arrays, metadata: arrays.update(theta=np.tile(arrays["theta"], (40, 1))), "float32"),
    ],
)
def test_damaged_priors_are_refused(change: Any, message: str) -> None:
    arrays, metadata = untrained().to_arrays()
    change(arrays, metadata)
    with pytest.raises(FileFormatError, match=message):
        Prior.from_arrays(arrays, metadata)
