"""Gradients as sums over paths: from an output at t back through the states to a parameter at step k.

With s_t the states of all layers of a chain at step t::

    ∂L/∂θ = Σ_t Σ_{k≤t} ∂L_t/∂ŷ_t · ∂ŷ_t/∂s_t · [∂s_t/∂s_{t-1} · … · ∂s_{k+1}/∂s_k] · ∂⁺s_k/∂θ

where ∂⁺ holds s_{k-1} constant. `elman.reference` computes every factor, by unit vectors taken back through single
steps, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from elman import reference
from elman.explain.board import Array
from elman.explain.objective import Objective
from elman.explain.unrolled import Chain, Unrolled


class Direct(NamedTuple):
    """The direct contribution of a parameter of the output layer to an output, without a state between them."""

    t: int | None
    contributions: dict[str, Array]


class Leg(NamedTuple):
    """The path from an output at step t of a chain back to step k, both in the chain's order.

    ``adjoints`` holds the product of the factors up to s_t, s_{t-1}, …, s_k: (N, S) each.
    """

    chain: Chain
    read: int | None  # step of the output
    t: int
    k: int
    kept: bool
    adjoints: tuple[Array, ...]


@dataclass(frozen=True)
class StepFactors:
    """∂s_k/∂s_{k-1} (N, S, S) and ∂⁺s_k/∂θ (N, S, shape of θ); row i holds the derivatives of component i."""

    jacobian: Array
    immediate: dict[str, Array]


class PathSum:
    """All paths of a network and a loss.

    Parameters
    ----------
    run : Unrolled
    objective : Objective
    bptt_depth : int or None
        Paths with t − k < ``bptt_depth`` are kept; None keeps all.
    trained : set of str
        Parameters that have gradients.
    """

    def __init__(self, run: Unrolled, objective: Objective, bptt_depth: int | None, trained: set[str]) -> None:
        self.run, self.objective, self.depth, self.trained = run, objective, bptt_depth, trained
        self.do: dict[int | None, Array] = {}
        for t in run.reads:
            self.do[t] = objective.term(run.output(t, run.o), run.output(t, objective.rows_of_y))[1]
        steps = range(1, run.steps + 1)
        self.factors = {chain.name: [self._factors(chain, k) for k in steps] for chain in run.chains}
        self.legs = [leg for chain in run.chains for leg in self._legs(chain)]
        self.direct = [self._direct(t) for t in run.reads]

    def _factors(self, chain: Chain, k: int) -> StepFactors:
        N, S = self.run.rows, chain.size
        jacobian = np.empty((N, S, S))
        immediate: dict[str, Array] = {}
        for n in range(N):
            for i, unit in enumerate(np.eye(S)):
                back = chain.back(k, n, unit)
                jacobian[n, i] = back.ds
                for name, gradient in (back.gradients | self._embedding(chain, k, n, back.dx)).items():
                    if name in self.trained:
                        immediate.setdefault(name, np.zeros((N, S, *gradient.shape)))[n, i] = gradient
        return StepFactors(jacobian, immediate)

    def _embedding(self, chain: Chain, k: int, n: int, dx: Array) -> dict[str, Array]:
        if "embedding" not in self.run.weights:
            return {}
        index, size = self.run.x[chain.time(k) - 1, n], len(self.run.weights["embedding"])
        return {"embedding": reference.embedding_backward(dx[np.newaxis], index[np.newaxis], size)}

    def prediction_by_state(self, chain: Chain, read: int | None, share: Array) -> Array:
        """Return ∂ŷ/∂s (N, K, S) of a state with ∂r/∂h = ``share``."""
        run, top = self.run, chain.top
        jacobian = self.objective.jacobian(run.output(read, run.yhat))
        by_state = np.zeros((run.rows, jacobian.shape[1], chain.size))
        by_state[:, :, top.where] = (jacobian @ self.columns(chain).T) * share[:, np.newaxis]
        return by_state

    def columns(self, chain: Chain) -> Array:
        """Return the rows of W_y (H, K) that multiply a chain's state."""
        size = chain.top.size
        first = self.run.chains.index(chain) * size
        rows: Array = self.run.W_y[first : first + size]
        return rows

    def _legs(self, chain: Chain) -> list[Leg]:
        legs = []
        for read, t, share in self.run.readings(chain):
            ds = np.zeros((self.run.rows, chain.size))
            ds[:, chain.top.where] = (self.do[read] @ self.columns(chain).T) * share
            adjoints = [ds]
            for k in range(t, 0, -1):
                kept = self.depth is None or t - k < self.depth
                legs.append(Leg(chain, read, t, k, kept, tuple(adjoints)))
                adjoints.append(np.einsum("ni,nij->nj", adjoints[-1], self.factors[chain.name][k - 1].jacobian))
        return legs

    def contribution(self, leg: Leg, name: str) -> Array:
        """Return the contribution of a path to the gradient of a parameter."""
        immediate = self.factors[leg.chain.name][leg.k - 1].immediate[name]
        return np.asarray(np.einsum("ns,ns...->...", leg.adjoints[-1], immediate))

    def _direct(self, t: int | None) -> Direct:
        run, do = self.run, self.do[t]
        dense = reference.dense_backward(do, run.output(t, run.r), run.W_y)
        found = {"output.b_y": dense.db_y}
        found |= {"embedding": dense.dW_y.T} if run.architecture.tied_weights else {"output.W_y": dense.dW_y}
        if "skip.W_k" in run.weights:
            seen = run.output(t, run.skipped)
            found["skip.W_k"] = reference.dense_backward(do, seen, run.weights["skip.W_k"]).dW_y
        return Direct(t, {name: value for name, value in found.items() if name in self.trained})

    def legs_of(self, name: str) -> list[Leg]:
        """Return the paths that end in a parameter of a recurrent layer, or in the embedding."""
        return [leg for leg in self.legs if name in self.factors[leg.chain.name][leg.k - 1].immediate]

    def gradient(self, name: str, dropped: bool = False) -> Array:
        """Return the sum of the kept paths, or of all paths if ``dropped``."""
        total = np.zeros_like(self.run.weights[name])
        for direct in self.direct:
            total += direct.contributions.get(name, 0.0)
        for leg in self.legs_of(name):
            if leg.kept or dropped:
                total += self.contribution(leg, name)
        return total

    def adjoint(self, chain: Chain, k: int, own: bool = True) -> Array:
        """Return the adjoint of s_k over kept paths (N, S), without the output at step k if not ``own``.

        s_0 counts as k = 0.
        """
        total = np.zeros((self.run.rows, chain.size))
        for leg in self.legs:
            if leg.chain is not chain or not leg.kept:
                continue
            if leg.k == k and (own or leg.t != k):
                total += leg.adjoints[-1]
            elif leg.k == 1 and k == 0 and (self.depth is None or leg.t < self.depth):
                total += np.einsum("ni,nij->nj", leg.adjoints[-1], self.factors[chain.name][0].jacobian)
        return total
