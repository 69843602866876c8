"""The sizes of one call: bind each at its first appearance, explain the first disagreement."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from elman._check.values import within
from elman.errors import ArgumentError, ShapeError

Array: TypeAlias = npt.NDArray[Any]
Symbol: TypeAlias = str | int
_Sizes: TypeAlias = dict[str, Any]  # symbol -> size; "..." -> tuple of sizes

_MAY_BE_ZERO = frozenset({"T", "N", "P", "total", "..."})  # no steps, no sequences, no parameters, no rows: all defined


@cache
def _parse(symbol: Symbol) -> tuple[int, str, int]:
    """Read ``"4H"`` as (4, "H", 0), ``"T+1"`` as (1, "T", 1), ``3`` as (0, "", 3): factor * sizes[letter] + plus."""
    if isinstance(symbol, int):
        return 0, "", symbol
    match = re.fullmatch(r"(\d*)([A-Za-z_]+)(?:\+(\d+))?", symbol)
    if match is None:
        raise RuntimeError(f"unreadable size {symbol!r}")
    return int(match[1] or 1), match[2], int(match[3] or 0)


def _solve(symbols: tuple[Symbol, ...], shape: tuple[int, ...], known: _Sizes) -> _Sizes | None:
    """Return the sizes that ``shape`` adds to ``known``, or None if it does not fit."""
    new: _Sizes = {}
    if symbols and symbols[0] == "...":
        split = len(shape) - len(symbols) + 1
        if split < 0 or known.get("...", shape[:split]) != shape[:split]:
            return None
        new["..."] = shape[:split]
        symbols, shape = symbols[1:], shape[split:]
    if len(symbols) != len(shape):
        return None
    for symbol, size in zip(symbols, shape, strict=True):
        factor, letter, plus = _parse(symbol)
        if not letter:
            fits = size == plus
        elif (bound := known.get(letter, new.get(letter))) is not None:
            fits = size == factor * bound + plus
        else:
            new[letter], remainder = divmod(size - plus, factor)
            fits = remainder == 0 and size >= plus
        if not fits:
            return None
    return new


def common_dtype(*arrays: Any) -> np.dtype[Any]:
    """Return float32 if every floating array is at most that wide, else float64; lists and integers do not count."""
    narrow = False
    for array in arrays:
        if array is None:
            continue
        dtype = getattr(array, "dtype", None)
        if isinstance(dtype, np.dtype) and dtype.kind == "f":
            if dtype.itemsize > 4:
                return np.dtype(np.float64)
            narrow = True
    return np.dtype(np.float32 if narrow else np.float64)


def plain(place: str, name: str, value: Any) -> Array:
    """Return ``value`` as an ndarray; refuse masked arrays and ragged lists."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ArgumentError(f"{place}: {name} has masked values; fill or drop them first.")
    try:
        return np.asarray(value)
    except ValueError:
        raise ArgumentError(f"{place}: {name} must be a rectangular array, got rows of unequal lengths.") from None


def received(value: Any) -> Any:
    """Return an array from another process as kernels need it; other values unchanged.

    Some ways between processes give arrays that are read-only, or not aligned; those are copied.

    Examples
    --------
    >>> sent = np.frombuffer(b"?" + np.array([1.0, 2.0]).tobytes(), offset=1)
    >>> sent.flags.writeable, received(sent).flags.writeable, received(sent)
    (False, True, array([1., 2.]))
    """
    return np.require(value, requirements=["C", "A", "W"]) if isinstance(value, np.ndarray) else value


class Shapes:
    """The sizes of one call: the first array that has a size binds it, later arrays must agree.

    Parameters
    ----------
    place : str
        Start of messages: the name of the function.
    dtype : dtype, optional
        Of every array returned. None infers it from ``arrays``.
    *arrays : array_like or None
        The floating arrays of the call.

    Examples
    --------
    >>> s = Shapes("lstm_forward", np.float64)
    >>> x = s.array("x", np.zeros((50, 32, 8)), "T", "N", "D")
    >>> W_h = s.array("W_h", np.zeros((64, 256)), "H", "4H")
    >>> s.array("h_0", np.zeros((64, 32)), "N", "H")
    Traceback (most recent call last):
    elman.errors.ShapeError: lstm_forward: h_0 must have shape (N, H) = (32, 64), got (64, 32).
      N=32 comes from x (T, N, D) = (50, 32, 8); H=64 from W_h (64, 256).
      Hint: h_0 looks transposed.
    """

    def __init__(self, place: str, dtype: npt.DTypeLike | None = None, *arrays: Any) -> None:
        self.place = place
        self.dtype = common_dtype(*arrays) if dtype is None else np.dtype(dtype)
        self.sizes: _Sizes = {}
        self._source: dict[str, str] = {}  # symbol -> argument that bound it
        self._seen: dict[str, tuple[tuple[Symbol, ...], tuple[int, ...]]] = {}

    @overload
    def array(self, name: str, value: Any, *symbols: Symbol, optional: Literal[False] = False) -> Array: ...
    @overload
    def array(self, name: str, value: Any, *symbols: Symbol, optional: Literal[True]) -> Array | None: ...
    def array(self, name: str, value: Any, *symbols: Symbol, optional: bool = False) -> Array | None:
        """Return ``value`` as a C-contiguous array of the call's dtype whose shape fits ``symbols``."""
        if value is None and optional:
            return None
        if type(value) is np.ndarray and value.dtype == self.dtype and value.flags.c_contiguous and value.flags.aligned:
            array: Array = value
        else:
            array = plain(self.place, name, value)
            if array.dtype.kind not in "fiub":
                raise ArgumentError(f"{self.place}: {name} must hold real numbers, got {_kind(value, array)}.")
            array = np.require(array, self.dtype, ["C", "A"])
        self._fit(name, array.shape, symbols)
        return array

    def integers(self, name: str, value: Any, *symbols: Symbol) -> Array:
        """Return ``value`` as an integer ndarray whose shape fits ``symbols``."""
        array = plain(self.place, name, value)
        if array.size == 0 and array.dtype.kind == "f" and not isinstance(value, np.ndarray):
            array = array.astype(np.int64)  # NumPy makes an empty list float64
        if array.dtype.kind not in "iu":
            raise ArgumentError(f"{self.place}: {name} must hold integers, got {_kind(value, array)}.")
        self._fit(name, array.shape, symbols)
        return array

    def in_place(self, name: str, value: Any, *symbols: Symbol) -> Array:
        """Return ``value`` itself, never a copy: the result is written to it."""
        begin = f"{self.place}: {name} is changed in place, so it must be"
        if not isinstance(value, np.ndarray):
            raise ArgumentError(f"{begin} a NumPy array, got {type(value).__name__}.")
        if value.dtype != self.dtype or self.dtype not in (np.float32, np.float64):
            wanted = self.dtype.name if self.dtype in (np.float32, np.float64) else "float32 or float64"
            raise ArgumentError(f"{begin} {wanted}, got {value.dtype}.")
        if not (value.flags.c_contiguous and value.flags.aligned):
            raise ArgumentError(f"{begin} C-contiguous and aligned.")
        if not value.flags.writeable:
            raise ArgumentError(f"{begin} writable, got a read-only array.")
        self._fit(name, value.shape, symbols)
        return value

    def lengths(self, value: Any) -> Array | None:
        """Return ``lengths`` as int64 (N,), each between 0 and T; None stays None (every row has T steps)."""
        if value is None:
            return None
        array = self.integers("lengths", value, "N")
        within(self.place, "lengths", array, self.sizes["T"], f"T = {self.sizes['T']}", ArgumentError)
        return np.ascontiguousarray(array, np.int64)

    def _fit(self, name: str, shape: tuple[int, ...], symbols: tuple[Symbol, ...]) -> None:
        new = _solve(symbols, shape, self.sizes)
        if new is None:
            raise ShapeError(self._disagreement(name, shape, symbols))
        for symbol, size in new.items():
            if size == 0 and symbol not in _MAY_BE_ZERO:
                raise ShapeError(f"{self.place}: {name} has shape {shape}, but {symbol} must be at least 1.")
            if symbol not in self.sizes:
                self.sizes[symbol], self._source[symbol] = size, name
        self._seen[name] = (symbols, shape)

    def _disagreement(self, name: str, shape: tuple[int, ...], symbols: tuple[Symbol, ...]) -> str:
        expected = _spell(symbols)
        if (filled := _spell(symbols, self.sizes)) != expected:
            expected += f" = {filled}"
        lines = [f"{self.place}: {name} must have shape {expected}, got {shape}."]
        if sources := self._sources(symbols):
            lines.append(f"  {sources}.")
        if hint := self._hint(name, shape, symbols):
            lines.append(f"  Hint: {hint}")
        return "\n".join(lines)

    def _sources(self, symbols: tuple[Symbol, ...]) -> str:
        """Name the source of each known size; the first source is also written in symbols."""
        given: dict[str, list[str]] = {}
        for letter in dict.fromkeys("..." if symbol == "..." else _parse(symbol)[1] for symbol in symbols):
            if letter in self.sizes:
                given.setdefault(self._source[letter], []).append(f"{letter}={self.sizes[letter]}")
        clauses: list[str] = []
        for argument, sizes in given.items():
            argument_symbols, argument_shape = self._seen[argument]
            if clauses:
                clauses.append(f"{' and '.join(sizes)} from {argument} {argument_shape}")
            else:
                verb = "comes" if len(sizes) == 1 else "come"
                spelled = f"{argument} {_spell(argument_symbols)} = {argument_shape}"
                clauses.append(f"{' and '.join(sizes)} {verb} from {spelled}")
        return "; ".join(clauses)

    def _hint(self, name: str, shape: tuple[int, ...], symbols: tuple[Symbol, ...]) -> str:
        if symbols[0] == "..." or len(shape) != len(symbols):
            return ""
        if len(shape) == 3 and _solve(symbols, (shape[1], shape[0], shape[2]), self.sizes) is not None:
            return f"{name} looks batch-first; time comes first here: {name}.swapaxes(0, 1)."
        if _solve(symbols, shape[::-1], self.sizes) is not None:
            return f"{name} looks transposed."
        if "T" in self.sizes and "N" in self.sizes:
            swapped = {**self.sizes, "T": self.sizes["N"], "N": self.sizes["T"]}
            if _solve(symbols, shape, swapped) is not None:
                source = self._source["N"]
                return f"{source} looks batch-first; time comes first here: {source}.swapaxes(0, 1)."
        for symbol, size in zip(symbols, shape, strict=True):
            factor, letter, _ = _parse(symbol)
            if factor > 1 and letter not in self.sizes and size % factor:
                return f"{size} is not a multiple of {factor}."
        return ""


def _spell(symbols: tuple[Symbol, ...], sizes: _Sizes | None = None) -> str:
    """Write symbols as a tuple, known ones as sizes."""
    parts: list[str] = []
    for symbol in symbols:
        factor, letter, plus = (1, "...", 0) if symbol == "..." else _parse(symbol)
        if sizes is None or letter not in sizes:
            parts.append(str(symbol))
        elif letter == "...":
            parts += [str(size) for size in sizes["..."]]
        else:
            parts.append(str(factor * sizes[letter] + plus))
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _kind(value: Any, array: Array) -> str:
    """Name the type of a value that is no array, else the dtype."""
    return type(value).__name__ if array.ndim == 0 and not isinstance(value, np.ndarray) else f"dtype {array.dtype}"
