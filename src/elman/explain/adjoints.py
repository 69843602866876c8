"""The backward pass as nodes: every adjoint with its equation."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, NamedTuple

import numpy as np

from elman.explain.board import Array, Board, Operand, Position
from elman.explain.formula import Math, function, numbers, partial, symbol
from elman.explain.forward import GATES, ForwardPass
from elman.explain.paths import PathSum
from elman.explain.unrolled import Chain, LayerRun, StepBack

_SLOPES: dict[str, Callable[[Any], Any]] = {
    "tanh": lambda h: 1 - h**2,
    "sigmoid": lambda h: h * (1 - h),
}


class Term(NamedTuple):
    """One summand of an adjoint."""

    rule: Callable[..., Any]
    operands: list[Operand]


class BackwardPass:
    """Adds the adjoints of a forward pass to its board, from the last step to the first.

    Parameters
    ----------
    forward : ForwardPass
        The forward pass to differentiate.
    paths : PathSum
        Source of the reference's numbers.
    """

    def __init__(self, forward: ForwardPass, paths: PathSum) -> None:
        self.forward, self.paths, self.run = forward, paths, forward.run
        self.letters = forward.letters
        self.board = Board()
        for t in reversed(self.run.reads):
            self._output(Position(None, t, None))
        for chain in self.run.chains:
            for k in range(chain.steps, 0, -1):
                self._step(chain, k)
            self._initial(chain)

    def __getitem__(self, identity: str) -> Operand:
        return self.board[identity] if identity in self.board else self.forward.board[identity]

    def _work(
        self, position: Position, kind: str, name: str, terms: list[Term], reference: Array, sign: Math | None = None
    ) -> Operand:
        """Add an adjoint to the board as the sum of its terms."""
        operands = [operand for term in terms for operand in term.operands]

        def rule(*values: Any) -> Any:
            parts, used = [], 0
            for term in terms:
                parts.append(term.rule(*values[used : used + len(term.operands)]))
                used += len(term.operands)
            return reduce(add, parts)

        symbol_ = sign or self.letters.at(name, position)
        return self.board.work(position, kind, name, symbol_, rule, operands, reference)

    def _output(self, position: Position) -> None:
        objective, run, t = self.paths.objective, self.run, position.t
        yhat, y = self[position.id("yhat")], self[position.id("y")]
        by_prediction = objective.by_prediction(yhat.value, y.value)

        def first(p: Any, q: Any) -> Any:
            return objective.by_prediction_formula(p, q) if isinstance(p, Math) else by_prediction

        dyhat = self.board.work(position, "adjoint-output", "dyhat", symbol("dyhat", t), first, [yhat, y])
        count = objective.count
        if objective.natural and (objective.output == "sigmoid" or np.allclose(y.value.sum(axis=-1), 1.0)):
            terms = [Term(lambda p, q: (p - q) if count == 1.0 else (p - q) / count, [yhat, y])]
        elif run.architecture.output == "identity":
            terms = [Term(_as_it_is, [dyhat])]
        elif run.architecture.output in _SLOPES:
            slope = _SLOPES[run.architecture.output]
            terms = [Term(lambda d, p: d * slope(p), [dyhat, yhat])]
        elif run.architecture.output == "relu":
            terms = [Term(lambda d, s: d * s, [dyhat, _positive(yhat)])]
        else:
            jacobian = objective.jacobian(yhat.value)  # a matrix for each row; the matrix of a single row is printed
            jacobian = jacobian[0] if run.rows == 1 else jacobian
            by_o = Operand("output", partial(symbol("yhat", t), self.letters.output_sum(t)), jacobian)
            terms = [Term(_through, [dyhat, by_o])]
        do = self._work(position, "adjoint-sum", "do", terms, self.paths.do[t], self.letters.output_sum(t, "d"))
        W_y = Operand("output.W_y", self.forward._output_weight()[1], run.W_y)
        known = self.paths.do[t] @ run.W_y.T
        self._work(position, "adjoint-readout", "dr", [Term(_back, [do, W_y])], known, symbol("dr", t))

    def _step(self, chain: Chain, k: int) -> None:
        """Add one step of every layer, from the top layer to the lowest."""
        ds = self.paths.adjoint(chain, k)
        backs = [chain.back(k, n, ds[n]) for n in range(self.run.rows)]
        for number in reversed(range(len(chain.layers))):
            position = Position(chain.name, chain.time(k), number + 1)
            arrived = [back.layers[number] for back in backs]
            dh = np.stack([dh for dh, _, _ in arrived])
            steps = [step for _, _, step in arrived]
            terms = self._from_above(chain, k, number) + self._from_later(chain, k, number)
            dh_t = self._work(position, "adjoint-state", "dh", terms or [self._nothing(dh)], dh)
            layer = chain.layers[number]
            if layer.cell == "lstm":
                self._lstm(chain, k, position, dh_t, steps)
            elif layer.cell == "gru":
                self._gru(chain, k, position, dh_t, steps)
            else:
                h = self[position.id("h")]
                term = _rnn_term(layer, dh_t, h)
                self._work(position, "adjoint-pre-activation", "da", [term], _stack(steps, "da"))

    def _from_above(self, chain: Chain, k: int, number: int) -> list[Term]:
        """Return the terms of a layer's h at step k that come from the output at k or from the layer above."""
        position = Position(chain.name, chain.time(k), number + 1)
        if number + 1 < len(chain.layers):
            above = position._replace(layer=number + 2)
            return [
                Term(_back, [da, self._weight(chain.layers[number + 1], above, "W_x", gate)])
                for gate, da in self._pre_activations(chain.layers[number + 1], above)
            ]
        return [self._reading(chain, read, k, share) for read, t, share in self.run.readings(chain) if t == k]

    def _reading(self, chain: Chain, read: int | None, k: int, share: Array) -> Term:
        """Return the term from an output to a state that it reads."""
        output, pooled = Position(None, read, None), self.run.architecture.readout in ("mean", "max")
        if len(self.run.chains) == 1:
            operands = [self[output.id("dr")]]
        else:  # the rows of W_y for this direction
            arrow = ("left", "←") if chain.reverse else ("right", "→")
            sign = Math(rf"\over{arrow[0]}arrow{{W}}_{{y}}", f"W{arrow[1]}_y")
            W_y = Operand("output.W_y", sign, self.paths.columns(chain))
            operands = [self[output.id("do")], W_y]
        rule: Callable[..., Any] = _as_it_is if len(operands) == 1 else _back
        if not pooled:
            return Term(rule, operands)
        by_h = Math(rf"\frac{{\partial r}}{{\partial h_{{{chain.time(k)}}}}}", f"∂r/∂h_{chain.time(k)}")
        return Term(lambda *pieces: rule(*pieces[:-1]) * pieces[-1], [*operands, Operand("readout", by_h, share)])

    def _from_later(self, chain: Chain, k: int, number: int) -> list[Term]:
        """Return the terms of a layer's h that come from the chain's next step."""
        if k == chain.steps:
            return []
        layer = chain.layers[number]
        after = Position(chain.name, chain.time(k + 1), number + 1)
        if self.paths.depth is not None:
            return self._kept(chain, k, "h", number)
        terms = []
        if layer.cell == "gru":
            terms.append(Term(lambda d, z: d * z, [self[after.id("dh")], self[after.id("z")]]))
        for gate, da in self._pre_activations(layer, after):
            if gate == "n":  # the reset gate lies between a_n and the product with W_h
                da = self[after.id("dq")]
            terms.append(Term(_back, [da, self._weight(layer, after, "W_h", gate)]))
        return terms

    def _kept(self, chain: Chain, k: int, name: str, number: int) -> list[Term]:
        """Return the contribution of later outputs over kept paths; a bound on their length prevents a recursion."""
        later = self.paths.adjoint(chain, k, own=False)[:, chain.part(name, number).where]
        if not later.any():
            return []
        position = Position(chain.name, chain.time(k), number + 1)
        sign = self.letters.at(f"d{name}_kept", position)
        return [Term(_as_it_is, [Operand("kept", sign, later)])]

    def _nothing(self, zero: Array) -> Term:
        return Term(_as_it_is, [Operand("zero", numbers(0.0), zero)])

    def _pre_activations(self, layer: LayerRun, position: Position) -> list[tuple[str, Operand]]:
        return [(gate, self[position.id(f"da_{gate}" if gate else "da")]) for gate in GATES[layer.cell]]

    def _weight(self, layer: LayerRun, position: Position, name: str, gate: str) -> Operand:
        weight = self.forward.weight(layer, position, name, gate)
        assert weight is not None
        return weight

    def _lstm(self, chain: Chain, k: int, position: Position, dh: Operand, steps: list[StepBack]) -> None:
        i, f, g, o, c = (self[position.id(name)] for name in "ifgoc")
        before = self[position._replace(t=chain.time(k - 1)).id("c")]
        da = dict(zip("ifgo", np.split(_stack(steps, "da"), 4, axis=1), strict=True))
        through = Term(lambda d, o, c: d * o * (1 - function("tanh", c) ** 2), [dh, o, c])
        terms = [through, *self._cell_from_later(chain, k, position)]
        later = self.paths.adjoint(chain, k)[:, chain.part("c", (position.layer or 1) - 1).where]
        known = later + dh.value * o.value * (1 - np.tanh(c.value) ** 2)
        dc = self._work(position, "adjoint-cell", "dc", terms, known)
        rules: dict[str, Term] = {
            "i": Term(lambda d, g, i: d * g * i * (1 - i), [dc, g, i]),
            "f": Term(lambda d, c, f: d * c * f * (1 - f), [dc, before, f]),
            "g": Term(lambda d, i, g: d * i * (1 - g**2), [dc, i, g]),
            "o": Term(lambda d, c, o: d * function("tanh", c) * o * (1 - o), [dh, c, o]),
        }
        for gate in GATES["lstm"]:
            self._work(position, "adjoint-pre-activation", f"da_{gate}", [rules[gate]], da[gate])

    def _cell_from_later(self, chain: Chain, k: int, position: Position) -> list[Term]:
        if k == chain.steps:
            return []
        if self.paths.depth is not None:
            return self._kept(chain, k, "c", (position.layer or 1) - 1)
        after = position._replace(t=chain.time(k + 1))
        return [Term(lambda d, f: d * f, [self[after.id("dc")], self[after.id("f")]])]

    def _gru(self, chain: Chain, k: int, position: Position, dh: Operand, steps: list[StepBack]) -> None:
        r, z, n, q = (self[position.id(name)] for name in "rznq")
        before = self[position._replace(t=chain.time(k - 1)).id("h")]
        da = dict(zip("rzn", np.split(_stack(steps, "da"), 3, axis=1), strict=True))
        work, kind = self._work, "adjoint-pre-activation"
        work(position, kind, "da_z", [Term(lambda d, h, n, z: d * (h - n) * z * (1 - z), [dh, before, n, z])], da["z"])
        da_n = work(position, kind, "da_n", [Term(lambda d, z, n: d * (1 - z) * (1 - n**2), [dh, z, n])], da["n"])
        work(position, kind, "dq", [Term(lambda d, r: d * r, [da_n, r])], _stack(steps, "dq"))
        work(position, kind, "da_r", [Term(lambda d, q, r: d * q * r * (1 - r), [da_n, q, r])], da["r"])

    def _initial(self, chain: Chain) -> None:
        """Add the adjoints of the chain's initial states."""
        ds = self.paths.adjoint(chain, 0)
        for part in chain.parts:
            position = Position(chain.name, chain.time(0), part.layer + 1)
            if part.name == "h":
                terms = self._from_later(chain, 0, part.layer)
            else:
                terms = self._cell_from_later(chain, 0, position)
            known = ds[:, part.where]
            self._work(position, "adjoint-initial", f"d{part.name}", terms or [self._nothing(known)], known)


def _stack(steps: list[StepBack], name: str) -> Array:
    return np.stack([getattr(step, name) for step in steps])


def _as_it_is(d: Any) -> Any:
    return d


def _back(d: Any, W: Any) -> Any:
    return d @ W.T


def _through(d: Any, jacobian: Any) -> Any:
    return d @ jacobian if isinstance(d, Math) or jacobian.ndim == 2 else np.einsum("nk,nkj->nj", d, jacobian)


def _positive(h: Operand) -> Operand:
    """Return the derivative of a ReLU, through its output."""
    sign = Math(rf"\mathbf{{1}}[{h.symbol.latex} > 0]", f"1[{h.symbol.text} > 0]")
    return Operand(h.id, sign, (h.value > 0) * 1.0)


def _rnn_term(layer: LayerRun, dh: Operand, h: Operand) -> Term:
    if layer.activation == "identity":
        return Term(_as_it_is, [dh])
    if layer.activation == "relu":
        return Term(lambda d, s: d * s, [dh, _positive(h)])
    slope_of = _SLOPES[layer.activation]
    return Term(lambda d, h: d * slope_of(h), [dh, h])
