"""A fit from Parquet files has the bits of the fit of the same rows in memory."""

from __future__ import annotations

import gc
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import elman
from elman import Forecaster
from elman.errors import ArgumentError, DataError, ElmanWarning, UnsupportedError
from elman.forecasting import measuring, store
from elman.forecasting.stored import PartStore
from elman.partitions import ParquetFiles, parquet
from elman.tables.own_names import OwnNames
from partitions.test_predict import eight_parts, in_order, written

__all__ = ["eight_parts"]

RNG = np.random.default_rng(7)
LENGTHS = [40, 33, 12, 60, 25, 47, 9, 52, 31, 28, 36, 44]
NAMES = [f"s{(i * 7) % 12}" for i in range(12)]
WAVES = [30 + np.tile([0.0, 6.0, 2.0, -5.0], 15)[:n] + RNG.standard_normal(n).cumsum() for n in LENGTHS]
SMALL: dict[str, Any] = {
    "method": "network",
    "season": 4,
    "window": 6,
    "steps": 8,
    "hidden_size": 4,
    "updates": 4,
    "ensemble_size": 2,
    "random_state": 0,
}


def table(shift: float = 0.0, **columns: Any) -> pd.DataFrame:
    parts = []
    for name, y in zip(NAMES, WAVES, strict=True):
        ds = pd.date_range(end="2015-12-01", periods=len(y), freq="MS")
        further = {key: make(len(y)) for key, make in columns.items()}
        parts.append(pd.DataFrame({"unique_id": name, "ds": ds, "y": y + shift, **further}))
    return pd.concat(parts, ignore_index=True)


def same_as_in_memory(
    frame: pd.DataFrame, folder: Path, level: Any = None, future: Any = None, files: int = 3, **options: Any
) -> Forecaster:
    """Compare fitted values, forecasts of the source, and those of a loaded file."""
    folder.mkdir()
    path = written(frame, folder / "known", files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ElmanWarning)
        memory, parts = Forecaster(3, **options).fit(frame), Forecaster(3, **options).fit(path)
        parts.save(folder / "model")
        expected = in_order(memory.predict(frame, level=level, future=future))
        loaded = elman.load(folder / "model")
        for number, (model, data) in enumerate(((parts, None), (loaded, path))):
            out = model.predict(data, level=level, future=future, output=folder / f"out {number}")
            found = in_order(pd.read_parquet(out))
            pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False, check_categorical=False)
    assert (parts.method_, parts.reason_, parts.seasons_) == (memory.method_, memory.reason_, memory.seasons_)
    assert parts.freq_ == loaded.freq_ == memory.freq_
    if memory._fitted.network is not None:
        for one, other in zip(memory.networks_, parts.networks_, strict=True):
            assert one.theta.tobytes() == other.theta.tobytes()
        assert parts.window_scores_ == memory.window_scores_
        assert parts.validation_scores_ == memory.validation_scores_
    return parts


@pytest.mark.usefixtures("eight_parts")
@pytest.mark.parametrize("files", [1, 2, 7])
def test_the_network(tmp_path: Path, files: int) -> None:
    model = same_as_in_memory(table(), tmp_path / "a", level=80, files=files, intervals="auto", **SMALL)
    assert model.transform_ == "log"


@pytest.mark.usefixtures("eight_parts")
def test_shuffled_rows_spread_over_files(tmp_path: Path) -> None:
    mixed = table(shift=-30.0).sample(frac=1, random_state=0)
    assert same_as_in_memory(mixed, tmp_path / "a", **SMALL).transform_ == "scale"


@pytest.mark.usefixtures("eight_parts")
def test_the_window_and_the_updates_are_chosen(tmp_path: Path) -> None:
    options = SMALL | {"window": "auto", "updates": 6, "validation": True, "ensemble_size": 1}
    assert len(same_as_in_memory(table(), tmp_path / "a", **options).window_scores_) > 1


@pytest.mark.usefixtures("eight_parts")
def test_missing_values_and_rows(tmp_path: Path) -> None:
    frame = table()
    frame.loc[RNG.choice(len(frame), 20, replace=False), "y"] = np.nan
    frame = frame.drop(index=[5, 6, 90, 200])
    same_as_in_memory(frame, tmp_path / "a", missing="seasonal_median", **SMALL)


@pytest.mark.usefixtures("eight_parts")
def test_covariates(tmp_path: Path) -> None:
    columns = {"price": RNG.standard_normal, "sky": lambda n: np.where(np.arange(n) % 3 == 0, "sun", "rain")}
    frame = table(**columns)
    ends = frame.groupby("unique_id", sort=False)["ds"].max()
    ahead = [pd.date_range(end, periods=4, freq="MS")[1:] for end in ends]
    future = pd.DataFrame({"unique_id": ends.index.repeat(3), "ds": np.concatenate(ahead), "price": 1.0, "sky": "sun"})
    names = {"past_covariates": ["price"], "future_covariates": ["sky=sun", "sky=rain"]}
    with_past = future.drop(columns="price")
    same_as_in_memory(frame, tmp_path / "a", future=with_past, **names, **SMALL)


@pytest.mark.usefixtures("eight_parts")
@pytest.mark.parametrize("kind", ["int64", "category"])
def test_other_names_and_times(tmp_path: Path, kind: str) -> None:
    frame = table(shift=-30.0)
    frame["unique_id"] = frame["unique_id"].str[1:].astype("int64") if kind == "int64" else frame["unique_id"]
    frame["unique_id"] = frame["unique_id"].astype(kind)
    frame["ds"] = frame["ds"].dt.tz_localize("Europe/Berlin")
    same_as_in_memory(frame, tmp_path / "a", **SMALL)


@pytest.mark.usefixtures("eight_parts")
def test_other_methods_choose_and_calibrate_on_the_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (store, measuring):
        monkeypatch.setattr(module, "MOST_SAMPLED", 5)
    model = same_as_in_memory(table(), tmp_path / "a", method="naive", season=4, cutoffs=1)
    assert model._fitted.comparison is not None
    assert len(model._fitted.comparison.past.panel) <= 5
    same_as_in_memory(table(), tmp_path / "b", level=80, intervals="auto", **SMALL)


@pytest.mark.usefixtures("eight_parts")
def test_the_longest_series_gives_the_frequency(tmp_path: Path) -> None:
    """The first part has another: every second month, which fits no series of months."""
    few = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2010-01-01", periods=10, freq="2MS"), "y": 5.0})
    frame = pd.concat([few, table()], ignore_index=True)
    model = same_as_in_memory(frame, tmp_path / "a", missing="interpolate", **SMALL)
    assert model.freq_ == pd.offsets.MonthBegin()
    with pytest.raises(DataError, match=r"known/0.parquet, row group 1, row 2: series 'a' has no row for 2010-02-01"):
        Forecaster(3, **SMALL).fit(tmp_path / "a" / "known")


@pytest.mark.usefixtures("eight_parts")
def test_only_drawn_series_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[np.ndarray] = []
    usual = PartStore.pieces

    def pieces(self: PartStore, rows: np.ndarray) -> Iterator[Any]:
        asked.append(rows)
        return usual(self, rows)

    monkeypatch.setattr(PartStore, "pieces", pieces)
    model = Forecaster(3, **(SMALL | {"batch_size": 1, "ensemble_size": 1, "updates": 3}))
    model.fit(written(table(), tmp_path / "known", 2))
    assert [1 <= len(rows) <= 3 for rows in asked] == [True]


WRONG = {
    "missing": (30, np.nan, {}, "y is missing (NaN) in series 's0' at 2015-03-01 00:00:00."),
    "infinite": (95, np.inf, {}, "y is inf in series 's9' at 2011-11-01 00:00:00; every value must be finite."),
}


@pytest.mark.usefixtures("eight_parts")
@pytest.mark.parametrize(("row", "value", "options", "text"), WRONG.values(), ids=WRONG)
def test_errors_name_file_row_group_and_row(
    tmp_path: Path, row: int, value: float, options: dict[str, Any], text: str
) -> None:
    frame = table()
    frame.loc[row, "y"] = value
    path = written(frame, tmp_path / "known", 3, group=20)
    size = len(np.array_split(np.arange(len(frame)), 3)[0])
    file, inside = divmod(row, size)
    where = f"{path}/{file}.parquet, row group {inside // 20 + 1}, row {inside % 20 + 1}"
    with pytest.raises(DataError) as caught:
        Forecaster(3, **SMALL, **options).fit(path)
    assert caught.value.text == f"Forecaster.fit: {where}: {text}"


def test_values_outside_the_transform_are_refused_as_in_memory(tmp_path: Path) -> None:
    frame = table(shift=-30.0)
    texts = []
    for data in (frame, written(frame, tmp_path / "known")):
        with pytest.raises(DataError) as caught:
            Forecaster(3, transform="log", **SMALL).fit(data)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_short_series_are_left_out_with_one_warning(tmp_path: Path) -> None:
    one = pd.DataFrame({"unique_id": ["b", "a"], "ds": pd.Timestamp("2011-01-01"), "y": 1.0})
    path = written(pd.concat([table(), one], ignore_index=True), tmp_path / "known", 3)
    with pytest.warns(ElmanWarning) as caught:
        model = Forecaster(3, **SMALL).fit(path)
    said = [str(warning.message) for warning in caught if "left out" in str(warning.message)]
    assert said == ["Forecaster.fit: 2 of 14 series left out, at least 2 values of each are needed: 'b', 'a'."]
    assert all(warning.filename == __file__ for warning in caught)
    assert b"".join(network.theta.tobytes() for network in model.networks_) == b"".join(
        network.theta.tobytes() for network in Forecaster(3, **SMALL).fit(table()).networks_
    )
    with pytest.raises(DataError, match="series 'b' has 1 value, at least 2 are needed"):
        Forecaster(3, freq="MS", **SMALL).fit(written(one, tmp_path / "short"))


@pytest.fixture
def fitted(tmp_path: Path) -> Forecaster:
    return Forecaster(3, method="naive", cutoffs=0).fit(written(table(), tmp_path / "known"))


def test_what_needs_the_series_in_memory_is_refused(fitted: Forecaster, tmp_path: Path) -> None:
    with pytest.warns(ElmanWarning, match="are in parts outside memory and not in the file; pass them to predict"):
        fitted.save(tmp_path / "model")
    loaded = elman.load(tmp_path / "model")
    for use in (lambda: fitted.update(table()), lambda: fitted.plot(table()), lambda: loaded.predict()):
        with pytest.raises(UnsupportedError, match="fitted on data in parts, whose series are not in memory"):
            use()
    assert "series" not in fitted._summary(fitted._fitted)
    with pytest.raises(ArgumentError, match="Name a folder with output"):
        fitted.predict()
    again = tmp_path / "again"
    loaded.save(again)
    pd.testing.assert_frame_equal(elman.load(again).predict(table()), fitted.predict(table()))


def test_columns_with_other_names(tmp_path: Path) -> None:
    names = OwnNames("month", ("sold",), ("shop",))
    frame = table().rename(columns={"unique_id": "shop", "ds": "month", "y": "sold"})
    path = written(frame, tmp_path / "known", 2)
    model = Forecaster(3, method="naive", cutoffs=0).fit(ParquetFiles.opened("example", path, names))
    with pytest.warns(ElmanWarning, match="not in the file"):
        model.save(tmp_path / "model")
    for number, (one, data) in enumerate(((model, None), (elman.load(tmp_path / "model"), path))):
        found = pd.read_parquet(one.predict(data, output=tmp_path / f"out {number}"))
        assert found.columns.tolist() == ["shop", "month", "sold"]


def test_rows_gathered_in_temporary_files_are_removed_after_the_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_LONGEST", 100)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = written(table().sample(frac=1, random_state=0), tmp_path / "known", 2)
    with pytest.warns(ElmanWarning, match="rows were not in order of time"):
        model = Forecaster(3, method="naive", cutoffs=0).fit(path)
    gc.collect()
    assert [entry.name for entry in tmp_path.iterdir()] == ["known"]
    assert model.method_ == "naive"


def test_a_carried_state_needs_all_series_in_memory(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="carry_state=True trains on all series in order of time"):
        Forecaster(3, carry_state=True, **SMALL).fit(written(table(), tmp_path / "known"))


def test_a_killed_fit_goes_on_with_the_same_data_alone(tmp_path: Path) -> None:
    path, states = written(table(), tmp_path / "known"), tmp_path / "states"
    whole = Forecaster(3, **SMALL).fit(path, checkpoint_dir=states)
    for state in sorted(states.iterdir())[1:]:
        state.unlink()
    again = Forecaster(3, **SMALL).fit(path, checkpoint_dir=states, resume=True)
    assert [n.theta.tobytes() for n in again.networks_] == [n.theta.tobytes() for n in whole.networks_]
    other = table()
    other.loc[7, "y"] += 1
    with pytest.raises(ArgumentError, match="the data differ"):
        Forecaster(3, **SMALL).fit(written(other, tmp_path / "other"), checkpoint_dir=states, resume=True)


def test_data_that_change_during_a_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, usual = written(table(), tmp_path / "known"), PartStore.pieces

    def pieces(self: PartStore, rows: np.ndarray) -> Iterator[Any]:
        frame = table()
        frame[frame["ds"] < "2012-06-01"].to_parquet(path / "0.parquet", row_group_size=64, index=False)
        return usual(self, rows)

    monkeypatch.setattr(PartStore, "pieces", pieces)
    with pytest.raises(DataError, match=r"changed while they were read|can be read"):
        Forecaster(3, **SMALL).fit(path)
