"""`verdict`: simple methods beside the network, on sequences that none of them has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman import ArgumentError, DataError, SequenceClassifier, SequenceRegressor, SequenceTagger
from elman.sequences import SimpleMethod, verdict
from elman.sequences.nearest import NearestWarped
from elman.sequences.verdicts import conclude
from sequences.small import QUICK, long_frame

METHODS = ["most frequent", "linear", "1-NN Euclidean", "1-NN DTW"]


def shifted_peaks(count: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    """Return a peak up or a peak down at a random place: warping aligns the places, the plain distance does not."""
    rng = np.random.default_rng(seed)
    X = []
    for i in range(count):
        x = rng.normal(0, 0.05, 120)
        x[(at := int(rng.integers(50, 62)))] += 1 if i % 2 else -1
        x[at + 2] += -1 if i % 2 else 1
        X.append(x)
    return X, ["down", "up"] * (count // 2)


def warped_by_hand(a: np.ndarray, b: np.ndarray, band: int) -> float:
    """Return the warped distance by its recurrence."""
    table = np.full((len(a) + 1, len(b) + 1), np.inf)
    table[0, 0] = 0.0
    longer, shorter = max(0, len(b) - len(a)), max(0, len(a) - len(b))
    for i in range(len(a)):
        for j in range(max(0, i - band - shorter), min(len(b), i + band + longer + 1)):
            before = min(table[i, j], table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = ((a[i] - b[j]) ** 2).sum() + before
    return float(np.sqrt(table[-1, -1]))


def test_the_nearest_by_warping_is_that_of_the_recurrence() -> None:
    rng = np.random.default_rng(0)
    known = [rng.normal(size=(int(length), 2)) for length in rng.integers(1, 30, 20)]
    known += known[:3]  # equal distances: the first counts
    others = [rng.normal(size=(int(length), 2)) for length in rng.integers(1, 35, 15)] + known[:3]
    model = NearestWarped("test").fit(known, np.arange(len(known)))
    wanted = [int(np.argmin([warped_by_hand(x, own, model.band) for own in known])) for x in others]
    assert model.predict(others).tolist() == wanted
    assert wanted[-3:] == [0, 1, 2]


def test_warping_finds_what_the_plain_distance_misses() -> None:
    X, y = shifted_peaks(12, seed=0)
    other, wanted = shifted_peaks(40, seed=1)
    scores = {name: SimpleMethod(name, SequenceClassifier()).fit(X, y).score(other, wanted) for name in METHODS}
    assert scores["most frequent"] == 0.5 and scores["1-NN DTW"] == 1.0 and scores["1-NN Euclidean"] < 0.95


def test_the_linear_model_reads_level_slope_and_frequency() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(20, 60, 90)
    level, slope = rng.normal(size=90), rng.normal(size=90)
    X = [a + b * np.linspace(-1, 1, n) + rng.normal(0, 0.1, n) for a, b, n in zip(level, slope, lengths, strict=True)]
    both = np.stack([level, slope], axis=1)
    model = SimpleMethod("linear", SequenceRegressor()).fit(X[:60], both[:60])
    assert model.score(X[60:], both[60:]) > 0.95
    waves = [np.sin(f * np.arange(n) + p) for f, n, p in zip([0.3, 0.9, 2.5] * 30, lengths, level, strict=True)]
    model = SimpleMethod("linear", SequenceClassifier()).fit(waves[:60], ["slow", "middle", "fast"] * 20)
    assert model.score(waves[60:], ["slow", "middle", "fast"] * 10) == 1.0
    assert model.classes_.tolist() == ["fast", "middle", "slow"]


def test_the_verdict_names_the_winner_and_hands_it_over() -> None:
    X, y = shifted_peaks(12, seed=0)
    other, wanted = shifted_peaks(40, seed=1)
    found = verdict(SequenceClassifier(**QUICK), X, y, (other, wanted))
    assert (found.winner, found.simple, found.beats, found.metric) == ("1-NN DTW", "1-NN DTW", False, "accuracy")
    assert found.table.index[0] == "1-NN DTW" and found.table.loc["1-NN DTW", "accuracy"] == 1.0
    assert found.best.predict(other).tolist() == wanted == found.predictions["1-NN DTW"].tolist()
    better = int((found.predictions["Elman"] != np.array(wanted)).sum())
    assert found.table.loc["1-NN DTW", ["better", "worse"]].tolist() == [better, 0]
    assert found.verdict.endswith(
        f"; better on 0 of 40 held-out sequences, worse on {better}): 1-NN DTW is the choice."
    )
    assert repr(found).endswith(found.verdict) and found.verdict in found._repr_html_()
    again = found.best.fit(X + other, y + wanted)  # an estimator like any other
    assert again.score(other, wanted) == 1.0


def test_every_form_of_the_same_sequences_gives_the_same_verdict() -> None:
    rng = np.random.default_rng(0)
    y = [["a", "b", "c"][i % 3] for i in range(30)]
    X = [rng.normal(ord(name), 2.0, (5, 2)) for name in y]
    frame = long_frame(X, kind=y)
    order = rng.permutation(len(frame))
    mixed = frame.iloc[np.sort(order)].reset_index(drop=True)
    forms: list[tuple[Any, Any]] = [
        (X, y),
        (np.stack(X), np.array(y)),
        (mixed, "kind"),
        (frame.drop(columns="kind"), y),
        (frame.drop(columns="kind"), pd.Series(y, [f"s{i}" for i in range(30)])[::-1]),
        (pl.DataFrame({name: frame[name].tolist() for name in frame}), "kind"),
    ]
    found = [verdict(SequenceClassifier(**QUICK), *form) for form in forms]
    assert [len(own.actual) for own in found] == [6] * 6
    assert sorted(found[0].actual) == ["a", "a", "b", "b", "c", "c"]  # stratified
    for own in found[1:]:
        assert own.table.equals(found[0].table) and own.verdict == found[0].verdict


def test_the_held_out_targets_have_no_influence_on_what_is_learned() -> None:
    X, y = shifted_peaks(40, seed=0)
    other, wanted = shifted_peaks(10, seed=1)
    one = verdict(SequenceClassifier(**QUICK), X, y, (other, wanted))
    two = verdict(SequenceClassifier(**QUICK), X, y, (other, wanted[::-1]))
    assert all(np.array_equal(one.predictions[name], two.predictions[name]) for name in one.predictions)


def test_steps_and_numbers() -> None:
    rng = np.random.default_rng(0)
    X = [rng.normal(size=int(length)) for length in rng.integers(5, 15, 40)]
    tags = [(x > 0).astype(int) for x in X]
    found = verdict(SequenceTagger(**QUICK), X, tags)
    assert found.missing == {
        "1-NN DTW": "it compares whole sequences, and a tagger predicts steps.",
        "convolutions": "it describes whole sequences, and a tagger predicts steps.",
    }
    assert found.table.loc["linear", "accuracy"] > 0.9 and found.winner == "linear"
    assert [len(own) for own in found.actual] == [len(own) for own in found.predictions["linear"]]
    labels = [np.stack([own, 1 - own], axis=1) for own in tags]
    assert verdict(SequenceTagger(target="labels", **QUICK), X, labels).table.loc["linear", "accuracy"] > 0.9
    found = verdict(SequenceTagger(target="numbers", **QUICK), X, [2 * x for x in X])
    assert found.metric == "R²" and found.table.loc["linear", "R²"] > 0.999 and "mean" in found.table.index
    found = verdict(SequenceRegressor(**QUICK), X, [x.mean() for x in X])
    assert found.table.loc["linear", "R²"] > 0.9 and found.table.loc["mean", "R²"] < 0.1
    frame = long_frame([x[:, None] for x in X]).assign(tag=np.concatenate(tags))
    by_frame = verdict(SequenceTagger(**QUICK), frame, "tag")
    assert by_frame.table.equals(verdict(SequenceTagger(**QUICK), X, tags).table)
    simple = SimpleMethod("linear", SequenceTagger()).fit(frame, "tag")
    assert simple.predict(frame.drop(columns="tag")).shape == (len(frame),)


def test_a_bidirectional_tagger_is_compared_with_methods_that_look_ahead() -> None:
    rng = np.random.default_rng(0)
    X = [rng.normal(size=12) for _ in range(30)]
    ahead = [np.append(x[1:], x[-1]) > 0 for x in X]
    scores = [
        SimpleMethod("linear", SequenceTagger(bidirectional=both)).fit(X[:20], ahead[:20]).score(X[20:], ahead[20:])
        for both in (False, True)
    ]
    assert scores[0] < 0.7 and scores[1] > 0.9


def test_without_the_package_the_verdict_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elman.sequences.verdicts.installed", lambda package: False)
    X, y = shifted_peaks(20, seed=0)
    found = verdict(SequenceClassifier(**QUICK), X, y)
    assert found.notes == ['1-NN DTW was not tried: pip install "elman[dtw]" brings what it needs.']
    assert repr(found).endswith(found.notes[0]) and "1-NN DTW" not in found.table.index


def test_a_comparison_that_would_take_hours_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elman.sequences.verdicts.MOST_CELLS", 1e4)
    found = verdict(SequenceClassifier(**QUICK), *shifted_peaks(20, seed=0))
    assert found.missing == {"1-NN DTW": "it would compare 2e+05 pairs of steps, more than 1e+04."}


@pytest.mark.parametrize(
    ("ours", "theirs", "won", "lost", "beats", "sentence"),
    [
        (0.9, 0.8, 9, 1, True, "Elman beats linear, the best simple method: accuracy 0.900 against 0.800, better on 9"),
        (0.9, 0.8, 8, 2, False, "Elman's accuracy is higher than that of linear, the best simple method (0.9"),
        (0.8, 0.9, 1, 9, False, "Elman is not better than linear (accuracy 0.800 against 0.900; better on 1 of 50"),
        (0.80001, 0.8, 9, 1, False, "Elman and linear, the best simple method, are equal (accuracy 0.800; better"),
    ],
)
def test_the_sentence(ours: float, theirs: float, won: int, lost: int, beats: bool, sentence: str) -> None:
    found = conclude("linear", "accuracy", ours, theirs, won, lost, of=50)
    assert found[0] is beats and found[1].startswith(sentence.replace("(0.9", "(accuracy 0.9"))


WRONG: dict[str, tuple[Any, str]] = {
    "no estimator": (
        lambda X, y: verdict("linear", X, y),
        "verdict: estimator must be a SequenceClassifier, SequenceRegressor or SequenceTagger, got str.",
    ),
    "share": (
        lambda X, y: verdict(SequenceClassifier(), X, y, check=1.5),
        "verdict: check must be a number in (0, 1), got 1.5.",
    ),
    "unknown class": (
        lambda X, y: verdict(SequenceClassifier(), X, y, (X[:2], ["up", "over"])),
        "verdict: test: y has the class 'over', which is not among the classes ['down', 'up'].",
    ),
    "one sequence": (
        lambda X, y: verdict(SequenceClassifier(), X, y, (X[:1], y[:1])),
        "verdict: a check needs 2 held-out sequences, and there is 1. Add sequences to test.",
    ),
    "method": (
        lambda X, y: SimpleMethod("1-NN DTW", SequenceTagger()).fit(X, [np.zeros(120)] * 20),
        "SimpleMethod.fit: method must be one of 'most frequent', 'linear', '1-NN Euclidean', got '1-NN DTW'.",
    ),
    "like": (
        lambda X, y: SimpleMethod("linear", None).fit(X, y),
        "SimpleMethod.fit: like must be a SequenceClassifier, SequenceRegressor or SequenceTagger, got NoneType.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments(case: str) -> None:
    call, message = WRONG[case]
    with pytest.raises((ArgumentError, DataError)) as error:
        call(*shifted_peaks(20, seed=0))
    assert str(error.value).startswith(message)
