"""The audit: red on models broken on purpose, each found by its own check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest

from elman import DataError, Forecaster
from elman.forecasting import Audit, audit, backtest, cross_validation, prediction, procedure, training_set
from elman.forecasting.channels import named
from elman.forecasting.methods import network as network_module
from elman.forecasting.panel import Panel
from elman.forecasting.running import Running
from elman.forecasting.scaling import Scaling
from elman.training import Batch
from forecasting.audited import SERIES, SMALL, WAVE, frame_of, numbers, outcome, small, with_covariates


def broken(result: Audit) -> tuple[str, ...]:
    """Return the broken promises besides updates: a wrong forecast of whole data also differs from updates."""
    return tuple(name for name in result.broken if name != "update")


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
    late, wrong = (red(kind, hidden_size=8, learning_rate=0.01) for kind in (LateStep, WrongStamps))
    assert broken(late) == broken(wrong) == ("alignment",)
    assert numbers(late, "alignment") == (1.0, 1.0, 0.0)
    assert not wrong.to_frame().query("check == 'alignment'")["number"].notna().any()
    stamped = next(check for check in wrong.checks if check.name == "alignment")
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
    results = [red(kind, **changes) for changes in ({"carry_state": True, "cell": "gru"}, {})]
    for result in results:
        assert result.broken == ("update",), str(result)
        assert min(numbers(result, "update")) > 0
    detail = results[-1].checks[-1].detail
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
    detail = next(check.detail for check in known_ahead.checks if check.name == "update")
    assert "carry_state=True cannot be updated with future_covariates" in detail
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
