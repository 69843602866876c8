"""Exercises: a small random network whose numbers are left blank, and a key with the results and common errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from elman import _check
from elman.explain.blocks import Block, Formula, Lesson, Table, Text, table
from elman.explain.board import Array, Node
from elman.explain.formula import Math, numbers
from elman.explain.tracing import Trace, trace
from elman.network import Architecture, Network, State

__all__ = ["EXERCISES", "common_errors", "exercise"]

EXERCISES = {
    "bptt": "Backpropagation through time by hand",
    "lstm": "An LSTM by hand",
    "gru": "A GRU by hand",
}
_MOST_STEPS, _MOST_SEED = 6, 2**32 - 1
_W_X, _W_H = "layers.0.W_x", "layers.0.W_h"
_BLANK = Math(r"\_\_\_\_\_\_\_\_", "________")
_GATES = {
    "lstm": ("a_i", "i", "a_f", "f", "a_g", "g", "a_o", "o", "c", "h"),
    "gru": ("a_r", "r", "a_z", "z", "q", "a_n", "n", "h"),
}
Fill = Callable[..., Formula]


def exercise(kind: str = "bptt", steps: int = 3, seed: int = 0, solution: bool = False) -> Lesson:
    """Return a sheet with a small random network and blanks for its numbers.

    Parameters
    ----------
    kind : {"bptt", "lstm", "gru"}
        ``"bptt"``: a tanh unit forward, backward path by path, and one update. ``"lstm"`` and ``"gru"``: one unit
        forward, gate by gate.
    steps : int
        T, from 1 to 6.
    seed : int
        Of the numbers; the same seed gives the same sheet.
    solution : bool
        Whether the blanks are filled, with common errors and the results that they give.

    Returns
    -------
    Lesson
        Without traces; `render` writes it in every form.

    Raises
    ------
    ArgumentError
        If the kind is unknown, or steps or seed is outside its range.

    Examples
    --------
    >>> sheet = exercise("bptt", steps=2, seed=7)
    >>> [section.title for section in sheet.sections]
    ['Given', 'Forward pass', 'Backward pass', 'Paths', 'Update']
    >>> sheet.sections[1].blocks[0].formula.text
    'a_1 = x_1 W_x + h_0 W_h = ________'
    """
    _check.choice("exercise", "kind", kind, tuple(EXERCISES))
    _check.integer("exercise", "steps", steps, 1, _MOST_STEPS)
    _check.integer("exercise", "seed", seed, 0, _MOST_SEED)
    worked = _worked(kind, steps, seed)
    fill = _filled if solution else _blank
    title = f"{EXERCISES[kind]}: key" if solution else EXERCISES[kind]
    task = (
        "Compute the numbers, rounded to four decimals." if not solution else "All results, rounded to four decimals."
    )
    sheet = Lesson(f"exercise-{kind}", title, f"{task} Steps: {steps}. Seed: {seed}.")
    sheet.add("Given", *_given(worked, kind))
    sheet.add("Forward pass", *_forward(worked, kind, fill))
    if kind == "bptt":
        sheet.add("Backward pass", *_backward(worked, fill))
        sheet.add("Paths", *_paths(worked, fill))
        sheet.add("Update", *_update(worked, fill))
        if solution:
            sheet.add("Common errors", _errors(worked))
    return sheet


def _worked(kind: str, steps: int, seed: int) -> Trace:
    rng = np.random.default_rng(seed)

    def draw(count: int) -> Array:  # one decimal, never 0
        return np.asarray(rng.integers(2, 10, count) * rng.choice([-1, 1], count) / 10)

    cell = "rnn" if kind == "bptt" else kind
    architecture = Architecture(1, 1, cell=cell, hidden_size=1, bias=cell != "rnn", readout="last")
    network = Network.initialized(architecture, dtype=np.float64)
    network.theta[:] = draw(network.theta.size)
    x, y, h, c = draw(steps).reshape(steps, 1, 1), draw(1)[np.newaxis], *np.abs(draw(2)).reshape(2, 1, 1, 1)
    options: dict[str, Any] = {"learning_rate": 0.5, "epochs": 1, "trained": [_W_X, _W_H]} if kind == "bptt" else {}
    return trace(network, x, y, state=State(h, c if cell == "lstm" else None), title=EXERCISES[kind], **options)


def _blank(symbol: Math, equation: Math | None, put: Math | None, result: Math | None) -> Formula:
    return Formula(tuple(side for side in (symbol, equation, _BLANK) if side is not None))


def _filled(symbol: Math, equation: Math | None, put: Math | None, result: Math | None) -> Formula:
    sides = {side.text: side for side in (symbol, equation, put, result) if side is not None}  # equal ones once
    return Formula(tuple(sides.values()))


def _nodes(worked: Trace) -> dict[str, Node]:
    return {node.id: node for node in (*worked.first.forward, *worked.first.backward)}


def _of_node(node: Node, fill: Fill) -> Formula:
    return fill(node.symbol, node.equation, node.numbers, node.result)


def _given(worked: Trace, kind: str) -> list[Block]:
    layer = worked.chains.chains[0].layers[0]
    rows = [[f"x_{t}", f"{x:g}"] for t, x in enumerate(worked.x[:, 0, 0], 1)]
    rows.append(["h_0", f"{layer.h[0, 0, 0]:g}"])
    if layer.c is not None:
        rows.append(["c_0", f"{layer.c[0, 0, 0]:g}"])
    for name, value in worked.epochs[0].parameters.items():
        rows.append([worked.symbols[name].text, " | ".join(f"{entry:g}" for entry in value.ravel())])
    rows.append(["y", f"{worked.y.item():g}"])
    if worked.learning_rate is not None:
        rows.append(["η", f"{worked.learning_rate:g}"])
    order = {"bptt": "", "lstm": " Columns of the gates: i | f | g | o.", "gru": " Columns of the gates: r | z | n."}[
        kind
    ]
    return [
        table("Numbers", ["letter", "value"], rows),
        Text(f"One unit, one sequence. The loss is (ŷ − y)², the output ŷ has no activation.{order}"),
    ]


def _forward(worked: Trace, kind: str, fill: Fill) -> list[Block]:
    nodes, T = _nodes(worked), worked.chains.steps
    names = _GATES.get(kind, ("a", "h"))
    order = [f"forward/{name}/1/{t}" for t in range(1, T + 1) for name in names]
    order += [f"output/{name}/{T}" for name in ("o", "yhat", "L")]
    return [_of_node(nodes[identity], fill) for identity in order]


def _backward(worked: Trace, fill: Fill) -> list[Block]:
    nodes, T = _nodes(worked), worked.chains.steps
    order = [f"output/{name}/{T}" for name in ("dyhat", "do", "dr")]
    order += [f"forward/{name}/1/{t}" for t in range(T, 0, -1) for name in ("dh", "da")]
    return [_of_node(nodes[identity], fill) for identity in order]


def _paths(worked: Trace, fill: Fill) -> list[Block]:
    blocks: list[Block] = [
        Text("The contribution of each path from the loss back to step k, and their sum. ∂⁺ holds h_(k−1) constant.")
    ]
    for gradient in worked.first.to_dict()["gradients"]:
        for path in gradient["paths"]:
            equation, put = (Math(path[side]["latex"], path[side]["text"], 0) for side in ("equation", "numbers"))
            blocks.append(fill(equation, None, put, numbers(path["contribution"])))
        sign = Math(gradient["symbol"]["latex"], gradient["symbol"]["text"])
        blocks.append(fill(sign, None, None, numbers(gradient["sum"])))
    return blocks


def _update(worked: Trace, fill: Fill) -> list[Block]:
    loss = Math("L", "L")
    return [
        *(fill(_new(node.symbol), node.equation, node.numbers, node.result) for node in worked.first.updates),
        Text("The loss with the new weights:"),
        fill(loss, None, None, numbers(worked.epochs[1].loss)),
    ]


def _new(symbol: Math) -> Math:
    return Math(rf"{symbol.latex}^{{\text{{new}}}}", f"new {symbol.text}")


def common_errors(worked: Trace) -> list[tuple[str, float, str]]:
    """Return wrong results of an exercise on backpropagation, each with its place and its cause.

    Parameters
    ----------
    worked : Trace
        Of one tanh unit, one sequence, one output at the end.

    Returns
    -------
    list of (place, result, cause)
    """
    layer, paths = worked.chains.chains[0].layers[0], worked.first.paths
    h, T = layer.h[:, 0, 0], worked.chains.steps
    found: list[tuple[str, float, str]] = []
    for leg in paths.legs:
        right, slope = paths.contribution(leg, _W_H).item(), 1 - h[leg.k] ** 2
        place = f"path of ∂L/∂W_h to step {leg.k}"
        found.append((place, right / h[leg.k - 1] * h[leg.k], f"h_{leg.k} in place of h_{leg.k - 1}"))
        found.append((place, right / slope, f"the factor 1 − h_{leg.k}² is missing"))
    for name in (_W_X, _W_H):
        sign, gradient = worked.symbols[name].text, worked.epochs[0].gradient[name].item()
        found.append((f"∂L/∂{sign}", gradient / 2, "the factor 2 of the squared error is missing"))
        last = next(leg for leg in paths.legs if leg.k == T)
        found.append((f"∂L/∂{sign}", paths.contribution(last, name).item(), f"the path to step {T} alone"))
        weight, rate = worked.epochs[0].parameters[name].item(), worked.learning_rate or 0.0
        found.append((f"new {sign}", weight + rate * gradient, "+ η in place of − η"))
    return found


def _errors(worked: Trace) -> Table:
    rows = [[place, f"{value:.4f}", cause] for place, value, cause in common_errors(worked)]
    return table("Wrong results and their causes", ["place", "result", "cause"], rows)
