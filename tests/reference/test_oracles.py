"""The reference against numbers from PyTorch in float64; make_oracles.py wrote them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from elman import reference
from reference.cases import Cotangents, backward, forward
from tolerances import assert_close

ORACLES = Path(__file__).parent / "oracles"
ARGUMENTS = ("x", "h_0", "c_0", "W_x", "W_h", "b", "b_hn")


def oracle(name: str) -> dict[str, np.ndarray]:
    with np.load(ORACLES / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize("ragged", ["", "-ragged"])
@pytest.mark.parametrize("case", ["rnn-tanh", "rnn-relu", "lstm", "gru-after"])
def test_cell(case: str, ragged: str) -> None:
    saved = oracle(case + ragged)
    a = {name: saved[name] for name in ARGUMENTS if name in saved}
    T, N, _ = a["x"].shape
    lengths = saved.get("lengths")
    last = np.full(N, T) if lengths is None else lengths

    s = forward(case, a, lengths)
    assert_close(s[0][1:], saved["outputs"], "oracle")
    for state, name in zip(s, ("h_last", "c_last")[: 1 + ("c_0" in a)], strict=False):
        assert_close(state[last, np.arange(N)], saved[name], "oracle", name=name)

    d_last = tuple(saved[name] for name in ("dh_T", "dc_T") if name in saved)
    gradients = backward(case, a, Cotangents(saved["dh"], d_last), lengths)
    assert set(gradients) == set(a)
    for name, gradient in gradients.items():
        assert_close(gradient, saved[f"d{name}"], "oracle", name=name)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    ("name", "target", "options"),
    [
        ("mean_squared_error", "y", {}),
        ("mean_absolute_error", "y", {}),
        ("huber", "y", {"delta": 1.5}),
        ("binary_cross_entropy", "probabilities", {}),
        ("categorical_cross_entropy", "labels", {}),
        ("categorical_cross_entropy", "rows", {}),
    ],
)
def test_loss(name: str, target: str, options: dict[str, float], reduction: str) -> None:
    saved = oracle("losses")
    loss, do = getattr(reference, name)(saved["o"], saved[target], reduction=reduction, **options)
    key = f"{name}-{target}" if name.startswith("categorical") else name
    assert_close(loss, saved[f"{key}/{reduction}/loss"], "oracle")
    assert_close(do, saved[f"{key}/{reduction}/do"], "oracle")


@pytest.mark.parametrize(
    ("name", "function", "vectors", "options"),
    [
        ("sgd", "sgd_step", 1, {}),
        ("sgd-momentum", "sgd_step", 1, {"momentum": 0.8, "weight_decay": 0.05}),
        ("sgd-nesterov", "sgd_step", 1, {"momentum": 0.8, "nesterov": True}),
        ("rmsprop", "rmsprop_step", 1, {"decay": 0.9, "epsilon": 1e-3}),
        ("adam", "adam_step", 2, {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}),
        ("adamw", "adam_step", 2, {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3, "weight_decay": 0.05}),
    ],
)
def test_optimizer_trajectory(name: str, function: str, vectors: int, options: dict[str, float]) -> None:
    saved = oracle("optimizers")
    theta = saved["theta"].copy()
    moments = [np.zeros_like(theta) for _ in range(vectors)]
    for step, (gradient, expected) in enumerate(zip(saved["gradients"], saved[name], strict=True), start=1):
        count = {"step": step} if function == "adam_step" else {}
        getattr(reference, function)(theta, gradient, *moments, **count, learning_rate=0.1, **options)
        assert_close(theta, expected, "oracle", name=f"step {step}")


def test_clipping_by_norm() -> None:
    saved = oracle("optimizers")
    gradient = saved["gradients"][0].copy()
    assert_close(reference.clip_by_norm(gradient, 0.7), saved["clip_norm"], "oracle")
    # PyTorch divides by norm + 1e-6, which keeps the clipped norm a millionth below the limit; ours is the limit.
    assert_close(gradient, saved["clipped"] * (saved["clip_norm"] + 1e-6) / saved["clip_norm"], "oracle")
