"""Published recipes by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from elman import _check
from elman.errors import ArgumentError, Remedy

__all__ = ["PRESETS", "Preset", "changed_recipe"]


@dataclass(frozen=True)
class Preset:
    """A recipe: parameters of `LanguageModel`, and where they come from.

    Parameters
    ----------
    parameters : dict
        By name.
    source : str
        The publication.
    notes : str
        Differences in notation.

    Examples
    --------
    >>> PRESETS["char-rnn"].parameters["hidden_size"]
    128
    """

    parameters: dict[str, Any]
    source: str
    notes: str


_ZAREMBA = {
    "unit": "whitespace",
    "vocabulary_size": 10_000,
    "cell": "lstm",
    "num_layers": 2,
    "batch_size": 20,
    "optimizer": "sgd",
    "schedule": "step",
    "patience": None,
    "validation_fraction": 0.1,
    "init": "uniform",
    "recurrent_dropout": 0.0,
    "tied_weights": False,
    "training": "streams",
}
_ZAREMBA_SOURCE = "Zaremba, Sutskever & Vinyals (2014), Recurrent neural network regularization"
_SUMMED = (
    "Their loss is summed over the steps of a batch, ours is the mean: learning rate 1 and clipping at 5 are {steps} "
    "times as much and a {steps}th here."
)

PRESETS: dict[str, Preset] = {
    "zaremba-small": Preset(
        _ZAREMBA
        | {
            "hidden_size": 200,
            "embedding_size": 200,
            "dropout": 0.0,
            "steps": 20,
            "learning_rate": 20.0,
            "clip_norm": 5.0 / 20,
            "learning_rate_decay": 0.5,
            "decay_after": 4,
            "epochs": 13,
            "init_scale": 0.1,
        },
        f"{_ZAREMBA_SOURCE}: the non-regularized LSTM of 2 × 200 units",
        _SUMMED.format(steps=20),
    ),
    "zaremba-medium": Preset(
        _ZAREMBA
        | {
            "hidden_size": 650,
            "embedding_size": 650,
            "dropout": 0.5,
            "steps": 35,
            "learning_rate": 35.0,
            "clip_norm": 5.0 / 35,
            "learning_rate_decay": 1 / 1.2,
            "decay_after": 6,
            "epochs": 39,
            "init_scale": 0.05,
        },
        f"{_ZAREMBA_SOURCE}: the medium regularized LSTM of 2 × 650 units",
        _SUMMED.format(steps=35),
    ),
    "char-rnn": Preset(
        {
            "unit": "character",
            "cell": "lstm",
            "hidden_size": 128,
            "num_layers": 2,
            "embedding_size": None,
            "tied_weights": False,
            "dropout": 0.0,
            "recurrent_dropout": 0.0,
            "training": "streams",
            "steps": 50,
            "batch_size": 50,
            "optimizer": "rmsprop",
            "learning_rate": 2e-3,
            "rmsprop_decay": 0.95,
            "schedule": "step",
            "learning_rate_decay": 0.97,
            "decay_after": 10,
            "epochs": 50,
            "patience": None,
            "validation_fraction": 0.05,
            "clip_norm": None,
            "clip_value": 5.0,
            "init": "uniform",
            "init_scale": 0.08,
            "forget_bias": 1.0,
        },
        "Karpathy (2015), The unreasonable effectiveness of recurrent neural networks, and the program char-rnn",
        "Initial forget biases of 1, as in its later versions.",
    ),
}


def changed_recipe(place: str, name: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a preset with changes.

    Raises
    ------
    ArgumentError
        If the name is unknown, or another optimizer would get the recipe's learning rate.
    """
    recipe = PRESETS[_check.choice(place, "name", name, tuple(PRESETS))].parameters
    optimizer = changes.get("optimizer", recipe["optimizer"])
    if optimizer != recipe["optimizer"] and "learning_rate" not in changes:
        raise ArgumentError(
            f"{place}: the optimizer {optimizer!r} needs a learning rate of its own; "
            f"{recipe['learning_rate']:g} is for {recipe['optimizer']!r}.",
            Remedy(learning_rate=...),
        )
    if changes.get("cell", "lstm") != "lstm":  # no forget gate
        recipe = {key: value for key, value in recipe.items() if key != "forget_bias"}
    return recipe | changes
