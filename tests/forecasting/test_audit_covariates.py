"""An audit finds covariates that know the future, of each kind, and lets honest drivers pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import audit
from elman.forecasting.audit_covariates import covariates_check
from elman.forecasting.audit_report import Check
from elman.forecasting.frames import read_panel
from elman.forecasting.inputs import Inputs
from forecasting.small import frame_of, small

HORIZON = 4


def shops(count: int = 10, days: int = 80) -> pd.DataFrame:
    """Sales of a price that is known ahead, with noise."""
    rng = np.random.default_rng(0)
    prices = rng.normal(size=(count, days))
    sales = np.exp(3 + rng.normal(0, 0.3, (count, 1)) - 0.3 * prices + rng.normal(0, 0.1, (count, days)))
    frame = frame_of(*sales, freq="D")
    return frame.assign(price=prices.ravel(), size=np.repeat(rng.normal(size=count), days))


SHOPS = shops()
HONEST: dict[str, tuple[str, ...]] = {"past": ("heat",), "ahead": ("price",), "static": ("size",)}


def checked(frame: pd.DataFrame, **inputs: tuple[str, ...]) -> Check:
    panel = read_panel("audit", frame, inputs=Inputs(**(HONEST | inputs)))
    return covariates_check(panel, panel.inputs, HORIZON)


def planted(**columns: Any) -> pd.DataFrame:
    sales = SHOPS.groupby("unique_id")["y"]
    made = {name: column(sales) for name, column in columns.items()}
    return SHOPS.assign(heat=sales.shift(1).bfill(), **made)


def test_honest_columns_pass() -> None:
    result = checked(planted())
    assert result.holds is True and result.detail == "3 columns" and 0.5 < result.numbers[0] < 0.98


@pytest.mark.parametrize(
    ("kind", "column", "detail"),
    [
        ("past", lambda sales: sales.shift(-1).ffill(), "x (past), 1 step before it, explains 100%"),
        ("past", lambda sales: 2 * sales.shift(-3).ffill(), "x (past), 3 steps before it, explains 100%"),
        ("ahead", lambda sales: 0.5 * sales.shift(0) - 2, "x (known ahead), at the same time, explains 100%"),
        ("ahead", lambda sales: sales.shift(2).bfill(), "x (known ahead), 2 steps after it, explains 100%"),
        ("static", lambda sales: sales.transform(lambda own: own[-HORIZON:].mean()), "x (static) explains 100%"),
        ("static", lambda sales: sales.transform("mean"), "x (static) explains 100%"),
    ],
)
def test_columns_that_know_the_future(kind: str, column: Any, detail: str) -> None:
    result = checked(planted(x=column), **{kind: (*HONEST[kind], "x")})
    assert result.holds is False and result.detail == f"{detail} of what is new in y"
    assert result.name == "covariates" and len(result.numbers) == HORIZON


def test_what_is_known_anyway_passes() -> None:
    assert checked(planted(x=lambda sales: sales.shift(0)), past=("heat", "x")).holds  # the value of the time itself
    old = planted(x=lambda sales: sales.shift(HORIZON).bfill())
    assert checked(old, ahead=("price", "x")).holds  # known for every step of the horizon
    assert checked(planted().assign(heat=1.0)).holds


@pytest.mark.parametrize(("shift", "holds"), [(-1, False), (-HORIZON, False), (0, True), (1, True)])
def test_a_series_that_knows_the_future_of_one_other(shift: int, holds: bool) -> None:
    later = SHOPS[SHOPS["unique_id"] == "s3"]["y"].shift(shift).bfill().ffill().to_numpy() * 2
    driver = SHOPS[SHOPS["unique_id"] == "s0"].assign(unique_id="oil", y=later)
    frame = pd.concat([driver, SHOPS], ignore_index=True)
    panel = read_panel("audit", frame, inputs=Inputs(past=("y of oil",), series=("oil",)))
    result = covariates_check(panel, panel.inputs, HORIZON)
    assert result.holds is holds
    if not holds:
        steps = f"{-shift} step{'s' * (shift < -1)}"
        assert result.detail == f"y of oil (past), {steps} before it, explains 100% of what is new in y"


def test_too_few_values() -> None:
    few = SHOPS.groupby("unique_id").head(8).iloc[:16]
    assert checked(few.assign(heat=1.0)).holds is None


def test_the_audit_names_the_column() -> None:
    frame = planted(x=lambda sales: sales.shift(-1).ffill())[SHOPS["unique_id"] == "s0"]
    model = small(HORIZON, updates=2, past_covariates=["x"], future_covariates=["price"], ensemble_size=1)
    result = audit(model, frame)
    assert result.broken == ("covariates",)
    assert "x (past), 1 step before it, explains 100% of what is new in y" in str(result)
