"""Architectures: valid and refused settings, and the layout of parameters."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from elman.errors import ArgumentError, ShapeError
from elman.network import Architecture, ParameterLayout, Parameters

GOOD = Architecture(3, 2)

GIVE_EITHER = "Architecture: give either input_size (values per step) or vocabulary_size (one index per step), "

REFUSED = {
    "input and vocabulary": (
        {"vocabulary_size": 5},
        GIVE_EITHER + "got input_size=3 and vocabulary_size=5.",
    ),
    "no input": (
        {"input_size": None},
        GIVE_EITHER + "got input_size=None and vocabulary_size=None.",
    ),
    "embedding of values": ({"embedding_size": 4}, "Architecture: embedding_size=4 needs a vocabulary_size."),
    "unknown cell": (
        {"cell": "LSTM"},
        "Architecture: cell must be one of 'rnn', 'lstm', 'gru', got 'LSTM'.\n  Hint: did you mean 'lstm'?",
    ),
    "no units": ({"hidden_size": 0}, "Architecture: hidden_size must be an integer of at least 1, got 0."),
    "one direction and both": (
        {"reverse": True, "bidirectional": True},
        "Architecture: reverse=True and bidirectional=True exclude each other.",
    ),
    "directions of other layers": (
        {"bidirectional": (True, False)},
        "Architecture: bidirectional must be True or False, or a tuple of one for each of 1 layers, got (True, False).",
    ),
    "a projection of another cell": (
        {"cell": "gru", "projection_size": 2},
        (
            "Architecture: projection_size is for an LSTM, and the cell is 'gru'. "
            'Pass cell="lstm", or leave projection_size out.'
        ),
    ),
    "a wide projection": (
        {"hidden_size": (8, 4), "projection_size": 4},
        "Architecture: projection_size must be less than the units of every layer, 4, got 4.",
    ),
    "an empty projection": (
        {"projection_size": 0},
        "Architecture: projection_size must be an integer of at least 1, got 0.",
    ),
    "no size": (
        {"hidden_size": ()},
        "Architecture: hidden_size must be a tuple of sizes, one per layer, got ().",
    ),
    "no units in a layer": (
        {"hidden_size": (4, 0)},
        "Architecture: hidden_size[1] must be an integer of at least 1, got 0.",
    ),
    "sizes of other layers": (
        {"hidden_size": (4, 2), "num_layers": 3},
        "Architecture: hidden_size has the sizes of 2 layers, but num_layers=3.\n  Hint: leave out num_layers.",
    ),
    "dense as a number": (
        {"dense": 16},
        "Architecture: dense must be a tuple, one size per layer, got 16. Pass dense=(16,).",
    ),
    "no dense": ({"dense": None}, "Architecture: dense must be a tuple of sizes, one per layer, got None."),
    "dense as a text": ({"dense": "16"}, "Architecture: dense must be a tuple of sizes, one per layer, got '16'."),
    "softmax inside": (
        {"dense": (4,), "dense_activation": "softmax"},
        "Architecture: dense_activation must be one of 'identity', 'tanh', 'relu', 'sigmoid', got 'softmax'.",
    ),
    "activations of other layers": (
        {"dense": (4,), "dense_activation": ("relu", "tanh")},
        "Architecture: dense_activation must have one name for each layer of dense=(4,), got 2.",
    ),
    "tied to a dense layer": (
        {"input_size": None, "vocabulary_size": 5, "embedding_size": 4, "dense": (3,), "tied_weights": True},
        "Architecture: tied_weights=True needs embedding_size = the last of dense = 3, got 4.",
    ),
    "no layers": ({"num_layers": 0}, "Architecture: num_layers must be an integer of at least 1, got 0."),
    "truth as number": ({"bias": 1}, "Architecture: bias must be True or False, got 1."),
    "all dropped": ({"dropout": 1.0}, "Architecture: dropout must be a number in [0, 1), got 1."),
    "activation of an LSTM": (
        {"activation": "relu"},
        "Architecture: activation='relu' needs cell='rnn', got cell='lstm'.",
    ),
    "skip of a mean": (
        {"linear_skip": True, "readout": "mean"},
        "Architecture: linear_skip needs readout='every' or 'last', got 'mean'.",
    ),
    "skip of indices": (
        {"input_size": None, "vocabulary_size": 5, "linear_skip": True},
        "Architecture: linear_skip needs values as input, not indices of a vocabulary.",
    ),
    "steps without skip": (
        {"skip_steps": 3},
        "Architecture: skip_steps=3 needs linear_skip=True and readout='last'.",
    ),
    "tied without embedding": ({"tied_weights": True}, "Architecture: tied_weights=True needs an embedding_size."),
    "tied widths": (
        {"input_size": None, "vocabulary_size": 5, "embedding_size": 4, "hidden_size": 6, "tied_weights": True},
        "Architecture: tied_weights=True needs embedding_size = directions x hidden_size = 6, got 4.",
    ),
    "tied outputs": (
        {"input_size": None, "vocabulary_size": 5, "embedding_size": 4, "hidden_size": 4, "tied_weights": True},
        "Architecture: tied_weights=True needs output_size = vocabulary_size = 5, got 2.",
    ),
}


@pytest.mark.parametrize(("changes", "text"), REFUSED.values(), ids=REFUSED)
def test_refused(changes: dict[str, object], text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        replace(GOOD, **changes)
    assert str(caught.value) == text


def test_round_trip_through_json() -> None:
    architecture = Architecture(
        None, 9, cell="gru", vocabulary_size=9, embedding_size=64, tied_weights=True, dropout=0.5
    )
    assert Architecture.from_dict(json.loads(json.dumps(architecture.to_dict()))) == architecture


def test_layers_of_own_sizes() -> None:
    architecture = Architecture(3, 2, cell="gru", hidden_size=[4, 6], bidirectional=True, dense=[5])
    assert (architecture.hidden_size, architecture.num_layers, architecture.units) == ((4, 6), 2, (4, 6))
    assert (architecture.state_size, architecture.readout_size, architecture.head_size) == (6, 12, 5)
    assert Architecture.from_dict(json.loads(json.dumps(architecture.to_dict()))) == architecture
    assert replace(architecture, dropout=0.5).hidden_size == (4, 6)
    shapes = ParameterLayout(architecture).shapes
    assert shapes["layers.1.W_x"] == (8, 18) and shapes["layers.1.reverse.W_h"] == (6, 18)
    assert list(shapes)[-4:] == ["dense.0.W", "dense.0.b", "output.W_y", "output.b_y"]
    assert shapes["dense.0.W"] == (12, 5) and shapes["output.W_y"] == (5, 2)


def test_directions_by_layer() -> None:
    architecture = Architecture(3, 2, cell="rnn", hidden_size=(4, 6), bidirectional=[True, False])
    assert architecture.parts == ((0, 0), (0, 1), (1, 0)) and architecture.first_part(1) == 2
    assert (architecture.layer_input_size(1), architecture.readout_size) == (8, 6)
    assert Architecture.from_dict(json.loads(json.dumps(architecture.to_dict()))) == architecture
    assert replace(architecture, bidirectional=(True, True)).bidirectional is True
    assert "layers.1.reverse.W_x" not in ParameterLayout(architecture).names


def test_projections_are_laid_out() -> None:
    architecture = Architecture(3, 2, hidden_size=(6, 5), projection_size=4, bidirectional=True)
    shapes = ParameterLayout(architecture).shapes
    assert [shapes[f"layers.0.{name}"] for name in ("W_x", "W_h", "W_p")] == [(3, 24), (4, 24), (6, 4)]
    assert (shapes["layers.1.W_x"], shapes["output.W_y"]) == ((8, 20), (8, 2))
    assert (architecture.state_size, architecture.readout_size) == (6, 8)
    assert Architecture.from_dict(json.loads(json.dumps(architecture.to_dict()))) == architecture
    assert not {"projection_size", "layer_norm"} & set(GOOD.to_dict())


def test_equal_networks_have_equal_fields() -> None:
    assert Architecture(3, 2, hidden_size=(4, 4)) == Architecture(3, 2, hidden_size=4, num_layers=2)
    assert Architecture(3, 2, hidden_size=(4,)) == Architecture(3, 2, hidden_size=4)
    assert Architecture(3, 2, dense=(4, 5), dense_activation=("tanh", "tanh")).dense_activation == "tanh"


def test_files_of_networks_without_dense_layers_are_those_of_earlier_versions() -> None:
    assert not {"dense", "dense_activation"} & set(GOOD.to_dict())


def test_from_dict_is_strict() -> None:
    values = GOOD.to_dict()
    with pytest.raises(ArgumentError, match=r"^Architecture: unknown field 'peepholes'\.$"):
        Architecture.from_dict(values | {"peepholes": True})
    del values["cell"]
    with pytest.raises(ArgumentError, match=r"^Architecture: field 'cell' is missing\.$"):
        Architecture.from_dict(values)


def test_names_and_shapes_in_order() -> None:
    gru = Architecture(
        None, 7, cell="gru", hidden_size=3, num_layers=2, bidirectional=True, vocabulary_size=7, embedding_size=4
    )
    shapes = ParameterLayout(gru).shapes
    assert list(shapes)[:5] == ["embedding", "layers.0.W_x", "layers.0.W_h", "layers.0.b", "layers.0.b_hn"]
    assert list(shapes)[5] == "layers.0.reverse.W_x"
    assert list(shapes)[-2:] == ["output.W_y", "output.b_y"]
    assert shapes["layers.1.reverse.W_x"] == (6, 9)
    assert shapes["output.W_y"] == (6, 7)
    assert ParameterLayout(Architecture(4, 2, linear_skip=True)).names[-1] == "skip.W_k"
    skip = Architecture(4, 2, linear_skip=True, readout="last", skip_steps=3)
    assert ParameterLayout(skip).shapes["skip.W_k"] == (12, 2)


def test_without_biases_no_bias_is_laid_out() -> None:
    names = ParameterLayout(Architecture(1, 1, cell="gru", bias=False, linear_skip=True)).names
    assert names == ("layers.0.W_x", "layers.0.W_h", "output.W_y", "skip.W_k")


def test_tied_weights_have_no_output_matrix_of_their_own() -> None:
    tied = Architecture(None, 5, vocabulary_size=5, embedding_size=64, tied_weights=True)
    assert "output.W_y" not in ParameterLayout(tied).names


def test_views_cover_the_vector_once() -> None:
    layout = ParameterLayout(Architecture(3, 2, cell="gru", num_layers=2, bidirectional=True, linear_skip=True))
    theta = np.zeros(layout.size)
    for view in Parameters(theta, layout).values():
        view += 1.0
    assert (theta == 1.0).all()


def test_wrong_vectors() -> None:
    layout = ParameterLayout(GOOD)
    with pytest.raises(ShapeError) as caught:
        Parameters(np.zeros(3), layout)
    assert str(caught.value) == (
        f"Parameters: theta must have shape (P,) = ({layout.size},), got (3,).\n"
        f"  P={layout.size} comes from the architecture."
    )
    with pytest.raises(ArgumentError, match=r"^Parameters: theta must be an array of float32 or float64, got int64\.$"):
        Parameters(np.zeros(layout.size, np.int64), layout)
    with pytest.raises(ArgumentError, match=r"must be contiguous, aligned and of native byte order\.$"):
        Parameters(np.zeros(2 * layout.size)[::2], layout)
