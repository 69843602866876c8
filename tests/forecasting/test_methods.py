"""The methods of the Forecaster: choice and delivery in every form, in files and after updates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman import ArgumentError, ElmanWarning, FileFormatError, Forecaster, UnsupportedError, audit
from elman.forecasting import BASELINES, backtest, candidates, procedure, seasonal_naive, selection
from elman.forecasting.choosing import Decision
from elman.forecasting.delivery import fit_and_predict
from elman.forecasting.frames import read_panel
from elman.forecasting.methods import MeanMethod, fit_network
from elman.prior import Prior
from forecasting.small import NETWORK, WAVE, frame_of, small

METHODS = ["auto", "prior", "tuned", "seasonal naive", "linear autoregression"]
PANEL = [WAVE[: 40 + i % 21] * (1 + i) + np.sin(np.arange(40 + i % 21) * i) for i in range(100)]


def of(method: str = "auto", horizon: int = 3, **parameters: Any) -> Forecaster:
    return Forecaster(horizon, **({"method": method, "season": 4, "random_state": 0} | parameters))


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


# The delivered method


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


# Parameters


def test_parameters_of_the_network_are_not_ignored() -> None:
    for name, value, shown in (("window", 5, "5"), ("cell", "gru", '"gru"'), ("intervals", "auto", '"auto"')):
        for method in ("auto", "prior", "seasonal naive"):
            with pytest.raises(ArgumentError) as caught:
                of(method, **{name: value}).fit(WAVE)
            assert str(caught.value) == (
                f'Forecaster.fit: {name} {shown} belongs to the method "network", and the method is "{method}". '
                f'Pass method="network", or leave {name} out.'
            )
    of(cell="lstm", window="auto", steps=96).fit(WAVE)  # the defaults, given explicitly
    with pytest.raises(
        ArgumentError, match=r"^Forecaster.fit: method must be one of 'auto', 'prior', 'tuned', 'network'"
    ):
        of("ets").fit(WAVE)
    with pytest.raises(ArgumentError, match=r'^Forecaster.fit: cutoffs must be "auto" or an integer of at least 1'):
        of(cutoffs=-1).fit(WAVE)


@pytest.mark.parametrize("center", ["season", "last"])
def test_a_blind_network_is_refused(center: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        small(window=1, steps=4, loss_at="last", center=center).fit(WAVE)
    assert str(caught.value) == (
        f'Forecaster.fit: window=1 with loss_at="last" and center="{center}" leaves the network nothing but zeros: the '
        "center of a window of one value is that value, and it is subtracted. "
        'Pass center="none" for the lags as they are, or take a window of a season.'
    )
    small(window=1, steps=4, loss_at="last", center="none").fit(WAVE)


def test_parameters_changed_after_the_fit_are_refused(tmp_path: Path) -> None:
    model = of().fit(WAVE).set_params(horizon=6)
    for act in (model.predict, lambda: model.update([1.0]), lambda: model.save(tmp_path / "m"), model.gradient_flow):
        with pytest.raises(ArgumentError, match="horizon is 6, but was 3 in fit; fit again, or set it back with"):
            act()
    assert model.set_params(horizon=3, n_threads=1, progress=False).predict().shape == (3,)
    with pytest.raises(ArgumentError, match=r"season is \[4, 8\], but was 4 in fit"):
        model.set_params(season=[4, 8]).predict()
    assert np.array_equal(
        model.set_params(horizon=6).fit(WAVE).predict()[:1], of(horizon=6, season=[4, 8]).fit(WAVE).predict()[:1]
    )


def test_more_cut_offs_than_there_is_room_for() -> None:
    with pytest.warns(ElmanWarning, match=r"^Forecaster.fit: 9 cut-offs of 3 values need 29 values, the longest series "
                                          r"has 20; 6 can be checked\.$"):  # fmt: skip
        model = of(cutoffs=9).fit(WAVE[:20])
    assert model.check_ is not None and model.check_.forecasts["cutoff"].nunique() == 6


def test_what_only_a_network_can_do_is_refused_by_name() -> None:
    from elman.explain.saved import trace_forecast
    from elman.interop import export_onnx

    model = of("prior").fit(frame_of(WAVE))
    for act in (
        model.gradient_flow,
        lambda: export_onnx(model, "nowhere.onnx"),
        lambda: trace_forecast(model, frame_of(WAVE), 20),
    ):
        with pytest.raises(UnsupportedError) as caught:
            act()
        assert str(caught.value).endswith(
            "takes a forecaster that delivers its window network, and this one delivers the prior. "
            'Pass method="network" to the Forecaster and fit again.'
        )
    with pytest.raises(AttributeError, match=r"^Forecaster.window_: there is no network, the prior is delivered"):
        _ = model.window_
    with pytest.raises(AttributeError, match=r"^Forecaster.method_: this Forecaster is not fitted yet"):
        _ = of().method_


# Forms of data


@pytest.mark.parametrize("method", METHODS)
def test_array_list_frame_and_command_say_the_same(method: str) -> None:
    one = of(method).fit(WAVE).predict(level=[80, 95])
    several = of(method).fit([WAVE]).predict(level=[80, 95])[0]
    frame = of(method).fit(frame_of(WAVE)).predict(level=[80, 95])
    polars = of(method).fit(pl.DataFrame(frame_of(WAVE).to_dict("list"))).predict(level=[80, 95])
    command = fit_and_predict("t", of(method), frame_of(WAVE)).frame
    assert isinstance(polars, pl.DataFrame)
    for name, values in one.items():
        for other in (several[name], frame[name], polars[name].to_numpy(), command[name]):
            assert np.array_equal(values, other), name


@pytest.mark.parametrize("method", METHODS[1:])  # "auto" delivers one of them
def test_neighbours_and_threads_change_no_bit(method: str) -> None:
    model = of(method).fit(PANEL)
    together = model.predict(PANEL[:5], level=80)
    for series, forecast in zip(PANEL[:5], together, strict=True):
        alone = model.predict(series if len(together) == 1 else [series], level=80)[0]
        assert all(np.array_equal(alone[name], forecast[name]) for name in alone)
    two = of(method, n_threads=2).fit(PANEL).predict()
    assert all(np.array_equal(a, b) for a, b in zip(model.predict(), two, strict=True))


@pytest.mark.parametrize("method", ["auto", "prior", "seasonal naive"])
def test_channels_are_series_of_their_own(method: str) -> None:
    both = np.stack([WAVE, 1000 * WAVE[::-1]], axis=1)
    model = of(method, cutoffs=2).fit(both)
    forecast = model.predict(level=80)
    for channel in (0, 1):
        alone = of(method, cutoffs=2).fit(both[:, channel]).predict(level=80)
        for name, values in alone.items():
            assert np.array_equal(forecast[name][:, channel], values)
    assert model.check_ is not None
    assert model.check_.verdicts["unique_id"].tolist() == ["channel 0", "channel 1"]
    assert np.array_equal(model.predict([both, both[:30]])[1], of(method, cutoffs=0).fit(both[:30]).predict())


UNUSUAL: dict[str, Any] = {
    "one value": [5.0],
    "one zero": [0.0],
    "two values": [5.0, 7.0],
    "two equal": [3.0, 3.0],
    "constant": [7.0] * 40,
    "zeros": [0.0] * 40,
    "negative": (WAVE - 30).tolist(),
    "a spike of 1e38": [0.0] * 20 + [1e38] + [0.0] * 19,
    "subnormal": [5e-324, 1e-310] * 20,
    "huge": (1e37 * WAVE / 20).tolist(),
    "exploding": (10.0 ** np.arange(0, 38)).tolist(),
    "counts": (np.arange(60) % 7 == 0).astype(float).tolist(),
}


@pytest.mark.filterwarnings("ignore:.*is a median:elman.ElmanWarning")
@pytest.mark.parametrize("season", [1, 4, [4, 8], 50])
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_series_have_finite_forecasts_and_intervals(name: str, season: Any) -> None:
    for method in ("auto", "prior", "window mean"):
        model = of(method, season=season).fit(UNUSUAL[name])
        found = model.predict(level=[1, 80, 95])
        assert all(np.isfinite(values).all() for values in found.values()), (method, found)
        for level in (1, 80, 95):
            lower, upper = found[f"Elman-lo-{level}"], found[f"Elman-hi-{level}"]
            touching = model.method_ == "counts" or not any(UNUSUAL[name])  # both ends may be zero
            apart = lower <= upper if touching else lower < upper
            assert apart.all(), (method, found)
        if min(UNUSUAL[name]) >= 0:
            assert found["Elman-lo-95"].min() >= 0
        assert np.isfinite(model.update([UNUSUAL[name][-1]]).predict()).all()


@pytest.mark.filterwarnings("ignore:.*(is a median|ended long before|left out):elman.ElmanWarning")
def test_a_panel_of_everything() -> None:
    every = [np.array(values) for values in UNUSUAL.values()] + [WAVE, WAVE[:9]]
    frame = frame_of(*every).assign(ds=lambda f: f["ds"] + pd.DateOffset(years=0))
    frame = frame[~((frame["unique_id"] == "s12") & (frame["ds"] > "2010-01-01"))]  # one ends earlier
    holes = frame.assign(y=np.where((frame["unique_id"] == "s6") & (frame.index % 5 == 0), np.nan, frame["y"]))
    for data, options in ((frame, {}), (holes, {"missing": "interpolate"}), (holes, {"missing": "seasonal_median"})):
        model = of(**options).fit(data)
        out = model.predict(level=[80])
        assert np.isfinite(out[["Elman", "Elman-lo-80", "Elman-hi-80"]].to_numpy()).all()
        assert out.groupby("unique_id", sort=False)["ds"].first().loc["s12"] == pd.Timestamp("2010-04-01")
    integers = frame.assign(ds=frame.groupby("unique_id").cumcount() * 2)
    assert of().fit(integers).predict()["ds"].iloc[:2].tolist() == [4, 6]  # of two values; those of one are left out
    with pytest.raises(elman.DataError, match="every value of series 1 is missing"):
        of(missing="interpolate").fit([WAVE, [np.nan, np.nan]])
    with pytest.raises(elman.DataError, match="series 1 has one known value, and a line needs two"):
        of(missing="interpolate").fit([WAVE, [np.nan, 5.0, np.nan]])
    assert of(missing="seasonal_median").fit([WAVE, [np.nan, 5.0, np.nan]]).predict()[1].tolist() == [5.0, 5.0, 5.0]


# Updates and files


@pytest.mark.parametrize("method", [*METHODS, "network"])
@pytest.mark.parametrize("season", [1, 4])
def test_saved_updated_and_restored(method: str, season: int, tmp_path: Path) -> None:
    options = (NETWORK | {"intervals": 10}) if method == "network" else {}
    frame = frame_of(*[series[:40] for series in PANEL[1:4]])
    new = frame_of(*[series[:41] for series in PANEL[1:4]]).groupby("unique_id").tail(1)
    model = of(method, season=season, **options).fit(frame)
    model.save(tmp_path / "m")
    again = elman.load(tmp_path / "m")
    assert (again.method_, again.reason_, again.seasons_) == (model.method_, model.reason_, model.seasons_)
    assert again.check_ is None and again.get_params() == model.get_params()
    assert ("with optimized Theta" in model.method_) == ("prior" in model.method_ and season == 1)
    whole = of(method, season=season, **options).fit(frame)
    assert again.predict(level=80).equals(model.predict(level=80))
    assert again.update(new).predict(level=80).equals(model.update(new).predict(level=80))
    if method != "network":
        longer = pd.concat([frame, new]).sort_values(["unique_id", "ds"])
        assert model.predict(level=80).equals(whole.predict(longer, level=80))


def test_update_comes_once(tmp_path: Path) -> None:
    model = of("prior").fit(WAVE[:50])
    assert np.array_equal(model.update(WAVE[50:]).predict(), of("prior").fit(WAVE).predict())


@pytest.mark.parametrize(("kind", "share"), [("mean", 0.5), ("weighted mean", 0.25)])
def test_the_mean_of_network_and_prior_is_saved_and_updated(tmp_path: Path, kind: str, share: float) -> None:
    options = NETWORK | {"window": 8}
    model = of("network", season=[4, 8], **options).fit(WAVE[:50])
    prior = of("prior", season=[4, 8]).fit(WAVE[:50])
    method: Any = prior._fitted.method
    both = of("network", season=[4, 8], **options)
    mean = MeanMethod(model._fitted.need_network("t"), method, kind)  # combined as by the rule
    both._fitted = replace(model._fitted, method=mean, newest=prior._fitted.newest)
    assert both.method_ == f"{kind} of network and prior" and len(both.networks_) == 2

    def expected() -> np.ndarray:
        found: np.ndarray = share * model.predict() + (1 - share) * prior.predict()
        return found

    np.testing.assert_allclose(both.predict(), expected(), rtol=1e-12)
    with pytest.raises(UnsupportedError, match=f"this one delivers the {kind} of network and prior"):
        both.gradient_flow()
    both.save(tmp_path / "m")
    again = elman.load(tmp_path / "m")
    for each in (model, prior, both, again):
        each.update(WAVE[50:])
    np.testing.assert_allclose(both.predict(), expected(), rtol=1e-12)
    assert np.array_equal(again.predict(), both.predict())
    np.testing.assert_allclose(
        both.predict(WAVE[:40]), share * model.predict(WAVE[:40]) + (1 - share) * prior.predict(WAVE[:40])
    )


def test_a_mean_forecasts_values_that_its_network_cannot_read(tmp_path: Path) -> None:
    """A zero after positive values: the network, in logarithms, reads the smallest value in its place."""
    options = NETWORK | {"window": 8}
    y, lifted = WAVE.copy(), WAVE.copy()
    y[-2], lifted[-2] = 0.0, np.delete(WAVE, -2).min()
    model = of("network", **options).fit(WAVE[:50])
    prior = of("prior").fit(WAVE[:50])
    assert model.transform_ == "log"
    method: Any = prior._fitted.method
    both = of("network", **options)
    mean = MeanMethod(model._fitted.need_network("t"), method)
    both._fitted = replace(model._fitted, method=mean, newest=prior._fitted.newest)
    expected = 0.5 * model.predict(lifted) + 0.5 * prior.predict(y)
    assert np.array_equal(both.predict(y), expected)
    with pytest.raises(elman.DataError, match='transform "log" needs values above 0'):
        model.predict(y)
    updated = 0.5 * model.update(lifted[50:]).predict() + 0.5 * prior.predict(y)
    assert np.array_equal(both.update(y[50:]).predict(), updated)
    both.save(tmp_path / "m")
    assert np.array_equal(elman.load(tmp_path / "m").predict(), both.predict())


WRONG: dict[str, Any] = {
    "name of the method": lambda arrays, metadata: metadata["method"].update(name="os.system"),
    "a field too many": lambda arrays, metadata: metadata.update(shell="sh"),
    "kind of the mean": lambda arrays, metadata: metadata["method"].update(name="heavier mean"),
    "what is delivered": lambda arrays, metadata: metadata.update(delivered="network"),
    "reason": lambda arrays, metadata: metadata.update(reason=3),
    "widths": lambda arrays, metadata: metadata.update(widths=[0.5, 1.0]),
    "one width": lambda arrays, metadata: metadata.update(widths=[1.0]),
    "seasons": lambda arrays, metadata: metadata.update(seasons=[]),
    "prior": lambda arrays, metadata: metadata.update(prior={}),
    "theta": lambda arrays, metadata: arrays.update({"prior.theta": arrays["prior.theta"][:, 1:].copy()}),
    "an array too many": lambda arrays, metadata: arrays.update(more=np.zeros(1)),
    "method of the parameters": lambda arrays, metadata: metadata["parameters"].update(method="magic"),
}


@pytest.mark.parametrize("name", WRONG)
def test_contents_that_do_not_fit_are_refused(name: str) -> None:
    arrays, metadata = of("prior").fit(WAVE).to_arrays()
    assert isinstance(Forecaster.from_arrays(dict(arrays), dict(metadata)), Forecaster)
    WRONG[name](arrays, metadata)
    with pytest.raises(FileFormatError):
        Forecaster.from_arrays(arrays, metadata)


@pytest.mark.parametrize("method", ["auto", "prior", "seasonal naive", "tuned"])
def test_every_promise_is_kept(method: str) -> None:
    frame = frame_of(*PANEL[:4])
    result = audit(of(method).fit(frame), frame)
    assert result.passed, str(result)
    held = {check.name: check.holds for check in result.checks}
    assert held["newest"] is (None if method == "seasonal naive" else True)
    assert all(held[name] for name in ("future", "neighbours", "dates", "repeat", "threads", "update")), str(result)


def test_a_backtest_repeats_the_whole_fit() -> None:
    """The choice included, on the values before each cut-off."""
    result = backtest(of(), WAVE, n_windows=2, refit=True, level=[80])
    for end, rows in ((54, slice(0, 3)), (57, slice(3, 6))):
        expected = of().fit(WAVE[:end]).predict(level=80)
        for name, values in expected.items():
            assert np.array_equal(result.forecasts[name][rows], values)
    assert list(result.coverage) == [80.0]


def test_the_prior_is_loaded_once_and_never_changed() -> None:
    from elman.prior import load_prior

    before = [network.theta.copy() for network in load_prior().networks]
    of("tuned").fit(PANEL)
    assert all(np.array_equal(a.theta, b) for a, b in zip(load_prior().networks, before, strict=True))
    assert isinstance(load_prior(), Prior)
