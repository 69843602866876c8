"""Lecture mode, contents, links between formula and drawing, notations, exercises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator

from elman.explain import LESSONS
from tests_browser.conftest import Opened
from tests_browser.test_live import by_hand, put
from tests_browser.test_page import choose, options

Open = Callable[..., Opened]
IN_VIEW = """board => {
  const inside = (element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    return left >= -1 && top >= -1 && right <= innerWidth + 1 && bottom <= innerHeight + 1;
  };
  const svg = board.querySelector(".drawing svg");
  const text = svg.querySelector(".node .name");
  const lines = [...board.querySelectorAll(".panel .equation .line")];
  const current = board.querySelector(".node.current .press");
  return {
    drawing: inside(svg), equation: lines.every(inside), current: current === null || inside(current),
    beside: svg.getBoundingClientRect().right <= lines[0].getBoundingClientRect().left + 1,
    cut: lines.filter((line) => line.scrollWidth > line.clientWidth).map((line) => line.textContent),
    type: parseFloat(getComputedStyle(lines[0]).fontSize), scale: svg.getScreenCTM().a,
  };
}"""


@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080)], ids=["laptop", "projector"])
@pytest.mark.parametrize("name", [name for name in LESSONS if name != "losses"])
def test_drawing_and_equation_are_in_view_together(opened: Open, name: str, size: tuple[int, int]) -> None:
    page = opened(name, width=size[0], height=size[1])
    page.page.keyboard.press("l")
    for number in range(len(page.traces())):
        board = page.page.locator(".board.presented")
        for view in ("forward", "backward"):
            page.page.keyboard.press({"forward": "1", "backward": "2"}[view])
            for _ in range(4):
                seen = page.page.evaluate(IN_VIEW, board.element_handle())
                assert seen["drawing"] and seen["equation"] and seen["current"] and seen["beside"], (number, view, seen)
                assert seen["cut"] == [], (number, view)
                assert seen["type"] >= 22 and seen["scale"] >= 0.95, (number, view, seen)
                page.page.keyboard.press("PageUp")
        page.page.keyboard.press("]")
    page.page.keyboard.press("Escape")
    assert page.page.locator(".board.presented").count() == 0
    assert page.complaints == []


def test_presenter_keys(opened: Open) -> None:
    page = opened("by-hand-sum", width=1440)
    press = page.page.keyboard.press
    press("l")
    board = page.page.locator(".board.presented")

    def current() -> str | None:
        return board.locator(".node.current").get_attribute("data-id")

    assert current() == "forward/h/1/3"
    press("ArrowLeft")
    assert current() == "forward/h/1/2"
    press("PageDown")
    assert current() == "forward/a/1/3"
    press("PageUp")
    assert current() == "forward/h/1/2"
    press("+")
    assert board.locator(".epoch").text_content() == "1: loss 1.7402"
    press("-")
    press("h")
    assert board.locator(".veiled").count() == 2  # with numbers, result
    press("PageDown")
    assert board.locator(".veiled").count() == 1 and current() == "forward/h/1/2"
    press("PageDown")
    assert board.locator(".veiled").count() == 0
    press("PageDown")
    assert current() == "forward/a/1/3" and board.locator(".veiled").count() == 2
    press("b")
    assert page.page.locator("html.blank").count() == 1
    press("b")
    press("3")
    assert board.get_attribute("data-view") == "paths"
    press("]")
    assert page.page.locator(".board").nth(1).evaluate("one => one.classList.contains('presented')")
    press("l")
    assert page.page.locator(".presented").count() == 0
    assert page.complaints == []


def test_the_first_drawing_is_on_the_first_screen_and_headings_have_anchors(opened: Open) -> None:
    for name in LESSONS:
        page = opened(name, width=1440)
        if page.traces():
            top = page.page.locator(".drawing").first.bounding_box()
            assert top is not None and top["y"] < 700, name
        links = page.page.locator(".contents a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
        assert len(links) == (len(page.document["sections"]) if len(page.document["sections"]) > 1 else 0), name
        assert all(page.page.locator(f"h2{link}").count() == 1 for link in links), name


def test_a_factor_lights_its_edge(opened: Open) -> None:
    page = opened("by-hand-sum", width=1440)
    board = page.page.locator(".board").first
    board.locator('.views [data-view="paths"]').click()
    for factor, lit in (("ds/ds:forward:3", 2), ("dL/dy:3", 1), ("ds/dθ:forward:1:layers.0.W_x", 1)):
        board.locator(f'.panel [data-of="{factor}"]').first.hover()
        assert board.locator(".edge.linked").count() == lit, factor
    board.locator('.views [data-view="forward"]').click()
    board.locator('.node[data-id="forward/a/1/2"] .press').click()
    board.locator('.panel [data-of="forward/h/1/1"]').first.hover()
    assert board.locator('.node.linked[data-id="forward/h/1/1"]').count() == 1
    assert board.locator(".edge.linked").count() == 1
    board.locator('.node[data-id="forward/x/2"]').hover()
    assert board.locator('.panel mrow.linked[data-of="forward/x/2"]').count() >= 1


EQUATIONS = {
    "A": "a2=x2Ū⊤+h1W̄⊤", "B": "a2=x2U+h1W", "C": "z2=x2Wxh+h1Whh", "D": "z⟨2⟩=x⟨2⟩wx+a⟨1⟩wa",
    "E": "a2=X2W1+H11Wh1", "pytorch": "a2=x2Wih⊤+h1Whh⊤", "keras": "a2=x2kernel+h1recurrent", "elman": "a2=x2Wx+h1Wh",
}  # fmt: skip


def test_letters_of_other_texts(opened: Open) -> None:
    page = opened("by-hand-sum", width=1440)
    board = page.page.locator(".board").first
    board.locator('.node[data-id="forward/a/1/2"] .press').click()
    whole = "[...document.querySelectorAll('.section math, .panel math, caption')].map((one) => one.textContent)"
    before = page.page.evaluate(whole)
    for notation, equation in EQUATIONS.items():
        page.page.get_by_label("Letters of the formulas").select_option(notation)
        lines = board.locator(".panel .equation .line math").all_text_contents()
        joined = f"{lines[0]}={''.join(lines[1:3])}".replace("\u2009", "").replace(" ", "")
        assert joined == equation, notation
    assert page.page.evaluate(whole) == before
    page.page.get_by_label("Letters of the formulas").select_option("D")
    assert board.locator('.node[data-id="forward/h/1/2"] .name').text_content() == "a⟨2⟩"
    board.locator('.views [data-view="backward"]').click()
    board.locator('.node[data-id="forward/h/1/2"]').click()
    assert board.locator(".panel .equation .line math").first.text_content() == "da⟨2⟩"
    page.page.get_by_label("Letters of the formulas").select_option("pytorch")
    transposed: Any = board.locator(".panel .equation .line").nth(1).text_content()
    assert transposed.replace("\u2009", "") == "=da3Whh"  # W_h is Whh transposed: transposed again it is Whh
    assert page.complaints == []


DOUBLED = {
    "A": "∂L∂Ū⊤", "B": "∂L∂U", "C": "∂J∂Wxh", "D": "∂L∂wx", "E": "∂L∂W1", "pytorch": "∂L∂Wih⊤", "keras": "∂L∂kernel",
    "elman": "∂L∂Wx",
}  # fmt: skip


def test_slips_follow_the_letters(opened: Open) -> None:
    page = opened("by-hand-sum", width=1440)
    board = page.page.locator(".board").first
    board.get_by_text("Slips of the notes").click()
    for notation, derivative in DOUBLED.items():
        page.page.get_by_label("Letters of the formulas").select_option(notation)
        slip = board.locator(".slips label", has=page.page.locator('[data-slip="doubled"]'))
        assert slip.text_content() == f"note A {derivative} is counted twice (right: {derivative} once)", notation
    page.page.get_by_label("Letters of the formulas").select_option("C")
    board.locator('[data-slip="doubled"]').check()
    assert (board.locator(".said").text_content() or "").startswith("On: ∂J∂Wxh is counted twice; loss ")
    assert page.complaints == []


RECURRENT = {
    "A": ("W̄⊤", "W̄ᵀ"), "B": ("W", "W"), "C": ("Whh", "W^hh"), "D": ("wa", "w_a"), "E": ("Wh1", "W_h1"),
    "pytorch": ("Whh⊤", "Wᵀ_hh"), "keras": ("recurrent", "recurrent"), "elman": ("Wh", "W_h"),
}  # fmt: skip


def test_the_edit_bar_and_the_choices_have_the_letters(opened: Open) -> None:
    """Typeset, and the same letters for a screen reader."""
    page = opened("by-hand-sum", width=1440)
    board = page.page.locator(".board").first
    put(board, '["W_h",0,0]', "1.5")
    assert board.locator(".said math").count() == 1
    for view in ("weights", "paths"):
        board.locator(f'.views [data-view="{view}"]').click()
        choose(board.locator(".panel .picker"), 1)
    pickers = board.locator(".picker")
    for notation, (letter, spoken) in RECURRENT.items():
        page.page.get_by_label("Letters of the formulas").select_option(notation)
        assert (board.locator(".said").text_content() or "").startswith(f"{letter}: 1 → 1.5; loss "), notation
        assert board.locator(".panel .picker button").text_content() == letter
        assert pickers.count() == 3  # the parameter of the paths, two weights of the map
        assert [options(one)[-1] for one in pickers.all()] == [letter] * 3
        box = board.locator(".training .handle[data-place='[\"W_h\",0,0]']")
        assert box.get_attribute("aria-label") == spoken, notation
    page.page.get_by_label("Letters of the formulas").select_option("D")
    assert "a⟨0⟩, example 2" in names(board.locator(".training .handle"))
    assert board.locator(".training thead").first.inner_text().split() == ["x⟨1⟩", "x⟨2⟩", "x⟨3⟩"]
    assert board.locator(".grid tbody th").first.inner_text() == "L⟨3⟩"
    assert page.complaints == []


def names(handles: Locator) -> list[str]:
    found: list[str] = handles.evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    return found


def test_a_number_of_a_gate_is_called_by_the_gate(opened: Open) -> None:
    """Of two units: entry 1,4 of the packed W_x is 1,2 of the forget gate, and b_6 the bias of o, unit 2."""
    page = opened("lstm-last", width=1440)
    board = page.page.locator(".board").first
    called = names(board.locator(".training .handle"))
    assert len(called) == len(set(called))
    for name in ("x_1 2, example 1", "y_3, example 2", "h_0 1, example 1", "c_0 2, example 2", "W_xf 1,2", "W_ho 2,1",
                 "b_g 2", "W_y 2,1", "b_y", "learning rate η"):  # fmt: skip
        assert name in called
    put(board, '["W_x",0,3]', "0.25")
    assert (board.locator(".said").text_content() or "").startswith("Wxf 1,2: ")
    board.locator(".map").scroll_into_view_if_needed()
    assert all("Wxf 1,2" in options(one) for one in board.locator(".map .picker").all())


def test_a_choice_among_formulas_by_keyboard(opened: Open) -> None:
    page = opened("lstm-last", width=1440)
    board = page.page.locator(".board").first
    board.locator('.views [data-view="paths"]').click()
    choice = board.locator(".panel").get_by_role("combobox", name="Parameter")
    assert choice.text_content() == "Wx"
    press = page.page.keyboard.press
    choice.focus()
    for key, shown in (
        ("ArrowDown", True), ("ArrowDown", True), ("Escape", False), ("Enter", True), ("End", True), ("Home", True),
        ("ArrowDown", True), ("Enter", False),
    ):  # fmt: skip
        press(key)
        assert choice.get_attribute("aria-expanded") == str(shown).lower(), key
    assert choice.text_content() == "Wh"
    assert page.page.evaluate("document.activeElement.getAttribute('role')") == "combobox"
    press("Enter")
    reached = choice.get_attribute("aria-activedescendant")
    assert board.locator(f"#{reached}").get_attribute("aria-selected") == "true"
    press("Tab")
    assert board.locator(".panel [role=listbox]:visible").count() == 0
    assert page.complaints == []


def test_a_lesson_in_letters_of_its_own(opened: Open) -> None:
    """Note D's a<t> is the state, not note C's z; the table of letters stays."""
    page = opened("by-hand-sum", width=1440).page
    formula = page.locator(".section .formula").nth(1)
    letters = page.locator(".section table", has=page.get_by_text("in the note"))
    known = letters.inner_text()
    said = {"C": "ht=tanh(Wxhxt+Whhht−1)", "E": "H1t=tanh(W1Xt+Wh1H1t−1)", "D": "a⟨t⟩=tanh(wxx⟨t⟩+waa⟨t−1⟩)"}
    for notation, text in said.items():
        page.get_by_label("Letters of the formulas").select_option(notation)
        assert "".join((formula.text_content() or "").split()) == text
        assert letters.inner_text() == known
    page.get_by_label("Letters of the formulas").select_option("B")
    assert page.locator(".slip strong").nth(4).text_content() == "x3"


def test_a_link_keeps_the_letters(opened: Open) -> None:
    page = opened("by-hand-sum", width=1440)
    page.page.get_by_label("Letters of the formulas").select_option("keras")
    page.page.locator(".board").first.get_by_role("button", name="Copy link").click()
    address = page.page.url
    assert address.endswith("&letters=keras")
    for other, letters in ((address, "keras"), (address.replace("keras", "toString"), "elman")):
        page.page.goto("about:blank")
        page.page.goto(other)
        assert page.page.get_by_label("Letters of the formulas").input_value() == letters
        assert page.page.locator('.node[data-id="forward/a/1/2"]').first.count() == 1
    page.page.goto("about:blank")
    page.page.goto(address)
    page.page.get_by_label("Letters of the formulas").select_option("elman")
    page.page.locator(".board").first.get_by_role("button", name="Copy link").click()
    assert "letters" not in page.page.url
    assert page.complaints == []


def test_an_exercise_is_checked_and_a_mistake_named(opened: Open) -> None:
    """Note D: the path from output 3 over step 2, right, and with the state a<2> in place of a<1>."""
    page = opened("by-hand-sum", width=1440)
    board = page.page.locator(".board").first
    board.get_by_text("Exercise").click()
    said = board.locator(".sheet [role=status]")

    def answer(cell: str, text: str) -> str:
        box = board.locator(f'[data-cell="{cell}"]')
        box.fill(text)
        box.press("Tab")
        return said.inner_text()

    paths = by_hand()["epochs"][0]["detail"]
    assert paths["forward"]
    assert answer("h/1", "0.76") == "Right: 0.7616. 1 of 11 cells."
    assert answer("h/1", "0,7616") == "Right: 0.7616. 1 of 11 cells."
    assert answer("h/2", "0.7616") == "No: that is a2, without the activation."
    assert answer("h/2", "0.9427") == "No: that is h2 of example 3."
    assert answer("h/2", "0.1234") == "No."
    for text in ("6.42e-1", "0.6420149", ".642"):  # decimals behind the fourth are not judged
        assert answer("h/2", text).startswith("Right: 0.642."), text
    assert answer("h/2", "0.6") == "Right so far, but type more digits."
    assert answer("h/2", "-0.642") == "No: that is the right number with the wrong sign."
    assert answer("h/2", "tanh(1)") == "'tanh(1)' is no number."
    assert answer("h/3", "0.9427") == "No: that is h3 of example 2."
    board.locator(".rows select").select_option(index=1)
    right = 2 / 3 * (0.942680 - 2) * (1 - 0.942680**2) * 0.761594
    wrong = 2 / 3 * (0.942680 - 2) * (1 - 0.942680**2) * 0.942680
    assert answer("W_h/3/3", f"{right:.4f}").startswith("Right")
    assert answer("W_h/3/3", f"{-right:.4f}") == "No: that is the right number with the wrong sign."
    assert answer("W_h/3/3", f"{wrong:.4f}") == "No: that is the term with h3 in place of h2."
    assert answer("W_h/3/3", f"{right / 2:.4f}") == "No: that is the term without the factor 2 of the square."
    assert board.locator(".panel").evaluate("one => getComputedStyle(one).visibility") == "hidden"
    board.get_by_role("button", name="Show the solution").click()
    assert board.locator('[data-cell="h/1"]').input_value() == "0"
    assert page.complaints == []


def test_an_exercise_asks_every_number_of_every_gradient(opened: Open) -> None:
    """Note E: biases, the output layer and every row; both examples add up to the gradient of the trace."""
    page = opened("sequence-to-vector", width=1440)
    board = page.page.locator(".board").first
    board.get_by_text("Exercise").click()
    said = board.locator(".sheet [role=status]")
    known = {}
    for name, whole in page.traces()[0]["epochs"][0]["gradient"].items():
        for place, value in np.ndenumerate(np.array(whole)):
            number = ",".join(str(i + 1) for i in place) if np.size(whole) > 1 else ""
            known[f"{name.split('.')[-1]}{':' * bool(number)}{number}/sum"] = value
    found = dict.fromkeys(known, 0.0)
    for row in range(2):
        board.locator(".rows select").select_option(index=row)
        board.get_by_role("button", name="Show the solution").click()
        for key in known:
            found[key] += float(board.locator(f'[data-cell="{key}"]').input_value().replace("−", "-"))
    assert found == pytest.approx(known, abs=1.01e-4)  # two numbers with four decimals
    box = board.locator('[data-cell="W_y:1,1/sum"]')
    other = board.locator('[data-cell="W_y:2,1/sum"]').input_value().replace("−", "-")
    box.fill(other)
    box.press("Tab")
    assert said.inner_text() == "No: that is the number 2,1."
    legends = board.locator(".sheet legend").all_text_contents()
    assert "∂L∂b 2, path by path" in legends and "∂L∂Wy" in legends
    assert page.complaints == []
