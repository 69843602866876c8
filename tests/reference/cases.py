"""One interface to every recurrent cell and variant: a property is written once and checked for all."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from elman import reference

Arrays = dict[str, np.ndarray]

CASES = (
    "rnn-tanh",
    "rnn-relu",
    "rnn-sigmoid",
    "rnn-identity",
    "lstm",
    "lstm-peepholes",
    "gru-after",
    "gru-before",
)


class Cotangents(NamedTuple):
    """Cotangents: dh (T, N, H) at every step, d_last = (dh_T[, dc_T]) after each row's last step."""

    dh: np.ndarray | None
    d_last: tuple[np.ndarray | None, ...]


def arguments(case: str, rng: np.random.Generator, T: int = 4, N: int = 3, D: int = 2, H: int = 3) -> Arrays:
    """Return random arguments of a cell: x, h_0, weights and those of the variant."""
    cell, _, variant = case.partition("-")
    G = {"rnn": 1, "lstm": 4, "gru": 3}[cell]
    a = {
        "x": rng.normal(size=(T, N, D)),
        "h_0": rng.normal(size=(N, H)),
        "W_x": rng.normal(size=(D, G * H)) / np.sqrt(D),
        "W_h": rng.normal(size=(H, G * H)) / np.sqrt(H),
        "b": rng.normal(size=G * H) / 2,
    }
    if cell == "lstm":
        a["c_0"] = rng.normal(size=(N, H))
    if variant == "peepholes":
        a["peepholes"] = rng.normal(size=(3, H))
    if cell == "gru":
        a["b_hn"] = rng.normal(size=H)
    return a


def options(case: str) -> dict[str, str]:
    """Return the keyword that selects the variant."""
    cell, _, variant = case.partition("-")
    return {"rnn": {"activation": variant}, "lstm": {}, "gru": {"reset": variant}}[cell]


def forward(case: str, a: Arrays, lengths: Any = None, h_mask: Any = None) -> tuple[np.ndarray, ...]:
    """Return the results of the cell's forward function as a tuple that starts with h."""
    function = getattr(reference, f"{case.partition('-')[0]}_forward")
    result = function(**a, **options(case), lengths=lengths, h_mask=h_mask)
    return (result,) if isinstance(result, np.ndarray) else tuple(result)


def states(case: str, a: Arrays, lengths: Any = None, h_mask: Any = None) -> tuple[np.ndarray, ...]:
    """Return (h,) or, for the LSTM, (h, c)."""
    return forward(case, a, lengths, h_mask)[: 2 if case.startswith("lstm") else 1]


def backward(
    case: str,
    a: Arrays,
    cotangents: Cotangents,
    lengths: Any = None,
    h_mask: Any = None,
    bptt_depth: int | None = None,
) -> Arrays:
    """Return the gradient of every argument, by the argument's name."""
    function = getattr(reference, f"{case.partition('-')[0]}_backward")
    last = dict(zip(("dh_T", "dc_T"), cotangents.d_last, strict=False))
    weights = {name: a[name] for name in ("W_x", "W_h", "peepholes") if name in a}
    result = function(
        cotangents.dh,
        a["x"],
        *forward(case, a, lengths, h_mask),
        **weights,
        **options(case),
        **last,
        lengths=lengths,
        h_mask=h_mask,
        bptt_depth=bptt_depth,
    )
    return {name[1:]: value for name, value in result._asdict().items() if value is not None}


def random_cotangents(case: str, rng: np.random.Generator, T: int, N: int, H: int) -> Cotangents:
    """Return random cotangents: never ones, which would hide sign and permutation mistakes."""
    count = 2 if case.startswith("lstm") else 1
    return Cotangents(rng.normal(size=(T, N, H)), tuple(rng.normal(size=(N, H)) for _ in range(count)))


def random_mask(rng: np.random.Generator, N: int, H: int) -> np.ndarray:
    """Return a recurrent dropout mask of rate one third."""
    return np.where(rng.random((N, H)) < 1 / 3, 0.0, 1.5)


def objective(case: str, a: Arrays, cotangents: Cotangents, lengths: Any = None, h_mask: Any = None) -> float:
    """Return the number whose gradient `backward` computes: the states, each times its cotangent."""
    s = states(case, a, lengths, h_mask)
    T, N, _ = a["x"].shape
    last = np.full(N, T) if lengths is None else np.asarray(lengths)
    total = 0.0
    if cotangents.dh is not None:
        inside = np.arange(1, T + 1)[:, None] <= last
        total += (cotangents.dh * s[0][1:])[inside].sum()
    for state, d_last in zip(s, cotangents.d_last, strict=True):
        if d_last is not None:
            total += (d_last * state[last, np.arange(N)]).sum()
    return float(total)
