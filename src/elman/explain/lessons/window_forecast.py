"""A sigmoid network on the windows of a series: one-step and full gradients side by side."""

from __future__ import annotations

import warnings

import numpy as np

from elman.data.windows import sliding_windows
from elman.errors import ElmanWarning
from elman.explain.blocks import Block, Formula, Lesson, Picture, Shown, Slip, Table, Text, table
from elman.explain.board import Array
from elman.explain.formula import Math, numbers
from elman.explain.lessons._common import begun, letters, path_table, shown
from elman.explain.tracing import Trace, trace
from elman.network import Architecture, Network

SERIES = np.array([0.1, 0.4, 0.2, 0.9, 0.5, 0.3, 0.8, 0.6, 0.7])
WINDOW, HORIZON, HIDDEN, RATE = 3, 2, 2, 0.1
W_X = np.array([[0.4, -0.3], [0.2, 0.5], [-0.6, 0.1]])
W_H = np.array([[0.5, -0.4], [0.3, 0.8]])
W_Y = np.array([[0.7, -0.2], [0.4, 0.6]])
_NAMES = ["layers.0.W_x", "layers.0.W_h", "output.W_y"]


def window_forecast() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "window-forecast",
        "A sigmoid network without biases reads three values at each step, keeps its state from window to window and "
        "predicts the next two values. A one-step gradient holds the previous state constant. The full gradient "
        "contains every path back to the first step. Both are computed here for the same numbers.",
    )
    network = Network(architecture(), np.concatenate([W_X.ravel(), W_H.ravel(), W_Y.ravel()]))
    lesson.traces["one-step"] = worked(network, 1, "Gradients of one step")
    lesson.traces["full"] = worked(network, None, "Gradients over every path")
    lesson.add("Windows and targets", *_data())
    lesson.add("The network", *_network())
    lesson.add("Two gradients side by side", *_side_by_side(lesson.traces["one-step"], lesson.traces["full"]))
    lesson.add("The order of the updates", *_order(lesson.traces["one-step"]))
    lesson.add("Weights that start from zero", *_zeros())
    lesson.add("Every number of the one-step gradient", Shown("one-step", "h_(t−1) held constant: paths with k = t"))
    lesson.add("Every number of the full gradient", Shown("full", "Every path"))
    return lesson


def architecture() -> Architecture:
    """Return the network's architecture."""
    return Architecture(WINDOW, HORIZON, cell="rnn", activation="sigmoid", hidden_size=HIDDEN, bias=False)


def worked(network: Network, depth: int | None, title: str, epochs: int = 2) -> Trace:
    """Return the trace over the whole series, from a state of zeros."""
    x, y = sliding_windows(SERIES, WINDOW, HORIZON)
    return trace(
        network,
        x[:, np.newaxis],
        y[:, np.newaxis],
        loss="half_squared_error",
        reduction="sum",
        bptt_depth=depth,
        learning_rate=RATE,
        epochs=epochs,
        title=title,
    )


def _data() -> list[Block]:
    x, y = sliding_windows(SERIES, WINDOW, HORIZON)
    rows = [[str(t), shown(a), shown(b)] for t, (a, b) in enumerate(zip(x, y, strict=True), 1)]
    n, count = len(SERIES), len(x)
    return [
        Text(f"The series is {', '.join(map(str, SERIES.tolist()))}: n = {n} values, T = {WINDOW}, K = {HORIZON}."),
        Picture("The series and its first window: three values are read, two are predicted",
                (("x", tuple(SERIES.tolist())),), ((0, WINDOW, HORIZON),)),
        table("One step for each window", ["step", "window x_t", "target y_t"], rows),
        Slip(
            "n − T + 1 windows", f"n − T − K + 1 = {count} windows",
            "K targets follow every window. The listing of the same algorithm even takes T + 1 values.",
        ),
        Slip(
            "a target vector with a gap in its indices", "y_t = (x_(t+T), …, x_(t+T+K−1))",
            "The targets are the K values that follow the window, one after the other.",
        ),
    ]  # fmt: skip


def _network() -> list[Block]:
    return [
        Formula((Math("h_t", "h_t"), Math(r"\sigma\left(x_t W_x + h_{t-1} W_h\right)", "σ(x_t W_x + h_{t−1} W_h)"))),
        Formula((Math(r"\hat{y}_t", "ŷ_t"), Math("h_t W_y", "h_t W_y"))),
        Formula((Math("L", "L"), Math(
            r"\sum_t \tfrac{1}{2} \left\|\hat{y}_t - y_t\right\|^2", "Σ_t 1/2 ‖ŷ_t − y_t‖²"))),
        letters([
            ("W_h", "W, transposed", "state to state"),
            ("W_x", "U, transposed", "window to state"),
            ("W_y", "V, transposed", "state to prediction"),
            ("D, K, H", "T, K, J", "values in a window, values predicted, hidden units"),
        ]),
        Slip("I hidden units", "J hidden units", "One letter for one number: the states have J components."),
        Slip(
            "∂L/∂W_x, printed twice", "∂L/∂W_h and ∂L/∂W_x",
            "Each of the three matrices has a derivative. ∂L/∂W_h has the factor h_(t−1), ∂L/∂W_x the factor x_t, "
            "∂L/∂W_y the factor h_t.",
        ),
    ]  # fmt: skip


def _side_by_side(one: Trace, full: Trace) -> list[Block]:
    rows = []
    for name in _NAMES:
        a, b = one.epochs[0].gradient[name], full.epochs[0].gradient[name]
        for index in np.ndindex(a.shape):
            sign = f"{one.symbols[name].text}[{index[0] + 1},{index[1] + 1}]"
            rows.append([sign, f"{a[index]:.6f}", f"{b[index]:.6f}", f"{b[index] - a[index]:.6f}"])
    losses = [
        [str(i), f"{p.loss:.6f}", f"{q.loss:.6f}"] for i, (p, q) in enumerate(zip(one.epochs, full.epochs, strict=True))
    ]
    return [
        Text(
            "The one-step gradient treats h_(t−1) as a constant. It omits the paths from an output to an earlier step. "
            "For W_y it omits nothing, because no state lies between W_y and the output."
        ),
        table("The derivative of L by every weight", ["weight", "one step", "every path", "omitted"], rows),
        path_table(full, ["layers.0.W_h"], "The paths of W_h; one-step gradients keep those with k = t"),
        table("The loss after updates with each gradient", ["updates", "one step", "every path"], losses),
    ]  # fmt: skip


def late_gradient(one: Trace) -> tuple[Array, Array]:
    """Return ∂L/∂W_x of one step with the first W_y, and with the W_y that is updated before."""
    run, epoch = one.chains, one.epochs[0]
    h = run.chains[0].layers[0].h[1:]
    error = run.yhat - one.y
    found = []
    for W_y in (epoch.parameters["output.W_y"], one.epochs[1].parameters["output.W_y"]):
        da = (error @ W_y.T) * h * (1 - h)
        found.append(np.einsum("tnd,tnh->dh", run.x, da))
    return found[0], found[1]


def _order(one: Trace) -> list[Block]:
    right, late = late_gradient(one)
    return [
        Formula((Math(r"\frac{\partial L}{\partial W_x}", "∂L/∂W_x"), Math(
            r"\sum_t x_t^{\top} \left[(\hat{y}_t - y_t) W_y^{\top} \odot h_t \odot (1 - h_t)\right]",
            "Σ_t x_tᵀ [(ŷ_t − y_t) W_yᵀ ⊙ h_t ⊙ (1 − h_t)]"))),
        Text("∂L/∂W_x contains W_y, which has a column for every output."),
        Slip(
            "W_y is updated before ∂L/∂W_x is computed", "all gradients first, then all updates",
            "With the new W_y the result is not the gradient of any loss.",
        ),
        table("∂L/∂W_x after one update of W_y", ["W_y in the formula", "∂L/∂W_x"],
              [["at the start", shown(right)], ["updated", shown(late)], ["difference", shown(late - right)]]),
    ]  # fmt: skip


def zero_start(updates: int) -> dict[str, Array]:
    """Return the weights after some one-step updates from zero."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ElmanWarning)
        network = Network.initialized(architecture(), scheme="zeros", dtype=np.float64)
    return worked(network, 1, "From zero", updates).epochs[-1].parameters


def _zeros() -> list[Block]:
    weights = zero_start(20)
    targets = sliding_windows(SERIES, WINDOW, HORIZON)[1].sum(axis=0)
    return [
        Text(
            "With zero weights every state is σ(0) = 1/2 and every prediction is 0. ∂L/∂W_h and ∂L/∂W_x have the "
            "factor W_y = 0. So the first update changes W_y alone. With η = 0.1, every row of W_y becomes:"
        ),
        Formula((Math(r"\eta \sum_t \tfrac{1}{2} y_t", "η Σ_t 1/2 y_t"),
                 numbers(RATE) @ numbers(0.5) @ numbers(targets), numbers(RATE * 0.5 * targets))),
        _weights(zero_start(1), "After update 1 from zero"),
        Text(
            "Every hidden unit has the same gradient at every update, so the units stay identical: the columns of W_x "
            "and the rows of W_y below are equal. The network learns like a network of one unit. Random initial "
            "weights differ from unit to unit and avoid this."
        ),
        _weights(weights, "After 20 updates from zero"),
    ]  # fmt: skip


def _weights(weights: dict[str, Array], caption: str) -> Table:
    rows = [[f"`{name}`", shown(weights[name])] for name in _NAMES]
    return table(caption, ["weights", "value"], rows)
