"""The procedure of every fit: hold out, compare, choose, prepare on all values, measure intervals.

It takes validated series and returns one frozen value. The command and Python both use it, so the same data give the
same forecasts and the same intervals.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import DataError, ElmanWarning, Remedy
from elman.estimators import Interrupted, notice_worse, root_seed, values_of
from elman.forecasting.base import Base
from elman.forecasting.baselines import INTERMITTENT
from elman.forecasting.calibration import calibrate
from elman.forecasting.candidates import Candidates
from elman.forecasting.channels import by_channel, named, rejoined, rows_of
from elman.forecasting.choosing import BOTH, NETWORK, Decision, choose_method
from elman.forecasting.comparison import Comparison
from elman.forecasting.fitted import INTERRUPTED, Fitted
from elman.forecasting.intermittent import first_negative, is_intermittent, refuse_negative
from elman.forecasting.intervals import STEADY, Residuals, residuals_needed, scaled_residuals
from elman.forecasting.methods import CountsMethod, MeanMethod, Method, NetworkMethod, Stopped
from elman.forecasting.methods.counts import COUNTS
from elman.forecasting.methods.mean import SHARES
from elman.forecasting.methods.prior import LONGER, MEAN, PRIOR, TUNED
from elman.forecasting.methods.spread import FEWEST_FOR_WIDTHS, PARTNER
from elman.forecasting.notices import notice_few_events, notice_negative
from elman.forecasting.panel import Panel
from elman.forecasting.parameters import Parameters
from elman.forecasting.past import CUTOFFS, Past, most_cut_offs
from elman.forecasting.recipe import resolve_seasons
from elman.forecasting.scaling import Scaling
from elman.forecasting.selection import Choice
from elman.forecasting.store import PanelStore, SeriesStore
from elman.forecasting.year_choice import find_year
from elman.training.checkpoints import writes_states
from elman.training.jobs import run_all

__all__ = ["fit_panel", "fit_store"]

Array = npt.NDArray[np.float64]

_WIDEST_USUAL = 95.0


@dataclass(frozen=True)
class _Held:
    """Forecasts of the held-out values.

    Parameters
    ----------
    past : Past
        The cut-offs.
    forecasts : dict of str to ndarray (S·D, C, K)
        By candidate.
    methods : dict of str to Method
        As prepared for the newest cut-off.
    """

    past: Past
    forecasts: dict[str, Array]
    methods: dict[str, Method]


def fit_panel(place: str, parameters: Parameters, panel: Panel, base: Base | None = None) -> Fitted:
    """Fit a forecaster.

    Parameters
    ----------
    place : str
        Start of a message.
    parameters : Parameters
        Checked.
    panel : Panel
        All values known, NaN where one is missing.
    base : Base, optional
        Whose prior takes the place of the shipped one.

    Returns
    -------
    Fitted

    Raises
    ------
    Interrupted
        On Ctrl-C; KeyboardInterrupt if the requested network has made no update yet.
    """
    order = panel.sorted_by_name()
    if order is None or (np.diff(order) > 0).all():
        return _fit_or_so_far(place, parameters, panel, base)
    back = np.argsort(order)  # random numbers depend on positions: sorted, the order of the rows does not matter
    try:
        return _fit_or_so_far(place, parameters, panel.select(order), base).in_order(back)
    except Interrupted as stop:
        raise Interrupted(stop.fitted.in_order(back)) from None


def _fit_or_so_far(place: str, parameters: Parameters, panel: Panel, base: Base | None) -> Fitted:
    season = resolve_seasons(place, parameters.season, panel.frequency)[0]
    return fit_store(place, parameters, PanelStore.of(panel, parameters.missing, season), base)


def fit_store(place: str, parameters: Parameters, series: SeriesStore, base: Base | None = None) -> Fitted:
    """Fit a forecaster to series in order of their names; see `fit_panel`."""
    seasons = resolve_seasons(place, parameters.season, series.frequency)
    own: dict[str, Any] = {}
    if base is not None:
        of_prior = base.seasons_for(parameters, seasons)
        base.check(place, parameters, of_prior, series.frequency)
        own = {"prior": base.prior, "of_prior": of_prior}
    notice_few_events(place, series.sample.panel)
    own["intermittent"] = _are_counts(place, parameters, series, seasons[0])
    return _interruptible(Candidates(place, parameters, seasons, root_seed(parameters.random_state), **own), series)


def _are_counts(place: str, parameters: Parameters, series: SeriesStore, season: int) -> bool:
    """Return whether the series have many zeros and no negative value.

    A method of counts that is asked for by name refuses negative values; otherwise a notice says that these methods are
    left out.
    """
    named, intermittent = parameters.method in (COUNTS, *INTERMITTENT), is_intermittent(series.sample.panel, season)
    if not (named or intermittent):
        return False
    for _, panel, _unknown in series.pieces(np.arange(len(series.lengths))):
        if named:
            refuse_negative(place, str(parameters.method), panel)
        elif (found := first_negative(panel)) is not None:
            notice_negative(place, *found)
            return False
    return intermittent


def _interruptible(candidates: Candidates, series: SeriesStore) -> Fitted:
    try:
        return _fit(candidates, series)
    except Interrupted:
        raise
    except KeyboardInterrupt:
        if (method := _so_far(candidates, series)) is None:
            raise
        raise Interrupted(_fitted(candidates, series, method, INTERRUPTED)) from None


def _fit(candidates: Candidates, series: SeriesStore) -> Fitted:
    why_year = find_year(candidates, series.sample)
    held = _hold_out(candidates, series)
    decision, comparison = _decide(candidates, held, why_year)
    residuals = _residuals(candidates, series, decision, held)

    def fitted(method: Method) -> Fitted:
        method = _with_intervals(candidates, method, residuals, held, decision)
        return _fitted(candidates, series, method, decision.reason, comparison)

    try:
        name = decision.delivered
        method = candidates.prepare(series, [name], _window(candidates, held))[name]
    except Stopped:  # in place of a mean with a prior, the prior is better than a network of short training
        network = _network_so_far(candidates, series) if decision.delivered == NETWORK else None
        if network is None:
            raise
        raise Interrupted(fitted(network)) from None
    if isinstance(method, NetworkMethod):
        notice_worse(candidates.place, method.history)
    return fitted(method)


def _window(candidates: Candidates, held: _Held | None) -> Choice | None:
    """Return the window that was chosen in the check for a network beside the prior; it is not chosen again."""
    network = None if held is None or candidates.start == NETWORK else held.methods.get(NETWORK)
    return network.choice if isinstance(network, NetworkMethod) else None


def _fitted(
    candidates: Candidates, series: SeriesStore, method: Method, reason: str, comparison: Comparison | None = None
) -> Fitted:
    newest, parameters = series.newest(method.context_length), values_of(candidates.parameters)
    about = series.columns, series.origin, candidates.intermittent, series.static
    seasons = candidates.seasons if isinstance(method, NetworkMethod) else candidates.of_prior
    return Fitted(method, seasons, newest, parameters, reason, comparison, *about)


def _so_far(candidates: Candidates, series: SeriesStore) -> Method | None:
    """Return the method of an interrupted fit: the network as trained so far, or a method without training."""
    if candidates.start == NETWORK:
        return _network_so_far(candidates, series)
    name = PRIOR if candidates.start == TUNED else candidates.start
    return candidates.prepare(series, [name])[name]


def _network_so_far(candidates: Candidates, series: SeriesStore) -> NetworkMethod | None:
    """Return the network with the longest training. One of the check or the calibration lacks the newest values."""
    network = candidates.so_far
    return network.for_series(series) if network is not None and series.holds(network.scaling) else None


# Holding out


def _hold_out(candidates: Candidates, series: SeriesStore) -> _Held | None:
    """Forecast the newest values of the sample from those before, with every candidate; None without cut-offs."""
    parameters, sample = candidates.parameters, series.sample
    count = _count(candidates, sample.panel)
    past = Past.of(sample.raw, count, int(parameters.horizon), candidates.seasons[0])
    if past is None:
        return None
    past = replace(past, rows=sample.rows[past.rows])
    names = candidates.to_try(past.panel, count, all_sampled=len(sample.lengths) == len(series.lengths))
    if parameters.method == "auto" or parameters.cutoffs != "auto":
        names += [name for name in candidates.baselines if name not in names]
    try:
        return _forecast_all(candidates, past, names)
    except DataError as error:  # a network, or tuning, asks for more values than precede the cut-offs
        _warn(f"{candidates.place}: not checked against baselines. {error.text}", *error.remedies)
        return None


def _count(candidates: Candidates, panel: Panel) -> int:
    """Return the number of cut-offs: as requested, or by the rule, as far as the data allow."""
    parameters, season = candidates.parameters, candidates.seasons[0]
    horizon, wanted = int(parameters.horizon), parameters.cutoffs
    if wanted == "auto":
        if parameters.method == "auto":
            return most_cut_offs(panel.lengths, horizon, season, CUTOFFS)
        # A requested method is not chosen; on a panel the held-out horizon still measures the width of its intervals.
        enough = np.count_nonzero(panel.lengths >= horizon + 2) >= FEWEST_FOR_WIDTHS
        return int(enough and parameters.method != "network")
    possible = max(0, (int(panel.lengths.max()) - 2) // horizon)
    if possible < wanted:
        _warn(
            f"{candidates.place}: {wanted} cut-offs of {horizon} values need {wanted * horizon + 2} values, the "
            f"longest series has {panel.lengths.max()}; {possible or 'none'} can be checked."
        )
    return min(int(wanted), possible)


def _warn(message: str, *remedies: Remedy) -> None:
    warnings.warn(ElmanWarning(message, *remedies), stacklevel=6)


def _forecast_all(candidates: Candidates, past: Past, names: Sequence[str]) -> _Held:
    """Prepare the candidates before the earliest cut-off (with ``refit``, before each), and forecast from each."""
    parameters, every = candidates.parameters, list(range(len(past.left_out)))
    groups = [[cut_off] for cut_off in every] if parameters.refit else [every]
    tasks = [_CutOffs(candidates, past, group, names) for group in groups]

    def keep(_: int, tried: _Tried) -> None:
        candidates.keep(tried.so_far)

    bar = "cut-offs" if parameters.progress else ""
    tried: list[_Tried] = run_all(tasks, parameters.n_threads, keep, bar=bar, in_order=writes_states())
    held = {name: np.concatenate([part.forecasts[name] for part in tried], axis=1) for name in names}
    if NETWORK in names:
        for name in [name for name in names if name in (PRIOR, TUNED, MEAN, LONGER)]:
            for both, kind in BOTH.items():
                held[f"{both}{name}"] = SHARES[kind] * held[NETWORK] + (1 - SHARES[kind]) * held[name]
    return _Held(past, held, tried[-1].methods)


@dataclass(frozen=True)
class _Tried:
    """Forecasts (S·D, C, K) by candidate, the candidates as prepared, and the network of an interrupted fit."""

    forecasts: dict[str, Array]
    methods: dict[str, Method]
    so_far: NetworkMethod | None


@dataclass(frozen=True)
class _CutOffs:
    """Prepares candidates on what precedes the first of some cut-offs, and forecasts from each."""

    candidates: Candidates
    past: Past
    cut_offs: list[int]
    names: Sequence[str]

    def __call__(self, n_threads: int | None) -> _Tried:
        candidates = self.candidates.for_task(n_threads)
        columns: dict[str, list[Array]] = {name: [] for name in self.names}
        methods: dict[str, Method] = {}
        for cut_off in self.cut_offs:
            known = candidates.in_memory(self.past.known(cut_off))
            methods = methods or candidates.prepare(known, self.names)
            for name, own in columns.items():
                forecasts = methods[name].forecast(candidates.place, known.panel, candidates.parameters.n_threads or 0)
                own.append(rows_of(forecasts))
        held = {name: np.stack(own, axis=1) for name, own in columns.items()}
        return _Tried(held, methods, candidates.so_far)


# Choosing


def _decide(candidates: Candidates, held: _Held | None, why_year: str) -> tuple[Decision, Comparison | None]:
    """Choose a method, and keep the comparison; ``why_year``: reason for the yearly season of the prior."""
    start, asked = candidates.start, candidates.parameters.method
    if held is None:
        reason = f'the method "{asked}" was asked for' if asked != "auto" else "nothing was held out"
        return _with_reason(Decision(start, start, reason), why_year), None
    past = replace(held.past, panel=by_channel(named(held.past.panel)))
    metric, errors = past.errors(held.forecasts, of_means=candidates.intermittent)
    baselines = tuple(name for name in candidates.baselines if name in errors)
    if asked == "auto":
        decision = choose_method(errors, baselines, metric, start)
    else:
        decision = Decision(start, start, f'the method "{asked}" was asked for')
    decision = _with_reason(decision, why_year)
    if not baselines:  # the hold-out serves the width of the intervals alone
        return decision, None
    partner = f" with {PARTNER}" if candidates.seasons[0] == 1 else ""
    labels = {name: name + partner * ("prior" in name) for name in errors}
    return decision, Comparison(past, held.forecasts, errors, metric, baselines, decision, labels)


def _with_reason(decision: Decision, why_year: str) -> Decision:
    """Put the reason for the yearly season first where the prior is delivered."""
    named = why_year and PRIOR in decision.delivered
    return replace(decision, reason=f"{why_year}; {decision.reason}") if named else decision


# Intervals


def _residuals(candidates: Candidates, series: SeriesStore, decision: Decision, held: _Held | None) -> Residuals | None:
    """Collect past errors of the network if it is delivered alone.

    If it was chosen, they come from the check where that has enough, else from another network.
    """
    parameters = candidates.parameters
    if decision.delivered != NETWORK:
        return None
    scaling = Scaling.of(series.transform(parameters.transform)).undivided
    if parameters.method == NETWORK:
        return _calibrated(candidates, series, scaling, parameters.intervals)
    if held is not None and not parameters.refit:
        residuals = _residuals_of_check(candidates, scaling, held)
        if residuals.count >= STEADY * residuals_needed(_WIDEST_USUAL):
            return residuals
    try:
        return _calibrated(candidates, series, scaling, "auto")
    except DataError:  # too short for intervals, not for a forecast
        return None


def _calibrated(
    candidates: Candidates, series: SeriesStore, scaling: Scaling, intervals: int | str | None
) -> Residuals | None:
    def fit(panel: Panel) -> NetworkMethod:
        return candidates.network(candidates.in_memory(panel))

    return calibrate(candidates.place, candidates.parameters, series.sample.raw, scaling, intervals, fit)


def _residuals_of_check(candidates: Candidates, scaling: Scaling, held: _Held) -> Residuals:
    network, past, parts = held.methods[NETWORK], held.past, []
    assert isinstance(network, NetworkMethod)
    for cut_off in range(len(past.left_out)):
        known = candidates.in_memory(past.known(cut_off)).panel
        forecasts = rejoined(held.forecasts[NETWORK][:, cut_off], past.panel)
        parts.append(scaled_residuals(scaling, network.recipe, known, past.actual[:, cut_off], forecasts))
    return Residuals.pooled(parts)


def _with_intervals(
    candidates: Candidates, method: Method, residuals: Residuals | None, held: _Held | None, decision: Decision
) -> Method:
    """Add residuals to a method, or the width factors measured on the held-out horizon of a panel."""
    if isinstance(method, NetworkMethod):
        return replace(method, residuals=residuals)
    if held is None or len(held.past.rows) < FEWEST_FOR_WIDTHS or isinstance(method, CountsMethod):
        return method
    widths = _widths(candidates, held, decision.delivered)
    if isinstance(method, MeanMethod):
        return replace(method, prior=replace(method.prior, spread=replace(method.prior.spread, widths=widths)))
    changed: Any = method
    return replace(changed, spread=replace(changed.spread, widths=widths))  # type: ignore[no-any-return]


def _widths(candidates: Candidates, held: _Held, delivered: str) -> tuple[float, float]:
    """Measure the width factors on the newest horizon, with the method prepared on the values before it."""
    prior = delivered
    for both in BOTH:
        prior = prior.removeprefix(both)
    spread = held.methods[prior].spread  # type: ignore[attr-defined]
    parameters, past = candidates.parameters, held.past
    known = candidates.in_memory(past.known(len(past.left_out) - 1)).panel
    forecasts = rejoined(held.forecasts[delivered][:, -1], past.panel)
    widened = spread.widened(candidates.place, known, forecasts, past.actual[:, -1], parameters.n_threads or 0)
    widths: tuple[float, float] = widened.widths
    return widths
