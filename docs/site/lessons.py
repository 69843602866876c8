"""The lessons of `elman explain` in the site: their pages, and the directive ``lessons`` that embeds them."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from elman.explain import LESSONS, lesson, render

_EMBEDDED = """<details class="lesson"{state}>
<summary>Work with it here</summary>
<iframe src="lessons/{name}.html" title="Lesson: {title}" loading="lazy"></iframe>
</details>
<p><a href="lessons/{name}.html">Open it on a page of its own</a></p>"""


class Lessons(SphinxDirective):
    """One section per lesson: its title, its summary, and the page itself in a frame that opens."""

    def run(self) -> list[nodes.Node]:
        return [_section(name, first=name == next(iter(LESSONS))) for name in LESSONS]


def _section(name: str, first: bool) -> nodes.section:
    ready = lesson(name)
    section = nodes.section("", nodes.title("", ready.title), nodes.paragraph("", ready.summary), ids=[name])
    embedded = _EMBEDDED.format(name=name, title=escape(ready.title), state=" open" if first else "")
    section += nodes.raw("", embedded, format="html")
    return section


def _write_pages(app: Sphinx, error: Exception | None) -> None:
    if error is None:
        folder = Path(app.outdir) / "docs" / "lessons"
        folder.mkdir(parents=True, exist_ok=True)
        for name in LESSONS:
            (folder / f"{name}.html").write_text(render(lesson(name), "html"), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive, and write the pages beside the page that embeds them."""
    app.add_directive("lessons", Lessons)
    app.connect("build-finished", _write_pages)
    return {"parallel_read_safe": True}
