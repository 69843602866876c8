"""A full disk and a read-only one: real ones, in a mount namespace that only the test sees."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1] / "tests"
MOUNT = 'mount -t tmpfs -o size=400k tmpfs "$3" && exec "$1" disk.py "$2" "$3"'


@pytest.mark.parametrize("what", ["full", "read-only"])
def test_disk(what: str, tmp_path: Path, count: Callable[..., None]) -> None:
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    done = subprocess.run(
        [*alone, "sh", "-c", MOUNT, "sh", sys.executable, what, str(tmp_path)],
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "all as promised\n"
    count(f"{what} disk: runs in which nothing was lost")
