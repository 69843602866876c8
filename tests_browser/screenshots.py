"""Take the pictures of the documents again: ``python -m tests_browser.screenshots`` in a clone.

Light and dark, a desktop and a phone; each shows a board from its upper edge on.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, sync_playwright

from elman.explain import lesson
from elman.explain.page import render

IMAGES = Path(__file__).parent.parent / "docs" / "images"


class Shot(NamedTuple):
    name: str
    lesson: str
    board: int
    view: str
    scheme: Any
    width: int
    height: int
    click: tuple[str, ...] = ()


SHOTS = [
    Shot("explain-desktop-light", "sine-two-lags", 1, "paths", "light", 1180, 1200),
    Shot("explain-desktop-dark", "next-word", 1, "forward", "dark", 1180, 860),
    Shot("explain-phone-light", "next-word", 1, "paths", "light", 390, 844),
    Shot("explain-phone-dark", "by-hand-sum", 0, "backward", "dark", 390, 844, ('.node[data-id="forward/h/1/2"]',)),
]


def take(browser: Browser, folder: Path, shot: Shot) -> None:
    """Open a lesson, show one view of one board, and write the picture."""
    file = folder / f"{shot.lesson}.html"
    file.write_text(render(lesson(shot.lesson).to_dict()), encoding="utf-8")
    page = browser.new_page(
        viewport={"width": shot.width, "height": shot.height}, color_scheme=shot.scheme, reduced_motion="reduce"
    )
    page.goto(file.as_uri())
    board = page.locator(".board").nth(shot.board)
    board.locator(f'.views [data-view="{shot.view}"]').click()
    for selector in shot.click:
        board.locator(selector).click()
    page.mouse.move(0, 0)
    board.evaluate("board => window.scrollTo(0, board.getBoundingClientRect().top + window.scrollY - 10)")
    page.screenshot(path=IMAGES / f"{shot.name}.png")
    page.close()


def main() -> None:
    """Take all pictures."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for shot in SHOTS:
            take(browser, Path(folder), shot)
        browser.close()


if __name__ == "__main__":
    main()
