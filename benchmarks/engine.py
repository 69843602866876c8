"""Time the engine, PyTorch, JAX and ONNX Runtime; see benchmarks/README.md.

    python benchmarks/engine.py [--output FILE] [--seconds 0.25] [--only TEXT]

Libraries that are not installed are skipped. Writes a JSON file, ``benchmarks/results/engine_<machine>.json`` unless
``--output`` names another, and then also the tables of the README, which have a column for every machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, help="default: results/engine_<machine>.json")
    parser.add_argument("--seconds", type=float, default=0.25, help="per side and row, at least")
    parser.add_argument("--only", default="", metavar="TEXT", help="only rows with this text in task and shape")
    parser.add_argument("--threads", action="store_true", help="only the rows of the second thread, in this process")
    return parser.parse_args()


def measure_threads_elsewhere(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure the second thread in another process with all CPUs; this process will be pinned to one."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "threads.json"
        options = ["--seconds", str(arguments.seconds), "--only", arguments.only, "--output", str(file)]
        subprocess.run([sys.executable, __file__, "--threads", *options], env=environment, check=True)
        rows: list[dict[str, Any]] = json.loads(file.read_text())
    return rows


def pin() -> int | None:
    """Keep this process on one CPU, so that no library starts a second thread; call before they are imported."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if not hasattr(os, "sched_setaffinity"):
        return None
    cpu = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    return cpu


def main() -> None:
    arguments = parse()
    if arguments.threads:
        from speed import run

        arguments.output.write_text(json.dumps(run.thread_rows(arguments.seconds, arguments.only)))
        return
    load = round(os.getloadavg()[0], 2)  # before our own load
    threads = measure_threads_elsewhere(arguments)
    cpu = pin()
    from speed import machine, run, table

    usual = RESULTS / f"engine_{machine.short_name()}.json"
    output = arguments.output or usual
    report = run.measure(arguments.seconds, arguments.only, threads) | {"pinned_to_cpu": cpu}
    report["machine"]["load_average_before"] = load
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(f"written: {output}")
    if output == usual and not arguments.only:
        table.write_readme(HERE / "README.md", RESULTS)


if __name__ == "__main__":
    main()
