"""The page computes: a change of any number gives the numbers that the reference gives for the changed network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator

from elman.explain import trace
from elman.network import Architecture, Network
from tests_browser.conftest import Opened
from tests_browser.test_page import choose, close, flat, shown

Open = Callable[..., Opened]
X = np.array([[[1.0], [0.0], [1.0]], [[0.0], [1.0], [1.0]], [[0.0], [1.0], [1.0]]])  # note D: T=3, N=3, D=1
Y = np.array([[1.0], [2.0], [3.0]])


def by_hand(w_x: float = 1.0, w_h: float = 1.0, x: Any = X, activation: str = "tanh", **options: Any) -> dict[str, Any]:
    """Return the trace of note D's network with other numbers."""
    architecture = Architecture(1, 1, cell="rnn", activation=activation, hidden_size=1, readout="last", bias=False)
    options = {"learning_rate": 0.5, "epochs": 12, "trained": ["layers.0.W_x", "layers.0.W_h"]} | options
    return trace(Network(architecture, np.array([w_x, w_h, 1.0])), x, Y, **options).to_dict()


def handle(board: Locator, place: str) -> Locator:
    return board.locator(f".training .handle[data-place='{place}']")


def put(board: Locator, place: str, value: str) -> None:
    handle(board, place).fill(value)
    handle(board, place).press("Enter")


def loss(board: Locator) -> float:
    return float(board.locator(".epoch").get_attribute("data-value") or "nan")


def same_as(board: Locator, known: dict[str, Any], epoch: int = 0) -> None:
    """Compare loss, parameters, and a state of every step with a trace."""
    detail = known["epochs"][epoch]
    assert loss(board) == pytest.approx(detail["loss"], rel=1e-12)
    for name, value in detail["parameters"].items():
        table = board.locator(".training .facts").get_by_role("group", name=f"{name.split('.')[-1]}, ")
        assert shown(table) == close(flat(value))
    if detail["detail"]:
        for node in detail["detail"]["forward"]:
            if node["kind"] == "state":
                board.locator(f'.node[data-id="{node["id"]}"]').dispatch_event("click")
                assert shown(board.locator(".panel .matrix").first) == close(flat(node["value"]))


def test_a_typed_weight_changes_everything_that_follows(opened: Open) -> None:
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    put(board, '["W_h",0,0]', "1.5")
    same_as(board, by_hand(w_h=1.5))
    assert board.locator(".said").text_content() == "Wh: 1 → 1.5; loss 1.8229 → 1.7129"
    assert page.complaints == []


def test_what_changed_shows_the_old_number(opened: Open) -> None:
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    put(board, '["W_h",0,0]', "1.5")
    changed = board.locator(".panel .matrix").first.locator("td.changed")
    assert changed.count() == 3
    assert changed.first.locator(".was").inner_text() == "0.5663"
    assert board.locator('.node.changed[data-id="forward/h/1/3"]').count() == 1
    assert board.locator('.node.changed[data-id="forward/h/1/1"]').count() == 0  # W_h multiplies h_0 = 0


def test_an_edit_writes_numbers_into_the_panel_that_is_there(opened: Open) -> None:
    """Only what changes is written again: equation, links and tables are the same elements as before."""
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    board.locator('.node[data-id="forward/a/1/2"] .press').click()
    page.page.evaluate("window.parts = [...document.querySelector('.panel').children]")
    put(board, '["W_h",0,0]', "-1234.5678")
    assert page.page.evaluate("window.parts.every((part, i) => part === document.querySelector('.panel').children[i])")
    lines = board.locator(".panel .equation .line").all_text_contents()
    assert lines[2:] == ["=0·1+0.7616·(−1234.5678)", "=−940.2396"]
    a = -1234.5678 * np.tanh(1)
    assert shown(board.locator(".panel .matrix").first) == close([a, 1.0, 1.0 + a])
    box = board.locator(".panel .handle[data-place='[\"W_h\",0,0]']")
    assert (box.input_value(), box.get_attribute("size")) == ("−1234.5678", "10")
    assert board.locator(".panel td.changed").count() == 3
    board.locator(".rows select").select_option(index=2)  # another example has another heading
    assert not page.page.evaluate("window.parts[0].isConnected")


def test_every_epoch_exactly(opened: Open) -> None:
    """At epoch 10 the slider and the drawing show the loss 1.6822; training goes on past the recorded epochs."""
    board = opened("by-hand-sum").page.locator(".board").first
    known = by_hand(epochs=60)
    board.get_by_role("slider", name="Epoch").fill("10")
    assert round(loss(board), 4) == 1.6822
    board.locator(".rows select").select_option("all examples")
    assert board.locator('.node[data-id="output/L/3"] .figure').text_content() == "1.6822"
    same_as(board, known, 10)
    board.get_by_role("button", name="One epoch back").click()
    same_as(board, known, 9)
    board.get_by_role("slider", name="Epoch").fill("42")
    for _ in range(3):
        board.get_by_role("button", name="Train one epoch").click()
    same_as(board, known, 45)
    board.get_by_role("button", name="Back to the first epoch").click()
    same_as(board, known, 0)


def test_undo_redo_reset(opened: Open) -> None:
    board = opened("by-hand-sum").page.locator(".board").first
    undo, redo, reset = (board.get_by_role("button", name=name) for name in ("Undo", "Redo", "Reset"))
    assert undo.is_disabled() and redo.is_disabled() and reset.is_disabled()
    put(board, '["W_h",0,0]', "1.5")
    put(board, '["x",0,0,0]', "2")
    x = X.copy()
    x[0, 0, 0] = 2.0
    same_as(board, by_hand(w_h=1.5, x=x))
    undo.click()
    same_as(board, by_hand(w_h=1.5))
    redo.click()
    same_as(board, by_hand(w_h=1.5, x=x))
    reset.click()
    same_as(board, by_hand())
    undo.click()
    same_as(board, by_hand(w_h=1.5, x=x))


def test_drag_and_arrow_keys(opened: Open) -> None:
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    place = '["W_x",0,0]'
    handle(board, place).scroll_into_view_if_needed()
    box = handle(board, place).bounding_box()
    assert box is not None
    page.page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 15, box["y"] + 5)
    page.page.mouse.move(box["x"] + 30, box["y"] + 5)
    page.page.mouse.up()
    same_as(board, by_hand(w_x=1.25))
    board.get_by_role("button", name="Undo").click()  # a drag is one change
    same_as(board, by_hand())
    for key, expected in (("ArrowUp", 1.1), ("Shift+ArrowDown", 0.1), ("Alt+ArrowUp", 0.11)):
        handle(board, place).press(key)
        assert shown(board.locator(".training .facts").get_by_role("group", name="W_x, ")) == [expected]
        assert page.page.evaluate("document.activeElement.dataset.place") == place
        assert page.page.evaluate("document.activeElement.closest('.training') !== null")


def test_text_that_is_no_number_is_put_back(opened: Open) -> None:
    board = opened("by-hand-sum").page.locator(".board").first
    for text in ("one", "", "1e999", "0x10", "1/2", "1.000,5"):
        put(board, '["W_h",0,0]', text)
        assert handle(board, '["W_h",0,0]').input_value() == "1"
        assert board.locator(".said").text_content() == f"'{text}' is no number; the number before stays."
    assert board.get_by_role("button", name="Undo").is_disabled()
    put(board, '["W_h",0,0]', "1,5")  # a decimal comma
    same_as(board, by_hand(w_h=1.5))


def test_numbers_of_any_size_are_drawn(opened: Open) -> None:
    """A flat curve, and weights at the limits of floating-point numbers, leave no coordinate without a value."""
    page = opened("by-hand-sum", width=1440)
    board = page.page.locator(".board").first
    board.locator(".map").scroll_into_view_if_needed()
    for text in ("16", "1e308", "-1e308", "1e-320", "–2"):
        put(board, '["W_h",0,0]', text)
        page.page.wait_for_timeout(150)  # the curve and the map follow the numbers
        wrong = "[...document.querySelectorAll('svg *')].filter((one) => /NaN|Infinity/.test(one.outerHTML)).length"
        assert page.page.evaluate(wrong) == 0, text
        assert page.complaints == [], text
    assert loss(board) == pytest.approx(by_hand(w_h=-2.0)["epochs"][0]["loss"], rel=1e-12)


def test_a_weight_of_a_later_epoch_begins_a_new_training(opened: Open) -> None:
    board = opened("by-hand-sum").page.locator(".board").first
    board.get_by_role("slider", name="Epoch").fill("3")
    w_x = by_hand()["epochs"][3]["parameters"]["layers.0.W_x"][0][0]
    put(board, '["W_h",0,0]', "2")
    same_as(board, by_hand(w_x=w_x, w_h=2.0))
    board.get_by_role("button", name="Train one epoch").click()
    same_as(board, by_hand(w_x=w_x, w_h=2.0), 1)


def test_the_form_of_the_network(opened: Open) -> None:
    """Cell, activation, loss, output, sizes and depth can be chosen; sums of paths equal finite differences for all."""
    page = opened("sequence-to-sequence")
    board = page.page.locator(".board").first
    board.get_by_text("Change the network").click()
    choices = [
        ("Activation", "relu"), ("Units", "4"), ("Steps", "5"), ("Cell", "lstm"), ("BPTT depth", "2"),
        ("Cell", "gru"), ("Loss", "mean_squared_error"), ("Output activation", "tanh"), ("Output", "last"),
        ("BPTT depth", "all"),
        ("Loss", "binary_cross_entropy"), ("Loss", "categorical_cross_entropy"), ("Steps", "1"), ("Cell", "rnn"),
    ]  # fmt: skip
    for name, value in choices:
        board.get_by_label(name, exact=True).select_option(value)
        assert np.isfinite(loss(board)), (name, value)
        for view in ("backward", "paths", "forward"):
            board.locator(f'.views [data-view="{view}"]').click()
        page.page.wait_for_function(
            "board => board.querySelectorAll('.checks .passed').length >= 3", arg=board.element_handle()
        )
        assert board.locator(".checks .failed").count() == 0, (name, value)
    assert page.complaints == []


def test_the_activation_is_the_identity(opened: Open) -> None:
    board = opened("by-hand-sum").page.locator(".board").first
    board.get_by_text("Change the network").click()
    board.get_by_label("Activation", exact=True).select_option("identity")
    assert loss(board) == 0.0
    same_as(board, by_hand(activation="identity"))


def test_a_link_opens_the_same_network(opened: Open) -> None:
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    put(board, '["W_h",0,0]', "1.5")
    board.get_by_role("slider", name="Epoch").fill("4")
    board.locator('.views [data-view="paths"]').click()
    board.locator('.path[data-path="1"]').click()
    board.get_by_role("button", name="Copy link").click()
    address = page.page.url
    assert address.startswith(page.file.as_uri() + "#board0=")
    page.page.goto("about:blank")
    page.page.goto(address)
    same = page.page.locator(".board").first
    assert same.get_attribute("data-view") == "paths"
    assert same.locator('.path[aria-pressed="true"]').get_attribute("data-path") == "1"
    same_as(same, by_hand(w_h=1.5), 4)
    page.page.goto("about:blank")
    page.page.goto(page.file.as_uri() + "#board0=bm9uc2Vuc2U")  # not a network: the page opens as it is
    same_as(page.page.locator(".board").first, by_hand())
    assert page.complaints == []


def test_the_map_shows_the_loss_and_takes_a_click(opened: Open) -> None:
    page = opened("by-hand-sum", width=1440)
    board = page.page.locator(".board").first
    height = board.evaluate("one => one.offsetHeight")
    board.locator(".map").scroll_into_view_if_needed()
    page.page.wait_for_selector(".map[data-drawn]")
    assert board.evaluate("one => one.offsetHeight") == height  # nothing below the map moves
    low, high = map(float, (board.locator(".map").get_attribute("data-drawn") or "").split())
    assert 5 / 3 < low < by_hand(epochs=42)["epochs"][-1]["loss"] < by_hand()["epochs"][0]["loss"] < high
    assert board.locator(".map .stop").count() == 43
    board.locator(".ground svg").click(position={"x": 100, "y": 100})
    weights = [
        shown(board.locator(".training .facts").get_by_role("group", name=f"{name}, "))[0] for name in ("W_x", "W_h")
    ]
    assert weights != [1.0, 1.0]
    same_as(board, by_hand(*weights))


def test_a_loss_beyond_all_numbers_is_said(opened: Open) -> None:
    page = opened("by-hand-sum")
    board = page.page.locator(".board").nth(1)  # identity
    put(board, '["rate"]', "50")
    put(board, '["W_h",0,0]', "3")
    board.get_by_role("slider", name="Epoch").fill("27") if board.get_by_role("slider", name="Epoch").count() else None
    for _ in range(8):
        board.get_by_role("button", name="Train one epoch").click()
    assert "The loss is not finite: take a smaller learning rate, or undo." in board.inner_text()
    board.get_by_role("button", name="Undo").click()
    assert np.isfinite(loss(board))
    assert page.complaints == []


def test_slips_change_the_numbers_that_follow(opened: Open) -> None:
    """Note D: W - (a) + (c) + (e) with a linear backward pass and no learning rate takes the loss from 1.82 to 9.30."""
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    board.get_by_text("Slips of the notes").click()
    for slip in ("linear-backward", "no-rate", "signs"):
        board.locator(f'[data-slip="{slip}"]').check()
    assert "one update takes the loss from 1.8229 to 9.3013; without slips from 1.8229 to 1.7402." in board.inner_text()
    board.get_by_role("button", name="Train one epoch").click()
    assert round(loss(board), 4) == 9.3013
    page.page.wait_for_function("board => board.querySelector('.checks .failed')", arg=board.element_handle())
    for slip in ("linear-backward", "no-rate", "signs"):
        board.locator(f'[data-slip="{slip}"]').uncheck()
    same_as(board, by_hand())
    board.locator('[data-slip="one-step"]').check()
    same_as(board, by_hand(bptt_depth=1))
    assert "without slips from 1.8229 to 1.7402." in board.inner_text()
    assert page.complaints == []


SLIPPED = {  # slip: the view, what is looked at, its equation
    "linear-backward": ("backward", "da/1/2", "da2=dh2"),
    "factor-two": ("backward", "output/dyhat/3", "dy^3=y^3−y33"),
    "later-state": ("weights", "W_h", "∂L∂Wh=h1⊤da1+h2⊤da2+h3⊤da3"),
    "earlier-input": ("weights", "W_x", "∂L∂Wx=x1⊤da1+x1⊤da2+x2⊤da3"),
}


@pytest.mark.parametrize("slip", SLIPPED)
def test_equations_follow_the_slips(opened: Open, slip: str) -> None:
    """The formula shown is the one that is computed, and a sentence says which one it replaces."""
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    board.get_by_text("Slips of the notes").click()
    view, what, equation = SLIPPED[slip]
    board.locator(f'.views [data-view="{view}"]').click()
    if view == "weights":
        choose(board.locator(".panel .picker"), ["W_x", "W_h"].index(what))
    else:
        node = what.replace("da/", "forward/a/").replace("dyhat", "yhat")
        board.locator(f'.node[data-id="{node}"]').dispatch_event("click")

    def shown_() -> str:
        lines = board.locator(".panel .equation .line").all_text_contents()
        return "".join(lines[:2]).replace(" ", "")

    assert shown_() != equation
    assert board.locator(".panel .equation .note").count() == 0
    board.locator(f'[data-slip="{slip}"]').check()
    assert shown_() == equation
    assert (board.locator(".panel .equation .note").text_content() or "").startswith("Slip of note D: ")
    assert page.complaints == []


def test_the_update_follows_the_slips(opened: Open) -> None:
    """Note D: w_x without the learning rate, with the signs - (a) + (c) + (e): 1 + 2.0650 - 2.0650 - 1.6493."""
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    board.get_by_text("Slips of the notes").click()
    for slip in ("linear-backward", "no-rate", "signs"):
        board.locator(f'[data-slip="{slip}"]').check()
    board.get_by_text("The update of every parameter").click()
    update = board.locator(".update").first
    lines = update.locator(".line").all_text_contents()
    assert [line.replace(" ", "") for line in lines] == ["Wx", "=Wx−∂L∂Wx", "=1−1.6493", "=−0.6493"]
    assert update.locator(".slipped").count() == 1
    assert update.locator(".note").count() == 2
    assert page.complaints == []


def test_a_state_in_place_of_a_weight(opened: Open) -> None:
    """Note D: (e) with w_a a<2> is −1.4678, so w_x becomes 1 + 2.0650 + 2.0650 + 1.4678 without slope and rate."""
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    board.get_by_text("Slips of the notes").click()
    for slip in ("linear-backward", "no-rate", "state-for-weight"):
        board.locator(f'[data-slip="{slip}"]').check()
    board.get_by_role("button", name="Train one epoch").click()
    w_x = shown(board.locator(".training .facts").get_by_role("group", name="W_x, "))
    assert w_x == [pytest.approx(1 + 2.0650 + 2.0650 + 1.4678, abs=2e-4)]


def test_lags_in_the_wrong_order(opened: Open) -> None:
    """Note B lists y_(t−1) first; x_1 is read first. The switch turns the steps around, and back."""
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    board.get_by_text("Slips of the notes").click()
    board.locator('[data-slip="newest-first"]').check()
    same_as(board, by_hand(x=X[::-1]))
    board.locator('[data-slip="earlier-input"]').check()  # note D: x<2> in the term of step 3
    assert "from 1.9387 to" in board.inner_text() and "without slips from 1.8229 to 1.7402." in board.inner_text()
    for slip in ("newest-first", "earlier-input"):
        board.locator(f'[data-slip="{slip}"]').uncheck()
    same_as(board, by_hand())
    assert page.complaints == []


def test_a_weight_is_the_sum_of_its_uses(opened: Open) -> None:
    """Note D: ∂L/∂w_a = -0.384079 is 0 - 0.097038 - 0.287041, at steps 1, 2 and 3."""
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    board.locator(".rows select").select_option("all examples")
    board.locator('.weight[data-weight="W_h"]').first.dispatch_event("click")
    assert board.get_attribute("data-view") == "weights"
    norms = board.locator(".uses .norm").evaluate_all("all => all.map((one) => Number(one.dataset.value))")
    assert norms == [0, pytest.approx(0.097038, abs=5e-7), pytest.approx(0.287041, abs=5e-7)]
    assert shown(board.locator(".panel .matrix").last) == [pytest.approx(-0.384079, abs=5e-7)]
    assert board.locator('.edge.shared[data-weight="W_h"]').count() == 3
    board.locator(".training .matrix[data-weight='W_x']").hover()
    assert board.locator('.edge.shared[data-weight="W_x"]').count() == 3
    assert board.locator('.edge.shared[data-weight="W_h"]').count() == 0
    parts = []
    for row in range(3):
        board.locator(".rows select").select_option(index=row)
        parts.append(shown(board.locator(".panel .matrix").last)[0])
    assert sum(parts) == pytest.approx(-0.384079, abs=5e-7)
    board.get_by_role("button", name="Roll up").click()
    assert board.locator(".rolled").count() == 1 and board.locator(".node").count() == 0
    board.get_by_role("button", name="Unroll").click()
    assert board.locator(".node").count() > 0
    assert page.complaints == []


def test_the_laboratory(opened: Open) -> None:
    """One factor per step: w^(T-1) for the identity; the bias of the forget gate keeps the gradient of an LSTM."""
    page = opened("vanishing-gradients")
    lab = page.page.locator(".laboratory")

    def first(cell: str) -> float:
        return float(lab.locator(f'[data-cell="{cell}"] rect').first.get_attribute("data-value") or "nan")

    lab.get_by_label("Activation").select_option("identity")
    for radius, steps in ((0.5, 50), (1.5, 20), (1.0, 30)):
        lab.get_by_role("slider", name="Recurrent weight").fill(str(radius))
        lab.get_by_role("slider", name="Steps T").fill(str(steps))
        assert lab.locator('[data-cell="rnn"] rect').count() == steps
        assert first("rnn") == pytest.approx(radius ** (steps - 1), rel=1e-9)
    forgotten = []
    for bias in (-3, 0, 6):
        lab.get_by_role("slider", name="Bias of the forget gate").fill(str(bias))
        forgotten.append(first("lstm"))
    assert forgotten[0] < forgotten[1] < forgotten[2]
    assert page.complaints == []
