"""The methods of the Forecaster: which of them is chosen and delivered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import elman
from elman import ArgumentError, Forecaster
from elman.forecasting import BASELINES, candidates, procedure, seasonal_naive, selection
from elman.forecasting.choosing import Decision
from elman.forecasting.frames import read_panel
from elman.forecasting.methods import fit_network
from elman.prior import Prior
from forecasting.made import PANEL, of
from forecasting.small import NETWORK, WAVE, frame_of


class Shifted:
    """A prior with a given error; tuning brings it nearer to the correct seasonal naive forecast."""

    def __init__(self, wrong: float, tuned: float) -> None:
        self.wrong, self.by = wrong, tuned

    def forecast(self, series: Any, horizon: int, seasons: Any, n_threads: int = 0) -> np.ndarray:
        points = np.stack([seasonal_naive(y, horizon, seasons[0]) for y in series])
        off = np.array([1 + 0.1 * (len(y) % 7) for y in series])[:, None]  # no two series alike
        return (points + self.wrong * off)[..., None] + np.linspace(-1, 1, 9)

    def tuned(self, series: Any, horizon: int, seasons: Any, **options: Any) -> Shifted:
        return Shifted(self.by, self.by)

    def averaged(self, other: Shifted) -> Shifted:
        return Shifted((self.wrong + other.wrong) / 2, 0.0)


@pytest.fixture
def prior(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give every fit another prior."""
    return lambda *numbers: monkeypatch.setattr(candidates, "load_prior", lambda: Shifted(*numbers))


@pytest.mark.parametrize(("wrong", "tuned", "method"), [
    (5.0, 0.0, "tuned prior"),
    (5.0, -8.0, "mean of prior and tuned prior"),
    (1.0, 5.0, "prior"),
])  # fmt: skip
def test_a_panel_is_tuned_where_that_is_better(wrong: float, tuned: float, method: str, prior: Any) -> None:
    prior(wrong, tuned)
    series = [WAVE[: 40 + i % 21] + 0.1 * np.sin(np.arange(40 + i % 21) * i) for i in range(100)]
    model = of(cutoffs=1).fit(series)
    assert model.method_ == method
    off = {"tuned prior": tuned, "prior": wrong}.get(method, (wrong + tuned) / 2)
    for y, forecast in zip(series, model.predict(), strict=True):
        np.testing.assert_allclose(forecast, seasonal_naive(y, 3, 4) + off * (1 + 0.1 * (len(y) % 7)))
    assert of(cutoffs=1).fit(series[:19]).method_ == "prior"  # too few to be tuned on


@pytest.mark.parametrize("method", ["auto", "prior", "naive"])
def test_a_panel_widens_its_intervals_by_what_was_held_out(method: str) -> None:
    """Held-out values lie far outside: the width factors are those of the newest horizon, by hand."""
    series = [np.concatenate([WAVE[: 40 + i], [5.0, 60.0, 5.0]]) for i in range(20)]
    model = of(method, cutoffs="auto" if method != "auto" else 1).fit(series)
    held = of(method, cutoffs=0).fit([values[:-3] for values in series])
    rows = held.predict(level=[80, 95])
    method_: Any = model._fitted.method
    for level, factor in zip((80, 95), method_.spread.widths, strict=True):
        needed = []
        for values, row in zip(series, rows, strict=True):
            above = values[-3:] > row["Elman"]
            room = np.where(above, row[f"Elman-hi-{level}"] - row["Elman"], row["Elman"] - row[f"Elman-lo-{level}"])
            needed.append(np.abs(values[-3:] - row["Elman"]) / room)
        if model.method_ == held.method_:
            assert factor == pytest.approx(np.sqrt(np.quantile(needed, level / 100))) and factor > 1.4
    few: Any = of(method).fit(series[:19])._fitted.method
    assert few.spread.widths == (1.0, 1.0)


def test_what_the_verdict_says_is_what_is_delivered(prior: Any) -> None:
    """A prior with large errors: with three cut-offs the best baseline is delivered, not only recommended."""
    prior(50.0, 50.0)
    model = of(cutoffs=3).fit(WAVE)
    assert model.method_ in BASELINES
    assert model.predict().tolist() == BASELINES[model.method_](WAVE, 3, 4).tolist()
    assert model.check_ is not None and model.check_.best == model.method_
    assert model.check_.verdict == f"Elman is {model.method_} here."
    assert model.reason_.startswith("MASE ") and model.reason_.endswith("of prior at 3 cut-offs, clearly lower")
    table = model.check_.table
    assert table.loc["Elman"].equals(table.loc[model.method_].rename("Elman"))
    assert "prior" in table.index
    edges = model.predict(level=[80, 95])
    assert (edges["Elman-lo-95"] < edges["Elman-lo-80"]).all() and (edges["Elman-hi-80"] < edges["Elman-hi-95"]).all()
    two = of(cutoffs=2).fit(WAVE)
    assert (two.method_, two.reason_) == ("prior", "it takes 3 cut-offs to prefer a baseline")
    assert two.check_ is not None and two.check_.delivered == "prior"
    none = of(cutoffs=0).fit(WAVE)
    assert (none.method_, none.reason_, none.check_) == ("prior", "nothing was held out", None)


def test_long_panels_of_two_seasons_try_the_network(monkeypatch: pytest.MonkeyPatch, prior: Any) -> None:
    prior(30.0, 20.0)
    options = {"window": 8, "updates": 30, "ensemble_size": 1, "steps": 8, "hidden_size": 4}
    usual = dict(Forecaster.__init__.__kwdefaults__ or {})
    monkeypatch.setattr(Forecaster.__init__, "__kwdefaults__", usual | options)
    long = [np.tile(WAVE[:4], 16) * (1 + i) + np.sin(np.arange(64) * i) for i in range(20)]
    model = of(season=[4, 8], cutoffs=1).fit(long)
    assert "network" in model.method_ and len(model.networks_) == 1


LONG = [np.tile(WAVE[:4], 16)[: 51 + i % 3] * (1 + i) + np.sin(np.arange(51 + i % 3) * i) for i in range(100)]


def test_long_panels_of_one_season_try_a_mean_with_two_networks(monkeypatch: pytest.MonkeyPatch, prior: Any) -> None:
    prior(30.0, 20.0)
    options = {"updates": 30, "ensemble_size": 5, "steps": 8, "hidden_size": 4}
    usual, sizes = dict(Forecaster.__init__.__kwdefaults__ or {}), []
    monkeypatch.setattr(Forecaster.__init__, "__kwdefaults__", usual | options)
    held_out = selection.HeldOut.scores

    def counted(self: Any, windows: Any, updates: int, seeds: Any, **more: Any) -> Any:
        sizes.append(int(self.panel.lengths.max()))
        return held_out(self, windows, updates, seeds, **more)

    monkeypatch.setattr(selection.HeldOut, "scores", counted)
    model = of(cutoffs=1).fit(LONG)
    assert "network" in model.method_ and len(model.networks_) == 2
    assert set(sizes) == {50}  # the window is chosen before the held-out horizon, and only there
    assert model.window_ in model.window_scores_
    assert model.check_ is not None
    assert {"mean of network and prior", "weighted mean of network and prior"} < set(model.check_.table.index)


@pytest.mark.parametrize(("change", "tried"), [
    (lambda series: series, True),
    (lambda series: series[:99], False),  # too few
    (lambda series: [y[-50:] for y in series], False),  # 47 values before the horizon; 48 are needed
    (lambda series: series + [WAVE[:40]] * 200, True),  # a third is long
    (lambda series: series + [WAVE[:40]] * 201, False),
    (lambda series: [y + 1e6 for y in series[:-1]] + [np.append(series[-1], [9.0, 0.0])], False),  # a zero comes
    (lambda series: [y - 1e6 for y in series[:-1]] + [np.append(series[-1], [9.0, 0.0])], True),
])  # fmt: skip
def test_which_panels_of_one_season_try_the_network(change: Any, tried: bool) -> None:
    made = candidates.Candidates("t", Forecaster(3, season=4), (4,), 0)
    panel = read_panel("t", change(LONG))
    assert ("network" in made.to_try(panel, 1)) == tried
    assert "network" not in made.to_try(panel, 1, all_sampled=False)  # more than 2,000 series
    assert "network" not in candidates.Candidates("t", Forecaster(3, season=1), (1,), 0).to_try(panel, 1)
    assert "network" not in candidates.Candidates("t", Forecaster(24, season=4), (4,), 0).to_try(panel, 1)
    assert "longer tuned prior" not in made.to_try(panel, 1)


@pytest.mark.parametrize(("lengths", "seasons", "tried"), [
    ([139] * 100, (4,), True),  # 136 values before the horizon: two seasons, eight, and 120 origins
    ([138] * 100, (4,), False),
    ([139] * 99 + [138], (4,), False),  # too few
    ([139] * 100 + [40] * 201, (4,), False),  # less than a third
    ([139] * 100, (1,), False),
    ([139] * 20, (4, 8), True),
    ([139] * 19 + [138], (4, 8), False),
])  # fmt: skip
def test_which_panels_try_a_prior_that_is_tuned_for_longer(lengths: list[int], seasons: Any, tried: bool) -> None:
    made = candidates.Candidates("t", Forecaster(3, season=list(seasons)), seasons, 0)
    panel = read_panel("t", [np.arange(float(n)) - 1 for n in lengths])  # the window network needs not read it
    assert ("longer tuned prior" in made.to_try(panel, 1)) == tried


def test_a_longer_tuning_learns_from_more_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def tuned(self: Any, *_: Any, updates: int, origins: int, members: int, **__: Any) -> Any:
        asked.append((updates, origins, members))
        return self

    monkeypatch.setattr(Prior, "tuned", tuned)
    made = candidates.Candidates("t", Forecaster(3, season=4), (4,), 0)
    made.prepare(made.in_memory(read_panel("t", LONG)), ["tuned prior", "longer tuned prior"])
    assert asked == [(16, 120, 2), (8, 6, 1)]


def test_with_covariates_the_network_is_compared_with_the_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = dict(Forecaster.__init__.__kwdefaults__ or {})
    monkeypatch.setattr(Forecaster.__init__, "__kwdefaults__", usual | NETWORK)
    frame = frame_of(WAVE, price=np.sin)
    model = of(past_covariates=["price"]).fit(frame)
    assert (
        model.check_ is not None and "seasonal naive" in model.check_.table.index and "prior" not in model.check_.table
    )
    assert model.predict(level=80).columns.tolist()[2:] == ["Elman", "Elman-lo-80", "Elman-hi-80"]
    with pytest.raises(ArgumentError) as caught:
        of("prior", past_covariates=["price"]).fit(frame)
    assert str(caught.value) == (
        'Forecaster.fit: the method "prior" forecasts each series alone and cannot use the covariates '
        'price. Pass method="auto" or method="network", or leave them out.'
    )


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Small networks by default; record the longest series of every fit."""
    usual, longest = dict(Forecaster.__init__.__kwdefaults__ or {}), []
    monkeypatch.setattr(Forecaster.__init__, "__kwdefaults__", usual | NETWORK)

    def counted(place: str, parameters: Any, panel: Any, root: int, chosen: Any = None) -> Any:
        longest.append(int(panel.lengths.max()))
        assert chosen is None
        return fit_network(place, parameters, panel, root)

    monkeypatch.setattr(candidates, "fit_network", counted)
    return longest


def test_intervals_of_a_chosen_network_come_from_the_check_or_from_another_network(
    fits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        procedure, "choose_method", lambda errors, baselines, metric, start: Decision(start, start, "t")
    )
    priced = {"past_covariates": ["price"], "cutoffs": 3}
    many = frame_of(*[WAVE + i for i in range(20)], price=np.sin)
    assert of(**priced).fit(many).predict(level=95).shape == (60, 5)
    assert fits == [51, 60]  # 20 series at 3 cut-offs give the 60 errors that a steady 95 % needs
    fits.clear()
    assert of(**(priced | {"cutoffs": 2})).fit(many).method_ == "network"
    assert fits == [54, 51, 60]
    fits.clear()
    few = of(**(priced | {"cutoffs": 1})).fit(frame_of(WAVE, price=np.sin))
    assert fits == [57, 38, 60] and few.predict(level=95).shape == (3, 5)
    fits.clear()
    again = of(**(priced | {"cutoffs": 2}), refit=True).fit(many)
    assert fits == [54, 57, 51, 60] and again.method_ == "network"
    short = of(**(priced | {"cutoffs": 0})).fit(frame_of(WAVE[:8], price=np.sin))
    with pytest.raises(ArgumentError, match=r"there are no intervals|residuals for each step"):
        short.predict(level=95)


def test_a_failed_fit_leaves_the_forecaster_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    model = of().fit(WAVE)
    before = model.predict()

    def failed(*_: Any, **__: Any) -> Any:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Prior, "tuned", failed)
        with pytest.raises(MemoryError):
            model.fit(PANEL)
    with pytest.raises(elman.DataError):
        model.fit([np.nan, 1.0])
    assert np.array_equal(model.predict(), before)


@pytest.mark.parametrize("method", ["tuned", "auto", "linear autoregression"])
def test_the_check_sees_nothing_after_a_cut_off(method: str) -> None:
    """Changing values after a cut-off changes no bit of any candidate's forecasts from it."""
    panel = PANEL[:20]  # as many as it takes to be tuned on
    altered = [np.concatenate([values[:-3], values[-3:] * 7 - 100]) for values in panel]
    both = (slice(0, 3), False), (slice(3, 6), True)  # before the earliest cut-off, and after it
    for last, refit in both[:1] if method == "auto" else both:
        before, after = (of(method, cutoffs=2, refit=refit).fit(data).check_ for data in (panel, altered))
        assert before is not None and after is not None
        shared = [name for name in before.forecasts if name in after.forecasts and name not in ("y", "Elman")]
        assert len(shared) > 8
        for (_, one), (_, other) in zip(
            before.forecasts.groupby("unique_id", sort=False),
            after.forecasts.groupby("unique_id", sort=False),
            strict=True,
        ):
            early, late = one.iloc[:3], other.iloc[:3]
            assert early[shared].equals(late[shared])
            if method != "auto":  # both deliver the same candidate
                assert early["Elman"].equals(late["Elman"])
                assert one["Elman"].iloc[last].equals(other["Elman"].iloc[last])
