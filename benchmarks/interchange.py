"""An exported forecaster and an exported classifier, on raw values, in ONNX Runtime and in Elman.

    python benchmarks/interchange.py [--data FOLDER]

Both are fitted with their defaults: a `Forecaster` on the airline passengers without their last twelve months, a
`SequenceClassifier` on the training part of JapaneseVowels, which is not part of the package; the folder holds
``classification/JapaneseVowels/JapaneseVowels_TRAIN.ts`` and ``…_TEST.ts``. Differences and sizes go to
``benchmarks/results/interchange.json``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

import elman
from elman import Forecaster, SequenceClassifier
from elman.data.datasets import load_dataset
from elman.interop import export_onnx
from elman.tables.ts_files import read_ts

HERE = Path(__file__).resolve().parent
TARGET = HERE / "results" / "interchange.json"
DEFAULT_DATA = HERE.parents[1] / "shared" / "data"
HORIZON = 12


def by_onnx_runtime(path: Path, feed: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs of a file by name."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feed), strict=True))


def forecaster(folder: Path) -> dict[str, Any]:
    """Forecast the airline passengers at every cut-off after the first year."""
    frame = load_dataset("air-passengers")
    history = frame.iloc[:-HORIZON]
    model, path = Forecaster(horizon=HORIZON, method="network", random_state=0).fit(history), folder / "forecaster.onnx"
    proof = export_onnx(model, path)
    worst = 0.0
    for months in range(HORIZON, len(history) + 1):
        ours = model.predict(history.iloc[:months])["Elman"].to_numpy()
        values = history["y"].to_numpy(dtype=np.float64)[np.newaxis, :months]
        theirs = by_onnx_runtime(path, {"values": values})["forecast"][0]
        worst = max(worst, float(np.max(np.abs(theirs - ours) / np.abs(ours))))
    return {
        "data": "air-passengers",
        "members": len(model.networks_),
        "forecasts compared": len(history) + 1 - HORIZON,
        "largest relative difference": worst,
        "difference of the export's own check": proof.largest_difference,
        "bytes": path.stat().st_size,
    }


def classifier(folder: Path, data: Path) -> dict[str, Any]:
    """Classify the test part of JapaneseVowels."""
    place = data / "classification" / "JapaneseVowels"
    train, test = (read_ts(place / f"JapaneseVowels_{part}.ts") for part in ("TRAIN", "TEST"))
    X_test = test.sequences
    model, path = SequenceClassifier(random_state=0).fit(train.sequences, train.labels), folder / "classifier.onnx"
    proof = export_onnx(model, path)
    lengths = np.array([len(sequence) for sequence in X_test])
    values = np.full((len(X_test), lengths.max(), X_test[0].shape[1]), np.nan)
    for row, sequence in zip(values, X_test, strict=True):
        row[: len(sequence)] = sequence
    theirs = by_onnx_runtime(path, {"values": values, "lengths": lengths})
    return {
        "data": "JapaneseVowels",
        "members": len(model.networks_),
        "sequences compared": len(X_test),
        "largest difference of a probability": float(
            np.abs(theirs["probabilities"] - model.predict_proba(X_test)).max()
        ),
        "different labels": int((theirs["label"] != model.predict(X_test)).sum()),
        "accuracy in ONNX Runtime": float(np.mean(theirs["label"] == test.labels)),
        "difference of the export's own check": proof.largest_difference,
        "bytes": path.stat().st_size,
    }


def main() -> None:
    """Run both and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as name:
        rows = [forecaster(Path(name)), classifier(Path(name), data)]
    report = {"elman": elman.__version__, "onnxruntime": onnxruntime.__version__, "models": rows}
    TARGET.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
