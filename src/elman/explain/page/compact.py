"""A trace without repetitions: every formula once, as MathML, and referred to by its place in a table."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["Formulas", "compact_trace"]

_UNSAID = ("numbers", "result")
_WRAPPER = re.compile(r"^<math[^>]*>|</math>$")


class Formulas:
    """Formulas by their place in a table of MathML.

    Attributes
    ----------
    table : list of str
        What stands between ``<math>`` and ``</math>``.

    Examples
    --------
    >>> formulas = Formulas()
    >>> formulas.place("h_{1}"), formulas.place("x"), formulas.place("h_{1}"), formulas.table[1]
    (0, 1, 0, '<mrow><mi>x</mi></mrow>')
    """

    def __init__(self) -> None:
        self.table: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, latex: str) -> int:
        """Return the place of a formula, adding it if it is new."""
        if latex not in self._places:
            self._places[latex] = len(self.table)
            self.table.append(_mathml(latex))
        return self._places[latex]

    def inline(self, latex: str, display: str = "inline") -> Any:
        """Return a formula as a whole element, for the template."""
        from markupsafe import Markup

        return Markup(f'<math display="{display}">{_mathml(latex)}</math>')


def _mathml(latex: str) -> str:
    """Return the contents of the ``math`` element, with signs in place of references to them."""
    from latex2mathml.converter import convert

    inner = _WRAPPER.sub("", convert(latex))
    return re.sub(r"&#x(?!0*(?:26|3C|3E);)[0-9A-F]+;", lambda sign: html.unescape(sign[0]), inner)


def compact_trace(trace: Mapping[str, Any], formulas: Formulas) -> dict[str, Any]:
    """Return a trace whose formulas ``{"latex", "text"}`` are ``{"m": place, "t": text}``.

    The text is kept where the page says it: of symbols and equations, not of numbers and results.

    Parameters
    ----------
    trace : mapping
        As `docs/trace-schema.md` describes it.
    formulas : Formulas
        Table that formulas are added to.

    Returns
    -------
    dict
        Of the same fields.

    Examples
    --------
    >>> compact_trace({"symbol": {"latex": "x_{1}", "text": "x_1"}, "value": [1.5]}, Formulas())
    {'symbol': {'m': 0, 't': 'x_1'}, 'value': [1.5]}
    """
    return {name: _compact(value, formulas, said=name not in _UNSAID) for name, value in trace.items()}


def _compact(value: Any, formulas: Formulas, *, said: bool) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"latex", "text"}:
            place = {"m": formulas.place(value["latex"])}
            return place | {"t": value["text"]} if said else place
        return compact_trace(value, formulas)
    if isinstance(value, (list, tuple)):
        return [_compact(part, formulas, said=said) for part in value]
    return value
