"""A fitted forecaster as arrays and plain metadata, and back, checked field by field."""

from __future__ import annotations

import json
import re
import zoneinfo
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman import _check
from elman.data.scaling import TRANSFORMS
from elman.errors import ArgumentError, FileFormatError
from elman.forecasting import intervals
from elman.forecasting.frequencies import to_frequency
from elman.forecasting.options import ahead_of, architecture_of, check_parameters
from elman.forecasting.panel import Panel
from elman.forecasting.recipe import Recipe
from elman.forecasting.running import Running
from elman.network import Architecture, Network, State
from elman.persistence.models import check_layers, check_names, plain_parameters
from elman.training import History

if TYPE_CHECKING:
    from elman.forecasting.forecaster import Forecaster

__all__ = ["from_file", "to_file"]

Arrays = dict[str, npt.NDArray[Any]]

_KEYS = {"kind", "parameters", "architecture", "recipe", "unit", "updates", "measured", "data"}
_DATA_KEYS = {"kind", "frequency", "unit", "zone"}
_FIXED_ZONE = re.compile(r"UTC([+-]\d\d:\d\d)?")
_KINDS = ("array", "list", "pandas", "polars")


def to_file(forecaster: Forecaster) -> tuple[Arrays, dict[str, Any]]:
    """Return what `elman.persistence.save_arrays` takes."""
    newest = forecaster._newest
    arrays: Arrays = {
        "theta": np.stack([network.theta for network in forecaster.networks_]),
        "values": newest.values,
        "offsets": newest.offsets,
        "scales": forecaster._scales,
    } | intervals.to_arrays(getattr(forecaster, "_residuals", None))
    if newest.covariates is not None:
        arrays["covariates"] = newest.covariates
    if forecaster._running is not None:
        arrays |= _running_arrays(forecaster._running)
    data: dict[str, Any] = {"kind": newest.kind, "frequency": None, "unit": None, "zone": None}
    if newest.times is not None and newest.ids is not None:
        names = newest.ids.tolist()
        if odd := [name for name in names if type(name) not in (str, int)]:
            raise ArgumentError(f"Forecaster.save: unique_id must be text or integers to be saved, got {odd[0]!r}.")
        arrays["ids"] = np.frombuffer(json.dumps(names).encode(), dtype=np.uint8).copy()
        data["frequency"] = _frequency_text(newest.frequency)
        if isinstance(newest.times, pd.DatetimeIndex):
            arrays["times"] = newest.times.asi8.copy()
            data["unit"], data["zone"] = newest.times.unit, None if newest.times.tz is None else str(newest.times.tz)
        else:
            arrays["times"] = newest.times.to_numpy(dtype=np.int64)
    metadata = {
        "kind": "forecaster",
        "parameters": _plain_parameters(forecaster),
        "architecture": forecaster.networks_[0].architecture.to_dict(),
        "recipe": asdict(forecaster._recipe),
        "unit": np.asarray(forecaster._unit).tolist(),
        "updates": forecaster.updates_,
        "measured": {
            "window": sorted(forecaster.window_scores_.items()),
            "updates": sorted(forecaster.updates_scores_.items()),
            "validation": sorted(forecaster.validation_scores_.items()),
        },
        "data": data,
    }
    return arrays, metadata


def _plain_parameters(forecaster: Forecaster) -> dict[str, Any]:
    """Return the constructor's parameters as JSON values."""
    parameters = plain_parameters(forecaster.get_params(deep=False))
    for name, value in parameters.items():
        if isinstance(value, (pd.offsets.BaseOffset, pd.Timedelta)):
            parameters[name] = _frequency_text(pd.tseries.frequencies.to_offset(value))
    return parameters


def _frequency_text(frequency: Any) -> Any:
    """Write a frequency as an alias, an integer, or ``"months:k"`` for the same day of every k-th month."""
    if isinstance(frequency, int) or frequency is None:
        return frequency
    if type(frequency) is pd.DateOffset:
        return f"months:{frequency.kwds['months'] * frequency.n}"
    return frequency.freqstr


def _read_frequency(text: Any) -> Any:
    if isinstance(text, str) and text.startswith("months:"):
        return pd.DateOffset(months=int(text.removeprefix("months:")))
    return to_frequency(text)


def from_file(forecaster: Forecaster, arrays: Arrays, metadata: dict[str, Any]) -> None:
    """Fill an unfitted forecaster from a file's contents."""
    check_names("fields", set(metadata), _KEYS)
    parameters = metadata["parameters"]
    check_names("parameters", set(parameters), set(forecaster.get_params(deep=False)))
    forecaster.set_params(**parameters)
    check_parameters("parameters", forecaster)
    recipe = _recipe(metadata["recipe"])
    known = len(forecaster.past_covariates or ()), len(forecaster.future_covariates or ())
    if (recipe.horizon, recipe.steps, recipe.carry, len(recipe.past), len(recipe.future)) != (
        ahead_of(forecaster),
        forecaster.steps,
        forecaster.carry_state,
        *known,
    ):
        raise FileFormatError("the recipe does not follow from the parameters")
    architecture = Architecture.from_dict(metadata["architecture"])
    if architecture != architecture_of(forecaster, recipe):
        raise FileFormatError("the architecture does not follow from the parameters")
    check_layers(architecture.num_layers)
    theta = _float(arrays, "theta", np.float32, 2)
    if len(theta) == 0:
        raise FileFormatError("theta holds no network")
    forecaster._residuals = intervals.take_arrays(arrays, int(forecaster.horizon))
    running = _take_running(arrays)
    forecaster.networks_ = [Network(architecture, np.ascontiguousarray(row)) for row in theta]
    forecaster.history_ = [History() for _ in theta]
    forecaster.updates_ = _check.positive_integer("metadata", "updates", metadata["updates"])
    measured = metadata["measured"]
    check_names("measured fields", set(measured), {"window", "updates", "validation"})
    forecaster.window_scores_ = _scores(measured["window"])
    forecaster.updates_scores_ = _scores(measured["updates"])
    forecaster.validation_scores_ = _scores(measured["validation"])
    forecaster._recipe = recipe
    forecaster._unit = _unit(metadata["unit"], recipe)
    forecaster._newest = _panel(arrays, metadata["data"], recipe)
    series, several = len(forecaster._newest), isinstance(recipe.transform, tuple)
    scales = _float(arrays, "scales", np.float64, 2 if several else 1)
    if scales.shape != ((series, recipe.channels) if several else (series,)) or not (scales > 0).all():
        raise FileFormatError("scales must be one positive number per series and channel")
    forecaster._scales = scales
    forecaster._running = None if running is None else _checked_running(running, forecaster.networks_, series, recipe)
    forecaster._publish()


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


def _float(arrays: Arrays, name: str, dtype: Any, dimensions: int) -> npt.NDArray[Any]:
    array = arrays[name]
    if array.dtype != dtype or array.ndim != dimensions or not np.isfinite(array).all():
        raise FileFormatError(f"{name} must be {dimensions}-dimensional, {np.dtype(dtype).name} and finite")
    return array


def _panel(arrays: Arrays, data: dict[str, Any], recipe: Recipe) -> Panel:
    """Rebuild the newest values that `predict` continues."""
    check_names("data fields", set(data), _DATA_KEYS)
    kind = _check.choice("data", "kind", data["kind"], _KINDS)
    framed = kind in ("pandas", "polars")
    columns = len(recipe.past) + len(recipe.future)
    names = {"theta", "scales", "values", "offsets"} | ({"ids", "times"} if framed else set())
    check_names("arrays", set(arrays), names | ({"covariates"} if columns else set()))
    several = isinstance(recipe.transform, tuple)
    values, offsets = _float(arrays, "values", np.float64, 2 if several else 1), arrays["offsets"]
    covariates = _float(arrays, "covariates", np.float64, 2) if columns else None
    if covariates is not None and covariates.shape != (len(values), columns):
        raise FileFormatError("covariates do not go with values")
    if several and values.shape[1] != recipe.channels:
        raise FileFormatError("values do not have the channels of the recipe")
    lengths = np.diff(offsets)
    if (
        offsets.dtype != np.int64
        or offsets.ndim != 1
        or len(offsets) < 2
        or offsets[0] != 0
        or offsets[-1] != len(values)
        or lengths.min() < 1
        or lengths.max() > recipe.memory
        or (kind == "array" and len(offsets) != 2)
    ):
        raise FileFormatError("offsets do not divide values into series")
    if not framed:
        return Panel(values, offsets, kind)
    ids = json.loads(arrays["ids"].tobytes())
    if not isinstance(ids, list) or any(type(name) not in (str, int) for name in ids):
        raise FileFormatError("ids must be a list of texts or integers")
    stamps = arrays["times"]
    if stamps.dtype != np.int64 or stamps.shape != values.shape[:1] or len(ids) != len(lengths):
        raise FileFormatError("times or ids do not go with values")
    frequency = _read_frequency(data["frequency"])
    return Panel(values, offsets, kind, pd.Index(ids), _times(stamps, data), frequency, covariates)


def _times(stamps: npt.NDArray[np.int64], data: dict[str, Any]) -> pd.Index:
    if data["unit"] is None:
        return pd.Index(stamps)
    unit = _check.choice("data", "unit", data["unit"], ("s", "ms", "us", "ns"))
    times = pd.DatetimeIndex(stamps.view(f"datetime64[{unit}]"))
    return times if data["zone"] is None else times.tz_localize("UTC").tz_convert(_zone(data["zone"]))


def _zone(name: Any) -> str:
    """Check that a zone is one of the tz database or a distance from UTC; pandas would open files by other names."""
    if not isinstance(name, str):
        raise FileFormatError(f"zone must be text, got {name!r:.60}")
    if _FIXED_ZONE.fullmatch(name) is None:
        try:
            zoneinfo.ZoneInfo(name)
        except (LookupError, OSError, ValueError):
            raise FileFormatError(f"{name!r:.60} is no time zone of this system") from None
    return name
