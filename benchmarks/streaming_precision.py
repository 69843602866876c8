"""Time steps of streams with weights of float32, bfloat16 and int8, beside PyTorch's and ONNX Runtime's best.

    python benchmarks/streaming_precision.py [--machine NAME] [--seconds 0.5]

One row, one thread, one CPU, carried state; alternating sides, CPU time, medians. PyTorch runs the layer and the cell
modules in float32 with oneDNN on and off, and after ``quantize_dynamic`` with two engines for 8 bits; ONNX Runtime runs
its float32 nodes, and LSTMs as ``DynamicQuantizeLSTM``, with memory bound once. Results are compared with the float64
reference first. The file is ``benchmarks/results/streaming_precision_<machine>.json``; see benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHAPES = (("lstm", 64, 128, 1, 5.0), ("lstm", 256, 256, 1, 2.5), ("gru", 384, 384, 3, 2.5))  # D, H, layers, bar
PRECISIONS = ("float32", "bfloat16", "int8")
STEPS = 20  # of the comparison with the reference
MOST_DIFFERENCE = {"float32": 1e-4, "bfloat16": 0.03, "int8": 0.1}  # relative to the largest state


def pin() -> None:
    """Keep this process on one CPU; call before PyTorch is imported."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def elman_sides(problem: Any) -> dict[str, Any]:
    """Return a step in place for every precision."""
    import numpy as np
    from speed.peers import Run

    from elman import engine

    shape = problem.shape

    def side(precision: str) -> Any:
        h, c = np.zeros((2, shape.layers, 1, shape.H), np.float32)
        x = problem.x[0].copy()
        layers = [
            (
                engine.rounded(w.W_x, precision),
                engine.rounded(w.W_h, precision),
                w.b,
                w.b_hn,
                h[layer],
                c[layer] if shape.cell == "lstm" else None,
            )
            for layer, w in enumerate(problem.layers)
        ]
        none = dict.fromkeys(("E", "W_y", "b_y", "W_k", "y"))
        stepper = engine.kernels.Stepper(shape.cell, "tanh", layers, [], "identity", x=x, **none, precision=precision)

        def result() -> dict[str, Any]:
            h[...], c[...] = 0, 0
            outputs = []
            for row in problem.x:
                x[...] = row
                stepper.step()
                outputs.append(h[-1].copy())
            return {"h": np.stack(outputs)}

        return Run(stepper.step, result)

    return {precision: side(precision) for precision in PRECISIONS}


def torch_sides(problem: Any) -> dict[str, Any]:
    """Return PyTorch's modules: float32, and 8 bits with each engine."""
    import torch
    from speed.peers import Run, torch_peer

    sides = {f"PyTorch float32, {key}": run for key, run in torch_peer.stream(problem).items()}
    rows = [torch.from_numpy(row[None]) for row in problem.x]

    def side(module: Any, name: str) -> Any:
        state: list[Any] = [None]

        def step(x: Any) -> Any:
            with torch.inference_mode():
                h, state[0] = module(x, state[0])
                return h

        def result() -> dict[str, Any]:
            torch.backends.quantized.engine = name
            state[0] = None
            return {"h": torch.cat([step(x) for x in rows]).numpy()}

        result()

        def call() -> Any:
            torch.backends.quantized.engine = name
            return step(rows[0])

        return Run(call, result)

    for name in ("x86", "onednn"):
        if name in torch.backends.quantized.supported_engines:
            torch.backends.quantized.engine = name
            whole = torch.nn.Sequential(torch_peer.make_module(problem).eval())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                small = torch.ao.quantization.quantize_dynamic(whole, {torch.nn.LSTM, torch.nn.GRU}, torch.qint8)
            sides[f"PyTorch int8, {name}"] = side(small[0], name)
    return sides


def onnx_sides(problem: Any) -> dict[str, Any]:
    """Return ONNX Runtime's nodes: float32, and for LSTMs 8 bits."""
    from speed.peers import onnx_peer

    sides = {"ONNX Runtime float32": onnx_peer.stream(problem)["bound"]}
    if problem.shape.cell != "lstm":
        return sides  # it has no such node for GRUs
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        before.write_bytes(onnx_peer.make_model(problem, carried=True))
        quantize_dynamic(before, after, op_types_to_quantize=["LSTM"], per_channel=True, weight_type=QuantType.QInt8)
        data = after.read_bytes()
    make = onnx_peer.make_model
    onnx_peer.make_model = lambda problem, carried: data
    try:
        sides["ONNX Runtime int8 (DynamicQuantizeLSTM)"] = onnx_peer.stream(problem)["bound"]
    finally:
        onnx_peer.make_model = make
    return sides


def measure(cell: str, D: int, H: int, layers: int, bar: float, seconds: float) -> dict[str, Any]:
    """Check every side, then alternate them; return a row."""
    import numpy as np
    from speed.problem import Problem
    from speed.shapes import Shape
    from speed.timing import interleave

    problem = Problem(Shape(cell, STEPS, 1, D, H, layers))
    runs = {f"Elman {name}": run for name, run in elman_sides(problem).items()}
    runs |= torch_sides(problem) | onnx_sides(problem)
    expected = problem.expected["h"]
    differences = {}
    for name, run in runs.items():
        found = float(np.abs(run.result()["h"] - expected).max() / np.abs(expected).max())
        most = MOST_DIFFERENCE[next(precision for precision in PRECISIONS if precision in name)]
        if not found < most:
            raise SystemExit(f"{cell} {D} {H}, {name}: differs from the reference by {found:.2g}; nothing was timed")
        differences[name] = float(f"{found:.2g}")
    timings = interleave({name: run.call for name, run in runs.items()}, seconds, "Elman int8", {})
    nanoseconds = {name: round(timings.median(name) * 1e9) for name in runs}
    peers = {name: value for name, value in nanoseconds.items() if not name.startswith("Elman")}
    best = min(peers, key=peers.__getitem__)
    weights = sum(w.W_x.size + w.W_h.size for w in problem.layers)
    sizes = {"float32": 4, "bfloat16": 2, "int8": 1}
    ratio = peers[best] / nanoseconds["Elman int8"]
    return {
        "shape": f"{f'{layers}×' if layers > 1 else ''}{cell.upper()} {D}→{H}",
        "nanoseconds_per_step": nanoseconds,
        "largest_relative_difference": differences,
        "bytes_of_weights": {name: weights * size for name, size in sizes.items()},
        "gigabytes_per_second": {
            name: round(weights * size / nanoseconds[f"Elman {name}"], 1) for name, size in sizes.items()
        },
        "fastest_peer": best,
        "ratio": round(ratio, 2),
        "bar": bar,
        "met": ratio >= bar,
        "spread": round(timings.worst_spread("Elman int8"), 3),
        "rounds": len(timings.rounds["Elman int8"]),
    }


def main() -> None:
    """Measure all shapes and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--machine", default="epyc", help="name of the machine in the file's name")
    parser.add_argument("--seconds", type=float, default=0.5, help="per side")
    options = parser.parse_args()
    pin()
    from speed.machine import describe

    machine = describe("torch", "onnxruntime")
    rows = []
    for shape in SHAPES:
        rows.append(measure(*shape, options.seconds))
        print(json.dumps(rows[-1], ensure_ascii=False, indent=1), flush=True)
    result = {
        "what": "median nanoseconds of one step of one row; ratio: fastest peer in its best precision / Elman int8",
        "machine": machine,
        "load_average_after": round(os.getloadavg()[0], 2),
        "rows": rows,
    }
    path = HERE / "results" / f"streaming_precision_{options.machine}.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
