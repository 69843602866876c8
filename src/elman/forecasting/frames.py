"""Validate arrays, lists and long frames, and convert them to a `Panel`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman._words import called
from elman.data.ragged import refuse_times
from elman.errors import ArgumentError, DataError, ElmanWarning, Remedy, UnsupportedError
from elman.forecasting.calendar import features_of
from elman.forecasting.covariates import censored_in, read_covariates, read_weight, with_made
from elman.forecasting.inputs import Inputs
from elman.forecasting.panel import LARGEST, Panel, longest, names_of
from elman.forecasting.series_covariates import series_columns
from elman.forecasting.static import read_static
from elman.tables.categories import sources
from elman.tables.frame_columns import as_long, numbers, select_columns, time_stamps, zone_of
from elman.tables.frequencies import (
    OFF_CALENDAR,
    Frequency,
    fitting_alias,
    gaps_of,
    infer_frequency,
    positions,
    time_range,
    to_frequency,
)
from elman.tables.times import spoken

__all__ = ["check_values", "frequency_of", "read_frame", "read_panel", "warn_left_out"]

Array = npt.NDArray[np.float64]

_COLUMNS = ("unique_id", "ds", "y")
_NONE = Inputs()
_STEPS = {  # to which irregular times are resampled: how long each is at least, and what it is called
    "s": ("1s", "seconds"),
    "min": ("1min", "minutes"),
    "15min": ("15min", "quarters of an hour"),
    "h": ("1h", "hours"),
    "D": ("1D", "days"),
    "W": ("7D", "weeks"),
    "MS": ("28D", "months"),
    "QS": ("90D", "quarters of a year"),
}
_LONGEST = "YS", "years"
_FEWEST = 4  # times that lie near even steps by no chance
_MOST_ADDED = 100_000  # rows for missing times, besides ten for every row
_FILLED = (Remedy(missing="seasonal_median"), Remedy(missing="interpolate"))


def read_panel(
    place: str,
    data: Any,
    freq: Any = "auto",
    missing: str = "error",
    inputs: Inputs = _NONE,
    channels: bool = False,
    least: int = 2,
    empty: bool = False,
    short: int = 0,
    static: Any = None,
    before: Panel | None = None,
    zone: Any = None,
) -> Panel:
    """Validate data and convert it to a panel.

    Parameters
    ----------
    place : str
        Start of every message, for example ``"Forecaster.fit"``.
    data : array_like (n,), list of array_like (n_i,), or long frame
        One series, several series, or a pandas or polars frame with the columns ``unique_id``, ``ds`` and ``y``. A
        frame without ``unique_id`` is one series. A pandas Series or frame with dates in its index is such a frame.
    freq : str, DateOffset, int or "auto"
        Distance between time stamps; ``"auto"`` infers it.
    missing : str
        ``"error"`` refuses NaN and missing time stamps; any other value keeps them as NaN.
    inputs : Inputs
        Further columns of a frame to read or to make: numbers, none missing; ``column=category`` for categories.
    channels : bool
        Whether a series may be an array (n, D) of several values per time.
    least : int
        Values that every series must have.
    empty : bool
        Whether all values may be missing.
    short : int
        Series of a frame with fewer values are left out with a warning, if others have as many.
    static : frame or Panel, optional
        Values per series; see `elman.forecasting.static.read_static`.
    before : Panel, optional
        Series that the data continue; see `elman.forecasting.series_covariates`.
    zone : tzinfo, optional
        Time zone to which time stamps of other zones are converted.

    Returns
    -------
    Panel

    Raises
    ------
    DataError
        If a value or a time stamp cannot be used.
    ArgumentError
        If ``data`` or ``freq`` is of the wrong kind.

    Examples
    --------
    >>> read_panel("example", [[1, 2, 3], [4, 5]]).lengths
    array([3, 2])
    """
    unnamed = _is_unnamed(data)
    data = as_long(place, data)
    _refuse_other_kinds(place, data)
    if unnamed:
        _refuse_several(place, data)
    if hasattr(data, "columns"):
        panel = _without_short(place, read_frame(place, data, freq, missing, inputs, static, before, zone), short)
    elif inputs != _NONE:
        raise _needs_a_frame(place, data, inputs)
    elif _is_list_of_series(data):
        if len(data) == 0:
            raise DataError(f"{place}: there is no series in an empty list.")
        series = [_one_series(place, f"series {i}", values, channels) for i, values in enumerate(data)]
        _same_channels(place, series)
        panel = Panel(np.concatenate(series), _offsets([len(values) for values in series]), "list")
    else:
        values = _one_series(place, "y", data, channels)
        panel = Panel(values, _offsets([len(values)]), "array")
    if inputs.censored is not None:
        hidden = censored_in(place, panel, inputs.censored, inputs.past.index(inputs.censored))
        check_values(place, replace(panel, values=np.where(hidden, 0.0, panel.values)), missing, least, empty)
        panel = replace(panel, values=np.where(hidden, np.nan, panel.values))
        missing = missing.replace("error", "seasonal_median")  # of what is hidden
    check_values(place, panel, missing, least, empty)
    return panel


def _is_unnamed(data: Any) -> bool:
    """Return whether data are a frame without names of series."""
    names = (*getattr(data, "columns", ()), *getattr(getattr(data, "index", None), "names", ()))
    return hasattr(data, "columns") and "unique_id" not in names


def _refuse_several(place: str, data: Any) -> None:
    """Refuse two rows of one time in a frame without names of series."""
    if not {"ds", "y"} <= set(data.columns):
        return
    times = select_columns(place, data, ("ds",))["ds"]
    if not times.duplicated().any():
        return
    others = [str(name) for name in data.columns if name not in _COLUMNS]
    among = f"; its other columns are {', '.join(others)}" if others else ""
    raise DataError(
        f"{place}: two rows are at {times[times.duplicated()].iloc[0]}, and without a column unique_id a frame is one "
        f"series{among}.",
        Remedy("name the column of the series unique_id", frame=...),
        Remedy("sum the rows of one time if they are one series", frame=...),
    )


def _needs_a_frame(place: str, data: Any, inputs: Inputs) -> ArgumentError:
    """Return the error for arrays, which have neither columns nor time stamps."""
    what = "past_covariates and future_covariates name columns"
    if inputs.weight is not None:
        what = "weight names a column"
    elif inputs.static:
        what = "static_covariates name columns"
    elif inputs.series:
        what = "series_covariates name series"
    elif inputs.made and not inputs.columns:
        what = f"{'calendar' if inputs.calendar else 'holidays'} needs the dates"
    return ArgumentError(f"{place}: {what} of a frame, got {type(data).__name__}.")


def _refuse_other_kinds(place: str, data: Any) -> None:
    """Refuse objects that are no series; name what to pass instead."""
    if isinstance(data, (int, np.integer)) and not isinstance(data, bool):
        raise ArgumentError(
            f"{place}: data must be series, got {data}. The horizon is set when the forecaster is made: "
            f"Forecaster(horizon={data})."
        )
    if isinstance(data, Mapping):
        raise ArgumentError(f"{place}: data must be series, got a {type(data).__name__}; pass list(data.values()).")


def _offsets(lengths: Any) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _is_list_of_series(data: Any) -> bool:
    several = isinstance(data, (list, tuple))
    return several and (len(data) == 0 or isinstance(data[0], (list, tuple)) or np.ndim(data[0]) > 0)


def _one_series(place: str, name: str, values: Any, channels: bool) -> Array:
    """Convert one series to float64 (n,), or (n, D)."""
    array = _as_array(place, name, values)
    if array.ndim == 2 and channels and array.shape[1] > 0:
        return np.stack([numbers(place, f"{name}[:, {c}]", pd.Series(array[:, c])) for c in range(array.shape[1])], 1)
    if array.ndim == 1 and array.dtype == np.float64:
        return np.array(array, dtype=np.float64)
    if array.ndim != 1:
        raise UnsupportedError(
            f"{place}: {name} must be one-dimensional, got shape {array.shape}.\n"
            "  Hint: pass several series as a list of arrays or as a long frame with unique_id, ds and y."
        )
    return numbers(place, name, pd.Series(array))


def _as_array(place: str, name: str, values: Any) -> npt.NDArray[Any]:
    """Convert to an array; masked entries are missing values."""
    if isinstance(values, np.ma.MaskedArray):
        refuse_times(place, name, values)
        values = np.ma.filled(values.astype(np.float64), np.nan)
    try:
        array: npt.NDArray[Any] = np.asarray(values)
    except ValueError:
        raise DataError(f"{place}: {name} must hold numbers alone, got numbers and sequences mixed.") from None
    refuse_times(place, name, array)
    return array


def _same_channels(place: str, series: Sequence[Array]) -> None:
    for i, values in enumerate(series):
        if values.shape[1:] != series[0].shape[1:]:
            raise DataError(
                f"{place}: every series must have the same channels, got shape {series[0].shape} in series 0 and "
                f"{values.shape} in series {i}."
            )


def _without_short(place: str, panel: Panel, short: int) -> Panel:
    """Leave out series with too few values to learn from, with a warning, unless all have too few."""
    few = panel.lengths < short
    if not few.any() or few.all():
        return panel
    warn_left_out(place, len(panel), panel.select(np.flatnonzero(few)), short, stacklevel=6)
    return panel.select(np.flatnonzero(~few))


def warn_left_out(place: str, total: int, left_out: Panel, short: int, stacklevel: int) -> None:
    """Warn of series that are left out, having fewer than ``short`` values."""
    warnings.warn(
        f"{place}: {len(left_out)} of {total} series left out, at least {short} values of each are needed: "
        f"{names_of(left_out, range(len(left_out)))}.",
        ElmanWarning,
        stacklevel=stacklevel,
    )


def check_values(place: str, panel: Panel, missing: str, least: int, empty: bool) -> None:
    """Refuse empty data, short series, infinities, values beyond float32, and NaN unless it may be filled."""
    if len(panel.values) == 0:
        raise DataError(f"{place}: there are no rows.")
    short = np.flatnonzero(panel.lengths < least)
    if len(short):
        name = "the series" if panel.kind == "array" else panel.name(int(short[0]))
        count = int(panel.lengths[short[0]])
        turned = panel.values.ndim > 1 and count == 1
        hint = f"\n  Hint: a shape of (1, {panel.values.shape[1]}) is one time of many channels." if turned else ""
        raise DataError(f"{place}: {name} has {count} value{'s' * (count != 1)}, at least {least} are needed.{hint}")
    nan = np.isnan(panel.values)
    if missing == "error" and nan.any():
        to_come = _is_to_the_end(panel, nan)
        raise DataError(
            f"{place}: {called('y')} is missing (NaN) {_place(panel, nan)}{' and to the end' if to_come else ''}.",
            *([Remedy("drop these rows if they are to be forecast")] if to_come else []),
            Remedy("fill them" if to_come else "fill it"),
            *([] if to_come else [Remedy("drop it")]),
            *_FILLED,
        )
    if nan.any() and not empty:
        _check_known(place, panel, missing)
    infinite = np.isinf(panel.values)
    if infinite.any():
        value = panel.values[infinite][0]
        raise DataError(f"{place}: {called('y')} is {value} {_place(panel, infinite)}; every value must be finite.")
    large = np.abs(panel.values) > LARGEST
    if large.any():
        raise DataError(
            f"{place}: {called('y')} is {panel.values[large][0]:.6g} {_place(panel, large)}; the largest number that "
            f"can be used is {LARGEST:.6g} (float32). Divide the series first."
        )


def _is_to_the_end(panel: Panel, nan: npt.NDArray[np.bool_]) -> bool:
    """Return whether nothing follows the first missing value of a series, as in rows that are still to come."""
    rows = nan.reshape(len(nan), -1)
    first = int(np.argmax(rows.any(axis=1)))
    end = int(panel.offsets[np.searchsorted(panel.offsets, first, side="right")])
    return end - first > 1 and bool(rows[first:end].all())


def _check_known(place: str, panel: Panel, missing: str) -> None:
    """Refuse series with too few known values to fill the others."""
    for series, values in enumerate(panel):
        known = np.count_nonzero(~np.isnan(values), axis=0)
        if np.any(known == 0):
            censored = "" if panel.inputs.censored is None else " or censored"
            raise DataError(
                f"{place}: every value of {panel.name(series)} is missing (NaN){censored}.",
                Remedy("leave the series out"),
            )
        if missing == "interpolate" and len(values) > 1 and np.any(known == 1):
            raise DataError(
                f"{place}: {panel.name(series)} has one known value, and a line needs two.",
                Remedy(missing="seasonal_median"),
            )


def _place(panel: Panel, wrong: npt.NDArray[np.bool_]) -> str:
    """Name the first wrong value: its series, time stamp or position, and its channel if there are several."""
    if wrong.ndim == 1:
        return panel.place(int(np.argmax(wrong)))
    row, channel = np.argwhere(wrong)[0]
    return f"{panel.place(int(row))}, channel {channel}"


def read_frame(
    place: str,
    data: Any,
    freq: Any,
    missing: str,
    inputs: Inputs = _NONE,
    static: Any = None,
    before: Panel | None = None,
    zone: Any = None,
) -> Panel:
    """Check a long frame: columns, types, order, duplicates, frequency and gaps; for arguments see `read_panel`."""
    kind = "polars" if type(data).__module__.split(".")[0] == "polars" else "pandas"
    absent = [name for name in _COLUMNS if name not in data.columns]
    if absent:
        raise DataError(
            f"{place}: a frame needs the columns unique_id, ds and y; {', '.join(absent)} not found among "
            f"{', '.join(map(str, data.columns))}."
        )
    weight = () if inputs.weight is None or inputs.weight in inputs.given else (inputs.weight,)
    frame = select_columns(place, data, (*_COLUMNS, *sources(data.columns, (*inputs.given, *weight))))
    if len(frame) == 0:
        raise DataError(f"{place}: there are no rows.")
    if frame["unique_id"].isna().any():
        row = int(np.argmax(frame["unique_id"].isna()))
        raise DataError(f"{place}: {called('unique_id')} is missing in row {row}.")
    times = time_stamps(place, frame["ds"])
    if zone is not None and zone_of(times):
        times = times.tz_convert(zone)
    refuse_times(place, called("y"), frame["y"])
    values = numbers(place, called("y"), frame["y"])
    codes, ids = pd.factorize(frame["unique_id"])
    frame = frame.assign(**series_columns(place, frame["unique_id"], times, values, inputs, before))
    further = read_covariates(place, frame, inputs.columns, inputs.censored) if inputs.columns else None
    weights = None if inputs.weight is None else read_weight(place, frame, inputs.weight)
    constant = None
    if inputs.static:
        constant, inputs = read_static(place, data, static, pd.Index(ids), codes, inputs)
    panel = Panel(values, _offsets([len(values)]), kind, pd.Index(ids), times, covariates=further, weight=weights)
    panel = _in_order(place, panel, codes)
    panel = _regular(place, replace(panel, frequency=frequency_of(place, panel, freq)), freq, missing)
    inputs = replace(inputs, calendar=features_of(place, inputs.calendar, panel.frequency))
    if constant is not None:
        constant = np.repeat(constant, panel.lengths, axis=0)
    covariates = with_made(place, inputs, panel.times, panel.frequency, panel.covariates, constant)
    return replace(panel, covariates=covariates, inputs=inputs)


def _in_order(place: str, panel: Panel, codes: npt.NDArray[Any]) -> Panel:
    """Sort rows by series and time; refuse duplicates."""
    assert panel.times is not None
    stamps = panel.times.asi8 if isinstance(panel.times, pd.DatetimeIndex) else panel.times.to_numpy()
    order = np.lexsort((stamps, codes))
    by_series = np.argsort(codes, kind="stable")
    if not np.array_equal(order, by_series):
        warnings.warn(f"{place}: rows were not in order of time and have been sorted.", ElmanWarning, stacklevel=5)
    assert panel.ids is not None
    panel = panel.take(order, _offsets(np.bincount(codes, minlength=len(panel.ids))))
    same = (np.diff(stamps[order]) == 0) & (np.diff(codes[order]) == 0)
    if same.any():
        raise DataError(
            f"{place}: two rows {panel.place(int(np.argmax(same)))}; a series has one value per time stamp.",
            Remedy("sum the rows of one time"),
            Remedy("drop all but one"),
        )
    return panel


def frequency_of(place: str, panel: Panel, freq: Any) -> Frequency:
    """Return the given frequency, or infer it from the longest series."""
    assert panel.times is not None
    if not (isinstance(freq, str) and freq == "auto"):
        integers = not isinstance(panel.times, pd.DatetimeIndex)
        try:
            frequency = to_frequency(freq)
        except ValueError as error:
            raise ArgumentError(
                f"{place}: freq must be a pandas frequency such as 'MS', 'D' or '15min', got {freq!r}."
            ) from error
        if integers != isinstance(frequency, int):
            kind = "integers" if integers else "time stamps"
            raise ArgumentError(
                f"{place}: the frequency {_alias(frequency)} does not go with {called('ds')}, which holds {kind}."
            )
        return frequency
    series = longest(panel.lengths, panel.ids)
    times = panel.times[panel.offsets[series] : panel.offsets[series + 1]]
    inferred = infer_frequency(times) if len(times) > 1 else None
    if inferred is None:
        raise _no_frequency(place, times)
    return inferred


def _no_frequency(place: str, times: Any) -> DataError:
    """Return the error for time stamps without a frequency, with a remedy that fits them."""
    shown = ", ".join(str(time) for time in times[:4])
    cannot = f"{place}: the frequency cannot be inferred from"
    if len(times) < 2:
        return DataError(f"{cannot} one time stamp ({shown}).", Remedy("pass it, for example {}", freq="MS"))
    alias, gaps = fitting_alias(times)
    cannot = f"{cannot} {called('ds')} ({shown}{', …' if len(times) > 4 else ''})."
    numbers, step = positions(times, to_frequency(alias))
    fits = bool((np.diff(numbers) % step == 0).all())
    if gaps == 0 and fits:
        return DataError(cannot, Remedy("pass it, for example {}", freq=alias))
    distance = np.diff(times.as_unit("us").asi8)
    nearest, farthest = (spoken(pd.Timedelta(int(d), unit="us")) for d in (distance.min(), distance.max()))
    apart = f"{cannot} They are {nearest} to {farthest} apart, and a forecast needs even steps."
    if gaps <= len(times) and fits:
        fills = f"pass {{}}, which fills {gaps} gaps"
        return DataError(apart, Remedy(fills, freq=alias, missing="interpolate"))
    if (near := _one_per_step(times)) is not None:
        return DataError(apart, near)
    return DataError(apart, *_resampled(pd.Timedelta(int(distance.max()), unit="us")))


def _one_per_step(times: pd.DatetimeIndex) -> Remedy | None:
    """Return the way to even steps that moves each time stamp a little, as of meters read late; None if there is none.

    Examples
    --------
    >>> times = pd.date_range("2024-01-01", periods=4, freq="h") + pd.to_timedelta([2, -1, 0, 3], unit="s")
    >>> print(DataError("Uneven steps.", _one_per_step(times)))
    Uneven steps. Move each to its step first: data.assign(ds=data["ds"].dt.round("h")).
    """
    if len(times) < _FEWEST or times.tz is not None:  # an hour that comes twice cannot be told from its local time
        return None
    for alias, (length, words) in _STEPS.items():
        fixed = pd.Timedelta(length) <= pd.Timedelta("1D")
        code = alias.removesuffix("S")
        even = times.round(alias) if fixed else times.to_period(code).to_timestamp()
        if gaps_of(even, to_frequency(alias if alias != "W" else "W-MON")) == 0 and even.is_unique:
            line = f'round("{alias}")' if fixed else f'to_period("{code}").dt.to_timestamp()'
            return Remedy(
                f'move each to its step first: data.assign(ds=data["ds"].dt.{line})',
                f"write them in the file at even {words}",
                frame=...,
            )
    return None


def _resampled(farthest: pd.Timedelta) -> tuple[Remedy, Remedy]:
    """Return the ways to even steps of which none is empty: the shortest usual ones that span the farthest distance."""
    usual = ((alias, words) for alias, (length, words) in _STEPS.items() if pd.Timedelta(length) >= farthest)
    alias, even = next(usual, _LONGEST)
    line = f'data.set_index("ds").groupby("unique_id")["y"].resample("{alias}").mean().reset_index()'
    return (
        Remedy(f"average them over even steps first: {line}", f"average them in the file over {even}", frame=...),
        Remedy("sum them, with .sum() there, if they add up", "sum them there if they add up", frame=...),
    )


def _regular(place: str, panel: Panel, freq: Any, missing: str) -> Panel:
    """Check that every series steps by the frequency; fill gaps with NaN rows when missing values are allowed."""
    assert panel.times is not None
    places, step = positions(panel.times, panel.frequency)
    same_series = np.ones(len(places) - 1, dtype=bool)
    same_series[panel.offsets[1:-1] - 1] = False
    distance = np.diff(places)
    name = f"{_alias(panel.frequency)}{' (inferred)' if isinstance(freq, str) and freq == 'auto' else ''}"
    off = np.flatnonzero(places == OFF_CALENDAR)
    if len(off) == 0:
        off = np.flatnonzero(same_series & (distance % step != 0)) + 1
    if len(off):
        raise DataError(
            f"{place}: {called('ds')} {panel.place(int(off[0]))} does not lie on the frequency {name}.",
            Remedy("pass the right {}", freq=...),
        )
    gaps = np.flatnonzero(same_series & (distance != step))
    if len(gaps) == 0:
        return panel
    if missing == "error" or panel.covariates is not None:
        start = int(gaps[0])
        first = time_range(panel.times[start : start + 1], panel.frequency, 2)[1]
        series = int(np.searchsorted(panel.offsets, start, side="right")) - 1
        raise DataError(
            f"{place}: {panel.name(series)} has no row for {first}; the frequency is {name}.",
            Remedy("add the row" if panel.covariates is None else "add the row: covariates are not filled"),
            *(_FILLED if panel.covariates is None else ()),
        )
    return _fill_gaps(place, panel, places, step)


def _alias(frequency: Frequency) -> str:
    if isinstance(frequency, int):
        return str(frequency)
    months = getattr(frequency, "kwds", {}).get("months") if type(frequency) is pd.DateOffset else None
    return f"every {months} months on the same day" if months else str(frequency.freqstr)


def _fill_gaps(place: str, panel: Panel, places: npt.NDArray[np.int64], step: int) -> Panel:
    """Insert rows with NaN where a series skips time stamps."""
    assert panel.times is not None
    starts, stops = panel.offsets[:-1], panel.offsets[1:]
    lengths = (places[stops - 1] - places[starts]) // step + 1
    added = sum(map(int, lengths)) - len(places)
    if added > _MOST_ADDED + 10 * len(places):
        raise DataError(
            f"{place}: {added:,} rows would have to be added to {len(places):,}; the frequency is "
            f"{_alias(panel.frequency)}.",
            Remedy("pass a longer {}", freq=...),
            Remedy("sum the values by day or month first"),
        )
    offsets = _offsets(lengths)
    values = np.full(int(offsets[-1]), np.nan)
    series = np.repeat(np.arange(len(panel)), panel.lengths)
    there = offsets[:-1][series] + (places - places[starts][series]) // step
    values[there] = panel.values
    weight = None if panel.weight is None else np.bincount(there, panel.weight, len(values)).astype(np.float64)
    parts = [
        time_range(panel.times[a : a + 1], panel.frequency, int(n)) if n > b - a else panel.times[a:b]
        for a, b, n in zip(starts, stops, lengths, strict=True)
    ]
    times = parts[0].append(parts[1:])
    return Panel(values, offsets, panel.kind, panel.ids, times, panel.frequency, weight=weight)
