"""Convert the window network of a forecaster to arrays and plain metadata and back, with a check of every field."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.data.scaling import TRANSFORMS
from elman.errors import FileFormatError
from elman.forecasting.fitted import INTERRUPTED
from elman.forecasting.intervals import take_arrays, to_arrays
from elman.forecasting.methods import NetworkMethod
from elman.forecasting.methods.network import warms_anew
from elman.forecasting.options import ahead_of, architecture_of, head_for
from elman.forecasting.panel import LARGEST, Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.prediction import forecast
from elman.forecasting.recipe import Recipe, resolve_seasons
from elman.forecasting.running import Running
from elman.forecasting.saving_inputs import inputs_from_file
from elman.forecasting.saving_names import names_from_file, names_to_file
from elman.forecasting.selection import Choice
from elman.forecasting.training_set import center_of_newest
from elman.network import Architecture, Network, State
from elman.persistence.models import LARGEST_WEIGHT, check_layers, check_names, under_new_names
from elman.training import History

__all__ = ["RENAMED", "checked", "network_from_file", "network_to_file", "with_series"]

Arrays = dict[str, npt.NDArray[Any]]

RENAMED = {"level": "center", "running.level": "running.center"}  # names in older files

_LEAST, _FARTHEST = 1e-200, 1e100  # of divisors, and of values in units of the networks
_CLOSE = 1e-6  # logarithms differ between machines in the last bits


def network_to_file(network: NetworkMethod, *, own_names: bool) -> tuple[Arrays, dict[str, Any]]:
    """Return its arrays and metadata; ``own_names``: with the names of series of which the file has no values."""
    if own_names:
        network = network.without_series()
    arrays: Arrays = {"theta": np.stack([member.theta for member in network.networks]), "scales": network.scales}
    arrays |= to_arrays(network.residuals)
    if network.running is not None:
        arrays |= _running_arrays(network.running)
    if own_names and network.names is not None:
        arrays["names"] = names_to_file(network.names)
    return arrays, {
        "architecture": network.networks[0].architecture.to_dict(),
        "recipe": {name: value for name, value in asdict(replace(network.recipe, head=None)).items() if name != "head"},
        "unit": np.asarray(network.unit).tolist(),
        "updates": network.updates,
        "measured": {
            "window": sorted(network.choice.window_scores.items()),
            "updates": sorted(network.choice.updates_scores.items()),
            "validation": sorted(network.validation_scores.items()),
        },
    }


def network_from_file(parameters: Parameters, arrays: Arrays, metadata: dict[str, Any]) -> NetworkMethod:
    """Rebuild the network without its values per series; its arrays are removed from those of the file."""
    recipe = replace(_recipe(metadata["recipe"]), head=head_for(parameters))
    inputs = inputs_from_file(metadata["data"], parameters)
    own = (recipe.horizon, recipe.steps, recipe.carry, *map(len, (recipe.past, recipe.future, recipe.once)))
    known = len(inputs.past), inputs.known_ahead, inputs.once
    if own != (ahead_of(parameters), parameters.steps, parameters.carry_state, *known) or recipe.masked != (
        parameters.missing == "mask"
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
    residuals = take_arrays(arrays, int(parameters.horizon))
    wanted, interrupted = parameters.intervals is not None, metadata.get("reason") == INTERRUPTED
    if parameters.method == "network" and (residuals is not None) != wanted and not interrupted:
        raise FileFormatError("the residuals do not follow from the parameters")
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
        residuals=residuals,
    )


def with_series(network: NetworkMethod, arrays: Arrays, newest: Panel) -> NetworkMethod:
    """Add the values per series: scales, and the states after updates."""
    recipe, series, several = network.recipe, len(newest), not network.scaling.flat
    names = newest.ids
    if series == 0:
        names = names_from_file(arrays.pop("names"), len(arrays["scales"])) if "names" in arrays else None
        series = 0 if names is None else len(names)
    scales = checked(arrays, "scales", np.float64, 2 if several else 1)
    if scales.shape != ((series, recipe.channels) if several else (series,)):
        raise FileFormatError("scales must be one number per series and channel")
    divided, columns = np.array([kind == "scale" for kind in network.scaling.kinds]), np.atleast_2d(scales.T).T
    if not ((columns > _LEAST) & (columns <= LARGEST) & (divided | (columns == 1))).all():
        raise FileFormatError("scales must be sizes of values, and 1 where nothing is divided by them")
    del arrays["scales"]
    if len(newest) == 0:
        return replace(network, scales=scales, names=names)
    sizes = _sizes_in_units(network, scales, newest)
    if sizes.max() > _FARTHEST:
        raise FileFormatError("scales and unit do not go with values")
    _check_answer(network, newest, scales, int(np.argmax(sizes)))
    running = _take_running(arrays)
    found = None if running is None else _checked_running(running, network, newest, scales)
    return replace(network, scales=scales, names=names, running=found)


def _sizes_in_units(network: NetworkMethod, scales: npt.NDArray[np.float64], newest: Panel) -> npt.NDArray[np.float64]:
    """Measure the largest value of each series as the networks see it (S,)."""
    with np.errstate(over="ignore"):
        each = [
            np.abs(network.scaling.to(values, scale) / network.unit).max()
            for values, scale in zip(newest, scales, strict=True)
        ]
    return np.array(each)


def _check_answer(network: NetworkMethod, newest: Panel, scales: npt.NDArray[np.float64], series: int) -> None:
    """Refuse networks whose forecast of one of the series is not finite.

    Small weights can still overflow over the steps of a ReLU layer, which only a forward pass shows.
    """
    recipe, one = network.recipe, newest.select([series]).tail(network.context_length)
    if one.covariates is not None:
        one = replace(one, ahead=np.repeat(one.covariates[None, -1:], recipe.horizon, axis=1))
    own = scales[series : series + 1]
    if not np.isfinite(forecast(network.networks, recipe, network.unit, one, own, recipe.horizon)).all():
        raise FileFormatError("the networks answer with numbers that are not finite")


def _unit(value: Any, recipe: Recipe) -> Any:
    """Rebuild the unit: a number, or one per channel; 1 for the transform ``"none"``."""
    flat = isinstance(recipe.transform, str)
    values = [value] if flat else value
    if not isinstance(values, list) or len(values) != recipe.channels:
        raise FileFormatError("unit must be one number per channel")
    units = [_check.number_in("metadata", "unit", own, f"({_LEAST}, {_FARTHEST}]") for own in values]
    kinds = [recipe.transform] if flat else recipe.transform
    if any(kind == "none" and unit != 1 for kind, unit in zip(kinds, units, strict=True)):
        raise FileFormatError("unit must be 1 where nothing is transformed")
    return units[0] if flat else np.array(units)


def _running_arrays(running: Running) -> Arrays:
    """Return the states after `update`, network after network, by array name."""
    arrays: Arrays = {
        "running.h": np.stack([state.h for state in running.states]),
        "running.outputs": np.stack(running.outputs),
        "running.center": running.center,
    }
    cells = [state.c for state in running.states if state.c is not None]
    return arrays | ({"running.c": np.stack(cells)} if cells else {})


def _take_running(arrays: Arrays) -> Arrays | None:
    """Remove the states from a file's arrays."""
    own = {name: arrays.pop(name) for name in list(arrays) if name.startswith("running.")}
    return under_new_names(own, RENAMED) or None


def _checked_running(arrays: Arrays, network: NetworkMethod, newest: Panel, scales: npt.NDArray[np.float64]) -> Running:
    networks, recipe, series = network.networks, network.recipe, len(newest)
    architecture = networks[0].architecture
    lstm = architecture.cell == "lstm"
    check_names(
        "states", set(arrays), {"running.h", "running.outputs", "running.center"} | ({"running.c"} if lstm else set())
    )
    state = (len(networks), *State.shape_of(architecture, series))
    shapes = {
        "running.outputs": (len(networks), series, recipe.output_size),
        "running.center": (series, recipe.channels),
    }
    for name, array in arrays.items():
        dtype = np.float64 if name == "running.center" else np.float32
        if array.shape != shapes.get(name, state) or array.dtype != dtype or not np.isfinite(array).all():
            raise FileFormatError(f"{name} does not go with the networks and series")
    center = center_of_newest(newest, recipe, scales, network.unit)
    if not np.allclose(arrays["running.center"], center, rtol=_CLOSE, atol=_CLOSE * np.abs(center).max()):
        raise FileFormatError("running.center is not that of the newest values")
    if any(
        np.abs(arrays[name]).max(initial=0) > LARGEST_WEIGHT for name in ("running.h", "running.c") if name in arrays
    ):
        raise FileFormatError("running.h or running.c is too large")
    cells = list(arrays["running.c"]) if lstm else [None] * len(networks)
    states = [State(h, c) for h, c in zip(arrays["running.h"], cells, strict=True)]
    return Running(states, list(arrays["running.outputs"]), arrays["running.center"])


def _recipe(fields: dict[str, Any]) -> Recipe:
    """Rebuild the recipe, with every number in its range."""
    fields = {"once": (), "masked": False, **under_new_names(fields, RENAMED)}
    check_names("recipe fields", set(fields), set(Recipe.__dataclass_fields__) - {"head"})
    names = ("horizon", "window", "steps", "channels")
    numbers: dict[str, Any] = {name: _check.positive_integer("recipe", name, fields[name]) for name in names}
    seasons = resolve_seasons("recipe", list(fields["seasons"]), None)
    return Recipe(
        carry=_check.boolean("recipe", "carry", fields["carry"]),
        seasons=seasons,
        center=_check.integer("recipe", "center", fields["center"], 0, numbers["window"]),
        transform=_transform(fields["transform"], numbers["channels"]),
        past=_sizes(fields["past"]),
        future=_sizes(fields["future"]),
        once=_sizes(fields["once"]),
        masked=_check.boolean("recipe", "masked", fields["masked"]),
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
            _check.number_in("recipe", "spread", spread, f"({_LEAST}, inf)"),
        )
        for center, spread in pairs
    )


def _scores(pairs: Any) -> dict[int, float]:
    """Rebuild scores by window or by number of updates."""
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
