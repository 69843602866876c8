"""`update`: one step per new row, the same bits as in one call; saved and restored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError

import elman
from elman import ArgumentError, DataError, Forecaster
from elman.forecasting import running
from elman.forecasting.frames import read_panel
from elman.forecasting.prediction import forecast
from forecasting.small import WAVE, frame_of, small

CELLS: list[dict[str, Any]] = [{}, {"cell": "gru"}, {"cell": "rnn", "num_layers": 2}]


def one_by_one(model: Forecaster, values: np.ndarray) -> Forecaster:
    for value in values:
        model.update([value])
    return model


@pytest.mark.parametrize("change", CELLS)
@pytest.mark.parametrize("strategy", ["multi_output", "recursive"])
def test_carried_state_equals_a_forecast_after_the_same_rows(change: dict[str, Any], strategy: str) -> None:
    model = small(carry_state=True, strategy=strategy, **change).fit(WAVE[:45])
    cuts = (45, 46, 53, 60)
    whole = [model.predict(WAVE[:end]) for end in cuts]
    for start, end, expected in zip((45, *cuts), cuts, whole, strict=False):
        assert np.array_equal(one_by_one(model, WAVE[start:end]).predict(), expected)


@pytest.mark.parametrize("change", CELLS)
def test_row_by_row_equals_one_go(change: dict[str, Any]) -> None:
    """Without a carried state the warm-up keeps its start and continues through all new rows."""
    one = one_by_one(small(**change).fit(WAVE[:45]), WAVE[45:]).predict()
    together = small(**change).fit(WAVE[:45]).update(WAVE[45:])
    assert np.array_equal(together.predict(), one)
    some = small(**change).fit(WAVE[:45]).update(WAVE[45:52]).update(WAVE[52:])
    assert np.array_equal(some.predict(), one)
    network = together._fitted.need_network("t")
    longer = replace(network.recipe, carry=True)
    newest = read_panel("fit", WAVE[45 - network.recipe.context_length :])
    go = forecast(network.networks, longer, network.unit, newest, network.scales, 3)
    assert np.array_equal(go[0], one)


@pytest.mark.parametrize("change", [{"strategy": "recursive"}, {"loss_at": "last", "window": 1, "center": "none"}])
def test_networks_that_forget_are_warmed_anew(change: dict[str, Any]) -> None:
    model = small(**change).fit(WAVE[:45])
    expected = model.predict(WAVE)
    assert np.array_equal(one_by_one(model, WAVE[45:]).predict(), expected)


def test_nothing_is_learned() -> None:
    model = small().fit(WAVE[:45])
    before = [network.theta.copy() for network in model.networks_]
    model.update(WAVE[45:])
    assert all(np.array_equal(network.theta, old) for network, old in zip(model.networks_, before, strict=True))


def test_work_does_not_depend_on_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small(carry_state=True).fit(WAVE[:45]).update(WAVE[45:46])
    steps = []
    usual = running.final_output

    def counted(network: Any, warm: Any, *rest: Any) -> Any:
        steps.append(len(warm.x))
        return usual(network, warm, *rest)

    monkeypatch.setattr(running, "final_output", counted)
    one_by_one(model, WAVE[46:])
    assert set(steps) == {1}
    assert len(model._fitted.newest.values) == model.window_ + model.steps - 1  # kept, however much came


@pytest.mark.parametrize("carry", [False, True])
def test_series_shorter_than_a_window_begin_again_until_they_fill_it(carry: bool) -> None:
    model = small(carry_state=carry, window=6).fit([WAVE, WAVE[:3]])
    expected = model.predict([WAVE, WAVE[:9]])[1]
    for end in range(3, 9):
        model.update([WAVE[:0], WAVE[end : end + 1]])
        if end + 1 < 9:
            assert np.array_equal(model.predict()[1], model.predict([WAVE, WAVE[: end + 1]])[1])
    assert np.array_equal(model.predict()[1], expected)
    assert np.array_equal(model.predict()[0], model.predict([WAVE, WAVE[:9]])[0])


def test_rows_of_a_frame_for_some_of_the_series() -> None:
    whole = frame_of(WAVE, WAVE[::-1], WAVE[:50])
    model = small(carry_state=True, transform="scale").fit(whole[whole["ds"] < "2011-01-01"])
    later = whole[whole["ds"] >= "2011-01-01"]
    model.update(later[later["unique_id"] == "s1"].iloc[:4])
    model.update(later[later["unique_id"] != "s1"])
    model.update(later[later["unique_id"] == "s1"].iloc[4:])
    expected = model.predict(whole)
    pd.testing.assert_frame_equal(model.predict(), expected, check_exact=True)


def test_polars_and_lists() -> None:
    frame = pl.DataFrame({"unique_id": ["a"] * 60, "ds": np.arange(60), "y": WAVE})
    model = small(carry_state=True).fit(frame[:50])
    assert model.update(frame[50:]).predict().equals(model.predict(frame))
    several = small(carry_state=True).fit([WAVE[:50], WAVE[:30]]).update([WAVE[50:], WAVE[30:31]])
    for one, other in zip(several.predict(), several.predict([WAVE, WAVE[:31]]), strict=True):
        assert np.array_equal(one, other)


def test_missing_values_among_the_new() -> None:
    model = small(missing="interpolate").fit(WAVE[:50])
    later = WAVE[50:].copy()
    later[3] = np.nan
    assert np.isfinite(model.update(later).predict()).all()
    with pytest.raises(DataError, match=r"^Forecaster.update: y is missing \(NaN\) at position 3\."):
        small().fit(WAVE[:50]).update(later)


@pytest.mark.parametrize("change", [*CELLS, {"strategy": "recursive"}, {"carry_state": True}])
def test_saved_and_restored(change: dict[str, Any], tmp_path: Path) -> None:
    model = small(**change).fit([WAVE[:50], WAVE[:40]]).update([WAVE[50:55], WAVE[40:41]])
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    for both in (model, again):
        both.update([WAVE[55:], WAVE[41:44]])
    for one, other in zip(model.predict(), again.predict(), strict=True):
        assert np.array_equal(one, other)


def test_damaged_states_are_refused() -> None:
    arrays, metadata = small().fit(WAVE[:50]).update(WAVE[50:]).to_arrays()
    for name, value in {
        "running.h": arrays["running.h"][:, :, :, 1:],
        "running.c": np.full_like(arrays["running.c"], np.nan),
        "running.outputs": arrays["running.outputs"].astype(np.float64),
        "running.center": None,
    }.items():
        wrong = {key: array for key, array in arrays.items() if key != name} | ({} if value is None else {name: value})
        with pytest.raises(elman.FileFormatError):
            Forecaster.from_arrays(wrong, dict(metadata))


def test_intervals_go_around_the_updated_forecast() -> None:
    model = small(intervals=5).fit(WAVE[:50]).update(WAVE[50:])
    out = model.predict(level=50)
    assert np.array_equal(out["Elman"], model.predict())
    assert (out["Elman-lo-50"] <= out["Elman"]).all() and (out["Elman"] <= out["Elman-hi-50"]).all()


def test_a_new_fit_forgets() -> None:
    model = small().fit(WAVE[:45]).update(WAVE[45:])
    assert np.array_equal(model.fit(WAVE[:45]).predict(), small().fit(WAVE[:45]).predict())


def test_rows_that_do_not_go_on() -> None:
    frame = frame_of(WAVE, WAVE[:50])
    model = small().fit(frame)
    skipped = frame_of(np.append(WAVE, [1.0, 2.0])).iloc[-1:]

    with pytest.raises(DataError) as gap:
        model.update(skipped)
    assert str(gap.value) == (
        "Forecaster.update: series 's0' goes on at 2016-01-01 00:00:00, "
        "but the first new row is at 2016-04-01 00:00:00."
    )
    with pytest.raises(DataError) as unknown:
        model.update(skipped.assign(unique_id="new"))
    assert str(unknown.value) == "Forecaster.update: series 'new' is new; fit again to learn it."
    counted = small().fit(frame.assign(unique_id=frame["unique_id"].map({"s0": 0, "s1": 1})))
    with pytest.raises(DataError, match=r"series '0' is new, but 0 was there at fit\. Write the names as in fit\.$"):
        counted.update(skipped.assign(unique_id="0"))
    with pytest.raises(ArgumentError) as form:
        model.update([1.0])
    assert str(form.value) == "Forecaster.update: new rows must come in the form of the data of fit, pandas."
    with pytest.raises(DataError) as count:
        small().fit([WAVE, WAVE]).update([WAVE[:1]])
    assert str(count.value) == (
        "Forecaster.update: fitted on 2 series, got 1; pass an empty array for a series without new values."
    )
    with pytest.raises(DataError) as domain:
        small().fit(WAVE).update([0.0])
    assert 'the transform "log" needs values above 0' in str(domain.value)
    with pytest.raises(DataError, match=r"^Forecaster.update: there are no rows\.$"):
        small().fit(WAVE).update(np.array([]))
    with pytest.raises(NotFittedError, match=r"^Forecaster.update: this Forecaster is not fitted yet"):
        small().update([1.0])
    before = model.predict()
    assert before.equals(small().fit(frame).predict())  # refused rows leave no trace
