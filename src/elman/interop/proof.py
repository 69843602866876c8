"""The proof of an import or export: both sides run on the same input and are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from elman.errors import InterchangeError

Array = npt.NDArray[Any]
NetworkT = TypeVar("NetworkT")

# Largest difference by dtype: sums in another order, exp within a few units in the last place, over some 20 steps.
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}


@dataclass(frozen=True)
class Proof:
    """The result of the comparison of both sides.

    Attributes
    ----------
    other : str
        The other library, with its version if it ran.
    largest_difference : float or None
        Largest |ours − theirs| of all values; for an array with values above 1, relative to its largest value. None if
        the other library is not installed and nothing was compared.
    where : str
        The array with the largest difference.
    compared : int
        Number of compared values.
    tolerance : float
        Upper limit of the difference.

    Examples
    --------
    >>> print(Proof("torch 2.9", 1.2e-7, "outputs", 640, 1e-5))
    equal to torch 2.9: largest difference 1.2e-07 in outputs, of 640 numbers (tolerance 1e-05)
    """

    other: str
    largest_difference: float | None
    where: str
    compared: int
    tolerance: float

    def __str__(self) -> str:
        if self.largest_difference is None:
            return f"not compared: {self.other} is not installed"
        return (
            f"equal to {self.other}: largest difference {self.largest_difference:.2g} in {self.where}, "
            f"of {self.compared} numbers (tolerance {self.tolerance:g})"
        )


class Imported(NamedTuple, Generic[NetworkT]):
    """A network, and the proof that it equals the other side.

    Examples
    --------
    >>> Imported._fields
    ('network', 'proof')
    """

    network: NetworkT
    proof: Proof


def not_compared(other: str) -> Proof:
    """Return the report without a comparison, if ``other`` is not installed.

    Examples
    --------
    >>> print(not_compared("torch"))
    not compared: torch is not installed
    """
    return Proof(other, None, "", 0, 0.0)


def difference(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> float:
    """Return max |ours − theirs| / max(1, max |theirs|); infinite if shapes or infinities differ.

    Examples
    --------
    >>> difference([1.0, 2.0], [1.0, 4.0])
    0.5
    >>> difference([1.0], [[1.0]])
    inf
    """
    a, b = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if a.shape != b.shape:
        return np.inf
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(a[finite]).all():
        return np.inf
    if not finite.any():
        return 0.0
    return float(np.abs(a[finite] - b[finite]).max() / max(1.0, np.abs(b[finite]).max()))


def compare(
    place: str, other: str, pairs: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]], tolerance: float | None = None
) -> Proof:
    """Compare the results of both sides, array by array.

    Parameters
    ----------
    place : str
        The function, at the start of the message.
    other : str
        The other library and its version.
    pairs : mapping of str to (array_like, array_like)
        Ours and theirs by name.
    tolerance : float, optional
        Largest difference; 1e-5 if any array is float32, else 1e-12.

    Returns
    -------
    proof : Proof
        The report.

    Raises
    ------
    InterchangeError
        If the difference is above the tolerance.

    Examples
    --------
    >>> compare("from_torch", "torch 2.9", {"outputs": ([1.0, 2.0], [1.0, 2.0])}).largest_difference
    0.0
    """
    if tolerance is None:
        narrow = any(np.asarray(array).dtype == np.float32 for pair in pairs.values() for array in pair)
        tolerance = TOLERANCES["float32" if narrow else "float64"]
    found = {name: difference(ours, theirs) for name, (ours, theirs) in pairs.items()}
    worst = max(found, key=lambda name: found[name])
    if not found[worst] <= tolerance:
        raise InterchangeError(
            f"{place}: {worst} differ from {other} by {found[worst]:.3g}, more than the tolerance {tolerance:g}. "
            "The model was not converted."
        )
    return Proof(other, found[worst], worst, sum(np.size(ours) for ours, _ in pairs.values()), tolerance)
