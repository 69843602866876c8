"""Linear algebra whose last bits do not depend on the number of threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

__all__ = ["one_thread"]

_LOCK = threading.Lock()  # the number of BLAS threads belongs to the process


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep NumPy's linear algebra on one thread for a while: with several, it adds in another order.

    Examples
    --------
    >>> import numpy as np
    >>> with one_thread():
    ...     np.ones((2, 3)) @ np.ones(3)
    array([3., 3.])
    """
    with _LOCK, _blas().limit(limits=1, user_api="blas"):
        yield


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
