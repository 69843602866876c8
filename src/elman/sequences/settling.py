"""Values of parameters that are ``"auto"``: from the data of a fit, or from the networks that it made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.network import Architecture
from elman.network.parameters import ParameterLayout
from elman.sequences.options import architecture_of
from elman.sequences.parameters import AUTO, Parameters, Task
from elman.sequences.targets import Target

__all__ = ["as_built", "has_many_labels", "settled", "sizes_differ", "with_values"]

Array = npt.NDArray[Any]

_USUAL = {
    "cell": "gru",
    "hidden_size": 64,
    "recurrent_dropout": 0.0,
    "learning_rate": 3e-3,
    "batch_size": 32,
    "standardize": True,
}
_MANY, _MOST_UNITS = 32, 256  # labels per step
_OF_MANY = {"cell": "lstm", "learning_rate": 0.01, "batch_size": 16}
_ENOUGH_SIZES, _FAR_APART = 20, 30.0  # sequences, and quartiles of their standard deviations
_STEPS = 50  # of a stretch; many short ones per update learn faster than a few long ones
_WEIGHTS = 4  # per training step: beyond, steps are few
_FEW_STEPS, _ENOUGH_STEPS = 0.5, 0.2  # recurrent dropout


def has_many_labels(task: Task, target: Target) -> bool:
    """Tell whether every step has more than 32 labels, as polyphonic music has."""
    return task.per_step and target.kind == "multilabel" and target.size > _MANY


def settled(parameters: Parameters, task: Task, target: Target, sequences: Sequence[Array]) -> tuple[Parameters, Task]:
    """Return parameters and task with a value for every ``"auto"``.

    Parameters
    ----------
    parameters, task, target
        Of a fit.
    sequences : sequence of ndarray (T_i, D)
        Its training part.
    """
    many = has_many_labels(task, target)
    values = _without_data(many, target)
    if not task.per_step and _may_know_end(parameters, task) and sizes_differ(sequences):
        values["standardize"] = "sequence"
    if many:
        values["standardize"] = not all(np.isin(sequence, (0, 1)).all() for sequence in sequences)
    found = with_values(parameters, {name: values[name] for name in AUTO if getattr(parameters, name) == "auto"})
    if many and parameters.recurrent_dropout == "auto":
        width = sequences[0].shape[1] * (1 if task.window == "auto" else int(task.window))
        weights = ParameterLayout(architecture_of(found, task, width, target)).size
        few = _WEIGHTS * sum(map(len, sequences)) < weights
        found = with_values(found, {"recurrent_dropout": _FEW_STEPS if few else _ENOUGH_STEPS})
    return found, replace(task, steps=_steps(many, found) if task.steps == "auto" else task.steps)


def as_built(parameters: Parameters, task: Task, target: Target, architecture: Architecture) -> tuple[Parameters, Task]:
    """Return parameters and task with the values that networks have for every ``"auto"``, and that a search chose."""
    many = has_many_labels(task, target)
    values = _without_data(many, target)
    for name in ("cell", "hidden_size", "recurrent_dropout"):
        values[name] = getattr(architecture, name)
    searched = ("cell", "hidden_size") if task.tune else ()
    open_ = [name for name in AUTO if name in searched or getattr(parameters, name) == "auto"]
    found = with_values(parameters, {name: values[name] for name in open_})
    if task.tune and architecture.readout != "every":
        task = replace(task, readout=architecture.readout)
    return found, replace(task, steps=_steps(many, found) if task.steps == "auto" else task.steps)


def with_values(parameters: Parameters, values: dict[str, Any]) -> Parameters:
    """Return the shared parameters with other values for some."""
    own = {each.name: getattr(parameters, each.name) for each in fields(Parameters)}
    return Parameters(**own | values)


def sizes_differ(sequences: Sequence[Array]) -> bool:
    """Tell whether the standard deviations of a channel differ so much that small sequences would look constant.

    Their third quartile is then more than 30 times the first, over at least 20 sequences that are not constant.

    Examples
    --------
    >>> waves = [size * np.array([[1.0], [-1.0]]) for size in np.geomspace(0.001, 10, 20)]
    >>> sizes_differ(waves), sizes_differ(waves[:10] * 2)
    (True, False)
    """
    spreads = np.stack([sequence.std(axis=0) for sequence in sequences])
    for own in spreads.T:
        varying = own[own > 0]
        if len(varying) >= _ENOUGH_SIZES:
            low, high = np.quantile(varying, (0.25, 0.75))
            if high > _FAR_APART * low:
                return True
    return False


def _may_know_end(parameters: Parameters, task: Task) -> bool:
    """Tell whether networks read whole sequences anyway, so that no stream is lost."""
    return bool(np.any(parameters.bidirectional)) or task.readout != "last"


def _without_data(many: bool, target: Target) -> dict[str, Any]:
    """Return the values that do not depend on the sequences."""
    if not many:
        return dict(_USUAL)
    return _USUAL | _OF_MANY | {"hidden_size": min(2 * target.size, _MOST_UNITS)}


def _steps(many: bool, parameters: Parameters) -> int | None:
    """Return the steps of a stretch; networks that read backwards, too, need whole sequences."""
    return _STEPS if many and not np.any(parameters.bidirectional) else None
