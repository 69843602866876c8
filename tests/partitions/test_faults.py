"""Series that cannot be used are told from the others."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from elman import Forecaster
from elman.errors import DataError, ElmanWarning
from elman.forecasting.partitioned import ForecastPart
from elman.partitions.faults import separated
from elman.persistence import dump_arrays

FRAME = pd.DataFrame(
    {
        "unique_id": np.repeat(["a", "b", "c", "d", "e"], 12),
        "ds": np.tile(pd.date_range("2024-01-01", periods=12, freq="MS"), 5),
        "y": np.arange(60.0) % 7,
    }
)
MODEL = Forecaster(2, season=4, method="seasonal naive").fit(FRAME)
PART = ForecastPart(Forecaster, dump_arrays(*MODEL.to_arrays()), MODEL.predict()[:0])


def test_every_kind_of_fault_is_named_with_its_row() -> None:
    bad = FRAME.copy()
    bad.loc[17, "y"] = np.nan
    bad.loc[30, "y"] = np.inf
    bad.loc[40, "ds"] = bad.loc[39, "ds"]
    bad.loc[52, "ds"] += pd.Timedelta("1D")
    results, faults = separated(PART, bad)
    assert [(fault.series, fault.row) for fault in faults] == [("b", 17), ("c", 30), ("d", 40), ("e", 52)]
    assert [fault.error.text.split(": ", 1)[1][:20] for fault in faults] == [
        "y is missing (NaN) i",
        "y is inf in series '",
        "two rows in series '",
        "ds in series 'e' at ",
    ]
    assert pd.concat(results).equals(MODEL.predict(FRAME)[:2])


def test_without_faults_nothing_is_split() -> None:
    calls = []

    def counted(frame: pd.DataFrame) -> pd.DataFrame:
        calls.append(len(frame))
        return frame

    assert separated(counted, FRAME)[1] == []
    assert calls == [60]


def test_short_series_are_left_out_as_in_memory() -> None:
    part = ForecastPart(Forecaster, PART.model, PART.empty, least=2)
    short = FRAME.drop(index=range(13, 24)).reset_index(drop=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = part(short)
    assert [str(warning.message) for warning in caught if warning.category is ElmanWarning] == [
        "1 of 5 series left out, at least 2 values of each are needed: 'b'."
    ]
    assert found.equals(MODEL.predict(FRAME[FRAME["unique_id"] != "b"]))
    with pytest.warns(ElmanWarning, match="1 of 1 series left out"):
        assert part(short[12:13]).equals(PART.empty)


def test_a_refused_value_is_an_error_of_the_part() -> None:
    with pytest.raises(DataError, match="series 'a'"):
        PART(FRAME.assign(y=np.inf))
