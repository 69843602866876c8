"""A fitted forecaster as arrays and plain metadata, and back, checked field by field."""

from __future__ import annotations

import json
import re
import sys
import zoneinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman import _check
from elman.errors import ArgumentError, FileFormatError
from elman.forecasting.baselines import BASELINES
from elman.forecasting.fitted import Fitted
from elman.forecasting.methods import BaselineMethod, MeanMethod, Method, NetworkMethod, PriorMethod, Spread
from elman.forecasting.methods.prior import LONGER, MEAN, PRIOR, TUNED
from elman.forecasting.methods.spread import MEASURED
from elman.forecasting.options import check_parameters, covariates_of, values_of
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.saving_network import checked, network_from_file, network_to_file, with_series
from elman.persistence.models import check_names, plain_parameters
from elman.prior import Prior
from elman.tables.frequencies import to_frequency

__all__ = ["from_file", "to_file"]

Arrays = dict[str, npt.NDArray[Any]]

_KEYS = {"kind", "parameters", "data"}
_OLD = {"architecture", "recipe", "unit", "updates", "measured"}  # all that a file had before there were methods
_NEW = {"delivered", "method", "reason", "seasons"}
_SINCE = {"method": "network", "cutoffs": "auto", "refit": False}  # parameters that an old file does not name
_DATA_KEYS = {"kind", "frequency", "unit", "zone"}
_FIXED_ZONE = re.compile(r"UTC([+-]\d\d:\d\d)?")
_KINDS = ("array", "list", "pandas", "polars")
_PRIOR = "prior."  # before the names of the prior's arrays


def to_file(parameters: Parameters, fitted: Fitted) -> tuple[Arrays, dict[str, Any]]:
    """Return what `elman.persistence.save_arrays` takes."""
    newest = fitted.newest
    arrays: Arrays = {"values": newest.values, "offsets": newest.offsets}
    if newest.covariates is not None:
        arrays["covariates"] = newest.covariates
    data: dict[str, Any] = {"kind": newest.kind, "frequency": None, "unit": None, "zone": None}
    if newest.times is not None and newest.ids is not None:
        arrays["ids"] = _names(newest.ids)
        data["frequency"] = _frequency_text(newest.frequency)
        if isinstance(newest.times, pd.DatetimeIndex):
            arrays["times"] = newest.times.asi8.copy()
            data["unit"], data["zone"] = newest.times.unit, None if newest.times.tz is None else str(newest.times.tz)
        else:
            arrays["times"] = newest.times.to_numpy(dtype=np.int64)
    metadata = {
        "kind": "forecaster",
        "parameters": _plain_parameters(parameters),
        "delivered": fitted.label,
        "method": {"name": _kind_of(fitted.method)},
        "reason": fitted.reason,
        "seasons": list(fitted.seasons),
        "data": data,
    }
    for part in (fitted.network, getattr(fitted.method, "spread", None)):
        own: tuple[Arrays, dict[str, Any]] = ({}, {})
        if isinstance(part, NetworkMethod):
            own = network_to_file(part)
        elif isinstance(part, Spread):
            own = _spread_to_file(part)
        arrays |= own[0]
        metadata |= own[1]
    if isinstance(fitted.method, MeanMethod):
        metadata["method"] = {"name": "mean", "prior": fitted.method.prior.name}
    return arrays, metadata


def _kind_of(method: Method) -> str:
    return method.name if isinstance(method, PriorMethod | BaselineMethod) else "network"


def _names(ids: pd.Index) -> npt.NDArray[np.uint8]:
    """Write the names of series as JSON."""
    names = ids.tolist()
    if odd := [name for name in names if type(name) not in (str, int)]:
        raise ArgumentError(f"Forecaster.save: unique_id must be text or integers to be saved, got {odd[0]!r}.")
    return np.frombuffer(json.dumps(names).encode(), dtype=np.uint8).copy()


def _spread_to_file(spread: Spread) -> tuple[Arrays, dict[str, Any]]:
    arrays, about = spread.prior.to_arrays()
    named = {f"{_PRIOR}{name}": array for name, array in arrays.items()}
    return named, {"prior": about, "widths": list(spread.widths)}


def _plain_parameters(parameters: Parameters) -> dict[str, Any]:
    """Return the constructor's parameters as JSON values."""
    plain = plain_parameters(values_of(parameters))
    for name, value in plain.items():
        if isinstance(value, (pd.offsets.BaseOffset, pd.Timedelta)):
            plain[name] = _frequency_text(pd.tseries.frequencies.to_offset(value))
    return plain


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


def from_file(forecaster: Any, arrays: Arrays, metadata: dict[str, Any]) -> None:
    """Fill an unfitted forecaster from a file's contents."""
    old = "method" not in metadata
    named = {} if old else dict(metadata["method"])
    name = "network" if old else _check.choice("metadata", "method", named.get("name"), ("mean", *_METHODS))
    check_names("fields of the method", set(named) - {"name"}, {"prior"} if name == "mean" else set())
    network, spread = name in ("network", "mean"), name != "network"
    keys = _KEYS | (set() if old else _NEW) | (_OLD if network else set()) | ({"prior", "widths"} if spread else set())
    check_names("fields", set(metadata), keys)
    parameters = dict(metadata["parameters"])
    check_names("parameters", set(parameters), set(values_of(forecaster)) - (set(_SINCE) if old else set()))
    forecaster.set_params(**(_SINCE | parameters if old else parameters))
    check_parameters("parameters", forecaster)
    method: Method
    if spread:
        prior = _spread(forecaster, arrays, metadata)
    trained = network_from_file(forecaster, arrays, metadata) if network else None
    seasons = trained.recipe.seasons if trained is not None else _seasons(metadata["seasons"])
    newest = _panel(arrays, metadata["data"], forecaster, trained, whole=spread)
    if trained is not None:
        trained = with_series(trained, arrays, newest)
    if arrays:
        raise FileFormatError(f"arrays unknown: {', '.join(sorted(arrays))}")
    if trained is not None and not spread:
        method = trained
    elif trained is not None:
        method = MeanMethod(trained, PriorMethod(_check.choice("method", "prior", named["prior"], _PRIORS), prior))
    else:
        method = PriorMethod(name, prior) if name in _PRIORS else BaselineMethod(name, prior)
    reason = "" if old else metadata["reason"]
    if not isinstance(reason, str) or (not old and metadata["delivered"] != method.label):
        raise FileFormatError("what is delivered does not go with the method")
    forecaster._fitted = Fitted(method, seasons, newest, values_of(forecaster), reason)


_PRIORS = (PRIOR, TUNED, MEAN, LONGER)
_METHODS = (*_PRIORS, "network", *BASELINES)


def _spread(forecaster: Any, arrays: Arrays, metadata: dict[str, Any]) -> Spread:
    """Rebuild the prior and its width factors; its arrays are taken out of those of the file."""
    own = {name.removeprefix(_PRIOR): arrays.pop(name) for name in list(arrays) if name.startswith(_PRIOR)}
    widths = tuple(_check.number_in("metadata", "width", width, "[1, inf)") for width in metadata["widths"])
    if len(widths) != len(MEASURED):
        raise FileFormatError(f"there must be {len(MEASURED)} widths")
    prior = Prior.from_arrays(own, metadata["prior"])
    return Spread(prior, _seasons(metadata["seasons"]), int(forecaster.horizon), (widths[0], widths[1]))


def _seasons(values: Any) -> tuple[int, ...]:
    seasons = tuple(_check.positive_integer("metadata", "seasons", season) for season in values)
    if not seasons:
        raise FileFormatError("there is no season")
    return seasons


def _panel(
    arrays: Arrays, data: dict[str, Any], parameters: Parameters, network: NetworkMethod | None, *, whole: bool
) -> Panel:
    """Rebuild the newest values that `predict` continues; their arrays are taken out of those of the file."""
    check_names("data fields", set(data), _DATA_KEYS)
    kind = _check.choice("data", "kind", data["kind"], _KINDS)
    framed = kind in ("pandas", "polars")
    columns = len(covariates_of(parameters))
    names = {"values", "offsets"} | ({"ids", "times"} if framed else set()) | ({"covariates"} if columns else set())
    own = {name: arrays.pop(name) for name in names}
    several = own["values"].ndim == 2
    values, offsets = checked(own, "values", np.float64, 2 if several else 1), own["offsets"]
    covariates = checked(own, "covariates", np.float64, 2) if columns else None
    if covariates is not None and covariates.shape != (len(values), columns):
        raise FileFormatError("covariates do not go with values")
    channels = values.shape[1] if several else None
    if channels == 0 or (
        network is not None and channels != (None if network.scaling.flat else network.recipe.channels)
    ):
        raise FileFormatError("values do not have the channels of the recipe")
    memory = sys.maxsize if network is None or whole else network.memory
    lengths = np.diff(offsets)
    if (
        offsets.dtype != np.int64
        or offsets.ndim != 1
        or len(offsets) < 2
        or offsets[0] != 0
        or offsets[-1] != len(values)
        or lengths.min() < 1
        or lengths.max() > memory
        or (kind == "array" and len(offsets) != 2)
    ):
        raise FileFormatError("offsets do not divide values into series")
    if not framed:
        return Panel(values, offsets, kind)
    ids = json.loads(own["ids"].tobytes())
    if not isinstance(ids, list) or any(type(name) not in (str, int) for name in ids):
        raise FileFormatError("ids must be a list of texts or integers")
    stamps = own["times"]
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
