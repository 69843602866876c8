"""Keras layers by class, configuration and weights, without importing Keras.

Keras stores matrices as (inputs, outputs), like Elman. Its LSTM has our order of gates; its GRU has z, r, h instead of
r, z, n, and two rows of biases if the reset gate acts after the product. Every entry of a configuration is in one of
the tables below: converted, without influence on results, refused unless it has one value, or active only in training.
Other entries are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, DataError, ShapeError, UnsupportedError

Array = npt.NDArray[Any]

CELLS = {"SimpleRNN": "rnn", "LSTM": "lstm", "GRU": "gru"}
ACTIVATIONS = {"linear": "identity", "tanh": "tanh", "sigmoid": "sigmoid", "relu": "relu"}
ACTIVATIONS |= {"softmax": "softmax", "log_softmax": "log_softmax"}
# Of LSTM and GRU beside tanh and sigmoid, by ONNX's names: a `ReferenceNetwork` computes them.
OTHERS: dict[str, tuple[str, float, float]] = {
    "tanh": ("Tanh", 0.0, 0.0),
    "relu": ("Relu", 0.0, 0.0),
    "sigmoid": ("Sigmoid", 0.0, 0.0),
    "linear": ("Affine", 1.0, 0.0),
    "elu": ("Elu", 1.0, 0.0),
    "softsign": ("Softsign", 0.0, 0.0),
    "softplus": ("Softplus", 0.0, 0.0),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
}
_WITHOUT_INFLUENCE = {"name", "trainable", "unroll", "implementation", "seed", "zero_output_for_mask", "noise_shape"}
_ONE_VALUE: dict[str, tuple[Any, ...]] = {  # entries that influence results
    "stateful": (False,),
    "time_major": (False,),
    "merge_mode": ("concat",),
    "data_format": ("channels_last",),
    "keepdims": (False,),
    "lora_rank": (None,),
    "quantization_config": (None,),
    "sparse": (False,),
    "ragged": (False,),
    "optional": (False,),
}
_TRAINING_ALONE: dict[str, tuple[Any, ...]] = {
    "dropout": (0, 0.0),
    "recurrent_dropout": (0, 0.0),
    "rate": (0, 0.0),
    "activity_regularizer": (None,),
}
_FLAGS = {"every": "return_sequences", "states": "return_state", "turned": "go_backwards"}
_DROPOUTS = {"Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise"}
POOLS = {"GlobalAveragePooling1D": "mean", "GlobalMaxPooling1D": "max"}


class KerasLayer(NamedTuple):
    """Description of a layer.

    Attributes
    ----------
    class_name : str
        Name of its class.
    config : mapping of str to object
        Its ``get_config()``.
    weights : sequence of ndarray
        Its ``get_weights()``.
    """

    class_name: str
    config: Mapping[str, Any]
    weights: Sequence[Array]

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{self.class_name} {self.config.get('name', '')!r}"

    def entry(self, key: str) -> Any:
        """Return an entry of its configuration, or refuse a description without it."""
        if key not in self.config:
            raise ArgumentError(f"from_keras: {self.name}: its configuration has no {key!r}.")
        return self.config[key]

    def flag(self, key: str, default: bool) -> bool:
        """Return an entry that is True or False."""
        return _check.boolean(f"from_keras: {self.name}", key, self.config.get(key, default))

    def inner(self, key: str = "layer") -> KerasLayer:
        """Return the layer that an entry describes, without weights."""
        told = self.entry(key)
        if not isinstance(told, Mapping) or not {"class_name", "config"} <= told.keys():
            raise ArgumentError(
                f"from_keras: {self.name}: {key} must have a class_name and a config, got {told!r:.60}."
            )
        return KerasLayer(told["class_name"], told["config"], ())


@dataclass(frozen=True)
class Recurrent:
    """One recurrent layer, with weights in our order for each direction."""

    name: str
    cell: str
    units: int
    activation: str
    gate_activation: str  # of LSTM and GRU
    bias: bool
    every: bool  # return_sequences
    states: bool  # return_state
    turned: bool  # go_backwards
    reset: str
    directions: tuple[dict[str, Array], ...]


def check_config(layer: KerasLayer, taken: Sequence[str], inference_only: bool) -> None:
    """Refuse every entry of a configuration that influences results and is not converted.

    Raises
    ------
    UnsupportedError
        With the layer, the entry and its value.
    """
    for key, value in layer.config.items():
        if key == "dtype":
            _check_dtype(layer, value)
        elif key in taken or _without_influence(key):
            continue
        elif key in _ONE_VALUE:
            _refuse_unless(layer, key, value, _ONE_VALUE[key], "")
        elif key in _TRAINING_ALONE or key.endswith(("_regularizer", "_constraint")):
            if not inference_only:
                hint = "\n  Hint: it acts only in training; inference_only=True drops it."
                _refuse_unless(layer, key, value, _TRAINING_ALONE.get(key, (None,)), hint)
        else:
            raise UnsupportedError(f"from_keras: {layer.name}: {key}={value!r} is unknown.")


def _refuse_unless(layer: KerasLayer, key: str, value: Any, options: tuple[Any, ...], hint: str) -> None:
    if not any(value == option and type(value) in (type(option), int, float) for option in options):
        raise UnsupportedError(f"from_keras: {layer.name}: {key}={value!r} is not supported.{hint}")


def _check_dtype(layer: KerasLayer, value: Any) -> None:
    name = value.get("config", {}).get("name") if isinstance(value, Mapping) else value
    if name not in ("float32", "float64"):
        raise UnsupportedError(f"from_keras: {layer.name}: dtype={name!r} is not supported: float32 or float64.")


def is_passed_over(layer: KerasLayer, inference_only: bool) -> bool:
    """Whether a layer does not change values in prediction; checks its configuration."""
    if layer.class_name == "InputLayer":
        check_config(layer, ("batch_shape", "shape", "batch_input_shape"), inference_only)
        return True
    if layer.class_name in _DROPOUTS:
        check_config(layer, ("stddev",) if inference_only else (), inference_only)
        return True
    return False


def read_recurrent(layer: KerasLayer, inference_only: bool) -> Recurrent:
    """Check a recurrent layer, plain or bidirectional, and reorder its weights.

    Raises
    ------
    UnsupportedError
        If Elman has no such layer.
    ShapeError, DataError, ArgumentError
        If its weights do not fit the layer.
    """
    if layer.class_name != "Bidirectional":
        return _one_direction(layer, layer.config, inference_only)
    check_config(layer, ("layer", "backward_layer"), inference_only)
    inner, half = layer.inner(), len(layer.weights) // 2
    forward = inner._replace(weights=layer.weights[:half])
    if forward.class_name not in CELLS:
        raise UnsupportedError(f"from_keras: {layer.name}: a {forward.class_name} inside is not supported.")
    backward = layer.inner("backward_layer") if layer.config.get("backward_layer") else inner
    theirs = dict(backward.config) | {"go_backwards": False}
    if backward.class_name != forward.class_name or _influential(theirs) != _influential(forward.config):
        raise UnsupportedError(f"from_keras: {layer.name}: backward_layer must be like the forward one.")
    for key in ("go_backwards", "return_state"):
        _refuse_unless(layer, key, forward.config.get(key, False), (False,), "")
    read = _one_direction(forward, forward.config, inference_only)
    other = _one_direction(forward._replace(weights=layer.weights[half:]), theirs, inference_only)
    return replace(read, name=layer.name, directions=(*read.directions, *other.directions))


def _influential(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries that influence results."""
    return {key: value for key, value in config.items() if not _without_influence(key) and key != "go_backwards"}


def _without_influence(key: str) -> bool:
    return key in _WITHOUT_INFLUENCE or key.endswith("_initializer") or key == "unit_forget_bias"


def _one_direction(layer: KerasLayer, config: Mapping[str, Any], inference_only: bool) -> Recurrent:
    taken = (
        "units",
        "activation",
        "recurrent_activation",
        "use_bias",
        "return_sequences",
        "return_state",
        "go_backwards",
        "reset_after",
    )
    layer = layer._replace(config=config)
    check_config(layer, taken, inference_only)
    cell, activation = CELLS[layer.class_name], config.get("activation", "tanh")
    gates = config.get("recurrent_activation", "sigmoid")
    _refuse_unless(
        layer, "activation", activation, ("tanh", "relu", "sigmoid", "linear") if cell == "rnn" else tuple(OTHERS), ""
    )
    _refuse_unless(layer, "recurrent_activation", gates, tuple(OTHERS), "")
    units = _check.positive_integer(f"from_keras: {layer.name}", "units", layer.entry("units"))
    bias, after = layer.flag("use_bias", True), layer.flag("reset_after", True)
    weights = _our_order(layer, cell, units, bias, after)
    reset = "after" if cell != "gru" or after else "before"
    flags = {name: layer.flag(key, False) for name, key in _FLAGS.items()}
    named = ACTIVATIONS[activation] if cell == "rnn" else activation
    return Recurrent(layer.name, cell, units, named, gates, bias, reset=reset, directions=(weights,), **flags)


def _our_order(layer: KerasLayer, cell: str, units: int, bias: bool, after: bool) -> dict[str, Array]:
    kind = _check.CELLS[cell]
    columns = len(kind.gates) * units
    shapes: list[tuple[int | None, ...]] = [(None, columns), (units, columns)]
    if bias:
        shapes.append((2, columns) if kind.has_b_hn and after else (columns,))
    arrays = checked_weights(layer, dict(zip(("kernel", "recurrent_kernel", "bias"), shapes, strict=False)))
    if not kind.has_b_hn:
        return dict(zip(("W_x", "W_h", "b"), arrays, strict=False))
    found = {name: swapped(array, units) for name, array in zip(("W_x", "W_h"), arrays, strict=False)}
    if bias:
        b_x, b_h = swapped(arrays[2], units) if after else (swapped(arrays[2], units), np.zeros_like(arrays[2]))
        found["b"] = b_x.copy()
        found["b"][: 2 * units] += b_h[: 2 * units]
        found["b_hn"] = b_h[2 * units :]
    return found


def swapped(array: Array, units: int) -> Array:
    """Swap the first two blocks of columns: z|r|h to r|z|n, and back."""
    z, r, rest = array[..., :units], array[..., units : 2 * units], array[..., 2 * units :]
    return np.concatenate([r, z, rest], axis=-1)


def checked_weights(layer: KerasLayer, shapes: Mapping[str, tuple[int | None, ...]]) -> list[Array]:
    """Return the weights as finite float32 or float64 arrays of these shapes; None is any size."""
    if len(layer.weights) != len(shapes):
        raise ArgumentError(
            f"from_keras: {layer.name} must have {len(shapes)} arrays of weights, got {len(layer.weights)}."
            + ("\n  Hint: build the model, or call it once." if not layer.weights else "")
        )
    found = [np.asarray(array) for array in layer.weights]
    for number, (array, (name, shape)) in enumerate(zip(found, shapes.items(), strict=True)):
        if array.dtype not in (np.float32, np.float64):
            raise ArgumentError(
                f"from_keras: {layer.name}: weights[{number}] must be float32 or float64, got {array.dtype}."
            )
        if not np.isfinite(array).all():
            raise DataError(f"from_keras: {layer.name}: weights[{number}] holds a value that is not finite.")
        fits = [size is None or size == own for own, size in zip(array.shape, shape, strict=False)]
        if array.ndim != len(shape) or not all(fits) or 0 in array.shape:
            told = str(tuple("any" if size is None else size for size in shape)).replace("'", "")
            raise ShapeError(f"from_keras: {layer.name}: {name} must have shape {told}, got {array.shape}.")
    return found
