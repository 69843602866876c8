"""Prose of a lesson: words, code between backquotes, and letters with indices, which are formulas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Piece", "pieces"]


class Piece(NamedTuple):
    """A part of a paragraph; ``kind`` is ``"words"``, ``"code"`` or ``"formula"``, and a formula is LaTeX."""

    kind: str
    text: str


_INDEX = r"(?:_\([^()]*\)|_[A-Za-z0-9,]*[A-Za-z0-9]|<[^<> ]{1,9}>|\^\([^()]*\))"
_LAYER = r"←?(?:⁽[¹²³⁴-⁹]⁾)?"
_SIGN = rf"[A-Za-zŷŶδβηθΣ]{_LAYER}"
_TERM = rf"(?:∂⁺?{_SIGN}{_INDEX}*|d?{_SIGN}{_INDEX}+|[ŷŶ])[²³ᵀ]?"
_FORMULA = re.compile(rf"(?<![\w<.]){_TERM}(?:/∂{_SIGN}{_INDEX}*)?(?![\w<])")
_CODE = re.compile(r"`([^`]*)`")
_PART = re.compile(rf"(∂⁺|∂|/|d(?=[ŷŶ])|{_SIGN})|({_INDEX})|([²³ᵀ])")
_LETTERS = {
    "∂": r"\partial ", "∂⁺": r"\partial^{+} ", "ŷ": r"\hat{y}", "Ŷ": r"\hat{Y}",
     "δ": r"\delta", "β": r"\beta", "η": r"\eta",
    "θ": r"\theta", "Σ": r"\sum ",
}  # fmt: skip
_SIGNS = {"−": "-", "→": r"\to ", "…": r"\ldots ", "+": "+", "≤": r"\leq "}
_RAISED = {"²": "2", "³": "3", "ᵀ": r"\top"}
_LOWERED = str.maketrans("¹²³⁴⁵⁶⁷⁸⁹", "123456789")


def pieces(text: str) -> Iterator[Piece]:
    r"""Split a paragraph into its pieces.

    Examples
    --------
    >>> for piece in pieces("Of `W_x` and h_(t−1)"):
    ...     print(piece.kind, repr(piece.text))
    words 'Of '
    code 'W_x'
    words ' and '
    formula 'h_{t-1}'
    >>> [piece.text for piece in pieces("∂L/∂w_x by a<3>")]
    ['\\partial L/\\partial w_{x}', ' by ', 'a^{\\langle 3 \\rangle}']
    """
    for number, part in enumerate(_CODE.split(text)):
        if number % 2:
            yield Piece("code", part)
        else:
            yield from _words(part)


def _words(text: str) -> Iterator[Piece]:
    done = 0
    for match in _FORMULA.finditer(text):
        if match.start() > done:
            yield Piece("words", text[done : match.start()])
        yield Piece("formula", _latex(match[0]))
        done = match.end()
    if done < len(text):
        yield Piece("words", text[done:])


def _latex(term: str) -> str:
    """Return a letter with its indices, or a quotient of two, as LaTeX."""
    out = ""
    for sign, index, raised in _PART.findall(term):
        if sign:
            out += _letter(sign)
        elif raised:
            out += f"^{{{_RAISED[raised]}}}" if "^" not in out else f"{{}}^{{{_RAISED[raised]}}}"
        else:
            inner = "".join(_SIGNS.get(c, c) for c in index.strip("_^()<>"))
            out += {"_": f"_{{{inner}}}", "^": f"^{{{inner}}}", "<": rf"^{{\langle {inner} \rangle}}"}[index[0]]
    return out


def _letter(sign: str) -> str:
    if sign in _LETTERS or not sign[0].isalpha():
        return _LETTERS.get(sign, sign)
    letter = _LETTERS.get(sign[0], sign[0])
    if "←" in sign:
        letter = rf"\overleftarrow{{{letter}}}"
    return letter + (f"^{{({sign[-2].translate(_LOWERED)})}}" if sign.endswith("⁾") else "")
