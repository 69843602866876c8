"""CPU time of many small trainings, update by update and several updates in one native call; see benchmarks/README.md.

    python benchmarks/many.py [--rounds 5] [--series 1000] [--updates 426] [--machine name]

The sides alternate after one round that is not timed, and give the same bits, which is checked first. "One by one" is
the same code with every update dispatched from Python, as it was before. The CPU time per update depends neither on the
number of series nor on that of updates, so both may be small on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from speed.machine import describe

from elman import Forecaster
from elman.engine import kernels
from elman.forecasting import fit_each
from elman.network import Architecture, Network
from elman.training import Cosine, Settings, StretchBatches, Trainer, train_ensemble
from elman.training.several import Several

RESULTS = Path(__file__).resolve().parent / "results"
SEEDS = 5
Work = Callable[[], Any]


def wave(values: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 100 + np.cumsum(rng.normal(size=values)) + 10 * np.sin(np.arange(values) * 2 * np.pi / 12)


def trainers(n_threads: int, hidden_size: int, updates: int) -> list[Trainer]:
    """Return the five trainings of a forecaster of one series of 300 values, window 15."""
    series = wave(300, 0)[:, None] / 100
    batches = StretchBatches(series, [0, 300], window=15, horizon=12, steps=96, batch_size=3)
    architecture = Architecture(15, 12, hidden_size=hidden_size, linear_skip=True)
    made = []
    for seed in range(SEEDS):
        settings = Settings(
            updates=updates,
            loss="mean_absolute_error",
            learning_rate=3e-3,
            schedule=Cosine(),
            clip_norm=1.0,
            seed=seed,
            n_threads=n_threads,
        )
        made.append(Trainer(Network.initialized(architecture, seed=seed), batches.with_seed(seed), settings))
    return made


def trained(n_threads: int, hidden_size: int, updates: int, *, together: bool) -> Any:
    members = trainers(n_threads, hidden_size, updates)
    if together:
        train_ensemble(members)
    else:
        for member in members:
            member.run()
    return [(member.network.theta.tobytes(), member.history) for member in members]


def forecasters(hidden_size: int, series: int, *, each: bool) -> Any:
    """Fit a network of its own to every series."""
    data = [wave(120, seed) for seed in range(series)]
    model = Forecaster(12, method="network", season=12, window=13, ensemble_size=1, random_state=0)
    model.set_params(hidden_size=hidden_size)
    fitted = list(fit_each(model, data).values()) if each else [model.unfitted().fit(own) for own in data]
    return [own.networks_[0].theta.tobytes() for own in fitted]


def one_by_one() -> Any:
    return patch.object(Several, "of", lambda *_: None)


def sides_of_five(hidden_size: int, updates: int) -> dict[str, tuple[bool, Work]]:
    return {
        "one after another, one by one": (True, lambda: trained(1, hidden_size, updates, together=False)),
        "one after another, one by one, all threads": (True, lambda: trained(0, hidden_size, updates, together=False)),
        "train_ensemble, one by one": (True, lambda: trained(1, hidden_size, updates, together=True)),
        "one after another": (False, lambda: trained(1, hidden_size, updates, together=False)),
        "train_ensemble": (False, lambda: trained(1, hidden_size, updates, together=True)),
    }


def sides_of_series(hidden_size: int, series: int) -> dict[str, tuple[bool, Work]]:
    return {
        "loop of fits, one by one": (True, lambda: forecasters(hidden_size, series, each=False)),
        "loop of fits": (False, lambda: forecasters(hidden_size, series, each=False)),
        "fit_each": (False, lambda: forecasters(hidden_size, series, each=True)),
    }


def measure(sides: dict[str, tuple[bool, Work]], rounds: int, units: int) -> dict[str, dict[str, float]]:
    """Return medians of CPU and wall seconds, the ratio to the first side, and CPU microseconds per unit."""

    def once(before: bool, work: Work) -> tuple[Any, float, float]:
        with one_by_one() if before else nullcontext():
            cpu, wall = time.process_time(), time.perf_counter()
            result = work()
            return result, time.process_time() - cpu, time.perf_counter() - wall

    results = {side: once(*work)[0] for side, work in sides.items()}
    first = next(iter(results.values()))
    assert all(result == first for result in results.values()), "the sides differ"
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, work in sides.items():
            found[side].append(once(*work)[1:])
    reference, rows = next(iter(found.values())), {}
    for side, own in found.items():
        rows[side] = {
            "cpu_s": statistics.median(cpu for cpu, _ in own),
            "wall_s": statistics.median(wall for _, wall in own),
            "cpu_us_per_update": statistics.median(cpu for cpu, _ in own) / units * 1e6,
            "times_less_cpu": statistics.median(
                other / cpu for (cpu, _), (other, _) in zip(own, reference, strict=True)
            ),
            "times_faster": statistics.median(
                other / wall for (_, wall), (_, other) in zip(own, reference, strict=True)
            ),
        }
    return {side: {name: round(value, 3) for name, value in row.items()} for side, row in rows.items()}


def limit(hidden_size: int) -> dict[str, float]:
    """Return the time of an update whose matrix products ran at the rate of the FMA loop, and nothing else was done."""
    rate = 0.0
    for _ in range(20):
        start = time.thread_time()
        rate = max(rate, kernels.fma_loop(200_000) / (time.thread_time() - start))
    T, N, D, H, K = 96, 3, 15, hidden_size, 12
    forward, back = (D + H) * 4 * H, 4 * H * H + (D + H + 1) * 4 * H
    products = 2 * T * N * (forward + back + 3 * H * K + 2 * D * K)
    return {
        "gflops_of_the_fma_loop": round(rate / 1e9, 1),
        "us_per_update_at_that_rate": round(products / rate * 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--updates", type=int, default=426, help="of each seed; the rule's for 300 values")
    parser.add_argument("--machine", default=os.uname().nodename)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the .json")
    given = parser.parse_args()
    about, work = describe(), {}
    for units in (64, 16):
        name = f"five seeds, 300 values, window 15, H = {units}"
        work[name] = measure(sides_of_five(units, given.updates), given.rounds, SEEDS * given.updates) | {
            "limit": limit(units)
        }
        name = f"{given.series} series of 120 values, a network each, H = {units}"
        work[name] = measure(sides_of_series(units, given.series), given.rounds, given.series * 300)
    about["load_average_after"] = round(os.getloadavg()[0], 2)
    found = {
        "what": "CPU and wall seconds, medians over rounds; ratios to the first side, round by round",
        "machine": about,
        "rounds": given.rounds,
        "updates": given.updates,
        "work": work,
    }
    (given.results / f"many_{given.machine}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
