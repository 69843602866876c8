"""A fitted sequence estimator as arrays and plain metadata, and back, checked field by field."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, FileFormatError
from elman.estimators import optimizer_arrays, take_optimizer_state, values_of
from elman.network import Architecture, Network
from elman.persistence.models import check_layers, check_names
from elman.sequences.fitted import Fitted, Inputs
from elman.sequences.options import architecture_of
from elman.sequences.parameters import MOST_STEPS, PLAIN, Parameters, Task
from elman.sequences.preparation import Preparation
from elman.sequences.settling import as_built
from elman.sequences.targets import OUTPUTS, Target
from elman.training import History

__all__ = [
    "center_and_scale",
    "center_names",
    "form_to_file",
    "from_file",
    "inputs_from_file",
    "target_from_file",
    "to_file",
]

Arrays = dict[str, npt.NDArray[Any]]

_KEYS = {"architecture", "target", "classes", "window", "stride", "updates", "seeds", "inputs"}
_CLASS_DTYPE = re.compile(r"object|[<>|][biufU]\d{1,9}")
_LARGEST = float(np.finfo(np.float32).max)
_MOST_BYTES = 2**24  # of all classes, each with the width of the widest
_KINDS = {"classifier": ("binary", "multiclass", "multilabel"), "regressor": ("numbers",), "tagger": tuple(OUTPUTS)}


def to_file(fitted: Fitted) -> tuple[Arrays, dict[str, Any]]:
    """Return a fitted value as arrays and plain metadata."""
    target, preparation, inputs = fitted.target, fitted.preparation, fitted.inputs
    arrays: Arrays = {
        "theta": np.stack([network.theta for network in fitted.networks]),
        "input.center": preparation.center,
        "input.scale": preparation.scale,
    }
    if target.center is not None and target.scale is not None:
        arrays |= {"target.center": target.center, "target.scale": target.scale}
    arrays |= optimizer_arrays(fitted.states or ())
    return arrays, {
        "architecture": fitted.networks[0].architecture.to_dict(),
        "window": preparation.window,
        "stride": preparation.stride,
        "updates": fitted.updates,
        "seeds": list(fitted.seeds),
        **({"by_sequence": True} if preparation.by_sequence else {}),
        **form_to_file(target, inputs),
    }


def form_to_file(target: Target, inputs: Inputs) -> dict[str, Any]:
    """Return the meaning of outputs and the form of sequences as plain metadata."""
    return {
        "target": {"kind": target.kind, "size": target.size, "flat": target.flat},
        "classes": _plain_classes(target.classes),
        "inputs": {
            "table": inputs.table,
            "features": inputs.features,
            "names": None if inputs.names is None else [str(name) for name in inputs.names],
        },
    }


def _plain_classes(classes: npt.NDArray[Any] | None) -> dict[str, Any] | None:
    if classes is None:
        return None
    values = classes.tolist()
    if odd := [value for value in values if type(value) not in PLAIN]:
        raise ArgumentError(f"save: classes must be text, numbers or truth values to be saved, got {odd[0]!r}.")
    return {"values": values, "dtype": "object" if classes.dtype == object else classes.dtype.str}


def from_file(parameters: Parameters, task: Task, kind: str, arrays: Arrays, metadata: dict[str, Any]) -> Fitted:
    """Rebuild a fitted value from a file's contents and its checked parameters."""
    by_sequence = _check.boolean("metadata", "by_sequence", metadata.get("by_sequence", False))
    check_names("fields", set(metadata) - {"by_sequence"}, _KEYS)
    if by_sequence and (task.per_step or parameters.standardize not in ("auto", "sequence")):
        raise FileFormatError("by_sequence does not follow from the parameters")
    theta = _float(arrays, "theta", np.dtype(parameters.dtype), 2)
    seeds = [_check.integer("metadata", "seeds", seed, 0, 2**32) for seed in metadata["seeds"]]
    if len(theta) == 0 or len(theta) != len(seeds):
        raise FileFormatError("theta must hold one network per seed")
    updates = _check.positive_integer("metadata", "updates", metadata["updates"])
    states = take_optimizer_state(arrays, parameters.optimizer, theta, seeds, updates)
    target = target_from_file(kind, arrays, metadata)
    check_names("arrays", set(arrays), {"theta"} | center_names(target))
    preparation = replace(_preparation(arrays, metadata, task.per_step), by_sequence=by_sequence)
    architecture = Architecture.from_dict(metadata["architecture"])
    channels = len(preparation.center)
    built = as_built(parameters, task, target, architecture)
    if architecture != architecture_of(*built, preparation.input_size, target):
        raise FileFormatError("the architecture does not follow from the parameters")
    check_layers(architecture.num_layers)
    return Fitted(
        networks=tuple(Network(architecture, np.ascontiguousarray(row)) for row in theta),
        history=tuple(History() for _ in theta),
        seeds=tuple(seeds),
        updates=updates,
        target=target,
        preparation=preparation,
        inputs=inputs_from_file(metadata["inputs"], channels),
        parameters=values_of(parameters),
        states=None if states is None else tuple(states),
    )


def target_from_file(kind: str, arrays: Arrays, metadata: dict[str, Any]) -> Target:
    """Rebuild the meaning of the output layer."""
    fields = metadata["target"]
    check_names("target fields", set(fields), {"kind", "size", "flat"})
    which = _check.choice("target", "kind", fields["kind"], _KINDS[kind])
    size = _check.positive_integer("target", "size", fields["size"])
    flat = _check.boolean("target", "flat", fields["flat"])
    if which == "numbers":
        center, scale = center_and_scale(arrays, "target")
        if len(center) != size or (flat and size != 1) or metadata["classes"] is not None:
            raise FileFormatError("the target does not fit its size")
        return Target(which, size, None, center, scale, flat)
    classes = _classes(metadata["classes"])
    if len(classes) != (2 if which == "binary" else size) or (which == "binary" and size != 1) or flat:
        raise FileFormatError("the classes do not fit the output layer")
    return Target(which, size, classes)


def _classes(fields: dict[str, Any]) -> npt.NDArray[Any]:
    check_names("class fields", set(fields), {"values", "dtype"})
    values, name = fields["values"], fields["dtype"]
    if any(type(value) not in PLAIN for value in values):
        raise FileFormatError("classes must be text, numbers or truth values")
    if not isinstance(name, str) or _CLASS_DTYPE.fullmatch(name) is None:
        raise FileFormatError(f"classes cannot be of the type {name!r:.60}")
    dtype = np.dtype(name)
    if dtype.itemsize > _MOST_BYTES or dtype.itemsize * len(values) > _MOST_BYTES:
        raise FileFormatError(f"classes of the type {name!r} need more than {_MOST_BYTES} bytes")
    classes = np.array(values, dtype=object).astype(dtype)
    if classes.ndim != 1 or classes.tolist() != values or not (classes[:-1] < classes[1:]).all():
        raise FileFormatError("classes must be different and sorted")
    return classes


def _preparation(arrays: Arrays, metadata: dict[str, Any], per_step: bool) -> Preparation:
    center, scale = center_and_scale(arrays, "input")
    window = _check.positive_integer("metadata", "window", metadata["window"])
    stride = _check.positive_integer("metadata", "stride", metadata["stride"])
    _check.at_most("metadata", {"window": window, "stride": stride}, dict.fromkeys(("window", "stride"), MOST_STEPS))
    return Preparation(window, stride, center, scale, per_step)


def center_names(target: Target) -> set[str]:
    """Return the names of the arrays that `center_and_scale` reads."""
    kinds = ("input", "target") if target.kind == "numbers" else ("input",)
    return {f"{kind}.{name}" for kind in kinds for name in ("center", "scale")}


def center_and_scale(arrays: Arrays, what: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return mean and spread of the inputs, or of numbers."""
    center, scale = (_float(arrays, f"{what}.{name}", np.dtype(np.float64), 1) for name in ("center", "scale"))
    if len(center) == 0 or center.shape != scale.shape:
        raise FileFormatError(f"{what}.center and {what}.scale must go together")
    if not (np.abs(center) <= _LARGEST).all() or not ((scale > 0) & (scale <= _LARGEST)).all():
        raise FileFormatError(f"{what}.center and {what}.scale must be within float32")
    return center, scale


def _float(arrays: Arrays, name: str, dtype: np.dtype[Any], dimensions: int) -> npt.NDArray[Any]:
    array = arrays[name]
    if array.dtype != dtype or array.ndim != dimensions or not np.isfinite(array).all():
        raise FileFormatError(f"{name} must be {dimensions}-dimensional, {dtype.name} and finite")
    return array


def inputs_from_file(fields: dict[str, Any], channels: int) -> Inputs:
    """Rebuild the required form of sequences."""
    check_names("input fields", set(fields), {"table", "features", "names"})
    table = _check.boolean("inputs", "table", fields["table"])
    features, names = _check.positive_integer("inputs", "features", fields["features"]), fields["names"]
    if (channels != 1 if table else features != channels) or (names is not None and len(names) != features):
        raise FileFormatError("inputs do not fit the channels")
    if names is not None and any(type(name) is not str for name in names):
        raise FileFormatError("names of channels must be text")
    return Inputs(channels, table, features, None if names is None else tuple(names))
