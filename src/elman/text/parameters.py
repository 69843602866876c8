"""The parameters of a language model and their valid values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from elman import _check
from elman._words import called
from elman.errors import ArgumentError, Remedy
from elman.estimators import COMMON, Choice, Count, Number, Switch, Table, check_table, values_of
from elman.text.tokenization import LEAST_BPE, MOST_TOKENS, NORMALIZATIONS, UNITS

__all__ = ["TABLE", "Parameters", "check_parameters"]


@dataclass(eq=False, repr=False, kw_only=True)
class Parameters:
    """The constructor arguments of `LanguageModel`, unchanged; see there."""

    unit: str = "character"
    vocabulary_size: Any = "auto"
    min_count: int = 1
    normalization: str = "nfc"
    cell: str = "gru"
    hidden_size: Any = "auto"
    num_layers: int = 1
    projection_size: Any = None
    layer_norm: bool = False
    activation: str = "tanh"
    embedding_size: Any = "auto"
    tied_weights: bool = False
    dropout: float = 0.3
    recurrent_dropout: float = 0.0
    training: str = "streams"
    steps: Any = "auto"
    batch_size: Any = "auto"
    epochs: Any = "auto"
    optimizer: str = "adam"
    learning_rate: float = 3e-3
    momentum: float = 0.0
    rmsprop_decay: float = 0.9
    weight_decay: float = 0.0
    schedule: str = "cosine"
    learning_rate_decay: float = 0.5
    decay_after: int = 1
    clip_norm: float | None = 1.0
    clip_value: float | None = None
    validation_fraction: float = 0.1
    patience: int | None = None
    init: str = "default"
    init_scale: float | None = None
    forget_bias: float | None = None
    dtype: str = "float32"
    random_state: Any = None
    n_threads: int | None = None
    progress: bool = False


_DECAY = "lr_decay gamma decay"
_INIT = "initializer init_range"
_STEPS = "seq_length sequence_length bptt num_steps block_size context_length window"

TABLE: Table = {
    "unit": Choice(options=UNITS),
    "vocabulary_size": Count(auto=True, others="vocab_size max_features num_words max_tokens"),
    "min_count": Count(others="min_frequency min_freq min_df"),
    "normalization": Choice(options=NORMALIZATIONS),
    "cell": COMMON["cell"],
    "hidden_size": replace(COMMON["hidden_size"], auto=True).also("num_hidden rnn_size"),  # type: ignore[call-arg]
    "num_layers": COMMON["num_layers"],
    "projection_size": COMMON["projection_size"],
    "layer_norm": COMMON["layer_norm"],
    "activation": COMMON["activation"],
    "embedding_size": Count(auto=True, optional=True, others="embedding_dim output_dim emsize"),
    "tied_weights": Switch(others="tied tie_weights"),
    "dropout": COMMON["dropout"].later(),
    "recurrent_dropout": COMMON["recurrent_dropout"].later(),
    "training": Choice(options=("streams", "windows")),
    "steps": Count(auto=True, others=_STEPS).later(),
    "batch_size": Count(auto=True).later(),
    "epochs": Count(most=10**9, auto=True, others="n_epochs max_epochs num_epochs").later(),
    "optimizer": COMMON["optimizer"].later(),
    "learning_rate": COMMON["learning_rate"].later(),
    "momentum": Number(interval="[0, 1)").later(),
    "rmsprop_decay": Number(interval="[0, 1)").later(),
    "weight_decay": COMMON["weight_decay"].later(),
    "schedule": Choice(options=("cosine", "constant", "step", "plateau")).later(),
    "learning_rate_decay": Number(interval="(0, 1]", others=_DECAY).later(),
    "decay_after": Count(others=_DECAY).later(),
    "clip_norm": COMMON["clip_norm"].also("clipnorm grad_clip clip").later(),
    "clip_value": Number(interval="(0, inf)", optional=True).later(),
    "validation_fraction": Number(interval="[0, 1)").later(),
    "patience": Count(optional=True).later(),
    "init": COMMON["init"].also(_INIT),
    "init_scale": Number(interval="(0, inf)", optional=True, others=_INIT),
    "forget_bias": Number(interval="(-inf, inf)", optional=True),
    "dtype": COMMON["dtype"],
    "random_state": COMMON["random_state"].later(),
    "n_threads": COMMON["n_threads"],
    "progress": COMMON["progress"],
}


def check_parameters(place: str, parameters: Parameters) -> None:
    """Refuse invalid values and invalid combinations of values.

    Raises
    ------
    ArgumentError
        With the parameter, its valid values and the given one.
    """
    values = values_of(parameters)
    check_table(place, TABLE, values)
    _check_together(place, values)


def _check_together(place: str, values: dict[str, Any]) -> None:
    """Refuse values that exclude each other."""
    if values["forget_bias"] is not None and values["cell"] != "lstm":
        raise ArgumentError(f"{place}: forget_bias needs cell='lstm', got cell={values['cell']!r}.")
    if values["init_scale"] is not None and values["init"] != "uniform":
        raise ArgumentError(f"{place}: init_scale needs init='uniform', got init={values['init']!r}.")
    if values["validation_fraction"] == 0 and (values["patience"] is not None or values["schedule"] == "plateau"):
        what = f"{called('patience')} needs" if values["patience"] is not None else 'the schedule "plateau" needs'
        raise ArgumentError(f"{place}: {what} a part held out for validation.", Remedy(validation_fraction=0.05))
    if values["training"] == "windows" and values["steps"] == 1:
        raise ArgumentError(f"{place}: a window needs at least 2 steps: the last is the label.", Remedy(steps=2))
    projection_size, units = values["projection_size"], values["hidden_size"]
    if projection_size is not None:
        _check.projection(place, values["cell"], projection_size, () if units == "auto" else (units,))
    if values["tied_weights"] and values["embedding_size"] not in ("auto", projection_size or units):
        width = values["embedding_size"]
        number = "an automatic number of" if units == "auto" else units
        read = f"{number} units" if projection_size is None else f"projection_size={projection_size}"
        wanted = "there are hidden units" if projection_size is None else "the projection has"
        got = "one-hot rows" if width is None else f"{width} values and {read}"
        raise ArgumentError(
            f"{place}: tied weights need embeddings of as many values as {wanted}, got {got}.",
            Remedy("leave {} out", embedding_size=...),
        )
    size = values["vocabulary_size"]
    if size != "auto":
        least = LEAST_BPE if values["unit"] == "bpe" else 2
        _check.integer(place, called("vocabulary_size"), size, least, MOST_TOKENS)
