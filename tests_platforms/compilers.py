"""Build with the compilers of three Debian releases and run kernel tests; compile and link for other systems with Zig.

    python tests_platforms/compilers.py              all of them
    python tests_platforms/compilers.py trixie       those of one release
    python tests_platforms/compilers.py zig          only compile and link

Writes ``compilers.json`` beside this file, which keeps the results of those that are not run again, and the table of
``docs/platforms.md``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from systems import BUILD, PARALLEL, ROOT, debian, packages_for, run_in
from wheels import STABLE_ABI, environment, interpreter

RESULTS = Path(__file__).with_name("compilers.json")
PAGE = ROOT / "docs" / "platforms.md"
BEGIN, END = "<!-- compilers: begin -->", "<!-- compilers: end -->"
RELEASES = {  # Debian: its name in the table, its Python, its compilers
    "bookworm": ("Debian 12", "3.11", ("g++-11", "g++-12", "clang++-14", "clang++-16", "clang++-19")),
    "trixie": ("Debian 13", "3.13", ("g++-13", "g++-14", "clang++-17", "clang++-19")),
    "testing": ("Debian testing", "3.14", ("g++-15", "g++-16", "clang++-21", "clang++-22")),
}
TESTS = ("tests/kernels/test_twins.py", "tests/kernels/test_math.py", "tests/kernels/test_exact.py")
X86 = {"generic": "", "v2": "-march=x86_64_v2", "v3": "-march=x86_64_v3", "v4": "-march=x86_64_v4"}
ARM = {"generic": "", "neon": ""}
TARGETS = {"x86_64-windows-gnu": X86, "aarch64-macos": ARM, "x86_64-linux-musl": X86, "aarch64-linux-musl": ARM}
FLAGS = ("-std=gnu++20", "-O1", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-psabi", "-fno-sanitize=undefined")
KERNEL_FLAGS = ("-ffp-contract=off", "-fno-math-errno", "-fno-exceptions", "-fno-rtti")
BESIDE = ("dispatch.cpp", "platform.cpp", "cgroups.cpp", "threads.cpp")


def built_and_run(release: str, compiler: str) -> str:
    """Build the extension in a Debian with one of its compilers, and run the kernel tests there."""
    _, python, compilers = RELEASES[release]
    programs = (name.replace("clang++", "clang") for name in compilers)  # one system for all of a release
    root = debian(release, "amd64", ("python3", f"libpython{python}-dev", "make", "g++", *programs))
    packages, folder = packages_for("amd64", python, "test", "native"), BUILD / f"compiler-{release}-{compiler}"
    inside = f"/elman/{folder.relative_to(ROOT)}"
    configured = f"-DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER={compiler} -Dnanobind_DIR=/packages/nanobind/cmake"
    steps = f"""set -e
        rm -rf {inside}/package && mkdir -p {inside}/package && cp -r src/elman {inside}/package
        rm -f {inside}/package/elman/*.so
        python3 -m cmake -S . -B {inside} {configured} > {inside}/log
        python3 -m cmake --build {inside} --target _native --parallel {PARALLEL} >> {inside}/log 2>&1
        cp {inside}/_native.*so {inside}/package/elman"""
    folder.mkdir(parents=True, exist_ok=True)
    if run_in(root, "sh", "-c", steps, packages=packages):
        print(f"see {folder}/log", file=sys.stderr)
        return "does not build"
    command = ("python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS)
    code = run_in(root, *command, packages=packages, PYTHONPATH=f"/packages:{inside}/package")
    return "kernel tests green" if code == 0 else "kernel tests red"


def compiled_and_linked(_: str, target: str) -> str:
    """Compile the kernels of every level and what calls them, and link a shared library."""
    programs = environment(interpreter(*STABLE_ABI))
    zig = [str(programs / "python"), "-m", "ziglang", "c++", "-target", target, *FLAGS]
    folder = BUILD / f"zig-{target}"
    folder.mkdir(parents=True, exist_ok=True)
    levels, objects, commands = TARGETS[target], [], []
    for level, flag in levels.items():
        defined = (f"-DELMAN_LEVEL={level}", f"-DELMAN_LEVEL_{level.upper()}")
        for name in ("table", "int8"):
            objects.append(str(folder / f"{level}-{name}.o"))
            source = f"cpp/kernels/{name}.cpp"
            commands.append([*zig, *KERNEL_FLAGS, *flag.split(), *defined, "-c", source, "-o", objects[-1]])
    if "v4" in levels:
        objects.append(str(folder / "vnni-int8.o"))
        defined = ("-DELMAN_LEVEL=vnni", "-DELMAN_LEVEL_V4", "-DELMAN_VNNI")
        flags = (*KERNEL_FLAGS, *levels["v4"].split(), "-mavx512vnni", *defined)
        commands.append([*zig, *flags, "-c", "cpp/kernels/int8.cpp", "-o", objects[-1]])
    has = [f"-DELMAN_HAS_{level.upper()}" for level in levels]
    for name in BESIDE:
        objects.append(str(folder / f"{name}.o"))
        commands.append([*zig, *has, "-c", f"cpp/{name}", "-o", objects[-1]])
    commands.append([*zig, "-shared", *objects, "-o", str(folder / "kernels.shared")])
    for command in commands:
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr[-3000:], file=sys.stderr)
            return "does not compile"
    return f"{', '.join(levels)} compile and link"


def table(results: dict[str, str]) -> str:
    """Return the table of what ran, what only compiled, and what was not tried."""
    lines = ["| Compiler | From | Result |", "|---|---|---|"]
    for release, (name, _, compilers) in RELEASES.items():
        lines += [
            f"| {compiler} | {name} | {results.get(f'{release} {compiler}', 'not run')} |" for compiler in compilers
        ]
    lines += [f"| Zig's Clang, `{target}` | PyPI | {results.get(f'zig {target}', 'not run')} |" for target in TARGETS]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    work = [(release, compiler, built_and_run) for release, (_, _, all_) in RELEASES.items() for compiler in all_]
    work += [("zig", target, compiled_and_linked) for target in TARGETS]
    red = []
    for group, name, job in work:
        if arguments and group not in arguments and name not in arguments:
            continue
        found = job(group, name)
        print(f"{group} {name}: {found}", flush=True)
        results[f"{group} {name}"] = found
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
        red += [f"{group} {name}"] if "not" in found or "red" in found else []
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{rest.partition(END)[2]}")
    if red:
        sys.exit(f"red: {', '.join(red)}")


if __name__ == "__main__":
    main(sys.argv[1:])
