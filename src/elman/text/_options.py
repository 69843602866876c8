"""Check the parameters of a language model, apply its rules, and translate it for network and training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from elman import _check
from elman.errors import ArgumentError, Remedy
from elman.network import Architecture, Network
from elman.text.tokenization import LEAST_BPE, LEVELS, MOST_TOKENS, NORMALIZATIONS
from elman.training import Constant, Cosine, Plateau, Schedule, Settings, Step

if TYPE_CHECKING:
    from elman.text.model import LanguageModel

__all__ = [
    "HINTS",
    "Size",
    "architecture_of",
    "carries_state",
    "check_parameters",
    "check_unchanged",
    "further_size",
    "least_tokens",
    "rule_size",
    "settings_of",
    "vocabulary_size",
]

_CHOICES: dict[str, tuple[str, ...]] = {
    "level": LEVELS,
    "normalization": NORMALIZATIONS,
    "cell": ("lstm", "gru", "rnn"),
    "activation": ("tanh", "relu", "sigmoid", "identity"),
    "training": ("streams", "windows"),
    "optimizer": ("adam", "rmsprop", "sgd"),
    "schedule": ("cosine", "constant", "step", "plateau"),
    "init": ("default", "torch", "glorot", "uniform", "zeros"),
    "dtype": ("float32", "float64"),
}
_COUNTS = ("min_count", "num_layers", "decay_after")
_COUNTS_OR_AUTO = ("vocabulary_size", "hidden_size", "steps", "batch_size", "epochs")
_COUNTS_OR_NONE = ("patience",)
_MOST = {"num_layers": 1000}
_SWITCHES = ("tied_weights", "progress")
_INTERVALS = {
    "dropout": "[0, 1)",
    "recurrent_dropout": "[0, 1)",
    "learning_rate": "(0, inf)",
    "momentum": "[0, 1)",
    "rmsprop_decay": "[0, 1)",
    "weight_decay": "[0, inf)",
    "learning_rate_decay": "(0, 1]",
    "validation_fraction": "[0, 1)",
}
_INTERVALS_OR_NONE = {"clip_norm": "(0, inf)", "clip_value": "(0, inf)", "init_scale": "(0, inf)"}

_SAME = {
    "steps": "seq_length sequence_length bptt num_steps block_size context_length window",
    "hidden_size": "hidden_dim units n_units num_hidden rnn_size hidden_units",
    "num_layers": "n_layers layers",
    "cell": "model rnn_type cell_type unit_type",
    "embedding_size": "embedding_dim output_dim emsize",
    "vocabulary_size": "vocab_size max_features num_words max_tokens",
    "min_count": "min_frequency min_freq min_df",
    "epochs": "n_epochs max_epochs num_epochs",
    "learning_rate": "lr",
    "learning_rate_decay and decay_after": "lr_decay gamma decay",
    "clip_norm": "gradient_clip_val max_grad_norm clipnorm grad_clip clip",
    "tied_weights": "tied tie_weights",
    "random_state": "seed random_seed",
    "n_threads": "n_jobs num_workers threads",
    "progress": "verbose",
    "init and init_scale": "initializer init_range",
}
HINTS = {other: ours for ours, others in _SAME.items() for other in others.split()}

_SIZES = {"character": MOST_TOKENS, "word": 10_000, "bpe": 2_000}
_STEPS = {"character": 64, "word": 35, "bpe": 64}
_CHARACTER_EMBEDDING = 64
_UNITS = ((20_000, 64), (200_000, 128), (600_000, 256))  # up to so many tokens: so many units
_MOST_UNITS = 512
_TOKENS = 10_000_000  # that "auto" epochs add up to, about
_MOST_EPOCHS = 100
_MOST_ROWS = 32
_LEAST_UPDATES = 16  # of an epoch


@dataclass(frozen=True)
class Size:
    """What "auto" has become.

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


def check_parameters(place: str, model: LanguageModel) -> None:
    """Refuse values that the constructor stored but nothing can use.

    Raises
    ------
    ArgumentError
        Naming the parameter, what it may be and what it is.
    """
    values: dict[str, Any] = model.get_params(deep=False)
    for name, value in values.items():
        if name in _CHOICES:
            _check.choice(place, name, value, _CHOICES[name])
        elif name in _COUNTS or (name in _COUNTS_OR_NONE and value is not None):
            _check.positive_integer(place, name, value)
        elif name in _COUNTS_OR_AUTO:
            _check.count_or_auto(place, name, value)
        elif name == "embedding_size" and value is not None:
            _check_embedding(place, value)
        elif name in _SWITCHES:
            _check.boolean(place, name, value)
        elif name in _INTERVALS:
            _check.number_in(place, name, value, _INTERVALS[name])
        elif name in _INTERVALS_OR_NONE and value is not None:
            _check.number_in(place, name, value, _INTERVALS_OR_NONE[name])
    _check.at_most(place, values, _MOST)
    if values["n_threads"] is not None:
        _check.thread_count(place, values["n_threads"])
    _check.random_state(place, values["random_state"])
    _check_together(place, values)


def _check_together(place: str, values: dict[str, Any]) -> None:
    """Refuse values that exclude each other."""
    if values["forget_bias"] is not None:
        _check.number_in(place, "forget_bias", values["forget_bias"], "(-inf, inf)")
        if values["cell"] != "lstm":
            raise ArgumentError(f"{place}: forget_bias needs cell='lstm', got cell={values['cell']!r}.")
    if values["init_scale"] is not None and values["init"] != "uniform":
        raise ArgumentError(f"{place}: init_scale needs init='uniform', got init={values['init']!r}.")
    if values["validation_fraction"] == 0 and (values["patience"] is not None or values["schedule"] == "plateau"):
        what = "patience needs" if values["patience"] is not None else 'the schedule "plateau" needs'
        raise ArgumentError(f"{place}: {what} a part held out for validation.", Remedy(validation_fraction=0.05))
    if values["training"] == "windows" and values["steps"] == 1:
        raise ArgumentError(f"{place}: a window needs at least 2 steps: the last is the label.", Remedy(steps=2))
    if values["tied_weights"] and values["embedding_size"] not in ("auto", values["hidden_size"]):
        width, units = values["embedding_size"], values["hidden_size"]
        number = "an automatic number of" if units == "auto" else units
        got = "one-hot rows" if width is None else f"{width} values and {number} units"
        raise ArgumentError(
            f"{place}: tied weights need embeddings of as many values as there are hidden units, got {got}.",
            Remedy("leave {} out", embedding_size=...),
        )
    size = values["vocabulary_size"]
    if size != "auto":
        least = LEAST_BPE if values["level"] == "bpe" else 2
        _check.integer(place, "vocabulary_size", size, least, MOST_TOKENS)


def _check_embedding(place: str, value: Any) -> None:
    try:
        _check.count_or_auto(place, "embedding_size", value)
    except ArgumentError as error:
        wanted = '"auto", None or an integer of at least 1'
        raise ArgumentError(f"{place}: embedding_size must be {wanted}, got {value!r}.") from error


def check_unchanged(place: str, model: LanguageModel) -> None:
    """Refuse parameters that were changed after the fit and that its vocabulary and network do not have.

    Raises
    ------
    ArgumentError
        Naming the parameter.
    """
    network, vocabulary = model.network_, model.vocabulary_
    fitted: dict[str, Any] = {"level": vocabulary.level, "normalization": vocabulary.normalization}
    fitted |= {"dtype": network.dtype.name, "training": "streams" if carries_state(network) else "windows"}
    fitted |= {name: getattr(model.size_, name) for name in ("hidden_size", "embedding_size")}
    names = ("cell", "num_layers", "activation", "tied_weights")
    fitted |= {name: getattr(network.architecture, name) for name in names}
    for name, value in fitted.items():
        own = getattr(model, name)
        if own not in ("auto", value):
            raise ArgumentError(f"{place}: {name} is {own!r}, but was {value!r} in fit; set it back, or fit again.")
    if len(vocabulary) > vocabulary_size(model):
        raise ArgumentError(
            f"{place}: vocabulary_size is {model.vocabulary_size}, but the vocabulary of fit has {len(vocabulary)} "
            "tokens; set it back, or fit again."
        )


def carries_state(network: Network) -> bool:
    """Tell whether a network was made for streams, and not for independent windows."""
    return network.architecture.readout == "every"


def vocabulary_size(model: LanguageModel) -> int:
    """Return the largest vocabulary: with "auto" 10,000 words, 2,000 byte pairs, or all characters up to 50,000."""
    return _SIZES[model.level] if model.vocabulary_size == "auto" else int(model.vocabulary_size)


def rule_size(model: LanguageModel, tokens: int) -> Size:
    """Choose what is "auto" from the level and the tokens of the training part.

    - ``hidden_size``: 64 up to 20,000 tokens, 128 up to 200,000, 256 up to 600,000, else 512.
    - ``embedding_size``: 64 for characters, else (or with tied weights) ``hidden_size``.
    - ``steps``: 64 characters or byte pairs, or 35 words.
    - ``batch_size``: 32, or fewer so that an epoch has 16 updates.
    - ``epochs``: as many as read 10 million tokens, at least 1 and at most 100; windows read every token again and
      again.

    Parameters
    ----------
    model : LanguageModel
        With its parameters.
    tokens : int
        Of the training part.

    Returns
    -------
    size : Size

    Examples
    --------
    >>> from elman.text import LanguageModel
    >>> rule_size(LanguageModel(), tokens=1_003_854)
    Size(hidden_size=512, embedding_size=64, steps=64, batch_size=32, epochs=10)
    """
    hidden = next((units for most, units in _UNITS if tokens <= most), _MOST_UNITS)
    hidden = hidden if model.hidden_size == "auto" else int(model.hidden_size)
    embedding = _CHARACTER_EMBEDDING if model.level == "character" and not model.tied_weights else hidden
    steps = _STEPS[model.level] if model.steps == "auto" else int(model.steps)
    windows = model.training == "windows"
    epochs = min(max(round(_TOKENS / (tokens * (steps - 1) if windows else tokens)), 1), _MOST_EPOCHS)
    rows = min(max(tokens // (_LEAST_UPDATES if windows else steps * _LEAST_UPDATES), 1), _MOST_ROWS)
    return Size(
        hidden_size=hidden,
        embedding_size=embedding if model.embedding_size == "auto" else model.embedding_size,
        steps=steps,
        batch_size=rows if model.batch_size == "auto" else int(model.batch_size),
        epochs=epochs if model.epochs == "auto" else int(model.epochs),
    )


def least_tokens(model: LanguageModel) -> int:
    """Return how many tokens a text must have to be learned from, or measured."""
    if model.training == "streams":
        return 2
    return _STEPS[model.level] if model.steps == "auto" else int(model.steps)


def further_size(model: LanguageModel) -> Size:
    """Return the size of a fitted model with what may be another in one more pass over a text."""
    changes = {name: getattr(model, name) for name in ("steps", "batch_size")}
    return replace(model.size_, **{name: int(value) for name, value in changes.items() if value != "auto"})


def architecture_of(model: LanguageModel, size: Size, tokens: int) -> Architecture:
    """Describe the network: one of so many tokens in, the probability of each out."""
    return Architecture(
        input_size=None,
        output_size=tokens,
        cell=model.cell,
        hidden_size=size.hidden_size,
        num_layers=int(model.num_layers),
        activation=model.activation,
        vocabulary_size=tokens,
        embedding_size=size.embedding_size,
        readout="every" if model.training == "streams" else "last",
        output="softmax",
        tied_weights=bool(model.tied_weights),
        dropout=float(model.dropout),
        recurrent_dropout=float(model.recurrent_dropout),
    )


def settings_of(
    model: LanguageModel, updates: int, epoch_length: int, seed: int, *, constant: bool = False
) -> Settings:
    """Describe the training; ``constant`` keeps the learning rate as it is and never stops early."""
    optimizer = str(model.optimizer)
    own: dict[str, Any] = {"adam": {}, "rmsprop": {"decay": model.rmsprop_decay}, "sgd": {"momentum": model.momentum}}[
        optimizer
    ]
    return Settings(
        updates=updates,
        loss="categorical_cross_entropy",
        optimizer=optimizer,
        learning_rate=float(model.learning_rate),
        weight_decay=float(model.weight_decay),
        schedule=Constant() if constant else _schedule_of(model, updates, epoch_length),
        clip_norm=model.clip_norm,
        clip_value=model.clip_value,
        patience=None if constant else model.patience,
        seed=seed,
        **own,
    )


def _schedule_of(model: LanguageModel, updates: int, epoch_length: int) -> Schedule:
    if model.schedule == "step":
        start = int(model.decay_after) * epoch_length
        return Step(every=epoch_length, factor=float(model.learning_rate_decay), start=start)
    if model.schedule == "plateau":
        return Plateau(factor=float(model.learning_rate_decay), patience=int(model.decay_after))
    if model.schedule == "cosine":
        return Cosine(warmup=min(_WARMUP, updates // 10))
    return Constant()


_WARMUP = 100
