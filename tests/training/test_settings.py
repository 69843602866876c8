"""Refused settings, with their messages."""

from __future__ import annotations

import pytest

from elman.errors import ArgumentError, UnsupportedError
from elman.training import Cosine, Settings

REFUSED = {
    "no updates": ({"updates": 0}, "Settings: updates must be an integer of at least 1, got 0."),
    "loss": (
        {"loss": "mae"},
        (
            "Settings: loss must be one of 'half_squared_error', 'mean_squared_error', 'mean_absolute_error', 'huber', "
            "'pinball', 'binary_cross_entropy', 'categorical_cross_entropy', got 'mae'."
        ),
    ),
    "parameter of another loss": (
        {"loss_parameter": 0.5},
        "Settings: loss='mean_squared_error' takes no loss_parameter.",
    ),
    "quantile": (
        {"loss": "pinball", "loss_parameter": 1.0},
        "Settings: loss_parameter must be a number in (0, 1), got 1.",
    ),
    "option of another optimizer": ({"momentum": 0.9}, "Settings: optimizer='adam' takes no momentum."),
    "decay of another optimizer": (
        {"optimizer": "rmsprop", "weight_decay": 0.1},
        "Settings: optimizer='rmsprop' takes no weight_decay.",
    ),
    "learning rate": ({"learning_rate": 0.0}, "Settings: learning_rate must be a number in (0, inf), got 0."),
    "not a number": ({"learning_rate": float("nan")}, "Settings: learning_rate must be a number in (0, inf), got nan."),
    "schedule by name": (
        {"schedule": "cosine"},
        (
            "Settings: schedule must be a Constant, Step, Cosine or Plateau, got 'cosine'.\n"
            "  Hint: named_schedule() makes one from its name."
        ),
    ),
    "clipping to nothing": ({"clip_norm": 0.0}, "Settings: clip_norm must be a number in (0, inf), got 0."),
    "patience": ({"patience": 0}, "Settings: patience must be an integer of at least 1, got 0."),
    "seed": ({"seed": -1}, "Settings: seed must be an integer between 0 and 9223372036854775807, got -1."),
    "threads": ({"n_threads": -1}, "Settings: n_threads must be an integer of at least 0, got -1."),
}


@pytest.mark.parametrize(("changes", "text"), REFUSED.values(), ids=REFUSED)
def test_refused(changes: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Settings(**{"updates": 10, **changes})
    assert str(caught.value) == text


def test_depth() -> None:
    with pytest.raises(UnsupportedError, match=r"^Settings: bptt_depth must be None or 1, got 5\.$"):
        Settings(updates=10, bptt_depth=5)


def test_accepted() -> None:
    for options in (
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4, "schedule": Cosine()},
        {"optimizer": "rmsprop", "decay": 0.95, "loss": "pinball", "loss_parameter": 0.9, "clip_value": 5.0},
    ):
        settings = Settings(updates=1, bptt_depth=1, **options)
        assert {name: getattr(settings, name) for name in options} == options
