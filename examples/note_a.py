"""The forecaster of a lecture note: one configuration of `Forecaster`, compared with the note's equations.

The note moves a window of T values over the series, carries the state from window to window and predicts the next K
values at every step. For row vectors, with the windows x_t and the targets y_t::

    h_t = sigmoid(x_t U + h_{t-1} W)          no biases, h_0 = 0, all weights start from 0
    y'_t = h_t V
    L = sum over t of half (y'_t - y_t)^2

Its gradients hold h_{t-1} constant (one step back in time). All three are computed before the update. Every epoch is
one pass over the whole series and one step of gradient descent.
"""

from __future__ import annotations

import warnings

import numpy as np

from elman import ElmanWarning, Forecaster
from elman.data.windows import sliding_windows

WINDOW, HORIZON, HIDDEN, EPOCHS, RATE = 4, 2, 3, 20, 0.01

series = np.sin(np.arange(60) / 4)
inputs, targets = sliding_windows(series, WINDOW, HORIZON)  # n - T - K + 1 = 55 of each

forecaster = Forecaster(
    HORIZON,
    method="network",
    window=WINDOW,
    steps=len(inputs),  # the whole series in one segment
    cell="rnn",
    activation="sigmoid",
    hidden_size=HIDDEN,
    bias=False,
    linear_skip=False,
    loss="half_squared_error",  # the sum over steps and horizon
    bptt_depth=1,  # h_{t-1} held constant
    transform="none",
    center="none",
    init="zeros",
    optimizer="sgd",
    learning_rate=RATE,
    schedule="constant",
    clip_norm=None,
    updates=EPOCHS,
    ensemble_size=1,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ElmanWarning)  # zero weights keep all hidden units identical, as in the note
    forecaster.fit(series)

U, W, V = np.zeros((WINDOW, HIDDEN)), np.zeros((HIDDEN, HIDDEN)), np.zeros((HIDDEN, HORIZON))
for _ in range(EPOCHS):
    h = np.zeros(HIDDEN)
    dU, dW, dV = np.zeros_like(U), np.zeros_like(W), np.zeros_like(V)
    for x, y in zip(inputs, targets, strict=True):
        before, h = h, 1 / (1 + np.exp(-(x @ U + h @ W)))
        error = h @ V - y
        da = (error @ V.T) * h * (1 - h)
        dU, dW, dV = dU + np.outer(x, da), dW + np.outer(before, da), dV + np.outer(h, error)
    U, W, V = U - RATE * dU, W - RATE * dW, V - RATE * dV

trained = forecaster.networks_[0].parameters
for name, weights in {"layers.0.W_x": U, "layers.0.W_h": W, "output.W_y": V}.items():
    difference = np.abs(trained[name] - weights).max()
    print(f"{name:13s} by the equations {weights.ravel()[0]: .6f}, largest difference {difference:.0e}")
print("next values:", forecaster.predict().round(4))
