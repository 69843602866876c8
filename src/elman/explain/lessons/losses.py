"""The first derivatives of backpropagation: squared error, sigmoid, softmax, cross-entropies, step by step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elman import reference
from elman.explain.blocks import Block, Formula, Lesson, Text, table
from elman.explain.board import Array
from elman.explain.formula import Math, numbers
from elman.explain.lessons._common import begun

LOGITS = np.array([[1.0, 2.0, 0.5]])  # o
Y = np.array([[0.0, 1.0, 0.0]])
Z, TARGET = 0.5, 1.0


def losses() -> Lesson:
    """Work the lesson."""
    lesson = begun(
        "losses",
        "The mean squared error, the sigmoid, tanh, the softmax and the cross-entropies, differentiated step by step, "
        "with numbers, and compared with finite differences. Each cross-entropy with its own activation gives ŷ − y.",
    )
    lesson.add("Mean squared error", *_squared())
    lesson.add("Sigmoid", *_sigmoid())
    lesson.add("tanh", *_tanh())
    lesson.add("Softmax", *_softmax())
    lesson.add("Categorical cross-entropy, and through the softmax", *_categorical())
    lesson.add("Binary cross-entropy, and through the sigmoid", *_binary())
    lesson.add("Why training uses the short forms", *_short_forms())
    return lesson


def _m(latex: str, text: str) -> Math:
    return Math(latex, text, 0)


def _checked(what: str, exact: Array, f: Callable[[Array], float], x: Array) -> Text:
    """Return the text about the difference from finite differences."""
    gap = float(np.abs(reference.numerical_gradient(f, x) - exact).max())
    return Text(f"Largest difference between this derivative of {what} and finite differences: {gap:.0e}.")


def _squared() -> list[Block]:
    yhat, y = np.array([[0.5, 2.5]]), np.array([[1.0, 2.0]])
    _, exact = reference.mean_squared_error(yhat, y)
    return [
        Formula((_m("L", "L"), _m(r"\frac{1}{n} \sum_i (\hat{y}_i - y_i)^2", "1/n Σ_i (ŷ_i − y_i)²"))),
        Text("Only the term of ŷ_i depends on ŷ_i. The derivative of u² is 2u. The derivative of u = ŷ_i − y_i is 1."),
        Formula((_m(r"\frac{\partial L}{\partial \hat{y}_i}", "∂L/∂ŷ_i"),
                 _m(r"\frac{1}{n} \cdot 2(\hat{y}_i - y_i) \cdot 1", "1/n · 2 (ŷ_i − y_i) · 1"),
                 _m(r"\frac{2}{n}(\hat{y}_i - y_i)", "2/n (ŷ_i − y_i)"))),
        Formula((_m(r"\frac{2}{2}", "2/2") @ (numbers(yhat) - numbers(y)), numbers(exact)),
                "With ŷ = (0.5, 2.5), y = (1, 2):"),
        _checked("L", exact, lambda v: reference.mean_squared_error(v, y)[0], yhat),
    ]  # fmt: skip


def _sigmoid() -> list[Block]:
    slope = reference.sigmoid_derivative([Z])
    value = reference.sigmoid([Z])
    return [
        Formula((_m(r"\sigma(z)", "σ(z)"), _m(r"\frac{1}{1 + e^{-z}}", "1 / (1 + e^(−z))"))),
        Text("With u = 1 + e^(−z): the derivative of 1/u is −1/u², the derivative of u is −e^(−z)."),
        Formula((_m(r"\sigma'(z)", "σ'(z)"),
                 _m(r"\frac{e^{-z}}{(1 + e^{-z})^2}", "e^(−z) / (1 + e^(−z))²"),
                 _m(r"\frac{1}{1 + e^{-z}} \cdot \frac{e^{-z}}{1 + e^{-z}}", "1/(1 + e^(−z)) · e^(−z)/(1 + e^(−z))"),
                 _m(r"\sigma(z)\left(1 - \sigma(z)\right)", "σ(z) (1 − σ(z))"))),
        Formula((_m(r"\sigma'(0.5)", "σ'(0.5)"), numbers(value) @ (1 - numbers(value)), numbers(slope)), "At z = 0.5:"),
        _checked("σ", slope, lambda v: float(reference.sigmoid(v).sum()), np.array([Z])),
    ]  # fmt: skip


def _tanh() -> list[Block]:
    value = np.tanh([Z])
    slope = 1 - value**2
    return [
        Formula((_m(r"\tanh(z)", "tanh(z)"), _m(r"\frac{e^{z} - e^{-z}}{e^{z} + e^{-z}}",
                                               "(e^z − e^(−z)) / (e^z + e^(−z))"))),
        Text("With u = e^(z) − e^(−z) and v = e^(z) + e^(−z): u' = v and v' = u. The quotient rule gives:"),
        Formula((_m(r"\tanh'(z)", "tanh'(z)"),
                 _m(r"\frac{u' v - u v'}{v^2}", "(u' v − u v') / v²"),
                 _m(r"\frac{v^2 - u^2}{v^2}", "(v² − u²) / v²"),
                 _m(r"1 - \tanh^2(z)", "1 − tanh²(z)"))),
        Formula((_m(r"\tanh'(0.5)", "tanh'(0.5)"), 1 - numbers(value) ** 2, numbers(slope)), "At z = 0.5:"),
        _checked("tanh", slope, lambda v: float(np.tanh(v).sum()), np.array([Z])),
        Text("tanh' is at most 1, at z = 0. σ' is at most 1/4, also at z = 0."),
    ]  # fmt: skip


def _softmax() -> list[Block]:
    p, jacobian = reference.softmax(LOGITS), reference.softmax_jacobian(LOGITS)[0]
    by_hand = np.stack([reference.numerical_gradient(_component(j), LOGITS)[0] for j in range(3)])
    gap = float(np.abs(by_hand - jacobian).max())
    return [
        Formula((_m("p_j", "p_j"), _m(r"\frac{e^{o_j}}{\sum_m e^{o_m}}", "e^(o_j) / Σ_m e^(o_m)"))),
        Text("For k = j, numerator and denominator depend on o_k; for k ≠ j, only the denominator does:"),
        Formula((_m(r"\frac{\partial p_j}{\partial o_j}", "∂p_j/∂o_j"),
                 _m(r"\frac{e^{o_j} S - e^{o_j} e^{o_j}}{S^2}", "(e^(o_j) S − e^(o_j) e^(o_j)) / S²"),
                 _m("p_j (1 - p_j)", "p_j (1 − p_j)")), "With S = Σ_m e^(o_m):"),
        Formula((_m(r"\frac{\partial p_j}{\partial o_k}", "∂p_j/∂o_k"),
                 _m(r"\frac{0 - e^{o_j} e^{o_k}}{S^2}", "(0 − e^(o_j) e^(o_k)) / S²"), _m("-p_j p_k", "−p_j p_k"))),
        Formula((_m(r"\frac{\partial p}{\partial o}", "∂p/∂o"),
                 _m(r"\operatorname{diag}(p) - p^{\top} p", "diag(p) − pᵀ p")), "Together, with p a row vector:"),
        Formula((_m("p", "p"), numbers(p)), "At o = (1, 2, 0.5):"),
        Formula((_m(r"\frac{\partial p}{\partial o}", "∂p/∂o"), numbers(jacobian))),
        Text("Its rows sum to 0, because probabilities sum to 1."),
        Text(f"Largest difference from finite differences: {gap:.0e}."),
    ]  # fmt: skip


def _component(j: int) -> Callable[[Array], float]:
    return lambda o: float(reference.softmax(o)[0, j])


def _categorical() -> list[Block]:
    p, jacobian = reference.softmax(LOGITS), reference.softmax_jacobian(LOGITS)[0]
    by_p = reference.cross_entropy_derivative(p, Y)
    loss, exact = reference.categorical_cross_entropy(LOGITS, Y, reduction="sum")
    return [
        Formula((_m("L", "L"), _m(r"-\sum_j y_j \ln p_j", "−Σ_j y_j ln p_j"))),
        Formula((_m(r"\frac{\partial L}{\partial p_j}", "∂L/∂p_j"), _m(r"-\frac{y_j}{p_j}", "−y_j / p_j"))),
        Text("Through the softmax, by the chain rule:"),
        Formula((_m(r"\frac{\partial L}{\partial o_k}", "∂L/∂o_k"),
                 _m(r"\sum_j -\frac{y_j}{p_j} \frac{\partial p_j}{\partial o_k}", "Σ_j −(y_j/p_j) ∂p_j/∂o_k"),
                 _m(r"-y_k (1 - p_k) + \sum_{j \neq k} y_j p_k", "−y_k (1 − p_k) + Σ_(j≠k) y_j p_k"),
                 _m(r"p_k \sum_j y_j - y_k", "p_k Σ_j y_j − y_k"))),
        Text("The targets of one row sum to 1, so ∂L/∂o = p − y. Otherwise their sum remains a factor of p."),
        Formula((_m("L", "L"), numbers(loss)), "At o = (1, 2, 0.5) with y = (0, 1, 0):"),
        Formula((_m(r"\frac{\partial L}{\partial p} \frac{\partial p}{\partial o}", "∂L/∂p ∂p/∂o"),
                 numbers(by_p) @ numbers(jacobian), numbers(by_p @ jacobian))),
        Formula((_m("p - y", "p − y"), numbers(p) - numbers(Y), numbers(exact))),
        _checked("L", exact, lambda v: reference.categorical_cross_entropy(v, Y, reduction="sum")[0], LOGITS),
    ]  # fmt: skip


def _binary() -> list[Block]:
    o, y = np.array([[Z]]), np.array([[TARGET]])
    p = reference.sigmoid(o)
    by_p = reference.binary_cross_entropy_derivative(p, y)
    _, exact = reference.binary_cross_entropy(o, y)
    return [
        Formula((_m("L", "L"), _m(r"-\left[y \ln p + (1 - y) \ln(1 - p)\right]", "−[y ln p + (1 − y) ln(1 − p)]"))),
        Formula((_m(r"\frac{\partial L}{\partial p}", "∂L/∂p"),
                 _m(r"-\frac{y}{p} + \frac{1 - y}{1 - p}", "−y/p + (1 − y)/(1 − p)"),
                 _m(r"\frac{p - y}{p (1 - p)}", "(p − y) / (p (1 − p))"))),
        Formula((_m(r"\frac{\partial L}{\partial o}", "∂L/∂o"),
                 _m(r"\frac{p - y}{p (1 - p)} \cdot p (1 - p)", "(p − y) / (p (1 − p)) · p (1 − p)"),
                 _m("p - y", "p − y")), "Through p = σ(o), whose derivative is p (1 − p):"),
        Formula((_m(r"\frac{\partial L}{\partial p} \cdot p (1 - p)", "∂L/∂p · p (1 − p)"),
                 numbers(by_p) @ numbers(p) @ (1 - numbers(p)), numbers(exact)), "At o = 0.5 with y = 1:"),
        _checked("L", exact, lambda v: reference.binary_cross_entropy(v, y)[0], o),
    ]  # fmt: skip


def _short_forms() -> list[Block]:
    rows = [
        ["mean squared error", "identity", "2/n (ŷ − y)"],
        ["half squared error", "identity", "ŷ − y"],
        ["binary cross-entropy", "σ", "ŷ − y"],
        ["categorical cross-entropy", "softmax", "ŷ − y"],
    ]
    return [
        table("∂L/∂o", ["loss", "output activation", "derivative"], rows),
        Text(
            "Near p = 0 the factor −y/p is large and the factor p(1 − p) is small. Their product is moderate. Training "
            "does not compute the factors. It computes the loss from o, as ln Σ exp(o) − o_j, and the derivative as "
            "ŷ − y."
        ),
    ]
