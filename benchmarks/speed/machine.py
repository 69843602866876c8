"""Description of the machine."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import elman
from elman import engine


def cpu_model() -> str:
    """Return the system's name of the CPU."""
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def short_name() -> str:
    """Return the name of this machine in names of files: its processors (else the computer) and a level below v4."""
    model, isa = cpu_model().lower(), engine.isa()
    name = next((name for name in ("epyc", "xeon") if name in model), platform.node())
    return name if isa == "v4" else f"{name}_{isa}"


def versions(*packages: str) -> dict[str, str | None]:
    """Return the versions of Python, Elman and packages; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version(), "elman": elman.__version__}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def describe(*packages: str) -> dict[str, Any]:
    """Return the machine part of a result file."""
    return {
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "isa": engine.isa(),
        "load_average_before": round(os.getloadavg()[0], 2),
        "versions": versions("numpy", *packages),
    }
