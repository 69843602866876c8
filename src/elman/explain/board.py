"""The nodes of a trace: each is one equation in symbols, with numbers, and its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.explain.formula import Math, numbers

Array = npt.NDArray[Any]

_LARGEST_PRINTED = 64  # numbers in one matrix of a formula


@dataclass(frozen=True)
class Node:
    """One number or matrix of the forward or the backward pass.

    The fields are those of docs/trace-schema.md.
    """

    id: str
    kind: str
    name: str
    symbol: Math
    value: Array
    chain: str | None = None
    t: int | None = None
    layer: int | None = None
    equation: Math | None = None
    numbers: Math | None = None
    inputs: tuple[str, ...] = ()

    @property
    def result(self) -> Math | None:
        """The value as a formula; None if it is too large to print."""
        return printed(self.value)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        formulas = {"equation": self.equation, "numbers": self.numbers, "result": self.result}
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "chain": self.chain,
            "t": self.t,
            "layer": self.layer,
            "symbol": self.symbol.to_dict(),
            **{key: None if formula is None else formula.to_dict() for key, formula in formulas.items()},
            "value": self.value.tolist(),
            "inputs": list(self.inputs),
        }


class Operand(NamedTuple):
    """An operand of an equation: a node or a parameter."""

    id: str
    symbol: Math
    value: Array


class Position(NamedTuple):
    """The position of a node: chain, step and layer."""

    chain: str | None
    t: int | None
    layer: int | None  # from 1

    def id(self, name: str) -> str:
        """Return the id of the node of that name."""
        return "/".join(str(part) for part in (self.chain or "output", name, self.layer, self.t) if part is not None)


class Board:
    """Collects nodes in the order of computation, and compares each with the reference.

    Attributes
    ----------
    nodes : list of Node
    difference : float
        Largest difference between the result of an equation and the value of `elman.reference`.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._by_id: dict[str, Node] = {}
        self.difference = 0.0

    def given(self, position: Position, kind: str, name: str, symbol: Math, value: Array) -> Operand:
        """Add a value without an equation."""
        return self._put(Node(position.id(name), kind, name, symbol, value, *position))

    def work(
        self,
        position: Position,
        kind: str,
        name: str,
        symbol: Math,
        rule: Callable[..., Any],
        operands: Sequence[Operand],
        reference: Array | None = None,
    ) -> Operand:
        """Add a node by applying one rule to symbols, to numbers and to arrays.

        ``reference`` is the value of `elman.reference`; it becomes the node's value.
        """
        value = np.asarray(rule(*(operand.value for operand in operands)), np.float64)
        if reference is not None:
            self.difference = max(self.difference, float(np.abs(value - reference).max(initial=0.0)))
            value = np.array(reference, np.float64)
        node = Node(
            position.id(name),
            kind,
            name,
            symbol,
            value,
            *position,
            equation=rule(*(operand.symbol for operand in operands)),
            numbers=put_in(rule, operands),
            inputs=tuple(operand.id for operand in operands),
        )
        return self._put(node)

    def written(self, node: Node) -> Operand:
        """Add a finished node."""
        return self._put(node)

    def _put(self, node: Node) -> Operand:
        self.nodes.append(node)
        self._by_id[node.id] = node
        return Operand(node.id, node.symbol, node.value)

    def __getitem__(self, identity: str) -> Operand:
        node = self._by_id[identity]
        return Operand(node.id, node.symbol, node.value)

    def __contains__(self, identity: str) -> bool:
        return identity in self._by_id


def put_in(rule: Callable[..., Any], operands: Sequence[Operand]) -> Math | None:
    """Return the equation with numbers, or None if a matrix is too large to print."""
    pieces = [printed(operand.value) for operand in operands]
    if any(piece is None for piece in pieces):
        return None
    result: Math = rule(*pieces)
    return result


def printed(value: Array) -> Math | None:
    """Return an array as a formula, or None if it has too many numbers or axes."""
    return numbers(value) if value.size <= _LARGEST_PRINTED and value.ndim <= 2 else None
