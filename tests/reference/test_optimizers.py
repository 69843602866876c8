"""Optimizer steps worked by hand with round numbers, and clipping."""

from __future__ import annotations

import numpy as np
import pytest

from elman.reference import adam_step, clip_by_norm, clip_by_value, rmsprop_step, sgd_step
from tolerances import assert_close


def vector(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def test_plain_gradient_descent() -> None:
    theta, velocity = vector(1.0, -2.0), vector(0.0, 0.0)
    sgd_step(theta, [0.5, 4.0], velocity, 0.25)
    np.testing.assert_array_equal(theta, [0.875, -3.0])


def test_momentum_for_two_steps() -> None:
    theta, velocity = vector(1.0), vector(0.0)
    sgd_step(theta, [2.0], velocity, 0.25, momentum=0.5)  # v = 2, θ = 1 − 0.5
    sgd_step(theta, [1.0], velocity, 0.25, momentum=0.5)  # v = 1 + 1, θ = 0.5 − 0.5
    np.testing.assert_array_equal((velocity, theta), [[2.0], [0.0]])


def test_nesterov_for_two_steps() -> None:
    theta, velocity = vector(1.0), vector(0.0)
    sgd_step(theta, [2.0], velocity, 0.25, momentum=0.5, nesterov=True)  # v = 2, θ = 1 − 0.25 (2 + 1)
    sgd_step(theta, [1.0], velocity, 0.25, momentum=0.5, nesterov=True)  # v = 2, θ = 0.25 − 0.25 (1 + 1)
    np.testing.assert_array_equal((velocity, theta), [[2.0], [-0.25]])


def test_weight_decay_of_gradient_descent_goes_through_the_velocity() -> None:
    theta, velocity = vector(4.0), vector(2.0)
    sgd_step(theta, [1.0], velocity, 0.125, momentum=0.5, weight_decay=0.25)  # g = 1 + 1, v = 1 + 2, θ = 4 − 0.375
    np.testing.assert_array_equal((velocity, theta), [[3.0], [3.625]])


def test_rmsprop_for_two_steps() -> None:
    theta, square = vector(1.0), vector(0.0)
    rmsprop_step(theta, [4.0], square, 0.5, decay=0.75, epsilon=2.0)  # s = 4, θ = 1 − 2 / (2 + 2)
    np.testing.assert_array_equal((square, theta), [[4.0], [0.5]])
    rmsprop_step(theta, [-2.0], square, 0.5, decay=0.5, epsilon=2.0)  # s = 2 + 2, θ = 0.5 + 1 / (2 + 2)
    np.testing.assert_array_equal((square, theta), [[4.0], [0.75]])


def test_adam_for_two_steps() -> None:
    theta, m, v = vector(1.0), vector(0.0), vector(0.0)
    adam_step(theta, [2.0], m, v, 1, 0.5, beta_1=0.5, beta_2=0.75, epsilon=2.0)  # m̂ = 2, v̂ = 4, θ = 1 − 1 / (2 + 2)
    np.testing.assert_array_equal((m, v, theta), [[1.0], [1.0], [0.75]])
    adam_step(theta, [5.0], m, v, 2, 0.5, beta_1=0.5, beta_2=0.75, epsilon=2.0)
    np.testing.assert_array_equal((m, v), [[3.0], [7.0]])  # m̂ = 3 / (3/4) = 4, v̂ = 7 / (7/16) = 16
    assert_close(theta, [0.75 - 2 / (4 + 2)], "optimizer step")


def test_decay_of_adamw_stays_out_of_the_moments() -> None:
    theta, m, v = vector(8.0), vector(0.0), vector(0.0)
    adam_step(theta, [2.0], m, v, 1, 0.5, beta_1=0.5, beta_2=0.75, epsilon=2.0, weight_decay=0.25)  # 8 − 1 − 1/4
    np.testing.assert_array_equal((m, v, theta), [[1.0], [1.0], [6.75]])


def test_gradients_are_left_alone_and_no_parameters_are_fine() -> None:
    gradient = vector(1.0, 2.0)
    gradient.setflags(write=False)
    sgd_step(vector(0.0, 0.0), gradient, vector(0.0, 0.0), 0.1, momentum=0.9, weight_decay=0.1)
    adam_step(vector(), [], vector(), vector(), 1, 0.1)
    assert clip_by_norm(vector(), 1.0) == 0.0


def test_a_step_clips_the_gradient_it_reads() -> None:
    gradient = vector(6.0, -8.0)
    theta, velocity = vector(1.0, 1.0), vector(0.0, 0.0)
    assert sgd_step(theta, gradient, velocity, 0.5, max_norm=5.0) == 10.0  # g = (3, −4)
    np.testing.assert_array_equal((theta, velocity), [[-0.5, 3.0], [3.0, -4.0]])
    theta, square = vector(4.0, 4.0), vector(0.0, 0.0)
    assert rmsprop_step(theta, gradient, square, 1.0, decay=0.75, epsilon=0.5, max_norm=5.0) == 10.0
    np.testing.assert_array_equal((theta, square), [[2.5, 5.6], [2.25, 4.0]])  # 3 / (1.5 + 0.5), 4 / (2 + 0.5)
    theta, m, v = vector(8.0, 8.0), vector(0.0, 0.0), vector(0.0, 0.0)
    assert adam_step(theta, gradient, m, v, 1, 0.5, beta_1=0.5, beta_2=0.75, epsilon=1.0, max_norm=5.0) == 10.0
    np.testing.assert_array_equal((m, v, theta), [[1.5, -2.0], [2.25, 4.0], [7.625, 8.4]])  # m̂ = g, v̂ = g²
    np.testing.assert_array_equal(gradient, [6.0, -8.0])


@pytest.mark.parametrize(
    ("max_norm", "expected"), [(5.0, [3.0, -4.0]), (10.0, [6.0, -8.0]), (11.0, [6.0, -8.0]), (np.inf, [6.0, -8.0])]
)
def test_clip_by_norm(max_norm: float, expected: list[float]) -> None:
    gradient = vector(6.0, -8.0)
    assert clip_by_norm(gradient, max_norm) == 10.0
    np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_reported_not_hidden(bad: float) -> None:
    gradient = vector(1.0, bad)
    assert not np.isfinite(clip_by_norm(gradient, 1.0))
    np.testing.assert_array_equal(gradient, [1.0, bad])


def test_clip_by_value() -> None:
    gradient = vector(-6.0, 0.5, 2.0, np.nan)
    assert clip_by_value(gradient, 2.0) is None
    np.testing.assert_array_equal(gradient, [-2.0, 0.5, 2.0, np.nan])
