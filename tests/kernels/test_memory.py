"""Kernels access no byte outside an array: each array ends at a page without read or write access."""

from __future__ import annotations

import pytest

from kernels.subprocesses import run_python

GUARDED = """
import ctypes, mmap, sys
import numpy as np
from elman import engine
from kernels import samples

libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
PAGE = mmap.PAGESIZE

def guarded(array, at_end):
    # a copy of the array between two guard pages, touching the one behind it or the one before it
    pages = -(-array.nbytes // PAGE)
    memory = mmap.mmap(-1, (pages + 2) * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for guard in (start, start + (pages + 1) * PAGE):
        assert libc.mprotect(guard, PAGE, 0) == 0  # PROT_NONE
    offset = (pages + 1) * PAGE - array.nbytes if at_end else PAGE
    view = np.frombuffer(memory, array.dtype, array.size, offset).reshape(array.shape)
    view[...] = array
    return view

def check(dtype, at_end):
    for name, call in samples.raw_calls(dtype).items():
        arrays = {key: value for key, value in call.arguments.items() if isinstance(value, np.ndarray)}
        inside = {key: guarded(value, at_end) for key, value in arrays.items()}
        print(engine.isa(), dtype, samples.D, samples.H, samples.K, "end" if at_end else "begin", name, flush=True)
        call(**inside)
        call(**arrays)
        for key, value in arrays.items():
            assert inside[key].tobytes() == value.tobytes(), key
"""

ALL = """
for level in engine.isa_levels():
    engine.use_isa(level)
    for samples.D, samples.H, samples.K in ((2, 5, 3), (1, 1, 3), (17, 16, 8), (33, 19, 21), (7, 70, 67)):
        for dtype in ("float32", "float64"):
            for at_end in (True, False):
                check(dtype, at_end)
"""

OUTSIDE = """
outside = guarded(np.ones(3), at_end=AT_END)
print("before", flush=True)
ctypes.c_double.from_address(outside.ctypes.data + OFFSET).value
"""


def test_no_kernel_leaves_its_arrays() -> None:
    """Every raw kernel, level, type and tail; a crash prints the call that caused it last."""
    run_python(GUARDED + ALL)


@pytest.mark.parametrize(("at_end", "offset"), [(True, 24), (False, -8)])
def test_the_guards_are_there(at_end: bool, offset: int) -> None:
    with pytest.raises(AssertionError, match=r"exit status -(11|10)\nbefore\n"):
        run_python(GUARDED + OUTSIDE.replace("AT_END", str(at_end)).replace("OFFSET", str(offset)))
