"""Accuracy on public forecasting sets from values, horizon and season, compared with peers and published figures.

    python benchmarks/accuracy.py [PART ...] [--sets SET,…] [--data FOLDER]

Parts, all if none is named:

    alone      each series forecast alone, CPU time per series; and 1,000 series in one call
    panels     one forecaster per set and horizon, on the training part
    random     panels of 5 to 70 random series of M1 and M3: the chosen method compared with the untuned prior
    coverage   values inside the 80 % and 95 % intervals by third of the horizon, from the results of the two above
    rolling    air passengers and sunspots from five cut-offs, refitted at each
    durations  the command on air passengers (wall time), the window network on 300 months (CPU time)

The folder holds one ``.jsonl`` per set (one object per line: id, h, train, test). These data are not part of the
package; air passengers and sunspots are. Each part writes ``benchmarks/results/accuracy_PART.json``, set by set;
``--tables`` only prints. Exit code 1 if a bar of these parts is missed.

Choices were made on M1. The other sets are for the report: run them rarely, and count the runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forecast_accuracy import durations, ours, random_panels, rolling
from forecast_accuracy.bars import bars
from forecast_accuracy.ours import Settings, progress
from forecast_accuracy.results import RESULTS, add_set, read, write
from forecast_accuracy.sets import DEFAULT_DATA, SETS
from forecast_accuracy.tables import TABLES, tables
from speed.machine import describe


def machine(threads: int | None = None) -> dict[str, Any]:
    """Describe the machine and the versions."""
    from elman import engine

    return describe() | {"threads": threads or engine.num_threads()}


def by_set(part: str, score: Callable[..., dict[str, Any]], settings: Settings, results: Path) -> None:
    """Run a part set by set, and write after each."""
    for name in settings.sets:
        row = score(SETS[name], settings)
        add_set(f"accuracy_{part}", name, row, settings.about(), results)
        progress(f"{part}: {name} done, sMAPE {row['sMAPE']}, MASE {row['MASE']}")


def run(part: str, settings: Settings, results: Path) -> None:
    """Run one part and write its file."""
    if part == "alone":
        by_set(part, ours.alone, settings, results)
        if "m1_monthly" in settings.sets:
            batch = ours.batch(settings)
            write("accuracy_alone", read("accuracy_alone", results) | {"batch": batch}, results)
    elif part == "panels":
        by_set(part, ours.panel, settings, results)
    elif part == "random":
        found = read("accuracy_random", results).get("competitions", {})
        write("accuracy_random", {"competitions": found | random_panels.run(settings)}, results)
    elif part == "rolling":
        write("accuracy_rolling", {"series": {name: rolling.run(name, settings) for name in rolling.ROLLING}}, results)
    elif part == "durations":
        write("accuracy_durations", durations.run(settings), results)
    if part != "coverage":
        named = f"accuracy_{part}"
        write(named, read(named, results) | {"machine": machine(settings.threads)}, results)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(TABLES)}; all if none is named")
    parser.add_argument("--sets", default=",".join(SETS), help="sets, separated by commas; all if left out")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder of the .jsonl files, or its parent")
    parser.add_argument("--method", default="auto", help="another method than the default, for a trial")
    parser.add_argument("--at-most", type=int, metavar="N", help="only the first N series of each set, for a trial")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the .json")
    parser.add_argument("--tables", action="store_true", help="print the committed results; run nothing")
    args = parser.parse_args()
    for kind, names, known in (("part", args.parts, TABLES), ("set", args.sets.split(","), SETS)):
        if unknown := [name for name in names if name not in known]:
            parser.error(f"there is no {kind} {unknown[0]!r}; choose from {', '.join(known)}")
    if (args.at_most or args.method != "auto") and args.results == RESULTS and not args.tables:
        parser.error("the results folder is not for trials; pass another folder with --results")
    return args


def main() -> int:
    """Run the parts named on the command line, and print their tables and bars."""
    args = arguments()
    parts = tuple(args.parts) or tuple(TABLES)
    settings = Settings(args.data, tuple(args.sets.split(",")), args.method, args.seed, args.threads, args.at_most)
    if not args.tables:
        needed = {"alone", "panels", "random"} & set(parts)
        if missing := [name for name in settings.sets if needed and not SETS[name].path(args.data).is_file()]:
            print(
                f"accuracy: {SETS[missing[0]].path(args.data)} not found. The benchmark data are not part of the "
                "package; pass their folder with --data, or leave the set out with --sets.",
                file=sys.stderr,
            )
            return 2
        for part in parts:
            run(part, settings, args.results)
    for table in tables(parts, args.results):
        print(table.as_text())
    found = bars(parts, args.results)
    print("", *found, sep="\n")
    return 1 if any(bar.met is False for bar in found) else 0


if __name__ == "__main__":
    sys.exit(main())
