"""Nothing that a reader needs is cut off or covered, on a desktop and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from elman.explain import LESSONS, lesson
from tests_browser.test_page import choose

Open = Callable[..., Any]
RESULTS = """() => [...document.querySelectorAll(".formula")].map((box) => [...box.querySelectorAll("math")])
  .filter((parts) => parts.length > 1).map((parts) => parts.at(-1))
  .filter((part) => part.getBoundingClientRect().right > innerWidth).map((part) => part.textContent)"""
CUT = """() => [...document.querySelectorAll(".training svg text")]
  .filter((text) => text.getBoundingClientRect().left < text.ownerSVGElement.getBoundingClientRect().left)
  .map((text) => text.textContent)"""
OPEN = """() => [...document.querySelectorAll(".formula math")].map((part) => part.textContent)
  .filter((text) => ["()", "[]"].some(([open, close]) => text.split(open).length !== text.split(close).length))"""
BRACKETS = """() => [...document.querySelectorAll("math mo")].filter((sign) => /^[()[\\]]$/.test(sign.textContent))
  .map((sign) => [sign, [...sign.parentElement.children].find((one) => one.matches("mtable, mrow:has(mtable, mfrac)"))])
  .filter(([sign, inner]) => inner && sign.getClientRects().length)
  .map((pair) => pair.map((one) => one.getBoundingClientRect().height))"""
NAMES = """(all) => all.map((node) => [node.dataset.id, node.querySelector(".name tspan").textContent])"""
BOXES = """(all) => all.map((text) => text.getBoundingClientRect()).map(({left, right, top, bottom}) =>
  [left, right, top, bottom])"""

TOUCHING = """(svg) => {
  const boxes = [...svg.querySelectorAll("text")].filter((text) => text.textContent && text.checkVisibility())
    .map((text) => [text.textContent, text.getBoundingClientRect()]);
  const touch = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return boxes.flatMap(([said, box], i) =>
    boxes.slice(i + 1).filter(([, other]) => touch(box, other)).map(([other]) => `${said} / ${other}`));
}"""


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", LESSONS)
def test_results_of_formulas_are_on_the_screen(opened: Open, name: str, width: int) -> None:
    """A long formula continues on the next line, before =, + or -, and never within brackets."""
    page = opened(name, width=width).page
    assert page.evaluate(OPEN) == []
    assert page.evaluate(RESULTS) == []
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("name", ["by-hand-sum", "sequence-to-vector"])
def test_brackets_stretch(opened: Open, name: str) -> None:
    """Around matrices and fractions, of the lesson and of the page's own formulas, in fonts made for mathematics."""
    page = opened(name).page
    page.locator(".board").first.locator('.views [data-view="weights"]').click()
    heights = page.evaluate(BRACKETS)
    assert len(heights) >= 10 and max(inner for _, inner in heights) > 40
    assert [pair for pair in heights if pair[0] < 0.9 * pair[1]] == []
    fonts = page.locator("math").first.evaluate("one => getComputedStyle(one).fontFamily.split(', ')")
    assert len(fonts) >= 5 and all("math" in font.lower() for font in fonts)
    page.evaluate("document.querySelectorAll('mo').forEach((sign) => sign.setAttribute('stretchy', 'false'))")
    assert any(sign < 0.9 * inner for sign, inner in page.evaluate(BRACKETS))


@pytest.mark.parametrize("name", ["window-forecast", "sequence-to-sequence", "next-word", "lstm-sequence"])
def test_a_loss_does_not_cover_its_target(opened: Open, name: str) -> None:
    page = opened(name).page
    for board in page.locator(".board").all():
        losses = board.locator('.node[data-id^="output/L/"] .figure').evaluate_all(BOXES)
        targets = board.locator('.node[data-id^="output/y/"] .figure').evaluate_all(BOXES)
        assert losses and targets
        for left, right, top, bottom in losses:
            assert all(right < box[0] or left > box[1] or bottom < box[2] or top > box[3] for box in targets)


def test_targets_and_outputs_have_the_index_of_their_step(opened: Open) -> None:
    """The target of step 3 is y_3, for one output as for several."""
    for name in ("by-hand-sum", "sequence-to-sequence", "stack"):
        for board in opened(name).page.locator(".board").all():
            nodes = board.locator('.node[data-id^="output/y/"], .node[data-id^="output/yhat/"]').evaluate_all(NAMES)
            assert nodes and all(node.split("/")[-1] == index for node, index in nodes), nodes


def test_one_step_has_no_slider(opened: Open) -> None:
    boards = opened("next-word").page.locator(".board")
    assert boards.nth(0).locator(".transport input").count() == 0
    assert boards.nth(1).locator(".transport input").count() == 1


def test_a_trained_network_passes_its_checks(opened: Open) -> None:
    """Near a minimum the gradient is smaller than the error of finite differences of a low order."""
    for board in opened("fed-back-forecast").page.locator(".board").all():
        slider = board.locator(".training input[type=range]").first
        slider.fill(str(slider.get_attribute("max")))
        assert board.locator(".checks .passed").count() == 3
        assert board.locator(".checks .failed").count() == 0


def test_two_in_one_notebook(browser: Browser, tmp_path: Path) -> None:
    outputs = [lesson(name)._repr_html_() for name in ("lstm", "gru")]
    (tmp_path / "notebook.html").write_text("<!DOCTYPE html>" + "".join(map(str, outputs)))
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((tmp_path / "notebook.html").as_uri())
    frames = page.frames[1:]
    assert [frame.locator("h1").inner_text() for frame in frames] == ["An LSTM, gate by gate", "A GRU, gate by gate"]
    for frame, name in zip(frames, ("c_2", "z_2"), strict=True):
        frame.locator(".board[data-ready]").wait_for()
        frame.locator(f'.node[data-id="forward/{name[0]}/1/2"]').dispatch_event("click")
        assert frame.locator(".board .unseen[role=status]").inner_text().startswith(f"{name} = ")
    assert complaints == []
    page.close()


@pytest.mark.parametrize("name", ["by-hand-sum", "sequence-to-sequence", "lstm", "gru", "lstm-sequence", "gru-last"])
def test_letters_and_numbers_of_a_drawing_do_not_touch(opened: Open, name: str) -> None:
    """In every view; a weight's letter may be as short as W_x or as long as recurrent."""
    page = opened(name, width=1440).page
    board = page.locator(".board").first
    drawing = board.locator(".drawing svg")
    for letters in ("elman", "keras"):
        page.get_by_label("Letters of the formulas").select_option(letters)
        for view in ("forward", "backward"):
            board.locator(f'.views [data-view="{view}"]').click()
            assert drawing.evaluate(TOUCHING) == [], view
        board.locator('.views [data-view="weights"]').click()
        for index in (0, 1):
            choose(board.locator(".panel .picker"), index)
            assert board.locator(".drawing .weight.shared:visible").count() > 1
            assert drawing.evaluate(TOUCHING) == [], index
