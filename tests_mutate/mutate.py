"""Sabotage the source, one small change at a time, in a copy of the tree: every change must turn its tests red.

    python tests_mutate/mutate.py                      all of them
    python tests_mutate/mutate.py kernels peephole     those of a room, or with a word in their description

Needs a compiler. Writes ``results.json`` beside this file and the table of ``docs/mutation.md``. Ends with 1 if a
mutant survives, or if the tests fail without one.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results.json")
TABLE = ROOT / "docs" / "mutation.md"
HEAD = """# Sabotage

Each of these changes was made to a copy of the source, and a test had to fail (`make mutate`). A change that all tests
let pass would be a hole in them. {killed} of {total} were noticed; beside each stands the test that was first.

| Room | Sabotage | Noticed by |
|---|---|---|
"""


class Copy:
    """A copy of the tree that may be damaged."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "tree"
        for name in ("src", "tests", "cpp", "docs", "benchmarks"):
            ignore = shutil.ignore_patterns("__pycache__", "build")
            shutil.copytree(ROOT / name, self.root / name, ignore=ignore)
        for name in ("CMakeLists.txt", "pyproject.toml", "LICENSE", "README.md", "Makefile"):
            shutil.copy(ROOT / name, self.root)
        spec = importlib.util.find_spec("elman._native")
        if spec is None or spec.origin is None:
            sys.exit("the extension of Elman is not installed: run `make mutate`")
        self.extension = Path(spec.origin)
        self.install(self.extension)

    def install(self, extension: Path) -> None:
        """Put an extension in place of the copy's."""
        package = self.root / "src" / "elman"
        for old in package.glob("_native*.so"):
            old.unlink()
        shutil.copy(extension, package)

    def build(self, levels: str) -> bool:
        """Compile the extension of the copy for some levels, without much optimisation; tell whether that worked."""
        target = self.root / f"build-{levels.replace(' ', '-')}"
        if not target.exists():
            lists = self.root / "CMakeLists.txt"
            text = lists.read_text().replace("set(ELMAN_LEVELS generic v2 v3 v4)", "set(ELMAN_LEVELS ${OF_MUTANT})")
            lists.write_text(text.replace("-O3", "-O1").replace(" -Werror", ""))  # tests must notice, not GCC
            nanobind = run([sys.executable, "-m", "nanobind", "--cmake_dir"], self.root).stdout.strip()
            wanted = f"-DOF_MUTANT={levels.replace(' ', ';')}"
            configure = ["cmake", "-S", ".", "-B", target.name, f"-Dnanobind_DIR={nanobind}", wanted]
            run([*configure, f"-DPython_EXECUTABLE={sys.executable}", "-DCMAKE_BUILD_TYPE=Release"], self.root)
        if run(["cmake", "--build", target.name], self.root).returncode:
            return False
        self.install(next(target.glob("_native*.so")))
        return True

    def test(self, tests: str) -> str | None:
        """Run tests; return the name of the first that fails."""
        command = [sys.executable, "-S", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests.split()]
        done = run(command, self.root)
        if done.returncode == 0:
            return None
        failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        if done.returncode > 2 or not failed:
            sys.exit(f"the tests did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return failed[0].partition(" ")[2].partition(" - ")[0].removeprefix("tests/")


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in the copy, whose package comes first."""
    path = os.pathsep.join([str(folder / "src"), sysconfig.get_path("purelib")])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def sabotage(copy: Copy, mutant: Mutant) -> str | None:
    """Make the change, run the tests, take the change back; return what failed, or None if nothing did."""
    path = copy.root / mutant.file
    before = text = path.read_text()
    for old, new in mutant.changes:
        if text.count(old) != 1:
            sys.exit(f"{mutant.what}: {old!r} stands {text.count(old)} times in {mutant.file}")
        text = text.replace(old, new)
    path.write_text(text)
    native = mutant.file.startswith("cpp/")
    try:
        if native and not copy.build(mutant.levels):
            sys.exit(f"{mutant.what}: does not compile")
        return copy.test(mutant.tests)
    finally:
        path.write_text(before)
        if native:
            copy.install(copy.extension)


def write(results: dict[str, dict[str, str | None]]) -> None:
    """Write the results and the table."""
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    rows = []
    for mutant in MUTANTS:
        if (found := results.get(f"{mutant.room}: {mutant.what}")) is not None:
            by = "**nobody**" if found["noticed by"] is None else f"`{found['noticed by']}`"
            rows.append(f"| {mutant.room} | {mutant.what.replace('|', ' ')} | {by} |")
    killed = sum(found["noticed by"] is not None for found in results.values())
    TABLE.write_text(HEAD.format(killed=killed, total=len(results)) + "\n".join(rows) + "\n")


def main() -> int:
    """Run the mutants asked for."""
    words = sys.argv[1:]
    chosen = [m for m in MUTANTS if not words or any(word == m.room or word in m.what for word in words)]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results = {name: results[name] for mutant in MUTANTS if (name := f"{mutant.room}: {mutant.what}") in results}
    with tempfile.TemporaryDirectory() as folder:
        copy, green = Copy(Path(folder)), set()
        for mutant in chosen:
            native = mutant.file.startswith("cpp/")
            built = mutant.levels if native else ""
            if (mutant.tests, built) not in green:
                if (native and not copy.build(built)) or (failed := copy.test(mutant.tests)):
                    sys.exit(f"without any sabotage {failed if not native else mutant.tests} fails")
                green.add((mutant.tests, built))
            noticed = sabotage(copy, mutant)
            results[f"{mutant.room}: {mutant.what}"] = {"noticed by": noticed}
            print(f"{mutant.room}: {mutant.what}: {noticed or 'SURVIVED'}", flush=True)
            write(results)
    survivors = [f"{m.room}: {m.what}" for m in chosen if results[f"{m.room}: {m.what}"]["noticed by"] is None]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} noticed", *survivors, sep="\n")
    return int(bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
