"""A sine wave from its two previous values: first a simple recurrent network, then an LSTM."""

from __future__ import annotations

import numpy as np

from elman.explain.blocks import Block, Formula, Lesson, Picture, Shown, Slip, Text, table
from elman.explain.board import Array
from elman.explain.formula import Math
from elman.explain.lessons._common import begun, letters, path_table, short_network
from elman.explain.tracing import Trace, trace
from elman.network import Architecture

PERIOD, FIRST, ROWS, HIDDEN, RATE = 12, 1, 3, 2, 0.3


def sine_two_lags() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "sine-two-lags",
        "An example feeds the two values before y_t as two steps of one value, the older first. The network predicts "
        "y_t from the last state. A tanh network and an LSTM learn the same three examples.",
    )
    lesson.traces["rnn"] = worked("rnn")
    lesson.traces["lstm"] = worked("lstm")
    lesson.add("Lags are steps", *_data())
    lesson.add("The simple recurrent network", *_rnn(lesson.traces["rnn"]))
    lesson.add("The LSTM", *_lstm(lesson.traces["lstm"]))
    return lesson


def examples() -> tuple[Array, Array]:
    """Return x (2, N, 1), oldest lag first, and y (N, 1)."""
    wave = np.sin(2 * np.pi * np.arange(FIRST, FIRST + ROWS + 2) / PERIOD).round(4)  # no value is 0
    x = np.stack([wave[:-2], wave[1:-1]])[:, :, np.newaxis]
    return x, wave[2:, np.newaxis]


def worked(cell: str) -> Trace:
    """Return the trace of one kind of network."""
    architecture = Architecture(1, 1, cell=cell, hidden_size=HIDDEN, readout="last")
    title = {"rnn": "tanh network", "lstm": "LSTM"}[cell]
    return trace(
        short_network(architecture, seed=4),
        *examples(),
        learning_rate=RATE,
        epochs=50,
        tolerance=1e-4,
        title=f"Two lags of a sine wave: {title}",
    )


def _data() -> list[Block]:
    x, y = examples()
    rows = [[f"example {n + 1}", f"{x[0, n, 0]:.4f}", f"{x[1, n, 0]:.4f}", f"{y[n, 0]:.4f}"] for n in range(len(y))]
    L, N, D = x.shape
    axes = [
        ["first", "L", "T", f"{L} lags, one step each, the oldest first"],
        ["second", "N", "N", f"{N} examples"],
        ["third", "D", "D", f"{D} value per step"],
    ]
    wave = tuple(np.sin(2 * np.pi * np.arange(2 * PERIOD) / PERIOD).tolist())
    return [
        Picture("Two periods of the wave. A frame: two lags are read, one value is predicted", (("y", wave),),
                tuple((FIRST + n, 2, 1) for n in range(ROWS))),
        table("Examples", ["", "X[0] = y_(t−2)", "X[1] = y_(t−1)", "y_t"], rows),
        table("The axes of X, L × N × D", ["axis", "in the note", "here", "meaning"], axes),
        Slip(
            "a list of lags that begins with y_(t−1)", "X[0] = y_(t−2), X[1] = y_(t−1)",
            "X[0] is read first, so it holds the older value.",
        ),
        letters([
            ("W_x", "U", "input to state"),
            ("W_h", "W", "state to state"),
            ("W_y, b_y", "V, c", "state to output"),
            ("H", "q", "hidden units"),
            ("g, c", "s with a tilde, s", "candidate and cell of the LSTM"),
        ]),
    ]  # fmt: skip


def _rnn(trace_: Trace) -> list[Block]:
    return [
        Formula((Math("h_1", "h_1"), Math(r"\tanh\left(y_{t-2} W_x + h_0 W_h + b\right), \quad h_0 = 0",
                                          "tanh(y_{t−2} W_x + h_0 W_h + b), h_0 = 0"))),
        Formula((Math("h_2", "h_2"), Math(r"\tanh\left(y_{t-1} W_x + h_1 W_h + b\right)",
                                          "tanh(y_{t−1} W_x + h_1 W_h + b)"))),
        Formula((Math(r"\hat{y}_t", "ŷ_t"), Math("h_2 W_y + b_y", "h_2 W_y + b_y"))),
        Slip(
            "V and c in both layers", "W_x, W_h and b below, W_y and b_y above",
            "The input weights and the output weights are different matrices of different shapes.",
        ),
        path_table(trace_, ["layers.0.W_h", "layers.0.b"], "Two paths: to step 2 and to step 1"),
        Shown("rnn", "The tanh network"),
    ]  # fmt: skip


def _lstm(trace_: Trace) -> list[Block]:
    return [
        Text(
            "Three gates have values between 0 and 1. The input gate i multiplies the candidate g, the forget gate f "
            "multiplies the previous cell, and the output gate o multiplies tanh(c). The product is h."
        ),
        Formula((Math("c_t", "c_t"), Math(r"f_t \odot c_{t-1} + i_t \odot g_t", "f_t ⊙ c_{t−1} + i_t ⊙ g_t"))),
        Formula((Math("h_t", "h_t"), Math(r"o_t \odot \tanh(c_t)", "o_t ⊙ tanh(c_t)"))),
        Text(
            "The state is the pair s_t = (h_t, c_t), so the factors ∂s_t/∂s_(t−1) of the chain rule are 4 × 4 matrices "
            "here, with h before c. With h alone the paths through the cell would be missing, and the sums would be "
            "wrong. The lesson `lstm` works through every gate."
        ),
        path_table(trace_, ["layers.0.W_h", "layers.0.b"], "Two paths of the pair (h, c), columns i | f | g | o"),
        Shown("lstm", "The LSTM"),
    ]
