"""Convert the newest values of the series to arrays and plain metadata and back, with a check of every value."""

from __future__ import annotations

import re
import sys
import zoneinfo
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman import _check
from elman.errors import FileFormatError
from elman.forecasting.methods import NetworkMethod
from elman.forecasting.panel import LARGEST, Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.saving_inputs import inputs_from_file
from elman.forecasting.saving_names import names_from_file, names_to_file
from elman.forecasting.saving_network import checked
from elman.persistence.models import check_names
from elman.tables.frequencies import (
    OFF_CALENDAR,
    counts_directly,
    frequency_text,
    future_times,
    positions,
    read_frequency,
)

__all__ = ["panel_from_file", "panel_to_file"]

Arrays = dict[str, npt.NDArray[Any]]

_DATA_KEYS = {"kind", "frequency", "unit", "zone"}
_FIXED_ZONE = re.compile(r"UTC([+-]\d\d:\d\d)?")
_KINDS = ("array", "list", "pandas", "polars")
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_YEARS = -62_135_596_800, 253_402_300_800  # seconds from 1970 to the years 1 and 10000
_LARGEST_STEP = 2**62  # integer time stamps below it can be subtracted from one another


def panel_to_file(newest: Panel) -> tuple[Arrays, dict[str, Any]]:
    """Return arrays and the metadata ``data``."""
    arrays: Arrays = {"values": newest.values, "offsets": newest.offsets}
    if newest.covariates is not None:
        arrays["covariates"] = newest.covariates
    if newest.masked is not None:
        arrays["masked"] = newest.masked
    data: dict[str, Any] = {"kind": newest.kind, "frequency": None, "unit": None, "zone": None}
    if newest.inputs.static:
        data["static"] = list(newest.inputs.static)
    if newest.times is not None and newest.ids is not None:
        arrays["ids"] = names_to_file(newest.ids)
        data["frequency"] = frequency_text(newest.frequency)
        if isinstance(newest.times, pd.DatetimeIndex):
            arrays["times"] = newest.times.asi8.copy()
            data["unit"], data["zone"] = newest.times.unit, None if newest.times.tz is None else str(newest.times.tz)
        else:
            arrays["times"] = newest.times.to_numpy(dtype=np.int64)
    return arrays, data


def panel_from_file(
    arrays: Arrays, data: dict[str, Any], parameters: Parameters, network: NetworkMethod | None, *, whole: bool
) -> Panel:
    """Rebuild the newest values that `predict` continues; their arrays are removed from those of the file.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Of the file.
    data : dict
        The metadata of that name.
    parameters : Parameters
        Covariates and horizon.
    network : NetworkMethod, optional
        Whose channels and transform the values must fit.
    whole : bool
        Whether the series are kept whole, not only for the network's context length.

    Raises
    ------
    FileFormatError
        If these cannot be the series of a fit.
    """
    check_names("data fields", set(data) - {"static"}, _DATA_KEYS)
    kind = _check.choice("data", "kind", data["kind"], _KINDS)
    framed = kind in ("pandas", "polars")
    inputs = inputs_from_file(data, parameters)
    columns = inputs.width
    names = {"values", "offsets"} | ({"ids", "times"} if framed else set()) | ({"covariates"} if columns else set())
    names |= {"masked"} if parameters.missing == "mask" else set()
    own = {name: arrays.pop(name) for name in names}
    several = own["values"].ndim == 2
    values, offsets = checked(own, "values", np.float64, 2 if several else 1), own["offsets"]
    covariates = checked(own, "covariates", np.float64, 2) if columns else None
    if covariates is not None and covariates.shape != (len(values), columns):
        raise FileFormatError("covariates do not go with values")
    channels = values.shape[1] if several else None
    if channels == 0 or (
        network is not None and channels != (None if network.scaling.flat else network.recipe.channels)
    ):
        raise FileFormatError("values do not have the channels of the recipe")
    context_length = sys.maxsize if network is None or whole else network.context_length
    _check_offsets(offsets, len(values), context_length, alone=kind == "array")
    if framed:
        panel = _named(own, offsets, kind, data, int(parameters.horizon), covariates)
    elif (data["frequency"], data["unit"], data["zone"]) != (None, None, None):
        raise FileFormatError("series without time stamps have neither frequency nor unit nor zone")
    else:
        panel = Panel(values, offsets, kind)
    panel = replace(panel, inputs=inputs, masked=own.get("masked"))
    if panel.masked is not None and (panel.masked.dtype != np.bool_ or panel.masked.shape != values.shape):
        raise FileFormatError("masked does not go with values")
    _check_values(panel, None if whole else network)  # a mean reads others, too (`MeanMethod`)
    return panel


def _check_offsets(offsets: npt.NDArray[Any], total: int, context_length: int, *, alone: bool) -> None:
    lengths = np.diff(offsets)
    if offsets.dtype == np.int64 and offsets.tolist() == [0] and total == 0:  # of a fit to data in parts
        return
    if (
        offsets.dtype != np.int64
        or offsets.ndim != 1
        or len(offsets) < 2
        or offsets[0] != 0
        or offsets[-1] != total
        or (offsets < 0).any()
        or (offsets > total).any()
        or lengths.min() < 1
        or lengths.max() > context_length
        or (alone and len(offsets) != 2)
    ):
        raise FileFormatError("offsets do not divide values into series")


def _check_values(panel: Panel, network: NetworkMethod | None) -> None:
    """Refuse values that `fit` refuses."""
    if np.abs(panel.values).max(initial=0) > LARGEST:
        raise FileFormatError(f"values go beyond {LARGEST:.6g}")
    if network is not None:
        network.scaling.check("values", panel)


def _named(
    own: Arrays,
    offsets: npt.NDArray[np.int64],
    kind: str,
    data: dict[str, Any],
    horizon: int,
    covariates: npt.NDArray[np.float64] | None,
) -> Panel:
    """Rebuild the series of a frame: with names, and time stamps that step by the frequency."""
    values, stamps = own["values"], own["times"]
    ids = names_from_file(own["ids"], len(offsets) - 1)
    if stamps.dtype != np.int64 or stamps.shape != values.shape[:1]:
        raise FileFormatError("times do not go with values")
    frequency = read_frequency(data["frequency"])
    if isinstance(frequency, int) != (data["unit"] is None) or (data["unit"] is None and data["zone"] is not None):
        raise FileFormatError("frequency, unit and zone do not go together")
    panel = Panel(values, offsets, kind, ids, _times(stamps, data), frequency, covariates)
    if len(panel) == 0:
        return panel
    if len(steps := _irregular(panel)):
        raise FileFormatError(f"times do not step by the frequency {panel.place(int(steps[0]))}")
    _check_end(panel, horizon)
    return panel


def _times(stamps: npt.NDArray[np.int64], data: dict[str, Any]) -> pd.Index:
    if data["unit"] is None:
        if stamps.min(initial=0) <= -_LARGEST_STEP or stamps.max(initial=0) >= _LARGEST_STEP:
            raise FileFormatError("integer times must be below 2**62 in size")
        return pd.Index(stamps)
    unit = _check.choice("data", "unit", data["unit"], tuple(_UNITS))
    first, end = (year * _UNITS[unit] for year in _YEARS)
    if int(stamps.min(initial=0)) < max(first, -(2**63) + 1) or int(stamps.max(initial=0)) >= end:
        raise FileFormatError("times must lie in the years 1 to 9999")
    times = pd.DatetimeIndex(stamps.view(f"datetime64[{unit}]"))
    return times if data["zone"] is None else times.tz_localize("UTC").tz_convert(_zone(data["zone"]))


def _irregular(panel: Panel) -> npt.NDArray[np.int64]:
    """Find the values whose time stamp is not one step after the one before in the same series."""
    times, frequency = panel.times, panel.frequency
    assert times is not None and frequency is not None
    goes_on = np.ones(len(times), dtype=bool)
    goes_on[panel.offsets[:-1]] = False
    later = np.flatnonzero(goes_on)
    if counts_directly(frequency):
        numbers, step = positions(times, frequency)
        wrong = (numbers[later] - numbers[later - 1] != step) | (numbers[later] == OFF_CALENDAR)
        return later[wrong] if step > 0 else np.arange(len(times))
    # Neighbouring days are compared step by step: listing the calendar from first to last could take any memory that
    # a file names. Offsets lead from calendar day to calendar day, so only each series' first is tested.
    dates = times.tz_localize(None).normalize()
    off = [start for start in panel.offsets[:-1].tolist() if not frequency.base.is_on_offset(dates[start])]
    if off or not len(later):
        return np.array(off, dtype=np.int64)
    wrong = np.asarray(future_times(dates[later - 1], frequency, 1) != dates[later])
    found: npt.NDArray[np.int64] = later[wrong]
    return found


def _check_end(panel: Panel, horizon: int) -> None:
    """Refuse a frequency that leads out of the range of time stamps within the horizon."""
    times, frequency = panel.times, panel.frequency
    assert times is not None and frequency is not None
    if isinstance(frequency, int):
        if int(times.max()) + horizon * frequency >= 2**63:
            raise FileFormatError("times leave the range of integers within the horizon")
        return
    try:
        future_times(times[panel.offsets[1:] - 1], horizon * frequency, 1)
    except (ValueError, ArithmeticError):
        raise FileFormatError("times leave the range of dates within the horizon") from None


def _zone(name: Any) -> str:
    """Check that a zone is from the tz database or an offset from UTC; pandas would open files with other names."""
    if not isinstance(name, str):
        raise FileFormatError(f"zone must be text, got {name!r:.60}")
    if _FIXED_ZONE.fullmatch(name) is None:
        try:
            zoneinfo.ZoneInfo(name)
        except (LookupError, OSError, ValueError):
            raise FileFormatError(f"{name!r:.60} is no time zone of this system") from None
    return name
