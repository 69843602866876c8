"""A small network worked by hand: forward pass, backpropagation path by path, update, next epoch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import reference
from elman.errors import TrainingError
from elman.explain.board import Array
from elman.explain.checks import (
    check_epochs,
    check_options,
    check_size,
    checked_input,
    checked_state,
    chosen_parameters,
)
from elman.explain.detail import Detail, one_pass_back, state_meaning
from elman.explain.formula import Math
from elman.explain.forward import parameter_symbol
from elman.explain.objective import Objective
from elman.explain.paths import PathSum
from elman.explain.unrolled import Unrolled
from elman.network import Architecture, Network, State
from elman.network.parameters import ParameterLayout

_LARGEST = 1e100  # of a loss and its derivatives: the squares of their norms must be finite


@dataclass(frozen=True)
class Epoch:
    """One set of parameters with its loss, predictions and gradient, and optionally every intermediate number.

    Attributes
    ----------
    number : int
        Counted from 0.
    loss : float
    loss_terms : list of (int or None, float)
        Step and value of every term.
    predictions : ndarray (T, N, K) or (N, K)
    parameters, gradient : dict of str to ndarray
        The gradient covers the trained parameters.
    detail : Detail, optional
        For the first two epochs and the last.

    Examples
    --------
    >>> from elman.explain import lesson
    >>> before, after = lesson("by-hand-sum").traces["tanh"].epochs[:2]
    >>> round(before.loss, 4), round(after.loss, 4)
    (1.8229, 1.7402)
    """

    number: int
    loss: float
    loss_terms: list[tuple[int | None, float]]
    predictions: Array
    parameters: dict[str, Array]
    gradient: dict[str, Array]
    detail: Detail | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return {
            "epoch": self.number,
            "loss": self.loss,
            "loss_terms": [{"t": t, "value": value} for t, value in self.loss_terms],
            "predictions": self.predictions.tolist(),
            "parameters": {name: value.tolist() for name, value in self.parameters.items()},
            "gradient": {name: value.tolist() for name, value in self.gradient.items()},
            "detail": None if self.detail is None else self.detail.to_dict(),
        }


@dataclass(repr=False)
class Trace:
    """Result of `trace`; ``to_dict`` returns the document of docs/trace-schema.md.

    Attributes
    ----------
    architecture : Architecture
    x, y : ndarray
        Input and targets.
    objective : Objective
    epochs : list of Epoch
        Epoch 0 has the initial parameters.
    rule, reason : str or None
        The stopping rule, and the reason for the stop.

    Examples
    --------
    >>> from elman.network import Architecture, Network
    >>> one_unit = Network(Architecture(1, 1, cell="rnn", hidden_size=1, bias=False), np.ones(3))
    >>> worked = trace(one_unit, [[[1.0]], [[0.0]]], [[[1.0]], [[0.5]]])
    >>> worked.epochs[0].predictions.ravel().round(4)
    array([0.7616, 0.642 ])
    >>> [check.passed for check in worked.epochs[0].detail.checks]
    [True, True, True, True]
    >>> worked
    Trace('A network worked by hand': rnn of 1 unit, 2 steps, 1 row, loss 0.0385)
    """

    architecture: Architecture
    x: Array
    y: Array
    objective: Objective
    chains: Unrolled
    symbols: dict[str, Math]
    trained: set[str]
    bptt_depth: int | None
    learning_rate: float | None
    epochs: list[Epoch] = field(default_factory=list)
    rule: str | None = None
    reason: str | None = None
    title: str = "A network worked by hand"
    words: list[str] | None = None
    row_names: list[str] | None = None
    notes: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        """Return one line: the title, the network, the loss before and after the updates."""
        a, losses = self.architecture, [f"{epoch.loss:.4g}" for epoch in self.epochs]
        sizes = ((a.hidden_size, "unit"), (self.chains.steps, "step"), (self.chains.rows, "row"))
        units, steps, rows = (f"{count} {name}{'s' * (count != 1)}" for count, name in sizes)
        loss = losses[0] if len(losses) == 1 else f"{losses[0]} → {losses[-1]} after {len(losses) - 1} updates"
        return f"Trace({self.title!r}: {a.cell} of {units}, {steps}, {rows}, loss {loss})"

    def _repr_html_(self) -> str | None:
        """Return the page in a frame, for notebooks."""
        from elman.explain.page import framed

        return framed(self.to_dict())

    @property
    def first(self) -> Detail:
        """Every number of epoch 0."""
        detail = self.epochs[0].detail
        assert detail is not None
        return detail

    def to_dict(self) -> dict[str, Any]:
        """Return the trace as plain data, ready for JSON."""
        objective = self.objective
        return {
            "kind": "trace",
            "version": 1,
            "title": self.title,
            "architecture": self.architecture.to_dict(),
            "mode": "sequence-to-sequence" if self.architecture.readout == "every" else "sequence-to-vector",
            "steps": self.chains.steps,
            "rows": self.chains.rows,
            "outputs": self.architecture.output_size,
            "x": self.x.tolist(),
            "y": self.y.tolist(),
            "words": self.words,
            "row_names": self.row_names,
            "loss": {
                "name": objective.loss,
                "reduction": objective.reduction,
                "count": objective.count,
                "equation": objective.equation().to_dict(),
            },
            "bptt_depth": self.bptt_depth,
            "learning_rate": self.learning_rate,
            "stopping": None if self.rule is None else {"rule": self.rule, "reason": self.reason},
            "states": self._states(),
            "parameters": self._parameters(),
            "epochs": [epoch.to_dict() for epoch in self.epochs],
            "notes": self.notes,
        }

    def _states(self) -> list[dict[str, Any]]:
        return [
            {
                "chain": chain.name,
                "symbol": state_meaning(chain).to_dict(),
                "parts": [
                    {"name": part.name, "layer": part.layer + 1, "size": part.size, "first": part.first}
                    for part in chain.parts
                ],
            }
            for chain in self.chains.chains
        ]

    def _parameters(self) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "symbol": self.symbols[name].to_dict(),
                "shape": list(value.shape),
                "trained": name in self.trained,
            }
            for name, value in self.chains.weights.items()
        ]


def trace(
    network: Network,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    loss: str = "mean_squared_error",
    reduction: str = "mean",
    state: State | None = None,
    bptt_depth: int | None = None,
    learning_rate: float | None = None,
    epochs: int | None = None,
    tolerance: float | None = None,
    trained: Iterable[str] | None = None,
    title: str = "A network worked by hand",
    words: Sequence[str] | None = None,
    row_names: Sequence[str] | None = None,
) -> Trace:
    """Work a small network by hand: every number of the forward pass, backpropagation through time, and the updates.

    Each gradient is a sum over paths: from an output at step t back through the states to the parameter at step
    k ≤ t::

        ∂L/∂θ = Σ_t Σ_{k≤t} ∂L_t/∂ŷ_t · ∂ŷ_t/∂s_t · [∂s_t/∂s_{t-1} · … · ∂s_{k+1}/∂s_k] · ∂⁺s_k/∂θ

    s_t is h_t, for an LSTM (h_t, c_t), for several layers the states of all of them. The sum is compared with
    backpropagation through time over whole layers, and with finite differences.

    Parameters
    ----------
    network : Network
        Small; computed in float64 whatever its dtype, without dropout. Bidirectional networks have one layer.
    x : array_like (T, N, D), or of integers (T, N)
        Input; all rows are T steps long.
    y : array_like (T, N, K) or (N, K)
        Targets in the shape of the output; for the categorical cross-entropy also classes without the last axis.
    loss : str
        ``"mean_squared_error"`` or ``"mse"``, ``"half_squared_error"``, ``"mean_absolute_error"`` or ``"mae"``,
        ``"huber"`` (with δ = 1), ``"binary_cross_entropy"`` or ``"categorical_cross_entropy"``.
    reduction : {"mean", "sum"}
        The mean over rows, steps and components, or their sum.
    state : State, optional
        Initial state; zeros if not given.
    bptt_depth : int, optional
        Paths with t − k < ``bptt_depth`` are kept, the others shown as dropped; 1 holds h_{t-1} constant. With several
        layers the depth counts steps in time only.
    learning_rate : float, optional
        Learning rate of gradient descent; None means no updates.
    epochs : int, optional
        Maximum number of updates, with a learning rate; 1 if not given.
    tolerance : float, optional
        Stop once an update lowers the loss by less than this or raises it; without it training never stops early.
    trained : iterable of str, optional
        Names of the parameters to differentiate and update; all if not given.
    title : str
        Title of the document.
    words : sequence of str, optional
        The vocabulary, used to name indices.
    row_names : sequence of str, optional
        Names of the N rows.

    Returns
    -------
    Trace
        The network itself is not changed.

    Raises
    ------
    UnsupportedError
        If the network is too large to be printed, or bidirectional with several layers.
    ShapeError, ArgumentError, DataError
        If x or y does not fit the network or the loss, or an option is outside its range.
    TrainingError
        If a loss or a gradient stops being finite.

    Notes
    -----
    Finite differences need a smooth function: within about 2e-5 of the kink of a ReLU, an absolute or a Huber error
    they may differ, and the check fails.

    References
    ----------
    Werbos (1990), Backpropagation through time: what it does and how to do it. Proceedings of the IEEE 78(10).

    Examples
    --------
    >>> from elman.network import Architecture, Network
    >>> adder = Network(Architecture(1, 1, cell="rnn", activation="identity", hidden_size=1, bias=False), np.ones(3))
    >>> worked = trace(adder, [[[3.0]], [[5.0]]], [[[3.0]], [[9.0]]], loss="half_squared_error", reduction="sum")
    >>> worked.epochs[0].loss                                     # the second output is 8: half of (8 - 9)²
    0.5
    >>> for path in worked.first.to_dict()["gradients"][0]["paths"]:
    ...     print(path["t"], path["k"], path["equation"]["text"], "=", path["contribution"])
    1 1 ∂L_1/∂ŷ_1 · ∂ŷ_1/∂h_1 · ∂⁺h_1/∂W_x = [[0.0]]
    2 2 ∂L_2/∂ŷ_2 · ∂ŷ_2/∂h_2 · ∂⁺h_2/∂W_x = [[-5.0]]
    2 1 ∂L_2/∂ŷ_2 · ∂ŷ_2/∂h_2 · ∂h_2/∂h_1 · ∂⁺h_1/∂W_x = [[-3.0]]
    """
    architecture = network.architecture
    check_options(bptt_depth, learning_rate, epochs, tolerance)
    inputs = checked_input(architecture, x)
    layout = ParameterLayout(architecture)
    chosen = chosen_parameters(layout, trained)
    check_size(architecture, layout, inputs.shape[0], inputs.shape[1], chosen)
    weights = {name: np.array(network.parameters[name], np.float64) for name in layout.names}
    begin = checked_state(architecture, state, inputs.shape[1])
    run = Unrolled(architecture, weights, inputs, begin)
    updates = 0 if learning_rate is None else epochs or 1
    check_epochs(layout, run.o.size, updates)
    objective = Objective(loss, architecture.output, reduction, run.o.shape, y)
    symbols = {name: parameter_symbol(architecture, name) for name in layout.names}
    result = Trace(
        architecture, inputs, np.asarray(y), objective, run, symbols, chosen, bptt_depth, learning_rate, title=title
    )
    result.words = None if words is None else list(words)
    result.row_names = None if row_names is None else list(row_names)
    if architecture.dropout or architecture.recurrent_dropout:
        result.notes.append("Dropout is off: the numbers are those of a prediction.")
    _descend(result, begin, updates, tolerance or 0.0)
    return result


def _descend(result: Trace, begin: State, updates: int, tolerance: float) -> None:
    """Fill the epochs, one more than updates."""
    if updates:
        result.rule = f"after {updates} update{'s' * (updates > 1)}" + (
            f", or once an update lowers the loss by less than {tolerance:g}" if tolerance else ""
        )
        result.reason = f"{updates} update{'s' * (updates > 1)} made"
    weights = result.chains.weights
    for number in range(updates + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            run = Unrolled(result.architecture, weights, result.x, begin)
        epoch = _epoch(result, run, number, detailed=number < 2)
        result.epochs.append(epoch)
        if number and tolerance and result.epochs[-2].loss - epoch.loss < tolerance:
            result.reason = f"update {number} lowered the loss by {result.epochs[-2].loss - epoch.loss:.3g}"
            break
        if number < updates and result.learning_rate is not None:
            rate = result.learning_rate
            weights = {name: value - rate * epoch.gradient.get(name, 0.0) for name, value in weights.items()}
            if epoch.detail is not None:
                epoch.detail.update(rate, epoch.gradient)
    last = result.epochs[-1]
    if last.detail is None:
        result.epochs[-1] = _epoch(result, Unrolled(result.architecture, last.parameters, result.x, begin), last.number)


def _epoch(result: Trace, run: Unrolled, number: int, detailed: bool = True) -> Epoch:
    paths: PathSum | None = None
    with np.errstate(over="ignore", invalid="ignore"):  # values that are not finite are refused below
        loss = result.objective.total(run.o)
        if detailed or result.bptt_depth is not None:
            paths = PathSum(run, result.objective, result.bptt_depth, result.trained)
            gradient = {name: paths.gradient(name) for name in run.weights if name in result.trained}
        else:  # the paths are not shown, and their sum is faster
            whole = one_pass_back(run, result.objective)
            gradient = {name: whole[name] for name in run.weights if name in result.trained}
    if not np.isfinite(loss) or not all(np.isfinite(value).all() for value in gradient.values()):
        raise TrainingError(f"trace: epoch {number}: the loss is {loss:g} and its gradient is not finite.")
    largest = max(abs(loss), *(float(np.abs(value).max(initial=0.0)) for value in gradient.values()))
    if largest > _LARGEST:
        raise TrainingError(f"trace: epoch {number}: the loss is {loss:g}, with derivatives too large to work with.")
    detail = None
    if detailed and paths is not None:
        detail = Detail(run, result.objective, paths, result.symbols, lambda name: _differences(result, run, name))
    terms = [(t, result.objective.term(*_of_output(run, result.objective, t))[0]) for t in run.reads]
    return Epoch(number, loss, terms, run.yhat, dict(run.weights), gradient, detail)


def _of_output(run: Unrolled, objective: Objective, t: int | None) -> tuple[Array, Array]:
    return run.output(t, run.o), run.output(t, objective.rows_of_y)


def _differences(result: Trace, run: Unrolled, name: str) -> Array:
    """Return ∂L/∂θ by central differences of order 6; beside the kinks of a ReLU with small steps, of order 4."""
    begin = State.zeros(run.architecture, run.rows, np.float64)
    for part, layer in enumerate(_interleaved(run)):
        h, c = begin.part(part, layer.h.shape[2])
        h[...] = layer.h[0]
        if c is not None:
            c[...] = layer.c[0]

    def loss(value: Array) -> float:
        moved = Unrolled(run.architecture, {**run.weights, name: value}, run.x, begin)
        return result.objective.total(moved.o)

    if "relu" in (run.architecture.activation, run.architecture.output):
        return reference.numerical_gradient(loss, run.weights[name], step=1e-5)
    fine, coarse = (reference.numerical_gradient(loss, run.weights[name], step=step) for step in (1e-3, 2e-3))
    return (16 * fine - coarse) / 15  # a trained network's gradient is smaller than the error of order 4


def _interleaved(run: Unrolled) -> list[Any]:
    """Return the layers in the order of a `State`: all directions of a layer before the next layer."""
    return [chain.layers[number] for number in range(run.architecture.num_layers) for chain in run.chains]
