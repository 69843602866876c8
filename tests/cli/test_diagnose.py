"""``elman diagnose``: the report to stdout, messages to stderr, exit codes, files whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import elman
from cli.commands import files, read_csv
from elman import (
    Architecture,
    Forecaster,
    LanguageModel,
    Network,
    SequenceClassifier,
    SequenceRegressor,
    SequenceTagger,
)

SMALL: dict[str, Any] = {
    "hidden_size": 4, "updates": 5, "ensemble_size": 1, "random_state": 0, "id_column": "case", "time_column": "t",
}  # fmt: skip


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """Return a table of 12 sequences with a class, a number for each, and a tag for each step."""
    rng, parts = np.random.default_rng(0), []
    for i in range(12):
        x = rng.normal(size=8)
        columns = {"case": f"c{i}", "t": range(8), "x": x, "label": 3 + i % 2, "sum": x.sum(), "tag": (x > 0) * 1}
        parts.append(pd.DataFrame(columns))
    pd.concat(parts).to_csv(tmp_path / "steps.csv", index=False)
    return tmp_path / "steps.csv"


def test_a_forecaster(run: Callable[..., Any], sales: Path, tmp_path: Path) -> None:
    model, picture = tmp_path / "model", tmp_path / "flow.png"
    frame = read_csv(sales).rename(columns={"date": "ds", "sales": "y"}).assign(unique_id=0)
    Forecaster(2, method="network", season=4, window=5).fit(frame.assign(ds=pd.to_datetime(frame["ds"]))).save(model)
    done = run("diagnose", model, "--data", sales, "--plot", picture)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("layers.0: gradient ") and " at lag 1, " in lines[0]
    assert lines[1].startswith("  mean lag") and lines[-1]
    assert "clipped steps: not known, a saved model has no history" in lines
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") and len(picture.read_bytes()) > 10_000


def test_sequences(run: Callable[..., Any], steps: Path, tmp_path: Path) -> None:
    frame, model = read_csv(steps), tmp_path / "model"
    kinds = [
        (SequenceClassifier(**SMALL), "label"),
        (SequenceRegressor(**SMALL), "sum"),
        (SequenceTagger(**SMALL), "tag"),
    ]
    for estimator, label in kinds:
        columns = frame[["case", "t", "x", label]]
        estimator.fit(columns, label).save(model)
        columns.to_csv(steps, index=False)
        done = run("diagnose", model, "--data", steps, "--label", label, "-q")
        assert done.exit_code == 0, done.stderr
        assert done.stdout.strip() == str(elman.load(model).gradient_flow(columns, label))


def test_a_language_model(run: Callable[..., Any], tmp_path: Path) -> None:
    model, text = tmp_path / "model", tmp_path / "text.txt"
    text.write_text("abcd" * 60)
    fitted = LanguageModel(hidden_size=4, steps=6, epochs=1, random_state=0).fit(text)
    fitted.save(model)
    done = run("diagnose", model, "--data", text)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == str(fitted.gradient_flow(text)).splitlines()[0]
    done = run("diagnose", model, "--data", tmp_path / "none")
    assert (done.exit_code, done.stderr.strip()) == (2, f"Error: --data {tmp_path / 'none'}: no such file.")


def test_wrong_usage(run: Callable[..., Any], steps: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    frame = read_csv(steps)[["case", "t", "x", "label"]]
    SequenceClassifier(**SMALL).fit(frame, "label").save(model)
    before = files(tmp_path)
    for words, said in [
        ([tmp_path / "none", "--data", steps], f"Error: {tmp_path / 'none'}: no such file."),
        ([model, "--data", tmp_path / "none"], f"Error: --data {tmp_path / 'none'}: no such file."),
        ([model, "--data", steps, "--plot", tmp_path], f"Error: --plot {tmp_path}: is a folder."),
    ]:
        done = run("diagnose", *words)
        assert (done.exit_code, done.stderr.strip(), done.stdout) == (2, said, "")
    assert files(tmp_path) == before


def test_bad_data(run: Callable[..., Any], steps: Path, tmp_path: Path) -> None:
    model, picture = tmp_path / "model", tmp_path / "flow.png"
    frame = read_csv(steps)[["case", "t", "x", "label"]]
    SequenceClassifier(**SMALL).fit(frame, "label").save(model)
    frame.assign(label="up").to_csv(steps, index=False)
    done = run("diagnose", model, "--data", steps, "--plot", picture, "-q")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {steps}: the labels are not of the kind that the model was fitted on: ")
    Network.initialized(Architecture(1, 1)).save(model)
    done = run("diagnose", model, "--data", steps, "--plot", picture)
    assert done.exit_code == 1
    assert done.stderr.strip() == f"Error: {model}: holds a Network, which has no task and so no loss."
    assert not picture.exists()
