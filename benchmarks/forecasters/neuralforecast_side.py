"""neuralforecast's LSTM, with the settings of its quickstart on air passengers."""

from __future__ import annotations

from typing import Any

DISTRIBUTION = "neuralforecast"


def load() -> None:
    from neuralforecast import NeuralForecast  # noqa: F401
    from neuralforecast.models import LSTM  # noqa: F401


def fit(frame: Any, settings: dict[str, Any]) -> tuple[Any, int]:
    import torch
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    torch.set_num_threads(1)
    model = NeuralForecast(models=[LSTM(accelerator="cpu", **settings)], freq="MS")
    model.fit(df=frame)
    return model, settings["max_steps"]


def predict(model: Any) -> Any:
    return model.predict()["LSTM"].to_numpy()
