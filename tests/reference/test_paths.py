"""Backpropagation through time as a sum of paths, and what `bptt_depth` keeps of it.

The path from output t to step k is what output t owes to the arguments of step k alone. Here it is measured without any
backward pass: every step gets its own copy of the parameters, and only copy k is perturbed.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from elman.reference import numerical_gradient
from reference.cases import CASES, Arrays, arguments, backward, random_cotangents, random_mask, states
from tolerances import assert_close

T, N, D, H = 4, 3, 2, 2
LENGTHS = np.array([4, 0, 3])
STATE = ("h_0", "c_0")


def start(a: Arrays) -> np.ndarray:
    """Return s_0 (1 or 2, N, H)."""
    return np.stack([a[name] for name in STATE if name in a])


def step(case: str, a: Arrays, t: int, before: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return s_t (1 or 2, N, H) from s_{t-1}."""
    own = {name: value for name, value in a.items() if name not in STATE}
    own |= dict(zip(STATE, before, strict=False))
    own["x"] = own["x"][t - 1 : t]
    new = np.stack([state[1] for state in states(case, own, None, mask)])
    return np.where((t <= LENGTHS)[:, np.newaxis], new, before)


def state_apart(
    case: str, a: Arrays, k: int, t: int, before: np.ndarray, changed: Arrays, mask: np.ndarray
) -> np.ndarray:
    """Return s_t of a run from s_{k-1} whose step k has its own arguments; k = 0 is the start."""
    s = step(case, {**a, **changed}, k, before, mask) if k else start({**a, **changed})
    for later in range(k + 1, t + 1):
        s = step(case, a, later, s, mask)
    return s


@cache
def naive_paths(case: str) -> tuple[Arrays, object, np.ndarray, dict[tuple[int, int], Arrays]]:
    rng = np.random.default_rng(5)
    a, cotangents, mask = (
        arguments(case, rng, T, N, D, H),
        random_cotangents(case, rng, T, N, H),
        random_mask(rng, N, H),
    )
    ds = np.zeros((T + 1, len(cotangents.d_last), N, H))  # what arrives at s_0 … s_T
    ds[1:, 0] = np.where((np.arange(1, T + 1)[:, np.newaxis] <= LENGTHS)[..., np.newaxis], cotangents.dh, 0.0)
    for n, last in enumerate(LENGTHS):
        ds[last, :, n] += [d[n] for d in cotangents.d_last]

    s = [start(a)]  # s_0 … s_T
    for t in range(1, T + 1):
        s.append(step(case, a, t, s[-1], mask))
    paths: dict[tuple[int, int], Arrays] = {}
    for t in range(T + 1):
        for k in range(t + 1):
            names = [name for name in a if (name in STATE) == (k == 0)]
            paths[t, k] = {
                name: numerical_gradient(
                    lambda v, name=name, t=t, k=k: (
                        ds[t] * state_apart(case, a, k, t, s[max(k - 1, 0)], {name: v}, mask)
                    ).sum(),
                    a[name],
                )
                for name in names
            }
    return a, cotangents, mask, paths


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, None])
@pytest.mark.parametrize("case", [case for case in CASES if case != "rnn-relu"])
def test_depth_keeps_the_paths_shorter_than_it(case: str, depth: int | None) -> None:
    a, cotangents, mask, paths = naive_paths(case)
    gradients = backward(case, a, cotangents, LENGTHS, mask, depth)
    for name, gradient in gradients.items():
        expected = np.zeros_like(a[name])
        for (t, k), path in paths.items():
            if name in path and (depth is None or t - k < depth):
                expected += path[name]
        assert_close(gradient, expected, "gradient check", name=name)


@pytest.mark.parametrize("case", CASES)
def test_a_depth_beyond_the_sequence_is_the_whole_sum(case: str) -> None:
    rng = np.random.default_rng(6)
    a, cotangents = arguments(case, rng, T, N, D, H), random_cotangents(case, rng, T, N, H)
    whole = backward(case, a, cotangents, LENGTHS)
    for name, gradient in backward(case, a, cotangents, LENGTHS, bptt_depth=T + 1).items():
        assert_close(gradient, whole[name], "same sums", name=name)
    # At depth T every step is still reached; only the longest way, from s_T to s_0, is not.
    for name, gradient in backward(case, a, cotangents, LENGTHS, bptt_depth=T).items():
        if name not in STATE:
            assert_close(gradient, whole[name], "same sums", name=name)


@pytest.mark.parametrize("case", CASES)
def test_depth_one_stops_at_the_state_before(case: str) -> None:
    rng = np.random.default_rng(7)
    a, cotangents = arguments(case, rng, T, N, D, H), random_cotangents(case, rng, T, N, H)
    gradients = backward(case, a, cotangents, bptt_depth=1)
    for name in STATE:
        if name in gradients:
            np.testing.assert_array_equal(gradients[name], np.zeros((N, H)))
    # An empty row's last state is s_0 itself: its adjoint has no step to cross.
    ragged = backward(case, a, cotangents, LENGTHS, bptt_depth=1)
    for name, d_last in zip(STATE, cotangents.d_last, strict=False):
        np.testing.assert_array_equal(ragged[name], np.where((LENGTHS == 0)[:, np.newaxis], d_last, 0.0))
