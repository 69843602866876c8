"""The context of a kernel call: forks, signals, the floating-point mode, the environment, and ISA levels by name."""

from __future__ import annotations

import os
import platform
import threading
from pathlib import Path

import numpy as np
import pytest

from elman import engine
from elman.engine import kernels
from elman.errors import ArgumentError
from kernels.calls import CELLS, Problem, run
from kernels.subprocesses import run_python

FORK = """
import os, signal, sys, threading, warnings
import numpy as np
from elman import engine
from kernels.calls import Problem, assert_same_bits, run

warnings.simplefilter("ignore", DeprecationWarning)  # of forking a process with threads, which is the point here
signal.alarm(100)  # a child that hangs must not outlive the test
problem = Problem("lstm", "float32", 20, 24, 40, 88)
expected = run(problem, n_threads=3)

def child():
    for n_threads in (3, 1, 2):
        states, gradients = run(problem, n_threads=n_threads)
        assert_same_bits(states, expected[0])
        assert_same_bits(gradients, expected[1])

def fork(work):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(100)
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""

FORK_AFTER_A_CALL = """
fork(child)
child()
fork(lambda: (child(), fork(child)))
"""

FORK_DURING_A_CALL = """
engine.use_isa("generic")  # the slowest, so that the call is long
long = Problem("lstm", "float32", 1500, 32, 8, 256)
h = np.full((1501, 32, 256), np.nan, np.float32)
c = h.copy()

def call():
    a = long.a
    inputs = a["x"], a["h_0"], a["c_0"], a["W_x"], a["W_h"]
    engine.kernels.layer_forward("lstm", "tanh", *inputs, None, None, None, None, h, c, None, 2)

thread = threading.Thread(target=call)
thread.start()
while np.isnan(h[3, 0, 0]):
    pass
assert np.isnan(h[-1, -1, -1]), "the call was over before the fork"
engine.use_isa(engine.isa_levels()[-1])
fork(child)
thread.join()
assert np.isfinite(h).all()
child()
"""


def test_a_forked_child_computes() -> None:
    """After a threaded call the child has none of the threads; it makes its own, and so does its child."""
    run_python(FORK + FORK_AFTER_A_CALL)


def test_a_fork_does_not_wait_for_a_call() -> None:
    """Another Python thread is in a kernel, polling for the GIL that fork holds: neither may wait for the other."""
    run_python(FORK + FORK_DURING_A_CALL)


INTERRUPT = """
import os, signal, threading, time
import numpy as np
from elman import engine, reference
from kernels.calls import Problem, forward
from tolerances import assert_close

signal.signal(signal.SIGINT, signal.default_int_handler)  # a process started in the background inherits none
engine.use_isa("generic")
k = engine.kernels
rng = np.random.default_rng(0)

def new(*shape):
    return (0.1 * rng.random(size=shape, dtype=np.float32))

def interrupt(call, begun):
    # As soon as `begun()` sees the kernel at work, the process sends itself the signal of Ctrl-C.
    def watch():
        while not begun():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        call()
        time.sleep(10)  # a signal that came too late ends here
    except KeyboardInterrupt:
        watcher.join()
    else:
        raise AssertionError("no interrupt")

def check_engine():
    problem = Problem("lstm", "float32", 20, 24, 40, 88)
    states, twins = (forward(module, "lstm", problem.a) for module in (engine, reference))
    for name in states:
        assert_close(states[name], twins[name], "states", "float32")
"""
INTERRUPTS = {
    "lstm forward": """
T, N, D, H = 400, 32, 8, 512
h = np.full((T + 1, N, H), np.nan, np.float32)
inputs = new(T, N, D), new(N, H), new(N, H), new(D, 4 * H), new(H, 4 * H)
call = lambda: k.layer_forward("lstm", "tanh", *inputs, None, None, None, None, h, h.copy(), None, THREADS)
interrupt(call, lambda: not np.isnan(h[1, -1, -1]))
assert np.isnan(h[-1]).any(), "it ran to the end"
""",
    "gru backward": """
T, N, D, H = 400, 32, 8, 512
states, W = (new(T, N, D), new(T + 1, N, H), None, new(T, N, 4 * H)), (new(D, 3 * H), new(H, 3 * H))
dx, dh_0 = np.full((T, N, D), np.nan, np.float32), np.empty((N, H), np.float32)
out = dx, dh_0, None, *map(np.empty_like, W), np.empty(3 * H, np.float32), np.empty(H, np.float32)
given = "gru", "tanh", new(T, N, H), None, None, *states, *W, None, None, False
call = lambda: k.layer_backward(*given, *out, False, THREADS)
interrupt(call, lambda: not np.isnan(dx[-1, -1, -1]))
assert np.isnan(dx[0]).any(), "it ran to the end"
""",
    "weight gradient": """
M, H, K = 20_000, 512, 1024
do, h, dW = np.ones((M, K), np.float32), np.ones((M, H), np.float32), np.full((H, K), np.nan, np.float32)
call = lambda: k.dense_backward(do, h, dW, None, dW, None, False, False, THREADS)
interrupt(call, lambda: not np.isnan(dW[0, 0]))
assert np.nanmin(dW) < M, "it ran to the end"
""",
    "dense": """
M, H, K = 20_000, 512, 1024
o = np.full((M, K), np.nan, np.float32)
call = lambda: k.dense_forward(new(M, H), new(H, K), None, o, False, THREADS)
interrupt(call, lambda: not np.isnan(o[0, 0]))
assert np.isnan(o).any(), "it ran to the end"
""",
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("what", INTERRUPTS)
def test_ctrl_c(what: str, threads: int) -> None:
    """The call ends long before its work is done, KeyboardInterrupt is raised, and the engine works afterwards."""
    run_python(INTERRUPT + INTERRUPTS[what].replace("THREADS", str(threads)) + "check_engine()\n")


HANDLER = """
import signal
import numpy as np
from elman import engine
from kernels.calls import Problem, assert_same_bits, forward

engine.use_isa("generic")
short = Problem("lstm", "float32", 3, 40, 150, 200)  # less scratch memory than the call that it interrupts
short_states = forward(engine, "lstm", short.a)
midway, running = [], []

def handler(*_):
    if running:  # it takes longer than the next signal
        return
    running.append(True)
    assert np.float64(1e-310) * 1.0 > 0, "subnormal numbers are flushed"
    midway.append(not np.isnan(h[1]).any() and bool(np.isnan(h[-1]).any()))
    assert_same_bits(forward(engine, "lstm", short.a, n_threads=2), short_states)
    running.clear()

signal.signal(signal.SIGALRM, handler)
T = 100
while not any(midway):  # until the machine is busy for long enough to see a signal
    problem = Problem("lstm", "float32", T, 32, 64, 256)
    a, states = problem.a, forward(engine, "lstm", problem.a, n_threads=THREADS)
    h, c = np.full_like(states["h"], np.nan), np.empty_like(states["c"])
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    inputs = a["x"], a["h_0"], a["c_0"], a["W_x"], a["W_h"], a["b"]
    engine.kernels.layer_forward("lstm", "tanh", *inputs, None, None, None, h, c, None, THREADS)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert_same_bits({"h": h, "c": c}, states, "h", "c")
    T *= 2
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_a_signal_handler_may_call_the_engine(threads: int) -> None:
    """A handler runs in the middle of a call, sees subnormal numbers, and its own call disturbs nothing."""
    run_python(HANDLER.replace("THREADS", str(threads)))


def subnormals_survive() -> bool:
    return bool((np.full(40, 1e-310) * 0.5 > 0).all()) and float(np.float64(1e-310)) * 1.0 > 0


@pytest.mark.parametrize("case", CELLS)
def test_subnormal_numbers_come_back(isa: str, case: str) -> None:
    """Flushed inside a call, as the kernels promise; untouched outside, in whatever Python thread."""
    problem = Problem(case, "float64", 30, 24, 40, 88)
    seen = []

    def work() -> None:
        before = subnormals_survive()
        for n_threads in (1, 3):
            run(problem, n_threads=n_threads)
            assert engine.activation_forward([1e-310], "tanh")[0] == 0
            with pytest.raises(ValueError, match="x must have shape"):
                engine.rnn_forward(np.ones(3), 0, 0, 0)
            seen.append((before, subnormals_survive()))

    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(True, True)] * 4


ENVIRONMENTS = [
    ({"ELMAN_NUM_THREADS": "3"}, 3),
    ({"OMP_NUM_THREADS": "5"}, 5),
    ({"ELMAN_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3),
    ({"ELMAN_NUM_THREADS": "0", "OMP_NUM_THREADS": "5"}, 5),
    ({"ELMAN_NUM_THREADS": "-2", "OMP_NUM_THREADS": "5"}, 5),
    ({"ELMAN_NUM_THREADS": "many", "OMP_NUM_THREADS": "5"}, 5),
    ({"ELMAN_NUM_THREADS": "", "OMP_NUM_THREADS": "5,2"}, 5),
    ({"ELMAN_NUM_THREADS": "100000"}, 256),
]


IN_CHILDREN = """
import os
from elman import engine
for environment in ENVIRONMENTS:
    if os.fork() == 0:  # the number is read from the environment when it is asked for first
        os.environ.update(environment)
        print(engine.num_threads(), flush=True)
        os._exit(0)
    os.wait()
"""


def test_threads_from_the_environment() -> None:
    environments, expected = zip(*ENVIRONMENTS, strict=True)
    found = run_python(IN_CHILDREN.replace("ENVIRONMENTS", repr(environments)))
    assert [int(line) for line in found.splitlines()] == list(expected)


def test_threads_without_an_environment_are_the_cpus_of_the_process() -> None:
    code = "from elman import engine; print(engine.num_threads())"
    assert run_python(code) == f"{kernels.cgroup_cpus('', len(os.sched_getaffinity(0)))}\n"
    one = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    assert run_python(one + code) == "1\n"


V1 = "4:memory:/box\n3:cpuacct,cpu:/docker/box\n0::/\n"
GROUPS = {  # of the process, files below /sys/fs/cgroup, CPUs of eight
    "no files": ("", {}, 8),
    "version 2, no limit": ("0::/\n", {"cpu.max": "max 100000\n"}, 8),
    "version 2, half a CPU": ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
    "version 2, two and a half": ("0::/\n", {"cpu.max": "250000 100000\n"}, 2),
    "version 2, more than there are": ("0::/\n", {"cpu.max": "9900000 100000\n"}, 8),
    "version 2, the lowest of three": (
        "0::/a/b/c\n",
        {"a/b/c/cpu.max": "600000 100000", "a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000"},
        3,
    ),
    "version 1": (
        V1,
        {"cpuacct,cpu/docker/box/cpu.cfs_quota_us": "200000", "cpuacct,cpu/docker/box/cpu.cfs_period_us": "50000"},
        4,
    ),
    "version 1, in a container": (V1, {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
    "version 1, no limit": (V1, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
    "another controller": ("4:cpuset:/box\n", {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 8),
    "damaged": ("cpu\n7:cpu\n:::\n0::a\n", {"cpu.max": "many 100000"}, 8),
}  # fmt: skip


@pytest.mark.parametrize(("groups", "files", "expected"), GROUPS.values(), ids=GROUPS)
def test_a_control_group_limits_the_threads(groups: str, files: dict[str, str], expected: int, tmp_path: Path) -> None:
    for name, text in {"proc/self/cgroup": groups, **{f"sys/fs/cgroup/{name}": files[name] for name in files}}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert kernels.cgroup_cpus(str(tmp_path), 8) == expected


THREADS_OF_A_CALL = """
import os
from elman import engine
from kernels.calls import Problem, forward
problem = Problem("lstm", "float32", 40, 24, 40, 88)
forward(engine, "lstm", problem.a, n_threads=GIVEN)
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.parametrize(("given", "expected"), [("None", 4), ("1", 1), ("3", 3)])
def test_threads_of_a_call_come_first(given: str, expected: int) -> None:
    """n_threads wins over the environment, which wins over the CPUs."""
    code = THREADS_OF_A_CALL.replace("GIVEN", given)
    assert run_python(code, ELMAN_NUM_THREADS="4") == f"{expected}\n"


NEEDS = {"v2": {"sse4_2", "popcnt"}, "v3": {"avx2", "fma", "movbe"}, "v4": {"avx512f", "avx512vl", "avx512bw"}}


def test_the_levels_are_those_that_the_system_lists() -> None:
    expected = ["generic", "neon"]
    if platform.machine() == "x86_64":
        flags = next(
            line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")
        ).split()
        expected = ["generic", *(level for level, names in NEEDS.items() if names <= set(flags))]
    assert engine.isa_levels() == expected


@pytest.mark.parametrize("level", engine.isa_levels())
def test_level_from_the_environment(level: str) -> None:
    assert run_python("from elman import engine; print(engine.isa())", ELMAN_ISA=level) == f"{level}\n"


def test_an_unknown_level_in_the_environment_is_the_best_level_with_a_warning() -> None:
    levels = engine.isa_levels()
    code = (
        "import warnings\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    from elman import engine\n"
        "print(engine.isa(), *(f'{w.category.__name__}: {w.message}' for w in caught))"
    )
    assert run_python(code, ELMAN_ISA="v9") == (
        f"{levels[-1]} ElmanWarning: ELMAN_ISA=v9: this build has no such level, or this CPU cannot run it; "
        f"{levels[-1]} is used. Levels here: {', '.join(levels)}.\n"
    )
    for unset in ({}, {"ELMAN_ISA": ""}):
        assert run_python(code, **unset) == f"{levels[-1]}\n"


def test_use_isa(isa: str) -> None:
    assert engine.isa() == isa
    with pytest.raises(ArgumentError) as error:
        engine.use_isa("v9")
    levels = ", ".join(map(repr, engine.isa_levels()))
    assert str(error.value).splitlines()[0] == f"use_isa: name must be one of {levels}, got 'v9'."
    assert engine.isa() == isa


def test_a_packed_layer_stays_with_its_level() -> None:
    """Panels are as wide as the vectors they were packed for, so a later switch of level does not reach them."""
    problem = Problem("gru-after", "float32", 1, 3, 2, 17)
    a, before = problem.a, engine.isa()
    try:
        for level in engine.isa_levels():
            engine.use_isa(level)
            packed = engine.pack_layer("gru", a["W_x"], a["W_h"], a["b"], a["b_hn"])
            expected = a["h_0"].copy()
            engine.step(packed, a["x"][0], expected)
            for other in engine.isa_levels():
                engine.use_isa(other)
                h = a["h_0"].copy()
                engine.step(packed, a["x"][0], h)
                np.testing.assert_array_equal(h, expected)
    finally:
        engine.use_isa(before)


NO_THREADS = """
import os, resource
import numpy as np
from elman import engine

h, W = np.random.default_rng(0).normal(size=(2, 300, 300))
o = [np.zeros((300, 300)) for _ in range(2)]
engine.kernels.dense_forward(h, W, None, o[0], False, 1)  # asks for all the memory that the second call needs
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**20, resource.RLIM_INFINITY))  # too little for the stack of a thread
engine.kernels.dense_forward(h, W, None, o[1], False, 7)
assert len(os.listdir("/proc/self/task")) == 1
assert (o[0] == o[1]).all() and o[0].any()
"""


def test_where_the_system_gives_no_threads_the_caller_does_the_work() -> None:
    run_python(NO_THREADS)


NO_MEMORY = """
import resource
import numpy as np
from elman import engine

k = engine.kernels
h, W, o = np.ones((20, 1500)), np.ones((1500, 1500)), np.empty((20, 1500))
dh, dW = np.empty_like(h), np.empty_like(W)
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**21, resource.RLIM_INFINITY))  # packing W takes 18 MB
for call in (
    lambda: k.dense_forward(h, W, None, o, False, 2),
    lambda: k.dense_backward(h, h, W, dh, dW, None, False, False, 2),
    lambda: k.pack_layer("rnn", W, W, None, None, "tanh"),
):
    try:
        call()
    except MemoryError:
        pass
    else:
        raise AssertionError("there was memory after all")
    assert np.float64(1e-310) * 1.0 > 0
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
k.dense_forward(h, W, None, o, False, 2)
assert (o == 1500).all()
"""


def test_memory_that_cannot_be_had_is_a_memory_error() -> None:
    """Raised through the kernels, which know no exceptions; the engine works again once there is memory."""
    run_python(NO_MEMORY)
