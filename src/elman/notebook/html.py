"""Tables in HTML: everything in them is escaped, and nothing in them is long."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from elman.errors import visible

__all__ = ["html_table", "number"]

_ROWS = 20
_LONGEST = 400  # characters of a cell, a title or a note
# Jupyter typesets what stands between dollar signs, unless a class tells it not to.
_DIV = '<div class="elman tex2jax_ignore mathjax_ignore" style="margin-bottom: 1em">'
_CAPTION = '<caption style="caption-side: top; text-align: left; font-weight: bold">'
_ROW_HEAD = '<th scope="row" style="text-align: left">'


def html_table(
    title: str, rows: Sequence[Sequence[Any]], columns: Sequence[Any] = (), notes: Sequence[str] = ()
) -> str:
    r"""Return a table as HTML.

    Parameters
    ----------
    title : str
        Above the table.
    rows : sequence of sequences
        Cells; the first of each row is its name. Of more than 20 rows the first 19 are shown. Floats have four digits,
        a missing one is a dash; other cells become text.
    columns : sequence, optional
        Names of the columns.
    notes : sequence of str, optional
        Sentences below the table.

    Returns
    -------
    str
        One ``div``. Text is escaped, control characters are made visible, and long text is cut.

    Examples
    --------
    >>> shown = html_table("Errors", [["<naive>", 0.12345]], ["", "MAE"])
    >>> "&lt;naive&gt;" in shown, "0.1235" in shown
    (True, True)
    """
    parts = [f"<table>{_CAPTION}{_text(title)}</caption>"]
    if columns:
        heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in columns)
        parts.append(f"<thead><tr>{heads}</tr></thead>")
    shown = rows if len(rows) <= _ROWS else rows[: _ROWS - 1]
    body = [_row(cells, "right" if columns else "left") for cells in shown]
    if len(shown) < len(rows):
        body.append(f'<tr><td colspan="{len(rows[0])}">… {len(rows) - len(shown):,} more rows</td></tr>')
    parts.append(f"<tbody>{''.join(body)}</tbody></table>")
    parts += [f"<p>{_text(note)}</p>" for note in notes]
    return f"{_DIV}{''.join(parts)}</div>"


def number(value: float) -> str:
    """Return a number with four digits, a dash where there is none.

    Examples
    --------
    >>> number(3.14159), number(float("nan"))
    ('3.142', '–')
    """
    return "–" if value != value else f"{value:.4g}"


def _row(cells: Sequence[Any], side: str) -> str:
    name, *others = cells
    return f"<tr>{_ROW_HEAD}{_text(name)}</th>{''.join(_cell(value, side) for value in others)}</tr>"


def _cell(value: Any, side: str) -> str:
    """Return a cell; numbers stand at the side given, text at the left."""
    if isinstance(value, float):
        return f'<td style="text-align: {side}">{number(value)}</td>'
    if type(value) is int:
        return f'<td style="text-align: {side}">{value:,}</td>'
    return f'<td style="text-align: left">{_text(value)}</td>'


def _text(value: Any) -> str:
    text = visible(str(value))
    return html.escape(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
