"""Every method after updates, in files, and under audit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import elman
from elman import FileFormatError, Forecaster, UnsupportedError, audit
from elman.forecasting import backtest
from elman.forecasting.methods import MeanMethod
from elman.prior import Prior
from forecasting.made import METHODS, PANEL, of
from forecasting.small import NETWORK, WAVE, frame_of


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
