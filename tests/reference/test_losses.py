"""Losses: literal values, derivatives against differences, weights, and the separate derivatives of the exercises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from elman import reference
from elman.reference import (
    activation_backward,
    activation_forward,
    binary_cross_entropy,
    binary_cross_entropy_derivative,
    categorical_cross_entropy,
    cross_entropy_derivative,
    half_squared_error,
    huber,
    mean_absolute_error,
    mean_squared_error,
    numerical_gradient,
    pinball,
    sigmoid,
    sigmoid_derivative,
    softmax,
    softmax_jacobian,
)
from tolerances import assert_close

Loss = Callable[..., tuple[float, np.ndarray]]
ELEMENTWISE = {
    "half_squared_error": {},
    "mean_squared_error": {},
    "mean_absolute_error": {},
    "huber": {"delta": 0.5},
    "pinball": {"quantile": 0.3},
    "binary_cross_entropy": {},
}
OUTPUTS = np.array([[[2.0, -1.0], [0.5, 4.0]]])  # (T, N, K) = (1, 2, 2)
TARGETS = np.array([[[1.0, 1.0], [0.0, 0.0]]])  # errors 1, -2, 0.5, 4


@pytest.mark.parametrize(
    ("name", "options", "total", "do"),
    [
        ("half_squared_error", {}, (1 + 4 + 0.25 + 16) / 2, [[[1, -2], [0.5, 4]]]),
        ("mean_squared_error", {}, 1 + 4 + 0.25 + 16, [[[2, -4], [1, 8]]]),
        ("mean_absolute_error", {}, 1 + 2 + 0.5 + 4, [[[1, -1], [1, 1]]]),
        ("huber", {"delta": 1.5}, 0.5 + 1.5 * 1.25 + 0.125 + 1.5 * 3.25, [[[1, -1.5], [0.5, 1.5]]]),
        ("pinball", {"quantile": 0.25}, 0.75 * 1 + 0.25 * 2 + 0.75 * 0.5 + 0.75 * 4, [[[0.75, -0.25], [0.75, 0.75]]]),
    ],
)
def test_literals(name: str, options: dict[str, float], total: float, do: list[object]) -> None:
    function: Loss = getattr(reference, name)
    loss, gradient = function(OUTPUTS, TARGETS, reduction="sum", **options)
    assert loss == total
    np.testing.assert_array_equal(gradient, do)
    loss, gradient = function(OUTPUTS, TARGETS, **options)  # the mean over all four components
    assert loss == total / 4
    np.testing.assert_array_equal(gradient, np.array(do) / 4)
    # One weight per row: 3 for the first, 1 for the second; counted once per component they add up to 8.
    by_row = function(OUTPUTS, TARGETS, [[3.0, 1.0]], **options)
    by_component = function(OUTPUTS, TARGETS, [[[3.0, 3.0], [1.0, 1.0]]], **options)
    assert by_row[0] == by_component[0]
    assert_close(by_row[1], np.array(do) * [[[3], [1]]] / 8, "same sums")
    np.testing.assert_array_equal(by_row[1], by_component[1])


def test_cross_entropy_literals() -> None:
    ln = np.log
    loss, do = binary_cross_entropy([[ln(3.0)]], [[1.0]])  # σ(ln 3) = 3/4
    assert loss == pytest.approx(ln(4 / 3), rel=1e-15)
    np.testing.assert_allclose(do, [[-0.25]], rtol=1e-15)
    o = np.log([[1.0, 2.0, 5.0], [2.0, 2.0, 4.0]])  # rows of probabilities /8
    loss, do = categorical_cross_entropy(o, [2, 0], reduction="sum")
    assert loss == pytest.approx(ln(8 / 5) + ln(8 / 2), rel=1e-15)
    np.testing.assert_allclose(do, np.array([[1, 2, -3], [-6, 2, 4]]) / 8, rtol=1e-14)
    loss, do = categorical_cross_entropy(o, [2, 0], weight=[1.0, 3.0])  # a mean over rows, weights 1 and 3
    assert loss == pytest.approx((ln(8 / 5) + 3 * ln(4)) / 4, rel=1e-15)
    np.testing.assert_allclose(do, np.array([[1, 2, -3], [-18, 6, 12]]) / 32, rtol=1e-14)


def test_target_rows_need_not_add_up_to_one() -> None:
    o = np.log([1.0, 3.0])
    loss, do = categorical_cross_entropy(o, [1.0, 1.0])
    assert loss == pytest.approx(np.log(4) + np.log(4 / 3), rel=1e-15)
    np.testing.assert_allclose(do, [2 * 0.25 - 1, 2 * 0.75 - 1], rtol=1e-14)


def test_no_logit_is_too_large() -> None:
    assert binary_cross_entropy([[1e4, -1e4]], [[1.0, 0.0]])[0] == 0.0
    assert binary_cross_entropy([[1e4, -1e4]], [[0.0, 1.0]])[0] == 1e4
    assert categorical_cross_entropy([[1e4, 0.0]], [0])[0] == 0.0
    assert categorical_cross_entropy([[1e4, 0.0]], [1])[0] == 1e4
    assert binary_cross_entropy([[40.0]], [[1.0]])[0] == pytest.approx(np.exp(-40.0), rel=1e-12, abs=0)
    loss, do = categorical_cross_entropy([[-np.inf, 0.0]], [1])  # a class ruled out beforehand
    assert loss == 0.0
    np.testing.assert_array_equal(do, [[0.0, 0.0]])


def test_output_activations_do_not_overflow() -> None:
    np.testing.assert_array_equal(activation_forward([1e4, -1e4, 1e4], "softmax"), [0.5, 0.0, 0.5])
    half = np.log(0.5)
    np.testing.assert_array_equal(activation_forward([1e4, -1e4, 1e4], "log_softmax"), [half, half - 2e4, half])
    np.testing.assert_array_equal(activation_forward([1e4, -1e4], "sigmoid"), [1.0, 0.0])
    assert sigmoid(-40.0) == pytest.approx(np.exp(-40.0), rel=1e-12, abs=0)  # and keep their small values


def targets_away_from_kinks(rng: np.random.Generator, o: np.ndarray, name: str) -> np.ndarray:
    """Return targets whose errors are between 0.1 and 0.4 or between 0.6 and 2, of either sign."""
    if name == "binary_cross_entropy":
        return rng.random(o.shape)
    size = np.where(rng.random(o.shape) < 0.5, rng.uniform(0.1, 0.4, o.shape), rng.uniform(0.6, 2.0, o.shape))
    return o + size * rng.choice([-1.0, 1.0], o.shape)


@pytest.mark.parametrize("weights", ["none", "rows", "components"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivative(name: str, reduction: str, weights: str) -> None:
    rng = np.random.default_rng(11)
    o = rng.normal(size=(3, 2, 4))
    y = targets_away_from_kinks(rng, o, name)
    weight = {"none": None, "rows": rng.random((3, 2)), "components": rng.random((3, 2, 4))}[weights]
    if weight is not None:
        weight[1, 0] = 0.0
    function: Loss = getattr(reference, name)

    def value(o: np.ndarray) -> float:
        return function(o, y, weight, reduction, **ELEMENTWISE[name])[0]

    _, do = function(o, y, weight, reduction, **ELEMENTWISE[name])
    assert_close(do, numerical_gradient(value, o), "gradient check")


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("target", ["labels", "rows"])
def test_categorical_derivative(target: str, reduction: str, weighted: bool) -> None:
    rng = np.random.default_rng(12)
    o = rng.normal(size=(3, 2, 4))
    y = rng.integers(0, 4, (3, 2)) if target == "labels" else rng.random((3, 2, 4))
    weight = rng.random((3, 2)) if weighted else None
    _, do = categorical_cross_entropy(o, y, weight, reduction)
    expected = numerical_gradient(lambda o: categorical_cross_entropy(o, y, weight, reduction)[0], o)
    assert_close(do, expected, "gradient check")


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", [*ELEMENTWISE, "categorical_cross_entropy"])
def test_weight_zero_is_not_looked_at(name: str, reduction: str) -> None:
    rng = np.random.default_rng(13)
    o, y, weight = rng.normal(size=(2, 3, 2)), rng.random((2, 3, 2)), np.array([[1.0, 2.0, 0.0], [0.0, 3.0, 0.0]])
    function: Loss = getattr(reference, name)
    seen = weight > 0
    expected, d_expected = function(o[seen], y[seen], weight[seen], reduction)
    o[~seen] = np.nan
    y[~seen] = np.nan
    loss, do = function(o, y, weight, reduction)
    assert_close(loss, expected, "same sums")
    assert_close(do[seen], d_expected, "same sums")
    assert not do[~seen].any()

    loss, do = function(o, y, np.zeros((2, 3)), reduction)
    assert loss == 0.0
    assert not do.any()
    loss, do = function(np.zeros((0, 3, 2)), np.zeros((0, 3, 2)), None, reduction)  # nothing at all
    assert (loss, do.shape) == (0.0, (0, 3, 2))


def test_kinks_have_derivative_zero() -> None:
    for function in (mean_absolute_error, pinball, huber, half_squared_error):
        np.testing.assert_array_equal(function([[1.0]], [[1.0]])[1], [[0.0]])


def test_nan_is_never_hidden() -> None:
    for name in [*ELEMENTWISE, "categorical_cross_entropy"]:
        loss, do = getattr(reference, name)([[np.nan, 1.0]], [[0.5, 0.5]])
        assert np.isnan(loss)
        assert np.isnan(do[0, 0])


def test_separate_derivatives() -> None:
    rng = np.random.default_rng(14)
    z, y, p = rng.normal(size=4), rng.random(4), rng.uniform(0.2, 0.8, 4)
    assert_close(sigmoid_derivative(z), numerical_gradient(lambda v: sigmoid(v).sum(), z), "gradient check")
    columns = [numerical_gradient(lambda v, j=j: softmax(v)[j], z) for j in range(4)]
    assert_close(softmax_jacobian(z), columns, "gradient check")
    cross_entropy = numerical_gradient(lambda v: -(y * np.log(v)).sum(), p)
    assert_close(cross_entropy_derivative(p, y), cross_entropy, "gradient check")
    binary = numerical_gradient(lambda v: -(y * np.log(v) + (1 - y) * np.log(1 - v)).sum(), p)
    assert_close(binary_cross_entropy_derivative(p, y), binary, "gradient check")


def test_separate_derivatives_multiply_to_the_losses() -> None:
    rng = np.random.default_rng(15)
    z, y = rng.normal(size=(5, 3)), rng.random((5, 3))
    chained = np.einsum("nj,njk->nk", cross_entropy_derivative(softmax(z), y), softmax_jacobian(z))
    assert_close(chained, categorical_cross_entropy(z, y, reduction="sum")[1], "same sums")
    chained = binary_cross_entropy_derivative(sigmoid(z), y) * sigmoid_derivative(z)
    assert_close(chained, binary_cross_entropy(z, y, reduction="sum")[1], "same sums")


@pytest.mark.parametrize("activation", ["identity", "tanh", "relu", "sigmoid", "softmax", "log_softmax"])
def test_output_activation(activation: str) -> None:
    rng = np.random.default_rng(16)
    o, dy = rng.normal(size=(3, 2, 4)), rng.normal(size=(3, 2, 4))
    o += np.sign(o) * 0.05  # away from ReLU's kink
    y = activation_forward(o, activation)
    expected = {
        "identity": lambda o: o,
        "tanh": np.tanh,
        "relu": lambda o: o * (o > 0),
        "sigmoid": lambda o: 1 / (1 + np.exp(-o)),
        "softmax": lambda o: np.exp(o) / np.exp(o).sum(axis=-1, keepdims=True),
        "log_softmax": lambda o: o - np.log(np.exp(o).sum(axis=-1, keepdims=True)),
    }[activation](o)
    assert_close(y, expected, "same sums")
    do = numerical_gradient(lambda o: (dy * activation_forward(o, activation)).sum(), o)
    assert_close(activation_backward(dy, y, activation), do, "gradient check")


def test_any_other_pairing_goes_through_the_output() -> None:
    """Squared error behind a sigmoid: do = ∂L/∂ŷ ⊙ g′."""
    rng = np.random.default_rng(17)
    o, y = rng.normal(size=(2, 3)), rng.random((2, 3))
    y_hat = activation_forward(o, "sigmoid")
    _, dy = mean_squared_error(y_hat, y)
    expected = numerical_gradient(lambda o: mean_squared_error(sigmoid(o), y)[0], o)
    assert_close(activation_backward(dy, y_hat, "sigmoid"), expected, "gradient check")
    assert half_squared_error(y_hat, y)[0] == pytest.approx(mean_squared_error(y_hat, y)[0] / 2)
