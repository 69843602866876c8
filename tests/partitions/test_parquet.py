"""Parquet files as parts of whole series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from elman.errors import DataError, UnsupportedError
from elman.partitions import ParquetFiles, partitioned
from elman.partitions import parquet as module
from elman.partitions.extents import Extents, borders


def frame_of(lengths: dict[str, int]) -> pd.DataFrame:
    """Series that count up, each in order of time."""
    ids = np.repeat(list(lengths), list(lengths.values()))
    times = np.concatenate([np.arange(n) for n in lengths.values()])
    return pd.DataFrame({"unique_id": ids, "ds": times, "y": np.arange(len(ids), dtype=float)})


FRAME = frame_of({"a": 3, "b": 5, "c": 2, "d": 4})


def small_parts(monkeypatch: pytest.MonkeyPatch, rows: int, longest: int) -> None:
    monkeypatch.setattr(module, "ROWS", rows)
    monkeypatch.setattr(module, "_LONGEST", longest)
    monkeypatch.setattr(module, "borders", lambda found, total: borders(found, total, rows))


def rows_of(source: ParquetFiles) -> list[list[str]]:
    """Return the ids of every part and check that no row is lost or out of order."""
    parts = list(source.parts())
    whole = pd.concat([part.frame for part in parts])
    expected = FRAME.sort_values(["unique_id", "ds"]).reset_index(drop=True)
    assert whole.sort_values("unique_id", kind="stable").reset_index(drop=True).equals(expected)
    return [part.frame["unique_id"].unique().tolist() for part in parts]


def test_series_across_row_groups_and_files_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch, 6, 100)
    FRAME[:7].to_parquet(tmp_path / "1.parquet", row_group_size=2)
    FRAME[7:].to_parquet(tmp_path / "2.parquet", row_group_size=3)
    source = ParquetFiles.opened("test", tmp_path).by_series()
    assert rows_of(source) == [["a"], ["b"], ["c", "d"]]
    assert source.buckets is None
    second = source.part(1)
    assert [second.place(row) for row in (0, 1, 4)] == [
        f"{tmp_path}/1.parquet, row group 2, row 2",
        f"{tmp_path}/1.parquet, row group 3, row 1",
        f"{tmp_path}/2.parquet, row group 1, row 1",
    ]


def test_scattered_series_are_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch, 5, 8)
    scattered = FRAME.sort_values("ds", kind="stable").reset_index(drop=True)
    scattered[:9].to_parquet(tmp_path / "1.parquet", row_group_size=4)
    scattered[9:].to_parquet(tmp_path / "2.parquet")
    source = ParquetFiles.opened("test", [tmp_path / "1.parquet", tmp_path / "2.parquet"]).by_series(tmp_path)
    parts = rows_of(source)
    assert sorted(name for part in parts for name in part) == ["a", "b", "c", "d"]
    places = {name: part.place(row) for part in source.parts() for row, name in enumerate(part.frame["y"].tolist())}
    at = scattered["y"].tolist().index(7.0)
    assert places[7.0] == f"{tmp_path}/2.parquet, row group 1, row {at - 8}"
    assert len(source) == 3


@pytest.mark.parametrize("kind", ["int", "category", "text"])
def test_ids_keep_their_type(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch, 5, 8)
    ids = {
        "int": FRAME["unique_id"].map({"a": 4, "b": -1, "c": 2**60, "d": 0}),
        "category": FRAME["unique_id"].astype("category"),
        "text": FRAME["unique_id"],
    }[kind]
    FRAME.assign(unique_id=ids).iloc[::-1].to_parquet(tmp_path / "a.parquet", row_group_size=5)
    expected = pd.read_parquet(tmp_path / "a.parquet")["unique_id"]
    for source in (ParquetFiles.opened("test", tmp_path).by_series(), ParquetFiles.opened("test", tmp_path).gathered()):
        found = pd.concat([part.frame["unique_id"] for part in source.parts()])
        assert found.dtype == expected.dtype
        assert sorted(found.tolist()) == sorted(expected.tolist())


def test_own_names_and_further_columns(tmp_path: Path) -> None:
    from elman.tables.own_names import OwnNames

    own = FRAME.rename(columns={"unique_id": "shop", "ds": "day", "y": "sold"}).assign(heat=1.5, noise="x")
    own.to_parquet(tmp_path / "a.parquet")
    source = ParquetFiles.opened("test", tmp_path / "*.parquet", OwnNames("day", ("sold",), ("shop",)))
    frame = source.with_columns(["heat"]).part(0).frame
    assert frame.equals(FRAME.assign(heat=1.5))


def test_bad_files_are_named(tmp_path: Path) -> None:
    def said(**files: pd.DataFrame | bytes) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, content in files.items():
            if isinstance(content, bytes):
                (folder / f"{name}.parquet").write_bytes(content)
            else:
                content.to_parquet(folder / f"{name}.parquet")
        with pytest.raises(DataError) as error:
            list(ParquetFiles.opened("test", folder).by_series().parts())
        return str(error.value).replace(f"{folder}/", "").replace(str(folder), "FOLDER")

    missing = FRAME.assign(unique_id=FRAME["unique_id"].where(FRAME.index != 5))
    assert said(_hidden=FRAME) == "test: FOLDER: there is no Parquet file."
    assert said(a=b"PAR1").startswith("a.parquet: this is no Parquet file that can be read (")
    assert said(a=FRAME[:0]) == "test: a.parquet: there are no rows."
    assert said(a=FRAME, b=missing) == "test: unique_id is missing in b.parquet, row group 1, row 6."
    assert said(a=FRAME.drop(columns="y")) == (
        "test: a.parquet: a table needs the columns unique_id, ds and y; y not found among unique_id, ds."
    )
    assert said(a=FRAME, b=FRAME[["ds", "y"]]) == "test: b.parquet: the column unique_id not found among ds, y."
    assert said(a=FRAME, b=FRAME.assign(y="1")) == (
        "test: b.parquet: the column y is string, in the files before it is double."
    )
    (tmp_path / "hive" / "shop=3").mkdir(parents=True)
    FRAME.to_parquet(tmp_path / "hive" / "shop=3" / "a.parquet")
    with pytest.raises(UnsupportedError, match="shop=3 holds a column in its name; write the column into the files"):
        partitioned("test", tmp_path / "hive")


def test_cuts_lie_between_series() -> None:
    """Against the definition: at every cut no series has rows on both sides, and no allowed cut is left out."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        ids = np.repeat(rng.permutation(8), rng.integers(1, 4, 8))
        swaps = rng.integers(0, len(ids) - 1, 2)
        ids[swaps], ids[swaps + 1] = ids[swaps + 1], ids[swaps]
        names = np.unique(ids)
        first = np.array([np.argmax(ids == name) for name in names])
        last = len(ids) - 1 - np.array([np.argmax(ids[::-1] == name) for name in names])
        allowed = [c for c in range(1, len(ids)) if not set(ids[:c]) & set(ids[c:])]
        found = borders(Extents(names.astype(np.uint64), first, last), len(ids), rows=1)
        assert found.tolist() == [0, *allowed, len(ids)]
