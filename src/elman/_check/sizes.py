"""Sizes and activations by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from elman._check.values import boolean, choice, positive_integer, show
from elman._words import called
from elman.errors import ArgumentError, Remedy

HIDDEN_ACTIVATIONS = ("identity", "tanh", "relu", "sigmoid")

_Each = TypeVar("_Each", bool, int, str)


def layer_sizes(place: str, hidden_size: Any, num_layers: Any) -> tuple[int | tuple[int, ...], int]:
    """Return the units of recurrent layers, one number if they are equal, and how many layers there are.

    Examples
    --------
    >>> layer_sizes("fit", [64, 32], 1), layer_sizes("fit", (8, 8), 2)
    (((64, 32), 2), (8, 2))
    """
    count = positive_integer(place, "num_layers", num_layers)
    if not isinstance(hidden_size, (tuple, list)):
        return positive_integer(place, "hidden_size", hidden_size), count
    units = sizes(place, "hidden_size", hidden_size, least=1)
    if count not in (1, len(units)):
        raise ArgumentError(
            f"{place}: hidden_size has the sizes of {len(units)} layers, but num_layers={num_layers}.\n"
            "  Hint: leave out num_layers."
        )
    return _one_if_alike(units), len(units)


def bidirectional_layers(place: str, bidirectional: Any, num_layers: int) -> bool | tuple[bool, ...]:
    """Return whether layers run in both directions, one truth value if they are alike.

    Examples
    --------
    >>> bidirectional_layers("fit", [True, False], 2)
    (True, False)
    """
    if not isinstance(bidirectional, (tuple, list)):
        return boolean(place, "bidirectional", bidirectional)
    if len(bidirectional) != num_layers:
        raise ArgumentError(
            f"{place}: bidirectional must be True or False, or a tuple of one for each of {num_layers} layers, got "
            f"{show(bidirectional)}."
        )
    return _one_if_alike(
        tuple(boolean(place, f"bidirectional[{layer}]", own) for layer, own in enumerate(bidirectional))
    )


def dense_layers(place: str, dense: Any, activation: Any) -> tuple[tuple[int, ...], str | tuple[str, ...]]:
    """Return the units of hidden dense layers and their activations, one name if they are equal.

    Examples
    --------
    >>> dense_layers("fit", [16, 8], ("relu", "tanh"))
    ((16, 8), ('relu', 'tanh'))
    """
    if isinstance(dense, int):
        raise ArgumentError(
            f"{place}: dense must be a tuple, one size per layer, got {dense!r}.", Remedy(dense=(dense,))
        )
    units, several = sizes(place, "dense", dense), isinstance(activation, (tuple, list))
    names = tuple(activation) if several else (activation,)
    for name in names:
        choice(place, "dense_activation", name, HIDDEN_ACTIVATIONS)
    if several and len(names) != len(units):
        raise ArgumentError(
            f"{place}: dense_activation must have one name for each layer of dense={units}, got {len(names)}."
        )
    return units, _one_if_alike(names) if units else "relu"


def projection(place: str, cell: str, projection_size: Any, units: Sequence[int]) -> int | None:
    """Return the size of an LSTM's projections, below the units of every layer, as far as they are known; None is none.

    Examples
    --------
    >>> projection("fit", "lstm", 16, (64, 32))
    16
    """
    if projection_size is None:
        return None
    size = positive_integer(place, "projection_size", projection_size)
    if cell != "lstm":
        raise ArgumentError(
            f"{place}: {called('projection_size')} is for an LSTM, and the cell is {cell!r}.",
            Remedy(cell="lstm"),
            Remedy("leave {} out", projection_size=...),
        )
    if units and size >= min(units):
        raise ArgumentError(
            f"{place}: {called('projection_size')} must be less than the units of every layer, {min(units)}, "
            f"got {size}."
        )
    return size


def sizes(place: str, name: str, given: Any, least: int = 0) -> tuple[int, ...]:
    """Return the sizes of at least so many layers as a tuple."""
    if not isinstance(given, (tuple, list)) or len(given) < least:
        raise ArgumentError(f"{place}: {name} must be a tuple of sizes, one per layer, got {show(given)}.")
    return tuple(positive_integer(place, f"{name}[{layer}]", size) for layer, size in enumerate(given))


def _one_if_alike(values: tuple[_Each, ...]) -> _Each | tuple[_Each, ...]:
    return values[0] if len(set(values)) == 1 else values
