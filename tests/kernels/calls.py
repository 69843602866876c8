"""One interface to all recurrent cells, for the engine and for its twin."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from elman import engine
from reference import cases
from reference.cases import Arrays, Cotangents

CASES = ("rnn-tanh", "rnn-relu", "rnn-sigmoid", "rnn-identity", "lstm", "gru-after")
CELLS = ("rnn-tanh", "lstm", "gru-after")
DTYPES = ("float32", "float64")
STATE = ("h_0", "c_0")
STEPWISE = ("dx", "dh_0", "dc_0")  # gradients of one row, the others sum over rows


class Problem:
    """Random arguments of a cell in one dtype, with all optional arrays.

    ``lengths`` has an empty row, a full row and rows between, as far as N allows.
    """

    def __init__(self, case: str, dtype: str, T: int, N: int, D: int, H: int, seed: int = 0) -> None:
        rng = np.random.default_rng([seed, T, N, D, H, CASES.index(case)])
        dh, last = cases.random_cotangents(case, rng, T, N, H)
        self.case, self.shape = case, (T, N, D, H)
        self.a = {name: value.astype(dtype) for name, value in cases.arguments(case, rng, T, N, D, H).items()}
        self.dh, self.last = dh.astype(dtype), tuple(d.astype(dtype) for d in last)
        self.mask = cases.random_mask(rng, N, H).astype(dtype)
        self.lengths = rng.permutation(np.concatenate([[T, 0], rng.integers(0, T + 1, max(N - 2, 0))])[:N]).astype(
            np.int64
        )

    @property
    def cotangents(self) -> Cotangents:
        return Cotangents(self.dh, self.last)

    def rows(self, rows: Any) -> Problem:
        """Return the same problem for some rows of the batch, in the order given."""
        part = object.__new__(Problem)
        index = np.atleast_1d(np.arange(self.shape[1])[rows])
        part.case, part.shape = self.case, (self.shape[0], len(index), *self.shape[2:])
        part.a = self.a | {name: self.a[name][index] for name in STATE if name in self.a} | {"x": self.a["x"][:, index]}
        part.dh, part.last = self.dh[:, index], tuple(d[index] for d in self.last)
        part.mask, part.lengths = self.mask[index], self.lengths[index]
        return part


def forward(module: ModuleType, case: str, a: Arrays, lengths: Any = None, mask: Any = None, **threads: Any) -> Arrays:
    """Return h, and c and gates if the cell has them."""
    function = getattr(module, f"{case.partition('-')[0]}_forward")
    result = function(**a, **cases.options(case), lengths=lengths, h_mask=mask, **threads)
    return {"h": result} if isinstance(result, np.ndarray) else result._asdict()


def backward(
    module: ModuleType,
    case: str,
    a: Arrays,
    states: Arrays,
    cotangents: Cotangents,
    lengths: Any = None,
    mask: Any = None,
    bptt_depth: int | None = None,
    **threads: Any,
) -> Arrays:
    """Return every gradient by its name: dx, dh_0, …"""
    function = getattr(module, f"{case.partition('-')[0]}_backward")
    result = function(
        cotangents.dh,
        a["x"],
        **states,
        W_x=a["W_x"],
        W_h=a["W_h"],
        **cases.options(case),
        **dict(zip(("dh_T", "dc_T"), cotangents.d_last, strict=False)),
        lengths=lengths,
        h_mask=mask,
        bptt_depth=bptt_depth,
        **threads,
    )
    return {name: value for name, value in result._asdict().items() if value is not None}


def run(problem: Problem, lengths: Any = None, mask: Any = None, **threads: Any) -> tuple[Arrays, Arrays]:
    """Return states and gradients of the engine."""
    states = forward(engine, problem.case, problem.a, lengths, mask, **threads)
    return states, backward(engine, problem.case, problem.a, states, problem.cotangents, lengths, mask, **threads)


def assert_same_bits(actual: Arrays, expected: Arrays, *names: str) -> None:
    """Fail unless every array, or those named, has the same dtype, shape and bits; NaN equals NaN."""
    for name in names or expected:
        one, two = actual[name], expected[name]
        assert (one.dtype, one.shape) == (two.dtype, two.shape), name
        same = one.tobytes() == two.tobytes()
        assert same, f"{name}: {(one != two).sum()} of {one.size} values differ"
