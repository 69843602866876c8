"""A prior of one's own: tuned on one panel, used on another, and refused where it does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import ArgumentError, DataError, Forecaster, audit, load
from elman.errors import ElmanError
from elman.forecasting.choosing import NETWORK
from elman.prior import load_prior
from forecasting.small import NETWORK as SMALL_NETWORK
from forecasting.small import WAVE, frame_of


def _panel(seed: int, series: int, length: int = 40) -> pd.DataFrame:
    """Series that grow by half once, each at its own time."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(20, 44, (series, 1))
    grown = 100 + 50 / (1 + np.exp((middle - np.arange(length)) / 3)) + rng.normal(0, 1, (series, length))
    return frame_of(*grown, freq="QS")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "base.elman"
    Forecaster(6, season=4, method="tuned", cutoffs=0, random_state=0).fit(_panel(0, 40)).save(path)
    return path


def test_zero_shot_on_another_panel(base: Path, tmp_path: Path) -> None:
    own, frame = load(base)._fitted.method.spread.prior, _panel(1, 30)
    known, actual = frame.groupby("unique_id").head(34), frame.groupby("unique_id").tail(6)
    errors = {}
    for name, path in (("base", base), ("shipped", None)):
        model = Forecaster(6, season=4, method="prior", base=path).fit(known)
        errors[name] = np.abs(model.predict()["Elman"].to_numpy() - actual["y"].to_numpy()).mean()
        delivered = model._fitted.method.spread.prior  # type: ignore[union-attr]
        wanted = own if name == "base" else load_prior()
        assert np.array_equal(delivered.networks[0].theta, wanted.networks[0].theta)
    assert errors["base"] < 0.8 * errors["shipped"]
    saved = tmp_path / "model.elman"
    short = Forecaster(2, season=4, method="prior", base=str(base)).fit(known)
    short.save(saved)
    base_free = load(saved)
    assert base_free.base == str(base) and base_free.predict().equals(short.predict())


def test_tuned_by_the_rule_on_a_panel_and_never_on_few_series(base: Path) -> None:
    few = Forecaster(6, season=4, base=base).fit(_panel(2, 10))
    assert few.check_ is not None and not any("tuned" in name for name in [few.method_, *few.check_.table.index])
    many = Forecaster(6, season=4, base=base, random_state=0).fit(_panel(2, 20))
    assert many.check_ is not None and any("tuned" in name for name in many.check_.table.index)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"horizon": 7},
            ArgumentError,
            "horizon 7 is longer than 6, that of the base. Pass horizon=6, fit the base with",
        ),
        ({"season": 12}, DataError, "the season is 12, that of the base 4. Leave base out."),
        ({"freq": "MS"}, DataError, "the frequency is MS, that of the base QS-JAN. Leave base out."),
        (
            {"method": "network"},
            ArgumentError,
            'base holds a prior, and the method "network" cannot use it. Leave base',
        ),
        (
            {"method": "naive"},
            ArgumentError,
            'base holds a prior, and the method "naive" cannot use it. Leave base out.',
        ),
        ({"past_covariates": ["heat"]}, ArgumentError, r"base holds a prior, and covariates \(heat\) cannot use it."),
        ({"base": 3}, ArgumentError, "base must be the path of a saved Forecaster, got 3."),
    ],
)
def test_refused(base: Path, changes: dict[str, Any], error: type[ElmanError], message: str) -> None:
    frame = frame_of(WAVE, freq=changes.get("freq", "QS"), heat=lambda rows: rows * 1.0)
    arguments: dict[str, Any] = {"horizon": 6, "season": 4, "base": base} | changes
    with pytest.raises(error, match=f"^Forecaster.fit: {message}"):
        Forecaster(**arguments).fit(frame)


def test_a_base_needs_a_tuned_prior(tmp_path: Path) -> None:
    path, untuned = tmp_path / "network.elman", tmp_path / "untuned.elman"
    Forecaster(3, season=4, method=NETWORK, **SMALL_NETWORK).fit(WAVE).save(path)
    Forecaster(3, season=4, method="prior").fit(WAVE).save(untuned)
    tuned = 'Fit it on a panel with method="tuned" and save it again.'
    for file, why in (
        (path, "the base delivers its network, made for its own series."),
        (untuned, "the base delivers prior without tuning."),
    ):
        with pytest.raises(ArgumentError) as caught:
            Forecaster(3, season=4, base=file).fit(WAVE)
        assert str(caught.value) == f"Forecaster.fit: {why} {tuned}"
    with pytest.raises(FileNotFoundError):
        Forecaster(3, base=tmp_path / "none").fit(WAVE)


def test_audit_of_a_forecaster_with_a_base_of_another_season_than_its_pattern(tmp_path: Path) -> None:
    panel = frame_of(*np.random.default_rng(0).normal(100, 5, (40, 40)), freq="MS")
    path = tmp_path / "base.elman"
    Forecaster(6, method="tuned", cutoffs=0, random_state=0).fit(panel).save(path)
    own = panel.groupby("unique_id").head(36).query("unique_id in ('s0', 's1')")
    result = audit(Forecaster(6, method="prior", base=path).fit(own), own)
    assert result.passed and all(check.holds for check in result.checks), str(result)
