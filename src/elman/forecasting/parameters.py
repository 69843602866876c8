"""The parameters of a forecaster, and the list of those that belong to its network alone."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any

__all__ = ["NETWORK_ONLY", "Parameters"]

NETWORK_ONLY = (
    "window",
    "steps",
    "cell",
    "hidden_size",
    "num_layers",
    "activation",
    "bias",
    "linear_skip",
    "strategy",
    "loss",
    "loss_at",
    "quantiles",
    "distribution",
    "carry_state",
    "bptt_depth",
    "transform",
    "center",
    "init",
    "optimizer",
    "learning_rate",
    "schedule",
    "updates",
    "batch_size",
    "clip_norm",
    "dropout",
    "ensemble_size",
    "intervals",
    "validation",
    "weight",
    "half_life",
    "censored",
)


@dataclass(eq=False, repr=False)
class Parameters:
    """Arguments of the constructor of `Forecaster`, unchanged; documented there."""

    horizon: int
    _: KW_ONLY
    method: str = "auto"
    base: Any = None
    season: Any = "auto"
    freq: Any = "auto"
    window: Any = "auto"
    steps: int = 96
    cell: str = "lstm"
    hidden_size: int = 64
    num_layers: int = 1
    activation: str = "tanh"
    bias: bool = True
    linear_skip: bool = True
    strategy: str = "multi_output"
    loss: str = "mae"
    loss_at: str = "every"
    quantiles: Any = None
    distribution: str | None = None
    carry_state: bool = False
    bptt_depth: int | None = None
    transform: str = "auto"
    center: str = "season"
    init: str = "default"
    optimizer: str = "adam"
    learning_rate: float = 3e-3
    schedule: str = "cosine"
    updates: Any = "auto"
    batch_size: int = 32
    clip_norm: float | None = 1.0
    dropout: float = 0.0
    ensemble_size: int = 5
    intervals: Any = None
    validation: bool | None = None
    past_covariates: Any = None
    future_covariates: Any = None
    static_covariates: Any = None
    series_covariates: Any = None
    calendar: Any = False
    holidays: str | None = None
    weight: str | None = None
    half_life: float | None = None
    censored: str | None = None
    missing: str = "error"
    cutoffs: Any = "auto"
    refit: bool = False
    random_state: Any = None
    n_threads: int | None = None
    progress: bool = False
