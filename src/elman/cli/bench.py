"""``elman bench``: speed of the kernels on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Annotated, NamedTuple

import typer

from elman.cli._show import show_table

__all__ = ["bench"]

# cell, T steps, N sequences, D inputs, H hidden units; the first is the default forecaster
_LAYERS = [
    ("lstm", 96, 32, 168, 64),
    ("lstm", 10, 32, 1, 16),
    ("rnn", 50, 32, 8, 32),
    ("gru", 100, 64, 64, 128),
    ("lstm", 128, 64, 256, 256),
]
_STREAMS = [("lstm", 1, 32), ("lstm", 64, 128), ("lstm", 256, 256)]  # cell, D, H
_LOOP_ROUNDS = 2_000_000


class _Row(NamedTuple):
    what: str
    seconds: float
    operations: float  # arithmetic operations of the matrix products
    loop: float  # operations per second of the loop of multiply-adds, in the same rounds


def bench(
    threads: Annotated[int, typer.Option(min=1, max=2**31 - 1, help="Threads of the network and of the loop.")] = 1,
    seconds: Annotated[float, typer.Option(min=0.01, help="Minimum time per line.")] = 1.0,
) -> None:
    """Time training steps, forward passes and streaming on this machine, in less than a minute.

    The rate of the matrix products is shown beside that of a loop of multiply-adds in registers, an upper bound for
    any program with as many threads. Networks have one layer and one output, float32.
    """
    rows = [row for layer in _LAYERS for row in _time_layer(*layer, threads, seconds)]
    streams = [(f"{cell.upper()} {D}→{H}", _time_stream(cell, D, H, seconds)) for cell, D, H in _STREAMS]
    _show(rows, streams, threads)


def _time_layer(cell: str, T: int, N: int, D: int, H: int, threads: int, seconds: float) -> list[_Row]:
    """Time the training step and the forward pass, in turns with the loop."""
    import numpy as np

    from elman.engine import kernels
    from elman.network import Architecture, Network

    rng = np.random.default_rng(0)
    network = Network.initialized(Architecture(D, 1, cell=cell, hidden_size=H))
    x, do = (rng.normal(size=(T, N, width)).astype(np.float32) for width in (D, 1))
    forward = 2.0 * T * N * (network.architecture.gates * H * (D + H) + H)
    to_state = 2.0 * T * N * network.architecture.gates * H * H + 2.0 * T * N * H
    times = _take_turns(
        [
            lambda: network.backward(network.forward(x, n_threads=threads), do, n_threads=threads),
            lambda: network.predict(x, n_threads=threads),
            lambda: kernels.fma_loop(_LOOP_ROUNDS, threads),
        ],
        seconds,
    )
    loop = kernels.fma_loop(_LOOP_ROUNDS, threads) / times[2]
    shape = f"{cell.upper()} {T},{N},{D},{H}"
    return [
        _Row(f"{shape}  training step", times[0], 2 * forward + to_state, loop),
        _Row(f"{shape}  forward", times[1], forward, loop),
    ]


def _time_stream(cell: str, D: int, H: int, seconds: float) -> float:
    """Return the seconds of one step of one sequence."""
    import numpy as np

    from elman.network import Architecture, Network, State

    network = Network.initialized(Architecture(D, 1, cell=cell, hidden_size=H))
    state = [State.zeros(network.architecture, rows=1)]
    x = np.ones((1, D), np.float32)

    def step() -> None:
        state[0], _ = network.step(state[0], x, n_threads=1)

    return _take_turns([step], seconds)[0]


def _take_turns(calls: list[Callable[[], object]], seconds: float) -> list[float]:
    """Return the median seconds of each call, every round calling all of them."""
    counts: list[int] = []
    rounds: list[list[float]] = []
    for call in calls:
        call()
        start = time.perf_counter()
        call()
        counts.append(max(1, int(0.01 / (time.perf_counter() - start))))
    end = time.perf_counter() + seconds * len(calls)
    while len(rounds) < 3 or time.perf_counter() < end:
        rounds.append([_time(call, count) for call, count in zip(calls, counts, strict=True)])
    return [statistics.median(figures) for figures in zip(*rounds, strict=True)]


def _time(call: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def _show(rows: list[_Row], streams: list[tuple[str, float]], threads: int) -> None:
    """Print the tables."""
    from elman.engine import isa

    loop = statistics.median(row.loop for row in rows) / 1e9
    several = f"{threads} threads" if threads > 1 else "one thread"
    cells = []
    for row in rows:
        rate = row.operations / row.seconds
        cells.append((row.what, f"{row.seconds * 1e3:.3g}", f"{rate / 1e9:.1f}", f"{rate / row.loop:.2f}"))
    title = f"{isa()}, {several}; loop of multiply-adds: {loop:.0f} GF/s"
    show_table(title, ["T,N,D,H", "milliseconds", "GF/s", "of the loop"], cells)
    taken = [(what, f"{seconds * 1e6:.1f}") for what, seconds in streams]
    show_table("One step, state carried", ["D→H", "microseconds"], taken)
