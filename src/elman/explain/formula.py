"""Formulas written once and used three times: in symbols, with numbers, and for the result.

A rule such as ``lambda x, W, b: x @ W + b`` returns the equation for `Math` symbols, the equation with numbers for
`Math` numbers, and the value for arrays. ``@`` is the matrix product, ``*`` the element-wise product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.reference import sigmoid, softmax

Array = npt.NDArray[Any]

MOST_WRITTEN = 12  # factors of a product, and such products in a sum
_SUM, _PRODUCT, _ATOM = 0, 1, 2  # precedence of the outermost operation


@dataclass(frozen=True)
class Math:
    r"""A formula in LaTeX and as plain text.

    Parameters
    ----------
    latex, text : str
        The same formula in both notations.
    binding : int
        Precedence: 0 for a sum, 1 for a product, 2 for an atom, which never needs parentheses.
    value : ndarray, optional
        The array, if the formula is a matrix of numbers.
    scalar : bool
        Whether the formula consists of single numbers.

    Examples
    --------
    >>> x, W, b = symbol("x", 1), symbol("W_x"), symbol("b")
    >>> (x @ W + b).text, (x @ W + b).latex
    ('x_1 W_x + b', 'x_{1} W_{x} + b')
    >>> ((x + b) @ W.T).text
    '(x_1 + b) W_xᵀ'
    >>> (numbers(2.0) @ numbers(-3.0) + numbers([[1.0, 0.5]])).text
    '2 · (-3) + [1 0.5]'
    """

    latex: str
    text: str
    binding: int = _ATOM
    value: Array | None = None
    scalar: bool = False

    def __add__(self, other: Math) -> Math:
        right = _signed(other)
        return Math(f"{self.latex} + {right.latex}", f"{self.text} + {right.text}", _SUM, None, _single(self, other))

    def __sub__(self, other: Math) -> Math:
        right = _signed(other, _PRODUCT)
        return Math(f"{self.latex} - {right.latex}", f"{self.text} − {right.text}", _SUM, None, _single(self, other))

    def __neg__(self) -> Math:
        right = _signed(self, _PRODUCT)
        return Math(f"-{right.latex}", f"−{right.text}", _SUM, None, self.scalar)

    def __matmul__(self, other: Math) -> Math:
        left, right = _signed(self, _PRODUCT), _signed(other, _PRODUCT)
        return _joined(left, right, (" ", " "))

    def __mul__(self, other: Math) -> Math:
        left, right = _signed(self, _PRODUCT), _signed(other, _PRODUCT)
        return _joined(left, right, (r" \odot ", " ⊙ "))

    def __rmul__(self, number: float) -> Math:
        return numbers(number) @ self

    def __rsub__(self, number: float) -> Math:
        return numbers(number) - self

    def __truediv__(self, other: Math | float) -> Math:
        below = numbers(other) if isinstance(other, (int, float)) else other
        left, right = _signed(self, _PRODUCT), _signed(below, _ATOM)
        return Math(
            rf"\frac{{{self.latex}}}{{{below.latex}}}",
            f"{left.text} / {right.text}",
            _PRODUCT,
            None,
            _single(self, below),
        )

    def __pow__(self, exponent: int) -> Math:
        base = _signed(self, _ATOM)
        each = r"\odot " if self.value is not None and self.value.size > 1 else ""  # element-wise, not a matrix power
        raised = base.text + str(exponent).translate(_RAISED)
        return Math(f"{_whole(base)}^{{{each}{exponent}}}", raised, scalar=self.scalar)

    @property
    def T(self) -> Math:
        """The transpose; a matrix of numbers is itself transposed."""
        if self.value is not None:
            return numbers(self.value.T)
        base = _signed(self, _ATOM)
        return Math(rf"{_whole(base)}^{{\top}}", f"{base.text}ᵀ")

    def to_dict(self) -> dict[str, str]:
        """Return both notations, ready for JSON."""
        return {"latex": self.latex, "text": self.text}


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _whole(base: Math) -> str:
    """Return the base of a power in LaTeX, in braces if it has an upper index."""
    upper = "^" in base.latex and not base.latex.startswith((r"\left(", r"\begin"))
    return f"{{{base.latex}}}" if upper else base.latex


def _is_number(piece: Math) -> bool:
    return piece.value is not None and piece.value.size == 1


def _single(*pieces: Math) -> bool:
    return all(piece.scalar for piece in pieces)


def _joined(left: Math, right: Math, sign: tuple[str, str]) -> Math:
    """Return a product; a factor that is one number has a dot beside it."""
    latex, text = (r" \cdot ", " · ") if left.scalar or right.scalar else sign
    return Math(left.latex + latex + right.latex, left.text + text + right.text, _PRODUCT, None, _single(left, right))


def _signed(piece: Math, binding: int = _PRODUCT) -> Math:
    """Put parentheses around an operand that needs them."""
    negative = _is_number(piece) and piece.text.startswith("-")
    if piece.binding >= binding and not negative:
        return piece
    return Math(rf"\left({piece.latex}\right)", f"({piece.text})", scalar=piece.scalar)


def symbol(name: str, index: int | str | None = None, layer: int | None = None, reverse: bool = False) -> Math:
    r"""Return a letter with its indices; ``index`` is the step. Names such as ``W_x`` contain a lower index.

    Examples
    --------
    >>> symbol("h", 3, layer=2).latex, symbol("h", 3, layer=2).text
    ('h^{(2)}_{3}', 'h⁽²⁾_3')
    >>> symbol("dW_h").latex, symbol("yhat", 1).text, symbol("h", 2, reverse=True).latex
    ('dW_{h}', 'ŷ_1', '\\overleftarrow{h}_{2}')
    """
    letter, _, own = name.partition("_")
    latex, text = _LETTERS.get(letter, (letter, letter))
    if reverse:
        latex, text = rf"\overleftarrow{{{latex}}}", f"{text}←"
    if layer is not None:
        latex, text = f"{latex}^{{({layer})}}", f"{text}⁽{str(layer).translate(_RAISED)}⁾"
    lower = [part for part in (own, "" if index is None else str(index)) if part]
    if lower:
        latex, text = f"{latex}_{{{','.join(lower)}}}", f"{text}_{','.join(lower)}"
    return Math(latex, text)


_LETTERS = {
    "yhat": (r"\hat{y}", "ŷ"),
    "dyhat": (r"d\hat{y}", "dŷ"),
    "eta": (r"\eta", "η"),
    "theta": (r"\theta", "θ"),
    "sigma": (r"\sigma", "σ"),
}


def numbers(values: npt.ArrayLike) -> Math:
    """Return an array as part of an equation: a number, a row, or a matrix.

    Examples
    --------
    >>> numbers([[0.76159, 0.0], [-1.0, 2.5e-7]]).text
    '[0.7616 0; -1 2.5e-7]'
    >>> numbers([[3.0]]).latex
    '3'
    """
    array = np.atleast_2d(np.asarray(values, np.float64))
    if array.size == 1:
        latex, text = written(float(array.ravel()[0]))
        return Math(latex, text, value=array, scalar=True)
    rows = [[written(float(value)) for value in row] for row in array]
    latex = r" \\ ".join(" & ".join(cell[0] for cell in row) for row in rows)
    text = "; ".join(" ".join(cell[1] for cell in row) for row in rows)
    return Math(rf"\begin{{bmatrix}} {latex} \end{{bmatrix}}", f"[{text}]", value=array)


def written(value: float) -> tuple[str, str]:
    r"""Return a number with four decimals, or with four significant digits if it is small.

    Examples
    --------
    >>> written(0.761594), written(-3.0), written(0.000149)
    (('0.7616', '0.7616'), ('-3', '-3'), ('0.000149', '0.000149'))
    >>> written(1.25e-7)
    ('1.25 \\times 10^{-7}', '1.25e-7')
    """
    if value == 0.0:
        return "0", "0"
    if 1e-4 <= abs(value) < 1e5:
        short = f"{value:.4g}" if abs(value) < 0.01 else f"{value:.4f}".rstrip("0").rstrip(".")
        return short, short
    digits, _, power = f"{value:.3e}".partition("e")
    digits = digits.rstrip("0").rstrip(".")
    return rf"{digits} \times 10^{{{int(power)}}}", f"{digits}e{int(power)}"


def equal(*sides: Math) -> Math:
    """Return ``left = right = …``."""
    return Math(" = ".join(side.latex for side in sides), " = ".join(side.text for side in sides), _SUM)


def function(name: str, argument: Any) -> Any:
    """Return f(argument): a formula for `Math`, the value for arrays.

    Examples
    --------
    >>> function("tanh", symbol("a", 1)).text, function("tanh", np.zeros(1))
    ('tanh(a_1)', array([0.]))
    """
    if isinstance(argument, Math):
        if name == "identity":
            return argument
        latex, text = _FUNCTIONS[name][:2]
        return Math(rf"{latex}\left({argument.latex}\right)", f"{text}({argument.text})", scalar=argument.scalar)
    return _FUNCTIONS[name][2](argument)


_FUNCTIONS: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "tanh": (r"\tanh", "tanh", np.tanh),
    "sigmoid": (r"\sigma", "σ", sigmoid),
    "relu": (r"\operatorname{ReLU}", "ReLU", lambda a: np.maximum(a, 0.0)),
    "softmax": (r"\operatorname{softmax}", "softmax", softmax),
    "identity": ("", "", lambda a: a),
    "ln": (r"\ln", "ln", np.log),
    "abs": (r"\operatorname{abs}", "abs", np.abs),
    "sign": (r"\operatorname{sign}", "sign", np.sign),
    "huber": ("H", "H", lambda e: np.where(np.abs(e) > 1, np.abs(e) - 0.5, e**2 / 2)),
    "clip": (r"\operatorname{clip}_{-1}^{1}", "clip", lambda e: np.clip(e, -1.0, 1.0)),
}


def partial(above: Math, below: Math, immediate: bool = False) -> Math:
    """Return ∂above/∂below; ``immediate`` writes ∂⁺, which holds the previous state constant.

    Examples
    --------
    >>> partial(symbol("h", 2), symbol("h", 1)).text, partial(symbol("h", 2), symbol("W_h"), immediate=True).text
    ('∂h_2/∂h_1', '∂⁺h_2/∂W_h')
    """
    plus = ("^{+}", "⁺") if immediate else ("", "")
    latex = rf"\frac{{\partial{plus[0]} {above.latex}}}{{\partial {below.latex}}}"
    return Math(latex, f"∂{plus[1]}{above.text}/∂{below.text}")


def product(*factors: Math) -> Math:
    """Return factors with dots between them; a long product is shortened in the middle.

    Examples
    --------
    >>> product(*(symbol("x", i) for i in range(1, 14))).text
    'x_1 · x_2 · x_3 · x_4 · x_5 · … · x_9 · x_10 · x_11 · x_12 · x_13'
    """
    parts = [_signed(factor) for factor in factors]
    if len(parts) > MOST_WRITTEN:
        parts = [*parts[:5], Math(r"\cdots", "…"), *parts[-5:]]
    return Math(r" \cdot ".join(part.latex for part in parts), " · ".join(part.text for part in parts), _PRODUCT)
