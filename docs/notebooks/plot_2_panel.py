"""
A panel with covariates
=======================

Twenty shops, two years of weekly sales, and a price that is known in advance. One network learns from all shops.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from elman import Forecaster
from elman.forecasting import backtest

rng = np.random.default_rng(0)
weeks = pd.date_range("2023-01-02", periods=104 + 8, freq="W-MON")


def shop(number: int) -> pd.DataFrame:
    """Return the sales of one shop: a level, a yearly wave, and 40 % more when the price is cut."""
    cut = rng.random(len(weeks)) < 0.15
    wave = 1 + 0.2 * np.sin(2 * np.pi * np.arange(len(weeks)) / 52)
    sales = rng.uniform(50, 150) * wave * (1 + 0.4 * cut) * rng.normal(1, 0.05, len(weeks))
    return pd.DataFrame({"unique_id": f"shop {number:02}", "ds": weeks, "y": sales, "price_cut": 1.0 * cut})


panel = pd.concat([shop(number) for number in range(20)], ignore_index=True)
known = panel[panel["ds"] < weeks[104]]
future = panel[panel["ds"] >= weeks[104]]
known.head(3)

# %%
# The check compares the network, which sees the price cuts of the horizon, with baselines, which do not.

forecaster = Forecaster(horizon=8, future_covariates=["price_cut"], method="network", updates=200, random_state=0).fit(
    known
)
check = backtest(forecaster, known, n_windows=1)
print(check.verdict)
check.table.round(2)

# %%
# The forecast needs the covariates of the next eight weeks.

forecast = forecaster.fit(known).predict(future=future.drop(columns="y"))

figure, axes = plt.subplots(2, 2, figsize=(9, 5.5), sharex=True, layout="constrained")
for ax, name in zip(axes.ravel(), ["shop 00", "shop 01", "shop 02", "shop 03"], strict=True):
    past, true, ahead = (frame[frame["unique_id"] == name] for frame in (known, future, forecast))
    ax.plot(past["ds"].tail(30), past["y"].tail(30), color="black", label="history")
    ax.plot(true["ds"], true["y"], ".", color="tab:red", label="true values")
    ax.plot(ahead["ds"], ahead["Elman"], color="tab:blue", label="forecast")
    ax.set_title(name, loc="left")
    ax.tick_params(axis="x", rotation=30)
axes[0, 0].legend()
plt.show()
