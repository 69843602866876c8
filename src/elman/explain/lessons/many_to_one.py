"""Many to one: three words, one next word."""

from __future__ import annotations

import numpy as np

from elman.explain.blocks import Block, Formula, Lesson, Shown, Text, table
from elman.explain.board import Array
from elman.explain.formula import Math
from elman.explain.lessons._common import begun, path_table, short_network
from elman.explain.tracing import Trace, trace
from elman.network import Architecture

SENTENCE = ["this", "is", "a", "course", "on", "nature"]
WINDOW = 3


def next_word_from_three() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "next-word-from-three",
        "Windows of three words slide over a sentence. The network reads a window word by word and predicts one word "
        "from the last state. Compare the lesson `next-word`: it predicts a word after every step.",
    )
    lesson.traces["windows"] = worked()
    lesson.add("From words to rows", *_data())
    lesson.add("One output", *_output(lesson.traces["windows"]))
    lesson.add("Three paths", *_paths(lesson.traces["windows"]))
    lesson.add("After training", *_learnt(lesson.traces["windows"]))
    lesson.add("Every number", Shown("windows", "Three windows of three words"))
    return lesson


def windows() -> tuple[Array, Array]:
    """Return the indices of the windows (T, N) and of the next words (N,)."""
    indices = np.arange(len(SENTENCE))  # every word occurs once
    count = len(SENTENCE) - WINDOW
    return np.stack([indices[n : n + WINDOW] for n in range(count)], axis=1), indices[WINDOW:]


def worked() -> Trace:
    """Return the trace."""
    V = len(SENTENCE)
    network = short_network(Architecture(None, V, vocabulary_size=V, cell="rnn", hidden_size=2, readout="last",
                                         output="softmax"), seed=4)  # fmt: skip
    x, y = windows()
    return trace(network, x, y, loss="categorical_cross_entropy", reduction="sum", learning_rate=0.5, epochs=60,
                 tolerance=1e-2, title="Three words, one next word", words=SENTENCE,
                 row_names=[" ".join(SENTENCE[n : n + WINDOW]) for n in range(len(y))])  # fmt: skip


def _data() -> list[Block]:
    V = len(SENTENCE)
    vocabulary = [[word, str(i), " ".join("1" if i == j else "0" for j in range(V))] for i, word in enumerate(SENTENCE)]
    x, y = windows()
    rows = [
        [" ".join(SENTENCE[i] for i in x[:, n]), str(x[:, n].tolist()), SENTENCE[y[n]], str(y[n])]
        for n in range(len(y))
    ]
    return [
        table("Vocabulary", ["word", "index", "one-hot row"], vocabulary),
        table("Windows and targets", ["window", "indices", "target", "index"], rows),
        Text(
            f"{V} words have {V} − {WINDOW} = {V - WINDOW} windows with a next word. x_t has the shape (N, V) = "
            f"({V - WINDOW}, {V}) as one-hot rows, or (N) as indices. A step is one word, so T = {WINDOW}."
        ),
    ]


def _output(worked_: Trace) -> list[Block]:
    p = worked_.epochs[0].predictions
    return [
        Formula((Math("J", "J"), Math(r"-\sum_n \ln P_{n, y_n}", "−Σ_n ln P_(n,y_n)"))),
        Text("P = softmax(h_3 W_y + b_y) is read after step 3 only. The states h_1 and h_2 have no loss of their own."),
        table("P, a row for each window", ["window", *SENTENCE], _rows(p)),
        table("∂J/∂o = P − y", ["window", *SENTENCE], _rows(p - np.eye(len(SENTENCE))[windows()[1]])),
    ]


def _rows(values: Array) -> list[list[str]]:
    return [[f"{n}", *(f"{value:.4f}" for value in row)] for n, row in enumerate(values, 1)]


def _paths(worked_: Trace) -> list[Block]:
    return [
        Text(
            "All paths begin at the loss after step 3. The path to step k ends in the rows of W_x that belong to the "
            "k-th words of the windows, because x_k is one-hot."
        ),
        path_table(worked_, ["layers.0.W_h", "layers.0.W_x"], "Contributions of the three paths"),
    ]


def _learnt(worked_: Trace) -> list[Block]:
    first, last = worked_.epochs[0], worked_.epochs[-1]
    x, y = windows()
    rows = []
    for n, target in enumerate(y):
        before, after = (float(epoch.predictions[n, target]) for epoch in (first, last))
        rows.append([" ".join(SENTENCE[i] for i in x[:, n]), SENTENCE[target], f"{before:.4f}", f"{after:.4f}"])
    columns = ["window", "next word", "probability at first", f"after {last.number} updates"]
    return [table("Probability of the true next word", columns, rows)]
