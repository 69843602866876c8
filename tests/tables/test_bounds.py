"""Small files that would take much memory or time: refused early with one typed error."""

from __future__ import annotations

import datetime
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman import ArgumentError, DataError
from elman.forecasting.frames import read_panel
from elman.tables.files import read_columns
from elman.tables.parquet_pages import unpacked_size
from elman.tables.series import read_series

DAY = datetime.date(2024, 1, 1)
PLAIN = b"date,y\n2024-01-01,1\n2024-01-02,2\n"


def refused(path: Path, encoding: str = "utf-8") -> str:
    with pytest.raises(DataError) as caught:
        read_columns(path, encoding, [])
    return str(caught.value)


def write(path: Path, columns: dict[str, Any]) -> Path:
    pl.DataFrame(columns).write_parquet(path, compression="zstd")
    return path


def test_sizes_of_pages(tmp_path: Path) -> None:
    days = pl.repeat(DAY, 1000, eager=True)
    path = write(tmp_path / "a.parquet", {"date": days, "y": np.arange(1000.0)})
    columns, size = unpacked_size(path.read_bytes())
    assert columns == 2 and 2 * 1000 * 8 + 1000 * 8 <= size < 2 * 1000 * 8 + 1000 * 8 + 2000


@pytest.mark.parametrize(
    "texts",
    [
        pl.repeat(1.5, 15_000_000, eager=True),  # one value, and how often
        [f"{'a' * 1_000_000}{row}" for row in range(110)],  # packed pages
        pl.repeat("a" * 1_000_000, 110, eager=True),  # a dictionary of one text
    ],
    ids=["numbers", "texts", "one text"],
)
def test_small_files_with_much_inside(texts: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "bomb.parquet", {"date": pl.repeat(DAY, len(texts), eager=True), "y": texts})
    assert path.stat().st_size < 1_000_000
    code = f"""
import pathlib, resource
import polars
from elman import DataError
from elman.tables import files, parquet

parquet.MOST_BYTES = 100_000_000
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    files.read_columns(pathlib.Path({str(path)!r}), "utf-8", [])
except DataError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    message, kilobytes = done.stdout.splitlines()
    assert message == "bomb.parquet: unpacks to more than 100,000,000 bytes. Keep the columns and rows that are needed."
    assert int(kilobytes) < 50_000


def test_damaged_parquet(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.parquet", {"date": [DAY] * 30, "y": [str(row) for row in range(30)]}).read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(200):
        changed = bytearray(whole)
        for at in generator.integers(0, len(whole), 4):
            changed[at] = generator.integers(0, 256)
        (tmp_path / "b.parquet").write_bytes(changed)
        with suppress(DataError):
            read_columns(tmp_path / "b.parquet", "utf-8", [])
    for cut in (1, 8, 100, len(whole) - 4):
        (tmp_path / "b.parquet").write_bytes(whole[:-cut])
        assert refused(tmp_path / "b.parquet").startswith("b.parquet: this is no Parquet file that can be read (")


def test_thousands_of_columns(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(5000)]
    (tmp_path / "a.csv").write_text(f"{','.join(names)}\n{','.join('1' * 5000)}\n")
    write(tmp_path / "a.parquet", {name: [1.0, 2.0] for name in names})
    for name in ("a.csv", "a.parquet"):
        assert refused(tmp_path / name) == f"{name}: there are 5,000 columns, at most 4,096 can be read."


def test_messages_about_many_columns_are_short(tmp_path: Path) -> None:
    names = ",".join(f"c{number}" for number in range(100))
    (tmp_path / "a.csv").write_text(f"date,{names}\n2024-01-01{100 * ',1'}\n2024-01-02{100 * ',2'}\n")
    with pytest.raises(DataError) as caught:
        read_series(tmp_path / "a.csv")
    assert str(caught.value) == (
        "a.csv: several columns hold numbers (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, … 100 in all). Name the one to "
        'forecast with target, or pass all their names, as in target="c0,c1", if each is a series of its own.'
    )
    with pytest.raises(DataError, match=r"are date, c0, .*, c8, … 101 in all\. Name one of them with target\.\Z"):
        read_series(tmp_path / "a.csv", target="sales")


@pytest.mark.parametrize("encoding", ["punycode", "idna", "undefined", "unicode_escape", "rot13", "zlib", "a\0b", "x"])
def test_encodings_that_files_do_not_have(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(PLAIN)
    shown = repr(encoding)
    assert refused(tmp_path / "a.csv", encoding) == f"a.csv: there is no encoding {shown}."


@pytest.mark.parametrize("freq", ["999999999D", f"{'9' * 20}D", f"{'9' * 400}h", "999999999W", "999999MS", 2**70])
def test_frequencies_longer_than_any_calendar(freq: Any) -> None:
    frame = pd.DataFrame({"ds": pd.date_range("2024", periods=5), "y": 1.0})
    with pytest.raises(ArgumentError, match=r"\Afit: freq must be a pandas frequency such as .*, got "):
        read_panel("fit", frame, freq)


def test_gaps_of_a_billion_rows() -> None:
    times = pd.DatetimeIndex([*pd.date_range("2024", periods=5, freq="ns"), pd.Timestamp("2024-01-01 00:00:01")])
    frame = pd.DataFrame({"ds": times, "y": 1.0})
    with pytest.raises(DataError) as caught:
        read_panel("fit", frame, missing="interpolate")
    assert str(caught.value) == (
        "fit: 999,999,995 rows would have to be added to 6; the frequency is ns. Pass a longer freq, or sum the values "
        "by day or month first."
    )
