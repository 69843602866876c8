"""Initial values, scheme by scheme."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import pytest

from elman.errors import ArgumentError, ElmanWarning
from elman.network import Architecture, Network, ParameterLayout, Parameters, initialize

H = 32
LSTM = Architecture(8, 4, hidden_size=H)


def named(architecture: Architecture, **options: object) -> Parameters:
    options = {"dtype": np.float64, **options}
    return Parameters(initialize(architecture, **options), ParameterLayout(architecture))


def test_default_is_orthogonal_gate_by_gate_with_open_forget_gates() -> None:
    p = named(LSTM)
    for gate in np.split(p["layers.0.W_h"], 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(H), atol=1e-12)
    i, f, g, o = np.split(p["layers.0.b"], 4)
    assert (f == 1.0).all()
    assert not np.concatenate([i, g, o, p["output.b_y"]]).any()
    assert np.abs(p["layers.0.W_x"]).max() <= sqrt(6 / (8 + H))
    assert np.abs(p["layers.0.W_x"]).max() > 0.95 * sqrt(6 / (8 + H))
    assert np.abs(p["output.W_y"]).max() <= sqrt(6 / (H + 4))


@pytest.mark.parametrize("scheme", ["default", "torch", "uniform"])
def test_gains_begin_at_one(scheme: str) -> None:
    network = Network.initialized(replace(LSTM, layer_norm=True), scheme=scheme)
    gains = {name: value for name, value in network.parameters.items() if "gain" in name}
    assert {name.rpartition(".")[2] for name in gains} == {"gain_h", "gain_x", "gain_c"}
    assert all((value == 1).all() for value in gains.values())


def test_projections_are_orthonormal() -> None:
    p = named(replace(LSTM, projection_size=5))
    W_p = p["layers.0.W_p"]
    np.testing.assert_allclose(W_p.T @ W_p, np.eye(5), atol=1e-12)
    for gate in np.split(p["layers.0.W_h"], 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(5), atol=1e-12)


def test_orthogonal_matrices_are_drawn_without_preference() -> None:
    one = Architecture(1, 1, cell="rnn", hidden_size=1)
    assert {named(one, seed=seed)["layers.0.W_h"].item() for seed in range(20)} == {-1.0, 1.0}


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_other_cells_have_no_forget_gate_to_open(cell: str) -> None:
    p = named(replace(LSTM, cell=cell))
    assert not any(view.any() for name, view in p.items() if view.ndim == 1)


def test_glorot() -> None:
    p = named(LSTM, scheme="glorot")
    assert 0.95 * sqrt(6 / (2 * H)) < np.abs(p["layers.0.W_h"]).max() <= sqrt(6 / (2 * H))


def test_torch() -> None:
    p = named(replace(LSTM, cell="gru"), scheme="torch")
    bound = 1 / sqrt(H)
    for name in ("layers.0.W_x", "layers.0.W_h", "layers.0.b_hn", "output.W_y", "output.b_y"):
        assert np.abs(p[name]).max() <= bound
    assert bound < np.abs(p["layers.0.b"][: 2 * H]).max() <= 2 * bound  # the sum of two draws
    assert np.abs(p["layers.0.b"][2 * H :]).max() <= bound


def test_uniform_draws_everything_within_its_scale() -> None:
    theta = initialize(LSTM, scheme="uniform", dtype=np.float64)
    assert 0.099 < np.abs(theta).max() <= 0.1
    assert np.abs(initialize(LSTM, scheme="uniform", scale=0.5)).max() > 0.49
    with pytest.raises(ArgumentError, match=r"^initialize: scale needs scheme='uniform', got 'torch'\.$"):
        initialize(LSTM, scheme="torch", scale=0.5)


def test_zeros_warn_that_units_stay_identical() -> None:
    with pytest.warns(ElmanWarning) as caught:
        theta = initialize(LSTM, scheme="zeros")
    assert not theta.any()
    assert str(caught[0].message) == (
        "initialize: scheme='zeros' makes all 32 hidden units of a layer identical, and training keeps them identical: "
        "the network learns no more than one with a single unit per layer."
    )
    initialize(replace(LSTM, hidden_size=1), scheme="zeros")  # a single unit: no warning


@pytest.mark.parametrize("scheme", ["default", "glorot", "torch", "uniform"])
def test_the_skip_starts_at_zero(scheme: str) -> None:
    assert not named(replace(LSTM, linear_skip=True), scheme=scheme)["skip.W_k"].any()


def test_draws_depend_on_seed_and_name_alone() -> None:
    small, large = named(LSTM), named(replace(LSTM, num_layers=2, linear_skip=True))
    for name in small:
        if name != "output.W_y" or small[name].shape == large[name].shape:
            np.testing.assert_array_equal(small[name], large[name])
    assert (named(LSTM, seed=1)["layers.0.W_x"] != small["layers.0.W_x"]).all()
    np.testing.assert_array_equal(
        named(LSTM, dtype=np.float32)["layers.0.W_x"], small["layers.0.W_x"].astype(np.float32)
    )


def test_a_network_may_change_its_initial_values_without_effect_on_the_next() -> None:
    for dtype in (np.float32, np.float64):
        first = initialize(Architecture(2, 1, hidden_size=3), seed=4, dtype=dtype)
        values = first.copy()
        first[...] = 7.0
        assert (initialize(Architecture(2, 1, hidden_size=3), seed=4, dtype=dtype) == values).all()


def test_embedding_rows_have_length_about_one() -> None:
    p = named(Architecture(None, 2, vocabulary_size=500, embedding_size=40))
    assert 0.95 < np.linalg.norm(p["embedding"], axis=1).mean() < 1.05


def test_unknown_scheme() -> None:
    with pytest.raises(ArgumentError, match="Hint: did you mean 'glorot'"):
        initialize(LSTM, scheme="glorott")


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (
            {"hidden_size": 10**9},
            r"hidden_size=1000000000 and num_layers=1 make 4e\+18 parameters; a network has",
        ),
        ({"hidden_size": 10**5}, r"make 4e\+10 parameters; a network has at most 5e\+08\."),
        ({"input_size": 10**12}, "parameters; a network has at most"),
        ({"num_layers": 10**9}, "num_layers must be at most 1000, got 1000000000"),
        ({"num_layers": 10**400}, "num_layers must be at most 1000, got an integer of 1329 bits"),
    ],
)
def test_absurd_sizes_are_refused_before_anything_is_made(sizes: dict[str, Any], message: str) -> None:
    architecture = Architecture(**({"input_size": 1, "output_size": 1} | sizes))
    tracemalloc.start()
    try:
        with pytest.raises(ArgumentError, match=message):
            initialize(architecture)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()
