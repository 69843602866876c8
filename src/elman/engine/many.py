"""Many networks of one architecture, trained side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array, ManyArguments, UpdateRules
from elman.engine._native import kernels, threads, twin
from elman.errors import UnsupportedError
from elman.reference import ManyUpdates


@twin
def update_many(
    theta: Array,
    vectors: Sequence[Array],
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    lengths: npt.ArrayLike | None = None,
    *,
    rules: UpdateRules,
    learning_rate: npt.ArrayLike,
    seed: npt.ArrayLike = 0,
    step: npt.ArrayLike = 0,
    n_threads: int | None = None,
) -> ManyUpdates:
    place = "update_many"
    data = theta, vectors, x, y, weight, lengths
    a = _check.update_many(place, None, *data, rules, learning_rate, seed, step)
    if a.rules.bptt_depth not in (None, 1):
        raise UnsupportedError(
            f"{place}: bptt_depth must be 1 or None here, got {a.rules.bptt_depth}. "
            f"elman.reference.{place} takes any depth."
        )
    models, updates = a.x.shape[:2]
    result = ManyUpdates(np.zeros((models, updates)), np.zeros((models, updates)), np.zeros(models, np.int64))
    update_natively(a, result, threads(place, n_threads))
    return result


def update_natively(a: ManyArguments, result: ManyUpdates, n_threads: int) -> None:
    """Make the updates of checked arguments, and fill ``result``, which is valid after an interrupt as well."""
    arguments = a.rules.for_kernel() | a._asdict() | dict(zip(("losses", "norms", "done"), result, strict=True))
    del arguments["rules"]
    arguments["first"], arguments["second"] = [*arguments.pop("vectors"), None][:2]
    kernels.update_many(**arguments, n_threads=n_threads)
