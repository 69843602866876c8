"""Monthly air passengers, 1949 to 1960: check the forecaster on past years, then forecast the next year.

Run it with ``python examples/air_passengers.py``; it takes some seconds.
"""

from __future__ import annotations

from elman import Forecaster
from elman.data.datasets import load_dataset
from elman.forecasting import backtest

frame = load_dataset("air-passengers")  # columns unique_id, ds, y
forecaster = Forecaster(horizon=12, random_state=0)  # a year; season and window follow from the dates

# Five yearly cut-offs. Each forecast uses the values before its cut-off, and is compared with simple baselines.
result = backtest(forecaster, frame, n_windows=5, refit=True)
print(result.table.round(2).to_string())
print(result.verdict)

# Fit to all values and forecast.
forecast = forecaster.fit(frame).predict()
print(forecast.to_string(index=False, float_format="{:.1f}".format))
