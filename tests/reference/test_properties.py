"""What must hold for every sequence, whatever its sizes and numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.cases import CASES, Cotangents, arguments, backward, forward, random_cotangents, random_mask
from tolerances import assert_close

STATE = ("h_0", "c_0")
quick = settings(max_examples=20, derandomize=True)
cases = st.sampled_from(CASES)
seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(0, 6), st.integers(0, 4), st.integers(1, 3), st.integers(1, 4))  # T, N, D, H


@quick
@given(cases, seeds, sizes, st.data())
def test_a_split_sequence_equals_one_run(case: str, seed: int, size: tuple[int, ...], data: st.DataObject) -> None:
    T, N, _, H = size
    cut = data.draw(st.integers(0, T))
    rng = np.random.default_rng(seed)
    a, cotangents, mask = arguments(case, rng, *size), random_cotangents(case, rng, T, N, H), random_mask(rng, N, H)
    whole, d_whole = forward(case, a, None, mask), backward(case, a, cotangents, None, mask)

    early = {**a, "x": a["x"][:cut]}
    h_early = forward(case, early, None, mask)
    carried = {name: state[-1] for name, state in zip(STATE, h_early, strict=False) if name in a}
    late = {**a, **carried, "x": a["x"][cut:]}
    for one, two, all_of_it in zip(h_early, forward(case, late, None, mask), whole, strict=True):
        joined = np.concatenate([one, two[1:] if len(all_of_it) == T + 1 else two])
        assert_close(joined, all_of_it, "same sums")

    d_late = backward(case, late, Cotangents(cotangents.dh[cut:], cotangents.d_last), None, mask)
    handed_back = tuple(d_late[name] for name in STATE if name in a)
    d_early = backward(case, early, Cotangents(cotangents.dh[:cut], handed_back), None, mask)
    for name, expected in d_whole.items():
        if name == "x":
            actual = np.concatenate([d_early[name], d_late[name]])
        else:
            actual = d_early[name] if name in STATE else d_early[name] + d_late[name]
        assert_close(actual, expected, "same sums", name=name)


@quick
@given(cases, seeds, sizes, st.data())
def test_padding_never_leaks(case: str, seed: int, size: tuple[int, ...], data: st.DataObject) -> None:
    """A ragged batch, its padding full of NaN, equals each row run by itself at its own length."""
    T, N, _, H = size
    lengths = np.array(data.draw(st.lists(st.integers(0, T), min_size=N, max_size=N)), np.int64)
    depth = data.draw(st.sampled_from([None, 1, 2]))
    rng = np.random.default_rng(seed)
    a, cotangents, mask = arguments(case, rng, *size), random_cotangents(case, rng, T, N, H), random_mask(rng, N, H)
    padding = np.arange(1, T + 1)[:, np.newaxis] > lengths
    a["x"][padding] = np.nan
    cotangents.dh[padding] = np.nan
    together, d_together = forward(case, a, lengths, mask), backward(case, a, cotangents, lengths, mask, depth)

    sums = {name: np.zeros_like(value) for name, value in d_together.items() if name not in ("x", *STATE)}
    for n, length in enumerate(lengths):
        row = {**a, "x": a["x"][:length, n : n + 1]} | {name: a[name][n : n + 1] for name in STATE if name in a}
        row_cotangents = Cotangents(cotangents.dh[:length, n : n + 1], tuple(d[n : n + 1] for d in cotangents.d_last))
        row_mask = mask[n : n + 1]
        for alone, batch in zip(forward(case, row, None, row_mask), together, strict=True):
            assert_close(batch[: len(alone), n], alone[:, 0], "same sums")
            assert not batch[len(alone) :, n].any()
        d_alone = backward(case, row, row_cotangents, None, row_mask, depth)
        assert_close(d_together["x"][:length, n], d_alone["x"][:, 0], "same sums")
        assert not d_together["x"][length:, n].any()
        for name in STATE:
            if name in a:
                assert_close(d_together[name][n], d_alone[name][0], "same sums", name=name)
        for name, total in sums.items():
            total += d_alone[name]
    for name, total in sums.items():
        assert_close(d_together[name], total, "same sums", name=name)


@quick
@given(cases, seeds, sizes, st.data())
def test_permuting_the_batch_permutes_the_output(
    case: str, seed: int, size: tuple[int, ...], data: st.DataObject
) -> None:
    T, N, _, H = size
    order = np.array(data.draw(st.permutations(range(N))), np.intp)
    rng = np.random.default_rng(seed)
    a, cotangents, mask = arguments(case, rng, *size), random_cotangents(case, rng, T, N, H), random_mask(rng, N, H)
    lengths = rng.integers(0, T + 1, N)
    p = {**a, "x": a["x"][:, order]} | {name: a[name][order] for name in STATE if name in a}
    p_cotangents = Cotangents(cotangents.dh[:, order], tuple(d[order] for d in cotangents.d_last))

    for one, other in zip(forward(case, a, lengths, mask), forward(case, p, lengths[order], mask[order]), strict=True):
        assert_close(other, one[:, order], "same sums")
    d_p = backward(case, p, p_cotangents, lengths[order], mask[order])
    for name, d in backward(case, a, cotangents, lengths, mask).items():
        expected = d[:, order] if name == "x" else d[order] if name in STATE else d
        assert_close(d_p[name], expected, "same sums", name=name)


@pytest.mark.parametrize("T", [0, 2])
@pytest.mark.parametrize("N", [0, 2])
@pytest.mark.parametrize("case", CASES)
def test_no_steps_and_no_rows_are_defined(case: str, T: int, N: int) -> None:
    rng = np.random.default_rng(8)
    a, cotangents = arguments(case, rng, T, N, 1, 1), random_cotangents(case, rng, T, N, 1)
    result = forward(case, a, lengths=[T] * N)
    np.testing.assert_array_equal(result[0][0], a["h_0"])
    for depth in (None, 1):
        gradients = backward(case, a, cotangents, [T] * N, bptt_depth=depth)
        assert {name: g.shape for name, g in gradients.items()} == {name: v.shape for name, v in a.items()}
        if T == 0:  # the initial state is the last one
            for name, d_last in zip(STATE, cotangents.d_last, strict=False):
                np.testing.assert_array_equal(gradients[name], d_last)


@pytest.mark.parametrize("case", CASES)
def test_arguments_are_left_alone_and_taken_in_any_form(case: str) -> None:
    """Lists, other orders, other byte orders and read-only arrays give the same numbers."""
    rng = np.random.default_rng(9)
    a = arguments(case, rng)
    mask = random_mask(rng, 3, 3)
    before = {name: value.copy() for name, value in a.items()}
    expected = forward(case, a, [4, 1, 0], mask)
    for value in a.values():
        value.setflags(write=False)
    for form in (
        np.asfortranarray,
        lambda v: v.astype(">f8"),
        lambda v: v.tolist(),
        lambda v: np.repeat(v, 2, -1)[..., ::2],
    ):
        for one, other in zip(
            expected, forward(case, {k: form(v) for k, v in a.items()}, (4, 1, 0), mask), strict=True
        ):
            np.testing.assert_array_equal(other, one)
    for name, value in before.items():
        np.testing.assert_array_equal(a[name], value)
