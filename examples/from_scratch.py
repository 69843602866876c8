"""A recurrent network from scratch: forward pass, backpropagation through time and gradient descent, in NumPy.

The network reads one value per step and predicts the next value after its last step. For one sequence of T values::

    a_t = x_t W_x + h_{t-1} W_h + b          h_0 = 0
    h_t = tanh(a_t)
    y'  = h_T W_y + b_y
    L   = (y' - y)^2

Backpropagation through time goes from the loss to the last state, and from each state to the previous one::

    dy'     = 2 (y' - y)
    dh_T    = dy' W_y^T
    da_t    = dh_t (1 - h_t^2)
    dh_{t-1} = da_t W_h^T

Every weight is used at every step, so its gradient is a sum over the steps.
"""

from __future__ import annotations

import numpy as np

STEPS, HIDDEN, EPOCHS, RATE = 6, 8, 300, 0.02


def initial(seed: int = 0) -> dict[str, np.ndarray]:
    """Draw small weights; biases start from 0."""
    rng = np.random.default_rng(seed)
    return {
        "W_x": rng.normal(0, 0.5, (1, HIDDEN)),
        "W_h": rng.normal(0, 0.5 / np.sqrt(HIDDEN), (HIDDEN, HIDDEN)),
        "b": np.zeros(HIDDEN),
        "W_y": rng.normal(0, 0.5, (HIDDEN, 1)),
        "b_y": np.zeros(1),
    }


def forward(p: dict[str, np.ndarray], x: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Run over the steps of x (T, N, 1); return the states h_0 … h_T and the prediction (N, 1)."""
    h = [np.zeros((x.shape[1], HIDDEN))]
    for x_t in x:
        a_t = x_t @ p["W_x"] + h[-1] @ p["W_h"] + p["b"]
        h.append(np.tanh(a_t))
    return h, h[-1] @ p["W_y"] + p["b_y"]


def backward(p: dict[str, np.ndarray], x: np.ndarray, h: list[np.ndarray], dy: np.ndarray) -> dict[str, np.ndarray]:
    """Return the gradient of every weight from dy (N, 1), the gradient of the prediction."""
    g = {name: np.zeros_like(weight) for name, weight in p.items()}
    g["W_y"], g["b_y"] = h[-1].T @ dy, dy.sum(axis=0)
    dh = dy @ p["W_y"].T
    for t in range(len(x), 0, -1):
        da = dh * (1 - h[t] ** 2)
        g["W_x"] += x[t - 1].T @ da
        g["W_h"] += h[t - 1].T @ da
        g["b"] += da.sum(axis=0)
        dh = da @ p["W_h"].T
    return g


def train(x: np.ndarray, y: np.ndarray, epochs: int = EPOCHS) -> tuple[dict[str, np.ndarray], list[float]]:
    """Minimize the mean squared error by gradient descent; return the weights and the loss of every epoch."""
    p, losses = initial(), []
    for _ in range(epochs):
        h, prediction = forward(p, x)
        losses.append(float(np.mean((prediction - y) ** 2)))
        g = backward(p, x, h, 2 * (prediction - y) / len(y))
        for name in p:
            p[name] -= RATE * g[name]
    return p, losses


def sequences(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return all segments of `STEPS` values (T, N, 1) of a series, and the value after each (N, 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(series, STEPS + 1)
    return windows[:, :-1].T[:, :, None].copy(), windows[:, -1:].copy()


if __name__ == "__main__":
    x, y = sequences(np.sin(np.arange(120) / 4))
    weights, losses = train(x, y)
    for epoch in (0, 1, 10, 100, EPOCHS - 1):
        print(f"epoch {epoch + 1:3d}   mean squared error {losses[epoch]:.5f}")
    _, prediction = forward(weights, x[:, -1:])
    print(f"next value {prediction[0, 0]:.3f}, true value {y[-1, 0]:.3f}")
