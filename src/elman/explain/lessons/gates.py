"""An LSTM and a GRU, gate by gate, on one sequence of two steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman import reference
from elman.explain.blocks import Block, Formula, Lesson, Shown, Text, table
from elman.explain.formula import Math, numbers
from elman.explain.lessons._common import begun, letters, path_table, shown, worked_node
from elman.explain.tracing import Trace, trace
from elman.network import Architecture, Network, State

X = np.array([[[0.6]], [[-0.4]]])  # (T, N, D)
Y, H_0, C_0 = [[0.5]], 0.2, 0.3
LSTM = {
    "layers.0.W_x": [[0.5, -0.3, 0.8, 0.4]], "layers.0.W_h": [[0.7, 0.2, -0.6, 0.3]],
    "layers.0.b": [0.1, 1.0, 0.2, -0.1], "output.W_y": [[1.5]], "output.b_y": [0.1],
}  # fmt: skip
GRU = {
    "layers.0.W_x": [[0.5, -0.3, 0.8]], "layers.0.W_h": [[0.7, 0.2, -0.6]], "layers.0.b": [0.1, 0.4, 0.2],
    "layers.0.b_hn": [0.3], "output.W_y": [[1.5]], "output.b_y": [0.1],
}  # fmt: skip
_GATES = {"i": r"\sigma", "f": r"\sigma", "g": r"\tanh", "o": r"\sigma"}


def lstm() -> Lesson:
    """Work the lesson of the LSTM."""
    lesson = begun(
        "lstm",
        "One unit, one sequence of two steps, an initial state that is not zero. The lesson computes the six "
        "equations, their derivatives, and both paths of the state (h, c).",
    )
    lesson.traces["lstm"] = worked("lstm")
    lesson.add("The six equations", *_lstm_equations())
    lesson.add("Step 1", *_step(lesson.traces["lstm"], 1, ("i", "f", "g", "o", "c", "h")))
    lesson.add("Step 2 and the output", *_step(lesson.traces["lstm"], 2, ("i", "f", "g", "o", "c", "h")),
               *_output(lesson.traces["lstm"]))  # fmt: skip
    lesson.add("Backward, gate by gate", *_lstm_backward(lesson.traces["lstm"]))
    lesson.add("The paths of the pair (h, c)", *_lstm_paths(lesson.traces["lstm"]))
    lesson.add("Every number", Shown("lstm", "One LSTM unit, two steps"))
    return lesson


def gru() -> Lesson:
    """Work the lesson of the GRU."""
    lesson = begun(
        "gru",
        "One unit, one sequence of two steps, an initial state that is not zero: reset gate r, update gate z, "
        "candidate n. The lesson computes the equations, their derivatives, and the variant with the reset gate before "
        "the product.",
    )
    lesson.traces["gru"] = worked("gru")
    lesson.add("The equations", *_gru_equations())
    lesson.add("Step 1", *_step(lesson.traces["gru"], 1, ("r", "z", "q", "n", "h")))
    lesson.add("Step 2 and the output", *_step(lesson.traces["gru"], 2, ("r", "z", "q", "n", "h")),
               *_output(lesson.traces["gru"]))  # fmt: skip
    lesson.add("Backward, gate by gate", *_gru_backward(lesson.traces["gru"]))
    lesson.add("The reset gate before the product", *_before(lesson.traces["gru"]))
    lesson.add("Every number", Shown("gru", "One GRU unit, two steps"))
    return lesson


def worked(cell: str) -> Trace:
    """Return the trace of one unit."""
    network = Network.initialized(Architecture(1, 1, cell=cell, hidden_size=1, readout="last"), dtype=np.float64)
    for name, value in (LSTM if cell == "lstm" else GRU).items():
        network.parameters[name][:] = value
    h, c = np.full((1, 1, 1), H_0), np.full((1, 1, 1), C_0)
    options: dict[str, Any] = {"learning_rate": 0.5, "epochs": 20, "tolerance": 1e-5}
    state = State(h, c if cell == "lstm" else None)
    return trace(network, X, Y, state=state, title=f"One {cell.upper()} unit", **options)


def _gate_equation(gate: str, squash: str) -> Formula:
    inner = rf"x_t W_{{x{gate}}} + h_{{t-1}} W_{{h{gate}}} + b_{gate}"
    text = f"x_t W_x{gate} + h_(t−1) W_h{gate} + b_{gate}"
    name = squash.removeprefix("\\").replace("sigma", "σ")
    return Formula((Math(f"{gate}_t", f"{gate}_t"), Math(rf"{squash}\left({inner}\right)", f"{name}({text})")))


def _lstm_equations() -> list[Block]:
    meanings = {
        "i": "Input gate, between 0 and 1: how much of the candidate is added.",
        "f": "Forget gate, between 0 and 1: how much of the previous cell is kept.",
        "g": "Candidate, between −1 and 1.",
        "o": "Output gate, between 0 and 1: how much of tanh(c_t) is the new state.",
    }
    blocks: list[Block] = []
    for gate, squash in _GATES.items():
        blocks += [Text(meanings[gate]), _gate_equation(gate, squash)]
    return [
        *blocks,
        Text("The cell and the state:"),
        Formula((Math("c_t", "c_t"), Math(r"f_t \odot c_{t-1} + i_t \odot g_t", "f_t ⊙ c_(t−1) + i_t ⊙ g_t"))),
        Formula((Math("h_t", "h_t"), Math(r"o_t \odot \tanh(c_t)", "o_t ⊙ tanh(c_t)"))),
        letters([
            ("g_t", "s with a tilde", "candidate"),
            ("c_t", "s_t", "cell"),
            ("W_x, W_h, b", "U, W, b of each gate", "weights; columns of the four gates: i | f | g | o"),
            ("W_y, b_y", "V, c", "output layer; its sum is a_y,t, because o_t is the output gate"),
        ]),
        Text(
            f"Here x_1 = {X[0, 0, 0]:g}, x_2 = {X[1, 0, 0]:g}, h_0 = {H_0:g}, c_0 = {C_0:g}, y = {Y[0][0]:g}. "
            f"W_x = {shown(LSTM['layers.0.W_x'])}, W_h = {shown(LSTM['layers.0.W_h'])}, "
            f"b = {shown(LSTM['layers.0.b'])}, in the order i, f, g, o."
        ),
    ]  # fmt: skip


def _step(trace_: Trace, t: int, names: tuple[str, ...]) -> list[Block]:
    blocks: list[Block] = []
    for name in names:
        before = {"i": "a_i", "f": "a_f", "g": "a_g", "o": "a_o", "r": "a_r", "z": "a_z", "n": "a_n"}.get(name)
        if before:
            blocks.append(worked_node(trace_, f"forward/{before}/1/{t}"))
        blocks.append(worked_node(trace_, f"forward/{name}/1/{t}"))
    return blocks


def _output(trace_: Trace) -> list[Block]:
    return [worked_node(trace_, f"output/{name}/2") for name in ("o", "yhat", "L")]


def _lstm_backward(trace_: Trace) -> list[Block]:
    order = [f"forward/d{name}/1/2" for name in ("h", "a_o", "c", "a_i", "a_f", "a_g")]
    order += [f"forward/d{name}/1/1" for name in ("h", "a_o", "c", "a_i", "a_f", "a_g")]
    return [
        Text(
            "dh_2 comes from the output. h_2 = o_2 tanh(c_2) gives da_o,2 and dc_2; dc_2 gives the other three gates. "
            "dh_1 is the sum over the four gates of step 2. dc_1 has two terms: from h_1, and from c_2 through the "
            "forget gate."
        ),
        *(worked_node(trace_, identity) for identity in ("output/dyhat/2", "output/dr/2", *order)),
    ]


def alone(trace_: Trace) -> float:
    """Return the contribution of step 1 to ∂L/∂b_i over the path through h_1 alone, without c_1."""
    leg = next(leg for leg in trace_.first.paths.legs if leg.k == 1)
    factors = trace_.first.paths.factors["forward"]
    dh_2 = leg.adjoints[0][0, 0]
    through_h = dh_2 * factors[1].jacobian[0, 0, 0]
    return float(through_h * factors[0].immediate["layers.0.b"][0, 0, 0])


def _lstm_paths(trace_: Trace) -> list[Block]:
    leg = next(leg for leg in trace_.first.paths.legs if leg.k == 1)
    factors = trace_.first.paths.factors["forward"][1]
    exact = trace_.first.paths.contribution(leg, "layers.0.b")[0]
    return [
        Formula((Math(r"\frac{\partial s_2}{\partial s_1}", "∂s_2/∂s_1"), numbers(factors.jacobian[0])),
                "Rows h_2, c_2, columns h_1, c_1:"),
        path_table(trace_, ["layers.0.W_h", "layers.0.b"], "Contributions of the two paths, columns i | f | g | o"),
        Text(
            f"The path to step 1 contributes {exact:.6f} to ∂L/∂b_i. With ∂h_2/∂h_1 alone it would be "
            f"{alone(trace_):.6f}: the path through c_1 is missing."
        ),
    ]  # fmt: skip


def _gru_equations() -> list[Block]:
    n = Math(r"\tanh\left(x_t W_{xn} + b_{xn} + r_t \odot q_t\right)", "tanh(x_t W_xn + b_xn + r_t ⊙ q_t)")
    rows = [
        ["z near 1", "h_t ≈ h_(t−1)", "the state is kept; the factor ∂h_t/∂h_(t−1) is near 1"],
        ["z near 0", "h_t ≈ n_t", "the state is replaced"],
        ["r near 0", "n_t ≈ tanh(x_t W_xn + b_xn)", "the candidate ignores the previous state"],
    ]
    return [
        _gate_equation("r", r"\sigma"),
        _gate_equation("z", r"\sigma"),
        Formula((Math("q_t", "q_t"), Math(r"h_{t-1} W_{hn} + b_{hn}", "h_(t−1) W_hn + b_hn"))),
        Formula((Math("n_t", "n_t"), n)),
        Formula(
            (Math("h_t", "h_t"), Math(r"(1 - z_t) \odot n_t + z_t \odot h_{t-1}", "(1 − z_t) ⊙ n_t + z_t ⊙ h_(t−1)"))
        ),
        table("The gates", ["gate", "effect", "meaning"], rows),
        Text(
            f"Here x_1 = {X[0, 0, 0]:g}, x_2 = {X[1, 0, 0]:g}, h_0 = {H_0:g}, y = {Y[0][0]:g}. "
            f"W_x = {shown(GRU['layers.0.W_x'])}, W_h = {shown(GRU['layers.0.W_h'])}, b = {shown(GRU['layers.0.b'])}, "
            f"in the order r, z, n, and b_hn = {shown(GRU['layers.0.b_hn'])}."
        ),
    ]


def _gru_backward(trace_: Trace) -> list[Block]:
    order = [f"forward/d{name}/1/{t}" for t in (2, 1) for name in ("h", "a_z", "a_n", "q", "a_r")]
    return [
        Text("Step 2 uses h_1 four times: directly, multiplied by z_2, and in q_2, in r_2 and in z_2."),
        *(worked_node(trace_, identity) for identity in ("output/dyhat/2", "output/dr/2", *order)),
        path_table(trace_, ["layers.0.W_h", "layers.0.b"], "Contributions of the two paths, columns r | z | n"),
    ]


def reset_before() -> float:
    """Return h_1 of the variant ``reset="before"``."""
    w = {name.split(".")[-1]: np.array(value) for name, value in GRU.items()}
    states = reference.gru_forward(X, [[H_0]], w["W_x"], w["W_h"], w["b"], w["b_hn"], reset="before")
    return float(states.h[1, 0, 0])


def _before(trace_: Trace) -> list[Block]:
    after = trace_.chains.chains[0].layers[0].h[1, 0, 0]
    q = Math(r"(r_t \odot h_{t-1}) W_{hn} + b_{hn}", "(r_t ⊙ h_(t−1)) W_hn + b_hn")
    n = Math(r"\tanh\left(x_t W_{xn} + b_{xn} + q_t\right)", "tanh(x_t W_xn + b_xn + q_t)")
    return [
        Text("The original GRU multiplies h_(t−1) by the reset gate before the product with W_hn:"),
        Formula((Math("q_t", "q_t"), q)),
        Formula((Math("n_t", "n_t"), n)),
        Text(
            f"The two variants give other numbers: h_1 = {after:.6f} with the reset gate after the product, "
            f"{reset_before():.6f} before it. PyTorch, Keras and cuDNN use the first by default, ONNX the second. The "
            "first needs two biases of the candidate: r_t multiplies b_hn, but not b_xn."
        ),
    ]
