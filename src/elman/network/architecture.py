"""The architecture of a network, as one frozen value that is checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from elman import _check
from elman.errors import ArgumentError, UnsupportedError

READOUTS = ("every", "last", "mean", "max")

_PLACE = "Architecture"
# Fields that files of earlier versions lack.
_LATER = {"dense", "dense_activation", "reverse", "projection_size", "layer_norm"}


@dataclass(frozen=True, repr=False)
class Architecture:
    """Input values or indices, recurrent layers, a readout, and an output layer.

    With a_t the output of the top layer at step t (both directions side by side), the network computes::

        r = a_t at every step, or over the valid steps of a row: the last one, their mean, their maximum
        r = f(r W + b) for each hidden dense layer
        o = r W_y + b_y (+ x W_k with a linear skip)
        ŷ = g(o)

    Parameters
    ----------
    input_size : int or None
        Values per step, D. None if ``vocabulary_size`` is given: the network then takes one index per step.
    output_size : int
        Outputs, K.
    cell : {"lstm", "gru", "rnn"}
        Kind of recurrent layer. GRUs apply the reset gate after the product.
    hidden_size : int or tuple of int
        Units of every layer and direction, H; a tuple has the units of each layer, the lowest first. Equal units become
        one number.
    num_layers : int
        Recurrent layers on top of one another; follows from a tuple of sizes.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        Of the simple recurrent layer alone.
    bidirectional : bool or tuple of bool
        Also run every layer backwards from the last valid step of each row, outputs side by side; a tuple says it of
        each layer.
    bias : bool
        False leaves out every bias: those of the recurrent layers and that of the output layer.
    vocabulary_size : int, optional
        Number of different indices, V.
    embedding_size : int, optional
        Width of the learned vector of each index. None feeds indices as one-hot rows: index j picks row j of the first
        layer's W_x.
    readout : {"every", "last", "mean", "max"}
        States that are the input of the output layer. ``"last"`` of a bidirectional layer is its forward state at the
        last valid step beside its backward state at the first.
    linear_skip : bool
        Add ``x W_k`` to the output, W_k starting at zero: the autoregressive component of LSTNet (Lai et al. 2018).
        With ``readout="last"`` the last valid x counts.
    skip_steps : int
        With ``readout="last"``: number of last inputs in the skip, side by side, oldest first; zeros if a row is
        shorter.
    output : {"identity", "softmax", "log_softmax", "sigmoid", "relu", "tanh"}
        Activation g of the output layer.
    tied_weights : bool
        Use the transposed embedding as W_y (Press & Wolf 2017).
    dropout : float
        Rate on the embedding, between layers and after the readout (Zaremba et al. 2014).
    recurrent_dropout : float
        Rate on the state where it enters a product with W_h; one mask for all steps (Gal & Ghahramani 2016).
    dense : tuple of int
        Units of each hidden dense layer between the readout and the output layer; none by default.
    dense_activation : {"relu", "tanh", "sigmoid", "identity"}, or tuple of them
        Activation f of every hidden dense layer, or of each. Equal ones become one name.
    reverse : bool
        Run every layer backwards alone, from the last valid step of each row to the first; ``readout="last"`` is then
        the state after the first step.
    projection_size : int, optional
        Of an LSTM: values P that each layer and direction passes to the layer above, to the readout and to its own next
        step, ``r_t = h_t W_p``, fewer than its units (Sak et al. 2014). A `State` holds h, and recurrent dropout drops
        units of h.

    layer_norm : bool
        Layer normalization in the recurrent layers (Ba et al. 2016): the sums before the gates, and the cell states of
        an LSTM, get mean 0 and variance 1 over the units of each row and step, and learned gains; see
        `elman.reference.normalized_layer_forward`. Of a single input (D = 1) an LSTM or GRU then sees the sign alone;
        give a window of several.

    Raises
    ------
    ArgumentError
        If a value is outside its range or two choices exclude each other.

    Examples
    --------
    >>> architecture = Architecture(3, 2, cell="gru", hidden_size=5, bidirectional=True)
    >>> architecture.gates, architecture.readout_size
    (3, 10)
    >>> Architecture(3, 1, hidden_size=(64, 32), dense=(16,)).units
    (64, 32)
    """

    input_size: int | None
    output_size: int
    cell: str = "lstm"
    hidden_size: int | tuple[int, ...] = 64
    num_layers: int = 1
    activation: str = "tanh"
    bidirectional: bool | tuple[bool, ...] = False
    bias: bool = True
    vocabulary_size: int | None = None
    embedding_size: int | None = None
    readout: str = "every"
    linear_skip: bool = False
    skip_steps: int = 1
    output: str = "identity"
    tied_weights: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    dense: tuple[int, ...] = ()
    dense_activation: str | tuple[str, ...] = "relu"
    reverse: bool = False
    projection_size: int | None = None
    layer_norm: bool = False

    def __repr__(self) -> str:
        """Return a call of the constructor with the fields that differ from their defaults."""
        chosen = {own.name: getattr(self, own.name) for own in fields(self)}
        told = [f"{own.name}={chosen[own.name]!r}" for own in fields(self) if chosen[own.name] != own.default]
        return f"Architecture({', '.join(told)})"

    def __post_init__(self) -> None:
        self._settle_sizes()
        self._check_values()
        self._check_input()
        self._check_skip()
        self._check_projection()
        if self.tied_weights:
            self._check_tied()

    def _settle_sizes(self) -> None:
        """Check sizes and activations by layer, and give equal networks equal fields."""
        units, layers = _check.layer_sizes(_PLACE, self.hidden_size, self.num_layers)
        dense, activations = _check.dense_layers(_PLACE, self.dense, self.dense_activation)
        settled = {"hidden_size": units, "num_layers": layers, "dense": dense, "dense_activation": activations}
        settled["bidirectional"] = _check.bidirectional_layers(_PLACE, self.bidirectional, layers)
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def _check_values(self) -> None:
        _check.cell_kind(_PLACE, self.cell)
        _check.cell_activation(_PLACE, self.cell, self.activation)
        _check.choice(_PLACE, "readout", self.readout, READOUTS)
        _check.choice(_PLACE, "output", self.output, _check.OUTPUT_ACTIVATIONS)
        for name in ("output_size", "skip_steps"):
            _check.positive_integer(_PLACE, name, getattr(self, name))
        for name in ("bias", "linear_skip", "tied_weights", "reverse", "layer_norm"):
            _check.boolean(_PLACE, name, getattr(self, name))
        if self.reverse and self.bidirectional:
            raise ArgumentError(f"{_PLACE}: reverse=True and bidirectional=True exclude each other.")
        for name in ("dropout", "recurrent_dropout"):
            _check.number_in(_PLACE, name, getattr(self, name), "[0, 1)")

    def _check_input(self) -> None:
        if (self.input_size is None) == (self.vocabulary_size is None):
            raise ArgumentError(
                f"{_PLACE}: give either input_size (values per step) or vocabulary_size (one index per step), "
                f"got input_size={self.input_size!r} and vocabulary_size={self.vocabulary_size!r}."
            )
        for name in ("input_size", "vocabulary_size", "embedding_size"):
            if getattr(self, name) is not None:
                _check.positive_integer(_PLACE, name, getattr(self, name))
        if self.embedding_size is not None and self.vocabulary_size is None:
            raise ArgumentError(f"{_PLACE}: embedding_size={self.embedding_size} needs a vocabulary_size.")

    def _check_skip(self) -> None:
        if self.linear_skip and self.takes_indices:
            raise ArgumentError(f"{_PLACE}: linear_skip needs values as input, not indices of a vocabulary.")
        if self.linear_skip and self.readout in ("mean", "max"):
            raise ArgumentError(f"{_PLACE}: linear_skip needs readout='every' or 'last', got {self.readout!r}.")
        if self.skip_steps > 1 and not (self.linear_skip and self.readout == "last"):
            raise ArgumentError(f"{_PLACE}: skip_steps={self.skip_steps} needs linear_skip=True and readout='last'.")

    def _check_projection(self) -> None:
        units = self.hidden_size if isinstance(self.hidden_size, tuple) else (self.hidden_size,)
        size = _check.projection(_PLACE, self.cell, self.projection_size, units)
        object.__setattr__(self, "projection_size", size)

    def _check_tied(self) -> None:
        if self.embedding_size is None:
            raise ArgumentError(f"{_PLACE}: tied_weights=True needs an embedding_size.")
        if self.embedding_size != self.head_size:
            units = "hidden_size" if self.projection_size is None else "projection_size"
            wanted = "the last of dense" if self.dense else f"directions x {units}"
            raise ArgumentError(
                f"{_PLACE}: tied_weights=True needs embedding_size = {wanted} = {self.head_size}, "
                f"got {self.embedding_size}."
            )
        if self.output_size != self.vocabulary_size:
            raise ArgumentError(
                f"{_PLACE}: tied_weights=True needs output_size = vocabulary_size = {self.vocabulary_size}, "
                f"got {self.output_size}."
            )

    @property
    def one_hot(self) -> bool:
        """Whether the input holds indices without an embedding."""
        return self.takes_indices and self.embedding_size is None

    @property
    def takes_indices(self) -> bool:
        """Whether each step of the input is an index of a vocabulary."""
        return self.vocabulary_size is not None

    @property
    def kind(self) -> _check.CellKind:
        """The arrays of layers of this cell."""
        return _check.CELLS[self.cell]

    @property
    def units(self) -> tuple[int, ...]:
        """Units of each recurrent layer, the lowest first."""
        if isinstance(self.hidden_size, tuple):
            return self.hidden_size
        return (self.hidden_size,) * self.num_layers

    @property
    def state_size(self) -> int:
        """Units of the largest recurrent layer: the width of a `State`."""
        return max(self.hidden_size) if isinstance(self.hidden_size, tuple) else self.hidden_size

    @property
    def dense_activations(self) -> tuple[str, ...]:
        """Activation of each hidden dense layer."""
        if isinstance(self.dense_activation, tuple):
            return self.dense_activation
        return (self.dense_activation,) * len(self.dense)

    @property
    def gates(self) -> int:
        """Blocks of columns in W_x and W_h, each as wide as the layer has units."""
        return len(self.kind.gates)

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """Layer and direction of each part of a `State`."""
        return tuple(
            (layer, way) for layer in range(self.num_layers) for way in range(len(self.layer_backwards(layer)))
        )

    @property
    def readout_size(self) -> int:
        """Width of the readout."""
        return self.layer_output_size(self.num_layers - 1)

    @property
    def head_size(self) -> int:
        """Width of the input of the output layer."""
        return self.dense[-1] if self.dense else self.readout_size

    def layer_size(self, layer: int) -> int:
        """Units of recurrent layer ``layer``, counted from 0, in each direction."""
        return self.hidden_size[layer] if isinstance(self.hidden_size, tuple) else self.hidden_size

    @property
    def alike(self) -> bool:
        """Whether all recurrent layers have the same units and directions."""
        return not isinstance(self.hidden_size, tuple) and not isinstance(self.bidirectional, tuple)

    def first_part(self, layer: int) -> int:
        """Return the index of the first direction of a recurrent layer in a `State`."""
        return sum(len(self.layer_backwards(below)) for below in range(layer))

    def layer_backwards(self, layer: int) -> tuple[bool, ...]:
        """Return for each direction of a recurrent layer whether it runs from the last step to the first."""
        both = self.bidirectional[layer] if isinstance(self.bidirectional, tuple) else self.bidirectional
        return (False, True) if both else (self.reverse,)

    def layer_output_size(self, layer: int) -> int:
        """Width of the output of recurrent layer ``layer``, counted from 0."""
        return len(self.layer_backwards(layer)) * (self.projection_size or self.layer_size(layer))

    def layer_input_size(self, layer: int) -> int:
        """Width of the input of recurrent layer ``layer``, counted from 0."""
        if layer:
            return self.layer_output_size(layer - 1)
        size = self.embedding_size or self.vocabulary_size or self.input_size
        assert size is not None  # one of the three is given
        return size

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name as plain JSON values; those that earlier versions lack, only if they are used."""
        usual = {own.name: own.default for own in fields(self) if own.name in _LATER}
        values = {name: value for name, value in asdict(self).items() if name not in usual or value != usual[name]}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Architecture:
        """Rebuild an architecture from the values of `to_dict`.

        Raises
        ------
        ArgumentError
            If a field is missing or unknown, or a value is invalid.

        Examples
        --------
        >>> architecture = Architecture(1, 1, hidden_size=4)
        >>> Architecture.from_dict(architecture.to_dict()) == architecture
        True
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(values, Mapping):
            raise ArgumentError(f"{_PLACE}: must be a mapping of its fields, got {values!r:.60}.")
        if missing := sorted(names - _LATER - set(values)):
            raise ArgumentError(f"{_PLACE}: field {missing[0]!r} is missing.")
        if unknown := sorted(set(values) - names):
            raise ArgumentError(f"{_PLACE}: unknown field {unknown[0]!r}.")
        return cls(**values)


def check_streamable(place: str, architecture: Architecture, precision: str | None = None) -> None:
    """Refuse a network whose output needs more than the state and the current step, or lacks a precision of weights."""
    backwards = architecture.bidirectional or architecture.reverse
    if backwards or architecture.readout in ("mean", "max") or architecture.skip_steps > 1:
        raise UnsupportedError(
            f"{place}: needs one direction, readout='every' or 'last' and skip_steps=1, got "
            f"{'reverse' if architecture.reverse else 'bidirectional'}={backwards}, readout={architecture.readout!r}, "
            f"skip_steps={architecture.skip_steps}.\n  Hint: run() takes whole sequences."
        )
    if architecture.projection_size is not None and precision in ("bfloat16", "int8"):
        raise UnsupportedError(
            f"{place}: {precision} needs projection_size=None, got {architecture.projection_size}: the recurrent "
            f"weights are a product.\n  Hint: Stream(network.quantized({precision!r})) computes with rounded weights."
        )
    if architecture.layer_norm and precision in ("bfloat16", "int8"):
        raise UnsupportedError(
            f"{place}: {precision} needs layer_norm=False.\n"
            f"  Hint: Stream(network.quantized({precision!r})) computes with rounded weights."
        )
