"""Small models of every kind, with each feature that a file has to carry; the golden files were written from these."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elman import (
    Architecture,
    Forecaster,
    LanguageModel,
    Network,
    SequenceClassifier,
    SequenceRegressor,
    SequenceTagger,
)
from elman.sequences import SimpleMethod
from elman.training import Checkpoints, Trainer, train_ensemble
from training.runs import ordered_batches, score, trainer

GOLDEN = Path(__file__).resolve().parent
EXPECTED = "expected.json"  # what each model of a version's folder answers
STATES = "states"  # folder with the states of a run that was stopped

T = np.arange(60.0)
SERIES = 10.0 + np.sin(T) + 0.01 * T
SEQUENCES = [np.sin(np.arange(3.0 + i % 4)[:, None] * (1 + i % 3) + [0.0, i]) for i in range(12)]
TEXT = "to be or not to be, that is the question " * 8
SMALL: dict[str, Any] = {"hidden_size": 4, "ensemble_size": 2, "updates": 20, "random_state": 1, "n_threads": 1}
FORECASTER: dict[str, Any] = {"method": "network", "season": 6, "window": 7, "steps": 8, **SMALL}


def frame() -> pd.DataFrame:
    """Two monthly series with a column that is known ahead."""
    times = pd.date_range("2020-01-31", periods=30, freq="ME")
    parts = [pd.DataFrame({"unique_id": name, "ds": times, "y": SERIES[:30] * (1 + i), "price": np.cos(T[:30])})
             for i, name in enumerate(("a", "b"))]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def network(cell: str, **options: Any) -> Network:
    return Network.initialized(Architecture(3, 2, cell=cell, hidden_size=4, **options), seed=1)


def forecaster_of_a_frame() -> Forecaster:
    options = FORECASTER | {"past_covariates": ["price"], "intervals": 3, "cell": "gru", "dropout": 0.1}
    return Forecaster(3, **options).fit(frame())


def updated_forecaster() -> Forecaster:
    return Forecaster(3, **FORECASTER, carry_state=True).fit(SERIES[:50]).update(SERIES[50:])


def classifier() -> SequenceClassifier:
    labels = ["high" if x[:, 0].mean() > 0 else "low" for x in SEQUENCES]
    return SequenceClassifier(**SMALL).fit(SEQUENCES, labels)


def classifier_by_sequence() -> SequenceClassifier:
    """Each sequence is standardised by itself, and no mean of the training part is in the file."""
    labels = ["fast" if i % 3 else "slow" for i in range(len(SEQUENCES))]
    return SequenceClassifier(**SMALL, standardize="sequence").fit(SEQUENCES, labels)


def regressor() -> SequenceRegressor:
    return SequenceRegressor(**SMALL, cell="lstm").fit(SEQUENCES, np.array([[x.mean(), x.max()] for x in SEQUENCES]))


def tagger() -> SequenceTagger:
    return SequenceTagger(**SMALL, bidirectional=True, window=2).fit(SEQUENCES, [x[:, 0] > 0 for x in SEQUENCES])


def simple_method() -> SimpleMethod:
    """Its kernels are drawn anew when the file is read."""
    measured = np.array([[x.mean(), x.max()] for x in SEQUENCES])
    return SimpleMethod("convolutions", SequenceRegressor()).fit(SEQUENCES, measured)


def language_model() -> LanguageModel:
    return LanguageModel(hidden_size=4, epochs=1, random_state=1, n_threads=1).fit(TEXT)


def continued_language_model() -> LanguageModel:
    """Pieces of words, windows, and what the optimizer remembers."""
    options: dict[str, Any] = {"unit": "bpe", "vocabulary_size": 265, "training": "windows", "steps": 4}
    return LanguageModel(hidden_size=4, random_state=1, n_threads=1, **options).partial_fit(TEXT)


MODELS: dict[str, Callable[[], Any]] = {
    "network-rnn": lambda: network("rnn", activation="relu", readout="last"),
    "network-lstm": lambda: network("lstm", num_layers=2, linear_skip=True, skip_steps=2, readout="last"),
    "network-gru": lambda: network("gru", bidirectional=True, output="softmax"),
    "forecaster": lambda: Forecaster(3, **FORECASTER).fit(SERIES),
    "forecaster-frame": forecaster_of_a_frame,
    "forecaster-updated": updated_forecaster,
    "classifier": classifier,
    "classifier-by-sequence": classifier_by_sequence,
    "regressor": regressor,
    "tagger": tagger,
    "simple-method": simple_method,
    "language-model": language_model,
    "language-model-continued": continued_language_model,
}


def answer(model: Any) -> Any:
    """Ask a model, and return what it says as plain numbers."""
    if isinstance(model, Network):
        return model.predict(np.sin(np.arange(24.0)).reshape(4, 2, 3)).tolist()
    if isinstance(model, Forecaster):
        levels = None if model.intervals is None else [50]
        found = model.predict(level=levels)
        if isinstance(found, dict):
            return [found[name].tolist() for name in sorted(found)]
        return found.select_dtypes("number").to_numpy().tolist() if hasattr(found, "columns") else found.tolist()
    if isinstance(model, LanguageModel):
        return [model.perplexity(TEXT), model.perplexity("not to be?")]
    if isinstance(model, (SequenceRegressor, SimpleMethod)):
        return model.predict(SEQUENCES).tolist()
    found = model.predict_proba(SEQUENCES)
    return [np.asarray(part).tolist() for part in found]


def run() -> Trainer:
    """A run of 12 updates in epochs of 3, validated, with carried states."""
    return trainer(ordered_batches(), updates=12, validate=score, validate_every=4)


def train(folder: Path, resume: bool) -> Trainer:
    """Train, keeping every state."""
    one = run()
    with Checkpoints(folder, {"what": "golden"}, resume=resume, seconds=0):
        train_ensemble([one], n_threads=1)
    return one
