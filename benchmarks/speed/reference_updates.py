"""The training step in float64, built only from functions of elman.reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elman import reference
from elman.network import ParameterLayout, Parameters

if TYPE_CHECKING:
    from speed.updates import Update

Array = npt.NDArray[Any]


def forward(cell: str, x: Array, p: Parameters, layer: int) -> reference.LayerStates:
    """Return the states of one layer."""
    W_x, W_h, b, b_hn = (p.get(f"layers.{layer}.{name}") for name in ("W_x", "W_h", "b", "b_hn"))
    zero = np.zeros((x.shape[1], W_h.shape[0]))
    return reference.layer_forward(cell, x, zero, zero if cell == "lstm" else None, W_x, W_h, b, b_hn)


def gradient(update: Update, p: Parameters, g: Parameters) -> float:
    """Fill g with the gradient of one batch; return the loss."""
    batch, cell, layers = update.batch(), update.shape.cell, update.shape.layers
    x = batch.x if update.vocabulary is None else reference.embedding_forward(batch.x, p["embedding"])
    inputs, states = [], []
    for layer in range(layers):
        inputs.append(x)
        states.append(forward(cell, x, p, layer))
        x = states[-1].h[1:]
    o = reference.dense_forward(x, p["output.W_y"], p["output.b_y"])
    loss, do = getattr(reference, update.loss)(o, batch.y)
    dense = reference.dense_backward(do, x, p["output.W_y"])
    g["output.W_y"][...], g["output.b_y"][...], dh = dense.dW_y, dense.db_y, dense.dh
    for layer in reversed(range(layers)):
        name = f"layers.{layer}."
        found = reference.layer_backward(cell, dh, inputs[layer], *states[layer], p[f"{name}W_x"], p[f"{name}W_h"])
        for part in ("W_x", "W_h", "b", "b_hn"):
            if name + part in g:
                g[name + part][...] = getattr(found, f"d{part}")
        dh = found.dx
    if update.vocabulary is not None:
        g["embedding"][...] = reference.embedding_backward(dh, batch.x, update.vocabulary)
    return float(loss)


def reference_losses(update: Update, count: int) -> Array:
    """Return the losses of the first updates."""
    layout, theta = ParameterLayout(update.architecture), update.parameters().theta.astype(np.float64)
    p, g = Parameters(theta, layout), Parameters(np.zeros_like(theta), layout)
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    losses = []
    for number in range(count):
        losses.append(gradient(update, p, g))
        if update.optimizer == "adam":
            reference.adam_step(theta, g.theta, m, v, number + 1, update.learning_rate, max_norm=update.clip_norm)
        else:
            reference.sgd_step(theta, g.theta, v, update.learning_rate, max_norm=update.clip_norm)
    return np.array(losses)
