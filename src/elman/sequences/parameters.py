"""The parameters of sequence estimators: the shared ones, and the tables of valid values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from elman import _check
from elman.data.ragged import LAYOUTS
from elman.errors import ArgumentError, FileFormatError
from elman.estimators import COMMON, Auto, Choice, Column, Count, Number, Parameter, PerLayer, Switch, Table
from elman.persistence.models import check_names

__all__ = ["ADDED", "AUTO", "CLASSIFIER", "LOSSES", "MOST_STEPS", "PLAIN", "REGRESSOR", "TAGGER", "Parameters", "Task"]

LOSSES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "huber": "huber"}
MOST_STEPS = 2**20  # of a window or stride
# Parameters that earlier files lack.
ADDED: dict[str, Any] = {
    "dense": [],
    "dense_activation": "relu",
    "projection_size": None,
    "layer_norm": False,
    "tune": False,
    "steps": None,
}
AUTO = ("cell", "hidden_size", "recurrent_dropout", "standardize", "learning_rate", "batch_size")  # of a tagger
PLAIN = (bool, int, float, str)  # types of classes in a file


@dataclass(eq=False, repr=False, kw_only=True)
class Parameters:
    """The constructor arguments of all sequence estimators, described in their classes."""

    cell: str = "gru"
    hidden_size: Any = 64
    num_layers: int = 1
    projection_size: Any = None
    layer_norm: bool = False
    activation: str = "tanh"
    bidirectional: Any = True
    dense: Any = ()
    dense_activation: Any = "relu"
    dropout: float = 0.2
    recurrent_dropout: Any = 0.0
    standardize: Any = True
    init: str = "default"
    optimizer: str = "adam"
    learning_rate: Any = 3e-3
    weight_decay: float = 0.0
    schedule: str = "cosine"
    updates: Any = "auto"
    batch_size: Any = 32
    group_lengths: bool = False
    clip_norm: float | None = 1.0
    early_stopping: bool = False
    validation_fraction: float = 0.15
    patience: int = 20
    refit: bool = False
    ensemble_size: int = 5
    layout: str = "time_channels"
    id_column: str = "unique_id"
    time_column: str | None = "ds"
    dtype: str = "float32"
    warm_start: bool = False
    random_state: Any = None
    n_threads: int | None = None
    progress: bool = False


@dataclass(frozen=True, kw_only=True)
class Task:
    """The properties of networks and training that depend on the task.

    Parameters
    ----------
    readout : str
        Of the architecture.
    window, stride : int or "auto"
        Values of every channel per step, and shift per step.
    loss : str
        Of numbers.
    label_smoothing : float
        Of classes.
    tune : bool
        Whether short fits choose window, stride, readout, cell and size.
    steps : int, "auto" or None
        Of the stretches that a training sequence is cut into; None: it stays whole.
    """

    readout: str
    window: Any
    stride: Any
    loss: str = "mse"
    label_smoothing: float = 0.0
    tune: bool = False
    steps: Any = None

    @property
    def per_step(self) -> bool:
        """Whether every step has an output, and so a window."""
        return self.readout == "every"


@dataclass(frozen=True, kw_only=True)
class _ClassWeight(Parameter):
    """Weights by class; the fit checks them with the labels."""

    def plain(self, value: Any) -> Any:
        """Return the weights of classes, or those of every label, as lists, because keys in JSON are strings."""
        if isinstance(value, list):
            return [self.plain(own) for own in value]
        if not isinstance(value, dict):
            return value
        classes = [key.item() if isinstance(key, np.generic) else key for key in value]
        if odd := [key for key in classes if type(key) not in PLAIN]:
            raise ArgumentError(
                f"save: class_weight must name classes by text, numbers or truth values, got {odd[0]!r}."
            )
        return {"classes": classes, "weights": [float(weight) for weight in value.values()]}

    def parsed(self, value: Any) -> Any:
        """Rebuild the weights from `plain`."""
        if isinstance(value, list):
            return [self.parsed(each) for each in value]
        if not isinstance(value, dict):
            return value
        check_names("fields of class_weight", set(value), {"classes", "weights"})
        if any(type(key) not in PLAIN for key in value["classes"]):
            raise FileFormatError("class_weight must name classes by text, numbers or truth values")
        weights = [_check.number_in("class_weight", "weights", weight, "[0, inf)") for weight in value["weights"]]
        return dict(zip(value["classes"], weights, strict=True))


@dataclass(frozen=True, kw_only=True)
class _Standardize(Parameter):
    """True, False, ``"sequence"`` or ``"auto"``."""

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse any other value."""
        if isinstance(value, str) and value in ("auto", "sequence"):
            return
        if not isinstance(value, (bool, np.bool_)):
            raise ArgumentError(f'{place}: {name} must be "auto", "sequence", True or False, got {value!r}.')


_SHARED: Table = {
    "cell": COMMON["cell"],
    "hidden_size": PerLayer(others=COMMON["hidden_size"].others).also("num_cells hidden_layer_sizes"),
    "num_layers": COMMON["num_layers"],
    "projection_size": COMMON["projection_size"],
    "layer_norm": COMMON["layer_norm"],
    "activation": COMMON["activation"],
    "bidirectional": PerLayer(),
    "dense": PerLayer(others="dense_units dense_layers fc_units"),
    "dense_activation": PerLayer(),
    "dropout": COMMON["dropout"].later(),
    "recurrent_dropout": COMMON["recurrent_dropout"].later(),
    "standardize": Switch(others="scaler normalize standardise"),
    "init": COMMON["init"].also("kernel_initializer recurrent_initializer"),
    "optimizer": COMMON["optimizer"].later(),
    "learning_rate": COMMON["learning_rate"].also("learning_rate_init").later(),
    "weight_decay": COMMON["weight_decay"].also("alpha l2").later(),
    "schedule": COMMON["schedule"].later(),
    "updates": Count(most=10**9, auto=True, others="n_epochs epochs max_epochs max_steps max_iter num_epochs").later(),
    "batch_size": COMMON["batch_size"].later(),
    "group_lengths": Switch().later(),
    "clip_norm": COMMON["clip_norm"].also("gradient_clip clipnorm").later(),
    "early_stopping": Switch().later(),
    "validation_fraction": Number(interval="(0, 1)").later(),
    "patience": Count(others="n_iter_no_change early_stopping_patience").later(),
    "refit": Switch().later(),
    "ensemble_size": COMMON["ensemble_size"].also("n_estimators"),
    "layout": Choice(options=LAYOUTS, taken_up="at once"),
    "id_column": Column(taken_up="at once"),
    "time_column": Column(optional=True, taken_up="at once"),
    "dtype": COMMON["dtype"],
    "warm_start": Switch(taken_up="at once"),
    "random_state": COMMON["random_state"].later(),
    "n_threads": COMMON["n_threads"],
    "progress": COMMON["progress"],
}
_WINDOWS = "kernel_size window_length patch_size"
_WINDOW = Count(auto=True, most=MOST_STEPS, others=_WINDOWS)
_READOUT = Choice(options=("last", "mean", "max"), others="pooling pool")
_TUNE = Switch(others="auto_tune tuning search")
_LOSS = Choice(options=tuple(LOSSES)).later()
_CLASSES: Table = {
    "class_weight": _ClassWeight().later(),
    "label_smoothing": Number(interval="[0, 1)").later(),
}

_WHOLE: Table = {"window": _WINDOW, "stride": _WINDOW, "readout": _READOUT, "tune": _TUNE}
CLASSIFIER: Table = {**_WHOLE, **_CLASSES, **_SHARED, "standardize": _Standardize(others=_SHARED["standardize"].others)}
REGRESSOR: Table = {**_WHOLE, "loss": _LOSS, **_SHARED}
TAGGER: Table = {
    "target": Choice(options=("class", "labels", "numbers")),
    "window": _WINDOW,
    "steps": Count(auto=True, optional=True, most=MOST_STEPS, others="bptt seq_len").later(),
    **_CLASSES,
    "loss": _LOSS,
    **_SHARED,
    **{name: Auto.around(_SHARED[name]) for name in AUTO},
}
