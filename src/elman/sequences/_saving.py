"""A fitted sequence estimator as arrays and plain metadata, and back, checked field by field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError, FileFormatError
from elman.network import Architecture, Network
from elman.persistence.models import check_layers, check_names, plain_parameters
from elman.sequences._options import MOST, architecture_of, check_parameters
from elman.sequences._preparation import Preparation
from elman.sequences._targets import OUTPUTS, Target
from elman.training import History
from elman.training.optimizer_state import optimizer_arrays, take_optimizer_state

if TYPE_CHECKING:
    from elman.sequences._estimator import SequenceEstimator

__all__ = ["from_file", "to_file"]

Arrays = dict[str, npt.NDArray[Any]]

_KEYS = {"kind", "parameters", "architecture", "target", "classes", "window", "stride", "updates", "seeds", "inputs"}
_CLASS_DTYPE = re.compile(r"object|[<>|][biufU]\d{1,9}")
_MOST_BYTES = 2**24  # of all classes, each as wide as the widest
_PLAIN = (bool, int, float, str)
_KINDS = {"classifier": ("binary", "multiclass", "multilabel"), "regressor": ("numbers",), "tagger": tuple(OUTPUTS)}


def to_file(estimator: SequenceEstimator) -> tuple[Arrays, dict[str, Any]]:
    """Return what `elman.persistence.save_arrays` takes."""
    target, preparation = estimator._target, estimator._preparation
    arrays: Arrays = {
        "theta": np.stack([network.theta for network in estimator.networks_]),
        "input.center": preparation.center,
        "input.scale": preparation.scale,
    }
    if target.center is not None and target.scale is not None:
        arrays |= {"target.center": target.center, "target.scale": target.scale}
    arrays |= optimizer_arrays(estimator._states or [], estimator.optimizer)
    names = getattr(estimator, "feature_names_in_", None)
    return arrays, {
        "kind": estimator._kind,
        "parameters": _plain_parameters(estimator),
        "architecture": estimator.networks_[0].architecture.to_dict(),
        "target": {"kind": target.kind, "size": target.size, "flat": target.flat},
        "classes": _plain_classes(target.classes),
        "window": preparation.window,
        "stride": preparation.stride,
        "updates": estimator.updates_,
        "seeds": estimator._seeds_,
        "inputs": {
            "table": estimator._table,
            "features": int(estimator.n_features_in_),
            "names": None if names is None else [str(name) for name in names],
        },
    }


def _plain_parameters(estimator: SequenceEstimator) -> dict[str, Any]:
    """Return the constructor's parameters as JSON values."""
    parameters = plain_parameters(estimator.get_params(deep=False))
    if "class_weight" in parameters:
        parameters["class_weight"] = _plain_weights(parameters["class_weight"])
    return parameters


def _plain_weights(weights: Any) -> Any:
    """Return the weights of classes, or of those of every label, as lists: the keys of JSON are text alone."""
    if isinstance(weights, list):
        return [_plain_weights(own) for own in weights]
    if not isinstance(weights, dict):
        return weights
    classes = [key.item() if isinstance(key, np.generic) else key for key in weights]
    if odd := [key for key in classes if type(key) not in _PLAIN]:
        raise ArgumentError(f"save: class_weight must name classes by text, numbers or truth values, got {odd[0]!r}.")
    return {"classes": classes, "weights": [float(weight) for weight in weights.values()]}


def _class_weight(value: Any) -> Any:
    """Rebuild the parameter ``class_weight``."""
    if isinstance(value, list):
        return [_class_weight(each) for each in value]
    if not isinstance(value, dict):
        return value
    check_names("fields of class_weight", set(value), {"classes", "weights"})
    if any(type(key) not in _PLAIN for key in value["classes"]):
        raise FileFormatError("class_weight must name classes by text, numbers or truth values")
    weights = [_check.number_in("class_weight", "weights", weight, "[0, inf)") for weight in value["weights"]]
    return dict(zip(value["classes"], weights, strict=True))


def _plain_classes(classes: npt.NDArray[Any] | None) -> dict[str, Any] | None:
    if classes is None:
        return None
    values = classes.tolist()
    if odd := [value for value in values if type(value) not in _PLAIN]:
        raise ArgumentError(f"save: classes must be text, numbers or truth values to be saved, got {odd[0]!r}.")
    return {"values": values, "dtype": "object" if classes.dtype == object else classes.dtype.str}


def from_file(estimator: SequenceEstimator, arrays: Arrays, metadata: dict[str, Any]) -> None:
    """Fill an unfitted estimator from a file's contents."""
    check_names("fields", set(metadata), _KEYS)
    parameters = metadata["parameters"]
    check_names("parameters", set(parameters), set(estimator.get_params(deep=False)))
    if "class_weight" in parameters:
        parameters = parameters | {"class_weight": _class_weight(parameters["class_weight"])}
    estimator.set_params(**parameters)
    check_parameters("parameters", estimator)
    theta = _float(arrays, "theta", np.dtype(estimator.dtype), 2)
    seeds = [_check.integer("metadata", "seeds", seed, 0, 2**32) for seed in metadata["seeds"]]
    if len(theta) == 0 or len(theta) != len(seeds):
        raise FileFormatError("theta must hold one network per seed")
    updates = _check.positive_integer("metadata", "updates", metadata["updates"])
    estimator._states = take_optimizer_state(arrays, estimator.optimizer, theta, seeds, updates)
    target = _target(estimator._kind, arrays, metadata)
    preparation = _preparation(arrays, metadata, estimator._per_step())
    architecture = Architecture.from_dict(metadata["architecture"])
    channels = len(preparation.center)
    if architecture != architecture_of(estimator, preparation.window * channels, target):
        raise FileFormatError("the architecture does not follow from the parameters")
    check_layers(architecture.num_layers)
    _inputs(estimator, metadata["inputs"], channels)
    estimator.networks_ = [Network(architecture, np.ascontiguousarray(row)) for row in theta]
    estimator.history_ = [History() for _ in theta]
    estimator.updates_, estimator._seeds_ = updates, seeds
    estimator._publish(target, preparation)


def _target(kind: str, arrays: Arrays, metadata: dict[str, Any]) -> Target:
    """Rebuild what the output layer stands for."""
    fields = metadata["target"]
    check_names("target fields", set(fields), {"kind", "size", "flat"})
    which = _check.choice("target", "kind", fields["kind"], _KINDS[kind])
    size = _check.positive_integer("target", "size", fields["size"])
    flat = _check.boolean("target", "flat", fields["flat"])
    numbers = which == "numbers"
    wanted = {"theta", "input.center", "input.scale"} | ({"target.center", "target.scale"} if numbers else set())
    check_names("arrays", set(arrays), wanted)
    if numbers:
        center, scale = _center_and_scale(arrays, "target")
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
    if any(type(value) not in _PLAIN for value in values):
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
    center, scale = _center_and_scale(arrays, "input")
    window = _check.positive_integer("metadata", "window", metadata["window"])
    stride = _check.positive_integer("metadata", "stride", metadata["stride"])
    _check.at_most("metadata", {"window": window, "stride": stride}, MOST)
    return Preparation(window, stride, center, scale, per_step)


def _center_and_scale(arrays: Arrays, what: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    center, scale = (_float(arrays, f"{what}.{name}", np.dtype(np.float64), 1) for name in ("center", "scale"))
    if len(center) == 0 or center.shape != scale.shape or not (scale > 0).all():
        raise FileFormatError(f"{what}.center and {what}.scale must go together")
    return center, scale


def _float(arrays: Arrays, name: str, dtype: np.dtype[Any], dimensions: int) -> npt.NDArray[Any]:
    array = arrays[name]
    if array.dtype != dtype or array.ndim != dimensions or not np.isfinite(array).all():
        raise FileFormatError(f"{name} must be {dimensions}-dimensional, {dtype.name} and finite")
    return array


def _inputs(estimator: SequenceEstimator, fields: dict[str, Any], channels: int) -> None:
    """Restore what sequences must look like."""
    check_names("input fields", set(fields), {"table", "features", "names"})
    table = _check.boolean("inputs", "table", fields["table"])
    features, names = _check.positive_integer("inputs", "features", fields["features"]), fields["names"]
    if (channels != 1 if table else features != channels) or (names is not None and len(names) != features):
        raise FileFormatError("inputs do not fit the channels")
    estimator._table, estimator._channels, estimator.n_features_in_ = table, channels, features
    if names is not None:
        if any(type(name) is not str for name in names):
            raise FileFormatError("names of channels must be text")
        estimator.feature_names_in_ = np.array(names, dtype=object)
