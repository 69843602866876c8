"""The equations in NumPy and float64: the oracle for tests of the engine, written for readers.

Every function of `elman.engine` has a twin of the same name and arguments here. None of the code here is optimized.
docs/notation.md explains the letters.
"""

from __future__ import annotations

from elman._check import UpdateRules
from elman.reference.activations import (
    activation_backward,
    activation_forward,
    sigmoid,
    silu_backward,
    silu_forward,
    softmax,
    softplus_backward,
    softplus_forward,
)
from elman.reference.dense import DenseGradients, dense_backward, dense_forward
from elman.reference.dense_cross_entropy import dense_cross_entropy
from elman.reference.derivatives import (
    binary_cross_entropy_derivative,
    cross_entropy_derivative,
    sigmoid_derivative,
    softmax_jacobian,
)
from elman.reference.drawing import draw
from elman.reference.dropout import dropout_mask, philox
from elman.reference.embedding import embedding_backward, embedding_forward
from elman.reference.gru import GRUGradients, GRUStates, gru_backward, gru_forward
from elman.reference.layer import LayerGradients, LayerStates, layer_backward, layer_forward
from elman.reference.losses import (
    binary_cross_entropy,
    categorical_cross_entropy,
    half_squared_error,
    huber,
    mean_absolute_error,
    mean_squared_error,
    pinball,
)
from elman.reference.lstm import LSTMGradients, LSTMStates, lstm_backward, lstm_forward
from elman.reference.many import ManyUpdates, update_many
from elman.reference.normalized import (
    NormalizedGradients,
    NormalizedStates,
    normalized_layer_backward,
    normalized_layer_forward,
)
from elman.reference.numerical import numerical_gradient
from elman.reference.optimizers import adam_step, clip_by_norm, clip_by_value, rmsprop_step, sgd_step
from elman.reference.quantization import dequantize, quantize, quantize_rows, quantized_dense, rounded
from elman.reference.readout import mixing_readout_backward, mixing_readout_forward, quantile_loss
from elman.reference.rnn import RNNGradients, rnn_backward, rnn_forward
from elman.reference.streaming import PackedLayer, pack_layer, step
from elman.reference.windows import gather_windows

__all__ = [
    "DenseGradients",
    "GRUGradients",
    "GRUStates",
    "LSTMGradients",
    "LSTMStates",
    "LayerGradients",
    "LayerStates",
    "ManyUpdates",
    "NormalizedGradients",
    "NormalizedStates",
    "PackedLayer",
    "RNNGradients",
    "UpdateRules",
    "activation_backward",
    "activation_forward",
    "adam_step",
    "binary_cross_entropy",
    "binary_cross_entropy_derivative",
    "categorical_cross_entropy",
    "clip_by_norm",
    "clip_by_value",
    "cross_entropy_derivative",
    "dense_backward",
    "dense_cross_entropy",
    "dense_forward",
    "dequantize",
    "draw",
    "dropout_mask",
    "embedding_backward",
    "embedding_forward",
    "gather_windows",
    "gru_backward",
    "gru_forward",
    "half_squared_error",
    "huber",
    "layer_backward",
    "layer_forward",
    "lstm_backward",
    "lstm_forward",
    "mean_absolute_error",
    "mean_squared_error",
    "mixing_readout_backward",
    "mixing_readout_forward",
    "normalized_layer_backward",
    "normalized_layer_forward",
    "numerical_gradient",
    "pack_layer",
    "philox",
    "pinball",
    "quantile_loss",
    "quantize",
    "quantize_rows",
    "quantized_dense",
    "rmsprop_step",
    "rnn_backward",
    "rnn_forward",
    "rounded",
    "sgd_step",
    "sigmoid",
    "sigmoid_derivative",
    "silu_backward",
    "silu_forward",
    "softmax",
    "softmax_jacobian",
    "softplus_backward",
    "softplus_forward",
    "step",
    "update_many",
]
