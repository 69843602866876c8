"""A progress bar, shown after two seconds on standard error, if it is a terminal."""

from __future__ import annotations

import threading
from time import monotonic
from types import TracebackType
from typing import Any

_PATIENCE = 2.0  # seconds


class Progress:
    """Count updates and show a bar after two seconds. Safe to use from several threads.

    Parameters
    ----------
    total : int
        Updates to come.
    description : str
        Text beside the bar.
    enabled : bool
        False: never show anything.
    console : rich.console.Console, optional
        By default standard error.

    Examples
    --------
    >>> with Progress(total=10) as progress:
    ...     for _ in range(10):
    ...         progress.advance("loss 0.25")
    >>> progress.done
    10
    """

    def __init__(self, total: int, description: str = "training", enabled: bool = True, console: Any = None) -> None:
        self.total = total
        self.done = 0
        self.description = description
        self._console = console
        self._bar: Any = None
        self._task: Any = None
        self._lock = threading.Lock()
        self._enabled = enabled
        self._start = monotonic()

    def advance(self, note: str = "", *values: float, count: int = 1) -> None:
        """Count updates; ``note % values`` is shown beside the bar and formatted only if there is one."""
        with self._lock:
            self.done += count
            if not self._enabled:
                return
            if self._bar is None:
                if monotonic() - self._start < _PATIENCE:
                    return
                if not self._show():
                    self._enabled = False
                    return
            self._bar.update(self._task, completed=self.done, note=note % values if values else note)

    def _show(self) -> bool:
        """Start the bar, if there is a terminal."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = self._console or Console(stderr=True)
        if not console.is_terminal:
            return False
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        self._bar = Bar(*columns, TextColumn("{task.fields[note]}"), console=console)
        self._task = self._bar.add_task(self.description, total=self.total, completed=self.done, note="")
        self._bar.start()
        return True

    def __enter__(self) -> Progress:
        self._start = monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
