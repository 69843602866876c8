"""Calendar features, holidays and static covariates: what the network sees of them, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman import ArgumentError, DataError, Forecaster, MissingExtraError, UnsupportedError, audit
from elman.forecasting import cross_validation
from elman.forecasting.calendar import FEATURES, calendar_columns, features_of, holiday_column
from elman.tables.frequencies import to_frequency
from forecasting.small import WAVE, frame_of, small

STORES = pd.DataFrame({"unique_id": ["s1", "s0"], "kind": ["mall", "corner"], "size": [3.0, 1.0]})
pytestmark = pytest.mark.filterwarnings("ignore:.*the history has . holidays? of DE:elman.ElmanWarning")

BOTH = frame_of(WAVE, WAVE[::-1], freq="D")


def test_features_by_hand() -> None:
    times = pd.DatetimeIndex(["2024-01-01 06:00", "2024-12-31 12:00"], tz="Europe/Berlin")
    made = {name: calendar_columns(times, (name,)) for name in FEATURES}
    np.testing.assert_allclose(made["hour"], [[1, 0, -1, 0, -1, 0], [0, 0, 0, -1, 1, -1]], atol=1e-12)
    assert made["weekday"].argmax(axis=1).tolist() == [0, 1] and made["weekday"].sum() == 2
    assert made["month"].argmax(axis=1).tolist() == [0, 11]
    np.testing.assert_allclose(made["month_position"][0], [0, 0, 1, 1], atol=1e-12)
    np.testing.assert_allclose(made["month_position"][1, 2], np.cos(2 * np.pi * 30 / 31))
    np.testing.assert_allclose(made["season"][1, 0], np.sin(2 * np.pi * 365 / 366))
    assert {name: own.shape[1] for name, own in made.items()} == {name: own.width for name, own in FEATURES.items()}


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("15min", ("hour", "weekday")),
        ("D", ("weekday", "month_position", "season")),
        ("B", ("weekday", "month_position", "season")),
        ("W-SUN", ("month_position", "season")),
        ("ME", ("month",)),
        ("QS", ("month",)),
    ],
)
def test_usual_features(alias: str, expected: tuple[str, ...]) -> None:
    assert features_of("fit", ("auto",), to_frequency(alias)) == expected


def test_holidays_by_hand() -> None:
    days = pd.date_range("2024-12-31 23:00", periods=3, freq="h", tz="Europe/Berlin")
    assert holiday_column("fit", days, to_frequency("h"), "DE").tolist() == [0, 1, 1]
    epiphany = pd.DatetimeIndex(["2024-01-06"])
    both = [holiday_column("fit", epiphany, to_frequency("D"), land)[0] for land in ("DE-BY", "DE-BE")]
    assert both == [1, 0]


def test_they_enter_once_and_holidays_also_over_the_horizon() -> None:
    def size(frame: pd.DataFrame = BOTH, static: Any = None, **options: Any) -> int:
        return small(updates=1, **options).fit(frame, static_df=static).networks_[0].architecture.input_size

    assert size() == 5
    assert size(calendar=["weekday"]) == 5 + 7
    assert size(calendar=True) == 5 + 7 + 4 + 4
    assert size(holidays="DE") == 5 + 5 + 3
    assert size(static=STORES, static_covariates=["kind", "size"]) == 5 + 3
    assert size(BOTH.assign(p=1.0), static=STORES, static_covariates=["size"], past_covariates=["p"]) == 5 + 5 + 1


def test_a_step_sees_the_newest_day_and_its_store() -> None:
    """All weights zero but the skip: the forecast is the value of one input."""
    options: dict[str, Any] = {"transform": "none", "center": "none", "ensemble_size": 1, "updates": 1}
    model = small(calendar=["weekday"], static_covariates=["size", "kind"], **options).fit(BOTH, static_df=STORES)
    network = model._fitted.network
    names = model._fitted.newest.inputs.static
    assert network is not None and names == ("size", "kind=corner", "kind=mall")
    model.networks_[0].theta[:] = 0.0
    weekday = BOTH["ds"].iloc[59].day_of_week
    for column, raw in ((weekday, [1, 1]), (7, [1, 3]), (8, [1, 0]), (9, [0, 1])):
        skip = model.networks_[0].parameters["skip.W_k"]
        skip[:] = 0.0
        skip[5 + column] = 1.0
        center, spread = network.recipe.once[column]
        seen = model.predict()["Elman"].to_numpy().reshape(2, 3)
        np.testing.assert_allclose(seen, np.repeat((np.array(raw)[:, None] - center) / spread, 3, axis=1), rtol=1e-5)


WEEK = np.tile([3.0, 9.0, 4.0, 1.0, 12.0, 6.0, 2.0], 12)


def test_weekdays_and_stores_are_learned() -> None:
    """The newest value alone, which is noise, does not tell the day."""
    frame = frame_of(WEEK, 10 + WEEK, freq="D")
    frame["y"] += np.random.default_rng(0).normal(0, 2, len(frame))
    options: dict[str, Any] = {"window": 1, "season": 1, "center": "none", "transform": "none", "steps": 4}
    options |= {"updates": 300, "hidden_size": 8, "learning_rate": 0.02, "ensemble_size": 1}
    model = small(7, calendar=["weekday"], static_covariates=["kind"], **options).fit(frame, static_df=STORES)
    assert np.abs(model.predict()["Elman"] - np.concatenate([WEEK[:7], 10 + WEEK[:7]])).mean() < 1.5


@pytest.mark.parametrize("change", [{}, {"strategy": "recursive"}, {"carry_state": True}, {"loss_at": "last"}])
def test_bits(change: dict[str, Any], tmp_path: Path) -> None:
    options = {"calendar": True, "static_covariates": ["kind", "size"], **change}
    if "carry_state" not in change:  # its updates would need the future again
        options["holidays"] = "DE"
    model = small(**options).fit(BOTH, static_df=STORES)
    forecast = model.predict()
    assert forecast.equals(model.predict(BOTH)) and forecast.equals(model.predict(BOTH, static_df=STORES))
    alone = model.predict(BOTH[BOTH["unique_id"] == "s1"])
    assert alone["Elman"].tolist() == forecast["Elman"].tolist()[3:]
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    assert again.predict().equals(forecast) and again.predict(BOTH).equals(forecast)
    first, rest = (BOTH[(BOTH.groupby("unique_id").cumcount() < 50) == early] for early in (True, False))
    updated = small(**options).fit(first, static_df=STORES).update(rest)
    assert updated.predict().equals(updated.predict(BOTH))
    own = BOTH.merge(STORES, on="unique_id")
    assert small(**options).fit(own).predict().equals(forecast)


def test_polars_backtest_and_audit() -> None:
    options: dict[str, Any] = {"calendar": True, "holidays": "DE", "static_covariates": ["kind"]}
    model = small(**options).fit(BOTH, static_df=STORES)
    as_polars = [pl.DataFrame({name: own[name].to_list() for name in own.columns}) for own in (BOTH, STORES)]
    theirs = small(**options).fit(as_polars[0], static_df=as_polars[1]).predict()
    assert theirs["Elman"].to_list() == model.predict()["Elman"].tolist()
    past = cross_validation(small(**options), BOTH, static_df=STORES)
    early = BOTH[BOTH.groupby("unique_id").cumcount() < 57]
    assert small(**options).fit(early, static_df=STORES).predict()["Elman"].tolist() == past["Elman"].tolist()
    checks = {check.name: check.holds for check in audit(model, BOTH, static_df=STORES).checks}
    assert False not in checks.values() and checks["dates"] is None and checks["update"]


def test_days_without_a_row_have_a_calendar() -> None:
    gaps = BOTH.drop(index=[10, 11])
    model = small(calendar=True, static_covariates=["size"], missing="interpolate").fit(gaps, static_df=STORES)
    assert np.isfinite(model.predict()["Elman"]).all()


@pytest.mark.parametrize(
    ("options", "frame", "error", "message"),
    [
        ({"calendar": "weekday"}, BOTH, ArgumentError, "calendar must be True, False or a list of hour, weekday, "),
        ({"calendar": []}, BOTH, ArgumentError, "calendar must be True, False or a list of hour, weekday, "),
        ({"calendar": ["easter"]}, BOTH, ArgumentError, "calendar must be one of 'hour', 'weekday', "),
        (
            {"calendar": ["hour"]},
            BOTH,
            DataError,
            'the calendar feature "hour" is the same at every step of D; weekday',
        ),
        ({"calendar": True}, WAVE, ArgumentError, "calendar needs the dates of a frame, got ndarray."),
        (
            {"calendar": True},
            BOTH.assign(ds=[*range(60)] * 2),
            DataError,
            "calendar needs dates in ds, and it holds integers.",
        ),
        ({"calendar": True}, frame_of(WAVE, freq="YS"), DataError, "the calendar says nothing about steps of YS-JAN; "),
        ({"holidays": 3}, BOTH, ArgumentError, 'holidays must be the code of a country such as "DE", got 3.'),
        ({"holidays": "Germany"}, BOTH, ArgumentError, 'holidays must be the code of a country such as "DE", or of '),
        ({"holidays": "DE-XX"}, BOTH, ArgumentError, "'DE-XX' is no part of DE in the package holidays; its parts "),
        ({"holidays": "DE"}, frame_of(WAVE, freq="W"), DataError, "holidays are days, and the step is W-SUN. "),
        ({"holidays": "DE", "method": "prior"}, BOTH, ArgumentError, 'the method "prior" forecasts each series alone'),
        ({"static_covariates": ["kind"]}, WAVE, ArgumentError, "static_covariates name columns of a frame, got nd"),
        (
            {"static_covariates": ["kind"]},
            BOTH,
            ArgumentError,
            "the static covariates kind are no columns of the data. ",
        ),
        ({"static_covariates": "kind"}, BOTH, ArgumentError, "static_covariates must be a list of column names, got "),
    ],
)
def test_refused(options: dict[str, Any], frame: Any, error: type[Exception], message: str) -> None:
    model = Forecaster(3, **options) if "method" in options else small(**options)
    with pytest.raises(error) as caught:
        model.fit(frame)
    assert str(caught.value).startswith(f"Forecaster.fit: {message}")


@pytest.mark.parametrize(
    ("stores", "error", "message"),
    [
        (STORES.iloc[:1], DataError, "static_df has no row for series 's0'."),
        (pd.concat([STORES, STORES]), DataError, "static_df has two rows for series 's1'."),
        (STORES.assign(kind=["mall", None]), DataError, "static covariate kind is missing (NaN) for series 's0'; "),
        (
            STORES.rename(columns={"unique_id": "store"}),
            DataError,
            "static_df has no column unique_id among store, kind, size. Give this name to the column of the series.",
        ),
        (STORES.drop(columns="kind"), DataError, "static_df: the column kind is not found among unique_id, size."),
        ({"kind": "mall"}, ArgumentError, "static_df must be a frame with unique_id, got dict."),
    ],
)
def test_static_tables_that_are_refused(stores: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        small(static_covariates=["kind"]).fit(BOTH, static_df=stores)
    assert str(caught.value).startswith(f"Forecaster.fit: {message}")


def test_the_index_of_a_static_table_may_name_the_series() -> None:
    wanted = small(static_covariates=["kind"]).fit(BOTH, static_df=STORES).predict()
    found = small(static_covariates=["kind"]).fit(BOTH, static_df=STORES.set_index("unique_id")).predict()
    assert found.equals(wanted)


def test_names_of_another_type_are_told() -> None:
    numbered = BOTH.assign(unique_id=BOTH["unique_id"].str[1:].astype(int))
    stores = STORES.assign(unique_id=STORES["unique_id"].str[1:])
    with pytest.raises(DataError, match=r"static_df has no row for series 0, but one for '0': write the names in one "):
        small(static_covariates=["kind"]).fit(numbered, static_df=stores)


@pytest.mark.parametrize("size", ["big", "3.0"])
def test_text_in_place_of_a_static_number_is_refused(size: str) -> None:
    model = small(static_covariates=["size", "kind"]).fit(BOTH, static_df=STORES)
    new, other = BOTH.assign(unique_id=BOTH["unique_id"] + "0"), STORES.assign(unique_id=["s00", "s10"])
    assert len(model.predict(new, static_df=other)) == 6
    with pytest.raises(DataError, match=rf"predict: static covariate size holds text, such as '{size}', and held num"):
        model.predict(new, static_df=other.assign(size=size))
    with pytest.raises(DataError, match=r"static_df: the column kind is not found among unique_id, size\."):
        model.predict(new, static_df=other.drop(columns="kind"))


def test_static_covariates_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"the forecaster has no static covariates. Pass static_covariates=\['kind"):
        small().fit(BOTH, static_df=STORES)
    with pytest.raises(DataError, match=r"static covariate kind is 'a' and 'b' in series 's0'; it must be constant\."):
        small(static_covariates=["kind"]).fit(BOTH.assign(kind=["a"] * 9 + ["b"] * 111))
    many = frame_of(*[WAVE[:5]] * 51)
    with pytest.raises(DataError, match=r"static covariate kind has 51 categories, at most 50 can be used\."):
        small(static_covariates=["kind"]).fit(many.assign(kind=many["unique_id"]))
    model = small(static_covariates=["kind"]).fit(BOTH, static_df=STORES)
    new = BOTH.assign(unique_id=BOTH["unique_id"] + "0")
    with pytest.raises(DataError, match=r"series 's00' is new, and its kind is not known\."):
        model.predict(new)
    numbered = [frame.assign(unique_id=frame["unique_id"].str[1:].astype(int)) for frame in (BOTH, STORES)]
    counted = small(static_covariates=["kind"]).fit(numbered[0], static_df=numbered[1])
    with pytest.raises(DataError, match=r"^Forecaster.predict: series '0' is new, but 0 was there at fit\. Write the "):
        counted.predict(numbered[0].assign(unique_id=numbered[0]["unique_id"].astype(str)))
    other = STORES.assign(unique_id=["s00", "s10"], kind=["mall", "airport"])
    with pytest.raises(DataError, match=r"covariate kind is 'airport' in series 's10', which is none of corner, m"):
        model.predict(new, static_df=other)
    with pytest.raises(ArgumentError, match="static_df belongs to data, and there are none"):
        model.predict(static_df=STORES)
    BOTH.merge(STORES).to_parquet(tmp_path / "part.parquet")
    with pytest.raises(
        UnsupportedError, match=r'name each category: static_covariates=\["kind=corner", "kind=mall"\]\.'
    ):
        small(static_covariates=["kind"]).fit(tmp_path)


def test_data_in_parts(tmp_path: Path) -> None:
    own = BOTH.merge(STORES)
    own.to_parquet(tmp_path / "part.parquet")
    options: dict[str, Any] = {"calendar": True, "static_covariates": ["size", "kind=corner", "kind=mall"]}
    model = small(**options).fit(tmp_path)
    assert model.predict(own).equals(small(**options).fit(own).predict())


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elman._extras.installed", lambda package: False)
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(
        MissingExtraError, match=r"^Forecaster.fit: needs the package holidays; pip install \"elman.hol"
    ):
        small(holidays="DE").fit(BOTH)


def test_hours_are_those_of_the_zone_of_the_fit() -> None:
    utc = frame_of(WAVE, freq="h").assign(ds=lambda frame: frame["ds"].dt.tz_localize("UTC"))
    berlin = utc.assign(ds=utc["ds"].dt.tz_convert("Europe/Berlin"))
    model = small(calendar=["hour"]).fit(berlin)
    pd.testing.assert_frame_equal(model.predict(utc), model.predict(berlin))
    naive = utc.assign(ds=utc["ds"].dt.tz_localize(None))
    with pytest.raises(DataError) as none:
        model.predict(naive)
    assert str(none.value) == (
        "Forecaster.predict: ds has no time zone, and was in Europe/Berlin at fit. "
        'Pass ds.dt.tz_localize("Europe/Berlin").'
    )
    with pytest.raises(
        DataError, match=r"ds is in the time zone UTC, and had none at fit. Pass ds.dt.tz_localize\(None\)"
    ):
        small(calendar=["hour"]).fit(naive).predict(utc)
    with pytest.raises(DataError, match=r"^Forecaster.update: ds has no time zone, and was in UTC at fit"):
        small().fit(utc[:-4]).update(naive[-4:])
    late = small().fit(berlin[:-4])
    assert late.update(utc[-4:]).predict()["ds"].dt.tz == berlin["ds"].dt.tz
