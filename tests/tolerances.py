"""How far two numbers may differ, and why: one table for every room.

`relative_error` compares element with element, so a wrong sign, a transposed matrix or permuted units show up as an
error of order 1. `assert_close` looks the bound up by quantity and dtype.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# (quantity, dtype) -> (largest relative error, reason). eps is 2.2e-16 in float64 and 1.2e-7 in float32.
TOLERANCES: dict[tuple[str, str], tuple[float, str]] = {
    ("gradient check", "float64"): (
        1e-6,
        "central differences of order 4 with step 1e-3 are good to about 1e-10; what is wrong is wrong by far more",
    ),
    ("oracle", "float64"): (
        1e-12,
        "the same equations in another library: other orders of summation and another exp, a few hundred eps",
    ),
    ("same sums", "float64"): (
        1e-12,
        "equal in exact arithmetic, added up in another order or over other cuts: a few hundred eps",
    ),
    ("states", "float64"): (
        1e-12,
        "engine against reference: sums over D + H terms in another order, exp within 4 ULP, damped by the gates",
    ),
    ("states", "float32"): (
        2e-5,
        "as in float64, but a hundred eps are 1e-5; the reference computes in float64 from the same float32 inputs",
    ),
    ("gradients", "float64"): (
        1e-11,
        "engine against reference: sums over T * N terms, through states that differ by their own tolerance",
    ),
    ("gradients", "float32"): (
        2e-4,
        "ten times the states' tolerance: every step back multiplies a state's error by a weight and adds its own",
    ),
    ("loss", "float64"): (1e-13, "one sum of positive terms: no cancellation, a rounding per term at most"),
    ("loss", "float32"): (1e-5, "terms in float32, each good to a few eps; added up they are all positive"),
    ("optimizer step", "float64"): (1e-14, "a dozen operations per component, each rounded once"),
    ("optimizer step", "float32"): (2e-6, "a dozen operations per component, each rounded once"),
}


def tolerance(quantity: str, dtype: npt.DTypeLike) -> float:
    """Return the largest relative error that ``quantity`` may have in ``dtype``."""
    return TOLERANCES[quantity, np.dtype(dtype).name][0]


def relative_error(actual: npt.ArrayLike, expected: npt.ArrayLike) -> float:
    """Return max |actual − expected| over max |expected|: infinite where only one of the two is finite.

    Measured against the largest expected value, so that small components are not asked for more digits than the sums
    they came from had. Against all zeros the error is absolute.
    """
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape, f"shapes {actual.shape} and {expected.shape} differ"
    finite = np.isfinite(expected)
    if not np.array_equal(actual[~finite], expected[~finite], equal_nan=True) or not np.isfinite(actual[finite]).all():
        return np.inf
    if not finite.any():
        return 0.0
    scale = float(np.abs(expected[finite]).max())
    return float(np.abs(actual[finite] - expected[finite]).max()) / (scale if scale > 0 else 1.0)


def assert_close(
    actual: npt.ArrayLike, expected: npt.ArrayLike, quantity: str, dtype: npt.DTypeLike = np.float64, name: str = ""
) -> None:
    """Fail unless ``actual`` is within the tolerance of ``quantity`` in ``dtype``."""
    error, bound = relative_error(actual, expected), tolerance(quantity, dtype)
    assert error <= bound, f"{name or quantity}: relative error {error:.3g} is above {bound:.3g}"
