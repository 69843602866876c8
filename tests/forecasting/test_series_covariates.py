"""Values of a series as a past covariate of the others: what is seen, matched by time, and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import elman
from elman import ArgumentError, DataError, Forecaster, UnsupportedError, audit
from elman.forecasting import cross_validation, fit_each
from forecasting.small import WAVE, frame_of, small

OIL = np.random.default_rng(0).normal(size=60).cumsum() + 20
FRAME = frame_of(WAVE[:60], WAVE[:60][::-1]).replace({"unique_id": {"s0": "a", "s1": "b"}})


def with_oil(frame: pd.DataFrame = FRAME, oil: np.ndarray = OIL) -> pd.DataFrame:
    own = frame_of(oil).assign(unique_id="oil")
    return pd.concat([frame, own[: len(oil)]], ignore_index=True)


BOTH = with_oil()
DRIVEN: dict[str, Any] = {"series_covariates": ["oil"]}


def test_it_is_a_column_of_the_past_with_the_bits_of_one_named() -> None:
    model = small(**DRIVEN).fit(BOTH)
    assert model.networks_[0].architecture.input_size == 5 * 2
    named = BOTH.assign(oil=BOTH["ds"].map(BOTH[BOTH["unique_id"] == "oil"].set_index("ds")["y"]))
    expected = small(past_covariates=["oil"]).fit(named)
    assert model.predict().equals(expected.predict())
    mixed = BOTH.sample(frac=1, random_state=0)
    with pytest.warns(elman.ElmanWarning, match="rows were not in order"):
        assert (
            model.predict(mixed)
            .sort_values(["unique_id", "ds"], ignore_index=True)
            .equals(model.predict().sort_values(["unique_id", "ds"], ignore_index=True))
        )


def test_values_are_matched_by_time_and_move_the_forecast_of_others() -> None:
    late = BOTH[(BOTH["unique_id"] != "b") | (BOTH.groupby("unique_id").cumcount() < 55)]  # b ends earlier
    model = small(**DRIVEN).fit(late)
    before = model.predict(late).groupby("unique_id")["Elman"].agg(list)
    changed = late.assign(
        y=np.where((late["unique_id"] == "oil") & (late["ds"] > late["ds"].iloc[54]), 99.0, late["y"])
    )
    after = model.predict(changed).groupby("unique_id")["Elman"].agg(list)
    assert after["b"] == before["b"] and after["a"] != before["a"]  # b does not see what comes after its end


def test_names_are_texts() -> None:
    numbers = BOTH.assign(unique_id=BOTH["unique_id"].map({"a": 1, "b": 2, "oil": 3}))
    with pytest.raises(ArgumentError, match=r"series_covariates must be a list of names of series as text, got \[3\]"):
        small(series_covariates=[3]).fit(numbers)
    expected = small(**DRIVEN).fit(BOTH).predict()["Elman"]
    assert small(series_covariates=["3"]).fit(numbers).predict()["Elman"].equals(expected)


def test_files_updates_and_cut_offs(tmp_path: Path) -> None:
    number = BOTH.groupby("unique_id").cumcount()
    model = small(**DRIVEN, carry_state=True).fit(BOTH[number < 57])
    model.save(tmp_path / "model")
    new = BOTH[number >= 57]
    updated = (
        elman.load(tmp_path / "model").update(new[new["unique_id"] == "oil"]).update(new[new["unique_id"] != "oil"])
    )
    assert updated.predict().equals(model.predict(BOTH))
    later = BOTH.assign(y=np.where(number >= 57, 7.0, BOTH["y"]))
    one, two = (cross_validation(small(**DRIVEN), frame, n_windows=2) for frame in (BOTH, later))
    early = one["cutoff"] == one["cutoff"].min()
    assert one["Elman"][early].tolist() == two["Elman"][early].tolist()


def test_an_audit_passes_and_finds_a_series_that_is_the_future() -> None:
    long = np.random.default_rng(1).normal(size=(2, 90)).cumsum(axis=1) + 30
    frame = frame_of(long[0], long[1]).replace({"unique_id": {"s0": "a", "s1": "oil"}})
    ends_earlier = frame[(frame["unique_id"] != "a") | (frame.groupby("unique_id").cumcount() < 86)]
    model = small(3, updates=2, ensemble_size=1, **DRIVEN)
    found = {check.name: check.holds for check in audit(model, ends_earlier).checks}
    assert found.pop("alignment") is not False and set(found.values()) == {True}
    leak = frame.assign(y=np.where(frame["unique_id"] == "oil", frame["y"].shift(89), frame["y"]))
    leak["y"] = leak.groupby("unique_id")["y"].ffill().fillna(30.0)
    result = audit(model, leak)
    assert result.broken == ("covariates",)
    assert "y of oil (past), 1 step before it, explains 100% of what is new in y" in str(result)


@pytest.mark.parametrize(
    ("data", "changes", "error", "message"),
    [
        (
            FRAME,
            {},
            ArgumentError,
            "the series 'oil', whose values are covariates of all, is not in the data; they have ",
        ),
        (with_oil(oil=OIL[:50]), {}, DataError, "series 'oil', whose values are covariates of all, has no value at "),
        (BOTH, {"series_covariates": ["oil", "oil"]}, ArgumentError, "'y of oil' cannot be a covariate twice"),
        (BOTH, {"series_covariates": "oil"}, ArgumentError, "series_covariates must "),
        (
            BOTH,
            {"method": "prior"},
            ArgumentError,
            'the method "prior" forecasts each series alone and cannot ',
        ),
        (BOTH, {"strategy": "recursive"}, ArgumentError, 'strategy="recursive" would need the future of y of oil'),
        ([WAVE, WAVE], {}, ArgumentError, "series_covariates name series of a frame, got list."),
    ],
)
def test_refusals(data: Any, changes: dict[str, Any], error: type[Exception], message: str) -> None:
    changes = {"ensemble_size": 1} | DRIVEN | changes
    model = small(**changes) if changes.get("method") != "prior" else Forecaster(3, **{"method": "prior"} | DRIVEN)
    with pytest.raises(error, match=rf"^Forecaster\.fit: {message}"):
        model.fit(data)


def test_series_apart(tmp_path: Path) -> None:
    BOTH.to_parquet(tmp_path / "all.parquet")
    with pytest.raises(UnsupportedError, match=r"series_covariates needs data in memory\. Pass them as one frame"):
        small(**DRIVEN).fit(str(tmp_path))
    with pytest.raises(UnsupportedError, match="series_covariates needs data in memory"):
        small(**DRIVEN).fit(BOTH).predict(str(tmp_path), output=tmp_path / "out")
    with pytest.raises(UnsupportedError, match="fit_each: series_covariates needs several series in one fit"):
        fit_each(small(**DRIVEN), BOTH)
