"""Darts' RNNModel, with the settings and covariates of its example on air passengers."""

from __future__ import annotations

from typing import Any

DISTRIBUTION = "darts"
HORIZON = 12


def load() -> None:
    from darts import TimeSeries  # noqa: F401
    from darts.dataprocessing.transformers import Scaler  # noqa: F401
    from darts.models import RNNModel  # noqa: F401
    from darts.utils.timeseries_generation import datetime_attribute_timeseries  # noqa: F401


def fit(frame: Any, settings: dict[str, Any]) -> tuple[Any, int]:
    """Scale to 0 … 1 and pass the year and the month, one-hot, as future covariates."""
    import numpy as np
    import torch
    from darts import TimeSeries
    from darts.dataprocessing.transformers import Scaler
    from darts.models import RNNModel
    from darts.utils.timeseries_generation import datetime_attribute_timeseries

    torch.set_num_threads(1)
    scaler = Scaler()
    series = scaler.fit_transform(TimeSeries.from_dataframe(frame, "ds", "y").astype(np.float32))
    year = datetime_attribute_timeseries(series, attribute="year", add_length=HORIZON, dtype=np.float32)
    month = datetime_attribute_timeseries(year, attribute="month", one_hot=True, dtype=np.float32)
    covariates = Scaler().fit_transform(year).stack(month)
    learning_rate = settings.pop("learning_rate")
    options = {"optimizer_kwargs": {"lr": learning_rate}, "pl_trainer_kwargs": {"accelerator": "cpu"}}
    model = RNNModel(**settings, **options)
    model.fit(series, future_covariates=covariates)
    updates = int(model.trainer.global_step)
    return (model, scaler, covariates), updates


def predict(fitted: Any) -> Any:
    model, scaler, covariates = fitted
    return scaler.inverse_transform(model.predict(HORIZON, future_covariates=covariates)).values().ravel()
