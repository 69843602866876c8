"""Single values: choices, integers, numbers in an interval, and arrays of values that must lie in a range."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError


def within(place: str, name: str, array: npt.NDArray[Any], high: int, bound: str, error: type[Exception]) -> None:
    """Raise ``error``, naming the first position, unless every value is between 0 and ``high``."""
    if array.size and (array.min() < 0 or array.max() > high):
        raise error(f"{place}: {first_wrong(name, array, (array < 0) | (array > high), f'between 0 and {bound}')}")


def first_wrong(name: str, array: npt.NDArray[Any], wrong: npt.NDArray[np.bool_], wanted: str) -> str:
    """Write "name[position] must be wanted, got value." for the first wrong value."""
    if not wrong.any():  # another thread has changed it since
        return f"{name} must be {wanted} and must not be changed during the call."
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    position = f"[{', '.join(map(str, where))}]" if where else ""
    return f"{name}{position} must be {wanted}, got {array[where]}."


def choice(place: str, name: str, value: Any, options: Sequence[str]) -> str:
    """Return ``value`` if it is one of ``options``."""
    if isinstance(value, str) and value in options:
        return value
    message = f"{place}: {name} must be one of {', '.join(map(repr, options))}, got {show(value)}."
    if isinstance(value, str):
        from difflib import get_close_matches

        lower = {option.lower(): option for option in options}
        if close := get_close_matches(value.lower(), lower, n=1):
            message += f"\n  Hint: did you mean {lower[close[0]]!r}?"
    raise ArgumentError(message)


def integer(place: str, name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    """Return ``value`` as an int between ``low`` and ``high``, both allowed; True and 1.0 are no integers."""
    if not isinstance(value, (bool, np.bool_)):
        try:
            number = operator.index(value)
        except TypeError:
            pass
        else:
            if (low is None or number >= low) and (high is None or number <= high):
                return number
    wanted = "an integer"
    if low is not None:
        wanted += f" of at least {low}" if high is None else f" between {low} and {high}"
    raise ArgumentError(f"{place}: {name} must be {wanted}, got {show(value)}.")


def positive_integer(place: str, name: str, value: Any) -> int:
    """Return ``value`` as an int of at least 1."""
    return integer(place, name, value, 1)


def at_most(place: str, values: Mapping[str, Any], most: Mapping[str, int]) -> None:
    """Refuse integers above the maximum of their name.

    Examples
    --------
    >>> at_most("fit", {"stride": 4, "window": "auto"}, {"stride": 100, "window": 100})
    """
    for name, limit in most.items():
        value = values.get(name)
        if isinstance(value, (int, np.integer)) and value > limit:
            raise ArgumentError(f"{place}: {name} must be at most {limit}, got {show(int(value))}.")


def thread_count(place: str, n_threads: Any, low: int = 1) -> int:
    """Return the number of threads as an int that the kernels accept.

    Examples
    --------
    >>> thread_count("fit", 2)
    2
    """
    if type(n_threads) is int and low <= n_threads < 2**31:  # fast path for calls of kernels
        return n_threads
    number = integer(place, "n_threads", n_threads, low)
    if number >= 2**31:
        raise ArgumentError(f"{place}: n_threads must be at most {2**31 - 1}, got {show(number)}.")
    return number


def number_in(place: str, name: str, value: Any, interval: str) -> float:
    """Return ``value`` as a float inside ``interval``, in mathematical notation: ``"[0, 1)"``, ``"(0, inf)"``."""
    low, high = (float(end) for end in interval[1:-1].split(","))
    if isinstance(value, (float, int, np.floating, np.integer)) and not isinstance(value, bool):
        number = _as_float(value)
        above = number >= low if interval[0] == "[" else number > low
        below = number <= high if interval[-1] == "]" else number < high
        if above and below:
            return number
    shown = f"{value:.15g}" if isinstance(value, (float, np.floating)) else show(value)
    raise ArgumentError(f"{place}: {name} must be a number in {interval}, got {shown}.")


def _as_float(value: Any) -> float:
    """Return a number as a float; an integer beyond float64 is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def show(value: Any) -> str:
    """Return a refused value as text of limited length.

    Examples
    --------
    >>> show("x"), show(-(10**400)), len(show("x" * 5000))
    ("'x'", 'an integer of 1329 bits', 203)
    """
    if isinstance(value, int) and value.bit_length() > 1024:  # Python refuses to write very long integers
        return f"an integer of {value.bit_length()} bits"
    try:
        text = repr(value)
    except Exception:  # a repr of another library may raise anything
        return f"an object of {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:200]}..."


def boolean(place: str, name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise ArgumentError(f"{place}: {name} must be True or False, got {show(value)}.")


def float_dtype(place: str, name: str, value: Any) -> np.dtype[Any]:
    """Return ``value`` as a dtype if it names float32 or float64."""
    try:
        dtype = np.dtype(value)
    except TypeError:
        dtype = np.dtype(object)
    if value is None or dtype not in (np.float32, np.float64):
        raise ArgumentError(f"{place}: {name} must be float32 or float64, got {show(value)}.")
    native: np.dtype[Any] = dtype.newbyteorder("=")
    return native


def bptt_depth(place: str, value: Any) -> int | None:
    """Return None (every path) or the number of steps that a path may span."""
    return None if value is None else integer(place, "bptt_depth", value, 1)
