"""Synthetic series: functions of their generator alone, finite, varied, and made without linear algebra."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from elman.prior import components, families, generator, noise, samples
from elman.prior.families import FAMILIES, Family, random_walk
from elman.prior.generator import FREQUENCIES, synthetic_series

EVERY = {name: family for name, (family, _) in FAMILIES.items()} | {"random walk": random_walk}


@pytest.mark.parametrize("family", EVERY.values(), ids=EVERY)
@pytest.mark.parametrize(("n", "per_year"), [(12, 1), (150, 12)])
def test_a_family_is_a_function_of_its_generator(family: Family, n: int, per_year: int) -> None:
    one, same, other = (family(np.random.default_rng(seed), 40, n, per_year) for seed in (1, 1, 2))
    assert one.shape == (40, n)
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert len({row.tobytes() for row in one}) == 40


@pytest.mark.parametrize("family", EVERY.values(), ids=EVERY)
def test_a_family_names_its_source(family: Family) -> None:
    assert "References" in (inspect.getdoc(family) or "")


@pytest.mark.parametrize("frequency", FREQUENCIES, ids=lambda frequency: str(frequency.seasons))
def test_series_of_every_kind_are_finite_and_mostly_positive(frequency: generator.Frequency) -> None:
    rng = np.random.default_rng(0)
    y = np.concatenate([synthetic_series(rng, 32, frequency.lengths[0] + 9, frequency) for _ in range(8)])
    assert np.isfinite(y).all()
    assert (y > 0).mean() > 0.8
    assert (np.ptp(y, axis=1) > 0).mean() > 0.95


def test_nothing_needs_linear_algebra(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("linear algebra")

    for name in ("eigh", "cholesky", "svd", "solve", "lstsq", "qr", "inv"):
        monkeypatch.setattr(np.linalg, name, refuse)
    for name in ("dot", "matmul", "einsum", "inner", "tensordot", "polyfit"):
        monkeypatch.setattr(np, name, refuse)
    for seed in range(12):
        samples.make_group(np.random.default_rng(seed))
    for module in (components, families, generator, noise, samples):
        assert "@ " not in inspect.getsource(module).replace("@dataclass", "").replace("@classmethod", "")


def test_noise_and_recursions_have_unit_deviation() -> None:
    rng = np.random.default_rng(0)
    path = noise.first_order(rng, np.full((4000, 1), 0.8), 50)
    assert path.std() == pytest.approx(1.0, abs=0.03)
    assert (path[:, 1:] * path[:, :-1]).mean() == pytest.approx(0.8, abs=0.03)
    drawn = noise.log_uniform(rng, 2.0, 8.0, (20_000, 1))
    assert np.log2(drawn).mean() == pytest.approx(2.0, abs=0.02)
    kept = noise.sometimes(rng, 0.25, np.ones((20_000, 1)))
    assert kept.mean() == pytest.approx(0.25, abs=0.01)


def test_patterns_are_centred_and_a_season_repeats() -> None:
    pattern = components.pattern(np.random.default_rng(0), 50, 12)
    np.testing.assert_allclose(pattern.mean(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(pattern.std(axis=1), 1.0, atol=1e-3)
    season = components.season(np.random.default_rng(0), 400, 48, 12)
    steady = np.abs(season[:, 12:] - season[:, :-12]).max(axis=1) < 1e-9
    assert 0.4 < steady.mean() < 0.65  # (1 - 0.35) (1 - 0.2)


def test_a_shard_is_a_function_of_seed_and_number() -> None:
    one = samples.make_shard(7, 3, 2)
    np.testing.assert_array_equal(one, samples.make_shard(7, 3, 2))
    np.testing.assert_array_equal(one[:50], samples.make_shard(7, 3, 1)[:50])
    assert not np.array_equal(one[:50], samples.make_shard(7, 4, 1)[:50])
    assert np.isfinite(one[:, samples.RECENT :]).all()
