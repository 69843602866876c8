"""The command ``elman explain``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from elman import Forecaster, LanguageModel, SequenceClassifier
from elman.cli.app import app
from elman.explain import LESSONS, lessons
from elman.network import Architecture, Network

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["explain", *[str(word) for word in words]])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Save a network of one unit with weights of one, and two rows for it."""
    network = Network(Architecture(1, 1, cell="rnn", hidden_size=1, bias=False, readout="last"), np.ones(3))
    network.save(tmp_path / "unit.elman")
    (tmp_path / "rows.csv").write_text("x1,x2,y\n1,0,1\n0,1,1\n")
    return tmp_path / "unit.elman"


def test_without_an_argument_the_lessons_are_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is worked for its title."""
    monkeypatch.delattr(lessons, "_functions")
    done = run()
    assert done.exit_code == 0
    assert [line.split(maxsplit=1) for line in done.stdout.splitlines()] == [list(both) for both in LESSONS.items()]


def test_the_list_of_lessons_needs_no_arrays() -> None:
    code = "import sys; sys.argv = ['elman', 'explain']; from elman.cli import main; main()"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("by-hand-sum ")
    assert "elman.explain.titles" in done.stderr and "numpy" not in done.stderr


@pytest.mark.parametrize("form", ["markdown", "latex", "json", "text"])
def test_text_goes_to_the_screen(run: Run, form: str) -> None:
    done = run("losses", "--format", form)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "The derivatives that backpropagation starts from" in done.stdout
    assert os.listdir() == []


@pytest.mark.parametrize("ending", ["html", "md", "tex", "json", "txt"])
def test_the_ending_names_the_form(run: Run, ending: str) -> None:
    done = run("losses", "--output", f"lesson.{ending}")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith(f"lesson.{ending}: ") and done.stderr.endswith(" kB.\n")
    text = Path(f"lesson.{ending}").read_text()
    starts = {"html": "<!DOCTYPE html>", "md": "# The", "tex": "\\documentclass", "json": "{", "txt": "The deriv"}
    assert text.startswith(starts[ending])


def test_a_page_is_named_after_the_lesson(run: Run) -> None:
    assert run("by-hand-sum", "--quiet").exit_code == 0
    assert os.listdir() == ["by-hand-sum.html"]
    assert len(Path("by-hand-sum.html").read_bytes()) < 1_000_000


def test_a_model_and_a_row(run: Run, model: Path) -> None:
    done = run(model, "--data", "rows.csv", "--row", 1, "--format", "json", "--learning-rate", 0.1, "--epochs", 2)
    assert (done.exit_code, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["title"] == "unit.elman, row 1 of rows.csv"
    assert document["x"] == [[[1.0]], [[0.0]]]
    assert document["epochs"][0]["predictions"][0][0] == pytest.approx(np.tanh(np.tanh(1.0)), rel=1e-15)
    assert len(document["epochs"]) == 3


def test_a_forecaster_and_its_file(run: Run, tmp_path: Path) -> None:
    values = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 10)
    days = pd.date_range("2024-01-01", periods=40, freq="D").strftime("%Y-%m-%d")
    lines = [f"{day},{value}" for day, value in zip(days, values, strict=True)]
    (tmp_path / "sales.csv").write_text("\n".join(["date,sales", *lines]))
    Forecaster(2, method="network", window=4, season=4, steps=3, hidden_size=2, ensemble_size=1, updates=3).fit(
        values
    ).save("model.elman")
    done = run("model.elman", "--data", "sales.csv", "--row", 30, "--format", "json", "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert (document["steps"], document["rows"], len(document["x"][0][0])) == (3, 1, 4)
    assert document["notes"] == ["x and y are in the network's units: transformed, centered, divided by the unit."]


def test_a_forecaster_and_a_series_that_comes_with_elman(run: Run) -> None:
    from elman.data.datasets import load_dataset

    small: dict[str, Any] = {"window": 4, "season": 12, "steps": 2, "hidden_size": 2, "updates": 1}
    Forecaster(2, method="network", ensemble_size=1, **small).fit(load_dataset("air-passengers")).save("model.elman")
    done = run("model.elman", "--data", "air-passengers", "--row", 30, "--format", "json", "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["title"] == "model.elman, row 30 of air-passengers"
    done = run("model.elman", "--data", "air-pasengers", "--row", 30, "--format", "json")
    assert done.exit_code == 2
    assert "no such file, and no series of that name comes with Elman (air-passengers, sunspots do)" in done.stderr


def test_a_classifier_and_its_file(run: Run, tmp_path: Path) -> None:
    X, y = [np.sin(np.arange(5.0) + i % 2) for i in range(12)], ["ab"[i % 2] for i in range(12)]
    rows = [f"{i},{t},{value:.3f},{y[i]}" for i in range(12) for t, value in enumerate(X[i])]
    (tmp_path / "waves.csv").write_text("\n".join(["id,t,v,label", *rows]))
    SequenceClassifier(hidden_size=2, updates=3, window=1, stride=1, ensemble_size=1).fit(X, y).save("model.elman")
    done = run("model.elman", "--data", "waves.csv", "--row", 4, "--format", "json", "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert (document["steps"], document["y"], document["mode"]) == (5, [[1.0]], "sequence-to-vector")
    assert run("model.elman", "--data", "waves.csv", "--row", 13, "--format", "json").exit_code == 1


def test_names_of_files_in_any_bytes(run: Run, model: Path) -> None:
    """A name that is no UTF-8 must not spoil the document, which is."""
    name = os.fsdecode(b"un\xffit.elman")
    model.rename(model.with_name(name))
    for ending in ("html", "md", "tex", "json", "txt"):
        done = run(name, "--data", "rows.csv", "--row", 1, "--output", f"out.{ending}")
        assert done.exit_code == 0, done.output
        title = "un?it.elman" if ending == "tex" else "un\ufffdit.elman"
        assert f"{title}, row 1 of rows.csv" in Path(f"out.{ending}").read_text()


def test_a_text_is_read_as_language_models_read_it(run: Run, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes(b"\xef\xbb\xbfabab\r\nabab\r\n" * 20)  # a byte order mark, and lines of Windows
    options: dict[str, Any] = {"hidden_size": 2, "embedding_size": 2, "steps": 4, "epochs": 1, "random_state": 0}
    fitted = LanguageModel(**options).fit(text)
    fitted.save("model.elman")
    done = run("model.elman", "--data", text, "--row", 1, "--format", "json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [index for (index,) in json.loads(done.stdout)["x"]] == fitted.vocabulary_.encode("aba").tolist()
    done = run("model.elman", "--data", text, "--row", 1, "--format", "json", "--encoding", "utf-19")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no encoding 'utf-19'" in done.stderr


def test_a_model_learns_until_a_rule_stops_it(run: Run, model: Path) -> None:
    words = [model, "--data", "rows.csv", "--row", 1, "--format", "json", "--learning-rate", 0.5]
    document = json.loads(run(*words, "--epochs", 300, "--tolerance", 1e-3).stdout)
    assert document["stopping"]["rule"] == "after 300 updates, or once an update lowers the loss by less than 0.001"
    losses = [epoch["loss"] for epoch in document["epochs"]]
    assert losses[-2] - losses[-1] < 1e-3 <= losses[-3] - losses[-2]


def test_depth(run: Run, model: Path) -> None:
    done = run(model, "--data", "rows.csv", "--row", 2, "--format", "text", "--bptt-depth", 1)
    assert "(t = 2, k = 1, dropped)" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["by-hand-som"], 2,
         "Error: by-hand-som: no such file, and no lesson of that name; the lessons are by-hand-sum, "),
        (["losses", "--format", "pdf"], 2, "Error: --format pdf: must be one of html, markdown, latex, json, text."),
        (["losses", "--output", "x.doc"], 2, "Error: --output x.doc: its ending names no form; pass --format html|"),
        (["losses", "--output", "no/x.html"], 2, "Error: --output no/x.html: there is no folder no."),
        (["losses", "--row", 1], 2,
         "Error: losses: a lesson brings its own data and settings; --row does not go with it."),
        (["losses", "--epochs", 3], 2,
         "Error: losses: a lesson brings its own data and settings; --epochs does not go with it."),
        (["unit.elman", "--data", "rows.csv", "--row", 1, "--epochs", 3], 2,
         "Error: unit.elman: without --learning-rate nothing is updated; --epochs does not go with it."),
        (["unit.elman", "--data", "rows.csv", "--row", 1, "--learning-rate", 0], 2,
         "Error: --learning-rate 0: must be a positive number."),
        (["unit.elman", "--data", "rows.csv", "--row", 1, "--label", "y"], 2,
         "Error: unit.elman: holds a Network; --label does not go with it."),
        (["unit.elman", "--data", "rows.csv", "--row", 1, "--format", "json", "--output", "unit.elman"], 2,
         "Error: --output unit.elman: would replace a file that is read; name another."),
        (["unit.elman"], 2, "Error: unit.elman: a saved model needs --data FILE and --row N."),
        (["unit.elman", "--data", "no.csv", "--row", 1], 2, "Error: --data no.csv: no such file."),
        (["unit.elman", "--data", "rows.csv", "--row", 9], 1,
         "Error: explain: there is no row 9; rows are counted from 1 to 2."),
        (["rows.csv", "--data", "rows.csv", "--row", 1], 1, "Error: rows.csv: "),
    ],
)  # fmt: skip
def test_refusals(run: Run, model: Path, words: list[Any], code: int, message: str) -> None:
    before = sorted(os.listdir())
    done = run(*words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir()) == before
