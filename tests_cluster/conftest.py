"""What the tests of clusters share: an engine, a panel, and the comparison of every bit."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from engines import ENGINES

signal.signal(signal.SIGINT, signal.default_int_handler)  # see tests/conftest.py


@pytest.fixture(scope="session", params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    started = ENGINES[request.param]()
    yield started
    started.close()


@pytest.fixture(scope="session")
def panel() -> Callable[..., pd.DataFrame]:
    """Make monthly series of unequal lengths."""

    def make(series: int, ids: str = "texts", seed: int = 0) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        lengths = rng.integers(30, 60, series)
        numbers = np.repeat(rng.permutation(series), lengths)
        names = numbers if ids == "numbers" else pd.Series([f"shop {i}" for i in numbers])
        times = [pd.date_range("2015-01-01", periods=n, freq="MS") for n in lengths]
        values = np.exp(rng.normal(size=len(numbers)) / 4 + np.sin(np.arange(len(numbers)) / 2) / 3 + 3)
        frame = pd.DataFrame({"unique_id": names, "ds": np.concatenate(times), "y": values})
        return frame.astype({"unique_id": "category"}) if ids == "categories" else frame

    return make


@pytest.fixture(scope="session")
def check_equal() -> Callable[[pd.DataFrame, pd.DataFrame], None]:
    """Compare every bit of the numbers, and every id and time; the engines have their own dtypes of texts."""

    def check(found: pd.DataFrame, expected: pd.DataFrame) -> None:
        assert list(found.columns) == list(expected.columns)
        one, other = (
            frame.assign(unique_id=frame["unique_id"].astype(str)).sort_values(["unique_id", "ds"])
            for frame in (found, expected)
        )
        assert one["unique_id"].tolist() == other["unique_id"].tolist()
        assert pd.DatetimeIndex(one["ds"]).equals(pd.DatetimeIndex(other["ds"]))
        for name in expected.columns[2:]:
            assert one[name].to_numpy(np.float64).tobytes() == other[name].to_numpy(np.float64).tobytes()

    return check
