"""Where the time of `elman forecast` goes, from the start of the process to its end; see benchmarks/README.md.

    python benchmarks/command_profile.py [--rounds 5] [--before RESULT]

Every command is a new process on one thread. Functions of the table below are stages: the CPU time of the process is
counted for the innermost stage that runs. Imports are a stage wherever they happen. The result is written to
``benchmarks/results/command_profile.json``.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

RESULT = Path(__file__).resolve().parent / "results" / "command_profile.json"
COMMANDS = {
    "air-passengers": ["air-passengers", "--horizon", "12"],
    "air-passengers, with a picture": ["air-passengers", "--horizon", "12", "--plot", "plot.png"],
    "20 series of 120 months": ["panel.csv", "--horizon", "12"],
    "air-passengers, network": ["air-passengers", "--horizon", "12", "--method", "network"],
}
START, REST = "start of Python", "the rest"
STAGES = {
    ("elman.cli._reading", "table_of"): "reading",
    ("elman.forecasting.reading", "read_new"): "reading",
    ("elman.forecasting.procedure", "fit_panel"): "choosing and the rest of the fit",
    ("elman.prior.model", "Prior.tuned"): "tuning the prior",
    ("elman.prior.model", "load_prior"): "loading the prior",
    ("elman.forecasting.methods.baseline", "BaselineMethod.forecast"): "baselines",
    ("elman.forecasting.methods.prior", "PriorMethod.forecast"): "forecasts of the prior",
    ("elman.forecasting.methods.network", "fit_network"): "choosing the window and preparing it",
    ("elman.training.loop", "Trainer.run"): "training of networks",
    ("elman.forecasting.procedure", "_residuals"): "intervals",
    ("elman.forecasting.procedure", "_with_intervals"): "intervals",
    ("elman.forecasting.fitted", "Fitted.delivered"): "predicting",
    ("elman.cli._show", "show_backtest"): "printing",
    ("elman.cli._show", "show_delivered"): "printing",
    ("elman.cli._show", "show_forecast"): "printing",
    ("elman.cli.forecast", "_draw"): "plotting",
}


class Stages:
    """CPU seconds of the process by the innermost stage of its first thread."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.stack, self.since = [START], 0.0
        self.thread = threading.get_ident()
        self.count()

    def count(self) -> None:
        now = time.process_time()
        self.seconds[self.stack[-1]] += now - self.since
        self.since = now

    def staged(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as a stage."""

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            if threading.get_ident() != self.thread:
                return function(*arguments, **named)
            self.count()
            self.stack.append(stage)
            try:
                return function(*arguments, **named)
            finally:
                self.count()
                self.stack.pop()

        return call

    def watch_imports(self) -> None:
        """Count imports, and turn the functions of a module into stages as soon as it is loaded."""
        bootstrap: Any = importlib._bootstrap  # type: ignore[attr-defined]
        usual = bootstrap._find_and_load

        def load(name: str, import_: Any) -> ModuleType:
            new = name not in sys.modules
            module: ModuleType = usual(name, import_)
            if new:
                for (where, what), stage in STAGES.items():
                    if where == name:
                        owner: Any = module
                        *path, last = what.split(".")
                        for part in path:
                            owner = getattr(owner, part)
                        setattr(owner, last, self.staged(stage, getattr(owner, last)))
            return module

        bootstrap._find_and_load = self.staged("imports", load)


def child(words: list[str], file: str) -> None:
    """Run the command in this process, and write the stages."""
    stages = Stages()
    stages.stack[0] = REST
    stages.watch_imports()
    sys.argv = ["elman", "forecast", *words, "--quiet", "--threads", "1"]
    try:
        from elman.cli import main

        main()
    except SystemExit as end:
        if end.code:
            raise
    stages.count()
    Path(file).write_text(json.dumps(stages.seconds))


def once(words: list[str], folder: str) -> dict[str, float]:
    """Return CPU seconds by stage, of one new process."""
    stages = str(Path(folder) / "stages.json")
    command = [sys.executable, str(Path(__file__).resolve()), "--child", stages, *words]
    before = os.times()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    found: dict[str, float] = json.loads(Path(stages).read_text())
    whole = after.children_user + after.children_system - before.children_user - before.children_system
    return found | {"end of the process": max(0.0, whole - sum(found.values())), "in all": whole}


def write_panel(folder: str) -> None:
    import numpy as np
    import pandas as pd

    months, t = pd.date_range("2015-01-01", periods=120, freq="MS"), np.arange(120)
    parts = []
    for number in range(20):
        rng = np.random.default_rng(number)
        y = 50 + t / 10 + 10 * np.sin(t * np.pi / 6 + number) + rng.normal(size=120)
        parts.append(pd.DataFrame({"unique_id": f"s{number}", "ds": months, "y": y.round(3)}))
    pd.concat(parts).to_csv(Path(folder) / "panel.csv", index=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--before", type=Path, help="result of an earlier state, to be kept beside the new one")
    given = parser.parse_args()
    before = json.loads(given.before.read_text())["commands"] if given.before else {}
    from speed.machine import describe

    about, runs = describe(), {name: list[dict[str, float]]() for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        write_panel(folder)
        for counted in (False, *[True] * given.rounds):
            for name, words in COMMANDS.items():
                run = once(words, folder)
                if counted:
                    runs[name].append(run)
    rows = {}
    for name, found in runs.items():
        stages = dict.fromkeys(stage for run in found for stage in run)
        medians = {stage: statistics.median(run.get(stage, 0.0) for run in found) for stage in stages}
        rows[name] = dict(sorted(((stage, round(s, 3)) for stage, s in medians.items()), key=lambda row: -row[1]))
        print(name, *(f"  {seconds:7.3f} s  {stage}" for stage, seconds in rows[name].items()), sep="\n")
    result = {
        "what": "CPU seconds by stage, medians",
        "rounds": given.rounds,
        "machine": about,
        "commands": rows,
        "before": before,
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[3:], sys.argv[2])
    else:
        main()
