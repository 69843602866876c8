"""Write keras_models.npz: configurations, weights and outputs of Keras models.

Run by hand, with Keras and a backend installed, when a case is added: ``python tests/interop/make_keras_oracles.py``.
The tests read the file only. Keys are ``case/layers`` (classes and configurations, JSON), ``case/weights/i/j``,
``case/x`` (N, T, D) and ``case/y``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras import layers as of

FILE = Path(__file__).with_name("keras_models.npz")
N, T, D, H, K = 3, 5, 2, 4, 2
CELLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "rnn": (of.SimpleRNN, {}),
    "rnn-relu": (of.SimpleRNN, {"activation": "relu"}),
    "lstm": (of.LSTM, {}),
    "gru": (of.GRU, {}),
    "gru-before": (of.GRU, {"reset_after": False}),
}


def models() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (cell, options) in CELLS.items():
        found[f"{name}-every"] = [cell(H, return_sequences=True, **options), of.Dense(K, activation="softmax")]
        found[f"{name}-last"] = [cell(H, use_bias=False, **options)]
        found[f"{name}-both"] = [
            of.Bidirectional(cell(H, return_sequences=True, **options)),
            of.Bidirectional(cell(H, **options)),
            of.Dense(K),
        ]
        found[f"{name}-mean"] = [
            cell(H, return_sequences=True, **options),
            cell(H, return_sequences=True, **options),
            of.GlobalAveragePooling1D(),
            of.Dense(K, use_bias=False),
            of.Activation("sigmoid"),
        ]
    return found


def main() -> None:
    keras.backend.set_floatx("float64")
    rng, arrays = np.random.default_rng(1), {}
    for case, chain in models().items():
        model = keras.Sequential([keras.Input((None, D)), *chain])
        x = rng.standard_normal((N, T, D))
        for i, layer in enumerate(model.layers):
            layer.set_weights([rng.normal(0.0, 0.6, array.shape) for array in layer.get_weights()])
            for j, array in enumerate(layer.get_weights()):
                arrays[f"{case}/weights/{i}/{j}"] = array
        described = [(type(layer).__name__, layer.get_config()) for layer in model.layers]
        arrays[f"{case}/layers"] = np.array(json.dumps(described))
        arrays[f"{case}/x"], arrays[f"{case}/y"] = x, keras.ops.convert_to_numpy(model(x))
    np.savez_compressed(FILE, **arrays)


if __name__ == "__main__":
    main()
