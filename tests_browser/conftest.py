"""One Chromium for all tests; a page that collects what it says and asks for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from elman.explain.page import render
from tests_browser.pages import DOCUMENTS


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.fail("there is no chromium; install it, or name one with CHROMIUM=/path/to/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[dict[str, Any], Path]]:
    """Return a document by name and the file of its page, each made once."""
    folder, made = tmp_path_factory.mktemp("pages"), {}

    def document(name: str) -> tuple[dict[str, Any], Path]:
        if name not in made:
            content = DOCUMENTS[name]()
            path = folder / f"{name}.html"
            path.write_text(render(content), encoding="utf-8")
            made[name] = content, path
        return made[name]

    return document


class Opened:
    """A page with its document, and everything it complained about or asked for."""

    def __init__(self, page: Page, document: dict[str, Any], file: Path) -> None:
        self.page, self.document, self.file = page, document, file
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(file.as_uri())

    def traces(self) -> list[dict[str, Any]]:
        """Return the traces in the order of their boards."""
        if self.document["kind"] == "trace":
            return [self.document]
        blocks = [block for section in self.document["sections"] for block in section["blocks"]]
        return [self.document["traces"][block["trace"]] for block in blocks if block["kind"] == "trace"]


@pytest.fixture
def opened(browser: Browser, documents: Any) -> Iterator[Callable[..., Opened]]:
    pages = []

    def open_page(name: str, width: int = 1280, height: int = 900, scheme: Any = "light") -> Opened:
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        pages.append(page)
        return Opened(page, *documents(name))

    yield open_page
    for page in pages:
        page.close()
