"""ONNX's RNN, LSTM and GRU in NumPy: every variant of the standard, correct but not fast.

Variants that only ONNX has (peepholes, clipping, other activations, coupled gates) run here; plain ones become an
`elman.Network`. As in the standard, gates are packed i, o, f, c and z, r, h, weights are stored (outputs, inputs), and
biases have two halves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from elman._check import Shapes
from elman.errors import ArgumentError, DataError, ShapeError
from elman.interop.onnx_activations import Activation
from elman.interop.onnx_attributes import GATES, Recurrence, read_attributes

__all__ = ["INPUTS", "run_recurrent"]

Array = npt.NDArray[Any]

INPUTS = {  # in the order of the standard; the first three are required
    "RNN": ("X", "W", "R", "B", "sequence_lens", "initial_h"),
    "GRU": ("X", "W", "R", "B", "sequence_lens", "initial_h"),
    "LSTM": ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"),
}


def run_recurrent(
    op: str, attributes: Mapping[str, Any], inputs: Sequence[npt.ArrayLike | None], place: str | None = None
) -> tuple[Array, ...]:
    """Run one recurrent node.

    Parameters
    ----------
    op : {"RNN", "LSTM", "GRU"}
        The operator.
    attributes : mapping of str
        See `read_attributes`.
    inputs : sequence of array_like or None
        X (T, N, D), W (directions, G·H, D), R (directions, G·H, H), then, each None or missing if not given,
        B (directions, 2·G·H), sequence_lens (N,), initial_h (directions, N, H), and of an LSTM initial_c and
        P (directions, 3·H). With ``layout=1`` X is (N, T, D) and the states are (N, directions, H).
    place : str, optional
        Start of every message; the operator if not given.

    Returns
    -------
    tuple of ndarray
        Y (T, directions, N, H), zero past the end of a row, Y_h (directions, N, H), and of an LSTM Y_c; in the dtype of
        X, computed in float64. With ``layout=1`` N comes first.

    Raises
    ------
    ArgumentError, ShapeError, DataError, UnsupportedError
        If an attribute or an input cannot be used.

    Examples
    --------
    >>> one = np.ones((1, 1, 1))
    >>> Y, Y_h = run_recurrent("RNN", {}, [[[[1.0]], [[0.0]]], one, one])            # T=2, N=1, D=1
    >>> Y.ravel().round(4), Y_h.ravel().round(4)
    (array([0.7616, 0.642 ]), array([0.642]))
    """
    place = place or op
    node = read_attributes(op, attributes, place)
    names = INPUTS[op]
    if not 3 <= len(inputs) <= len(names):
        raise ArgumentError(f"{place}: has 3 to {len(names)} inputs ({', '.join(names)}), got {len(inputs)}.")
    given = dict(zip(names, [*inputs, *[None] * (len(names) - len(inputs))], strict=True))
    for name in names[:3]:
        if given[name] is None:
            raise ArgumentError(f"{place}: the input {name} is missing.")
    dtype = np.asarray(given["X"]).dtype
    checked = _checked(place, node, given)
    outputs = _run(node, checked)
    if node.batch_first:
        outputs = (np.moveaxis(outputs[0], 2, 0), *(np.swapaxes(state, 0, 1) for state in outputs[1:]))
    return tuple(np.ascontiguousarray(array, dtype if dtype.kind == "f" else None) for array in outputs)


def _checked(place: str, node: Recurrence, given: Mapping[str, Any]) -> dict[str, Array]:
    """Return every input as float64, steps first, with defaults for missing ones."""
    s, directions, gates = Shapes(place, np.float64), len(node.directions), GATES[node.op]
    axes = ("N", "T", "D") if node.batch_first else ("T", "N", "D")
    X = s.array("X", given["X"], *axes)
    X = np.swapaxes(X, 0, 1) if node.batch_first else X
    T, N = X.shape[:2]
    R_shape = np.shape(given["R"])
    H = node.hidden_size or (R_shape[-1] if R_shape else 0)
    if H < 1:
        raise ShapeError(f"{place}: R must have shape (directions, {gates}·H, H), got {R_shape}.")
    found = {
        "X": X,
        "W": s.array("W", given["W"], directions, gates * H, "D"),
        "R": s.array("R", given["R"], directions, gates * H, H),
        "B": _or_zeros(s, "B", given["B"], directions, 2 * gates * H),
        "lengths": _lengths(s, place, given["sequence_lens"], T, N),
    }
    for name in ("initial_h", "initial_c"):
        shape = (N, directions, H) if node.batch_first else (directions, N, H)
        state = _or_zeros(s, name, given.get(name), *shape)
        found[name] = np.swapaxes(state, 0, 1) if node.batch_first else state
    found["P"] = _or_zeros(s, "P", given.get("P"), directions, 3 * H)
    return found


def _or_zeros(s: Shapes, name: str, value: Any, *shape: int) -> Array:
    return np.zeros(shape) if value is None else s.array(name, value, *shape)


def _lengths(s: Shapes, place: str, value: Any, T: int, N: int) -> Array:
    if value is None:
        return np.full(N, T)
    lengths = np.asarray(s.integers("sequence_lens", value, "N"))
    wrong = (lengths < 0) | (lengths > T)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"{place}: sequence_lens[{row}] must be between 0 and T = {T}, got {lengths[row]}.")
    return lengths


def _run(node: Recurrence, given: Mapping[str, Array]) -> tuple[Array, ...]:
    """Run every direction, and join the results."""
    X, lengths = given["X"], given["lengths"]
    T, N = X.shape[:2]
    step, row = np.arange(T)[:, np.newaxis], np.arange(N)
    backwards = np.where(step < lengths, lengths - 1 - step, step)  # padding keeps its position
    Y, ends = [], []
    for d, direction in enumerate(node.directions):
        x = X[backwards, row] if direction == "reverse" else X
        own = {name: array[d] for name, array in given.items() if name not in ("X", "lengths")}
        y, end = _one_direction(node, node.activations[d], x, lengths, own)
        Y.append(y[backwards, row] if direction == "reverse" else y)
        ends.append(end)
    states = (np.stack(parts) for parts in zip(*ends, strict=True))
    return (np.stack(Y, axis=1), *states)


def _one_direction(
    node: Recurrence, activations: tuple[Activation, ...], x: Array, lengths: Array, own: Mapping[str, Array]
) -> tuple[Array, tuple[Array, ...]]:
    """Return y (T, N, H), zero past the end of a row, and the states after each row's last step."""
    state: tuple[Array, ...] = (own["initial_h"], own["initial_c"])[: 2 if node.op == "LSTM" else 1]
    step = {"RNN": _rnn_step, "LSTM": _lstm_step, "GRU": _gru_step}[node.op]
    y = np.zeros((*x.shape[:2], state[0].shape[-1]))
    for t, x_t in enumerate(x):
        valid = (t < lengths)[:, np.newaxis]
        new = step(node, activations, x_t, state, own)
        state = tuple(np.where(valid, after, before) for after, before in zip(new, state, strict=True))
        y[t] = np.where(valid, state[0], 0.0)
    return y, state


def _clipped(node: Recurrence, a: Array) -> Array:
    """Clip the inputs of the activations f and g; h takes the unclipped c_t, where the standard is undefined."""
    return a if node.clip is None else np.clip(a, -node.clip, node.clip)


def _rnn_step(
    node: Recurrence, activations: tuple[Activation, ...], x: Array, state: tuple[Array, ...], own: Mapping[str, Array]
) -> tuple[Array, ...]:
    (f,) = activations
    W_b, R_b = np.split(own["B"], 2)
    return (f(_clipped(node, x @ own["W"].T + state[0] @ own["R"].T + W_b + R_b)),)


def _lstm_step(
    node: Recurrence, activations: tuple[Activation, ...], x: Array, state: tuple[Array, ...], own: Mapping[str, Array]
) -> tuple[Array, ...]:
    f, g, h = activations
    h_prev, c_prev = state
    W_b, R_b = np.split(own["B"], 2)
    P_i, P_o, P_f = np.split(own["P"], 3)
    a_i, a_o, a_f, a_c = np.split(x @ own["W"].T + h_prev @ own["R"].T + W_b + R_b, 4, axis=1)
    i_t = f(_clipped(node, a_i + P_i * c_prev))
    f_t = 1.0 - i_t if node.input_forget else f(_clipped(node, a_f + P_f * c_prev))
    c_t = f_t * c_prev + i_t * g(_clipped(node, a_c))
    o_t = f(_clipped(node, a_o + P_o * c_t))
    return o_t * h(c_t), c_t


def _gru_step(
    node: Recurrence, activations: tuple[Activation, ...], x: Array, state: tuple[Array, ...], own: Mapping[str, Array]
) -> tuple[Array, ...]:
    f, g = activations
    (h_prev,) = state
    W_z, W_r, W_h = np.split(x @ own["W"].T + np.split(own["B"], 2)[0], 3, axis=1)
    R_bz, R_br, R_bh = np.split(np.split(own["B"], 2)[1], 3)
    R_z, R_r, R_h = np.split(own["R"], 3)
    z_t = f(_clipped(node, W_z + h_prev @ R_z.T + R_bz))
    r_t = f(_clipped(node, W_r + h_prev @ R_r.T + R_br))
    after = r_t * (h_prev @ R_h.T + R_bh)
    reset = after if node.linear_before_reset else (r_t * h_prev) @ R_h.T + R_bh
    h_t = g(_clipped(node, W_h + reset))
    return ((1.0 - z_t) * h_t + z_t * h_prev,)
