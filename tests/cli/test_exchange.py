"""``elman export`` and ``elman import``: usage, and what they say where the other library is not installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.commands import files
from elman import Architecture, Network


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
