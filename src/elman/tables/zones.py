"""Infer time zones of tables from changing offsets, or from an hour that occurs twice in autumn.

A file has ``+01:00`` in winter and ``+02:00`` in summer, or no offset and a repeated hour. The zone matters, because a
day of such a series is not always 24 hours. One zone stands for all zones with the same changes.
"""

from __future__ import annotations

import re
import warnings
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
import pandas as pd

__all__ = ["zone_of_offsets", "zone_of_repeats"]

_ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Athens",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Halifax",
    "America/Anchorage",
    "America/Santiago",
    "Asia/Jerusalem",
    "Australia/Sydney",
    "Australia/Adelaide",
    "Pacific/Auckland",
)
_OFFSET = re.compile(r" ?(Z|[+-]\d\d(:?\d\d)?)$")


def zone_of_offsets(texts: pd.Series, utc: pd.Series, notes: list[str]) -> pd.Series:
    """Convert times of changing offsets from UTC to the zone with these local times; otherwise leave them in UTC."""
    local_times = texts.map(lambda text: _OFFSET.sub("", str(text)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # times of unlike forms are in no zone
        written = pd.to_datetime(local_times, errors="coerce", utc=True).dt.tz_localize(None)
    for zone in _ZONES:
        try:
            local: pd.Series = utc.dt.tz_convert(zone)
        except ZoneInfoNotFoundError:
            continue
        if (local.dt.tz_localize(None).to_numpy() == written.to_numpy()).all():
            notes.append(f"offsets from UTC change between summer and winter, as in {zone}")
            return local
    notes.append("offsets from UTC change, and times are in UTC")
    return utc


def zone_of_repeats(times: pd.Series, ids: Any, notes: list[str]) -> pd.Series | None:
    """Localize times that repeat an hour in autumn to a zone with these repeats; None if there is none."""
    if not pd.api.types.is_datetime64_dtype(times):
        return None
    repeated = pd.DataFrame({"id": np.broadcast_to(ids, len(times)), "ds": times}).duplicated()
    hours, series = times[repeated], np.broadcast_to(ids, len(times))
    if len(hours) == 0 or (hours.dt.normalize() == hours).all():
        return None
    for zone in _ZONES:
        try:
            parts = [part.dt.tz_localize(zone, ambiguous="infer") for _, part in times.groupby(series)]
        except (ValueError, ZoneInfoNotFoundError):  # an hour that does not exist, or does not occur twice
            continue
        local: pd.Series = pd.concat(parts).reindex(times.index)
        notes.append(
            f"{hours.iloc[0]} occurs twice, because clocks are put back to winter time; times were read as in {zone}"
        )
        return local
    return None
