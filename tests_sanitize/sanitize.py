"""Build the extension with sanitizers in a folder of its own, run the tests that reach it, count the reports.

    python tests_sanitize/sanitize.py            both
    python tests_sanitize/sanitize.py address    AddressSanitizer, UndefinedBehaviorSanitizer, LeakSanitizer
    python tests_sanitize/sanitize.py thread     ThreadSanitizer

Needs GCC with its sanitizer libraries, Linux. What Python and NumPy do is not judged: a report counts if one of its
frames is in the extension. Leaks that nanobind reports count too. The counts go to ``results.json`` beside this file.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results.json")
NM = Path(__file__).with_name("nm.sh")
SUPPRESSED = Path(__file__).with_name("thread.supp")
COMMON = "-g -fno-omit-frame-pointer -Wno-error"


@dataclass(frozen=True)
class Build:
    """One kind of build, and what runs with it."""

    flags: str
    preload: tuple[str, ...]
    options: dict[str, str]
    tests: tuple[str, ...]


BUILDS = {
    "address": Build(
        "-fsanitize=address,undefined -fno-sanitize=vptr",
        ("libasan.so", "libubsan.so", "libstdc++.so.6"),
        {
            "ASAN_OPTIONS": "detect_leaks=1:halt_on_error=0:exitcode=0:allocator_may_return_null=1"
            ":handle_segv=0:handle_sigbus=0:log_path={log}",  # the tests of guard pages want their signals
            "UBSAN_OPTIONS": "print_stacktrace=1:log_path={log}",
            "LSAN_OPTIONS": "max_leaks=0:exitcode=0",
            "PYTHONMALLOC": "malloc",  # so that every object is seen
        },
        # joblib's workers do not end beside the sanitizer.
        (
            "tests/kernels",
            "tests/network",
            "tests/training",
            "tests/persistence",
            "--ignore=tests/training/test_jobs.py",
        ),
    ),
    "thread": Build(
        "-fsanitize=thread",
        ("libtsan.so",),
        {
            "TSAN_OPTIONS": "halt_on_error=0:exitcode=0:report_signal_unsafe=0"
            f":suppressions={SUPPRESSED}:log_path={{log}}",
            "ELMAN_NUM_THREADS": "4",
        },
        ("tests_sanitize/test_threads.py",),
    ),
}


def library(name: str) -> str:
    """Return where the compiler keeps one of its libraries."""
    found = subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    path = Path(found.stdout.strip())
    if not path.is_absolute():
        sys.exit(f"{name} is missing; install the sanitizer libraries of GCC")
    return str(path.resolve())


def build(name: str) -> Path:
    """Compile the extension, and return a folder to put on the path: the package with that extension."""
    folder = ROOT / "build" / f"sanitize-{name}"
    nanobind = subprocess.run(
        [sys.executable, "-m", "nanobind", "--cmake_dir"], capture_output=True, text=True, check=True
    ).stdout.strip()
    settings = {
        "nanobind_DIR": nanobind,
        "Python_EXECUTABLE": sys.executable,
        "CMAKE_CXX_COMPILER": "g++",
        "CMAKE_NM": str(NM),
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_CXX_FLAGS": f"{BUILDS[name].flags} {COMMON}",
    }
    configure = ["cmake", "-S", str(ROOT), "-B", str(folder), *(f"-D{key}={value}" for key, value in settings.items())]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count()))
    subprocess.run(["cmake", "--build", str(folder), "--parallel", jobs], check=True)
    package = folder / "package" / "elman"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(ROOT / "src" / "elman", package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    (extension,) = folder.glob("_native*.so")
    shutil.copy(extension, package)
    return package.parent


def run(name: str, package: Path) -> dict[str, object]:
    """Run the tests and return what was found."""
    kind = BUILDS[name]
    logs = ROOT / "build" / f"sanitize-{name}" / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {key: value.format(log=logs / "report") for key, value in kind.options.items()}
    environment["LD_PRELOAD"] = " ".join(library(each) for each in kind.preload)
    # Without "site", so that an editable install does not put the ordinary extension first.
    environment["PYTHONPATH"] = os.pathsep.join([str(package), sysconfig.get_path("purelib")])
    command = [sys.executable, "-S", "-m", "pytest", "-q", "-p", "no:cacheprovider", *kind.tests]
    if shutil.which("setarch"):  # the sanitizers want memory where they expect it
        command = ["setarch", "--addr-no-randomize", *command]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    (logs / "pytest.txt").write_text(done.stdout + done.stderr)
    print(done.stdout[-2000:])
    reports = [report for path in logs.glob("report*") for report in split(path.read_text(errors="replace"))]
    ours = [report for report in reports if re.search(r"^ *#\d+ .*_native", report, re.MULTILINE)]
    leaks = re.findall(r"nanobind: leaked \d+ \w+", done.stdout + done.stderr)
    (logs / "ours.txt").write_text("\n\n".join(ours))
    tally = dict(re.findall(r"(\d+) (passed|failed|error|skipped)", done.stdout)[::-1])
    counts = {word: int(number) for number, word in tally.items()}
    levels = re.search(r"ISA levels tested: ([\w, ]+)", done.stdout)
    return {
        "flags": kind.flags,
        "tests": list(kind.tests),
        "levels": levels[1] if levels else "",
        "passed": counts.get("passed", 0),
        "failed": counts.get("failed", 0) + counts.get("error", 0) + (done.returncode not in (0, 1) or not counts),
        "reports in the extension": len(ours),
        "reports elsewhere": len(reports) - len(ours),
        "leaks reported by nanobind": len(leaks),
    }


def split(text: str) -> list[str]:
    """Split a log into reports; LeakSanitizer's is one text with a paragraph for every leak."""
    parts = re.split(r"^=+\n(?==*\d*|WARNING)|^(?=(?:Direct|Indirect) leak of )", text, flags=re.MULTILINE)
    marks = ("ERROR: AddressSanitizer", "runtime error:", "WARNING: ThreadSanitizer", " leak of ")
    return [part for part in parts if any(mark in part for mark in marks)]


def main() -> int:
    """Run what was asked for; 1 if anything was found."""
    names = sys.argv[1:] or list(BUILDS)
    results: dict[str, dict[str, object]] = {}
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    for name in names:
        found = {**run(name, build(name)), "compiler": compiler, "python": platform.python_version()}
        results[name] = found
        print(json.dumps({name: found}, indent=2))
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(known | results, indent=2) + "\n")
    bad = ("failed", "reports in the extension", "leaks reported by nanobind")
    return int(any(results[name][what] for name in names for what in bad))


if __name__ == "__main__":
    sys.exit(main())
