"""The yearly season of daily data: found by the default where there is one, and used by forecasts of every kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import elman
from elman import Forecaster, audit
from elman.errors import FileFormatError
from elman.estimators import root_seed
from elman.forecasting import backtest, procedure
from elman.forecasting import candidates as candidates_module
from elman.forecasting.candidates import Candidates
from elman.forecasting.choosing import WITH_YEAR, WITHOUT_YEAR, why_year
from elman.forecasting.methods import MeanMethod, PriorMethod
from elman.forecasting.panel import Panel
from elman.forecasting.past import Past
from elman.forecasting.yearly import Pattern, forecast, without_pattern
from elman.persistence import load_arrays, save_arrays
from elman.prior import load_prior

DAYS, HORIZON = 1461, 56


def daily(seed: int, days: int = DAYS + HORIZON, wave: float = 0.4, year: int = 365) -> np.ndarray:
    """A weekly pattern, a yearly one of this size, and noise."""
    rng, t = np.random.default_rng(seed), np.arange(days)
    week = rng.normal(0, 0.1, 7)[t % 7]
    yearly = wave * np.sin(2 * np.pi * (t - days + HORIZON) / year)  # steepest after the known values
    result: np.ndarray = np.exp(4 + week + yearly + rng.normal(0, 0.1, days))
    return result


def known(*series: np.ndarray, freq: str = "D") -> pd.DataFrame:
    """All but the horizon of series that end on one day."""
    parts = []
    for i, y in enumerate(series):
        ds = pd.date_range(end="2024-12-30", periods=len(y) - HORIZON, freq=freq)
        parts.append(pd.DataFrame({"unique_id": f"s{i:02}", "ds": ds, "y": y[:-HORIZON]}))
    return pd.concat(parts, ignore_index=True)


def error(model: Forecaster, *series: np.ndarray) -> float:
    forecasts = model.predict()["Elman"].to_numpy()
    return float(np.abs(forecasts - np.concatenate([y[-HORIZON:] for y in series])).mean())


def of(**parameters: Any) -> Forecaster:
    return Forecaster(HORIZON, **({"random_state": 0} | parameters))


WITH, WITHOUT = daily(1), daily(2, wave=0.0)


@pytest.mark.parametrize("method", ["auto", "prior"])
def test_a_yearly_pattern_is_found(method: str) -> None:
    model = of(method=method).fit(known(WITH))
    assert model.seasons_ == (7, 365) and model.method_ == "prior"
    assert (
        model.reason_.startswith("MASE with the yearly season ") and "12 cut-offs of the newest year" in model.reason_
    )
    assert error(model, WITH) < 0.6 * error(of(method=method, season=7).fit(known(WITH)), WITH)
    assert model.predict().equals(of(method=method, season=[7, 365]).fit(known(WITH)).predict())


def test_a_series_without_one_keeps_its_week() -> None:
    model, week = (of(season=season).fit(known(WITHOUT)) for season in ("auto", 7))
    assert model.seasons_ == (7,) and model.reason_ == week.reason_
    assert model.predict(level=80).equals(week.predict(level=80))


@pytest.mark.parametrize(
    ("short", "reason"), [(0, "at a cut-off of the newest year"), (1, "two years agree, too few to check it: ")]
)
def test_two_years_without_a_cut_off_have_to_agree(short: int, reason: str) -> None:
    y = daily(1, 2 * 365 + 2 * HORIZON - short)
    model = of().fit(known(y))
    assert model.seasons_ == (7, 365) and reason in model.reason_


def test_two_years_of_days() -> None:
    series = [daily(seed, 2 * 365 + HORIZON) for seed in range(5)]
    model, week = (of(method="prior", season=season).fit(known(*series)) for season in ("auto", 7))
    assert model.seasons_ == (7, 365) and model.reason_.startswith("two years agree, too few to check it: 100 % of")
    assert error(model, *series) < 0.6 * error(week, *series)
    assert of(method="prior").fit(known(*[y[1:] for y in series])).seasons_ == (7,)


@pytest.mark.parametrize("length", [2 * 365 + HORIZON, 2 * 365 + 2 * HORIZON - 1])
def test_two_years_that_do_not_agree_keep_their_week(length: int) -> None:
    """Without a pattern; with a pattern of the second year alone; a random walk."""
    rng = np.random.default_rng(5)
    walk = np.exp(4 + 0.02 * rng.normal(size=length).cumsum())
    half = daily(7, length, wave=0.0)
    half[-365:] *= np.exp(0.3 * np.sin(2 * np.pi * np.arange(365) / 365))
    for y in (daily(6, length, wave=0.0), half, walk):
        model = of(method="prior").fit(known(y))
        assert model.seasons_ == (7,) and "agree" not in model.reason_


def test_business_days() -> None:
    y = daily(3, 4 * 261 + HORIZON, year=261)
    model = of().fit(known(y, freq="B"))
    assert model.seasons_ == (5, 261)
    assert error(model, y) < 0.5 * error(of(season=5).fit(known(y, freq="B")), y)


@pytest.mark.parametrize(
    ("season", "freq", "seasons"), [(7, "D", (7,)), ("auto", "h", (24, 168)), ("auto", "W", (52,))]
)
def test_only_of_days_whose_season_was_not_named(season: Any, freq: str, seasons: tuple[int, ...]) -> None:
    assert of(method="prior", season=season).fit(known(WITH, freq=freq)).seasons_ == seasons


def test_arrays_and_baselines_have_none() -> None:
    assert of(method="prior").fit(WITH).seasons_ == (1,)
    assert of(method="seasonal naive").fit(known(WITH)).seasons_ == (7,)


def test_a_panel_of_mixed_lengths() -> None:
    """Short series are forecast by the week, and the long ones decide."""
    long = [daily(seed) for seed in range(10, 22)]
    short = [daily(seed, 200 + 20 * seed) for seed in range(12)]
    model, week = (of(season=season).fit(known(*long, *short)) for season in ("auto", 7))
    assert model.seasons_ == (7, 365) and "at 12 cut-offs of the newest year" in model.reason_
    series = [*long, *short]
    assert error(model, *series) < 0.8 * error(week, *series)
    prior, by_week = (of(method="prior", season=season).fit(known(*series)) for season in ("auto", 7))
    forecasts, of_week = (each.predict()["Elman"].to_numpy().reshape(-1, HORIZON) for each in (prior, by_week))
    same = (forecasts == of_week).all(axis=1)
    assert same.tolist() == [False] * 12 + [True] * 12


def test_a_panel_is_tuned_without_its_pattern() -> None:
    series = [daily(seed, 1000) for seed in range(20)]
    model = of(method="tuned").fit(known(*series))
    assert model.seasons_ == (7, 365) and "at 2 cut-offs of the newest year" in model.reason_
    rest = without_pattern([y[:-HORIZON] for y in series], (7, 365))
    tuned = load_prior().tuned(rest, HORIZON, (7, 365), seed=root_seed(0), updates=8)
    delivered: Any = model._fitted.method
    assert np.array_equal(delivered.spread.prior.networks[0].theta, tuned.networks[0].theta)
    assert error(model, *series) < 0.6 * error(of(method="tuned", season=7).fit(known(*series)), *series)


def test_a_panel_without_one_keeps_its_week() -> None:
    series = [daily(seed, wave=0.0) for seed in range(20)]
    assert of(method="prior").fit(known(*series)).seasons_ == (7,)


def test_channels() -> None:
    both = np.stack([WITH, daily(5)], axis=1)
    prior = of(method="prior", season=[7, 365]).fit(both[:-HORIZON])
    alone = [of(method="prior", season=[7, 365]).fit(column[:-HORIZON]).predict() for column in both.T]
    assert np.array_equal(prior.predict(), np.stack(alone, axis=1))


def test_missing_values() -> None:
    y = known(WITH)
    y.loc[np.random.default_rng(0).random(len(y)) < 0.1, "y"] = np.nan
    model = of(missing="seasonal_median").fit(y)
    assert model.seasons_ == (7, 365)
    assert error(model, WITH) < 0.5 * error(of(missing="seasonal_median", season=7).fit(y), WITH)


def test_saved_loaded_and_updated(tmp_path: Path) -> None:
    model = of().fit(known(WITH))
    model.save(tmp_path / "m")
    again = elman.load(tmp_path / "m")
    assert (again.seasons_, again.reason_) == (model.seasons_, model.reason_)
    assert again.predict(level=80, quantiles=0.3).equals(model.predict(level=80, quantiles=0.3))
    new = known(WITH).tail(7).assign(ds=lambda rows: rows["ds"] + pd.Timedelta(7, "D"))
    assert again.update(new).predict().equals(model.predict(pd.concat([known(WITH), new])))


def test_a_mean_with_a_network_of_the_week_is_saved(tmp_path: Path) -> None:
    small = {"window": 8, "hidden_size": 4, "updates": 2, "ensemble_size": 1, "steps": 8}
    model, prior = (of(method=method, **own).fit(known(WITH)) for method, own in (("network", small), ("prior", {})))
    assert model.seasons_ == (7,)
    network, second = model._fitted.need_network("t"), prior._fitted.method
    assert isinstance(second, PriorMethod)
    mean = MeanMethod(network, second)  # combined as by the rule
    model._fitted = replace(prior._fitted, method=mean, parameters=model._fitted.parameters)
    model.save(tmp_path / "m")
    again = elman.load(tmp_path / "m")
    assert again.seasons_ == (7, 365) and again.predict().equals(model.predict())
    arrays, metadata = load_arrays(tmp_path / "m")
    for seasons in ([5, 261], [7, 300]):
        save_arrays(tmp_path / "other", arrays, metadata | {"seasons": seasons})
        with pytest.raises(FileFormatError, match="seasons"):
            elman.load(tmp_path / "other")


def test_a_network_alone_has_the_week(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(candidates: Candidates, series: Any) -> str:
        candidates.of_prior = (7, 365)
        return "because"

    monkeypatch.setattr(procedure, "find_year", found)
    small: dict[str, Any] = {"window": 8, "hidden_size": 4, "updates": 2, "ensemble_size": 1, "steps": 8}
    model = of(method="network", **small).fit(known(WITH))
    assert model.seasons_ == (7,) and model.reason_ == 'the method "network" was asked for'


def test_a_worker_has_the_year_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates_module, "inside_task", lambda: True)
    own = Candidates("t", of(), (7,), 0, of_prior=(7, 365)).for_task(1)
    assert (own.seasons, own.of_prior) == ((7,), (7, 365))


def test_a_base_hands_the_year_on(tmp_path: Path) -> None:
    of(method="tuned").fit(known(*[daily(seed) for seed in range(20)])).save(tmp_path / "base")
    model = of(method="prior", base=str(tmp_path / "base")).fit(known(daily(30, wave=0.0)))
    assert model.seasons_ == (7, 365)


def test_audit_and_backtest() -> None:
    model, frame = of(method="prior").fit(known(WITH)), known(WITH)
    assert audit(model, frame).passed
    result = backtest(of(), frame, n_windows=2, refit=True)
    week = backtest(of(season=7), frame, n_windows=2, refit=True)
    assert result.table.loc["Elman", "MAE"] < 0.8 * week.table.loc["Elman", "MAE"]
    assert result.table.drop("Elman").equals(week.table.drop("Elman"))  # baselines and MASE use the week


def test_parts_have_the_bits_of_memory(tmp_path: Path) -> None:
    frame = known(*[daily(seed, 900 + 100 * seed) for seed in range(4)])
    frame.to_parquet(tmp_path / "days.parquet")
    memory, parts = of().fit(frame), of().fit(tmp_path / "days.parquet")
    assert parts.seasons_ == memory.seasons_ == (7, 365) and parts.reason_ == memory.reason_
    assert parts.predict(frame).equals(memory.predict())


# The pattern and the rule


def test_the_pattern_of_factors_and_of_terms() -> None:
    t = np.arange(3 * 365)
    wave = np.sin(2 * np.pi * t / 365)
    factors, terms = (Pattern.of(y, (7, 365)) for y in (100 * np.exp(0.3 * wave), 10 * wave + 0.02 * t))
    assert factors.factor and not terms.factor
    np.testing.assert_allclose(factors.index, 0.3 * wave[:365], atol=0.01)
    np.testing.assert_allclose(terms.index, 10 * wave[:365], atol=0.3)  # the line stays in the series
    np.testing.assert_allclose(terms.taken_out(10 * wave + 0.02 * t), 0.02 * t, atol=0.3)
    np.testing.assert_allclose(terms.put_back(np.zeros((400, 2)))[:, 1], 10 * np.resize(wave[:365], 400), atol=0.3)


def test_the_pattern_leaves_the_week_alone() -> None:
    week = np.tile([1.0, 2, 3, 4, 5, 0, 0], 110)
    pattern = Pattern.of(week, (7, 365))
    assert np.abs(pattern.index).max() < 1e-9
    assert np.allclose(pattern.taken_out(week), week)


def test_noise_has_no_pattern() -> None:
    noise = np.random.default_rng(0).normal(size=(20, 1000))
    kappas = [Pattern.of(y, (7, 365)).kappa for y in noise]
    assert np.median(kappas) < 0.2 and Pattern.of(WITH, (7, 365)).kappa > 0.9


@pytest.mark.parametrize("y", [np.zeros(800), np.full(800, 7.0), np.full(800, -7.0)])
def test_constant_series_have_no_pattern(y: np.ndarray) -> None:
    assert (Pattern.of(y, (7, 365)).taken_out(y) == y).all()


def test_forecasts_do_not_depend_on_other_series() -> None:
    series = [WITH, daily(3, 700), daily(4, 1000)]
    together = forecast(load_prior(), series, 9, (7, 365), 1)
    alone = [forecast(load_prior(), [y], 9, (7, 365), 1)[0] for y in series]
    assert np.array_equal(together, np.stack(alone))


@pytest.mark.parametrize(
    ("kappa", "by", "found"),
    [(0.6, -0.9, True), (0.6, -1.1, False), (0.4, 1.9, False), (0.4, 2.1, True)],
)
def test_the_rule(kappa: float, by: float, found: bool) -> None:
    """A clear pattern is used unless the week alone is probably better; another one if it is clearly better."""
    noise = np.random.default_rng(1).normal(size=(1, 400))
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    errors = {WITHOUT_YEAR: np.full((1, 400), 10.0), WITH_YEAR: 10 - by / 20 - noise}
    assert bool(why_year(errors, "MASE", kappa)) == found


def test_cut_offs_of_any_distance() -> None:
    panel = Panel(np.arange(20.0), np.array([0, 20]), "array")
    past = Past.at(panel, (8, 3), 2, 1)
    assert past is not None and past.actual[0].tolist() == [[12, 13], [17, 18]]
    assert Past.at(panel, (19,), 2, 1) is None and Past.at(panel, (), 2, 1) is None
