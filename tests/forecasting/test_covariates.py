"""Past covariates and those known ahead: inputs of a step, rows used, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman import ArgumentError, DataError, Forecaster
from elman.forecasting import cross_validation
from forecasting.small import WAVE, frame_of, small

PRICE = np.random.default_rng(0).normal(size=80)


def price(rows: np.ndarray) -> np.ndarray:
    return PRICE[rows]


def promo(rows: np.ndarray) -> np.ndarray:
    return rows % 3 == 0


def both(n: int = 60) -> pd.DataFrame:
    return frame_of(np.resize(WAVE, n), np.resize(WAVE[::-1], n), price=price, promo=promo)


def ahead(frame: pd.DataFrame, n: int, steps: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split into the first n rows of every series, and the covariates of the next steps."""
    number = frame.groupby("unique_id").cumcount()
    return frame[number < n], frame[(number >= n) & (number < n + steps)].drop(columns="y")


KNOWN, FUTURE = ahead(both(), 57)
MIXED: dict[str, Any] = {"past_covariates": ["price"], "future_covariates": ["promo"]}


def test_a_step_sees_windows_and_what_is_known_of_the_horizon() -> None:
    model = small(**MIXED).fit(KNOWN)
    assert model.networks_[0].architecture.input_size == 5 * 3 + 3
    assert small(past_covariates=["price", "promo"]).fit(KNOWN).networks_[0].architecture.input_size == 5 * 3
    assert model.predict(future=FUTURE)["Elman"].shape == (6,)


@pytest.mark.parametrize("change", [{}, {"loss_at": "last"}, {"carry_state": True}, {"window": "auto"}])
def test_bits(change: dict[str, Any], tmp_path: Path) -> None:
    model = small(**MIXED, **change).fit(KNOWN)
    forecast = model.predict(future=FUTURE)
    assert forecast.equals(model.predict(KNOWN, future=FUTURE.iloc[::-1]))  # in any order
    alone = model.predict(KNOWN[KNOWN["unique_id"] == "s1"], future=FUTURE)  # other rows are ignored
    assert alone["Elman"].tolist() == forecast["Elman"].tolist()[3:]
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    assert again.predict(future=FUTURE).equals(forecast)
    assert again.predict(KNOWN, future=FUTURE).equals(forecast)


def test_polars() -> None:
    def polars(frame: pd.DataFrame) -> pl.DataFrame:
        return pl.DataFrame({name: frame[name].to_list() for name in frame.columns})

    out = small(**MIXED).fit(polars(KNOWN)).predict(future=polars(FUTURE))
    assert isinstance(out, pl.DataFrame)
    assert out["Elman"].to_list() == small(**MIXED).fit(KNOWN).predict(future=FUTURE)["Elman"].tolist()


def test_forecast_of_a_known_network() -> None:
    """All weights zero but the skip: each step of the horizon is the covariate of its own time."""
    model = small(ensemble_size=1, future_covariates=["price"], transform="none", center="none").fit(KNOWN)
    network = model.networks_[0]
    network.theta[:] = 0.0
    network.parameters["skip.W_k"][-3:] = np.eye(3)
    center, spread = model._fitted.network.recipe.future[0]
    expected = (PRICE[57:60] - center) / spread
    np.testing.assert_allclose(model.predict(future=FUTURE)["Elman"], np.tile(expected, 2), rtol=1e-5)
    network.parameters["skip.W_k"][-3:] = 0.0
    network.parameters["skip.W_k"][5:10, 0] = [0, 0, 0, 0, 1]  # the window of the covariate ends with the newest value
    newest = (PRICE[56] - center) / spread
    np.testing.assert_allclose(model.predict(future=FUTURE)["Elman"][0], newest, rtol=1e-5)


@pytest.mark.parametrize("strategy", ["multi_output", "recursive"])
def test_what_is_known_ahead_is_learned(strategy: str) -> None:
    """y equals the covariate at the same time; past values do not predict it."""
    y = PRICE[:77] + 5
    frame = frame_of(y, price=price)
    known, future = ahead(frame, 74)
    options: dict[str, Any] = {
        "season": 1,
        "center": "none",
        "transform": "none",
        "hidden_size": 8,
        "learning_rate": 0.01,
        "updates": 300,
    }
    model = small(future_covariates=["price"], strategy=strategy, **options).fit(known)
    assert np.abs(model.predict(future=future)["Elman"].to_numpy() - y[74:]).max() < 0.3


def test_the_past_of_a_covariate_moves_the_forecast_and_its_future_does_not() -> None:
    model = small(past_covariates=["price"]).fit(KNOWN)
    before = model.predict(KNOWN)["Elman"]
    newest = KNOWN.assign(price=np.where(KNOWN.groupby("unique_id").cumcount() == 56, 9.0, KNOWN["price"]))
    assert (model.predict(newest)["Elman"] != before).all()


def test_cross_validation_knows_what_is_known_ahead_and_no_more() -> None:
    frame = both()
    forecaster = small(**MIXED)
    first = cross_validation(forecaster, frame, n_windows=2)
    number = frame.groupby("unique_id").cumcount()
    other_past = frame.assign(price=np.where(number >= 54, 7.0, frame["price"]))
    other_ahead = frame.assign(promo=np.where(number >= 54, True, frame["promo"]))
    same = cross_validation(forecaster, other_past, n_windows=2)
    early = first["cutoff"] == first["cutoff"].min()
    assert same["Elman"][early].tolist() == first["Elman"][early].tolist()
    assert (cross_validation(forecaster, other_ahead, n_windows=2)["Elman"] != first["Elman"]).any()
    known, future = ahead(frame, 54)
    assert small(**MIXED).fit(known).predict(future=future)["Elman"].tolist() == first["Elman"][early].tolist()


def test_intervals_with_covariates() -> None:
    out = small(**MIXED, intervals=4).fit(KNOWN).predict(level=60, future=FUTURE)
    assert out.columns.tolist() == ["unique_id", "ds", "Elman", "Elman-lo-60", "Elman-hi-60"]


def test_updates_bring_their_covariates() -> None:
    known, _ = ahead(both(), 50)
    new = both()[both().groupby("unique_id").cumcount() >= 50]
    for change in ({"past_covariates": ["price"], "carry_state": True}, {"future_covariates": ["promo"]}):
        model = small(**change).fit(known)
        future = frame_of(np.zeros(63), np.zeros(63), promo=promo)
        given = {"future": future} if "future_covariates" in change else {}
        assert model.update(new).predict(**given).equals(model.predict(both(), **given))
    with pytest.raises(ArgumentError) as carried:
        small(future_covariates=["promo"], carry_state=True).fit(known).update(new)
    assert str(carried.value) == (
        "Forecaster.update: carry_state=True cannot be updated with future_covariates; fit again."
    )


def test_a_constant_covariate_changes_nothing_that_is_not_finite() -> None:
    model = small(past_covariates=["one"]).fit(frame_of(WAVE, one=np.ones_like))
    assert np.isfinite(model.predict()["Elman"]).all()


# Categories

SKIES = np.array(["rain", "sun", "fog"])
NAMED = ["sky=fog", "sky=rain", "sky=sun"]


def skies(rows: np.ndarray) -> np.ndarray:
    return SKIES[rows * 7 % 5 % 3]


def weather(kind: str) -> tuple[Any, Any]:
    """Return two series with a column of categories, and its next three steps, in one of the possible forms."""
    forms = {
        "text": lambda frame: frame,
        "category": lambda frame: frame.astype({"sky": "category"}),
        "numbers": lambda frame: frame.assign(sky=frame["sky"].map({"fog": 0, "rain": 1, "sun": 2})),
        "polars": lambda frame: pl.DataFrame(frame.to_dict("list")).with_columns(pl.col("sky").cast(pl.Categorical)),
    }
    known, future = ahead(frame_of(WAVE, WAVE[::-1], sky=skies), 57)
    return forms[kind](known), forms[kind](future)


@pytest.mark.parametrize("kind", ["text", "category", "polars"])
@pytest.mark.parametrize("which", ["past_covariates", "future_covariates"])
def test_named_categories_are_indicators(kind: str, which: str, tmp_path: Path) -> None:
    """The same bits as with hand-made columns of 0 and 1, even if a part of the data lacks categories."""
    dummies = [pd.get_dummies(own, columns=["sky"], prefix_sep="=") for own in weather("text")]
    future = dummies[1].reindex(columns=["unique_id", "ds", *NAMED], fill_value=False)
    known_ahead = which == "future_covariates"
    expected = small(**{which: NAMED}).fit(dummies[0]).predict(**({"future": future} if known_ahead else {}))
    known, coming = weather(kind)
    later = {"future": coming} if known_ahead else {}
    model = small(**{which: NAMED}).fit(known)
    assert model.predict(**later)["Elman"].to_list() == expected["Elman"].tolist()
    assert model.predict(known, **later)["Elman"].to_list() == expected["Elman"].tolist()
    model.save(tmp_path / "model")
    assert elman.load(tmp_path / "model").predict(known, **later)["Elman"].to_list() == expected["Elman"].tolist()


@pytest.mark.parametrize(
    ("kind", "which"), [("text", "future_covariates"), ("category", "past_covariates"), ("polars", "future_covariates")]
)
def test_named_categories_keep_every_promise(kind: str, which: str) -> None:
    known, _ = weather(kind)
    assert elman.audit(small(**{which: NAMED}).fit(known), known).passed


def test_categories_written_as_numbers() -> None:
    known, _ = weather("numbers")
    names = ["sky=0", "sky=1", "sky=2"]
    text = small(past_covariates=NAMED).fit(weather("text")[0]).predict()
    assert small(past_covariates=names).fit(known).predict().equals(text)


def test_categories_that_cannot_be_used() -> None:
    known, future = weather("text")

    def said(frame: pd.DataFrame, names: list[str] = NAMED) -> str:
        with pytest.raises(DataError) as caught:
            small(future_covariates=names).fit(frame)
        return str(caught.value)

    place = "in series 's0' at 2002-04-01 00:00:00"
    assert said(known.assign(sky=known["sky"].where(known.index != 5, "snow"))) == (
        f"Forecaster.fit: covariate sky is 'snow' {place}, which is none of fog, rain, sun."
    )
    assert said(known.assign(sky=known["sky"].where(known.index != 5))) == (
        f"Forecaster.fit: covariate sky is missing {place}; covariates are not filled."
    )
    assert said(known, ["sea=calm"]) == "Forecaster.fit: the column sea=calm is not found among unique_id, ds, y, sky."
    model = small(future_covariates=NAMED).fit(known)
    with pytest.raises(DataError) as unknown:
        model.predict(future=future.assign(sky="hail"))
    assert str(unknown.value) == (
        "Forecaster.predict: covariate sky is 'hail' in series 's0' at 2015-04-01 00:00:00, "
        "which is none of fog, rain, sun."
    )


# Refusals


def fit_message(frame: pd.DataFrame, **changes: Any) -> str:
    with pytest.raises((DataError, ArgumentError)) as caught:
        small(**(MIXED | changes)).fit(frame)
    return str(caught.value)


def test_covariates_that_cannot_be_used() -> None:
    holes = KNOWN.assign(price=KNOWN["price"].where(KNOWN.index != 9))
    assert fit_message(holes) == (
        "Forecaster.fit: covariate price is missing (NaN) in series 's0' at 2003-04-01 00:00:00; "
        "covariates are not filled."
    )
    assert fit_message(holes, missing="interpolate") == fit_message(holes)
    assert "covariate price is inf in series 's0' at 2001-01-01" in fit_message(KNOWN.assign(price=np.inf))
    hint = '\n  Hint: for categories, name each: "promo=spring".'
    named = KNOWN.assign(promo="spring")
    assert fit_message(named) == f"Forecaster.fit: covariate promo must hold numbers, got 'spring' in row 0.{hint}"
    assert fit_message(named.astype({"promo": "category"})) == fit_message(named)
    assert fit_message(KNOWN.drop(columns=["promo", "price"])) == (
        "Forecaster.fit: the columns price, promo are not found among unique_id, ds, y."
    )
    assert fit_message(KNOWN.drop(index=20), missing="interpolate") == (
        "Forecaster.fit: series 's0' has no row for 2006-01-01 00:00:00; the frequency is QS-JAN (inferred). "
        "Add the row: covariates are not filled."
    )
    with pytest.raises(ArgumentError) as array:
        small(**MIXED).fit(WAVE)
    assert str(array.value) == (
        "Forecaster.fit: past_covariates and future_covariates name columns of a frame, got ndarray."
    )


def test_parameters_that_name_no_columns() -> None:
    assert fit_message(KNOWN, past_covariates="price") == (
        "Forecaster.fit: past_covariates must be a list of column names, got 'price'."
    )
    for wrong in (["price", "price"], ["y"], ["promo"]):
        assert fit_message(KNOWN, past_covariates=wrong) == (
            f"Forecaster.fit: {wrong[0]!r} cannot be a covariate twice, nor if it is unique_id, ds or y."
        )
    assert fit_message(KNOWN, strategy="recursive") == (
        'Forecaster.fit: strategy="recursive" would need the future of price. '
        'Name them as future_covariates if it is known, or take strategy="multi_output".'
    )


def future_message(model: Forecaster, future: Any) -> str:
    with pytest.raises((DataError, ArgumentError)) as caught:
        model.predict(future=future)
    return str(caught.value)


def test_a_future_that_does_not_fit() -> None:
    model = small(**MIXED).fit(KNOWN)
    assert future_message(model, None) == (
        "Forecaster.predict: future must be a frame with promo for the 3 steps after every series, got NoneType."
    )
    assert future_message(model, FUTURE.drop(columns="promo")) == (
        "Forecaster.predict: the column promo is not found among unique_id, ds, price."
    )
    assert future_message(model, FUTURE.iloc[:-1]) == (
        "Forecaster.predict: future has no row for series 's1' at 2015-10-01 00:00:00. "
        "Add rows for the 3 steps after the end of every series."
    )
    assert future_message(model, pd.concat([FUTURE, FUTURE.iloc[:1]])) == (
        "Forecaster.predict: future has two rows for series 's0' at 2015-04-01 00:00:00."
    )
    assert future_message(model, FUTURE.assign(promo=[True, None, True, False, True, False])) == (
        "Forecaster.predict: covariate promo is missing (NaN) in series 's0' at 2015-07-01 00:00:00; "
        "covariates are not filled."
    )
    zoned = FUTURE.assign(ds=FUTURE["ds"].dt.tz_localize("UTC"))
    assert future_message(model, zoned).startswith("Forecaster.predict: ds of future holds datetime64[")
    assert future_message(model, zoned).endswith("Write both with the same time zone, or both without.")
    assert future_message(small().fit(KNOWN), FUTURE) == (
        "Forecaster.predict: future is given, but the forecaster has no covariates known ahead. Leave future out."
    )
    with pytest.raises(DataError) as absent:
        model.predict(KNOWN.drop(columns="price"), future=FUTURE)
    assert str(absent.value) == "Forecaster.predict: the column price is not found among unique_id, ds, y, promo."


@pytest.mark.parametrize(("fitted", "asked"), [(int, float), (float, int), ("Int64", float), (float, "Float64")])
def test_numbers_of_categories_are_the_same_in_every_type(fitted: Any, asked: Any) -> None:
    codes = [frame.groupby("unique_id").cumcount() % 2 + 1 for frame in (KNOWN, FUTURE)]
    model = small(future_covariates=["code=1", "code=2"]).fit(KNOWN.assign(code=codes[0].astype(fitted)))
    expected = small(future_covariates=["code=1", "code=2"]).fit(KNOWN.assign(code=codes[0].astype(str)))
    wanted = expected.predict(future=FUTURE.assign(code=codes[1].astype(str)))
    pd.testing.assert_frame_equal(model.predict(future=FUTURE.assign(code=codes[1].astype(asked))), wanted)
    with pytest.raises(DataError, match=r"covariate code is '1\.5' in series .*, which is none of 1, 2"):
        model.predict(future=FUTURE.assign(code=1.5))


def test_a_future_of_another_time_zone_is_the_same_moments() -> None:
    known, future = (frame.assign(ds=frame["ds"].dt.tz_localize("UTC")) for frame in (KNOWN, FUTURE))
    model = small(**MIXED).fit(known)
    expected = model.predict(future=future)
    for zone in (ZoneInfo("UTC"), "Europe/Berlin"):
        other = future.assign(ds=future["ds"].dt.tz_convert(zone))
        pd.testing.assert_frame_equal(model.predict(future=other), expected)


@pytest.mark.parametrize("named", [np.array, pd.Index, tuple])
def test_names_of_covariates_in_an_index_or_array(named: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"method": "network", "season": 4, "window": 4, "updates": 2, "ensemble_size": 1}
    dates = pd.date_range("2024-01-01", periods=34, freq="D", name="ds")
    table = pd.DataFrame({"y": np.arange(34.0) % 4, "heat": np.arange(34.0), "price": np.arange(34.0) % 3}, index=dates)
    forecasts = []
    for names in (["heat"], ["price"]), (named(["heat"]), named(["price"])):
        model = Forecaster(4, past_covariates=names[0], future_covariates=names[1], random_state=0, **options)
        model.fit(table[:30])
        forecasts.append(model.predict(future=table[["price"]][30:]))
        model.save(tmp_path / "model")
        loaded = Forecaster.load(tmp_path / "model").predict(future=table[["price"]][30:])
        pd.testing.assert_frame_equal(loaded, forecasts[-1])
    pd.testing.assert_frame_equal(forecasts[0], forecasts[1])
    assert forecasts[0]["ds"].tolist() == dates[30:].tolist()


@pytest.mark.parametrize("names", [5, {"heat"}, ["heat", 3], "heat"])
def test_names_of_covariates_that_are_no_list(names: Any) -> None:
    with pytest.raises(ArgumentError, match=r"past_covariates must be a list of column names, got "):
        Forecaster(4, past_covariates=names).fit(np.arange(40.0))
