"""The door for data: arrays, lists and long frames in, a checked `Panel` out, or a sentence that says what is wrong."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import ArgumentError, DataError, ElmanWarning, UnsupportedError
from elman.forecasting.frequencies import Frequency, Times, infer_frequency, positions, time_range, to_frequency
from elman.forecasting.panel import Panel

__all__ = ["read_panel"]

Array = npt.NDArray[np.float64]

_COLUMNS = ("unique_id", "ds", "y")
_LARGEST = float(np.finfo(np.float32).max)  # the network computes in float32
_EXACT = 2**53  # integers up to here are exact in float64
_WAY_OUT = 'Fill it, drop it, or pass missing="seasonal_median" or missing="interpolate".'


def read_panel(place: str, data: Any, freq: Any = "auto", missing: str = "error") -> Panel:
    """Check data and bring it into one form.

    Parameters
    ----------
    place : str
        Start of every message, for example ``"Forecaster.fit"``.
    data : array_like (n,), list of array_like (n_i,), or long frame
        One series, several series, or a pandas or polars frame with the columns ``unique_id``, ``ds`` and ``y``.
    freq : str, DateOffset, int or "auto"
        Distance between time stamps; ``"auto"`` infers it.
    missing : str
        ``"error"`` refuses NaN and missing time stamps; anything else keeps them as NaN.

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
    if hasattr(data, "columns"):
        panel = _read_frame(place, data, freq, missing)
    elif _is_list_of_series(data):
        if len(data) == 0:
            raise DataError(f"{place}: there is no series in an empty list.")
        series = [_one_series(place, f"series {i}", values) for i, values in enumerate(data)]
        panel = Panel(np.concatenate(series), _offsets([len(values) for values in series]), "list")
    else:
        values = _one_series(place, "y", data)
        panel = Panel(values, _offsets([len(values)]), "array")
    _check_values(place, panel, missing)
    return panel


def _offsets(lengths: Any) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _is_list_of_series(data: Any) -> bool:
    return isinstance(data, (list, tuple)) and (len(data) == 0 or np.ndim(data[0]) > 0)


def _one_series(place: str, name: str, values: Any) -> Array:
    """Convert one series to float64 (n,)."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise UnsupportedError(
            f"{place}: {name} must be one-dimensional, got shape {array.shape}.\n"
            "  Hint: pass several series as a list of arrays or as a long frame with unique_id, ds and y."
        )
    return _numbers(place, name, pd.Series(array))


def _numbers(place: str, name: str, column: pd.Series) -> Array:
    """Convert a column to float64: numbers as they are, text only if every entry is a number."""
    if (
        pd.api.types.is_bool_dtype(column)
        or pd.api.types.is_complex_dtype(column)
        or pd.api.types.is_datetime64_any_dtype(column)
    ):
        raise DataError(f"{place}: {name} must hold numbers, got {column.dtype}.")
    if pd.api.types.is_numeric_dtype(column):
        if pd.api.types.is_integer_dtype(column) and len(column) and column.abs().max() > _EXACT:
            warnings.warn(
                f"{place}: {name} has integers beyond 2**53, which float64 rounds.", ElmanWarning, stacklevel=5
            )
        return np.ascontiguousarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() & ~column.isna()
    if wrong.any():
        row = int(np.argmax(wrong.to_numpy()))
        raise DataError(f"{place}: {name} must hold numbers, got {column.iloc[row]!r} in row {row}.")
    if len(column) and not numbers.isna().all():
        warnings.warn(
            f"{place}: {name} holds numbers written as text; they were converted.", ElmanWarning, stacklevel=5
        )
    return np.ascontiguousarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))


def _check_values(place: str, panel: Panel, missing: str) -> None:
    """Refuse empty data, infinities, values beyond float32, and NaN unless it may be filled."""
    if len(panel.values) == 0:
        raise DataError(f"{place}: there are no rows.")
    short = np.flatnonzero(panel.lengths < 2)
    if len(short):
        name = "the series" if panel.kind == "array" else panel.name(int(short[0]))
        raise DataError(f"{place}: {name} has {panel.lengths[short[0]]} value, at least 2 are needed.")
    nan = np.isnan(panel.values)
    if missing == "error" and nan.any():
        raise DataError(f"{place}: y is missing (NaN) {panel.place(int(np.argmax(nan)))}. {_WAY_OUT}")
    empty = [i for i, values in enumerate(panel) if np.isnan(values).all()]
    if empty:
        raise DataError(f"{place}: every value of {panel.name(empty[0])} is missing (NaN).")
    infinite = np.isinf(panel.values)
    if infinite.any():
        index = int(np.argmax(infinite))
        raise DataError(f"{place}: y is {panel.values[index]} {panel.place(index)}; every value must be finite.")
    large = np.abs(panel.values) > _LARGEST
    if large.any():
        index = int(np.argmax(large))
        raise DataError(
            f"{place}: y is {panel.values[index]:.6g} {panel.place(index)}; the largest number that can be used is "
            f"{_LARGEST:.6g} (float32). Divide the series first."
        )


def _read_frame(place: str, data: Any, freq: Any, missing: str) -> Panel:
    """Check a long frame: columns, types, order, duplicates, frequency and gaps."""
    kind = "polars" if type(data).__module__.split(".")[0] == "polars" else "pandas"
    absent = [name for name in _COLUMNS if name not in data.columns]
    if absent:
        raise DataError(
            f"{place}: a frame needs the columns unique_id, ds and y; {', '.join(absent)} not found among "
            f"{', '.join(map(str, data.columns))}."
        )
    frame = _from_polars(data) if kind == "polars" else data[list(_COLUMNS)].reset_index(drop=True)
    if len(frame) == 0:
        raise DataError(f"{place}: there are no rows.")
    if frame["unique_id"].isna().any():
        raise DataError(f"{place}: unique_id is missing in row {int(np.argmax(frame['unique_id'].isna()))}.")
    times = _time_stamps(place, frame["ds"])
    values = _numbers(place, "y", frame["y"])
    codes, ids = pd.factorize(frame["unique_id"])
    panel = _in_order(place, Panel(values, _offsets([len(values)]), kind, pd.Index(ids), times), codes)
    frequency = _frequency(place, panel, freq)
    return _regular(place, Panel(panel.values, panel.offsets, kind, panel.ids, panel.times, frequency), freq, missing)


def _from_polars(data: Any) -> pd.DataFrame:
    """Copy the three columns of a polars frame to pandas without further libraries."""
    columns: dict[str, Any] = {}
    for name in _COLUMNS:
        column = data[name]
        zone = getattr(column.dtype, "time_zone", None)
        if zone is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            columns[name] = pd.Series(column.to_numpy()).dt.tz_localize("UTC").dt.tz_convert(zone)
        elif column.dtype.is_numeric() or column.dtype.is_temporal():
            columns[name] = pd.Series(column.to_numpy())
        else:
            columns[name] = pd.Series(column.to_list())
    return pd.DataFrame(columns)


def _time_stamps(place: str, column: pd.Series) -> Times:
    """Convert ``ds`` to a DatetimeIndex or an integer Index."""
    if column.isna().any():
        raise DataError(f"{place}: ds is missing in row {int(np.argmax(column.isna()))}.")
    if pd.api.types.is_integer_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return pd.Index(column.to_numpy(dtype=np.int64))
    if pd.api.types.is_datetime64_any_dtype(column):
        return pd.DatetimeIndex(column)
    if pd.api.types.is_numeric_dtype(column):
        raise DataError(f"{place}: ds must hold time stamps or integers, got {column.dtype}.")
    zones = {getattr(value, "tzinfo", None) is not None for value in column if not isinstance(value, str)}
    if len(zones) == 2:
        raise DataError(f"{place}: ds mixes time stamps with and without a time zone.")
    try:
        return pd.DatetimeIndex(pd.to_datetime(column))
    except (ValueError, TypeError) as error:
        parsed = pd.to_datetime(column, errors="coerce", utc=True)
        row = int(np.argmax(parsed.isna().to_numpy()))
        shown = (
            f"{column.iloc[row]!r} in row {row}" if parsed.isna().any() else f"different forms ({column.iloc[0]!r}, …)"
        )
        raise DataError(f"{place}: ds must hold time stamps or integers, got {shown}.") from error


def _in_order(place: str, panel: Panel, codes: npt.NDArray[Any]) -> Panel:
    """Bring rows into order of series and time; refuse duplicates."""
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
            f"{place}: two rows {panel.place(int(np.argmax(same)))}; a series has one value per time stamp."
        )
    return panel


def _frequency(place: str, panel: Panel, freq: Any) -> Frequency:
    """Take the frequency given, or infer it from the longest series."""
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
            raise ArgumentError(f"{place}: freq={freq!r} does not go with ds, which holds {kind}.")
        return frequency
    longest = int(np.argmax(panel.lengths))
    times = panel.times[panel.offsets[longest] : panel.offsets[longest + 1]]
    inferred = infer_frequency(times) if len(times) > 1 else None
    if inferred is None:
        raise DataError(
            f"{place}: the frequency cannot be inferred from ds ({', '.join(str(time) for time in times[:4])}"
            f"{', …' if len(times) > 4 else ''}). Pass freq, for example freq='MS'."
        )
    return inferred


def _regular(place: str, panel: Panel, freq: Any, missing: str) -> Panel:
    """Check that every series steps by the frequency; fill gaps with NaN rows when missing values are allowed."""
    assert panel.times is not None
    numbers, step = positions(panel.times, panel.frequency)
    same_series = np.ones(len(numbers) - 1, dtype=bool)
    same_series[panel.offsets[1:-1] - 1] = False
    distance = np.diff(numbers)
    name = freq if not (isinstance(freq, str) and freq == "auto") else f"{_alias(panel.frequency)} (inferred)"
    off = np.flatnonzero((numbers < 0) & (not isinstance(panel.frequency, int)))
    if len(off) == 0:
        off = np.flatnonzero(same_series & (distance % step != 0)) + 1
    if len(off):
        raise DataError(
            f"{place}: ds {panel.place(int(off[0]))} does not lie on the frequency {name}. Pass the right freq."
        )
    gaps = np.flatnonzero(same_series & (distance != step))
    if len(gaps) == 0:
        return panel
    if missing == "error":
        start = int(gaps[0])
        first = time_range(panel.times[start : start + 1], panel.frequency, 2)[1]
        series = int(np.searchsorted(panel.offsets, start, side="right")) - 1
        raise DataError(
            f"{place}: {panel.name(series)} has no row for {first}; the frequency is {name}. "
            'Add the row, or pass missing="seasonal_median" or missing="interpolate".'
        )
    return _fill_gaps(panel, numbers, step)


def _alias(frequency: Frequency) -> str:
    if isinstance(frequency, int):
        return str(frequency)
    months = getattr(frequency, "kwds", {}).get("months") if type(frequency) is pd.DateOffset else None
    return f"every {months} months on the same day" if months else str(frequency.freqstr)


def _fill_gaps(panel: Panel, numbers: npt.NDArray[np.int64], step: int) -> Panel:
    """Insert rows with NaN where a series skips time stamps."""
    assert panel.times is not None
    starts, stops = panel.offsets[:-1], panel.offsets[1:]
    lengths = (numbers[stops - 1] - numbers[starts]) // step + 1
    offsets = _offsets(lengths)
    values = np.full(int(offsets[-1]), np.nan)
    series = np.repeat(np.arange(len(panel)), panel.lengths)
    values[offsets[:-1][series] + (numbers - numbers[starts][series]) // step] = panel.values
    parts = [
        time_range(panel.times[a : a + 1], panel.frequency, int(n)) if n > b - a else panel.times[a:b]
        for a, b, n in zip(starts, stops, lengths, strict=True)
    ]
    return Panel(values, offsets, panel.kind, panel.ids, parts[0].append(parts[1:]), panel.frequency)
