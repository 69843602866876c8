"""Many threads may predict with one estimator, but none during a fit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from elman import SequenceClassifier, SequenceRegressor, SequenceTagger, TrainingError
from elman.sequences import training
from sequences.small import QUICK, labels, ragged

X = ragged()
NUMBERS = [float(len(x)) for x in X]
CASES: list[tuple[Any, Any]] = [
    (SequenceClassifier, labels()),
    (SequenceRegressor, NUMBERS),
    (SequenceTagger, [x[:, 0] > 0 for x in X]),
]


@pytest.mark.parametrize(("kind", "y"), CASES)
def test_eight_threads_predict_the_same_bits(kind: Any, y: Any) -> None:
    model = kind(**QUICK).fit(X, y)
    expected = model.predict(X)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: model.predict(X), range(40)):
            np.testing.assert_equal(found, expected)


@pytest.mark.parametrize("act", ["predict", "score", "fit", "partial_fit"])
@pytest.mark.parametrize(("kind", "y"), CASES)
def test_nobody_uses_an_estimator_while_it_learns(kind: Any, y: Any, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = kind(**QUICK).fit(X, y)
    expected = model.predict(X)
    inside, leave = threading.Event(), threading.Event()
    usual: Callable[..., None] = training.train_ensemble

    def held(*arguments: Any, **options: Any) -> None:
        inside.set()
        assert leave.wait(60)
        usual(*arguments, **options)

    monkeypatch.setattr(training, "train_ensemble", held)
    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(model.fit, X, y)
        try:
            assert inside.wait(60)
            with pytest.raises(TrainingError, match=rf"{act}: another thread is (changing|using) this estimator"):
                getattr(model, act)(X, *([] if act == "predict" else [y]))
        finally:
            leave.set()
        fit.result()
    np.testing.assert_equal(model.predict(X), expected)  # free again
