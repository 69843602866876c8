"""A notice of few events: holidays, and columns of 0 and 1."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import ElmanWarning
from elman.forecasting.events import rare_events
from elman.forecasting.frames import read_panel
from elman.forecasting.inputs import Inputs
from elman.forecasting.notices import notice_few_events
from forecasting.small import small

HOURS = pd.date_range("2024-01-01", periods=120, freq="h")


def daily(days: int) -> pd.DataFrame:
    """Noise without an effect of any holiday, from 1 January 2023."""
    values = np.random.default_rng(0).normal(100, 1, days)
    return pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2023-01-01", periods=days), "y": values})


def test_few_holidays_give_a_notice() -> None:
    """New Year, Good Friday and Easter Monday; the eighth holiday of 2023 is 25 December, day 359."""
    with pytest.warns(ElmanWarning, match="holidays of DE") as caught:
        small(holidays="DE", updates=1).fit(daily(120))
    assert str(caught[0].message) == (
        "Forecaster.fit: the history has 3 holidays of DE, and it takes 8 to tell their effect from noise. Bring a "
        "longer history, or leave holidays out."
    )
    assert len(caught) == 1


def test_which_holidays_count() -> None:
    def notice(frame: pd.DataFrame) -> None:
        notice_few_events("t", read_panel("t", frame, inputs=Inputs(holidays="DE")))

    twice = pd.concat([daily(120), daily(120).assign(unique_id="b")])  # the same days are no further holidays
    for frame, count in ((twice, 3), (daily(358), 7)):
        with pytest.warns(ElmanWarning, match=f"the history has {count} holidays of DE"):
            notice(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notice(daily(359))


def flagged(days: Any, **more: Any) -> pd.DataFrame:
    """120 days, with a promotion on some of them."""
    return daily(120).assign(promo=np.isin(np.arange(120), days).astype(int), **more)


def test_few_promotions_give_a_notice() -> None:
    with pytest.warns(ElmanWarning) as caught:
        small(future_covariates=["promo"], past_covariates=["fair"], updates=1).fit(
            flagged([5, 50, 80], fair=(np.arange(120) == 7).astype(float))
        )
    assert str(caught[0].message) == (
        "Forecaster.fit: the history has 1 day with fair = 1, 3 days with promo = 1, and it takes 8 to tell their "
        "effect from noise. Bring a longer history, or leave such columns out."
    )
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small(future_covariates=["promo"], updates=1).fit(flagged(range(0, 120, 15)))


@pytest.mark.parametrize(
    ("frame", "inputs", "found"),
    [
        (flagged(range(0, 120, 17)), Inputs(past=("promo",)), {}),
        (flagged(range(0, 119, 20)), Inputs(past=("promo",)), {"promo = 1": 6}),
        (flagged(range(117)), Inputs(ahead=("promo",)), {"promo = 0": 3}),
        (flagged([]), Inputs(ahead=("promo",)), {"promo = 1": 0}),
        (flagged([3], price=2.5), Inputs(ahead=("price",)), {}),
        (flagged([3]), Inputs(past=("promo",), censored="promo"), {}),
        (flagged([3], sky=["fog", *["sun"] * 119]), Inputs(ahead=("sky=fog", "sky=sun")), {"sky=fog": 1}),
        (
            pd.concat([flagged([3, 9]), flagged([9, 11]).assign(unique_id="b")]),  # a day counts once
            Inputs(past=("promo",)),
            {"promo = 1": 3},
        ),
        (flagged([3, 9]).assign(ds=np.arange(120)), Inputs(past=("promo",)), {"promo = 1": 2}),
        (flagged([3, 4, 50]).assign(ds=HOURS), Inputs(past=("promo",)), {"promo = 1": 2}),
        (flagged(range(120)), Inputs(past=("promo",)), {}),
    ],
)  # fmt: skip
def test_which_events_count(frame: pd.DataFrame, inputs: Inputs, found: dict[str, int]) -> None:
    assert rare_events(read_panel("t", frame, inputs=inputs)) == found


def test_longer_steps_are_steps() -> None:
    weekly = flagged([3]).assign(ds=pd.date_range("2020-01-05", periods=120, freq="W"))
    with pytest.warns(ElmanWarning, match="the history has 1 step with promo = 1, and"):
        notice_few_events("t", read_panel("t", weekly, inputs=Inputs(past=("promo",))))
