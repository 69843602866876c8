"""A chain of Keras layers as one network: embedding, recurrent layers, pool, dense layers with activations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, ShapeError, UnsupportedError
from elman.interop.keras.layers import (
    ACTIVATIONS,
    CELLS,
    OTHERS,
    POOLS,
    KerasLayer,
    Recurrent,
    check_config,
    checked_weights,
    is_passed_over,
    read_recurrent,
)
from elman.interop.reference_network import ReferenceNetwork
from elman.network import Architecture, Network, ParameterLayout, Parameters
from elman.network.parameters import dense_prefix, layer_prefix

Array = npt.NDArray[Any]


class Head(NamedTuple):
    """A dense layer, or without weights an activation alone."""

    name: str
    weights: list[Array]
    activation: str


class Chain:
    """The layers of a model, read from the first to the last.

    Raises
    ------
    UnsupportedError
        If a layer's kind or position is not supported.
    """

    def __init__(self, layers: Sequence[KerasLayer], inference_only: bool) -> None:
        self.inference_only = inference_only
        self.embedding: Array | None = None
        self.mask: float | None = None  # a step of this value alone is left out
        self.recurrent: list[Recurrent] = []
        self.pool: str | None = None
        self.heads: list[Head] = []
        for layer in layers:
            if not is_passed_over(layer, inference_only):
                self._take(layer)
        if not self.recurrent:
            raise UnsupportedError(f"from_keras: needs a recurrent layer: {', '.join(CELLS)}, or Bidirectional of one.")

    def _take(self, layer: KerasLayer) -> None:
        kind, at_end = layer.class_name, bool(self.heads)
        if kind == "Embedding" and self.embedding is None and not self.recurrent:
            check_config(layer, ("input_dim", "output_dim", "input_length", "mask_zero"), self.inference_only)
            self.mask = 0.0 if layer.flag("mask_zero", False) else None
            sizes = layer.config.get("input_dim"), layer.config.get("output_dim")
            self.embedding = checked_weights(layer, {"embeddings": sizes})[0]
        elif kind == "Masking" and self.embedding is None and not self.recurrent and self.mask is None:
            check_config(layer, ("mask_value",), self.inference_only)
            self.mask = _check.number_in(
                f"from_keras: {layer.name}", "mask_value", layer.entry("mask_value"), "(-inf, inf)"
            )
        elif kind in (*CELLS, "Bidirectional") and self.pool is None and not at_end:
            self.recurrent.append(read_recurrent(layer, self.inference_only))
        elif kind in POOLS and self.recurrent and self.pool is None and not at_end and self.recurrent[-1].every:
            check_config(layer, (), self.inference_only)
            self.pool = POOLS[kind]
        elif kind in ("Dense", "TimeDistributed") and self.recurrent:
            self._take_head(layer)
        elif kind == "Activation" and self.recurrent:
            check_config(layer, ("activation",), self.inference_only)
            self._activate(layer.name, _activation(layer, layer.entry("activation")))
        else:
            raise UnsupportedError(f"from_keras: {layer.name} is not supported, or not at this position.")

    def _take_head(self, layer: KerasLayer) -> None:
        if layer.class_name == "TimeDistributed":
            check_config(layer, ("layer",), self.inference_only)
            inner = layer.inner()
            if inner.class_name != "Dense":
                raise UnsupportedError(f"from_keras: {layer.name}: a {inner.class_name} inside is not supported.")
            layer = inner._replace(weights=layer.weights)
        check_config(layer, ("units", "activation", "use_bias"), self.inference_only)
        units = layer.config.get("units")
        shapes: dict[str, tuple[int | None, ...]] = {"kernel": (None, units), "bias": (units,)}
        weights = checked_weights(layer, shapes if layer.flag("use_bias", True) else {"kernel": shapes["kernel"]})
        self.heads.append(Head(layer.name, weights, _activation(layer, layer.config.get("activation", "linear"))))

    def _activate(self, name: str, activation: str) -> None:
        """Take an activation of its own: that of the linear layer before it, or one on a product with the identity."""
        if self.heads and self.heads[-1].activation == "identity":
            self.heads[-1] = self.heads[-1]._replace(activation=activation)
        elif activation != "identity":
            self.heads.append(Head(name, [], activation))

    def network(self, readout: str | None = None) -> Network | ReferenceNetwork:
        """Build the network, with another readout than that of the top layer if given."""
        first, last = self.recurrent[0], self.recurrent[-1]
        for layer in self.recurrent:
            for what in ("cell", "activation", "gate_activation", "reset"):
                if getattr(layer, what) != getattr(first, what):
                    raise UnsupportedError(
                        f"from_keras: {layer.name} has {what} {getattr(layer, what)!r}, {first.name} has "
                        f"{getattr(first, what)!r}; the layers of a network may differ in units and directions alone."
                    )
            if layer is not last and not layer.every:
                raise UnsupportedError(f"from_keras: {layer.name}: return_sequences=False below another layer.")
        heads = self._whole_heads(last.units * len(last.directions))
        readout = readout or self.pool or ("every" if last.every else "last")
        architecture = self._architecture(heads, readout, reverse=self._reverse(readout))
        layout = ParameterLayout(architecture)
        given = self._given(heads)
        theta = np.zeros(layout.size, np.result_type(*given.values()))
        for name, view in Parameters(theta, layout).items():
            if name in given and given[name].shape != view.shape:
                raise ShapeError(f"from_keras: {name} must have shape {view.shape}, got {given[name].shape}.")
            view[...] = given.get(name, 0.0)  # zero if only other layers have a bias
        if first.cell == "rnn" or (first.reset, first.activation, first.gate_activation) == (
            "after",
            "tanh",
            "sigmoid",
        ):
            return Network(architecture, theta)
        names = (first.gate_activation, first.activation, first.activation)[: 3 if first.cell == "lstm" else 2]
        return ReferenceNetwork(architecture, theta, [OTHERS[name] for name in names], first.reset)

    def _reverse(self, readout: str) -> bool:
        """Return whether all layers run from the last step to the first; each gives its steps in the order it has."""
        turned, backwards = False, set[bool]()
        for layer in self.recurrent:
            turned ^= layer.turned
            backwards.add(turned)
        if len(backwards) > 1 or (turned and any(len(layer.directions) == 2 for layer in self.recurrent)):
            raise UnsupportedError(
                "from_keras: some layers run forward and others backward in time (go_backwards); those of a network "
                "run in one direction."
            )
        if turned and readout == "every":
            raise UnsupportedError(
                f"from_keras: {self.recurrent[-1].name}: go_backwards=True with return_sequences=True gives the steps "
                "in reversed order, which no network does.\n  Hint: without go_backwards, feed x[:, ::-1]."
            )
        return turned

    def _whole_heads(self, width: int) -> list[Head]:
        """Return the dense layers with weights: an activation alone gets the identity, as does a chain without any."""
        found: list[Head] = []
        for head in self.heads or [Head("", [], "identity")]:
            head = head if head.weights else head._replace(weights=[np.eye(width, dtype=np.float32)])
            width = head.weights[0].shape[1]
            found.append(head)
        for hidden in found[:-1]:
            if hidden.activation not in _check.HIDDEN_ACTIVATIONS:
                raise UnsupportedError(
                    f"from_keras: {hidden.name}: {hidden.activation} is not supported below another layer."
                )
        return found

    def _architecture(self, heads: list[Head], readout: str, *, reverse: bool) -> Architecture:
        first, (*hidden, output) = self.recurrent[0], heads
        sizes: dict[str, Any] = {"input_size": len(first.directions[0]["W_x"])}
        if self.embedding is not None:
            V, E = self.embedding.shape
            sizes = {"input_size": None, "vocabulary_size": V, "embedding_size": E}
        return Architecture(
            output_size=output.weights[0].shape[1],
            cell=first.cell,
            hidden_size=tuple(layer.units for layer in self.recurrent),
            activation=first.activation if first.cell == "rnn" else "tanh",
            reverse=reverse,
            bidirectional=tuple(len(layer.directions) == 2 for layer in self.recurrent),
            bias=any(layer.bias for layer in self.recurrent) or any(len(head.weights) > 1 for head in heads),
            readout=readout,
            output=output.activation,
            dense=tuple(head.weights[0].shape[1] for head in hidden),
            dense_activation=tuple(head.activation for head in hidden),
            **sizes,
        )

    def _given(self, heads: list[Head]) -> dict[str, Array]:
        """Return the weights by Elman's names."""
        given: dict[str, Array] = {}
        for number, layer in enumerate(self.recurrent):
            for direction, weights in enumerate(layer.directions):
                given |= {layer_prefix(number, direction) + name: array for name, array in weights.items()}
        if self.embedding is not None:
            given["embedding"] = self.embedding
        for number, hidden in enumerate(heads[:-1]):
            names = (dense_prefix(number) + "W", dense_prefix(number) + "b")
            given |= dict(zip(names, hidden.weights, strict=False))
        return given | dict(zip(("output.W_y", "output.b_y"), heads[-1].weights, strict=False))


def _activation(layer: KerasLayer, value: Any) -> str:
    if not isinstance(value, str) or value not in ACTIVATIONS:
        raise ArgumentError(
            f"from_keras: {layer.name}: activation must be one of {', '.join(ACTIVATIONS)}, got {value!r}."
        )
    return ACTIVATIONS[value]
