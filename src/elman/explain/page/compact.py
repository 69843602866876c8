"""A compact trace: every formula once, as MathML, referred to by its index in a table."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from elman.explain.prose import pieces

__all__ = ["Formulas", "compact_trace"]

_UNSAID = ("numbers", "result")
_MINUS = re.compile(r"(<mo[^>]*>[=+(·⊙−]</mo>)<mo>−</mo>")  # of a negative number, not of a difference
_SINGLE = re.compile(r"<mrow>(<(m[in])>[^<]*</\2>)</mrow>")  # a row of one letter or number
_DEFAULT = ' stretchy="true" fence="true"'  # of brackets, by MathML's table of operators
_WRAPPER = re.compile(r"^<math[^>]*>|</math>$")


class Formulas:
    """A table of distinct formulas in MathML.

    Attributes
    ----------
    table : list of str
        One element each; a ``<span>`` contains a ``<math>`` for every part before which a line may break.

    Examples
    --------
    >>> formulas = Formulas()
    >>> formulas.index("h_{1}"), formulas.index("x"), formulas.index("h_{1}"), formulas.table[1]
    (0, 1, 0, '<math><mi>x</mi></math>')
    """

    def __init__(self) -> None:
        self.table: list[str] = []
        self._indices: dict[str, int] = {}

    def index(self, latex: str) -> int:
        """Return the index of a formula; add it if it is new."""
        if latex not in self._indices:
            self._indices[latex] = len(self.table)
            parts = [f"<math>{part}</math>" for part in _parts(latex)]
            self.table.append(parts[0] if len(parts) == 1 else f"<span>{'<wbr>'.join(parts)}</span>")
        return self._indices[latex]

    def display(self, latex: str) -> Any:
        """Return a formula for the template: an element for every part, so that a line may break before each."""
        from markupsafe import Markup

        return Markup("<wbr>".join(f'<math displaystyle="true">{part}</math>' for part in _parts(latex)))

    def prose(self, text: str) -> Any:
        """Return a paragraph for the template."""
        from markupsafe import Markup, escape

        marked: dict[str, Callable[[str], Markup]] = {
            "words": escape,
            "code": Markup("<code>{}</code>").format,
            "formula": lambda latex: Markup(f"<math>{_mathml(latex)}</math>"),
        }
        return Markup("").join(marked[kind](part) for kind, part in pieces(text))


def _mathml(latex: str) -> str:
    """Return the contents of the ``math`` element, with characters instead of character references."""
    from latex2mathml.converter import convert

    inner = _WRAPPER.sub("", convert(latex))
    plain = re.sub(r"&#x(?!0*(?:26|3C|3E);)[0-9A-F]+;", lambda sign: html.unescape(sign[0]), inner)
    tight = re.sub("<mo>([/∂])</mo>", r"<mi>\1</mi>", plain)
    tight = tight.replace(_DEFAULT, "")
    return _SINGLE.sub(r"\1", _MINUS.sub(r'\1<mo form="prefix">−</mo>', tight))


_OPERATOR = re.compile(r"(?<=\S) (?=[=<>+-] )")
_OPENING, _CLOSING = re.compile(r"\\(?:begin|left)\b|[{(\[]"), re.compile(r"\\(?:end|right)\b|[})\]]")
_FIRST_SIGN = re.compile(r"^<mrow><mo>(?=[+\u2212=]|&#x0003[CE];)")


def _parts(latex: str) -> list[str]:
    """Split a formula before the operators =, <, >, + and - outside all brackets, and return MathML."""
    cuts = [0, *(match.start() for match in _OPERATOR.finditer(latex) if _depth(latex[: match.start()]) == 0)]
    first, *rest = (_mathml(latex[a:b].strip()) for a, b in pairwise([*cuts, len(latex)]))
    return [first, *(_FIRST_SIGN.sub('<mrow><mo form="infix">', part) for part in rest)]


def _depth(latex: str) -> int:
    """Return the number of brackets and environments that are open at the end."""
    return len(_OPENING.findall(latex)) - len(_CLOSING.findall(latex))


def compact_trace(trace: Mapping[str, Any], formulas: Formulas) -> dict[str, Any]:
    """Return a trace with formulas ``{"m": index, "t": text}`` instead of ``{"latex", "text"}``.

    The text is kept for symbols and equations, which the page reads aloud, and dropped for numbers and results.

    Parameters
    ----------
    trace : mapping
        As `docs/trace-schema.md` describes it.
    formulas : Formulas
        Table to which the formulas are added.

    Returns
    -------
    dict
        The same fields.

    Examples
    --------
    >>> compact_trace({"symbol": {"latex": "x_{1}", "text": "x_1"}, "value": [1.5]}, Formulas())
    {'symbol': {'m': 0, 't': 'x_1'}, 'value': [1.5]}
    """
    return {name: _compact(value, formulas, said=name not in _UNSAID) for name, value in trace.items()}


def _compact(value: Any, formulas: Formulas, *, said: bool) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"latex", "text"}:
            entry = {"m": formulas.index(value["latex"])}
            return entry | {"t": value["text"]} if said else entry
        return compact_trace(value, formulas)
    if isinstance(value, (list, tuple)):
        return [_compact(part, formulas, said=said) for part in value]
    return value
