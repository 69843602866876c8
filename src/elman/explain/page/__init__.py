"""One self-contained HTML page from a worked network or lesson: `render`.

The page contains the template, style and scripts beside this file and loads nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from elman._extras import installed, need
from elman.errors import ArgumentError
from elman.explain.page.bundle import bundle, links, tight
from elman.explain.page.compact import Formulas, compact_trace
from elman.explain.page.recorded import LEVELS, computable, recorded
from elman.explain.picture import svg

__all__ = ["framed", "render"]

# Each after those that it imports.
_MODULES = (
    "engine",
    "writing",
    "forward_nodes",
    "backward_nodes",
    "slips",
    "worked",
    "model",
    "state",
    "names",
    "reading",
    "sequence",
    "exercise",
)
_SCRIPTS = (
    *(
        "basics",
        "sources",
        "handles",
        "tables",
        "layout",
        "edges",
        "marks",
        "picker",
        "drawing",
        "panel",
        "paths",
        "setup",
        "typing",
    ),
    *("switches", "sharing", "chart", "lossmap", "training", "moves", "editing", "lab", "links", "lecture"),
    *("notation", "sheets", "board"),
)
_PACKAGES = ("jinja2", "latex2mathml")
MOST_BYTES = 1_000_000  # of a page that computes; recorded numbers beyond are left out
_DATA = "<!-- traces -->"
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render(document: Mapping[str, Any]) -> str:
    """Return a document as one HTML file that works from disk and loads nothing.

    Parameters
    ----------
    document : mapping
        Result of `Trace.to_dict` or `Lesson.to_dict`, or such a document of version 1 written elsewhere; see
        ``docs/trace-schema.md``.

    Returns
    -------
    str
        The page.

    Raises
    ------
    ArgumentError
        If the document's kind or version is unknown.
    MissingExtraError
        If jinja2 or latex2mathml is not installed.

    Examples
    --------
    >>> page = render({"kind": "lesson", "version": 1, "name": "none", "title": "Nothing yet", "summary": "",
    ...                "letters": None, "sections": [], "traces": {}})
    >>> page.startswith("<!DOCTYPE html>"), "<title>Nothing yet</title>" in page
    (True, True)
    """
    for package in _PACKAGES:
        need("render", package)
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    if document.get("kind") not in ("trace", "lesson") or document.get("version") != 1:
        found = f"kind {document.get('kind')!r}, version {document.get('version')!r}"
        raise ArgumentError(f"render: document must be a trace or a lesson of version 1, got {found}.")
    formulas = Formulas()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["display"] = formulas.display
    environment.filters["prose"] = formulas.prose
    environment.filters["number"] = _number
    environment.filters["picture"] = lambda block: Markup(svg(block))
    lesson = {"letters": None, **document} if document["kind"] == "lesson" else _alone(document)
    traces = lesson["traces"]
    compact = {name: compact_trace(trace, formulas) for name, trace in traces.items() if not computable(trace)}
    blocks = [block for section in lesson["sections"] for block in section["blocks"]]
    template = environment.from_string(_part("page.html.j2"))
    page = template.render(
        lesson=lesson,
        first=next((block for block in blocks if block["kind"] == "trace"), None),
        style=_part("style.css"),
        script=script(),
        formulas=formulas.table,
        data=_DATA,
    )
    return page.replace(_DATA, _fitting(traces, compact, MOST_BYTES - len(page.encode())))


def framed(document: Mapping[str, Any]) -> str | None:
    """Return a page in a frame of its own, for the output of a notebook's cell; each has its own names.

    Parameters
    ----------
    document : mapping
        As for `render`.

    Returns
    -------
    str or None
        None without the packages that a page needs: a notebook then shows the text.

    Examples
    --------
    >>> frame = framed({"kind": "lesson", "version": 1, "name": "none", "title": "Nothing yet", "summary": "",
    ...                 "letters": None, "sections": [], "traces": {}})
    >>> frame.startswith("<iframe"), "&lt;title&gt;Nothing yet&lt;/title&gt;" in frame
    (True, True)
    """
    if not all(map(installed, _PACKAGES)):
        return None
    from html import escape

    page, title = escape(render(document)), escape(document["title"])
    return (
        f'<iframe title="{title}" sandbox="allow-scripts" srcdoc="{page}" '
        'style="width: 100%; height: 46rem; border: 1px solid #8888; border-radius: .5rem"></iframe>'
    )


def _fitting(traces: Mapping[str, Any], compact: Mapping[str, Any], most: int) -> str:
    """Return the traces as JSON of at most so many bytes, with as many recorded numbers as fit, at least a few."""
    texts = (
        _embedded({"traces": {name: compact.get(name) or recorded(traces[name], level) for name in traces}})
        for level in range(len(LEVELS))
    )
    for text in texts:
        if len(text.encode()) <= most:
            return text
    return text


def _alone(trace: Mapping[str, Any]) -> dict[str, Any]:
    """Return a lesson of one trace."""
    block = {"kind": "trace", "trace": "trace", "caption": None}
    sections = [{"title": None, "blocks": [block]}]
    return {"title": trace["title"], "summary": "", "letters": None, "sections": sections, "traces": {"trace": trace}}


def script() -> str:
    """Return the page's whole script."""
    parts = {name: tight(_part(f"{name}.js")) for name in (*_MODULES, *_SCRIPTS)}
    modules = bundle({name: parts[name] for name in _MODULES})
    return "\n".join([modules, *(links(parts[name]) for name in _SCRIPTS)])


def _part(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _embedded(data: Any) -> str:
    """Return JSON without characters that HTML or JavaScript could read as markup."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in _UNSAFE.items():
        text = text.replace(character, escape)
    return text


def _number(value: Any) -> str:
    """Return an entry of a table, formatted as in the other forms."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:.6g}".replace("-", "−")
