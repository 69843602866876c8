"""``elman classify``: results to stdout, messages to stderr, exit codes, files whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

import elman
from cli.commands import read_csv
from elman import SequenceClassifier, SequenceRegressor
from elman.cli._classify_options import METHODS
from elman.cli.app import app
from elman.sequences import SimpleMethod

SMALL = ["--hidden-size", "4", "--updates", "60", "--window", "2"]


@pytest.fixture
def run() -> Callable[..., Any]:
    return lambda *words: CliRunner().invoke(app, ["classify", *[str(word) for word in words]])


def steps(count: int = 20, seed: int = 0) -> pd.DataFrame:
    """Return a long frame of sequences around -1, class "low", and around 1, class "high"."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(count):
        level = i % 2 * 2 - 1
        length = int(rng.integers(3, 9))
        x, z = rng.normal(level, 0.3, length), rng.normal(size=length)
        parts.append(
            pd.DataFrame({"case": f"c{i:02d}", "t": range(length), "x": x, "z": z, "label": ["low", "high"][i % 2]})
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    steps().to_csv(tmp_path / "steps.csv", index=False)
    return tmp_path / "steps.csv"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    frame = steps()
    cases = [
        ":".join(",".join(f"{v:.4f}" for v in part[name]) for name in ("x", "z")) + f":{part['label'].iloc[0]}"
        for _, part in frame.groupby("case")
    ]
    path = tmp_path / "toy.ts"
    path.write_text("@univariate false\n@dimensions 2\n@classLabel true low high\n@data\n" + "\n".join(cases))
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_sizes_by_layer(run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    options = ["--updates", "3", "--check", "0", "--save", tmp_path / "model"]
    sizes = ["--hidden-size", "5,3", "--cell", "lstm", "--projection-size", "2", "--layer-norm"]
    assert run("train", table, *options, *sizes).exit_code == 0
    architecture = elman.load(tmp_path / "model").networks_[0].architecture
    assert (architecture.units, architecture.projection_size, architecture.layer_norm) == ((5, 3), 2, True)
    done = run("train", table, "--hidden-size", "5,x")
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (
        2,
        "Error: --hidden-size 5,x: must be a number such as 64, or one for each layer such as 64,32.",
    )


def test_train_evaluate_and_predict(run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    model, picture, out = tmp_path / "model", tmp_path / "plot.png", tmp_path / "out.csv"
    done = run("train", table, *SMALL, "--save", model, "--plot", picture)
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        f"{table}: sequences by 'case', times by 't', classes in 'label', channels x, z.",
        "20 sequences, 2 classes; window 2, stride 1, 5 networks of 60 updates.",
    ]
    for text in (
        "Check on 20% of the sequences, held out",
        "precision",
        "recall",
        "Confusion matrix",
        "Accuracy 100.0%",
        "Elman and linear, the best simple method, are equal (accuracy 1.000; better on 0 of 4 held-out sequences, wo",
    ):
        assert text in done.stdout
    methods = ("linear", "1-NN Euclidean", "1-NN DTW", "convolutions", "Elman", "most frequent")
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert [line.split("  ")[0] for line in lines if line.startswith(methods) and "  " in line] == [*methods]
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") and len(picture.read_bytes()) > 10_000
    evaluated = run("evaluate", model, table)
    assert evaluated.exit_code == 0
    assert "Accuracy 100.0%; always naming the most frequent class would get 50.0%." in evaluated.stdout
    predicted = run("predict", model, table, "--output", out)
    assert predicted.exit_code == 0 and "c00" in predicted.stdout
    written = read_csv(out)
    assert written.columns.tolist() == ["sequence", "class", "probability of high", "probability of low"]
    assert files(tmp_path) == ["model", "out.csv", "plot.png", "steps.csv"]
    frame = steps().drop(columns="label")
    assert np.array_equal(elman.load(model).predict_proba(frame), written.iloc[:, 2:].to_numpy())


def test_settings_that_were_compared_are_shown_once(run: Callable[..., Any], table: Path) -> None:
    options = ["--hidden-size", "4", "--updates", "20", "--window", "2", "--check", "0", "--tune"]
    done = run("train", table, *options)
    assert done.exit_code == 0
    assert (done.stdout + done.stderr).count("Settings compared on held-out sequences") == 1
    assert "Settings compared" not in run("train", table, *options[:-1]).output


def test_what_wins_can_be_saved_and_applied(run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    model, out = tmp_path / "model", tmp_path / "out.csv"
    usual = run("train", table, *SMALL)
    assert usual.stdout.splitlines()[-1] == "This fits the network; --method best fits linear."
    done = run("train", table, *SMALL, "--method", "best", "--save", model)
    assert done.exit_code == 0 and done.stderr.splitlines()[-1] == "20 sequences, 2 classes; linear."
    assert "--method" not in done.stdout
    like = SequenceClassifier(id_column="case", time_column="t")
    direct = SimpleMethod("linear", like).fit(read_csv(table), "label")
    steps(9, seed=1).drop(columns="label").rename(columns={"case": "id"}).to_csv(tmp_path / "new.csv", index=False)
    predicted = run("predict", model, tmp_path / "new.csv", "--output", out)
    assert predicted.exit_code == 0 and "probability" not in predicted.stdout
    expected = direct.predict(steps(9, seed=1).drop(columns="label"))
    assert read_csv(out).to_dict("list") == {"sequence": [f"c{i:02d}" for i in range(9)], "class": expected.tolist()}
    assert "Accuracy 100.0%" in run("evaluate", model, table).stdout
    cases = [
        ("1-nn-dtw", "1-NN DTW", ["--check", 0]),
        ("convolutions", "convolutions", ["--check", 0]),
        ("1-nn-dtw", "1-NN DTW", ["--test", table, "--plot", tmp_path / "plot.png"]),
    ]
    for method, name, words in cases:
        assert run("train", table, *SMALL, "--method", method, *words, "--save", model).exit_code == 0
        assert elman.load(model).method == name


def test_a_method_that_cannot_be_is_refused(run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    done = run("train", table, "--method", "best", "--check", 0)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "Error: --method best needs a check: leave out --check 0, or pass --test FILE."
    )
    done = run("train", table, "--method", "linear", "--check", 0, "--plot", tmp_path / "plot.png")
    assert done.stderr.splitlines()[-1].startswith("Error: --plot with --method linear needs a check: leave out ")
    assert run("train", table, "--method", "2-nn").exit_code == 2
    regressor = SimpleMethod("mean", SequenceRegressor()).fit([[1.0], [2.0]], [1.0, 2.0])
    regressor.save(tmp_path / "model")
    done = run("predict", tmp_path / "model", table)
    assert (done.exit_code, done.stderr) == (
        1,
        (
            f"Error: {tmp_path / 'model'}: holds a regressor of sequences, not a classifier. "
            "Read it with elman.load in Python.\n"
        ),
    )
    done = CliRunner().invoke(app, ["explain", str(tmp_path / "model"), "--data", str(table), "--row", "1"])
    assert done.stderr == (
        f"Error: {tmp_path / 'model'}: holds a SimpleMethod, which this command does not take; "
        "elman.load reads it in Python.\n"
    )


def test_the_model_is_that_of_the_library(run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    run("train", table, *SMALL, "--save", tmp_path / "model", "--check", 0, "--seed", 3, "--quiet")
    frame = read_csv(table)
    model = SequenceClassifier(
        hidden_size=4, updates=60, window=2, random_state=3, id_column="case", time_column="t", n_threads=2
    )
    model.fit(frame, "label")
    assert np.array_equal(elman.load(tmp_path / "model").networks_[0].theta, model.networks_[0].theta)


def test_ts_files(run: Callable[..., Any], toy: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    done = run("train", toy, *SMALL, "--test", toy, "--save", model, "--balanced")
    assert done.exit_code == 0 and "toy.ts" in done.stdout and "Accuracy 100.0%" in done.stdout
    assert run("evaluate", model, toy, "--quiet", "--plot", tmp_path / "plot.png").exit_code == 0
    assert (tmp_path / "plot.png").exists()
    assert run("predict", model, toy).stdout.count("0.") == 20


def test_a_test_file_with_other_names_of_columns(run: Callable[..., Any], table: Path, toy: Path) -> None:
    other = table.with_name("other.csv")
    steps(8, seed=1).rename(columns={"case": "id", "t": "time"}).to_csv(other, index=False)
    for file in (table, toy):
        done = run("train", file, *SMALL, "--test", other, "--quiet")
        assert done.exit_code == 0 and "of 8 held-out sequences" in done.stdout
    other.write_text(other.read_text().replace("high", "tall"))
    done = run("train", table, *SMALL, "--test", other, "--quiet")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: {other}: has the class 'tall', and {table} has none of it. Add sequences of this class to {table}, or "
        "leave them out.\n"
    )


def test_parquet_is_the_same_as_csv(run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    frame = read_csv(table)
    pl.DataFrame({name: frame[name].tolist() for name in frame}).write_parquet(tmp_path / "steps.parquet")
    texts = [run("train", path, *SMALL).stdout for path in (table, tmp_path / "steps.parquet")]
    assert texts[0] == texts[1]
    (tmp_path / "bad.parquet").write_text("PAR1")
    done = run("train", tmp_path / "bad.parquet")
    assert done.exit_code == 1 and done.stderr.startswith("Error: bad.parquet: ")


def test_columns_by_name_and_semicolons(run: Callable[..., Any], tmp_path: Path) -> None:
    frame = steps().rename(columns={"case": "who", "label": "kind", "t": "when"})
    frame["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["when"], unit="h")
    frame.to_csv(tmp_path / "steps.csv", sep=";", decimal=",", index=False)
    done = run("train", tmp_path / "steps.csv", *SMALL, "--id", "who", "--time", "when", "--label", "kind")
    assert done.exit_code == 0
    assert done.stderr.splitlines()[:4] == [
        f"{tmp_path / 'steps.csv'}: sequences by 'who', times by 'when', classes in 'kind', channels x, z.",
        f"{tmp_path / 'steps.csv'}: columns are separated by semicolons.",
        f"{tmp_path / 'steps.csv'}: numbers in x have a decimal comma.",
        f"{tmp_path / 'steps.csv'}: numbers in z have a decimal comma.",
    ]


def test_more_predictions_than_a_screen_holds(run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    run("train", table, *SMALL, "--check", 0, "--save", tmp_path / "model")
    steps(70).to_csv(tmp_path / "many.csv", index=False)
    assert (
        "… and 10 more rows; --output writes all of them"
        in run("predict", tmp_path / "model", tmp_path / "many.csv").stdout
    )


WRONG_USAGE: dict[str, tuple[list[Any], str]] = {
    "no file": (["train", "no.csv"], "Error: no.csv: no such file."),
    "a folder": (["train", "{folder}"], "Error: {folder}: is a folder."),
    "no model": (["predict", "no.model", "{table}"], "Error: no.model: no such file."),
    "no folder": (["train", "{table}", "--save", "no/model"], "Error: --save no/model: there is no folder no."),
    "window": (
        ["train", "{table}", "--window", "some"],
        "Error: --window some: must be auto or a number of at least 1.",
    ),
}


@pytest.mark.parametrize("case", WRONG_USAGE)
def test_wrong_usage_ends_with_2(case: str, run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    words, message = WRONG_USAGE[case]
    done = run(*[word.format(folder=tmp_path, table=table) for word in words])
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1] == message.format(folder=tmp_path, table=table)
    assert done.stdout == "" and files(tmp_path) == ["steps.csv"]


BAD_DATA: dict[str, tuple[str, list[str], str]] = {
    "empty": ("", [], "data.csv: the file is empty."),
    "header alone": ("case,x,label\n", [], "data.csv: there is a header, but no rows."),
    "ragged": ("case,x,label\n1,2\n", [], "data.csv: line 2 has 2 fields, the header has 3."),
    "column twice": ("case,x,x\n1,2,3\n", [], "data.csv: two columns are called 'x'."),
    "no id": ("who,x\n1,2\n", [], "{path}: no column tells sequences apart (columns: who, x). Name it with --id."),
    "no such column": (
        "case,x\n1,2\n",
        ["--label", "kind"],
        (
            "{path}: there is no column 'kind'; the columns are case, x. Name one of them with --label, or "
            "rename the column in the file."
        ),
    ),
    "no classes": ("case,x\n1,2\n", [], "{path}: there are no classes. Name their column with --label."),
    "several classes": (
        "case,x,label\n1,2,a\n1,3,b\n",
        [],
        (
            "{path}: the sequence '1' has several classes in 'label': a, b. "
            "Write the same class in all of its rows, or give its parts names of their own."
        ),
    ),
    "class missing": (
        "case,x,label\n1,2,\n",
        [],
        "{path}: the sequence '1' has no class in 'label' in line 2. Fill it, or leave the sequence out.",
    ),
    "text": (
        "case,x,label\n1,2,a\n2,x,b\n3,4,a\n",
        [],
        "data.csv: column 'x' holds 'x' in line 3, which is no number.",
    ),
    "text throughout": (
        "case,x,label\n1,two,a\n2,three,b\n",
        [],
        "{path}: column 'x' holds text, such as 'two'. Remove the column.",
    ),
    "missing value": (
        "case,x,label\n1,2,a\n2,,b\n",
        [],
        "{path}: column 'x' is missing (NaN) in line 3 (case '2'). Fill it, or drop the row.",
    ),
    "time twice": (
        "case,t,x,label\n1,0,2,a\n1,0,3,a\n",
        [],
        (
            "{path}: t 0 occurs twice in the sequence with case '1'. Drop one of the rows, or name another column with "
            "--time."
        ),
    ),
    "one class": (
        "case,x,label\n1,2,a\n2,3,a\n",
        ["--check", "0"],
        (
            "{path}: all sequences are of the class 'a'; a classifier needs two classes. "
            "Add sequences of another class, or name another column of classes with --label."
        ),
    ),
    "too few to check": (
        "case,x,label\n1,2,a\n2,3,b\n",
        [],
        (
            "elman classify train: cannot hold out a part for a check: 'a', 'b' have one sequence each, and every "
            "class needs two. Name other sequences with --test, or make no check with --check 0."
        ),
    ),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_ends_with_1(case: str, run: Callable[..., Any], tmp_path: Path) -> None:
    text, options, message = BAD_DATA[case]
    path = tmp_path / "data.csv"
    path.write_text(text)
    done = run("train", path, *options, "--save", tmp_path / "model", "--quiet")
    assert done.exit_code == 1
    assert done.stderr == f"Error: {message.format(path=path)}\n"
    assert done.stdout == "" and files(tmp_path) == ["data.csv"]


def test_encodings_and_unknown_classes(run: Callable[..., Any], table: Path, tmp_path: Path) -> None:
    run("train", table, *SMALL, "--check", 0, "--save", tmp_path / "model")
    (tmp_path / "latin.csv").write_bytes("case,x,z,label\n1,2,3,für\n".encode("latin-1"))
    done = run("evaluate", tmp_path / "model", tmp_path / "latin.csv")
    assert done.exit_code == 1
    assert done.stderr == "Error: latin.csv: byte 22 (0xfc) is not utf-8. Pass --encoding latin-1 or whichever it is.\n"
    done = run("evaluate", tmp_path / "model", tmp_path / "latin.csv", "--encoding", "latin-1", "--quiet")
    assert done.exit_code == 1
    assert done.stderr == (
        "Error: elman classify evaluate: sequence '1' is of class 'für', which the classifier has never seen; it knows "
        "high, low. Leave the sequence out, or train again with sequences of this class.\n"
    )
    done = run("evaluate", table, table)
    assert done.exit_code == 1 and "not an Elman file" in done.stderr


def test_the_methods_of_the_option_are_those_that_a_classifier_has() -> None:
    with pytest.raises(elman.ArgumentError) as caught:
        SimpleMethod("none", SequenceClassifier()).fit([[[1.0]], [[2.0]]], ["a", "b"])
    assert f"must be one of {', '.join(map(repr, METHODS))}, got" in str(caught.value)


def test_a_saved_model_reads_tables_with_other_columns(run: Callable[..., Any], tmp_path: Path) -> None:
    frame = steps().rename(columns={"label": "sort"})
    frame.to_csv(tmp_path / "steps.csv", index=False)
    columns = ["--id", "case", "--time", "t", "--label", "sort", "--check", "0"]
    for method, name in (("network", "model"), ("linear", "simple")):
        saved = ["--method", method, "--save", tmp_path / name]
        assert run("train", tmp_path / "steps.csv", *columns, *saved, *SMALL).exit_code == 0
        alone = run("predict", tmp_path / name, tmp_path / "steps.csv")
        other = frame.assign(sort=[None] * len(frame), page=1.5, note="a", remark="b")
        other.to_csv(tmp_path / "more.csv", index=False)
        assert run("predict", tmp_path / name, tmp_path / "more.csv").stdout == alone.stdout != ""
        done = run("evaluate", tmp_path / name, tmp_path / "steps.csv")
        assert (done.exit_code, "Accuracy 100.0%" in done.stdout) == (0, True)
        done = run("evaluate", tmp_path / name, tmp_path / "more.csv")
        assert done.stderr.splitlines()[-1].endswith("there are no classes. Name their column with --label.")
