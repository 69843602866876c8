"""A trace or a lesson as Markdown, LaTeX, plain text or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from elman import _check
from elman.explain.blocks import Cell, Formula, Lesson, Picture, Slip, Table, Text
from elman.explain.picture import latex, spark
from elman.explain.prose import pieces
from elman.explain.sheet import Derivation, Heading, Item, sheet
from elman.explain.tracing import Trace

FORMATS = ("html", "markdown", "latex", "json", "text")


def render(subject: Trace | Lesson, form: str) -> str:
    r"""Write a trace or a lesson as text.

    Parameters
    ----------
    subject : Trace or Lesson
        The trace or lesson.
    form : {"html", "markdown", "latex", "json", "text"}
        A self-contained page; Markdown with formulas between dollar signs; a LaTeX document; the document of
        docs/trace-schema.md; plain text.

    Returns
    -------
    str
        Ends with a line break.

    Raises
    ------
    ArgumentError
        If the form is unknown.
    MissingExtraError
        If the form is "html", and jinja2 or latex2mathml is not installed.

    Examples
    --------
    >>> from elman.explain import lesson
    >>> text = render(lesson("by-hand-sum"), "text")
    >>> "a_1 = x_1 W_x + h_0 W_h" in text
    True
    """
    _check.choice("render", "form", form, FORMATS)
    if form == "html":
        from elman.explain.page import render as page

        return page(subject.to_dict())
    return _WRITERS[form](subject)


def _json(subject: Trace | Lesson) -> str:
    return json.dumps(subject.to_dict(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


# --- plain text ---


def _text(subject: Trace | Lesson) -> str:
    return "\n".join(part for item in sheet(subject) for part in _text_item(item)).strip() + "\n"


def _text_item(item: Item) -> list[str]:
    if isinstance(item, Heading):
        return ["", item.text, "=-~."[min(item.level, 4) - 1] * len(item.text)]
    if isinstance(item, Text):
        return ["", *_wrapped(item.text.replace("`", ""))]
    if isinstance(item, Slip):
        return ["", *_wrapped(f"Written: {item.written}. Right: {item.right}. {item.why}")]
    if isinstance(item, Formula):
        return ["", *_text_caption(item), f"    {item.formula.text}"]
    if isinstance(item, Table):
        return ["", *_text_caption(item), *_text_table(item)]
    if isinstance(item, Picture):
        return ["", *_text_caption(item), *(f"    {spark(values)}  {name}" for name, values in item.series)]
    left = item.left.text
    lines = [f"{left if not i else ' ' * len(left)} = {side.text}" for i, side in enumerate(item.sides)]
    lines = lines or [left]
    if not left:
        lines = [line.strip().removeprefix("= ") if not i else line for i, line in enumerate(lines)]
    return [*lines[:-1], lines[-1] + (f"    ({item.remark})" if item.remark else "")]


def _text_caption(item: Formula | Table | Picture) -> list[str]:
    return [item.caption.replace("`", "")] if item.caption else []


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 100, break_long_words=False)


def _text_table(item: Table) -> list[str]:
    lines = [[_cell(cell).replace("`", "") for cell in row] for row in (item.columns, *item.rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(item.columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _cell(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:.6g}"


# --- Markdown ---


def _markdown(subject: Trace | Lesson) -> str:
    return "\n\n".join(_markdown_item(item) for item in sheet(subject)) + "\n"


def _markdown_item(item: Item) -> str:
    if isinstance(item, Heading):
        words = _escaped_words if item.level == 1 else _markdown_text  # a title may be the name of a file
        return f"{'#' * item.level} {words(item.text)}"
    if isinstance(item, Text):
        return _markdown_text(item.text)
    if isinstance(item, Slip):
        written, right, why = map(_markdown_text, (item.written, item.right, item.why))
        return f"> Written: {written}. **Right:** {right}. {why}"
    if isinstance(item, Formula):
        caption = f"{_markdown_text(item.caption)}\n\n" if item.caption else ""
        return f"{caption}$${item.formula.latex}$$"
    if isinstance(item, Table):
        head = [f"{_markdown_text(item.caption)}:", ""] if item.caption else []
        rows: list[tuple[Cell, ...]] = [item.columns, ("---",) * len(item.columns), *item.rows]
        return "\n".join([*head, *(f"| {' | '.join(_escaped_cell(cell) for cell in row)} |" for row in rows)])
    if isinstance(item, Picture):
        lines = "\n".join(f"    {spark(values)}  {name}" for name, values in item.series)
        return f"{_markdown_text(item.caption)}:\n\n{lines}"
    return f"$${_aligned(item, 'aligned')}$$"


_MARKDOWN: dict[str, Callable[[str], str]] = {
    "words": lambda text: _escaped_words(text),
    "code": "`{}`".format,
    "formula": "${}$".format,
}


def _markdown_text(text: str) -> str:
    return "".join(_MARKDOWN[kind](part) for kind, part in pieces(text))


def _escaped_words(text: str) -> str:
    """Escape text, such as the name of a file, so that none of its characters is markup."""
    return re.sub(r"[\\`*\[\]<>$&#~|]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)


def _escaped_cell(cell: Cell) -> str:
    return _markdown_text(_cell(cell))


_LINE = 86  # characters


def _width(text: str) -> int:
    """Estimate the printed width of a formula: a matrix is as wide as its longest row."""
    text = re.sub(r"e-?\d+", " times 10", text)
    return len(re.sub(r"\[([^]]*)\]", lambda match: max(match[1].split(";"), key=len).replace(" ", "   "), text))


def _aligned(item: Derivation, environment: str) -> str:
    """Return one line per side, aligned at the equals signs."""
    left = item.left.latex
    sides = [side.latex for side in item.sides]
    first = not left and bool(sides)  # a product without a letter of its own
    if first:
        left, sides = sides[0], sides[1:]
    width = len(item.left.text) + sum(_width(side.text) + 3 for side in item.sides) + len(item.remark or "")
    if not sides:
        lines = [f"{left} &"]
    elif width <= _LINE:
        lines = [f"{left} &= {' = '.join(sides)}"]
    else:
        lines = [f"& {left}"] if first else [f"{left} &= {sides.pop(0)}"]
        lines += [f"&= {side}" for side in sides]
    body = " \\\\\n".join(lines)
    remark = rf" \qquad \text{{({_latex_text(item.remark)})}}" if item.remark else ""
    return f"\\begin{{{environment}}}\n{body}{remark}\n\\end{{{environment}}}"


def _widest(item: Derivation) -> int:
    """Return the width of the longest line, if every side has one."""
    ends = [0] * (len(item.sides) - 1) + [len(item.remark or "")]
    return (
        len(item.left.text)
        + 3
        + max((_width(s.text) + end for s, end in zip(item.sides, ends, strict=False)), default=0)
    )


# --- LaTeX ---

_PREAMBLE = r"""\documentclass[a4paper,10pt,fleqn]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb}
\usepackage[margin=1.8cm]{geometry}
\usepackage{graphicx,longtable}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\setcounter{MaxMatrixCols}{64}
\allowdisplaybreaks
\AtBeginDocument{\abovedisplayskip=2pt \belowdisplayskip=2pt \abovedisplayshortskip=2pt \belowdisplayshortskip=2pt}
\emergencystretch=3em
"""
_SECTIONS = (r"\section*", r"\section*", r"\subsection*", r"\subsubsection*")


def _latex(subject: Trace | Lesson) -> str:
    items = sheet(subject)
    assert isinstance(items[0], Heading)
    title = rf"\title{{{_plain(items[0].text)}}}" + "\n\\author{}\n\\date{}\n"
    body = "\n\n".join(_latex_item(item) for item in items[1:])
    return f"{_PREAMBLE}{title}\\begin{{document}}\n\\maketitle\n\n{body}\n\n\\end{{document}}\n"


def _latex_item(item: Item) -> str:
    if isinstance(item, Heading):
        return f"{_SECTIONS[min(item.level, 4) - 1]}{{{_latex_text(item.text)}}}"
    if isinstance(item, Text):
        return _latex_text(item.text)
    if isinstance(item, Slip):
        parts = [_latex_text(part) for part in (item.written, item.right, item.why)]
        return rf"\begin{{quote}}Written: {parts[0]}. \textbf{{Right:}} {parts[1]}. {parts[2]}\end{{quote}}"
    if isinstance(item, Formula):
        caption = f"{_latex_text(item.caption)}\n" if item.caption else ""
        return caption + _latex_item(Derivation(item.sides[0], item.sides[1:]))
    if isinstance(item, Table):
        return _latex_table(item)
    if isinstance(item, Picture):
        return f"{_latex_text(item.caption)}:\n\n{latex(item.to_dict())}"
    if _widest(item) > _LINE:
        return f"\\resizebox{{\\linewidth}}{{!}}{{$\\displaystyle {_aligned(item, 'aligned')}$}}"
    return f"{{\\footnotesize\n{_aligned(item, 'align*')}\n}}"


def _latex_table(item: Table) -> str:
    caption = f"{_latex_text(item.caption)}:\n\n" if item.caption else ""
    share = rf"p{{\dimexpr\linewidth/{len(item.columns)}-2\tabcolsep\relax}}"
    rows = [" & ".join(map(_latex_cell, row)) + r" \\" for row in (item.columns, *item.rows)]
    body = "\n".join([rows[0], r"\hline", *rows[1:]])
    return f"{caption}\\begin{{longtable}}{{@{{}}{share * len(item.columns)}@{{}}}}\n{body}\n\\end{{longtable}}"


def _latex_cell(cell: Cell) -> str:
    text = _latex_text(_cell(cell))
    return "{}" + text if text.startswith("[") else text  # else LaTeX reads it as an option of the preceding line break


_ESCAPES = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    character: "\\" + character for character in "&%$#_{}"
}
_SIGNS = {
    "∂": r"\partial", "Σ": r"\Sigma", "σ": r"\sigma", "η": r"\eta", "θ": r"\theta", "δ": r"\delta", "α": r"\alpha",
    "ŷ": r"\hat{y}", "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "→": r"\to", "←": r"\leftarrow", "−": "-", "·": r"\cdot",
    "×": r"\times", "⊙": r"\odot", "∈": r"\in", "²": "^2", "³": "^3", "½": r"\tfrac{1}{2}", "⅓": r"\tfrac{1}{3}",
    "⅔": r"\tfrac{2}{3}", "ᵀ": r"^{\top}", "⁺": "^{+}", "′": "'", "⁻": "^{-}", "∞": r"\infty", "‖": r"\|",
    "⁽": "^{(}", "⁾": "^{)}", "¹": "^1", "ε": r"\varepsilon", "√": r"\surd", "≈": r"\approx", "Ŷ": r"\hat{Y}",
    "γ": r"\gamma", "β": r"\beta", "Π": r"\Pi",
}  # fmt: skip
_LATEX: dict[str, Callable[[str], str]] = {
    "words": lambda text: _plain(text),
    "code": lambda text: rf"\texttt{{{_plain(text)}}}",
    "formula": r"\ensuremath{{{}}}".format,
}


def _latex_text(text: str) -> str:
    """Return prose as LaTeX."""
    return "".join(_LATEX[kind](part) for kind, part in pieces(text))


_DASHES = {"…": r"\ldots{}", "–": "--"}
_LAST_LATIN = 0x17F  # last letter that the document's encoding contains
_NOT_IN_FONT = set("ĦħĸĿŀŉŦŧſ")


def _plain(text: str) -> str:
    """Escape special characters; characters without a glyph become question marks."""
    text = re.sub(r"(?<!\w)-(?=\d)", "−", text)  # a minus sign, not a hyphen
    out = []
    for c in text:
        if c in _SIGNS:
            out.append(f"\\ensuremath{{{_SIGNS[c]}}}")
        else:
            known = ord(c) <= _LAST_LATIN and c.isprintable() and c not in _NOT_IN_FONT
            out.append((_ESCAPES | _DASHES).get(c, c if known else "?"))
    return "".join(out)


_WRITERS: dict[str, Callable[[Trace | Lesson], str]] = {
    "markdown": _markdown,
    "latex": _latex,
    "json": _json,
    "text": _text,
}
