"""A student's walk through the page, on three screens: one test for the whole of it.

With WALK=folder every stop is photographed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests_browser.conftest import Opened
from tests_browser.test_accessibility import axe, findings
from tests_browser.test_live import by_hand, loss, put, same_as
from tests_browser.test_sequence import typing

__all__ = ["axe"]

SCREENS = {"desktop": (1440, 900, "light"), "projector": (1920, 1080, "light"), "phone": (390, 844, "dark")}


class Walk:
    """Takes a picture at every stop, and asks axe."""

    def __init__(self, page: Page, axe_: str, screen: str) -> None:
        self.page, self.axe, self.screen = page, axe_, screen
        self.folder = os.environ.get("WALK")
        self.stops = 0

    def stop(self, board: Locator, name: str) -> None:
        self.stops += 1
        assert findings(self.page, self.axe) == [], name
        width = self.page.evaluate("document.documentElement.scrollWidth")
        assert width <= SCREENS[self.screen][0], name
        if self.folder:
            board.evaluate("one => window.scrollTo(0, one.getBoundingClientRect().top + window.scrollY - 10)")
            self.page.mouse.move(0, 0)
            self.page.screenshot(path=Path(self.folder) / f"{self.screen}-{self.stops}-{name}.png")


@pytest.mark.parametrize("screen", SCREENS)
def test_seven_tasks(opened: Callable[..., Opened], axe: str, screen: str) -> None:
    width, height, scheme = SCREENS[screen]
    page = opened("by-hand-sum", width=width, height=height, scheme=scheme)
    board = page.page.locator(".board").first
    walk = Walk(page.page, axe, screen)
    training = board.locator(".training")

    put(board, '["W_h",0,0]', "1.5")  # 1: change a weight
    same_as(board, by_hand(w_h=1.5))
    walk.stop(board, "weight")

    typing(board, "0.5 0.6 0.7 0.72 0.8")  # 2: type a sequence
    board.get_by_role("button", name="Use this sequence").click()
    assert board.locator('.node[data-id="forward/x/3"] .figure').text_content() == "0.7"
    walk.stop(board, "sequence")
    board.locator(".typing summary").click()
    board.get_by_role("button", name="Reset").click()
    same_as(board, by_hand())

    for _ in range(10):  # 3: train
        board.get_by_role("button", name="Train one epoch").click()
    assert round(loss(board), 4) == 1.6822
    walk.stop(training, "train")
    board.get_by_role("button", name="Back to the first epoch").click()

    board.locator(".rows select").select_option("all examples")  # 4: the path that dominates
    board.locator('.views [data-view="paths"]').click()
    longest = board.locator(".path").evaluate_all(
        "all => all.reduce((a, b) => (Number(b.dataset.value) > Number(a.dataset.value) ? b : a)).dataset.path"
    )
    board.locator(f'.path[data-path="{longest}"]').click()
    assert board.locator(f'.path[data-path="{longest}"]').get_attribute("aria-label") == (
        "Path from output 3 to step 3: norm 0.1858"
    )
    walk.stop(board, "path")

    board.get_by_text("Slips of the notes").click()  # 5: switch a slip
    for slip in ("linear-backward", "no-rate", "signs"):
        board.locator(f'[data-slip="{slip}"]').check()
    assert "from 1.8229 to 9.3013" in board.inner_text()
    walk.stop(board, "slip")
    board.get_by_role("button", name="Reset").click()
    board.get_by_text("Slips of the notes").click()

    board.get_by_text("Exercise").click()  # 6: answer wrongly, then rightly
    board.locator(".rows select").select_option(index=0)
    cell = board.locator('[data-cell="h/2"]')
    for answer, said in (("0.7616", "No: that is a2, without the activation."), ("0.642", "Right: 0.642.")):
        cell.fill(answer)
        cell.press("Tab")
        assert board.locator(".sheet [role=status]").inner_text().startswith(said)
        walk.stop(board, "wrong" if said.startswith("No") else "right")
    board.get_by_text("Exercise").click()

    put(board, '["W_x",0,0]', "0.5")  # 7: share a link
    board.get_by_role("button", name="Copy link").click()
    address = page.page.url
    page.page.goto("about:blank")
    page.page.goto(address)
    same_as(page.page.locator(".board").first, by_hand(w_x=0.5))
    walk.stop(page.page.locator(".board").first, "link")
    assert walk.stops == 8
    assert page.complaints == []
    assert {url.split("#")[0] for url in page.requests} == {page.file.as_uri()}
