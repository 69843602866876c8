"""The rules of a language model, and its parameters translated for network and training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from elman.network import Architecture, Network
from elman.text.parameters import Parameters
from elman.text.tokenization import MOST_TOKENS
from elman.training import Constant, Cosine, Plateau, Schedule, Settings, Step

__all__ = [
    "Size",
    "architecture_of",
    "carries_state",
    "further_size",
    "least_tokens",
    "rule_size",
    "settings_of",
    "vocabulary_size",
]

_SIZES = {"character": MOST_TOKENS, "word": 10_000, "whitespace": 10_000, "bpe": 2_000}
_STEPS = {"character": 64, "word": 35, "whitespace": 35, "bpe": 64}
_CHARACTER_EMBEDDING = 64
_UNITS = ((20_000, 64), (200_000, 128), (600_000, 256))  # (tokens at most, units)
_MOST_UNITS = 512
_TOKENS = 10_000_000  # read by "auto" epochs together
_MOST_EPOCHS = 100
_MOST_ROWS = 32
_LEAST_UPDATES = 16  # per epoch


@dataclass(frozen=True)
class Size:
    """Values chosen for "auto".

    Parameters
    ----------
    hidden_size, steps, batch_size, epochs : int
        See `LanguageModel`.
    embedding_size : int or None
        None: one-hot.
    """

    hidden_size: int
    embedding_size: int | None
    steps: int
    batch_size: int
    epochs: int


def carries_state(network: Network) -> bool:
    """Tell whether a network reads streams rather than independent windows."""
    return network.architecture.readout == "every"


def vocabulary_size(parameters: Parameters) -> int:
    """Return the largest vocabulary: with "auto" 10,000 words, 2,000 byte pairs, or all characters up to 50,000."""
    return _SIZES[parameters.unit] if parameters.vocabulary_size == "auto" else int(parameters.vocabulary_size)


def rule_size(parameters: Parameters, tokens: int) -> Size:
    """Choose values for "auto" from the unit and the number of training tokens.

    - ``hidden_size``: 64 up to 20,000 tokens, 128 up to 200,000, 256 up to 600,000, else 512.
    - ``embedding_size``: 64 for characters, else ``hidden_size``; with tied weights the width of the states that the
      output layer reads.
    - ``steps``: 64 characters or byte pairs, or 35 words.
    - ``batch_size``: 32, or fewer so that an epoch has 16 updates.
    - ``epochs``: as many as read 10 million tokens, at least 1 and at most 100; overlapping windows read a token
      several times.

    Parameters
    ----------
    parameters : Parameters
        Checked.
    tokens : int
        Of the training part.

    Returns
    -------
    size : Size

    Examples
    --------
    >>> rule_size(Parameters(), tokens=1_003_854)
    Size(hidden_size=512, embedding_size=64, steps=64, batch_size=32, epochs=10)
    """
    hidden = next((units for most, units in _UNITS if tokens <= most), _MOST_UNITS)
    hidden = hidden if parameters.hidden_size == "auto" else int(parameters.hidden_size)
    embedding = _CHARACTER_EMBEDDING if parameters.unit == "character" else hidden
    if parameters.tied_weights:
        embedding = hidden if parameters.projection_size is None else int(parameters.projection_size)
    steps = _STEPS[parameters.unit] if parameters.steps == "auto" else int(parameters.steps)
    windows = parameters.training == "windows"
    epochs = min(max(round(_TOKENS / (tokens * (steps - 1) if windows else tokens)), 1), _MOST_EPOCHS)
    rows = min(max(tokens // (_LEAST_UPDATES if windows else steps * _LEAST_UPDATES), 1), _MOST_ROWS)
    return Size(
        hidden_size=hidden,
        embedding_size=embedding if parameters.embedding_size == "auto" else parameters.embedding_size,
        steps=steps,
        batch_size=rows if parameters.batch_size == "auto" else int(parameters.batch_size),
        epochs=epochs if parameters.epochs == "auto" else int(parameters.epochs),
    )


def least_tokens(parameters: Parameters) -> int:
    """Return the minimum number of tokens of a text for training or evaluation."""
    if parameters.training == "streams":
        return 2
    return _STEPS[parameters.unit] if parameters.steps == "auto" else int(parameters.steps)


def further_size(parameters: Parameters, size: Size) -> Size:
    """Return the size for one more pass: that of the fit with the present ``steps`` and ``batch_size``."""
    changes = {name: getattr(parameters, name) for name in ("steps", "batch_size")}
    return replace(size, **{name: int(value) for name, value in changes.items() if value != "auto"})


def architecture_of(parameters: Parameters, size: Size, tokens: int) -> Architecture:
    """Return the architecture: a token as input, the probabilities of all tokens as output."""
    return Architecture(
        input_size=None,
        output_size=tokens,
        cell=parameters.cell,
        hidden_size=size.hidden_size,
        num_layers=int(parameters.num_layers),
        projection_size=parameters.projection_size,
        layer_norm=bool(parameters.layer_norm),
        activation=parameters.activation,
        vocabulary_size=tokens,
        embedding_size=size.embedding_size,
        readout="every" if parameters.training == "streams" else "last",
        output="softmax",
        tied_weights=bool(parameters.tied_weights),
        dropout=float(parameters.dropout),
        recurrent_dropout=float(parameters.recurrent_dropout),
    )


def settings_of(
    parameters: Parameters, updates: int, epoch_length: int, seed: int, *, constant: bool = False
) -> Settings:
    """Return the training settings; with ``constant``, a constant learning rate and no early stopping."""
    optimizer = str(parameters.optimizer)
    own: dict[str, Any] = {
        "adam": {},
        "rmsprop": {"decay": parameters.rmsprop_decay},
        "sgd": {"momentum": parameters.momentum},
    }[optimizer]
    return Settings(
        updates=updates,
        loss="categorical_cross_entropy",
        optimizer=optimizer,
        learning_rate=float(parameters.learning_rate),
        weight_decay=float(parameters.weight_decay),
        schedule=Constant() if constant else _schedule_of(parameters, updates, epoch_length),
        clip_norm=parameters.clip_norm,
        clip_value=parameters.clip_value,
        patience=None if constant else parameters.patience,
        seed=seed,
        **own,
    )


def _schedule_of(parameters: Parameters, updates: int, epoch_length: int) -> Schedule:
    if parameters.schedule == "step":
        start = int(parameters.decay_after) * epoch_length
        return Step(every=epoch_length, factor=float(parameters.learning_rate_decay), start=start)
    if parameters.schedule == "plateau":
        return Plateau(factor=float(parameters.learning_rate_decay), patience=int(parameters.decay_after))
    if parameters.schedule == "cosine":
        return Cosine(warmup=min(_WARMUP, updates // 10))
    return Constant()


_WARMUP = 100
