"""Build the wheels that can be built here, with Zig's compilers for glibc 2.28, and have auditwheel judge them.

Two for each CPU: CPython 3.11, and the stable ABI for CPython 3.12 and later. Needs an interpreter of either kind with
its headers. The others (musl, macOS, Windows) are described by ``tool.cibuildwheel`` in pyproject.toml.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from systems import BUILD, MACHINE, ROOT, output, run

DIST = ROOT / "dist"
GLIBC = "2.28"
STABLE_ABI = ("3.13", "3.12", "3.14")  # any of these makes the same wheel
# Optimized from the first try of the compiler on: Zig builds a C++ library of its own for every kind of build.
CXX = "c++ -target {cpu}-linux-gnu.{glibc} -O2 -fno-sanitize=undefined"
WRAPPER = """#!/bin/sh
# Zig writes the levels of x86-64 with underscores.
for argument; do
    shift
    case $argument in -march=x86-64-v*) argument=-march=x86_64_v${{argument#-march=x86-64-v}} ;; esac
    set -- "$@" "$argument"
done
exec {command} "$@"
"""
TOOLS = {"c++": CXX, "ar": "ar", "ranlib": "ranlib"}


def interpreter(*versions: str) -> str:
    """Return the first of these Pythons that is here."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in versions:
        named = shutil.which(f"python{version}")
        for found in [*([named] if named else []), *map(str, sorted(kept.glob(f"{version}.*/bin/python{version}")))]:
            try:
                if version_of(found) == version:
                    return found
            except (OSError, subprocess.CalledProcessError):  # a shim that leads nowhere
                continue
    sys.exit(f"no Python {' or '.join(versions)} found: install one, with its headers")


def version_of(python: str | Path) -> str:
    return output(python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")


def environment(python: str) -> Path:
    """Return an environment of this Python with what builds wheels."""
    folder = BUILD / f"python-{version_of(python)}"
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["wheels"]
    stamp = folder / "complete"
    if not (stamp.is_file() and stamp.read_text().splitlines() == wanted):
        run(python, "-m", "venv", folder)
        run(folder / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *wanted)
        stamp.write_text("\n".join(wanted))
    return folder / "bin"


def toolchain(zig: Path, cpu: str) -> Path:
    """Return a CMake toolchain file for Zig's compiler."""
    folder = BUILD / f"zig-{cpu}"
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for tool, command in TOOLS.items():
        script = folder / tool
        script.write_text(WRAPPER.format(command=f"{zig}/python -m ziglang {command.format(cpu=cpu, glibc=GLIBC)}"))
        script.chmod(0o755)
        lines.append(f'set(CMAKE_{ {"c++": "CXX_COMPILER"}.get(tool, tool.upper()) } "{script}")')
    if cpu != os.uname().machine:
        lines += ["set(CMAKE_SYSTEM_NAME Linux)", f"set(CMAKE_SYSTEM_PROCESSOR {cpu})"]
    file = folder / "toolchain.cmake"
    file.write_text("\n".join(lines) + "\n")
    return file


def build(programs: Path, zig: Path, cpu: str, stub: Path | None) -> Path:
    """Build one wheel into dist, and return where the types of its extension are."""
    tag = f"cp{version_of(programs / 'python').replace('.', '')}"
    folder, made = BUILD / f"build-{cpu}-{tag}", BUILD / f"wheel-{cpu}-{tag}"
    shutil.rmtree(made, ignore_errors=True)
    settings = {"build-dir": folder, "cmake.define.CMAKE_TOOLCHAIN_FILE": toolchain(zig, cpu)}
    if stub:
        settings["cmake.define.ELMAN_STUB"] = stub
    variables = {"_PYTHON_HOST_PLATFORM": f"linux-{cpu}", "PATH": f"{programs}:{os.environ['PATH']}"}
    if cpu != os.uname().machine:
        variables["SETUPTOOLS_EXT_SUFFIX"] = f".cpython-{tag.removeprefix('cp')}-{cpu}-linux-gnu.so"
    options = [f"--config-settings={name}={value}" for name, value in settings.items()]
    run(programs / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel", "--no-deps",
        "--no-build-isolation", "--wheel-dir", made, *options, ROOT, env=os.environ | variables)  # fmt: skip
    plain = next(made.glob("*.whl"))
    run(programs / "auditwheel", "repair", "--wheel-dir", DIST, plain, env=os.environ | variables)
    check_tag(max(DIST.glob(f"*_{cpu}.whl"), key=lambda wheel: wheel.stat().st_mtime))
    return next((p for p in folder.glob("_native.pyi")), stub or Path())


def check_tag(wheel: Path) -> None:
    """Refuse a wheel that needs a newer glibc than planned; auditwheel names the oldest that is enough."""
    found = re.search(r"manylinux_(\d+)_(\d+)_", wheel.name)
    if found is None or tuple(map(int, found.groups())) > tuple(map(int, GLIBC.split("."))):
        sys.exit(f"{wheel.name} is no wheel for glibc {GLIBC}")


def main() -> None:
    here = os.uname().machine
    if here not in MACHINE.values():
        sys.exit(f"wheels are built on {' or '.join(MACHINE.values())}, this is {here}")
    DIST.mkdir(exist_ok=True)
    for old in DIST.glob("*-manylinux_*.whl"):
        old.unlink()
    zig = None  # one for all: it keeps what it has compiled, for the next Python too
    for versions in (STABLE_ABI, ("3.11",)):
        programs, stub = environment(interpreter(*versions)), None
        zig = zig or programs
        for cpu in sorted(MACHINE.values(), key=lambda cpu: cpu != here):  # the types come from the one that runs here
            print(f"building for {cpu}, CPython {version_of(programs / 'python')}", flush=True)
            stub = build(programs, zig, cpu, stub)
    print(*sorted(path.name for path in DIST.glob("*.whl")), sep="\n")


if __name__ == "__main__":
    main()
