"""Convert a fitted forecaster to arrays and plain metadata and back, with a check of every field."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from elman import _check
from elman.errors import FileFormatError
from elman.estimators import values_of
from elman.forecasting.baselines import BASELINES
from elman.forecasting.fitted import Fitted
from elman.forecasting.methods import (
    BaselineMethod,
    CountsMethod,
    MeanMethod,
    Method,
    NetworkMethod,
    PriorMethod,
    Spread,
)
from elman.forecasting.methods.counts import COUNTS
from elman.forecasting.methods.mean import SHARES, within
from elman.forecasting.methods.prior import LONGER, MEAN, PRIOR, TUNED
from elman.forecasting.methods.spread import MEASURED
from elman.forecasting.parameters import Parameters
from elman.forecasting.recipe import resolve_seasons
from elman.forecasting.saving_network import network_from_file, network_to_file, with_series
from elman.forecasting.saving_series import panel_from_file, panel_to_file
from elman.forecasting.seasons import year_of
from elman.persistence.models import check_names
from elman.prior import Prior
from elman.tables.own_names import OwnNames

__all__ = ["ADDED", "SINCE", "from_file", "to_file"]

Arrays = dict[str, npt.NDArray[Any]]

_KEYS = {"data"}
_OLD = {"architecture", "recipe", "unit", "updates", "measured"}  # all fields of files from before there were methods
_NEW = {"delivered", "method", "reason", "seasons"}
SINCE: dict[str, Any] = {
    "method": "network",
    "cutoffs": "auto",
    "refit": False,
}  # parameters missing from old files
ADDED: dict[str, Any] = {  # likewise, from before there were bases, weights, calendars and heads
    **dict.fromkeys(("base", "weight", "half_life", "censored", "static_covariates", "holidays")),
    **dict.fromkeys(("quantiles", "distribution", "series_covariates")),
    "calendar": False,
}
_PRIOR = "prior."  # prefix of the prior's arrays


def to_file(fitted: Fitted) -> tuple[Arrays, dict[str, Any]]:
    """Return a fitted value as arrays and plain metadata."""
    arrays, data = panel_to_file(fitted.newest)
    metadata = {
        "delivered": fitted.label,
        "method": {"name": _kind_of(fitted.method)},
        "reason": fitted.reason,
        "seasons": list(fitted.seasons),
        "data": data,
    }
    if fitted.columns is not None:
        metadata["columns"] = fitted.columns.to_metadata()
    for part in (fitted.network, getattr(fitted.method, "spread", None)):
        own: tuple[Arrays, dict[str, Any]] = ({}, {})
        if isinstance(part, NetworkMethod):
            own = network_to_file(part, own_names=len(fitted.newest) == 0)
        elif isinstance(part, Spread):
            own = _spread_to_file(part)
        arrays |= own[0]
        metadata |= own[1]
    if isinstance(fitted.method, MeanMethod):
        metadata["method"] = {"name": fitted.method.kind, "prior": fitted.method.prior.name}
    return arrays, metadata


def _kind_of(method: Method) -> str:
    return method.name if isinstance(method, PriorMethod | BaselineMethod | CountsMethod) else "network"


def _spread_to_file(spread: Spread) -> tuple[Arrays, dict[str, Any]]:
    arrays, about = spread.prior.to_arrays()
    named = {f"{_PRIOR}{name}": array for name, array in arrays.items()}
    return named, {"prior": about, "widths": list(spread.widths)}


def from_file(forecaster: Parameters, arrays: Arrays, metadata: dict[str, Any]) -> Fitted:
    """Rebuild a fitted value from a file's contents, beside its checked parameters."""
    old = "method" not in metadata
    named = {} if old else dict(metadata["method"])
    name = "network" if old else _check.choice("metadata", "method", named.get("name"), (*SHARES, *_METHODS))
    check_names("fields of the method", set(named) - {"name"}, {"prior"} if name in SHARES else set())
    network, spread = name in ("network", *SHARES), name != "network"
    keys = _KEYS | (set() if old else _NEW) | (_OLD if network else set()) | ({"prior", "widths"} if spread else set())
    check_names("fields", set(metadata) - {"columns"}, keys)
    method: Method
    if spread:
        prior = _spread(forecaster, arrays, metadata)
    trained = network_from_file(forecaster, arrays, metadata) if network else None
    seasons = trained.recipe.seasons if old and trained is not None else _seasons(metadata["seasons"])
    if trained is not None and trained.recipe.seasons not in (seasons, seasons[:1] if year_of(seasons) else seasons):
        raise FileFormatError("the seasons are not those of the recipe")
    if forecaster.season != "auto" and seasons != resolve_seasons("parameters", forecaster.season, None):
        raise FileFormatError("the seasons do not follow from the parameters")
    newest = panel_from_file(arrays, metadata["data"], forecaster, trained, whole=spread)
    if trained is not None:
        trained = with_series(trained, arrays, within(trained.scaling, newest) if spread else newest)
    if arrays:
        raise FileFormatError(f"arrays unknown: {', '.join(sorted(arrays))}")
    if trained is not None and not spread:
        method = trained
    elif trained is not None:
        partner = PriorMethod(_check.choice("method", "prior", named["prior"], _PRIORS), prior)
        method = MeanMethod(trained, partner, name)
    elif name == COUNTS:
        method = CountsMethod(prior)
    else:
        method = PriorMethod(name, prior) if name in _PRIORS else BaselineMethod(name, prior)
    reason = "" if old else metadata["reason"]
    if not isinstance(reason, str) or (not old and metadata["delivered"] != method.label):
        raise FileFormatError("the delivered label does not match the method")
    columns = OwnNames.from_metadata(metadata["columns"]) if "columns" in metadata else None
    return Fitted(method, seasons, newest, values_of(forecaster), reason, columns=columns)


_PRIORS = (PRIOR, TUNED, MEAN, LONGER)
_METHODS = (*_PRIORS, "network", COUNTS, *BASELINES)


def _spread(forecaster: Any, arrays: Arrays, metadata: dict[str, Any]) -> Spread:
    """Rebuild the prior and its width factors; its arrays are removed from those of the file."""
    own = {name.removeprefix(_PRIOR): arrays.pop(name) for name in list(arrays) if name.startswith(_PRIOR)}
    widths = tuple(_check.number_in("metadata", "width", width, "[1, inf)") for width in metadata["widths"])
    if len(widths) != len(MEASURED):
        raise FileFormatError(f"there must be {len(MEASURED)} widths")
    prior = Prior.from_arrays(own, metadata["prior"])
    return Spread(prior, _seasons(metadata["seasons"]), int(forecaster.horizon), (widths[0], widths[1]))


def _seasons(values: Any) -> tuple[int, ...]:
    if not isinstance(values, list):
        raise FileFormatError("seasons must be a list")
    return resolve_seasons("metadata", values, None)
