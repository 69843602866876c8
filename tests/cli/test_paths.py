"""Sample paths of the command are those of the library, and are refused where there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cli.commands import LONG, QUICK, files, read_csv
from elman import Forecaster

FRAME = pd.DataFrame({"unique_id": "sales", "ds": pd.date_range("2014-01-01", periods=120), "y": LONG.round(2)})


def test_paths_have_the_bits_of_the_library_and_of_the_saved_model(run: Any, long: Path, tmp_path: Path) -> None:
    out, model, again = tmp_path / "paths.csv", tmp_path / "m.model", tmp_path / "again.json"
    words = ["-n", 4, "--method", "prior", "--backtest", 0, "--seed", 3, "--samples", 7, "--save", model]
    done = run("forecast", long, *words, "--paths", out)
    assert (done.exit_code, "Forecast" in done.stdout) == (0, True)
    library = Forecaster(4, method="prior", random_state=3).fit(FRAME)
    written, expected = read_csv(out, parse_dates=["date"]), library.sample(7, seed=3)
    assert list(written) == ["date", "sample", "sales"] and len(written) == 28
    assert written["sample"].tolist() == np.repeat(np.arange(7), 4).tolist()
    assert written["sales"].tolist() == expected["Elman"].tolist()
    assert written["date"].tolist() == expected["ds"].tolist()
    for file in ([], [long]):
        assert run("predict", model, *file, "--paths", again, "--samples", 7, "--seed", 3).exit_code == 0
        assert [row["sales"] for row in json.loads(again.read_text())] == expected["Elman"].tolist()
    assert run("predict", model, "--paths", again).exit_code == 0
    assert [row["sales"] for row in json.loads(again.read_text())] == library.sample()[
        "Elman"
    ].tolist()  # 100 paths of seed 0


def test_a_network_is_given_the_errors_that_paths_need(run: Any, long: Path, tmp_path: Path) -> None:
    out = tmp_path / "paths.csv"
    words = ["forecast", long, "-n", 3, *QUICK, "--backtest", 0, "--level", "none", "--paths", out, "--samples", 6]
    assert run(*words).exit_code == 0
    model = Forecaster(3, method="network", window=5, season=4, intervals="auto", random_state=0).fit(FRAME)
    assert read_csv(out)["sales"].tolist() == model.sample(6)["Elman"].tolist()
    short = tmp_path / "short.csv"
    long_lines = long.read_text().splitlines(keepends=True)
    short.write_text("".join(long_lines[:10]))
    done = run("forecast", short, "-n", 5, "--method", "network", "--window", 2, "--backtest", 0, "--paths", out)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "Error: elman forecast: the longest series has 9 values, intervals need at least 10, twice the horizon."
    )


def test_one_column_per_series(run: Any, tmp_path: Path) -> None:
    days, table, out = pd.date_range("2014-01-01", periods=40), tmp_path / "wide.csv", tmp_path / "paths.csv"
    pd.DataFrame({"day": days, "north": LONG[:40], "south": 2 * LONG[:40]}).to_csv(table, index=False)
    words = ["-n", 2, "--method", "prior", "--backtest", 0, "--target", "north,south", "--paths", out, "--samples", 3]
    assert run("forecast", table, *words).exit_code == 0
    frames = [
        pd.DataFrame({"unique_id": name, "ds": days, "y": LONG[:40] * k}) for name, k in (("north", 1), ("south", 2))
    ]
    expected = Forecaster(2, method="prior", random_state=0).fit(pd.concat(frames)).sample(3)
    written = read_csv(out)
    assert list(written) == ["day", "sample", "north", "south"] and len(written) == 6
    for name in ("north", "south"):
        assert written[name].tolist() == expected.loc[expected["unique_id"] == name, "Elman"].tolist()


def test_refusals(run: Any, long: Path, tmp_path: Path) -> None:
    out, model, folder = tmp_path / "paths.csv", tmp_path / "m.model", tmp_path / "parts"
    quick = ["-n", 3, *QUICK, "--backtest", 0, "--level", "none"]
    assert run("forecast", long, *quick, "--save", model).exit_code == 0
    folder.mkdir()
    FRAME.to_parquet(folder / "a.parquet")
    named = tmp_path / "named.csv"
    named.write_text(long.read_text().replace("sales", "sample"))
    for words, said in (
        (
            ["forecast", long, *quick, "--samples", 5],
            "--samples 5: the paths need a file of their own; name it with --paths.",
        ),
        (["predict", model, "--seed", 5], "without --paths nothing is drawn; --seed does not go with it."),
        (
            ["predict", model, "--paths", out],
            "elman predict: there are no intervals. Run elman forecast again with --level 80.",
        ),
        (
            ["forecast", named, *quick, "--paths", out],
            f"--paths {out}: numbers the paths in a column 'sample'; rename that of the data.",
        ),
        (
            ["forecast", folder, "-n", 3, "--output", tmp_path / "out", "--paths", out],
            f"{folder}: is a folder; --paths does not go with it.",
        ),
        (
            ["predict", model, folder, "--output", tmp_path / "out", "--paths", out],
            f"{folder}: is a folder; --paths does not go with it.",
        ),
        (
            ["predict", model, long, "--paths", model],
            f"--paths {model}: would replace a file that is read; name another.",
        ),
    ):
        done = run(*words)
        assert (done.exit_code, done.stdout, done.stderr.splitlines()[-1]) == (2, "", f"Error: {said}")
    assert files(tmp_path) == ["long.csv", "m.model", "named.csv", "parts"]
