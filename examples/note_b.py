"""The sine wave of a lecture note from two lags: first a simple recurrent network, then an LSTM.

The note uses the two values before y_t as two steps of one value, the oldest first: X[0] = y_{t-2}, X[1] = y_{t-1}::

    h_1 = tanh(y_{t-2} U + h_0 W + b)        h_0 = 0
    h_2 = tanh(y_{t-1} U + h_1 W + b)
    y'_t = h_2 V + c

and trains on the mean squared error of y'_t. In the `Forecaster`, lags are steps of a window of one value:
``window=1, steps=2, loss_at="last"``.
"""

from __future__ import annotations

import numpy as np

from elman import Forecaster

wave = np.sin(np.arange(300) * 2 * np.pi / 25)
train, test = wave[:200], wave[200:]

for cell in ("rnn", "lstm"):
    forecaster = Forecaster(
        1,
        method="network",
        window=1,
        steps=2,  # two lags
        loss_at="last",
        loss="mse",
        cell=cell,
        hidden_size=8,
        linear_skip=False,
        transform="none",
        center="none",
        learning_rate=0.02,
        updates=500,
        ensemble_size=1,
        random_state=0,
    ).fit(train)
    # Each forecast uses the two values before it.
    forecasts = [forecaster.predict(wave[t - 2 : t])[0] for t in range(200, 300)]
    error = np.abs(np.array(forecasts) - test)
    print(f"{cell:4s}  mean squared error {np.mean(error**2):.6f}, largest error {error.max():.3f}")
