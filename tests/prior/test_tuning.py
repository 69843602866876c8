"""Fine-tuning on a panel: it learns from earlier origins, reproducibly, and refuses panels that are too short."""

from __future__ import annotations

import numpy as np
import pytest

from elman.errors import DataError
from elman.prior import MEDIAN, Prior, load_prior, tuning
from elman.prior.samples import Samples
from elman.prior.tuning import panel_samples


def waves(rows: int, n: int = 60) -> list[np.ndarray]:
    """Series that every fifth value sets back, which no season tells."""
    rng, t = np.random.default_rng(0), np.arange(n)
    return [100 + 10 * (t + shift) % 50 + rng.normal(size=n) for shift in rng.integers(0, 5, rows)]


def digest(prior: Prior) -> list[bytes]:
    return [network.theta.tobytes() for network in prior.networks]


def test_it_learns_what_a_panel_has_in_common() -> None:
    series = waves(40)
    known, actual = [y[:-5] for y in series], np.stack([y[-5:] for y in series])
    prior = load_prior()
    tuned = prior.tuned(known, 5, [1], seed=0, updates=300)
    before, after = (np.abs(p.forecast(known, 5, [1])[:, :, MEDIAN] - actual).mean() for p in (prior, tuned))
    assert after < 0.93 * before


def test_same_seed_same_bits_for_any_number_of_threads() -> None:
    series, prior = waves(20), load_prior()
    start = digest(prior)
    one, two = (digest(prior.tuned(series, 5, [1], seed=3, updates=20, n_threads=n)) for n in (1, 2))
    assert one == two
    assert digest(prior) == start
    assert one != digest(prior.tuned(series, 5, [1], seed=4, updates=20))


def test_members_are_tuned_from_seeds_of_their_own() -> None:
    series, prior = waves(20), load_prior()
    both = prior.tuned(series, 5, [1], seed=3, updates=20, members=2)
    alone = [prior.tuned(series, 5, [1], seed=seed, updates=20) for seed in (3, 4)]
    assert digest(both) == digest(alone[0]) + digest(alone[1])


def test_samples_look_at_values_up_to_their_origin() -> None:
    """The newest value of a series is a target of its newest origin alone, and never an input."""
    series = [np.r_[np.full(40, 5.0) + np.random.default_rng(i).normal(size=40), 7.0] for i in range(8)]
    marked = [np.r_[y[:-1], 9.0] for y in series]
    a, b = (Samples.of_rows(panel_samples(each, 4, [1], seed=0)) for each in (series, marked))
    for name in ("recent", "scalars", "simple", "weight"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert 0 < (a.y != b.y).any(axis=1).sum() <= 3 * len(series)


def test_more_origins_are_more_samples_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    series = [np.random.default_rng(i).normal(size=90) for i in range(10)]
    counts = [len(panel_samples(series, 4, [1], 0, origins)) for origins in (6, 30)]
    assert counts == [10 * (6 + 1), 10 * (30 + 1)]
    monkeypatch.setattr(tuning, "_MOST_SAMPLES", 200)
    assert len(panel_samples(series, 4, [1], 0, 30)) == 10 * (20 + 1)
    monkeypatch.setattr(tuning, "_MOST_SAMPLES", 20)
    assert len(panel_samples(series, 4, [1], 0, 30)) == 10 * (6 + 1)  # never fewer than the usual number


def test_panels_that_are_too_short_are_refused() -> None:
    with pytest.raises(DataError, match="the longest series has 9 values; with season 12 a series needs at least 31"):
        load_prior().tuned([np.arange(9.0)], 4, [12])
