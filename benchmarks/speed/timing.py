"""Timing: the sides alternate in one process, and medians are compared."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from elman.engine import kernels

Call = Callable[[], object]
Clock = Callable[[], float]

TURN = 0.01  # seconds of one side's turn, at least: short calls are repeated as in a training loop
SLOW = 0.1  # seconds; a longer call is not repeated to estimate its time
LEAST_ROUNDS = 5
MOST_ATTEMPTS = 3
MOST_SECONDS = 15.0  # of a measurement that continues because its rounds disagree
DISAGREEMENT = 0.08  # spread of the ratio between rounds above which a measurement continues
FMA_ROUNDS = 2_000_000


@dataclass(frozen=True)
class Timings:
    """Seconds per call of every side, one figure per round."""

    rounds: dict[str, list[float]]

    def median(self, name: str) -> float:
        return statistics.median(self.rounds[name])

    def spread(self, name: str, other: str) -> float:
        """Return the interquartile range of the rounds' ratios, relative to their median."""
        ratios = sorted(a / b for a, b in zip(self.rounds[name], self.rounds[other], strict=True))
        low, _, high = statistics.quantiles(ratios, n=4)
        return (high - low) / statistics.median(ratios)

    def worst_spread(self, ours: str) -> float:
        return max((self.spread(name, ours) for name in self.rounds if name != ours), default=0.0)


def seconds_of(call: Call, count: int, clock: Clock = time.process_time) -> float:
    """Time ``count`` calls in a row; return the seconds of one.

    The clock counts the CPU time of all threads of this process. The process is pinned to one CPU, so this is the wall
    time minus the time of other programs.
    """
    start = clock()
    for _ in range(count):
        call()
    return (clock() - start) / count


def typical_seconds(call: Call) -> float:
    """Return an estimate of a call's time; the call is warm, because it was checked before."""
    seconds = seconds_of(call, 1)
    if seconds < SLOW:
        seconds = min(seconds_of(call, 1) for _ in range(3))
    if seconds < TURN / 10:
        seconds = min(seconds_of(call, max(1, int(TURN / 4 / seconds))) for _ in range(3))
    return seconds


def interleave(
    sides: Mapping[str, Call], seconds: float, ours: str, known: Mapping[str, float], clock: Clock = time.process_time
) -> Timings:
    """Alternate the sides for about ``seconds`` each, and longer while their ratios disagree.

    The order rotates from round to round. A side with several calls per turn first makes one that is not timed, so that
    it does not pay for the cache contents of the others. Garbage is collected only between rounds. ``known`` holds
    seconds per call from earlier measurements.
    """
    guesses = {name: known[name] if name in known else typical_seconds(call) for name, call in sides.items()}
    counts = {name: max(1, round(TURN / guess)) for name, guess in guesses.items()}
    order = list(sides)
    timings = Timings({name: [] for name in order})
    start = time.perf_counter()
    gc.disable()
    try:
        for _ in range(MOST_ATTEMPTS):
            end = time.perf_counter() + seconds * len(order)
            done = 0
            while done < LEAST_ROUNDS or time.perf_counter() < end:
                for name in order:
                    if counts[name] > 1:
                        sides[name]()
                    timings.rounds[name].append(seconds_of(sides[name], counts[name], clock))
                order = [*order[1:], order[0]]
                done += 1
                gc.collect(0)
            if timings.worst_spread(ours) <= DISAGREEMENT or time.perf_counter() - start > MOST_SECONDS:
                break
    finally:
        gc.enable()
    return timings


def fastest(variants: Mapping[str, Call]) -> tuple[str, dict[str, float]]:
    """Find the fastest setting of one library; return its name and the seconds of all."""
    seconds = {name: typical_seconds(call) for name, call in variants.items()}
    for _ in range(2 if len(variants) > 1 else 0):
        for name, call in variants.items():
            if seconds[name] < SLOW:
                count = max(1, int(TURN / 2 / seconds[name]))
                seconds[name] = min(seconds[name], seconds_of(call, count))
    return min(seconds, key=seconds.__getitem__), seconds


class FMALoop:
    """The loop of multiply-adds in registers, the reference rate of the engine; a side like the others."""

    name = "FMA loop"

    def __init__(self, n_threads: int = 1) -> None:
        self.n_threads = n_threads
        self.operations = kernels.fma_loop(FMA_ROUNDS, n_threads)

    def __call__(self) -> None:
        kernels.fma_loop(FMA_ROUNDS, self.n_threads)

    def rate(self, seconds: float) -> float:
        """Operations per second, in units of 10⁹."""
        return self.operations / seconds / 1e9
