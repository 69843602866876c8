"""Checks of shapes, dtypes and values of arguments, with their messages.

`Shapes` collects the sizes of one call and explains disagreements. There is one check per public function of
`elman.reference` and `elman.engine`, of the same name; both twins call it, so they refuse the same input with the
same message. Each takes the start of messages and a dtype (``None`` infers float32 or float64 from the arrays;
functions with a dtype argument take none), then the arguments of its namesake in their order. It returns them in
that order, ready for use: C-contiguous, aligned, native byte order, one dtype. Arrays that have these properties are
not copied. `layer_forward` and `layer_backward` also check the functions of single cells.
"""

from __future__ import annotations

from elman._check.cells import (
    CELL_ACTIVATIONS,
    CELLS,
    RESETS,
    BackwardArguments,
    CellKind,
    ForwardArguments,
    cell_activation,
    cell_kind,
    layer_backward,
    layer_forward,
)
from elman._check.layers import (
    OUTPUT_ACTIVATIONS,
    REDUCTIONS,
    activation_backward,
    activation_forward,
    binary_cross_entropy,
    categorical_cross_entropy,
    class_targets,
    dense_backward,
    dense_cross_entropy,
    dense_forward,
    draw,
    embedding_backward,
    embedding_forward,
    loss,
    silu_backward,
    silu_forward,
    softplus_backward,
    softplus_forward,
)
from elman._check.many import ManyArguments, places_of, update_many
from elman._check.readout import mixing_readout_backward, mixing_readout_forward, quantile_loss
from elman._check.shapes import Array, Shapes, common_dtype, received
from elman._check.sizes import HIDDEN_ACTIVATIONS, bidirectional_layers, dense_layers, layer_sizes
from elman._check.streams import PRECISIONS, check_inputs, dequantize, pack_layer, quantize, quantized_dense, step
from elman._check.updates import (
    adam_step,
    clip_by_norm,
    clip_by_value,
    dropout_mask,
    gather_windows,
    rmsprop_step,
    sgd_step,
)
from elman._check.values import (
    at_most,
    boolean,
    bptt_depth,
    choice,
    first_wrong,
    float_dtype,
    integer,
    number_in,
    positive_integer,
    show,
    thread_count,
    within,
)

__all__ = [
    "CELLS",
    "CELL_ACTIVATIONS",
    "HIDDEN_ACTIVATIONS",
    "OUTPUT_ACTIVATIONS",
    "PRECISIONS",
    "REDUCTIONS",
    "RESETS",
    "Array",
    "BackwardArguments",
    "CellKind",
    "ForwardArguments",
    "ManyArguments",
    "Shapes",
    "activation_backward",
    "activation_forward",
    "adam_step",
    "at_most",
    "bidirectional_layers",
    "binary_cross_entropy",
    "boolean",
    "bptt_depth",
    "categorical_cross_entropy",
    "cell_activation",
    "cell_kind",
    "check_inputs",
    "choice",
    "class_targets",
    "clip_by_norm",
    "clip_by_value",
    "common_dtype",
    "dense_backward",
    "dense_cross_entropy",
    "dense_forward",
    "dense_layers",
    "dequantize",
    "draw",
    "dropout_mask",
    "embedding_backward",
    "embedding_forward",
    "first_wrong",
    "float_dtype",
    "gather_windows",
    "integer",
    "layer_backward",
    "layer_forward",
    "layer_sizes",
    "loss",
    "mixing_readout_backward",
    "mixing_readout_forward",
    "number_in",
    "pack_layer",
    "places_of",
    "positive_integer",
    "quantile_loss",
    "quantize",
    "quantized_dense",
    "received",
    "rmsprop_step",
    "sgd_step",
    "show",
    "silu_backward",
    "silu_forward",
    "softplus_backward",
    "softplus_forward",
    "step",
    "thread_count",
    "update_many",
    "within",
]
