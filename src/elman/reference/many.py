"""Many networks of one architecture, trained side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array, UpdateRules
from elman.reference import losses, optimizers
from elman.reference.dense import dense_backward, dense_forward
from elman.reference.dropout import dropout_mask
from elman.reference.layer import LayerStates, layer_backward, layer_forward


class ManyUpdates(NamedTuple):
    """Results of `update_many`: loss and gradient_norm (M, U), float64; done (M,), the updates made of each model.

    Examples
    --------
    >>> ManyUpdates._fields
    ('loss', 'gradient_norm', 'done')
    """

    loss: Array
    gradient_norm: Array
    done: Array


def update_many(
    theta: Array,
    vectors: Sequence[Array],
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    lengths: npt.ArrayLike | None = None,
    *,
    rules: UpdateRules,
    learning_rate: npt.ArrayLike,
    seed: npt.ArrayLike = 0,
    step: npt.ArrayLike = 0,
) -> ManyUpdates:
    """Train M networks of one architecture, each on its own U batches, and change their parameters in place.

    For each model m and u = 0 … U-1, with h the states of its recurrent layers from zeros::

        o = h W_y + b_y (+ x W_k with a linear skip)
        θ_m ← step of the optimizer(θ_m, clipped ∂L(o, y)/∂θ_m)

    A model whose loss or gradient is not finite stops there, with the parameters of the update before.

    Parameters
    ----------
    theta : ndarray (M, P), float64
        Parameters of each model, changed in place: W_x, W_h, b, b_hn (GRU) of every layer, then W_y, b_y, W_k.
    vectors : sequence of ndarray (M, P), float64
        State of the optimizer, changed in place: m and v of ``"adam"``, the squares of ``"rmsprop"``, the velocity of
        ``"sgd"``; zeros before the first update.
    x : array_like (M, U, T, N, D)
        Inputs, time-major.
    y : array_like (M, U, T, N, K)
        Targets; probabilities for the cross-entropies.
    weight : array_like (M, U, T, N, K) or (M, U, T, N), optional
        Of the targets. With ``"categorical_cross_entropy"`` one per row.
    lengths : array_like of int (M, U, N), optional
        Valid steps of each row; later steps never count.
    rules : UpdateRules
        What the networks have in common: architecture, loss, optimizer and clipping.
    learning_rate : float or array_like (M, U)
        Of every update.
    seed : int or array_like of int (M,)
        Of the dropout masks.
    step : int or array_like of int (M,)
        Updates done before, on which Adam and the masks depend.

    Returns
    -------
    ManyUpdates
        Loss before each update, norm of the gradient before clipping, and the number of updates made.

    Raises
    ------
    ShapeError
        If sizes disagree.
    ArgumentError, DataError
        If an array cannot be changed in place, or a value lies outside its range.

    Examples
    --------
    Two linear networks h = x W_x, o = h W_y, and one step of gradient descent on (o - y)²:

    >>> theta = np.array([[1.0, 0.0, 1.0], [2.0, 0.0, 1.0]])                       # W_x, W_h, W_y
    >>> x, y = np.ones((2, 1, 1, 1, 1)), np.zeros((2, 1, 1, 1, 1))
    >>> linear = UpdateRules(cell="rnn", hidden_sizes=[1], activation="identity", bias=False, optimizer="sgd")
    >>> done = update_many(theta, [np.zeros((2, 3))], x, y, rules=linear, learning_rate=0.25)
    >>> done.loss.ravel().tolist(), theta.tolist()
    ([1.0, 4.0], [[0.5, 0.0, 0.5], [1.0, 0.0, -1.0]])
    """
    data = theta, vectors, x, y, weight, lengths
    a = _check.update_many("update_many", np.float64, *data, rules, learning_rate, seed, step)
    models, updates = a.x.shape[:2]
    result = ManyUpdates(np.zeros((models, updates)), np.zeros((models, updates)), np.zeros(models, np.int64))
    for m in range(models):
        for u in range(updates):
            value, gradient = _gradient(a, m, u)
            result.loss[m, u] = value
            if not np.isfinite(value):
                break
            norm = _step(a, m, u, gradient)
            result.gradient_norm[m, u] = norm
            if not np.isfinite(norm):
                break
            result.done[m] = u + 1
    return result


def _gradient(a: _check.ManyArguments, m: int, u: int) -> tuple[float, Array]:
    """Return the loss of an update of a model and the gradient (P,)."""
    r, (T, N, D) = a.rules, a.x.shape[2:]
    places = _check.places_of(r.cell, r.hidden_sizes, D, a.y.shape[4], r.bias, r.linear_skip)
    W = {name: a.theta[m, where].reshape(shape) for name, (where, shape) in places.items()}
    lengths = np.full(N, T) if a.lengths is None else a.lengths[m, u]
    valid = np.arange(T)[:, np.newaxis] < lengths
    x = np.where(valid[:, :, np.newaxis], a.x[m, u], 0.0)
    below, passes = x, list[tuple[Array, LayerStates, Array, Array]]()
    for layer, H in enumerate(r.hidden_sizes):
        zeros = np.zeros((N, H))
        key = int(a.seed[m]), int(a.step[m]) + u
        h_mask = dropout_mask((1, N, H), r.recurrent_dropout, *key, layer=4 * layer + 2, dtype=np.float64)[0]
        mask = dropout_mask((T, N, H), r.dropout, *key, layer=4 * layer + 1, dtype=np.float64)
        weights = W[f"{layer}.W_x"], W[f"{layer}.W_h"], W.get(f"{layer}.b"), W.get(f"{layer}.b_hn")
        c_0 = zeros if _check.CELLS[r.cell].has_c else None
        states = layer_forward(r.cell, below, zeros, c_0, *weights, r.activation, lengths, h_mask)
        passes.append((below, states, h_mask, mask))
        below = states.h[1:] * mask
    o = dense_forward(below, W["W_y"], W.get("b_y"))
    if r.linear_skip:
        o = o + x @ W["W_k"]
    value, do = _loss(a, m, u, o, valid)

    gradients: dict[str, Array] = {}
    if r.linear_skip:
        gradients["W_k"] = dense_backward(do, x, W["W_k"]).dW_y
    dy, gradients["W_y"], gradients["b_y"] = dense_backward(do, below, W["W_y"])
    for layer, (below, states, h_mask, mask) in reversed(list(enumerate(passes))):
        own = W[f"{layer}.W_x"], W[f"{layer}.W_h"]
        found = layer_backward(
            r.cell, dy * mask, below, *states, *own, r.activation, lengths, h_mask, bptt_depth=r.bptt_depth
        )
        dy = found.dx
        for name in ("W_x", "W_h", "b", "b_hn"):
            gradients[f"{layer}.{name}"] = getattr(found, f"d{name}")
    return value, np.concatenate([gradients[name].ravel() for name in places])


def _loss(a: _check.ManyArguments, m: int, u: int, o: Array, valid: Array) -> tuple[float, Array]:
    """Return the loss of an update and its gradient; padding does not count."""
    r = a.rules
    weight = np.ones(valid.shape) if a.weight is None else a.weight[m, u]
    weight = np.where(valid if weight.ndim == 2 else valid[:, :, np.newaxis], weight, 0.0)
    parameter = [r.loss_parameter] if r.loss in ("huber", "pinball") else []
    function: Any = getattr(losses, r.loss)
    value, do = function(o, a.y[m, u], weight, r.reduction, *parameter)
    return float(value), do


def _step(a: _check.ManyArguments, m: int, u: int, gradient: Array) -> float:
    """Clip the gradient, take a step, and return the norm before."""
    r, norm = a.rules, None
    if np.isfinite(r.clip_value):
        norm = optimizers.clip_by_norm(gradient, np.inf)
        if not np.isfinite(norm):
            return norm
        optimizers.clip_by_value(gradient, r.clip_value)
    count = [int(a.step[m]) + u + 1] if r.optimizer == "adam" else []
    options: list[Any] = list(r.options)
    if r.optimizer == "sgd":
        options[1] = bool(options[1])
    take: Any = getattr(optimizers, f"{r.optimizer}_step")
    own = [vector[m] for vector in a.vectors]
    before = take(a.theta[m], gradient, *own, *count, float(a.learning_rate[m, u]), *options, r.clip_norm)
    return float(before if norm is None else norm)
