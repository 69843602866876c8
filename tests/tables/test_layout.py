"""The table in a file: below titles and comments, compressed, in a sheet, without a header."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from elman import DataError, MissingExtraError, UnsupportedError
from elman.tables.excel import read_excel
from elman.tables.files import Columns, read_columns

PLAIN = "month,sales\n2024-01,5\n2024-02,7\n"
EXPECTED = {"month": ["2024-01", "2024-02"], "sales": ["5", "7"]}


def read(tmp_path: Path, content: str | bytes, name: str = "sales.csv") -> tuple[Columns, list[str]]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    notes: list[str] = []
    return read_columns(path, "utf-8", notes), notes


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        ("# source: shop\n# unit: kEUR; net\n" + PLAIN, ["lines 1 to 2 above the table skipped"]),
        ("Sales 2024,\nUnit: kEUR,\n,\n" + PLAIN, ["lines 1 to 2 above the table skipped"]),
        ("Sales 2024\n\n" + PLAIN, ["line 1 above the table skipped"]),
        ("month,sales,,\n2024-01,5,,\n2024-02,7,,\n", []),
        ("month,sales\n2024-01,5,\n2024-02,7,\n", []),
    ],
)
def test_what_is_around_the_table(content: str, notes: list[str], tmp_path: Path) -> None:
    columns, said = read(tmp_path, content)
    assert (dict(columns), said) == (EXPECTED, notes)


def test_lines_keep_their_numbers_below_a_title(tmp_path: Path) -> None:
    columns, _ = read(tmp_path, "Sales\n\n" + PLAIN)
    assert columns.place(0) == "line 4"
    with pytest.raises(DataError, match=r"^sales.csv: line 3 has 3 fields, the header has 2\.$"):
        read(tmp_path, "Sales\n" + PLAIN.replace("5", "5,6"))
    with pytest.raises(DataError, match=r"^sales.csv: line 2 has 3 fields, the header has 2\.$"):
        read(tmp_path, "month,sales\n2024-01,5,\n2024-02,7\n")


@pytest.mark.parametrize("rows", ["2024-01,5\n2024-02,7\n", "1,5\n2,7\n", "a,2024-01,5\na,2024-02,7\n"])
def test_no_header(rows: str, tmp_path: Path) -> None:
    columns, notes = read(tmp_path, rows)
    assert next(iter(columns)) == "column 1" and columns.place(0) == "line 1"
    assert list(columns)[-1] in notes[0] and columns[list(columns)[-1]] == ["5", "7"]


@pytest.mark.parametrize("header", ["shop,2023,2024", "shop,2023-01,2023-02", ",sales,price"])
def test_a_header_of_odd_names_is_a_header(header: str, tmp_path: Path) -> None:
    columns, notes = read(tmp_path, header + "\nnorth,1,2\nsouth,3,4\n")
    assert (list(columns), notes) == (header.split(","), [])


def test_packed_by_gzip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(PLAIN.encode())
    assert dict(read(tmp_path, packed, "sales.csv.gz")[0]) == EXPECTED
    with pytest.raises(DataError, match=r"^sales.csv.gz: cannot be unpacked \("):
        read(tmp_path, packed[:-9], "sales.csv.gz")
    monkeypatch.setattr("elman.tables.files.MOST_BYTES", 20)
    with pytest.raises(DataError, match=r"^sales.csv.gz: unpacks to more than 20 bytes\. Unpack it first\.$"):
        read(tmp_path, packed, "sales.csv.gz")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode())))
    assert dict(read_columns(Path("-"), "utf-8", [])) == EXPECTED


def test_excel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    said = {
        ("sales.xlsx", b"PK\x03\x04rest"): 'needs the package openpyxl; pip install "elman[excel]" brings it.',
        ("sales.zip", b"PK\x03\x04rest"): "this is a ZIP or Excel file. Save it as CSV or .xlsx.",
        ("sales.xls", b"\xd0\xcf\x11\xe0rest"): "this is an Excel file of an old format. Save it as CSV or .xlsx.",
    }
    for (name, data), message in said.items():
        with pytest.raises((MissingExtraError, UnsupportedError)) as caught:
            read(tmp_path, data, name)
        assert str(caught.value) == f"{name}: {message}"
    assert read_excel(tmp_path / "sales.csv", b"month,sales") is None


@pytest.mark.parametrize(
    ("below", "note"),
    [
        ("Source: our books\n", "line 4 below the table skipped"),
        ("\n# 3 rows\n", "line 5 below the table skipped"),
        ("Source: x\nAll rights reserved by us\n", "lines 4 to 5 below the table skipped"),
    ],
)
def test_footnotes(below: str, note: str, tmp_path: Path) -> None:
    columns, said = read(tmp_path, PLAIN + below)
    assert (dict(columns), said) == (EXPECTED, [note])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ('[{"date": "2024-01", "y": 5}]', "JSON"),
        ('{"date": "2024-01", "y": 5}\n{"date": "2024-02", "y": 7}\n', "JSON"),
        ("<!DOCTYPE html>\n<table></table>", "HTML or XML"),
        ("# Series\n@relation sales\n@data\nT1:5,7,6\n", "a file of the kind .ts, .tsf or .arff"),
    ],
)
def test_files_that_are_no_tables(content: str, kind: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError) as caught:
        read(tmp_path, content)
    assert str(caught.value) == f"sales.csv: this is {kind}. Save it as CSV, Parquet or Excel."


def test_names_in_brackets_are_no_json(tmp_path: Path) -> None:
    columns, _ = read(tmp_path, PLAIN.replace("month,sales", "[month],[sales]"))
    assert list(columns) == ["[month]", "[sales]"]
