"""The lessons against the equations of the lecture notes A to E: literal numbers, or the equation written out."""

from __future__ import annotations

from itertools import pairwise
from math import exp, tanh
from typing import Any

import numpy as np
import pytest

from elman.explain import Lesson, render
from elman.explain.blocks import Picture, Slip, Table
from elman.explain.lessons import feedback, gates, many_to_one, truncated, vanishing
from elman.explain.lessons.by_hand_sum import printed_update
from elman.explain.lessons.shapes import products
from elman.explain.lessons.stock_and_gold import examples, note_layout
from elman.explain.lessons.window_forecast import W_H, W_X, W_Y, late_gradient, zero_start
from elman.reference import numerical_gradient
from explain.nets import lesson

SIX = 5e-7  # half a unit of the sixth decimal


def blocks(taught: Lesson, kind: Any) -> list[Any]:
    return [block for section in taught.sections for block in section.blocks if isinstance(block, kind)]


def table(name: str, caption: str) -> list[tuple[Any, ...]]:
    return next(list(b.rows) for b in blocks(lesson(name), Table) if b.caption == caption)


def slip(name: str, written: str) -> Slip:
    return next(s for s in blocks(lesson(name), Slip) if s.written == written)


def formulas(name: str) -> list[str]:
    sections = lesson(name).to_dict()["sections"]
    return [b["formula"]["text"] for s in sections for b in s["blocks"] if b["kind"] == "formula"]


def sigma(a: float) -> float:
    return 1 / (1 + exp(-a))


# --- note A: windows, sigmoid, one-step gradients ---


def test_note_a_update_1_from_zero_moves_v_alone() -> None:
    """V ← V − η Σ (ŷ − y) hᵀ with h = 1/2, ŷ = 0: rows 0.1 · 0.5 · (3.1, 2.9); ∂L/∂W = ∂L/∂U = 0 for V = 0."""
    weights = zero_start(1)
    np.testing.assert_allclose(weights["output.W_y"], [[0.155, 0.145]] * 2, rtol=0, atol=1e-15)
    assert not weights["layers.0.W_x"].any() and not weights["layers.0.W_h"].any()
    assert "η Σ_t 1/2 y_t = 0.1 · 0.5 · [3.1 2.9] = [0.155 0.145]" in formulas("window-forecast")


def test_note_a_v_updated_before_u() -> None:
    """∂L/∂U = Σ_t x_tᵀ [(ŷ_t − y_t) V ⊙ h ⊙ (1 − h)], with V and with V − η ∂L/∂V."""
    one = lesson("window-forecast").traces["one-step"]
    right, late = late_gradient(one)
    np.testing.assert_allclose(right, one.epochs[0].gradient["layers.0.W_x"], rtol=0, atol=1e-15)
    h, expected = np.zeros(2), np.zeros_like(W_X)
    new = W_Y - 0.1 * one.epochs[0].gradient["output.W_y"]
    for x, y in zip(one.x[:, 0], one.y[:, 0], strict=True):
        h = 1 / (1 + np.exp(-(x @ W_X + h @ W_H)))
        expected += np.outer(x, (h @ W_Y - y) @ new.T * h * (1 - h))
    np.testing.assert_allclose(late, expected, rtol=1e-12)
    assert (round(right[0, 0], 4), round(late[0, 0], 4)) == (0.0382, 0.0207)
    assert (
        slip("window-forecast", "W_y is updated before ∂L/∂W_x is computed").right
        == "all gradients first, then all updates"
    )


def test_note_a_slips() -> None:
    """J hidden units, not I; ∂L/∂W and ∂L/∂U, not ∂L/∂U twice."""
    assert slip("window-forecast", "I hidden units").right == "J hidden units"
    assert slip("window-forecast", "∂L/∂W_x, printed twice").right == "∂L/∂W_h and ∂L/∂W_x"
    (picture,) = blocks(lesson("window-forecast"), Picture)
    assert picture.windows == ((0, 3, 2),) and len(picture.series[0][1]) == 9


# --- note B: lags of a wave, LSTM ---


def test_note_b_axes_and_wave() -> None:
    """X is L × N × D with L = 2 lags, and y_t = sin(2π t / 12)."""
    assert [row[1:3] for row in table("sine-two-lags", "The axes of X, L × N × D")] == [
        ("L", "T"),
        ("N", "N"),
        ("D", "D"),
    ]
    (picture,) = blocks(lesson("sine-two-lags"), Picture)
    wave = picture.series[0][1]
    assert picture.windows == ((1, 2, 1), (2, 2, 1), (3, 2, 1))
    worked = lesson("sine-two-lags").traces["lstm"]
    np.testing.assert_allclose(worked.x[:, 0, 0], wave[1:3], rtol=0, atol=5e-5)
    assert worked.x.shape == (2, 3, 1) and (worked.x != 0).all()


def lstm_by_hand() -> tuple[dict[str, float], dict[str, float]]:
    """Return gates, cell and state of steps 1 and 2 by the six equations, without arrays."""
    w_x, w_h, b = (dict(zip("ifgo", row, strict=True)) for row in ((0.5, -0.3, 0.8, 0.4), (0.7, 0.2, -0.6, 0.3),
                                                                  (0.1, 1.0, 0.2, -0.1)))  # fmt: skip
    h, c, steps = 0.2, 0.3, []
    for x in (0.6, -0.4):
        a = {gate: x * w_x[gate] + h * w_h[gate] + b[gate] for gate in "ifgo"}
        found = {gate: tanh(a[gate]) if gate == "g" else sigma(a[gate]) for gate in "ifgo"}
        c = found["f"] * c + found["i"] * found["g"]
        h = found["o"] * tanh(c)
        steps.append(found | {"c": c, "h": h})
    return steps[0], steps[1]


def test_note_b_lstm_gate_by_gate() -> None:
    """i, f, o = σ(…), g = tanh(…), c = f c + i g, h = o tanh(c); no number is 0."""
    nodes = {node.id: node.value.item() for node in lesson("lstm").traces["lstm"].first.forward}
    for t, step in enumerate(lstm_by_hand(), 1):
        for name, value in step.items():
            assert nodes[f"forward/{name}/1/{t}"] == pytest.approx(value, rel=1e-12), (name, t)
    assert all(nodes.values())
    said = formulas("lstm")
    assert "i_1 = σ(a_i,1) = σ(0.54) = 0.6318" in said
    assert "c_1 = f_1 ⊙ c_0 + i_1 ⊙ g_1 = 0.7027 · 0.3 + 0.6318 · 0.508 = 0.5317" in said
    assert "h_2 = o_2 ⊙ tanh(c_2) = 0.4552 · tanh(0.2635) = 0.1172" in said
    equations = [text for text in said if text.split(" ")[0] in ("i_t", "f_t", "g_t", "o_t", "c_t", "h_t")]
    assert len(equations) == 6


def test_note_b_lstm_backward() -> None:
    """dc_1 = dh_1 o_1 (1 − tanh² c_1) + dc_2 f_2; without c_1 the path to step 1 is another number."""
    one, two = lstm_by_hand()
    dh_2 = 2 * (two["h"] * 1.5 + 0.1 - 0.5) * 1.5
    dc_2 = dh_2 * two["o"] * (1 - tanh(two["c"]) ** 2)
    da = {"i": dc_2 * two["g"] * two["i"] * (1 - two["i"]), "f": dc_2 * one["c"] * two["f"] * (1 - two["f"]),
          "g": dc_2 * two["i"] * (1 - two["g"] ** 2)}  # fmt: skip
    da["o"] = dh_2 * tanh(two["c"]) * two["o"] * (1 - two["o"])
    dh_1 = da["i"] * 0.7 + da["f"] * 0.2 + da["g"] * -0.6 + da["o"] * 0.3
    dc_1 = dh_1 * one["o"] * (1 - tanh(one["c"]) ** 2) + dc_2 * two["f"]
    worked = lesson("lstm").traces["lstm"]
    adjoints = {node.id: node.value.item() for node in worked.first.backward}
    for name, value in (("dh/1/1", dh_1), ("dc/1/1", dc_1), ("dc/1/2", dc_2), ("da_f/1/2", da["f"])):
        assert adjoints[f"forward/{name}"] == pytest.approx(value, rel=1e-12), name
    di_1 = one["g"] * one["i"] * (1 - one["i"])
    assert worked.epochs[0].gradient["layers.0.b"][0] == pytest.approx(da["i"] + dc_1 * di_1, rel=1e-12)
    assert gates.alone(worked) == pytest.approx(0.003871, abs=SIX)
    assert dc_1 * di_1 == pytest.approx(-0.021925, abs=SIX)


def test_gru_gate_by_gate() -> None:
    """r, z = σ(…), n = tanh(x W + b + r q), h = (1 − z) n + z h; also with the reset gate before the product."""
    h, states = 0.2, []
    for x in (0.6, -0.4):
        r, z = sigma(0.5 * x + 0.7 * h + 0.1), sigma(-0.3 * x + 0.2 * h + 0.4)
        n = tanh(0.8 * x + 0.2 + r * (-0.6 * h + 0.3))
        if not states:
            before = (1 - z) * tanh(0.8 * x + 0.2 + -0.6 * (r * h) + 0.3) + z * h
        h = (1 - z) * n + z * h
        states.append(h)
    np.testing.assert_allclose(lesson("gru").traces["gru"].chains.chains[0].layers[0].h[1:, 0, 0], states, rtol=1e-12)
    assert gates.reset_before() == pytest.approx(before, rel=1e-12) == pytest.approx(0.425661, abs=SIX)


# --- note C: series fed back, stock and gold, words ---


def test_note_c_rows_fed_back() -> None:
    """[0.5 0.6 0.7] → 0.72, and the row after [0.72 0.611 0.64] begins with 0.611."""
    rows = table("fed-back-forecast", "The rows of the note")
    assert rows[0][1:] == ("[0.5 0.6 0.7]", "0.72") and rows[4][1] == "[0.611 0.64 …]"
    assert slip("fed-back-forecast", "a row [0.64, …] without 0.611").right == "[0.611, 0.64, …]"
    own = feedback.fed_back(lesson("fed-back-forecast").traces["window"])
    np.testing.assert_array_equal(own[0][0], [0.5, 0.6, 0.7])
    for (window, value), (following, _) in pairwise(own):
        np.testing.assert_array_equal(following, [*window[1:], value])


def test_note_c_series_to_700() -> None:
    """691 windows of 10; tanh(0.1 · (692 + … + 700)) = tanh(626.4) = 1: the mean 355; centered: 701."""
    assert table("fed-back-forecast", "Windows")[-1] == ("691 … 699", "700")
    assert feedback.saturated(692) == (pytest.approx(626.4), 1.0)
    assert np.arange(10, 701).mean() == 355.0 and len(np.arange(10, 701)) == 691
    said = " ".join(block["text"] for s in lesson("fed-back-forecast").to_dict()["sections"] for block in s["blocks"]
                    if block["kind"] == "text")  # fmt: skip
    mean = "mean of the labels 10 … 700 has the least squared error: 355"
    for part in ("700 − 10 + 1 = 691", mean, "1.0014", "= 701.0000"):
        assert part in said
    centered = lesson("fed-back-forecast").traces["centered"]
    assert 700 + feedback.predicted(centered, np.array([-2.0, -1.0, 0.0])) == pytest.approx(701.0, abs=5e-5)
    gap = numerical_gradient(lambda w: float(np.tanh(np.arange(692.0, 701.0) @ w)), np.full(9, 0.1))
    assert not gap.any()  # W_x is not updated
    assert "ŷ = 2 x_t − x_(t−1) = 2 · 700 − 699 = 701" in formulas("fed-back-forecast")


def test_note_c_stock_and_gold() -> None:
    """700 − 20 = 680 windows, not 679; (N, 2, L) becomes (T, N, D) with the series as channels."""
    assert slip("stock-and-gold", "(679, 2, 20)").right == "(680, 2, 20)"
    assert len(np.lib.stride_tricks.sliding_window_view(np.arange(700), 20)[:-1]) == 680
    x, y = examples()
    assert x.shape == (3, 4, 2) and note_layout().shape == (4, 2, 3)
    np.testing.assert_array_equal(x[:, 1], [[0.53, 0.29], [0.51, 0.31], [0.56, 0.28]])
    np.testing.assert_array_equal(y[:, 0], [0.56, 0.58, 0.61, 0.60])
    worked = lesson("stock-and-gold").traces["channels"]
    rows = table("stock-and-gold", "∂L/∂W_x")
    np.testing.assert_allclose([[float(v) for v in row[1:]] for row in rows], worked.epochs[0].gradient["layers.0.W_x"],
                               rtol=0, atol=SIX)  # fmt: skip
    assert worked.epochs[-1].loss < worked.epochs[0].loss / 100


def test_note_c_many_to_one() -> None:
    """J = −Σ ln P(next word | three words): one output per window, and ∂J/∂o = P − y."""
    x, y = many_to_one.windows()
    np.testing.assert_array_equal(x.T, [[0, 1, 2], [1, 2, 3], [2, 3, 4]])
    np.testing.assert_array_equal(y, [3, 4, 5])
    worked = lesson("next-word-from-three").traces["windows"]
    w, h = worked.epochs[0].parameters, np.zeros((3, 2))
    for words in x:
        h = np.tanh(w["layers.0.W_x"][words] + h @ w["layers.0.W_h"] + w["layers.0.b"])
    e = np.exp(h @ w["output.W_y"] + w["output.b_y"])
    P = e / e.sum(axis=1, keepdims=True)
    assert worked.epochs[0].loss == pytest.approx(-np.log(P[np.arange(3), y]).sum(), rel=1e-12)
    np.testing.assert_allclose(worked.epochs[0].gradient["output.W_y"], h.T @ (P - np.eye(6)[y]), rtol=1e-10)
    assert (worked.epochs[-1].predictions[np.arange(3), y] > 0.9).all()


def test_note_c_29600_and_the_jacobian() -> None:
    """The change 29600 → 101 is not explained; ∂L/∂p (diag(p) − pᵀp) = p − y inside a trace."""
    assert slip("next-word", "29600 → 101").right == "the note does not explain this change"
    detail = lesson("next-word").traces["one-step"].first.to_dict()
    factors = {name: np.array(factor["value"])[0] for name, factor in detail["factors"].items()}
    p = lesson("next-word").traces["one-step"].epochs[0].predictions[0, 0]
    np.testing.assert_allclose(factors["dy/do:1"], np.diag(p) - np.outer(p, p), rtol=0, atol=1e-15)
    np.testing.assert_allclose(factors["dL/dy:1"] @ factors["dy/do:1"], p - np.eye(5)[1], rtol=0, atol=1e-15)
    text = render(lesson("next-word").traces["one-step"], "text")
    assert "∂ŷ_1/∂o_1 = diag(ŷ_1) − ŷ_1ᵀ ŷ_1\n          = [0.166 -0.0498" in text
    said = formulas("sequence-to-vector")
    assert "ŷ_3 − y_3 = [0.5792 0.4208] − [0 1] = [0.5792 -0.5792]" in said
    assert "∂ŷ_3/∂o_3 = diag(ŷ_3) − ŷ_3ᵀ ŷ_3 = [0.2437 -0.2437; -0.2437 0.2437]" in said


def test_note_c_derivative_of_tanh() -> None:
    """tanh′(0.5) = 1 − tanh²(0.5) = 0.7864."""
    assert "tanh'(0.5) = 1 − 0.4621² = 0.7864" in formulas("losses")
    assert 1 - tanh(0.5) ** 2 == pytest.approx(0.7864, abs=5e-5)


# --- note D: by hand ---


def test_note_d_slips() -> None:
    """1.82 → 9.30 after the printed update; the factor 2; x⟨3⟩; a⟨1⟩; one w_x; ŷ_n."""
    worked = lesson("by-hand-sum").traces["tanh"]
    assert printed_update(worked) == pytest.approx(9.3013, abs=5e-5)
    assert "from 1.8229 to 9.3013" in slip("by-hand-sum", "w ← w − (a) + (c) + (e), and so on for w_a").why
    assert "-0.142107" in slip("by-hand-sum", "1/3 (a<3> − y)").why
    np.testing.assert_array_equal(worked.x[1], worked.x[2])
    assert "(a) = (c) = -2.0650" in slip("by-hand-sum", "x<2> in the term of step 3").why
    assert slip("by-hand-sum", "another label at the first state").right == "a<1> = 0.7616, 0.0000, 0.7616"
    assert slip("by-hand-sum", "w_x1, w_x3").right == "w_x"
    assert slip("by-hand-sum", "a_2").right == "a<2>"
    assert slip("by-hand-sum", "ŷ with the index of a step").right == "ŷ_n = a<3>_n, n = 1, 2, 3"


def test_note_d_products_from_the_loss_back() -> None:
    """δ_3 = 2/3 (a⟨3⟩ − y)(1 − a⟨3⟩²), δ_{k−1} = δ_k w_a (1 − a⟨k−1⟩²); Σ_k δ_kᵀ x⟨k⟩ = −0.284214."""
    h = lesson("by-hand-sum").traces["tanh"].chains.chains[0].layers[0].h[:, :, 0]
    x = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]]).T
    delta = {3: 2 / 3 * (h[3] - [1, 2, 3]) * (1 - h[3] ** 2)}
    for k in (2, 1):
        delta[k] = delta[k + 1] * (1 - h[k] ** 2)
    for row in table("by-hand-sum", "δ_k of every example"):
        np.testing.assert_allclose([float(v) for v in row[1:]], delta[int(row[0][-1])], rtol=0, atol=SIX)
    assert sum(delta[k] @ x[k - 1] for k in (1, 2, 3)) == pytest.approx(-0.284214, abs=SIX)
    assert "x<2> = [x<2>_1; x<2>_2; x<2>_3] = [0; 1; 1]" in formulas("by-hand-sum")


# --- note E: general networks ---


def test_note_e_letters_and_output_layer() -> None:
    """β, H_1t and t_0 are translated; ∂L/∂W_2 = H_3ᵀ (Ŷ − Y) and ∂L/∂β_2 have a row for each output."""
    rows = {row[0]: row[1] for row in table("sequence-to-vector", "Letters")}
    assert rows["h_t"] == "H_1t" and rows["h_0"] == "H_1t at t_0" and rows["W_y, b_y"] == "W_2, β_2"
    worked = lesson("sequence-to-vector").traces["categorical"]
    h = worked.chains.chains[0].layers[0].h[3]
    do = worked.epochs[0].predictions - np.eye(2)[[1, 0]]
    row = table("sequence-to-vector", "Contribution of every output to W_2 and β_2, and the sums")[0]
    assert row[1] == "[-0.0806 0.0806; 0.777 -0.777]" and row[2] == "[-0.1311 0.1311]"
    np.testing.assert_allclose(h.T @ do, [[-0.0806, 0.0806], [0.777, -0.777]], rtol=0, atol=5e-5)
    np.testing.assert_allclose(do.sum(axis=0), [-0.1311, 0.1311], rtol=0, atol=5e-5)


def test_note_e_brackets() -> None:
    """∂L/∂W_h = ∂L/∂h_3 [∂⁺h_3/∂W_h + ∂h_3/∂h_2 [∂⁺h_2/∂W_h + ∂h_2/∂h_1 ∂⁺h_1/∂W_h]], the sum of the three paths."""
    assert any("[∂⁺h_2/∂W_h + ∂h_2/∂h_1 ∂⁺h_1/∂W_h]]" in text for text in formulas("sequence-to-vector"))
    worked = lesson("sequence-to-vector").traces["categorical"]
    W, h = worked.epochs[0].parameters["layers.0.W_h"], worked.chains.chains[0].layers[0].h
    dh = (worked.epochs[0].predictions - np.eye(2)[[1, 0]]) @ worked.epochs[0].parameters["output.W_y"].T
    total = np.zeros((2, 2))
    for k in (3, 2, 1):  # one product for each step
        da = dh * (1 - h[k] ** 2)
        total += h[k - 1].T @ da
        dh = da @ W.T
    np.testing.assert_allclose(worked.epochs[0].gradient["layers.0.W_h"], total, rtol=1e-12)


@pytest.mark.parametrize("output", ["identity", "relu"])
def test_note_e_identity_and_relu_outputs(output: str) -> None:
    """f_2(o) = o: ∂L/∂o = ŷ − y; f_2(o) = max(o, 0): ∂L/∂o = (ŷ − y) 1[o > 0]."""
    worked = lesson("sequence-to-vector").traces[output]
    nodes = {node.id: node.value for node in [*worked.first.forward, *worked.first.backward]}
    o, y = nodes["output/o/3"], np.array([[0.6, 0.1], [0.2, 0.9]])
    assert (o < 0).any() and (o > 0).any()
    yhat = o if output == "identity" else np.maximum(o, 0)
    expected = (yhat - y) * ((o > 0) if output == "relu" else 1)
    np.testing.assert_allclose(nodes["output/do/3"], expected, rtol=0, atol=1e-15)


def test_note_e_shapes() -> None:
    """m = 4, n_0 = 3, n_1 = 5, n_2 = 2: W_1 3 × 5, W_h1 5 × 5, W_2 5 × 2, X 4 × 3, H 4 × 5, Ŷ 4 × 2."""
    captions = [block.caption for block in blocks(lesson("shapes"), Table)]
    for wanted in ("X_1, 4 × 3", "W_1, 3 × 5", "H_0, 4 × 5", "W_h1, 5 × 5", "β_1, 1 × 5", "H_1 = tanh(A_1), 4 × 5",
                   "W_2, 5 × 2", "β_2, 1 × 2", "Ŷ = softmax(H_2 W_2 + β_2), 4 × 2", "∂L/∂W_1, 3 × 5"):  # fmt: skip
        assert wanted in captions
    for _, _, first, second, result in products():
        assert (np.zeros(first) @ np.zeros(second)).shape == result


# --- long sequences ---


def test_products_that_vanish_and_explode() -> None:
    """0.5⁹ = 0.001953125, 1.5⁹ = 38.443359375; ∂h_10/∂h_k of tanh by finite differences; paths shrink in the RNN."""
    assert vanishing.linear_product(0.5, 9) == 0.001953125 and vanishing.linear_product(1.5, 9) == 38.443359375
    assert table("vanishing-gradients", "∂h_t/∂h_k")[4][3] == "38.4434"

    def last(h: np.ndarray, w: float, steps: int) -> float:
        for _ in range(steps):
            h = np.tanh(w * h)
        return float(h[0])

    for w in (0.5, 1.5):
        h_1 = np.array([tanh(0.5)])
        slope = numerical_gradient(lambda h, w=w: last(h, w, 9), h_1)
        np.testing.assert_allclose(vanishing.tanh_products(w)[0], slope[0], rtol=1e-6)
    norms = vanishing.adjoint_norms(lesson("vanishing-gradients").traces["rnn"])
    assert norms == sorted(norms, reverse=True) and norms[0] > 100 * norms[-1]
    assert table("vanishing-gradients", "∂c_t/∂c_k on the direct path")[1][1:3] == ("0.7311", "0.7311")


def test_truncation_drops_paths() -> None:
    """Ten paths in all, seven with t − k < 2; two chunks give what two separate traces give."""
    full, cut, second = (lesson("truncated-bptt").traces[name] for name in ("full", "depth", "second-chunk"))
    found = truncated.sums(full)
    assert {name: round(value, 6) for name, value in found.items()} == {
        "all": -0.144037, "depth": -0.191869, "chunks": -0.116251,
    }  # fmt: skip
    assert full.epochs[0].gradient["layers.0.W_h"].item() == pytest.approx(found["all"], rel=1e-12)
    assert cut.epochs[0].gradient["layers.0.W_h"].item() == pytest.approx(found["depth"], rel=1e-12)
    assert [leg.kept for leg in cut.first.paths.legs].count(True) == 7 and len(full.first.paths.legs) == 10
    first = sum(
        full.first.paths.contribution(leg, "layers.0.W_h").item() for leg in full.first.paths.legs if leg.t <= 2
    )
    assert first + second.epochs[0].gradient["layers.0.W_h"].item() == pytest.approx(found["chunks"], rel=1e-12)
