"""Unusual names and screens: the command works, prints names as they are, and replaces no file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from cli.commands import files
from elman import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, __version__
from elman.cli._show import show_table
from elman.cli.app import app
from elman.errors import ArgumentError, DataError, ElmanWarning, FileFormatError

TOO_LONG = 300 * "a"
MARKED = ["[/x]", "[red]a:smile:", "$x^{"]


def run(*words: Any, columns: int = 200) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": str(columns)})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Save a forecaster of series whose names look like markup, of the terminal and of formulas."""
    dates = pd.date_range("2014-01-01", periods=40, freq="QS")
    wave = 1234567.8 + 1e5 * np.tile([0.0, 3.0, 1.0, -4.0], 10)
    frame = pd.concat([pd.DataFrame({"unique_id": name, "ds": dates, "y": wave}) for name in MARKED])
    frame.to_csv(tmp_path / "marked.csv", index=False)
    options: dict[str, Any] = {"season": 4, "window": 5, "hidden_size": 4, "updates": 3, "ensemble_size": 1, "steps": 8}
    Forecaster(3, method="network", **options, intervals=10, random_state=0).fit(frame).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize(
    "words",
    [
        ("forecast", "air-passengers", "--horizon", 2, "--output", f"{TOO_LONG}.csv"),
        ("forecast", TOO_LONG, "--horizon", 2),
        ("predict", TOO_LONG),
        ("audit", TOO_LONG, "air-passengers"),
        ("diagnose", TOO_LONG, "--data", "air-passengers"),
        ("explain", TOO_LONG),
        ("explain", "losses", "--output", f"{TOO_LONG}.html"),
        ("classify", "predict", TOO_LONG, "x.csv"),
        ("classify", "train", f"{TOO_LONG}.ts"),
        ("classify", "train", "x.csv", "--save", TOO_LONG),
    ],
)
def test_names_too_long_for_the_system_are_wrong_usage(
    words: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert "no such file" in done.stderr or done.stderr.endswith(": File name too long.\n")
    assert os.listdir() == []


def test_what_is_no_regular_file_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("real.csv").write_text("kept")
    Path("link.csv").symlink_to("real.csv")
    os.mkfifo("pipe.csv")
    for name in ("link.csv", "pipe.csv"):
        done = run("forecast", "air-passengers", "--horizon", 2, "--output", name)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == f"Error: --output {name}: is not a regular file; name another.\n"
    assert Path("real.csv").read_text() == "kept"


def test_names_are_printed_as_they_are(model: Path) -> None:
    done = run("predict", model)
    assert done.exit_code == 0, done.output
    assert [line.split()[0] for line in done.stdout.splitlines()[5:-1]] == [name for name in MARKED for _ in range(3)]


def test_names_are_drawn_as_they_are(model: Path, tmp_path: Path) -> None:
    """Matplotlib would read text between two dollar signs as a formula."""
    data, picture = tmp_path / "marked.csv", tmp_path / "picture.png"
    data.write_text(data.read_text().replace("$x^{", "$x^{ and $"))
    words = ["--method", "network", "--season", 4, "--window", 5, "--level", "none", "--backtest", 0, "--plot", picture]
    done = run("forecast", data, "--horizon", 2, *words)
    assert done.exit_code == 0, done.output
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_classes_are_printed_and_drawn_as_they_are(tmp_path: Path) -> None:
    rng, names = np.random.default_rng(0), ["[/x]", "$x^{ and $" + 60 * "b"]
    rows = [(i, t, rng.normal() + i % 2, names[i % 2]) for i in range(20) for t in range(6)]
    pd.DataFrame(rows, columns=["case", "t", "x", "label"]).to_csv(tmp_path / "cases.csv", index=False)
    done = run("classify", "train", tmp_path / "cases.csv", "--updates", 3, "--plot", tmp_path / "picture.png")
    assert done.exit_code == 0, done.output
    assert "[/x]" in done.stdout and names[1] in done.stdout.replace("\n", "")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_no_number_is_cut_or_broken(model: Path, columns: int) -> None:
    model_numbers = Forecaster.load(model).predict(level=[50, 80], quantiles=[0.5])
    done = run("predict", model, "--level", "50,80", "--quantiles", 0.5, columns=columns)
    assert done.exit_code == 0
    for row in model_numbers.itertuples():
        time, number, *ends, median = row[2:]
        intervals = [f"{low:,.0f} … {high:,.0f}" for low, high in zip(ends[::2], ends[1::2], strict=True)]
        cells = [str(time.date()), f"{number:,.0f}", *intervals, f"{median:,.0f}"]
        assert any(" ".join(line.split()).endswith(" ".join(cells)) for line in done.stdout.splitlines())


def test_words_go_on_in_the_next_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    show_table(None, ["name", "n"], [["b" * 40, "12345678"]])
    shown = capsys.readouterr().out
    assert shown.count("b") == 40 and "12345678" in shown and "…" not in shown


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("case,t,x,label\n0,0,1,a\n1,0,2,b\n")
    same = tmp_path / "same"
    for words in (
        ("classify", "train", tmp_path / "cases.csv", "--save", same, "--plot", same),
        ("forecast", "air-passengers", "--horizon", 2, "--save", same, "--plot", same),
    ):
        done = run(*words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.endswith(": two of them name the same file.\n")
    assert files(tmp_path) == ["cases.csv"]


def test_columns_that_nothing_is_read_from_are_refused(model: Path) -> None:
    for words, message in (
        (("predict", model, "--target", "y"), f"{model}: without FILE nothing is read; --target does not go with it."),
        (
            ("forecast", "air-passengers", "--horizon", 2, "--id", "x"),
            "air-passengers: comes with Elman; --id does not go with it.",
        ),
    ):
        done = run(*words)
        assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"Error: {message}\n")


def test_diagnose_replaces_neither_the_model_nor_the_data(model: Path, tmp_path: Path) -> None:
    data = tmp_path / "marked.csv"
    before = files(tmp_path), data.read_bytes(), model.read_bytes()
    for path in (data, model):
        done = run("diagnose", model, "--data", data, "--plot", path)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == f"Error: --plot {path}: would replace a file that is read; name another.\n"
    assert (files(tmp_path), data.read_bytes(), model.read_bytes()) == before


def test_diagnose_refuses_columns_that_would_change_nothing(model: Path, tmp_path: Path) -> None:
    done = run("diagnose", model, "--data", tmp_path / "marked.csv", "--label", "y")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"Error: {model}: holds a Forecaster; --label does not go with it.\n"
    sequences = [np.sin(np.arange(6.0) + i) for i in range(8)]
    small: dict[str, Any] = {"hidden_size": 2, "updates": 2, "ensemble_size": 1, "random_state": 0}
    for kind, labels in (
        (SequenceClassifier, ["a", "b"] * 4),
        (SequenceTagger, [["a", "b"] * 3] * 8),
    ):
        kind(**small).fit(sequences, labels).save(model)
        done = run("diagnose", model, "--data", tmp_path / "marked.csv", "--target", "y")
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == f"Error: {model}: holds a {kind.__name__}; --target does not go with it.\n"


def test_the_command_without_its_script() -> None:
    done = subprocess.run([sys.executable, "-m", "elman", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"elman {__version__}\n", "")


ESCAPES = "\x1b]0;OWNED\x07\x1b[2J\x9b\u202e"
SHOWN = r"\x1b]0;OWNED\x07\x1b[2J\x9b\u202e"


def commands_in(text: str) -> list[str]:
    """Return the control characters of an output, except the end of a line."""
    return [sign for sign in text if not sign.isprintable() and sign != "\n"]


def test_series_of_a_file_command_no_terminal(tmp_path: Path) -> None:
    dates = pd.date_range("2014-01-01", periods=40, freq="QS")
    wave = 1234567.8 + 1e5 * np.tile([0.0, 3.0, 1.0, -4.0], 10)
    names = [ESCAPES, "b"]
    frame = pd.concat([pd.DataFrame({"unique_id": name, "ds": dates, "y": wave}) for name in names])
    options: dict[str, Any] = {"season": 4, "window": 5, "hidden_size": 4, "updates": 3, "ensemble_size": 1, "steps": 8}
    Forecaster(3, method="network", **options, intervals=10, random_state=0).fit(frame).save(tmp_path / "model")
    done = run("predict", tmp_path / "model")
    assert done.exit_code == 0, done.output
    assert SHOWN in done.output and commands_in(done.output) == []


def test_classes_of_a_file_command_no_terminal(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [(i, t, rng.normal(), ("b", ESCAPES)[i % 2]) for i in range(24) for t in range(5)]
    pd.DataFrame(rows, columns=["id", "time", "value", "label"]).to_csv(tmp_path / "x.csv", index=False)
    options = ("--label", "label", "--id", "id", "--time", "time", "--updates", 2)
    done = run("classify", "train", tmp_path / "x.csv", *options, "--save", tmp_path / "model")
    assert done.exit_code == 0, done.output
    assert SHOWN in done.output and commands_in(done.output) == []
    done = run("classify", "predict", tmp_path / "model", tmp_path / "x.csv")
    assert done.exit_code == 0, done.output
    assert SHOWN in done.output and commands_in(done.output) == []


def test_text_of_a_model_commands_no_terminal(tmp_path: Path) -> None:
    options: dict[str, Any] = {"hidden_size": 4, "epochs": 1, "validation_fraction": 0, "random_state": 0}
    LanguageModel(**options).fit(ESCAPES * 100).save(tmp_path / "model")
    for words in (("info",), ("generate", "--length", 200)):
        done = run("text", words[0], tmp_path / "model", *words[1:])
        assert done.exit_code == 0, done.output
        assert r"\x1b" in done.output and commands_in(done.output) == []


def test_messages_command_no_terminal() -> None:
    """Unknown keys, operators and names of columns come from files; every message escapes them."""
    for kind in (ArgumentError, DataError, FileFormatError, ElmanWarning):
        assert str(kind(f"a\n{ESCAPES}\tb")) == f"a\n{SHOWN}\tb"


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("explain",)])
def test_an_output_that_cannot_be_written_is_one_message(words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = whole_command(*words, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "Error: the output cannot be written: No space left on device.\n"


def test_a_terminal_that_takes_few_signs_gets_the_others_escaped(tmp_path: Path, model: Path) -> None:
    done = whole_command("predict", str(model), PYTHONIOENCODING="ascii", MPLBACKEND="nonsense")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii() and " ... " in done.stdout and "\\" not in done.stdout


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        ("MemoryError", "there is not enough memory"),
        (
            "ImportError('numpy: cannot be mapped.\\nA long story.')",
            "a package cannot be loaded: numpy: cannot be mapped",
        ),
    ],
)
def test_a_want_of_memory_is_one_message(raised: str, message: str) -> None:
    code = f"import elman.cli.app as a\ndef fail(): raise {raised}\na.app = fail\nfrom elman.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {message}.\n")


def whole_command(*words: str, stdout: Any = subprocess.PIPE, **environment: str) -> Any:
    command = [sys.executable, "-m", "elman", *words]
    settings = os.environ | {"COLUMNS": "200"} | environment
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=settings, check=False)


def test_names_of_columns_command_no_terminal(tmp_path: Path) -> None:
    odd, file, out = "\x1b[2Jsold", tmp_path / "a.csv", tmp_path / "out.csv"
    rows = "".join(f"2024-01-{day:02},{day % 7},{day % 3}\n" for day in range(1, 29))
    file.write_text(f"date,{odd},left\n{rows}")
    said = [run("forecast", file, "-n", 2), run("forecast", file, "-n", 2, "--time", "no")]
    said += [run("forecast", file, "-n", 2, "--target", odd, "--method", "naive", "--backtest", 0, "--output", out)]
    assert [done.exit_code for done in said] == [1, 1, 0]
    assert all("\x1b" not in done.output and r"\x1b[2Jsold" in done.output for done in said)
    assert out.read_text().splitlines()[0] == f"date,{odd},{odd}-lo-80,{odd}-hi-80,{odd}-lo-95,{odd}-hi-95"
