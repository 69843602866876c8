"""One tanh unit learns to add three numbers: first with scalars, then all rows at once."""

from __future__ import annotations

import numpy as np

from elman import reference
from elman.explain.blocks import Block, Formula, Lesson, Shown, Slip, Table, Text, table
from elman.explain.board import Array
from elman.explain.formula import Math, function, numbers
from elman.explain.lessons._common import begun, by_row, letters
from elman.explain.tracing import Trace, trace
from elman.network import Architecture, Network

X = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])  # a row per example
Y = np.array([1.0, 2.0, 3.0])
RATE = 0.5
_W_X, _W_A = "layers.0.W_x", "layers.0.W_h"


def by_hand_sum() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "by-hand-sum",
        "One recurrent unit with two weights reads three rows of three numbers. Its last state should be the sum of "
        "the row. The lesson computes with scalars, one example after the other, then with all examples at once, and "
        "repeats the update until a stopping rule holds.",
        letters="D",
    )
    lesson.traces["tanh"] = _worked("tanh", 1.0, learning_rate=RATE, epochs=200, tolerance=1e-4)
    lesson.traces["identity"] = _worked("identity", 1.0)
    lesson.traces["identity-learning"] = _worked("identity", 0.8, learning_rate=0.03, epochs=200, tolerance=1e-6)
    worked = lesson.traces["tanh"]
    lesson.add("The task", *_task())
    lesson.add("Forward, with scalars", *_forward(worked))
    lesson.add("Backward, with scalars", *_backward(worked))
    lesson.add("All examples at once", *_vectorised(), Shown("tanh", "One tanh unit, all examples at once"))
    lesson.add("Errors of the printed forward pass and its vectorised form", *_small_slips(worked))
    lesson.add("Errors of the printed backward pass", *_slips(worked))
    lesson.add("Why a tanh unit cannot reach the sums", *_bound())
    lesson.add("The identity in place of tanh", *_identity(lesson))
    return lesson


def _worked(activation: str, weight: float, **options: float) -> Trace:
    architecture = Architecture(
        1, 1, cell="rnn", hidden_size=1, activation=activation, bias=False, readout="last", output="identity"
    )
    network = Network(architecture, np.array([weight, weight, 1.0]))
    settings: dict[str, object] = dict(options)
    return trace(
        network,
        X.T[:, :, np.newaxis],
        Y[:, np.newaxis],
        trained=[_W_X, _W_A],
        title=f"One {activation} unit adds three numbers",
        row_names=[str(row.astype(int).tolist()) for row in X],
        **settings,  # type: ignore[arg-type]
    )


def _a(t: int) -> Math:
    return Math(rf"a^{{\langle {t} \rangle}}", f"a<{t}>")


_w_x, _w_a = Math("w_x", "w_x"), Math("w_a", "w_a")


def _x(t: int) -> Math:
    return Math(rf"x^{{\langle {t} \rangle}}", f"x<{t}>")


def _task() -> list[Block]:
    rows = [[str(row.astype(int).tolist()), f"{target:g}"] for row, target in zip(X, Y, strict=True)]
    return [
        table("Examples", ["row", "sum"], rows),
        Text("Each step reads the next number and the previous state. Training starts with w_x = w_a = 1."),
        Formula((_a(0), numbers(0.0))),
        Formula((Math(r"a^{\langle t \rangle}", "a<t>"), Math(
            r"\tanh\left(w_x x^{\langle t \rangle} + w_a a^{\langle t-1 \rangle}\right)",
            "tanh(w_x x<t> + w_a a<t−1>)"))),
        Formula((Math("L", "L"), Math(
            r"\frac{1}{3} \sum_n \left(a^{\langle 3 \rangle}_n - y_n\right)^2", "1/3 Σ_n (a<3>_n − y_n)²"))),
        letters([
            ("h_t", "a<t>", "state after step t"),
            ("W_x", "w_x", "weight of the input"),
            ("W_h", "w_a", "weight of the previous state"),
            ("ŷ = h_3", "a<3>", "the output is the last state; the output weight is fixed at 1"),
        ]),
    ]  # fmt: skip


def _forward(worked: Trace) -> list[Block]:
    blocks: list[Block] = []
    h = worked.chains.chains[0].layers[0].h[:, :, 0]
    for n, row in enumerate(X):
        blocks.append(Text(f"Example {n + 1}, {row.astype(int).tolist()}:"))
        for t in (1, 2, 3):

            def rule(w_x: Math, x: Math, w_a: Math, a: Math) -> Math:
                f: Math = function("tanh", w_x @ x + w_a @ a)
                return f

            symbols = rule(_w_x, _x(t), _w_a, _a(t - 1))
            put = rule(numbers(1.0), numbers(row[t - 1]), numbers(1.0), numbers(h[t - 1, n]))
            blocks.append(Formula((_a(t), symbols, put, numbers(h[t, n]))))
    errors = [(numbers(h[3, n]) - numbers(Y[n])) ** 2 for n in range(3)]
    third = Math(r"\frac{1}{3}", "1/3")
    total = errors[0] + errors[1] + errors[2]
    put = Math(rf"{third.latex} \left({total.latex}\right)", f"{third.text} ({total.text})")
    return [*blocks, Formula((Math("L", "L"), put, numbers(worked.epochs[0].loss)), "The loss of all three:")]


def _backward(worked: Trace) -> list[Block]:
    gradient = worked.epochs[0].gradient
    return [
        Text(
            "w_x and w_a are used at every step, so each derivative is a sum over the steps k = 3, 2, 1. The path of "
            "step k leads from the loss to a<3>, back through the states to a<k>, and to the weight. tanh has the "
            "derivative 1 − a². The factors from the loss back to the sum before tanh at step k are δ_k:"
        ),
        Formula((_delta("3"), Math(
            r"\tfrac{2}{3}\left(a^{\langle 3\rangle} - y\right)\left(1 - {a^{\langle 3\rangle}}^2\right)",
            "2/3 (a<3> − y) (1 − a<3>²)"))),
        Formula((_delta("k-1"), Math(
            r"\delta_{k} w_a \left(1 - {a^{\langle k-1\rangle}}^2\right)", "δ_k w_a (1 − a<k−1>²)"))),
        Formula((_partial("w_x"), Math(
            r"\sum_n \sum_{k=1}^{3} \delta_{k,n} x^{\langle k\rangle}_n", "Σ_n Σ_k δ_k,n x<k>_n"))),
        Formula((_partial("w_a"), Math(
            r"\sum_n \sum_{k=1}^{3} \delta_{k,n} a^{\langle k-1\rangle}_n", "Σ_n Σ_k δ_k,n a<k−1>_n"))),
        _deltas(worked),
        _shares(worked, _W_X, "w_x"),
        _shares(worked, _W_A, "w_a"),
        Text(
            f"So ∂L/∂w_x = {gradient[_W_X].item():.6f} and ∂L/∂w_a = {gradient[_W_A].item():.6f}. Gradient descent "
            f"replaces w by w − η ∂L/∂w. With η = {RATE:g}:"
        ),
        *(_update(worked, name, weight) for name, weight in ((_W_X, "w_x"), (_W_A, "w_a"))),
        Text(f"With these weights the loss is {worked.epochs[1].loss:.4f}. The next update repeats the same steps."),
    ]  # fmt: skip


def _deltas(worked: Trace) -> Table:
    da = {node.t: node.value[:, 0] for node in worked.first.backward if node.name == "da"}
    rows = [[f"δ_{k}", *(f"{value:.6f}" for value in da[k])] for k in (3, 2, 1)]
    return table("δ_k of every example", ["", *(f"example {n}" for n in (1, 2, 3))], rows)


def _update(worked: Trace, name: str, weight: str) -> Formula:
    before, after = (epoch.parameters[name] for epoch in worked.epochs[:2])
    put = numbers(before) - numbers(RATE) @ numbers(worked.epochs[0].gradient[name])
    return Formula((Math(rf"{weight}^{{\text{{new}}}}", f"{weight} new"), put, numbers(after)))


def _delta(k: str) -> Math:
    return Math(rf"\delta_{{{k}}}", f"δ_{k}" if k == "3" else f"δ_({k.replace('-', '−')})")


def _partial(weight: str) -> Math:
    return Math(rf"\frac{{\partial L}}{{\partial {weight}}}", f"∂L/∂{weight}")


def _shares(worked: Trace, name: str, weight: str) -> Table:
    rows = []
    for k in (3, 2, 1):
        each = by_row(worked, name, 3, k)
        rows.append([f"k = {k}", *(f"{value:.6f}" for value in each), f"{each.sum() + 0.0:.6f}"])
    total = worked.epochs[0].gradient[name].item()
    rows.append(["sum", "", "", "", f"{total:.6f}"])
    return table(f"∂L/∂{weight}, step by step", ["", "example 1", "example 2", "example 3", "all"], rows)


def mixture(worked: Trace) -> tuple[dict[str, float], dict[str, float]]:
    """Return the terms (a) … (f) of a calculation that uses tanh forward and the identity backward.

    The second result holds the values of the terms whose printed formulas contain wrong states.
    """
    h = worked.chains.chains[0].layers[0].h[:, :, 0]
    d = 2 / 3 * (h[3] - Y)
    x = X.T
    terms: dict[str, Array] = {
        "a": d * x[2],
        "b": d * h[2],
        "c": d * x[1],
        "d": d * h[1],
        "e": d * x[0],
        "f": d * h[0],
    }
    printed = {"b": d * h[3], "d": d * h[2], "e": d * h[2] * x[0]}
    return _summed(terms), _summed(printed)


def _summed(terms: dict[str, Array]) -> dict[str, float]:
    return {name: float(values.sum()) + 0.0 for name, values in terms.items()}


def _vectorised() -> list[Block]:
    def column(letter: str, t: int, upper: str) -> Math:
        entries = [(f"{letter}{upper}_{{{n}}}", f"{letter}<{t}>_{n}") for n in (1, 2, 3)]
        latex = r" \\ ".join(entry[0] for entry in entries)
        return Math(rf"\begin{{bmatrix}} {latex} \end{{bmatrix}}", f"[{'; '.join(entry[1] for entry in entries)}]")

    blocks: list[Block] = [
        Text(
            "A row of X is an example. Step t reads the column x<t>: one number of every example. a<t> is a column, "
            "too. All examples and all steps use the same two scalars w_x and w_a."
        )
    ]
    for t in (1, 2, 3):
        upper = rf"^{{\langle {t} \rangle}}"
        blocks.append(Formula((Math(f"x{upper}", f"x<{t}>"), column("x", t, upper), numbers(X[:, t - 1 : t]))))
    upper, before = r"^{\langle t \rangle}", r"^{\langle t-1 \rangle}"
    rule = Math(rf"\tanh\left(w_x x{upper} + w_a a{before}\right)", "tanh(w_x x<t> + w_a a<t−1>)")
    blocks.append(Formula((Math(f"a{upper}", "a<t>"), rule), "In every component:"))
    total = Math(r"\sum_{k=1}^{3} \delta_k^{\top} x^{\langle k \rangle}", "Σ_k δ_kᵀ x<k>")
    return [*blocks, Formula((_partial("w_x"), total), "The sum over the examples is a product of two columns:")]


def _small_slips(worked: Trace) -> list[Block]:
    h = worked.chains.chains[0].layers[0].h[:, :, 0]
    term = mixture(worked)[0]
    half = worked.epochs[0].gradient[_W_X].item() / 2
    return [
        Slip(
            "another label at the first state", f"a<1> = {', '.join(f'{value:.4f}' for value in h[1])}",
            "a<0> = 0 is the state before the first step. The state after step 1 is a<1>.",
        ),
        Slip(
            "a_2", "a<2>", "A lower index counts examples, an index in angle brackets counts steps.", verbatim=True,
        ),
        Slip(
            "w_x1, w_x3", "w_x", "One weight is used at every step. With a weight for each step nothing is shared.",
            verbatim=True,
        ),
        Slip(
            "ŷ with the index of a step", "ŷ_n = a<3>_n, n = 1, 2, 3",
            "The output is the state after step 3. Its index counts examples.",
        ),
        Slip(
            "x<2> in the term of step 3", "x<3>",
            "Step 3 reads x<3>. In these data x<2> = x<3>, so the number does not change: (a) = (c) = "
            f"{term['c']:.4f}.",
        ),
        Slip(
            "1/3 (a<3> − y)", "2/3 (a<3> − y)",
            f"The derivative of the square gives the factor 2. Without it ∂L/∂w_x would be {half:.6f}.",
        ),
    ]  # fmt: skip


def printed_update(worked: Trace) -> float:
    """Return the loss after the printed update: w ← w − (a) + (c) + (e), w_a ← w_a − (b) + (d) + (f)."""
    term = mixture(worked)[0]
    w_x = np.array([[1 - term["a"] + term["c"] + term["e"]]])
    w_a = np.array([[1 - term["b"] + term["d"] + term["f"]]])
    h = reference.rnn_forward(X.T[:, :, np.newaxis], np.zeros((3, 1)), w_x, w_a)
    return float(reference.mean_squared_error(h[3], Y[:, np.newaxis])[0])


def _slips(worked: Trace) -> list[Block]:
    term, as_printed = ({name: f"{value:.4f}" for name, value in terms.items()} for terms in mixture(worked))
    gradient = worked.epochs[0].gradient
    return [
        Text(
            "The printed calculation uses tanh forward and the derivative of the identity backward. It leaves out the "
            "factors 1 − a², and says so. (a), (c), (e) are the terms of w_x at steps 3, 2, 1; (b), (d), (f) those of "
            "w_a. With d = 2/3 (a<3> − y):"
        ),
        table(
            "The six terms without the derivatives of tanh, summed over the examples",
            ["term", "of", "formula", "value"],
            [
                ["(a)", "w_x, step 3", "Σ d x<3>", term["a"]],
                ["(b)", "w_a, step 3", "Σ d a<2>", term["b"]],
                ["(c)", "w_x, step 2", "Σ d w_a x<2>", term["c"]],
                ["(d)", "w_a, step 2", "Σ d w_a a<1>", term["d"]],
                ["(e)", "w_x, step 1", "Σ d w_a² x<1>", term["e"]],
                ["(f)", "w_a, step 1", "Σ d w_a² a<0>", term["f"]],
            ],
        ),
        Slip("(a) = −1.36", f"(a) = {term['a']}", "−1.36 is 2/3 (0.96 − 3), the term of the third example alone."),
        Slip(
            "(b) with a<3>", f"(b) with a<2>, {term['b']}",
            f"The state before step 3 is a<2>, as in the numbers. a<3> would give {as_printed['b']}.",
        ),
        Slip(
            "(d) with a<2>", f"(d) with a<1>, {term['d']}",
            f"The state before step 2 is a<1>. a<2> gives {as_printed['d']}, which equals (b).",
        ),
        Slip(
            "(e) with w_a a<2>", f"(e) with w_a², {term['e']}",
            f"Two steps back give the factor w_a twice and no state. The printed formula gives {as_printed['e']}.",
        ),
        Slip(
            "w ← w − (a) + (c) + (e), and so on for w_a",
            "w_x ← w_x − η ((a) + (c) + (e)), w_a ← w_a − η ((b) + (d) + (f))",
            "All terms of one derivative have the same sign in the update, and the learning rate η is their factor. "
            f"The printed update raises the loss from {worked.epochs[0].loss:.4f} to {printed_update(worked):.4f}.",
        ),
        Slip(
            "the derivative of the identity after tanh",
            f"∂L/∂w_x = {gradient[_W_X].item():.6f}, ∂L/∂w_a = {gradient[_W_A].item():.6f}",
            "The factors 1 − a² make the derivatives about twenty and eight times smaller.",
        ),
    ]  # fmt: skip


def _bound() -> list[Block]:
    x, zeros = X.T[:, :, np.newaxis], np.zeros((3, 1))
    rows = []
    for weight in (0.5, 1.0, 3.0, 10.0):
        w = np.array([[weight]])
        h = reference.rnn_forward(x, zeros, w, w)
        loss, _ = reference.mean_squared_error(h[3], Y[:, np.newaxis])
        rows.append([f"{weight:g}", ", ".join(f"{value:.4f}" for value in h[3, :, 0]), f"{loss:.4f}"])
    bound = Math(
        r"L > \frac{1}{3} \left((1 - 1)^2 + (1 - 2)^2 + (1 - 3)^2\right)", "L > 1/3 ((1 − 1)² + (1 − 2)² + (1 − 3)²)"
    )
    return [
        Text(
            "tanh is below 1, but two of the sums are 2 and 3. For all weights the outputs are below 1, and the loss "
            "is above 5/3:"
        ),
        Formula((bound, numbers(5 / 3))),
        table("Loss for w_x = w_a = w", ["w", "outputs", "loss"], rows),
        Text(
            "Every update lowers the loss, but the loss has no minimum: the weights grow without bound. Training needs "
            "a stopping rule. It stops once an update lowers the loss by less than a given amount."
        ),
    ]


def _identity(lesson: Lesson) -> list[Block]:
    worked, learning = lesson.traces["identity"], lesson.traces["identity-learning"]
    last = learning.epochs[-1]
    return [
        Text(
            "Without tanh the unit computes a<t> = w_x x<t> + w_a a<t−1>. With w_x = w_a = 1 that is the sum: the "
            f"outputs are {', '.join(f'{value:g}' for value in worked.epochs[0].predictions.ravel())}, the loss is "
            f"{worked.epochs[0].loss:g} and both derivatives are 0. There is nothing to learn."
        ),
        Shown("identity", "The identity, w_x = w_a = 1"),
        Text(
            f"From w_x = w_a = 0.8 gradient descent converges: after {last.number} updates w_x = "
            f"{last.parameters[_W_X].item():.4f}, w_a = {last.parameters[_W_A].item():.4f}, loss {last.loss:.2g}."
        ),
        Shown("identity-learning", "The identity learns, from w_x = w_a = 0.8"),
    ]
