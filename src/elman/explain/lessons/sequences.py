"""A small network on a small batch: one output after three steps, and an output at every step."""

from __future__ import annotations

import numpy as np

from elman import reference
from elman.explain.blocks import Block, Formula, Lesson, Shown, Slip, Text, table
from elman.explain.formula import Math, numbers
from elman.explain.lessons._common import begun, letters, output_table, path_table, short_network, shown, worked_node
from elman.explain.tracing import Trace, trace
from elman.network import Architecture

X = np.array([[[0.5, -0.2], [1.0, 0.3]], [[-0.4, 0.8], [0.2, -0.6]], [[0.9, 0.1], [-0.7, 0.4]]])  # (T, N, D)
CLASSES = np.array([[0, 1], [1, 1], [1, 0]])  # (T, N)
VALUES = np.array([[0.6, 0.1], [0.2, 0.9]])  # (N, K)
HIDDEN, RATE = 2, 0.1
_RECURRENT = ["layers.0.W_x", "layers.0.W_h", "layers.0.b"]
_LOSSES = {"binary": "binary_cross_entropy", "categorical": "categorical_cross_entropy"}


def sequence_to_vector() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "sequence-to-vector",
        "A tanh layer reads two sequences of three steps. The output depends on the last state. Only the last step has "
        "a loss, so every path begins there. The lesson uses two classes with the categorical cross-entropy, one "
        "probability with the binary cross-entropy, and ReLU and identity outputs with the squared error.",
    )
    _lesson(lesson, "last")
    lesson.add("Through the Jacobian of the softmax", *_jacobian(lesson.traces["categorical"]))
    for output, title in (("identity", "Identity output"), ("relu", "ReLU output")):
        lesson.traces[output] = _of_values(output)
        lesson.add(title, *_values(lesson.traces[output], output), Shown(output, f"Every number: {title}"))
    return lesson


def sequence_to_sequence() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "sequence-to-sequence",
        "A tanh layer reads two sequences of three steps. Every state has an output and a loss: L = L_1 + L_2 + L_3. "
        "Three outputs and the steps before them make six paths. The lesson uses two classes with the categorical "
        "cross-entropy, and one probability with the binary cross-entropy.",
    )
    return _lesson(lesson, "every")


def _lesson(lesson: Lesson, readout: str) -> Lesson:
    for kind in _LOSSES:
        lesson.traces[kind] = worked(kind, readout)
    lesson.add("Data and letters", *_data(readout))
    lesson.add("The five steps of training", *_loop(readout))
    lesson.add("The two losses", *_losses())
    for kind, title in (("categorical", "softmax, categorical cross-entropy"), ("binary", "σ, binary cross-entropy")):
        lesson.add(f"Paths: {title}", *_paths(lesson.traces[kind], readout), Shown(kind, f"Every number: {title}"))
    return lesson


def worked(kind: str, readout: str) -> Trace:
    """Return the trace of one loss."""
    K, output = (1, "sigmoid") if kind == "binary" else (2, "softmax")
    architecture = Architecture(2, K, cell="rnn", hidden_size=HIDDEN, readout=readout, output=output)
    classes = CLASSES if readout == "every" else CLASSES[-1]
    return trace(
        short_network(architecture, seed=2),
        X,
        classes[..., np.newaxis].astype(float) if kind == "binary" else classes,
        loss=_LOSSES[kind],
        reduction="sum",
        learning_rate=RATE,
        epochs=40,
        tolerance=1e-3,
        title=f"{kind} cross-entropy".capitalize(),
        row_names=["sequence 1", "sequence 2"],
    )


def _data(readout: str) -> list[Block]:
    rows = [
        [f"x_{t + 1}", shown(X[t]), str(CLASSES[t].tolist()) if readout == "every" or t == 2 else "–"] for t in range(3)
    ]
    return [
        table("Input, a row per sequence, and classes", ["step", "input", "class of each sequence"], rows),
        letters([
            ("N", "m", "sequences in the batch"),
            ("D, H, K", "n_0, n_1, n_2", "inputs, hidden units, outputs"),
            ("x_t", "X at time t", "input, m × n_0"),
            ("h_t", "H_1t", "state of the recurrent layer, m × n_1"),
            ("h_0", "H_1t at t_0", "the state at the time t_0 before the first step; zeros"),
            ("W_x, W_h, b", "W_1, W_h1, β_1", "recurrent layer, f_1 = tanh"),
            ("W_y, b_y", "W_2, β_2", "output layer, f_2 = softmax, σ, ReLU or identity"),
        ]),
        Slip(
            "biases stored as columns of n_1 × 1", "rows of n_1 numbers",
            "A bias is added to every row of an m × n_1 matrix, so it must be a row.",
        ),
        Slip(
            "f(x_t W_x + h_(t−1) W_h) + b", "f(x_t W_x + h_(t−1) W_h + b)",
            "The bias belongs inside f, as in the equation beside that text.",
        ),
    ]  # fmt: skip


def _loop(readout: str) -> list[Block]:
    terms = "L = L_3" if readout == "last" else "L = L_1 + L_2 + L_3"
    rows = [
        ["1", "start", "small weights, biases 0, h_0 = 0"],
        ["2", "forward", "a_t, h_t for t = 1, 2, 3, then o and ŷ"],
        ["3", "loss", f"{terms}, summed over the sequences"],
        ["4", "backward", "adjoints from the last step to the first; every path"],
        ["5", "update", f"θ ← θ − η ∂L/∂θ with η = {RATE:g}, then back to 2 until the stopping rule holds"],
    ]
    return [table("The training loop", ["", "part", "what is computed"], rows)]


def _losses() -> list[Block]:
    return [
        Formula((Math(r"L_{\text{binary}}", "L_binary"), Math(
            r"-\left[y \ln \hat{y} + (1 - y) \ln(1 - \hat{y})\right]", "−[y ln ŷ + (1 − y) ln(1 − ŷ)]")),
            "One probability ŷ = σ(o):"),
        Formula((Math(r"L_{\text{categorical}}", "L_categorical"), Math(
            r"-\sum_j y_j \ln \hat{y}_j", "−Σ_j y_j ln ŷ_j")), "One probability per class, ŷ = softmax(o):"),
        Formula((Math(r"\frac{\partial L}{\partial o}", "∂L/∂o"), Math(r"\hat{y} - y", "ŷ − y")),
                "Each loss with its own output activation has the derivative:"),
    ]  # fmt: skip


def _paths(worked_: Trace, readout: str) -> list[Block]:
    text = (
        "One output has three paths: to step 3, to step 2, to step 1."
        if readout == "last"
        else "Three outputs: 1 + 2 + 3 = 6 paths. Each output has its own chain of factors."
    )
    return [
        Text(text),
        path_table(worked_, _RECURRENT, "Contribution of every path to W_1, W_h1, β_1, and the sums"),
        output_table(worked_, "Contribution of every output to W_2 and β_2, and the sums"),
        *_brackets(worked_, readout),
    ]


def _brackets(worked_: Trace, readout: str) -> list[Block]:
    """Return the sum of the paths with common factors put outside brackets."""
    if readout == "last":
        inner = Math(
            r"\frac{\partial L}{\partial h_3} \left[\frac{\partial^{+} h_3}{\partial W_h} + "
            r"\frac{\partial h_3}{\partial h_2} \left[\frac{\partial^{+} h_2}{\partial W_h} + "
            r"\frac{\partial h_2}{\partial h_1} \frac{\partial^{+} h_1}{\partial W_h}\right]\right]",
            "∂L/∂h_3 [∂⁺h_3/∂W_h + ∂h_3/∂h_2 [∂⁺h_2/∂W_h + ∂h_2/∂h_1 ∂⁺h_1/∂W_h]]",
        )
        sides, whole = (inner,), Math(r"\frac{\partial L}{\partial W_h}", "∂L/∂W_h")
    else:
        sides = (Math(
            r"\frac{\partial L_t}{\partial h_t} + dh_{t+1} \frac{\partial h_{t+1}}{\partial h_t}",
            "∂L_t/∂h_t + dh_(t+1) ∂h_(t+1)/∂h_t"),)  # fmt: skip
        whole = Math("dh_t", "dh_t")
    return [
        Text(
            "The paths share their first factors. With these outside brackets every factor is multiplied once. That is "
            "backpropagation through time: one product for each step instead of one for each path. dh_t collects all "
            "paths that arrive at step t."
        ),
        Formula((whole, *sides)),
        *(worked_node(worked_, f"forward/dh/1/{t}") for t in (3, 2, 1)),
    ]


def _jacobian(worked_: Trace) -> list[Block]:
    run = worked_.chains
    p, y = run.yhat[:1], worked_.objective.rows_of_y[:1]
    by_p, jacobian = reference.cross_entropy_derivative(p, y), reference.softmax_jacobian(run.o[0])
    return [
        Text("ŷ_3 − y_3 is the product of ∂L/∂ŷ_3 and the Jacobian of the softmax. For sequence 1:"),
        Formula((Math(r"\frac{\partial \hat{y}_3}{\partial o_3}", "∂ŷ_3/∂o_3"),
                 Math(r"\operatorname{diag}(\hat{y}_3) - \hat{y}_3^{\top} \hat{y}_3", "diag(ŷ_3) − ŷ_3ᵀ ŷ_3"),
                 numbers(jacobian))),
        Formula((Math(r"\frac{\partial L}{\partial \hat{y}_3} \frac{\partial \hat{y}_3}{\partial o_3}",
                      "∂L/∂ŷ_3 ∂ŷ_3/∂o_3"), numbers(by_p) @ numbers(jacobian), numbers(by_p @ jacobian))),
        Formula((Math(r"\hat{y}_3 - y_3", "ŷ_3 − y_3"), numbers(p) - numbers(y), numbers(p - y))),
    ]  # fmt: skip


def _of_values(output: str) -> Trace:
    architecture = Architecture(2, 2, cell="rnn", hidden_size=HIDDEN, readout="last", output=output)
    return trace(short_network(architecture, seed=2), X, VALUES, loss="half_squared_error", reduction="sum",
                 learning_rate=RATE, epochs=2, title=f"Output activation {output}")  # fmt: skip


def _values(worked_: Trace, output: str) -> list[Block]:
    rule = {
        "identity": "f_2(o) = o has the derivative 1, so ∂L/∂o = ŷ − y with the half squared error.",
        "relu": "f_2(o) = max(o, 0) has the derivative 1 for o > 0, otherwise 0. An output with o < 0 has the gradient "
        "0: its weights are not updated by this example.",
    }[output]
    return [
        Text(rule),
        *(worked_node(worked_, f"output/{name}/3") for name in ("o", "yhat", "dyhat", "do")),
        output_table(worked_, "∂L/∂W_2 and ∂L/∂β_2"),
    ]
