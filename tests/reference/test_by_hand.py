"""The lecture notes' own examples: literal numbers, and equations written out by hand beside the library's."""

from __future__ import annotations

import numpy as np
import pytest

from elman.reference import (
    categorical_cross_entropy,
    cross_entropy_derivative,
    dense_backward,
    dense_forward,
    half_squared_error,
    mean_squared_error,
    rnn_backward,
    rnn_forward,
    softmax,
    softmax_jacobian,
)
from tolerances import assert_close

# --- Note D: one tanh unit learns to sum three rows of three numbers ---

X = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]).T[:, :, np.newaxis]  # rows are examples: (T, N, 1)
Y = np.array([[1.0], [2.0], [3.0]])
ONE, H_0 = np.ones((1, 1)), np.zeros((3, 1))
PRINTED = 5e-5  # half a unit of the last digit of what is printed with four decimals


def sum_network(
    activation: str, backward_activation: str, depth: int | None = None
) -> tuple[np.ndarray, float, float, float]:
    """Return h, the loss and its derivatives by w_x and w_a; only the last step has an output."""
    h = rnn_forward(X, H_0, ONE, ONE, activation=activation)
    loss, dh_3 = mean_squared_error(h[3], Y)
    dh = np.concatenate([np.zeros((2, 3, 1)), dh_3[np.newaxis]])
    g = rnn_backward(dh, X, h, ONE, ONE, backward_activation, bptt_depth=depth)
    return h, loss, float(g.dW_x[0, 0]), float(g.dW_h[0, 0])


def by_step(activation: str, backward_activation: str) -> tuple[list[float], list[float]]:
    """Return the shares of steps 3, 2, 1 in both derivatives: the part of each further step of depth."""
    by_depth = [sum_network(activation, backward_activation, depth)[2:] for depth in (1, 2, 3)]
    shares = np.diff(np.array([(0.0, 0.0), *by_depth]), axis=0)
    return shares[:, 0].tolist(), shares[:, 1].tolist()


def test_d_forward_and_loss() -> None:
    h, loss, _, _ = sum_network("tanh", "tanh")
    rows = [[0.7616, 0.6420, 0.5663], [0.0, 0.7616, 0.9427], [0.7616, 0.9427, 0.9597]]
    np.testing.assert_allclose(h[1:, :, 0].T, rows, rtol=0, atol=PRINTED)
    assert loss == pytest.approx(1.8229, abs=PRINTED)


def test_d_exact_gradients_split_by_step() -> None:
    _, _, dw_x, dw_a = sum_network("tanh", "tanh")
    assert dw_x == pytest.approx(-0.284214, abs=5e-7)
    assert dw_a == pytest.approx(-0.384079, abs=5e-7)
    shares_x, shares_a = by_step("tanh", "tanh")
    np.testing.assert_allclose(shares_x, [-0.185791, -0.044912, -0.053511], rtol=0, atol=5e-7)
    np.testing.assert_allclose(shares_a, [-0.287041, -0.097038, 0.0], rtol=0, atol=5e-7)
    assert sum(shares_x) == pytest.approx(dw_x, rel=1e-12)
    assert sum(shares_a) == pytest.approx(dw_a, rel=1e-12)


def test_d_mixture_of_tanh_forward_and_linear_backward() -> None:
    """What the note itself computes: (a), (c), (e) by w_x and (b), (d), (f) by w_a, for steps 3, 2, 1."""
    shares_x, shares_a = by_step("tanh", "identity")
    np.testing.assert_allclose(shares_x, [-2.0650, -2.0650, -1.6493], rtol=0, atol=PRINTED)  # (a) (c) (e)
    np.testing.assert_allclose(shares_a, [-2.0047, -1.2561, 0.0], rtol=0, atol=PRINTED)  # (b) (d) (f)

    # The terms as the note writes them, with the activations that its formulas name.
    h = sum_network("tanh", "identity")[0][:, :, 0]
    x = X[:, :, 0]
    d = 2 / 3 * (h[3] - Y[:, 0])
    assert (d * h[3]).sum() == pytest.approx(-2.1336, abs=PRINTED)  # (b) with a<3>
    assert (d * h[2]).sum() == pytest.approx(-2.0047, abs=PRINTED)  # (d) with a<2>
    assert (d * h[2] * x[0]).sum() == pytest.approx(-1.4678, abs=PRINTED)  # (e) with w_a a<2>
    assert pytest.approx(-1.36, abs=5e-3) == 2 / 3 * (0.96 - 3)  # (a) as written: the third row alone


def test_d_identity_sums_exactly() -> None:
    h, loss, dw_x, dw_a = sum_network("identity", "identity")
    np.testing.assert_array_equal(h[3], Y)
    assert (loss, dw_x, dw_a) == (0.0, 0.0, 0.0)


def test_d_a_tanh_unit_cannot_sum() -> None:
    """Outputs stay below 1, so the loss stays above (0 + 1 + 4) / 3, however large the weights."""
    for w in (0.5, 1.0, 3.0, 10.0):
        h = rnn_forward(X, H_0, w * ONE, w * ONE)
        assert mean_squared_error(h[3], Y)[0] >= 5 / 3


# --- Note A: a sigmoid network without biases over windows of T values, one-step gradients ---


def note_a_windows() -> tuple[np.ndarray, np.ndarray]:
    """Return the windows (steps, T) and targets (steps, K) of a series of 9 values: n - T - K + 1 of them."""
    series = np.array([0.1, 0.4, 0.2, 0.9, 0.5, 0.3, 0.8, 0.6, 0.7])
    T, K = 3, 2
    steps = len(series) - T - K + 1
    return np.array([series[t : t + T] for t in range(steps)]), np.array(
        [series[t + T : t + T + K] for t in range(steps)]
    )


def sigma(z: float) -> float:
    return 1.0 / (1.0 + np.exp(-z))


def note_a_longhand(W: np.ndarray, U: np.ndarray, V: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """Return the loss and dL/dW, dL/dU, dL/dV by component, for the note's columns W (J, J), U (J, T), V (K, J)."""
    windows, targets = note_a_windows()
    (J, T), K = U.shape, len(V)
    dW, dU, dV, loss = np.zeros((J, J)), np.zeros((J, T)), np.zeros((K, J)), 0.0
    before = [0.0] * J
    for x, y in zip(windows, targets, strict=True):
        h = [
            sigma(sum(U[j, i] * x[i] for i in range(T)) + sum(W[j, i] * before[i] for i in range(J))) for j in range(J)
        ]
        e = [sum(V[k, j] * h[j] for j in range(J)) - y[k] for k in range(K)]
        loss += sum(0.5 * e_k**2 for e_k in e)
        for j in range(J):
            delta = sum(e[k] * V[k, j] for k in range(K)) * h[j] * (1 - h[j])
            for k in range(K):
                dV[k, j] += e[k] * h[j]
            for i in range(T):
                dU[j, i] += delta * x[i]
            for other in range(J):
                dW[j, other] += delta * before[other]  # the state before is held constant
        before = h
    return loss, [dW, dU, dV]


def note_a_library(W_h: np.ndarray, W_x: np.ndarray, W_y: np.ndarray) -> tuple[float, list[np.ndarray]]:
    windows, targets = (table[:, np.newaxis] for table in note_a_windows())
    h = rnn_forward(windows, np.zeros((1, len(W_h))), W_x, W_h, activation="sigmoid")
    loss, do = half_squared_error(dense_forward(h[1:], W_y), targets, reduction="sum")
    d = dense_backward(do, h[1:], W_y)
    g = rnn_backward(d.dh, windows, h, W_x, W_h, "sigmoid", bptt_depth=1)
    return loss, [g.dW_h, g.dW_x, d.dW_y]


def test_a_gradients_equal_the_equations_written_out() -> None:
    rng = np.random.default_rng(3)
    W, U, V = rng.normal(size=(2, 2)), rng.normal(size=(2, 3)), rng.normal(size=(2, 2))
    loss, gradients = note_a_longhand(W, U, V)
    library_loss, library_gradients = note_a_library(W.T, U.T, V.T)
    assert_close(library_loss, loss, "same sums")
    for mine, theirs in zip(library_gradients, gradients, strict=True):
        assert_close(mine, theirs.T, "same sums")


def test_a_update_takes_all_gradients_first() -> None:
    """Ten epochs of gradient descent by both, from the same weights."""
    rng = np.random.default_rng(4)
    columns = [rng.normal(size=(2, 2)), rng.normal(size=(2, 3)), rng.normal(size=(2, 2))]
    rows = [column.T.copy() for column in columns]
    losses = []
    for _ in range(10):
        loss, gradients = note_a_longhand(*columns)
        columns = [w - 0.1 * g for w, g in zip(columns, gradients, strict=True)]
        losses.append(loss)
        rows = [w - 0.1 * g for w, g in zip(rows, note_a_library(*rows)[1], strict=True)]
    assert losses[-1] < losses[0]
    for row, column in zip(rows, columns, strict=True):
        assert_close(row, column.T, "same sums")


def test_a_zero_initialisation_keeps_hidden_units_identical() -> None:
    weights = [np.zeros((2, 2)), np.zeros((3, 2)), np.zeros((2, 2))]
    start = note_a_library(*weights)[0]
    for _ in range(20):
        weights = [w - 0.1 * g for w, g in zip(weights, note_a_library(*weights)[1], strict=True)]
    W_h, W_x, W_y = weights
    assert note_a_library(*weights)[0] < start  # it does learn, but as if it had one unit
    np.testing.assert_array_equal(W_x[:, 0], W_x[:, 1])
    np.testing.assert_array_equal(W_y[0], W_y[1])
    assert_close(W_h, np.full((2, 2), W_h[0, 0]), "same sums")


# --- Note C: softmax and cross-entropy at every step, the sum over three steps written out ---


class NoteC:
    """Three steps of two inputs, three hidden units and two classes, with a state to start from."""

    rng = np.random.default_rng(6)
    x, h_0 = rng.normal(size=(3, 1, 2)), rng.normal(size=(1, 3))
    W_xh, W_hh, W_hy = rng.normal(size=(2, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 2))
    b_h, b_y, labels = rng.normal(size=3), rng.normal(size=2), np.array([[1], [0], [1]])
    h = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    z = dense_forward(h[1:], W_hy, b_y)

    @classmethod
    def gradients(cls, heard: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return dJ/dW_hh and dJ/dW_xh by the library, J counting the steps in ``heard`` only."""
        weight = np.array([[float(t in heard)] for t in (1, 2, 3)])
        _, dz = categorical_cross_entropy(cls.z, cls.labels, weight, reduction="sum")
        dh = dense_backward(dz, cls.h[1:], cls.W_hy).dh
        g = rnn_backward(dh, cls.x, cls.h, cls.W_xh, cls.W_hh)
        return g.dW_h, g.dW_x

    @classmethod
    def paths(cls, t: int, left: list[np.ndarray]) -> np.ndarray:
        """Return the sum over k = t … 1 for output t; ``left[k-1]`` multiplies at step k: h_{k-1} or x_k."""
        p = softmax(cls.z[t - 1])
        dP = cross_entropy_derivative(p, np.eye(2)[cls.labels[t - 1]])  # ∂J_t/∂P_t
        dh_t = dP @ softmax_jacobian(cls.z[t - 1, 0]) @ cls.W_hy.T  # · ∂P_t/∂z_t · ∂z_t/∂h_t
        f = [np.diag(1 - cls.h[k, 0] ** 2) for k in range(4)]
        total = left[t - 1].T @ (dh_t @ f[t])
        if t >= 2:
            total = total + left[t - 2].T @ (dh_t @ f[t] @ cls.W_hh.T @ f[t - 1])
        if t == 3:
            total = total + left[0].T @ (dh_t @ f[3] @ cls.W_hh.T @ f[2] @ cls.W_hh.T @ f[1])
        return total


def test_c_three_terms_of_the_last_step() -> None:
    dW_hh, dW_xh = NoteC.gradients([3])
    assert_close(dW_hh, NoteC.paths(3, list(NoteC.h[:3])), "same sums")
    assert_close(dW_xh, NoteC.paths(3, list(NoteC.x)), "same sums")


def test_c_all_six_paths_of_three_steps() -> None:
    dW_hh, dW_xh = NoteC.gradients([1, 2, 3])
    assert_close(dW_hh, sum(NoteC.paths(t, list(NoteC.h[:3])) for t in (1, 2, 3)), "same sums")
    assert_close(dW_xh, sum(NoteC.paths(t, list(NoteC.x)) for t in (1, 2, 3)), "same sums")
