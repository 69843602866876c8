"""The prior: networks, pretrained on synthetic series, that forecast unseen series."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import DataError, FileFormatError
from elman.persistence import load_arrays, save_arrays
from elman.persistence.models import check_weights
from elman.prior.network import LEVELS, PriorArchitecture, PriorNetwork, inputs_of
from elman.prior.treatment import treat
from elman.prior.tuning import ORIGINS, UPDATES, tune

__all__ = ["Prior", "load_prior"]

Array = npt.NDArray[np.float64]

_ROWS = 1024  # series per chunk
_STEPS = 2**15  # series times steps ahead per forward pass: bounds memory, changes no bit
_MOST_NETWORKS = 16
_MOST = 2**20  # values ahead, values per season
_LARGEST_WEIGHT = 1e6  # the shipped prior's are below 10; larger ones may give NaN


@dataclass(frozen=True, eq=False)
class Prior:
    """An ensemble of networks of one architecture; the forecast is the mean of their quantiles.

    Parameters
    ----------
    networks : tuple of PriorNetwork
        At least one.

    Examples
    --------
    >>> prior = load_prior()
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> prior.forecast([y], horizon=4, seasons=[4])[0, :, 4].round()        # the medians
    array([10., 20., 30., 20.])
    """

    networks: tuple[PriorNetwork, ...]

    def forecast(
        self, series: Sequence[npt.ArrayLike], horizon: int, seasons: Sequence[int], n_threads: int = 0
    ) -> Array:
        """Forecast each series by itself, without training.

        Parameters
        ----------
        series : sequence of array_like (n_i,)
            At least one value each, none missing.
        horizon : int
            Values to forecast (K).
        seasons : sequence of int
            Values per season, the shortest first; 1 for none. The first two are used.
        n_threads : int
            0: the engine's default. Results depend neither on it nor on the other series.

        Returns
        -------
        ndarray (S, K, 9), float64
            Quantiles at `LEVELS`, ascending, in the units of the series; index 4 is the median.

        Raises
        ------
        DataError
            If a series is empty, not 1-dimensional, or has values that are not finite.
        ArgumentError
            If the horizon or a season is not a positive integer of at most 1,048,576.
        """
        place = "Prior.forecast"
        horizon = _check.positive_integer(place, "horizon", horizon)
        seasons = [_check.positive_integer(place, "seasons", season) for season in seasons] or [1]
        _check.at_most(place, {"horizon": horizon, "seasons": max(seasons)}, {"horizon": _MOST, "seasons": _MOST})
        values = [_checked(place, number, one) for number, one in enumerate(series)]
        quantiles = np.empty((len(values), horizon, len(LEVELS)))
        ahead = np.arange(1, horizon + 1)
        for chunk in _chunks(values, horizon):
            parts = [treat(np.stack([values[i] for i in same]), seasons, ahead) for same in chunk]
            inputs = inputs_of(parts, ahead)
            outputs = np.zeros((len(inputs.lengths), horizon, len(LEVELS)))
            for network in self.networks:
                outputs += network.predict(inputs, n_threads)
            outputs /= len(self.networks)
            start = 0
            for same, part in zip(chunk, parts, strict=True):
                quantiles[same] = part.to_values(outputs[start : start + len(same)])
                start += len(same)
        return quantiles

    def tuned(
        self,
        series: Sequence[Array],
        horizon: int,
        seasons: Sequence[int],
        *,
        seed: int = 0,
        updates: int = UPDATES,
        origins: int = ORIGINS,
        members: int = 1,
        n_threads: int = 0,
        progress: bool = False,
    ) -> Prior:
        """Return a prior fine-tuned on a panel; see `elman.prior.tuning.tune`.

        Parameters
        ----------
        series : sequence of ndarray (n_i,), float64
            Training parts, none missing.
        horizon, seasons
            As for `forecast`; the horizon is the farthest step that is learned.
        seed : int
            Seed of the origins and the batches.
        updates : int
            Gradient steps.
        origins : int
            Random past origins of each series to learn from; more for more updates.
        members : int
            Copies of each network, tuned from other seeds; their mean is steadier after many updates.
        n_threads : int
            0: the engine's default. Results do not depend on it.
        progress : bool
            Show a bar on standard error if it takes more than two seconds.

        Raises
        ------
        DataError
            If no series is long enough to learn from.
        """
        options = (horizon, list(seasons) or [1], seed, updates, origins, n_threads, progress)
        return Prior(tuple(tune(self.networks * members, series, *options)))

    def averaged(self, other: Prior) -> Prior:
        """Return the prior whose parameters are the mean of both.

        References
        ----------
        Wortsman et al. (2022), Model soups: averaging weights of multiple fine-tuned models. ICML.
        """
        pairs = zip(self.networks, other.networks, strict=True)
        return Prior(tuple(PriorNetwork(a.architecture, 0.5 * (a.theta + b.theta)) for a, b in pairs))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the prior atomically to a file for `elman.load`."""
        save_arrays(path, *self.to_arrays())

    def to_arrays(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Return the parameters (members, P) and the architecture."""
        theta = np.stack([network.theta for network in self.networks])
        return {"theta": theta}, {"kind": "prior", "architecture": self.networks[0].architecture.to_dict()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]], metadata: dict[str, Any]) -> Self:
        """Return the prior from the output of `to_arrays`.

        Raises
        ------
        FileFormatError
            If a name, a size or a value is not valid for a prior.
        """
        if set(arrays) != {"theta"} or set(metadata) != {"kind", "architecture"}:
            raise FileFormatError("a prior consists of the tensor 'theta' and the field 'architecture'")
        architecture, theta = PriorArchitecture.from_dict(metadata["architecture"]), arrays["theta"]
        if theta.dtype != np.float32 or theta.ndim != 2 or not 1 <= len(theta) <= _MOST_NETWORKS:
            raise FileFormatError(f"theta of a prior must be float32 (members, P), got {theta.dtype} {theta.shape}")
        if theta.shape[1] != architecture.size or not np.isfinite(theta).all():
            raise FileFormatError(f"theta of this prior must have {architecture.size} finite values per member")
        check_weights(theta, _LARGEST_WEIGHT)
        return cls(tuple(PriorNetwork(architecture, row.copy()) for row in theta))


def _checked(place: str, number: int, series: npt.ArrayLike) -> Array:
    values = np.ascontiguousarray(series, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise DataError(f"{place}: series {number} must be 1-dimensional with at least one value, got {values.shape}.")
    if not np.isfinite(values).all():
        bad = int(np.argmin(np.isfinite(values)))
        raise DataError(f"{place}: series {number} has {values[bad]} at position {bad}; every value must be finite.")
    return values


def _chunks(values: Sequence[Array], horizon: int) -> Iterator[list[npt.NDArray[np.int64]]]:
    """Split series into chunks of moderate size, each a list of groups of equal length."""
    lengths = np.array([len(one) for one in values], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    most = max(1, min(_ROWS, _STEPS // horizon))
    for start in range(0, len(order), most):
        chunk = order[start : start + most]
        borders = np.flatnonzero(np.diff(lengths[chunk])) + 1
        yield np.split(chunk, borders)


@cache
def load_prior() -> Prior:
    """Return the prior shipped with Elman; ``make prior`` trained it on synthetic series only.

    Examples
    --------
    >>> len(load_prior().networks) >= 1
    True
    """
    with resources.as_file(resources.files("elman.prior") / "weights" / "prior.elman") as path:
        return Prior.from_arrays(*load_arrays(path))
