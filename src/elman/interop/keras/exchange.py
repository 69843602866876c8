"""Conversion of networks from and to Keras, with a comparison of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman._extras import need
from elman.errors import ArgumentError, FileFormatError, MissingExtraError, UnsupportedError
from elman.interop.keras.chain import Chain
from elman.interop.keras.layers import ACTIVATIONS, CELLS, POOLS, KerasLayer, swapped
from elman.interop.models import networks_of
from elman.interop.proof import Imported, Proof, compare, not_compared
from elman.interop.reference_network import ReferenceNetwork
from elman.network import Architecture, Network
from elman.network.parameters import dense_prefix, layer_prefix

Array = npt.NDArray[Any]
TOLERANCE = 1e-5
_STEPS, _ROWS = 9, 3
_NOT_IN_KERAS = {
    "linear_skip": False,
    "tied_weights": False,
    "recurrent_dropout": 0.0,
    "projection_size": None,
    "layer_norm": False,
}


class Exported(NamedTuple):
    """A Keras model and the proof of the comparison."""

    model: Any
    proof: Proof


def from_keras(
    source: Any, *, inference_only: bool = False, tolerance: float = TOLERANCE
) -> Imported[Network | ReferenceNetwork]:
    """Build a network from a Keras model, and compare both.

    The model is a chain: an optional ``Embedding``; ``SimpleRNN``, ``LSTM`` or ``GRU`` layers of equal kind and any
    units, all of them or none in ``Bidirectional``; an optional global pool; ``Dense`` layers with activations. Every
    entry of every configuration is converted, has no influence on results, or is refused by name.

    Parameters
    ----------
    source : str, path, keras.Model, keras.Layer or sequence of KerasLayer
        A file of Keras (``.keras``, ``.h5``), a model, a recurrent layer, or descriptions of the layers.
    inference_only : bool
        Drop settings that act only in training, instead of refusing them: dropout, regularizers, constraints.
    tolerance : float
        Largest difference between the two sides. Some backends of Keras multiply float64 matrices in float32.

    Returns
    -------
    imported : Imported
        ``network``, a `Network`; for a GRU with ``reset_after=False``, and for an LSTM or GRU with other activations
        than tanh and sigmoid, a `ReferenceNetwork`, which can only predict and is slow. Time-major, unlike Keras. And
        ``proof``. Where Keras leaves out steps at the end (``Masking``, ``mask_zero``), pass ``lengths=``.

    Raises
    ------
    UnsupportedError
        If a layer, or an entry of its configuration, has no counterpart.
    ArgumentError, ShapeError, DataError
        If weights are missing, of another shape, or not finite.
    FileFormatError, OSError
        If a file cannot be read.
    InterchangeError
        If the two sides give different results.

    Examples
    --------
    >>> config = {"name": "rnn", "units": 1, "activation": "tanh", "use_bias": False, "return_sequences": True}
    >>> layer = KerasLayer("SimpleRNN", config, [np.ones((1, 1)), np.ones((1, 1))])
    >>> from_keras([layer]).network.predict([[[1.0]], [[0.0]]]).ravel().round(4)
    array([0.7616, 0.642 ])
    """
    if isinstance(source, str | Path):
        source = _loaded(Path(source))
    if isinstance(source, Sequence):
        layers, model = list(source), None
    else:
        layers = [_described(layer) for layer in getattr(source, "layers", None) or [source]]
        model = source
    chain = Chain(layers, inference_only)
    network = chain.network(_readout_of_states(chain, model))
    if model is None:
        try:
            model = _rebuilt(layers, network.architecture)
        except ImportError:
            return Imported(network, not_compared("keras"))
    return Imported(network, _prove("from_keras", network, model, tolerance, chain.mask))


def _loaded(path: Path) -> Any:
    """Return the model in a file of Keras; code in it is not executed."""
    path.stat()
    keras = _keras("from_keras")
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras has an exception class per cause
        raise FileFormatError(f"from_keras: {path}: Keras cannot read it: {str(error)[:500]}") from None


def _readout_of_states(chain: Chain, model: Any) -> str | None:
    """Return "last" if a model goes on with the final state of a layer that gives its sequence, too."""
    if model is None or not chain.recurrent[-1].states:
        return None
    if hasattr(model, "outputs") and len(model.outputs) > 1:
        raise UnsupportedError(
            f"from_keras: {model.name} has {len(model.outputs)} outputs, a network has one.\n"
            "  Hint: keras.Model(model.inputs, model.outputs[0]) has the first."
        )
    shape = getattr(model, "output_shape", None)
    return "last" if isinstance(shape, tuple) and len(shape) == 2 and chain.pool is None else None


def to_keras(model: Any, *, tolerance: float = TOLERANCE) -> Exported:
    """Build a Keras model with a network's weights, and compare both.

    Parameters
    ----------
    model : Network, or a fitted estimator that has one
        Without linear skip, tied weights, one-hot input and recurrent dropout, which Keras' layers lack or define
        differently. Of an estimator only the network is converted, without the steps before and after it.
    tolerance : float
        Largest difference between the two sides. Some backends of Keras multiply float64 matrices in float32.

    Returns
    -------
    exported : Exported
        ``model``, a ``keras.Sequential`` that takes (N, T, D), and ``proof``.

    Raises
    ------
    UnsupportedError
        If Keras has no such layer.
    ArgumentError
        If the model is an ensemble; convert its networks one by one.
    InterchangeError
        If the two sides give different results.
    MissingExtraError
        If Keras is not installed.

    Examples
    --------
    >>> to_keras(Network.initialized(Architecture(1, 1, linear_skip=True)))
    Traceback (most recent call last):
    elman.errors.UnsupportedError: to_keras: linear_skip=True has no counterpart in a chain of Keras layers.
    """
    network, *others = networks_of("to_keras", model)
    if others:
        raise ArgumentError(
            f"to_keras: takes one network, this {type(model).__name__} has {1 + len(others)}.\n"
            "  Hint: networks_ holds them; export_onnx takes the whole ensemble."
        )
    a = network.architecture
    for name, plain in _NOT_IN_KERAS.items():
        if getattr(a, name) != plain:
            raise UnsupportedError(
                f"to_keras: {name}={getattr(a, name)} has no counterpart in a chain of Keras layers."
            )
    if a.reverse and a.readout == "every":
        raise UnsupportedError("to_keras: reverse=True with readout='every': Keras gives the steps in reversed order.")
    if a.one_hot:
        raise UnsupportedError("to_keras: one-hot input has no counterpart in a chain of Keras layers.")
    keras = _keras("to_keras")
    made = keras.Sequential(list(_layers(keras, a, network.dtype.name)))
    for layer, weights in zip([layer for layer in made.layers if layer.weights], to_weights(network), strict=True):
        layer.set_weights(weights)
    return Exported(made, _prove("to_keras", network, made, tolerance))


def _layers(keras: Any, a: Architecture, dtype: str) -> Any:
    """Yield the layers of a model."""
    of, names = keras.layers, {ours: theirs for theirs, ours in ACTIVATIONS.items()}
    dropouts = [of.Dropout(a.dropout, dtype=dtype)] if a.dropout else []
    yield keras.Input((None, a.input_size), dtype=dtype) if a.input_size else keras.Input((None,), dtype="int32")
    if a.embedding_size is not None:
        yield of.Embedding(a.vocabulary_size, a.embedding_size, dtype=dtype)
        yield from dropouts
    kind = next(theirs for theirs, ours in CELLS.items() if ours == a.cell)
    for number in range(a.num_layers):
        top = number + 1 == a.num_layers
        options = {"use_bias": a.bias, "return_sequences": not (top and a.readout == "last"), "dtype": dtype}
        if a.cell == "rnn":
            options["activation"] = names[a.activation]
        if a.reverse and not number:  # it gives its steps in the order that it has, so the layers above follow it
            options["go_backwards"] = True
        layer = getattr(of, kind)(a.layer_size(number), **options)
        yield of.Bidirectional(layer, dtype=dtype) if len(a.layer_backwards(number)) == 2 else layer
        if not top:
            yield from [of.Dropout(a.dropout, dtype=dtype)] if a.dropout else []
    for theirs, ours in POOLS.items():
        if ours == a.readout:
            yield getattr(of, theirs)(dtype=dtype)
    yield from [of.Dropout(a.dropout, dtype=dtype)] if a.dropout else []
    for units, activation in zip(a.dense, a.dense_activations, strict=True):
        yield of.Dense(units, activation=names[activation], use_bias=a.bias, dtype=dtype)
    yield of.Dense(a.output_size, activation=names[a.output], use_bias=a.bias, dtype=dtype)


def to_weights(network: Network) -> list[list[Array]]:
    """Return the arrays for ``set_weights`` of each layer, embedding first and output layer last.

    Parameters
    ----------
    network : Network
        The network.

    Returns
    -------
    weights : list of list of ndarray
        For a recurrent layer kernel (D, G·H), recurrent_kernel (H, G·H) and bias (G·H,), for a GRU (2, 3H); for a
        bidirectional layer those of both directions.

    Examples
    --------
    >>> network = Network.initialized(Architecture(2, 1, cell="gru", hidden_size=3))
    >>> [[array.shape for array in layer] for layer in to_weights(network)]
    [[(2, 9), (3, 9), (2, 9)], [(3, 1), (1,)]]
    """
    a, parameters = network.architecture, network.parameters
    found = [[parameters["embedding"].copy()]] if a.embedding_size is not None else []
    for number in range(a.num_layers):
        layer: list[Array] = []
        for direction in range(len(a.layer_backwards(number))):
            prefix = layer_prefix(number, direction)
            layer += _of_direction(a, {name: parameters.get(prefix + name) for name in ("W_x", "W_h", "b", "b_hn")})
        found.append(layer)
    heads = [(dense_prefix(number) + "W", dense_prefix(number) + "b") for number in range(len(a.dense))]
    dense = [*heads, ("output.W_y", "output.b_y")]
    return found + [[parameters[name].copy() for name in names if name in parameters] for names in dense]


def _of_direction(a: Architecture, ours: dict[str, Array | None]) -> list[Array]:
    arrays = [array for name, array in ours.items() if array is not None and name != "b_hn"]
    b_hn = ours["b_hn"]
    if b_hn is not None:
        hidden = np.concatenate([np.zeros(2 * len(b_hn), b_hn.dtype), b_hn])
        arrays[2] = np.stack([arrays[2], hidden])
    units = len(arrays[1])
    return [swapped(array, units) if a.cell == "gru" else array.copy() for array in arrays]


def _keras(place: str) -> Any:
    try:
        return need(place, "keras")
    except MissingExtraError:
        raise
    except ImportError as error:  # from the backend named by KERAS_BACKEND or Keras' configuration
        raise MissingExtraError(
            f"{place}: Keras finds no backend ({error}); "
            'pip install "elman[torch]" brings one, and KERAS_BACKEND=torch in the environment chooses it.'
        ) from error


def _described(layer: Any) -> KerasLayer:
    if not hasattr(layer, "get_config"):
        raise ArgumentError(f"from_keras: source must be a model, a layer or KerasLayers, got {type(layer).__name__}.")
    return KerasLayer(type(layer).__name__, layer.get_config(), layer.get_weights())


def _rebuilt(layers: Sequence[KerasLayer], a: Architecture) -> Any:
    """Return a Keras model built from descriptions of its layers."""
    keras = _keras("from_keras")
    kept = [layer for layer in layers if layer.class_name != "InputLayer"]
    dtype = next(layer.weights[0].dtype.name for layer in kept if layer.weights)
    first = keras.Input((None, a.input_size), dtype=dtype) if a.input_size else keras.Input((None,), dtype="int32")
    built = [getattr(keras.layers, layer.class_name).from_config({"dtype": dtype, **layer.config}) for layer in kept]
    model = keras.Sequential([first, *built])
    for layer, description in zip(built, kept, strict=True):
        if description.weights:
            layer.set_weights(list(description.weights))
    return model


def _prove(
    place: str, network: Network | ReferenceNetwork, model: Any, tolerance: float, mask: float | None = None
) -> Proof:
    """Compare both sides on random input from zero states; with a mask, on rows of unequal lengths."""
    keras = _keras(place)
    a, rng = network.architecture, np.random.default_rng(0)
    rows, steps, *_ = [*(getattr(model, "input_shape", None) or ()), None, None][:2]
    rows, steps = rows or _ROWS, steps or _STEPS
    dtype = np.asarray(next(iter(model.get_weights()))).dtype
    if a.vocabulary_size is not None:
        x: Array = rng.integers(0 if mask is None else min(1, a.vocabulary_size - 1), a.vocabulary_size, (steps, rows))
    else:
        x = rng.standard_normal((steps, rows, a.input_size or 0)).astype(dtype)
    lengths = None if mask is None else np.maximum(1, steps - np.arange(rows) * (steps // rows))
    past = np.arange(steps)[:, np.newaxis] >= (steps if lengths is None else lengths)
    x[np.broadcast_to(past, (steps, rows))] = 0 if mask is None else mask
    given = model(np.ascontiguousarray(x.swapaxes(0, 1)), training=False)
    theirs = keras.ops.convert_to_numpy(given[0] if isinstance(given, (list, tuple)) else given)
    ours = network.predict(x, lengths=lengths)
    if a.readout == "every":
        ours = ours.swapaxes(0, 1)
    if a.readout == "every" and lengths is not None and theirs.shape == ours.shape:
        ours, theirs = ours[~past.T], theirs[~past.T]
    return compare(place, f"keras {keras.__version__}", {"outputs": (ours, theirs)}, tolerance)
