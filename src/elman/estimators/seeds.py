"""Seeds: one per fit, drawn from ``random_state``; all others derive from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.training import same_seed

__all__ = ["member_seeds", "root_seed"]


def root_seed(random_state: Any) -> int:
    """Draw the seed of a fit, from which all its seeds derive; global generators are not used.

    A resumed run gets the seed of its beginning, unless an integer gives the same seed in every run.

    Parameters
    ----------
    random_state : int, RandomState or None
        Checked.

    Examples
    --------
    >>> root_seed(0) == root_seed(0)
    True
    """
    drawn = int(_generator(random_state).randint(2**31 - 1))
    return same_seed(drawn, fixed=isinstance(random_state, int | np.integer))


def _generator(random_state: Any) -> Any:
    """Return the generator that scikit-learn's ``check_random_state`` returns."""
    if random_state is None:
        return np.random  # the functions of the module share one generator
    return random_state if isinstance(random_state, np.random.RandomState) else np.random.RandomState(random_state)


def member_seeds(root: int, count: int, purpose: int | None = None) -> list[int]:
    """Derive the seeds of an ensemble from the seed of the fit; each purpose has seeds of its own.

    Parameters
    ----------
    root : int
        From `root_seed`.
    count : int
        Networks.
    purpose : int, optional
        None: the networks of the fitted value.

    Examples
    --------
    >>> member_seeds(0, 2), member_seeds(0, 1, purpose=7) == member_seeds(0, 1)
    ([2968811710, 3677149159], False)
    """
    entropy = root if purpose is None else [root, purpose]
    return [int(seed) for seed in np.random.SeedSequence(entropy).generate_state(count)]
