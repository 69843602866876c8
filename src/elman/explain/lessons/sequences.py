"""A small network on a small batch: one output after three steps, and an output at every step."""

from __future__ import annotations

import numpy as np

from elman.explain.formula import Math
from elman.explain.lesson import Block, Formula, Lesson, Shown, Slip, Text, table
from elman.explain.lessons._common import letters, path_table, short_network, shown
from elman.explain.trace import Trace, trace
from elman.network import Architecture

X = np.array([[[0.5, -0.2], [1.0, 0.3]], [[-0.4, 0.8], [0.2, -0.6]], [[0.9, 0.1], [-0.7, 0.4]]])  # (T, N, D)
CLASSES = np.array([[0, 1], [1, 1], [1, 0]])  # (T, N)
HIDDEN, RATE = 2, 0.1
_RECURRENT = ["layers.0.W_x", "layers.0.W_h", "layers.0.b"]
_LOSSES = {"binary": "binary_cross_entropy", "categorical": "categorical_cross_entropy"}


def sequence_to_vector() -> Lesson:
    """Work the lesson."""
    lesson = Lesson(
        "sequence-to-vector",
        "From a sequence to one answer",
        "Two sequences of three steps pass through a tanh layer; the output depends on the last state. Only the last "
        "step has a loss, so every path begins there. The lesson uses one probability with the binary cross-entropy, "
        "and two classes with the categorical cross-entropy.",
    )
    return _lesson(lesson, "last")


def sequence_to_sequence() -> Lesson:
    """Work the lesson."""
    lesson = Lesson(
        "sequence-to-sequence",
        "From a sequence to an answer at every step",
        "Two sequences of three steps pass through a tanh layer; every state has an output and a loss, L = L_1 + L_2 + "
        "L_3. Three outputs and the steps before them make six paths. The lesson uses one probability with the binary "
        "cross-entropy, and two classes with the categorical cross-entropy.",
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
            ("W_x, W_h, b", "W_1, W_h1, b_1", "recurrent layer, f_1 = tanh"),
            ("W_y, b_y", "W_2, b_2", "output layer, f_2 = σ or softmax"),
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
    return [table("The training loop", ["", "", ""], rows)]


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
        "One output has three paths: to step 3, back to step 2, back to step 1."
        if readout == "last"
        else "Three outputs: 1 + 2 + 3 = 6 paths. Each output has its own chain of factors."
    )
    return [Text(text), path_table(worked_, _RECURRENT, "Contribution of every path, and the sums")]
