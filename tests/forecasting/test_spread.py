"""Intervals from the prior's quantiles: interpolated, moved, widened, never without width."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from elman import ArgumentError
from elman.forecasting.frames import read_panel
from elman.forecasting.methods.spread import Spread, combined, moved
from elman.prior import LEVELS

SCORES = np.array([NormalDist().inv_cdf(level) for level in LEVELS])


class Made:
    """A prior with the same quantiles for every series."""

    def __init__(self, *quantiles: float) -> None:
        self.quantiles = np.array(quantiles)

    def forecast(self, series: Any, horizon: int, seasons: Any, n_threads: int = 0) -> np.ndarray:
        return np.tile(self.quantiles, (len(series), horizon, 1))


def spread(quantiles: Any, **options: Any) -> Spread:
    prior: Any = Made(*quantiles)
    return Spread(prior, (4,), 2, **options)


WAVE = read_panel("t", [[50.0, 60.0, 50.0, 40.0] * 4])
HUNDRED = np.full((1, 2), 100.0)


@pytest.mark.parametrize("level", [1, 30, 50, 60, 80, 87.5, 95])
def test_levels_between_are_exact_for_normal_errors(level: float) -> None:
    edges = spread(100 + 5 * SCORES).bounds("t", WAVE, HUNDRED, [level], 0)
    half = 5 * NormalDist().inv_cdf(0.5 + level / 200)
    np.testing.assert_allclose(edges[f"hi-{level:g}"], 100 + half, rtol=1e-12)
    np.testing.assert_allclose(edges[f"lo-{level:g}"], 100 - half, rtol=1e-12)


def test_quantiles_themselves_are_met_and_levels_never_cross() -> None:
    quantiles = [60, 85, 90, 99, 100, 100.5, 130, 131, 200]
    levels = np.linspace(1, 95, 40).tolist()
    edges = spread(quantiles).bounds("t", WAVE, HUNDRED, [80, 95, 60, 30, *levels], 0)
    for level, low, high in ((95, 60, 200), (80, 85, 131), (60, 90, 130), (30, 99, 100.5)):
        np.testing.assert_allclose((edges[f"lo-{level}"][0, 0], edges[f"hi-{level}"][0, 0]), (low, high), rtol=1e-12)
    assert (np.diff([edges[f"hi-{level:g}"][0, 0] for level in levels]) >= 0).all()
    assert (np.diff([edges[f"lo-{level:g}"][0, 0] for level in levels]) <= 0).all()


def test_beyond_the_widest_is_refused_with_the_way_out() -> None:
    with pytest.raises(ArgumentError) as caught:
        spread(100 + SCORES).bounds("t", WAVE, HUNDRED, [80, 95.5], 0)
    assert str(caught.value) == (
        "t: level 95.5 is beyond 95, the widest of this method. Ask for at most 95 %, or quantiles "
        'from 0.025 to 0.975, or pass method="network" and intervals="auto" to the Forecaster and fit again.'
    )
    assert spread(100 + SCORES).levels_within([80.0, 95.0, 99.0]) == [80.0, 95.0]


def test_quantiles_move_with_the_point() -> None:
    quantiles = np.linspace(60.0, 140.0, 9)
    assert moved(quantiles, np.array(150.0))[[0, 4, 8]].tolist() == [90, 150, 210]  # half as much again
    assert moved(quantiles, np.array(400.0))[[0, 4, 8]].tolist() == [360, 400, 440]  # four times: too far to stretch
    assert moved(quantiles, np.array(-50.0))[[0, 4, 8]].tolist() == [-90, -50, -10]
    huge = moved(1e308 * np.linspace(-1, 1, 9), np.array(1.7e308))
    assert np.isfinite(huge).all() and (huge[1:] >= huge[:-1]).all()
    assert combined(np.array([4.0, -4.0, 0.0, 1e200]), np.array([9.0, 9.0, 2.0, 1e300])).tolist() == [6, 2.5, 1, 1e250]
    edges = spread(100 + 5 * SCORES).bounds("t", WAVE, 2 * HUNDRED, [80], 0)
    np.testing.assert_allclose(edges["hi-80"], 200 + 10 * SCORES[7], rtol=1e-12)


def test_width_factors_by_hand() -> None:
    """Half of the factor by which the intervals of known values were too narrow, on the scale of its logarithm."""
    panel = read_panel("t", [[50.0, 60.0, 50.0, 40.0] * 4] * 5)
    own = spread([80, 90, 95, 98, 100, 102, 105, 110, 120])
    actual = 100 + np.array([[1, -2], [3, -4], [5, 6], [7, 15], [np.nan, 40]])
    widths = own.widened("t", panel, np.full((5, 2), 100.0), actual, 0).widths
    needed = np.array([1, 2, 3, 4, 5, 6, 7, 15, 40]) / 10
    factors = max(1, np.quantile(needed, 0.8)), np.quantile(needed / 2, 0.95)
    assert widths == pytest.approx(np.sqrt(factors)) and widths[1] > 1
    assert own.widened("t", panel, np.full((5, 2), 100.0), np.full((5, 2), 100.0), 0).widths == (1.0, 1.0)
    wide = spread([80, 90, 95, 98, 100, 102, 105, 110, 120], widths=(1.5, 2.0))
    edges = wide.bounds("t", WAVE, HUNDRED, [60, 80, 87.5, 95], 0)
    assert (edges["hi-60"][0, 0], edges["hi-80"][0, 0], edges["hi-95"][0, 0]) == (107.5, 115, 140)
    plain = spread([80, 90, 95, 98, 100, 102, 105, 110, 120]).bounds("t", WAVE, HUNDRED, [87.5], 0)
    np.testing.assert_allclose(edges["hi-87.5"] - 100, 1.75 * (plain["hi-87.5"] - 100), rtol=1e-12)


@pytest.mark.parametrize("value", [7.0, -3.0, 1e30, 5e-324])
def test_never_without_width(value: float) -> None:
    panel = read_panel("t", [[value] * 5, [value]], least=1)
    edges = spread([value] * 9).bounds("t", panel, np.full((2, 2), value), [1, 95], 0)
    for level in (1, 95):
        low, high = edges[f"lo-{level}"], edges[f"hi-{level}"]
        assert (low < high).all() and (low <= value).all() and (high > value).all()
        assert value < 0 or (low >= 0).all()
    if value == 7.0:
        np.testing.assert_allclose(high, 7.007, rtol=1e-12)


def test_zeros_have_no_width_and_measure_none() -> None:
    """No factor makes the interval of a series of zeros hold the demand that follows it."""
    panel = read_panel("t", [[0.0] * 5, [50.0, 60.0, 50.0, 40.0, 50.0]])
    edges = spread([0.0] * 9).bounds("t", panel, np.zeros((2, 2)), [80], 0)
    assert edges["lo-80"][0].tolist() == edges["hi-80"][0].tolist() == [0.0, 0.0]
    assert (edges["hi-80"][1] > 0).all()
    zeros = read_panel("t", [[0.0] * 5] * 3)
    assert spread([0.0] * 9).widened("t", zeros, np.zeros((3, 2)), np.full((3, 2), 4.0), 0).widths == (1.0, 1.0)


def test_no_interval_falls_where_the_series_never_was() -> None:
    edges = spread(2 + 5 * SCORES).bounds("t", WAVE, np.full((1, 2), 2.0), [95], 0)
    assert edges["lo-95"].tolist() == [[0.0, 0.0]]
    below = read_panel("t", [[-1.0, 60.0, 50.0, 40.0] * 4])
    assert (spread(2 + 5 * SCORES).bounds("t", below, np.full((1, 2), 2.0), [95], 0)["lo-95"] < 0).all()
