"""Memory of a worker whose C library gives every freed array back to the system."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["kept_memory"]

_VARIABLE = "MALLOC_TRIM_THRESHOLD_"
_TRIM, _MAP = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of mallopt(3)
_KEPT, _UNMAPPED = 2**28, 2**25  # bytes: freed memory that is kept, and the largest array in it
_SMALLEST_MAPPED = 2**17  # the C library's default


@contextmanager
def kept_memory() -> Iterator[None]:
    """Let the C library keep freed memory for the next arrays; give it back at the end.

    Dask starts its workers with ``MALLOC_TRIM_THRESHOLD_=65536``. The C library then returns freed arrays to the system
    at once and gets them again page by page, which costs more CPU time than a forecast. Without this variable, and with
    C libraries other than GNU's, nothing is changed.

    Examples
    --------
    >>> with kept_memory():
    ...     sum(range(4))
    6
    """
    threshold = os.environ.get(_VARIABLE, "")
    library = ctypes.CDLL(None) if sys.platform == "linux" and threshold.isdecimal() else None
    if library is None or int(threshold) >= _KEPT or not hasattr(library, "mallopt"):
        yield
        return
    library.mallopt(_TRIM, _KEPT)
    library.mallopt(_MAP, _UNMAPPED)
    try:
        yield
    finally:
        library.mallopt(_TRIM, int(threshold))
        library.mallopt(_MAP, _SMALLEST_MAPPED)
        library.malloc_trim(0)
