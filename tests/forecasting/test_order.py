"""The order of the rows of a frame does not matter: the same bits per series, in the given order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import Forecaster
from forecasting.small import frame_of, small

NOISE = np.random.default_rng(0).normal(size=(20, 44))
FRAME = frame_of(*(20 + np.tile([0.0, 3.0, 1.0, -4.0], 11) + i / 5 + noise for i, noise in enumerate(NOISE)))
METHODS: dict[str, dict[str, Any]] = {"prior": {}, "tuned": {"cutoffs": 0}, "auto": {}, "network": {"intervals": 4}}


@pytest.mark.parametrize("method", METHODS)
def test_a_shuffled_frame_gives_the_same_bits(method: str) -> None:
    options = {"season": 4, "random_state": 0, "method": method} | METHODS[method]
    make = small if method == "network" else Forecaster
    names = np.random.default_rng(1).permutation(FRAME["unique_id"].unique())
    shuffled = pd.concat([FRAME[FRAME["unique_id"] == name] for name in names], ignore_index=True)
    one, other = make(3, **options).fit(FRAME), make(3, **options).fit(shuffled)
    assert (one.method_, one.reason_) == (other.method_, other.reason_)
    expected, found = one.predict(level=[80]), other.predict(level=[80])
    assert found["unique_id"].unique().tolist() == names.tolist()
    in_order = [found[found["unique_id"] == name] for name in expected["unique_id"].unique()]
    pd.testing.assert_frame_equal(pd.concat(in_order, ignore_index=True), expected, check_exact=True)
    if method == "auto":
        assert one.check_ is not None and other.check_ is not None
        left, right = (
            check.forecasts.set_index(["unique_id", "ds"]).sort_index() for check in (one.check_, other.check_)
        )
        pd.testing.assert_frame_equal(left, right, check_exact=True)
