"""The lessons' numbers: literal ones from the lecture notes, and the notes' equations written out beside the traces."""

from __future__ import annotations

import numpy as np
import pytest

from elman import ArgumentError
from elman.explain import LESSONS, Lesson
from elman.explain.blocks import Slip, Table
from elman.explain.lessons._common import by_row
from elman.explain.lessons.by_hand_sum import mixture
from elman.explain.lessons.next_word import arriving
from elman.explain.lessons.sequences import CLASSES, X
from elman.explain.lessons.window_forecast import HORIZON, SERIES, W_H, W_X, W_Y, WINDOW, zero_start
from elman.explain.tracing import Trace
from elman.reference import softmax
from explain.nets import lesson
from tolerances import assert_close

PRINTED = 5e-5  # half a unit of the last digit of what is printed with four decimals


def tables(taught: Lesson) -> dict[str, Table]:
    return {b.caption: b for s in taught.sections for b in s.blocks if isinstance(b, Table) and b.caption}


def slips(taught: Lesson) -> list[Slip]:
    return [block for section in taught.sections for block in section.blocks if isinstance(block, Slip)]


@pytest.mark.parametrize("name", LESSONS)
def test_every_check_of_every_lesson_passes(name: str) -> None:
    taught = lesson(name)
    assert (taught.name, taught.title) == (name, LESSONS[name])
    details = [epoch.detail for trace in taught.traces.values() for epoch in trace.epochs if epoch.detail]
    checks = [check for detail in details for check in detail.checks]
    assert len(checks) == 4 * len(details)
    assert [check for check in checks if not check.passed or check.limit > 1e-9] == []


def test_an_unknown_lesson_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"lesson: name must be one of 'by-hand-sum', .*, got 'by-hand-som'"):
        lesson("by-hand-som")


# --- one unit learns to add ---


def test_sum_forward() -> None:
    worked = lesson("by-hand-sum").traces["tanh"]
    h = worked.chains.chains[0].layers[0].h[1:, :, 0].T
    expected = [[0.7616, 0.6420, 0.5663], [0.0, 0.7616, 0.9427], [0.7616, 0.9427, 0.9597]]
    np.testing.assert_allclose(h, expected, rtol=0, atol=PRINTED)
    assert worked.epochs[0].loss == pytest.approx(1.8229, abs=PRINTED)


def test_sum_gradients_by_step() -> None:
    taught = lesson("by-hand-sum")
    worked = taught.traces["tanh"]
    expected = {
        "layers.0.W_x": (-0.284214, [-0.185791, -0.044912, -0.053511]),
        "layers.0.W_h": (-0.384079, [-0.287041, -0.097038, 0.0]),
    }
    for name, (total, steps) in expected.items():
        assert worked.epochs[0].gradient[name].item() == pytest.approx(total, abs=5e-7)
        paths = worked.first.paths
        by_step = [paths.contribution(leg, name).item() for leg in sorted(paths.legs_of(name), key=lambda leg: -leg.k)]
        np.testing.assert_allclose(by_step, steps, rtol=0, atol=5e-7)
        for k, step in zip((3, 2, 1), steps, strict=True):
            assert by_row(worked, name, 3, k).sum() == pytest.approx(step, abs=5e-7)
    rows = tables(taught)["∂L/∂w_x, step by step"].rows
    assert [row[-1] for row in rows] == ["-0.185791", "-0.044912", "-0.053511", "-0.284214"]


def test_sum_terms_of_the_printed_mixture() -> None:
    taught = lesson("by-hand-sum")
    terms, as_printed = mixture(taught.traces["tanh"])
    assert {name: round(value, 4) for name, value in terms.items()} == {
        "a": -2.0650, "b": -2.0047, "c": -2.0650, "d": -1.2561, "e": -1.6493, "f": 0.0,
    }  # fmt: skip
    assert {name: round(value, 4) for name, value in as_printed.items()} == {"b": -2.1336, "d": -2.0047, "e": -1.4678}
    said = " ".join(f"{slip.written} {slip.right} {slip.why}" for slip in slips(taught))
    for number in ("−1.36", "-2.0650", "-2.0047", "-2.1336", "-1.2561", "-1.4678", "-1.6493", "η ((a) + (c) + (e))"):
        assert number in said


def test_sum_update_and_stopping() -> None:
    worked = lesson("by-hand-sum").traces["tanh"]
    second = worked.epochs[1].parameters
    assert second["layers.0.W_x"].item() == pytest.approx(1 + 0.5 * 0.284214, abs=5e-7)
    assert second["layers.0.W_h"].item() == pytest.approx(1 + 0.5 * 0.384079, abs=5e-7)
    assert second["output.W_y"].item() == 1.0
    losses = [epoch.loss for epoch in worked.epochs]
    assert losses == sorted(losses, reverse=True)
    assert min(losses) > 5 / 3  # outputs stay below 1
    assert worked.reason == f"update {len(losses) - 1} lowered the loss by {losses[-2] - losses[-1]:.3g}"
    assert losses[-2] - losses[-1] < 1e-4


def test_sum_with_the_identity() -> None:
    taught = lesson("by-hand-sum")
    exact, learning = taught.traces["identity"], taught.traces["identity-learning"]
    np.testing.assert_array_equal(exact.epochs[0].predictions, [[1.0], [2.0], [3.0]])
    assert exact.epochs[0].loss == 0.0
    assert all(value.item() == 0.0 for value in exact.epochs[0].gradient.values())
    assert learning.epochs[-1].loss < 1e-4
    for name in ("layers.0.W_x", "layers.0.W_h"):
        assert learning.epochs[-1].parameters[name].item() == pytest.approx(1.0, abs=0.01)


# --- a window slides over a series ---


def longhand(W: np.ndarray, U: np.ndarray, V: np.ndarray, depth: int | None) -> list[np.ndarray]:
    """Return dL/dW, dL/dU, dL/dV component by component, as sums over paths no longer than ``depth`` steps."""
    series, T, K = SERIES, WINDOW, HORIZON
    steps = len(series) - T - K + 1
    h = [np.zeros(len(W))]
    for t in range(steps):
        h.append(1 / (1 + np.exp(-(series[t : t + T] @ U + h[-1] @ W))))
    dW, dU, dV = np.zeros_like(W), np.zeros_like(U), np.zeros_like(V)
    for t in range(1, steps + 1):
        error = h[t] @ V - series[t - 1 + T : t - 1 + T + K]
        dV += np.outer(h[t], error)
        dh = V @ error
        for k in range(t, 0, -1):
            if depth is not None and t - k >= depth:
                break
            da = dh * h[k] * (1 - h[k])
            dW += np.outer(h[k - 1], da)
            dU += np.outer(series[k - 1 : k - 1 + T], da)
            dh = W @ da
    return [dW, dU, dV]


@pytest.mark.parametrize(("name", "depth"), [("one-step", 1), ("full", None)])
def test_window_gradients(name: str, depth: int | None) -> None:
    worked = lesson("window-forecast").traces[name]
    assert worked.chains.steps == 9 - 3 - 2 + 1
    expected = longhand(W_H, W_X, W_Y, depth)
    for parameter, gradient in zip(("layers.0.W_h", "layers.0.W_x", "output.W_y"), expected, strict=True):
        assert_close(worked.epochs[0].gradient[parameter], gradient, "same sums", name=parameter)


def test_window_gradients_in_numbers() -> None:
    """Computed once from the equations written out above; they must not move."""
    traces = lesson("window-forecast").traces
    one, full = (traces[name].epochs[0] for name in ("one-step", "full"))
    assert one.loss == full.loss == pytest.approx(0.500416, abs=5e-7)
    np.testing.assert_allclose(one.gradient["layers.0.W_h"], ONE_STEP_W_H, rtol=0, atol=5e-7)
    np.testing.assert_allclose(full.gradient["layers.0.W_h"], FULL_W_H, rtol=0, atol=5e-7)
    assert_close(one.gradient["output.W_y"], full.gradient["output.W_y"], "same sums")


ONE_STEP_W_H = [[0.077318, -0.103464], [0.080577, -0.102712]]
FULL_W_H = [[0.095750, -0.117865], [0.100952, -0.118738]]


def test_window_slips_and_zero_start() -> None:
    taught = lesson("window-forecast")
    assert "n − T − K + 1 = 5 windows" in [slip.right for slip in slips(taught)]
    weights = zero_start(20)
    np.testing.assert_array_equal(weights["layers.0.W_x"][:, 0], weights["layers.0.W_x"][:, 1])
    np.testing.assert_array_equal(weights["output.W_y"][0], weights["output.W_y"][1])
    assert np.abs(weights["output.W_y"]).min() > 0.1


# --- two lags of a sine wave ---


def test_lags_are_fed_oldest_first() -> None:
    worked = lesson("sine-two-lags").traces["rnn"]
    wave = np.sin(2 * np.pi * np.arange(1, 6) / 12)
    np.testing.assert_allclose(worked.x[:, :, 0], [wave[0:3], wave[1:4]], rtol=0, atol=PRINTED)
    np.testing.assert_allclose(worked.y[:, 0], wave[2:5], rtol=0, atol=PRINTED)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_lags_are_learnt(cell: str) -> None:
    worked = lesson("sine-two-lags").traces[cell]
    assert worked.architecture.cell == cell
    assert worked.epochs[-1].loss < worked.epochs[0].loss / 10
    assert len(worked.first.to_dict()["factors"]["ds/ds:forward:2"]["value"][0]) == {"rnn": 2, "lstm": 4}[cell]


# --- the next word ---


def test_words_one_step_has_no_memory() -> None:
    worked = lesson("next-word").traces["one-step"]
    np.testing.assert_array_equal(worked.epochs[0].gradient["layers.0.W_h"], np.zeros((2, 2)))
    w = worked.epochs[0].parameters
    h = 1 / (1 + np.exp(-(w["layers.0.W_x"][0] + w["layers.0.b"])))
    assert_close(worked.epochs[0].predictions[0, 0], softmax(h @ w["output.W_y"] + w["output.b_y"]), "same sums")
    assert worked.epochs[0].loss == pytest.approx(-np.log(worked.epochs[0].predictions[0, 0, 1]), rel=1e-12)


def word_states(worked: Trace) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """Return h_0 … h_3 as f(f(f(h_0, x_1), x_2), x_3), written out."""
    w = worked.epochs[0].parameters

    def f(h: np.ndarray, word: int) -> np.ndarray:
        return 1 / (1 + np.exp(-(w["layers.0.W_x"][word] + h @ w["layers.0.W_h"] + w["layers.0.b"])))

    h_0 = np.zeros(2)
    return [h_0, f(h_0, 0), f(f(h_0, 0), 1), f(f(f(h_0, 0), 1), 2)], w


def test_words_nested_composition() -> None:
    worked = lesson("next-word").traces["three-steps"]
    h, _ = word_states(worked)
    assert_close(worked.chains.chains[0].layers[0].h[:, 0], np.stack(h), "same sums")
    said = [b["formula"]["text"] for s in lesson("next-word").to_dict()["sections"] for b in s["blocks"]
            if b["kind"] == "formula"]  # fmt: skip
    assert "h_3 = f(f(f(h_0, x_1), x_2), x_3)" in said


def test_words_paths_of_w_hh_and_the_answer_for_w_xh() -> None:
    worked = lesson("next-word").traces["three-steps"]
    h, w = word_states(worked)
    slope = [np.diag(h_k * (1 - h_k)) for h_k in h]
    W = w["layers.0.W_h"]
    d_hh, d_xh = np.zeros((2, 2)), np.zeros((5, 2))
    for t, label in ((1, 1), (2, 2), (3, 3)):
        P = softmax(h[t] @ w["output.W_y"] + w["output.b_y"])
        dh = (P - np.eye(5)[label]) @ w["output.W_y"].T
        products = [dh @ slope[t], dh @ slope[t] @ W.T @ slope[t - 1]]
        if t == 3:
            products.append(dh @ slope[3] @ W.T @ slope[2] @ W.T @ slope[1])
        for k, delta in zip(range(t, 0, -1), products, strict=False):
            leg = next(leg for leg in worked.first.paths.legs if (leg.t, leg.k) == (t, k))
            assert_close(arriving(worked, leg)[0], delta, "same sums", name=f"delta {t} -> {k}")
            assert_close(worked.first.paths.contribution(leg, "layers.0.W_h"), np.outer(h[k - 1], delta), "same sums")
            d_hh += np.outer(h[k - 1], delta)
            d_xh += np.outer(np.eye(5)[k - 1], delta)  # the k-th word of the sentence has index k - 1
    assert_close(worked.epochs[0].gradient["layers.0.W_h"], d_hh, "same sums")
    assert_close(worked.epochs[0].gradient["layers.0.W_x"], d_xh, "same sums")


# --- a general network, three steps, cross-entropies ---


@pytest.mark.parametrize("kind", ["binary", "categorical"])
@pytest.mark.parametrize("name", ["sequence-to-vector", "sequence-to-sequence"])
def test_path_sums_of_three_steps(name: str, kind: str) -> None:
    """∂L/∂W_h, ∂L/∂W_x and ∂L/∂b as the sum over (t, k), written out with matrices."""
    worked = lesson(name).traces[kind]
    w = worked.epochs[0].parameters
    W, V = w["layers.0.W_h"], w["output.W_y"]
    h = [np.zeros((2, 2))]
    for x in X:
        h.append(np.tanh(x @ w["layers.0.W_x"] + h[-1] @ W + w["layers.0.b"]))
    outputs = (3,) if name == "sequence-to-vector" else (1, 2, 3)
    found, loss = paths(worked), 0.0
    total = dict.fromkeys(("layers.0.W_x", "layers.0.W_h", "layers.0.b"), 0.0)
    for t in outputs:
        o = h[t] @ V + w["output.b_y"]
        y = CLASSES[t - 1]
        if kind == "binary":
            p = 1 / (1 + np.exp(-o))
            loss -= np.where(y == 1, np.log(p[:, 0]), np.log(1 - p[:, 0])).sum()
            do = p - y[:, np.newaxis]
        else:
            p = np.exp(o) / np.exp(o).sum(axis=1, keepdims=True)
            loss -= np.log(p[np.arange(2), y]).sum()
            do = p - np.eye(2)[y]
        dh = do @ V.T
        for k in range(t, 0, -1):
            da = dh * (1 - h[k] ** 2)
            terms = {"layers.0.W_x": X[k - 1].T @ da, "layers.0.W_h": h[k - 1].T @ da, "layers.0.b": da.sum(axis=0)}
            for key, term in terms.items():
                assert_close(found[t, k][key], term, "same sums", name=f"{key} {t} {k}")
                total[key] = total[key] + term
            dh = da @ W.T
    assert set(found) == {(t, k) for t in outputs for k in range(1, t + 1)}
    assert worked.epochs[0].loss == pytest.approx(loss, rel=1e-12)
    for key, value in total.items():
        assert_close(worked.epochs[0].gradient[key], value, "same sums", name=key)
    assert worked.epochs[-1].loss < worked.epochs[0].loss / 4


def paths(worked: Trace) -> dict[tuple[int, int], dict[str, np.ndarray]]:
    summed = worked.first.paths
    names = ("layers.0.W_x", "layers.0.W_h", "layers.0.b")
    return {(leg.t, leg.k): {name: summed.contribution(leg, name) for name in names} for leg in summed.legs}


# --- derivatives ---


def test_losses_in_numbers() -> None:
    """By hand: e^1, e^2, e^0.5 over their sum; p - y; σ(0.5) = 0.62246, σ' = 0.23500."""
    said = " ".join(b["formula"]["text"] for s in lesson("losses").to_dict()["sections"] for b in s["blocks"]
                    if b["kind"] == "formula")  # fmt: skip
    for number in (
        "p = [0.2312 0.6285 0.1402]",
        "[0.1778 -0.1453 -0.0324; -0.1453 0.2335 -0.0881; -0.0324 -0.0881 0.1206]",
        "[0.2312 -0.3715 0.1402]",
        "σ'(0.5) = 0.6225 · (1 − 0.6225) = 0.235",
        "L = 0.4644",
        "[-0.5 0.5]",
        "-0.3775",
    ):
        assert number in said
