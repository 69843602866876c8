"""The shapes of every matrix: m = 4 sequences, n_0 = 3 inputs, n_1 = 5 hidden units, n_2 = 2 outputs."""

from __future__ import annotations

import numpy as np

from elman.explain.blocks import Block, Formula, Lesson, Shown, Table, Text, table
from elman.explain.board import Array
from elman.explain.formula import Math
from elman.explain.lessons._common import begun, grid, letters, short_network
from elman.explain.tracing import Trace, trace
from elman.network import Architecture

M, N_0, N_1, N_2, STEPS = 4, 3, 5, 2, 2
_SEQUENCES = [f"sequence {n}" for n in range(1, M + 1)]
_INPUTS = [f"input {n}" for n in range(1, N_0 + 1)]
_UNITS = [f"unit {n}" for n in range(1, N_1 + 1)]
_OUTPUTS = [f"output {n}" for n in range(1, N_2 + 1)]


def shapes() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "shapes",
        "A batch of m = 4 sequences, n_0 = 3 inputs, n_1 = 5 hidden units and n_2 = 2 outputs. A row belongs to a "
        "sequence, a column to a unit. The lesson shows every matrix of the first step, and the shapes of the products "
        "in the forward and the backward pass.",
    )
    lesson.traces["shapes"] = worked()
    lesson.add("Letters and shapes", *_letters())
    lesson.add("The first step, matrix by matrix", *_forward(lesson.traces["shapes"]))
    lesson.add("The output", *_output(lesson.traces["shapes"]))
    lesson.add("The gradients have the shapes of their weights", *_backward(lesson.traces["shapes"]))
    lesson.add("Every number", Shown("shapes", "Four sequences of two steps, five hidden units"))
    return lesson


def worked() -> Trace:
    """Return the trace of the batch."""
    rng = np.random.default_rng(4)
    x = rng.uniform(-1, 1, size=(STEPS, M, N_0)).round(1)
    classes = np.array([0, 1, 1, 0])
    architecture = Architecture(N_0, N_2, cell="rnn", hidden_size=N_1, readout="last", output="softmax")
    return trace(short_network(architecture, seed=1), x, classes, loss="categorical_cross_entropy", reduction="sum",
                 title="Shapes", row_names=_SEQUENCES)  # fmt: skip


def products() -> list[tuple[str, str, tuple[int, int], tuple[int, int], tuple[int, int]]]:
    """Return pass, product, and the shapes of both factors and of the result."""
    return [
        ("forward", "X_t W_1", (M, N_0), (N_0, N_1), (M, N_1)),
        ("forward", "H_(t−1) W_h1", (M, N_1), (N_1, N_1), (M, N_1)),
        ("forward", "H_T W_2", (M, N_1), (N_1, N_2), (M, N_2)),
        ("backward", "∂L/∂W_2 = H_Tᵀ dO", (N_1, M), (M, N_2), (N_1, N_2)),
        ("backward", "dH_T = dO W_2ᵀ", (M, N_2), (N_2, N_1), (M, N_1)),
        ("backward", "∂L/∂W_1 = Σ_t X_tᵀ dA_t", (N_0, M), (M, N_1), (N_0, N_1)),
        ("backward", "∂L/∂W_h1 = Σ_t H_(t−1)ᵀ dA_t", (N_1, M), (M, N_1), (N_1, N_1)),
        ("backward", "dH_(t−1) = dA_t W_h1ᵀ", (M, N_1), (N_1, N_1), (M, N_1)),
    ]


def _letters() -> list[Block]:
    return [
        letters([
            ("x_t (N, D)", "X_t, m × n_0", "input of step t"),
            ("h_t (N, H)", "H_t, m × n_1", "state after step t"),
            ("W_x (D, H)", "W_1, n_0 × n_1", "input to state"),
            ("W_h (H, H)", "W_h1, n_1 × n_1", "state to state"),
            ("b (H)", "β_1, a row of n_1", "added to every row"),
            ("W_y (H, K)", "W_2, n_1 × n_2", "state to output"),
            ("b_y (K)", "β_2, a row of n_2", "added to every row"),
            ("a_t, o, ŷ", "A_t, O, Ŷ", "sums before the activations, output"),
        ]),
        Formula((Math("H_t", "H_t"), Math(r"f_1\left(X_t W_1 + H_{t-1} W_{h1} + \beta_1\right)",
                                          "f_1(X_t W_1 + H_(t−1) W_h1 + β_1)"))),
        Formula((Math(r"\hat{Y}", "Ŷ"), Math(r"f_2\left(H_T W_2 + \beta_2\right)", "f_2(H_T W_2 + β_2)"))),
        _sizes(),
        Text("The inner sizes of a product are equal. The outer sizes are the shape of the result."),
    ]  # fmt: skip


def _sizes() -> Table:
    def size(shape: tuple[int, int]) -> str:
        return f"{shape[0]} × {shape[1]}"

    rows = [[where, what, f"({size(a)}) ({size(b)})", size(c)] for where, what, a, b, c in products()]
    return table("Products", ["pass", "product", "shapes", "result"], rows)


def _value(worked_: Trace, identity: str) -> Array:
    return next(node.value for node in worked_.first.forward if node.id == identity)


def _forward(worked_: Trace) -> list[Block]:
    w = worked_.epochs[0].parameters
    return [
        grid("X_1", _value(worked_, "forward/x/1"), _SEQUENCES, _INPUTS),
        grid("W_1", w["layers.0.W_x"], _INPUTS, _UNITS),
        grid("H_0", _value(worked_, "forward/h/1/0"), _SEQUENCES, _UNITS),
        grid("W_h1", w["layers.0.W_h"], _UNITS, _UNITS),
        grid("β_1", w["layers.0.b"][np.newaxis], ["every sequence"], _UNITS),
        grid("A_1 = X_1 W_1 + H_0 W_h1 + β_1", _value(worked_, "forward/a/1/1"), _SEQUENCES, _UNITS),
        grid("H_1 = tanh(A_1)", _value(worked_, "forward/h/1/1"), _SEQUENCES, _UNITS),
    ]


def _output(worked_: Trace) -> list[Block]:
    w = worked_.epochs[0].parameters
    return [
        grid("H_2", _value(worked_, "forward/h/1/2"), _SEQUENCES, _UNITS),
        grid("W_2", w["output.W_y"], _UNITS, _OUTPUTS),
        grid("β_2", w["output.b_y"][np.newaxis], ["every sequence"], _OUTPUTS),
        grid("Ŷ = softmax(H_2 W_2 + β_2)", worked_.epochs[0].predictions, _SEQUENCES, _OUTPUTS),
    ]


def _backward(worked_: Trace) -> list[Block]:
    gradient = worked_.epochs[0].gradient
    adjoints = {node.id: node.value for node in worked_.first.backward}
    return [
        grid("dO = Ŷ − Y", adjoints["output/do/2"], _SEQUENCES, _OUTPUTS),
        grid("dA_2", adjoints["forward/da/1/2"], _SEQUENCES, _UNITS),
        grid("dA_1", adjoints["forward/da/1/1"], _SEQUENCES, _UNITS),
        grid("∂L/∂W_1", gradient["layers.0.W_x"], _INPUTS, _UNITS),
        grid("∂L/∂W_h1", gradient["layers.0.W_h"], _UNITS, _UNITS),
        grid("∂L/∂β_1, the sum over rows and steps", gradient["layers.0.b"][np.newaxis], ["sum"], _UNITS),
        grid("∂L/∂W_2", gradient["output.W_y"], _UNITS, _OUTPUTS),
        grid("∂L/∂β_2", gradient["output.b_y"][np.newaxis], ["sum"], _OUTPUTS),
    ]
