"""Rare events of a history: holidays, and columns of 0 and 1 such as promotions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.forecasting.calendar import holiday_column
from elman.forecasting.panel import Panel
from elman.tables.frequencies import Times

__all__ = ["FEWEST_EVENTS", "days_with", "rare_events", "rare_holidays"]

FEWEST_EVENTS = 8  # of a history: the error of a mean effect is then about a third of the noise of a day


def rare_holidays(place: str, panel: Panel) -> int | None:
    """Count the days of a history that are holidays; None if they are enough, or no covariate.

    Parameters
    ----------
    place : str
        Start of a message.
    panel : Panel
        Series of a frame.
    """
    if panel.times is None or panel.inputs.holidays is None:
        return None
    flags = holiday_column(place, panel.times, panel.frequency, panel.inputs.holidays) > 0
    count = days_with(panel.times, flags)
    return count if count < FEWEST_EVENTS else None


def rare_events(panel: Panel) -> dict[str, int]:
    """Count the days of a history with an event, for every column of 0 and 1 that has few of them.

    The event is the rarer of the two values that occur, 1 in a column of zeros, and the category in an indicator of
    one. Flags of censored values are no events: nothing is learned on these days.

    Parameters
    ----------
    panel : Panel
        Series of a frame.

    Returns
    -------
    dict of str to int
        Days by ``"column = value"`` or ``"column=category"``; steps where a step is longer than a day, or times are
        integers.

    Examples
    --------
    >>> from elman.forecasting.frames import read_panel
    >>> from elman.forecasting.inputs import Inputs
    >>> frame = pd.DataFrame({"unique_id": "a", "ds": range(20), "y": 1.0, "promo": [1, 0, 0, 0, 0] * 4})
    >>> rare_events(read_panel("fit", frame, inputs=Inputs(past=("promo",))))
    {'promo = 1': 4}
    """
    return dict(_rare(panel)) if panel.times is not None else {}


def _rare(panel: Panel) -> Iterator[tuple[str, int]]:
    for name in panel.inputs.given:
        if name != panel.inputs.censored and (found := _rarer(panel, name)) is not None and found[1] < FEWEST_EVENTS:
            yield found


def _rarer(panel: Panel, name: str) -> tuple[str, int] | None:
    """Return the event of a column of 0 and 1 and its days; None for any other column, and for ones alone."""
    assert panel.covariates is not None
    column = panel.covariates[:, panel.inputs.columns.index(name)]
    if not np.isin(column, (0.0, 1.0)).all() or (column == 1).all():
        return None
    ones = days_with(panel.times, column == 1)
    if "=" in name:
        return name, ones
    zeros = days_with(panel.times, column == 0)
    return (f"{name} = 1", ones) if ones <= zeros else (f"{name} = 0", zeros)


def days_with(times: Times, flags: npt.NDArray[np.bool_]) -> int:
    """Count the days of some time stamps, or the integers among them, each once.

    Examples
    --------
    >>> hours = pd.date_range("2024-12-24 22:00", periods=4, freq="h")
    >>> days_with(hours, np.array([True, True, True, False])), days_with(pd.Index([3, 4, 3]), np.ones(3, dtype=bool))
    (2, 2)
    """
    found = times[flags]
    return int((found.tz_localize(None).normalize() if isinstance(found, pd.DatetimeIndex) else found).nunique())
