"""Install the wheel as a user does, into a Debian 13 that has no compiler, and run it there.

    python tests_platforms/installed.py            the tests below, on this CPU
    python tests_platforms/installed.py PATH …     these tests instead

The wheel for the other CPU is loaded under emulation and forecasts once. Wheels are those of ``make wheels``.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from systems import BUILD, MACHINE, ROOT, debian, emulate_arm, packages_for, pip, requirements, run_in, wheels_for

DIST = ROOT / "dist"
PYTHON = "3.13"
TESTS = ("kernels/test_twins.py", "kernels/test_exact.py", "network", "persistence", "cli/test_commands.py")
FORECAST = ("forecast", "air-passengers", "-n", "12")


def wheel(cpu: str) -> Path:
    found = sorted(DIST.glob(f"elman-*-abi3-*_{MACHINE[cpu]}.whl"))
    if not found:
        sys.exit(f"no wheel for {MACHINE[cpu]} in dist: make wheels")
    return found[-1]


def here(cpu: str, tests: tuple[str, ...]) -> None:
    """Create an environment, install with its own pip and no index, forecast with the command, run the tests."""
    root = debian("trixie", cpu, ("python3", "python3-venv", "libstdc++6"))
    wheels = BUILD / f"wheels-{cpu}"
    wheels.mkdir(exist_ok=True)
    pip("download", "--dest", wheels, *wheels_for(cpu, PYTHON), *requirements("test"))
    shutil.copy(wheel(cpu), wheels)
    shutil.rmtree(root / "venv", ignore_errors=True)
    test = requirements("test")
    steps = (
        ("sh", "-c", "! command -v cc gcc g++ clang cmake"),
        ("python3", "-m", "venv", "/venv"),
        (
            "/venv/bin/pip",
            "install",
            "--quiet",
            "--no-index",
            "--find-links",
            "/packages",
            "elman",
            *test,
        ),
        ("/venv/bin/elman", *FORECAST),
        ("/venv/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests),
    )
    for step in steps:
        print("$", *step, flush=True)
        if run_in(root, *step, folder="/tmp" if "pytest" not in step else "/elman", packages=wheels, PYTHONPATH=""):
            sys.exit(f"failed: {' '.join(step)}")


def emulated() -> None:
    """Unpack the wheel for ARM beside what it needs, and forecast."""
    emulate_arm()
    root = debian("trixie", "arm64", ("python3", "libstdc++6"))
    folder = BUILD / "unpacked-arm64"
    shutil.rmtree(folder, ignore_errors=True)
    pip("install", "--no-deps", "--target", folder, *wheels_for("arm64", PYTHON), wheel("arm64"))
    path = f"/packages:/elman/{folder.relative_to(ROOT)}"
    packages = packages_for("arm64", PYTHON, "test")
    if run_in(root, "python3", "-m", "elman", *FORECAST, folder="/tmp", packages=packages, PYTHONPATH=path):
        sys.exit("the wheel for aarch64 does not run")


def main(arguments: list[str]) -> None:
    cpu = {machine: name for name, machine in MACHINE.items()}[os.uname().machine]
    here(cpu, tuple(arguments) or tuple(f"tests/{name}" for name in TESTS))
    if cpu == "amd64":
        emulated()


if __name__ == "__main__":
    main(sys.argv[1:])
