"""Native gradients against central differences of order 4 through the native forward functions, in float64."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from covering import covering
from elman import engine
from elman.reference import numerical_gradient
from kernels.calls import CASES, Problem, backward, forward
from kernels.levels import on_level
from reference.cases import Arrays, Cotangents
from tolerances import assert_close

ARRIVING = ("outputs and last", "outputs", "last")
PROBLEMS = covering({problem: problem for problem in product(CASES, ("whole", "ragged"), (False, True), ARRIVING)})
BEST = engine.isa_levels()[-1]
ELEMENTWISE = {
    "half_squared_error": {},
    "mean_squared_error": {},
    "mean_absolute_error": {},
    "huber": {"delta": 1.0},
    "pinball": {"quantile": 0.3},
    "binary_cross_entropy": {},
}


def objective(case: str, a: Arrays, cotangents: Cotangents, lengths: Any, mask: Any) -> float:
    """Return the number whose gradient `backward` computes: the states, each times its cotangent."""
    states = forward(engine, case, a, lengths, mask)
    T, N, _ = a["x"].shape
    last = np.full(N, T) if lengths is None else lengths
    total = 0.0
    if cotangents.dh is not None:
        inside = np.arange(T)[:, np.newaxis] < last
        total += (cotangents.dh * states["h"][1:])[inside].sum()
    for name, d_last in zip(("h", "c"), cotangents.d_last, strict=False):
        if d_last is not None:
            total += (d_last * states[name][last, np.arange(N)]).sum()
    return float(total)


def away_from_kinks(case: str, *shape: int) -> Problem:
    """Return a problem whose pre-activations stay clear of ReLU's kink, masked or not, most of them above it."""
    for seed in range(10_000):
        problem = Problem(case, "float64", *shape, seed=seed)
        if case == "rnn-relu":
            problem.a["b"] += 0.7
        if case != "rnn-relu" or min(nearest_kink(problem.a, mask) for mask in (None, problem.mask)) > 0.01:
            return problem
    raise AssertionError("no seed keeps away from the kink")


def nearest_kink(a: Arrays, mask: np.ndarray | None) -> float:
    h = forward(engine, "rnn-relu", a, None, mask)["h"][:-1]
    return float(np.abs(a["x"] @ a["W_x"] + (h if mask is None else h * mask) @ a["W_h"] + a["b"]).min())


def check(problem: Problem, ragged: bool, masked: bool, arriving: str) -> None:
    case, a = problem.case, problem.a
    lengths, mask = problem.lengths if ragged else None, problem.mask if masked else None
    last = problem.last if "last" in arriving else (None,) * len(problem.last)
    cotangents = Cotangents(problem.dh if "outputs" in arriving else None, last)
    gradients = backward(engine, case, a, forward(engine, case, a, lengths, mask), cotangents, lengths, mask)
    assert set(gradients) == {f"d{name}" for name in a}
    for name in a:
        expected = numerical_gradient(
            lambda value, name=name: objective(case, {**a, name: value}, cotangents, lengths, mask), a[name]
        )
        assert np.abs(expected).max() > 1e-4, f"{name} has no influence: the check could not fail"
        assert_close(gradients[f"d{name}"], expected, "gradient check", name=f"{case} d{name}")


@pytest.mark.parametrize(("case", "way", "masked", "arriving"), PROBLEMS)
def test_every_argument_of_every_cell(case: str, way: str, masked: bool, arriving: str) -> None:
    with on_level(BEST):
        check(away_from_kinks(case, 4, 3, 2, 3), way == "ragged", masked, arriving)


@pytest.mark.parametrize("case", CASES)
def test_on_every_level_with_units_beyond_a_vector(isa: str, case: str) -> None:
    check(away_from_kinks(case, 2, 3, 2, 9), True, True, "outputs and last")


def against_differences(f: Callable[[np.ndarray], float], x: np.ndarray, gradient: np.ndarray, name: str) -> None:
    expected = numerical_gradient(f, x)
    assert np.abs(expected).max() > 1e-3, f"{name} has no influence: the check could not fail"
    assert_close(gradient, expected, "gradient check", name=name)


def test_dense(isa: str) -> None:
    rng = np.random.default_rng(1)
    a = {"h": rng.normal(size=(2, 3, 9)), "W_y": rng.normal(size=(9, 5)), "b_y": rng.normal(size=5)}
    do = rng.normal(size=(2, 3, 5))
    gradients = engine.dense_backward(do, a["h"], a["W_y"])._asdict()
    for name in a:
        against_differences(
            lambda value, name=name: float((do * engine.dense_forward(**{**a, name: value})).sum()),
            a[name],
            gradients[f"d{name}"],
            name,
        )


def test_dense_cross_entropy(isa: str) -> None:
    rng = np.random.default_rng(1)
    a = {"h": rng.normal(size=(2, 3, 9)), "W_y": rng.normal(size=(9, 5)), "b_y": rng.normal(size=5)}
    more = {"y": rng.integers(0, 5, (2, 3)), "weight": rng.random((2, 3))}
    gradients = engine.dense_cross_entropy(**a, **more)[1]._asdict()
    for name in a:
        against_differences(
            lambda value, name=name: engine.dense_cross_entropy(**{**a, name: value}, **more)[0],
            a[name],
            gradients[f"d{name}"],
            name,
        )


@pytest.mark.parametrize("activation", ["identity", "tanh", "relu", "sigmoid", "softmax", "log_softmax"])
def test_activations(isa: str, activation: str) -> None:
    rng = np.random.default_rng(2)
    o, dy = rng.normal(size=(3, 11)), rng.normal(size=(3, 11))
    o += np.copysign(0.1, o)  # away from ReLU's kink
    do = engine.activation_backward(dy, engine.activation_forward(o, activation), activation)
    against_differences(lambda v: float((dy * engine.activation_forward(v, activation)).sum()), o, do, activation)


def test_embedding(isa: str) -> None:
    rng = np.random.default_rng(3)
    E, indices, dx = rng.normal(size=(4, 5)), rng.integers(0, 4, (2, 7)), rng.normal(size=(2, 7, 5))
    dE = engine.embedding_backward(dx, indices, 4)
    against_differences(lambda v: float((dx * engine.embedding_forward(indices, v)).sum()), E, dE, "E")


@pytest.mark.parametrize("weights", [None, (3,), (3, 11)], ids=["no weights", "per row", "per component"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_losses(isa: str, name: str, reduction: str, weights: tuple[int, ...] | None) -> None:
    rng = np.random.default_rng(4)
    o = rng.normal(size=(3, 11))
    if name == "binary_cross_entropy":
        y = rng.random((3, 11))
    else:  # errors between 0.1 and 0.9 or 1.1 and 1.9 either side: away from 0 and from Huber's delta
        y = o + rng.choice([-1, 1], o.shape) * (rng.integers(0, 2, o.shape) + rng.uniform(0.1, 0.9, o.shape))
    weight = None if weights is None else rng.random(weights)
    options = {"weight": weight, "reduction": reduction, **ELEMENTWISE[name]}
    loss = getattr(engine, name)
    against_differences(lambda v: loss(v, y, **options)[0], o, loss(o, y, **options)[1], name)


@pytest.mark.parametrize("weights", [None, (3,)], ids=["no weights", "per row"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("target", ["labels", "rows"])
def test_categorical_cross_entropy(isa: str, target: str, reduction: str, weights: tuple[int, ...] | None) -> None:
    rng = np.random.default_rng(5)
    o = rng.normal(size=(3, 11))
    y = rng.integers(0, 11, 3) if target == "labels" else rng.random((3, 11))
    weight = None if weights is None else rng.random(weights)
    loss, options = engine.categorical_cross_entropy, {"weight": weight, "reduction": reduction}
    against_differences(lambda v: loss(v, y, **options)[0], o, loss(o, y, **options)[1], target)
