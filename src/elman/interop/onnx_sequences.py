"""A fitted classifier, regressor or tagger as ONNX operators, from raw sequences to predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from elman.interop.onnx_graph import Graph, GraphBuilder
from elman.interop.onnx_network import add_network, declare_states, give_states, member_states
from elman.interop.onnx_windows import Rows, declare_rows, gather_windows
from elman.sequences.fitted import Fitted
from elman.sequences.preparation import FARTHEST_SIZE, ROUNDING, Preparation
from elman.sequences.targets import Target

__all__ = ["sequence_graph"]

_FLOAT, _INT64, _DOUBLE = 1, 7, 11  # ONNX's type numbers
_LEAST = 1e-300  # variance of a constant row, whose logarithm is finite
_FARTHEST = 1e30  # as in the preparation of sequences


def sequence_graph(fitted: Fitted, metadata: Mapping[str, str]) -> Graph:
    """Return the graph of a fitted sequence estimator, rows first.

    Inputs are ``values`` (N, T, D) of float64, and, with defaults, ``lengths`` (N,), ``h_0`` and for an LSTM ``c_0``
    (members, layers·directions, N, H). Outputs are ``label`` and ``probabilities``, or ``prediction``, then ``h_n``
    and ``c_n``; those of a tagger have an axis of steps after the first.

    Parameters
    ----------
    fitted : Fitted
        Fitted value of the estimator.
    metadata : mapping of str to str
        Metadata of the file.
    """
    builder, preparation, target = GraphBuilder(), fitted.preparation, fitted.target
    architecture, members = fitted.networks[0].architecture, (len(fitted.networks),)
    rows = declare_rows(builder, len(preparation.center), flat=False)
    prepared = _by_themselves if preparation.by_sequence else _standardised
    rows = rows._replace(values=prepared(builder, rows, preparation))
    channels = preparation.channels
    first, count = _positions(builder, preparation, rows.lengths)
    windows = gather_windows(builder, rows, channels, first, count, preparation.window, preparation.stride)
    x = builder.op("Reshape", windows, [0, 0, preparation.window * channels])
    x = builder.op("Cast", builder.op("Transpose", x, perm=[1, 0, 2]), to=_FLOAT)
    states = declare_states(builder, architecture, rows.rows, members)
    found, finals = [], []
    for member, network in enumerate(fitted.networks):
        own = member_states(builder, states, member)
        o, final = add_network(builder, network, x, count, own)
        found.append(builder.op("Cast", o, to=_DOUBLE))
        finals.append(final)
    mean = builder.op("Div", builder.op("Sum", *found), np.float64(len(found)))
    if architecture.readout == "every":
        mean = builder.op("Transpose", mean, perm=[1, 0, 2])
    _give(builder, target, mean, ("rows", "steps_given") if architecture.readout == "every" else ("rows",))
    give_states(builder, architecture, finals, members)
    return builder.graph(metadata, f"elman {metadata['elman.kind']}")


def _standardised(builder: GraphBuilder, rows: Rows, preparation: Preparation) -> str:
    """Return values relative to the mean of the training part, in its standard deviations."""
    standard = builder.op("Div", builder.op("Sub", rows.values, preparation.center), preparation.scale)
    return _clipped(builder, standard, _FARTHEST)


def _by_themselves(builder: GraphBuilder, rows: Rows, preparation: Preparation) -> str:
    """Return every row in its own standard deviations, and beside it their logarithms (N, T, 2 D)."""
    steps = builder.op("Squeeze", builder.op("Slice", builder.op("Shape", rows.values), [1], [2]), [0])
    step = builder.op("Unsqueeze", builder.op("Range", 0, steps, 1), [0, 2])
    valid = builder.op("Less", step, builder.op("Unsqueeze", rows.lengths, [1, 2]))
    count = builder.op("Cast", builder.op("Unsqueeze", rows.lengths, [1, 2]), to=_DOUBLE)

    def mean_of(values: str) -> str:
        total = builder.op("ReduceSum", builder.op("Where", valid, values, np.float64(0.0)), [1], keepdims=1)
        return builder.op("Div", total, count)

    mean = mean_of(rows.values)
    shape = builder.op("Sub", rows.values, mean)
    square = builder.op("Max", mean_of(builder.op("Mul", shape, shape)), np.float64(_LEAST))
    log_spread = builder.op("Mul", builder.op("Log", square), np.float64(0.5))
    spread = builder.op("Exp", log_spread)
    rounding = builder.op("Mul", builder.op("Abs", mean), np.float64(ROUNDING))
    varies = builder.op("Less", builder.op("Max", rounding, np.float64(2 * _LEAST**0.5)), spread)
    shape = builder.op("Div", shape, builder.op("Where", varies, spread, np.float64(1.0)))
    size = builder.op("Div", builder.op("Sub", log_spread, preparation.center), preparation.scale)
    size = builder.op("Where", varies, _clipped(builder, size, FARTHEST_SIZE), np.float64(-FARTHEST_SIZE))
    sizes = builder.op("Expand", size, builder.op("Shape", rows.values))
    return builder.op("Concat", shape, sizes, axis=2)


def _clipped(builder: GraphBuilder, values: str, most: float) -> str:
    """Limit values to ``-most`` … ``most``."""
    return builder.op("Min", builder.op("Max", values, np.float64(-most)), np.float64(most))


def _positions(builder: GraphBuilder, preparation: Preparation, lengths: str) -> tuple[str, str]:
    """Return the start of each row's first window, negative with padding, and the number of its windows."""
    window, stride = preparation.window, preparation.stride
    if preparation.per_step:
        return builder.op("Add", builder.op("Mul", lengths, 0), 1 - window), lengths
    beyond = builder.op("Max", builder.op("Sub", lengths, window), 0)
    moves = builder.op("Div", builder.op("Add", beyond, stride - 1), stride)  # rounded up
    padded = builder.op("Add", builder.op("Mul", moves, stride), window)
    return builder.op("Sub", lengths, padded), builder.op("Add", moves, 1)


def _give(builder: GraphBuilder, target: Target, o: str, lead: tuple[int | str, ...]) -> None:
    """Convert the mean output (…, K) to the results of the estimator's methods."""
    if target.kind == "numbers":
        assert target.center is not None and target.scale is not None
        y = builder.op("Add", builder.op("Mul", o, target.scale), target.center)
        if target.flat:
            builder.output(builder.op("Squeeze", y, [-1]), "prediction", "float64", lead)
        else:
            builder.output(y, "prediction", "float64", (*lead, target.size))
        return
    assert target.classes is not None
    if target.kind == "multilabel":
        label = builder.op("Cast", builder.op("Greater", o, np.float64(0.0)), to=_INT64)
        builder.output(label, "label", "int64", (*lead, target.size))
        builder.output(builder.op("Sigmoid", o), "probabilities", "float64", (*lead, target.size))
        return
    if target.kind == "multiclass":
        index, p = builder.op("ArgMax", o, axis=-1, keepdims=0), builder.op("Softmax", o, axis=-1)
    else:
        index = builder.op("Cast", builder.op("Squeeze", builder.op("Greater", o, np.float64(0.0)), [-1]), to=_INT64)
        second = builder.op("Sigmoid", o)
        p = builder.op("Concat", builder.op("Sub", np.float64(1.0), second), second, axis=-1)
    names, dtype = _names(target.classes)
    builder.output(builder.op("Gather", builder.constant(names, "classes"), index, axis=0), "label", dtype, lead)
    builder.output(p, "probabilities", "float64", (*lead, len(target.classes)))


def _names(classes: Any) -> tuple[Any, str]:
    """Return the classes as a tensor: text, truth values, integers or numbers; other objects as text."""
    kind = np.asarray(classes.tolist()).dtype.kind
    dtype = {"b": "bool", "i": "int64", "u": "int64", "f": "float64"}.get(kind, "str")
    return np.asarray([str(name) for name in classes.tolist()] if dtype == "str" else classes.tolist(), dtype), dtype
