"""An architecture with its parameters: initial values, files, copies and rounded weights."""

from __future__ import annotations

import os
from dataclasses import replace
from math import prod
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import FileFormatError
from elman.network.architecture import Architecture
from elman.network.initialization import initialize
from elman.network.parameters import ParameterLayout, Parameters
from elman.network.quantization import COMPACT, compact, expand, rounded_parameters
from elman.notebook.html import html_table

__all__ = ["Weights"]

Array = npt.NDArray[Any]


class Weights:
    """Base of `Network`, which computes with the parameters; see there."""

    def __init__(self, architecture: Architecture, theta: Array) -> None:
        self.architecture = architecture
        self.layout = ParameterLayout(architecture)
        self.parameters = Parameters(theta, self.layout)

    @classmethod
    def initialized(
        cls,
        architecture: Architecture,
        seed: int = 0,
        scheme: str = "default",
        dtype: npt.DTypeLike = np.float32,
        scale: float | None = None,
    ) -> Self:
        """Return a network with initial values; see `initialize`."""
        return cls(architecture, initialize(architecture, scheme, seed, dtype, scale))

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return type(self)._received, (self.architecture, self.theta)

    @classmethod
    def _received(cls, architecture: Architecture, theta: Array) -> Self:
        """Return a network from another process."""
        return cls(architecture, _check.received(theta))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a file for `elman.load`; the file is written whole or not at all.

        Raises
        ------
        OSError
            If the file cannot be written.
        FileFormatError
            If a parameter is not finite, or beyond 1e18 in size.
        """
        from elman.persistence import save_arrays
        from elman.persistence.models import check_weights

        check_weights(self.theta)
        save_arrays(path, *self.to_arrays())

    def to_arrays(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the network as named arrays and plain metadata."""
        found = compact(self.architecture, self.theta) or {"theta": self.theta}
        return found, {"kind": "network", "architecture": self.architecture.to_dict()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array], metadata: dict[str, Any]) -> Self:
        """Rebuild a network from the values of `to_arrays`.

        Raises
        ------
        ElmanError
            If a name, a field or a size does not match the architecture.
        """
        from elman.persistence.models import check_layers, check_weights

        if set(arrays) not in ({"theta"}, set(COMPACT)) or set(metadata) != {"kind", "architecture"}:
            raise FileFormatError("a network consists of the tensor 'theta' and the field 'architecture'")
        architecture = Architecture.from_dict(metadata["architecture"])
        theta = arrays["theta"] if "theta" in arrays else expand(architecture, arrays)
        if architecture.num_layers > theta.size:  # before the layout, which lists every layer
            raise FileFormatError(f"num_layers is {architecture.num_layers}, but theta has {theta.size} values")
        check_layers(architecture.num_layers)
        check_weights(theta)
        return cls(architecture, theta)

    def __repr__(self) -> str:
        """Return the architecture, the number of parameters and their dtype."""
        return f"Network({self.architecture}, {self.theta.size:,} parameters, {self.dtype})"

    def _repr_html_(self) -> str:
        """Return the parameters as a table, for a notebook."""
        shapes = self.layout.shapes
        rows = [[name, " × ".join(map(str, shape)), prod(shape)] for name, shape in shapes.items()]
        return html_table(repr(self), [["all", "", self.theta.size], *rows], ["parameter", "shape", "values"])

    def _like(self, architecture: Architecture, theta: Array) -> Self:
        """Return a network of the same class."""
        return type(self)(architecture, theta)

    def copy(self) -> Self:
        """Return a copy that shares no memory with this network."""
        return self._like(self.architecture, self.theta.copy())

    def with_output(self, output: str) -> Self:
        """Return the network with another output activation; it shares the parameters.

        Examples
        --------
        >>> from elman import Network
        >>> Network.initialized(Architecture(1, 2, output="softmax")).with_output("identity").architecture.output
        'identity'
        """
        return self._like(replace(self.architecture, output=output), self.theta)

    def quantized(self, precision: str = "int8") -> Self:
        """Return the network of float32 whose weights are rounded to fewer bits; biases keep theirs.

        A file of an int8 network holds 8 bits per weight. `run` computes with the rounded weights in float32; a
        `Stream` with ``precision="int8"`` reads the 8 bits and computes with integers.

        Parameters
        ----------
        precision : {"int8", "bfloat16"}
            See `elman.reference.rounded`; an embedding is rounded row by row.

        Raises
        ------
        ArgumentError
            If the precision is unknown, or a weight is not finite.

        Examples
        --------
        >>> from elman import Network
        >>> network = Network.initialized(Architecture(1, 1, cell="gru", hidden_size=4))
        >>> eighths = network.quantized()
        >>> bool(0 < abs(eighths.theta - network.theta).max() < 0.01)
        True
        >>> bool((eighths.quantized().theta == eighths.theta).all())
        True
        """
        _check.choice("quantized", "precision", precision, ("int8", "bfloat16"))
        theta = self.theta.astype(np.float32)
        own = Parameters(theta, self.layout)
        for name, value in rounded_parameters("quantized", self.architecture, own, precision).items():
            own[name][...] = value
        return self._like(self.architecture, theta)

    @property
    def theta(self) -> Array:
        """The flat vector of parameters (P,)."""
        return self.parameters.theta

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self.parameters.theta.dtype
