"""Compare two result files of engine.py, or rewrite the tables of benchmarks/README.md.

    python benchmarks/compare.py BEFORE.json AFTER.json [--threshold 0.05]
    python benchmarks/compare.py --readme
    python benchmarks/compare.py --table benchmarks/results/engine_xeon.json

Times of different runs are divided by the time of the run's FMA loop, so that another clock rate or another load of the
machine does not look like a change of the kernels. Exit code 1 if a row became slower by more than the threshold.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from speed.table import engine_tables, write_readme

HERE = Path(__file__).resolve().parent


def key(row: dict[str, Any]) -> str:
    return f"{row['task']:18} {row['shape']}"


def work(row: dict[str, Any]) -> float | None:
    """Return the time of a row, in units of 10⁹ operations of the FMA loop."""
    if not isinstance(row.get("fma_loop_gflops"), float) or "Elman" not in row["median_ms"]:
        return None
    return float(row["median_ms"]["Elman"] / 1e3 * row["fma_loop_gflops"])


def compare(before: dict[str, Any], after: dict[str, Any], threshold: float) -> int:
    """Print every row of both files; return the number of slower rows."""
    old = {key(row): row for row in before["rows"]}
    slower = 0
    print(f"{'':42} {'before':>10} {'after':>10} {'faster':>8} {'ratio to fastest peer':>24}")
    for row in after["rows"]:
        other = old.pop(key(row), None)
        mine, theirs = work(row), None if other is None else work(other)
        if mine is None or other is None or theirs is None:
            continue
        gain = theirs / mine
        slower += gain < 1 - threshold
        mark = "slower" if gain < 1 - threshold else "faster" if gain > 1 + threshold else ""
        times = f"{other['median_ms']['Elman']:10.4g} {row['median_ms']['Elman']:10.4g}"
        ratios = " → ".join("–" if r["ratio"] is None else f"{r['ratio']:.2f}" for r in (other, row))
        print(f"{key(row):42} {times} {gain:7.2f}× {ratios:>24} {mark}")
    if old:
        print(f"{len(old)} rows are in the first file only")
    return slower


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="JSON", help="before and after")
    parser.add_argument("--threshold", type=float, default=0.05, help="smallest relevant change, as a fraction")
    parser.add_argument("--table", type=Path, metavar="JSON", help="print the tables of a file")
    parser.add_argument("--readme", action="store_true", help="write the tables into benchmarks/README.md")
    arguments = parser.parse_args()
    if arguments.readme:
        write_readme(HERE / "README.md", HERE / "results")
    if arguments.table is not None:
        print(engine_tables(json.loads(arguments.table.read_text())))
    if arguments.readme or arguments.table is not None:
        return 0
    if len(arguments.files) != 2:
        parser.error("give two files")
    before, after = (json.loads(path.read_text()) for path in arguments.files)
    return 1 if compare(before, after, arguments.threshold) else 0


if __name__ == "__main__":
    sys.exit(main())
