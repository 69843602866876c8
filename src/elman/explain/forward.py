"""The forward pass as nodes: every pre-activation, gate, state, output and loss term with its equation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from elman.explain.board import Array, Board, Node, Operand, Position, printed
from elman.explain.formula import Math, function, symbol
from elman.explain.objective import Objective
from elman.explain.unrolled import Chain, LayerRun, Unrolled
from elman.network import Architecture

GATES = {"rnn": ("",), "lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "n")}
_CANDIDATES = {"g", "n"}


class Letters:
    """The symbols of a network; layers are numbered if there are several.

    Parameters
    ----------
    layers : int
        Number of recurrent layers.
    cell : str
        Their cell.
    """

    def __init__(self, layers: int, cell: str = "rnn") -> None:
        self._several = layers > 1
        self._sum = "a_y" if cell == "lstm" else "o"  # o is the output gate of an LSTM

    def at(self, name: str, position: Position) -> Math:
        """Return the symbol of a value at a position."""
        return symbol(name, position.t, self._layer(position), position.chain == "reverse")

    def weight(self, name: str, chain: str | None, layer: int | None) -> Math:
        """Return the symbol of a parameter."""
        return symbol(name, None, layer if self._several else None, chain == "reverse")

    def output_sum(self, t: int | None, before: str = "", after: str = "") -> Math:
        """Return the symbol of the output before its activation."""
        return symbol(f"{before}{self._sum}{after}", t)

    def _layer(self, position: Position) -> int | None:
        return position.layer if self._several else None


class ForwardPass:
    """Adds a forward pass to a board.

    Parameters
    ----------
    run : Unrolled
        The network's states.
    objective : Objective
        Its loss.
    """

    def __init__(self, run: Unrolled, objective: Objective) -> None:
        self.run, self.objective = run, objective
        self.board = Board()
        self.letters = Letters(run.architecture.num_layers, run.architecture.cell)
        self._inputs()
        for chain in run.chains:
            self._initial(chain)
        for step in range(1, run.steps + 1):
            for chain in run.chains:
                self._step(chain, step)
        self._outputs()

    def _inputs(self) -> None:
        for t in range(1, self.run.steps + 1):
            position = Position("forward", t, None)
            self.board.given(position, "input", "x", symbol("x", t), self.run.entering[t - 1])

    def _initial(self, chain: Chain) -> None:
        for part in chain.parts:
            position = Position(chain.name, chain.time(0), part.layer + 1)
            values = getattr(chain.layers[part.layer], part.name)[0]
            self.board.given(position, "initial", part.name, self.letters.at(part.name, position), values)

    def _step(self, chain: Chain, k: int) -> None:
        for number, layer in enumerate(chain.layers):
            position = Position(chain.name, chain.time(k), number + 1)
            before = Position(chain.name, chain.time(k - 1), number + 1)
            below = (
                Position("forward", position.t, None).id("x")
                if number == 0
                else position._replace(layer=number).id("h")
            )
            worked = {"rnn": self._rnn, "lstm": self._lstm, "gru": self._gru}[layer.cell]
            worked(layer, k, position, self.board[below], before)

    def weight(self, layer: LayerRun, position: Position, name: str, gate: str = "") -> Operand | None:
        """Return a weight, or its columns for a gate; None for a missing bias."""
        if name not in layer.weights:
            return None
        values, gates = layer.weights[name], GATES[layer.cell]
        if gate:
            values = np.split(values, len(gates), axis=-1)[gates.index(gate)]
        letter = name + gate if "_" in name else f"{name}_{gate}" if gate else name
        if gate == "n" and name == "b":
            letter = "b_xn"
        return Operand(layer.prefix + name, self.letters.weight(letter, position.chain, position.layer), values)

    def _work(
        self,
        position: Position,
        kind: str,
        name: str,
        rule: Callable[..., Any],
        operands: list[Operand],
        reference: Array | None = None,
    ) -> Operand:
        return self.board.work(position, kind, name, self.letters.at(name, position), rule, operands, reference)

    def _affine(self, layer: LayerRun, position: Position, x: Operand, h: Operand, gate: str = "") -> Operand:
        """Add a = x W_x + h W_h + b."""
        terms = [x, self.weight(layer, position, "W_x", gate), h, self.weight(layer, position, "W_h", gate)]
        bias = self.weight(layer, position, "b", gate)
        operands = [term for term in [*terms, bias] if term is not None]

        def rule(x: Any, W_x: Any, h: Any, W_h: Any, b: Any = None) -> Any:
            a = x @ W_x + h @ W_h
            return a if b is None else a + b

        return self._work(position, "pre-activation", f"a_{gate}" if gate else "a", rule, operands)

    def _rnn(self, layer: LayerRun, k: int, position: Position, x: Operand, before: Position) -> None:
        a = self._affine(layer, position, x, self.board[before.id("h")])
        self._work(position, "state", "h", lambda a: function(layer.activation, a), [a], layer.h[k])

    def _lstm(self, layer: LayerRun, k: int, position: Position, x: Operand, before: Position) -> None:
        assert layer.gates is not None and layer.c is not None
        h, c = self.board[before.id("h")], self.board[before.id("c")]
        gate = {}
        for name, values in zip(GATES["lstm"], np.split(layer.gates[k - 1], 4, axis=1), strict=True):
            gate[name] = self._gate(layer, position, x, h, name, values)
        i, f, g, o = (gate[name] for name in GATES["lstm"])
        c_t = self._work(position, "cell", "c", lambda f, c, i, g: f * c + i * g, [f, c, i, g], layer.c[k])
        self._work(position, "state", "h", lambda o, c: o * function("tanh", c), [o, c_t], layer.h[k])

    def _gate(self, layer: LayerRun, position: Position, x: Operand, h: Operand, name: str, values: Array) -> Operand:
        a = self._affine(layer, position, x, h, name)
        squashing = "tanh" if name in _CANDIDATES else "sigmoid"
        kind = "candidate" if name in _CANDIDATES else "gate"
        return self._work(position, kind, name, lambda a: function(squashing, a), [a], values)

    def _gru(self, layer: LayerRun, k: int, position: Position, x: Operand, before: Position) -> None:
        assert layer.gates is not None
        h = self.board[before.id("h")]
        values = dict(zip("rznq", np.split(layer.gates[k - 1], 4, axis=1), strict=True))
        r, z = (self._gate(layer, position, x, h, name, values[name]) for name in "rz")
        product = [h, self.weight(layer, position, "W_h", "n"), self.weight(layer, position, "b_hn")]
        operands = [term for term in product if term is not None]
        q = self._work(position, "pre-activation", "q", _affine_rule, operands, values["q"])
        candidate = [x, self.weight(layer, position, "W_x", "n"), r, q, self.weight(layer, position, "b", "n")]
        operands = [term for term in candidate if term is not None]
        a = self._work(position, "pre-activation", "a_n", _candidate_rule, operands)
        n = self._work(position, "candidate", "n", lambda a: function("tanh", a), [a], values["n"])
        self._work(position, "state", "h", lambda z, n, h: (1 - z) * n + z * h, [z, n, h], layer.h[k])

    def _outputs(self) -> None:
        run = self.run
        for t in run.reads:
            position = Position(None, t, None)
            r = self._readout(position)
            W_y = Operand(*self._output_weight())
            operands = [r, W_y]
            if (b_y := run.weights.get("output.b_y")) is not None:
                operands.append(Operand("output.b_y", symbol("b_y"), b_y))
            sign = self.letters.output_sum(t)
            o = self.board.work(position, "output-sum", "o", sign, _affine_rule, operands, self._without_skip(t))
            if "skip.W_k" in run.weights:
                o = self._skip(position, o)
            activated = partial(function, run.architecture.output)
            known = run.output(t, run.yhat)
            prediction = self.board.work(position, "output", "yhat", symbol("yhat", t), activated, [o], known)
            self._loss_term(position, prediction)
        self._total()

    def _output_weight(self) -> tuple[str, Math, Array]:
        if self.run.architecture.tied_weights:
            return "embedding", symbol("E").T, self.run.W_y
        return "output.W_y", symbol("W_y"), self.run.W_y

    def _without_skip(self, t: int | None) -> Array | None:
        return None if "skip.W_k" in self.run.weights else self.run.output(t, self.run.o)

    def _skip(self, position: Position, o: Operand) -> Operand:
        """Add the linear skip to an output."""
        run, t = self.run, position.t
        seen = Operand("skip/x", symbol("x", "skip" if run.architecture.readout == "last" else t), run.skipped)
        if run.architecture.readout == "every" and t is not None:
            seen = self.board[Position("forward", t, None).id("x")]
        W_k = Operand("skip.W_k", symbol("W_k"), run.weights["skip.W_k"])
        plain = Operand(o.id, self.letters.output_sum(t, after="'"), o.value)
        return self.board.work(
            Position(None, t, None),
            "output-sum",
            "o+",
            self.letters.output_sum(t),
            lambda o, x, W_k: o + x @ W_k,
            [plain, seen, W_k],
            run.output(t, run.o),
        )

    def _readout(self, position: Position) -> Operand:
        """Return the input of the output layer: one state, or several combined."""
        run, readout = self.run, self.run.architecture.readout
        layers = run.architecture.num_layers
        tops = [Position(chain.name, 0, layers) for chain in run.chains]
        if readout == "every" or (readout == "last" and len(tops) == 1):
            states = [self.board[top._replace(t=position.t).id("h")] for top in tops]
        elif readout == "last":
            ends = [chain.time(run.steps) for chain in run.chains]
            states = [self.board[top._replace(t=t).id("h")] for top, t in zip(tops, ends, strict=True)]
        else:
            return self._pooled(position, readout)
        if len(states) == 1:
            return states[0]
        node = Node(
            position.id("r"),
            "readout",
            "r",
            symbol("r", position.t),
            np.concatenate([s.value for s in states], axis=1),
            *position,
            equation=_side_by_side([s.symbol for s in states]),
            numbers=None,
            inputs=tuple(s.id for s in states),
        )
        return self.board.written(node)

    def _pooled(self, position: Position, readout: str) -> Operand:
        run = self.run
        inputs = tuple(
            Position(chain.name, t, run.architecture.num_layers).id("h")
            for chain in run.chains
            for t in range(1, run.steps + 1)
        )
        name = {"mean": r"\operatorname{mean}", "max": "\\max"}[readout]
        equation = Math(rf"{name}_{{t}}\, h_{{t}}", f"{readout} over t of h_t")
        return self.board.written(
            Node(position.id("r"), "readout", "r", symbol("r"), run.r, *position, equation=equation, inputs=inputs)
        )

    def _loss_term(self, position: Position, prediction: Operand) -> None:
        run, t = self.run, position.t
        y = run.output(t, self.objective.rows_of_y)
        value, _ = self.objective.term(run.output(t, run.o), y)
        target = self.board.given(position, "input", "y", symbol("y", t), y)
        equation, put = self.objective.formulas(t, prediction.value, y)
        self.board.written(
            Node(
                position.id("L"),
                "loss",
                "L",
                symbol("L", t),
                np.array(value),
                *position,
                equation=equation,
                numbers=put if printed(y) else None,
                inputs=(prediction.id, target.id),
            )
        )

    def _total(self) -> None:
        terms = [self.board[Position(None, t, None).id("L")] for t in self.run.reads]
        if len(terms) == 1:
            return

        def rule(*terms: Any) -> Any:
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            return total

        total = np.asarray(self.objective.total(self.run.o))
        self.board.work(Position(None, None, None), "total", "L", symbol("L"), rule, terms, total)


def _affine_rule(h: Any, W: Any, b: Any = None) -> Any:
    return h @ W if b is None else h @ W + b


def _candidate_rule(x: Any, W_x: Any, r: Any, q: Any, b: Any = None) -> Any:
    return x @ W_x + r * q if b is None else x @ W_x + b + r * q


def _side_by_side(pieces: list[Math]) -> Math:
    latex, text = " & ".join(piece.latex for piece in pieces), " | ".join(piece.text for piece in pieces)
    return Math(rf"\begin{{bmatrix}} {latex} \end{{bmatrix}}", f"[{text}]")


def parameter_symbol(architecture: Architecture, name: str) -> Math:
    """Return the symbol of a parameter by its name in the layout."""
    group, _, rest = name.partition(".")
    if group == "embedding":
        return symbol("E")
    if group != "layers":
        return symbol(rest)
    number, _, letter = rest.partition(".")
    reverse = letter.startswith("reverse.")
    letters = Letters(architecture.num_layers)
    return letters.weight(letter.removeprefix("reverse."), "reverse" if reverse else "forward", int(number) + 1)
