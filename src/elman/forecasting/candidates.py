"""Candidates: methods by name, prepared on a part of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from elman.forecasting.baselines import BASELINES, usual_baselines
from elman.forecasting.channels import flat
from elman.forecasting.choosing import BOTH, NETWORK
from elman.forecasting.methods import (
    BaselineMethod,
    CountsMethod,
    MeanMethod,
    Method,
    NetworkMethod,
    PriorMethod,
    Spread,
    Stopped,
    fit_network,
)
from elman.forecasting.methods.counts import COUNTS
from elman.forecasting.methods.prior import LONGER, MEAN, PRIOR, TUNED
from elman.forecasting.options import covariates_of, for_task
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.past import FEWEST_TO_TUNE, tuning_length
from elman.forecasting.scaling import Scaling
from elman.forecasting.selection import Choice
from elman.forecasting.store import PanelStore, SeriesStore
from elman.forecasting.yearly import without_pattern
from elman.prior import Prior, load_prior
from elman.prior.tuning import ORIGINS, UPDATES
from elman.training.jobs import inside_task

__all__ = ["Candidates"]

_LONGER_UPDATES = 10 * UPDATES
_LONGER_ORIGINS = 20 * ORIGINS
_TWICE = 2  # copies of the prior tuned for longer: after so many updates their errors differ
_LONG = 2  # of the longest of several seasons, which a series must keep for the window network to be tried
_LONG_ALONE, _LEAST_ALONE, _HORIZONS = 4, 48, 2  # seasons, values and horizons to keep where there is one season
_PART = 3  # of so many series one must be that long
_MANY_ALONE = 100  # such series: on smaller panels the trial takes more than ten times as long as all others
_ALONE, _SEVERAL = 2, 3  # networks beside the prior, for one season and several: more gained little


class Candidates:
    """Prepares methods by name.

    Parameters
    ----------
    place : str
        Start of a message.
    parameters : Parameters
        Horizon, method, missing values, threads, and the settings of the network.
    seasons : tuple of int
        Values per season.
    root : int
        Seed.
    intermittent : bool
        Whether the series have many zeros (`elman.forecasting.intermittent`).
    prior : Prior, optional
        In place of the shipped one.
    of_prior : tuple of int, optional
        Seasons of the prior, if they are not the same.

    Attributes
    ----------
    of_prior : tuple of int
        Seasons of the prior: the same, or with the year.
    so_far : NetworkMethod or None
        The window network with the longest training, for a fit that is interrupted; the newest of equals.
    """

    def __init__(
        self,
        place: str,
        parameters: Parameters,
        seasons: tuple[int, ...],
        root: int,
        *,
        intermittent: bool = False,
        prior: Prior | None = None,
        of_prior: tuple[int, ...] | None = None,
    ) -> None:
        self.place, self.parameters, self.seasons, self.root = place, parameters, seasons, root
        self.intermittent = intermittent
        self.of_prior = seasons if of_prior is None else of_prior
        self.prior = load_prior() if prior is None else prior
        self.so_far: NetworkMethod | None = None

    @property
    def start(self) -> str:
        """The first candidate: the requested method; else the network, counts or the prior, by the data."""
        method = self.parameters.method
        if method == "auto" and covariates_of(self.parameters):
            return NETWORK
        if method == "auto":
            return COUNTS if self.intermittent else PRIOR
        return {"prior": PRIOR, "tuned": TUNED}.get(method, method)

    @property
    def baselines(self) -> tuple[str, ...]:
        """Baselines for comparison."""
        return usual_baselines(self.seasons[0], intermittent=self.intermittent)

    def to_try(self, panel: Panel, cut_offs: int, *, all_sampled: bool = True) -> list[str]:
        """List Elman's candidates for a panel with so many cut-offs; ``all_sampled``: it has all series of the fit."""
        if self.parameters.method != "auto" or self.start == NETWORK or cut_offs == 0:
            return [self.start]
        if self.start == COUNTS:
            return [COUNTS, PRIOR]
        known = panel.head(cut_offs * int(self.parameters.horizon))
        names = [PRIOR]
        if np.count_nonzero(known.lengths >= tuning_length(self.seasons[0])) >= FEWEST_TO_TUNE:
            names += [TUNED, MEAN]
            if (len(self.seasons) > 1 or all_sampled) and self._long(known):
                names += [LONGER] * self._long(known, _LONGER_ORIGINS) + [NETWORK] * self._reads(known, panel)
        return names

    def _long(self, known: Panel, values: int = 0) -> bool:
        """Return whether the series before the cut-offs are long enough for the window network to be tried.

        With ``values``, whether they also have so many beyond two seasons, as a longer tuning needs.
        """
        longest = max(self.seasons)
        least, fewest = _LONG * longest, FEWEST_TO_TUNE
        if len(self.seasons) == 1:
            fewest = _MANY_ALONE
            least = max(_LONG_ALONE * longest, _LEAST_ALONE, _HORIZONS * int(self.parameters.horizon))
        least = max(least, tuning_length(self.seasons[0]) + values)
        count = int(np.count_nonzero(known.lengths >= least))
        enough = count >= fewest and (len(self.seasons) > 1 or _PART * count >= len(known))
        return enough and longest > 1 and known.values.ndim == 1

    def _reads(self, known: Panel, panel: Panel) -> bool:
        """Return whether a window network fitted before the cut-offs can read the values after them."""
        kind = self.in_memory(known).transform(self.parameters.transform)
        return self.in_memory(panel).holds(Scaling.of(kind))

    def in_memory(self, panel: Panel) -> PanelStore:
        """Fill a panel with NaN where a value is missing."""
        return PanelStore.of(panel, self.parameters.missing, self.seasons[0])

    def spread(self, seasons: tuple[int, ...]) -> Spread:
        """Return the prior, not tuned, with these seasons."""
        return Spread(self.prior, seasons, int(self.parameters.horizon))

    def prepare(self, series: SeriesStore, names: Sequence[str], chosen: Choice | None = None) -> dict[str, Method]:
        """Prepare methods on all values of the series; ``chosen``: the window of a network that joins a prior."""
        methods: dict[str, Method] = {}
        spread = self.spread(self.of_prior)
        means = {
            name: (kind, name.removeprefix(both))
            for name in names
            for both, kind in BOTH.items()
            if name.startswith(both)
        }
        parts = {means[name][1] if name in means else name for name in names} | {NETWORK for _ in means}
        if PRIOR in parts:
            methods[PRIOR] = PriorMethod(PRIOR, spread)
        if COUNTS in parts:
            methods[COUNTS] = CountsMethod(spread)
        if LONGER in parts:
            longer = self._tuned(series, spread, _LONGER_UPDATES, _LONGER_ORIGINS, _TWICE)
            methods[LONGER] = PriorMethod(LONGER, longer)
        if parts & {TUNED, MEAN}:
            tuned = self._tuned(series, spread, UPDATES)
            methods[TUNED] = PriorMethod(TUNED, tuned)
            methods[MEAN] = PriorMethod(MEAN, replace(spread, prior=spread.prior.averaged(tuned.prior)))
        if NETWORK in parts:
            methods[NETWORK] = self.network(series, chosen)
        for name in parts & set(BASELINES):
            methods[name] = BaselineMethod(name, spread)
        for name, (kind, of) in means.items():
            network, prior = methods[NETWORK], methods[of]
            assert isinstance(network, NetworkMethod) and isinstance(prior, PriorMethod)
            methods[name] = MeanMethod(network, prior, kind)
        return {name: methods[name] for name in names}

    def network(self, series: SeriesStore, chosen: Choice | None = None) -> NetworkMethod:
        """Train the window network, with a window chosen before or here.

        Raises
        ------
        Stopped
            As `fit_network`.
        """
        try:
            network = fit_network(self.place, self._of_network, series, self.root, chosen)
        except Stopped as stop:
            self.keep(stop.method)
            raise
        self.keep(network)
        return network

    @property
    def _of_network(self) -> Parameters:
        """The parameters of the window network, with fewer networks where it joins the prior."""
        if self.start == NETWORK:
            return self.parameters
        most = _ALONE if len(self.seasons) == 1 else _SEVERAL
        return replace(self.parameters, ensemble_size=min(most, int(self.parameters.ensemble_size)))

    def keep(self, network: NetworkMethod | None) -> None:
        """Keep a network for a fit that is interrupted, if it has the longest training."""
        if network is not None and (self.so_far is None or network.updates >= self.so_far.updates):
            self.so_far = network

    def for_task(self, n_threads: int | None) -> Candidates:
        """Return these for a task of `elman.training.run_all`: themselves outside of a worker, else a copy."""
        if not inside_task():
            return self
        parameters = for_task(self.parameters, n_threads)
        own: dict[str, Any] = {"intermittent": self.intermittent, "prior": self.prior, "of_prior": self.of_prior}
        return Candidates(self.place, parameters, self.seasons, self.root, **own)

    def _tuned(
        self, series: SeriesStore, spread: Spread, updates: int, origins: int = ORIGINS, members: int = 1
    ) -> Spread:
        prior = spread.prior.tuned(
            without_pattern(flat(series.sample.panel), spread.seasons),
            spread.horizon,
            spread.seasons,
            seed=self.root,
            updates=updates,
            origins=origins,
            members=members,
            n_threads=self.parameters.n_threads or 0,
            progress=self.parameters.progress,
        )
        return replace(spread, prior=prior)
