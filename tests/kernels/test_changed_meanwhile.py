"""Indices and lengths that change during a kernel: the kernel uses the checked values."""

from __future__ import annotations

import pytest

from kernels.subprocesses import run_python

# The handler runs in the middle of a call, when the kernel polls. Calls that end before the timer are made again.
SIGNAL = """
import signal
import numpy as np
from elman import engine

T, N, D, H = 40_000, 4, 3, 32
rng = np.random.default_rng(0)
W_x, W_h = rng.normal(size=(D, H)).astype("f4"), (rng.normal(size=(H, H)) / 8).astype("f4")
h_0, dh_T = np.zeros((N, H), "f4"), np.ones((N, H), "f4")
ones, lengths = rng.integers(0, D, (T, N)), np.array([T, T - 1, T // 2, T])
right_ones, right_lengths = ones.copy(), lengths.copy()
h = engine.rnn_forward(ones, h_0, W_x, W_h, lengths=lengths)

def forward():
    return [engine.rnn_forward(ones, h_0, W_x, W_h, lengths=lengths)]

def backward():
    return list(engine.rnn_backward(None, ones, h, W_x, W_h, lengths=lengths, dh_T=dh_T))

inside = changed = False

def handler(*_):
    global changed
    if inside:
        ones[:], lengths[:], changed = 2**40, 2**40, True

signal.signal(signal.SIGALRM, handler)
for call in (forward, backward):
    wanted, changed = call(), False
    signal.setitimer(signal.ITIMER_REAL, 0.06, 0.06)
    while not changed:
        ones[:], lengths[:] = right_ones, right_lengths
        inside = True
        try:
            got = call()
        except ValueError:  # written before the values were checked: refused, once more
            changed = False
        inside = False
    signal.setitimer(signal.ITIMER_REAL, 0)
    ones[:], lengths[:] = right_ones, right_lengths
    for a, b in zip(wanted, got, strict=True):
        if a is not None:
            assert np.array_equal(a, b)
print("same")
"""

# A thread writes without pause. A call either refuses the values or computes with the checked ones.
THREAD = """
import threading
import numpy as np
from elman import Architecture, Network, engine

M, D, V = 200_000, 8, 5
x = np.zeros(M, np.int64)
dx, E, o = np.ones((M, D), "f4"), np.ones((V, D), "f4"), np.zeros((M, V), "f4")
values = np.zeros((100, 1))
packed = engine.pack_layer("rnn", np.ones((V, D), "f4"), np.eye(D, dtype="f4"), one_hot=True)
network = Network.initialized(Architecture(None, V, vocabulary_size=V, hidden_size=4, output="softmax"))
CALLS = {
    "embedding_forward": lambda: engine.embedding_forward(x, E),
    "embedding_backward": lambda: engine.embedding_backward(dx, x, V),
    "categorical_cross_entropy": lambda: engine.categorical_cross_entropy(o, x),
    "dense_cross_entropy": lambda: engine.dense_cross_entropy(dx, E.T.copy(), None, x),
    "gather_windows": lambda: engine.gather_windows(values, None, x, 1, 0, 1, 1, "float32"),
    "step": lambda: engine.step(packed, x, np.zeros((M, D), "f4")),
    "network": lambda: network.predict(x[-64000:].reshape(2000, 32)),
}

def write():
    while running:
        x[-3000:] = 2**40
        x[-3000:] = 0

running, results = True, []
thread = threading.Thread(target=write)
thread.start()
try:
    for _ in range(ROUNDS):
        try:
            results.append(CALLS["NAME"]())
        except ValueError:
            pass  # refused
        results = results[-1:]
finally:
    running = False
    thread.join()
print("survived")
"""


def test_a_signal_handler_that_writes_to_indices_and_lengths_changes_nothing() -> None:
    assert run_python(SIGNAL, OMP_NUM_THREADS="1") == "same\n"


@pytest.mark.parametrize(
    "name",
    [
        "embedding_forward",
        "embedding_backward",
        "categorical_cross_entropy",
        "dense_cross_entropy",
        "gather_windows",
        "step",
        "network",
    ],
)
def test_a_thread_that_writes_to_indices_crashes_no_kernel(name: str) -> None:
    assert run_python(THREAD.replace("NAME", name).replace("ROUNDS", "50")) == "survived\n"
