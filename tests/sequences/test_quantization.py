"""Sequence estimators with weights of fewer bits: streams, what they cost, and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import SequenceClassifier, SequenceRegressor, SequenceTagger, load
from elman.errors import ArgumentError, FileFormatError, UnsupportedError
from elman.persistence import load_arrays, save_arrays

SMALL: dict[str, Any] = {"hidden_size": 9, "updates": 20, "ensemble_size": 2, "bidirectional": False, "random_state": 0}


def data() -> tuple[list[np.ndarray], list[int]]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 30)
    return [rng.normal(loc=label, size=(rng.integers(3, 9), 2)) for label in y], y.tolist()


def fitted(**changes: Any) -> SequenceClassifier:
    return SequenceClassifier(**SMALL | {"readout": "last"} | changes).fit(*data())


def test_an_int8_stream_predicts_almost_the_same() -> None:
    model, X = fitted(), data()[0]
    whole, small = model.stream(), model.stream(precision="int8")
    for x in X[0]:
        whole.step(x)
        small.step(x)
        assert 0 < abs(whole.probabilities - small.probabilities).max() < 0.05
    again = model.stream(small.state, precision="int8")
    assert again.step(X[1][0]) == small.step(X[1][0])
    np.testing.assert_array_equal(again.probabilities, small.probabilities)
    with pytest.raises(ArgumentError, match="precision must be one of 'float32', 'bfloat16', 'int8', got 'int4'"):
        model.stream(precision="int4")


@pytest.mark.parametrize("kind", [SequenceClassifier, SequenceRegressor])
def test_the_report_is_that_of_streams(kind: Any) -> None:
    X, y = data()
    model = kind(**SMALL, readout="last").fit(X, y)
    report = model.quantization_report(X, y)
    assert report.metric is not None and report.metric[0] == model.score(X, y)
    predicted = []
    for x in X:
        stream = model.stream(precision="int8")
        predicted.append([stream.step(x_t) for x_t in x][-1])
    if kind is SequenceClassifier:
        assert report.metric[1] == np.mean(np.array(predicted) == y)
    assert 0 < report.largest_difference < 0.1 and report.weight_bytes[0] == 4 * report.weight_bytes[1]


def test_a_tagger_has_a_report_too() -> None:
    X = [[1, 0, 1, 1], [0, 1, 1], [1, 1, 0]] * 5
    y = [[1, 1, 0, 1], [0, 1, 0], [1, 0, 0]] * 5
    model = SequenceTagger(**SMALL).fit(X, y)
    assert model.quantization_report(X, y, "bfloat16").metric[0] == model.score(X, y)
    with pytest.raises(UnsupportedError, match="needs one direction"):
        SequenceTagger(**SMALL | {"bidirectional": True}).fit(X, y).quantization_report(X, y)


def test_a_quantized_model_is_saved_with_eight_bits(tmp_path: Path) -> None:
    X, y = data()
    model = fitted()
    small = model.quantized()
    np.testing.assert_array_equal(model.networks_[0].theta, fitted().networks_[0].theta)  # unchanged
    small.save(tmp_path / "small")
    again = load(tmp_path / "small")
    assert load_arrays(tmp_path / "small")[0]["theta.int8"].shape[0] == 2
    np.testing.assert_array_equal(again.predict_proba(X), small.predict_proba(X))
    assert abs(small.predict_proba(X) - model.predict_proba(X)).max() < 0.05
    small.partial_fit(X, y)  # learns on in float32
    assert "theta" in small.to_arrays()[0]
    with pytest.raises(ArgumentError, match=r"SequenceClassifier.quantized: needs dtype='float32', got 'float64'"):
        fitted(dtype="float64").quantized()


def test_a_file_with_both_kinds_of_weights_is_refused(tmp_path: Path) -> None:
    model = fitted()
    arrays, metadata = model.quantized().to_arrays()
    save_arrays(tmp_path / "model", arrays | {"theta": model.to_arrays()[0]["theta"]}, metadata)
    with pytest.raises(FileFormatError, match=r"theta and theta\.int8 are both given"):
        load(tmp_path / "model")
    for name in ("theta.int8", "theta.scale", "theta.rest"):
        save_arrays(tmp_path / "model", {key: array for key, array in arrays.items() if key != name}, metadata)
        with pytest.raises(FileFormatError):
            load(tmp_path / "model")
