"""Run by test_core.py in a process where some packages cannot be imported; prints what happened as JSON."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

FOLDER, MISSING = Path(sys.argv[1]), sys.argv[2].split()


class Finder(PathFinder):
    """Finds every module but those that are said to be missing."""

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Any = None) -> Any:
        return None if name.partition(".")[0] in MISSING else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Finder

import numpy as np  # noqa: E402

from elman import Architecture, Forecaster, LanguageModel, MissingExtraError, Network, SequenceClassifier, load  # noqa: E402
from elman.cli import main  # noqa: E402
from elman.explain import lesson, render  # noqa: E402
from elman.forecasting import cross_validation  # noqa: E402
from elman.interop import export_onnx  # noqa: E402
from elman.interop.keras import to_keras  # noqa: E402
from elman.interop.torch import to_torch  # noqa: E402
from elman.tables.series import read_series  # noqa: E402

COMMANDS = [
    "--help",
    "forecast air-passengers --horizon 2 --method prior --quiet --save f.model --output f.csv",
    "predict f.model --quiet",
    "forecast air-passengers --horizon 2 --plot p.png",
    "forecast air-passengers --horizon 2 --output p.parquet",
    "explain by-hand-sum",
    "text train play.txt --quiet",
]


def same(model: Any, data: Any) -> bool:
    """Whether a model predicts the same once it was saved and loaded."""
    model.save(FOLDER / "model")
    return bool(np.array_equal(model.predict(data), load(FOLDER / "model").predict(data)))


def error_of(call: Any, *arguments: Any) -> str:
    try:
        call(*arguments)
    except MissingExtraError as error:
        return str(error)
    return "no error"


def ran(line: str) -> list[Any]:
    """Return the exit code of a command and what it wrote to standard error."""
    sys.argv, errors = ["elman", *line.split()], io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        try:
            main()
        except SystemExit as end:
            return [end.code, errors.getvalue()]
    return ["no exit", errors.getvalue()]


def found() -> dict[str, Any]:
    series = np.tile([1.0, 2.0, 4.0, 3.0], 8)
    forecaster = Forecaster(2, season=4, random_state=0).fit(series)
    classifier = SequenceClassifier(updates=2, ensemble_size=1, random_state=0).fit(
        series.reshape(8, 4), list("abababab")
    )
    network = Network.initialized(Architecture(1, 1, cell="rnn", hidden_size=2), 0)
    (FOLDER / "sales.parquet").write_bytes(b"PAR1")
    (FOLDER / "sales.xlsx").write_bytes(b"PK\x03\x04")
    (FOLDER / "play.txt").write_text("to be or not to be\n" * 20)
    flow = forecaster.set_params(method="network", updates=2, ensemble_size=1).fit(series).gradient_flow(series)
    return {
        "forecasts": len(cross_validation(forecaster, series)),
        "same": [same(forecaster, None), same(classifier, series.reshape(8, 4))],
        "errors": [
            error_of(LanguageModel().fit, "to be or not to be" * 20),
            error_of(render, lesson("by-hand-sum"), "html"),
            error_of(flow.plot),
            error_of(read_series, FOLDER / "sales.parquet"),
            error_of(read_series, FOLDER / "sales.xlsx"),
            error_of(export_onnx, network, FOLDER / "n.onnx"),
            error_of(to_torch, network),
            error_of(to_keras, network),
        ],
        "commands": [ran(line) for line in COMMANDS],
    }


if __name__ == "__main__":
    print(json.dumps(found()))
