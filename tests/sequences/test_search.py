"""Settings chosen by short fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import SequenceClassifier
from elman.network import Architecture
from elman.sequences.settling import as_built
from elman.sequences.targets import Target

SMALL: dict[str, Any] = {"hidden_size": 4, "updates": 5, "ensemble_size": 1, "random_state": 0, "n_threads": 1}
SMALL["bidirectional"] = False


def spikes(count: int, clear: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return noise, and classes: with ``clear``, whether three steps somewhere in it are high."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(count, 30)), np.arange(count) % 2
    if clear:
        middle = rng.integers(1, 29, (count, 1))
        X += 3.0 * (np.abs(np.arange(30) - middle) <= 1) * y[:, np.newaxis]
    return X, y


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two held-out parts, and rounds of 10, 20, 40, 80 updates."""
    monkeypatch.setattr("elman.sequences.learning.rule_updates", lambda *sizes: 60)


def test_every_candidate_has_room_for_the_projection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elman.sequences.learning.rule_updates", lambda *sizes: 6)
    X, y = spikes(20, clear=False)
    options = SMALL | {"cell": "lstm", "hidden_size": 5, "projection_size": 3}
    trials = SequenceClassifier(tune=True, **options).fit(X[:, :12], y).trials_
    assert set(trials.cell) == {"lstm"} and set(trials.hidden_size) == {4, 5, 10}


@pytest.mark.usefixtures("quick")
def test_a_clearly_better_setting_is_chosen_and_kept(tmp_path: Path) -> None:
    X, y = spikes(60, clear=True)
    model = SequenceClassifier(tune=True, learning_rate=0.02, **SMALL).fit(X, y)
    trials = model.trials_
    built = model.networks_[0].architecture
    chosen = trials.iloc[0]
    assert (model.window_, built.readout, built.cell, built.hidden_size) == tuple(
        chosen[["window", "readout", "cell", "hidden_size"]]
    )
    given = trials[
        (trials.window == 4) & (trials.readout == "last") & (trials.cell == "gru") & (trials.hidden_size == 4)
    ]
    assert len(given) == 1 and chosen.error < given.error.item() / 2
    assert chosen.updates == given.updates.item() == trials.updates.max()
    assert sorted(trials.updates.unique()) == [10, 20, 40, 80]
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X)) and again.trials_.empty
    assert np.array_equal(again.transform(X), model.transform(X))
    same = SequenceClassifier(tune=True, learning_rate=0.02, **{**SMALL, "n_threads": 2}).fit(X, y)
    assert same.trials_.equals(trials) and np.array_equal(same.networks_[0].theta, model.networks_[0].theta)


def test_a_fit_goes_on_with_the_chosen_setting() -> None:
    """By `warm_start`, `partial_fit` and loading."""
    model = SequenceClassifier(tune=True)
    built = Architecture(4, 1, cell="lstm", hidden_size=128, readout="max")
    parameters, task = as_built(model, model._task(), Target("binary", 1), built)
    assert (parameters.cell, parameters.hidden_size, task.readout) == ("lstm", 128, "max")
    plain = SequenceClassifier()
    parameters, task = as_built(plain, plain._task(), Target("binary", 1), built)
    assert (parameters.cell, parameters.hidden_size, task.readout) == ("gru", 64, "last")


@pytest.mark.usefixtures("quick")
def test_the_given_setting_stays_where_nothing_can_be_learned() -> None:
    X, y = spikes(40, clear=False)
    model = SequenceClassifier(tune=True, **SMALL).fit(X, y)
    plain = SequenceClassifier(**SMALL).fit(X, y)
    assert model.trials_.iloc[0][["window", "stride", "readout", "cell"]].tolist() == [4, 1, "last", "gru"]
    assert np.array_equal(model.networks_[0].theta, plain.networks_[0].theta)


def test_nothing_is_chosen_on_few_sequences() -> None:
    X, y = spikes(19, clear=True)
    assert SequenceClassifier(tune=True, **SMALL).fit(X, y).trials_.updates.tolist() == [0]
    assert SequenceClassifier(**SMALL).fit(X, y).trials_.empty
