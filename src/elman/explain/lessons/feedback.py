"""Forecasts that are fed back into the window, and why a tanh network cannot forecast 701."""

from __future__ import annotations

import numpy as np

from elman.explain.blocks import Block, Formula, Lesson, Picture, Shown, Slip, Text, table
from elman.explain.board import Array
from elman.explain.formula import Math, numbers
from elman.explain.lessons._common import begun, short_network, shown
from elman.explain.tracing import Trace, trace
from elman.network import Architecture

SERIES = np.array([0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
WINDOW, AHEAD, LAST, LENGTH = 3, 4, 700, 10


def fed_back_forecast() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "fed-back-forecast",
        "A network with one output forecasts one value. For the next value the window moves by one, and the forecast "
        "becomes its newest value. The second part takes the series 1 … 700: a tanh network that reads it unscaled "
        "cannot forecast 701.",
    )
    lesson.traces["window"] = worked()
    lesson.traces["centered"] = centered()
    lesson.add("The network and its window", *_network(lesson.traces["window"]))
    lesson.add("Four steps ahead", *_fed_back(lesson.traces["window"]))
    lesson.add("The series 1 … 700", *_ramp())
    lesson.add("Why a tanh network cannot forecast 701", *_bounded())
    lesson.add("Networks that forecast 701", *_centered(lesson.traces["centered"]))
    lesson.add("Every number", Shown("window", "The windows of the short series"))
    return lesson


def _windows(series: Array) -> tuple[Array, Array]:
    """Return x (1, N, window), one step of all lags, and y (N, 1)."""
    count = len(series) - WINDOW
    x = np.stack([series[n : n + WINDOW] for n in range(count)])[np.newaxis]
    return x, series[WINDOW:, np.newaxis]


def worked() -> Trace:
    """Return the trace of a tanh network on the windows of the short series."""
    network = short_network(Architecture(WINDOW, 1, cell="rnn", hidden_size=2, readout="last"), seed=2)
    x, y = _windows(SERIES)
    return trace(network, x, y, learning_rate=0.3, epochs=200, tolerance=1e-7, title="Three values, one forecast")


def centered() -> Trace:
    """Return the trace of a tanh network on the window 698, 699, 700 less its last value."""
    network = short_network(Architecture(WINDOW, 1, cell="rnn", hidden_size=1, readout="last"), seed=4)
    x = np.array([[[-2.0, -1.0, 0.0]]])
    return trace(
        network, x, [[1.0]], learning_rate=0.1, epochs=100, tolerance=1e-9, title="Differences to the last value"
    )


def predicted(worked_: Trace, window: Array) -> float:
    """Return the forecast of the last epoch's weights for one window."""
    w = worked_.epochs[-1].parameters
    h = np.tanh(window @ w["layers.0.W_x"] + w["layers.0.b"])
    return float((h @ w["output.W_y"] + w["output.b_y"]).item())


def fed_back(worked_: Trace) -> list[tuple[Array, float]]:
    """Return the windows from [0.5 0.6 0.7] on and their forecasts, each fed back."""
    window, rows = SERIES[-WINDOW:], []
    for _ in range(AHEAD):
        value = predicted(worked_, window)
        rows.append((window, value))
        window = np.append(window[1:], value)
    return rows


def _network(worked_: Trace) -> list[Block]:
    x, y = _windows(SERIES)
    rows = [[shown(window), shown(target)] for window, target in zip(x[0], y, strict=True)]
    first, last = worked_.epochs[0].loss, worked_.epochs[-1].loss
    return [
        Picture("The series; the frame holds a window and the value to predict",
                (("x", tuple(SERIES.tolist())),), ((2, WINDOW, 1),)),
        table("Training rows", ["window", "next value"], rows),
        Formula((Math(r"\hat{y}", "ŷ"), Math(r"\tanh\left(x W_x + b\right) W_y + b_y", "tanh(x W_x + b) W_y + b_y"))),
        Text(f"{len(worked_.epochs) - 1} updates lower the mean squared error from {shown(first)} to {shown(last)}."),
    ]  # fmt: skip


def _fed_back(worked_: Trace) -> list[Block]:
    rows = [[str(k), shown(window), shown(value)] for k, (window, value) in enumerate(fed_back(worked_), 1)]
    note = [["1", "[0.5 0.6 0.7]", "0.72"], ["2", "[0.6 0.7 0.72]", "0.611"], ["3", "[0.7 0.72 0.611]", "0.64"],
            ["4", "[0.72 0.611 0.64]", "…"], ["5", "[0.611 0.64 …]", "…"]]  # fmt: skip
    return [
        table("Forecasts of the trained network", ["step ahead", "window", "forecast"], rows),
        Text(
            "From step 2 on the window contains forecasts. Their errors enter the next forecast, so errors grow with "
            "the number of steps. From step 4 on this window of three values contains forecasts alone."
        ),
        table("The rows of the note", ["step ahead", "window", "forecast"], note),
        Slip(
            "a row [0.64, …] without 0.611", "[0.611, 0.64, …]",
            "The window moves by one value: its second value becomes the first. No forecast is left out.",
        ),
    ]  # fmt: skip


def _ramp() -> list[Block]:
    rows = [[f"{first} … {first + LENGTH - 2}", str(first + LENGTH - 1)] for first in (1, 2, LAST - LENGTH + 1)]
    rows.insert(2, ["…", "…"])
    return [
        Text(
            f"A window of {LENGTH} values has {LENGTH - 1} features and one label. The series has "
            f"{LAST} − {LENGTH} + 1 = {LAST - LENGTH + 1} such windows. The forecast for 701 reads 692 … 700."
        ),
        table("Windows", ["features", "label"], rows),
    ]


def saturated(first: int) -> tuple[float, float]:
    """Return a and tanh(a) of one unit with weights 0.1 for the features from ``first`` on."""
    a = 0.1 * float(np.arange(first, first + LENGTH - 1).sum())
    return a, float(np.tanh(a))


def _bounded() -> list[Block]:
    rows = []
    for first in (1, 2, 41, 692):
        a, h = saturated(first)
        rows.append([f"{first} … {first + LENGTH - 2}", f"{a:.1f}", f"{h:.10f}", f"{1 - h**2:.1e}"])
    labels = np.arange(LENGTH, LAST + 1)
    return [
        Text("Each |h| is below 1, so the output is bounded whatever the window is:"),
        Formula((Math(r"\left|\hat{y}\right|", "|ŷ|"), Math(r"\left|h W_y + b_y\right|", "|h W_y + b_y|"))),
        Formula((Math(r"\left|\hat{y}\right| \leq \sum_j \left|W_{y,j}\right| + \left|b_y\right|",
                      "|ŷ| ≤ Σ_j |W_y,j| + |b_y|"),)),
        Text("Large inputs also saturate tanh. With all input weights 0.1:"),
        table("One unit", ["features", "a", "tanh(a)", "1 − tanh²(a)"], rows),
        Text(
            "From the second window on the state is practically 1: all windows have the same output. The derivative "
            "1 − h² is 0, so W_x and b are not updated. W_y and b_y learn one number. The mean of the labels "
            f"{LENGTH} … {LAST} has the least squared error: {labels.mean():g}. The forecast is {labels.mean():g}, "
            "not 701."
        ),
        Text(
            "Scaling to 0 … 1 removes the saturation: 701 becomes (701 − 1)/699 = 1.0014. The output stays bounded, "
            "so a long forecast of a rising series flattens."
        ),
    ]  # fmt: skip


def _centered(worked_: Trace) -> list[Block]:
    last = worked_.epochs[-1]
    value = predicted(worked_, np.array([-2.0, -1.0, 0.0]))
    identity = numbers(2.0) @ numbers(700.0) - numbers(699.0)
    return [
        Text(
            "Subtract the last value from the window and from the label. Then every window of 1 … 700 is the same "
            "example: with three features, −2, −1, 0 and the label 1. A tanh network learns it, and its forecast is "
            f"added to the last value. After {last.number} updates ŷ = {value:.4f}, and the forecast is "
            f"700 + {value:.4f} = {700 + value:.4f}. Fed back, the window is the same again: 702, 703 and so on "
            "follow."
        ),
        Shown("centered", "The window less its last value"),
        Text(
            "A network with the identity in place of tanh, or with a linear skip from input to output, is not bounded:"
        ),
        Formula((Math(r"\hat{y}", "ŷ"), Math("2 x_t - x_{t-1}", "2 x_t − x_(t−1)"), identity, numbers(701.0))),
        Text("`Forecaster` subtracts a center from each window and has a linear skip."),
    ]
