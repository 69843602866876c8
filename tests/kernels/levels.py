"""The ISA levels of this machine, and computation on one of them."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager

from elman import engine
from meta.repository import ROOT


@contextmanager
def on_level(name: str) -> Iterator[None]:
    before = engine.isa()
    engine.use_isa(name)
    try:
        yield
    finally:
        engine.use_isa(before)


def compiled_levels() -> list[str]:
    """Read from the build description which levels the extension has on this machine."""
    build = (ROOT / "CMakeLists.txt").read_text()
    for machines, levels in re.findall(r'MATCHES "([\w|]+)"\)\n +set\(ELMAN_LEVELS ([\w ]+)\)', build):
        if platform.machine() in machines.split("|"):
            return str(levels).split()
    return ["generic"]


def tested_levels() -> str:
    """Return the closing line of a run."""
    tested = engine.isa_levels()
    lacking = [level for level in compiled_levels() if level not in tested]
    return f"ISA levels tested: {', '.join(tested)}; compiled, but not on this CPU: {lacking or 'none'}"
