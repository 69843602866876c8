"""Taggers with many labels per step: what "auto" stands for, where the biases start, stretches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import SequenceTagger
from elman.estimators import fitted_value
from elman.sequences.parameters import Parameters
from elman.sequences.preparation import Preparation
from elman.sequences.training import TrainingData

ONE: dict[str, Any] = {"target": "labels", "updates": 1, "ensemble_size": 1, "random_state": 0, "n_threads": 1}


def keys(count: int, labels: int, length: int = 20, share: float = 0.2) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [(rng.random((length, labels)) < share).astype(int) for _ in range(count)]


@pytest.mark.parametrize(
    ("labels", "count", "expected"),
    [
        (32, 3, ("gru", 64, 0.0)),  # not many
        (33, 3, ("lstm", 66, 0.5)),  # 60 steps, 28,677 weights
        (33, 400, ("lstm", 66, 0.2)),  # 8,000 steps
        (150, 3, ("lstm", 256, 0.5)),
    ],
)
def test_the_network_follows_from_labels_and_steps(labels: int, count: int, expected: tuple[str, int, float]) -> None:
    y = keys(count, labels)
    built = SequenceTagger(**ONE).fit([part[:, :3] for part in y], y).networks_[0].architecture
    assert (built.cell, built.hidden_size, built.recurrent_dropout) == expected


def test_given_values_stay() -> None:
    y = keys(3, 40)
    model = SequenceTagger(cell="rnn", hidden_size=(5, 3), num_layers=2, recurrent_dropout=0.1, **ONE)
    built = model.fit([part[:, :3] for part in y], y).networks_[0].architecture
    assert (built.cell, built.hidden_size, built.recurrent_dropout) == ("rnn", (5, 3), 0.1)


def test_biases_start_at_the_log_odds_of_the_labels() -> None:
    y = [np.array([[1, 0], [1, 0], [1, 1]]), np.array([[0, 0], [1, 0]])]
    model = SequenceTagger(learning_rate=1e-9, **ONE).fit(y, y, sample_weight=[1.0, 3.0])
    # of five steps, with weights 1 and 3 scaled to a mean of 1: 5 · (1 + 1 + 1 + 3) / 9, and 5 · 1 / 9
    ones = np.array([30 / 9, 5 / 9]) + 0.5
    np.testing.assert_allclose(model.networks_[0].parameters["output.b_y"], np.log(ones / (6 - ones)), rtol=1e-6)


def test_channels_of_zeros_and_ones_stay_as_they_are() -> None:
    y = keys(3, 40)
    X = [part[:, :3] for part in y]
    scales = [fitted_value("test", SequenceTagger(**ONE).fit(x, y)).preparation.scale for x in (X, [2 * x for x in X])]
    assert scales[0].tolist() == [1.0, 1.0, 1.0] and scales[1].max() < 1.0


def test_stretches_of_about_equal_length_keep_the_values_before_them() -> None:
    preparation = Preparation(2, 1, np.zeros(1), np.ones(1), per_step=True)
    sequences = [np.arange(7.0)[:, np.newaxis], 10 + np.arange(2.0)[:, np.newaxis]]
    targets = [sequence.copy() for sequence in sequences]
    data = TrainingData(preparation, preparation.apply(sequences), targets, np.array([1.0, 2.0]), steps=3)
    assert data.count == 4
    batch = data.batches(Parameters(batch_size=9)).with_seed(0).batch(0)
    assert batch.lengths is not None and batch.weight is not None
    rows = [
        (batch.x[:steps, row].tolist(), batch.y[:steps, row, 0].tolist(), float(batch.weight[0, row]))
        for row, steps in enumerate(batch.lengths)
    ]
    assert sorted(rows) == [
        ([[0.0, 0.0], [0.0, 1.0]], [0.0, 1.0], 1.0),
        ([[1.0, 2.0], [2.0, 3.0]], [2.0, 3.0], 1.0),
        ([[3.0, 4.0], [4.0, 5.0], [5.0, 6.0]], [4.0, 5.0, 6.0], 1.0),
        ([[10.0, 10.0], [10.0, 11.0]], [10.0, 11.0], 2.0),
    ]


def test_a_stretch_as_long_as_the_sequences_changes_no_bit() -> None:
    y = keys(6, 3)
    whole, cut, short = (
        SequenceTagger(steps=steps, **{**ONE, "updates": 5}).fit(y, y).networks_[0].theta for steps in (None, 20, 7)
    )
    assert np.array_equal(whole, cut) and not np.array_equal(whole, short)


def test_a_saved_tagger_goes_on_with_the_values_of_its_fit(tmp_path: Path) -> None:
    y = keys(4, 40)
    X = [part[:, :3] for part in y]
    model = SequenceTagger(**ONE).fit(X, y)
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    assert again.hidden_size == "auto" and again.networks_[0].architecture == model.networks_[0].architecture
    more = [other.partial_fit(X[:1], y[:1]).networks_[0].theta for other in (model, again)]
    assert np.array_equal(*more)
