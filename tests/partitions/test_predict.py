"""Forecasts of Parquet files have the bits of the forecast of the same rows in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from elman import Forecaster
from elman.errors import ArgumentError, DataError, ElmanWarning, UnsupportedError
from elman.partitions import parquet as module
from elman.partitions.extents import borders
from elman.partitions.writing import result_schema

SERIES = 23
RNG = np.random.default_rng(3)
LENGTHS = RNG.integers(28, 40, SERIES)
IDS = np.array([f"shop {i}" for i in RNG.permutation(SERIES)])
FRAME = pd.DataFrame(
    {
        "unique_id": np.repeat(IDS, LENGTHS),
        "ds": np.concatenate([pd.date_range("2020-01-01", periods=n, freq="MS") for n in LENGTHS]),
        "y": np.exp(RNG.normal(size=LENGTHS.sum()) / 3 + 2),
    }
)
MODEL = Forecaster(4, season=4, method="prior", cutoffs=0).fit(FRAME)
NETWORK: dict[str, Any] = {
    "updates": 5,
    "ensemble_size": 1,
    "window": 6,
    "steps": 4,
    "random_state": 0,
    "hidden_size": 4,
}


@pytest.fixture
def eight_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are cut as if a part held the rows of three series."""
    monkeypatch.setattr(module, "ROWS", 120)
    monkeypatch.setattr(module, "_LONGEST", 240)
    monkeypatch.setattr(module, "borders", lambda found, total: borders(found, total, 120))


def written(frame: pd.DataFrame, folder: Path, files: int = 1, group: int = 64) -> Path:
    folder.mkdir()
    for number, rows in enumerate(np.array_split(np.arange(len(frame)), files)):
        frame.iloc[rows].to_parquet(folder / f"{number}.parquet", row_group_size=group, index=False)
    return folder


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    by_text = frame["unique_id"].astype(str)  # categories are sorted by their own order
    return frame.assign(key=by_text).sort_values(["key", "ds"]).drop(columns="key").reset_index(drop=True)


def check_equal(found: Path, expected: pd.DataFrame) -> list[Path]:
    """Compare every value and dtype; return the parts."""
    frame = pd.read_parquet(found)
    pd.testing.assert_frame_equal(in_order(frame), in_order(expected), check_exact=True, check_categorical=False)
    return sorted(found.glob("part-*"))


@pytest.mark.parametrize(
    ("files", "group", "shuffled", "parts"), [(1, 10**6, False, 8), (2, 64, False, 8), (7, 30, True, 7)]
)
@pytest.mark.usefixtures("eight_parts")
def test_any_partition_gives_the_bits_of_memory(
    files: int, group: int, shuffled: bool, parts: int, tmp_path: Path
) -> None:
    frame = FRAME.sample(frac=1, random_state=0) if shuffled else FRAME
    data = written(frame, tmp_path / "in", files, group)
    if shuffled:
        with pytest.warns(ElmanWarning, match=r"rows were not in order of time .* further parts have such series"):
            found = MODEL.predict(data, level=[80, 95], output=tmp_path / "out")
    else:
        found = MODEL.predict(data, level=[80, 95], output=tmp_path / "out")
    assert found == tmp_path / "out"
    assert len(check_equal(found, MODEL.predict(FRAME, level=[80, 95]))) == parts
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]
    notes = json.loads(pq.read_schema(found / "part-00003.parquet").metadata[b"elman"])
    assert (notes["faults"], notes["level"]) == ([], [80.0, 95.0])


def test_one_part_is_read_from_a_file(tmp_path: Path) -> None:
    written(FRAME, tmp_path / "in")
    found = MODEL.predict(str(tmp_path / "in" / "0.parquet"), output=str(tmp_path / "out"))
    assert len(check_equal(found, MODEL.predict(FRAME))) == 1


@pytest.mark.usefixtures("eight_parts")
@pytest.mark.parametrize("kind", ["int", "small int", "category", "zone", "integer times", "dates"])
def test_ids_and_times_keep_their_types(kind: str, tmp_path: Path) -> None:
    number = {name: 7 * i - 30 for i, name in enumerate(IDS)}
    frame, model = FRAME, MODEL
    match kind:
        case "int":
            frame = frame.assign(unique_id=frame["unique_id"].map(number) * 2**40)
        case "small int":
            frame = frame.assign(unique_id=frame["unique_id"].map(number).astype(np.int16))
        case "category":
            frame = frame.assign(unique_id=frame["unique_id"].astype("category"))
        case "zone":
            hours = pd.date_range("2021-03-27", periods=60, freq="h", tz="Europe/Berlin")  # the clock changes
            frame = frame.assign(ds=frame.groupby("unique_id").cumcount().map(dict(enumerate(hours))))
        case "integer times":
            frame = frame.assign(ds=frame.groupby("unique_id").cumcount().astype(np.int32) * 5)
        case "dates":
            frame = frame.assign(ds=frame["ds"].dt.date)
    if kind in ("zone", "integer times"):
        model = Forecaster(4, season=4, method="prior", cutoffs=0).fit(frame)
    found = model.predict(written(frame, tmp_path / "in", 2), output=tmp_path / "out")
    expected = model.predict(frame)
    if kind == "dates":  # files have no seconds
        expected = expected.assign(ds=expected["ds"].astype(pd.read_parquet(tmp_path / "out")["ds"].dtype))
    assert len(check_equal(found, expected)) == 8


@pytest.mark.usefixtures("eight_parts")
def test_covariates_known_ahead_come_from_files_or_a_frame(tmp_path: Path) -> None:
    known = FRAME.assign(price=np.sin(np.arange(len(FRAME))), sky=np.where(np.arange(len(FRAME)) % 3, "sun", "rain"))
    columns = {"past_covariates": ["sky=rain", "sky=sun"], "future_covariates": ["price"]}
    model = Forecaster(4, method="network", season=4, **columns, **NETWORK).fit(known)
    future = model.predict(future=known.assign(price=1.0).pipe(_shifted))[["unique_id", "ds"]]
    future["price"] = np.cos(np.arange(len(future)))
    expected = model.predict(known, future=future)
    data = written(known, tmp_path / "in", 2)
    check_equal(model.predict(data, future=future, output=tmp_path / "one"), expected)
    ahead = written(future.iloc[::-1], tmp_path / "ahead", 3)
    check_equal(model.predict(data, future=ahead, output=tmp_path / "two"), expected)
    with pytest.raises(ArgumentError, match=r"price must be known for the steps after every series\. Pass future"):
        model.predict(data, output=tmp_path / "three")
    found, faults = model.predict(data, future=future[4:], output=tmp_path / "four", errors="collect")
    assert faults["error"].str.contains("future has no row for series").tolist() == [True]
    assert len(pd.read_parquet(found)) == 4 * (SERIES - 1)


def _shifted(frame: pd.DataFrame) -> pd.DataFrame:
    """Move every series' rows to the time after it."""
    counts = frame.groupby("unique_id")["ds"].transform("size")
    months = frame["ds"].dt.to_period("M") + counts
    return frame.assign(ds=months.dt.to_timestamp())


@pytest.mark.usefixtures("eight_parts")
def test_a_network_with_scales_of_its_own(tmp_path: Path) -> None:
    frame = FRAME.assign(y=FRAME["y"] - 8)
    model = Forecaster(4, method="network", season=4, transform="scale", intervals=1, **NETWORK).fit(frame)
    found = model.predict(written(frame, tmp_path / "in", 2), level=50, output=tmp_path / "out")
    check_equal(found, model.predict(frame, level=50))


@pytest.mark.usefixtures("eight_parts")
def test_bad_series_are_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    bad = FRAME.copy()
    rows = [5, 300]
    bad.loc[rows, "y"] = [np.nan, np.inf]
    data = written(bad, tmp_path / "in", 2)
    half = -(-len(bad) // 2)
    places = [
        f"{data}/{row // half}.parquet, row group {row % half // 64 + 1}, row {row % half % 64 + 1}" for row in rows
    ]
    with pytest.raises(DataError) as error:
        MODEL.predict(data, output=tmp_path / "out")
    assert str(error.value) == (
        f"Forecaster.predict: {places[0]}: y is missing (NaN) in series {bad['unique_id'][5]!r} at {bad['ds'][5]}. "
        'Fill it, drop it, pass missing="seasonal_median" or missing="interpolate", or '
        'leave out such series and list them with errors="collect" and resume=True.'
    )
    found, faults = MODEL.predict(data, output=tmp_path / "out", errors="collect", resume=True)
    assert faults["unique_id"].tolist() == bad["unique_id"][rows].tolist()
    assert faults["place"].tolist() == places
    assert faults["error"].str.slice(0, 44).tolist() == [
        "Forecaster.predict: y is missing (NaN) in se",
        "Forecaster.predict: y is inf in series 'shop",
    ]
    assert pd.read_parquet(found / "_errors.parquet").equals(faults)
    check_equal(found, MODEL.predict(FRAME[~FRAME["unique_id"].isin(faults["unique_id"])]))


def test_a_short_series_is_left_out_also_where_it_is_a_part_of_its_own(tmp_path: Path) -> None:
    model = Forecaster(4, season=4, method="network", **NETWORK).fit(FRAME)
    short = FRAME[FRAME["unique_id"] == IDS[0]][:1]
    for name, rows in (("beside", pd.concat([short, FRAME[FRAME["unique_id"] == IDS[1]]])), ("alone", short)):
        with pytest.warns(
            ElmanWarning, match=r"1 of \d series left out, at least \d+ values of each are needed: 'shop"
        ):
            found = model.predict(written(rows, tmp_path / name), output=tmp_path / f"{name} out")
        assert pd.read_parquet(found)["unique_id"].unique().tolist() == ([IDS[1]] if name == "beside" else [])


@pytest.mark.usefixtures("eight_parts")
def test_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, out = written(FRAME, tmp_path / "in", 2), tmp_path / "out"
    calls: list[int] = []
    whole = Forecaster.predict

    def interrupted(self: Forecaster, *given: Any, **named: Any) -> Any:
        if isinstance(given[0], pd.DataFrame):
            calls.append(1)
            if len(calls) == 4:
                raise KeyboardInterrupt
        return whole(self, *given, **named)

    monkeypatch.setattr(Forecaster, "predict", interrupted)
    with pytest.raises(KeyboardInterrupt):
        MODEL.predict(data, output=out)
    partial = tmp_path / ".out.partial"
    assert (len(list(partial.glob("part-*"))), out.exists()) == (3, False)
    with pytest.raises(ArgumentError, match=r"holds the parts of a run that did not end\. Pass resume=True to go on"):
        MODEL.predict(data, output=out)
    with pytest.raises(ArgumentError, match="holds the parts of another run; these differ: level"):
        MODEL.predict(data, level=80, output=out, resume=True)
    MODEL.set_params(n_threads=1, progress=True).predict(data, output=out, resume=True)
    MODEL.set_params(n_threads=None, progress=False)
    assert len(calls) == 4 + 5
    check_equal(out, whole(MODEL, FRAME))
    assert MODEL.predict(data, output=out, resume=True) == out  # nothing is left to do
    assert len(calls) == 9
    with pytest.raises(ArgumentError, match=r"out exists\. Pass another output, or remove it first"):
        MODEL.predict(data, output=out)


@pytest.mark.usefixtures("eight_parts")
def test_workers_change_nothing(tmp_path: Path) -> None:
    """Worker processes read the parts anew, with the memory of this process."""
    source = module.ParquetFiles.opened("Forecaster.predict", written(FRAME, tmp_path / "in", 2)).by_series()
    alone = MODEL.predict(source, output=tmp_path / "alone")
    together = MODEL.predict(source, output=tmp_path / "together", workers=2)
    for one, other in zip(sorted(alone.iterdir()), sorted(together.iterdir()), strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()


def test_what_cannot_be_done_is_refused(tmp_path: Path) -> None:
    data = written(FRAME, tmp_path / "in")
    with pytest.raises(ArgumentError, match=r"the forecast of files is written to files\. Name a folder with output"):
        MODEL.predict(data)
    with pytest.raises(ArgumentError, match="output, workers: for data in parts only; these data are in memory"):
        MODEL.predict(FRAME, output=tmp_path / "out", workers=2)
    with pytest.raises(ArgumentError, match=r"there is no folder .*/nowhere for the result"):
        MODEL.predict(data, output=tmp_path / "nowhere" / "out")
    with pytest.raises(ArgumentError, match="level 99 is beyond 95"):
        MODEL.predict(data, level=99, output=tmp_path / "out")
    with pytest.raises(ArgumentError, match="errors must be one of 'raise', 'collect'"):
        MODEL.predict(data, output=tmp_path / "out", errors="ignore")
    array = Forecaster(2, season=4, method="seasonal naive").fit(np.arange(20.0))
    with pytest.raises(ArgumentError, match="this was fitted on arrays, so the distance between time stamps is not kn"):
        array.predict(data, output=tmp_path / "out")
    channels = Forecaster(2, season=4, method="seasonal naive").fit(np.ones((20, 2)))
    with pytest.raises(UnsupportedError, match="one value per time; this was fitted on 2"):
        channels.predict(data, output=tmp_path / "out")
    texts = written(FRAME.assign(ds=FRAME["ds"].astype(str)), tmp_path / "texts")
    with pytest.raises(DataError, match="ds must hold time stamps or integers, the data have texts"):
        MODEL.predict(texts, output=tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "texts"]


def test_a_column_of_objects_without_rows_holds_texts() -> None:
    """The dtype of texts in pandas 2; without rows, pyarrow takes it for a column of nulls."""
    empty = pd.DataFrame({"unique_id": pd.Series(dtype=str), "metric": pd.Series(dtype=object)})
    assert result_schema(empty, pa.string()).field("metric").type == pa.string()
