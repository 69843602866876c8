"""Vanishing and exploding gradients: the product of the factors between two states."""

from __future__ import annotations

import numpy as np

from elman import reference
from elman.explain.blocks import Block, Formula, Laboratory, Lesson, Shown, Text, table
from elman.explain.board import Array
from elman.explain.formula import Math
from elman.explain.lessons._common import begun, short_network, shown
from elman.explain.tracing import Trace, trace
from elman.network import Architecture

STEPS, UNITS = 8, 1
_NAMES = {"rnn": "tanh RNN", "lstm": "LSTM", "gru": "GRU"}


def vanishing_gradients() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "vanishing-gradients",
        "A path from an output at step t to step k multiplies t − k factors ∂h_j/∂h_(j−1). If the factors are below 1, "
        "the product vanishes; if they are above 1, it explodes. The lesson shows both with one unit, and compares a "
        "tanh RNN with an LSTM and a GRU.",
    )
    for cell in _NAMES:
        lesson.traces[cell] = worked(cell)
    lesson.add("The product", *_product())
    lesson.add("One unit without an activation", *_linear())
    lesson.add("One tanh unit", *_tanh())
    lesson.add("The forget gate is the factor of an LSTM's cell", *_forget())
    lesson.add(
        "The laboratory",
        Laboratory(
            "Two units of every cell read 1 at step 1, then 0.1. The bars show the norm of ∂L/∂h_k, for an LSTM of "
            "∂L/∂(h_k, c_k), divided by the norm at the last step."
        ),
    )
    lesson.add("Three cells side by side", *_cells(lesson))
    lesson.add("Remedies", *_remedies())
    return lesson


def worked(cell: str) -> Trace:
    """Return the trace of one cell: one input at the first step, one output after the last."""
    network = short_network(Architecture(1, 1, cell=cell, hidden_size=UNITS, readout="last"), seed=1)
    if cell == "rnn":
        network.parameters["layers.0.W_h"][:] = 0.5
    x = np.full((STEPS, 1, 1), 0.1)
    x[0] = 1.0
    return trace(network, x, [[1.0]], title=f"{_NAMES[cell]}, {STEPS} steps")


def linear_product(w: float, factors: int) -> float:
    """Return ∂h_t/∂h_k of one unit without an activation."""
    return float(w**factors)


def tanh_products(w: float, steps: int = 10) -> Array:
    """Return ∂h_T/∂h_k for k = 1 … T of one tanh unit that reads 0.5 at step 1 and 0 afterwards."""
    x = np.zeros((steps, 1, 1))
    x[0] = 0.5
    h = reference.rnn_forward(x, np.zeros((1, 1)), np.ones((1, 1)), np.array([[w]]))[1:, 0, 0]
    factors = w * (1 - h**2)
    return np.array([factors[k:].prod() for k in range(1, steps + 1)])


def adjoint_norms(worked_: Trace) -> list[float]:
    """Return the norms of ∂L/∂s_k for k = T … 1."""
    return [float(np.linalg.norm(leg.adjoints[-1])) for leg in worked_.first.paths.legs]


def _product() -> list[Block]:
    return [
        Formula((Math(r"\frac{\partial h_t}{\partial h_k}", "∂h_t/∂h_k"),
                 Math(r"\prod_{j=k+1}^{t} \frac{\partial h_j}{\partial h_{j-1}}", "Π_(j=k+1…t) ∂h_j/∂h_(j−1)"))),
        Formula((Math(r"\frac{\partial h_j}{\partial h_{j-1}}", "∂h_j/∂h_(j−1)"),
                 Math(r"\operatorname{diag}\left(f'(a_j)\right) W_h^{\top}", "diag(f'(a_j)) W_hᵀ")), "In an RNN:"),
        Text(
            "The norm of the product is at most (γ ‖W_h‖) to the power t − k. γ is the maximum of f': 1 for tanh, "
            "1/4 for σ. For γ ‖W_h‖ < 1 the product vanishes. It can explode only for γ ‖W_h‖ > 1."
        ),
    ]  # fmt: skip


def _linear() -> list[Block]:
    rows = [
        [f"{w:g}", *(shown(linear_product(w, count)) for count in (1, 5, 9, 49))] for w in (0.5, 0.9, 1.0, 1.1, 1.5)
    ]
    return [
        Text("h_t = w h_(t−1) + x_t has the factor w at every step, so ∂h_t/∂h_k is w to the power t − k:"),
        table("∂h_t/∂h_k", ["w", "t − k = 1", "t − k = 5", "t − k = 9", "t − k = 49"], rows),
    ]


def _tanh() -> list[Block]:
    rows = []
    for w in (0.5, 1.0, 1.5, 3.0):
        products = tanh_products(w)
        rows.append([f"{w:g}", *(shown(products[k - 1]) for k in (9, 5, 1))])
    return [
        Text(
            "h_t = tanh(w h_(t−1) + x_t) has the factor w (1 − h_t²). Here x_1 = 0.5, later inputs are 0, and T = 10. "
            "With w = 3 the state approaches 0.995: tanh saturates, the factor is 3 (1 − 0.995²) = 0.03, and the "
            "product vanishes although w is above 1."
        ),
        table("∂h_10/∂h_k", ["w", "k = 9", "k = 5", "k = 1"], rows),
    ]


def _forget() -> list[Block]:
    rows = []
    for bias in (0.0, 1.0, 3.0):
        f = float(reference.sigmoid([bias])[0])
        rows.append([f"{bias:g}", f"{f:.4f}", *(shown(f**count) for count in (1, 5, 9, 49))])
    return [
        Formula((Math("c_t", "c_t"), Math(r"f_t \odot c_{t-1} + i_t \odot g_t", "f_t ⊙ c_(t−1) + i_t ⊙ g_t"))),
        Text(
            "On the direct path from c_t to c_(t−1) the factor is the forget gate f_t. This path contains no weight "
            "matrix and no tanh. Without input and state, f = σ(bias). A new LSTM starts with the bias 1."
        ),
        table("∂c_t/∂c_k on the direct path", ["bias", "f", "t − k = 1", "t − k = 5", "t − k = 9", "t − k = 49"], rows),
    ]


def _cells(lesson: Lesson) -> list[Block]:
    columns = {cell: adjoint_norms(lesson.traces[cell]) for cell in _NAMES}
    rows = [[str(STEPS - i), *(shown(columns[cell][i]) for cell in _NAMES)] for i in range(STEPS)]
    return [
        Text(
            "Each network reads 1 at step 1, then 0.1, and has one output after step 8. The state is h, for the LSTM "
            "(h, c). The view Paths shows how the product changes on the way back."
        ),
        table("Norm of ∂L/∂s_k", ["k", *_NAMES.values()], rows),
        *(Shown(cell, name) for cell, name in _NAMES.items()),
    ]


def _remedies() -> list[Block]:
    rows = [
        ["exploding", "clip the gradient: g ← g · c / ‖g‖ for ‖g‖ > c"],
        ["vanishing", "LSTM or GRU, with a forget bias of 1 or more"],
        ["both", "orthogonal W_h: all singular values are 1 at the start"],
        ["both", "truncated backpropagation through time; see the lesson `truncated-bptt`"],
    ]
    return [
        table("Remedies", ["gradient", "remedy"], rows),
        Text("`elman diagnose` and `gradient_flow` show the norms of ∂L/∂h_k of your own model."),
    ]
