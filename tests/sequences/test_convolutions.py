"""Random convolutions: features by hand, and ridge regression on them for sequences of any length."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from elman import ArgumentError, SequenceClassifier, SequenceRegressor
from elman.sequences import SimpleMethod, verdict
from elman.sequences.convolutions import Kernels, convolved, random_kernels
from sequences.small import QUICK, labels, ragged


def hidden_peaks(count: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    """Return noise with a peak up and one down, in this order or the other, anywhere."""
    rng = np.random.default_rng(seed)
    X = [rng.normal(0, 0.3, int(length)) for length in rng.integers(90, 120, count)]
    for i, x in enumerate(X):
        at, sign = int(rng.integers(0, 80)), 1 if i % 2 else -1
        x[at], x[at + 3] = sign, -sign
    return X, ["up" if i % 2 else "down" for i in range(count)]


def by_definition(x: np.ndarray, kernels: Kernels) -> np.ndarray:
    """Return the responses (T, K), term by term."""
    found = np.tile(kernels.b, (len(x), 1))
    for t in range(len(x)):
        for i in range(11):
            if 0 <= (at := t + (i - 5) * kernels.dilation) < len(x):
                found[t] += x[at] @ kernels.W[i]
    return found


def test_a_tiny_kernel_by_hand() -> None:
    W = np.zeros((11, 2, 2))
    W[[4, 6], 0, 0] = [-1.0, 2.0]  # −x(t − 2) + 2 x(t + 2) of the first channel
    W[5, 1, 1] = 3.0
    x = np.array([[1.0, 0.0], [2.0, -1.0], [4.0, 0.5], [0.5, 0.0], [3.0, 2.0]])
    # responses less 1: 8 − 1, 1 − 1, −1 + 6 − 1, −2 − 1, −4 − 1; and 3 times the second channel less 1.5
    found = convolved([x, np.zeros((1, 2))], [Kernels(2, W, np.array([-1.0, -1.5]))])
    assert found.tolist() == [[7.0, 4.5, 0.4, 0.2], [-1.0, -1.5, 0.0, 0.0]]


def test_features_are_those_of_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = random_kernels(length=30, channels=3)
    assert [own.dilation for own in kernels] == [1, 2, 4] and sum(len(own.b) for own in kernels) == 500
    sequences = ragged(6, channels=3, longest=40)
    wanted = [np.concatenate([by_definition(x, own) for own in kernels], axis=1) for x in sequences]
    found = convolved(sequences, kernels)
    np.testing.assert_allclose(found[:, :500], [own.max(axis=0) for own in wanted], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[:, 500:], [(own > 0).mean(axis=0) for own in wanted], atol=1e-12)
    monkeypatch.setattr("elman.sequences.convolutions._BLOCK", 5 * 250)
    np.testing.assert_allclose(convolved(sequences, kernels), found, rtol=1e-12, atol=1e-12)


def test_the_kernels_never_change() -> None:
    """The files of fitted methods rely on it."""
    first, second = random_kernels(length=13, channels=2)
    W = np.concatenate([first.W, second.W], axis=2)
    assert W.shape == (11, 2, 500) and np.abs(W.sum(axis=0)).max() < 1e-12
    taps, channels = (np.abs(W).max(axis=1) > 0).sum(axis=0), (np.abs(W).max(axis=0) > 0).sum(axis=0)
    assert np.unique(taps).tolist() == [7, 9, 11] and np.unique(channels).tolist() == [1, 2]
    wanted = [2.3032089172052572, -0.6107553481258177, -7.942314808069938, 0.5872371870721771]
    np.testing.assert_allclose([W[5, :, 0].sum(), first.b[0], W[3].sum(), second.b[-1]], wanted, rtol=1e-12)


def test_the_order_of_two_peaks_anywhere_is_found() -> None:
    X, y = hidden_peaks(40, seed=0)
    other, wanted = hidden_peaks(40, seed=1)
    found = verdict(SequenceClassifier(**QUICK), X, y, (other, wanted))
    assert found.winner == "convolutions" and found.table.loc["convolutions", "accuracy"] > 0.9
    assert found.table["accuracy"].iloc[1] < 0.8


def test_numbers_that_only_a_local_shape_tells() -> None:
    rng = np.random.default_rng(0)
    X = [rng.normal(size=int(length)) for length in rng.integers(30, 50, 90)]
    y = np.array([np.max(np.diff(x, 2)) for x in X])
    scores = {
        name: SimpleMethod(name, SequenceRegressor()).fit(X[:60], y[:60]).score(X[60:], y[60:])
        for name in ("linear", "convolutions")
    }
    assert scores["convolutions"] > scores["linear"] + 0.1


def test_predictions_depend_neither_on_neighbours_nor_on_threads() -> None:
    X, other = ragged(300), [*ragged(20, seed=1), np.full((9, 2), 3.0), np.zeros((1, 2))]
    y = np.arange(600.0).reshape(300, 2) % 7
    with threadpool_limits(1, user_api="blas"):
        model = SimpleMethod("convolutions", SequenceRegressor()).fit(X, y)
    whole = model.predict(other)
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(np.concatenate([model.predict([x]) for x in other]), whole)
    with threadpool_limits(2, user_api="blas"):
        again = SimpleMethod("convolutions", SequenceRegressor()).fit(X, y)
    np.testing.assert_array_equal(again.predict(other), whole)


@pytest.mark.parametrize("X", [np.ones((12, 5, 1)), np.zeros((12, 1, 3)), np.arange(12.0).reshape(12, 1, 1)])
def test_constant_and_single_steps(X: np.ndarray) -> None:
    model = SimpleMethod("convolutions", SequenceClassifier()).fit(X.astype(np.float32), labels(12))
    assert set(model.predict(X)) <= {"a", "b", "c"}
    assert np.isfinite(np.concatenate([array.ravel() for array in model.to_arrays()[0].values()])).all()


def test_what_would_take_too_much_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = hidden_peaks(20, seed=0)
    for name, reason in {
        "_MOST_SEQUENCES": "it would learn from 16 sequences, more than 10.",
        "_MOST_VALUES": "it would read 2e+03 values, more than 1e+01.",
        "MOST_CHANNELS": "it reads at most 0 channels.",
    }.items():
        with monkeypatch.context() as patch:
            patch.setattr(f"elman.sequences.convolutions.{name}", 0 if name == "MOST_CHANNELS" else 10)
            assert verdict(SequenceClassifier(**QUICK), X, y).missing == {"convolutions": reason}
    with pytest.raises(ArgumentError, match="convolutions: 1,001 channels are more than 1,000"):
        SimpleMethod("convolutions", SequenceClassifier()).fit(np.zeros((2, 1002, 1001)), ["a", "b"])
