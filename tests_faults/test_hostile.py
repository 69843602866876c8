"""What a hostile file costs the whole process, not only Python's part of it: memory as Linux counts it, and time."""

from __future__ import annotations

import gc
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from elman import FileFormatError, load
from persistence.test_hostile import FILES, HOSTILE

ALLOWED = 64_000_000  # bytes, besides twice the file
WATCHDOG = 20  # seconds; a second is promised, and the slowest is written down


def status(name: str) -> int:
    """Return a line of /proc/self/status in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return 1024 * int(found[1])


def cost(path: Path) -> tuple[int, float]:
    """Return the memory in bytes and the seconds that it takes to refuse a file."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # begin to count the peak anew
    before, start = status("VmRSS"), time.perf_counter()
    signal.alarm(WATCHDOG)
    with pytest.raises(FileFormatError):
        load(path)
    signal.alarm(0)
    return status("VmHWM") - before, time.perf_counter() - start


def test_hostile_files(tmp_path: Path, count: Callable[..., None]) -> None:
    path = tmp_path / "model"
    slowest, largest = 0.0, 0
    cut = {f"{name} cut off": data[: len(data) // 2] for name, data in FILES.items()}
    for data in [data for data, _ in HOSTILE.values()] + list(cut.values()):
        path.write_bytes(data)
        memory, seconds = cost(path)
        assert memory <= 2 * len(data) + ALLOWED
        slowest, largest = max(slowest, seconds), max(largest, memory - 2 * len(data))
        count("hostile files refused")
    for make in (lambda: os.mkfifo(path), lambda: path.symlink_to(__file__), path.mkdir):
        path.unlink()
        make()
        memory, seconds = cost(path)
        assert memory <= ALLOWED
        slowest = max(slowest, seconds)
        count("hostile files refused")
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
            path.write_bytes(b"")
    count("hostile files: slowest, milliseconds", round(1000 * slowest))
    count("hostile files: most memory besides twice the file, MB", round(largest / 1e6, 1))
