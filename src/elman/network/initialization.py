"""Initial values of all parameters, by the name of a scheme.

Every parameter has its own generator, keyed by the seed and its name, in float64: a further layer or skip does not
change the other parameters, and float32 starts from the rounded float64 values.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._words import in_use, place_of
from elman.errors import ArgumentError, ElmanWarning, setting
from elman.network.architecture import Architecture
from elman.network.parameters import ParameterLayout, Parameters

Array = npt.NDArray[Any]
Draw = Callable[[Architecture, str, Array, np.random.Generator], None]

_PLACE = "initialize"
_MOST_LAYERS = 1000
_SMALL = 2**16  # parameters of a network whose initial values are kept, 8 MB of 16 networks at most
_MOST_PARAMETERS = 500_000_000  # a file of 2 GB in float32


def initialize(
    architecture: Architecture,
    scheme: str = "default",
    seed: int = 0,
    dtype: npt.DTypeLike = np.float32,
    scale: float | None = None,
) -> Array:
    """Return a flat vector of initial values.

    Parameters
    ----------
    architecture : Architecture
        The network.
    scheme : {"default", "glorot", "torch", "uniform", "zeros"}
        - ``"default"``: orthogonal W_h (gate by gate) and W_p, Glorot uniform W_x (gate by gate) and W_y, forget
          bias 1, other biases 0, embedding rows of length about 1.
        - ``"glorot"``: as default, with Glorot uniform W_h.
        - ``"torch"``: uniform on ±1/√H, biases of the recurrent layers the sum of two such draws (PyTorch keeps two),
          embedding standard normal.
        - ``"uniform"``: everything, biases included, uniform on ±``scale`` (Zaremba et al. 2014).
        - ``"zeros"``: everything zero. All hidden units then stay identical for ever; an `ElmanWarning` says so.

        The linear skip starts at zero in all of them.
    seed : int
        Of the random numbers, at least 0.
    dtype : dtype
        float32 or float64.
    scale : float, optional
        Half-width of ``"uniform"``; 0.1 if not given.

    Returns
    -------
    theta : ndarray (P,)
        In the order of `ParameterLayout`.

    Raises
    ------
    ArgumentError
        If a value is unknown or outside its range.

    References
    ----------
    Glorot & Bengio (2010); Saxe, McClelland & Ganguli (2014) for orthogonal W_h; Jozefowicz, Zaremba & Sutskever (2015)
    for the forget bias.

    Examples
    --------
    >>> architecture = Architecture(1, 1, hidden_size=2)
    >>> theta = initialize(architecture, seed=1)
    >>> Parameters(theta, ParameterLayout(architecture))["layers.0.b"]
    array([0., 0., 1., 1., 0., 0., 0., 0.], dtype=float32)
    """
    _check.choice(_PLACE, "scheme", scheme, (*_SCHEMES, "uniform", "zeros"))
    seed = _check.integer(_PLACE, "seed", seed, 0, 2**63 - 1)
    if scale is not None and scheme != "uniform":
        raise ArgumentError(f"{_PLACE}: scale needs scheme='uniform', got {scheme!r}.")
    dtype, layout = _check.float_dtype(_PLACE, "dtype", dtype), _layout(architecture)
    if scheme == "zeros":
        _warn_zeros(architecture)
        return np.zeros(layout.size, dtype)
    half_width = 0.1 if scale is None else _check.number_in(_PLACE, "scale", scale, "(0, inf)")
    small = layout.size <= _SMALL
    draw = _kept if small else _drawn
    return draw(architecture, scheme, seed, half_width).astype(dtype, copy=small)


def _drawn(architecture: Architecture, scheme: str, seed: int, half_width: float) -> Array:
    """Draw initial values in float64."""
    layout = ParameterLayout(architecture)
    theta = np.zeros(layout.size)
    for name, view in Parameters(theta, layout).items():
        random = np.random.Generator(np.random.Philox(key=[seed, zlib.crc32(name.encode())]))
        if name == "skip.W_k":
            continue
        if name.rpartition(".")[2].startswith("gain"):
            view[...] = 1.0
            continue
        if scheme == "uniform":
            view[...] = random.uniform(-half_width, half_width, view.shape)
        else:
            _SCHEMES[scheme](architecture, name, view, random)
    return theta


@lru_cache(maxsize=16)
def _kept(architecture: Architecture, scheme: str, seed: int, half_width: float) -> Array:
    """Draw initial values once for the many fits of small networks that begin with the same ones."""
    return _drawn(architecture, scheme, seed, half_width)


def _layout(architecture: Architecture) -> ParameterLayout:
    """Return the layout of a network after a check of its size."""
    if architecture.num_layers > _MOST_LAYERS:
        raise ArgumentError(
            f"{_PLACE}: num_layers must be at most {_MOST_LAYERS}, got {_check.show(architecture.num_layers)}."
        )
    layout = ParameterLayout(architecture)
    if layout.size > _MOST_PARAMETERS:
        sizes = f"{setting('hidden_size', architecture.hidden_size)} "
        sizes += f"and num_layers={architecture.num_layers} make" if in_use() is None else "makes"
        raise ArgumentError(
            f"{place_of(_PLACE)}: {sizes} {layout.size:.3g} parameters; a network has at most {_MOST_PARAMETERS:.0e}."
        )
    return layout


def _warn_zeros(architecture: Architecture) -> None:
    if architecture.state_size > 1:
        warnings.warn(
            f"{_PLACE}: scheme='zeros' makes all {architecture.state_size} hidden units of a layer identical, and "
            "training keeps them identical: the network learns no more than one with a single unit per layer.",
            ElmanWarning,
            stacklevel=3,
        )


def _default(architecture: Architecture, name: str, view: Array, random: np.random.Generator) -> None:
    if name.endswith("W_h"):
        for gate in np.split(view, architecture.gates, axis=1):
            gate[...] = _orthogonal(gate.shape, random)
    elif name.endswith("W_p"):
        view[...] = _orthogonal(view.shape, random)
    else:
        _glorot(architecture, name, view, random)


def _glorot(architecture: Architecture, name: str, view: Array, random: np.random.Generator) -> None:
    if name == "embedding":
        _uniform(view, sqrt(3.0 / view.shape[1]), random)
    elif view.ndim == 2:
        # In W_x and W_h every gate is a map of its own, so fans are those of one gate.
        maps = architecture.gates if name.endswith(("W_x", "W_h")) else 1
        _uniform(view, sqrt(6.0 / (view.shape[0] + view.shape[1] // maps)), random)
    elif name.startswith("layers.") and name.endswith(".b") and "f" in architecture.kind.gates:
        np.split(view, architecture.gates)[architecture.kind.gates.index("f")][...] = 1.0


def _torch(architecture: Architecture, name: str, view: Array, random: np.random.Generator) -> None:
    if name == "embedding":
        view[...] = random.standard_normal(view.shape)
        return
    inputs = _inputs(architecture, name)
    _uniform(view, 1.0 / sqrt(inputs), random)
    if name.startswith("layers.") and name.endswith(".b"):
        # b_x + b_h; a GRU's b_hn stays apart, so its n block has one draw
        summed = view[: 2 * inputs] if architecture.kind.has_b_hn else view
        summed += random.uniform(-1.0 / sqrt(inputs), 1.0 / sqrt(inputs), summed.shape)


def _inputs(architecture: Architecture, name: str) -> int:
    """Return the units of a recurrent layer, or the inputs of a dense one, by the name of a parameter."""
    stage, _, rest = name.partition(".")
    if stage == "layers":
        return architecture.layer_size(int(rest.partition(".")[0]))
    if stage == "dense":
        return (architecture.readout_size, *architecture.dense)[int(rest.partition(".")[0])]
    return architecture.head_size


_SCHEMES: dict[str, Draw] = {"default": _default, "glorot": _glorot, "torch": _torch}


def _uniform(view: Array, half_width: float, random: np.random.Generator) -> None:
    view[...] = random.uniform(-half_width, half_width, view.shape)


def _orthogonal(shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """Draw orthonormal columns, or rows if they are fewer, uniformly.

    QR of a normal matrix, signs fixed by R's diagonal (Mezzadri 2007).
    """
    normal = random.standard_normal(shape)
    q, r = np.linalg.qr(normal if shape[0] >= shape[1] else normal.T)
    rotation: Array = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return rotation if shape[0] >= shape[1] else rotation.T
