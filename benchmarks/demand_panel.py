"""A generated demand panel whose true effects are known: price, promotion, holiday, weekday, kind of store, stock-outs.

The logarithm of the demand of store s on day t is a sum of effects and independent noise::

    log d[s,t] = level[s] + ELASTICITY * log(price[s,t] / price[s]) + PROMOTION[kind[s]] * promotion[s,t]
                 + HOLIDAY * holiday[t] + WEEKDAY[weekday[t]] + NOISE * e[s,t]

On a day of a stock-out (``out`` 1) only a part of the demand is sold. ``expected`` is the median of the demand that
follows from the effects: no forecast made of what is known before the day can be expected to be nearer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["KNOWN_AHEAD", "PLANTED", "Demand", "demand_panel", "planted"]

Array = npt.NDArray[np.float64]

ELASTICITY = -1.5
PROMOTION = {"corner": 0.2, "market": 0.4, "mall": 0.6}
HOLIDAY = 0.5
WEEKDAY = np.array([-0.1, -0.15, -0.1, 0.0, 0.15, 0.35, -0.15])
NOISE = 0.15
START = "2023-01-02"  # a Monday
KNOWN_AHEAD = ["price", "promotion", "holiday"]
PLANTED = ("past", "static", "ahead")


@dataclass(frozen=True)
class Demand:
    """The panel.

    Parameters
    ----------
    frame : DataFrame
        Columns ``unique_id``, ``ds``, ``y`` (sales), ``price``, ``promotion``, ``holiday``, ``out``, and ``expected``,
        which is the truth and no input.
    stores : DataFrame
        Columns ``unique_id`` and ``kind``.
    """

    frame: pd.DataFrame
    stores: pd.DataFrame


def demand_panel(stores: int = 60, days: int = 420, seed: int = 0) -> Demand:
    """Generate the panel.

    Parameters
    ----------
    stores, days : int
        Series, and values of each.
    seed : int
        Of all random numbers.
    """
    generator = np.random.default_rng(seed)
    dates = pd.date_range(START, periods=days, freq="D")
    holiday = (generator.random(days) < 0.04).astype(float)
    kinds = [list(PROMOTION)[s % len(PROMOTION)] for s in range(stores)]
    parts = [_store(generator, f"store {s:03}", kind, dates, holiday) for s, kind in enumerate(kinds)]
    names = [part["unique_id"].iloc[0] for part in parts]
    return Demand(pd.concat(parts, ignore_index=True), pd.DataFrame({"unique_id": names, "kind": kinds}))


def _store(
    generator: np.random.Generator, name: str, kind: str, dates: pd.DatetimeIndex, holiday: Array
) -> pd.DataFrame:
    days = len(dates)
    level, usual = generator.normal(4.0, 0.6), generator.uniform(2.0, 12.0)
    discount = _spells(generator, days, 0.05, 7) * generator.uniform(0.05, 0.3, days)
    price = np.round(usual * (1 - discount) * np.exp(generator.normal(0, 0.02, days)), 2)
    promotion = _spells(generator, days, 0.02, 5)
    out = _spells(generator, days, 0.01, 2)
    effects = level + ELASTICITY * np.log(price / usual) + PROMOTION[kind] * promotion + HOLIDAY * holiday
    expected = np.exp(effects + WEEKDAY[dates.day_of_week])
    sales = expected * np.exp(NOISE * generator.normal(size=days))
    sales *= np.where(out == 1, generator.uniform(0.1, 0.7, days), 1.0)
    columns = {"price": price, "promotion": promotion, "holiday": holiday, "out": out, "expected": expected}
    return pd.DataFrame({"unique_id": name, "ds": dates, "y": sales} | columns)


def _spells(generator: np.random.Generator, days: int, share: float, longest: int) -> Array:
    """Return 1 in spells of one to ``longest`` days that begin with a probability, else 0."""
    found = np.zeros(days)
    for start in np.flatnonzero(generator.random(days) < share):
        found[start : start + int(generator.integers(1, longest + 1))] = 1.0
    return found


def planted(demand: Demand, way: str, horizon: int) -> tuple[pd.DataFrame, str]:
    """Add a column that knows the future; return the frame and the name of the column.

    Parameters
    ----------
    demand : Demand
        The honest panel.
    way : str
        ``"past"``: the sales of the next day. ``"static"``: the mean sales of the newest ``horizon`` days relative to
        the days before. ``"ahead"``: the sales themselves.
    horizon : int
        Days to forecast.
    """
    frame = demand.frame.copy()
    sales = frame.groupby("unique_id")["y"]
    if way == "past":
        frame["orders"] = sales.shift(-1).fillna(frame["y"])
        return frame, "orders"
    if way == "ahead":
        frame["plan"] = 0.5 * frame["y"]
        return frame, "plan"
    rank = sales.transform(lambda own: own.iloc[-horizon:].mean() / own.iloc[:-horizon].mean())
    return frame.assign(rating=rank), "rating"
