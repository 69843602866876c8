"""Shared by the lessons: networks with short numbers, tables of letters, matrices and paths, equations of a trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.explain.blocks import Cell, Formula, Lesson, Table, table
from elman.explain.board import Array
from elman.explain.formula import numbers
from elman.explain.sheet import node_derivation
from elman.explain.titles import LESSONS
from elman.explain.tracing import Trace
from elman.network import Architecture, Network


def begun(name: str, summary: str, letters: str | None = None) -> Lesson:
    """Return a lesson with its title and without sections."""
    return Lesson(name, LESSONS[name], summary, letters=letters)


def short_network(architecture: Architecture, seed: int) -> Network:
    """Return a network with weights of one decimal and the usual initial biases."""
    network = Network.initialized(architecture, seed=seed, dtype=np.float64)
    network.theta[:] = network.theta.round(1) + 0.0
    return network


def letters(pairs: list[tuple[str, str, str]]) -> Table:
    """Return the table of a note's letters."""
    return table("Letters", ["here", "in the note", "meaning"], pairs)


def shown(values: Any) -> str:
    """Return numbers in one line."""
    return numbers(np.asarray(values)).text


def worked_node(trace: Trace, identity: str) -> Formula:
    """Return the equation of a node in symbols, with numbers, and its result."""
    nodes = [*trace.first.forward, *trace.first.backward]
    derivation = node_derivation(next(node for node in nodes if node.id == identity))
    return Formula((derivation.left, *derivation.sides))


def grid(caption: str, value: Array, rows: list[str], columns: list[str]) -> Table:
    """Return a matrix as a table with its shape in the caption."""
    size = " × ".join(map(str, value.shape))
    cells = [[name, *(shown(entry) for entry in row)] for name, row in zip(rows, np.atleast_2d(value), strict=True)]
    return table(f"{caption}, {size}", ["", *columns], cells)


def output_table(trace: Trace, caption: str) -> Table:
    """Return a table of the contributions of every output to the gradients of the output layer, and the sums."""
    paths, names = trace.first.paths, ("output.W_y", "output.b_y")
    rows = [[str(direct.t), *(shown(direct.contributions[name]) for name in names)] for direct in paths.direct]
    rows.append(["sum", *(shown(paths.gradient(name)) for name in names)])
    return table(caption, ["t", *(f"∂L/∂{trace.symbols[name].text}" for name in names)], rows)


def path_table(trace: Trace, names: list[str], caption: str) -> Table:
    """Return a table of the paths' contributions to the gradients of some parameters, and the sums."""
    paths, symbols = trace.first.paths, trace.symbols
    columns = ["t", "k", *(f"∂L/∂{symbols[name].text}" for name in names)]
    rows: list[list[Cell]] = []
    for leg in sorted(paths.legs, key=lambda leg: (leg.t, -leg.k)):
        time = leg.chain.time
        rows.append([str(time(leg.t)), str(time(leg.k)), *(shown(paths.contribution(leg, name)) for name in names)])
    rows.append(["sum", "", *(shown(paths.gradient(name)) for name in names)])
    return table(caption, columns, rows)


def by_row(trace: Trace, name: str, t: int, k: int) -> Array:
    """Return each row's contribution (N,) to the path from output t to step k, for a scalar parameter."""
    paths = trace.first.paths
    leg = next(leg for leg in paths.legs if (leg.t, leg.k) == (t, k))
    immediate = paths.factors[leg.chain.name][k - 1].immediate[name]
    each: Array = np.einsum("ns,ns...->n...", leg.adjoints[-1], immediate).reshape(len(immediate))
    return each
