"""Time and peak memory of the whole command on air passengers: check, fit, intervals, forecast, plot.

    python benchmarks/command.py [--repeats 3] [--threads N]

Each run is a new process, as for a user. The result is written to ``benchmarks/results/command.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from typing import Any

from accuracy import RESULTS, machine

COMMANDS = {
    "check, fit and forecast": ["--level", "none"],
    "the same with intervals": [],
    "the same with intervals and a picture": ["--plot", "plot.png"],
    "five yearly cut-offs, fitted anew at each": ["--level", "none", "--backtest", "5", "--refit"],
}


def run(words: list[str], folder: str) -> tuple[float, float, float]:
    """Run the command once; return wall seconds, CPU seconds, and peak memory in MB."""
    code = "from elman.cli import main; main()"
    arguments = [sys.executable, "-c", code, "forecast", "air-passengers", "--horizon", "12", "--quiet", *words]
    silent = os.open(os.devnull, os.O_WRONLY)
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.dup2(silent, 1)
        os.chdir(folder)
        os.execv(arguments[0], arguments)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    os.close(silent)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"command: {' '.join(arguments[3:])} failed")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> int:
    """Time each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None)
    args = parser.parse_args()
    threads = [] if args.threads is None else ["--threads", str(args.threads)]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for what, words in COMMANDS.items():
            runs = [run([*words, *threads], folder) for _ in range(args.repeats)]
            seconds = [round(wall, 2) for wall, _, _ in runs]
            cpu = round(statistics.median(used for _, used, _ in runs), 2)
            peak = round(max(memory for _, _, memory in runs))
            rows.append(
                {
                    "what": what,
                    "options": words,
                    "median_seconds": round(statistics.median(seconds), 2),
                    "seconds": seconds,
                    "median_cpu_seconds": cpu,
                    "peak_mb": peak,
                }
            )
            print(f"{what}: {statistics.median(seconds)} s, {cpu} s of processors, {peak} MB")
    result = {
        "command": "elman forecast air-passengers --horizon 12",
        "rows": rows,
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(args.threads),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "command.json").write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
