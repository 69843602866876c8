"""Recurrent layers with layer normalization: numbers by hand, gradients, and paths of limited depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman.errors import ArgumentError, ShapeError
from elman.reference import normalized_layer_backward, normalized_layer_forward, numerical_gradient
from tolerances import assert_close

T, N, D, H = 4, 3, 2, 3
BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}
LENGTHS = [4, 0, 2]
Arrays = dict[str, Any]


def problem(
    cell: str, seed: int = 0, dtype: Any = np.float64, sizes: tuple[int, int, int, int] = (T, N, D, H)
) -> Arrays:
    """Return every array that the cell has."""
    rng, (steps, rows, inputs, units) = np.random.default_rng(seed), sizes
    columns, lstm, gates = BLOCKS[cell] * units, cell == "lstm", cell != "rnn"
    shapes: Arrays = {"x": (steps, rows, inputs), "h_0": (rows, units), "c_0": (rows, units) if lstm else None}
    shapes |= {"W_x": (inputs, columns), "W_h": (units, columns), "gain_h": (columns,)}
    shapes |= {"gain_x": (columns,) if gates else None, "gain_c": (units,) if lstm else None, "b": (columns,)}
    shapes |= {"b_hn": (units,) if cell == "gru" else None, "b_c": (units,) if lstm else None}
    return {name: None if shape is None else rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


def backward(cell: str, a: Arrays, h: Any, c: Any, dh: Any, last: tuple[Any, Any], **rest: Any) -> Any:
    own = {name: value for name, value in a.items() if name not in ("x", "h_0", "c_0")}
    dh_T, dc_T = last if cell == "lstm" else (last[0], None)
    return normalized_layer_backward(cell, dh, a["x"], h, c, **own, dh_T=dh_T, dc_T=dc_T, **rest)


def test_an_lstm_by_hand() -> None:
    """One unit, input 2, W_x = (3, 1, 1, 3): the sums 6, 2, 2, 6 have mean 4 and deviation 2."""
    one = np.ones((1, 1))
    h, c = normalized_layer_forward(
        "lstm", 2 * one[None], 0 * one, one, [[3.0, 1.0, 1.0, 3.0]], np.zeros((1, 4)), np.ones(4), np.ones(4), [2.0],
        b_c=[0.5],
    )  # fmt: skip
    assert c is not None
    up = 1 / np.sqrt(1 + 1e-5 / 4)  # i and o before the gate; f and g are minus that
    sigma = 1 / (1 + np.exp(-up))
    assert_close(c[1], (1 - sigma) - sigma * np.tanh(up) * one, "same sums")
    assert_close(h[1], sigma * np.tanh(0.5) * one, "same sums")  # a norm of one unit is 0
    assert (c[1].round(4), h[1].round(4)) == (-0.2878, 0.3378)


def test_a_gru_by_hand() -> None:
    """Gates r, z are normalized together, n alone: with one unit N is ±1 for the gates and 0 for n."""
    one = np.ones((1, 1))
    W_x, b = np.array([[3.0, 1.0, 5.0]]), [0.0, 0.0, 0.25]
    h, _ = normalized_layer_forward("gru", one[None], 4 * one, None, W_x, np.zeros((1, 3)), np.ones(3), np.ones(3), b=b)
    z = 1 / (1 + np.exp(1 / np.sqrt(1 + 1e-5)))
    assert_close(h[1], ((1 - z) * np.tanh(0.25) + z * 4) * one, "same sums")
    assert h[1].round(4) == 1.2548


@pytest.mark.parametrize(("lengths", "masked"), [(None, False), (LENGTHS, True)])
@pytest.mark.parametrize("cell", BLOCKS)
def test_gradient_of_every_argument(cell: str, lengths: Any, masked: bool) -> None:
    a, rng = problem(cell), np.random.default_rng(1)
    options = {"lengths": lengths, "h_mask": rng.uniform(0, 2, (N, H)) if masked else None}
    dh, dh_T, dc_T = rng.normal(size=(T, N, H)), rng.normal(size=(N, H)), rng.normal(size=(N, H))
    ends, rows = np.array(lengths or [T] * N), np.arange(N)
    valid = (np.arange(T)[:, np.newaxis] < ends)[..., np.newaxis]

    def objective(name: str, value: Any) -> float:
        h, c = normalized_layer_forward(cell, **{**a, name: value}, **options)
        total = (h[1:] * dh * valid).sum() + (h[ends, rows] * dh_T).sum()
        return float(total if c is None else total + (c[ends, rows] * dc_T).sum())

    found = backward(cell, a, *normalized_layer_forward(cell, **a, **options), dh, (dh_T, dc_T), **options)
    for name, value in a.items():
        gradient = getattr(found, f"d{name}")
        assert (gradient is None) == (value is None)
        if value is not None:
            expected = numerical_gradient(lambda changed, name=name: objective(name, changed), value, 1e-4)
            assert np.abs(expected).max() > 1e-3, f"{name} has no influence: the check could not fail"
            assert_close(gradient, expected, "gradient check", name=name)


@pytest.mark.parametrize("cell", BLOCKS)
def test_depths_keep_the_paths_they_name(cell: str) -> None:
    a, rng = problem(cell), np.random.default_rng(2)
    dh, last, states = rng.normal(size=(T, N, H)), (None, None), normalized_layer_forward(cell, **a, lengths=LENGTHS)
    whole = backward(cell, a, *states, dh, last, lengths=LENGTHS)
    deep = backward(cell, a, *states, dh, last, lengths=LENGTHS, bptt_depth=T + 1)
    one = backward(cell, a, *states, dh, last, lengths=LENGTHS, bptt_depth=1)
    alone = np.zeros_like(a["W_h"])
    for t in range(T):  # every step from a constant state
        h, c = (None if s is None else s[t : t + 2] for s in states)
        step = {**a, "x": a["x"][t : t + 1]}
        alone += backward(cell, step, h, c, dh[t : t + 1], last, lengths=np.clip(np.array(LENGTHS) - t, 0, 1)).dW_h
    assert_close(deep.dW_h, whole.dW_h, "same sums")
    assert_close(one.dW_h, alone, "same sums")
    assert not one.dh_0.any()


def test_arrays_of_other_cells_are_refused() -> None:
    a = problem("gru")
    with pytest.raises(ArgumentError, match=r"^normalized_layer_forward: gain_c must be None for 'gru'\.$"):
        normalized_layer_forward("gru", **a | {"gain_c": np.ones(H)})
    with pytest.raises(ArgumentError, match=r"^normalized_layer_forward: gain_x must be given for 'gru'\.$"):
        normalized_layer_forward("gru", **a | {"gain_x": None})
    with pytest.raises(
        ShapeError, match=r"normalized_layer_forward: gain_h must have shape \(3H,\) = \(9,\), got \(8,\)"
    ):
        normalized_layer_forward("gru", **a | {"gain_h": np.ones(8)})
