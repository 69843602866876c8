"""Is the network worth it? A sequence estimator beside simple methods, on sequences that none of them has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split

from elman import _check
from elman._extras import installed
from elman._words import called, in_use, place_of
from elman.data.ragged import Ragged
from elman.errors import ArgumentError, DataError, Remedy, setting
from elman.notebook.html import html_table
from elman.sequences.convolutions import too_much
from elman.sequences.estimator import SequenceEstimator
from elman.sequences.nearest import MOST_CELLS, cells
from elman.sequences.reading import part_of
from elman.sequences.simple import CONVOLUTIONS, DTW, EUCLIDEAN, LINEAR, SimpleMethod, constant_for, joined, of_numbers
from elman.sequences.tags import StepTags
from elman.sequences.targets import class_target
from elman.sequences.training import too_rare

__all__ = ["MODEL", "Verdict", "conclude", "verdict"]

Array = npt.NDArray[Any]

MODEL = "Elman"
_CHANCE = 0.05  # two-sided probability of a sign test; above it a win is not clear
_FEWEST = 2  # held-out sequences: R² of one is not defined


@dataclass(frozen=True, repr=False)
class Verdict:
    """Predictions of held-out sequences by an estimator and by simple methods, and the conclusion.

    Parameters
    ----------
    table : DataFrame
        A row per method, best first: the score (``accuracy`` or ``R²``), and on how many held-out sequences the method
        is ``better`` and ``worse`` than Elman.
    metric : str
        ``"accuracy"`` (share of sequences, or of steps of a tagger) or ``"R²"``.
    simple : str
        The best simple method.
    beats : bool
        Whether Elman has the higher score, by more than chance.
    winner : str
        Method with the highest score; of equal ones a simple method.
    verdict : str
        The same in one sentence.
    missing : dict of str to str
        Methods that were left out, and the reason.
    actual : ndarray or list of ndarray
        Targets of the held-out sequences; of a tagger one array for each, of the steps with a tag.
    predictions : dict of str to ndarray or list of ndarray
        Of every method, likewise.
    estimators : dict of str to estimator
        Every method, fitted on the training part.

    Notes
    -----
    A win is clear if a sign test over the held-out sequences that tell the two apart has a two-sided probability of at
    most 5 % (for classes this is McNemar's exact test).

    References
    ----------
    McNemar (1947), Note on the sampling error of the difference between correlated proportions. Psychometrika 12(2).

    Examples
    --------
    >>> from elman import SequenceRegressor
    >>> X = [[0.1 * i, 0.1 * i] for i in range(20)]
    >>> found = verdict(SequenceRegressor(updates=5, random_state=0), X, [float(i) for i in range(20)])
    >>> found.winner, round(float(found.table.loc["linear", "R²"]), 2), found.best.predict([[0.5, 0.5]]).round(1)
    ('linear', 1.0, array([5.]))
    """

    table: pd.DataFrame
    metric: str
    simple: str
    beats: bool
    winner: str
    verdict: str
    missing: dict[str, str]
    actual: Any
    predictions: dict[str, Any]
    estimators: dict[str, Any]

    @property
    def best(self) -> Any:
        """The winner, fitted on the training part; ``best.fit(X, y)`` learns from all sequences."""
        return self.estimators[self.winner]

    @property
    def notes(self) -> list[str]:
        """A sentence for every method that was left out."""
        return [f"{name} was not tried: {reason}" for name, reason in self.missing.items()]

    def __repr__(self) -> str:
        """Return the table and the sentences."""
        digits = self.table.round({self.metric: 3}).to_string()
        return "\n".join([digits, self.verdict, *self.notes])

    def _repr_html_(self) -> str:
        """Return the table with the sentences below it, for a notebook."""
        rows = [[name, *row] for name, row in zip(self.table.index, self.table.itertuples(index=False), strict=True)]
        title = f"{len(self.actual):,} sequences held out"
        return html_table(title, rows, ["", *self.table.columns], [self.verdict, *self.notes])


def verdict(
    estimator: Any, X: Any, y: Any, test: tuple[Any, Any] | None = None, *, check: float = 0.2, random_state: int = 0
) -> Verdict:
    """Compare a sequence estimator with simple methods on held-out sequences.

    Everything is learned and chosen on the training part alone. The methods are the most frequent class (the mean of
    numbers), a linear model of levels, slopes and spectrum, the nearest training sequence in Euclidean distance and by
    dynamic time warping, and a linear model of random convolutions; see `SimpleMethod`.

    Parameters
    ----------
    estimator : SequenceClassifier, SequenceRegressor or SequenceTagger
        A copy is fitted.
    X, y
        As in its ``fit``.
    test : tuple (X, y), optional
        Held-out sequences with their targets; all of X and y is then the training part.
    check : float
        Share of the sequences to hold out, stratified by class.
    random_state : int
        Of the split.

    Returns
    -------
    Verdict

    Raises
    ------
    DataError
        If fewer than two sequences would be held out, or a class has too few sequences for both parts.
    ArgumentError
        If the first argument is not an estimator of sequences, or the share is not between 0 and 1.

    Notes
    -----
    A sequence is held out whole. Where several sequences come from one person or machine, pass others as ``test``.

    Examples
    --------
    >>> from elman import SequenceClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = ["low", "high"] * 15
    >>> X = [rng.normal(1.5 * (name == "high"), 1, 6) for name in y]
    >>> found = verdict(SequenceClassifier(updates=30, random_state=0), X, y)
    >>> found.winner in found.table.index, len(found.actual)
    (True, 6)
    """
    place = place_of("verdict")
    if not isinstance(estimator, SequenceEstimator):
        kinds = "SequenceClassifier, SequenceRegressor or SequenceTagger"
        raise ArgumentError(f"{place}: estimator must be a {kinds}, got {type(estimator).__name__}.")
    estimator._check(place)
    ragged, inputs, targets = estimator._read_pair(place, X, y, None)
    if test is None:
        rows, held = _split(place, None if of_numbers(estimator) else targets, len(ragged), check, random_state)
        known = part_of(X, ragged, rows), _part_of_y(estimator, y, ragged, rows)
        tested, actual = [ragged.sequences[i] for i in held], _chosen(targets, held)
    else:
        rows, known = np.arange(len(ragged)), (X, y)
        others, _, actual = estimator._read_pair(place, *test, inputs)
        tested = others.sequences
    if not of_numbers(estimator):
        class_target(f"{place}: {called('test')}", joined(actual), np.unique(joined(_chosen(targets, rows))))
    if len(tested) < _FEWEST:
        raise DataError(
            f"{place}: a check needs {_FEWEST} held-out sequences, and there is {len(tested)}.",
            Remedy("pass a larger {}", check=...) if test is None else Remedy(f"add sequences to {called('test')}"),
        )
    missing = _left_out(estimator, [ragged.sequences[i] for i in rows], tested)
    methods = (constant_for(estimator), LINEAR, EUCLIDEAN, DTW, CONVOLUTIONS)
    names = [name for name in methods if name not in missing]
    estimators = {MODEL: clone(estimator), **{name: SimpleMethod(name, clone(estimator)) for name in names}}
    predictions = {name: method.fit(*known)._predicted(tested) for name, method in estimators.items()}
    if isinstance(actual, StepTags):
        predictions = {name: actual.of_known(found) for name, found in predictions.items()}
        actual = actual.of_known(actual.steps)
    return _judged(of_numbers(estimator), actual, predictions, estimators, missing)


def _chosen(targets: Any, rows: Array) -> Any:
    """Return the targets of some sequences."""
    return targets.select(rows) if isinstance(targets, StepTags) else targets[rows]


def _split(place: str, classes: Any, count: int, check: float, random_state: int) -> tuple[Array, Array]:
    """Return the rows of training part and held-out part, ascending; one class per sequence is stratified."""
    _check.number_in(place, "check", check, "(0, 1)")
    strata = classes if isinstance(classes, np.ndarray) and classes.ndim == 1 else None
    try:
        parts = train_test_split(np.arange(count), test_size=check, stratify=strata, random_state=random_state)
    except ValueError as error:
        others = [Remedy("name other sequences with {}", test=...)]
        if in_use() is not None:  # a command can do without a check
            others.append(Remedy("make no check with {}", check=0))
        why = too_rare(strata) or _too_few(strata, count, check) or str(error)
        raise DataError(f"{place}: cannot hold out a part for a check: {why}", *others) from None
    return np.sort(parts[0]), np.sort(parts[1])


def _too_few(classes: Array | None, count: int, check: float) -> str | None:
    """Say which part of a split cannot have every class."""
    if classes is None:
        return None
    held, of = int(np.ceil(check * count)), len(np.unique(classes))
    named = f"{setting('check', check)} holds out {held} of {count} sequences"
    if held < of:
        return f"{named}, and there are {of} classes."
    return f"{named}, which leaves fewer than the {of} classes." if count - held < of else None


def _part_of_y(estimator: SequenceEstimator, y: Any, ragged: Ragged, rows: Array) -> Any:
    """Return the targets of some sequences; names of columns and a Series indexed by id serve every part."""
    if isinstance(y, str) or (ragged.rows is not None and (estimator._task().per_step or hasattr(y, "reindex"))):
        return y
    if hasattr(y, "iloc"):
        return y.iloc[rows]
    return [y[i] for i in rows] if isinstance(y, (list, tuple)) else np.asarray(y)[rows]


def _left_out(estimator: SequenceEstimator, known: list[Array], tested: list[Array]) -> dict[str, str]:
    """Return the methods that are not tried, and the reason."""
    if estimator._task().per_step:
        return {
            DTW: "it compares whole sequences, and a tagger predicts steps.",
            CONVOLUTIONS: "it describes whole sequences, and a tagger predicts steps.",
        }
    reasons = {DTW: _no_warping(known, tested), CONVOLUTIONS: too_much(known, tested)}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _no_warping(known: list[Array], tested: list[Array]) -> str | None:
    """Say why sequences are not warped, if they are not."""
    if not installed("dtaidistance"):
        return 'pip install "elman[dtw]" brings what it needs.'
    if (count := cells(tested, known)) > MOST_CELLS:
        return f"it would compare {count:.0e} pairs of steps, more than {MOST_CELLS:.0e}."
    return None


def _judged(
    numbers: bool, actual: Any, predictions: dict[str, Any], estimators: dict[str, Any], missing: dict[str, str]
) -> Verdict:
    """Score all methods and conclude."""
    metric = "R²" if numbers else "accuracy"
    measure = r2_score if numbers else accuracy_score
    scores = {name: float(measure(joined(actual), joined(found))) for name, found in predictions.items()}
    losses = {name: _losses(numbers, actual, found) for name, found in predictions.items()}
    ours = losses[MODEL]
    table = pd.DataFrame(
        {
            metric: scores,
            "better": {name: int((own < ours).sum()) for name, own in losses.items()},
            "worse": {name: int((own > ours).sum()) for name, own in losses.items()},
        }
    )
    simple = max(list(scores)[1:], key=scores.__getitem__)
    table = table.loc[sorted(scores, key=lambda name: (-scores[name], name == MODEL))]
    won, lost = int((losses[simple] > ours).sum()), int((losses[simple] < ours).sum())
    beats, sentence = conclude(simple, metric, scores[MODEL], scores[simple], won, lost, len(actual))
    winner = MODEL if scores[MODEL] > scores[simple] and not _equal(scores[MODEL], scores[simple]) else simple
    return Verdict(table, metric, simple, beats, winner, sentence, missing, actual, predictions, estimators)


def _losses(numbers: bool, actual: Any, predicted: Any) -> Array:
    """Return one loss per sequence: share of wrong steps or 1 for a wrong class, or a squared error."""
    if isinstance(actual, list):
        pairs = zip(actual, predicted, strict=True)
        return np.array([_losses(numbers, *pair).mean() if len(pair[0]) else 0.0 for pair in pairs])
    if not numbers:
        wrong: Array = (actual != predicted).reshape(len(actual), -1).any(axis=1).astype(float)
        return wrong
    squares: Array = ((actual - predicted) ** 2).reshape(len(actual), -1).mean(axis=1)
    return squares


def _equal(one: float, other: float) -> bool:
    """Return whether two scores are printed alike."""
    return f"{one:.3f}" == f"{other:.3f}"


def conclude(simple: str, metric: str, ours: float, theirs: float, won: int, lost: int, of: int) -> tuple[bool, str]:
    """Compare Elman with the best simple method.

    Parameters
    ----------
    simple, metric : str
        Names of the method and of the score.
    ours, theirs : float
        Scores; higher is better.
    won, lost, of : int
        Held-out sequences where Elman is better, where it is worse, and all.

    Returns
    -------
    beats : bool
        Whether Elman's score is higher by more than chance.
    sentence : str

    Examples
    --------
    >>> conclude("mean", "R²", 0.5, 0.5, won=3, lost=3, of=9)[1]
    'Elman and mean, the best simple method, are equal (R² 0.500; better on 3 of 9 held-out sequences, worse on 3).'
    >>> conclude("linear", "accuracy", 0.9, 0.8, won=12, lost=2, of=100)[0]
    True
    >>> conclude("linear", "accuracy", 0.9, 0.8, won=2, lost=0, of=20)[0]
    False
    """
    from scipy.stats import binomtest  # takes long to import

    figures = f"{metric} {ours:.3f} against {theirs:.3f}"
    where = f"better on {won} of {of} held-out sequences, worse on {lost}"
    if _equal(ours, theirs):
        return False, f"Elman and {simple}, the best simple method, are equal ({metric} {ours:.3f}; {where})."
    if ours < theirs:
        return False, f"Elman is not better than {simple} ({figures}; {where}): {simple} is the choice."
    if won > lost and binomtest(won, won + lost).pvalue <= _CHANCE:
        return True, f"Elman beats {simple}, the best simple method: {figures}, {where}."
    return False, (
        f"Elman's {metric} is higher than that of {simple}, the best simple method ({figures}), but it is {where}: "
        "not a clear win."
    )
