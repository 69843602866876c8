"""The audit: green on the shipped forecaster in all configurations, red on models broken on purpose."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman import ArgumentError, DataError, Forecaster
from elman.forecasting import Audit, audit, backtest, cross_validation, prediction, procedure, training_set
from elman.forecasting.audit_subject import Subject, later
from elman.forecasting.channels import named
from elman.forecasting.methods import network as network_module
from elman.forecasting.panel import Panel
from elman.forecasting.running import Running
from elman.forecasting.scaling import Scaling
from elman.training import Batch

NAMES = ("future", "newest", "alignment", "neighbours", "dates", "repeat", "threads", "update")
SMALL: dict[str, Any] = {
    "method": "network",
    "season": 4,
    "window": 5,
    "steps": 8,
    "hidden_size": 4,
    "updates": 3,
    "ensemble_size": 2,
}
WAVE = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 12) + np.arange(48) / 10
SERIES = [WAVE, WAVE[::-1] * 3, WAVE[:30] + 5]


def small(horizon: int = 3, **changes: Any) -> Forecaster:
    return Forecaster(horizon, **(SMALL | {"random_state": 1} | changes))


def frame_of(*series: np.ndarray) -> pd.DataFrame:
    dates = [pd.date_range(end="2004-12-01", periods=len(y), freq="MS") for y in series]
    parts = [pd.DataFrame({"unique_id": f"s{i}", "ds": dates[i], "y": y}) for i, y in enumerate(series)]
    return pd.concat(parts, ignore_index=True)


def outcome(result: Audit) -> dict[str, bool | None]:
    return {check.name: check.holds for check in result.checks}


def numbers(result: Audit, name: str) -> tuple[float, ...]:
    return next(check.numbers for check in result.checks if check.name == name)


def broken(result: Audit) -> tuple[str, ...]:
    """Return the broken promises besides updates: a wrong forecast of whole data also differs from updates."""
    return tuple(name for name in result.broken if name != "update")


# Green: the shipped forecaster


CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "lstm": {},
    "gru": {"cell": "gru"},
    "rnn": {"cell": "rnn"},
    "two_layers_dropout": {"num_layers": 2, "dropout": 0.2},
    "recursive": {"strategy": "recursive"},
    "recursive_lags": {"strategy": "recursive", "window": 1, "loss_at": "last", "center": "none"},
    "loss_at_last": {"loss_at": "last"},
    "lags_of_a_tanh_network": {"window": 1, "loss_at": "last", "cell": "rnn", "loss": "mse", "center": "none"},
    "carried_state": {"carry_state": True},
    "carried_state_recursive": {"carry_state": True, "strategy": "recursive"},
    "one_step_gradients": {"carry_state": True, "bptt_depth": 1, "cell": "rnn", "activation": "sigmoid", "bias": False},
    "no_skip": {"linear_skip": False},
    "center_last": {"center": "last"},
    "scaled": {"transform": "scale"},
    "untransformed": {"transform": "none", "center": "none"},
    "window_and_season_found": {"window": "auto", "season": "auto"},
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_keeps_every_promise(name: str) -> None:
    frame = frame_of(*SERIES)
    result = audit(small(**CONFIGURATIONS[name]).fit(frame), frame)
    assert result.passed, str(result)
    assert tuple(outcome(result)) == NAMES
    assert [check for check, holds in outcome(result).items() if holds is None] in ([], ["alignment"]), str(result)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn", "recursive", "loss_at_last", "center_last"])
def test_alignment_is_really_checked_where_the_pattern_can_be_learned(name: str) -> None:
    model = small(**({"hidden_size": 8, "learning_rate": 0.01} | CONFIGURATIONS[name]))
    assert outcome(audit(model, WAVE))["alignment"] is True


@pytest.mark.parametrize("form", ["array", "integers", "list of numbers", "list", "pandas", "polars", "integer dates"])
def test_every_form_of_data(form: str) -> None:
    data: Any = {
        "array": lambda: WAVE,
        "integers": lambda: np.arange(1, 49),
        "list of numbers": WAVE.tolist,
        "list": lambda: SERIES,
        "pandas": lambda: frame_of(*SERIES),
        "polars": lambda: pl.DataFrame(frame_of(*SERIES).to_dict("list")),
        "integer dates": lambda: pd.DataFrame({"unique_id": 7, "ds": np.arange(48), "y": WAVE}),
    }[form]()
    result = audit(small().fit(data), data)
    dates = None if form in ("array", "integers", "list of numbers", "list") else True
    assert result.passed, str(result)
    assert outcome(result)["dates"] is dates
    assert [holds for name, holds in outcome(result).items() if name not in ("dates", "alignment")] == [True] * 6


def with_covariates(*series: np.ndarray) -> pd.DataFrame:
    frame = frame_of(*series)
    position = frame.groupby("unique_id").cumcount()
    return frame.assign(price=np.sin(position), stock=np.cos(position))


@pytest.mark.parametrize(
    "changes",
    [
        {"past_covariates": ["stock"]},
        {"future_covariates": ["price"]},
        {"past_covariates": ["stock"], "future_covariates": ["price"], "cell": "gru"},
        {"future_covariates": ["price"], "strategy": "recursive"},
    ],
)
def test_covariates(changes: dict[str, Any]) -> None:
    frame = with_covariates(*SERIES)
    for data in (frame, pl.DataFrame(frame.to_dict("list"))):
        result = audit(small(**changes).fit(data), data)
        assert result.passed, str(result)
        assert [check.holds for check in result.checks if check.name != "alignment"] == [True] * 8


def test_with_covariates_known_ahead_the_newest_values_stand_for_the_future() -> None:
    model = small(future_covariates=["price"])
    with pytest.raises(
        DataError, match=r"^audit: with future_covariates 5 values are needed, the longest series has 4"
    ):
        audit(model, with_covariates(WAVE[:4]))


def test_several_values_per_time() -> None:
    values = np.stack([WAVE, WAVE[::-1] * 1000], axis=1)
    for data in (values, [values, values[:30] * 2]):
        result = audit(small(hidden_size=8, learning_rate=0.01), data)
        assert result.passed, str(result)
        assert [len(check.numbers) for check in result.checks if check.name != "dates"] == [3] * 7


def test_missing_values_and_zeros() -> None:
    values = np.where(np.arange(48) % 7 == 3, np.nan, WAVE)
    values[-1] = np.nan
    assert audit(small(missing="seasonal_median"), frame_of(values, np.zeros(40))).passed
    ended = np.where(np.arange(48) < 30, WAVE, np.nan)  # all values that a forecast uses are missing
    assert audit(small(missing="seasonal_median"), frame_of(ended, WAVE)).passed


def test_forecasts_on_the_bound_of_the_transform_are_moved_from_elsewhere() -> None:
    rng = np.random.default_rng(0)
    assert outcome(audit(small(season=12), [rng.poisson(0.3, 60) for _ in range(12)]))["newest"] is True


def test_many_series_of_which_some_are_forecast_alone() -> None:
    series = [WAVE * (1 + i) for i in range(20)]
    assert audit(small(ensemble_size=1), series).passed


def test_an_unfitted_forecaster_stays_unfitted_and_a_fitted_one_as_it_is() -> None:
    model = small()
    assert audit(model, WAVE).passed
    assert not hasattr(model, "networks_")
    thetas = [network.theta.copy() for network in model.fit(WAVE).networks_]
    forecast, parameters = model.predict(), model.get_params()
    assert audit(model, WAVE).passed
    assert np.array_equal(model.predict(), forecast)
    assert model.get_params() == parameters
    assert all(np.array_equal(network.theta, theta) for network, theta in zip(model.networks_, thetas, strict=True))


def test_the_data_stay_as_they_are() -> None:
    frame = frame_of(*SERIES)
    copy = frame.copy()
    audit(small(ensemble_size=1), frame)
    pd.testing.assert_frame_equal(frame, copy)


def test_without_a_seed_copies_get_one() -> None:
    assert audit(small(random_state=None), WAVE).passed
    assert audit(small(random_state=np.random.RandomState(3)), WAVE).passed


def test_short_series_are_checked_as_far_as_they_go() -> None:
    result = audit(small(window="auto", season=1, steps=2), WAVE[:7])  # one cut-off, not two
    assert outcome(result)["future"] is True
    assert outcome(audit(small(window=2, season=1), WAVE[:5]))["future"] is None  # no room for window and horizon


# Red: broken on purpose, each found by its own check


class ScalesBeforeSplitting(Forecaster):
    """Divides by the largest value of all data, the cut-offs' future included."""

    def cross_validation(self, data: pd.DataFrame, n_windows: int, step_size: int) -> pd.DataFrame:
        largest = data["y"].max()
        result = cross_validation(self, data.assign(y=data["y"] / largest), n_windows, step_size, baselines=())
        return result.assign(Elman=result["Elman"] * largest)


class ScaleThatStays(Forecaster):
    """Measures its scale once and keeps it through every later fit."""

    def fit(self, data: pd.DataFrame, y: Any = None) -> Self:
        if not hasattr(self, "scale_"):
            self.scale_ = data["y"].std()
        return super().fit(data.assign(y=data["y"] / self.scale_))

    def predict(self, data: Any = None, level: Any = None) -> Any:
        result = super().predict(None if data is None else data.assign(y=data["y"] / self.scale_))
        return result.assign(Elman=result["Elman"] * self.scale_)

    def update(self, data: pd.DataFrame) -> Self:
        return super().update(data.assign(y=data["y"] / self.scale_))


class SeesOneTooFar(Forecaster):
    """In a backtest, mixes the value after the cut-off into its forecasts."""

    def cross_validation(self, data: pd.DataFrame, n_windows: int, step_size: int) -> pd.DataFrame:
        result = cross_validation(self, data, n_windows, step_size, baselines=())
        following = result.groupby(["unique_id", "cutoff"])["y"].transform("first")
        return result.assign(Elman=result["Elman"] + 0.1 * following)


class PeeksAtStock(Forecaster):
    """In a backtest, uses a past covariate after the cut-off."""

    def cross_validation(self, data: pd.DataFrame, n_windows: int, step_size: int) -> pd.DataFrame:
        result = cross_validation(self, data, n_windows, step_size, baselines=())
        stock = data.set_index(["unique_id", "ds"])["stock"]
        there = pd.MultiIndex.from_frame(result[["unique_id", "ds"]])
        return result.assign(Elman=result["Elman"] + 1e-6 * stock.loc[there].to_numpy())


class MissesTheNewest(Forecaster):
    """Its window ends one value too early, so it forecasts one step late and without the newest value."""

    def _forecast_panel(self, place: str, panel: Panel) -> Any:
        return super()._forecast_panel(place, panel.head(1))


class LateStep(Forecaster):
    """Forecasts the values from the second step on, labelled as those from the first step on."""

    def _forecast_panel(self, place: str, panel: Panel) -> Any:
        longer = super()._forecast_panel(place, panel)
        return np.concatenate([longer[:, 1:], longer[:, -1:]], axis=1)


class WrongStamps(Forecaster):
    """Gives the first forecast the newest known time stamp."""

    def predict(self, data: Any = None, level: Any = None) -> Any:
        return super().predict(data).assign(ds=lambda frame: frame["ds"] - pd.DateOffset(months=1))


class BatchNormalized(Forecaster):
    """Subtracts the mean over the series of one call from every forecast, like batch statistics."""

    def _forecast_panel(self, place: str, panel: Panel) -> Any:
        forecasts = super()._forecast_panel(place, panel)
        return forecasts + 1e-9 * forecasts.mean()


class KnowsTheCalendar(Forecaster):
    """Adds a term that depends on the year."""

    def _forecast_panel(self, place: str, panel: Panel) -> Any:
        assert panel.times is not None
        years = panel.times.year.to_numpy()[panel.offsets[1:] - 1]
        return super()._forecast_panel(place, panel) + 1e-9 * (years[:, None] - 2000)


class Unseeded(Forecaster):
    """Another seed every time."""

    fits = 0

    def fit(self, data: Any, y: Any = None) -> Self:
        Unseeded.fits += 1
        self.random_state = Unseeded.fits
        return super().fit(data)


class ThreadDependent(Forecaster):
    """Adds in another order with more threads."""

    def _forecast_panel(self, place: str, panel: Panel) -> Any:
        return super()._forecast_panel(place, panel) * (1 + 1e-12 * (self.n_threads or 1))


def red(kind: type[Forecaster], *series: np.ndarray, **changes: Any) -> Audit:
    frame = frame_of(*(series or SERIES))
    result = audit(kind(**{"horizon": 3, "random_state": 1, **SMALL, **changes}).fit(frame), frame)
    assert not result.passed
    return result


@pytest.mark.parametrize("kind", [ScalesBeforeSplitting, ScaleThatStays, SeesOneTooFar])
def test_leaks_are_red_on_future_alone(kind: type[Forecaster]) -> None:
    result = red(kind, transform="none")
    assert result.broken == ("future",), str(result)
    assert min(numbers(result, "future")) > 0  # at every step of the horizon


def test_a_peek_at_covariates_is_red_on_future_alone() -> None:
    frame = with_covariates(*SERIES)
    assert audit(PeeksAtStock(3, past_covariates=["stock"], **SMALL, random_state=0), frame).broken == ("future",)


def test_a_leak_in_our_own_backtest_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scale is chosen from all data instead of the values before the cut-off."""
    whole: list[Panel] = []
    usual_door, usual_scales = backtest.__globals__["read_panel"], Scaling.measured

    def door(*arguments: Any, **options: Any) -> Panel:
        whole.append(usual_door(*arguments, **options))
        return whole[-1]

    def scales(self: Scaling, panel: Panel) -> np.ndarray:
        return usual_scales(self, whole[-1] if whole and len(whole[-1]) == len(panel) else panel)

    monkeypatch.setitem(backtest.__globals__, "read_panel", door)
    monkeypatch.setattr(Scaling, "measured", scales)
    result = audit(small(transform="scale"), WAVE)
    assert "future" in result.broken


def test_intervals_made_of_the_future_are_red_on_future_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Residuals of all data instead of those before a cut-off: correct forecasts with wrong bounds."""
    whole: list[Panel] = []
    usual_door, usual = backtest.__globals__["read_panel"], procedure.calibrate

    def door(*arguments: Any, **options: Any) -> Panel:
        whole.append(usual_door(*arguments, **options))
        return whole[-1]

    model = small(intervals="auto")
    assert audit(model, WAVE).passed
    monkeypatch.setitem(backtest.__globals__, "read_panel", door)

    def calibrate(place: str, own: Any, known: Panel, *rest: Any) -> Any:
        return usual(place, own, named(whole[-1]) if whole else known, *rest)

    monkeypatch.setattr(procedure, "calibrate", calibrate)
    assert audit(model, WAVE).broken == ("future",)
    assert audit(small(), WAVE).passed  # unused without intervals


def test_window_off_by_one_is_red_on_newest() -> None:
    result = red(MissesTheNewest)
    assert broken(result) == ("newest",)
    assert numbers(result, "newest") == (0.0, 0.0, 0.0)
    learned = red(MissesTheNewest, hidden_size=8, learning_rate=0.01)
    assert broken(learned) == ("newest", "alignment")  # its forecasts are one step late
    assert numbers(learned, "alignment") == (-1.0, -1.0, -1.0)


def test_reading_the_state_before_the_last_is_red_on_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = prediction.warm_up

    def one_early(*arguments: Any) -> prediction.WarmUp:
        warm = usual(*arguments)
        return replace(warm, x=np.concatenate([warm.x[:1], warm.x[:-1]]))

    monkeypatch.setattr(prediction, "warm_up", one_early)
    assert broken(red(Forecaster, center="none")) == ("newest",)


def test_reading_the_padded_end_of_a_batch_is_red_on_neighbours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = prediction.warm_up

    def padded(*arguments: Any) -> prediction.WarmUp:
        warm = usual(*arguments)
        return replace(warm, lengths=np.full_like(warm.lengths, len(warm.x)))  # the last step of the longest row

    monkeypatch.setattr(prediction, "warm_up", padded)
    assert red(Forecaster, WAVE, WAVE[:40], WAVE[5:], steps=96).broken == ("neighbours", "update")


def test_head_on_the_wrong_step_is_red_on_alignment_alone() -> None:
    for kind in (LateStep, WrongStamps):
        assert broken(red(kind, hidden_size=8, learning_rate=0.01)) == ("alignment",)
    assert numbers(red(LateStep, hidden_size=8, learning_rate=0.01), "alignment") == (1.0, 1.0, 0.0)
    assert not red(WrongStamps).to_frame().query("check == 'alignment'")["number"].notna().any()
    stamped = next(check for check in red(WrongStamps).checks if check.name == "alignment")
    assert stamped.detail == "a forecast of series 's0' is stamped 2004-12-01 00:00:00 instead of 2005-01-01 00:00:00"


def test_targets_one_step_early_in_training_are_red_on_alignment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window of a step holds its first target: the network learns to repeat the newest value."""

    def early(self: Any, update: int) -> Batch:
        x, y, _, lengths, carry = self.stretches.batch(update)
        last = np.full(x.shape[1], len(x) - 1) if lengths is None else lengths - 1
        return Batch(x, y[last - 1, np.arange(x.shape[1])], None, lengths, carry)

    monkeypatch.setattr(training_set.LastStep, "batch", early)
    result = red(Forecaster, loss_at="last", center="none", hidden_size=8, learning_rate=0.01)
    assert result.broken == ("alignment",), str(result)
    assert numbers(result, "alignment") == (-1.0, -1.0, -1.0)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (BatchNormalized, "neighbours"),
        (KnowsTheCalendar, "dates"),
        (Unseeded, "repeat"),
        (ThreadDependent, "threads"),
    ],
)
def test_other_mistakes_are_red_on_their_check(kind: type[Forecaster], name: str) -> None:
    result = red(kind)
    related = {"repeat": {"future", "repeat", "threads"}}  # without a seed every fit differs
    assert name in result.broken
    assert set(broken(result)) <= related.get(name, {name}), str(result)
    assert max(numbers(result, name)) > 0


def forgets_where_it_was(running: Running, moved: Running) -> Running:
    """Process the value before the first new one again."""
    return replace(moved, states=running.states)


def misses_the_last_update(running: Running, moved: Running) -> Running:
    """Keep the outputs of the step before, so that the newest value is not used."""
    return replace(moved, outputs=running.outputs)


class LearnsFromUpdates(Forecaster):
    """Changes its weights slightly with every update, before its state."""

    def update(self, data: Any) -> Self:
        for network in self.networks_:
            network.theta[:] += 1e-6
        return super().update(data)


class StampsFromTheFit(Forecaster):
    """Continues time stamps from the end of the data of the fit after updates."""

    def update(self, data: Any) -> Self:
        stamps = super().predict()["ds"] if not hasattr(self, "stamps_") else self.stamps_
        self.stamps_ = stamps
        return super().update(data)

    def predict(self, data: Any = None, level: Any = None) -> Any:
        answer = super().predict(data)
        return answer if data is not None else answer.assign(ds=self.stamps_)


class RefusesToGoOn(Forecaster):
    """Refuses every update."""

    def update(self, data: Any) -> Self:
        raise DataError("update: the first new row is not the next one.")


@pytest.mark.parametrize("mistake", [forgets_where_it_was, misses_the_last_update, LearnsFromUpdates])
def test_mistakes_of_updates_are_red_on_update_alone(mistake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, usual = Forecaster, network_module.proceed
    if isinstance(mistake, type):
        kind = mistake
    else:
        monkeypatch.setattr(network_module, "proceed", lambda *given: mistake(given[0], usual(*given)))
    for changes in ({}, {"carry_state": True, "cell": "gru"}):
        result = red(kind, **changes)
        assert result.broken == ("update",), str(result)
        assert min(numbers(result, "update")) > 0
    detail = next(check for check in red(kind).checks if check.name == "update").detail
    if mistake is LearnsFromUpdates:
        assert "updates row by row taught the model" in detail
    if mistake is forgets_where_it_was:
        assert detail == "moved by: updates row by row"  # in one call it is one step from the correct state


def test_updates_with_wrong_stamps_and_refused_updates_are_red() -> None:
    frame = frame_of(WAVE)
    for kind, detail in (
        (StampsFromTheFit, "a forecast of series 's0' is stamped 2004-10-01 00:00:00 instead of 2005-01-01 00:00:00"),
        (RefusesToGoOn, "update: the first new row is not the next one."),
    ):
        result = audit(kind(3, **SMALL, random_state=1), frame)
        assert result.broken == ("update",), str(result)
        assert result.checks[-1].detail == detail


def test_updates_are_checked_as_far_as_they_are_possible() -> None:
    known_ahead = audit(small(future_covariates=["price"], carry_state=True), with_covariates(*SERIES))
    assert outcome(known_ahead)["update"] is None
    assert "carry_state=True cannot be updated with future_covariates" in known_ahead.checks[-1].detail
    negative = [WAVE - 30, 20 * (WAVE[::-1] - 30), WAVE[:30] - 30]  # scales, which go with names
    assert outcome(audit(small(transform="scale"), negative))["update"] is True
    assert outcome(audit(small(transform="scale"), frame_of(*negative)))["update"] is True
    assert outcome(audit(small(window=1, steps=1), WAVE))["update"] is None


def test_a_forecaster_that_changes_by_being_asked_is_red_on_repeat() -> None:
    class Learns(Forecaster):
        """Changes after its first forecast of these data."""

        def _forecast_panel(self, place: str, panel: Panel) -> Any:
            asked, self.asked_ = getattr(self, "asked_", 0), 1
            return super()._forecast_panel(place, panel) + 1e-9 * asked

    broken = audit(Learns(2, **SMALL, random_state=0).fit(WAVE), WAVE).broken
    assert "repeat" in broken and not {"alignment", "newest"} & set(broken)


# Objects of other libraries


class Persistence:
    """Not a Forecaster: repeats the last value and adds `extra` of the data."""

    def __init__(self, horizon: int, wrong: bool = False) -> None:
        self.horizon = horizon
        self.wrong = wrong

    def fit(self, data: Any) -> None:
        self.largest = max(getattr(self, "largest", -np.inf), float(np.max(data))) if self.wrong else 0.0

    def predict(self, data: Any) -> Any:
        if isinstance(data, list):
            return [self.predict(series) for series in data]
        return np.full(self.horizon, data[-1]) + self.largest


def test_forecasters_of_others_are_asked_what_they_can_answer() -> None:
    result = audit(Persistence(2), WAVE)
    assert result.passed, str(result)
    assert outcome(result) == {
        "future": True, "newest": True, "alignment": None, "neighbours": True, "dates": None, "repeat": True,
        "threads": None, "update": None,
    }  # fmt: skip
    assert audit(Persistence(2, wrong=True), WAVE).broken == ("future",)


def test_what_cannot_be_audited() -> None:
    with pytest.raises(ArgumentError, match=r"^audit: a forecaster needs horizon, dict has none\.$"):
        audit({}, WAVE)
    with pytest.raises(DataError, match=r"^audit: y is missing \(NaN\) at position 1\."):
        audit(small(), [1.0, np.nan, 2.0, 3.0])


# The result


def test_result_is_a_frozen_table() -> None:
    result = elman.audit(small(2, ensemble_size=1), WAVE)
    frame = result.to_frame()
    assert frame.columns.tolist() == ["check", "promise", "holds", "measure", "step", "number", "detail"]
    assert frame["check"].unique().tolist() == list(NAMES)
    assert frame.loc[frame["check"] == "newest", "step"].tolist() == [1, 2]
    assert (frame.loc[frame["check"] == "newest", "number"] > 0).all()
    assert frame.loc[frame["check"] == "future", "number"].tolist() == [0.0, 0.0]
    assert frame.loc[frame["check"] == "dates", "holds"].tolist() == [None]
    with pytest.raises(FrozenInstanceError):
        result.checks = ()


def test_text_names_what_broke_and_by_how_much() -> None:
    result = red(KnowsTheCalendar)
    lines = str(result).splitlines()
    assert lines[0].startswith("2 of ") and "checks broken: dates, update." in lines[0]
    assert len(lines) == 9
    broken = next(line for line in lines if line.startswith("BROKEN"))
    assert "shifted dates change no value" in broken and broken.endswith(
        "moved by: dates later by 1; dates later by 16"
    )
    kept = replace(result, checks=tuple(check for check in result.checks if check.holds))
    assert kept.passed and kept.summary.startswith("All ") and "BROKEN" not in str(kept)


def test_later_moves_every_series_along_its_own_dates() -> None:
    subject = Subject(small(ensemble_size=1), frame_of(WAVE, WAVE[:30]))
    moved = later(subject.panel, 5)
    assert moved.times is not None and subject.panel.times is not None
    assert moved.times[0] == pd.Timestamp("2001-06-01") and moved.times[48] == pd.Timestamp("2002-12-01")
    assert moved.times[47] == pd.Timestamp("2005-05-01") and moved.times[-1] == pd.Timestamp("2005-05-01")
    assert np.array_equal(moved.values, subject.panel.values)
