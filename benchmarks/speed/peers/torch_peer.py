"""PyTorch: eager modules, time-major, denormals flushed, with and without oneDNN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy.typing as npt
import torch

from speed.peers import Run
from speed.problem import Problem, Weights

Array = npt.NDArray[Any]
MODULES = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
CELLS = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}

torch.set_num_threads(1)
torch.set_flush_denormal(True)


def with_onednn(enabled: bool, run: Callable[[], Any]) -> Callable[[], Any]:
    """Switch oneDNN on or off for a call; the switch costs a fraction of a microsecond."""
    set_flag, get_flag = torch._C._set_mkldnn_enabled, torch._C._get_mkldnn_enabled

    def wrapped() -> Any:
        before = get_flag()
        set_flag(enabled)
        try:
            return run()
        finally:
            set_flag(before)

    return wrapped


def both(run: Run, name: str = "") -> dict[str, Run]:
    """Return a run with oneDNN and one without."""
    label = f"{name}, " if name else ""
    return {
        f"{label}oneDNN {word}": Run(with_onednn(on, run.call), with_onednn(on, run.result))
        for word, on in (("on", True), ("off", False))
    }


def fill(module: torch.nn.Module, weights: Weights, suffix: str) -> None:
    """Copy the weights of one layer; gates are packed in the same order, matrices transposed."""
    H = weights.W_h.shape[0]
    with torch.no_grad():
        getattr(module, f"weight_ih{suffix}").copy_(torch.from_numpy(weights.W_x.T.copy()))
        getattr(module, f"weight_hh{suffix}").copy_(torch.from_numpy(weights.W_h.T.copy()))
        getattr(module, f"bias_ih{suffix}").copy_(torch.from_numpy(weights.b))
        b_hh = getattr(module, f"bias_hh{suffix}").zero_()
        if weights.b_hn is not None:
            b_hh[2 * H :] = torch.from_numpy(weights.b_hn)


def make_module(problem: Problem, modules: Mapping[str, type[torch.nn.Module]] = MODULES) -> torch.nn.Module:
    """Build the layers of a problem from PyTorch's modules, or from others with their interface."""
    shape = problem.shape
    module = modules[shape.cell](shape.D, shape.H, num_layers=shape.layers)
    for layer, weights in enumerate(problem.layers):
        fill(module, weights, f"_l{layer}")
    return module


def train(problem: Problem, modules: Mapping[str, type[torch.nn.Module]] = MODULES) -> dict[str, Run]:
    """Forward and full backward; gradients are set to None before each step, as optimizers do."""
    module, x, dh = make_module(problem, modules), torch.from_numpy(problem.x), torch.from_numpy(problem.dh)
    parameters = list(module.parameters())

    def call() -> torch.Tensor:
        for parameter in parameters:
            parameter.grad = None
        h: torch.Tensor = module(x)[0]
        h.backward(dh)
        return h

    def result() -> dict[str, Array]:
        h = call().detach().numpy()
        gradients = {name: getattr(module, f"{name}_l0").grad.numpy() for name in ("weight_ih", "weight_hh", "bias_ih")}
        return {"h": h, "dW_x": gradients["weight_ih"].T, "dW_h": gradients["weight_hh"].T, "db": gradients["bias_ih"]}

    return both(Run(call, result))


def forward(problem: Problem) -> dict[str, Run]:
    """Forward in inference mode."""
    module, x = make_module(problem).eval(), torch.from_numpy(problem.x)

    def call() -> torch.Tensor:
        with torch.inference_mode():
            h: torch.Tensor = module(x)[0]
            return h

    return both(Run(call, lambda: {"h": call().numpy()}))


def stream(problem: Problem) -> dict[str, Run]:
    """One step at a time with carried state: the layer module with one step, and the cell modules."""
    return both(stream_module(problem), "module") | both(stream_cells(problem), "cell")


def stream_module(problem: Problem) -> Run:
    module = make_module(problem).eval()
    rows = [torch.from_numpy(row[None]) for row in problem.x]
    state: list[Any] = [None]

    def step(x: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            h, state[0] = module(x, state[0])
            return h

    def result() -> dict[str, Array]:
        state[0] = None
        return {"h": torch.cat([step(x) for x in rows]).numpy()}

    result()
    return Run(lambda: step(rows[0]), result)


def stream_cells(problem: Problem) -> Run:
    shape = problem.shape
    lstm = shape.cell == "lstm"
    cells = [CELLS[shape.cell](shape.width(layer), shape.H).eval() for layer in range(shape.layers)]
    for cell, weights in zip(cells, problem.layers, strict=True):
        fill(cell, weights, "")
    rows = [torch.from_numpy(row) for row in problem.x]
    zero = torch.zeros(1, shape.H)
    states: list[Any] = []

    def reset() -> None:
        states[:] = [(zero, zero) if lstm else zero for _ in cells]

    def step(x: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            for i, cell in enumerate(cells):
                states[i] = cell(x, states[i])
                x = states[i][0] if lstm else states[i]
            return x

    def result() -> dict[str, Array]:
        reset()
        return {"h": torch.stack([step(x) for x in rows]).numpy()}

    reset()
    return Run(lambda: step(rows[0]), result)
