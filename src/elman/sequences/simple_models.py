"""What simple methods learn, as arrays: a mean, a linear map, or the training part itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from elman.errors import FileFormatError, ShapeError
from elman.estimators import one_thread
from elman.persistence.models import check_names
from elman.sequences.convolutions import KERNELS, convolved, random_kernels
from elman.sequences.nearest import NearestWarped

__all__ = ["PREFIX", "Constant", "Convolved", "Linear", "Nearest", "SimpleModel", "Warped", "arrays_of", "of_arrays"]

Array = npt.NDArray[Any]

PREFIX = "model."  # of the names of arrays in a file
_LARGEST, _LEAST_SCALE = float(np.finfo(np.float32).max), 1e-100  # outputs stay finite
_INTEGERS = {"length", "lengths"}  # names of arrays of int64
_STRENGTHS = np.logspace(-3, 5, 17)  # of the linear model's penalty; chosen by leaving out one row at a time


class SimpleModel(Protocol):
    """Learned from rows of numbers, or from sequences, and targets (n, K); gives outputs (n, K).

    The targets are numbers, or 1 for a class or label and -1 for the others, so outputs are read as a network's.
    """

    @classmethod
    def learned(cls, rows: Any, y: Array) -> Self:
        """Learn from the training part."""

    def outputs(self, rows: Any) -> Array:
        """Return the outputs for each of the rows or sequences."""


@dataclass(frozen=True)
class Constant:
    """The mean of the training targets: of classes, the largest is that of the most frequent.

    Parameters
    ----------
    y : ndarray (1, K)
        The mean.

    Examples
    --------
    >>> Constant.learned(np.zeros((3, 1)), np.array([[1.0], [1.0], [-1.0]])).outputs(np.zeros((1, 1))).round(2)
    array([[0.33]])
    """

    y: Array

    @classmethod
    def learned(cls, rows: Any, y: Array) -> Self:
        """Compute the mean."""
        return cls(y.mean(axis=0, keepdims=True))

    def outputs(self, rows: Any) -> Array:
        """Repeat the mean."""
        return np.repeat(self.y, len(rows), axis=0)


@dataclass(frozen=True)
class Linear:
    """Ridge regression on standardised rows: ``(rows - center) / scale @ W + b``.

    Parameters
    ----------
    center, scale : ndarray (F,)
        Mean and standard deviation of the training rows.
    W : ndarray (F, K)
        Weights.
    b : ndarray (K,)
        Outputs at the mean.

    Examples
    --------
    >>> rows = np.arange(6.0)[:, None]
    >>> Linear.learned(rows, 2 * rows + 1).outputs(np.array([[10.0]])).round(1)
    array([[21.]])
    """

    center: Array
    scale: Array
    W: Array
    b: Array

    @classmethod
    def learned(cls, rows: Any, y: Array) -> Self:
        """Solve for the weights, with the penalty whose error is smallest if each row is left out in turn."""
        from sklearn.linear_model import RidgeCV  # both take long to import
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(rows)
        ridge = RidgeCV(_STRENGTHS).fit(scaler.transform(rows), y)
        size = y.shape[1]
        return cls(scaler.mean_, scaler.scale_, ridge.coef_.reshape(size, -1).T, ridge.intercept_.reshape(size))

    def outputs(self, rows: Any) -> Array:
        """Apply the map."""
        found: Array = (rows - self.center) / self.scale @ self.W + self.b
        return found


@dataclass(frozen=True)
class Convolved(Linear):
    """Ridge regression on features of random convolutions, which are drawn anew from the usual length.

    Linear algebra runs on one thread and on one sequence at a time, so outputs do not depend on threads or neighbours.

    Parameters
    ----------
    center, scale, W, b : ndarray
        As in `Linear`, of 1,000 features.
    length : ndarray of int (1,)
        Median length of the training sequences.

    Examples
    --------
    >>> waves = [np.sin(f * np.arange(20.0))[:, None] for f in (0.5, 0.6, 2.0, 2.1)]
    >>> model = Convolved.learned(waves, np.array([[-1.0], [-1.0], [1.0], [1.0]]))
    >>> np.sign(model.outputs([np.cos(0.55 * np.arange(30.0))[:, None], np.cos(2.05 * np.arange(15.0))[:, None]]))
    array([[-1.],
           [ 1.]])
    """

    length: Array

    def __post_init__(self) -> None:
        whole = self.length.shape == (1,) and self.length[0] >= 1
        if not whole or not self.center.shape == self.scale.shape == self.W.shape[:1] == (2 * KERNELS,):
            raise ShapeError("Convolved: the arrays are not those of the kernels.")

    @classmethod
    def learned(cls, rows: Any, y: Array) -> Self:
        """Solve for the weights."""
        length = int(np.median([len(sequence) for sequence in rows]))
        kernels = random_kernels(length, rows[0].shape[1])
        with one_thread():
            linear = Linear.learned(convolved(rows, kernels), y)
        return cls(linear.center, linear.scale, linear.W, linear.b, np.array([length]))

    def outputs(self, rows: Any) -> Array:
        """Apply the map to the features."""
        kernels = random_kernels(int(self.length[0]), rows[0].shape[1])
        with one_thread():
            found = convolved(rows, kernels)
            return np.concatenate([Linear.outputs(self, row[np.newaxis]) for row in found])


@dataclass(frozen=True)
class Nearest:
    """The target of the nearest training row.

    Parameters
    ----------
    rows : ndarray (n, F)
        Of the training part.
    y : ndarray (n, K)
        Their targets.

    Examples
    --------
    >>> Nearest.learned(np.array([[0.0], [9.0]]), np.array([[-1.0], [1.0]])).outputs(np.array([[6.0]]))
    array([[1.]])
    """

    rows: Array
    y: Array

    @classmethod
    def learned(cls, rows: Array, y: Array) -> Self:
        """Keep the training part."""
        return cls(rows, y)

    def outputs(self, rows: Array) -> Array:
        """Find the nearest row of each."""
        from sklearn.neighbors import NearestNeighbors  # takes long to import

        search = NearestNeighbors(n_neighbors=1).fit(self.rows)
        found: Array = self.y[search.kneighbors(rows, return_distance=False)[:, 0]]
        return found


@dataclass(frozen=True)
class Warped:
    """The target of the nearest training sequence by dynamic time warping.

    Parameters
    ----------
    steps : ndarray (T_1 + … + T_n, D)
        The training sequences, one after the other.
    lengths : ndarray of int (n,)
        Steps of each.
    y : ndarray (n, K)
        Their targets.

    Examples
    --------
    >>> model = Warped.learned([np.zeros((2, 1)), np.ones((3, 1))], np.array([[-1.0], [1.0]]))
    >>> model.outputs([np.full((4, 1), 0.9)])
    array([[1.]])
    """

    steps: Array
    lengths: Array
    y: Array

    def __post_init__(self) -> None:
        whole = self.steps.ndim == 2 and self.lengths.min(initial=1) >= 1 and self.lengths.sum() == len(self.steps)
        if not whole or self.lengths.shape != self.y.shape[:1]:
            raise ShapeError("Warped: steps, lengths and y do not fit.")

    @classmethod
    def learned(cls, rows: Sequence[Array], y: Array) -> Self:
        """Keep the training part."""
        return cls(np.concatenate(rows), np.array([len(sequence) for sequence in rows]), y)

    def outputs(self, rows: Sequence[Array]) -> Array:
        """Find the nearest sequence of each."""
        known = np.split(self.steps, np.cumsum(self.lengths)[:-1])
        return NearestWarped("SimpleMethod").fit(known, self.y).predict(rows)


def arrays_of(model: SimpleModel) -> dict[str, Array]:
    """Return the fields of a model by name."""
    return {f"{PREFIX}{each.name}": getattr(model, each.name) for each in fields(model)}  # type: ignore[arg-type]


def of_arrays(kind: type[SimpleModel], arrays: dict[str, Array]) -> SimpleModel:
    """Rebuild a model from `arrays_of`.

    Raises
    ------
    FileFormatError
        If an array is missing, unknown, of a wrong type or not finite.

    Examples
    --------
    >>> of_arrays(Constant, {"model.y": np.zeros((1, 2))}).outputs(np.zeros((3, 1))).shape
    (3, 2)
    """
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    check_names("arrays", set(arrays), {PREFIX + name for name in names})
    own = {name: arrays[PREFIX + name] for name in names}
    for name, array in own.items():
        if array.dtype != (np.int64 if name in _INTEGERS else np.float64) or not (np.abs(array) <= _LARGEST).all():
            raise FileFormatError(f"{PREFIX}{name} must be of 64 bits and within float32")
    if not (own.get("scale", np.ones(1)) >= _LEAST_SCALE).all():
        raise FileFormatError(f"{PREFIX}scale must be above 0")
    return kind(**own)
