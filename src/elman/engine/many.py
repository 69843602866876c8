"""Many networks of one architecture, trained side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array
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
    cell: str = "lstm",
    hidden_sizes: Sequence[int],
    activation: str = "tanh",
    bias: bool = True,
    linear_skip: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    loss: str = "mean_squared_error",
    loss_parameter: float | None = None,
    reduction: str = "mean",
    bptt_depth: int | None = None,
    optimizer: str = "adam",
    options: Mapping[str, float] | None = None,
    learning_rate: npt.ArrayLike,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    seed: npt.ArrayLike = 0,
    step: npt.ArrayLike = 0,
    n_threads: int | None = None,
) -> ManyUpdates:
    place = "update_many"
    a = _check.update_many(
        place,
        None,
        theta,
        vectors,
        x,
        y,
        weight,
        lengths,
        cell,
        hidden_sizes,
        activation,
        bias,
        linear_skip,
        dropout,
        recurrent_dropout,
        loss,
        loss_parameter,
        reduction,
        bptt_depth,
        optimizer,
        options,
        learning_rate,
        clip_norm,
        clip_value,
        seed,
        step,
    )
    if a.bptt_depth not in (None, 1):
        raise UnsupportedError(
            f"{place}: bptt_depth must be 1 or None here, got {a.bptt_depth}. elman.reference.{place} takes any depth."
        )
    models, updates = a.x.shape[:2]
    result = ManyUpdates(np.zeros((models, updates)), np.zeros((models, updates)), np.zeros(models, np.int64))
    first, second = [*a.vectors, None][:2]
    common, rest = a[:8], a[9:16]
    kernels.update_many(*common, first, second, *rest, a.bptt_depth == 1, *a[17:], *result, threads(place, n_threads))
    return result
