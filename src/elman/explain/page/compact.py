"""A compact trace: every formula once, as MathML, referred to by its index in a table."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["Formulas", "compact_trace"]

_UNSAID = ("numbers", "result")
_WRAPPER = re.compile(r"^<math[^>]*>|</math>$")


class Formulas:
    """A table of distinct formulas in MathML.

    Attributes
    ----------
    table : list of str
        The contents of the ``<math>`` elements.

    Examples
    --------
    >>> formulas = Formulas()
    >>> formulas.index("h_{1}"), formulas.index("x"), formulas.index("h_{1}"), formulas.table[1]
    (0, 1, 0, '<mrow><mi>x</mi></mrow>')
    """

    def __init__(self) -> None:
        self.table: list[str] = []
        self._indices: dict[str, int] = {}

    def index(self, latex: str) -> int:
        """Return the index of a formula; add it if it is new."""
        if latex not in self._indices:
            self._indices[latex] = len(self.table)
            self.table.append(_mathml(latex))
        return self._indices[latex]

    def inline(self, latex: str, display: str = "inline") -> Any:
        """Return a formula as a complete element for the template."""
        from markupsafe import Markup

        return Markup(f'<math display="{display}">{_mathml(latex)}</math>')


def _mathml(latex: str) -> str:
    """Return the contents of the ``math`` element, with characters instead of character references."""
    from latex2mathml.converter import convert

    inner = _WRAPPER.sub("", convert(latex))
    return re.sub(r"&#x(?!0*(?:26|3C|3E);)[0-9A-F]+;", lambda sign: html.unescape(sign[0]), inner)


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
