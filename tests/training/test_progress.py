"""The progress bar appears late, on standard error, and only on a terminal."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest
from rich.console import Console

from elman.training import Progress, train_ensemble
from training.runs import trainer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """Return a clock that the test sets."""
    now = [0.0]
    monkeypatch.setattr("elman.training.progress.monotonic", lambda: now[0])
    return now


def terminal() -> Console:
    return Console(file=StringIO(), force_terminal=True, width=100)


def test_nothing_is_shown_in_the_first_two_seconds(clock: list[float]) -> None:
    console = terminal()
    with Progress(100, console=console) as bar:
        for update in range(100):
            clock[0] = update * 0.0199
            bar.advance("loss 1")
    assert console.file.getvalue() == ""
    assert bar.done == 100


def test_then_a_bar_is(clock: list[float]) -> None:
    console = terminal()
    with Progress(100, "training 3 networks", console=console) as bar:
        for update in range(100):
            clock[0] = update * 0.1
            bar.advance("loss %g", update)
    shown = console.file.getvalue()
    assert "training 3 networks" in shown
    assert "100/100" in shown
    assert "loss 99" in shown


@pytest.mark.parametrize("options", [{"enabled": False}, {"console": Console(file=StringIO(), force_terminal=False)}])
def test_switched_off_or_without_a_terminal_nothing_is_shown(clock: list[float], options, capfd) -> None:
    with Progress(100, **options) as bar:
        for update in range(100):
            clock[0] = update
            bar.advance()
    assert capfd.readouterr() == ("", "")
    assert "console" not in options or options["console"].file.getvalue() == ""


def test_the_bar_is_gone_after_an_error(clock: list[float]) -> None:
    bar = Progress(10, console=terminal())
    bar.advance()
    clock[0] = 5.0
    bar.advance()
    assert bar._bar.live.is_started
    with pytest.raises(ZeroDivisionError), bar:
        _ = 1 / 0
    assert not bar._bar.live.is_started


def test_training_is_silent_and_does_not_import_rich(capfd) -> None:
    trainer().run(progress=True)
    train_ensemble([trainer()], progress=True)
    assert capfd.readouterr() == ("", "")
    code = "import sys, elman.training; print('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
