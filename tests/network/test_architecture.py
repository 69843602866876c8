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
