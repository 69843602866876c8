"""A sequence typed into the page means the same as one given to the command."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator

from elman.explain.typed import typed_lesson
from tests_browser.conftest import Opened
from tests_browser.test_live import loss
from tests_browser.test_page import flat, shown

Open = Callable[..., Opened]
TEXTS = {
    "numbers": "0.5 0.6 0.7 0.72",
    "decimal commas": "0,5; 0,6; 0,7; 0,72; 0,8",
    "two columns": "stock gold\n0.5 0.9\n0.6 0.8\n0.7 0.85\n0.72 0.8",
    "numbered steps": "step,stock,gold\n1,0.5,0.9\n2,0.6,0.8\n3,0.7,0.85\n4,0.72,0.8",
    "words": "th i course on nature",
    "whole numbers between commas": "stock,gold\n1,2\n3,4\n5,6\n7,8",
    "dates": '"date","stock","gold"\n2024-01-01,1.5,2\n2024-01-02,3,4\n2024-01-03,5,6\n2024-01-04,7,8',
    "semicolons and decimal commas": "stock;gold;\n0,5;0,9;\n0,6;0,8;\n0,7;0,85;\n0,72;0,8;",
    "dashes": "–3 −2 -1 0 1",
}


def typing(board: Locator, text: str) -> Locator:
    if not board.locator(".typing").evaluate("one => one.open"):
        board.locator(".typing summary").click()
    board.get_by_role("textbox", name="Sequence").fill(text)
    return board.locator(".meaning")


def values(board: Locator, name: str) -> list[float]:
    return shown(board.locator(".training .facts").get_by_role("group", name=re.compile(f"^{name}, ")))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_page_and_the_command_agree(opened: Open, text: str) -> None:
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    lesson = typed_lesson(text)
    meaning = typing(board, text)
    assert meaning.locator(".note").inner_text() == lesson.summary
    rows = meaning.get_by_role("group", name="Windows").locator("tbody tr").all_inner_texts()
    blocks = [block for block in lesson.to_dict()["sections"][0]["blocks"] if block["kind"] == "table"]
    known_rows = [[cell.replace("-", "−") for cell in row] for row in blocks[-1]["rows"]]
    assert [row.split("\t") for row in rows] == known_rows
    board.get_by_role("button", name="Use this sequence").click()
    known = lesson.traces["typed"]
    by_row: Any = known.x.transpose(1, 0, 2).tolist()
    assert values(board, "x") == flat(by_row)
    assert values(board, "y") == flat(known.y.tolist())
    assert page.complaints == []


def test_the_next_value_at_every_step(opened: Open) -> None:
    board = opened("by-hand-sum").page.locator(".board").first
    typing(board, "0.5 0.6 0.7 0.72")
    board.get_by_label("one window, the next value at every step").check()
    board.get_by_role("button", name="Use this sequence").click()
    assert values(board, "x") == [0.5, 0.6, 0.7] and values(board, "y") == [0.6, 0.7, 0.72]
    assert board.locator('.node[data-id="output/L/1"]').count() == 1
    board.get_by_role("button", name="Undo").click()
    assert round(loss(board), 4) == 1.8229


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Type numbers, columns of numbers, or words."),
        ("1 2", "2 steps are given; windows of 3 and their next value need 4."),
        ("5", "1 step is given; windows of 3 and their next value need 4."),
        ("5 $6 zebra $8 9", "'$6' is no plain number; leave out signs such as % and $."),
        ("stock,gold\n1,2\n,3\n4,5", "Line 3 has an empty cell; type a number in its place."),
        ("stock\tgold\n1\t2\n3\t4\t5", "Line 3 has 3 cells, the first line 2."),
        ("5% 6% 7% 8%", "'5%' is no plain number; leave out signs such as % and $."),
        ("1,000 2,000 3,000 4,000", "'1,000' may be 1.000 or 1000; write one of them."),
        ("1 2\n3 4 5", "Line 2 has 3 numbers, the first line 2."),
        (
            "0.5 0.6 zebra 0.7",
            (
                "'zebra' stands among numbers; type a number in its place, or, if all are words, spell the numbers, "
                "such as 'one'."
            ),
        ),
        ("a b c d e f g h i j k l m", "The text has 13 different words; the page takes 12."),
        (
            " ".join(map(str, range(60))),
            "3 steps in 57 windows; the page takes 50 steps and 24 windows: shorten the sequence.",
        ),
    ],
)  # fmt: skip
def test_text_that_is_no_sequence(opened: Open, text: str, message: str) -> None:
    board = opened("by-hand-sum").page.locator(".board").first
    assert typing(board, text).inner_text() == message
    assert board.get_by_role("button", name="Use this sequence").is_disabled()


def test_a_sequence_is_in_the_link(opened: Open) -> None:
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    typing(board, "th i course on nature")
    board.get_by_role("button", name="Use this sequence").click()
    board.get_by_role("button", name="Copy link").click()
    known, address = loss(board), page.page.url
    page.page.goto("about:blank")
    page.page.goto(address)
    board = page.page.locator(".board").first
    assert loss(board) == known
    assert board.locator('.node[data-id="forward/x/1"] .figure').text_content() == "th"
