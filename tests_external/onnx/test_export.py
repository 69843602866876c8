"""Exported models in ONNX Runtime: the model's own results from raw values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pandas as pd
import pytest

import elman
from elman import (
    Architecture,
    Forecaster,
    LanguageModel,
    Network,
    SequenceClassifier,
    SequenceRegressor,
    SequenceTagger,
)
from elman.data.datasets import load_dataset
from elman.data.scaling import series_scale
from elman.errors import InterchangeError
from elman.interop import export_onnx, import_onnx, onnx_layers

Array = npt.NDArray[Any]

SEQUENCES = [np.random.default_rng(i).normal(size=(n, 2)) * 9 + 40 for i, n in enumerate([9, 2, 1, 14, 7, 5, 3, 11])]
SMALL: dict[str, Any] = {"hidden_size": 6, "updates": 5, "random_state": 0}


def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def outputs(path: Path, **feed: Array) -> dict[str, Array]:
    running = session(path)
    return dict(zip([output.name for output in running.get_outputs()], running.run(None, feed), strict=True))


def padded(sequences: list[Array]) -> dict[str, Array]:
    lengths = np.array([len(sequence) for sequence in sequences])
    values = np.full((len(sequences), lengths.max(), sequences[0].shape[1]), np.nan)
    for row, own in zip(values, sequences, strict=True):
        row[: len(own)] = own
    return {"values": values, "lengths": lengths}


def test_the_forecaster_of_air_passengers(tmp_path: Path) -> None:
    frame = load_dataset("air-passengers")
    forecaster = Forecaster(horizon=12, method="network", window=13, ensemble_size=5, updates=40, random_state=0).fit(
        frame
    )
    path = tmp_path / "air.onnx"
    proof = export_onnx(forecaster, path)
    assert proof.other == f"ONNX Runtime {onnxruntime.__version__}"
    values = frame["y"].to_numpy(dtype=np.float64)
    for newest in (len(values), 100, 20, 5):
        part = values[-newest:]
        theirs = outputs(path, values=part[np.newaxis])["forecast"][0]
        ours = forecaster.predict(frame.tail(newest))
        np.testing.assert_allclose(theirs, ours["Elman"].to_numpy(), rtol=1e-5)
    model = onnx.load(path)
    facts = {item.key: item.value for item in model.metadata_props}
    assert (model.producer_name, model.producer_version) == ("elman", elman.__version__)
    assert facts["elman.kind"] == "forecaster"
    assert facts["elman.series"] == '["air-passengers"]'
    assert model.opset_import[0].version >= 17


@pytest.mark.parametrize("settings", [{}, {"strategy": "recursive"}, {"transform": "scale"}, {"carry_state": True}])
def test_several_series_at_once(settings: dict[str, Any], tmp_path: Path) -> None:
    series = [np.cumsum(np.random.default_rng(i).normal(size=60)) + 50 * (i + 1) for i in range(3)]
    forecaster = Forecaster(
        horizon=4, method="network", window=6, steps=9, season=3, ensemble_size=4, **SMALL, **settings
    ).fit(series)
    path = tmp_path / "several.onnx"
    assert (export_onnx(forecaster, path).largest_difference or 0.0) <= 1e-6
    feed = {"values": np.stack(series)}
    if "transform" in settings:
        feed["scale"] = np.array([series_scale(values) for values in series])
    np.testing.assert_allclose(outputs(path, **feed)["forecast"], np.stack(forecaster.predict(series)), rtol=1e-5)


@pytest.mark.parametrize("labels", [list("xyzxyzxy"), [3, 8, 3, 8, 3, 8, 3, 8], [[0, 1], [1, 1], [1, 0], [0, 0]] * 2])
@pytest.mark.parametrize("sizes", [{}, {"hidden_size": (5, 3), "dense": (4,), "dense_activation": ("tanh",)}])
def test_classifiers(labels: Any, sizes: dict[str, Any], tmp_path: Path) -> None:
    classifier = SequenceClassifier(ensemble_size=3, **SMALL | sizes).fit(SEQUENCES, np.array(labels))
    export_onnx(classifier, tmp_path / "c.onnx")
    theirs = outputs(tmp_path / "c.onnx", **padded(SEQUENCES))
    np.testing.assert_array_equal(theirs["label"], classifier.predict(SEQUENCES))
    np.testing.assert_allclose(theirs["probabilities"], classifier.predict_proba(SEQUENCES), atol=1e-6)


@pytest.mark.parametrize("readout", ["every", "last", "max"])
def test_projections_are_composed(readout: str, tmp_path: Path) -> None:
    sizes: dict[str, Any] = {"hidden_size": (6, 5), "projection_size": 3, "bidirectional": True}
    network = Network.initialized(Architecture(2, 4, readout=readout, dense=(3,), **sizes))
    proof = export_onnx(network, tmp_path / "p.onnx")
    assert proof.largest_difference is not None and proof.largest_difference < 1e-5
    x = np.random.default_rng(0).standard_normal((7, 3, 2)).astype(np.float32)
    np.testing.assert_allclose(outputs(tmp_path / "p.onnx", x=x)["y"], network.predict(x), atol=1e-5)
    again, proof = import_onnx(tmp_path / "p.onnx")
    assert again.architecture == network.architecture and proof.largest_difference < 1e-5
    np.testing.assert_array_equal(again.theta, network.theta)


def test_regressor_and_tagger(tmp_path: Path) -> None:
    regressor = SequenceRegressor(ensemble_size=2, window=4, stride=3, **SMALL).fit(SEQUENCES, np.arange(8.0))
    export_onnx(regressor, tmp_path / "r.onnx")
    theirs = outputs(tmp_path / "r.onnx", **padded(SEQUENCES))["prediction"]
    np.testing.assert_allclose(theirs, regressor.predict(SEQUENCES), rtol=1e-5)
    tags = [np.arange(len(sequence)) % 3 for sequence in SEQUENCES]
    tagger = SequenceTagger(ensemble_size=2, window=2, **SMALL).fit(SEQUENCES, tags)
    export_onnx(tagger, tmp_path / "t.onnx")
    theirs = outputs(tmp_path / "t.onnx", **padded(SEQUENCES))["label"]
    for row, expected in zip(theirs, tagger.predict(SEQUENCES), strict=True):
        np.testing.assert_array_equal(row[: len(expected)], expected)


def test_covariates(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=60)
    columns = {"price": rng.normal(size=60), "heat": rng.normal(size=60)}
    frame = pd.DataFrame({"unique_id": "a", "ds": days, "y": rng.normal(size=60) + 40, **columns})
    options: dict[str, Any] = {"past_covariates": ["price"], "future_covariates": ["heat"]}
    forecaster = Forecaster(horizon=4, method="network", window=6, season=7, ensemble_size=3, **options, **SMALL).fit(
        frame.head(56)
    )
    path = tmp_path / "covariates.onnx"
    export_onnx(forecaster, path)
    known, ahead = frame.head(56), frame.tail(4)
    feed = {"values": known["y"], "covariates": known[["price", "heat"]], "ahead": ahead[["heat"]]}
    theirs = outputs(path, **{name: part.to_numpy()[np.newaxis] for name, part in feed.items()})["forecast"][0]
    ours = forecaster.predict(known, future=ahead[["unique_id", "ds", "heat"]])["Elman"].to_numpy()
    np.testing.assert_allclose(theirs, ours, rtol=1e-5)


def test_a_language_model_with_its_tokens(tmp_path: Path) -> None:
    text = "a rose is a rose is a rose. " * 20
    model = LanguageModel(hidden_size=8, epochs=2, validation_fraction=0, random_state=0).fit(text)
    export_onnx(model, tmp_path / "text.onnx")
    facts = {item.key: item.value for item in onnx.load(tmp_path / "text.onnx").metadata_props}
    tokens = json.loads(facts["elman.tokens"])
    ids = np.array([tokens.index(character) for character in "a rose i"])[:, np.newaxis]
    found = outputs(tmp_path / "text.onnx", x=ids)["y"][-1, 0]
    np.testing.assert_allclose(found, model.predict_proba("a rose i"), atol=1e-6)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_states_leave_one_chunk_and_enter_the_next(cell: str, bidirectional: bool, tmp_path: Path) -> None:
    network = Network.initialized(
        Architecture(3, 2, cell=cell, hidden_size=5, num_layers=2, bidirectional=bidirectional)
    )
    path = tmp_path / "network.onnx"
    export_onnx(network, path)
    x = np.random.default_rng(0).normal(size=(9, 4, 3)).astype(np.float32)
    first = outputs(path, x=x[:5])
    states = {f"{name}_0": first[f"{name}_n"] for name in ("h", "c") if f"{name}_n" in first}
    second = outputs(path, x=x[5:], **states)
    state, y = network.run(x[:5])
    np.testing.assert_allclose(first["y"], y, atol=1e-6)
    np.testing.assert_allclose(second["y"], network.run(x[5:], state)[1], atol=1e-6)


def test_a_file_that_disagrees_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network.initialized(Architecture(3, 2, cell="gru", hidden_size=5))
    monkeypatch.setitem(onnx_layers.THEIRS, "gru", (0, 1, 2))
    with pytest.raises(
        InterchangeError, match=r"export_onnx: .* differ from ONNX Runtime .* The model was not converted"
    ):
        export_onnx(network, tmp_path / "wrong.onnx")
    assert list(tmp_path.iterdir()) == []
