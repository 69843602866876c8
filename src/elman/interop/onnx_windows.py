"""Windows of raw values as ONNX operators: gathered by position, in float64."""

from __future__ import annotations

from typing import NamedTuple

from elman.interop.onnx_graph import GraphBuilder
from elman.interop.onnx_network import ALL_STEPS, at_rows

__all__ = ["Rows", "declare_rows", "gather_windows"]


class Rows(NamedTuple):
    """The inputs of a graph.

    Attributes
    ----------
    values : str
        (N, T, D), float64.
    lengths : str
        (N,) of int64: number of valid steps of each row.
    rows : str
        (1,): N.
    """

    values: str
    lengths: str
    rows: str


def declare_rows(builder: GraphBuilder, channels: int, flat: bool) -> Rows:
    """Declare ``values``, (N, T) if ``flat``, and ``lengths``, by default all steps."""
    dims: tuple[int | str, ...] = ("rows", "steps") if flat else ("rows", "steps", channels)
    values = builder.input("values", "float64", dims)
    lengths = builder.input("lengths", "int64", ("rows_of_lengths",), ALL_STEPS)
    shape = builder.op("Shape", values)
    rows, steps = (builder.op("Slice", shape, [i], [i + 1]) for i in (0, 1))
    lengths = builder.op("Expand", builder.op("Min", lengths, steps), rows)
    return Rows(builder.op("Unsqueeze", values, [2]) if flat else values, lengths, rows)


def gather_windows(
    builder: GraphBuilder, rows: Rows, channels: int, first: str, count: str, window: int, stride: int = 1
) -> str:
    """Gather windows (N, steps, window, D); positions before a row's first value repeat that value.

    Parameters
    ----------
    builder : GraphBuilder
        The graph.
    rows : Rows
        Values.
    channels : int
        D.
    first : str
        (N,) of int64: position of the first value of a row's first window, possibly negative.
    count : str
        (N,) of int64: number of windows of each row. Windows beyond it hold arbitrary finite values.
    window, stride : int
        Values per window, and distance between windows.
    """
    most = builder.op("ReduceMax", count, keepdims=0)
    step = builder.op("Mul", builder.op("Range", 0, most, 1), stride)
    inside = builder.op("Add", builder.op("Unsqueeze", step, [1]), [list(range(window))])  # (steps, window)
    place = builder.op("Add", builder.op("Unsqueeze", first, [1, 2]), builder.op("Unsqueeze", inside, [0]))
    last = builder.op("Unsqueeze", builder.op("Sub", rows.lengths, 1), [1, 2])
    place = builder.op("Min", builder.op("Max", place, 0), last)
    found = at_rows(builder, rows.values, builder.op("Reshape", place, [0, -1]))
    return builder.op("Reshape", found, [0, -1, window, channels])
