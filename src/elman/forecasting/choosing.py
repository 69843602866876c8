"""Rule that chooses the delivered method from the errors of all candidates on held-out values.

1. Daily series of two years and more: compare the untuned prior with and without the **yearly season**, at cut-offs
   over the newest year. Where at least half of the variance of the yearly patterns is not noise, the season is used
   unless the week alone is better by more than one standard error; elsewhere if it is better by more than two. Where no
   cut-off leaves two years, the season is used if at least 0.8 of that variance is not noise.
2. Start with the untuned prior. For panels of 20 series or more, the **tuned prior** replaces it if its error is lower
   by more than two standard errors of the differences, paired by series; else the **mean** of both networks' weights
   replaces it if its error is lower by more than one. For 100 series or more start with the mean; the untuned prior
   replaces it if it is better by more than two. Panels of that size drawn from M1 quarterly and monthly had lower
   errors this way.
3. For long series with a season, a prior **tuned longer**, on more past origins, replaces the current choice if its
   error is lower by more than one standard error; for 100 series or more if it is lower. Then the **window network**
   replaces the current choice if it is better by more than two standard errors, a **mean** of the forecasts of both,
   half or a quarter of it the network's, if that is better by more than one; of several the best.
4. Series with many zeros (`elman.forecasting.intermittent`) start with **counts** instead, the distribution of their
   past values; the untuned prior replaces it if it is better by more than two standard errors. The errors are RMSSE.
5. A **baseline** replaces the current choice if there are at least three cut-offs and its mean error is lower by more
   than two standard errors of the differences, paired by series and cut-off.

A standard error is the standard deviation of the differences divided by the square root of their number, so that one
lucky horizon does not change the choice. For few differences the limits are those of Student's t at the same
probability: 4.5 for two standard errors of three differences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elman.forecasting.methods.counts import COUNTS
from elman.forecasting.methods.mean import SHARES
from elman.forecasting.methods.prior import LONGER, MEAN, PRIOR, TUNED

__all__ = [
    "BOTH",
    "FEWEST_CUT_OFFS",
    "NETWORK",
    "WITHOUT_YEAR",
    "WITH_YEAR",
    "Decision",
    "better_by",
    "choose_method",
    "mean_error",
    "why_repeated",
    "why_year",
]

Array = npt.NDArray[np.float64]

NETWORK = "network"
BOTH = {f"{kind} of {NETWORK} and ": kind for kind in SHARES}  # how the names of their means with a prior begin
WITHOUT_YEAR, WITH_YEAR = "prior without the year", "prior with the year"
FEWEST_CUT_OFFS = 3  # for a baseline to be delivered
_CLEARLY, _PROBABLY = 2.0, 1.0  # standard errors
_MOSTLY, _SURELY = 0.5, 0.8  # shares of a yearly pattern's variance that are not noise
_MANY = 100  # series, of which the mean of the weights is preferred


@dataclass(frozen=True)
class Decision:
    """The delivered method and the reason.

    Parameters
    ----------
    own : str
        The best of Elman's own candidates.
    delivered : str
        The same, or a baseline.
    reason : str
        In words, to follow the name of the delivered method.
    """

    own: str
    delivered: str
    reason: str


def better_by(one: Array, other: Array) -> float:
    """Return by how many standard errors the mean of ``other`` lies below that of ``one``, paired.

    For few pairs the result is smaller than the plain quotient: it is the normal score of the probability that the
    quotient has under Student's t.

    Parameters
    ----------
    one, other : ndarray of one shape
        Errors; pairs with NaN are left out.

    Returns
    -------
    float
        Negative if it lies above; 0 without differences or with fewer than two pairs.

    Examples
    --------
    >>> round(better_by(np.array([3.0, 2.0, 4.0]), np.array([2.0, 2.0, 2.0])), 2)     # 1 over 1/√3, of three pairs
    1.21

    References
    ----------
    Student (1908), The probable error of a mean. Biometrika 6(1).
    Wallace (1959), Bounds on normal approximations to Student's and the chi-square distributions. Annals of
    Mathematical Statistics 30(4).
    """
    difference = (one - other)[np.isfinite(one - other)]
    if len(difference) < 2:
        return 0.0
    mean, error = float(np.mean(difference)), float(np.std(difference, ddof=1)) / math.sqrt(len(difference))
    if error <= 1e-12 * abs(mean):
        return math.copysign(math.inf, mean) if mean else 0.0
    return _normal_score(mean / error, len(difference) - 1)


def _normal_score(t: float, freedom: int) -> float:
    """Convert a value of Student's t to the normal score of about equal probability (Wallace 1959)."""
    shrunk = (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(t * t / freedom))
    return math.copysign(shrunk, t)


def mean_error(errors: Array) -> float:
    """Average errors without NaN; NaN if there are no others."""
    known = errors[np.isfinite(errors)]
    return float(np.mean(known)) if len(known) else float("nan")


def choose_method(errors: Mapping[str, Array], baselines: Sequence[str], metric: str, start: str = PRIOR) -> Decision:
    """Apply the rule.

    Parameters
    ----------
    errors : mapping of str to ndarray (S, C)
        By candidate, of every series at every cut-off; NaN where no value is known. `PRIOR`, `TUNED`, `MEAN`, `LONGER`,
        `NETWORK`, `COUNTS` with `PRIOR`, a prior's name after one of `BOTH`, and baselines.
    baselines : sequence of str
        Which of them are baselines.
    metric : str
        Name of the errors.
    start : str
        The first candidate: the prior, counts, or the network with covariates.

    Returns
    -------
    Decision

    Examples
    --------
    >>> errors = {"prior": np.array([[1.0, 1.2, 1.1]]), "naive": np.array([[0.8, 0.9, 0.85]])}
    >>> choose_method(errors, ["naive"], "MASE").delivered
    'naive'
    """
    own, parts = start, []
    by_series = {name: _by_series(values) for name, values in errors.items()}
    if TUNED in errors and start == PRIOR:
        own = _tuned(by_series)
        parts.append(_why_tuned(own, errors, by_series, metric))
    if LONGER in errors and better_by(by_series[own], by_series[LONGER]) > (0.0 if _many(by_series) else _PROBABLY):
        parts.append(_sentence(LONGER, own, errors, metric))
        own = LONGER
    if start == COUNTS and better_by(errors[COUNTS], errors[PRIOR]) > _CLEARLY:
        own = PRIOR
        parts.append(_sentence(PRIOR, COUNTS, errors, metric))
    if NETWORK in errors and start != NETWORK:
        before, own = own, _with_network(by_series, own)
        if own != before:
            parts.append(_sentence(own, before, errors, metric))
    cut_offs = errors[start].shape[1]
    names = [name for name in baselines if np.isfinite(mean_error(errors[name]))]
    if not names:
        return Decision(own, own, "; ".join(parts))
    best = min(names, key=lambda name: mean_error(errors[name]))
    if cut_offs < FEWEST_CUT_OFFS:
        return Decision(own, own, "; ".join([*parts, f"it takes {FEWEST_CUT_OFFS} cut-offs to prefer a baseline"]))
    if better_by(errors[own], errors[best]) > _CLEARLY:
        return Decision(own, best, _sentence(best, own, errors, metric))
    return Decision(own, own, "; ".join([*parts, f"no baseline is clearly better at {cut_offs} cut-offs"]))


def why_year(errors: Mapping[str, Array], metric: str, kappa: float) -> str:
    """Return the reason to forecast with the yearly season; empty without one.

    Parameters
    ----------
    errors : mapping of str to ndarray (S, C)
        Of `WITHOUT_YEAR` and `WITH_YEAR`, as for `choose_method`.
    metric : str
        Name of the errors.
    kappa : float
        Mean share of the patterns' variance that is not noise.

    Examples
    --------
    >>> errors = {WITHOUT_YEAR: np.array([[1.0, 1.4, 1.3]]), WITH_YEAR: np.array([[0.8, 0.9, 0.85]])}
    >>> why_year(errors, "MASE", kappa=0.9)
    'MASE with the yearly season 0.85 against 1.23 without, at 3 cut-offs of the newest year'
    """
    without, with_it = errors[WITHOUT_YEAR], errors[WITH_YEAR]
    needed = -_PROBABLY if kappa >= _MOSTLY else _CLEARLY
    if better_by(without, with_it) < needed:
        return ""
    figures = f"{mean_error(with_it):.3g} against {mean_error(without):.3g} without"
    count = without.shape[1]
    where = f"{count} cut-offs" if count > 1 else "a cut-off"
    return f"{metric} with the yearly season {figures}, at {where} of the newest year"


def why_repeated(kappa: float) -> str:
    """Return the reason to forecast with the yearly season where no cut-off leaves two years; empty without one.

    Examples
    --------
    >>> why_repeated(0.82), why_repeated(0.79)
    ('two years agree, too few to check it: 82 % of the variance of the yearly pattern is not noise', '')
    """
    if kappa < _SURELY:
        return ""
    share = f"{100 * kappa:.0f} % of the variance of the yearly pattern is not noise"
    return f"two years agree, too few to check it: {share}"


def _tuned(errors: Mapping[str, Array]) -> str:
    needed = -_CLEARLY if _many(errors) else _PROBABLY
    own = MEAN if better_by(errors[PRIOR], errors[MEAN]) > needed else PRIOR
    if better_by(errors[PRIOR], errors[TUNED]) > _CLEARLY:
        own = TUNED
    return own


def _many(errors: Mapping[str, Array]) -> bool:
    """Return whether the number of compared series is large enough to prefer the mean of the weights."""
    return int(np.count_nonzero(np.isfinite(errors[PRIOR]))) >= _MANY


def _why_tuned(own: str, errors: Mapping[str, Array], by_series: Mapping[str, Array], metric: str) -> str:
    if own == PRIOR:
        return "tuning did not make it clearly better"
    if own == MEAN and better_by(by_series[PRIOR], by_series[MEAN]) <= _PROBABLY:
        return f"of {_MANY} series or more it is preferred, and it is not clearly worse than the prior"
    return _sentence(own, PRIOR, errors, metric)


def _with_network(errors: Mapping[str, Array], own: str) -> str:
    limits = {NETWORK: _CLEARLY} | {f"{both}{own}": _PROBABLY for both in BOTH}
    possible = [name for name, needed in limits.items() if better_by(errors[own], errors[name]) > needed]
    return min(possible, key=lambda name: mean_error(errors[name]), default=own)


def _by_series(errors: Array) -> Array:
    """Average over cut-offs (S,)."""
    known = np.isfinite(errors)
    return np.where(
        known.any(axis=1), np.where(known, errors, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan
    )


def _sentence(better: str, worse: str, errors: Mapping[str, Array], metric: str) -> str:
    cut_offs = errors[better].shape[1]
    where = f"at {cut_offs} cut-offs" if cut_offs > 1 else "on the held-out horizon"
    figures = f"{mean_error(errors[better]):.3g} against {mean_error(errors[worse]):.3g} of {worse}"
    how = "" if better == LONGER else "probably " if "mean of" in better else "clearly "
    return f"{metric} {figures} {where}, {how}lower"
