"""Python code in a separate process, so that signals, forks and the environment do not affect other tests."""

from __future__ import annotations

import os
import subprocess
import sys

from meta.repository import ROOT

WATCHDOG = 120  # seconds; ends a process that hangs


def run_python(code: str, **environment: str) -> str:
    """Run ``code`` with elman and the tests on its path and return its output; fail with that unless it succeeds."""
    paths = [str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])]
    settings = {k: v for k, v in os.environ.items() if k not in ("ELMAN_NUM_THREADS", "OMP_NUM_THREADS", "ELMAN_ISA")}
    settings |= {"PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "error"}
    settings |= {"OPENBLAS_NUM_THREADS": "1"} | environment  # NumPy's threads would be counted with ours
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WATCHDOG, env=settings, check=False)
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
