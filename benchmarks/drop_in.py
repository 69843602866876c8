"""Time `elman.interop.torch.LSTM`, `GRU` and `RNN` and the modules of `torch.nn` that they replace.

    python benchmarks/drop_in.py [--output benchmarks/results/drop_in.json] [--seconds 4.0]

One thread each, alternating sides, CPU time, medians, PyTorch with oneDNN on and off; see benchmarks/README.md. Both
sides are called as in a training script: ``module(x)``, ``y.backward(dy)``. Results are compared with the float64
reference first. Packed rows of unequal length are compared with PyTorch's own result.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULT, PAGE = HERE / "results" / "drop_in.json", HERE.parent / "docs" / "interchange.md"
BEGIN, END = "<!-- speed: begin; written by benchmarks/drop_in.py -->", "<!-- speed: end -->"
SHAPES = [(50, 64, 8, 64), (10, 32, 1, 16), (24, 32, 1, 32), (100, 32, 64, 128)]
BARS = {"lstm": 1.5, "gru": 2.0, "rnn": 1.5}  # training step of the first shape
SHORTEST = 5  # steps of packed rows


def pin() -> None:
    """Keep this process on one CPU; call before PyTorch is imported."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def packed(problem: Any, modules: Any) -> Any:
    """Return forward and backward over packed rows of unequal length."""
    import torch
    from speed.peers import Run, torch_peer
    from torch.nn.utils.rnn import pack_padded_sequence

    module, shape = torch_peer.make_module(problem, modules), problem.shape
    lengths = torch.linspace(SHORTEST, shape.T, shape.N).long().flip(0)
    x = pack_padded_sequence(torch.from_numpy(problem.x), lengths)
    dy = pack_padded_sequence(torch.from_numpy(problem.dh), lengths).data
    parameters = list(module.parameters())

    def call() -> Any:
        for parameter in parameters:
            parameter.grad = None
        y = module(x)[0].data
        y.backward(dy)
        return y

    def result() -> dict[str, Any]:
        y = call().detach().numpy()
        return {"h": y} | {name: parameter.grad.numpy() for name, parameter in module.named_parameters()}

    return torch_peer.both(Run(call, result))


def measure(seconds: float) -> Iterator[dict[str, Any]]:
    """Yield a row for every task, shape and cell."""
    from speed.layers import compare_sides
    from speed.peers import OURS, torch_peer
    from speed.problem import Problem, check
    from speed.shapes import Shape

    from elman.interop import torch as drop_in

    ours = {"rnn": drop_in.RNN, "lstm": drop_in.LSTM, "gru": drop_in.GRU}
    for task, shapes in (("train step", SHAPES), ("train step, packed", SHAPES[:1])):
        for sizes in shapes:
            for cell in BARS:
                problem = Problem(Shape(cell, *sizes))
                run = torch_peer.train if task == "train step" else packed
                theirs, mine = run(problem, torch_peer.MODULES), next(iter(run(problem, ours).values()))
                expected = problem.expected if task == "train step" else next(iter(theirs.values())).result()
                variants = {OURS: {"as it is": mine}, "PyTorch": theirs}
                _, row = compare_sides(variants, lambda side, r, e=expected: check(side, r, e), seconds)
                bar = BARS[cell] if sizes == SHAPES[0] and task == "train step" else None
                met = None if bar is None else row["ratio"] >= bar
                named = dict(zip("TNDH", sizes, strict=True))
                yield {"task": task, "shape": problem.shape.name, "cell": cell} | named | row | {"bar": bar, "met": met}


def write_page(report: dict[str, Any]) -> None:
    """Write the figures between the document's marks."""
    versions = report["machine"]["versions"]
    lines = [
        f"{report['machine']['cpu']}, one thread, float32; PyTorch {versions['torch'].split('+')[0]}, oneDNN on or",
        "off, whichever is faster; milliseconds of forward and full backward",
        "([drop_in.json](../benchmarks/results/drop_in.json)):",
        "",
        "| T, N, D, H | layer | `torch.nn` | Elman | ratio | bar |",
        "|---|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        shape, times = ", ".join(str(row[size]) for size in "TNDH"), row["median_ms"]
        where = f"{shape}, packed" if "packed" in row["task"] else shape
        bar = "" if row["bar"] is None else f"{row['bar']}×, {'met' if row['met'] else '**not met**'}"
        figures = f"{times['PyTorch']:.2f} | {times['Elman']:.2f} | {row['ratio']:.2f}× | {bar}"
        lines.append(f"| {where} | {row['cell'].upper()} | {figures} |")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text("\n".join([before + BEGIN, *lines, END + after]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, default=RESULT)
    parser.add_argument("--seconds", type=float, default=4.0, help="per side and row, at least")
    arguments = parser.parse_args()
    pin()
    from speed import machine

    report: dict[str, Any] = {
        "what": "median milliseconds of forward and full backward, float32; ratio: PyTorch / Elman's module",
        "machine": machine.describe("torch"),
        "seconds_per_side": arguments.seconds,
        "rows": [],
    }
    for row in measure(arguments.seconds):
        report["rows"].append(row)
        times = ", ".join(f"{name} {value:.4g}" for name, value in row["median_ms"].items())
        bar = "" if row["bar"] is None else f"; bar {row['bar']} {'met' if row['met'] else 'NOT met'}"
        print(f"{row['task']:>18} {row['shape']:20} ratio {row['ratio']:.2f}{bar}  [{times} ms]", flush=True)
    arguments.output.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(f"written: {arguments.output}")
    if arguments.output == RESULT:
        write_page(report)


if __name__ == "__main__":
    main()
