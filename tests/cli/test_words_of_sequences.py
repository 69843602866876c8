"""Messages of ``elman classify`` and ``elman text`` name options, columns and lines; their ways out work."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cli.commands import LONG
from elman import Forecaster, SequenceRegressor

NAMES = ["--label", "kind"]
QUICK = ["--updates", 2, "--hidden-size", 4]
ALONE = [*QUICK, "--check", 0]
ROWS = [(f"c{i}", t, i % 2 + t / 9, "ab"[i % 2]) for i in range(12) for t in range(4)]
STEPS = pd.DataFrame(ROWS, columns=["case", "step", "x", "kind"])
CASES = "@classLabel true a b\n@data\n" + "1,2,3:a\n4,5,6:b\n" * 6


def changed(column: str, row: int, value: Any) -> pd.DataFrame:
    """Change one entry of the steps."""
    entries = STEPS[column].astype(object)
    entries[row] = value
    return STEPS.assign(**{column: entries})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a table, cases and a text."""
    monkeypatch.chdir(tmp_path)
    STEPS.to_csv("steps.csv", index=False)
    Path("cases.ts").write_text(CASES)
    Path("two.ts").write_text("@univariate false\n@classLabel true a b\n@data\n1,2:3,4:a\n5,6:7,8:b\n")
    Path("play.txt").write_text("to be or not to be " * 20)


@pytest.fixture
def said(run: Callable[..., Any], here: None) -> Callable[..., str]:
    """Run a command that fails, and return its message."""

    def of(*words: Any) -> str:
        done = run(*words)
        assert done.exit_code in (1, 2) and done.stdout == "", done.output
        return str(done.stderr.splitlines()[-1]).removeprefix("Error: ")

    return of


TABLES: dict[str, tuple[pd.DataFrame, str]] = {
    "missing": (changed("x", 5, ""), "column 'x' is missing (NaN) in line 7 (case 'c1'). Fill it, or drop the row."),
    "infinite": (
        changed("x", 5, "inf"),
        "column 'x' is inf in line 7 (case 'c1'); every value must be finite. Correct it, or drop the row.",
    ),
    "no name": (changed("case", 5, ""), "column 'case' is empty in line 7. Fill it."),
    "no time": (changed("step", 5, ""), "column 'step' is empty in line 7. Fill it."),
    "times of text": (
        STEPS.assign(step="on " + STEPS["kind"]),
        ("column 'step' must hold numbers or time stamps, and it holds 'on a'. Name another column with --time."),
    ),
    "a class missing in one row": (
        changed("kind", 2, ""),
        "the sequence 'c0' has no class in 'kind' in line 4. Fill it, or leave the sequence out.",
    ),
    "another column of text": (
        STEPS.assign(note="n"),
        "column 'note' holds text, such as 'n'. Remove the column.",
    ),
    "no channels": (STEPS.drop(columns="x"), "there are no channels beside 'case', 'step', 'kind'."),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_spoken_of_by_columns_and_lines(name: str, said: Callable[..., str]) -> None:
    frame, message = TABLES[name]
    frame.to_csv("wrong.csv", index=False)
    assert said("classify", "train", "wrong.csv", *NAMES, *ALONE) == f"wrong.csv: {message}"


def test_rows_of_parquet_count_from_one(said: Callable[..., str]) -> None:
    STEPS.assign(x=np.where(STEPS.index == 5, np.nan, STEPS["x"])).to_parquet("wrong.parquet")
    assert "is missing (NaN) in row 6 (case 'c1')" in said("classify", "train", "wrong.parquet", *NAMES, *ALONE)


def test_one_column_has_one_meaning(run: Any, said: Callable[..., str]) -> None:
    train = ["classify", "train", "steps.csv", *ALONE]
    assert said(*train, *NAMES, "--time", "kind") == (
        "steps.csv: --time and --label name the same column, 'kind'. Name another with --label."
    )
    done = run(*train, *NAMES, "--time", "x")
    assert done.exit_code == 0 and "times by 'x', classes in 'kind', channels step" in done.stderr
    assert said(*train, "--label", "case").endswith("kind). Name it with --id.")


def test_rows_out_of_order_are_told_once(run: Any, here: None) -> None:
    STEPS.iloc[::-1].to_csv("wrong.csv", index=False)
    done = run("classify", "train", "wrong.csv", *NAMES, *QUICK)
    assert done.exit_code == 0 and done.stderr.count("not in order") == 1


def test_a_check_that_cannot_be(run: Any, said: Callable[..., str]) -> None:
    train = ["classify", "train", "steps.csv", *NAMES, *QUICK]
    start, end = "elman classify train: ", "Name other sequences with --test, or make no check with --check 0."
    assert said(*train, "--check", 0.05) == (
        f"{start}cannot hold out a part for a check: --check 0.05 holds out 1 of 12 sequences, and there are 2 "
        f"classes. {end}"
    )
    assert said(*train, "--check", 0.9, "--test", "steps.csv", "--id", "kind").startswith("steps.csv: --id and")
    STEPS[:4].to_csv("one.csv", index=False)
    assert said(*train, "--test", "one.csv") == (
        f"{start}a check needs 2 held-out sequences, and there is 1. Add sequences to --test one.csv."
    )
    STEPS.rename(columns={"x": "z"}).to_csv("other.csv", index=False)
    assert said(*train, "--test", "other.csv") == (
        "other.csv: there is no column 'x'; the columns are case, step, z, kind. "
        "Name the channels as in the training part."
    )
    assert said(*train, "--test", "two.ts") == f"{start}two.ts has 2 channels, but 1 at fit."
    assert run(*train, "--check", 0.2).exit_code == run(*train, "--check", 0).exit_code == 0
    assert run(*train, "--test", "cases.ts").exit_code == 0


def test_options_of_the_network(run: Any, said: Callable[..., str]) -> None:
    train = ["classify", "train", "steps.csv", *NAMES, "--updates", 2, "--check", 0]
    assert said(*train, "--layer-norm", "--window", 1) == (
        "elman classify train: with --layer-norm, --cell gru sees only the sign of a single value per step. "
        "Pass --window 4."
    )
    assert run(*train, "--layer-norm", "--window", 4).exit_code == 0
    assert said(*train, "--hidden-size", 10**8) == (
        "elman classify train: --hidden-size 100000000 makes 6e+16 parameters; a network has at most 5e+08."
    )
    checked = ["classify", "train", "steps.csv", *NAMES]
    assert said(*checked, "--updates", 10**10).startswith("elman classify train: --updates must be at most")
    done = run(*checked, "--window", "wide")
    assert done.stderr == "Error: --window wide: must be auto or a number of at least 1.\n"


def test_files_that_say_how_they_are_written(run: Any, said: Callable[..., str]) -> None:
    train = ["classify", "train", "cases.ts", *ALONE]
    for option in ("--label", "--id", "--time", "--decimal"):
        value = "," if option == "--decimal" else "x"
        assert said(*train, option, value) == f"cases.ts: says how it is written; {option} does not go with it."
    assert run(*train).exit_code == 0
    wrong = Path("wrong.ts")
    for lines, message in (
        ("@data\n1,2\n3,4\n", ": there are no classes. Declare them with @classLabel, and write that of each case"),
        ("@targetLabel true\n@data\n1,2:0.5\n3,4:1.5\n", ": holds numbers (@targetLabel), and a classifier needs"),
        (CASES.replace("3:a", "u:a"), ", line 3: 'u' is no number."),
        (CASES.replace("3:a", "1e300:a"), ", line 3: the value 1e300 is too large; the largest number is 3.4e+38."),
    ):
        wrong.write_text(lines)
        assert said("classify", "train", "wrong.ts", *ALONE).startswith(f"wrong.ts{message}")


def test_a_saved_classifier_and_files_that_do_not_fit(run: Any, said: Callable[..., str]) -> None:
    for method in ("network", "linear"):
        assert (
            run("classify", "train", "steps.csv", *NAMES, *ALONE, "--method", method, "--save", method).exit_code == 0
        )
        STEPS.assign(kind=STEPS["kind"].where(STEPS["case"] != "c3", "z")).to_csv("other.csv", index=False)
        assert said("classify", "evaluate", method, "other.csv", *NAMES) == (
            "elman classify evaluate: sequence 'c3' is of class 'z', which the classifier has never seen; it knows "
            "a, b. Leave the sequence out, or train again with sequences of this class."
        )
        assert said("classify", "predict", method, "two.ts") == (
            "elman classify predict: two.ts has 2 channels, but 1 at fit."
        )
    assert said("classify", "predict", "network", "steps.csv", "--label", "x") == (
        "steps.csv: column 'x' is a channel, and cannot hold the classes. Name another column with --label."
    )
    STEPS.assign(x=STEPS["kind"]).to_csv("other.csv", index=False)
    assert said("classify", "predict", "network", "other.csv") == (
        "other.csv: column 'x' holds 'a' in line 2 (case 'c0'), which is no number."
    )


def test_a_file_of_another_model_names_what_reads_it(run: Any, said: Callable[..., str]) -> None:
    assert run("classify", "train", "steps.csv", *NAMES, *ALONE, "--save", "classes").exit_code == 0
    assert run("text", "train", "play.txt", "--epochs", 1, "--hidden-size", 4, "--save", "words").exit_code == 0
    Forecaster(2, method="naive", season=2).fit(LONG[:20]).save("sales")
    SequenceRegressor(updates=1, ensemble_size=1, hidden_size=2).fit([[1.0], [2.0]], [1.0, 2.0]).save("numbers")
    classify = ["classify", "predict", "{}", "steps.csv"]
    for words, model, message in (
        (classify, "words", "a language model, not a classifier. Read it with elman text."),
        (classify, "sales", "a forecaster, not a classifier. Read it with elman predict."),
        (classify, "numbers", "a regressor of sequences, not a classifier. Read it with elman.load in Python."),
        (["text", "info", "{}"], "classes", "a classifier, not a language model. Read it with elman classify."),
        (["predict", "{}", "steps.csv"], "words", "a language model, not a forecaster. Read it with elman text."),
    ):
        assert said(*[word.format(model) for word in words]) == f"{model}: holds {message}"


TEXTS: dict[str, tuple[list[Any], str]] = {
    "few byte pairs": (
        ["--unit", "bpe", "--vocabulary-size", 10],
        "--vocabulary-size must be an integer between 257 and 50000, got 10.",
    ),
    "rare tokens": (["--min-count", 10**6], "no token occurs 1000000 times. Lower --min-count."),
    "nothing to wait for": (
        ["--validation-fraction", 0, "--patience", 2],
        "--patience needs a part held out for validation. Pass --validation-fraction 0.05.",
    ),
    "a held-out end of nothing": (
        ["--validation-fraction", 0.0001],
        (
            "the text is too short: the validation part, 0.0001 of the text, has 0 tokens, at least 2 are needed. "
            "Bring a longer text, or hold nothing out with --validation-fraction 0."
        ),
    ),
    "an explosion": (["--learning-rate", 1e9], "Lower --learning-rate, or pass --clip-norm 1.0."),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_language_model_is_trained_by_options(name: str, said: Callable[..., str]) -> None:
    words, message = TEXTS[name]
    found = said("text", "train", "play.txt", "--epochs", 1, "--hidden-size", 4, "--steps", 5, *words, "--quiet")
    assert found.startswith("elman text train: ") and found.endswith(message)


def test_writing_by_options(run: Any, said: Callable[..., str]) -> None:
    assert run("text", "train", "play.txt", "--epochs", 1, "--hidden-size", 4, "--save", "words").exit_code == 0
    for option, value in (("temperature", -1), ("top-p", 2), ("repetition-penalty", 0), ("top-k", 999), ("stop", "")):
        found = said("text", "generate", "words", f"--{option}", value)
        assert re.match(rf"elman text generate: --{option} must be ", found)
    Path("a.txt").write_text("t")
    assert said("text", "evaluate", "words", "a.txt").startswith("elman text evaluate: the text must have at least 2")
