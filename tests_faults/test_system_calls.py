"""Every system call of a save fails or is the last one: the old file or the new one is there, whole.

strace does the damage: it answers the n-th call of a name with an error, or kills the process when it makes it.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from elman.persistence import dump_arrays, load_arrays, save_arrays

FAULTS = {"killed": "signal=KILL", "answered ENOSPC": "error=ENOSPC", "answered EIO": "error=EIO"}
MUST_BE_REPORTED = {"openat", "write", "fsync", "rename", "close", "chmod"}  # after one of these fails nothing is sure
SAVED, REFUSED, OTHER = 0, 3, 4
ANYBODY_MAY_TRACE = 0x59616D61, -1  # prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY)
OLD, NEW = ({"theta": np.full(2000, value)} for value in (1.0, 2.0))


def save(path: Path, *options: str) -> int:
    """Save the new file in a child that strace is attached to, and return how the child ended."""
    begin, go = os.pipe()
    child = os.fork()
    if child == 0:
        code = OTHER
        try:
            ctypes.CDLL(None).prctl(*ANYBODY_MAY_TRACE)
            os.read(begin, 1)
            save_arrays(path, NEW, {})
            code = SAVED
        except OSError:
            code = REFUSED
        finally:
            os._exit(code)
    command = ["strace", "-p", str(child), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        attached = strace.stderr.readline()
        assert "attached" in attached, attached
        os.write(go, b"!")
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        strace.communicate(timeout=60)
    os.close(begin)
    os.close(go)
    return code


def calls(folder: Path, exists: bool) -> tuple[Counter[str], set[tuple[str, int]]]:
    """Return the system calls of an undisturbed save: how often each name, and the calls that list the folder.

    The folder is listed to remove what a killed save left; without the list the save goes on.
    """
    folder.mkdir()
    path = folder / "model"
    if exists:
        save_arrays(path, OLD, {})
    assert save(path, "-o", str(folder / "trace")) == SAVED
    order = re.findall(r"^(\w+)\(", (folder / "trace").read_text(), re.MULTILINE)
    assert MUST_BE_REPORTED - ({"chmod"} if not exists else set()) <= set(order)
    begin, end = order.index("openat"), order.index("close")
    assert "getdents64" in order[begin:end]
    listing = {(name, order[: begin + place + 1].count(name)) for place, name in enumerate(order[begin : end + 1])}
    return Counter(order) - Counter({"exit_group": 1}), listing


@pytest.mark.parametrize("exists", [True, False], ids=["over an old file", "new"])
def test_every_call_of_a_save(exists: bool, tmp_path: Path, count: Callable[..., None]) -> None:
    assert shutil.which("strace"), "install strace"
    states: Counter[str] = Counter()
    names, listing = calls(tmp_path / "undisturbed", exists)
    for name, times in names.items():
        for number in range(1, times + 1):
            for fault, injection in FAULTS.items():
                folder = tmp_path / f"{name}-{number}-{injection}"
                folder.mkdir()
                if exists:
                    save_arrays(folder / "model", OLD, {})
                inject = f"inject={name}:{injection}:when={number}"
                code = save(folder / "model", "-o", "/dev/null", "-e", f"trace={name}", "-e", inject)
                surely = name in MUST_BE_REPORTED and (name, number) not in listing
                states[outcome(folder, exists, code, surely, f"{name} number {number} {fault}")] += 1
                count(f"save: runs with one system call {fault}")
    assert states["old"] > 20 and states["new"] > 10
    count("save: afterwards the old file whole", states["old"])
    count("save: afterwards the new file whole", states["new"])
    count("save: afterwards file corrupt", 0)


def outcome(folder: Path, exists: bool, code: int, must_be_reported: bool, where: str) -> str:
    """Check what a disturbed save left behind, and say which file is there."""
    path = folder / "model"
    found = path.read_bytes() if path.exists() else None
    assert found in ((dump_arrays(OLD, {}) if exists else None), dump_arrays(NEW, {})), where
    if found is not None:
        load_arrays(path)
    assert code in (SAVED, REFUSED, OTHER, -signal.SIGKILL), f"{where}: {code}"
    if code == SAVED:
        assert found == dump_arrays(NEW, {}), where
        assert not must_be_reported, where
    if code != -signal.SIGKILL:
        assert {left.name for left in folder.iterdir()} <= {"model"}, where
    return "new" if found == dump_arrays(NEW, {}) else "old"
