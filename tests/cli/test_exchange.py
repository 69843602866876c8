"""``elman export`` and ``elman import``: usage, and messages without the other library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.commands import files
from elman import Architecture, Forecaster, Network


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.model"
    Network.initialized(Architecture(2, 1, cell="gru", hidden_size=3)).save(path)
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export", "{folder}/none.model", "--to", "onnx"], "none.model: no such file."),
        (["export", "{model}", "--to", "caffe"], "--to caffe: must be one of onnx, torch."),
        (["export", "{model}"], "Missing option '--to'"),
        (["export", "{model}", "--to", "onnx", "--output", "{folder}/a.pt"], "a.pt: must end with .onnx."),
        (["export", "{model}", "--to", "torch", "--output", "{folder}/a.onnx"], "must end with .safetensors or .pt or"),
        (["export", "{model}", "--to", "onnx", "--output", "{folder}/no/a.onnx"], "there is no folder"),
        (["import", "{folder}/none.onnx"], "none.onnx: no such file."),
        (["import", "{folder}"], "is a folder."),
        (["export", "{folder}", "--to", "onnx"], "is a folder."),
        (["import", "{folder}/w.safetensors"], "no such file."),
        (["import", "{model}", "--output", "{model}"], "is the file that is read."),
    ],
)
def test_wrong_usage_ends_with_2(
    words: list[str], message: str, model: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    result = run(*(word.format(folder=tmp_path, model=model) for word in words))
    assert result.exit_code == 2
    assert message in result.stderr
    assert files(tmp_path) == ["small.model"]


@pytest.mark.parametrize("ending", [".safetensors", ".pt", ".pth"])
def test_weights_of_torch_are_not_guessed_at(ending: str, tmp_path: Path, run: Callable[..., Any]) -> None:
    path = tmp_path / f"w{ending}"
    path.touch()
    result = run("import", path)
    assert result.exit_code == 2
    assert "a file of weights has no architecture; read it with elman.interop.torch.from_torch." in result.stderr


def test_without_torch_weights_go_to_safetensors_alone(
    model: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run("export", model, "--to", "torch", "--output", tmp_path / "w.pt")
    assert (result.exit_code, result.stderr) == (
        1, 'Error: export_torch: needs the package torch; pip install "elman[torch]" brings it.\n'
    )  # fmt: skip
    result = run("export", model, "--to", "torch")
    assert (result.exit_code, result.stderr) == (
        0, f"{tmp_path / 'small.safetensors'}: not compared: torch is not installed.\n"
    )  # fmt: skip
    assert files(tmp_path) == ["small.model", "small.safetensors"]


@pytest.mark.parametrize(
    ("ensemble_size", "said"),
    [(1, "has the network without"), (3, "has 3 networks, their keys numbered from 0 to 2, without")],
)
def test_of_an_estimator_the_weights_alone_go_to_torch(
    ensemble_size: int, said: str, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    forecaster = Forecaster(
        horizon=2, method="network", window=3, season=2, ensemble_size=ensemble_size, updates=2, hidden_size=3
    )
    forecaster.fit(np.arange(1.0, 30.0)).save(tmp_path / "f.model")
    result = run("export", tmp_path / "f.model", "--to", "torch")
    assert result.exit_code == 0
    assert f"f.safetensors: {said} the steps before and after; --to onnx writes these too." in result.stderr
    assert run("export", tmp_path / "f.model", "--to", "torch", "--quiet").stderr == ""


@pytest.mark.parametrize("words", [["export", "--to", "onnx"], ["import"]])
def test_without_the_package_onnx(
    words: list[str], model: Path, tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    given = tmp_path / "file.onnx" if words == ["import"] else model
    given.touch()
    before = files(tmp_path)
    result = run(words[0], given, *words[1:])
    assert result.exit_code == 1
    assert 'needs the package onnx; pip install "elman[onnx]" brings it.' in result.stderr
    assert "Traceback" not in result.stderr
    assert files(tmp_path) == before
