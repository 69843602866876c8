"""Elman's Forecaster."""

from __future__ import annotations

from typing import Any

DISTRIBUTION = "elman"


def load() -> None:
    from elman import Forecaster  # noqa: F401


def fit(frame: Any, settings: dict[str, Any]) -> tuple[Any, int]:
    from elman import Forecaster

    model = Forecaster(**settings).fit(frame)
    return model, int(model.updates_)


def predict(model: Any) -> Any:
    return model.predict()["Elman"].to_numpy()
