"""Size of an installation and time of the first import: Elman before and after a change, and peers beside it.

    python benchmarks/install.py BEFORE.whl AFTER.whl --folder FOLDER [--rounds 15]

Each side is installed into a folder of its own with all that it requires, if it is not there yet; compiled Python files
do not count. The times are CPU seconds of new processes that take turns, medians over the rounds, after one round that
is not counted; peers take every third turn. The result is written to ``benchmarks/results/install.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import Counter
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from accuracy import RESULTS
from speed.machine import describe

COMMAND = "import sys; sys.argv = ['elman', '{}']; from elman.cli import main; main()"
ELMAN = {
    "import": "from elman import Forecaster",
    "--help": COMMAND.format("--help"),
    "--version": COMMAND.format("--version"),
}
PEERS = {
    "statsforecast": {"import": "from statsforecast import StatsForecast"},
    "darts": {"import": "from darts.models import ExponentialSmoothing"},
}


def install(folder: Path, requirement: str) -> dict[str, Any]:
    """Install into a folder; return the size in MB, in all and by package."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-compile"]
    if not folder.exists():
        subprocess.run([*pip, "--target", str(folder), requirement], check=True)
    sizes: Counter[str] = Counter()
    for found in distributions(path=[str(folder)]):
        for file in found.files or ():
            path = Path(str(found.locate_file(file)))
            if path.is_file() and folder in path.resolve().parents:
                sizes[found.name] += path.stat().st_size
    return {
        "packages": len(sizes),
        "installed_mb": round(sum(sizes.values()) / 1e6, 1),
        "by_package_mb": {name: round(size / 1e6, 1) for name, size in sizes.most_common() if size >= 5e5},
    }


def cpu_seconds(folder: Path, code: str) -> float:
    """Run Python once with the packages of a folder; compiled files go elsewhere."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": str(folder),
        "PYTHONPYCACHEPREFIX": f"{folder}-compiled",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", code], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{folder.name}: {code}: ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def times(folder: Path, sides: dict[str, dict[str, str]], rounds: int) -> dict[str, dict[str, float]]:
    """Return the median of every statement of every side."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + 1):
        for side, statements in sides.items():
            for name, code in statements.items() if side not in PEERS or number % 3 == 0 else ():
                seconds = cpu_seconds(folder / side, code)
                if number:
                    found.setdefault((side, name), []).append(seconds)
    return {side: {name: round(statistics.median(found[side, name]), 4) for name in sides[side]} for side in sides}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", help="wheel of Elman before the change")
    parser.add_argument("after", help="wheel of Elman after it")
    parser.add_argument("--folder", type=Path, required=True, help="where the installations are, or are to be")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the .json")
    given = parser.parse_args()
    about, sides = describe(), {"before": ELMAN, "after": ELMAN, **PEERS, "python": {"nothing": "pass"}}
    rows: dict[str, dict[str, Any]] = {"python": {}}
    for side, wanted in {"before": given.before, "after": given.after, **{peer: peer for peer in PEERS}}.items():
        rows[side] = install(given.folder / side, wanted)
    for side, seconds in times(given.folder, sides, given.rounds).items():
        rows[side]["cpu_s"] = seconds
    found = {
        "what": "installed MB without compiled Python files; CPU seconds of new processes, medians",
        "machine": about,
        "rounds": given.rounds,
        "sides": rows,
    }
    (given.results / "install.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
