"""Forecasts with the column names of their input file."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from elman.errors import FileFormatError
from elman.tables.own_names import OwnNames


def forecast(*names: str) -> pd.DataFrame:
    rows = [(name, day, 10.0 * (i + 1) + day) for i, name in enumerate(names) for day in (8, 9)]
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "Elman"])
    return frame.assign(**{"Elman-lo-80": frame["Elman"] - 1})


@pytest.mark.parametrize("ids", [(), ("unique_id",)])
def test_the_names_of_the_library_stay(ids: tuple[str, ...]) -> None:
    frame = forecast("a")
    assert OwnNames("ds", ("y",), ids).renamed(frame) is frame


def test_one_series_needs_no_name() -> None:
    written = OwnNames("day", ("sold",), ()).renamed(forecast("sold"))
    assert written.to_dict("list") == {"day": [8, 9], "sold": [18.0, 19.0], "sold-lo-80": [17.0, 18.0]}


def test_names_joined_from_two_columns_are_taken_apart() -> None:
    names = OwnNames("day", ("sold",), ("shop", "item"))
    assert list(names.renamed(forecast("1/tea", "2/tea"))[["shop", "item"]].itertuples(index=False, name=None)) == [
        ("1", "tea"),
        ("1", "tea"),
        ("2", "tea"),
        ("2", "tea"),
    ]
    odd = names.renamed(forecast("1/tea", "2/tea/green"))  # the second name cannot be split
    assert odd.columns[0] == "shop,item" and odd["shop,item"].tolist()[-1] == "2/tea/green"


def test_series_of_a_wide_file_stand_side_by_side() -> None:
    written = OwnNames("day", ("north", "south"), ()).renamed(forecast("north", "south"))
    assert written.to_dict("list") == {
        "day": [8, 9],
        "north": [18.0, 19.0],
        "north-lo-80": [17.0, 18.0],
        "south": [28.0, 29.0],
        "south-lo-80": [27.0, 28.0],
    }
    written = OwnNames("day", ("in", "out"), ("shop",)).renamed(forecast("a/in", "b/in", "a/out", "b/out"))
    assert written[["shop", "day", "in", "out"]].to_dict("list") == {
        "shop": ["a", "a", "b", "b"],
        "day": [8, 9, 8, 9],
        "in": [18.0, 19.0, 28.0, 29.0],
        "out": [38.0, 39.0, 48.0, 49.0],
    }


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {"time": "t", "targets": ["y"]},
        {"time": 1, "targets": ["y"], "ids": []},
        {"time": "t", "targets": "y", "ids": []},
        {"time": "t", "targets": [], "ids": []},
        {"time": "t", "targets": [["y"]], "ids": []},
    ],
)
def test_fields_of_a_damaged_file(plain: Any) -> None:
    with pytest.raises(FileFormatError, match="columns must"):
        OwnNames.from_metadata(plain)
