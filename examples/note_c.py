"""The windows of a lecture note on 1 … 700, in both of its layouts, with recursive predictions.

Windows of length 10 have nine features and a label::

    [1, 2, 3, 4, 5, 6, 7, 8, 9]  ->  10
    [2, 3, 4, 5, 6, 7, 8, 9, 10] ->  11
    ...

The note's table of windows (N, 9) is reshaped for the network, either to (N, 1, 9), one step of nine values, or to
(N, 9, 1), nine steps of one value. In the `Forecaster` these are ``window=9, steps=1`` and ``window=1, steps=9``. For
later values it drops the first value of a row and appends the prediction: ``strategy="recursive"``.
"""

from __future__ import annotations

import numpy as np

from elman import Forecaster
from elman.data.windows import sliding_windows

numbers = np.arange(1.0, 701.0)
features, labels = sliding_windows(numbers, window=9, horizon=1)
print(f"{len(features)} windows: {features[0]} -> {labels[0]}, ..., {features[-1]} -> {labels[-1]}")

for layout, lags in {"(N, 1, 9)": {"window": 9, "steps": 1}, "(N, 9, 1)": {"window": 1, "steps": 9}}.items():
    forecaster = Forecaster(
        5,
        method="network",
        **lags,
        strategy="recursive",
        loss_at="last",
        loss="mse",
        cell="rnn",
        hidden_size=16,
        linear_skip=False,
        transform="scale",  # the note's numbers are scaled before training; these are divided by their spread
        center="none",
        learning_rate=0.01,
        updates=600,
        ensemble_size=1,
        random_state=0,
    ).fit(numbers)
    row = numbers[-9:]
    print(f"{layout}:")
    for prediction in forecaster.predict():
        print(f"  {row.round(1)} -> {prediction:.1f}")
        row = np.append(row[1:], prediction)  # the next row
