"""``elman export`` and ``elman import`` with the packages they ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import elman
from elman import Architecture, Forecaster, Network
from elman.cli.app import app


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert "Traceback" not in result.stderr
    return result.exit_code, result.stderr


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_there_and_back(tmp_path: Path) -> None:
    network = Network.initialized(Architecture(3, 2, cell="lstm", hidden_size=5, num_layers=2, output="softmax"))
    network.save(tmp_path / "net.model")
    code, said = run("export", tmp_path / "net.model", "--to", "onnx")
    assert code == 0
    assert f"{tmp_path / 'net.onnx'}: equal to ONNX Runtime" in said
    code, said = run("import", tmp_path / "net.onnx", "--output", tmp_path / "back.model")
    assert code == 0
    assert "net.onnx: 2 × LSTM of 5 units, readout every." in said
    np.testing.assert_array_equal(elman.load(tmp_path / "back.model").theta, network.theta)
    assert names(tmp_path) == ["back.model", "net.model", "net.onnx"]
    assert run("export", tmp_path / "net.model", "--to", "onnx", "--output", tmp_path / "q.onnx", "--quiet") == (0, "")


@pytest.mark.parametrize("kind", ["forecaster", "not onnx"])
def test_what_is_no_network_leaves_no_file(kind: str, tmp_path: Path) -> None:
    if kind == "forecaster":
        forecaster = Forecaster(
            horizon=2, method="network", window=3, season=2, ensemble_size=2, updates=2, hidden_size=3
        )
        forecaster.fit(np.arange(1.0, 30.0)).save(tmp_path / "f.model")
        assert run("export", tmp_path / "f.model", "--to", "onnx", "--output", tmp_path / "f.onnx")[0] == 0
    else:
        (tmp_path / "f.onnx").write_bytes(b"something else entirely")
    before = names(tmp_path)
    code, said = run("import", tmp_path / "f.onnx", "--output", tmp_path / "out.model")
    assert code == 1
    assert said.startswith("Error: ")
    assert ("has the operator" if kind == "forecaster" else "not an ONNX file") in said
    assert names(tmp_path) == before
