"""Every cell, variant and argument against central differences of order 4, in float64, with random cotangents."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from covering import covering
from elman.reference import numerical_gradient
from reference.cases import (
    CASES,
    Arrays,
    Cotangents,
    arguments,
    backward,
    forward,
    objective,
    random_cotangents,
    random_mask,
)
from tolerances import assert_close

T, N, D, H = 4, 3, 2, 3
LENGTHS = {"whole": None, "ragged": [4, 0, 2]}
COTANGENTS = ("outputs and last", "outputs", "last")
PROBLEMS = covering({problem: problem for problem in product(CASES, LENGTHS, (False, True), COTANGENTS)})


def pre_activations(a: Arrays, h: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    return a["x"] @ a["W_x"] + (h[:-1] * (1.0 if mask is None else mask)) @ a["W_h"] + a["b"]


def away_from_kinks(case: str, mask: np.ndarray | None) -> Arrays:
    """Return arguments whose pre-activations stay clear of ReLU's kink."""
    for seed in range(1000):
        a = arguments(case, np.random.default_rng(seed), T, N, D, H)
        if case != "rnn-relu" or np.abs(pre_activations(a, forward(case, a, None, mask)[0], mask)).min() > 0.03:
            return a
    raise AssertionError("no seed keeps away from the kink")


@pytest.mark.parametrize(("case", "way", "masked", "which"), PROBLEMS)
def test_gradient_of_every_argument(case: str, way: str, masked: bool, which: str) -> None:
    rng, lengths = np.random.default_rng(1), LENGTHS[way]
    mask = random_mask(rng, N, H) if masked else None
    dh, d_last = random_cotangents(case, rng, T, N, H)
    a = away_from_kinks(case, mask)
    cotangents = Cotangents(dh if "outputs" in which else None, d_last if "last" in which else (None,) * len(d_last))

    gradients = backward(case, a, cotangents, lengths, mask)

    assert set(gradients) == set(a)
    for name in a:
        expected = numerical_gradient(
            lambda value, name=name: objective(case, {**a, name: value}, cotangents, lengths, mask), a[name]
        )
        assert np.abs(expected).max() > 1e-3, f"{name} has no influence: the check could not fail"
        assert_close(gradients[name], expected, "gradient check", name=name)


@pytest.mark.parametrize("case", ["lstm", "lstm-peepholes"])
def test_one_of_the_two_last_adjoints_may_be_missing(case: str) -> None:
    rng = np.random.default_rng(2)
    a = arguments(case, rng, T, N, D, H)
    _, (_, dc_T) = random_cotangents(case, rng, T, N, H)
    cotangents = Cotangents(None, (None, dc_T))
    expected = numerical_gradient(lambda c_0: objective(case, {**a, "c_0": c_0}, cotangents), a["c_0"])
    assert_close(backward(case, a, cotangents)["c_0"], expected, "gradient check")


def test_numerical_gradient_is_of_order_four() -> None:
    """Halving the step divides the error by 16; polynomials of degree 4 are exact."""
    x = np.array([0.7, -0.3])
    errors = [
        np.abs(numerical_gradient(lambda v: float(np.exp(v).sum()), x, step) - np.exp(x)).max() for step in (0.2, 0.1)
    ]
    assert 15 < errors[0] / errors[1] < 17
    assert_close(numerical_gradient(lambda v: float((v**4).sum()), x, 0.5), 4 * x**3, "same sums")


def test_numerical_gradient_leaves_its_argument_alone() -> None:
    x = np.array([[1.0, 2.0]])
    gradient = numerical_gradient(lambda v: float(v[0, 0] * v[0, 1]), x)
    assert gradient.shape == (1, 2)
    np.testing.assert_array_equal(x, [[1.0, 2.0]])
