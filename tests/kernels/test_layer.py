"""`layer_forward` and `layer_backward` have the bits of each cell and refuse arrays of other cells by name."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from elman import engine, reference
from elman.errors import ArgumentError
from kernels.calls import CASES, Problem, assert_same_bits, backward, forward
from reference import cases

MODULES = pytest.mark.parametrize("module", [engine, reference], ids=["engine", "reference"])
H, GATES = np.zeros((2, 3)), np.zeros((1, 2, 12))
FORWARD = {"x": np.zeros((1, 2, 5)), "h_0": H, "c_0": None}
BACKWARD = {"dh": None, "x": np.zeros((1, 2, 5)), "h": np.zeros((2, 2, 3)), "c": None, "gates": None}
COLUMNS = {"rnn": 3, "lstm": 12, "gru": 9}


def given(result: Any) -> dict[str, Any]:
    return {name: value for name, value in result._asdict().items() if value is not None}


@MODULES
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("depth", [None, 1])
def test_the_bits_of_the_cell_s_own_functions(module: ModuleType, case: str, depth: int | None) -> None:
    problem = Problem(case, "float32", 4, 5, 3, 7)
    options = {"lengths": problem.lengths, "h_mask": problem.mask}
    states = forward(module, case, problem.a, problem.lengths, problem.mask)
    gradients = backward(
        module, case, problem.a, states, problem.cotangents, problem.lengths, problem.mask, bptt_depth=depth
    )
    cell, a = case.partition("-")[0], {"c_0": None, **problem.a}
    if cell == "rnn":
        options |= cases.options(case)
    layer = module.layer_forward(cell, **a, **options)
    assert_same_bits(given(layer), states)
    weights = {name: a[name] for name in ("x", "W_x", "W_h")}
    last = dict(zip(("dh_T", "dc_T"), problem.last, strict=False))
    back = module.layer_backward(cell, problem.dh, **layer._asdict(), **weights, **options, **last, bptt_depth=depth)
    assert_same_bits(given(back), gradients)


@MODULES
@pytest.mark.parametrize(
    ("cell", "change", "message"),
    [
        ("rnn", {"c_0": H}, "c_0 must be None for 'rnn'."),
        ("gru", {"c_0": H}, "c_0 must be None for 'gru'."),
        ("lstm", {}, "c_0 must be given for 'lstm'."),
        ("lstm", {"c_0": H, "b_hn": np.zeros(3)}, "b_hn must be None for 'lstm'."),
        ("gru", {"activation": "relu"}, "activation='relu' needs cell='rnn', got cell='gru'."),
    ],
)
def test_arrays_of_other_cells_forward(module: ModuleType, cell: str, change: dict[str, Any], message: str) -> None:
    weights = {"W_x": np.zeros((5, COLUMNS[cell])), "W_h": np.zeros((3, COLUMNS[cell]))}
    with pytest.raises(ArgumentError) as error:
        module.layer_forward(cell, **FORWARD | weights | change)
    assert str(error.value) == f"layer_forward: {message}"


@MODULES
@pytest.mark.parametrize(
    ("cell", "change", "message"),
    [
        ("rnn", {"gates": GATES}, "gates must be None for 'rnn'."),
        ("gru", {}, "gates must be given for 'gru'."),
        ("gru", {"gates": GATES, "dc_T": H}, "dc_T must be None for 'gru'."),
        ("lstm", {"gates": GATES}, "c must be given for 'lstm'."),
    ],
)
def test_arrays_of_other_cells_backward(module: ModuleType, cell: str, change: dict[str, Any], message: str) -> None:
    weights = {"W_x": np.zeros((5, COLUMNS[cell])), "W_h": np.zeros((3, COLUMNS[cell]))}
    with pytest.raises(ArgumentError) as error:
        module.layer_backward(cell, **BACKWARD | weights | change)
    assert str(error.value) == f"layer_backward: {message}"


@MODULES
def test_unknown_cells(module: ModuleType) -> None:
    with pytest.raises(ArgumentError, match=r"^layer_forward: cell must be one of 'rnn', 'lstm', 'gru', got 'mlp'"):
        module.layer_forward("mlp", **FORWARD, W_x=np.zeros((5, 3)), W_h=np.zeros((3, 3)))
