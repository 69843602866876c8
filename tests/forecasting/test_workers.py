"""Cut-offs, windows, seeds and settings shared among joblib's workers give the bits of one process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from elman import Forecaster, SequenceClassifier
from elman.forecasting import backtest, cross_validation, procedure
from elman.training import Checkpoints, Trainer, jobs
from forecasting.small import WAVE, frame_of, small


def fits() -> list[Any]:
    """Do everything that workers share, and return all numbers that come of it."""
    network = small(window="auto", validation=True, intervals="auto", updates=5).fit(WAVE)
    checked = small(cutoffs=2, refit=True).fit(WAVE)
    tuned = Forecaster(3, season=4, method="tuned", random_state=1, cutoffs=0).fit([WAVE[:24]] * 20)
    table = cross_validation(small(), frame_of(WAVE, WAVE[:50]), n_windows=3, refit=True, level=80)
    x = WAVE.reshape(12, 5)
    classes = SequenceClassifier(updates=9, early_stopping=True, ensemble_size=3, random_state=0).fit(x, x[:, 0] > 21)
    return [
        network.predict(level=80),
        network.window_scores_,
        network.validation_scores_,
        checked.check_.table,
        checked.predict(),
        tuned.predict(),
        table,
        classes.predict_proba(x),
    ]


def test_everything_has_the_bits_of_one_process() -> None:
    alone = fits()
    for backend, n_jobs in (("threading", 3), ("loky", 2)):
        with joblib.parallel_config(backend, n_jobs=n_jobs):
            for one, other in zip(fits(), alone, strict=True):
                same(one, other)


def same(one: Any, other: Any) -> None:
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    elif isinstance(one, list):
        for pair in zip(one, other, strict=True):
            same(*pair)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        same(list(one.values()), list(other.values()))
    else:
        np.testing.assert_array_equal(one, other)


def test_settings_are_compared_in_workers() -> None:
    """The way that docs/how-to.md shows."""
    settings = [{"method": "prior"}, {"method": "seasonal naive"}]
    with joblib.parallel_config("threading", n_jobs=2):
        tried = joblib.Parallel()(
            joblib.delayed(backtest)(Forecaster(3, season=4, **own), WAVE, n_windows=2) for own in settings
        )
    for own, result in zip(settings, tried, strict=True):
        same(result.table, backtest(Forecaster(3, season=4, **own), WAVE, n_windows=2).table)


def test_a_run_with_checkpoints_fits_its_cut_offs_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """States of a fit are numbered in the order of its trainings."""
    usual, where = Trainer.run, []

    def run(trainer: Trainer, *arguments: Any) -> Any:
        where.append(jobs.workers())
        return usual(trainer, *arguments)

    monkeypatch.setattr(Trainer, "run", run)
    with joblib.parallel_config("threading", n_jobs=2), Checkpoints(tmp_path, {"what": "a test"}):
        there = cross_validation(small(), WAVE, n_windows=2, refit=True)
    stages = sorted({path.name[:8] for path in tmp_path.iterdir()})
    assert stages == ["stage-01", "stage-02"] and where
    same(there, cross_validation(small(), WAVE, n_windows=2, refit=True))


def test_an_interrupted_check_keeps_the_networks_that_came_back(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = procedure.Candidates.keep

    def keep(candidates: Any, network: Any) -> None:
        usual(candidates, network)
        if threading.current_thread() is threading.main_thread() and network is not None:
            raise KeyboardInterrupt

    monkeypatch.setattr(procedure.Candidates, "keep", keep)
    model = small(cutoffs=3, refit=True)
    with joblib.parallel_config("threading", n_jobs=2), pytest.raises(KeyboardInterrupt):
        model.fit(WAVE)
    assert model.updates_ == 6 and np.isfinite(model.predict()).all()


_FITS = """
import joblib, numpy as np
from elman import Forecaster
from elman.training import ensemble
ensemble._SECONDS = 0.1
usual = ensemble._take
def announced(*arguments):
    usual(*arguments)
    print("training", flush=True)
ensemble._take = announced
network = {"method": "network", "window": 5, "hidden_size": 4, "ensemble_size": 2}
model = Forecaster(3, season=4, updates=10**5, random_state=0, **network)
if __name__ == "__main__":
    with joblib.parallel_config("loky", n_jobs=2):
        try:
            model.fit(20 + np.tile([0.0, 3.0, 1.0, -4.0], 15))
        except KeyboardInterrupt:
            print("kept", len(model.history_[0].loss), np.isfinite(model.predict()).all(), flush=True)
"""


def test_ctrl_c_ends_the_workers_and_leaves_a_model(tmp_path: Path) -> None:
    script = tmp_path / "fits.py"
    script.write_text(_FITS)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, process_group=0) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "training\n"
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    kept = out.split("kept ")[1].split()
    assert int(kept[0]) > 0 and kept[1] == "True" and process.returncode == 0
    for _ in range(300):  # joblib's tracker of temporary files ends by itself when its parent has ended
        if not alive(process.pid):
            break
        time.sleep(0.1)
    assert alive(process.pid) == []


def alive(group: int) -> list[str]:
    """Return the processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, own = path.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(own) == group and state != "Z":
            found.append(str(path))
    return found
