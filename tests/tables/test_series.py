"""CSV files of all kinds, and the notes on them."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman import DataError, ElmanError
from elman.tables.files import Notation
from elman.tables.series import Table, read_series

PLAIN = "month,sales\n2024-01-01,5\n2024-02-01,7\n2024-03-01,6\n"


def read(tmp_path: Path, content: str | bytes, **options: Any) -> Table:
    path = tmp_path / "sales.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_series(path, **options)


def refused(tmp_path: Path, content: str | bytes, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(tmp_path, content, **options)
    return str(caught.value)


def test_plain(tmp_path: Path) -> None:
    table = read(tmp_path, PLAIN)
    assert (table.time, table.target, table.series, table.notes) == ("month", "sales", None, [])
    assert table.frame["unique_id"].tolist() == ["sales"] * 3
    assert table.frame["y"].tolist() == [5.0, 7.0, 6.0]
    assert table.frame["ds"].astype(str).tolist() == ["2024-01-01", "2024-02-01", "2024-03-01"]


DATES = ("2024-01-01", "2024-02-01", "2024-03-01")


def dated(*dates: str) -> str:
    """Return the plain table with its dates written differently."""
    text = PLAIN
    for plain, other in zip(DATES, dates, strict=True):
        text = text.replace(plain, other)
    return text


CLOTHES: dict[str, tuple[str, list[str]]] = {
    "BOM": ("\ufeff" + PLAIN, []),
    "CRLF": (PLAIN.replace("\n", "\r\n"), []),
    "CR": (PLAIN.replace("\n", "\r"), []),
    "semicolons": (PLAIN.replace(",", ";"), ["columns are separated by semicolons"]),
    "tabs": (PLAIN.replace(",", "\t"), ["columns are separated by tabs"]),
    "quotes": (PLAIN.replace("2024-01-01", '"2024-01-01"').replace("sales", '" sales "'), []),
    "blank lines": ("\n\n" + PLAIN + "\n , \n", []),
    "months": (PLAIN.replace("-01,", ","), []),
    "month first": (dated("1/1/2024", "2/1/2024", "3/1/2024"), ["dates such as 1/1/2024 were read month first"]),
    "day first": (dated("1.1.2024", "1.2.2024", "1.3.2024"), ["dates such as 1.1.2024 were read day first"]),
    "whole numbers as pandas writes them": (dated("20240101.0", "20240201.0", "20240301.0"), []),
    "ISO": (dated(*(f"{date}T00:00:00" for date in DATES)), []),
    "compact": (dated(*(date.replace("-", "") for date in DATES)), []),
}


@pytest.mark.parametrize("name", CLOTHES)
def test_the_same_table_in_other_clothes(name: str, tmp_path: Path) -> None:
    content, notes = CLOTHES[name]
    table = read(tmp_path, content)
    assert table.frame.equals(read(tmp_path, PLAIN).frame)
    assert (table.target, table.notes) == ("sales", notes)


def test_decimal_comma(tmp_path: Path) -> None:
    table = read(tmp_path, "Datum;Umsatz\n01.01.2024;1.234,5\n13.01.2024;\n25.01.2024;-0,25\n")
    np.testing.assert_array_equal(table.frame["y"], [1234.5, np.nan, -0.25])
    assert table.notes == ["columns are separated by semicolons", "numbers in Umsatz have a decimal comma"]
    assert table.frame["ds"].dt.day.tolist() == [1, 13, 25]


def test_columns_are_found_or_named(tmp_path: Path) -> None:
    content = "id,day,price,sales,remark\na,2024-01-01,1,5,x\nb,2024-01-01,2,6,y\nb,2024-01-02,3,7,y\n"
    table = read(tmp_path, content)
    assert (table.time, table.target, table.series) == ("day", "sales", "id")
    assert table.frame["unique_id"].tolist() == ["a", "b", "b"]
    assert read(tmp_path, content, target="price").frame["y"].tolist() == [1.0, 2.0, 3.0]
    other = read(tmp_path, content.replace("id,", "shop,"), series="shop", time="day", target="sales")
    assert other.frame["unique_id"].tolist() == ["a", "b", "b"]


def test_years_and_several_offsets(tmp_path: Path) -> None:
    years = read(tmp_path, "year,y\n1700,5\n1701,11\n")
    assert years.frame["ds"].dt.year.tolist() == [1700, 1701]
    offsets = read(tmp_path, "time,y\n2024-03-31T01:00+01:00,1\n2024-03-31T03:00+02:00,2\n")
    assert str(offsets.frame["ds"].iloc[1]) == "2024-03-31 03:00:00+02:00"
    assert offsets.notes == ["offsets from UTC change between summer and winter, as in Europe/Berlin"]
    odd = read(tmp_path, "time,y\n2024-03-31T01:00+01:00,1\n2024-03-31T03:00+07:00,2\n")
    assert str(odd.frame["ds"].iloc[1]) == "2024-03-30 20:00:00+00:00"


def test_missing_values_are_left_to_the_forecaster(tmp_path: Path) -> None:
    frame = read(tmp_path, "month,sales\n2024-01-01,5\n2024-02-01,NA\n2024-03-01,\n2024-04-01,6\n").frame
    assert frame["y"].isna().tolist() == [False, True, True, False]


def test_encodings(tmp_path: Path) -> None:
    latin = PLAIN.replace("sales", "Erlös").encode("latin-1")
    assert refused(tmp_path, latin) == (
        'sales.csv: byte 9 (0xf6) is not utf-8. Pass encoding="latin-1" or whichever it is.'
    )
    assert read(tmp_path, latin, encoding="latin-1").target == "Erlös"
    wide = PLAIN.encode("utf-16")
    assert refused(tmp_path, wide) == 'sales.csv: the file starts like UTF-16 (bytes ff fe). Pass encoding="utf-16".'
    assert read(tmp_path, wide, encoding="utf-16").target == "sales"
    assert refused(tmp_path, PLAIN, encoding="morse") == "sales.csv: there is no encoding 'morse'."
    assert refused(tmp_path, "a,b\n\0,1\n") == (
        "sales.csv: the file holds NUL characters; it is not a CSV file, or not in utf-8."
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty."),
        (" \n\n", "the file is empty."),
        (",,\n,\n", "the file is empty."),
        ("\ufeff\n", "the file is empty."),
        ("a" * 200_000 + ",b\n1,2\n", "the first line has 200,002 characters; it is not a CSV file."),
        ("month,sales\n", "there is a header, but no rows."),
        ("sales\n1\n2\n", "there is only one column, 'sales'; at least two are needed."),
        ("month,y,y\n2024-01,1,2\n", "two columns are called 'y'."),
        (PLAIN + "2024-04-01,6,7\n", "line 5 has 3 fields, the header has 2."),
        (PLAIN + "2024", "line 5 has 1 field, the header has 2."),
        (
            PLAIN + "Total,18\n",
            (
                "column 'month' holds 'Total' in line 5, which is no date. Correct the cell, or remove this line "
                "if it is no row of the table, such as a sum."
            ),
        ),
        (
            "date,y\nFY24-P01,2\nFY24-P02,4\n",
            (
                "column 'date' holds 'FY24-P01' in line 2, which is no date. Name another with time, or give its form "
                "with date_format."
            ),
        ),
        (
            "a,b\n1,2\n3,4\n",
            (
                "no column holds dates throughout (columns: a, b). Name it with time, or call the last columns by "
                "their times, such as 2024-01, if each row is a series."
            ),
        ),
        (
            "month,a,b\n2024-01,1,2\n2024-02,1,2\n",
            (
                "several columns hold numbers (a, b). Name the one to forecast with target, "
                'or pass target="a,b" if each is a series of its own.'
            ),
        ),
        (
            "month,a\n2024-01,x\n2024-02,3\n",
            "no column besides the dates holds numbers throughout. Name the one to forecast with target.",
        ),
        (
            "month,sales\n2024-01,1\n2024-01,2\n2024-02,3\n",
            (
                "2024-01-01 00:00:00 occurs more than once in column 'month'. No column identifies several series. "
                "Sum the rows of one time, or drop all but one."
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_file(content: str, message: str, tmp_path: Path) -> None:
    assert refused(tmp_path, content) == f"sales.csv: {message}"


def test_a_repeated_row_does_not_hide_the_column_of_series(tmp_path: Path) -> None:
    lines = [f"2024-01-{day:02},{shop},{day}\n" for shop in "abc" for day in range(1, 16)]
    content = "day,shop,sales\n" + "".join(lines)
    assert refused(tmp_path, content + lines[0]) == (
        "sales.csv: 2024-01-01 00:00:00 occurs more than once in column 'day'. Column 'shop' separates them but for 1. "
        'Pass series="shop" if it names the series, and sum or drop the others.'
    )
    assert refused(tmp_path, content + lines[0], series="shop") == (
        "sales.csv: 2024-01-01 00:00:00 occurs more than once in column 'day' where 'shop' is 'a'. No further column "
        "tells these rows apart. Sum the rows of one time, or drop all but one."
    )
    assert "No column identifies several series." in refused(tmp_path, content + lines[0] + lines[1] + lines[20])


def test_the_parameter_of_a_missing_column_is_named(tmp_path: Path) -> None:
    for past, parameter in ((["w"], "past"), ({"w": "weight"}, "weight")):
        assert refused(tmp_path, PLAIN, past=past).endswith(f"Name one of them with {parameter}.")


def test_wrong_names(tmp_path: Path) -> None:
    for name in ("time", "target", "series"):
        assert refused(tmp_path, PLAIN, **{name: "colour"}) == (
            f"sales.csv: there is no column 'colour'; the columns are month, sales. Name one of them with {name}."
        )
    assert refused(tmp_path, PLAIN, time="sales") == (
        "sales.csv: column 'sales' holds '5' in line 2, which is no date. Name another with time, or give its form "
        "with date_format."
    )
    text = "month,sales,remark\n2024-01,1,2\n2024-02,2,late\n"
    assert refused(tmp_path, text, target="remark") == (
        "sales.csv: column 'remark' holds 'late' in line 3, which is no number."
    )
    text = "month,sales,remark\n2024-01,1,\n2024-02,2,NA\n"
    assert refused(tmp_path, text, target="remark") == "sales.csv: column 'remark' holds nothing."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PLAIN + "2024-04-01,lots\n", "column 'sales' holds 'lots' in line 5, which is no number"),
        ("month,a\n2024-01,1\n2024-02,2\n2024-03,x1\n", "column 'a' holds 'x1' in line 4, which is no number"),
        ("month,y,a\n2024-01,1,1\n2024-02,x,1\n2024-03,1,1\n", "column 'y' holds 'x' in line 3, which is no number"),
        ('month;y\n"2024-01\n";1,5\n2024-02;-;\n', "line 4 has 3 fields, the header has 2"),
        (
            'month;y;z\n2024-01;1,5;"a\nb"\n2024-02;2,5;\n2024-03;5x;\n',
            "column 'y' holds '5x' in line 5, which is no number",
        ),
        (PLAIN + "soon,5\n", "column 'month' holds 'soon' in line 5, which is no date"),
        (PLAIN + ",5\n", "column 'month' holds '' in line 5, which is no date"),
        (
            "day,seen,y\n2024-01-01,2024-01-01,1\n2024-01-02,2024-01-01,2\n?,2024-01-01,3\n",
            "column 'day' holds '?' in line 4, which is no date",
        ),
    ],
)
def test_one_wrong_entry_is_named_with_its_line(content: str, message: str, tmp_path: Path) -> None:
    """Another suitable column is not silently used instead."""
    assert refused(tmp_path, content).split(". Correct the cell")[0].removesuffix(".") == f"sales.csv: {message}"


def test_commas_between_thousands(tmp_path: Path) -> None:
    table = read(tmp_path, 'month,y\n2024-01,"1,234"\n2024-02,999\n2024-03,\n2024-04,"1,234,567.5"\n')
    np.testing.assert_array_equal(table.frame["y"], [1234.0, 999.0, np.nan, 1234567.5])
    assert table.notes == ["commas in y separate thousands"]
    assert refused(tmp_path, 'month,y\n2024-01,"1,5"\n2024-02,"2,5"\n2024-03,x\n').startswith(
        "sales.csv: column 'y' holds 'x' in line 4, which is no number."
    )


@pytest.mark.parametrize(
    ("texts", "delimiter", "values", "note"),
    [
        (["906", "1.084"], ";", [906, 1084], "points in y separate thousands"),
        (["906", "1,084"], ";", [906, 1084], "commas in y separate thousands"),
        (["906", "1,084"], "\t", [906, 1084], "commas in y separate thousands"),
        (["1,506", "1,684"], "\t", [1506, 1684], "commas in y separate thousands"),
        (["1,506", "1,684"], ";", [1.506, 1.684], "numbers in y have a decimal comma"),
        (["1.506", "1.684"], "\t", [1.506, 1.684], "points in y are decimal points, as in 1.506"),
        (["1.506", "1684"], ";", [1.506, 1684], "points in y are decimal points, as in 1.506"),
        (["1e5", "2.125"], ";", [100000, 2.125], "points in y are decimal points, as in 2.125"),
        (["0.123", "0.456"], ";", [0.123, 0.456], ""),
        (["1.234.567", "2"], ";", [1234567, 2], "points in y separate thousands"),
        (["1 200", "3\u202f456\u202f789,5"], ";", [1200, 3456789.5], "numbers in y have a decimal comma"),
        (["1'200", "12"], ";", [1200, 12], "spaces or apostrophes in y separate thousands"),
        (["11.8%", "-13.3 %"], ";", [11.8, -13.3], "percent signs in y were left out"),
        (["$1,200.50", "-$3"], ";", [1200.5, -3], "currency signs ($) in y were left out"),
        (["12,5 €", "1.200 €"], ";", [12.5, 1200], "currency signs (€) in y were left out"),
        (["(1,200.5)", "3", "4-", "−5"], ";", [-1200.5, 3, -4, -5], "brackets in y are minus signs"),
    ],
)
def test_numbers_of_a_column_have_one_rule(
    texts: list[str], delimiter: str, values: list[float], note: str, tmp_path: Path
) -> None:
    rows = [f"2024-{row + 1:02}-01{delimiter}{text}" for row, text in enumerate(texts)]
    table = read(tmp_path, "\n".join([f"month{delimiter}y", *rows, ""]))
    assert table.frame["y"].tolist() == values
    assert table.notes[-1 if note else 1 :] == [note] * bool(note)


def test_numbers_that_can_be_read_in_two_ways(tmp_path: Path) -> None:
    text = "month;y\n2024-01;1.469\n2024-02;1.725\n"
    assert refused(tmp_path, text) == (
        "sales.csv: column 'y' holds '1.469' in line 2, which may be 1.469 or 1469. "
        'Pass decimal="." or thousands=".".'
    )
    assert read(tmp_path, text, notation=Notation(decimal=".")).frame["y"].tolist() == [1.469, 1.725]
    assert read(tmp_path, text, notation=Notation(thousands=".")).frame["y"].tolist() == [1469, 1725]
    assert read(tmp_path, text, notation=Notation(decimal=",")).frame["y"].tolist() == [1469, 1725]
    other = "month;y;z\n2024-01;1.469;0,5\n2024-02;1.725;0,25\n"
    assert read(tmp_path, other).frame["y"].tolist() == [1469, 1725]
    assert "may be 1.084 or 1084. Pass" in refused(tmp_path, "month,y\n2024-01,1.084\n2024-02,906\n")


def test_numbers_of_different_units(tmp_path: Path) -> None:
    assert refused(tmp_path, "month;y\n2024-01;$5\n2024-02;€5\n").startswith(
        "sales.csv: column 'y' holds '€5' in line 3, which has €, unlike $ before."
    )
    assert refused(tmp_path, "month;y\n2024-01;5%\n2024-02;0.05\n").startswith(
        "sales.csv: column 'y' holds '0.05' in line 3, which has no percent sign, unlike others."
    )


def test_quoted_newlines_and_the_line_of_a_ragged_row(tmp_path: Path) -> None:
    quoted = 'month,sales,remark\r\n2024-01-01,5,"two\r\nlines"\r\n2024-02-01,7,x\r\n'
    assert read(tmp_path, quoted, target="sales").frame["y"].tolist() == [5.0, 7.0]
    assert refused(tmp_path, quoted + "2024-03-01,6\r\n") == "sales.csv: line 5 has 2 fields, the header has 3."
    assert refused(tmp_path, PLAIN + '"2024-04-01,6\n') == "sales.csv: line 5 has 1 field, the header has 2."


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "sales.parquet"
    days = [datetime(2024, month, 1) for month in (1, 2, 3)]
    frame = pl.DataFrame({"month": days, "sales": [5.0, None, 7.0], "shop": ["a", "a", "a"], "open": [True] * 3})
    frame.write_parquet(path)
    table = read_series(path)
    assert (table.time, table.target, table.series, table.notes) == ("month", "sales", None, [])
    assert table.frame["ds"].tolist() == [pd.Timestamp(day) for day in days]
    np.testing.assert_array_equal(table.frame["y"], [5.0, np.nan, 7.0])
    assert read_series(path, series="shop").frame["unique_id"].tolist() == ["a"] * 3
    frame.with_columns(pl.col("month").dt.replace_time_zone("Europe/Berlin")).write_parquet(path)
    assert str(read_series(path).frame["ds"].iloc[0]) == "2024-01-01 00:00:00+01:00"
    frame.with_columns(pl.col("month").dt.strftime("%Y-%m-%d"), pl.col("sales").cast(pl.Int32)).write_parquet(path)
    assert read_series(path).frame["ds"].tolist() == [pd.Timestamp(day) for day in days]
    pl.DataFrame({"year": [1700, 1701], "y": [1, 2]}).write_parquet(path)
    assert read_series(path).frame["ds"].dt.year.tolist() == [1700, 1701]


def test_parquet_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sales.parquet"

    def said() -> str:
        with pytest.raises(ElmanError) as caught:
            read_series(path)
        return str(caught.value)

    path.write_text(PLAIN)
    assert said().startswith("sales.parquet: this is no Parquet file that can be read (")
    path.write_bytes(b"")
    assert said() == "sales.parquet: the file is empty."
    pl.DataFrame({"y": [1.0]}).write_parquet(path)
    assert said() == "sales.parquet: there is only one column, 'y'; at least two are needed."
    pl.DataFrame({"ds": [1.0], "y": [1.0]}).clear().write_parquet(path)
    assert said() == "sales.parquet: there is a header, but no rows."
    pl.DataFrame({"ds": [datetime(2024, 1, 1), None], "y": [1.0, 2.0]}).write_parquet(path)
    assert said().endswith("'ds' holds 'NaT' in row 2, which is no date. Name another with time, or fill it.")
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert said() == 'sales.parquet: needs the package polars or pyarrow; pip install "elman[parquet]" brings it.'


def test_covariates(tmp_path: Path) -> None:
    content = "shop,day,sales,price,heat,remark\na,2024-01-01,5,1,20,x\na,2024-01-02,6,2,21,y\n"
    ahead = tmp_path / "ahead.csv"
    ahead.write_text("day;shop;price;colour\n2024-01-03;a;1,5;red\n2024-01-04;a;2,5;blue\n")
    table = read(tmp_path, content, series="shop", past=["heat"], future=ahead)
    assert table.frame.columns.tolist() == ["unique_id", "ds", "y", "heat", "price"]
    assert table.frame[["heat", "price"]].values.tolist() == [[20, 1], [21, 2]]
    assert (table.past, table.known_ahead, table.notes) == (("heat",), ("price",), ["known ahead: price"])
    assert table.future is not None
    assert table.future.columns.tolist() == ["unique_id", "ds", "price"]
    assert table.future["price"].tolist() == [1.5, 2.5]
    assert table.future["ds"].dt.day.tolist() == [3, 4]
    assert read(tmp_path, content, series="shop").notes == ["not used as covariates: price, heat"]


def test_covariates_that_cannot_be_used(tmp_path: Path) -> None:
    content = "day,sales,price,remark\n2024-01-01,5,1,x\n2024-01-02,6,2,y\n"
    ahead = tmp_path / "ahead.csv"

    def said(**options: Any) -> str:
        return refused(tmp_path, content, target="sales", **options)

    assert said(past=["heat"]) == (
        "sales.csv: there is no column 'heat'; the columns are day, sales, price, remark. Name one of them with past."
    )
    assert said(past=["remark"]) == "sales.csv: covariate 'remark' holds 'x' in line 2, which is no number."
    assert said(past=["day"]) == "sales.csv: column 'day' cannot be a covariate; it is taken already."
    ahead.write_text("date,price\n2024-01-03,1\n")
    assert said(future=ahead) == "ahead.csv: there is no column 'day'; the columns are date, price."
    ahead.write_text("day,heat\n2024-01-03,1\n")
    assert said(future=ahead) == "ahead.csv: it has no column of covariates in common with the first file."
    ahead.write_text("day,price\nsoon,1\n")
    assert said(future=ahead).startswith("ahead.csv: column 'day' holds 'soon' in line 2, which is no date. Name")
    ahead.write_text("day,price\n2024-01-03,high\n")
    assert said(future=ahead) == "ahead.csv: covariate 'price' holds 'high' in line 2, which is no number."


def test_one_column_per_series(tmp_path: Path) -> None:
    text = "date,north,south\n2024-01-01,5,1\n2024-01-02,6,2\n2024-01-03,7,\n"
    table = read(tmp_path, text, target="north,south")
    assert (table.target, table.series) == ("north,south", None)
    assert table.frame.groupby("unique_id")["y"].agg(list).to_dict() == {"north": [5, 6, 7], "south": [1, 2]}
    assert refused(tmp_path, text, target="north,south", past=["north"]) == (
        "sales.csv: north,south are several series and cannot have covariates."
    )
    assert "there is no column 'north,west'; the columns" in refused(tmp_path, text, target="north,west")


def test_a_row_number_is_no_id(tmp_path: Path) -> None:
    table = read(tmp_path, "id,month,sales\n7,2024-01,5\n8,2024-02,7\n9,2024-03,6\n", target="sales")
    assert (table.series, len(table.frame)) == (None, 3)
    assert table.notes[0] == "'id' numbers the rows and does not identify series"


KEYS = "id,date,store,family,sales\n" + "".join(
    f"{4 * day + 2 * store + (family == 'B')},2024-01-0{day},{store},{family},{day}\n"
    for day in (1, 2)
    for store in (1, 2)
    for family in "AB"
)


def test_several_columns_name_a_series(tmp_path: Path) -> None:
    assert refused(tmp_path, KEYS, target="sales").endswith(
        'Pass series="store,family" if the file holds several series.'
    )
    table = read(tmp_path, KEYS, target="sales", series="store,family")
    assert table.frame["unique_id"].unique().tolist() == ["1/A", "1/B", "2/A", "2/B"]
    assert (table.series, table.notes) == ("store,family", ["not used as covariates: id"])


@pytest.mark.parametrize(
    ("header", "rows", "times"),
    [
        ("Date;Time", ["1/2/2024;23:00:00", "1/2/2024;23:30:00"], ["2024-01-02 23:00", "2024-01-02 23:30"]),
        ("date;hour", ["2024-01-02;9", "2024-01-02;10"], ["2024-01-02 09:00", "2024-01-02 10:00"]),
        ("Year;Month", ["2023;12", "2024;1"], ["2023-12-01", "2024-01-01"]),
        ("Jahr;Monat", ["2023;Nov", "2023;Dec"], ["2023-11-01", "2023-12-01"]),
    ],
)
def test_two_columns_make_one_time(header: str, rows: list[str], times: list[str], tmp_path: Path) -> None:
    text = f"{header};y\n{rows[0]};5\n{rows[1]};6\n"
    how = {"notation": Notation(day_first=False)}
    for time in (None, header.replace(";", ",")):
        table = read(tmp_path, text, time=time, **how)
        assert table.frame["ds"].tolist() == [pd.Timestamp(time) for time in times]
        assert (table.time, table.target) == (header.replace(";", ","), "y")


def test_rows_to_come_are_not_filled(tmp_path: Path) -> None:
    text = "month,sales,price,heat\n2024-01,5,1,20\n2024-02,,2,21\n2024-03,6,2,22\n2024-04,,3,\n2024-05,,4,\n"
    table = read(tmp_path, text, target="sales", past=["price", "heat"])
    np.testing.assert_array_equal(table.frame["y"], [5, np.nan, 6])
    assert (table.past, table.known_ahead) == (("heat",), ("price",))
    assert table.future is not None and table.future["price"].tolist() == [3, 4]
    assert table.notes == ["rows after the last value, without sales, are to be forecast: 2", "known ahead: price"]
    assert read(tmp_path, text, target="sales").future is None


def test_numbers_of_rows_are_no_values(tmp_path: Path) -> None:
    rows = "".join(f"{300 + k},2024-01-{k + 1:02},{k % 3},{k % 2}\n" for k in range(9))
    table = read(tmp_path, "id,date,north,south\n" + rows, target="north")
    assert table.notes == [
        "'id' numbers the rows and does not identify series",
        "not used as covariates: south",
    ]
    message = refused(tmp_path, "id,date,north,south\n" + rows)
    assert message.endswith('or pass target="north,south" if each is a series of its own.')
    table = read(tmp_path, "id,date,north,south\n" + rows, target="north,south")
    assert table.frame["unique_id"].unique().tolist() == ["north", "south"]


def test_a_time_that_repeats_within_a_series_names_the_second_column(tmp_path: Path) -> None:
    rows = [f"2024-01-0{day},{shop},{item},{day}\n" for shop in "ab" for item in "xy" for day in range(1, 6)]
    content = "date,series,item,sold\n" + "".join(rows)
    for series in (None, "series"):
        assert refused(tmp_path, content, series=series) == (
            "sales.csv: 2024-01-01 00:00:00 occurs more than once in column 'date' where 'series' is 'a'. Pass "
            'series="series,item" if the file holds several series.'
        )
    assert read(tmp_path, content, series="series,item").frame["unique_id"].nunique() == 4
