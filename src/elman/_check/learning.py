"""Losses and optimizers: their names, parameters and options, each with its default and range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from elman._check.values import boolean, choice, number_in
from elman.errors import ArgumentError

__all__ = ["LOSSES", "OPTIMIZERS", "OptimizerKind", "loss_parameter", "optimizer_options", "options_by_name"]


class Option(NamedTuple):
    """A default, and the interval of a number; a switch has no interval."""

    default: float
    interval: str = ""

    def checked(self, place: str, name: str, value: Any) -> float:
        """Return a value of this option, or refuse it."""
        return number_in(place, name, value, self.interval) if self.interval else boolean(place, name, value)


class OptimizerKind(NamedTuple):
    """Names of an optimizer's state vectors, its options in the order of its step, and whether it counts steps."""

    vectors: tuple[str, ...]
    options: dict[str, Option]
    counts_steps: bool = False


_DECAY, _EPSILON = Option(0.0, "[0, inf)"), Option(1e-8, "(0, inf)")
_BETAS = {"beta_1": Option(0.9, "[0, 1)"), "beta_2": Option(0.999, "[0, 1)")}
OPTIMIZERS = {
    "adam": OptimizerKind(("m", "v"), {**_BETAS, "epsilon": _EPSILON, "weight_decay": _DECAY}, counts_steps=True),
    "rmsprop": OptimizerKind(("square",), {"decay": Option(0.9, "[0, 1)"), "epsilon": _EPSILON}),
    "sgd": OptimizerKind(
        ("velocity",), {"momentum": Option(0.0, "[0, 1)"), "nesterov": Option(False), "weight_decay": _DECAY}
    ),
}
_LOSS_PARAMETERS = {"huber": Option(1.0, "(0, inf)"), "pinball": Option(0.5, "(0, 1)")}
LOSSES = (
    "half_squared_error",
    "mean_squared_error",
    "mean_absolute_error",
    *_LOSS_PARAMETERS,
    "binary_cross_entropy",
    "categorical_cross_entropy",
)


def loss_parameter(place: str, loss: str, parameter: Any) -> float:
    """Return the delta of ``"huber"`` or the quantile of ``"pinball"``, by default if None; 0 for other losses."""
    option = _LOSS_PARAMETERS.get(loss)
    if parameter is None:
        return option.default if option else 0.0
    if option is None:
        raise ArgumentError(f"{place}: loss={loss!r} takes no loss_parameter.")
    return option.checked(place, "loss_parameter", parameter)


def optimizer_options(place: str, optimizer: str, options: Mapping[str, Any]) -> list[float]:
    """Return the options of an optimizer in the order of its step, by default where none is given."""
    known = OPTIMIZERS[optimizer].options
    return [option.checked(place, name, options.get(name, option.default)) for name, option in known.items()]


def options_by_name(place: str, optimizer: str, options: Any) -> list[float]:
    """Return `optimizer_options` of a mapping, or of None; refuse names that the optimizer lacks."""
    if options is not None and not isinstance(options, Mapping):
        raise ArgumentError(f"{place}: options must map names to numbers, got {type(options).__name__}.")
    for name in options or {}:
        choice(place, f"an option of {optimizer!r}", name, tuple(OPTIMIZERS[optimizer].options))
    return optimizer_options(place, optimizer, options or {})
