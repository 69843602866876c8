"""Import of the extension, and helpers of its wrappers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from elman import _check, reference
from elman import _native as kernels
from elman._check import Array

__all__ = ["kernels", "rows", "threads", "twin"]

F = TypeVar("F", bound=Callable[..., Any])
_WORD = 0xFFFFFFFF


def twin(function: F) -> F:
    """Give an engine function the docstring of its twin, with a note on dtype and threads."""
    text = inspect.getdoc(getattr(reference, function.__name__)) or ""
    note = "Native twin of the function of this name in `elman.reference`; float32 or float64 as the arrays given."
    first, _, rest = text.partition("\n\n")
    function.__doc__ = f"{first}\n\n{note}\n\n{rest}".replace(", float64", "")
    return function


def threads(place: str, n_threads: int | None) -> int:
    return 0 if n_threads is None else _check.thread_count(place, n_threads)


def rows(array: Array) -> Array:
    """Return (..., K) as (M, K)."""
    return array.reshape(-1, array.shape[-1])
