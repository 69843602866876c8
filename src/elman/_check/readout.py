"""The arguments of the mixing readout and of the loss of its quantiles."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman._check.layers import REDUCTIONS, not_negative
from elman._check.shapes import Array, Shapes
from elman._check.values import choice, first_wrong
from elman.errors import ArgumentError, DataError, ShapeError

Dtype: TypeAlias = npt.DTypeLike | None
Optional: TypeAlias = Array | None


def mixing_readout_forward(place: str, dtype: Dtype, o: Any, b: Any, k: Any) -> tuple[Array, Array, Array]:
    """Check the arguments of `mixing_readout_forward`."""
    return _mixing(Shapes(place, dtype, o, b, k), o, b, k)


def mixing_readout_backward(
    place: str, dtype: Dtype, dq: Any, o: Any, b: Any, k: Any
) -> tuple[Array, Array, Array, Array]:
    """Check the arguments of `mixing_readout_backward`."""
    s = Shapes(place, dtype, dq, o, b, k)
    o, b, k = _mixing(s, o, b, k)
    return s.array("dq", dq, "...", "J", s.sizes["K"] - s.sizes["B"] - 2), o, b, k


def _mixing(s: Shapes, o: Any, b: Any, k: Any) -> tuple[Array, Array, Array]:
    o = s.array("o", o, "...", "J", "K")
    b = s.array("b", b, "...", "J", "B")
    k = s.array("k", k, "J")
    K, B = s.sizes["K"], s.sizes["B"]
    Q = K - B - 2
    if Q < 1 or Q % 2 == 0:
        raise ShapeError(
            f"{s.place}: o must have B+Q+2 values in its last axis with an odd number Q of quantiles, got {K}.\n"
            f"  B={B} comes from b (..., J, B) = {b.shape}, which leaves Q={Q}."
        )
    wrong = ~((k >= 1) & (k < np.inf))
    if wrong.any():
        raise DataError(f"{s.place}: {first_wrong('k', k, wrong, 'finite and at least 1')}")
    return o, b, k


def quantile_loss(
    place: str, dtype: Dtype, q: Any, y: Any, levels: Any, importance: Any, weight: Any, reduction: Any
) -> tuple[Array, Array, Array, Optional, Optional, str]:
    """Check the arguments of `quantile_loss`."""
    s = Shapes(place, dtype, q, y, levels, importance, weight)
    q = s.array("q", q, "...", "Q")
    y = s.array("y", y, "...")
    levels = _levels(place, s.array("levels", levels, "Q"))
    importance = s.array("importance", importance, "Q", optional=True)
    weight = s.array("weight", weight, "...", optional=True)
    if importance is not None:
        not_negative(place, importance, "importance")
    if weight is not None:
        not_negative(place, weight)
    return q, y, levels, importance, weight, choice(place, "reduction", reduction, REDUCTIONS)


def _levels(place: str, levels: Array) -> Array:
    wrong = ~((levels > 0) & (levels < 1))
    wrong[1:] |= ~(levels[1:] > levels[:-1])
    if wrong.any():
        wanted = "between 0 and 1 and above the level before"
        raise ArgumentError(f"{place}: {first_wrong('levels', levels, wrong, wanted)}")
    return levels
