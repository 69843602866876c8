"""Conversion of the columns of a table of sequences."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from elman import DataError
from elman.tables.steps import read_steps


@pytest.mark.parametrize(
    "entries",
    [
        ["2024-01-01T00:00+01:00", "2024-01-01"],
        ["2024-01-01T00:00+01:00", "2024-07-01T00:00+02:00"],
        ["2024-01-01", "99999999999999-01-01"],
        ["2024-01-01", "yesterday"],
    ],
)
def test_what_is_no_column_of_time_stamps_stays_text(entries: list[str], tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("id,when\n" + "".join(f"a,{entry}\n" for entry in entries))
    assert read_steps(path)[0]["when"].tolist() == entries


def test_time_stamps_with_one_zone(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("id,when\na,2024-01-01T00:00+01:00\na,2024-01-02T00:00+01:00\n")
    assert read_steps(path)[0]["when"].diff().iloc[1] == pd.Timedelta(days=1)


def test_lines_of_delimiters_alone(tmp_path: Path) -> None:
    (tmp_path / "steps.csv").write_text(",,\n\n,\n")
    with pytest.raises(DataError, match=r"^steps\.csv: the file is empty\.$"):
        read_steps(tmp_path / "steps.csv")


def test_names_of_text_columns_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("ID,Class,x\n01,0,5\n01,0,6\n")
    frame = read_steps(path, text=["id", "class"])[0]
    assert frame.to_dict("list") == {"ID": ["01", "01"], "Class": ["0", "0"], "x": [5, 6]}
