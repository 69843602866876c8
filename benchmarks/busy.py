"""Training beside other programs: wall time relative to CPU time, for Elman and PyTorch in turns.

    python benchmarks/busy.py [--seconds 20]

0, 2 and 6 processes that do nothing but count run beside; both libraries train the same network with one thread and
with two. A library that waits at a barrier for a thread without a CPU takes longer than its share; one that spins uses
CPU time meanwhile, which makes its wall / CPU small. So each row also has the slowdown: wall time beside the processes
over wall time alone. Needs PyTorch; the result is ``benchmarks/results/busy.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from speed import machine
from speed.peers import torch_loop
from speed.shapes import THREADED, UPDATES, Shape
from speed.updates import SameBatch, Update

from elman.network import Network
from elman.training import Settings, Trainer

RESULTS = Path(__file__).resolve().parent / "results"
SHAPES = (UPDATES[0], UPDATES[2], THREADED[1])
BESIDE = (0, 2, 6)
BAR = 1.15  # of wall / CPU, relative to PyTorch
TURN = 1.0  # seconds of one side's turn


@contextmanager
def counting(processes: int) -> Iterator[None]:
    """Run processes that use a CPU each."""
    children = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        time.sleep(1.0)
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


def elman_side(update: Update, n_threads: int) -> Callable[[], object]:
    settings = Settings(updates=1 << 40, loss=update.loss, clip_norm=update.clip_norm, n_threads=n_threads)
    trainer = Trainer(Network(update.architecture, update.parameters().theta), SameBatch(update.batch()), settings)
    return lambda: trainer.run(until=trainer.update + update.at_once)


def torch_side(update: Update, n_threads: int) -> Callable[[], object]:
    run = torch_loop.loop(update, 1, update.at_once)["fused Adam, oneDNN on"]

    def call() -> object:
        torch.set_num_threads(n_threads)
        return run.call()

    return call


def turn(call: Callable[[], object], at_once: int) -> dict[str, float]:
    """Work for a turn; return milliseconds of wall and CPU time per update."""
    wall, cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - wall < TURN:
        call()
        count += at_once
    used = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall_ms": used[0] * 1e3 / count, "cpu_ms": used[1] * 1e3 / count, "wall_per_cpu": used[0] / used[1]}


def measure(shape: Shape, n_threads: int, beside: int, seconds: float) -> dict[str, Any]:
    """Let the sides take turns beside some processes; return a row of medians."""
    update = Update(shape, outputs=48 if shape.H == 64 else 1)
    sides = {"Elman": elman_side(update, n_threads), "PyTorch": torch_side(update, n_threads)}
    for call in sides.values():
        call()
    with counting(beside):
        turns = [
            {name: turn(call, update.at_once) for name, call in sides.items()}
            for _ in range(max(3, int(seconds / (2 * TURN))))
        ]
    row: dict[str, Any] = {"shape": shape.name, "threads": n_threads, "beside": beside}
    for name in sides:
        row[name] = {key: round(statistics.median(found[name][key] for found in turns), 4) for key in turns[0][name]}
    ratios = [found["Elman"]["wall_per_cpu"] / found["PyTorch"]["wall_per_cpu"] for found in turns]
    row["ratio"] = round(statistics.median(ratios), 3)
    row["faster"] = round(row["PyTorch"]["wall_ms"] / row["Elman"]["wall_ms"], 2)
    row["met"] = row["ratio"] <= BAR
    print(json.dumps(row), flush=True)
    return row


def add_slowdowns(rows: list[dict[str, Any]]) -> None:
    """Relate the wall times to those without processes beside, which are the first of each shape and thread count."""
    alone: dict[tuple[str, int], dict[str, Any]] = {}
    for row in rows:
        first = alone.setdefault((row["shape"], row["threads"]), row)
        for name in ("Elman", "PyTorch"):
            row[name]["slowdown"] = round(row[name]["wall_ms"] / first[name]["wall_ms"], 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of one row")
    arguments = parser.parse_args()
    here = machine.describe("torch")
    rows = [
        measure(shape, n_threads, beside, arguments.seconds)
        for shape in SHAPES
        for n_threads in (1, 2)
        for beside in BESIDE
    ]
    add_slowdowns(rows)
    report = {
        "what": "whole training updates; medians of turns of one second; ratio: Elman's wall / CPU over PyTorch's; "
        "slowdown: wall time over that without processes beside",
        "bar": BAR,
        "machine": here,
        "rows": rows,
    }
    (RESULTS / "busy.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
