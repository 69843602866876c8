"""Build for 64-bit ARM with Debian's cross compiler and test under QEMU's emulation of that CPU.

    python tests_platforms/arm.py            everything
    python tests_platforms/arm.py PATH …     these tests of pytest alone, with its options

Emulation is ten to fifty times slower than the machine, so a selection of the tests runs: every kind of kernel test on
the level ``neon``, gradients, a forecast, and models exchanged with this machine both ways.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from subprocess import DEVNULL

from systems import BUILD, PARALLEL, ROOT, debian, emulate_arm, need, output, packages_for, run, run_in
from wheels import STABLE_ABI, environment, interpreter

RELEASE, PYTHON, SYSTEM = "trixie", "3.13", ("python3", "libstdc++6")
COMPILER = "aarch64-linux-gnu-g++"
FOLDER = BUILD / "arm"
SELECTION = (  # of these, all but those of the level `generic`
    "kernels/test_twins.py",
    "kernels/test_twins_layers.py",
    "kernels/test_twins_updates.py",
    "kernels/test_math.py",
    "kernels/test_narrow.py::test_an_int8_step_has_the_bits_of_the_reference",
    "kernels/test_narrow.py::test_a_product_has_the_bits_of_the_reference",
    "kernels/test_narrow.py::test_a_bfloat16_step_has_the_bits_of_rounded_weights",
    "kernels/test_exact.py::test_any_number_of_threads_dense",
    "kernels/test_exact.py::test_every_thread_flushes_subnormal_numbers",
    "kernels/test_exact.py::test_a_row_alone_or_among_any_neighbours",
    "kernels/test_exact.py::test_streaming_or_whole",
    "kernels/test_exact.py::test_chunks_with_carried_state",
    "kernels/test_gradients.py::test_on_every_level_with_units_beyond_a_vector",
    "kernels/test_gradients.py::test_dense",
    "kernels/test_gradients.py::test_activations",
    "kernels/test_gradients.py::test_losses",
    "kernels/test_runtime.py::test_subnormal_numbers_come_back",
    "kernels/test_runtime.py::test_the_levels_are_those_that_the_system_lists",
)


def build() -> Path:
    """Compile the extension, and return a folder to put on the path: the package with it."""
    need(COMPILER, "g++-aarch64-linux-gnu")
    # Through the stable ABI the headers of this machine's Python will do.
    programs = environment(interpreter(*STABLE_ABI))
    python = programs / "python"
    settings = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_SYSTEM_NAME": "Linux",
        "CMAKE_SYSTEM_PROCESSOR": "aarch64",
        "CMAKE_CXX_COMPILER": COMPILER,
        "Python_EXECUTABLE": python,
        "Python_INCLUDE_DIR": output(python, "-c", "import sysconfig; print(sysconfig.get_path('include'))"),
        "nanobind_DIR": output(python, "-m", "nanobind", "--cmake_dir"),
        "SKBUILD_SABI_COMPONENT": "Development.SABIModule",
        "NB_SUFFIX": ".so",
        "NB_SUFFIX_S": ".abi3.so",
    }
    cmake, folder = programs / "cmake", FOLDER / "build"
    run(cmake, "-S", ROOT, "-B", folder, *(f"-D{name}={value}" for name, value in settings.items()), stdout=DEVNULL)
    run(cmake, "--build", folder, "--parallel", PARALLEL, stdout=DEVNULL)
    package = FOLDER / "package" / "elman"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(ROOT / "src" / "elman", package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    shutil.copy(folder / "_native.abi3.so", package)
    return debian(RELEASE, "arm64", SYSTEM)


class Emulated:
    """The Debian for ARM, with Elman and what it needs."""

    def __init__(self, root: Path) -> None:
        emulate_arm()
        self.root, self.packages = root, packages_for("arm64", PYTHON, "test")

    def run(self, *arguments: str, **variables: str) -> None:
        """Run Python there; a failure ends this program."""
        start = time.perf_counter()
        path = f"/packages:/elman/{(FOLDER / 'package').relative_to(ROOT)}"
        code = run_in(self.root, "python3", *arguments, packages=self.packages, PYTHONPATH=path, **variables)
        print(f"[{time.perf_counter() - start:.0f} s] python {' '.join(arguments)}", flush=True)
        if code:
            sys.exit(code)


def exchange(arm: Emulated) -> None:
    """Save here, load there, and the other way round."""
    folder = FOLDER / "models"
    shutil.rmtree(folder, ignore_errors=True)
    script, inside = "tests_platforms/exchange.py", f"/elman/{folder.relative_to(ROOT)}"
    run(sys.executable, ROOT / script, "write", folder / "x86")
    arm.run(script, "read", f"{inside}/x86")
    arm.run(script, "write", f"{inside}/arm")
    run(sys.executable, ROOT / script, "read", folder / "arm")


def main(arguments: list[str]) -> None:
    arm = Emulated(build())
    pytest = ("-m", "pytest", "-q", "--tb=native", "-p", "no:cacheprovider")
    if arguments:
        return arm.run(*pytest, *arguments)
    arm.run("-c", "import platform; from elman import engine; print(platform.machine(), *engine.isa_levels())")
    arm.run(*pytest, *(f"tests/{name}" for name in SELECTION), "-k", "not generic")
    arm.run("-m", "elman", "forecast", "air-passengers", "--horizon", "12")
    return exchange(arm)


if __name__ == "__main__":
    main(sys.argv[1:])
