"""Time one recurrent layer, a training step and the forward pass alone, against PyTorch.

    python benchmarks/engine.py [--output benchmarks/results/engine.json] [--seconds 2]

Needs PyTorch (the extra ``bench``). One thread on either side, float32, inputs ask for no gradient. Before anything is
timed, both sides' results are checked against the float64 reference. The two sides then take turns in one process, and
the figure is the ratio of their medians. PyTorch is measured with oneDNN on and off, time-major and with denormals
flushed; the faster of the two counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before the libraries start their pools

import numpy as np
import torch

from elman import engine, reference

# cell, T steps, N sequences, D inputs, H hidden units
SHAPES = [
    ("lstm", 96, 32, 168, 64),  # the default forecaster
    ("rnn", 50, 32, 8, 32),
    ("gru", 100, 64, 64, 128),
    ("lstm", 10, 32, 1, 16),
]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
RESULTS = Path(__file__).parent / "results"


class Layer:
    """One layer with the same weights on both sides."""

    def __init__(self, cell: str, T: int, N: int, D: int, H: int) -> None:
        rng = np.random.default_rng(0)
        G = GATES[cell]
        self.cell, self.H = cell, H
        self.x = rng.normal(size=(T, N, D)).astype(np.float32)
        self.dh = rng.normal(size=(T, N, H)).astype(np.float32)
        self.zero = np.zeros((N, H), np.float32)
        scale = 1 / np.sqrt(H)
        self.W_x = rng.uniform(-scale, scale, (D, G * H)).astype(np.float32)
        self.W_h = rng.uniform(-scale, scale, (H, G * H)).astype(np.float32)
        self.b = rng.uniform(-scale, scale, G * H).astype(np.float32)
        self.prepare_kernels(T, N, D, H, G)
        self.prepare_torch(D)

    def prepare_kernels(self, T: int, N: int, D: int, H: int, G: int) -> None:
        """Allocate what a network keeps between steps."""

        def empty(*shape: int) -> np.ndarray:
            return np.empty(shape, np.float32)

        self.h, self.c, self.gates = empty(T + 1, N, H), empty(T + 1, N, H), empty(T, N, 4 * H)
        self.dh_0, self.dc_0, self.db_hn = empty(N, H), empty(N, H), empty(H)
        self.dW_x, self.dW_h, self.db = empty(D, G * H), empty(H, G * H), empty(G * H)
        self.da = empty(T, N, H if self.cell == "rnn" else 4 * H)

    def forward(self) -> np.ndarray:
        k, rest = engine.kernels, (None, None)
        if self.cell == "rnn":
            k.rnn_forward(self.x, self.zero, self.W_x, self.W_h, self.b, "tanh", *rest, self.h, 1)
        elif self.cell == "lstm":
            states = (self.h, self.c, self.gates)
            k.lstm_forward(self.x, self.zero, self.zero, self.W_x, self.W_h, self.b, *rest, *states, 1)
        else:
            k.gru_forward(self.x, self.zero, self.W_x, self.W_h, self.b, None, *rest, self.h, self.gates, 1)
        return self.h

    def train(self) -> np.ndarray:
        self.forward()
        k, weights = engine.kernels, (self.W_x, self.W_h)
        gradients = (self.dW_x, self.dW_h, self.db)
        if self.cell == "rnn":
            options = ("tanh", None, None, False, None, self.dh_0)
            k.rnn_backward(self.dh, None, self.x, self.h, *weights, *options, *gradients, self.da, 1)
        elif self.cell == "lstm":
            states = (self.x, self.h, self.c, self.gates)
            options = (None, None, False, None, self.dh_0, self.dc_0)
            k.lstm_backward(self.dh, None, None, *states, *weights, *options, *gradients, self.da, 1)
        else:
            states, options = (self.x, self.h, self.gates), (None, None, False, None, self.dh_0)
            k.gru_backward(self.dh, None, *states, *weights, *options, *gradients, self.db_hn, self.da, 1)
        return self.dW_h

    def prepare_torch(self, D: int) -> None:
        kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[self.cell]
        self.module = kind(D, self.H)
        with torch.no_grad():
            self.module.weight_ih_l0.copy_(torch.from_numpy(self.W_x.T.copy()))
            self.module.weight_hh_l0.copy_(torch.from_numpy(self.W_h.T.copy()))
            self.module.bias_ih_l0.copy_(torch.from_numpy(self.b))
            self.module.bias_hh_l0.zero_()
        self.torch_x, self.torch_dh = torch.from_numpy(self.x), torch.from_numpy(self.dh)

    def torch_forward(self) -> np.ndarray:
        with torch.inference_mode():
            return self.module(self.torch_x)[0].numpy()

    def torch_train(self) -> np.ndarray:
        for parameter in self.module.parameters():
            parameter.grad = None
        self.module(self.torch_x)[0].backward(self.torch_dh)
        return self.module.weight_hh_l0.grad.numpy().T

    def check(self) -> float:
        """Compare both sides with the float64 reference; returns the largest relative difference."""
        weights = (self.W_x, self.W_h)
        if self.cell == "rnn":
            states = (reference.rnn_forward(self.x, self.zero, *weights, self.b),)
        elif self.cell == "lstm":
            states = reference.lstm_forward(self.x, self.zero, self.zero, *weights, self.b)
        else:
            states = reference.gru_forward(self.x, self.zero, *weights, self.b)
        backward = getattr(reference, f"{self.cell}_backward")
        dW_h = backward(self.dh, self.x, *states, *weights).dW_h
        pairs = [(self.forward()[1:], states[0][1:]), (self.torch_forward(), states[0][1:])]
        pairs += [(self.train(), dW_h), (self.torch_train(), dW_h)]
        worst = max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)
        if not worst < 1e-3:
            raise SystemExit(f"{self.cell}: results differ by {worst}; nothing was timed")
        return worst


def interleave(sides: dict[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """Run the sides in turns for about so many seconds each; returns the median milliseconds of each."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for run in sides.values():
        run()
    end = time.perf_counter() + seconds * len(sides)
    while time.perf_counter() < end or len(times[next(iter(sides))]) < 5:
        for name, run in sides.items():
            start = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def with_onednn(enabled: bool, run: Callable[[], Any]) -> Callable[[], Any]:
    def wrapped() -> Any:
        with torch.backends.mkldnn.flags(enabled=enabled):
            return run()

    return wrapped


def measure(shape: tuple[str, int, int, int, int], seconds: float) -> list[dict[str, Any]]:
    """Check, then time one shape: the training step and the forward pass."""
    layer = Layer(*shape)
    error = layer.check()
    rows = []
    for task, ours, theirs in (
        ("train step", layer.train, layer.torch_train),
        ("forward", layer.forward, layer.torch_forward),
    ):
        sides = {"elman": ours, "torch, oneDNN": with_onednn(True, theirs), "torch": with_onednn(False, theirs)}
        ms = interleave(sides, seconds)
        ratio = min(value for name, value in ms.items() if name != "elman") / ms["elman"]
        row = dict(zip(("cell", "T", "N", "D", "H"), shape, strict=True))
        row |= {"task": task, "median_ms": {k: round(v, 4) for k, v in ms.items()}, "ratio": round(ratio, 2)}
        rows.append(row | {"largest_relative_difference": float(f"{error:.2g}")})
        others = ", ".join(f"{name} {value:.3f}" for name, value in ms.items() if name != "elman")
        print(f"{'%s %d,%d,%d,%d' % shape:22} {task:10} elman {ms['elman']:.3f} ms, {others}: ratio {ratio:.2f}")
    return rows


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, default=RESULTS / "engine.json")
    parser.add_argument("--seconds", type=float, default=2.0, help="per side and task")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    rows = [row for shape in SHAPES for row in measure(shape, arguments.seconds)]
    report = {
        "what": "median milliseconds, one thread, float32; ratio = faster PyTorch / Elman",
        "cpu": cpu_model(),
        "isa": engine.isa(),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__},
        "rows": rows,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    print(f"written: {arguments.output}")


if __name__ == "__main__":
    main()
