"""Ctrl-C in the middle of a fit, and several threads on one forecaster."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from elman import Forecaster, TrainingError
from elman.forecasting import candidates, procedure
from elman.forecasting.choosing import Decision
from elman.forecasting.methods import network as fitted
from elman.training import Trainer
from elman.training.several import Several
from forecasting.small import WAVE, small

_FITS = """
import sys
import numpy as np
from elman import Forecaster
from elman.training import Trainer

usual = Trainer._next_updates
def announced(trainer, last):
    before = trainer.update
    usual(trainer, last)
    if before < 5 <= trainer.update:
        sys.stdout.write("training\\n")
        sys.stdout.flush()
Trainer._next_updates = announced

y = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 15)
network = {"method": "network", "window": 5, "hidden_size": 4, "ensemble_size": 2}
model = Forecaster(3, season=4, updates=10**7, n_threads=2, random_state=0, **network)
try:
    model.fit(y)
except KeyboardInterrupt:
    assert np.isfinite(model.predict()).all() and 0 < len(model.history_[0].loss) < 10**7
    again = Forecaster.from_arrays(*model.to_arrays())
    assert np.array_equal(again.predict(), model.predict())
    model.set_params(updates=3).fit(y)
    print("usable", flush=True)
"""


def test_ctrl_c_leaves_a_usable_model() -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", _FITS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("training")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert "usable" in out, err
    assert process.returncode == 0


def _fit_until(
    update: int, model: Forecaster, error: type[BaseException], monkeypatch: pytest.MonkeyPatch, data: Any = WAVE
) -> int:
    """Fit, and raise at the given update, counted over all networks; return the number of updates."""
    count, usual = itertools.count(1), Trainer._one_update

    def one_update(trainer: Trainer) -> None:
        if next(count) == update:
            raise error
        usual(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_one_update", one_update)
        patch.setattr(Several, "of", lambda *_: None)
        try:
            model.fit(data)
        except error:
            assert update
    return next(count) - 1


EVERY_PHASE = {
    "window": {"window": "auto"},
    "intervals": {"intervals": "auto"},
    "validation": {"validation": True},
    "all": {"window": "auto", "intervals": "auto", "validation": True},
}


@pytest.mark.parametrize("phases", EVERY_PHASE)
def test_ctrl_c_at_any_moment_leaves_what_was_learned(phases: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"n_threads": 1, "updates": 3} | EVERY_PHASE[phases]
    total = _fit_until(0, small(**options), KeyboardInterrupt, monkeypatch)
    assert total >= 12
    for update in (2, 4, total // 3, total // 2, total - 7, total - 5, total):
        model = small(**options)
        _fit_until(update, model, KeyboardInterrupt, monkeypatch)
        assert model.method_ == "network" and np.isfinite(model.predict()).all()
        again = Forecaster.from_arrays(*model.to_arrays())
        assert np.array_equal(again.predict(), model.predict())


def test_ctrl_c_before_anything_was_learned_leaves_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small(n_threads=1).fit(WAVE[:50])
    before = model.predict()
    monkeypatch.setattr(Trainer, "_next_updates", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(WAVE)
    assert np.array_equal(model.predict(), before)


def test_ctrl_c_while_the_prior_is_tuned_leaves_the_prior(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = [WAVE + i for i in range(20)]
    prior = Forecaster(3, season=4, method="prior", cutoffs=0).fit(panel).predict()
    for method in ("auto", "tuned"):
        model = Forecaster(3, season=4, method=method, n_threads=1, random_state=0)
        monkeypatch.setattr(Trainer, "_next_updates", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(panel)
        assert (model.method_, model.reason_) == ("prior", "the fit was interrupted")
        assert np.array_equal(model.predict(), prior)
        assert np.array_equal(Forecaster.from_arrays(*model.to_arrays()).predict(), prior)


def test_ctrl_c_while_the_network_of_a_mean_is_trained_leaves_the_prior(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = [np.concatenate([WAVE, [i]]) for i in range(20)]
    prior = Forecaster(3, season=4, method="prior", cutoffs=0).fit(panel).predict()
    decision = Decision("prior", "mean of network and prior", "t")
    monkeypatch.setattr(procedure, "choose_method", lambda *_: decision)
    monkeypatch.setattr(candidates.Candidates, "to_try", lambda *_, **__: ["prior"])
    model = Forecaster(3, season=4, n_threads=1, random_state=0)
    _fit_until(150, model, KeyboardInterrupt, monkeypatch, panel)
    assert (model.method_, model.reason_) == ("prior", "the fit was interrupted")
    assert np.array_equal(model.predict(), prior)


def _interrupted(trainer: Trainer, last: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("phases", EVERY_PHASE)
def test_out_of_memory_leaves_what_was_there(phases: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"n_threads": 1, "updates": 3} | EVERY_PHASE[phases]
    model = small(**options).fit(WAVE[:50])
    before = model.predict()
    for update in (1, 5, 11):
        _fit_until(update, model, MemoryError, monkeypatch)
        assert np.array_equal(model.predict(), before)


def test_eight_threads_predict_the_same_bits() -> None:
    model = small().fit(WAVE)
    expected = model.predict()
    with ThreadPoolExecutor(8) as pool:
        for forecast in pool.map(lambda _: model.predict(WAVE), range(40)):
            assert np.array_equal(forecast, expected)


@pytest.mark.parametrize("act", ["predict", "fit", "update"])
def test_nobody_uses_a_forecaster_while_it_is_fitted(act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small().fit(WAVE)
    inside, leave = threading.Event(), threading.Event()
    usual = fitted.train_ensemble

    def held(*arguments: object, **options: object) -> None:
        inside.set()
        assert leave.wait(60)
        usual(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(fitted, "train_ensemble", held)
    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(model.fit, WAVE[:50])
        try:
            assert inside.wait(60)
            with pytest.raises(TrainingError) as caught:
                getattr(model, act)(WAVE[50:])
        finally:
            leave.set()
        fit.result()
    way_out = "changing this estimator; wait for it, or predict with a copy."
    if act != "predict":
        way_out = "using this estimator; wait for it, or fit a clone."
    assert str(caught.value) == f"Forecaster.{act}: another thread is {way_out}"
    assert model.predict().shape == (3,)  # the lock is free again


def test_nobody_fits_a_forecaster_while_it_predicts(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small().fit(WAVE)
    inside, leave = threading.Event(), threading.Event()
    usual = fitted.forecast

    def held(*arguments: object) -> object:
        inside.set()
        assert leave.wait(60)
        return usual(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(fitted, "forecast", held)
    with ThreadPoolExecutor(1) as pool:
        prediction = pool.submit(model.predict)
        try:
            assert inside.wait(60)
            with pytest.raises(TrainingError, match=r"^Forecaster.fit: another thread is using this estimator"):
                model.fit(WAVE)
        finally:
            leave.set()
        assert prediction.result().shape == (3,)


def test_a_failed_fit_sets_the_forecaster_free() -> None:
    model = small().fit(WAVE)
    with pytest.raises(ValueError, match="missing"):
        model.fit(np.append(WAVE, np.nan))
    assert model.fit(WAVE).predict().shape == (3,)
