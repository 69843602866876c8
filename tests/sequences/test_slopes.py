"""Windows beside their differences while a network learns, and sequences that are moved in time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import SequenceClassifier, SequenceRegressor
from elman.network import Architecture, Network
from elman.sequences.slopes import SlopeBatches, folded, slope_factors
from elman.training import SequenceBatches
from sequences.small import QUICK, labels

SLOPES = np.array([0.5, 3.0])
WAVES = [np.sin(np.arange(90) / 3 + phase) for phase in np.linspace(0, 6, 24)]


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "gru", "bidirectional": True},
        {"cell": "lstm", "num_layers": 2, "bidirectional": True, "projection_size": 2},
        {"cell": "rnn", "reverse": True},
        {"cell": "gru", "layer_norm": True, "dense": (3,)},
    ],
)
def test_the_folded_network_gives_the_same_outputs(options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    sequences, y = [rng.normal(size=(length, 2)) for length in (12, 9, 7)], np.arange(3)
    beside = SlopeBatches(sequences, y, slopes=SLOPES, window=4, stride=2, dtype="float64", shuffle=False).batch(0)
    plain = SequenceBatches(sequences, y, window=4, stride=2, dtype="float64", shuffle=False).batch(0)
    assert (beside.x.shape, plain.x.shape) == ((5, 3, 12), (5, 3, 8))
    architecture = Architecture(12, 3, hidden_size=4, readout="last", **options)
    network = Network.initialized(architecture, seed=1, dtype="float64")
    found = folded(network, SLOPES).predict(plain.x, lengths=plain.lengths)
    assert np.abs(network.predict(beside.x, lengths=beside.lengths) - found).max() < 1e-13


def test_factors_by_hand() -> None:
    sequences = [
        np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0], [6.0, 5.0]]),
        np.array([[0.0, 0.0], [0.0, 9.0], [1.0, 2.0]]),
    ]
    # Differences two steps apart: 3, 4 and 1; 0, 0 and 2.
    assert slope_factors(sequences, np.ones(2)).round(6).tolist() == [0.339683, 0.866025]
    assert slope_factors(sequences, np.array([1.0, 0.0])).round(6).tolist() == [0.282843, 100.0]


def test_every_move_occurs_and_the_ends_fill_the_gap() -> None:
    x = np.arange(1.0, 9.0)
    batches = SlopeBatches([x], np.zeros(1, int), slopes=np.ones(1), shift=2, window=4, stride=2, dtype="float64")
    seen = {batches.batch(update).x[:, 0, :4].tobytes() for update in range(60)}
    padded = np.array([1.0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8])
    moved = [np.stack([padded[start + 2 * t : start + 2 * t + 4] for t in range(3)]) for start in range(5)]
    assert seen == {windows.tobytes() for windows in moved}


def test_moves_depend_on_seed_and_update_alone() -> None:
    sequences = list(np.random.default_rng(0).normal(size=(8, 12, 2)))
    batches = SlopeBatches(sequences, np.arange(8), slopes=SLOPES, shift=3, window=3, batch_size=4, shuffle=False)
    late = batches.batch(5).x.copy()
    for update in range(9):
        batches.batch(update)
    assert np.array_equal(batches.batch(5).x, late)
    assert not np.array_equal(batches.with_seed(1).batch(5).x, late)


def test_only_new_networks_of_classes_with_wide_windows_learn_beside_slopes(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    start = SlopeBatches.__init__

    def counted(self: SlopeBatches, *values: Any, **options: Any) -> None:
        made.append(options["shift"])
        start(self, *values, **options)

    monkeypatch.setattr(SlopeBatches, "__init__", counted)
    model = SequenceClassifier(**QUICK, window=3, warm_start=True).fit(WAVES, labels())
    assert made == [4]  # a twentieth of 90 steps
    model.fit(WAVES, labels())
    model.partial_fit(WAVES, labels())
    SequenceClassifier(**QUICK, window=2).fit(WAVES, labels())
    SequenceRegressor(**QUICK, window=3).fit(WAVES, np.arange(24.0))
    assert made == [4]
    SequenceClassifier(**QUICK, window=3).fit([wave[:60] for wave in WAVES], labels())
    assert made == [4, 0]


def test_a_fitted_network_reads_windows_alone() -> None:
    model = SequenceClassifier(**QUICK, window=4).fit(WAVES, labels())
    assert [network.architecture.input_size for network in model.networks_] == [4, 4]
    assert model._fitted.preparation.slopes is None


def test_early_stopping_and_searches_learn_beside_slopes_too() -> None:
    for options in ({"early_stopping": True, "refit": True}, {"tune": True}):
        model = SequenceClassifier(**QUICK, **options).fit(WAVES, labels())
        assert model.networks_[0].architecture.input_size == model.window_
        assert model.predict(WAVES).shape == (24,)
