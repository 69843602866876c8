"""Recurrent layers with layer normalization in the engine: the reference's numbers, and bits of a row alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import engine, reference
from elman.errors import UnsupportedError
from reference.test_normalized import BLOCKS, problem
from tolerances import assert_close

LENGTHS = [5, 0, 2]
Arrays = dict[str, Any]


def both(twin: Any, cell: str, a: Arrays, dtype: Any, **options: Any) -> tuple[Any, Any]:
    """Return states and gradients for random cotangents."""
    rng, (T, N), H = np.random.default_rng(1), a["x"].shape[:2], len(a["W_h"])
    dh, dh_T, dc_T = (rng.normal(size=shape).astype(dtype) for shape in ((T, N, H), (N, H), (N, H)))
    forward = {name: value for name, value in options.items() if name != "bptt_depth"}
    states = twin.normalized_layer_forward(cell, **a, **forward)
    own = {name: value for name, value in a.items() if name not in ("x", "h_0", "c_0")}
    last = {"dh_T": dh_T, "dc_T": dc_T if cell == "lstm" else None}
    return states, twin.normalized_layer_backward(cell, dh, a["x"], *states, **own, **last, **options)


@pytest.mark.parametrize("options", [{}, {"lengths": LENGTHS}, {"bptt_depth": 1, "lengths": LENGTHS}, {"h_mask": 0.7}])
@pytest.mark.parametrize("size", [4, 9, 17])  # norms of one or two values lose all digits but the first
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", BLOCKS)
def test_twins(cell: str, dtype: Any, size: int, options: dict[str, Any]) -> None:
    a = problem(cell, dtype=dtype, sizes=(5, 3, 4, size))
    if "h_mask" in options:
        options = {"h_mask": np.full((3, size), options["h_mask"], dtype)}
    ours, theirs = (both(twin, cell, a, dtype, **options) for twin in (engine, reference))
    for quantity, actual, expected in zip(("states", "gradients"), ours, theirs, strict=True):
        for name, array in expected._asdict().items():
            found = getattr(actual, name)
            assert (found is None) == (array is None)
            if array is not None:
                assert found.dtype == dtype
                assert_close(found, array, quantity, dtype, name)


@pytest.mark.parametrize("cell", BLOCKS)
def test_integers_are_one_hot_rows(cell: str) -> None:
    a = problem(cell, sizes=(5, 3, 6, 4))
    x = np.random.default_rng(0).integers(0, 6, (5, 3))
    ones, rows = (both(engine, cell, a | {"x": given}, np.float64, lengths=LENGTHS) for given in (x, np.eye(6)[x]))
    for actual, expected in zip((*ones[0], *ones[1]), (*rows[0], *rows[1]), strict=True):
        assert (actual is None) == (expected is None)
        if expected is not None:
            assert_close(actual, expected, "same sums")


@pytest.mark.parametrize("size", [1, 7, 16, 33])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", BLOCKS)
def test_bits_of_a_row_depend_on_nothing_else(cell: str, dtype: Any, size: int) -> None:
    a = problem(cell, dtype=dtype, sizes=(6, 5, 3, size))
    whole, gradients = both(engine, cell, a, dtype, n_threads=1)
    again, others = both(engine, cell, a, dtype, n_threads=3)
    for one, other in zip((*whole, *gradients), (*again, *others), strict=True):
        assert one is None or one.tobytes() == other.tobytes()
    lengths = np.array([6, 4, 0, 6, 1])
    padded = a["x"].copy()
    padded[np.arange(6)[:, np.newaxis] >= lengths] = np.nan
    ragged, clean = both(engine, cell, a | {"x": padded}, dtype, lengths=lengths)
    assert all(array is None or np.isfinite(array).all() for array in (*ragged, *clean))
    for row, length in enumerate(lengths):
        h, c = (None if s is None else s[row : row + 1] for s in (a["h_0"], a["c_0"]))
        for t in range(length):
            step = a | {"x": a["x"][t : t + 1, row : row + 1], "h_0": h, "c_0": c}
            h, c = (None if s is None else s[1] for s in engine.normalized_layer_forward(cell, **step))
            for states in (whole, ragged):
                assert h.tobytes() == states.h[t + 1, row].tobytes()
                assert c is None or c.tobytes() == states.c[t + 1, row].tobytes()


def test_other_depths_run_in_the_reference() -> None:
    with pytest.raises(UnsupportedError, match="normalized_layer_backward: bptt_depth must be 1 or None here, got 2"):
        both(engine, "gru", problem("gru"), np.float64, bptt_depth=2)
