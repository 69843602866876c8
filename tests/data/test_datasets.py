"""The series that come with the package, against numbers typed in from their sources."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from elman import ArgumentError
from elman.data.datasets import dataset_names, dataset_path, load_dataset

YEARS = {  # Box and Jenkins, Series G: one row per year
    1949: [112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118],
    1954: [204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229],
    1960: [417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432],
}


def test_air_passengers() -> None:
    frame = load_dataset("air-passengers")
    assert list(frame.columns) == ["unique_id", "ds", "y"]
    assert frame["y"].dtype == np.float64
    assert len(frame) == 144 and frame["y"].sum() == 40363.0
    assert frame["ds"].tolist() == pd.date_range("1949-01-01", "1960-12-01", freq="MS").tolist()
    assert frame["unique_id"].unique().tolist() == ["air-passengers"]
    for year, values in YEARS.items():
        assert frame.loc[frame["ds"].dt.year == year, "y"].tolist() == values


def test_sunspots() -> None:
    frame = load_dataset("sunspots")
    assert list(frame.columns) == ["unique_id", "ds", "y"]
    assert frame["y"].dtype == np.float64
    assert len(frame) == 309 and frame["y"].sum() == pytest.approx(15373.4, abs=1e-9)
    assert frame["ds"].dt.year.tolist() == list(range(1700, 2009))
    assert {(day.month, day.day) for day in frame["ds"]} == {(1, 1)}
    assert frame["y"].head(5).tolist() == [5.0, 11.0, 16.0, 23.0, 36.0]
    assert frame["y"].tail(3).tolist() == [15.2, 7.5, 2.9]
    assert frame["y"].max() == 190.2 and frame["ds"].dt.year[frame["y"].idxmax()] == 1957  # the highest cycle on record


@pytest.mark.parametrize("name", dataset_names())
def test_file_is_plain(name: str) -> None:
    data = dataset_path(name).read_bytes()
    assert data.isascii() and b"\r" not in data and data.endswith(b"\n")
    assert "README.md" in {path.name for path in dataset_path(name).parent.iterdir()}
    assert f"`{name}`" in (dataset_path(name).parent / "README.md").read_text()


@pytest.mark.parametrize("name", ["airpassengers", "../__init__", "air-passengers.csv", "", "/etc/passwd"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        load_dataset(name)
    assert str(caught.value) == f"dataset_path: name must be one of 'air-passengers', 'sunspots', got {name!r}."
