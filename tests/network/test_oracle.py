"""Outputs and final states against networks composed from the reference, row by row and without padding."""

from __future__ import annotations

import numpy as np
import pytest

from elman.network import Architecture
from network import oracle
from network.cases import LENGTHS, Case, architectures, identity
from tolerances import assert_close


@pytest.mark.parametrize("architecture", architectures(), ids=identity)
def test_outputs_and_states(architecture: Architecture) -> None:
    for lengths in (None, LENGTHS):
        case = Case.random(architecture, lengths)
        tape = case.forward()
        expected = oracle.forward(architecture, case.network.parameters, case.x, lengths, case.state, case.key)
        final = tape.state
        for row, o in enumerate(expected.o):
            where = f"row {row} of lengths {lengths}"
            actual = tape.o[: len(o), row] if architecture.readout == "every" else tape.o[row]
            assert_close(actual, o, "states", name=f"o of {where}")
            assert_close(final.h[:, row], np.array(expected.h[row]), "states", name=f"h of {where}")
            if final.c is not None:
                assert_close(final.c[:, row], np.array(expected.c[row]), "states", name=f"c of {where}")


@pytest.mark.parametrize("output", ["identity", "softmax", "log_softmax", "sigmoid", "relu", "tanh"])
def test_output_activation(output: str) -> None:
    case = Case.random(Architecture(2, 2, cell="rnn", hidden_size=2, output=output), None)
    o = case.forward().o.copy()
    activated = {
        "identity": o,
        "softmax": np.exp(o) / np.exp(o).sum(-1, keepdims=True),
        "log_softmax": o - np.log(np.exp(o).sum(-1, keepdims=True)),
        "sigmoid": 1.0 / (1.0 + np.exp(-o)),
        "relu": np.maximum(o, 0.0),
        "tanh": np.tanh(o),
    }
    state, y = case.network.run(case.x, case.state)
    assert_close(y, activated[output], "states")
    np.testing.assert_array_equal(state.h, case.forward().state.h)
    np.testing.assert_array_equal(case.network.predict(case.x, case.state), y)
