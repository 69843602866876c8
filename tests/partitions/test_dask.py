"""A Dask DataFrame is forecast, in any partitions, to the bits of the same rows in memory."""

from __future__ import annotations

from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from elman import Forecaster
from elman.engine import isa, isa_levels, use_isa
from elman.errors import ArgumentError, DataError, ElmanWarning, UnsupportedError
from elman.forecasting import backtest, cross_validation
from elman.partitions import Level, at_level, common_level, partitioned

SERIES = 9
RNG = np.random.default_rng(3)
LENGTHS = RNG.integers(28, 40, SERIES)
FRAME = pd.DataFrame(
    {
        "unique_id": np.repeat([f"shop {i}" for i in RNG.permutation(SERIES)], LENGTHS),
        "ds": np.concatenate([pd.date_range("2020-01-01", periods=n, freq="MS") for n in LENGTHS]),
        "y": np.exp(RNG.normal(size=LENGTHS.sum()) / 3 + 2),
    }
)
MODEL = Forecaster(4, season=4, method="prior", cutoffs=0).fit(FRAME)
LEVELS = ("generic", "v3", "v4")


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    """Dask computes in this thread."""
    with dask.config.set(scheduler="sync"):
        yield


def split(frame: pd.DataFrame, partitions: int, shuffled: bool = False) -> Any:
    frame = frame.sample(frac=1, random_state=0) if shuffled else frame
    return dd.from_pandas(frame, npartitions=partitions, sort=False)


def check_equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare every value and dtype, apart from the form of texts."""

    def in_order(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(key=frame["unique_id"].astype(str)).sort_values(["key", "ds"], ignore_index=True)

    found, expected = in_order(found), in_order(expected)
    texts = pd.api.types.is_string_dtype(expected["unique_id"])
    found = found.astype({"unique_id": expected["unique_id"].dtype, "key": expected["key"].dtype}) if texts else found
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.parametrize(("partitions", "shuffled"), [(1, False), (2, False), (2, True), (7, True)])
def test_any_partitions_give_the_bits_of_memory(partitions: int, shuffled: bool) -> None:
    found = MODEL.predict(split(FRAME, partitions, shuffled), level=[80, 95])
    assert isinstance(found, dd.DataFrame)
    computed = found.compute()
    check_equal(computed, MODEL.predict(FRAME, level=[80, 95]))
    assert found.dtypes.equals(computed.dtypes)
    assert computed.attrs["elman"]["instructions"] == isa()


@pytest.mark.parametrize("ids", ["numbers", "categories"])
def test_ids_keep_their_dtype(ids: str) -> None:
    texts = FRAME["unique_id"]
    frame = FRAME.assign(unique_id=texts.str[5:].astype("int32") if ids == "numbers" else texts.astype("category"))
    check_equal(MODEL.predict(split(frame, 3, True)).compute(), MODEL.predict(frame))


def test_time_zones_are_kept() -> None:
    frame = FRAME.assign(ds=FRAME["ds"].dt.tz_localize("Europe/Berlin"))
    model = Forecaster(4, season=4, method="seasonal naive").fit(frame)
    check_equal(model.predict(split(frame, 2)).compute(), model.predict(frame))


def test_whole_series_are_not_moved() -> None:
    source = partitioned("test", dd.concat([split(FRAME[: LENGTHS[0]], 1), split(FRAME[LENGTHS[0] :], 1)]))
    assert source is not None and source.by_series().data.npartitions == 2 and not source.by_series().moved
    assert [part.frame["unique_id"].nunique() for part in source.by_series().parts()] == [1, 8]
    spread = partitioned("test", split(FRAME, 3, True)).by_series()
    assert spread.moved and sum(part.frame["unique_id"].nunique() for part in spread.parts()) == SERIES


def test_series_of_another_frequency_are_refused_as_in_memory() -> None:
    days = pd.DataFrame({"unique_id": "daily", "ds": pd.date_range("2020-01-01", periods=30), "y": np.arange(30.0)})
    both = pd.concat([FRAME, days], ignore_index=True)
    with pytest.raises(DataError, match="'daily'") as memory:
        MODEL.predict(both)
    with pytest.raises(DataError, match="'daily'") as engine:
        MODEL.predict(split(both, 2)).compute()
    assert str(engine.value) == str(memory.value)
    found, errors = MODEL.predict(split(both, 2), errors="collect")
    assert errors.to_dict("list") == {"unique_id": ["daily"], "error": [str(memory.value)]}
    check_equal(found.compute(), MODEL.predict(FRAME))


def test_covariates_and_intervals_of_the_network() -> None:
    periodic = FRAME["unique_id"] == "shop 0"  # such a series has no errors to scale by
    frame = FRAME.assign(y=FRAME["y"].where(~periodic, 5.0 + np.arange(len(FRAME)) % 4))
    known = frame.assign(price=np.cos(np.arange(len(FRAME))), sky=np.where(frame["y"] > 8, "sun", "rain"))
    ends = FRAME.groupby("unique_id", sort=False)["ds"].max()
    ahead = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": pd.date_range(end, periods=4, freq="MS")[1:], "price": [1.0, 2.0, 3.0]})
        for name, end in ends.items()
    )
    network: dict[str, Any] = {
        "updates": 3,
        "ensemble_size": 1,
        "window": 6,
        "steps": 4,
        "hidden_size": 4,
        "intervals": 6,
    }
    model = Forecaster(
        3,
        season=4,
        method="network",
        past_covariates=["sky=sun", "sky=rain"],
        future_covariates=["price"],
        random_state=0,
        **network,
    ).fit(known)
    found = model.predict(split(known, 3, True), level=80, future=ahead).compute()
    check_equal(found, model.predict(known, level=80, future=ahead))


def test_columns_and_options_that_do_not_go_with_an_engine() -> None:
    with pytest.raises(DataError, match="unique_id, ds, y; y not found among unique_id, ds"):
        MODEL.predict(split(FRAME.drop(columns="y"), 1))
    with pytest.raises(ArgumentError, match="output, resume and workers are for Parquet files; Dask has its own"):
        MODEL.predict(split(FRAME, 1), output="somewhere")
    network = Forecaster(2, method="network", future_covariates=["y2"], updates=1, window=4, ensemble_size=1)
    model = network.fit(FRAME.assign(y2=FRAME["y"]))
    with pytest.raises(UnsupportedError, match="future must be a pandas frame, which every worker receives whole"):
        model.predict(split(FRAME.assign(y2=1.0), 1), future=split(FRAME, 1))


def test_the_lowest_common_level_is_used_by_all() -> None:
    best, lower = (Level(name, LEVELS, ("X", "Y")) for name in ("v4", "v3"))
    assert common_level("test", best, [best, best]) == "v4"
    with pytest.warns(
        ElmanWarning, match=r"ISA levels in use differ \(v4 here, v3, v4 on the workers\); v3 is used by"
    ):
        assert common_level("test", best, [best, lower]) == "v3"
    with pytest.warns(ElmanWarning, match="differ"):
        assert common_level("test", Level("neon", ("generic", "neon"), ("X", "Y")), [best]) == "generic"
    with pytest.warns(ElmanWarning, match='NumPy uses Y in some .* NPY_DISABLE_CPU_FEATURES="Y"'):
        assert common_level("test", best, [Level("v4", LEVELS, ("X",))]) == "v4"


def test_a_level_holds_for_a_part_and_is_then_left() -> None:
    before = isa()
    with at_level("generic"):
        assert isa() == "generic"
    assert isa() == before
    with pytest.raises(UnsupportedError, match="cannot run the ISA level v9"), at_level("v9"):
        pass


def test_another_level_gives_its_own_bits() -> None:
    best = MODEL.predict(FRAME)
    use_isa("generic")
    try:
        lower = MODEL.predict(split(FRAME, 2))
        expected = MODEL.predict(FRAME)
    finally:
        use_isa(isa_levels()[-1])
    computed = lower.compute()  # at the level of the call, though this process has another by now
    check_equal(computed, expected)
    assert computed.attrs["elman"]["instructions"] == "generic"
    assert not expected["Elman"].equals(best["Elman"])


NETWORK: dict[str, Any] = {"method": "network", "updates": 3, "ensemble_size": 1, "window": 6, "steps": 4}


@pytest.mark.parametrize(("partitions", "parameters"), [(1, {"method": "auto"}), (3, NETWORK)])
def test_a_backtest_has_the_tables_of_memory(partitions: int, parameters: dict[str, Any]) -> None:
    model = Forecaster(3, season=4, random_state=0, **parameters)
    expected = backtest(model, FRAME, n_windows=2, refit=partitions == 3)
    found = backtest(model, split(FRAME, partitions, partitions > 1), n_windows=2, refit=partitions == 3)
    pd.testing.assert_frame_equal(found.table, expected.table, check_exact=True)
    assert (found.verdict, found.cut_offs, found.horizon) == (expected.verdict, 2, 3)
    for one, other in ((found.by_series, expected.by_series), (found.verdicts, expected.verdicts)):
        keys = [name for name in ("unique_id", "cutoff", "metric") if name in other and name != "verdict"][:3]
        one, other = (frame.sort_values(keys, ignore_index=True) for frame in (one, other))
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False)
    with pytest.raises(UnsupportedError, match="no forecasts are kept of data in parts"):
        found.plot()


def test_forecasts_from_past_cut_offs_and_their_coverage() -> None:
    model = Forecaster(3, season=4, method="prior", cutoffs=0)
    found = cross_validation(model, split(FRAME, 2, True), n_windows=2, level=80)
    expected = cross_validation(model, FRAME, n_windows=2, level=80)
    computed = found.compute()
    assert found.dtypes.equals(computed.dtypes)
    for name in ("cutoff", "y", "Elman", "Elman-lo-80", "seasonal naive"):
        one, other = (frame.sort_values(["unique_id", "ds"])[name].tolist() for frame in (computed, expected))
        assert one == other
    assert backtest(model, split(FRAME, 2), level=80).coverage == backtest(model, FRAME, level=80).coverage


def test_a_fit_has_the_bits_of_memory() -> None:
    parameters = {**NETWORK, "window": "auto", "updates": 20, "hidden_size": 4}
    found = Forecaster(3, season=4, random_state=0, **parameters).fit(split(FRAME, 3, True))
    expected = Forecaster(3, season=4, random_state=0, **parameters).fit(FRAME)
    assert (found.window_, found.window_scores_) == (expected.window_, expected.window_scores_)
    assert found.networks_[0].theta.tobytes() == expected.networks_[0].theta.tobytes()
    check_equal(found.predict().compute(), expected.predict())
