"""Run the suites from outside and write their counts into docs/compatibility.md and results.json.

    python tests_external/compatibility.py

`make test-external` calls it. The exit code is pytest's: a red suite writes nothing.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = ROOT / "docs" / "compatibility.md"
RESULTS = HERE / "results.json"
BEGIN, END = "<!-- counts: begin; written by tests_external/compatibility.py -->", "<!-- counts: end -->"
Row = tuple[str, int, int, str]

TORCH, KERAS, ONNX = "tests_external/torch", "tests_external/keras", "tests_external/onnx"
SKTIME, AEON = "tests_external/sktime/test_sktime.py", "tests_external/aeon/test_aeon.py"
SKLEARN = "tests/sequences/test_sklearn.py"
SUITES: list[tuple[str, str, str]] = [  # suite, what its tests' names begin with, remark
    (
        "ONNX Runtime {onnxruntime}, plain operators",
        f"{ONNX}/test_operators.py::test_results",
        "with every attribute, as the operator set of the file has it",
    ),
    (
        "PyTorch {torch}, its table of module inputs",
        f"{TORCH}/test_module_tables.py::test_input[",
        "RNN, LSTM, GRU; float32 and float64; outputs, gradients, and the table's own reference",
    ),
    ("the same, error inputs", f"{TORCH}/test_module_tables.py::test_error[", "same exception, same words"),
    (
        "the same, inputs with projections",
        f"{TORCH}/test_module_tables.py::test_projections",
        "outputs, gradients, and the table's own reference",
    ),
    (
        "PyTorch {torch}, random configurations",
        f"{TORCH}/test_live_oracle.py",
        "float64; outputs, final states and all gradients within 1e-12 and 1e-11",
    ),
    (
        "PyTorch {torch}, what training scripts rely on",
        f"{TORCH}/test_drop_in",
        "starting values, copies, dropout, gradcheck, training runs, compiled and traced modules, pairs, refusals",
    ),
    (
        "PyTorch {torch}, networks there and back",
        f"{TORCH}/test_exchange.py::test_there_and_back",
        "every cell, depth, direction, bias, readout and input; float32 and float64",
    ),
    (
        "PyTorch {torch}, wrong orders of gates caught",
        f"{TORCH}/test_exchange.py::test_every_wrong_order",
        "23 of the LSTM, 5 of the GRU, with and without biases",
    ),
    ("Keras {keras}, chains of layers in", f"{KERAS}/test_keras.py::test_from_keras", "both kinds of GRU"),
    ("Keras {keras}, networks out and back", f"{KERAS}/test_keras.py::test_to_keras_and_back", ""),
    ("Keras {keras}, wrong orders of gates caught", f"{KERAS}/test_keras.py::test_every_wrong_order", "23 and 5"),
    (
        "Keras {keras}, entries of configurations refused by name",
        f"{KERAS}/test_keras.py::test_entries_that_would_be_left_out",
        "what would otherwise be left out silently",
    ),
    (
        "Files of common exporters, imported or refused as the table below says",
        "tests_external/exporters/test_files.py::test_import",
        "PyTorch's two exporters, Keras, onnx.helper",
    ),
    (
        "scikit-learn {scikit-learn}, its checks of estimators",
        f"{SKLEARN}::test_check",
        "classifier and regressor, tables and sequences; none skipped, none expected to fail",
    ),
    (
        "sktime {sktime}, its checks of forecasters",
        f"{SKTIME}::test_check[ElmanForecaster",
        "the prior, and a network with intervals and exogenous data; none skipped",
    ),
    (
        "sktime {sktime}, its checks of classifiers",
        f"{SKTIME}::test_check[ElmanClassifier",
        "GRU and LSTM; none skipped",
    ),
    ("aeon {aeon}, its checks of classifiers", f"{AEON}::test_check[", "GRU and LSTM; none skipped"),
]


class Outcomes:
    """Collects what became of every test."""

    def __init__(self) -> None:
        self.passed: set[str] = set()
        self.seen: dict[str, int] = {}  # and how many checks of a suite each test stands for

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or not report.passed:
            self.seen[report.nodeid] = dict(report.user_properties).get("checks", 1)
            if report.passed:
                self.passed.add(report.nodeid)

    def row(self, suite: str, start: str, remark: str) -> Row:
        """Count the tests whose names begin with ``start``."""
        total = [name for name in self.seen if name.startswith(start)]
        if not total:
            raise SystemExit(f"no test begins with {start}: {Counter(n.split('[')[0] for n in self.seen)}")
        names = re.findall(r"{([\w-]+)}", suite)
        said = suite.format(**{name: version(name).split("+")[0] for name in names})
        passed = sum(self.seen[name] for name in total if name in self.passed)
        return said, passed, sum(self.seen[name] for name in total), remark


def table(rows: list[Row]) -> str:
    """Write the rows as Markdown."""
    lines = ["| Suite | Passed | Of | |", "|---|---|---|---|"]
    lines += [f"| {suite} | {passed:,} | {total:,} | {remark} |" for suite, passed, total, remark in rows]
    return "\n".join(lines)


def main() -> int:
    outcomes = Outcomes()
    code = pytest.main(["-q", str(HERE), str(ROOT / SKLEARN)], plugins=[outcomes])
    if code:
        return int(code)
    sys.path.insert(0, str(HERE / "onnx"))
    rows: list[Row] = importlib.import_module("counts").rows()
    rows += [outcomes.row(*suite) for suite in SUITES]
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    RESULTS.write_text(
        json.dumps([dict(zip(("suite", "passed", "of", "remark"), row, strict=True)) for row in rows], indent=1) + "\n"
    )
    PAGE.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
