"""The bits of a result do not depend on threads, other rows, other calls, or the cut of a sequence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from elman import engine
from elman.engine import kernels
from kernels import samples
from kernels.calls import CASES, CELLS, DTYPES, STATE, STEPWISE, Problem, assert_same_bits, backward, forward, run
from kernels.subprocesses import run_python
from meta.repository import ROOT
from reference.cases import Arrays, Cotangents

THREADS = (1, 2, 3, 7)
# T, N, D, H of enough work to use seven threads in every stage; test_work_is_split_over_seven_threads counts them
SPLIT = {"rnn-tanh": (90, 24, 96, 88), "lstm": (23, 24, 96, 88), "gru-after": (30, 24, 96, 88)}
DENSE = (400, 120, 400)  # M, H, K
GATES = {"rnn-tanh": 1, "lstm": 4, "gru-after": 3}


def dense(n_threads: int, dtype: str) -> Arrays:
    rng = np.random.default_rng(1)
    M, H, K = DENSE
    h, W, do = (rng.normal(size=shape).astype(dtype) for shape in ((M, H), (H, K), (M, K)))
    o = engine.dense_forward(h, W, W[0], n_threads=n_threads)
    return {"o": o, **engine.dense_backward(do, h, W, n_threads=n_threads)._asdict()}


@pytest.mark.parametrize("case", CELLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_number_of_threads(isa: str, dtype: str, case: str) -> None:
    problem = Problem(case, dtype, *SPLIT[case])
    for lengths, mask in ((None, None), (problem.lengths, problem.mask)):
        states, gradients = run(problem, lengths, mask, n_threads=1)
        for n_threads in THREADS[1:]:
            more_states, more_gradients = run(problem, lengths, mask, n_threads=n_threads)
            assert_same_bits(more_states, states)
            assert_same_bits(more_gradients, gradients)


READINGS = ((0, False), (0, True), (60_000, True))  # bytes fetched beyond, copies short rows
AS_IT_COMES = (2**63 - 1, False)


@pytest.fixture
def reading() -> Iterator[None]:
    usual = kernels.reading()
    yield
    kernels.use_reading(*usual)


@pytest.mark.parametrize("case", CELLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_way_to_read_memory(isa: str, reading: None, dtype: str, case: str) -> None:
    """Weights fetched ahead, inputs hoisted because the weights are large, rows copied before they are summed."""
    problem = Problem(case, dtype, *SPLIT[case])
    for lengths, mask in ((None, None), (problem.lengths, problem.mask)):
        kernels.use_reading(*AS_IT_COMES)
        states, gradients = run(problem, lengths, mask, n_threads=1)
        for way in READINGS:
            for n_threads in (1, 2):
                kernels.use_reading(*way)
                other_states, other_gradients = run(problem, lengths, mask, n_threads=n_threads)
                assert_same_bits(other_states, states)
                assert_same_bits(other_gradients, gradients)


@pytest.mark.parametrize("dtype", DTYPES)
def test_long_rows_are_summed_in_pieces(isa: str, reading: None, dtype: str) -> None:
    """A single row reads the weights where they stand, in one piece."""
    rng = np.random.default_rng(2)
    h, W = (rng.normal(size=shape).astype(dtype) for shape in ((101, 1701), (1701, 70)))
    alone = np.concatenate([engine.dense_forward(row[None], W, W[0]) for row in h])
    for way in (AS_IT_COMES, *READINGS):
        kernels.use_reading(*way)
        assert_same_bits({"o": engine.dense_forward(h, W, W[0])}, {"o": alone})


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_number_of_threads_dense(isa: str, dtype: str) -> None:
    one = dense(1, dtype)
    for n_threads in THREADS[1:]:
        assert_same_bits(dense(n_threads, dtype), one)


def cross_entropy(n_threads: int, dtype: str) -> Arrays:
    rng = np.random.default_rng(1)
    M, H, K = DENSE
    h, W = (rng.normal(size=shape).astype(dtype) for shape in ((M, H), (H, K)))
    y = rng.integers(0, K, M)
    loss, gradients = engine.dense_cross_entropy(h, W, W[0], y, abs(h[:, 0]), n_threads=n_threads)
    return {"loss": np.array(loss), **gradients._asdict()}


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_number_of_threads_dense_cross_entropy(isa: str, dtype: str) -> None:
    one = cross_entropy(1, dtype)
    for n_threads in THREADS[1:]:
        assert_same_bits(cross_entropy(n_threads, dtype), one)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_thread_flushes_subnormal_numbers(isa: str, dtype: str) -> None:
    """Each product is subnormal, so what a thread that keeps them would add up differs from zero."""
    T, N, D, H = SPLIT["rnn-tanh"]
    root = np.sqrt(np.finfo(dtype).tiny) / 4
    x, W_x = np.full((T, N, D), root, dtype), np.full((D, H), root, dtype)
    h_0, W_h = np.zeros((N, H), dtype), np.zeros((H, H), dtype)
    for n_threads in THREADS:
        assert not engine.rnn_forward(x, h_0, W_x, W_h, activation="identity", n_threads=n_threads).any()
    M, H, K = DENSE
    h, W = np.full((M, H), root, dtype), np.full((H, K), root, dtype)
    for n_threads in THREADS:
        assert not engine.dense_forward(h, W, n_threads=n_threads).any()
        for gradient in engine.dense_backward(np.full((M, K), root, dtype), h, W, n_threads=n_threads)[:2]:
            assert not gradient.any()


COUNT = """
import json, os, sys
import numpy as np
from elman import engine
from kernels.calls import CELLS, Problem, run, forward, backward
from kernels.test_exact import SPLIT, dense
from kernels.test_readout import many_rows, many_values

def threads_of(work):
    # a forked child begins without workers, so its threads are those that this work asked for
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.write(write, str(len(os.listdir("/proc/self/task"))).encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return int(os.read(read, 20))

counts = {}
for case in CELLS:
    problem = Problem(case, "float32", *SPLIT[case])
    states = forward(engine, case, problem.a, n_threads=1)
    counts[case + " forward"] = threads_of(lambda: forward(engine, case, problem.a, n_threads=7))
    counts[case + " backward"] = threads_of(
        lambda: backward(engine, case, problem.a, states, problem.cotangents, n_threads=7)
    )
    counts[case + " on one"] = threads_of(lambda: run(problem, n_threads=1))
    small = Problem(case, "float32", 2, 24, 4, 8)
    counts[case + " small"] = threads_of(lambda: run(small, n_threads=7))
counts["dense"] = threads_of(lambda: dense(7, "float32"))
counts["silu"] = threads_of(lambda: many_values("silu", 7, "float32"))
counts["mixing readout"] = threads_of(lambda: many_rows(7, "float32"))
print(json.dumps(counts))
"""


def test_work_is_split_over_seven_threads() -> None:
    """Counted by the system: the computations above use seven threads, and one if one is requested."""
    counts = json.loads(run_python(COUNT))
    assert len(counts) == 4 * len(CELLS) + 3
    for name, count in counts.items():
        assert count == (1 if name.endswith(("one", "small")) else 7), counts


def test_every_stage_has_work_for_seven_threads() -> None:
    """Each product of a backward pass is large enough for seven threads, which the system cannot count."""
    per_thread = float(re.findall(r"multiply_adds / ([\d.e]+);", (ROOT / "cpp" / "kernels" / "gemm.h").read_text())[0])
    for case, (T, N, D, H) in SPLIT.items():
        assert T * N * D * H * GATES[case] > 7 * per_thread, case  # the gradient of x, smaller than that of h


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_alone_or_among_any_neighbours(isa: str, dtype: str, case: str) -> None:
    T, N, D, H = 5, 13, 3, 17
    problem = Problem(case, dtype, T, N, D, H)
    for ragged in (False, True):
        states, gradients = run(problem, problem.lengths if ragged else None, problem.mask)
        for rows in (*range(N), slice(0, 7), slice(4, 13), slice(None, None, 3), [5, 5, 0], np.arange(N)[::-1]):
            part = problem.rows(rows)
            index = np.atleast_1d(np.arange(N)[rows])
            part_states, part_gradients = run(part, part.lengths if ragged else None, part.mask)
            assert_same_bits(part_states, {name: value[:, index] for name, value in states.items()})
            expected = {n: g[:, index] if n == "dx" else g[index] for n, g in gradients.items() if n in STEPWISE}
            assert_same_bits(part_gradients, expected)


@pytest.mark.parametrize("case", CELLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_whose_input_products_are_hoisted(isa: str, dtype: str, case: str) -> None:
    """One or two rows form b + x W_x of many steps at once; the same rows among five form it step by step."""
    problem = Problem(case, dtype, 270, 5, 20, 200)
    for ragged in (False, True):
        states = forward(engine, case, problem.a, problem.lengths if ragged else None, problem.mask)
        for rows in ([0], [3], [1, 4]):
            part = problem.rows(rows)
            part_states = forward(engine, case, part.a, part.lengths if ragged else None, part.mask)
            assert_same_bits(part_states, {name: value[:, rows] for name, value in states.items()})


@pytest.mark.parametrize("case", CELLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_places_of_ones_or_one_hot_rows(isa: str, dtype: str, case: str) -> None:
    """An index gives the bits of the one-hot row, with few rows and many, for any number of threads."""
    for shape in ((5, 13, 7, 17), (270, 2, 20, 40), SPLIT[case]):
        problem = Problem(case, dtype, *shape)
        places = np.random.default_rng(0).integers(0, shape[2], shape[:2])
        rows, ones = ({**problem.a, "x": x} for x in (np.eye(shape[2], dtype=dtype)[places], places))
        for lengths, mask in ((None, None), (problem.lengths, problem.mask)):
            problem.a = rows
            states, gradients = run(problem, lengths, mask, n_threads=1)
            problem.a = ones
            for n_threads in THREADS if shape == SPLIT[case] else (1,):
                their_states, their_gradients = run(problem, lengths, mask, n_threads=n_threads)
                assert_same_bits(their_states, states)
                assert_same_bits(their_gradients, gradients)


@pytest.mark.parametrize("case", CELLS)
def test_gradients_of_ones_go_on_from_chunk_to_chunk(isa: str, case: str) -> None:
    """As for one-hot rows: the sums of later chunks of time are the initial values."""
    problem = Problem(case, "float32", 4, 5, 3, 17)
    places = np.random.default_rng(0).integers(0, 3, (4, 5))
    found = []
    for x in (np.eye(3, dtype="float32")[places], places):
        a = {**problem.a, "x": x}
        states = forward(engine, case, a, problem.lengths, problem.mask)
        gradients = backward(engine, case, a, states, problem.cotangents, problem.lengths, problem.mask)
        last, kept = dict(zip(("dh_T", "dc_T"), problem.last, strict=False)), states.get
        inputs = problem.dh, last["dh_T"], last.get("dc_T"), a["x"], kept("h"), kept("c"), kept("gates")
        ends = a["W_x"], a["W_h"], problem.lengths, problem.mask, False
        written = [gradients.get(f"d{name}") for name in ("x", "h_0", "c_0", "W_x", "W_h", "b", "b_hn")]
        kernels.layer_backward(case.partition("-")[0], "tanh", *inputs, *ends, *written, True, 1)
        found.append(gradients)
    assert_same_bits(found[1], found[0])
    once = backward(engine, case, a, states, problem.cotangents, problem.lengths, problem.mask)
    np.testing.assert_allclose(found[1]["dW_x"], 2 * once["dW_x"], rtol=1e-5, atol=1e-6)


def carried(states: Arrays, a: Arrays, lengths: np.ndarray | None) -> Arrays:
    """Return the initial state of a later chunk; an ended row keeps its last state."""
    last = np.full(a["h_0"].shape[0], len(states["h"]) - 1) if lengths is None else lengths
    rows = np.arange(len(last))
    return {name: states[name[0]][last, rows] for name in STATE if name in a}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_step_by_step_or_whole(isa: str, dtype: str, case: str) -> None:
    problem = Problem(case, dtype, 6, 5, 3, 17)
    whole = forward(engine, case, problem.a, None, problem.mask)
    state = {name: problem.a[name] for name in STATE if name in problem.a}
    for t in range(6):
        states = forward(engine, case, {**problem.a, **state, "x": problem.a["x"][t : t + 1]}, None, problem.mask)
        state = carried(states, problem.a, None)
        for name, value in whole.items():
            np.testing.assert_array_equal(states[name][-1], value[t if name == "gates" else t + 1])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_streaming_or_whole(isa: str, dtype: str, case: str) -> None:
    """The layer packed once and stepped in place gives the bits of the forward pass; with and without biases."""
    cell, _, variant = case.partition("-")
    for N in (1, 2, 7, 13):
        problem = Problem(case, dtype, 6, N, 3, 17)
        for without in ((), ("b",), ("b", "b_hn")):
            a = {name: value for name, value in problem.a.items() if name not in without}
            biases = {name: a[name] for name in ("b", "b_hn") if name in a}
            activation = variant if cell == "rnn" else "tanh"
            packed = engine.pack_layer(cell, a["W_x"], a["W_h"], **biases, activation=activation)
            whole = forward(engine, case, a)
            state = [a[name].copy() for name in STATE if name in a]
            for t in range(6):
                engine.step(packed, a["x"][t], *state)
                for value, name in zip(state, ("h", "c"), strict=False):
                    np.testing.assert_array_equal(value, whole[name][t + 1])
            places = np.random.default_rng(N).integers(0, 3, (6, N))
            whole = forward(engine, case, {**a, "x": places})
            packed = engine.pack_layer(cell, a["W_x"], a["W_h"], **biases, activation=activation, one_hot=True)
            state = [a[name].copy() for name in STATE if name in a]
            for t in range(6):
                engine.step(packed, places[t], *state)
            for value, name in zip(state, ("h", "c"), strict=False):
                np.testing.assert_array_equal(value, whole[name][-1])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_chunks_with_carried_state(isa: str, dtype: str, case: str) -> None:
    """Forward from chunk to chunk, backward from the last chunk to the first: states, dx, dh_0 and dc_0 of one run."""
    T = 7
    problem = Problem(case, dtype, T, 5, 3, 17)
    for ragged in (False, True):
        lengths = problem.lengths if ragged else None
        states, gradients = run(problem, lengths, problem.mask)
        for cuts in ((0, 3, T), (0, 1, 2, 5, T), (0, 0, T, T)):
            chunks = []
            state = {name: problem.a[name] for name in STATE if name in problem.a}
            for begin, end in pairwise(cuts):
                a = {**problem.a, **state, "x": problem.a["x"][begin:end]}
                some = None if lengths is None else np.clip(lengths - begin, 0, end - begin)
                chunk = forward(engine, case, a, some, problem.mask)
                chunks.append((a, some, chunk, problem.dh[begin:end]))
                for name, value in chunk.items():
                    expected = states[name][begin:end] if name == "gates" else states[name][begin + 1 : end + 1]
                    np.testing.assert_array_equal(value if name == "gates" else value[1:], expected)
                state = carried(chunk, problem.a, some)
            last, dx = problem.last, []
            for a, some, chunk, dh in reversed(chunks):
                d = backward(engine, case, a, chunk, Cotangents(dh, last), some, problem.mask)
                last = tuple(d[f"d{name}"] for name in STATE if name in a)
                dx.insert(0, d["dx"])
            np.testing.assert_array_equal(np.concatenate(dx), gradients["dx"])
            for name, value in zip(STATE, last, strict=False):
                np.testing.assert_array_equal(value, gradients[f"d{name}"])


def test_concurrent_calls() -> None:
    """Eight Python threads: one uses the pool, the others work alone, and all get the same bits."""
    problems = [Problem(case, "float32", *SPLIT[case], seed=seed) for case in CELLS for seed in (1, 2)]
    expected = [run(problem, problem.lengths, n_threads=1) for problem in problems]

    def work(number: int) -> list[tuple[int, Any]]:
        order = np.random.default_rng(number).permutation(len(problems)).tolist()
        return [(i, run(problems[i], problems[i].lengths, n_threads=3)) for i in order]

    with ThreadPoolExecutor(8) as executor:
        for results in executor.map(work, range(8)):
            for i, (states, gradients) in results:
                assert_same_bits(states, expected[i][0])
                assert_same_bits(gradients, expected[i][1])


def test_dense_rows_alone_or_together(isa: str) -> None:
    rng = np.random.default_rng(2)
    for dtype in DTYPES:
        h, W, b, do = (rng.normal(size=shape).astype(dtype) for shape in ((23, 19), (19, 21), (21,), (23, 21)))
        o, dh = engine.dense_forward(h, W, b), engine.dense_backward(do, h, W).dh
        for rows in (*range(23), slice(3, 9), slice(None, None, 2), [7, 7, 1]):
            part_h, part_do = np.atleast_2d(h[rows]), np.atleast_2d(do[rows])
            np.testing.assert_array_equal(engine.dense_forward(part_h, W, b), np.atleast_2d(o[rows]))
            np.testing.assert_array_equal(engine.dense_backward(part_do, part_h, W).dh, np.atleast_2d(dh[rows]))


def test_softmax_and_losses_row_by_row(isa: str) -> None:
    rng = np.random.default_rng(3)
    for dtype in DTYPES:
        for K in (3, 16, 21):
            o, y = (3 * rng.normal(size=(9, K)).astype(dtype) for _ in range(2))
            p, (_, do) = (
                engine.activation_forward(o, "softmax"),
                engine.categorical_cross_entropy(o, y, reduction="sum"),
            )
            logs = engine.activation_forward(o, "log_softmax")
            for row in range(9):
                np.testing.assert_array_equal(engine.activation_forward(o[row], "softmax"), p[row])
                np.testing.assert_array_equal(engine.activation_forward(o[row], "log_softmax"), logs[row])
                _, row_do = engine.categorical_cross_entropy(o[row], y[row], reduction="sum")
                np.testing.assert_array_equal(row_do, do[row])


@pytest.mark.parametrize("case", CELLS)
def test_weight_gradients_of_a_padded_batch_are_those_of_its_steps(isa: str, case: str) -> None:
    """Padding takes no part in any sum: a longer T with the same lengths changes no bit."""
    problem = Problem(case, "float32", 6, 9, 3, 17)
    lengths = np.minimum(problem.lengths, 4)
    _, gradients = run(problem, lengths, problem.mask)
    short = Problem(case, "float32", 6, 9, 3, 17)
    short.a["x"], short.dh = problem.a["x"][:4], problem.dh[:4]
    _, expected = run(short, lengths, problem.mask)
    gradients["dx"] = gradients["dx"][:4]
    assert_same_bits(gradients, expected)


def test_gates_may_be_left_out(isa: str) -> None:
    """Inference keeps no gates; the states are the same."""
    for case in ("lstm", "gru-after"):
        problem = Problem(case, "float32", 4, 5, 3, 17)
        a, expected = problem.a, forward(engine, case, problem.a)
        h, c = np.empty_like(expected["h"]), np.empty_like(expected["h"])
        inputs, weights = (a["x"], a["h_0"], a.get("c_0")), (a["W_x"], a["W_h"], a["b"], a.get("b_hn"))
        kernels.layer_forward(case.partition("-")[0], "tanh", *inputs, *weights, None, None, h, c, None)
        if case == "lstm":
            np.testing.assert_array_equal(c, expected["c"])
        np.testing.assert_array_equal(h, expected["h"])


def test_inputs_need_no_gradient(isa: str) -> None:
    """Without dx the other gradients are the same."""
    problem = Problem("lstm", "float32", 4, 5, 3, 17)
    states, gradients = run(problem, problem.lengths, problem.mask)
    others = {name: np.empty_like(value) for name, value in gradients.items() if name != "dx"}
    kernels.layer_backward(
        "lstm",
        "tanh",
        problem.dh,
        *problem.last,
        problem.a["x"],
        *states.values(),
        problem.a["W_x"],
        problem.a["W_h"],
        problem.lengths,
        problem.mask,
        False,
        None,
        *others.values(),
        None,
        False,
    )
    assert_same_bits(others, {name: value for name, value in gradients.items() if name != "dx"})


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_start_from_zeros_may_be_left_out(isa: str, dtype: str, cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without h_0 and c_0 the first step meets no W_h, and without dh_0 and dc_0 it has no adjoint to pass on."""
    for shape in ((4, 13, 3, 17), (1, 5, 3, 9), (20, 1, 17, 40), (0, 2, 3, 5)):
        for name, size in zip("TNDH", shape, strict=True):
            monkeypatch.setattr(samples, name, size)
        calls = samples.raw_calls(dtype)
        forward_call, backward_call = calls[f"{cell}_forward"], calls[f"{cell}_backward"]
        lengths = np.random.default_rng(0).integers(0, shape[0] + 1, shape[1])
        zeros = {name: np.zeros(shape[1::2], dtype) for name in STATE if name in forward_call.arguments}
        outputs = []
        for start in (zeros, dict.fromkeys(zeros)):
            written = {name: np.zeros_like(forward_call.arguments[name]) for name in forward_call.written}
            forward_call(lengths=lengths, **start, **written)
            outputs.append(written)
        assert_same_bits(outputs[1], outputs[0])
        found = []
        for left_out in ((), ("dh_0", "dc_0")):
            gradients = {name: np.zeros_like(backward_call.arguments[name]) for name in backward_call.written}
            absent = {name: None for name in left_out if name in gradients}
            backward_call(lengths=lengths, **gradients | absent)
            found.append({name: value for name, value in gradients.items() if name not in ("dh_0", "dc_0")})
        assert_same_bits(found[1], found[0])


@pytest.mark.parametrize("case", SPLIT)
def test_few_rows_and_many_units(case: str) -> None:
    """Each step is split by units; on the fastest level alone, because the split is the same on all."""
    three = Problem(case, "float32", 3, 3, 30, 1600)
    for problem in (three, three.rows([0])):
        states, gradients = run(problem, None, None, n_threads=1)
        for n_threads in THREADS[1:]:
            more_states, more_gradients = run(problem, None, None, n_threads=n_threads)
            assert_same_bits(more_states, states)
            assert_same_bits(more_gradients, gradients)
