"""A test that takes `isa` runs on every ISA level of this CPU; levels that it lacks are named at the end of the run."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator

import pytest

from elman import engine
from kernels.calls import on_level
from meta.repository import ROOT


def compiled_levels() -> list[str]:
    """Read from the build description which levels the extension has on this machine."""
    build = (ROOT / "CMakeLists.txt").read_text()
    for machines, levels in re.findall(r'MATCHES "([\w|]+)"\)\n +set\(ELMAN_LEVELS ([\w ]+)\)', build):
        if platform.machine() in machines.split("|"):
            return str(levels).split()
    return ["generic"]


@pytest.fixture(params=engine.isa_levels())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    with on_level(request.param):
        yield request.param


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tested = engine.isa_levels()
    lacking = [level for level in compiled_levels() if level not in tested]
    terminalreporter.write_line(
        f"ISA levels tested: {', '.join(tested)}; compiled, but not on this CPU: {lacking or 'none'}"
    )
