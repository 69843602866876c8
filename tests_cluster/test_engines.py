"""Every engine gives the bits of one machine in memory, for any parts, ids, methods and workers that die."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from elman import Forecaster
from elman.engine import isa
from elman.errors import DataError
from elman.forecasting import backtest

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",  # PySpark says so of pandas 3
    "ignore::ResourceWarning",
    "ignore:.*rows were not in order of time",
    "ignore:.*ended long before",
)
KILLS = 20


@pytest.mark.parametrize("ids", ["texts", "numbers", "categories"])
def test_any_parts_of_shuffled_rows(engine: Any, panel: Any, check_equal: Any, ids: str) -> None:
    frame = panel(40, ids)
    model = Forecaster(6, season=12, method="prior", cutoffs=0).fit(frame)
    expected = model.predict(frame, level=[80, 95])
    for parts in (1, 2, 7):
        shuffled = frame.sample(frac=1, random_state=parts)
        result = model.predict(engine.frame(shuffled, parts), level=[80, 95])
        check_equal(engine.table(result), expected)
    assert engine.about(result)["instructions"] == isa()


def test_whole_series_in_every_part(engine: Any, panel: Any, check_equal: Any) -> None:
    frame = panel(60)
    model = Forecaster(6, season=12, method="prior", cutoffs=0).fit(frame)
    check_equal(engine.table(model.predict(engine.frame(frame, 1))), model.predict(frame))


def test_the_tuned_prior_chosen_on_a_panel(engine: Any, panel: Any, check_equal: Any) -> None:
    frame = panel(45, seed=1)
    model = Forecaster(6, season=12, method="tuned", random_state=0).fit(frame)
    check_equal(engine.table(model.predict(engine.frame(frame, 3), level=80)), model.predict(frame, level=80))


def test_the_network_with_covariates_and_intervals(engine: Any, panel: Any, check_equal: Any) -> None:
    frame = panel(12, seed=2)
    frame = frame.assign(price=np.cos(np.arange(len(frame))), sky=np.where(frame["y"] > 20, "sun", "rain"))
    ends = frame.groupby("unique_id")["ds"].max()
    ahead = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": pd.date_range(end, periods=4, freq="MS")[1:], "price": [1.0, 2.0, 3.0]})
        for name, end in ends.items()
    )
    model = Forecaster(
        3,
        season=4,
        method="network",
        past_covariates=["sky=rain", "sky=sun"],
        future_covariates=["price"],
        updates=5,
        window=6,
        steps=4,
        ensemble_size=2,
        intervals=6,
        random_state=0,
    ).fit(frame)
    found = engine.table(model.predict(engine.frame(frame, 3), level=80, future=ahead))
    check_equal(found, model.predict(frame, level=80, future=ahead))


@pytest.mark.parametrize("ids", ["texts", "numbers"])
def test_a_fit(engine: Any, panel: Any, check_equal: Any, ids: str) -> None:
    """The window, the network and its intervals; the forecast reads the data of the fit again."""
    frame = panel(25, ids, seed=3)
    options = {"method": "network", "updates": 5, "steps": 4, "ensemble_size": 1, "intervals": 6, "random_state": 0}
    memory = Forecaster(3, season=4, **options).fit(frame)
    expected = memory.predict(frame, level=80)
    for parts in (1, 2, 7):
        shuffled = frame.sample(frac=1, random_state=parts)
        model = Forecaster(3, season=4, **options).fit(engine.frame(shuffled, parts))
        assert model.networks_[0].theta.tobytes() == memory.networks_[0].theta.tobytes()
        assert model.window_scores_ == memory.window_scores_
        check_equal(engine.table(model.predict(level=80)), expected)


def test_bad_series_are_named_and_the_rest_is_not_lost(engine: Any, panel: Any, check_equal: Any) -> None:
    frame = panel(40)
    model = Forecaster(6, season=12, method="prior", cutoffs=0).fit(frame)
    days = pd.DataFrame({"unique_id": "daily", "ds": pd.date_range("2020-01-01", periods=30), "y": np.arange(30.0)})
    bad = frame.assign(y=frame["y"].where(frame.index != 5, np.inf))
    with_bad = pd.concat([bad, days], ignore_index=True)
    found, errors = model.predict(engine.frame(with_bad, 3), errors="collect")
    refused = frame["unique_id"].iloc[5]
    assert sorted(errors["unique_id"]) == sorted(["daily", refused])
    assert all(name in message for name, message in zip(errors["unique_id"], errors["error"], strict=True))
    check_equal(engine.table(found), model.predict(frame[frame["unique_id"] != refused]))
    with pytest.raises(Exception, match=r"daily|is inf in series") as raised:
        engine.table(model.predict(engine.frame(with_bad, 3)))
    assert isinstance(raised.value, DataError) or "DataError" in str(raised.value)


def test_workers_that_are_killed(engine: Any, panel: Any, check_equal: Any) -> None:
    frame = panel(1500)
    model = Forecaster(6, season=12, method="prior", cutoffs=0).fit(frame)
    expected, chance = model.predict(frame), random.Random(0)
    started = time.monotonic()
    check_equal(engine.table(model.predict(engine.frame(frame, 12))), expected)
    whole, killed, refused = time.monotonic() - started, 0, 0
    while killed + refused < KILLS:
        engine.wait()
        kill = Kill(engine, chance.uniform(0, whole), chance)
        try:
            found = engine.table(model.predict(engine.frame(frame, 12)))
        except Exception as error:  # one clear error and no partial output
            refused += 1
            kill.stopped()
            print(f"{type(engine).__name__}: {type(error).__name__}: {str(error)[:300]}")
            continue
        killed += kill.stopped()
        check_equal(found, expected)
    print(f"{type(engine).__name__}: {killed} runs with a killed worker were complete, {refused} ended with an error")
    assert refused <= KILLS / 10


class Kill(threading.Thread):
    """kill -9 of a worker after some seconds, unless the work is done by then."""

    def __init__(self, engine: Any, seconds: float, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.engine, self.seconds, self.chance, self.done, self.count = engine, seconds, chance, threading.Event(), 0
        self.start()

    def run(self) -> None:
        if not self.done.wait(self.seconds) and (workers := self.engine.workers()):
            worker = self.chance.choice(workers)
            try:
                worker.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                return
            self.count = 1

    def stopped(self) -> int:
        """Return the number of workers killed."""
        self.done.set()
        self.join()
        return self.count


def test_fits_and_backtests(engine: Any, panel: Any) -> None:
    frame, network = panel(10, seed=5), {"method": "network", "window": "auto", "updates": 10, "ensemble_size": 1}
    models = [Forecaster(4, season=4, random_state=0, steps=4, hidden_size=4, **network) for _ in range(2)]
    found, expected = models[0].fit(engine.frame(frame, 3)), models[1].fit(frame)
    assert (found.window_, found.window_scores_) == (expected.window_, expected.window_scores_)
    assert found.networks_[0].theta.tobytes() == expected.networks_[0].theta.tobytes()
    chooser = Forecaster(4, season=12, random_state=0)
    one = backtest(chooser, engine.frame(frame.sample(frac=1, random_state=0), 3), n_windows=2, level=80)
    other = backtest(chooser, frame, n_windows=2, level=80)
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    assert (one.verdict, one.coverage) == (other.verdict, other.coverage)
    verdicts = [each.verdicts.set_index("unique_id").sort_index() for each in (one, other)]
    pd.testing.assert_frame_equal(*verdicts, check_exact=True, check_dtype=False, check_index_type=False)


def test_the_command_on_a_cluster(engine: Any, panel: Any, check_equal: Any, tmp_path: Path) -> None:
    option = engine.option()
    if not option:
        return  # Spark has frames of its own alone
    frame = panel(30)
    (tmp_path / "in").mkdir()
    for number, rows in enumerate(np.array_split(np.arange(len(frame)), 3)):
        frame.iloc[rows].to_parquet(tmp_path / "in" / f"{number}.parquet")
    model = Forecaster(6, season=12, method="prior", cutoffs=0).fit(frame)
    model.save(tmp_path / "model")
    command = [sys.executable, "-m", "elman", "predict", tmp_path / "model", tmp_path / "in", "--id", "unique_id"]
    done = subprocess.run([*command, "--output", tmp_path / "out", "--level", "80", *option], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    check_equal(pd.read_parquet(tmp_path / "out"), model.predict(frame, level=80))
