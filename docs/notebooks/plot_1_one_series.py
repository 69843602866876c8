"""
Forecast one series
===================

Monthly airline passengers from 1949 to 1960: a check on held-out years, a forecast with intervals, a picture.
"""

import matplotlib.pyplot as plt

from elman import Forecaster
from elman.data.datasets import load_dataset

passengers = load_dataset("air-passengers")
passengers.tail(3)

# %%
# A fit holds out the newest values, forecasts them with every candidate, and chooses by a written rule.

forecaster = Forecaster(horizon=12, random_state=0).fit(passengers)
print(forecaster.method_)
print(forecaster.reason_)
forecaster.check_.table.round(2)

# %%
# The check holds every forecast beside the true value. The newest cut-off is drawn below, with the next year.

forecast = forecaster.predict(level=[80, 95])
held_out = forecaster.check_.forecasts
held_out = held_out[held_out["cutoff"] == held_out["cutoff"].max()]

figure, ax = plt.subplots(figsize=(9, 4.5), layout="constrained")
recent = passengers.tail(60)
ax.plot(recent["ds"], recent["y"], color="black", label="history")
ax.plot(held_out["ds"], held_out["Elman"], "--", color="tab:blue", label="forecast of held-out values")
ax.plot(forecast["ds"], forecast["Elman"], color="tab:blue", label="forecast")
for level, alpha in ((95, 0.15), (80, 0.3)):
    low, high = forecast[f"Elman-lo-{level}"], forecast[f"Elman-hi-{level}"]
    ax.fill_between(forecast["ds"], low, high, color="tab:blue", alpha=alpha, label=f"{level} % interval")
ax.set(ylabel="passengers, thousands", title="Airline passengers")
ax.legend(loc="upper left")
plt.show()

# %%
# The command makes the same forecast: ``elman forecast air-passengers --horizon 12 --plot passengers.png``.
