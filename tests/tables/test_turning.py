"""Tables with a row per series and a column per time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from elman import DataError
from elman.tables.files import Columns
from elman.tables.series import Table, read_series
from elman.tables.turning import turned

MONTHS = "2024-01,2024-02,2024-03"


def read(tmp_path: Path, content: str, **options: Any) -> Table:
    path = tmp_path / "sales.csv"
    path.write_text(content)
    return read_series(path, **options)


def values(table: Table) -> dict[str, list[float]]:
    return {str(name): part["y"].tolist() for name, part in table.frame.groupby("unique_id", sort=False)}


def test_a_row_per_series(tmp_path: Path) -> None:
    table = read(tmp_path, f"shop,{MONTHS}\nnorth,5,7,6\nsouth,1,2,4\n")
    assert (table.time, table.target, table.series) == ("time", "value", "shop")
    assert values(table) == {"north": [5.0, 7.0, 6.0], "south": [1.0, 2.0, 4.0]}
    assert table.frame["ds"].astype(str).tolist() == ["2024-01-01", "2024-02-01", "2024-03-01"] * 2
    assert table.notes == ["columns 2024-01 to 2024-03 are times, each row is a series, named by 'shop'"]


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ("1960,1961,1962", "1960-01-01"),
        ("Jan-24,Feb-24,Mar-24", "2024-01-01"),
        ("2024Q1,2024Q2,2024Q3", "2024-01-01"),
        ("1/22/20,1/23/20,1/24/20", "2020-01-22"),
        ("22.01.2020,23.01.2020,24.01.2020", "2020-01-22"),
        ("2024-01-07 00:00,2024-01-07 01:00,2024-01-07 02:00", "2024-01-07"),
    ],
)
def test_times_of_many_forms(names: str, first: str, tmp_path: Path) -> None:
    table = read(tmp_path, f"shop,{names}\nnorth,5,7,6\nsouth,1,2,4\n")
    assert table.frame["ds"].iloc[0] == pd.Timestamp(first)
    assert values(table) == {"north": [5.0, 7.0, 6.0], "south": [1.0, 2.0, 4.0]}


def test_a_row_may_have_a_date_of_its_own(tmp_path: Path) -> None:
    table = read(
        tmp_path, f"shop,opened,{MONTHS}\nnorth,2020-05-01,5,7,6\nsouth,2019-03-01,1,2,4\nwest,2021-01-01,3,3,3\n"
    )
    assert values(table) == {"north": [5.0, 7.0, 6.0], "south": [1.0, 2.0, 4.0], "west": [3.0, 3.0, 3.0]}


def test_newest_first(tmp_path: Path) -> None:
    table = read(tmp_path, "shop,2024-03,2024-02,2024-01\nnorth,6,7,5\nsouth,4,2,1\n")
    north = table.frame[table.frame["unique_id"] == "north"].sort_values("ds")
    assert north["y"].tolist() == [5.0, 7.0, 6.0]


@pytest.mark.parametrize(
    ("content", "series"),
    [
        (f"country,code,{MONTHS}\nPeru,PE,5,7,6\nChad,TD,1,2,4\n", "country"),
        (f"country,code,{MONTHS}\nPeru,PE,5,7,6\nPeru,TD,1,2,4\n", "code"),
        (f"code,id,{MONTHS}\nPE,2,5,7,6\nTD,3,1,2,4\n", "id"),
        (f"state,country,lat,{MONTHS}\n,Peru,1.5,5,7,6\nOntario,Peru,2.5,1,2,4\n", "state,country"),
        (f"store,{MONTHS}\n1,5,7,6\n2,1,2,4\n", "store"),
        (f"{MONTHS},\n5,7,6,\n", None),
        (f",{MONTHS}\nnorth,5,7,6\nsouth,1,2,4\n", "column 1"),
        (f",{MONTHS}\n0,5,7,6\n1,1,2,4\n", "column 1"),
        (f",shop,{MONTHS}\n0,north,5,7,6\n1,south,1,2,4\n", "shop"),
        (f"land,,{MONTHS}\nPeru,north,5,7,6\nPeru,south,1,2,4\n", "column 2"),
    ],
)
def test_columns_that_name_the_rows(content: str, series: str | None, tmp_path: Path) -> None:
    table = read(tmp_path, content)
    assert table.series == series
    assert table.frame["y"].tolist() == [5.0, 7.0, 6.0, 1.0, 2.0, 4.0][: len(table.frame)]


def test_named_columns_come_first(tmp_path: Path) -> None:
    content = f"country,code,{MONTHS}\nPeru,PE,5,7,6\nChad,TD,1,2,4\n"
    assert read(tmp_path, content, series="code").series == "code"
    table = read(tmp_path, f"day,{MONTHS}\n2024-05-01,5,7,6\n2024-05-02,1,2,4\n", target="2024-02")
    assert (table.time, table.frame["y"].tolist()) == ("day", [7.0, 2.0])


def test_blank_cells(tmp_path: Path) -> None:
    table = read(tmp_path, f"shop,{MONTHS},2024-04\nnew,,..,6,8\nold,1,2,,\nnone,,,NA,\ngap,1,,3,4\n")
    assert values(table)["new"] == [6.0, 8.0]
    assert values(table)["old"] == [1.0, 2.0]
    assert str(values(table)["gap"]) == "[1.0, nan, 3.0, 4.0]"
    assert "none" not in values(table)
    assert table.notes[1] == "without a value, not used: line 4"


def test_no_value_at_all(tmp_path: Path) -> None:
    why = r"^sales.csv: no cell in columns 2024-01 to 2024-03 has a value\. Fill them\.$"
    with pytest.raises(DataError, match=why):
        read(tmp_path, f"shop,{MONTHS}\nnorth,,,\nsouth,NA,,\n")


def test_a_wrong_cell_is_named_by_line_and_column(tmp_path: Path) -> None:
    why = r"'value' holds 'many' in line 3, column '2024-02', which is no number\. Correct the cell\."
    with pytest.raises(DataError, match=why):
        read(tmp_path, f"shop,{MONTHS}\nnorth,5,7,6\nsouth,1,many,4\n")


def test_rows_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="occurs more than once in column 'time' where 'shop' is 'north'"):
        read(tmp_path, f"shop,{MONTHS}\nnorth,5,7,6\nnorth,1,2,4\n")


def test_names_of_columns_that_can_be_read_in_two_ways(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the names of the columns: dates such as 3/4/2020 can be read day first"):
        read(tmp_path, "shop,3/4/2020,4/5/2020,5/6/2020\nnorth,5,7,6\n")


@pytest.mark.parametrize(
    "names",
    [
        "month,2022,2023,2024",  # a month in each row
        "Mon,2022,2023,2024",
        "shop,1-1,1-2,2-1",  # sizes
        "shop,2024-01,2024-03,2024-02",
        "shop,2024-01,2024-02",
        "shop,1.2024,2.2025,3.2026",
        "shop,model 2022,model 2023,model 2024",
        "Datum/Zeit,2022,2023,2024",
    ],
)
def test_other_tables_are_left_as_they_are(names: str) -> None:
    first, *others = names.split(",")
    entries = {"month": ["1", "2", "3"], "Mon": ["Jan", "Mar", "Feb"], "Datum/Zeit": ["2024-05", "2024-06", "2024-07"]}
    columns = Columns({first: entries.get(first, ["a", "b", "c"]), **{name: ["5", "7", "6"] for name in others}})
    notes: list[str] = []
    assert turned(Path("sales.csv"), columns, None, None, None, notes) == (columns, None)
    assert notes == []


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "sales.parquet"
    pd.DataFrame({"shop": ["a", "b"], "2022": [5.0, None], "2023": [7, 1], "2024": [6, 2]}).to_parquet(path)
    assert values(read_series(path)) == {"a": [5.0, 7.0, 6.0], "b": [1.0, 2.0]}


def test_names_and_values_above_the_table(tmp_path: Path) -> None:
    """As in the files of the World Bank."""
    source = '"Source","World Indicators",\n\n"Updated","2023-09-19",\n\n'
    table = read(tmp_path, f"{source}country,code,{MONTHS},\nPeru,PE,5,7,6,\nChad,TD,1,2,4,\n")
    assert values(table) == {"Peru": [5.0, 7.0, 6.0], "Chad": [1.0, 2.0, 4.0]}
    assert table.notes[0] == "lines 1 to 3 above the table skipped"
    with pytest.raises(DataError, match="line 3 has 4 fields, the header has 2"):
        read(tmp_path, "month,y\n2024-01,5\n2024-02,7,8,9\n2024-03,6\n")
