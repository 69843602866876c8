"""The attributes of ONNX's recurrent operators: each is supported, or refused by name.

Nothing is ignored: an unknown attribute, a value outside its range, and an extra number in ``activation_alpha`` are
errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman import _check
from elman.errors import ArgumentError, UnsupportedError
from elman.interop.onnx_activations import ACTIVATIONS, Activation

__all__ = ["GATES", "Recurrence", "read_attributes"]

GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}
DIRECTIONS = {"forward": ("forward",), "reverse": ("reverse",), "bidirectional": ("forward", "reverse")}
USUAL = {"RNN": ("Tanh",), "LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh")}
_COMMON = {"activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "layout"}
_OWN = {"RNN": set[str](), "LSTM": {"input_forget"}, "GRU": {"linear_before_reset"}}
_HINTS = {"output_sequence": "it left the standard with operator set 7; export the model again in set 17, for instance"}
_SPELLED = {name.lower(): name for name in ACTIVATIONS}


@dataclass(frozen=True)
class Recurrence:
    """The attributes of one recurrent node.

    Parameters
    ----------
    op : {"RNN", "LSTM", "GRU"}
        The operator.
    directions : tuple of {"forward", "reverse"}
        One or both, in the order of the weights.
    activations : tuple of tuple of Activation
        For each direction f, or f and g, or f, g and h.
    hidden_size : int, optional
        Units; taken from the weights if not given.
    clip : float, optional
        Bound of an activation's input.
    linear_before_reset : bool
        Whether a GRU has the reset gate after the product with R.
    input_forget : bool
        Whether an LSTM forgets by 1 - i.
    batch_first : bool
        Whether rows come before steps in X, Y and the states.
    """

    op: str
    directions: tuple[str, ...]
    activations: tuple[tuple[Activation, ...], ...]
    hidden_size: int | None = None
    clip: float | None = None
    linear_before_reset: bool = False
    input_forget: bool = False
    batch_first: bool = False


def read_attributes(op: str, attributes: Mapping[str, Any], place: str | None = None) -> Recurrence:
    """Read the attributes of a recurrent node.

    Parameters
    ----------
    op : {"RNN", "LSTM", "GRU"}
        The operator.
    attributes : mapping of str
        Plain values: int, float, str, or lists of them.
    place : str, optional
        Start of every message; the operator if not given.

    Returns
    -------
    Recurrence

    Raises
    ------
    UnsupportedError
        If an attribute, an operator or an activation is unknown.
    ArgumentError
        If a value is of a wrong type or outside its range, or there are too many or too few of them.

    Examples
    --------
    >>> read_attributes("GRU", {"activations": ["LeakyRelu", "Tanh"], "activation_alpha": [0.2]}).activations
    ((Activation(name='LeakyRelu', alpha=0.2, beta=0.0), Activation(name='Tanh', alpha=0.0, beta=0.0)),)
    """
    place = place or op
    if op not in GATES:
        raise UnsupportedError(f"{place}: the recurrent operators are {', '.join(GATES)}, got {op!r}.")
    for name in sorted(set(attributes) - _COMMON - _OWN[op]):
        hint = f"\n  Hint: {_HINTS[name]}." if name in _HINTS else ""
        raise UnsupportedError(f"{place}: the attribute {name!r} is unknown to {op}.{hint}")
    direction = _check.choice(place, "direction", attributes.get("direction", "forward"), tuple(DIRECTIONS))
    size, clip = attributes.get("hidden_size"), attributes.get("clip")
    return Recurrence(
        op,
        DIRECTIONS[direction],
        _activations(place, op, attributes, len(DIRECTIONS[direction])),
        None if size is None else _check.positive_integer(place, "hidden_size", size),
        None if clip is None else _check.number_in(place, "clip", clip, "(0, inf)"),
        _flag(place, attributes, "linear_before_reset"),
        _flag(place, attributes, "input_forget"),
        _flag(place, attributes, "layout"),
    )


def _flag(place: str, attributes: Mapping[str, Any], name: str) -> bool:
    return _check.integer(place, name, attributes.get(name, 0), 0, 1) == 1


def _activations(
    place: str, op: str, attributes: Mapping[str, Any], directions: int
) -> tuple[tuple[Activation, ...], ...]:
    """Return the activations of each direction; numbers are assigned in order."""
    per_direction = len(USUAL[op])
    names = attributes.get("activations", list(USUAL[op]) * directions)
    if not isinstance(names, (list, tuple)) or len(names) != per_direction * directions:
        got = f"{len(names)}" if isinstance(names, (list, tuple)) else f"{names!r:.60}"
        raise ArgumentError(f"{place}: activations must be {per_direction * directions} names, got {got}.")
    alphas, betas = (_numbers(place, f"activation_{name}", attributes) for name in ("alpha", "beta"))
    found = []
    for name in names:
        known = _SPELLED.get(name.lower()) if isinstance(name, str) else None
        if known is None:
            known_ones = ", ".join(ACTIVATIONS)
            raise UnsupportedError(f"{place}: activations has {name!r:.60}; ONNX's activations are {known_ones}.")
        kind = ACTIVATIONS[known]
        alpha = _next(place, "activation_alpha", known, kind.alpha, alphas)
        found.append(Activation(known, alpha, _next(place, "activation_beta", known, kind.beta, betas)))
    for which, rest in (("activation_alpha", list(alphas)), ("activation_beta", list(betas))):
        if rest:
            raise ArgumentError(
                f"{place}: {which} has {len(rest)} more than needed by {', '.join(names)}; the numbers are assigned in "
                "order to the activations that need one."
            )
    return tuple(tuple(found[i : i + per_direction]) for i in range(0, len(found), per_direction))


def _numbers(place: str, name: str, attributes: Mapping[str, Any]) -> Iterator[float]:
    values = attributes.get(name, [])
    if not isinstance(values, (list, tuple)):
        raise ArgumentError(f"{place}: {name} must be a list of numbers, got {values!r:.60}.")
    return iter([_check.number_in(place, f"{name}[{i}]", value, "(-inf, inf)") for i, value in enumerate(values)])


def _next(place: str, name: str, activation: str, default: float | None, given: Iterator[float]) -> float:
    """Return the next number for an activation that needs one."""
    if default is None:
        return 0.0
    value = next(given, default)
    if np.isnan(value):
        raise ArgumentError(f"{place}: {activation} needs its number in {name}; ONNX gives it no default.")
    return value
