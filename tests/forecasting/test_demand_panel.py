"""The generated demand panel of ``benchmarks``: the effects that it claims are those in its sales."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the generator."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("demand_panel")


def test_least_squares_find_the_effects(made: Any) -> None:
    demand = made.demand_panel(stores=9, days=300)
    frame = demand.frame[demand.frame["out"] == 0].merge(demand.stores, on="unique_id")
    columns = [frame["unique_id"] == name for name in demand.stores["unique_id"]]
    columns += [(frame["kind"] == kind) * frame["promotion"] for kind in made.PROMOTION]
    columns += [frame["holiday"], *(frame["ds"].dt.day_of_week == day for day in range(6))]
    columns += [np.log(frame["price"])]
    inputs = np.stack([column.to_numpy(dtype=float) for column in columns], axis=1)
    found = np.linalg.lstsq(inputs, np.log(frame["y"]), rcond=None)[0][9:]
    true = [*made.PROMOTION.values(), made.HOLIDAY, *(made.WEEKDAY[:6] - made.WEEKDAY[6]), made.ELASTICITY]
    np.testing.assert_allclose(found, true, atol=0.06)
    error = np.abs(np.log(frame["y"] / frame["expected"])).mean()
    assert error == pytest.approx(made.NOISE * np.sqrt(2 / np.pi), rel=0.03)
    stockouts = demand.frame[demand.frame["out"] == 1]
    assert (stockouts["y"] < stockouts["expected"]).mean() > 0.95


def test_planted_columns_know_the_future(made: Any) -> None:
    demand = made.demand_panel(stores=3, days=40)
    sales = demand.frame["y"].to_numpy().reshape(3, 40)
    orders, ratings, plan = (
        made.planted(demand, way, 10)[0].iloc[:, -1].to_numpy().reshape(3, 40) for way in made.PLANTED
    )
    assert np.array_equal(orders[:, :-1], sales[:, 1:])
    np.testing.assert_allclose(ratings[:, 0], sales[:, 30:].mean(axis=1) / sales[:, :30].mean(axis=1))
    assert np.array_equal(plan, 0.5 * sales)
