"""Write tests/interop/onnx_oracle.npz: recurrent nodes with their inputs, and what ONNX Runtime makes of them.

    python tests_external/onnx/make_oracle.py

The tests that need no other package compare with it. Nodes are drawn until every operator has met every attribute.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from configurations import ACTIVATIONS, INPUTS, configuration
from live_oracle import by_onnx_runtime

TARGET = Path(__file__).resolve().parents[2] / "tests" / "interop" / "onnx_oracle.npz"
SMALL = (5, 4, 4, 4)
EACH = 2  # nodes with each feature, for each operator


def main() -> None:
    """Draw, run and write."""
    seen: dict[tuple[str, str], int] = {}
    arrays: dict[str, Any] = {}
    cases: list[dict[str, Any]] = []
    for number in range(2000):
        case = configuration(number, SMALL)
        features = case.features() | {f"{name}={case.attributes[name]}" for name in _valued(case.attributes)}
        features |= set(case.attributes.get("activations", [])) & set(ACTIVATIONS)
        if all(seen.get((case.op, feature), 0) >= EACH for feature in features):
            continue
        for feature in features:
            seen[case.op, feature] = seen.get((case.op, feature), 0) + 1
        place = len(cases)
        for name, value in zip(INPUTS[case.op], case.inputs, strict=True):
            if value is not None:
                arrays[f"{place}.{name}"] = value
        for name, value in zip(("Y", "Y_h", "Y_c"), by_onnx_runtime(case), strict=False):
            arrays[f"{place}.{name}"] = value
        cases.append({"op": case.op, "attributes": case.attributes})
    arrays["cases"] = np.frombuffer(json.dumps(cases).encode(), np.uint8)
    np.savez_compressed(TARGET, **arrays)
    print(f"{len(cases)} nodes, {TARGET.stat().st_size} bytes")


def _valued(attributes: dict[str, Any]) -> list[str]:
    return [name for name in ("direction", "linear_before_reset", "input_forget") if name in attributes]


if __name__ == "__main__":
    main()
