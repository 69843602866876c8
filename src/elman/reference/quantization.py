"""Weights of fewer bits, and products of 8-bit integers.

Everything here is float32 arithmetic, one operation after the other, so that the engine's kernels give the same bits on
every instruction-set level.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._check import Array

_LEAST = np.float32(1e-30)  # values below it count as zero: 127 divided by them would not be finite
_SCALE_BITS = np.uint32(0xFFFFFF80)  # 17 significant bits


def quantize(W: npt.ArrayLike) -> tuple[Array, Array]:
    """Round every column of a matrix to a multiple of its own scale, −127 to 127 times.

    With the column's largest size m::

        scale_j = m / 127, rounded up to 17 significant bits
        q_kj = W_kj / scale_j, to the nearest integer, half to even

    Because of the 17 bits, ``scale_j q_kj`` is exact in float32, and quantizing it again gives the same integers.

    Parameters
    ----------
    W : array_like (K, J)
        Weights, each column for one output; in float32.

    Returns
    -------
    q : ndarray of int8 (K, J)
    scale : ndarray of float32 (J,)
        Zero where all weights of the column are below 1e-30.

    Raises
    ------
    ShapeError
        If W is not a matrix.
    ArgumentError
        If a weight is not finite.

    Examples
    --------
    >>> q, scale = quantize([[1.0, 0.0], [-0.5, 0.0], [0.1, 0.0]])
    >>> q[:, 0], scale.round(5)
    (array([127, -63,  13], dtype=int8), array([0.00787, 0.     ], dtype=float32))
    """
    W = _check.quantize("quantize", W)
    largest = np.abs(W).max(axis=0, initial=0)
    bits = (largest / np.float32(127)).view(np.uint32) + ~_SCALE_BITS & _SCALE_BITS
    scale = np.where(largest < _LEAST, np.float32(0), bits.view(np.float32))
    q = np.rint(W / np.where(scale > 0, scale, np.float32(np.inf)))
    return q.astype(np.int8), scale


def dequantize(q: npt.ArrayLike, scale: npt.ArrayLike) -> Array:
    """Return the weights that quantized ones stand for: ``q_kj scale_j``.

    Parameters
    ----------
    q : array_like of int8 (K, J)
        From `quantize`.
    scale : array_like (J,)
        From `quantize`.

    Returns
    -------
    W : ndarray of float32 (K, J)

    Raises
    ------
    ShapeError
        If J disagrees.
    ArgumentError
        If q does not hold int8, or a scale is negative or not finite.

    Examples
    --------
    >>> dequantize(np.array([[127], [-64]], np.int8), [0.5])
    array([[ 63.5],
           [-32. ]], dtype=float32)
    """
    q, scale = _check.dequantize("dequantize", q, scale)
    return np.asarray(q.astype(np.float32) * scale)


def rounded(W: npt.ArrayLike, precision: str) -> Array:
    """Return the weights that a stream of a precision computes with, as float32.

    Parameters
    ----------
    W : array_like (K, J)
        Weights, each column for one output.
    precision : {"float32", "bfloat16", "int8"}
        bfloat16 keeps the upper 16 bits of each float32, rounded half to even; int8 is `dequantize` of `quantize`.

    Returns
    -------
    W : ndarray of float32 (K, J)

    Raises
    ------
    ShapeError
        If W is not a matrix.
    ArgumentError
        If the precision is unknown, or a weight is not finite, in float32 or after rounding.

    Examples
    --------
    >>> [rounded([[1.0], [0.007]], precision)[1, 0].item() for precision in ("bfloat16", "int8")]
    [0.006988525390625, 0.007874131202697754]
    """
    _check.choice("rounded", "precision", precision, _check.PRECISIONS)
    W = _check.quantize("rounded", W)
    if precision == "float32":
        return W
    if precision == "int8":
        return dequantize(*quantize(W))
    bits = W.view(np.uint32)
    bits = bits + np.uint32(0x7FFF) + (bits >> 16 & 1) & np.uint32(0xFFFF0000)
    return _check.quantize("rounded", bits.view(np.float32))


def quantize_rows(x: npt.ArrayLike) -> tuple[Array, Array]:
    """Round every row to a multiple of its own scale, −127 to 127 times.

    With the row's largest size m::

        scale_n = m / 127
        q_nk = x_nk (127 / m), to the nearest integer, half to even

    Parameters
    ----------
    x : array_like (N, K)
        Inputs or states of a step; in float32.

    Returns
    -------
    q : ndarray of int8 (N, K)
    scale : ndarray of float32 (N,)
        Zero where all values of a row are below 1e-30, NaN where one is not finite; q is then zero.

    Raises
    ------
    ShapeError
        If x is not a matrix.

    Examples
    --------
    >>> quantize_rows([[127.0, 1.5, 0.4]])
    (array([[127,   2,   0]], dtype=int8), array([1.], dtype=float32))
    """
    x = _check.Shapes("quantize_rows", np.float32).array("x", x, "N", "K")
    largest = np.abs(x).max(axis=1, initial=0)
    finite, some = np.isfinite(largest), largest >= _LEAST
    usable = np.where(finite & some, largest, np.float32(1))
    factor = np.where(finite & some, np.float32(127) / usable, np.float32(0))
    q = np.rint(np.where(finite[:, np.newaxis], x, np.float32(0)) * factor[:, np.newaxis])
    scale = np.where(some, usable / np.float32(127), np.float32(0))
    return q.astype(np.int8), np.where(finite, scale, np.float32(np.nan))


def quantized_dense(
    h: npt.ArrayLike, q: npt.ArrayLike, scale: npt.ArrayLike, b_y: npt.ArrayLike | None = None
) -> Array:
    """Multiply rows by quantized weights in integers, and add a bias.

    With the integers p_n and the scale r_n of row n from `quantize_rows`::

        o_nj = b_j + (Σ_k p_nk q_kj) (r_n scale_j)

    The sum is exact.

    Parameters
    ----------
    h : array_like (N, H)
        Rows, in float32.
    q : array_like of int8 (H, K)
        From `quantize`, at least −127 each.
    scale : array_like (K,)
        From `quantize`.
    b_y : array_like (K,), optional
        Bias; None is zero.

    Returns
    -------
    o : ndarray of float32 (N, K)

    Raises
    ------
    ShapeError
        If H or K disagree.
    ArgumentError
        If q holds other values than those, a scale is negative or not finite, or H exceeds 133,144, the most whose sums
        fit 32 bits.

    Examples
    --------
    >>> quantized_dense([[1.0, 0.5]], np.array([[127], [-127]], np.int8), [0.5])
    array([[31.5]], dtype=float32)
    """
    h, q, scale, b_y = _check.quantized_dense("quantized_dense", h, q, scale, b_y)
    bias = np.float32(0) if b_y is None else b_y
    return np.asarray(bias + product(h, q, scale))


def product(x: Array, q: Array, scale: Array) -> Array:
    """Return the second term of `quantized_dense`.

    Examples
    --------
    >>> product(np.array([[1.0, 0.5]], np.float32), np.array([[127], [-127]], np.int8), np.float32([0.5]))
    array([[31.5]], dtype=float32)
    """
    p, row_scale = quantize_rows(x)
    sums = p.astype(np.float64) @ q.astype(np.float64)  # exact: far below 2**53
    return np.asarray(sums.astype(np.float32) * (row_scale[:, np.newaxis] * scale))
