"""The public sets: their files, readers and seasons. Needs only NumPy, for every environment."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

DEFAULT_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Series:
    """One series of a set: training and test values."""

    train: Array
    test: Array


@dataclass(frozen=True)
class Set:
    """One public set.

    `season` is for peers and for MASE's scale; `seasons` is for Elman, which also takes two. `floor` is the smallest
    denominator of sMAPE (with 0.1 added), as published for NN5's days without business.
    """

    name: str
    title: str
    season: int
    seasons: int | tuple[int, ...]
    floor: float = 0.0

    @property
    def competition(self) -> str:
        """The competition, such as ``m3``."""
        return self.name.partition("_")[0]

    def path(self, data: Path) -> Path:
        """Return the file of the set."""
        return folder(data) / f"{self.name}.jsonl"


SETS = {
    each.name: each
    for each in (
        Set("m1_yearly", "M1 yearly", 1, 1),
        Set("m1_quarterly", "M1 quarterly", 4, 4),
        Set("m1_monthly", "M1 monthly", 12, 12),
        Set("m3_yearly", "M3 yearly", 1, 1),
        Set("m3_quarterly", "M3 quarterly", 4, 4),
        Set("m3_monthly", "M3 monthly", 12, 12),
        Set("m3_other", "M3 other", 1, 1),
        Set("cif2016", "CIF 2016", 12, 12),
        Set("nn5_daily", "NN5 daily", 7, 7, floor=0.6),
        Set("m4_hourly", "M4 hourly", 24, (24, 168)),
    )
}


def folder(data: Path) -> Path:
    """Return the folder of the ``.jsonl`` files from it or its parent."""
    return data / "forecasting" if (data / "forecasting").is_dir() else data


def filled(values: Array, season: int) -> Array:
    """Return a copy with each missing value replaced by the median of its phase, as published for NN5."""
    values = values.copy()
    for phase in range(season):
        same = values[phase::season]
        same[np.isnan(same)] = np.nanmedian(same) if not np.isnan(same).all() else np.nanmedian(values)
    return values


def read_set(each: Set, data: Path, at_most: int | None = None) -> list[Series]:
    """Read a set, or its first series."""
    series = []
    with each.path(data).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            train, test = (np.array(row[part], dtype=np.float64) for part in ("train", "test"))
            series.append(Series(filled(train, each.season), test))
            if len(series) == at_most:
                break
    return series


def by_horizon(series: Iterable[Series]) -> dict[int, list[int]]:
    """Return the indices of the series of each horizon, the shortest horizon first."""
    indices: dict[int, list[int]] = {}
    for index, each in enumerate(series):
        indices.setdefault(len(each.test), []).append(index)
    return dict(sorted(indices.items()))
