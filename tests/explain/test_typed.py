"""A typed sequence as a lesson: numbers, channels, words; windows and targets; the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from elman.cli.app import app
from elman.errors import DataError
from elman.explain.typed import parse, typed_lesson


@pytest.mark.parametrize(
    "text",
    [
        "0.5 0.6 0.7 0.72",
        "0.5, 0.6, 0.7, 0.72",
        "0,5; 0,6; 0,7; 0,72",
        "0.5\n0.6\n0.7\n0.72",
        "step,price\n1,0.5\n2,0.6\n3,0.7\n4,0.72",
        "date;price;\n2024-01;0,5;\n2024-02;0,6;\n2024-03;0,7;\n2024-04;0,72;\n",
    ],
)
def test_numbers(text: str) -> None:
    typed = parse(text)
    assert typed.steps.tolist() == [[0.5], [0.6], [0.7], [0.72]]
    assert (typed.channels, typed.words) == (None, None)


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("stock gold\n0.5 0.9\n0.6 0.8", ["stock", "gold"]),
        ("0.5 0.9\n0.6 0.8", ["channel 1", "channel 2"]),
        ("step,stock,gold\n1,0.5,0.9\n2,0.6,0.8", ["stock", "gold"]),
        ("date,stock,gold\r\n2024-01-31,0.5,0.9\r\n2024-02-29,0.6,0.8", ["stock", "gold"]),
        ("stock price\tgold\n0,5\t0,9\n0,6\t0,8", ["stock price", "gold"]),
        ('"stock","gold"\n"0.5","0.9"\n"0.6","0.8"', ["stock", "gold"]),
        ("7 0.5 0.9\n8 0.6 0.8", ["channel 2", "channel 3"]),
    ],
)
def test_columns_are_channels_and_a_count_of_steps_is_none(text: str, channels: list[str]) -> None:
    typed = parse(text)
    assert typed.steps.tolist() == [[0.5, 0.9], [0.6, 0.8]]
    assert typed.channels == channels


def test_commas_between_columns_of_whole_numbers() -> None:
    """Below names that commas separate, a comma is not decimal."""
    assert parse("stock,gold\n1,2\n3,4").steps.tolist() == [[1, 2], [3, 4]]
    assert parse("1,2\n3,4").steps.tolist() == [[1.2], [3.4]]
    assert parse("–3 −2 -1 0").steps.tolist() == [[-3], [-2], [-1], [0]]


def test_checks_of_large_numbers_pass() -> None:
    """A saturated tanh has small gradients; differences of a loss of 46 have rounding errors."""
    for text in ("1.2 3.4 5.6 7.8", "100 200 300 400", "1.2 3 4.5 6.7"):
        assert [check for check in typed_lesson(text).traces["typed"].first.checks if not check.passed] == []


def test_windows_of_numbers() -> None:
    """Note C: windows of a series and the value after each."""
    worked = typed_lesson("1 2 3 4 5", steps=3).traces["typed"]
    assert worked.x[:, :, 0].T.tolist() == [[1, 2, 3], [2, 3, 4]]
    assert worked.y.tolist() == [[4], [5]]
    assert worked.row_names == ["window 1", "window 2"]


def test_two_channels_have_the_next_value_of_the_first_as_target() -> None:
    lesson = typed_lesson("stock gold\n0.5 0.9\n0.6 0.8\n0.7 0.85\n0.72 0.8")
    worked = lesson.traces["typed"]
    assert worked.x[:, 0].tolist() == [[0.5, 0.9], [0.6, 0.8], [0.7, 0.85]]
    assert worked.y.tolist() == [[0.72]]
    assert "4 steps with 2 channels, which are not steps: stock, gold." in lesson.summary
    assert "(T, N, D) = (3, 1, 2)" in lesson.summary


def test_words_are_one_hot_with_the_next_word_as_target() -> None:
    lesson = typed_lesson("th i course on nature")
    worked = lesson.traces["typed"]
    assert worked.words == ["th", "i", "course", "on", "nature"]
    assert np.array_equal(worked.x[:, 0], np.eye(5)[[0, 1, 2]]) and np.array_equal(worked.y, np.eye(5)[[3, 4]])
    blocks = lesson.to_dict()["sections"][0]["blocks"]
    assert blocks[0]["rows"][2] == ["course", "2", "[0 0 1 0 0]"]
    assert blocks[1]["rows"][0] == ["1", "th, i, course", "on"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sequence: the text is empty; type numbers, columns of numbers, or words."),
        ("1 2", "sequence: windows of 3 steps and their next value need 4 steps, got 2."),
        ("1 2\n3 4 5", "sequence: line 2 has 3 numbers, the first 2."),
        ("0.5 0.6 zebra 0.7", "sequence: 'zebra' stands among numbers; type a number in its place, or, if all are"),
        ("stock gold\n0.5 0.9\n0.6 n/a\n0.7 0.8", "sequence: 'n/a' stands among numbers;"),
        ("0.5 nan 0.7 0.8", "sequence: 'nan' stands among numbers;"),
        ("1_0 0.5 0.7 0.8", "sequence: '1_0' stands among numbers;"),
        ("stock,gold\n1,2\n,3", "sequence: line 3 has an empty cell; type a number in its place."),
        ("stock,gold\n1,2\n3,4,5", "sequence: line 3 has 3 cells, the first 2."),
        ("5% 6% 7% 8%", "sequence: '5%' is no plain number; leave out signs such as % and $."),
        ("1,000 2,000 3,000", "sequence: '1,000' may be 1.000 or 1000; write one of them."),
        ("a b c d e f g h i j k l m", "sequence: the text has 13 different words; at most 12 can be worked by hand."),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(DataError) as error:
        typed_lesson(text)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("text", ["to be or 2 be", "zero one zebra two", "stock gold\nup 0.9\ndown flat"])
def test_a_text_may_hold_some_numbers(text: str) -> None:
    assert parse(text).words == list(dict.fromkeys(text.split()))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["explain", *words])


def test_the_command(run: Any) -> None:
    done = run("--sequence", "0.5 0.6 0.7 0.72")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "4 numbers: one channel, every number is a step." in Path("sequence.html").read_text()
    Path("prices.csv").write_text("step,stock,gold\n1,0.5,0.9\n2,0.6,0.8\n3,0.7,0.85\n4,0.72,0.8\n")
    done = run("--sequence", "prices.csv", "--format", "text")
    assert "0.5 | 0.9, 0.6 | 0.8, 0.7 | 0.85" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--sequence", "1 2"), "need 4 steps, got 2. Take --steps 1."),
        (("losses", "--sequence", "1 2 3 4"), "--sequence brings its own network; LESSON|MODEL does not go with it."),
        (("losses", "--steps", "2"), "losses: windows are for --sequence; --steps does not go with it."),
    ],
)
def test_the_command_refuses(run: Any, words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert done.exit_code != 0
    assert message in done.stderr
