"""Layers packed once: their steps have the bits of the whole run, on every level, and agree with the reference."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from elman import engine, reference
from elman.engine import kernels
from elman.errors import ArgumentError, ShapeError
from tolerances import assert_close

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def make(cell: str, dtype: str, D: int, H: int, bias: bool = True) -> dict[str, np.ndarray | None]:
    rng = np.random.default_rng([D, H])
    G = GATES[cell]

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape, scale=H**-0.5).astype(dtype)

    weights: dict[str, np.ndarray | None] = {"W_x": normal(D, G * H), "W_h": normal(H, G * H)}
    weights["b"] = normal(G * H) if bias else None
    if cell == "gru":
        weights["b_hn"] = normal(H) if bias else None
    return weights


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", GATES)
def test_steps_are_the_run(isa: str, cell: str, dtype: str) -> None:
    for D, H, N, bias in ((1, 1, 1, True), (3, 9, 1, False), (5, 17, 4, True), (2, 64, 13, True)):
        weights = make(cell, dtype, D, H, bias)
        x = np.random.default_rng(0).normal(size=(4, N, D)).astype(dtype)
        h, c = (np.full((N, H), 0.25, dtype) for _ in range(2))
        state = (h, c) if cell == "lstm" else (h,)
        start = [part.copy() for part in state]
        whole = getattr(engine, f"{cell}_forward")(x, *start, **weights)
        theirs = [part.astype(np.float64) for part in start]
        packed, slow = engine.pack_layer(cell, **weights), reference.pack_layer(cell, **weights)
        for t in range(len(x)):
            engine.step(packed, x[t], *state)
            reference.step(slow, x[t], *theirs)
            for ours, run in zip(state, (whole,) if cell == "rnn" else whole, strict=False):
                np.testing.assert_array_equal(ours, run[t + 1], strict=True)
            for ours, reference_state in zip(state, theirs, strict=True):
                assert_close(ours, reference_state, "states", dtype)


class Steps:
    """Arrays of a stepper of two layers."""

    def __init__(self, cell: str, H: int, entering: str, dtype: str = "float32") -> None:
        rng = np.random.default_rng(H)
        self.cell, D, K, N = cell, 3, 5, 1 if entering == "embedding" else 2
        self.layers = [make(cell, dtype, D, H), make(cell, dtype, H, H)]
        self.x = np.zeros(N, np.int64) if entering == "ones" else np.zeros((N, D), dtype)
        self.E = rng.normal(size=(K, D)).astype(dtype) if entering == "embedding" else None
        self.h, self.c = (np.full((2, N, H), 0.25, dtype) for _ in range(2))
        self.W_y, self.b_y = rng.normal(size=(H, K)).astype(dtype), rng.normal(size=K).astype(dtype)
        self.W_k = rng.normal(size=(D, K)).astype(dtype) if entering == "values" else None
        self.y = np.zeros((N, K), dtype)

    def stepper(self, **changed: Any) -> Any:
        h, c = changed.pop("h", self.h), changed.pop("c", self.c)
        layers = [
            (
                *(weights.get(name) for name in ("W_x", "W_h", "b", "b_hn")),
                own_h,
                own_c if self.cell == "lstm" else None,
            )
            for weights, own_h, own_c in zip(self.layers, h, c, strict=False)
        ]
        arrays = {"x": self.x, "E": self.E, "W_y": self.W_y, "b_y": self.b_y, "W_k": self.W_k}
        return kernels.Stepper(self.cell, "tanh", layers, [], "softmax", **(arrays | {"y": self.y} | changed))

    def expected(self, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> np.ndarray:
        """Step h and c, layer by layer, and return y."""
        entering = x
        for layer, weights in enumerate(self.layers):
            packed = engine.pack_layer(self.cell, **weights, one_hot=x.ndim == 1)
            engine.step(packed, x, h[layer], *([c[layer]] if self.cell == "lstm" else []))
            x = h[layer]
        o = engine.dense_forward(x, self.W_y, self.b_y)
        if self.W_k is not None:
            kernels.dense_forward(entering, self.W_k, None, o, True)
        return engine.activation_forward(o, "softmax")


@pytest.mark.parametrize("H", [20, 400])  # with the GIL and without
@pytest.mark.parametrize("entering", ["values", "ones", "embedding"])
@pytest.mark.parametrize("cell", GATES)
def test_a_stepper_steps_on_its_own_arrays(isa: str, cell: str, entering: str, H: int) -> None:
    ours = Steps(cell, H, entering)
    h, c, stepper = ours.h.copy(), ours.c.copy(), ours.stepper()
    for value in (1, 0, 2):
        if ours.E is None:
            ours.x[...] = value
            stepper.step()
        else:
            stepper.step_index(value)
            np.testing.assert_array_equal(ours.x, ours.E[[value]])
        np.testing.assert_array_equal(ours.y, ours.expected(ours.x.copy(), h, c), strict=True)
        np.testing.assert_array_equal(ours.h, h, strict=True)
        np.testing.assert_array_equal(ours.c, c, strict=True)


def test_a_stepper_without_an_output_layer(isa: str) -> None:
    ours = Steps("lstm", 20, "values")
    h, c = ours.h.copy(), ours.c.copy()
    ours.stepper(W_y=None, b_y=None, W_k=None, y=None).step()
    ours.expected(ours.x, h, c)
    np.testing.assert_array_equal(ours.h, h, strict=True)
    with pytest.raises(IndexError):
        Steps("lstm", 20, "embedding").stepper(W_y=None, y=None).draw(0, np.zeros(1), 0)


def test_a_stepper_checks_its_arrays() -> None:
    ours = Steps("lstm", 20, "values")
    for name in ("x", "h", "c", "W_y", "b_y", "W_k", "y"):
        array = getattr(ours, name)
        for wrong in (array[..., :-1].copy(), array.astype(np.float64), array[np.newaxis]):
            with pytest.raises(ValueError, match=r"must have shape|dtype"):
                ours.stepper(**{name: wrong})
    ours.layers[1] = make("lstm", "float32", 3, 20)
    with pytest.raises(ValueError, match="W_x must have shape"):
        ours.stepper()
    ours.layers = [{}, {}]
    with pytest.raises(ValueError, match="W_x must be given"):
        ours.stepper()
    ours.layers = []
    with pytest.raises(ValueError, match="at least one layer"):
        ours.stepper()
    ones = Steps("gru", 20, "ones")
    ones.x[1] = 3
    with pytest.raises(ValueError, match="x out of range"):
        ones.stepper().step()
    with pytest.raises(IndexError):  # two rows
        ones.stepper().step_index(0)
    one = Steps("gru", 20, "embedding")
    for index in (-1, 5):
        with pytest.raises(IndexError):
            one.stepper().step_index(index)
        with pytest.raises(IndexError):
            one.stepper().draw(index, np.zeros(1), 0)
    for first in (-1, 5):
        with pytest.raises(IndexError):
            one.stepper().draw(0, np.zeros(1), first)


def test_a_packed_layer_keeps_its_level() -> None:
    weights, x = make("lstm", "float32", 3, 20), np.ones((1, 3), np.float32)
    results = []
    for other in engine.isa_levels():
        before = engine.isa()
        packed = engine.pack_layer("lstm", **weights)
        engine.use_isa(other)
        h, c = np.zeros((1, 20), np.float32), np.zeros((1, 20), np.float32)
        engine.step(packed, x, h, c)
        engine.use_isa(before)
        results.append(h)
    assert all((h == results[0]).all() for h in results)


def test_a_packed_layer_is_its_own_copy_and_stays_in_its_process() -> None:
    packed = engine.pack_layer("rnn", *(np.eye(3, dtype="float32") for _ in range(2)))
    assert copy.copy(packed) is packed and copy.deepcopy([packed])[0] is packed
    with pytest.raises(TypeError, match=r"PackedLayer: packed weights stay in this process; call pack_layer again"):
        packed.__reduce__()


@pytest.mark.parametrize("twin", [engine, reference])
def test_bad_arguments(twin: object) -> None:
    pack, step = twin.pack_layer, twin.step  # type: ignore[attr-defined]
    weights = make("lstm", "float64", 3, 4)
    with pytest.raises(ShapeError, match=r"pack_layer: W_x must have shape \(D, 4H\) = \(D, 16\), got \(3, 12\)"):
        pack("lstm", weights["W_x"][:, :12], weights["W_h"])
    with pytest.raises(ArgumentError, match="pack_layer: b_hn must be None for 'lstm'"):
        pack("lstm", weights["W_x"], weights["W_h"], b_hn=np.zeros(4))
    packed, h = pack("lstm", **weights), np.zeros((1, 4))
    with pytest.raises(ArgumentError, match="step: c must be given for 'lstm'"):
        step(packed, np.zeros((1, 3)), h)
    with pytest.raises(ArgumentError, match="step: h is changed in place, so it must be a NumPy array, got list"):
        step(packed, np.zeros((1, 3)), h.tolist(), h.copy())
    with pytest.raises(ArgumentError, match="step: h and c share memory; they must be separate arrays"):
        step(packed, np.zeros((1, 3)), h, h)
    with pytest.raises(ShapeError, match=r"step: x must have shape \(N, 3\), got \(1, 2\)"):
        step(packed, np.zeros((1, 2)), h, h.copy())


def test_the_raw_step_checks_shapes() -> None:
    packed = kernels.pack_layer(
        "gru", *(make("gru", "float32", 3, 4)[name] for name in ("W_x", "W_h", "b", "b_hn")), "tanh"
    )
    x, h = np.zeros((2, 3), np.float32), np.zeros((2, 4), np.float32)
    for wrong in ((x[:1], h), (x, h[:, :3].copy()), (x.astype(float), h), (x, h.astype(float))):
        with pytest.raises((ValueError, TypeError)):
            kernels.step(packed, *wrong, None)
    kernels.step(packed, x, h, None)
    assert np.isfinite(h).all()


def test_the_machine_loop_counts() -> None:
    assert kernels.fma_loop(1000, 2) == 2 * kernels.fma_loop(1000, 1) > 0
