"""Generators of long-memory tasks from the literature.

Every function uses ``numpy.random.default_rng(seed)``: the same arguments give the same data.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check

__all__ = ["SYMBOLS", "adding", "adding_1997", "copy", "multiplication", "temporal_order"]

Array = npt.NDArray[Any]

SYMBOLS = ("a", "b", "c", "d", "E", "B", "X", "Y")  # of the temporal order tasks, in the order of the channels
_START, _TRIGGER, _X = 4, 5, 6
_POSITIONS = {2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))}  # of the relevant symbols, ends included
_CLASSES = {2: ("Q", "R", "S", "U"), 3: ("Q", "R", "S", "U", "V", "A", "B", "C")}


def adding(count: int, length: int, seed: int = 0) -> tuple[Array, Array]:
    """Generate the adding problem in its current form: the sum of two marked numbers.

    The first channel holds numbers from U[0, 1], the second is 1 at two different steps and 0 elsewhere. The constant
    answer 1 has a mean squared error of 1/6.

    Parameters
    ----------
    count : int
        Sequences, N.
    length : int
        Steps of each, T, at least 2.
    seed : int
        Seed of the data.

    Returns
    -------
    X : ndarray (N, T, 2), float64
    y : ndarray (N,), float64
        Sum of the two marked numbers.

    References
    ----------
    Bai, Kolter & Koltun (2018), An empirical evaluation of generic convolutional and recurrent networks for sequence
    modeling. arXiv 1803.01271.

    Examples
    --------
    >>> X, y = adding(count=3, length=5)
    >>> X[:, :, 1].sum(axis=1), bool(np.allclose((X[:, :, 0] * X[:, :, 1]).sum(axis=1), y))
    (array([2., 2., 2.]), True)
    """
    count = _check.positive_integer("adding", "count", count)
    length = _check.integer("adding", "length", length, 2)
    rng = np.random.default_rng(seed)
    X = np.stack([rng.random((count, length)), np.zeros((count, length))], axis=2)
    marked = rng.permuted(np.tile(np.arange(length), (count, 1)), axis=1)[:, :2]
    np.put_along_axis(X[:, :, 1], marked, 1.0, axis=1)
    return X, np.take_along_axis(X[:, :, 0], marked, axis=1).sum(axis=1)


def adding_1997(count: int, length: int, seed: int = 0) -> tuple[list[Array], Array]:
    """Generate the adding problem in its original form (experiment 4).

    Sequences have T to T + T/10 steps. The first channel holds numbers from U[-1, 1]. The second channel is 1 at one of
    the first ten steps (its number is X1) and at another of the first T/2 - 1 steps (X2), -1 at the first and last
    step, and 0 elsewhere. If the first step is marked, its number is 0. An answer is correct if its error is below
    0.04.

    Parameters
    ----------
    count : int
        Sequences, N.
    length : int
        Shortest length, T, at least 24 so that the first ten steps lie in the first T/2 - 1.
    seed : int
        Seed of the data.

    Returns
    -------
    X : list of ndarray (T_i, 2), float64
    y : ndarray (N,), float64
        ``0.5 + (X1 + X2) / 4``.

    References
    ----------
    Hochreiter & Schmidhuber (1997), Long short-term memory. Neural Computation 9(8), section 5.4.

    Examples
    --------
    >>> X, y = adding_1997(count=2, length=100)
    >>> all(100 <= len(x) <= 110 for x in X), bool(((0 <= y) & (y <= 1)).all())
    (True, True)
    """
    X, pairs = _marked_1997("adding_1997", count, length, seed, low=-1.0, first=0.0)
    return X, 0.5 + pairs.sum(axis=1) / 4


def multiplication(count: int, length: int, seed: int = 0) -> tuple[list[Array], Array]:
    """Generate the multiplication problem (experiment 5): `adding_1997` with a product.

    Numbers come from U[0, 1]; if the first step is marked, its number is 1. The answer is X1·X2.

    Parameters
    ----------
    count : int
        Sequences, N.
    length : int
        Shortest length, T, at least 24.
    seed : int
        Seed of the data.

    Returns
    -------
    X : list of ndarray (T_i, 2), float64
    y : ndarray (N,), float64

    References
    ----------
    Hochreiter & Schmidhuber (1997), Long short-term memory. Neural Computation 9(8), section 5.5.

    Examples
    --------
    >>> X, y = multiplication(count=2, length=100)
    >>> bool(((0 <= y) & (y <= 1)).all())
    True
    """
    X, pairs = _marked_1997("multiplication", count, length, seed, low=0.0, first=1.0)
    return X, pairs.prod(axis=1)


def _marked_1997(place: str, count: int, length: int, seed: int, low: float, first: float) -> tuple[list[Array], Array]:
    """Generate sequences of numbers from U[low, 1] with two marks; return them and the two numbers (N, 2)."""
    count = _check.positive_integer(place, "count", count)
    length = _check.integer(place, "length", length, 24)
    rng = np.random.default_rng(seed)
    X, pairs = [], np.empty((count, 2))
    for i, steps in enumerate(rng.integers(length, length + length // 10 + 1, count)):
        x = np.stack([rng.uniform(low, 1.0, steps), np.zeros(steps)], axis=1)
        one = int(rng.integers(10))
        two = int(rng.integers(length // 2 - 1))
        two += two >= one  # skip the first mark
        pairs[i] = first if one == 0 else x[one, 0], x[two, 0]
        if one == 0:
            x[0, 0] = first
        if two == 0:
            pairs[i, 1] = x[0, 0] = first
        x[[0, -1], 1] = -1.0
        x[[one, two], 1] = 1.0
        X.append(x)
    return X, pairs


def temporal_order(count: int, symbols: int = 2, seed: int = 0) -> tuple[list[Array], Array]:
    """Generate the temporal order task (experiments 6a and 6b): the class is the order of the symbols X and Y.

    Sequences of 100 to 110 symbols start with E, end with B, and consist of a, b, c, d, except for two symbols (6a) or
    three (6b) that are X or Y, at steps 10-20 and 50-60 (10-20, 33-43 and 66-76) counted from 0. They determine
    the class: XX, XY, YX, YY are Q, R, S, U; XXX, XXY, XYX, XYY, YXX, YXY, YYX, YYY are Q, R, S, U, V, A, B, C.

    Parameters
    ----------
    count : int
        Sequences, N.
    symbols : {2, 3}
        Number of relevant symbols: 2 is 6a, 3 is 6b.
    seed : int
        Seed of the data.

    Returns
    -------
    X : list of ndarray (T_i, 8), float64
        One channel per symbol, in the order of `SYMBOLS`.
    y : ndarray of str (N,)

    References
    ----------
    Hochreiter & Schmidhuber (1997), Long short-term memory. Neural Computation 9(8), section 5.6.

    Examples
    --------
    >>> X, y = temporal_order(count=1)
    >>> text = "".join(SYMBOLS[j] for j in X[0].argmax(axis=1))
    >>> text[0], text[-1], sum(text.count(symbol) for symbol in "XY")
    ('E', 'B', 2)
    """
    count = _check.positive_integer("temporal_order", "count", count)
    symbols = _check.integer("temporal_order", "symbols", symbols, 2, 3)
    rng = np.random.default_rng(seed)
    X, classes = [], []
    for steps in rng.integers(100, 111, count):
        text = rng.integers(0, 4, steps)
        text[0], text[-1] = _START, _TRIGGER
        which = rng.integers(0, 2, symbols)
        for (low, high), symbol in zip(_POSITIONS[symbols], which, strict=True):
            text[rng.integers(low, high + 1)] = _X + symbol
        X.append(np.eye(len(SYMBOLS))[text])
        classes.append(_CLASSES[symbols][int(which @ 2 ** np.arange(symbols)[::-1])])
    return X, np.array(classes)


def copy(count: int, delay: int, symbols: int = 10, seed: int = 0) -> tuple[Array, Array]:
    """Generate the copy memory task: repeat ten digits after a delay.

    The input has T + 20 steps: ten digits from 1 … 8, T - 1 zeros, and eleven nines, the first of which requests the
    digits. The answer is 0 at every step except the last ten, which repeat the digits.

    Parameters
    ----------
    count : int
        Sequences, N.
    delay : int
        T, at least 1.
    symbols : int
        Digits to remember, ten in the literature.
    seed : int
        Seed of the data.

    Returns
    -------
    X : ndarray of int (N, T + 20)
        Digits 0 … 9, for an embedding or one-hot vectors.
    y : ndarray of int (N, T + 20)
        Digits 0 … 8.

    References
    ----------
    Hochreiter & Schmidhuber (1997); Arjovsky, Shah & Bengio (2016); in this form Bai, Kolter & Koltun (2018).

    Examples
    --------
    >>> X, y = copy(count=1, delay=3, symbols=2)
    >>> X[0].tolist(), y[0].tolist()
    ([7, 6, 0, 0, 9, 9, 9], [0, 0, 0, 0, 0, 7, 6])
    """
    count = _check.positive_integer("copy", "count", count)
    delay = _check.positive_integer("copy", "delay", delay)
    symbols = _check.positive_integer("copy", "symbols", symbols)
    digits = np.random.default_rng(seed).integers(1, 9, (count, symbols))
    X = np.concatenate([digits, np.zeros((count, delay - 1), np.int64), np.full((count, symbols + 1), 9)], axis=1)
    return X, np.concatenate([np.zeros((count, delay + symbols), np.int64), digits], axis=1)
