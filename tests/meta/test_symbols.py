"""What the compiled extension shows to the rest of the process: the one function that Python calls to load it.

That each kernel object defines nothing but its own table is checked by the build (``cpp/kernels/check_symbols.cmake``).
"""

from __future__ import annotations

import subprocess

from elman.engine import kernels
from meta.repository import ROOT


def test_the_extension_exports_its_entry_alone() -> None:
    listed = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--extern-only", kernels.__file__],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert [line.split()[-1] for line in listed.splitlines()] == ["PyInit__native"]


def test_the_build_checks_every_kernel_object() -> None:
    build = (ROOT / "CMakeLists.txt").read_text()
    assert "add_custom_command(TARGET _native PRE_LINK" in build
    assert "-P ${CMAKE_SOURCE_DIR}/cpp/kernels/check_symbols.cmake" in build
    for flag in ("-ffp-contract=off", "-fno-lto", "-fvisibility=hidden"):
        assert flag in build
