"""The built site: whole, searchable, clean under axe on a desktop and a phone, and silent towards other hosts."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from meta.test_site import ROOMS, entries
from tests_browser.test_accessibility import axe, findings

__all__ = ["axe"]  # a fixture

SITE = Path(__file__).parent.parent / "build" / "site"
PAGES = {
    "start": "docs/index.html",
    "tutorial": "docs/forecasting.html",
    "notebook": "docs/gallery/plot_1_one_series.html",
    "gallery": "docs/gallery/index.html",
    "lessons": "docs/lessons.html",
    "names": "docs/api/elman.html",
}
Open = Callable[..., Page]


class Links(HTMLParser):
    """What a page points to, what it loads, and the anchors that it offers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors.add(found.get("id", ""))
        self.targets += [found[name] for name in ("href", "src") if found.get(name)]
        if tag in ("script", "img", "iframe") and "src" in found:
            self.loaded.append(found["src"])
        elif tag == "link" and found.get("rel") != "canonical":
            self.loaded.append(found.get("href", ""))


@pytest.fixture(scope="module")
def links() -> dict[Path, Links]:
    pages = [path for path in SITE.rglob("*.html") if path.relative_to(SITE).parts[0] != "_static"]
    return {path: Links(path.read_text()) for path in pages}


@pytest.fixture
def opened_site(browser: Browser) -> Iterator[Open]:
    contexts = []

    def open_page(name: str, width: int = 1280, scheme: Any = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.goto((SITE / PAGES[name]).as_uri())
        return page

    requests: list[str] = []
    yield open_page
    assert requests
    assert [url for url in requests if not url.startswith(("file://", "data:", "blob:"))] == []
    for context in contexts:
        context.close()


def test_links_lead_somewhere(links: dict[Path, Links]) -> None:
    assert len(links) > 40
    broken = []
    for path, page in links.items():
        for target in page.targets:
            url = urlsplit(target)
            if url.scheme or url.netloc:
                continue
            file = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not file.exists() or (
                url.fragment and file in links and unquote(url.fragment) not in links[file].anchors
            ):
                broken.append(f"{path.relative_to(SITE)}: {target}")
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(links: dict[Path, Links]) -> None:
    loaded = [source for page in links.values() for source in page.loaded]
    assert len(loaded) > 100
    assert [source for source in loaded if urlsplit(source).netloc] == []


def test_every_public_name_has_an_entry() -> None:
    header, _, packed = (SITE / "objects.inv").read_bytes().partition(b"using zlib.\n")
    assert b"Sphinx inventory version 2" in header
    known = {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}
    names = [f"{room}.{name}" for room in ROOMS for name in entries(room)[0] if not name.startswith("__")]
    assert len(names) > 200
    assert [name for name in names if name not in known] == []
    assert "elman.Forecaster.predict" in known and "elman.Forecaster.save" in known


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_no_findings(opened_site: Open, axe: str, name: str, width: int, scheme: str) -> None:
    page = opened_site(name, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert findings(page, axe, "table.dataframe") == []  # pandas leaves its first heading empty


def test_search_finds_a_name(opened_site: Open) -> None:
    page = opened_site("start")
    page.goto((SITE / "search.html").as_uri() + "?q=gradient_flow")
    page.locator("ul.search li a", has_text="gradient_flow").first.wait_for()


def test_notebooks_have_pictures_and_lessons_open(opened_site: Open) -> None:
    page = opened_site("notebook")
    assert page.locator("img.sphx-glr-single-img").evaluate("image => image.naturalWidth") > 400
    assert importlib.import_module("elman.explain").LESSONS
    lessons = opened_site("lessons")
    frame = lessons.frame_locator("iframe").first
    frame.locator(".board").first.wait_for()
    assert lessons.locator("details.lesson").count() == len(importlib.import_module("elman.explain").LESSONS)
