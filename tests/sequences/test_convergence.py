"""How long a fit trains, and what it says about a training that was too short or got worse."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import SequenceClassifier, SequenceRegressor, SequenceTagger
from elman.errors import ConvergenceWarning
from elman.sequences.convergence import notice_convergence, settled
from elman.training import History, Trainer, checkpoints

AUTO: dict[str, Any] = {"hidden_size": 8, "ensemble_size": 1, "random_state": 0, "n_threads": 1}


def curve(*levels: float, scores: tuple[float, ...] = ()) -> History:
    """Return 100 losses at every level, and a score after every hundred."""
    loss = [1.0] * 5 + [level for level in levels for _ in range(100)][5:]
    return History(loss=loss, score=list(scores), validation_update=[100 * (i + 1) for i in range(len(scores))])


@pytest.mark.parametrize(
    ("history", "updates"),
    [
        (curve(0.04), 100),  # learned
        (curve(0.5, 0.3, 0.2), None),  # open: four times as many were not tried
        (curve(0.5, 0.3, 0.3, 0.46), 100),  # less than a tenth
        (curve(0.5, 0.3, 0.3, 0.44), None),
        (curve(0.5, 0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.095), 400),
        (curve(0.5, 0.3, 0.2, 0.1, 0.1, 0.1, 0.04, 0.04), 800),
        (curve(0.5, 0.04, scores=(0.30, 0.29)), 200),  # learned after twice as many
        (curve(0.5, 0.04, scores=(0.30, 0.30)), 100),  # memorised, not learned
        (curve(0.5, 0.3, 0.2, 0.1, scores=(0.30, 0.20, 0.20, 0.34)), 100),
        (curve(0.5, 0.3, 0.2, 0.1, scores=(0.0009, 0.0008, 0.0002, 0.0001)), 100),  # no error is left to fall
        (curve(0.5, 0.3, 0.2, 0.1, scores=(0.30, 0.35, 0.35, 0.32)), None),  # the chance of a few sequences
    ],
)
def test_more_updates_must_pay(history: History, updates: int | None) -> None:
    assert settled(history, least=100) == updates


def test_after_four_times_as_many_the_held_out_error_must_fall_clearly() -> None:
    """A few held-out sequences have noisy errors: a fit must not train for ever on their chance."""
    losses = (0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.4, 0.3)
    for end, updates in ((0.17, 400), (0.15, None)):
        assert settled(curve(*losses, scores=(0.30, 0.30, 0.30, 0.20, 0.20, 0.20, end, end)), least=100) == updates


def test_the_held_out_error_decides_where_steps_have_outputs() -> None:
    """On music the loss falls by a few per cent with each doubling, for most of it is noise."""
    slow = curve(0.5, 0.48, 0.46, 0.46, scores=(0.30, 0.29, 0.28, 0.28))
    assert (settled(slow, least=100), settled(slow, least=100, per_step=True)) == (100, None)
    assert settled(curve(0.5, 0.48, scores=(0.30, 0.30)), least=100, per_step=True) == 100  # memorised
    assert settled(curve(0.5, 0.48), least=100, per_step=True) == 100  # too few sequences to hold some out


def parity(count: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    steps = [rng.integers(0, 2, rng.integers(5, 15)) for _ in range(count)]
    return steps, [np.cumsum(x) % 2 for x in steps]


def test_a_hard_task_gets_the_updates_that_it_needs() -> None:
    X, y = parity(80, seed=0)
    model = SequenceTagger(dropout=0.0, **AUTO).fit(X, y)
    assert model.updates_ > 300 and model.updates_ % 300 == 0
    assert model.score(*parity(40, seed=1)) > 0.95
    short = SequenceTagger(dropout=0.0, updates=300, **AUTO).fit(X, y)
    assert short.score(X, y) < 0.9


def test_a_given_number_of_updates_may_be_too_few() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(64, 6, 1))
    with pytest.warns(
        ConvergenceWarning, match=r"SequenceRegressor\.fit: the loss still fell at the end of 200 updates"
    ):
        SequenceRegressor(updates=200, learning_rate=1e-3, schedule="constant", **AUTO).fit(X, X.sum(axis=(1, 2)))


def test_noise_is_not_memorised_for_longer() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 8, 2)), rng.integers(0, 2, 60)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert SequenceClassifier(**AUTO).fit(X, y).updates_ == 300


def test_the_most_updates_are_said_to_be_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elman.sequences.training.MOST", 600)
    monkeypatch.setattr("elman.sequences.convergence._LESS_LOSS", 2.0)
    monkeypatch.setattr("elman.sequences.convergence._LESS_LOSS_OF_STEPS", 2.0)
    monkeypatch.setattr("elman.sequences.convergence._BETTER_SCORE", 2.0)
    monkeypatch.setattr("elman.sequences.convergence._LEARNED", 0.0)
    monkeypatch.setattr("elman.sequences.convergence._LEAST_GAIN", -9.0)
    with pytest.warns(ConvergenceWarning, match=r"of 600 updates, .*\. Pass updates=2400\."):
        model = SequenceTagger(dropout=0.0, **AUTO).fit(*parity(80, seed=0))
    assert model.updates_ == 600


def test_the_search_has_no_influence_on_the_networks() -> None:
    X, y = parity(60, seed=0)
    model = SequenceTagger(dropout=0.0, **AUTO).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        given = SequenceTagger(dropout=0.0, updates=model.updates_, **AUTO).fit(X, y)
    assert np.array_equal(model.networks_[0].theta, given.networks_[0].theta)


@pytest.mark.parametrize("stop", [5, 30, 70, 100])
def test_a_stopped_search_goes_on_with_the_same_bits(
    stop: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("elman.sequences.learning.rule_updates", lambda *sizes: 20)
    monkeypatch.setattr("elman.sequences.training.MOST", 80)
    monkeypatch.setattr("elman.sequences.convergence._LESS_LOSS", 2.0)
    monkeypatch.setattr("elman.sequences.convergence._LESS_LOSS_OF_STEPS", 2.0)
    monkeypatch.setattr("elman.sequences.convergence._BETTER_SCORE", 2.0)
    monkeypatch.setattr("elman.sequences.convergence._LEAST_GAIN", -9.0)
    X, y = parity(40, seed=0)
    model = SequenceTagger(dropout=0.0, hidden_size=2, ensemble_size=1, random_state=0, n_threads=1)
    with pytest.warns(ConvergenceWarning):
        whole = model.fit(X, y).networks_[0].theta
    left, real = [stop], Trainer._one_update

    def one_update(trainer: Trainer) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        real(trainer)

    monkeypatch.setattr(Trainer, "_one_update", one_update)
    monkeypatch.setattr(checkpoints, "monotonic", iter(range(0, 10**9, 100)).__next__)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y, checkpoint_dir=tmp_path / "states")
    with pytest.warns(ConvergenceWarning):
        again = model.fit(X, y, checkpoint_dir=tmp_path / "states", resume=True)
    assert model.updates_ == 80
    assert np.array_equal(again.networks_[0].theta, whole)


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (
            np.linspace(1, 0.2, 200),
            r"fit: the loss still fell at the end of 200 updates, .*updates=\"auto\" or updates=800",
        ),
        (np.linspace(1, 0.2, 199), None),  # too few to be told
        (np.r_[np.linspace(1, 0.2, 100), np.full(200, 0.2)], None),
        (np.r_[np.linspace(1, 0.001, 200), np.linspace(0.001, 0.0001, 100)], None),  # learned
        (0.5 + 0.2 * np.random.default_rng(0).normal(size=400), None),  # the spread of batches
        (np.linspace(0.5, 2.0, 300), r"fit: training made the loss worse: 0\.5 at the start, 1\.93 at the end\. Lower"),
        (np.linspace(0.5, 0.9, 300), None),
        (
            np.r_[0.5, np.full(39, 9.0), np.full(160, 0.2)],
            r"fit: the loss rose from 0\.5 at the start to 9 during training, and ended at 0\.2\. Lower",
        ),
        (np.r_[0.5, np.full(9, 9.0), np.full(190, 0.2)], None),  # half of a tenth
        (np.r_[0.01, np.full(199, 9.0)], None),  # a first batch that is small by chance
        (np.r_[0.5, np.full(39, 9.0), np.full(40, 0.2)], None),  # too few to be told
    ],
)
def test_warnings_about_a_curve(loss: np.ndarray, text: str | None) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        notice_convergence("fit", [History(loss=loss.tolist())], automatic=False, open_end=False)
    if text is None:
        assert caught == []
    else:
        assert len(caught) == 1 and caught[0].category is ConvergenceWarning
        with pytest.warns(ConvergenceWarning, match=text):
            warnings.warn(caught[0].message, stacklevel=1)
