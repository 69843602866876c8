"""Ctrl-C in every phase of a fit: `KeyboardInterrupt`, and an estimator that works as before."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import Forecaster, SequenceClassifier, load
from elman.estimators import estimator
from elman.forecasting import calibration, prediction, procedure
from elman.forecasting import reading as forecaster_reading
from elman.forecasting.methods import network
from elman.sequences import fitted, reading, training
from elman.training import loop
from golden.models import FORECASTER, SEQUENCES, SERIES, answer

TIMES = 5  # interrupts of each phase
LABELS = [x[:, 0].mean() > 0 for x in SEQUENCES]

FORECASTER_PHASES = {
    "reading the data": (forecaster_reading, "read_panel"),
    "calibrating intervals": (procedure, "calibrate"),
    "choosing the window": (network, "choose"),
    "preparing": (network, "prepare"),
    "choosing the updates": (network, "best_updates"),
    "making networks": (network, "make_trainers"),
    "training": (network, "train_ensemble"),
    "updates": (loop.Trainer, "_next_updates"),
    "predicting": (network, "forecast"),
    "warming up": (prediction, "warm_up"),
    "measuring residuals": (calibration, "scaled_residuals"),
    "saving": (estimator, "save_arrays"),
}
CLASSIFIER_PHASES = {
    "checking the data": (reading, "read_sequences"),
    "splitting": (training, "train_test_split"),
    "training": (training, "train_ensemble"),
    "a validation": (training._Validation, "__call__"),
    "an update": (loop.Trainer, "_one_update"),
    "predicting": (fitted, "outputs"),
    "saving": (estimator, "save_arrays"),
}


class CtrlC:
    """A function in whose first call Ctrl-C is pressed, so many seconds after it began."""

    def __init__(self, real: Callable[..., Any], delay: float) -> None:
        self.real, self.delay = real, delay
        self.entered, self.pressed = threading.Event(), threading.Event()

    def _press(self) -> None:
        time.sleep(self.delay)
        os.kill(os.getpid(), signal.SIGINT)
        self.pressed.set()

    def function(self) -> Callable[..., Any]:
        """Return what to put in the place of the real function, or method."""

        def called(*arguments: Any, **options: Any) -> Any:
            if not self.entered.is_set():
                self.entered.set()
                threading.Thread(target=self._press).start()
            return self.real(*arguments, **options)

        return called


def everything(model: Any, data: tuple[Any, ...], path: Path, pressed: threading.Event | None = None) -> Any:
    """Learn, save and predict; a phase may be over before the key is down, so wait for it."""
    try:
        model.fit(*data)
        model.save(path)
        return answer(model)
    finally:
        if pressed is not None:
            pressed.wait(10)


def check(
    make: Callable[[], Any],
    data: tuple[Any, ...],
    where: tuple[Any, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Interrupt a phase some times, each time a little later, and see that nothing is broken."""
    path = tmp_path / "model"
    expected = everything(make(), data, path)
    model = make()
    for number in range(TIMES):
        ctrl_c = CtrlC(getattr(*where), number * 0.0015)
        with monkeypatch.context() as patch:
            patch.setattr(*where, ctrl_c.function())
            with pytest.raises(KeyboardInterrupt):
                everything(model, data, path, ctrl_c.pressed)
        assert ctrl_c.entered.is_set()
        assert answer(load(path)) is not None
        assert {left.name for left in tmp_path.iterdir()} == {"model"}
        if hasattr(model, "networks_"):
            assert np.isfinite(np.concatenate([network.theta for network in model.networks_])).all()
            if isinstance(model, Forecaster):
                assert np.isfinite(model.predict()).all()  # without intervals, which are measured last
            else:
                answer(model)
    assert everything(model, data, path) == expected


@pytest.mark.parametrize("phase", FORECASTER_PHASES)
def test_forecaster(phase: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Callable[..., None]) -> None:
    options = FORECASTER | {"window": "auto", "validation": True, "intervals": 3}
    check(lambda: Forecaster(3, **options), (SERIES,), FORECASTER_PHASES[phase], tmp_path, monkeypatch)
    count("Ctrl-C: interrupts of a fit, a save or a prediction", TIMES)
    count("Ctrl-C: phases")


@pytest.mark.parametrize("phase", CLASSIFIER_PHASES)
def test_classifier(phase: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: Callable[..., None]) -> None:
    def make() -> SequenceClassifier:
        return SequenceClassifier(
            hidden_size=4, updates=40, ensemble_size=2, early_stopping=True, refit=True, random_state=1
        )

    check(make, (SEQUENCES, LABELS), CLASSIFIER_PHASES[phase], tmp_path, monkeypatch)
    count("Ctrl-C: interrupts of a fit, a save or a prediction", TIMES)
    count("Ctrl-C: phases")
