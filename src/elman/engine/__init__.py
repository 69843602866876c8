"""The engine: the functions of `elman.reference` in native code, with the same names and arguments.

Results are float32 where the floating arrays given are float32 or narrower, float64 otherwise. ``n_threads=None`` uses
ELMAN_NUM_THREADS, else OMP_NUM_THREADS, else the CPUs of this process (its affinity and the limit of its container);
for one build and ISA level the bits of a result do not depend on it, nor on which other sequences share the batch
(docs/notation.md).

Layers with layer normalization are composed of native products and activations, step by step; the others are one kernel
for each pass.

Three variants run in the reference alone and are refused here by name: peepholes, the GRU whose reset gate acts before
the product, and ``bptt_depth`` other than 1 and None.

Only this package imports the extension. `kernels` is the extension itself: functions that write to arrays of the
caller, for `elman.network`, which checks its input once on entry.
"""

from __future__ import annotations

from elman.engine._native import kernels
from elman.engine.cells import (
    gru_backward,
    gru_forward,
    layer_backward,
    layer_forward,
    lstm_backward,
    lstm_forward,
    rnn_backward,
    rnn_forward,
)
from elman.engine.layers import (
    activation_backward,
    activation_forward,
    dense_backward,
    dense_cross_entropy,
    dense_forward,
    draw,
    embedding_backward,
    embedding_forward,
    silu_backward,
    silu_forward,
    softplus_backward,
    softplus_forward,
)
from elman.engine.losses import (
    binary_cross_entropy,
    categorical_cross_entropy,
    half_squared_error,
    huber,
    mean_absolute_error,
    mean_squared_error,
    pinball,
)
from elman.engine.many import update_many
from elman.engine.normalized import normalized_layer_backward, normalized_layer_forward
from elman.engine.readout import mixing_readout_backward, mixing_readout_forward, quantile_loss
from elman.engine.runtime import isa, isa_levels, num_threads, use_isa
from elman.engine.streaming import pack_layer, quantized_dense, step
from elman.engine.updates import (
    adam_step,
    clip_by_norm,
    clip_by_value,
    dropout_mask,
    gather_windows,
    rmsprop_step,
    sgd_step,
)
from elman.reference import (
    DenseGradients,
    GRUGradients,
    GRUStates,
    LayerGradients,
    LayerStates,
    LSTMGradients,
    LSTMStates,
    ManyUpdates,
    NormalizedGradients,
    NormalizedStates,
    RNNGradients,
    UpdateRules,
    dequantize,
    quantize,
    quantize_rows,
    rounded,
)

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
    "RNNGradients",
    "UpdateRules",
    "activation_backward",
    "activation_forward",
    "adam_step",
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "clip_by_norm",
    "clip_by_value",
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
    "isa",
    "isa_levels",
    "kernels",
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
    "num_threads",
    "pack_layer",
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
    "silu_backward",
    "silu_forward",
    "softplus_backward",
    "softplus_forward",
    "step",
    "update_many",
    "use_isa",
]
