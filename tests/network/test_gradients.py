"""The gradient of every parameter and of the initial state, through the native kernels.

The outputs are checked for every combination (`test_oracle`); gradients, for the few that hold every combination of
three settings.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from covering import covering
from elman import reference
from elman.network import Architecture, Network, State
from elman.reference import numerical_gradient
from network.cases import LENGTHS, Case, architectures, identity
from tolerances import assert_close

WAYS = {"whole": None, "ragged": LENGTHS}
PROBLEMS = covering({(a, way): (*vars(a).values(), way) for a, way in product(architectures(), WAYS)})


@pytest.mark.parametrize(("architecture", "way"), PROBLEMS, ids=[f"{identity(a)} {way}" for a, way in PROBLEMS])
def test_gradient_of_every_parameter(architecture: Architecture, way: str) -> None:
    case = Case.random(architecture, WAYS[way])
    tape = case.forward()
    case.network.backward(tape, case.do, d_state=case.d_state, n_threads=1)
    gradients = {name: gradient.copy() for name, gradient in case.network.gradients.items()}
    initial = tape.d_state
    # Kinks (ReLU, the maximum over steps) are crossed unless the step is small, and norms of a few values are curved; a
    # small step costs digits that are not needed.
    kinks = architecture.readout == "max" or "relu" in (architecture.activation, *architecture.dense_activations)
    step = 1e-5 if kinks or architecture.layer_norm else 1e-3
    for name, parameter in case.network.parameters.items():
        numerical = numerical_gradient(_changing(case, parameter), parameter.copy(), step)
        assert_close(gradients[name], numerical, "gradient check", name=name)
    for name, gradient in initial.to_arrays().items():
        array = getattr(case.state, name)
        assert_close(
            gradient, numerical_gradient(_changing(case, array), array.copy(), step), "gradient check", name=name
        )


def _changing(case: Case, array: np.ndarray):
    """Return the objective as a function of one array, which is put back afterwards."""

    def objective(values: np.ndarray) -> float:
        before = array.copy()
        array[...] = values
        total = case.objective()
        array[...] = before
        return total

    return objective


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("readout", ["every", "last"])
def test_one_step_gradients_are_the_reference_s(cell: str, readout: str) -> None:
    case = Case.random(Architecture(2, 2, cell=cell, hidden_size=2, readout=readout, linear_skip=True), LENGTHS)
    tape = case.forward()
    case.network.backward(tape, case.do, bptt_depth=1)
    p, zeros = case.network.parameters, np.zeros((3, 2))
    states, read = _reference_forward(case, p)
    do = np.zeros((4, 3, 2))
    if readout == "every":
        do = case.do
    else:
        for row, length in enumerate(LENGTHS):
            if length:
                do[length - 1, row] = case.do[row]
    dh = reference.dense_backward(do, states.h[1:], p["output.W_y"]).dh
    weights = p["layers.0.W_x"], p["layers.0.W_h"]
    expected = reference.layer_backward(cell, dh, case.x, *states, *weights, lengths=LENGTHS, bptt_depth=1)
    for name in ("W_x", "W_h", "b"):
        assert_close(case.network.gradients[f"layers.0.{name}"], getattr(expected, f"d{name}"), "same sums", name=name)
    assert (tape.d_state.h[0] == zeros)[[0, 2]].all()  # only the row without steps hands its adjoint down
    assert_close(
        case.network.gradients["output.W_y"], reference.dense_backward(case.do, read, p["output.W_y"]).dW_y, "same sums"
    )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_one_step_gradients_through_norms_are_the_reference_s(cell: str) -> None:
    case = Case.random(Architecture(2, 2, cell=cell, hidden_size=3, layer_norm=True), LENGTHS)
    case.network.backward(case.forward(), case.do, bptt_depth=1)
    p, c_0 = case.network.parameters, None if case.state.c is None else case.state.c[0]
    own = {name.rpartition(".")[2]: value for name, value in p.items() if name.startswith("layers.")}
    states = reference.normalized_layer_forward(cell, case.x, case.state.h[0], c_0, **own, lengths=LENGTHS)
    dh = reference.dense_backward(case.do, states.h[1:], p["output.W_y"]).dh
    found = reference.normalized_layer_backward(cell, dh, case.x, *states, **own, lengths=LENGTHS, bptt_depth=1)
    for name in own:
        assert_close(case.network.gradients[f"layers.0.{name}"], getattr(found, f"d{name}"), "gradients", name=name)


def _reference_forward(case: Case, p):
    names, cell = ("W_x", "W_h", "b", "b_hn"), case.network.architecture.cell
    c_0, weights = None if case.state.c is None else case.state.c[0], [p.get(f"layers.0.{name}") for name in names]
    states = reference.layer_forward(cell, case.x, case.state.h[0], c_0, *weights, lengths=LENGTHS)
    if case.network.architecture.readout == "every":
        return states, states.h[1:]
    return states, states.h[LENGTHS, np.arange(3)]


def test_chunks_with_handed_down_adjoints_give_the_gradient_of_the_whole() -> None:
    network = Network.initialized(Architecture(2, 2, cell="lstm", hidden_size=3, num_layers=2), dtype=np.float64)
    rng = np.random.default_rng(0)
    x, do = rng.standard_normal((6, 2, 2)), rng.standard_normal((6, 2, 2))
    whole = network.backward(network.forward(x), do).copy()
    middle = network.forward(x[:4]).state
    tape = network.forward(x[4:], middle)
    total = network.backward(tape, do[4:]).copy()
    d_middle = tape.d_state
    total += network.backward(
        network.forward(x[:4], State.zeros(network.architecture, 2, np.float64)), do[:4], d_state=d_middle
    )
    assert_close(total, whole, "same sums")
