"""`validation`: the last horizon of the training part chooses the updates; the refit repeats the schedule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import ArgumentError, DataError, Forecaster
from forecasting.small import WAVE, small, with_networks

OPTIONS: dict[str, Any] = {"updates": 60, "learning_rate": 0.02, "validation": True}


def test_the_refit_repeats_the_schedule_and_stops() -> None:
    model = small(**OPTIONS).fit(WAVE)
    scores = model.validation_scores_
    assert list(scores) == list(range(2, 61, 2))
    assert model.updates_ == min(scores, key=lambda update: (scores[update], update))
    rates = [history.learning_rate for history in model.history_]
    whole = small(**(OPTIONS | {"validation": None})).fit(WAVE)
    assert rates == [history.learning_rate[: model.updates_] for history in whole.history_]
    assert [len(history.loss) for history in model.history_] == [model.updates_] * 2


def test_scores_are_of_forecasts_that_had_not_seen_the_end() -> None:
    """A fit on the rest alone, stopped at the same update, has the reported error."""
    model = small(**OPTIONS, transform="none").fit(WAVE)
    plain = OPTIONS | {"validation": None, "transform": "none"}
    last = small(**plain).fit(WAVE[:-3])
    errors = [np.abs(with_networks(last, network).predict() - WAVE[-3:]).mean() for network in last.networks_]
    assert len(errors) == 2
    assert model.validation_scores_[60] == pytest.approx(np.mean(errors), rel=1e-12)


def test_same_bits_and_nothing_from_outside() -> None:
    one, two = (small(**OPTIONS, n_threads=n).fit(WAVE[:50]) for n in (1, 2))
    assert one.validation_scores_ == two.validation_scores_
    assert np.array_equal(one.predict(), two.predict())
    assert Forecaster.from_arrays(*one.to_arrays()).validation_scores_ == one.validation_scores_


@pytest.mark.parametrize("change", [{"window": "auto"}, {"strategy": "recursive"}, {"missing": "interpolate"}])
def test_with_other_choices(change: dict[str, Any]) -> None:
    data = WAVE.copy()
    if "missing" in change:
        data[[20, 58]] = np.nan
    model = small(**(OPTIONS | change | {"updates": 5})).fit([data, WAVE[:5]])
    assert model.updates_ in model.validation_scores_
    assert np.isfinite(model.predict()[0]).all()


def test_off_by_default() -> None:
    for off in (None, False):
        assert small(validation=off).fit(WAVE).validation_scores_ == {}


def test_too_short_to_hold_anything_out() -> None:
    with pytest.raises(DataError) as caught:
        small(**OPTIONS).fit(WAVE[:10])
    assert str(caught.value) == (
        "Forecaster.fit: validation=True needs a series of at least window + 2 * horizon = 11 values, "
        "the longest has 10."
    )
    with pytest.raises(ArgumentError) as kind:
        small(validation=0.2).fit(WAVE)
    assert str(kind.value) == "Forecaster.fit: validation must be True or False, got 0.2."
