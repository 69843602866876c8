"""Check a forecaster's parameters and translate them into an architecture and training settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elman import _check
from elman.data.scaling import TRANSFORMS
from elman.errors import ArgumentError, UnsupportedError
from elman.forecasting.missing import MISSING
from elman.network import Architecture
from elman.training import Constant, Cosine, Settings

if TYPE_CHECKING:
    from elman.forecasting.forecaster import Forecaster
    from elman.forecasting.recipe import Recipe

__all__ = ["ahead_of", "architecture_of", "check_parameters", "covariates_of", "settings_of"]

LOSSES = {
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "huber": "huber",
    "half_squared_error": "half_squared_error",
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "cell": ("rnn", "lstm", "gru"),
    "activation": ("tanh", "relu", "sigmoid", "identity"),
    "loss": tuple(LOSSES),
    "loss_at": ("every", "last"),
    "strategy": ("multi_output", "recursive"),
    "transform": ("auto", *TRANSFORMS),
    "level": ("season", "last", "none"),
    "init": ("default", "torch", "glorot", "uniform", "zeros"),
    "optimizer": ("adam", "rmsprop", "sgd"),
    "schedule": ("cosine", "constant"),
    "missing": MISSING,
}
_COUNTS = ("horizon", "steps", "hidden_size", "num_layers", "batch_size", "n_seeds")
_COUNTS_OR_AUTO = ("window", "updates")
_SWITCHES = ("bias", "linear_skip", "carry_state", "progress")
_INTERVALS = {"learning_rate": "(0, inf)", "dropout": "[0, 1)"}


def check_parameters(place: str, forecaster: Forecaster) -> None:
    """Refuse values that the constructor stored but nothing can use.

    Raises
    ------
    ArgumentError
        Naming the parameter, what it may be and what it is.
    """
    values: dict[str, Any] = forecaster.get_params(deep=False)
    for name in _COUNTS:
        _check.positive_integer(place, name, values[name])
    for name in _COUNTS_OR_AUTO:
        _check.count_or_auto(place, name, values[name])
    for name, options in _CHOICES.items():
        _check.choice(place, name, values[name], options)
    for name in _SWITCHES:
        _check.boolean(place, name, values[name])
    for name, interval in _INTERVALS.items():
        _check.number_in(place, name, values[name], interval)
    if values["intervals"] is not None:
        _check.count_or_auto(place, "intervals", values["intervals"])
    if values["validation"] is not None:
        _check.boolean(place, "validation", values["validation"])
    _check_covariates(place, forecaster)
    if values["clip_norm"] is not None:
        _check.number_in(place, "clip_norm", values["clip_norm"], "(0, inf)")
    if values["n_threads"] is not None:
        _check.positive_integer(place, "n_threads", values["n_threads"])
    if values["carry_state"] and values["loss_at"] == "last":
        raise ArgumentError(f'{place}: carry_state=True goes with loss_at="every" alone.')
    if values["bptt_depth"] not in (None, 1):
        raise UnsupportedError(f"{place}: bptt_depth must be None or 1, got {values['bptt_depth']!r}.")


def ahead_of(forecaster: Forecaster) -> int:
    """Count the values that the network itself forecasts at a step: one, where forecasts enter the next window."""
    return 1 if forecaster.strategy == "recursive" else int(forecaster.horizon)


def covariates_of(forecaster: Forecaster) -> tuple[str, ...]:
    """Name the columns of the covariates: those of the past, then those known ahead."""
    return (*(forecaster.past_covariates or ()), *(forecaster.future_covariates or ()))


def _check_covariates(place: str, forecaster: Forecaster) -> None:
    """Refuse anything but lists of different columns, and forecasts that would need covariates nobody knows."""
    for name in ("past_covariates", "future_covariates"):
        value = getattr(forecaster, name)
        if value is not None and (isinstance(value, str) or not all(isinstance(column, str) for column in value)):
            raise ArgumentError(f"{place}: {name} must be a list of column names, got {value!r}.")
    columns = covariates_of(forecaster)
    for column in columns:
        if columns.count(column) > 1 or column in ("unique_id", "ds", "y"):
            raise ArgumentError(f"{place}: {column!r} cannot be a covariate twice, nor if it is unique_id, ds or y.")
    if forecaster.past_covariates and forecaster.strategy == "recursive":
        raise ArgumentError(
            f'{place}: strategy="recursive" would need the future of {", ".join(forecaster.past_covariates)}. '
            'Name them as future_covariates if it is known, or take strategy="multi_output".'
        )


def architecture_of(forecaster: Forecaster, recipe: Recipe) -> Architecture:
    """Describe the network: a window in, the horizon out at every step, or after the last."""
    last = forecaster.loss_at == "last"
    return Architecture(
        input_size=recipe.input_size,
        output_size=recipe.output_size,
        cell=forecaster.cell,
        hidden_size=forecaster.hidden_size,
        num_layers=forecaster.num_layers,
        activation=forecaster.activation if forecaster.cell == "rnn" else "tanh",
        bias=forecaster.bias,
        readout="last" if last else "every",
        linear_skip=forecaster.linear_skip,
        skip_steps=recipe.steps if last and forecaster.linear_skip else 1,
        dropout=float(forecaster.dropout),
    )


def settings_of(forecaster: Forecaster, updates: int, seed: int) -> Settings:
    """Describe the training of one member of the ensemble."""
    return Settings(
        updates=updates,
        loss=LOSSES[forecaster.loss],
        reduction="sum" if forecaster.loss == "half_squared_error" else "mean",
        optimizer=forecaster.optimizer,
        learning_rate=float(forecaster.learning_rate),
        schedule=Cosine() if forecaster.schedule == "cosine" else Constant(),
        clip_norm=forecaster.clip_norm,
        bptt_depth=forecaster.bptt_depth,
        seed=seed,
    )
