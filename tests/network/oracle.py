"""Networks composed from the reference, row by row and without padding: slow and independent of `elman.network`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from elman import reference
from elman.network import Architecture, DropoutKey, Parameters, State

Array = np.ndarray


@dataclass
class Outcome:
    """o of every row, (length, K) or (K,), and each row's final states by layer and direction."""

    o: list[Array] = field(default_factory=list)
    h: list[list[Array]] = field(default_factory=list)
    c: list[list[Array]] = field(default_factory=list)


def forward(
    a: Architecture, p: Parameters, x: Array, lengths: list[int] | None, state: State, key: DropoutKey | None
) -> Outcome:
    steps, rows = x.shape[:2]
    outcome = Outcome()
    for row in range(rows):
        length = steps if lengths is None else lengths[row]
        values = _input(a, p, x[:length, row])
        if a.embedding_size is not None:
            values = values * _mask(a.dropout, key, 0, length, row, values.shape[1])
        finals: tuple[list[Array], list[Array]] = ([], [])
        part = -1
        for layer in range(a.num_layers):
            parts = []
            for direction in range(1 + _both(a, layer)):
                part += 1
                h, c = _run(a, p, layer, direction, values, state.h[part, row], state.c, part, row, key)
                finals[0].append(h[-1])
                finals[1].append(c[-1])
                r = _projected(a, p, layer, direction, h)
                parts.append(r[1:][::-1] if direction or a.reverse else r[1:])
            values = np.concatenate(parts, axis=1)
            if layer + 1 < a.num_layers:
                values = values * _mask(a.dropout, key, 4 * layer + 1, length, row, values.shape[1])
        outcome.h.append([_filled(a, h) for h in finals[0]])
        outcome.c.append([_filled(a, c) for c in finals[1]])
        tops = [_projected(a, p, layer, d, h) for d, h in enumerate(finals[0][-1 - _both(a, layer) :])]
        outcome.o.append(_output(a, p, x[:length, row], values, tops, row, key))
    return outcome


def _both(a: Architecture, layer: int) -> bool:
    return a.bidirectional[layer] if isinstance(a.bidirectional, tuple) else a.bidirectional


def _filled(a: Architecture, state: Array) -> Array:
    """Return the state of a layer as wide as that of the largest."""
    return np.append(state, np.zeros(max(a.units) - len(state)))


def _input(a: Architecture, p: Parameters, x: Array) -> Array:
    if a.vocabulary_size is None:
        return x
    if a.embedding_size is None:
        return np.eye(a.vocabulary_size)[x]
    return p["embedding"][x]


def _mask(rate: float, key: DropoutKey | None, layer: int, length: int, row: int, units: int) -> Array:
    if key is None:
        return np.ones((length, units))
    first_row = key.first_row + row
    mask = reference.dropout_mask(
        (length, 1, units), rate, key.seed, key.update, layer, first_row, key.first_step, np.float64
    )
    return mask[:, 0]


def _run(a, p, layer, direction, values, h_0, c_0, part, row, key):
    """Return h and c (length + 1, H) of one layer, direction and row."""
    name, units = f"layers.{layer}." + ("reverse." if direction else ""), a.units[layer]
    x = (values[::-1] if direction or a.reverse else values)[:, np.newaxis]
    W_x, W_h, b = p[name + "W_x"], p[name + "W_h"], p.get(name + "b")
    h_mask = None
    if a.recurrent_dropout and key is not None:
        key = key._replace(first_step=0)
        h_mask = _mask(a.recurrent_dropout, key, 4 * layer + 2 + direction, 1, row, units)
    h_0, c_0 = h_0[:units], c_0[part, row, :units][np.newaxis] if a.cell == "lstm" else None
    if a.layer_norm:
        W_h = W_h if a.projection_size is None else p[name + "W_p"] @ W_h
        own = {key: p[name + key] for key in ("gain_h", "gain_x", "gain_c", "b", "b_hn", "b_c") if name + key in p}
        found = reference.normalized_layer_forward(a.cell, x, h_0[np.newaxis], c_0, W_x, W_h, **own, h_mask=h_mask)
        return found.h[:, 0], found.h[:, 0] if found.c is None else found.c[:, 0]
    if a.projection_size is not None:
        return _run_projected(x, h_0[np.newaxis], c_0, W_x, W_h, p[name + "W_p"], b, h_mask)
    b_hn = p.get(name + "b_hn")
    h, c, _ = reference.layer_forward(a.cell, x, h_0[np.newaxis], c_0, W_x, W_h, b, b_hn, a.activation, h_mask=h_mask)
    return h[:, 0], h[:, 0] if c is None else c[:, 0]


def _run_projected(x, h_0, c_0, W_x, W_h, W_p, b, h_mask):
    """Return h and c of an LSTM whose r_{t-1} = h_{t-1} W_p is a part of its input."""
    h, c, none = [h_0], [c_0], np.zeros((len(W_p), W_x.shape[1]))
    for x_t in x:
        kept = h[-1] if h_mask is None else h[-1] * h_mask
        both = np.concatenate([x_t, kept @ W_p], axis=1)[np.newaxis]
        step = reference.layer_forward("lstm", both, h[-1], c[-1], np.concatenate([W_x, W_h]), none, b)
        h.append(step.h[1])
        c.append(step.c[1])
    return np.concatenate(h), np.concatenate(c)


def _projected(a, p, layer, direction, h):
    """Return what the layer above reads of states."""
    W_p = p.get(f"layers.{layer}." + ("reverse." if direction else "") + "W_p")
    return h if W_p is None else h @ W_p


def _output(a, p, x, values, tops, row, key):
    length = len(values)
    if a.readout == "every":
        read = values
    elif a.readout == "last":
        read = np.concatenate(tops)[np.newaxis]
    elif length == 0:
        read = np.zeros((1, values.shape[1]))
    else:
        read = (values.mean(0) if a.readout == "mean" else values.max(0))[np.newaxis]
    last = 4 * (a.num_layers - 1) + 1
    if a.readout != "every" and key is not None:
        key = key._replace(first_step=0)
    read = read * _mask(a.dropout, key, last, len(read), row, read.shape[1])
    for number, (units, activation) in enumerate(zip(a.dense, a.dense_activations, strict=True)):
        assert p[f"dense.{number}.W"].shape[1] == units
        read = reference.dense_forward(read, p[f"dense.{number}.W"], p.get(f"dense.{number}.b"))
        read = reference.activation_forward(read, activation)
    W_y = p["embedding"].T if a.tied_weights else p["output.W_y"]
    o = reference.dense_forward(read, W_y, p.get("output.b_y"))
    if a.linear_skip:
        if a.readout == "last":
            D = x.shape[1]
            x = np.concatenate([np.zeros((a.skip_steps, D)), x])[-a.skip_steps :].reshape(1, -1)
        o = o + reference.dense_forward(x, p["skip.W_k"])
    return o if a.readout == "every" else o[0]
