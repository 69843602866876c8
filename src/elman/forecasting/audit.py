"""Audit a forecaster: change parts of the data and check which forecasts change."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.errors import ArgumentError, DataError, ElmanError, ElmanWarning, UnsupportedError
from elman.forecasting.audit_changes import (
    every_second_raised,
    lifted,
    raised,
    turned,
    with_added,
    with_other_future,
    with_tail,
)
from elman.forecasting.audit_covariates import covariates_check
from elman.forecasting.audit_report import Audit, Check
from elman.forecasting.audit_subject import Subject, later
from elman.forecasting.panel import Panel
from elman.forecasting.series_covariates import positions_of
from elman.forecasting.training_set import filled

__all__ = ["Audit", "Check", "audit"]

Array = npt.NDArray[np.float64]

_CHANGE = "largest change"
_MOST_ALONE = 8  # series forecast alone, evenly spaced among all
_NEW = 3  # values of every series that come by updates
# Mean absolute deviations by which all values, and then the newest, are raised until every forecast has changed: a
# forecast at a bound such as zero cannot change unless the values are raised first.
_RAISES = ((0.0, 1.0), (0.0, 10.0), (10.0, 10.0), (100.0, 100.0))
_PATTERN = np.array([0.0, 0.5, 0.2, 1.0])  # all different, so that a shift by one step shows
_PATTERN_UPDATES = 200
_LEARNED = 0.2  # mean error, relative to the pattern's differences, up to which forecasts are assigned to steps


def audit(forecaster: Any, data: Any, *, static_df: Any = None) -> Audit:
    """Check that forecasts depend on the known values and on nothing else.

    ============  ==================================================  ================================================
    check         promise                                             method
    ============  ==================================================  ================================================
    future        values after the cut-off change nothing             a backtest over data whose values after a cut-off
                                                                      are replaced; a copy fitted to all data before
                                                                      it is fitted to those up to the cut-off
    newest        the newest value moves every forecast               the newest value is raised
    alignment     each forecast is for its own step                   a copy learns a repeating pattern; every forecast
                                                                      must be nearest to the value of its own step, and
                                                                      carry that time stamp
    neighbours    other series and the batch change nothing           each series alone, permuted, beside changed series
                                                                      and beside other series of other lengths
    dates         shifted dates change no value                       all time stamps moved
    repeat        the same seed gives the same bits                   two copies fitted; a forecast repeated
    threads       any number of threads gives the same bits           copies fitted with one and with three threads
    update        updates equal whole data, and teach nothing         a copy updated with the newest values, row by
                                                                      row and in one call
    covariates    no covariate knows the future                       none may explain 98 % of what is new in y: see
                                                                      below
    ============  ==================================================  ================================================

    Parameters
    ----------
    forecaster : Forecaster or alike
        Fitted or not; it is not changed. For an unfitted one, a copy fitted to ``data`` is audited. Any object with
        ``horizon``, ``fit(data)`` and ``predict(data)`` can be audited; impossible checks are "not checked". If it has
        ``update(data)``, ``predict()`` must continue from the updated values.
    data : array_like, list or frame
        As for `Forecaster.fit`; best the data of the fit.
    static_df : frame, optional
        With ``static_covariates``, as for `Forecaster.fit`.

    Returns
    -------
    Audit
        ``.passed``, ``.checks`` and a table: ``print`` it, or take ``.to_frame()``.

    Raises
    ------
    ArgumentError
        If the object cannot fit and predict.
    DataError
        If the data cannot be used.

    Notes
    -----
    "Change nothing" and "as if" mean the same bits. Numbers are in the units of the data, one per step of the horizon;
    for ``alignment`` they are the steps by which forecasts are displaced. Copies keep all settings but train for 20
    updates at most (200 for the pattern), after which every bit depends on the data; without a seed,
    theirs is 0. An audit takes about as long as one or two fits.

    The last check is made of data with covariates. What is new in y is the rest after a regression on its 14 newest
    values. A past covariate is compared with later values, one known ahead with values up to a horizon before and after
    it, and a static one with the mean of the newest horizon of each of eight series or more, given the mean of the
    values before. Values of a series that are covariates are compared with later values of each other series; where
    other series are changed or left out, they stay. Only a nearly exact copy can be told from an honest driver.

    Limit: an audit cannot detect values that were scaled, filled or selected with future values beforehand.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import Forecaster, audit
    >>> y = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 12)
    >>> print(audit(Forecaster(2, season=4, method="prior").fit(y), y))
    All 7 checks hold. 1 could not be made.
    holds        values after the cut-off change nothing      largest change 0
    holds        the newest value moves every forecast        smallest change ...
    holds        each forecast is for its own step            displaced by 0
    holds        other series and the batch change nothing    largest change 0
    not checked  shifted dates change no value                the data have no dates
    holds        the same seed gives the same bits            largest change 0
    holds        any number of threads gives the same bits    largest change 0
    holds        updates equal whole data, and teach nothing  largest change 0
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ElmanWarning)  # about the changed data
        return Audit(_checks(Subject(forecaster, data, static_df)))


def _checks(subject: Subject) -> tuple[Check, ...]:
    before = subject.predict(subject.model, subject.panel)
    once = subject.predict(subject.fit(subject.copy(), subject.panel), subject.panel)
    covariates = (covariates_check(subject.whole, subject.inputs, subject.horizon),) if subject.inputs.read else ()
    return (
        _future(subject),
        _newest(subject, before),
        _alignment(subject),
        _neighbours(subject, before),
        _dates(subject, before),
        _repeat(subject, before, once),
        _threads(subject, once),
        _update(subject),
        *covariates,
    )


class _Largest:
    """Compare pairs of forecasts that should have the same bits."""

    def __init__(self, horizon: int) -> None:
        self.numbers = np.zeros(horizon)
        self.moved: list[str] = []

    def compare(self, what: str, one: Array, other: Array) -> None:
        """Record the differences of forecasts (…, K), and the change of the data where they differ."""
        if one.tobytes() != other.tobytes():
            with np.errstate(invalid="ignore"):
                change = np.nan_to_num(np.abs(other - one), nan=np.inf, posinf=np.inf)
            self.numbers = np.maximum(self.numbers, change.reshape(-1, change.shape[-1]).max(axis=0))
            self.moved.append(what)

    def fail(self, what: str) -> None:
        """Record that there is no forecast to compare."""
        self.numbers[:] = np.inf
        self.moved.append(what)

    def check(self, name: str, promise: str, tried: Iterable[str]) -> Check:
        """Conclude."""
        detail = "moved by: " + "; ".join(self.moved) if self.moved else ", ".join(tried)
        return Check(name, promise, not self.moved, _CHANGE, tuple(self.numbers.tolist()), detail)


# The checks


def _future(subject: Subject) -> Check:
    promise = "values after the cut-off change nothing"
    for n_windows in (2, 1):
        result, panel = _Largest(subject.horizon), _longer_than(subject.panel, n_windows * subject.horizon)
        if panel is None:
            continue
        try:
            tried = _refitted(subject, panel, result)
            if subject.can_be_rolled:
                tried += _backtested(subject, panel, n_windows, result)
        except DataError:  # too short for the window and this many cut-offs
            continue
        return result.check("future", promise, tried)
    return Check("future", promise, None, _CHANGE, (), "too few values before a cut-off")


def _longer_than(panel: Panel, left_out: int) -> Panel | None:
    """Keep the series with at least two values before those left out."""
    keep = np.flatnonzero(panel.lengths >= left_out + 2)
    return panel.select(keep.tolist()) if len(keep) else None


def _refitted(subject: Subject, panel: Panel, result: _Largest) -> list[str]:
    """Compare a fit on the past with a second fit on the past that follows a fit on changed whole data."""
    past = panel.head(subject.horizon)
    fresh = subject.predict(subject.fit(subject.copy(), past), past)
    used = subject.fit(subject.copy(), with_other_future(panel, subject.horizon, raised, len(subject.past)))
    result.compare("an earlier fit to all data", fresh, subject.predict(subject.fit(used, past), past))
    return ["a fit on all data first"]


def _backtested(subject: Subject, panel: Panel, n_windows: int, result: _Largest) -> list[str]:
    """Forecast from cut-offs of whole data; change the values after the last cut-off, then those after the first."""
    horizon = subject.horizon
    usual = subject.rolled(panel, n_windows)
    for windows, change in ((1, turned), (n_windows, raised)):
        what = f"the last {windows * horizon} values in a backtest"
        try:
            other = subject.rolled(with_other_future(panel, windows * horizon, change, len(subject.past)), n_windows)
        except ElmanError as error:
            result.fail(f"{what} ({error.text})")
        else:
            known = slice(0, n_windows + 1 - windows)  # cut-offs before the first changed value
            result.compare(what, usual[:, known], other[:, known])
    return [f"backtest with {n_windows} cut-offs"]


def _newest(subject: Subject, before: Array) -> Check:
    if name := subject.repeats_its_past:
        detail = f"a step of {name} may depend on other values than the newest"
        return Check("newest", "the newest value moves every forecast", None, "smallest change", (), detail)
    moved = np.zeros(before.shape)
    for lift, size in _RAISES:
        panel = lifted(subject.panel, lift)
        newer = with_tail(panel, 1, partial(_raised_by, size))
        usual = subject.predict(subject.model, panel) if lift else before
        change = np.abs(subject.predict(subject.model, newer) - usual)
        moved = np.where(moved > 0, moved, np.nan_to_num(change))
        if (moved > 0).all():
            break
    still = np.argwhere(moved == 0)
    detail = f"raised by up to {size:g} mean absolute deviations"
    if len(still):
        series, step = still[0][0], still[0][-1]
        detail = f"step {step + 1} of {subject.panel.name(int(series))} does not move"
        if subject.counted:
            detail += ", nor need it: a median of counts is a whole number"
    numbers = tuple(moved.reshape(-1, subject.horizon).min(axis=0).tolist())
    promise = "the newest value moves every forecast"
    holds = None if len(still) and subject.counted else len(still) == 0
    return Check("newest", promise, holds, "smallest change", numbers, detail)


def _raised_by(size: float, values: Array, spread: Any) -> Array:
    higher: Array = np.nan_to_num(values) + size * spread
    return higher


def _alignment(subject: Subject) -> Check:
    """Train a copy on four repeating values; every forecast must be nearest to the value of its own step."""
    promise, measure = "each forecast is for its own step", "displaced by"
    if wrong := _wrong_stamps(subject.panel, subject.stamps(subject.model, subject.panel)):
        return Check("alignment", promise, False, measure, (), wrong)
    panel = subject.with_drivers(subject.panel, [int(np.argmax(subject.panel.lengths))])
    known = panel.values[np.isfinite(panel.values)]
    low, high = float(known.min()), float(known.max())
    pattern = low + _PATTERN * (high - low if high > low else max(1.0, abs(low)))
    if subject.counted:  # whole numbers that stay different
        pattern = np.floor(low) + _PATTERN * 10.0 * np.ceil((high - low) / 10.0 + 0.1)
    n = int(panel.lengths[0])
    repeated = np.concatenate([pattern[np.arange(length) % 4] for length in panel.lengths])
    panel = replace(panel, values=np.broadcast_to(repeated, (*panel.values.shape[1:], len(repeated))).T.copy())
    changes: dict[str, Any] = {"updates": _PATTERN_UPDATES, "ensemble_size": 1, **subject.found}
    if not subject.trained and subject.has("method"):
        changes |= {"season": 4, "base": None}  # a pretrained method needs the season of the pattern, as a base has not
    model = subject.fit(subject.copy(**changes), panel)
    steps = np.arange(subject.horizon)
    errors, repeats = np.zeros((4, subject.horizon)), np.zeros(subject.horizon)
    for drop in range(min(4, n - 2)):
        forecast = subject.predict(model, replace(panel.head(drop), ahead=panel.ahead))[0]
        repeats += _mean_error(forecast, pattern[(n - drop - 1) % 4]) / 4
        for shift in range(4):
            errors[shift] += _mean_error(forecast, pattern[(n - drop + steps + shift) % 4]) / 4
    close = _LEARNED * np.abs(pattern - np.roll(pattern, 1)).mean()
    if not (errors.min(axis=0) < close).all() or (repeats < close).all():  # a constant forecast tells nothing
        return Check("alignment", promise, None, measure, (), "a repeating pattern was not learned well enough")
    displaced = np.array([0, 1, 2, -1])[errors.argmin(axis=0)]
    detail = f"nearest to the pattern's own step: {int((displaced == 0).sum())} of {subject.horizon} forecasts"
    return Check("alignment", promise, not displaced.any(), measure, tuple(displaced.astype(float).tolist()), detail)


def _longest(panel: Panel) -> Panel:
    """Keep the longest series alone."""
    return panel.select([int(np.argmax(panel.lengths))])


def _ending_together(panel: Panel, drivers: npt.NDArray[np.int64]) -> Panel:
    """Keep the series that end with those whose values are covariates: the newest values of others need older ones."""
    if len(drivers) == 0 or panel.times is None:
        return panel
    ends = panel.times[panel.offsets[1:] - 1]
    return panel.select(np.flatnonzero(ends == ends[drivers[0]]))


def _mean_error(forecast: Array, actual: Any) -> Array:
    """Return the mean over channels (K,)."""
    error: Array = np.abs(forecast - actual).reshape(-1, forecast.shape[-1]).mean(axis=0)
    return error


def _wrong_stamps(panel: Panel, stamps: list[list[Any]]) -> str:
    """Name the first time stamp of a forecast that does not continue the data; empty if there is none."""
    for series, mine in enumerate(stamps):
        expected = panel.select([series]).future(len(mine))
        assert expected is not None
        for got, wanted in zip(mine, expected.to_list(), strict=True):
            if got != wanted:
                return f"a forecast of {panel.name(series)} is stamped {got} instead of {wanted}"
    return ""


def _neighbours(subject: Subject, before: Array) -> Check:
    panel, result = subject.panel, _Largest(subject.horizon)
    n_series = len(panel)
    beside = subject.predict(subject.model, with_added(panel))
    result.compare("added series of other lengths in the batch", before, beside[1:-1])
    if n_series > 1:
        backwards = subject.predict(subject.model, panel.select(range(n_series)[::-1]))
        result.compare("another order", before, backwards[::-1])
        chosen = np.unique(np.linspace(0, n_series - 1, min(n_series, _MOST_ALONE)).astype(int))
        alone = [subject.predict(subject.model, subject.with_drivers(panel, [s]))[0] for s in chosen]
        result.compare("being alone", before[chosen], np.stack(alone))
        drivers = positions_of(panel, subject.inputs.series)
        for parity in (0, 1):
            changed = subject.predict(subject.model, every_second_raised(panel, parity, drivers))
            result.compare("changed values of other series", before[1 - parity :: 2], changed[1 - parity :: 2])
    others = f"beside {n_series - 1} other series" if n_series > 1 else "one series"
    return result.check("neighbours", "other series and the batch change nothing", [others, "with added series"])


def _dates(subject: Subject, before: Array) -> Check:
    promise = "shifted dates change no value"
    if subject.panel.times is None:
        return Check("dates", promise, None, _CHANGE, (), "the data have no dates")
    if subject.dated:
        return Check("dates", promise, None, _CHANGE, (), "the calendar and holidays follow from the dates")
    result = _Largest(subject.horizon)
    shifts = sorted({1, max(1, int(subject.panel.lengths.max()) // 3)})
    for steps in shifts:
        forecast = subject.predict(subject.model, later(subject.panel, steps))
        result.compare(f"dates later by {steps}", before, forecast)
    return result.check("dates", promise, [f"dates later by {steps}" for steps in shifts])


def _repeat(subject: Subject, before: Array, once: Array) -> Check:
    """Fit a second copy, and repeat a forecast after a forecast of other data."""
    result = _Largest(subject.horizon)
    twice = subject.predict(subject.fit(subject.copy(), subject.panel), subject.panel)
    result.compare("fitting a second time", once, twice)
    result.compare("having been asked before", before, subject.predict(subject.model, subject.panel))
    return result.check("repeat", "the same seed gives the same bits", ["fitted twice", "forecast twice"])


def _threads(subject: Subject, once: Array) -> Check:
    promise = "any number of threads gives the same bits"
    if not subject.has("n_threads"):
        return Check("threads", promise, None, _CHANGE, (), "there is no parameter n_threads")
    result = _Largest(subject.horizon)
    for count in (1, 3):
        model = subject.fit(subject.copy(n_threads=count), subject.panel)
        result.compare(f"{count} threads", once, subject.predict(model, subject.panel))
    return result.check("threads", promise, ["1 and 3 threads, and as set"])


def _update(subject: Subject) -> Check:
    """Fit copies without the newest values, then update them row by row and in one call."""
    promise = "updates equal whole data, and teach nothing"

    def conclude(holds: bool | None, detail: str) -> Check:
        return Check("update", promise, holds, _CHANGE, (), detail)

    if not hasattr(subject.forecaster, "update"):
        return conclude(None, "there is no method update")
    added = min(_NEW, subject.context_length - 2)
    # Without names, one of several series is not recognised in later data, and its scale is measured again.
    whole = _longer_than(subject.panel if subject.panel.ids is not None else _longest(subject.panel), added)
    if added < 1 or whole is None:
        return conclude(None, "too few values")
    whole = _ending_together(whole, positions_of(whole, subject.inputs.series))
    complete, _ = filled(whole, "interpolate", 1)  # else updates would help to fill the missing values
    whole = complete.tail(subject.context_length)
    past, new = whole.head(added), whole.tail(added)
    result = _Largest(subject.horizon)
    ways = {"row by row": [new.head(left).tail(1) for left in range(added)[::-1]], "in one call": [new]}
    for way, parts in ways.items():
        try:
            model = subject.fit(subject.copy(**subject.found), past)
        except DataError as error:
            return conclude(None, error.text)
        given = subject.predict(model, whole)
        try:
            for part in parts:
                model = subject.update(model, part)
        except (ArgumentError, UnsupportedError) as error:  # updates are not supported
            return conclude(None, error.text)
        except DataError as error:
            return conclude(False, error.text)
        if wrong := _wrong_stamps(whole, subject.stamps(model, whole, given=False)):
            return conclude(False, wrong)
        result.compare(f"updates {way}", given, subject.predict(model, whole, given=False))
        result.compare(f"updates {way} taught the model", given, subject.predict(model, whole))
    return result.check("update", promise, [f"{added} values of every series, {' and '.join(ways)}"])
