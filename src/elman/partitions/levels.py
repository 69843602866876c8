"""Instruction sets of the processes that share a job: besides data and model, they decide the last bits of a result."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np

from elman.engine import isa, isa_levels, use_isa
from elman.errors import ElmanWarning, Remedy, UnsupportedError

__all__ = ["Level", "at_level", "common_level"]


@dataclass(frozen=True)
class Level:
    """The instruction sets of one process.

    Parameters
    ----------
    isa : str
        ISA level in use by Elman's kernels.
    available : tuple of str
        ISA levels that the process can run, slowest first.
    numpy : tuple of str
        Instruction sets that NumPy uses beyond those of its build.

    Examples
    --------
    >>> Level("v3", ("generic", "v3", "v4"), ()).usable
    ('generic', 'v3')
    """

    isa: str
    available: tuple[str, ...]
    numpy: tuple[str, ...]

    @classmethod
    def here(cls) -> Self:
        """Return those of this process."""
        sets = cast(dict[str, Any], np.show_config(mode="dicts"))["SIMD Extensions"]
        return cls(isa(), tuple(isa_levels()), tuple(sets.get("found", ())))

    @property
    def usable(self) -> tuple[str, ...]:
        """ISA levels up to the one in use; the environment variable ELMAN_ISA lowers that."""
        return self.available[: self.available.index(self.isa) + 1]


def common_level(place: str, own: Level, others: Sequence[Level]) -> str:
    """Return the highest ISA level that this process and all others can use; warn if their levels differ.

    Parameters
    ----------
    place : str
        Start of a message.
    own : Level
        Of this process, which made the model and may check the results.
    others : sequence of Level
        Of the workers.

    Returns
    -------
    str

    Examples
    --------
    >>> one, other = (Level(name, ("generic", "v3", "v4"), ()) for name in ("v4", "v3"))
    >>> common_level("example", one, [one, one])
    'v4'
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     common_level("example", one, [one, other]), str(caught[0].message)
    ('v3', 'example: the ISA levels in use differ (v4 here, v3, v4 on the workers); v3 is used by all.')
    """
    level = [name for name in own.usable if all(name in other.usable for other in others)][-1]
    found = sorted({other.isa for other in others})
    if set(found) - {own.isa}:
        _warn(f"{place}: the ISA levels in use differ ({own.isa} here, {', '.join(found)} on the workers); {level} is "
              "used by all.")  # fmt: skip
    every = [own.numpy, *(other.numpy for other in others)]
    unlike = sorted({name for one in every for name in one if not all(name in other for other in every)})
    if unlike:
        _warn(
            f"{place}: NumPy uses {', '.join(unlike)} in some processes only, and the last bits of results may differ.",
            Remedy(f'start every process with the environment variable NPY_DISABLE_CPU_FEATURES="{" ".join(unlike)}"'),
        )
    return level


def _warn(message: str, *remedies: Remedy) -> None:
    warnings.warn(ElmanWarning(message, *remedies), stacklevel=5)


class _Switch:
    """The ISA level of this process while parts of jobs run in its threads."""

    def __init__(self) -> None:
        self.free = threading.Condition()
        self.running = 0
        self.before = ""

    def enter(self, name: str) -> None:
        with self.free:
            self.free.wait_for(lambda: self.running == 0 or isa() == name)
            if self.running == 0:
                self.before = isa()
                use_isa(name)
            self.running += 1

    def leave(self) -> None:
        with self.free:
            self.running -= 1
            if self.running == 0:
                use_isa(self.before)
                self.free.notify_all()


_switch = _Switch()


@contextmanager
def at_level(name: str) -> Iterator[None]:
    """Compute at an ISA level; threads that ask for another level are held back until this one is left.

    Parameters
    ----------
    name : str
        One of `elman.engine.isa_levels`.

    Raises
    ------
    UnsupportedError
        If this process cannot run it.

    Examples
    --------
    >>> with at_level("generic"):
    ...     isa()
    'generic'
    """
    if name not in isa_levels():
        raise UnsupportedError(
            f"This worker cannot run the ISA level {name} of the job; its levels are {', '.join(isa_levels())}.",
            Remedy(f'start this program with the environment variable ELMAN_ISA="{isa_levels()[-1]}"'),
        )
    _switch.enter(name)
    try:
        yield
    finally:
        _switch.leave()
