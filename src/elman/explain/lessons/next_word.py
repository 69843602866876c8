"""The next word of a sentence: one step without memory, then three steps, and the gradient path by path."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from elman.explain.blocks import Block, Formula, Lesson, Shown, Slip, Text, table
from elman.explain.board import Array
from elman.explain.formula import Math, function, numbers, symbol
from elman.explain.lessons._common import begun, letters, path_table, short_network
from elman.explain.paths import Leg
from elman.explain.tracing import Trace, trace
from elman.network import Architecture, Network

WORDS = ["the", "cat", "sat", "on", "mat"]
SENTENCE = ["the", "cat", "sat", "on"]
HIDDEN, RATE = 2, 1.0


def next_word() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "next-word",
        "A network reads a sentence word by word. After each word it computes the probability of every word of the "
        "vocabulary to be the next one. The lesson starts with one step, without memory, and continues with three.",
    )
    network = short_network(Architecture(None, len(WORDS), vocabulary_size=len(WORDS), cell="rnn", hidden_size=HIDDEN,
                                         activation="sigmoid", output="softmax"), seed=3)  # fmt: skip
    lesson.traces["one-step"] = worked(network, 1, "One word")
    lesson.traces["three-steps"] = worked(network, 3, "Three words")
    lesson.add("Words as rows", *_data())
    lesson.add("One step: no memory", *_one_step())
    lesson.add("Three steps: a function of a function of a function", *_nested(lesson.traces["three-steps"]))
    lesson.add("∂J/∂W_hh, path by path", *_recurrent(lesson.traces["three-steps"]))
    lesson.add("∂J/∂W_xh: the same sum", *_input(lesson.traces["three-steps"]))
    lesson.add("After training", *_learnt(lesson.traces["three-steps"]))
    lesson.add("Every number", Shown("three-steps", "Three words"))
    return lesson


def worked(network: Network, steps: int, title: str) -> Trace:
    """Return the trace over the first words."""
    indices = np.array([WORDS.index(word) for word in SENTENCE[: steps + 1]])
    return trace(
        network,
        indices[:-1, np.newaxis],
        indices[1:, np.newaxis],
        loss="categorical_cross_entropy",
        reduction="sum",
        learning_rate=RATE,
        epochs=30,
        tolerance=1e-2,
        title=title,
        words=WORDS,
    )


def _data() -> list[Block]:
    rows = [[word, str(index), " ".join("1" if i == index else "0" for i in range(len(WORDS)))]
            for index, word in enumerate(WORDS)]  # fmt: skip
    return [
        table("The vocabulary", ["word", "index", "as a row"], rows),
        Text(
            "A word is a one-hot row, so x_t W_x is one row of W_x. A label is the index of the next word, or the "
            "one-hot row of that index."
        ),
        Slip(
            "29600 → 101", "the note does not explain this change",
            "One-hot labels are as wide as the vocabulary. Labels of 101 columns belong to a vocabulary of 101 words, "
            "for example the 101 most frequent of 29,600.",
        ),
        letters([
            ("W_x", "W^(xh)", "word to state"),
            ("W_h", "W^(hh)", "state to state"),
            ("W_y", "W^(hy)", "state to output"),
            ("a_t", "z_t", "sum before the activation f"),
            ("ŷ_t", "P_t", "probabilities, softmax of o_t"),
            ("L", "J", "loss: the sum of −ln of the probability of each true next word"),
        ]),
    ]  # fmt: skip


def _one_step() -> list[Block]:
    return [
        Text(
            "With one step and h_0 = 0 the recurrent term is 0. The network is then a layer with f = σ and a softmax, "
            "without memory. ∂J/∂W_h is 0, because h_0 = 0 is one of its factors."
        ),
        Formula((Math("h_1", "h_1"), Math(
            r"\sigma\left(x_1 W_x + 0 \cdot W_h + b\right)", "σ(x_1 W_x + 0 · W_h + b)"))),
        Formula((Math("P_1", "P_1"), Math(
            r"\operatorname{softmax}\left(h_1 W_y + b_y\right)", "softmax(h_1 W_y + b_y)"))),
        Shown("one-step", f"'{SENTENCE[0]}' → '{SENTENCE[1]}'"),
    ]  # fmt: skip


def _nested(worked_: Trace) -> list[Block]:
    layer = worked_.chains.chains[0].layers[0]
    w, names, steps = layer.weights, "h_0", []
    for t in (1, 2, 3):
        names = f"f({names}, x_{t})"
        rule = function("sigmoid", symbol("x", t) @ symbol("W_x") + symbol("h", t - 1) @ symbol("W_h") + symbol("b"))
        read = numbers(layer.x[t - 1] @ w["W_x"] + w["b"])
        put = function("sigmoid", read + numbers(layer.h[t - 1]) @ numbers(w["W_h"]))
        steps.append(Formula((symbol("h", t), rule, put, numbers(layer.h[t]))))
    return [
        Text("With f(h, x) = σ(x W_x + h W_h + b), three steps apply f three times, each to the previous result:"),
        Formula((symbol("h", 3), Math(names, names))),
        Text("Step by step, with numbers. x_t W_x + b is one row:"),
        *steps,
        Text("W_h occurs three times. Its derivative is a sum over these three occurrences."),
    ]


def _learnt(worked_: Trace) -> list[Block]:
    first, last = worked_.epochs[0], worked_.epochs[-1]
    rows = []
    for t, (word, came) in enumerate(pairwise(SENTENCE)):
        before, after = (float(epoch.predictions[t, 0, WORDS.index(came)]) for epoch in (first, last))
        rows.append([f"... {word}", came, f"{before:.4f}", f"{after:.4f}"])
    columns = ["after", "next", "probability at first", f"after {last.number} updates"]
    return [table("The probability of the true next word", columns, rows)]


def _partial(weight: str, loss: str = "J_3") -> Math:
    return Math(rf"\frac{{\partial {loss}}}{{\partial W^{{{weight}}}}}", f"∂{loss}/∂W_{weight}")


def _delta(k: str) -> Math:
    return Math(rf"\delta_{{3 \to {k}}}", f"δ_(3→{k.replace('-', '−')})")


def _terms(left: str) -> Math:
    """Return the sum of three paths of output 3; ``left`` is the first factor of each."""
    latex, text = [], []
    for k in (3, 2, 1):
        index, delta = (k - 1 if left == "h" else k), _delta(str(k))
        latex.append(rf"{left}_{{{index}}}^{{\top}} {delta.latex}")
        text.append(f"{left}_{index}ᵀ {delta.text}")
    return Math(" + ".join(latex), " + ".join(text), 0)


def _prefix() -> list[Block]:
    """Return the rule of the products that all paths share."""
    start = Math(r"\frac{\partial J_3}{\partial h_3} \odot f'(z_3)", "∂J_3/∂h_3 ⊙ f'(z_3)")
    step = Math(r"\delta_{3 \to k+1} \, W^{hh\top} \odot f'(z_k)", "δ_(3→k+1) W_hhᵀ ⊙ f'(z_k)")
    return [Formula((_delta("3"), start)), Formula((_delta("k"), step))]


def _legs(worked_: Trace) -> list[Leg]:
    return sorted((leg for leg in worked_.first.paths.legs if leg.t == 3), key=lambda leg: -leg.k)


def arriving(worked_: Trace, leg: Leg) -> Array:
    """Return the adjoint ∂J_t/∂z_k of the pre-activation along a path (1, H)."""
    h = worked_.chains.chains[0].layers[0].h[leg.k]
    delta: Array = leg.adjoints[-1] * h * (1 - h)
    return delta


def _products(worked_: Trace, left: str) -> list[Block]:
    layer = worked_.chains.chains[0].layers[0]
    blocks: list[Block] = []
    for leg in _legs(worked_):
        before = layer.h[leg.k - 1] if left == "h" else layer.x[leg.k - 1]
        delta = arriving(worked_, leg)
        put = numbers(before.T) @ numbers(delta)
        index = leg.k - 1 if left == "h" else leg.k
        right = _delta(str(leg.k))
        sign = Math(rf"{left}_{{{index}}}^{{\top}} \, {right.latex}", f"{left}_{index}ᵀ {right.text}")
        blocks.append(Formula((sign, put, numbers(before.T @ delta))))
    return blocks


def _recurrent(worked_: Trace) -> list[Block]:
    return [
        Text("J_3 depends on W_hh through three steps. From the latest to the earliest:"),
        Formula((_partial("hh"), _terms("h"))),
        Text(
            "δ_(3→k) = ∂J_3/∂z_k is the product of the factors from the loss back to step k. Each product contains "
            "the one before it, so backpropagation computes every factor once:"
        ),
        *_prefix(),
        Text("With numbers:"),
        *_products(worked_, "h"),
        Text("The path to step 1 contributes 0, because h_0 = 0. J_1 and J_2 have their own paths:"),
        path_table(worked_, ["layers.0.W_h"], "All six paths of J = J_1 + J_2 + J_3"),
    ]  # fmt: skip


def _input(worked_: Trace) -> list[Block]:
    total = worked_.epochs[0].gradient["layers.0.W_x"]
    return [
        Text(
            "∂J/∂W_xh is left as an exercise in the note. It is the same sum of paths, with x_kᵀ instead of h_(k−1)ᵀ: "
            "at step k, W_hh multiplies the previous state, and W_xh multiplies the word."
        ),
        Formula((_partial("xh"), _terms("x"))),
        *_products(worked_, "x"),
        Text("x_k is one-hot, so each path contributes to the row of its word. Over all six paths:"),
        Formula((_partial("xh", "J"), numbers(total))),
        Text("The rows of 'on' and 'mat' are zero: these words were not read."),
    ]
