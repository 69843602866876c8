"""ISA level and number of threads of the kernels."""

from __future__ import annotations

import os
import warnings

from elman import _check
from elman.engine._native import kernels
from elman.errors import ElmanWarning


def isa() -> str:
    """Name the ISA level in use: the best of this CPU, the one that ELMAN_ISA names, or the last `use_isa`.

    Examples
    --------
    >>> isa() in isa_levels()
    True
    """
    return str(kernels.isa())


def isa_levels() -> list[str]:
    """List the ISA levels that were compiled and that this CPU can run, slowest first.

    Examples
    --------
    >>> isa_levels()[0]
    'generic'
    """
    return list(kernels.isa_levels())


def use_isa(name: str) -> None:
    """Switch later calls to the ISA level ``name``; raises ArgumentError if it is not available.

    Examples
    --------
    >>> use_isa(isa())
    """
    kernels.use_isa(_check.choice("use_isa", "name", name, isa_levels()))


def num_threads() -> int:
    """Return the default number of threads.

    Examples
    --------
    >>> num_threads() >= 1
    True
    """
    return int(kernels.num_threads())


def _check_environment() -> None:
    """Warn if the level of ELMAN_ISA is not available; the best one is used then."""
    wanted, levels = os.environ.get("ELMAN_ISA"), isa_levels()
    if wanted and wanted not in levels:
        warnings.warn(
            f"ELMAN_ISA={wanted}: this build has no such level, or this CPU cannot run it; {isa()} is used. "
            f"Levels here: {', '.join(levels)}.",
            ElmanWarning,
            stacklevel=2,
        )


_check_environment()  # once, when the engine is imported
