"""`examples/from_scratch.py` has the states and gradients of the reference."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from elman import reference
from tolerances import relative_error, tolerance

PATH = Path(__file__).resolve().parents[2] / "examples" / "from_scratch.py"
spec = importlib.util.spec_from_file_location("from_scratch", PATH)
assert spec is not None and spec.loader is not None
scratch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(scratch)


def test_states_and_gradients_are_those_of_the_reference() -> None:
    rng = np.random.default_rng(0)
    p, x, dy = scratch.initial(3), rng.normal(size=(5, 4, 1)), rng.normal(size=(4, 1))
    h, prediction = scratch.forward(p, x)
    states = reference.rnn_forward(x, h[0], p["W_x"], p["W_h"], p["b"])
    assert relative_error(np.stack(h), states) < tolerance("oracle", np.float64)
    assert relative_error(prediction, reference.dense_forward(states[-1], p["W_y"], p["b_y"])) < tolerance(
        "oracle", np.float64
    )
    own = scratch.backward(p, x, h, dy)
    dense = reference.dense_backward(dy, states[-1], p["W_y"])
    layer = reference.rnn_backward(None, x, states, p["W_x"], p["W_h"], dh_T=dense.dh)
    theirs = {"W_x": layer.dW_x, "W_h": layer.dW_h, "b": layer.db, "W_y": dense.dW_y, "b_y": dense.db_y}
    for name, gradient in own.items():
        assert relative_error(gradient, theirs[name]) < tolerance("oracle", np.float64), name


def test_gradient_descent_learns_the_wave() -> None:
    x, y = scratch.sequences(np.sin(np.arange(120) / 4))
    losses = scratch.train(x, y)[1]
    assert losses[-1] < 0.02 * losses[0]
    assert x.shape == (6, 114, 1) and x[0, 1, 0] == x[1, 0, 0] and y[0, 0] == x[-1, 1, 0]
