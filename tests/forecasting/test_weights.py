"""Weights of values, their half-life, and censored values: what is learned, what is scored, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman import ArgumentError, DataError, ElmanWarning, Forecaster, UnsupportedError, audit
from elman.forecasting import cross_validation
from elman.forecasting.fitting import make_recipe, prepare
from elman.forecasting.frames import read_panel
from elman.forecasting.inputs import Inputs
from elman.forecasting.store import PanelStore
from forecasting.small import WAVE, frame_of, small

CLOSED = np.arange(60) % 7 == 3


def shop(**columns: Any) -> pd.DataFrame:
    """A series whose sales are 0 on closed days."""
    return frame_of(np.where(CLOSED, 0.0, WAVE), freq="D", closed=lambda rows: CLOSED[rows] * 1.0, **columns)


def forecast(frame: pd.DataFrame, **options: Any) -> np.ndarray:
    return small(**options).fit(frame).predict()["Elman"].to_numpy()


def targets(frame: pd.DataFrame, **options: Any) -> np.ndarray:
    """Return the weights of all values as targets."""
    model = small(**options)
    columns = [] if model.censored is None else [model.censored]
    panel = read_panel("fit", frame, inputs=Inputs(past=tuple(columns), weight=model.weight, censored=model.censored))
    store = PanelStore.of(panel, "error", 4)
    prepared = prepare(store, make_recipe("fit", model, store, (4,), 5), model.half_life)
    arrays = prepared.arrays(None)
    assert arrays.weight is not None
    return arrays.weight[:, 0]


def test_weights_by_hand() -> None:
    two = frame_of(WAVE[:40], WAVE[:41], w=lambda rows: 3.0 + rows % 2)
    assert targets(two, weight="w")[:4].tolist() == [0.75, 1.0, 0.75, 1.0]  # divided by the largest
    decayed = targets(two, half_life=10.0)
    assert decayed[[39, 29, 19]].tolist() == [1.0, 0.5, 0.25]  # from the end of each series
    assert decayed[[80, 70, 60]].tolist() == [1.0, 0.5, 0.25]
    assert np.array_equal(targets(two, half_life=10.0, weight="w"), decayed * targets(two, weight="w"))
    assert np.array_equal(targets(shop(), censored="closed") > 0, ~CLOSED)


def test_equal_weights_change_no_bit() -> None:
    assert np.array_equal(forecast(shop(w=lambda rows: 2.0 + 0 * rows), weight="w"), forecast(shop()))


def test_values_of_weight_0_are_seen_but_not_learned() -> None:
    """Targets that count nowhere may be anything, as long as no window contains them."""
    last = np.arange(60) >= 57
    free = {"steps": 1, "center": "last", "transform": "none", "updates": 20}
    frames = [frame_of(np.where(last, value, WAVE), w=lambda rows: 1.0 * ~last[rows]) for value in (20.0, 90.0)]
    one, other = (small(weight="w", **free).fit(frame) for frame in frames)
    assert np.array_equal(one.networks_[0].theta, other.networks_[0].theta)
    assert not np.array_equal(one.predict()["Elman"], other.predict()["Elman"])
    plain = [small(**free).fit(frame) for frame in frames]
    assert not np.array_equal(plain[0].networks_[0].theta, plain[1].networks_[0].theta)


def test_a_series_of_weight_0_is_not_learned() -> None:
    found = []
    for other in (WAVE[::-1], 90 - WAVE):
        both = frame_of(WAVE, other)
        both["w"] = (both["unique_id"] == "s0").astype(float)
        found.append(small(weight="w", transform="none", updates=20).fit(both).networks_[0].theta)
    assert np.array_equal(*found)


def test_what_a_censored_value_was_does_not_matter() -> None:
    high, unknown = shop(), shop()
    high.loc[high["closed"] == 1, "y"] = 1e6
    unknown.loc[unknown["closed"] == 1, "y"] = np.nan
    expected = forecast(shop(), censored="closed")
    assert np.array_equal(forecast(high, censored="closed"), expected)
    assert np.array_equal(forecast(unknown, censored="closed"), expected)
    assert np.array_equal(forecast(pl.from_pandas(shop()), censored="closed"), expected)
    assert expected.min() > 15


def test_they_are_not_scored() -> None:
    for options in ({"censored": "closed"}, {"weight": "open"}):
        frame = shop(open=lambda rows: 1.0 * ~CLOSED[rows])
        found = cross_validation(small(**options), frame, n_windows=3)
        hidden = CLOSED[-9:]
        assert np.array_equal(found["y"].isna(), hidden) and hidden.sum() == 2
        checked = small(cutoffs=3, **options).fit(frame).check_
        assert checked is not None and checked.forecasts["y"].isna().sum() == 2


def test_flags_of_any_type_are_the_same() -> None:
    expected = forecast(shop(), censored="closed")
    flags = shop()["closed"]
    for other in (
        flags.astype(bool),
        flags.astype("Int64"),
        flags.astype(bool).astype("boolean"),
        flags.astype(object),
    ):
        assert np.array_equal(forecast(shop().assign(closed=other), censored="closed"), expected)
    with pytest.warns(ElmanWarning, match="covariate closed holds numbers written as text"):
        assert np.array_equal(forecast(shop().assign(closed=flags.astype(str)), censored="closed"), expected)


def test_the_network_sees_which_values_are_censored(tmp_path: Path) -> None:
    model = small(censored="closed", updates=20).fit(shop())
    assert model.networks_[0].architecture.input_size == 2 * 5  # the window of the values and of the flag
    model.save(tmp_path / "model")
    again = Forecaster.load(tmp_path / "model")
    assert again.censored == "closed" and again.predict().equals(model.predict())
    assert again.predict(shop()).equals(model.predict())
    first, rest = shop().iloc[:55], shop().iloc[55:]
    assert small(censored="closed").fit(first).update(rest).predict().shape == (3, 3)
    checks = {check.name: check.holds for check in audit(model, shop()).checks}
    assert checks["future"] and checks["newest"] and checks["update"] and False not in checks.values()


@pytest.mark.parametrize(
    ("options", "change", "error", "message"),
    [
        (
            {"weight": "w"},
            {"w": -1.0},
            DataError,
            "weight w is -1 in series 's0' at 2001-01-04 00:00:00; it must be at ",
        ),
        (
            {"weight": "w"},
            {"w": np.nan},
            DataError,
            "weight w is missing (NaN) in series 's0' at 2001-01-04 00:00:00; ",
        ),
        ({"weight": "w"}, {"w": np.inf}, DataError, "weight w is inf in series 's0' at 2001-01-04 00:00:00; "),
        ({"weight": "zero"}, {}, DataError, "weight zero is 0 in every row; there is nothing to learn from."),
        ({"weight": "v"}, {}, DataError, ""),
        (
            {"censored": "w"},
            {"w": 0.5},
            DataError,
            "censored w is 0.5 in series 's0' at 2001-01-04 00:00:00; it must be 0 ",
        ),
        (
            {"censored": "w"},
            {"w": np.nan},
            DataError,
            "censored w is missing (NaN) in series 's0' at 2001-01-04 00:00:00; it must be 0 or 1. Write 1 where ",
        ),
        (
            {"censored": "text"},
            {},
            DataError,
            "censored text is 'a' in series 's0' at 2001-01-01 00:00:00; it must be 0 or 1. Write 1 where ",
        ),
        ({"censored": "one"}, {}, DataError, "every value of series 's0' is missing (NaN) or censored. Leave"),
        ({"weight": "y"}, {}, ArgumentError, "weight must name a further column, got 'y'."),
        ({"weight": "text"}, {}, DataError, "weight text must hold numbers, got 'a' in row 0."),
        (
            {"censored": "closed", "strategy": "recursive"},
            {},
            ArgumentError,
            'strategy="recursive" would need the future',
        ),
        (
            {"censored": "closed", "past_covariates": ["closed"]},
            {},
            ArgumentError,
            "'closed' cannot be a covariate twice",
        ),
        ({"half_life": 0}, {}, ArgumentError, "half_life must be a number in (0, inf), got 0."),
        ({"weight": 3}, {}, ArgumentError, "weight must be the name of a column, got 3."),
        ({"weight": "w", "method": "prior"}, {}, ArgumentError, ""),
    ],
)
def test_refused(options: dict[str, Any], change: dict[str, float], error: type[Exception], message: str) -> None:
    frame = shop(w=lambda rows: 1.0 + 0 * rows, zero=lambda rows: 0.0 * rows, one=lambda rows: 1.0 + 0 * rows)
    frame["text"] = "a"
    for name, value in change.items():
        frame.loc[3, name] = value
    model = Forecaster(3, method="prior", weight="w") if "method" in options else small(**options)
    with pytest.raises(error) as caught:
        model.fit(frame)
    assert str(caught.value).startswith(f"Forecaster.fit: {message}")


def test_arrays_have_no_column_of_weights() -> None:
    with pytest.raises(ArgumentError, match=r"^Forecaster.fit: weight names a column of a frame, got ndarray\.$"):
        small(weight="w").fit(WAVE)
    assert np.isfinite(small(half_life=12).fit(WAVE).predict()).all()


def test_gaps_in_time_have_no_weight() -> None:
    frame = frame_of(WAVE, freq="D", w=lambda rows: 1.0 + rows % 2).drop(index=[10, 11])
    panel = read_panel("fit", frame, missing="interpolate", inputs=Inputs(weight="w"))
    assert panel.weight is not None and panel.weight[8:14].tolist() == [0.5, 1.0, 0.0, 0.0, 0.5, 1.0]


def test_data_in_parts_have_none(tmp_path: Path) -> None:
    shop(w=lambda rows: 1.0 + 0 * rows).to_parquet(tmp_path / "part.parquet")
    for name, column in (("weight", "w"), ("censored", "closed")):
        with pytest.raises(
            UnsupportedError, match=rf"^Forecaster.fit: {name} needs data in memory. Pass them as one fr"
        ):
            small(**{name: column}).fit(tmp_path)
    model = small(half_life=20.0)
    in_memory = small(half_life=20.0).fit(shop()).predict()
    assert np.array_equal(model.fit(tmp_path).predict(shop())["Elman"], in_memory["Elman"])
