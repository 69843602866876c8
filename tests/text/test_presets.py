"""Published recipes have the numbers of the publications."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import ArgumentError, LanguageModel
from elman.text import PRESETS
from elman.text.options import architecture_of, rule_size, settings_of
from elman.training import Step
from text.samples import SENTENCES

QUICK: dict[str, Any] = {"hidden_size": 4, "epochs": 1, "random_state": 0, "batch_size": 4, "steps": 5}


@pytest.mark.parametrize(
    ("name", "units", "steps", "epochs", "decay", "start", "dropout", "scale"),
    [
        ("zaremba-small", 200, 20, 13, 0.5, 4, 0.0, 0.1),
        ("zaremba-medium", 650, 35, 39, 1 / 1.2, 6, 0.5, 0.05),
    ],
)
def test_zaremba(
    name: str, units: int, steps: int, epochs: int, decay: float, start: int, dropout: float, scale: float
) -> None:
    model = LanguageModel.preset(name)
    size = rule_size(model, 929_589)
    architecture = architecture_of(model, size, 10_000)
    assert (architecture.cell, architecture.hidden_size, architecture.num_layers) == ("lstm", units, 2)
    assert (architecture.embedding_size, architecture.dropout) == (units, dropout)
    assert (size.steps, size.batch_size, size.epochs) == (steps, 20, epochs)
    settings = settings_of(model, size.epochs * 100, 100, 0)
    assert settings.optimizer == "sgd"
    assert settings.schedule == Step(every=100, factor=decay, start=100 * start)
    # a learning rate of 1 and clipping at 5, of a loss that is summed over the steps
    assert settings.learning_rate == 1.0 * steps
    assert settings.clip_norm is not None
    assert settings.clip_norm * steps == pytest.approx(5.0, rel=1e-15)
    assert (model.init, model.init_scale, model.vocabulary_size, model.unit) == ("uniform", scale, 10_000, "whitespace")


def test_char_rnn() -> None:
    model = LanguageModel.preset("char-rnn")
    size = rule_size(model, 10**6)
    architecture = architecture_of(model, size, 65)
    assert (architecture.cell, architecture.hidden_size, architecture.num_layers) == ("lstm", 128, 2)
    assert (architecture.embedding_size, architecture.dropout) == (None, 0.0)
    assert (size.steps, size.batch_size, size.epochs) == (50, 50, 50)
    settings = settings_of(model, 50 * 100, 100, 0)
    assert (settings.optimizer, settings.learning_rate, settings.decay) == ("rmsprop", 2e-3, 0.95)
    assert (settings.clip_value, settings.clip_norm) == (5.0, None)
    assert settings.schedule == Step(every=100, factor=0.97, start=1000)
    assert (model.validation_fraction, model.init_scale) == (0.05, 0.08)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_run_and_say_where_they_come_from(name: str) -> None:
    changes = QUICK | ({"embedding_size": 4} if "zaremba" in name else {})
    model = LanguageModel.preset(name, **changes).fit(SENTENCES)
    assert np.isfinite(model.perplexity(SENTENCES))
    assert PRESETS[name].source.split(" (")[0].split(",")[0] in ("Zaremba", "Karpathy")


def test_initial_parameters_of_char_rnn() -> None:
    model = LanguageModel.preset("char-rnn", **{**QUICK, "learning_rate": 1e-12}).fit(SENTENCES)
    for layer in range(2):
        bias = model.network_.parameters[f"layers.{layer}.b"]
        np.testing.assert_allclose(bias[4:8], 1.0, atol=1e-6)
        assert (np.abs(np.delete(bias, slice(4, 8))) <= 0.0801).all()


def test_unknown_presets_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"LanguageModel\.preset: name must be one of 'zaremba-small'"):
        LanguageModel.preset("zaremba-smal")
