"""Read ``.ts`` files of the UCR and UEA archives; refuse files that contradict their header.

A header of ``@name value`` lines ends with ``@data``. Each later line is a case: its channels separated by ``:``, the
values of a channel by ``,``, and after the last ``:`` its class label or its target number.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from elman.errors import DataError, UnsupportedError

__all__ = ["TsFile", "read_ts"]

Array = npt.NDArray[Any]

_LARGEST = float(np.finfo(np.float32).max)  # networks compute in float32
_TRUTH = {"true": True, "false": False}
_SWITCHES = ("timestamps", "missing", "univariate", "equallength")
_NUMBERS = ("dimension", "dimensions", "serieslength")
_NAMES = ("problemname", *_SWITCHES, *_NUMBERS, "classlabel", "targetlabel", "data")


@dataclass(frozen=True)
class TsFile:
    """Content of a ``.ts`` file.

    Parameters
    ----------
    name : str
        Of the problem.
    sequences : list of ndarray (T_i, D), float64
        The cases.
    labels : ndarray of str (N,), or of float64 (N,), or None
        Class labels, target numbers, or nothing.
    classes : list of str, optional
        Labels that the header declares.
    """

    name: str
    sequences: list[Array]
    labels: Array | None
    classes: list[str] | None


def read_ts(path: str | os.PathLike[str]) -> TsFile:
    r"""Read a file.

    Parameters
    ----------
    path : str or path
        UTF-8 text; cases may differ in length, but not the channels of one case.

    Returns
    -------
    TsFile

    Raises
    ------
    DataError
        Naming the line that cannot be used, missing values included.
    UnsupportedError
        If cases carry time stamps.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "two.ts"
    ...     _ = file.write_text("@univariate false\n@classLabel true a b\n@data\n1,2:3,4:a\n5,6,7:8,9,0:b\n")
    ...     content = read_ts(file)
    >>> [sequence.tolist() for sequence in content.sequences], content.labels.tolist()
    ([[[1.0, 3.0], [2.0, 4.0]], [[5.0, 8.0], [6.0, 9.0], [7.0, 0.0]]], ['a', 'b'])
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: byte {error.start} is not UTF-8.") from None
    header: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not (text := line.strip()) or text.startswith("#"):
            continue
        if not text.startswith("@"):
            raise DataError(f"{path.name}, line {number}: there must be @data before the first case.")
        name, _, value = text[1:].partition(" ")
        if name.lower() not in _NAMES:
            raise DataError(f"{path.name}, line {number}: unknown header line @{name}.")
        if name.lower() in header:
            raise DataError(f"{path.name}, line {number}: @{name} occurs twice.")
        header[name.lower()] = value.strip()
        if name.lower() == "data":
            return _Reader(path.name, header).read(lines, number)
    raise DataError(f"{path.name}: there is no line @data.")


class _Reader:
    """Reader of the cases of one file, checked against its header."""

    def __init__(self, file: str, header: dict[str, str]) -> None:
        self.file = file
        self.name = header.get("problemname", file)
        switches = {name: self._truth(name, header[name]) for name in _SWITCHES if name in header}
        if switches.get("timestamps"):
            raise UnsupportedError(f"{file}: cases with time stamps (@timeStamps true) are not supported.")
        sizes = {name: self._size(name, header[name]) for name in _NUMBERS if name in header}
        self.channels = 1 if switches.get("univariate") else sizes.get("dimensions", sizes.get("dimension"))
        self.length = sizes.get("serieslength") if switches.get("equallength") else None
        labelled, *classes = header.get("classlabel", "false").split() or ["false"]
        self.classes = classes if self._truth("classlabel", labelled) else None
        self.has_target = self._truth("targetlabel", header.get("targetlabel", "false"))

    def _truth(self, name: str, value: str) -> bool:
        if value.lower() not in _TRUTH:
            raise DataError(f"{self.file}: @{name} must be true or false, got {value!r}.")
        return _TRUTH[value.lower()]

    def _size(self, name: str, value: str) -> int:
        if not value.isdecimal() or len(value) > 9 or int(value) == 0:
            raise DataError(f"{self.file}: @{name} must be a number of at least 1, got {value!r}.")
        return int(value)

    def _refuse(self, number: int, why: str) -> NoReturn:
        raise DataError(f"{self.file}, line {number}: {why}")

    def read(self, lines: list[str], header: int) -> TsFile:
        """Read every case after line ``header``."""
        sequences, labels = [], []
        for number, line in enumerate(lines[header:], start=header + 1):
            if not (text := line.strip()) or text.startswith("#"):
                continue
            parts = text.split(":")
            if self.classes is not None or self.has_target:
                labels.append(self._label(number, parts.pop().strip()))
            sequences.append(self._case(number, parts))
        if not sequences:
            raise DataError(f"{self.file}: there is no case after @data.")
        return TsFile(self.name, sequences, np.array(labels) if labels else None, self.classes)

    def _label(self, number: int, text: str) -> str | float:
        if self.classes is None:
            return float(self._values(number, text)[0])
        if text not in self.classes:
            self._refuse(number, f"class {text!r} is not among those of @classLabel ({' '.join(self.classes)}).")
        return text

    def _case(self, number: int, parts: list[str]) -> Array:
        if self.channels is None:
            self.channels = len(parts)
        if not parts:
            self._refuse(number, "there are no values.")
        if len(parts) != self.channels:
            self._refuse(number, f"{len(parts)} channels, there must be {self.channels}.")
        channels = [self._values(number, part) for part in parts]
        lengths = {len(channel) for channel in channels}
        if len(lengths) > 1:
            self._refuse(number, f"channels of unequal lengths {sorted(lengths)} in one case are not supported.")
        if self.length is not None and lengths != {self.length}:
            self._refuse(number, f"{len(channels[0])} steps, @seriesLength says {self.length}.")
        return np.stack(channels, axis=1)

    def _values(self, number: int, text: str) -> Array:
        return np.array([self._value(number, word.strip()) for word in text.split(",")])

    def _value(self, number: int, word: str) -> float:
        if word in ("?", "", "NaN", "nan"):
            self._refuse(number, "a value is missing; fill missing values first.")
        try:
            value = float(word)
        except ValueError:
            self._refuse(number, f"{word!r} is no number.")
        if not np.isfinite(value):
            self._refuse(number, "a value is not finite.")
        if abs(value) > _LARGEST:
            self._refuse(number, f"the value {word} is too large; the largest number is {_LARGEST:.2g}.")
        return value
