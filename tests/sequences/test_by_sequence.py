"""``standardize="sequence"``: every sequence in its own standard deviations, beside their logarithms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import ArgumentError, FileFormatError, SequenceClassifier, SequenceRegressor, UnsupportedError, load
from elman.persistence import load_arrays, save_arrays
from elman.sequences import SimpleMethod
from elman.sequences.preparation import Preparation
from elman.sequences.settling import sizes_differ
from sequences.small import QUICK, labels, ragged

SIZES = np.geomspace(1e-3, 10, 24)
FAR = [size * sequence for size, sequence in zip(SIZES, ragged(24, 2, seed=3, longest=9), strict=True)]
FAR = [np.concatenate([sequence, -sequence]) for sequence in FAR]  # none is constant


def test_numbers_by_hand() -> None:
    """Standard deviations 1, e^2 and 0: their logarithms 0 and 2 have the mean 1 and the standard deviation 1."""
    e = np.exp(2.0)
    sequences = [np.array([[4.0], [6.0]]), np.array([[-e], [e], [e], [-e]]), np.array([[7.0], [7.0], [7.0]])]
    found = Preparation.learned(sequences, np.ones(3), window=1, stride=1, standardize="sequence")
    assert (found.center.round(12).tolist(), found.scale.round(12).tolist()) == ([1.0], [1.0])
    assert (found.channels, found.input_size) == (2, 2)
    prepared = [own.round(12).tolist() for own in found.apply(sequences)]
    assert prepared[0] == [[-1.0, -1.0], [1.0, -1.0]]
    assert prepared[1] == [[-1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [-1.0, 1.0]]
    assert prepared[2] == [[0.0, -4.0]] * 3  # the least logarithm that is shown


def test_weights_and_constant_channels() -> None:
    sequences = [np.array([[0.0, 3.0], [2.0, 3.0]]), np.array([[0.0, 3.0], [2 * np.e, 3.0]])]
    found = Preparation.learned(sequences, np.array([3.0, 1.0]), window=1, stride=1, standardize="sequence")
    assert found.center.round(12).tolist() == [0.25, 0.0]
    assert found.scale.round(12).tolist() == [round(float(np.sqrt(0.1875)), 12), 1.0]
    same = Preparation.learned(sequences[:1], np.ones(1), window=1, stride=1, standardize="sequence")
    assert same.scale.tolist() == [1.0, 1.0]
    alike = [factor * sequences[0] for factor in (1.0, 1.0 + 1e-12)]  # equal but for rounding, which is not blown up
    nearly = Preparation.learned(alike, np.ones(2), window=1, stride=1, standardize="sequence")
    assert np.abs(np.concatenate(nearly.apply(alike))[:, 2]).max() < 1e-11


def test_the_shape_of_a_sequence_does_not_depend_on_its_size() -> None:
    preparation = Preparation.learned(FAR, np.ones(24), window=2, stride=1, standardize="sequence")
    small, large = preparation.apply([FAR[5], 8.0 * FAR[5] + 3.0])
    assert np.abs(small[:, :2] - large[:, :2]).max() < 1e-9
    assert np.abs(large[:, 2:] - small[:, 2:] - np.log(8.0) / preparation.scale).max() < 1e-9


@pytest.mark.parametrize(("ratio", "count", "differ"), [(29.0, 20, False), (31.0, 20, True), (31.0, 18, False)])
def test_the_rule(ratio: float, count: int, differ: bool) -> None:
    wave = np.array([[1.0], [-1.0]])
    waves = [wave] * (count // 2) + [ratio * wave] * (count // 2)
    assert sizes_differ(waves) is differ
    assert sizes_differ([*waves, *[0 * wave] * 40]) is differ  # constant ones do not count
    assert sizes_differ([np.concatenate([wave, own], axis=1) for own in waves]) is differ


@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ({}, 4),
        ({"standardize": "sequence"}, 4),
        ({"standardize": True}, 2),
        ({"standardize": False}, 2),
        ({"bidirectional": False}, 2),
        ({"bidirectional": False, "readout": "mean"}, 4),
        ({"bidirectional": False, "standardize": "sequence"}, 4),
    ],
)
def test_where_it_is_the_default(options: dict[str, Any], channels: int) -> None:
    model = SequenceClassifier(**QUICK, window=1, **options).fit(FAR, labels())
    assert model.networks_[0].architecture.input_size == channels
    assert model.n_features_in_ == 2


def test_sequences_of_like_size_are_standardised_together() -> None:
    assert SequenceClassifier(**QUICK, window=1).fit(ragged(), labels()).networks_[0].architecture.input_size == 2


def test_it_learns_shapes_whatever_their_size() -> None:
    """A rising and a falling line, between a thousandth and ten high, about levels of up to ten."""
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    lines = np.linspace(-1, 1, 20) * np.where(y, 1, -1)[:, np.newaxis] * np.geomspace(1e-3, 10, 120)[:, np.newaxis]
    X = list(lines + rng.uniform(-10, 10, (120, 1)))
    own = SequenceClassifier(updates=60, ensemble_size=1, random_state=0).fit(X[::3], y[::3])
    together = SequenceClassifier(updates=60, ensemble_size=1, random_state=0, standardize=True).fit(X[::3], y[::3])
    held = [i for i in range(120) if i % 3]
    scores = [model.score([X[i] for i in held], y[held]) for model in (own, together)]
    assert scores[0] > 0.95 > 0.8 > scores[1]


@pytest.mark.parametrize("value", ["sequences", 1, None, "True"])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        SequenceClassifier(standardize=value).fit(FAR, labels())
    assert str(caught.value) == (
        f'SequenceClassifier.fit: standardize must be "auto", "sequence", True or False, got {value!r}.'
    )
    with pytest.raises(ArgumentError, match="standardize must be True or False, got 'sequence'"):
        SequenceRegressor(standardize="sequence").fit(FAR, np.arange(24.0))


def test_a_stream_is_refused_with_a_way_out() -> None:
    model = SequenceClassifier(**QUICK, bidirectional=False, standardize="sequence").fit(FAR, labels())
    with pytest.raises(UnsupportedError) as caught:
        model.stream()
    assert str(caught.value) == (
        'SequenceClassifier.stream: standardize="sequence" needs whole sequences. Fit with standardize=True.'
    )
    model.set_params(standardize=True).fit(FAR, labels()).stream()


def test_files(tmp_path: Path) -> None:
    model = SequenceClassifier(**QUICK).fit(FAR, labels())
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.standardize == "auto"
    assert np.array_equal(again.predict_proba(FAR), model.predict_proba(FAR))
    again.partial_fit(FAR, labels())
    assert again.networks_[0].architecture == model.networks_[0].architecture
    arrays, metadata = load_arrays(tmp_path / "model")
    for changed, text in (
        ({"by_sequence": False}, "the architecture does not follow from the parameters"),
        ({"by_sequence": 1}, "by_sequence must be True or False"),
        ({"parameters": metadata["parameters"] | {"standardize": True}}, "by_sequence does not follow"),
    ):
        save_arrays(tmp_path / "other", arrays, metadata | changed)
        with pytest.raises(FileFormatError, match=text):
            load(tmp_path / "other")


def test_warm_starts_transforms_and_reports_see_the_same_inputs() -> None:
    model = SequenceClassifier(**QUICK, warm_start=True).fit(FAR, labels())
    width = model.networks_[0].architecture.input_size
    assert model.fit(FAR, labels()).networks_[0].architecture.input_size == width
    assert model.transform(FAR).shape == (24, 16)
    assert "gradient" in str(model.gradient_flow(FAR, labels())).lower()
    assert SequenceClassifier(**QUICK).partial_fit(FAR, labels()).networks_[0].architecture.input_size == width


@pytest.mark.parametrize(("method", "own"), [("linear", True), ("convolutions", True), ("1-NN Euclidean", False)])
def test_simple_methods(method: str, own: bool, tmp_path: Path) -> None:
    model = SimpleMethod(method, SequenceClassifier()).fit(FAR, labels())
    assert model._fitted.preparation.by_sequence is own
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.predict(FAR).tolist() == model.predict(FAR).tolist()
    assert again._fitted.preparation.by_sequence is own
    arrays, metadata = load_arrays(tmp_path / "model")
    assert ("by_sequence" in metadata) is own
    if not own:
        save_arrays(tmp_path / "other", arrays, metadata | {"by_sequence": True})
        with pytest.raises(FileFormatError, match="by_sequence does not follow from the method"):
            load(tmp_path / "other")


def test_simple_methods_that_keep_the_common_standardisation() -> None:
    numbers = SimpleMethod("linear", SequenceRegressor()).fit(FAR, np.arange(24.0))
    like = SimpleMethod("linear", SequenceClassifier()).fit(ragged(), labels())
    wide = [np.tile(own, (20, 251)) for own in FAR]
    many = SimpleMethod("linear", SequenceClassifier()).fit(wide, labels())
    assert not any(model._fitted.preparation.by_sequence for model in (numbers, like, many))
