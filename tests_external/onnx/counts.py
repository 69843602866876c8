"""Rows for the table of docs/compatibility.md."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CONFIGURATIONS = 2500
TOLERANCE = 1e-5


@cache
def node_tests() -> tuple[dict[str, bool], dict[str, bool]]:
    """Return which of ONNX's own tests pass, with their tolerances and with 1e-5; in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "node_tests.py")], capture_output=True, text=True, check=True
    )
    usual, strict = json.loads(done.stdout)
    return usual, strict


@cache
def live_oracle() -> list[dict[str, Any]]:
    """Return a row for every random configuration."""
    sys.path.insert(0, str(HERE))
    from live_oracle import run

    return run(CONFIGURATIONS)


def rows() -> list[tuple[str, int, int, str]]:
    """Return suite, how many pass, of how many, and a remark."""
    import onnx
    import onnxruntime

    usual, strict = node_tests()
    oracle = live_oracle()
    worst = max(row["difference"] for row in oracle)
    each = ", ".join(f"{sum(row['op'] == op for row in oracle)} {op}" for op in ("RNN", "LSTM", "GRU"))
    return [
        (f"ONNX {onnx.__version__} node tests", sum(usual.values()), len(usual), "RNN, LSTM, GRU, in NumPy"),
        ("the same at rtol 1e-5", sum(strict.values()), len(strict), ""),
        (
            f"ONNX Runtime {onnxruntime.__version__}, random configurations",
            sum(row["difference"] <= TOLERANCE for row in oracle),
            len(oracle),
            f"{each}; largest difference {worst:.1e}, none above {TOLERANCE:g}",
        ),
    ]
