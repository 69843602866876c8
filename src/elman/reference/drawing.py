"""Random choice of an index."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from elman import _check


def draw(p: npt.ArrayLike, u: float, first: int = 0) -> int:
    """Return index k with probability proportional to p_k, from a uniform random number.

    k is the first index whose cumulative sum p_first + … + p_k exceeds u times the total. Sums are float64, from left
    to right.

    Parameters
    ----------
    p : array_like (K,)
        Probabilities, or weights that need not sum to 1.
    u : float
        In [0, 1).
    first : int
        Smallest index that may be drawn.

    Returns
    -------
    k : int

    Raises
    ------
    ShapeError
        If ``p`` does not have one axis.
    ArgumentError
        If ``u`` or ``first`` is outside its range.
    DataError
        If a weight is negative or not finite, or all weights from ``first`` on are zero.

    Examples
    --------
    >>> [draw([0.5, 0.2, 0.3], u) for u in (0.1, 0.6, 0.8)]
    [0, 1, 2]
    >>> draw([0.5, 0.2, 0.3], 0.1, first=1)
    1
    """
    p, u, first = _check.draw("draw", np.float64, p, u, first)
    sums = np.add.accumulate(p[first:])
    place = int(sums.searchsorted(u * sums[-1], "right"))
    return first + min(place, len(sums) - 1)  # u times a subnormal sum may be that sum
