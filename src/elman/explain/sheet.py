"""A trace or a lesson as a list of headings, paragraphs, derivations and tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from elman.explain.blocks import Cell, Formula, Laboratory, Lesson, Picture, Shown, Slip, Table, Text, table
from elman.explain.board import Node, printed
from elman.explain.detail import Detail
from elman.explain.formula import Math, partial, symbol, written
from elman.explain.tracing import Epoch, Trace

_MOST_EPOCHS = 12  # rows of the table of losses


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is the sheet's title."""

    level: int
    text: str


@dataclass(frozen=True)
class Derivation:
    """An equation with any number of right-hand sides."""

    left: Math
    sides: tuple[Math, ...]
    remark: str = ""


Item: TypeAlias = Heading | Derivation | Text | Formula | Table | Picture | Slip


def sheet(subject: Trace | Lesson) -> list[Item]:
    """Return the items in order."""
    if isinstance(subject, Trace):
        return [Heading(1, " ".join(subject.title.split())), *_traced(subject, 2)]
    items: list[Item] = [Heading(1, subject.title), Text(subject.summary)]
    for section in subject.sections:
        items.append(Heading(2, section.title))
        for block in section.blocks:
            if isinstance(block, Shown):
                items += [Heading(3, block.caption), *_traced(subject.traces[block.trace], 4)]
            elif isinstance(block, Laboratory):
                items += _laboratory(block)
            else:
                items.append(block)
    return items


def _laboratory(block: Laboratory) -> list[Item]:
    """Return a laboratory without its sliders: the curves that were given."""
    items: list[Item] = [Text(block.caption)]
    for name, relative in block.curves:
        rows: list[list[Cell]] = [[str(lag), value] for lag, value in enumerate(relative)]
        items.append(table(f"{name}: gradient by lag, relative to lag 0", ["lag", "gradient"], rows))
    return items


def _traced(trace: Trace, level: int) -> Iterator[Item]:
    yield Text(_facts(trace))
    yield from (Text(note) for note in trace.notes)
    yield table(
        "Parameters",
        ["", "name", "shape", "updated"],
        [
            [
                trace.symbols[name].text,
                f"`{name}`",
                " × ".join(map(str, value.shape)),
                "yes" if name in trace.trained else "no",
            ]
            for name, value in trace.chains.weights.items()
        ],
    )
    for epoch in trace.epochs:
        if epoch.detail is not None:
            yield from _detailed(trace, epoch, epoch.detail, level)
    if len(trace.epochs) > 1:
        yield Heading(level, "Epoch after epoch")
        yield _losses(trace)
        yield Text(f"Stopping rule: {trace.rule}. Stopped because {trace.reason}.")


def _facts(trace: Trace) -> str:
    a = trace.architecture
    kind = {"rnn": f"A simple recurrent ({a.activation})", "lstm": "An LSTM", "gru": "A GRU"}[a.cell]
    unlike = isinstance(a.hidden_size, tuple)
    units = f"{' and '.join(map(str, a.units))} units" if unlike else _count(a.units[0], "unit")
    layers = _count(a.num_layers, "layer")
    mode = "an output at every step" if a.readout == "every" else f"one output ({a.readout})"
    depth = "" if trace.bptt_depth is None else f" Only paths with t − k < {trace.bptt_depth} are kept."
    rate = "" if trace.learning_rate is None else f" Learning rate η = {trace.learning_rate:g}."
    return (
        f"{kind} network, {layers} of {units}{', both directions' if a.bidirectional else ''}, "
        f"{_count(trace.chains.steps, 'step')}, {_count(trace.chains.rows, 'row')}, {mode}, "
        f"output activation {a.output}. "
        f"Loss: {trace.objective.loss.replace('_', ' ')}, {trace.objective.reduction}.{rate}{depth}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _detailed(trace: Trace, epoch: Epoch, detail: Detail, level: int) -> Iterator[Item]:
    number = f"Epoch {epoch.number}: " if len(trace.epochs) > 1 else ""
    yield Heading(level, f"{number}forward pass")
    yield from (node_derivation(node) for node in detail.forward)
    yield Heading(level, f"{number}backward pass")
    yield from (node_derivation(node) for node in detail.backward)
    yield Heading(level, f"{number}every gradient as the sum of its paths")
    for gradient in detail.to_dict()["gradients"]:
        yield from _paths(gradient)
    yield from _jacobians(trace, detail)
    yield _products(detail)
    yield table(
        "Comparison with other computations of the same numbers",
        ["", "largest difference", "limit"],
        [[check.name, f"{check.difference:.1e}", f"{check.limit:.0e}"] for check in detail.checks],
    )
    if detail.updates:
        yield Heading(level, f"{number}update")
        yield from (node_derivation(node) for node in detail.updates)


def node_derivation(node: Node) -> Derivation:
    """Return symbol = equation = numbers = result, each side once."""
    sides: list[Math] = []
    for side in (node.equation, node.numbers, node.result):
        if side is not None and (not sides or side.text != sides[-1].text):
            sides.append(side)
    remark = "" if node.result is not None else f"{' × '.join(map(str, node.value.shape))} numbers"
    return Derivation(node.symbol, tuple(sides), remark)


def _paths(gradient: dict[str, object]) -> Iterator[Item]:
    sign = _math(gradient["symbol"])
    paths = gradient["paths"]
    assert isinstance(paths, list)
    for path in paths:
        sides = [_math(path["equation"])]
        if path["numbers"] is not None:
            sides.append(_math(path["numbers"]))
        value = _value(path["contribution"])
        sides += [] if value is None else [value]
        where = f"t = {path['t']}, k = {path['k']}" if path["k"] is not None else f"t = {path['t']}"
        yield Derivation(Math("", ""), tuple(sides), where + ("" if path["kept"] else ", dropped"))
    total = _value(gradient["sum"])
    yield Derivation(sign, () if total is None else (total,), "sum of the kept paths")


def _jacobians(trace: Trace, detail: Detail) -> Iterator[Item]:
    """Yield the Jacobian of the softmax at every output, for a single row."""
    run = detail.run
    if trace.architecture.output != "softmax" or run.rows > 1:
        return
    for t in run.reads:
        p, value = symbol("yhat", t), _value(detail.objective.jacobian(run.output(t, run.yhat))[0])
        diagonal = Math(rf"\operatorname{{diag}}\left({p.latex}\right)", f"diag({p.text})")
        sides = (diagonal - p.T @ p, *(() if value is None else (value,)))
        yield Derivation(partial(p, detail.letters.output_sum(t)), sides)


def _math(formula: object) -> Math:
    assert isinstance(formula, dict)
    return Math(formula["latex"], formula["text"], 0)


def _value(values: object) -> Math | None:
    return printed(np.asarray(values, np.float64))


def _products(detail: Detail) -> Table:
    """Return the norm of each path's product at every step back."""
    rows = []
    for leg in detail.paths.legs:
        time = leg.chain.time
        lengths = [written(float(np.linalg.norm(adjoint)))[1] for adjoint in leg.adjoints]
        rows.append([f"{time(leg.t)} → {time(leg.k)}", "yes" if leg.kept else "no", ", ".join(lengths)])
    return table("Norm of each path's product, from the output back", ["t → k", "kept", "norms"], rows)


def _losses(trace: Trace) -> Table:
    count = len(trace.epochs)
    chosen = sorted({round(i * (count - 1) / (_MOST_EPOCHS - 1)) for i in range(_MOST_EPOCHS)})
    names = [name for name in trace.epochs[0].gradient if trace.epochs[0].gradient[name].size == 1]
    columns = ["epoch", "loss", *(trace.symbols[name].text for name in names)]
    rows: list[list[Cell]] = []
    for number in chosen:
        epoch = trace.epochs[number]
        values = [float(epoch.parameters[name].ravel()[0]) for name in names]
        rows.append([str(epoch.number), epoch.loss, *values])
    return table("Loss by epoch", columns, rows)
