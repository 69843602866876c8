"""The window network of a forecaster as arrays and plain metadata, and back, checked field by field."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.data.scaling import TRANSFORMS
from elman.errors import FileFormatError
from elman.forecasting.intervals import take_arrays, to_arrays
from elman.forecasting.methods import NetworkMethod
from elman.forecasting.methods.network import warms_anew
from elman.forecasting.options import ahead_of, architecture_of
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.recipe import Recipe
from elman.forecasting.running import Running
from elman.forecasting.selection import Choice
from elman.network import Architecture, Network, State
from elman.persistence.models import check_layers, check_names
from elman.training import History

__all__ = ["checked", "network_from_file", "network_to_file", "with_series"]

Arrays = dict[str, npt.NDArray[Any]]


def network_to_file(network: NetworkMethod) -> tuple[Arrays, dict[str, Any]]:
    """Return its arrays and metadata."""
    arrays: Arrays = {"theta": np.stack([member.theta for member in network.networks]), "scales": network.scales}
    arrays |= to_arrays(network.residuals)
    if network.running is not None:
        arrays |= _running_arrays(network.running)
    return arrays, {
        "architecture": network.networks[0].architecture.to_dict(),
        "recipe": asdict(network.recipe),
        "unit": np.asarray(network.unit).tolist(),
        "updates": network.updates,
        "measured": {
            "window": sorted(network.choice.window_scores.items()),
            "updates": sorted(network.choice.updates_scores.items()),
            "validation": sorted(network.validation_scores.items()),
        },
    }


def network_from_file(parameters: Parameters, arrays: Arrays, metadata: dict[str, Any]) -> NetworkMethod:
    """Rebuild the network; its arrays are taken out of those of the file, but for what belongs to the series."""
    recipe = _recipe(metadata["recipe"])
    known = len(parameters.past_covariates or ()), len(parameters.future_covariates or ())
    if (recipe.horizon, recipe.steps, recipe.carry, len(recipe.past), len(recipe.future)) != (
        ahead_of(parameters),
        parameters.steps,
        parameters.carry_state,
        *known,
    ):
        raise FileFormatError("the recipe does not follow from the parameters")
    architecture = Architecture.from_dict(metadata["architecture"])
    if architecture != architecture_of(parameters, recipe):
        raise FileFormatError("the architecture does not follow from the parameters")
    check_layers(architecture.num_layers)
    theta = checked(arrays, "theta", np.float32, 2)
    del arrays["theta"]
    if len(theta) == 0:
        raise FileFormatError("theta holds no network")
    measured = metadata["measured"]
    check_names("measured fields", set(measured), {"window", "updates", "validation"})
    return NetworkMethod(
        networks=tuple(Network(architecture, np.ascontiguousarray(row)) for row in theta),
        history=tuple(History() for _ in theta),
        recipe=recipe,
        unit=_unit(metadata["unit"], recipe),
        scales=np.ones(0),
        names=None,
        horizon=int(parameters.horizon),
        anew=warms_anew(parameters, recipe),
        updates=_check.positive_integer("metadata", "updates", metadata["updates"]),
        choice=Choice(recipe.window, None, _scores(measured["window"]), _scores(measured["updates"])),
        validation_scores=_scores(measured["validation"]),
        residuals=take_arrays(arrays, int(parameters.horizon)),
    )


def with_series(network: NetworkMethod, arrays: Arrays, newest: Panel) -> NetworkMethod:
    """Add what belongs to the series of the fit: their scales, and where the states stand after updates."""
    recipe, series, several = network.recipe, len(newest), not network.scaling.flat
    scales = checked(arrays, "scales", np.float64, 2 if several else 1)
    if scales.shape != ((series, recipe.channels) if several else (series,)) or not (scales > 0).all():
        raise FileFormatError("scales must be one positive number per series and channel")
    del arrays["scales"]
    running = _take_running(arrays)
    found = None if running is None else _checked_running(running, list(network.networks), series, recipe)
    return replace(network, scales=scales, names=newest.ids, running=found)


def _unit(value: Any, recipe: Recipe) -> Any:
    """Rebuild the unit: a number, or one per channel."""
    if isinstance(recipe.transform, str):
        return _check.number_in("metadata", "unit", value, "(0, inf)")
    if not isinstance(value, list) or len(value) != recipe.channels:
        raise FileFormatError("unit must be one number per channel")
    return np.array([_check.number_in("metadata", "unit", own, "(0, inf)") for own in value])


def _running_arrays(running: Running) -> Arrays:
    """Name the states after `update`, network after network."""
    arrays: Arrays = {
        "running.h": np.stack([state.h for state in running.states]),
        "running.outputs": np.stack(running.outputs),
        "running.level": running.level,
    }
    cells = [state.c for state in running.states if state.c is not None]
    return arrays | ({"running.c": np.stack(cells)} if cells else {})


def _take_running(arrays: Arrays) -> Arrays | None:
    """Remove the states from a file's arrays."""
    own = {name: arrays.pop(name) for name in list(arrays) if name.startswith("running.")}
    return own or None


def _checked_running(arrays: Arrays, networks: list[Network], series: int, recipe: Recipe) -> Running:
    architecture = networks[0].architecture
    lstm = architecture.cell == "lstm"
    check_names(
        "states", set(arrays), {"running.h", "running.outputs", "running.level"} | ({"running.c"} if lstm else set())
    )
    state = (len(networks), architecture.num_layers, series, architecture.hidden_size)
    shapes = {
        "running.outputs": (len(networks), series, recipe.output_size),
        "running.level": (series, recipe.channels),
    }
    for name, array in arrays.items():
        dtype = np.float64 if name == "running.level" else np.float32
        if array.shape != shapes.get(name, state) or array.dtype != dtype or not np.isfinite(array).all():
            raise FileFormatError(f"{name} does not go with the networks and series")
    cells = list(arrays["running.c"]) if lstm else [None] * len(networks)
    states = [State(h, c) for h, c in zip(arrays["running.h"], cells, strict=True)]
    return Running(states, list(arrays["running.outputs"]), arrays["running.level"])


def _recipe(fields: dict[str, Any]) -> Recipe:
    """Rebuild the recipe, with every number in its range."""
    check_names("recipe fields", set(fields), set(Recipe.__dataclass_fields__))
    names = ("horizon", "window", "steps", "channels")
    numbers = {name: _check.positive_integer("recipe", name, fields[name]) for name in names}
    seasons = tuple(_check.positive_integer("recipe", "seasons", season) for season in fields["seasons"])
    if not seasons:
        raise FileFormatError("the recipe has no season")
    return Recipe(
        carry=_check.boolean("recipe", "carry", fields["carry"]),
        seasons=seasons,
        level=_check.integer("recipe", "level", fields["level"], 0, numbers["window"]),
        transform=_transform(fields["transform"], numbers["channels"]),
        past=_sizes(fields["past"]),
        future=_sizes(fields["future"]),
        **numbers,
    )


def _transform(kind: Any, channels: int) -> str | tuple[str, ...]:
    if isinstance(kind, (list, tuple)):
        if len(kind) != channels:
            raise FileFormatError("the recipe has no transform for every channel")
        return tuple(_check.choice("recipe", "transform", own, TRANSFORMS) for own in kind)
    if channels != 1:
        raise FileFormatError("the recipe has no transform for every channel")
    return _check.choice("recipe", "transform", kind, TRANSFORMS)


def _sizes(pairs: Any) -> tuple[tuple[float, float], ...]:
    return tuple(
        (
            _check.number_in("recipe", "center", center, "(-inf, inf)"),
            _check.number_in("recipe", "spread", spread, "(0, inf)"),
        )
        for center, spread in pairs
    )


def _scores(pairs: Any) -> dict[int, float]:
    """Rebuild what was measured by window or by number of updates."""
    return {
        _check.positive_integer("measured", "candidate", key): _check.number_in("measured", "score", score, "[0, inf)")
        for key, score in pairs
    }


def checked(arrays: Arrays, name: str, dtype: Any, dimensions: int) -> npt.NDArray[Any]:
    """Return an array of a file, or refuse it by name."""
    array = arrays[name]
    if array.dtype != dtype or array.ndim != dimensions or not np.isfinite(array).all():
        raise FileFormatError(f"{name} must be {dimensions}-dimensional, {np.dtype(dtype).name} and finite")
    return array
