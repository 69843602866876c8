"""What holds for the whole run."""

from __future__ import annotations

import gc
import signal
from functools import cache

import pytest
import typer.testing
from hypothesis import settings

# A run started in the background inherits "ignore SIGINT", and Python then installs no handler: the tests of Ctrl-C,
# here and in the processes they start, would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test asserts a time, so hypothesis does not either.
settings.register_profile("elman", deadline=None)
settings.load_profile("elman")

# A command is built once from the signatures of its functions. For every call that would take longer than most calls.
typer.testing._get_command = cache(typer.testing._get_command)


def pytest_collection_finish() -> None:
    """Leave the thousands of tests out of every later search for garbage."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say on which levels the kernels ran; here, because this process may have left the tests to others."""
    if any(report.nodeid.startswith("tests/kernels/") for report in terminalreporter.getreports("passed")):
        from kernels.levels import tested_levels

        terminalreporter.write_line(tested_levels())
