"""Fit and forecast one series with Elman, neuralforecast and Darts; see benchmarks/README.md.

    python benchmarks/end_to_end.py [--repeats 3] [--output benchmarks/results/end_to_end.json]

Needs neuralforecast and Darts with its PyTorch models beside Elman. Every fit runs in a new process.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
HORIZON = 12
SIDES = {"Elman": "elman_side", "neuralforecast": "neuralforecast_side", "Darts": "darts_side"}
MEASURED = ("import_s", "fit_s", "predict_s", "import_wall_s", "fit_wall_s", "predict_wall_s", "peak_mb")

# Elman has the peer's size: units, layers, steps, sequences per update, updates, and no part that the peer lacks.
EQUAL = {
    "horizon": HORIZON,
    "season": 12,
    "linear_skip": False,
    "ensemble_size": 1,
    "random_state": 0,
    "learning_rate": 1e-3,
}
COMPARISONS: list[dict[str, Any]] = [
    {
        "title": "As large as Darts' example",
        "about": (
            "LSTM of 20 units, 20 steps, 16 sequences per update, 300 epochs. Darts sees one value and 13 covariates "
            "of the calendar per step and predicts one value; Elman sees a window of 13 values and predicts twelve."
        ),
        "peer": "Darts",
        "settings": {
            "model": "LSTM",
            "hidden_dim": 20,
            "dropout": 0,
            "batch_size": 16,
            "n_epochs": 300,
            "training_length": 20,
            "input_chunk_length": 14,
            "learning_rate": 1e-3,
            "random_state": 42,
        },
        "elman": EQUAL | {"hidden_size": 20, "steps": 20, "window": 13, "batch_size": 16},
    },
    {
        "title": "As large as neuralforecast's quickstart",
        "about": (
            "Two LSTM layers of 64 units, 24 steps, 80 sequences per update (with neuralforecast's default of 128 both "
            "would draw some twice), 500 updates. neuralforecast sees one value per step and has a decoder of two "
            "layers, about a twentieth of its arithmetic; Elman sees a window of 13."
        ),
        "peer": "neuralforecast",
        "settings": {
            "h": HORIZON,
            "input_size": 2 * HORIZON,
            "max_steps": 500,
            "scaler_type": "standard",
            "encoder_hidden_size": 64,
            "decoder_hidden_size": 64,
            "windows_batch_size": 80,
        },
        "elman": EQUAL | {"hidden_size": 64, "num_layers": 2, "steps": 24, "window": 13, "batch_size": 80},
    },
    {
        "title": "Elman's defaults",
        "about": "What `Forecaster(horizon=12)` does: five networks. Nothing to compare, for the record.",
        "peer": None,
        "elman": {"horizon": HORIZON, "random_state": 0},
    },
]


def worker(side: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Import, fit and predict in this process; time each in CPU and wall time."""
    module = importlib.import_module(f"forecasters.{SIDES[side]}")
    times: dict[str, float] = {}
    with timed("import", times):
        module.load()
    from forecasters.data import air_passengers, smape

    history, future = air_passengers(HORIZON)
    with timed("fit", times):
        model, updates = module.fit(history, settings)
    with timed("predict", times):
        forecast = module.predict(model)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    return times | {"peak_mb": peak, "updates": updates, "smape": smape(forecast, future)}


@contextmanager
def timed(what: str, times: dict[str, float]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    times[f"{what}_s"], times[f"{what}_wall_s"] = time.process_time() - cpu, time.perf_counter() - wall


def pin() -> None:
    """Keep this process and its children on one CPU; their CPU time is then comparable."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run_worker(side: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Run a worker in an empty folder: the libraries write logs and checkpoints."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "ELMAN_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable,
            __file__,
            "--worker",
            side,
            "--settings",
            json.dumps(settings),
            "--output",
            str(report),
        ]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"end_to_end: {side} failed\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        found: dict[str, Any] = json.loads(report.read_text())
    print(f"{side:>16}: " + ", ".join(f"{key} {value:.4g}" for key, value in found.items()), flush=True)
    return found


def compare(comparison: dict[str, Any], repeats: int) -> dict[str, Any]:
    """Alternate the sides, the peer first: Elman makes the peer's number of updates."""
    peer, ours = comparison["peer"], dict(comparison["elman"])
    runs: dict[str, list[dict[str, Any]]] = {}
    for _ in range(repeats):
        if peer is not None:
            runs.setdefault(peer, []).append(run_worker(peer, comparison["settings"]))
            ours["updates"] = runs[peer][0]["updates"]
        runs.setdefault("Elman", []).append(run_worker("Elman", ours))
    return judged(comparison | {"elman": ours}, runs)


def judged(comparison: dict[str, Any], runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the medians and their comparison with the bars."""
    from forecasters.data import installed_megabytes
    from speed import bars

    sides = {}
    for name, found in runs.items():
        medians = {key: round(statistics.median(run[key] for run in found), 5) for key in MEASURED}
        size = installed_megabytes(importlib.import_module(f"forecasters.{SIDES[name]}").DISTRIBUTION)
        sides[name] = medians | {
            "installed_mb": round(size, 1),
            "updates": found[0]["updates"],
            "smape": found[0]["smape"],
        }
    ratios = {}
    if (peer := comparison["peer"]) is not None:
        for key, bar in (("fit", bars.FIT), ("import", bars.IMPORT)):
            ratio = sides[peer][f"{key}_s"] / sides["Elman"][f"{key}_s"]
            ratios[key] = {"ratio": round(ratio, 2), **bars.Bar(bar).judge(ratio)}
    return comparison | {"sides": sides, "ratios": ratios, "runs": runs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, default=RESULTS / "end_to_end.json")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--settings", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker is not None:
        arguments.output.write_text(json.dumps(worker(arguments.worker, arguments.settings)))
        return
    from speed import machine, table

    here = machine.describe("torch", "pytorch-lightning", "neuralforecast", "darts")
    pin()
    comparisons = [compare(comparison, arguments.repeats) for comparison in COMPARISONS]
    report = {
        "load_average_after": round(os.getloadavg()[0], 2),
        "what": "air passengers, the last year held out; medians of processes that took turns; CPU seconds on one CPU",
        "machine": here,
        "repeats": arguments.repeats,
        "comparisons": comparisons,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(f"written: {arguments.output}")
    if arguments.output == RESULTS / "end_to_end.json" and any(RESULTS.glob("engine_*.json")):
        table.write_readme(HERE / "README.md", RESULTS)


if __name__ == "__main__":
    main()
