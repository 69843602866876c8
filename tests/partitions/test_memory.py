"""A worker that Dask starts reuses the memory of freed arrays while it computes a part, and gives it back."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

PROGRAM = """
import resource
import numpy as np
from elman.partitions import kept_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        np.ones(2**17)  # 1 MB: 256 pages
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = faults()
with kept_memory():
    inside = faults()
print(first, inside, faults())
"""


def test_arrays_of_a_part_reuse_pages() -> None:
    environment = os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True)
    before, inside, after = map(int, done.stdout.split())
    if platform.libc_ver()[0] == "glibc":  # other C libraries have no such variable
        assert min(before, after) > 20_000
        assert inside < 2_000
