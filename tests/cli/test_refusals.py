"""Wrong usage ends with 2, bad data with 1, each with one sentence and without a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.commands import QUICK, files

WRONG_USAGE = {
    "nowhere.csv": (
        "nowhere.csv: no such file, and no series of that name comes with Elman (air-passengers, sunspots do)."
    ),
    ".": ".: the forecast of a folder is written to a folder; name it with --output.",
    "sunspots --season monthly": "--season monthly: must be auto, a number such as 12, or several such as 24,168.",
    "sunspots --season \u00b2": "--season \u00b2: must be auto, a number such as 12, or several such as 24,168.",
    "sunspots --season 12,": "--season 12,: must be auto, a number such as 12, or several such as 24,168.",
    "sunspots --window 0": "--window 0: must be auto or a number of at least 1.",
    "sunspots --window \u00b2": "--window \u00b2: must be auto or a number of at least 1.",
    "sunspots --level 0.8": "--level 0.8: is in percent; pass --level 80.",
    "sunspots --level 0.8,95": "--level 0.8,95: is in percent; pass --level 80,95.",
    "sunspots --level 0.8,0.95": "--level 0.8,0.95: is in percent; pass --level 80,95.",
    "sunspots --level 0": ("--level 0: must be auto, none, a percentage such as 80, or several such as 80,95."),
    "sunspots --level 80,high": (
        "--level 80,high: must be auto, none, a percentage such as 80, or several such as 80,95."
    ),
    "sunspots --method theata": "--method theata: must be one of auto, prior, tuned, network, ",
    "sunspots --cell ltsm": "--cell ltsm: must be one of lstm, gru, rnn.",
    "sunspots --missing drop": "--missing drop: must be one of error, seasonal_median, interpolate, mask.",
    "sunspots --output no/where.csv": "--output no/where.csv: there is no folder no.",
    "sunspots --plot .": "--plot .: is a folder.",
}


@pytest.mark.parametrize("words", WRONG_USAGE)
def test_wrong_usage_is_2(words: str, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("forecast", *words.split(), "--horizon", 4)
    assert (done.exit_code, done.stdout) == (2, "")
    said = WRONG_USAGE[words]
    assert done.stderr == f"Error: {said}\n" or (said.endswith(", ") and done.stderr.startswith(f"Error: {said}"))
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "words", [[], ["forecast"], ["forecast", "sunspots"], ["forecast", "sunspots", "-n", "0"], ["forcast"]]
)
def test_usage_that_the_parser_refuses(words: list[str], run: Callable[..., Any]) -> None:
    assert run(*words).exit_code == 2


BAD_DATA = {
    "": "bad.csv: the file is empty.",
    "day,y\n": "bad.csv: there is a header, but no rows.",
    "day,y\n2024-01-01,1\n2024-01-02,2,3\n": "bad.csv: line 3 has 3 fields, the header has 2.",
    "day,y\n2024-01-01,1\nyesterday,2\n": (
        "bad.csv: column 'day' holds 'yesterday' in line 3, which is no date. Name another with --time, or give its "
        "form with --date-format."
    ),
    "day,y\n2024-01-01,1\n2024-01-02,two\n2024-01-03,3\n": (
        "bad.csv: column 'y' holds 'two' in line 3, which is no number. Correct the cell."
    ),
    "day,y\n2024-01-01,1\nyesterday,2\n2024-01-03,3\n": (
        "bad.csv: column 'day' holds 'yesterday' in line 3, which is no date. Correct the cell."
    ),
    "day,y\n2024-01-01T00:00Z,1\n2024-01-02T00:00,2\n2024-01-03T00:00Z,3\n": (
        "bad.csv: column 'day' holds '2024-01-02T00:00' in line 3, which has no time zone, unlike the first. "
        "Correct the cell."
    ),
    "day,y\n2024-01-01,1\n2024-01-02,two\n": (
        "bad.csv: no column besides the dates holds numbers throughout. Name the one to forecast with --target."
    ),
    "day,a,b\n2024-01-01,1,2\n2024-01-02,2,3\n": (
        "bad.csv: several columns hold numbers (a, b). Name the one to forecast with --target, "
        "or pass --target a,b if each is a series of its own."
    ),
    "day,y\n2024-01-01,1\n": "bad.csv: no series has more than one row, at least 2 are needed.",
    "day,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,3\n": (
        "elman forecast: 'y' is missing (NaN) in series 'y' at 2024-01-02 00:00:00. "
        "Fill it, drop it, or pass --missing seasonal_median or --missing interpolate."
    ),
    "day,y\n2024-01-01,1\n2024-01-02,inf\n2024-01-03,3\n": (
        "elman forecast: 'y' is inf in series 'y' at 2024-01-02 00:00:00; every value must be finite."
    ),
    "day,y\n2024-01-01,1\n2024-01-02,1e39\n2024-01-03,3\n": (
        "elman forecast: 'y' is 1e+39 in series 'y' at 2024-01-02 00:00:00; the largest number that can be used is "
        "3.40282e+38 (float32). Divide the series first."
    ),
    "day,y\n" + "".join(f"2024-01-{day:02d},1\n" for day in range(1, 20) if day != 3): (
        "elman forecast: series 'y' has no row for 2024-01-03 00:00:00; the frequency is D (inferred). "
        "Add the row, or pass --missing seasonal_median or --missing interpolate."
    ),
    "day,y\n2024-01-01,1\n2024-01-09,2\n2024-01-11,3\n2024-02-05,3\n": (
        "elman forecast: the frequency cannot be inferred from 'day' (2024-01-01 00:00:00, 2024-01-09 00:00:00, "
        "2024-01-11 00:00:00, 2024-02-05 00:00:00). They are 2 days to 25 days apart, and a forecast needs even steps. "
        "Average them in the file over months, or sum them there if they add up."
    ),
    "day,y\n2024-01-01,1\n2024-01-01,2\n2024-01-02,3\n": (
        "bad.csv: 2024-01-01 00:00:00 occurs more than once in column 'day'. No column identifies several series. "
        "Sum the rows of one time, or drop all but one."
    ),
    "day,id,y\n2024-01-01,a,1\n2024-01-01,a,2\n2024-01-02,a,3\n": (
        "bad.csv: 2024-01-01 00:00:00 occurs more than once in column 'day' where 'id' is 'a'. No further column "
        "tells these rows apart. Sum the rows of one time, or drop all but one."
    ),
    "day,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n": (
        "elman forecast: the series has 3 values, but window + horizon = 1 + 4 = 5 are needed. "
        "Shorten the horizon or the window, or bring more data."
    ),
}


@pytest.mark.parametrize("content", BAD_DATA)
def test_bad_data_is_1_and_leaves_no_file(content: str, run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    done = run(
        "forecast",
        path,
        "-n",
        4,
        *(["--method", "network"] if "window" in BAD_DATA[content] else []),
        "--output",
        tmp_path / "o.csv",
        "--plot",
        tmp_path / "p.png",
        "--save",
        tmp_path / "m",
    )
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == f"Error: {BAD_DATA[content]}"
    assert files(tmp_path) == ["bad.csv"]


def test_encodings_end_with_1_and_name_the_byte(run: Callable[..., Any], tmp_path: Path, sales: Path) -> None:
    text = sales.read_text().replace("sales", "Größe")
    path = tmp_path / "bad.csv"
    said = {
        "latin-1": "bad.csv: byte 7 (0xf6) is not utf-8. Pass --encoding latin-1 or whichever it is.",
        "utf-16": "bad.csv: the file starts like UTF-16 (bytes ff fe). Pass --encoding utf-16.",
        "utf-16-be": "bad.csv: the file holds NUL characters; it is not a CSV file, or not in utf-8.",
    }
    for encoding, message in said.items():
        plain = "date,size" if encoding == "utf-16-be" else "date,Größe"
        path.write_bytes(text.replace("date,Größe", plain).encode(encoding))
        done = run("forecast", path, "-n", 4)
        assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"Error: {message}\n")
    for content in (text.encode("utf-8-sig"), text.replace("\n", "\r\n").encode(), text.replace(",", ";").encode()):
        path.write_bytes(content)
        assert run("forecast", path, "-n", 4, *QUICK, "--backtest", 0, "--level", "none").exit_code == 0
