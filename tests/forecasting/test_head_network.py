"""The window network with a head: quantiles and distributions, adjusted, saved, continued, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from typer.testing import CliRunner

import elman
from elman import Forecaster
from elman.cli.app import app
from elman.errors import ArgumentError, DataError, UnsupportedError
from elman.explain.saved import trace_forecast
from elman.forecasting import backtest
from elman.forecasting.fitting import make_recipe, prepare
from elman.forecasting.frames import read_panel
from elman.forecasting.heads import log_offset
from elman.forecasting.store import PanelStore
from elman.forecasting.training_set import stretches

Array = npt.NDArray[np.float64]

RNG = np.random.default_rng(5)
MONTH = np.arange(96) * np.pi / 6
WAVE = 50 + 10 * np.sin(MONTH) + RNG.normal(0, 3, 96)
COUNTS = RNG.poisson(np.exp(1 + np.sin(MONTH))).astype(np.float64)
SMALL: dict[str, Any] = {
    "season": 12,
    "method": "network",
    "window": 13,
    "steps": 24,
    "updates": 60,
    "ensemble_size": 2,
    "hidden_size": 8,
    "random_state": 0,
}
HEADS: list[dict[str, Any]] = [
    {"quantiles": [0.1, 0.25]},
    {"distribution": "normal"},
    {"distribution": "student_t"},
    {"distribution": "poisson"},
    {"distribution": "negative_binomial"},
]


def data_of(head: dict[str, Any]) -> Array:
    return COUNTS if head.get("distribution") in ("poisson", "negative_binomial") else WAVE


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_intervals_order_file_update_and_threads(head: dict[str, Any], tmp_path: Path) -> None:
    data = data_of(head)
    one, two = (Forecaster(4, **SMALL, **head, n_threads=n).fit(data) for n in (1, 2))
    found = one.predict(level=80, quantiles=[0.3, 0.5])
    assert all((value == two.predict(level=80, quantiles=[0.3, 0.5])[name]).all() for name, value in found.items())
    order = [found[name] for name in ("Elman-lo-80", "Elman-q-0.3", "Elman-q-0.5", "Elman-hi-80")]
    assert (np.diff(order, axis=0) >= 0).all() and (order[0] < order[-1]).all()
    assert (found["Elman-q-0.5"] == one.predict()).all()
    mean_error = float(np.mean(np.abs(found["Elman"] - data[:4].mean())))
    assert mean_error < 3 * data.std()
    one.save(tmp_path / "m.elman")
    again = elman.load(tmp_path / "m.elman")
    for model in (one, again):
        assert (model.predict(level=80)["Elman-lo-80"] == found["Elman-lo-80"]).all()
        model.update(data[:3])
    moved = one.predict(level=80)
    assert (again.predict(level=80)["Elman-hi-80"] == moved["Elman-hi-80"]).all()
    assert (moved["Elman-hi-80"] != found["Elman-hi-80"]).any()
    if data is COUNTS:
        assert all((value == np.rint(value)).all() for value in found.values())


def test_quantiles_match_a_known_spread() -> None:
    noise = np.random.default_rng(1).normal(100, 5, (30, 60))
    for head in ({"quantiles": [0.1]}, {"distribution": "normal"}):
        own = SMALL | {"updates": 150, "learning_rate": 1e-2, "center": "none", "transform": "scale"}
        model = Forecaster(1, **own, **head).fit(list(noise))
        found = model.predict(level=80)
        width = np.mean([one["Elman-hi-80"] - one["Elman-lo-80"] for one in found])
        assert 0.8 * 12.8 < width < 1.2 * 12.8  # 12.8 is the width for N(100, 5²)


def test_adjusted_by_past_errors() -> None:
    data = WAVE.copy()
    data[-24:] += RNG.normal(0, 12, 24)  # errors grow where the adjustment is measured
    for head in ({"quantiles": [0.1]}, {"distribution": "normal"}):
        plain = Forecaster(2, **SMALL, **head).fit(data)
        adjusted = Forecaster(2, intervals=20, **SMALL, **head).fit(data)
        widths = [model.predict(level=80) for model in (plain, adjusted)]
        assert (widths[0]["Elman"] == widths[1]["Elman"]).all()
        narrow, wide = (found["Elman-hi-80"] - found["Elman-lo-80"] for found in widths)
        assert (wide > 1.2 * narrow).all()
        assert len(adjusted.predict(level=95)) == 3  # beyond what the quantiles learned


def test_channels_covariates_last_and_carried() -> None:
    both = np.stack([COUNTS, COUNTS[::-1]], axis=1)
    quick = SMALL | {"updates": 5}
    found = Forecaster(3, distribution="poisson", **quick).fit(both).predict(quantiles=[0.9])
    assert found["Elman-q-0.9"].shape == (3, 2)
    frame = pd.DataFrame({"unique_id": "a", "ds": range(96), "y": COUNTS, "p": MONTH})
    model = Forecaster(3, distribution="negative_binomial", past_covariates=["p"], **quick).fit(frame)
    assert len(model.predict(quantiles=[0.9])) == 3
    for more in ({"loss_at": "last", "center": "none"}, {"carry_state": True}):
        assert np.isfinite(Forecaster(3, distribution="poisson", **quick, **more).fit(COUNTS).predict()).all()


def test_targets_of_counts_are_the_counts_after_each_window() -> None:
    parameters = Forecaster(2, distribution="poisson", **SMALL)
    panel = read_panel("t", COUNTS)
    store = PanelStore.of(panel, "error", 12)
    recipe = make_recipe("t", parameters, store, (12,), 13)
    batch = stretches(prepare(store, recipe).arrays(None), recipe, 1, False).with_seed(3).batch(0)
    x, y = batch.x[0, 0], batch.y[:, 0]
    assert batch.y.shape == (24, 1, 3)
    at = next(t for t in range(12, 94) if np.allclose(COUNTS[t + 1 : t + 25], y[:, 0]))
    assert (y[:, 1] == COUNTS[at + 2 : at + 26]).all()
    season = np.log1p(COUNTS[at - 11 : at + 1]).mean()
    assert y[0, 2] == pytest.approx(log_offset(np.array(season), 12), rel=1e-6)
    assert len(x) == 13


def test_counts_of_any_size_start_at_the_level_of_their_season() -> None:
    many = np.random.default_rng(2).poisson(400, 72).astype(np.float64)
    for name in ("poisson", "negative_binomial"):
        found = Forecaster(2, distribution=name, **SMALL | {"updates": 3}).fit(many).predict()
        assert (np.abs(found - 400) < 100).all()


def test_missing_values_backtests_and_short_series() -> None:
    holes = COUNTS.copy()
    holes[[5, 30, 70]] = np.nan
    quick = SMALL | {"updates": 5}
    for missing in ("mask", "interpolate"):
        model = Forecaster(3, distribution="negative_binomial", missing=missing, **quick).fit(holes)
        assert np.isfinite(model.predict(level=80)["Elman-hi-80"]).all() and np.isfinite(model.sample(5)).all()
    result = backtest(Forecaster(3, quantiles=[0.1, 0.3], **quick), WAVE[:30], level=80, quantiles=[0.3, 0.7])
    assert len(result.by_step) == 3 and result.table["WQL"].notna().all()


def test_order_of_series_does_not_matter() -> None:
    names = [f"s{i}" for i in range(3)]
    parts = [pd.DataFrame({"unique_id": name, "ds": range(60), "y": WAVE[i : i + 60]}) for i, name in enumerate(names)]
    model = {"quantiles": [0.1], **SMALL, "updates": 5}
    forth = Forecaster(3, **model).fit(pd.concat(parts)).predict(quantiles=[0.1])
    back = Forecaster(3, **model).fit(pd.concat(parts[::-1])).predict(quantiles=[0.1])
    pd.testing.assert_frame_equal(forth, back.sort_values(["unique_id", "ds"], ignore_index=True))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"quantiles": [0.5]},
            "quantiles must hold a share other than 0.5, and shares from 0.0001 to 0.9999, got [0.5].",
        ),
        ({"quantiles": [1e-6]}, "quantiles must hold a share other than 0.5, and shares from 0.0001 to 0.9999, got"),
        ({"quantiles": [10, 90]}, "quantiles must be a number in (0, 1), got 10."),
        ({"quantiles": []}, "quantiles must name at least one share, got an empty list."),
        ({"distribution": "gamma"}, "distribution must be one of"),
        ({"quantiles": [0.1], "distribution": "normal"}, "quantiles and distribution are two ways to predict"),
        (
            {"quantiles": [0.1], "strategy": "recursive"},
            (
                'quantiles goes with strategy="multi_output" alone: the errors of forecasts that are fed back add up, '
                'and the distribution of one step does not contain them. Pass strategy="multi_output", or pass '
                'intervals="auto" in its place, for quantiles and paths from past errors.'
            ),
        ),
        ({"distribution": "normal", "loss": "mse"}, 'distribution has a loss of its own, so loss="mse" does not'),
        ({"distribution": "poisson", "transform": "log"}, 'the distribution "poisson" is for counts and reads them as'),
    ],
    ids=str,
)
def test_bad_parameters(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Forecaster(3, **SMALL | wrong).fit(WAVE)
    assert str(caught.value).startswith(f"Forecaster.fit: {message}")


@pytest.mark.parametrize("value", [-2.0, 2.5])
def test_counts_are_whole_numbers_and_not_negative(value: float) -> None:
    counts = np.tile([3.0, 0.0, 1.0, 4.0], 10)
    wrong = np.append(counts[:-1], value)
    refused = (
        f'the distribution "poisson" is for counts, and y is {value:g} at position 39. Pass distribution="student_t" '
        "to the Forecaster for other numbers, and fit again."
    )
    with pytest.raises(DataError) as caught:
        Forecaster(3, distribution="poisson", **SMALL).fit(wrong)
    assert str(caught.value) == f"Forecaster.fit: {refused}"
    Forecaster(3, distribution="student_t", **SMALL | {"updates": 2}).fit(wrong)
    model = Forecaster(3, distribution="poisson", **SMALL | {"updates": 2}).fit(counts)
    if value < 0:  # fractions may be fills of missing values
        with pytest.raises(DataError) as caught:
            model.predict(wrong)
        assert str(caught.value) == f"Forecaster.predict: {refused}"


def test_a_network_whose_forecasts_are_fed_back_has_quantiles_and_paths_from_past_errors() -> None:
    model = Forecaster(3, strategy="recursive", intervals="auto", **SMALL | {"updates": 5}).fit(WAVE)
    found = model.predict(quantiles=[0.1, 0.5, 0.9])
    assert (found["Elman-q-0.1"] < found["Elman"]).all() and (found["Elman"] < found["Elman-q-0.9"]).all()
    assert model.sample(4).shape == (4, 3)


def test_one_quantile_alone(tmp_path: Path) -> None:
    model = Forecaster(3, quantiles=0.1, **SMALL | {"updates": 5}).fit(WAVE)
    expected = Forecaster(3, quantiles=[0.1], **SMALL | {"updates": 5}).fit(WAVE).predict(level=80)
    model.save(tmp_path / "model")
    for same in (model, Forecaster.load(tmp_path / "model")):
        found = same.predict(level=80)
        assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_the_outermost_quantiles() -> None:
    model = Forecaster(3, distribution="normal", **SMALL | {"updates": 5}).fit(WAVE)
    found = model.predict(level=99.9999, quantiles=[1e-6, 0.5, 0.999999])
    assert all(np.isfinite(values).all() for values in found.values())
    assert (found["Elman-lo-99.9999"] < found["Elman-q-1e-06"]).all()


def test_other_methods_refuse_a_head() -> None:
    for wrong in ({"quantiles": [0.1]}, {"distribution": "normal"}):
        with pytest.raises(ArgumentError, match=r'belongs to the method "network", and the method is "auto"'):
            Forecaster(3, **wrong).fit(WAVE)


def test_values_that_are_no_counts_are_named() -> None:
    for value in (2.5, -1.0):
        data = COUNTS.copy()
        data[7] = value
        with pytest.raises(DataError, match=rf"y is {value:g} at position 7"):
            Forecaster(3, distribution="poisson", **SMALL).fit(data)


def test_what_needs_points_refuses_a_head_and_ways_out_work() -> None:
    model = Forecaster(3, quantiles=[0.1], **SMALL | {"updates": 5}).fit(WAVE)
    frame = pd.DataFrame({"unique_id": "a", "ds": range(96), "y": WAVE})
    for refused in (model.gradient_flow, lambda: trace_forecast(model, frame, 60)):
        with pytest.raises(UnsupportedError, match="takes a network that predicts points"):
            refused()
    with pytest.raises(ArgumentError) as caught:
        model.predict(level=90)
    assert "level 90 is beyond 80, the widest that this network has learned" in str(caught.value)
    model.set_params(quantiles=[0.05, 0.5, 0.95])
    assert "quantiles=[0.05, 0.5, 0.95]" in str(caught.value) and len(model.fit(WAVE).predict(level=90)) == 3
    with pytest.raises(ArgumentError, match="there is no argument 'likelihood'"):
        Forecaster(3, likelihood="normal")


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def fit_and_predict(
        place: str, forecaster: Forecaster, data: Any, level: Any, quantiles: Any, *_: Any, **__: Any
    ) -> Any:
        asked.append((forecaster.distribution, forecaster.quantiles, quantiles))
        raise DataError("enough")  # training with the command's defaults would take seconds

    monkeypatch.setattr("elman.forecasting.delivery.fit_and_predict", fit_and_predict)
    file = tmp_path / "a.csv"
    pd.DataFrame({"date": pd.date_range("2016-01-01", periods=40, freq="MS"), "sold": COUNTS[:40]}).to_csv(
        file, index=False
    )
    run, base = CliRunner(), ["forecast", str(file), "-n", "2", "--method", "network", "-q"]
    for more in (["--distribution", "poisson"], ["--quantiles", "0.1,0.99"], ["--quantiles", "0.5"]):
        assert "enough" in run.invoke(app, [*base, *more]).output
    assert asked == [("poisson", None, []), (None, [0.1, 0.99], [0.1, 0.99]), (None, None, [0.5])]
    monkeypatch.undo()
    refused = run.invoke(app, [*base, "--distribution", "gamma"])
    assert refused.exit_code != 0 and "distribution must be one of" in refused.output
