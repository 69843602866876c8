"""Check a forecaster's parameters and translate them into an architecture and training settings."""

from __future__ import annotations

import inspect
from typing import Any

from elman import _check
from elman.data.scaling import TRANSFORMS
from elman.errors import ArgumentError, Remedy, UnsupportedError
from elman.forecasting.baselines import BASELINES
from elman.forecasting.missing import MISSING
from elman.forecasting.parameters import NETWORK_ONLY, Parameters, same
from elman.forecasting.recipe import Recipe
from elman.network import Architecture
from elman.training import Constant, Cosine, Settings

__all__ = [
    "METHODS",
    "ahead_of",
    "architecture_of",
    "check_parameters",
    "covariates_of",
    "least_values",
    "settings_of",
    "values_of",
]

METHODS = ("auto", "prior", "tuned", "network", *BASELINES)

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
_MOST = {"num_layers": 1000, "n_seeds": 1000, "window": 2**20, "horizon": 2**20, "updates": 10**9}
_SWITCHES = ("bias", "linear_skip", "carry_state", "refit", "progress")
_INTERVALS = {"learning_rate": "(0, inf)", "dropout": "[0, 1)"}


def check_parameters(place: str, parameters: Parameters) -> None:
    """Refuse values that the constructor stored but nothing can use.

    Raises
    ------
    ArgumentError
        Naming the parameter, what it may be and what it is.
    """
    values = values_of(parameters)
    _check.choice(place, "method", values["method"], METHODS)
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
    if not same(values["cutoffs"], 0):
        _check.count_or_auto(place, "cutoffs", values["cutoffs"])
    if values["intervals"] is not None:
        _check.count_or_auto(place, "intervals", values["intervals"])
    if values["validation"] is not None:
        _check.boolean(place, "validation", values["validation"])
    _check_covariates(place, parameters)
    if values["clip_norm"] is not None:
        _check.number_in(place, "clip_norm", values["clip_norm"], "(0, inf)")
    if values["n_threads"] is not None:
        _check.thread_count(place, values["n_threads"])
    _check.random_state(place, values["random_state"])
    _check.at_most(place, values, _MOST)
    if values["carry_state"] and values["loss_at"] == "last":
        raise ArgumentError(f'{place}: carry_state=True goes with loss_at="every" alone.')
    if values["loss_at"] == "last" and values["level"] != "none" and same(values["window"], 1):
        raise ArgumentError(
            f'{place}: window=1 with loss_at="last" and level="{values["level"]}" shows the network nothing but zeros: '
            "the level of a window of one value is that value, and it is subtracted. "
            'Pass level="none" for the lags as they are, or a window of a season.'
        )
    if values["bptt_depth"] not in (None, 1):
        raise UnsupportedError(f"{place}: bptt_depth must be None or 1, got {values['bptt_depth']!r}.")
    _check_method(place, parameters)


def values_of(parameters: Parameters) -> dict[str, Any]:
    """Return the parameters by name."""
    return {name: getattr(parameters, name) for name in _defaults(parameters)}


def _defaults(parameters: Parameters) -> dict[str, Any]:
    """Return the constructor's defaults by name; horizon has none."""
    signature = inspect.signature(type(parameters).__init__)
    return {name: parameter.default for name, parameter in list(signature.parameters.items())[1:]}


def _check_method(place: str, parameters: Parameters) -> None:
    """Refuse what a method that was chosen has no use for: nothing that was asked for is ignored."""
    method = parameters.method
    if method == "network":
        return
    if method != "auto" and (names := covariates_of(parameters)):
        raise ArgumentError(
            f'{place}: the method "{method}" forecasts each series from itself alone and has no use for the '
            f"covariates {', '.join(names)}.",
            Remedy(method="auto"),
            Remedy(method="network"),
            Remedy("leave them out"),
        )
    defaults = _defaults(parameters)
    for name in NETWORK_ONLY:
        value = getattr(parameters, name)
        if not same(value, defaults[name]):
            shown = f'"{value}"' if isinstance(value, str) else repr(value)
            raise ArgumentError(
                f'{place}: {name} {shown} belongs to the method "network", and the method is "{method}".',
                Remedy(method="network"),
                Remedy("leave {} out", **{name: ...}),
            )


def least_values(parameters: Parameters) -> int:
    """Count the values that a series must have: the network needs two, what knows series before it sees them one."""
    return 2 if parameters.method == "network" or covariates_of(parameters) else 1


def ahead_of(parameters: Parameters) -> int:
    """Count the values that the network itself forecasts at a step: one, where forecasts enter the next window."""
    return 1 if parameters.strategy == "recursive" else int(parameters.horizon)


def covariates_of(parameters: Parameters) -> tuple[str, ...]:
    """Name the columns of the covariates: those of the past, then those known ahead."""
    return (*(parameters.past_covariates or ()), *(parameters.future_covariates or ()))


def _check_covariates(place: str, parameters: Parameters) -> None:
    """Refuse anything but lists of different columns, and forecasts that would need covariates nobody knows."""
    for name in ("past_covariates", "future_covariates"):
        value = getattr(parameters, name)
        if value is not None and (isinstance(value, str) or not all(isinstance(column, str) for column in value)):
            raise ArgumentError(f"{place}: {name} must be a list of column names, got {value!r}.")
    columns = covariates_of(parameters)
    for column in columns:
        if columns.count(column) > 1 or column in ("unique_id", "ds", "y"):
            raise ArgumentError(f"{place}: {column!r} cannot be a covariate twice, nor if it is unique_id, ds or y.")
    if parameters.past_covariates and parameters.strategy == "recursive":
        raise ArgumentError(
            f'{place}: strategy="recursive" would need the future of {", ".join(parameters.past_covariates)}. '
            'Name them as future_covariates if it is known, or take strategy="multi_output".'
        )


def architecture_of(parameters: Parameters, recipe: Recipe) -> Architecture:
    """Describe the network: a window in, the horizon out at every step, or after the last."""
    last = parameters.loss_at == "last"
    return Architecture(
        input_size=recipe.input_size,
        output_size=recipe.output_size,
        cell=parameters.cell,
        hidden_size=parameters.hidden_size,
        num_layers=parameters.num_layers,
        activation=parameters.activation if parameters.cell == "rnn" else "tanh",
        bias=parameters.bias,
        readout="last" if last else "every",
        linear_skip=parameters.linear_skip,
        skip_steps=recipe.steps if last and parameters.linear_skip else 1,
        dropout=float(parameters.dropout),
    )


def settings_of(parameters: Parameters, updates: int, seed: int) -> Settings:
    """Describe the training of one member of the ensemble."""
    return Settings(
        updates=updates,
        loss=LOSSES[parameters.loss],
        reduction="sum" if parameters.loss == "half_squared_error" else "mean",
        optimizer=parameters.optimizer,
        learning_rate=float(parameters.learning_rate),
        schedule=Cosine() if parameters.schedule == "cosine" else Constant(),
        clip_norm=parameters.clip_norm,
        bptt_depth=parameters.bptt_depth,
        seed=seed,
    )
