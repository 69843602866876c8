"""Two series as two channels: stock and gold prices."""

from __future__ import annotations

import numpy as np

from elman.explain.blocks import Block, Lesson, Picture, Shown, Slip, Text, table
from elman.explain.board import Array
from elman.explain.lessons._common import begun, path_table, short_network, shown
from elman.explain.tracing import Trace, trace
from elman.network import Architecture

STOCK = np.array([0.50, 0.53, 0.51, 0.56, 0.58, 0.61, 0.60])
GOLD = np.array([0.30, 0.29, 0.31, 0.28, 0.27, 0.25, 0.26])
LAGS, VALUES, LONG = 3, 700, 20


def stock_and_gold() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "stock-and-gold",
        "The next stock price is predicted from the last three prices of the stock and of gold. Each step reads both "
        "prices of one day: D = 2. The lesson shows the axes of the windows, how many windows a series has, and what "
        "happens if the series become steps.",
    )
    lesson.traces["channels"] = worked()
    lesson.add("Windows of two series", *_windows())
    lesson.add("Channels, not steps", *_layouts())
    lesson.add("How many windows", *_counts())
    lesson.add("The gradient of each channel", *_gradient(lesson.traces["channels"]))
    lesson.add("Every number", Shown("channels", "Three steps of two channels"))
    return lesson


def note_layout() -> Array:
    """Return the windows as the note stores them: (examples, series, lags)."""
    count = len(STOCK) - LAGS
    return np.stack([[series[n : n + LAGS] for series in (STOCK, GOLD)] for n in range(count)])


def examples() -> tuple[Array, Array]:
    """Return x (T, N, D) and y (N, 1): three lags of two channels, and the next stock price."""
    return note_layout().transpose(2, 0, 1), STOCK[LAGS:, np.newaxis]


def worked() -> Trace:
    """Return the trace of a tanh network."""
    network = short_network(Architecture(2, 1, cell="rnn", hidden_size=2, readout="last"), seed=1)
    return trace(network, *examples(), learning_rate=0.03, epochs=10, title="Stock from stock and gold")


def _windows() -> list[Block]:
    x, y = examples()
    rows = [[f"example {n + 1}", *(shown(x[t, n]) for t in range(LAGS)), shown(y[n])] for n in range(len(y))]
    return [
        Picture("Two series and the first window: three days are read, the next stock price is predicted",
                (("stock", tuple(STOCK.tolist())), ("gold", tuple(GOLD.tolist()))), ((0, LAGS, 1),)),
        table("A step reads [stock gold]", ["", "x_1", "x_2", "x_3", "y: next stock price"], rows),
    ]  # fmt: skip


def _layouts() -> list[Block]:
    count = len(STOCK) - LAGS
    rows = [
        [f"({count}, 2, {LAGS})", "example, series, lag", "`x.transpose(2, 0, 1)`", f"({LAGS}, {count}, 2)"],
        [f"({count}, {LAGS}, 2)", "example, lag, series", "`x.transpose(1, 0, 2)`", f"({LAGS}, {count}, 2)"],
        [f"({count}, {LAGS}), one series", "example, lag", "`x.T[:, :, np.newaxis]`", f"({LAGS}, {count}, 1)"],
        [f"({count}, {LAGS}), one series", "example, lag", "`x[np.newaxis]`", f"(1, {count}, {LAGS}): one step"],
    ]
    columns = ["array", "axes", "NumPy", "T, N, D"]
    return [
        table("Layouts of the note; ours is (T, N, D): steps, examples, channels", columns, rows),
        Text(
            f"({count}, 2, {LAGS}) has to be transposed. Without that it means {count} examples of 2 steps with "
            f"{LAGS} values: step 1 is the stock and step 2 is gold. The state then goes from one series to the other, "
            "not through time, and a weight belongs to a lag instead of a series."
        ),
    ]  # fmt: skip


def _counts() -> list[Block]:
    return [
        Text(
            f"{VALUES} values have {VALUES} − {LONG} = {VALUES - LONG} windows of {LONG} values with a next value. "
            f"The first window begins at value 1, the last at value {VALUES - LONG}; its target is value {VALUES}."
        ),
        Slip(
            f"({VALUES - LONG - 1}, 2, {LONG})", f"({VALUES - LONG}, 2, {LONG})",
            f"{VALUES} − {LONG} = {VALUES - LONG}. With {VALUES - LONG - 1} rows one window with a target is missing.",
        ),
        table("Axes of the array", ["axis", "size", "meaning"], [
            ["first", str(VALUES - LONG), "windows, N"],
            ["second", "2", "series: stock, gold; channels, D"],
            ["third", str(LONG), "lags; steps, T"],
        ]),
    ]  # fmt: skip


def _gradient(worked_: Trace) -> list[Block]:
    gradient = worked_.epochs[0].gradient["layers.0.W_x"]
    rows = [[name, *(f"{value:.6f}" for value in row)] for name, row in zip(("stock", "gold"), gradient, strict=True)]
    return [
        Text("W_x has a row for each channel. The first row multiplies the stock price, the second the gold price."),
        path_table(worked_, ["layers.0.W_x"], "Three paths; rows of ∂L/∂W_x: stock; gold"),
        table("∂L/∂W_x", ["channel", "unit 1", "unit 2"], rows),
    ]
