"""Activations without their numbers: the standard's defaults, and where ONNX Runtime has others."""

from __future__ import annotations

import numpy as np
import pytest
from configurations import Configuration
from live_oracle import by_onnx_runtime

from elman.errors import ArgumentError
from elman.interop.onnx_cells import run_recurrent

X = np.linspace(-3.0, 3.0, 25, dtype=np.float32).reshape(1, 25, 1)
AS_IT_IS = [X, np.ones((1, 1, 1), np.float32), np.zeros((1, 1, 1), np.float32), None, None, None]


def node(activation: str) -> Configuration:
    return Configuration("RNN", {"hidden_size": 1, "activations": [activation]}, AS_IT_IS)


@pytest.mark.parametrize(
    "activation", ["Relu", "Tanh", "Sigmoid", "LeakyRelu", "HardSigmoid", "Elu", "Softsign", "Softplus"]
)
def test_defaults_are_those_of_onnx_runtime(activation: str) -> None:
    ours = run_recurrent("RNN", node(activation).attributes, AS_IT_IS)[0]
    np.testing.assert_allclose(ours, by_onnx_runtime(node(activation))[0], rtol=0, atol=1e-6)


def test_thresholded_relu_has_the_threshold_of_the_standard() -> None:
    ours, theirs = (
        run_recurrent("RNN", node("ThresholdedRelu").attributes, AS_IT_IS)[0].ravel(),
        by_onnx_runtime(node("ThresholdedRelu"))[0].ravel(),
    )
    x = X.ravel()
    assert np.array_equal(ours, np.where(x > 1, x, 0))  # alpha = 1
    assert np.array_equal(theirs, np.where(x > 0, x, 0))  # docs/interchange.md names the difference


@pytest.mark.parametrize("activation", ["Affine", "ScaledTanh"])
def test_where_the_standard_has_no_default_none_is_made_up(activation: str) -> None:
    with pytest.raises(ArgumentError, match=f"{activation} needs its number in activation_alpha"):
        run_recurrent("RNN", node(activation).attributes, AS_IT_IS)
    assert not by_onnx_runtime(node(activation))[0].any()  # zeros, whatever comes in
