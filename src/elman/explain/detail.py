"""One epoch in full detail: nodes, factors, chains, paths, sums and their checks, as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from elman import reference
from elman.explain.adjoints import BackwardPass
from elman.explain.board import Array, Node, Operand, Position, printed
from elman.explain.formula import MOST_WRITTEN, Math, partial, product, symbol
from elman.explain.forward import ForwardPass, Letters
from elman.explain.objective import Objective
from elman.explain.paths import Leg, PathSum
from elman.explain.unrolled import Chain, Unrolled

LIMIT = 1e-9  # largest difference between two computations of one number, relative to the largest component
_OF_LOSS = 1e-3  # differences of losses have rounding errors of the size of the loss
_SMALLEST = 1e-4  # but not to less: a trained network's gradient may be as small as rounding errors


@dataclass(frozen=True)
class Check:
    """A comparison of two computations of the same numbers."""

    name: str
    difference: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the difference is within the limit."""
        return self.difference <= self.limit

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return {"name": self.name, "difference": self.difference, "limit": self.limit, "passed": self.passed}


def state_symbol(chain: Chain, k: int, letters: Letters) -> Math:
    """Return s_k as a formula: h if the state is only h."""
    if len(chain.parts) == 1:
        return letters.at("h", Position(chain.name, chain.time(k), 1))
    return symbol("s", chain.time(k), None, chain.reverse)


def state_meaning(chain: Chain) -> Math:
    """Return the components of s_t, such as (h_t, c_t)."""
    pieces = [symbol(part.name, "t", _layer(chain, part.layer), chain.reverse) for part in chain.parts]
    if len(pieces) == 1:
        return pieces[0]
    return Math(
        r"\left(" + ", ".join(p.latex for p in pieces) + r"\right)", "(" + ", ".join(p.text for p in pieces) + ")"
    )


def _layer(chain: Chain, layer: int) -> int | None:
    """Return the number of a layer, from 1, or None if there is only one."""
    return layer + 1 if len(chain.layers) > 1 else None


class Detail:
    """Everything about one epoch.

    Parameters
    ----------
    run : Unrolled
    objective : Objective
    paths : PathSum
    symbols : dict
        Symbol of every parameter.
    differences : callable
        Returns finite differences of the loss for a parameter's name.
    """

    def __init__(
        self,
        run: Unrolled,
        objective: Objective,
        paths: PathSum,
        symbols: dict[str, Math],
        differences: Callable[[str], Array],
    ) -> None:
        self.run, self.objective, self.paths, self.symbols = run, objective, paths, symbols
        forward = ForwardPass(run, objective)
        backward = BackwardPass(forward, paths)
        self.letters = forward.letters
        self.forward, self.backward = forward.board.nodes, backward.board.nodes
        self.updates: list[Node] = []
        self.names = [name for name in run.weights if name in paths.trained]
        self.by_backpropagation = one_pass_back(run, objective)
        self.by_differences = {name: differences(name) for name in self.names}
        self.checks = self._check(forward.board.difference, backward.board.difference)

    def _check(self, forward: float, backward: float) -> list[Check]:
        """Compare the sums of paths with backpropagation through time and with finite differences."""
        every = {name: self.paths.gradient(name, dropped=True) for name in self.names}
        loss = abs(self.objective.total(self.run.o))
        scale = max(_SMALLEST, _OF_LOSS * loss, *(float(np.abs(value).max(initial=0.0)) for value in every.values()))
        gap = {"one pass back through time": self.by_backpropagation, "finite differences": self.by_differences}
        checks = [
            Check("equations of the forward pass = reference", forward, LIMIT),
            Check("equations of the backward pass = reference", backward, LIMIT),
        ]
        for title, other in gap.items():
            difference = max((float(np.abs(every[name] - other[name]).max()) for name in self.names), default=0.0)
            checks.append(Check(f"sum of all paths = {title}", difference / scale, LIMIT))
        return checks

    def update(self, learning_rate: float, gradients: dict[str, Array]) -> None:
        """Record the step of gradient descent."""
        eta = Operand("learning_rate", symbol("eta"), np.array([[learning_rate]]))
        for name in self.names:
            theta = self.symbols[name]
            old = Operand(name, theta, self.run.weights[name])
            slope = Operand(f"gradient/{name}", partial(symbol("L"), theta), gradients[name])
            put = None
            if printed(old.value) and printed(slope.value):
                put = _descent(*(printed(piece.value) for piece in (old, eta, slope)))
            value = old.value - learning_rate * slope.value
            equation = _descent(theta, eta.symbol, slope.symbol)
            inputs = (old.id, eta.id, slope.id)
            self.updates.append(
                Node(f"update/{name}", "update", name, theta, value, equation=equation, numbers=put, inputs=inputs)
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return {
            "forward": [node.to_dict() for node in self.forward],
            "backward": [node.to_dict() for node in self.backward],
            "factors": self._factors(),
            "chains": [self._chain(leg) for leg in self.paths.legs],
            "gradients": [self._gradient(name) for name in self.names],
            "updates": [node.to_dict() for node in self.updates],
            "checks": [check.to_dict() for check in self.checks],
        }

    # --- the factors of the chain rule ---

    def _factors(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for t in self.run.reads:
            yhat, y = self.run.output(t, self.run.yhat), self.run.output(t, self.objective.rows_of_y)
            sign = partial(symbol("L", t), symbol("yhat", t))
            found[_id("dL/dy", t)] = _factor(sign, self.objective.by_prediction(yhat, y))
            sign = partial(symbol("yhat", t), self.letters.output_sum(t))
            found[_id("dy/do", t)] = _factor(sign, self.objective.jacobian(yhat))
        for chain in self.run.chains:
            for read, t, share in self.run.readings(chain):
                sign = partial(symbol("yhat", read), state_symbol(chain, t, self.letters))
                value = self.paths.prediction_by_state(chain, read, share)
                found[f"dy/ds:{chain.name}:{chain.time(t)}"] = _factor(sign, value)
            for k in range(1, chain.steps + 1):
                found |= self._step_factors(chain, k)
        return found

    def _step_factors(self, chain: Chain, k: int) -> dict[str, Any]:
        here, before = (state_symbol(chain, step, self.letters) for step in (k, k - 1))
        factors, time = self.paths.factors[chain.name][k - 1], chain.time(k)
        found = {f"ds/ds:{chain.name}:{time}": _factor(partial(here, before), factors.jacobian)}
        for name, value in factors.immediate.items():
            sign = partial(here, self.symbols[name], immediate=True)
            found[f"ds/dθ:{chain.name}:{time}:{name}"] = _factor(sign, value)
        return found

    # --- chains and paths ---

    def _chain(self, leg: Leg) -> dict[str, Any]:
        chain, factors = leg.chain, self._chain_factors(leg)
        put = self._put_in(leg)
        return {
            "id": _chain_id(leg),
            "chain": chain.name,
            "t": chain.time(leg.t),
            "k": chain.time(leg.k),
            "kept": leg.kept,
            "factors": factors,
            "equation": product(*self._signs(leg)).to_dict(),
            "numbers": None if put is None else put.to_dict(),
            "running": [
                {"step": chain.time(leg.t - passed), "norm": float(np.linalg.norm(adjoint))}
                for passed, adjoint in enumerate(leg.adjoints)
            ],
            "adjoint": leg.adjoints[-1].tolist(),
        }

    def _chain_factors(self, leg: Leg) -> list[str]:
        name, time = leg.chain.name, leg.chain.time
        steps = [f"ds/ds:{name}:{time(j)}" for j in range(leg.t, leg.k, -1)]
        return [_id("dL/dy", leg.read), f"dy/ds:{name}:{time(leg.t)}", *steps]

    def _signs(self, leg: Leg) -> list[Math]:
        s = [state_symbol(leg.chain, j, self.letters) for j in range(leg.t + 1)]
        steps = [partial(s[j], s[j - 1]) for j in range(leg.t, leg.k, -1)]
        yhat = symbol("yhat", leg.read)
        return [partial(symbol("L", leg.read), yhat), partial(yhat, s[leg.t]), *steps]

    def _values(self, leg: Leg, n: int) -> list[Array]:
        """Return the factors of a chain for row n: a row vector, then matrices."""
        chain, read = leg.chain, leg.read
        yhat, y = self.run.output(read, self.run.yhat), self.run.output(read, self.objective.rows_of_y)
        share = next(share for _, t, share in self.run.readings(chain) if t == leg.t)
        steps = [self.paths.factors[chain.name][j - 1].jacobian[n] for j in range(leg.t, leg.k, -1)]
        by_state = self.paths.prediction_by_state(chain, read, share)[n]
        return [self.objective.by_prediction(yhat, y)[n : n + 1], by_state, *steps]

    def _put_in(self, leg: Leg, immediate: Array | None = None) -> Math | None:
        """Return the product of a path with numbers, or None if it is too long to read.

        It is readable for one row, and as a sum over a few rows if every factor is one number.
        """
        if self.run.rows > MOST_WRITTEN or leg.t - leg.k + 2 > MOST_WRITTEN:
            return None
        rows = []
        for n in range(self.run.rows):
            values = self._values(leg, n)
            if immediate is not None:
                if immediate[n].size != leg.chain.size:  # more than one number per component of the state
                    return None
                values.append(immediate[n].reshape(leg.chain.size, 1))
            rows.append(values)
        if len(rows) > 1 and (immediate is None or any(value.size > 1 for values in rows for value in values)):
            return None
        products = [_product_of(values) for values in rows]
        return None if any(piece is None for piece in products) else reduce(add, [p for p in products if p])

    def _gradient(self, name: str) -> dict[str, Any]:
        paths = [self._direct(name, direct.t, direct.contributions[name])
                 for direct in self.paths.direct if name in direct.contributions]  # fmt: skip
        paths += [self._path(name, leg) for leg in self.paths.legs_of(name)]
        return {
            "parameter": name,
            "symbol": partial(symbol("L"), self.symbols[name]).to_dict(),
            "paths": paths,
            "sum": self.paths.gradient(name).tolist(),
            "all_paths": self.paths.gradient(name, dropped=True).tolist(),
            "backpropagation": self.by_backpropagation[name].tolist(),
            "finite_differences": self.by_differences[name].tolist(),
        }

    def _direct(self, name: str, t: int | None, contribution: Array) -> dict[str, Any]:
        yhat = symbol("yhat", t)
        signs = partial(symbol("L", t), yhat), partial(yhat, self.symbols[name])
        return {"t": t, "k": None, "chain": None, "chain_id": None, "kept": True, "equation": product(*signs).to_dict(),
                "numbers": None, "immediate": None, **_contribution(contribution)}  # fmt: skip

    def _path(self, name: str, leg: Leg) -> dict[str, Any]:
        chain = leg.chain
        local = partial(state_symbol(chain, leg.k, self.letters), self.symbols[name], immediate=True)
        value = self.paths.factors[chain.name][leg.k - 1].immediate[name]
        put = self._put_in(leg, value)
        return {
            "t": chain.time(leg.t),
            "k": chain.time(leg.k),
            "chain": chain.name,
            "chain_id": _chain_id(leg),
            "kept": leg.kept,
            "equation": product(*self._signs(leg), local).to_dict(),
            "numbers": None if put is None else put.to_dict(),
            "immediate": f"ds/dθ:{chain.name}:{chain.time(leg.k)}:{name}",
            **_contribution(self.paths.contribution(leg, name)),
        }


def one_pass_back(run: Unrolled, objective: Objective) -> dict[str, Array]:
    """Return every gradient by backpropagation through time over whole layers, without separate paths."""
    _, do = objective.term(run.o.reshape(-1, run.o.shape[-1]), objective.rows_of_y.reshape(-1, run.o.shape[-1]))
    do = do.reshape(run.o.shape)
    dense = reference.dense_backward(do, run.r, run.W_y)
    found = {"output.W_y": dense.dW_y, "output.b_y": dense.db_y}
    if "skip.W_k" in run.weights:
        found["skip.W_k"] = reference.dense_backward(do, run.skipped, run.weights["skip.W_k"]).dW_y
    dx_0 = np.zeros_like(run.entering)
    for chain in run.chains:
        dh = np.zeros((run.steps, run.rows, chain.top.size))
        columns = slice(run.chains.index(chain) * chain.top.size, (run.chains.index(chain) + 1) * chain.top.size)
        for read, t, share in run.readings(chain):
            dh[t - 1] += run.output(read, dense.dh)[:, columns] * share
        for layer in reversed(chain.layers):
            w = layer.weights
            if layer.cell == "rnn":
                g: Any = reference.rnn_backward(dh, layer.x, layer.h, w["W_x"], w["W_h"], layer.activation)
            elif layer.cell == "lstm":
                assert layer.c is not None and layer.gates is not None
                g = reference.lstm_backward(dh, layer.x, layer.h, layer.c, layer.gates, w["W_x"], w["W_h"])
            else:
                assert layer.gates is not None
                g = reference.gru_backward(dh, layer.x, layer.h, layer.gates, w["W_x"], w["W_h"])
            found |= {layer.prefix + name: getattr(g, f"d{name}") for name in w}
            dh = g.dx
        dx_0 += dh[::-1] if chain.reverse else dh
    if "embedding" in run.weights:
        found["embedding"] = reference.embedding_backward(dx_0, run.x, len(run.weights["embedding"]))
        if run.architecture.tied_weights:
            found["embedding"] = found["embedding"] + dense.dW_y.T
    return found


def _id(name: str, t: int | None) -> str:
    return name if t is None else f"{name}:{t}"


def _chain_id(leg: Leg) -> str:
    return f"{leg.chain.name}:{leg.chain.time(leg.t)}:{leg.chain.time(leg.k)}"


def _factor(sign: Math, value: Array) -> dict[str, Any]:
    flat = value.reshape(*value.shape[:2], -1) if value.ndim > 2 else value[:, np.newaxis]
    norms = np.linalg.norm(flat, 2, axis=(1, 2)) if flat.size else np.zeros(len(flat))
    return {"symbol": sign.to_dict(), "value": value.tolist(), "norm": norms.tolist()}


def _product_of(values: list[Array]) -> Math | None:
    pieces = [printed(value) for value in values]
    return None if any(piece is None for piece in pieces) else product(*(piece for piece in pieces if piece))


def _contribution(value: Array) -> dict[str, Any]:
    return {"contribution": value.tolist(), "norm": float(np.linalg.norm(value))}


def _descent(theta: Any, eta: Any, slope: Any) -> Any:
    return theta - eta @ slope
