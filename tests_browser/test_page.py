"""Pages in a real browser: nothing is asked for, everything moves as it should, every number is the trace's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator

from elman.explain.formula import written
from tests_browser.conftest import Opened
from tests_browser.pages import DOCUMENTS, TRACES

Open = Callable[..., Opened]
NAME_OF_FOCUS = """(() => {
  const element = document.activeElement;
  return element.closest(".node")?.dataset.id ?? element.getAttribute("aria-label") ?? element.textContent;
})()"""
PLACES = """all => all.filter((node) => getComputedStyle(node).display !== "none").map((node) => {
  const halo = node.querySelector(".halo");
  return [node.dataset.id, Number(halo.getAttribute("cx")), Number(halo.getAttribute("cy"))];
})"""


def flat(value: Any) -> list[float]:
    return [number for part in value for number in flat(part)] if isinstance(value, list) else [float(value)]


def shown(table: Locator) -> list[float]:
    """Return the whole numbers behind the cells of a table."""
    return [
        float(text) for text in table.locator("td[data-value]").evaluate_all("cells => cells.map(c => c.dataset.value)")
    ]


def texts(table: Locator) -> list[str]:
    """Return the rounded numbers of a table; those that can be changed are in inputs."""
    read = "cells => cells.map(c => c.querySelector('input')?.value ?? c.innerText)"
    found: list[str] = table.locator("td[data-value]").evaluate_all(read)
    return found


def close(values: list[float]) -> Any:
    """Return the numbers with the tolerance of the page's own arithmetic."""
    return pytest.approx(values, rel=0, abs=1e-12 * max(map(abs, values), default=1.0) or 1e-300)


def choose(picker: Locator, index: int) -> None:
    """Take an option of a choice among formulas."""
    picker.get_by_role("combobox").click()
    picker.get_by_role("option").nth(index).click()


def options(picker: Locator) -> list[str]:
    """Return the options of a choice among formulas; they are written when it is opened."""
    picker.get_by_role("combobox").click()
    found = picker.get_by_role("option").all_text_contents()
    picker.get_by_role("combobox").press("Escape")
    return found


def everything(board: Locator) -> None:
    """Choose all examples, where there are several and the page computes."""
    if board.locator(".rows option", has_text="all examples").count():
        board.locator(".rows select").select_option("all examples")


def spelt(value: float) -> str:
    """Return a number as the formulas beside the table have it, with the sign of a minus."""
    return written(value)[1].replace("-", "−")


def shape(value: Any) -> str:
    sizes = []
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0]
    return " × ".join(map(str, sizes)) if sizes else "number"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_opens_from_disk_without_a_word_or_a_request(opened: Open, name: str) -> None:
    page = opened(name)
    assert page.page.locator(".board").count() == len(page.traces())
    assert page.page.locator(".board[data-ready]").count() == len(page.traces())
    assert page.complaints == []
    assert page.requests == [page.file.as_uri()]
    assert page.file.stat().st_size < 1_000_000


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_node_shows_its_numbers(opened: Open, name: str) -> None:
    """Click through all values and adjoints of the first and the last board."""
    page = opened(name)
    for number in {0, len(page.traces()) - 1} if page.traces() else ():
        board, trace = page.page.locator(".board").nth(number), page.traces()[number]
        detail = trace["epochs"][0]["detail"]
        everything(board)
        for view, nodes in (("forward", detail["forward"]), ("backward", detail["backward"])):
            board.locator(f'.views [data-view="{view}"]').click()
            for node in nodes:
                own = node["id"] if view == "forward" else partner(node["id"], board)
                board.locator(f'.node[data-id="{own}"]').dispatch_event("click")
                table = board.locator(".panel .matrix").first
                expected = shape(node["value"]) if isinstance(node["value"], list) else "number"
                whole = -1 if expected == "number" else 0  # a loss also has a line for every example
                assert shown(table)[whole:][:12] == close(flat(node["value"])[:12]), node["id"]
                values = flat(node["value"])[:12]
                known = [(spelt(value), spelt(value * (1 + 1e-14))) for value in values]
                for text, either, value in zip(texts(table)[whole:], known, values, strict=False):
                    assert text in either or abs(value) < 1e-15, node["id"]  # of a difference that is only rounding
                assert table.locator(".shape").inner_text() == expected or len(shape(node["value"]).split("×")) > 2
                lines = board.locator(".panel .equation .line").count()
                assert lines == 1 + sum(node[part] is not None for part in ("equation", "numbers", "result"))
    assert page.complaints == []


def partner(identity: str, board: Locator) -> str:
    """Return the place at which an adjoint stands: that of its value, if the drawing has it."""
    chain, name, rest = identity.split("/", 2) if identity.count("/") > 1 else (*identity.split("/"), "")
    value = "/".join(part for part in (chain, name.removeprefix("d"), rest) if part)
    return value if board.locator(f'.node[data-id="{value}"]').count() else identity


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "losses"])
def test_every_path_shows_its_product_and_contribution(opened: Open, name: str) -> None:
    page = opened(name)
    board, trace = page.page.locator(".board").first, page.traces()[0]
    detail = trace["epochs"][0]["detail"]
    chains = {chain["id"]: chain for chain in detail["chains"]}
    everything(board)
    board.locator('.views [data-view="paths"]').click()
    for i, gradient in enumerate(detail["gradients"]):
        choose(board.locator(".panel .picker"), i)
        assert board.locator(".panel .path").count() == len(gradient["paths"])
        sums = board.locator(".panel .sums .matrix")
        assert shown(sums.first) == close([v for row in rows_of(gradient["sum"]) for v in row[:12]])
        for j, path in enumerate(gradient["paths"]):
            button = board.locator(f'.path[data-path="{j}"]')
            button.click()
            assert float(button.get_attribute("data-value") or "nan") == pytest.approx(
                path["norm"], rel=1e-12, abs=1e-300
            )
            assert ("dropped" in (button.get_attribute("class") or "")) is not path["kept"]
            norms = board.locator(".product .norm").evaluate_all("all => all.map(n => Number(n.dataset.value))")
            running = chains[path["chain_id"]]["running"] if path["chain_id"] else [{"norm": path["norm"]}]
            assert norms == close([step["norm"] for step in running])
            contribution = board.locator(".panel .own .matrix").last
            assert shown(contribution) == close([v for row in rows_of(path["contribution"]) for v in row[:12]])
            lit = board.locator(".node.lit").evaluate_all("all => all.map(n => n.dataset.id)")
            assert any(identity.startswith("output/yhat") for identity in lit)
            if path["k"] is not None:
                states = {f"{path['chain']}/h/{trace['architecture']['num_layers']}/{step['step']}" for step in running}
                assert states <= set(lit)
            assert board.locator(".glow .way").count() > 0
    assert page.complaints == []


def rows_of(value: Any) -> list[list[float]]:
    return value[:12] if isinstance(value[0], list) else [value]


def test_walking_along_a_path(opened: Open) -> None:
    """The product shrinks or grows factor by factor, in the list, in the drawing and in words."""
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first
    everything(board)
    board.locator('.views [data-view="paths"]').click()
    assert board.locator(".product li").count() == 3
    assert board.locator(".badge").count() == 3
    assert board.locator('.path[aria-pressed="true"]').get_attribute("aria-label") == (
        "Path from output 3 to step 1: norm 0.0535"
    )
    for walked in (2, 1):
        board.get_by_role("button", name="Previous in the order of computation").click()
        assert board.locator(".product .walked").count() == walked
        assert board.locator(".badge").count() == walked
    status = board.locator(".unseen").inner_text()
    assert status == "Path from output 3 to step 1. Arrived at step 3; the product is now 1.559."
    assert board.locator(".product .ratio").nth(1).inner_text() == "× 0.1521"
    assert board.locator(".product .shrinks").count() == 2
    page.page.locator(".transport input").first.fill("1")
    assert board.locator(".product .walked").count() == 3


def test_keys_move_through_time_and_through_a_step(opened: Open) -> None:
    page = opened("by-hand-sum")
    board = page.page.locator(".board").first

    def current() -> str:
        return board.locator(".node.current").get_attribute("data-id") or ""

    board.locator('.node[data-id="forward/h/1/1"]').click()
    steps = [
        ("ArrowRight", "forward/h/1/2"), ("ArrowRight", "forward/h/1/3"), ("ArrowRight", "forward/h/1/3"),
        ("ArrowUp", "output/o/3"), ("ArrowUp", "output/yhat/3"), ("ArrowDown", "output/o/3"),
        ("ArrowDown", "forward/h/1/3"), ("ArrowDown", "forward/a/1/3"), ("ArrowDown", "forward/x/3"),
        ("ArrowLeft", "forward/x/2"),
        ("n", "forward/x/3"), ("p", "forward/x/2"), ("Home", "forward/x/1"), ("End", "forward/x/3"),
    ]  # fmt: skip
    for key, expected in steps:
        page.page.keyboard.press(key)
        assert current() == expected, key
        assert page.page.evaluate("document.activeElement.closest('.node').dataset.id") == expected
    assert page.page.locator(".transport .now").first.inner_text() == "t = 3 of 3"
    board.locator('.views [data-view="backward"]').click()
    board.locator('.node[data-id="forward/h/1/3"]').click()
    page.page.keyboard.press("ArrowLeft")
    assert board.locator(".unseen").inner_text().startswith("dh_2 = ")
    page.page.keyboard.press("n")
    assert board.locator(".unseen").inner_text().startswith("da_2 = ")


def test_everything_can_be_reached_by_tab(opened: Open) -> None:
    page = opened("gru-last")
    seen = []
    for _ in range(40):
        page.page.keyboard.press("Tab")
        seen.append(page.page.evaluate(NAME_OF_FOCUS))
    for wanted in ("Skip to the lesson", "Dark", "Forward", "Backward", "Paths", "Example", "forward/h/1/3"):
        assert wanted in seen
    assert (
        sum("forward/" in name for name in seen) <= 2 * seen.count("Skip to the lesson") + 2
    )  # one stop, not one per node


def test_slider_and_chips_and_rows(opened: Open) -> None:
    page = opened("by-hand-sum")
    board, trace = page.page.locator(".board").first, page.traces()[0]
    values = {node["id"]: node["value"] for node in trace["epochs"][0]["detail"]["forward"]}
    board.locator(".transport input").fill("2")
    assert board.locator(".node.current").get_attribute("data-id") == "forward/h/1/2"
    board.locator(".chip").click()
    assert board.locator(".node.current").get_attribute("data-id") == "forward/a/1/2"
    for row in range(trace["rows"]):
        board.locator(".rows select").select_option(index=row)
        name = board.locator('.node[data-id="forward/h/1/2"] .press').get_attribute("aria-label")
        assert name == f"h_2 = {spelled(values['forward/h/1/2'][row][0])}"
        text = board.locator('.node[data-id="forward/h/1/2"] .figure').text_content()
        assert text == spelled(values["forward/h/1/2"][row][0])


def spelled(value: float) -> str:
    short = f"{value:.4f}".rstrip("0").rstrip(".")
    return short.replace("-", "−") or "0"


@pytest.mark.parametrize("name", ["by-hand-sum", "lstm-last"])
def test_epochs(opened: Open, name: str) -> None:
    page = opened(name)
    board, trace = page.page.locator(".board").first, page.traces()[0]
    slider = board.get_by_role("slider", name="Epoch")
    for index in (0, 1, 2, len(trace["epochs"]) - 1):
        epoch = trace["epochs"][index]
        slider.fill(str(index))
        assert float(board.locator(".epoch").get_attribute("data-value") or "nan") == pytest.approx(
            epoch["loss"], rel=1e-12
        )
        for name, value in epoch["parameters"].items():
            table = board.locator(".training .facts").get_by_role("group", name=f"{name.split('.')[-1]}, ")
            assert shown(table) == close(flat(value))
        board.locator(".training details:not([open]) summary").evaluate_all("all => all.forEach((one) => one.click())")
        assert board.locator(".training .update").count() == len(epoch["gradient"])
    marker = board.locator(".figure .marker").get_attribute("cx")
    slider.press("ArrowLeft")
    assert board.locator(".figure .marker").get_attribute("cx") != marker


def test_gates_are_valves_that_open_with_their_value(opened: Open) -> None:
    page = opened("lstm-last")
    board, trace = page.page.locator(".board").first, page.traces()[0]
    nodes = {node["id"]: node for node in trace["epochs"][0]["detail"]["forward"]}
    gates = [identity for identity, node in nodes.items() if node["kind"] == "gate"]
    assert len(gates) == 3 * trace["steps"]
    for identity in gates:
        value = nodes[identity]["value"][0]
        turned = board.locator(f'.node[data-id="{identity}"] .bar').get_attribute("transform") or ""
        along = 90 if identity.split("/")[1] in "io" else 0  # the line that the gate sits on
        angle = float(turned.removeprefix("rotate(").removesuffix(")"))
        assert angle == pytest.approx(along + 90 * (1 - sum(value) / len(value)), abs=0.51)
    gru = opened("gru-last").page.locator(".board").first
    assert gru.locator(".ghost").count() == 3  # 1 − z beside z


def test_truncation_shows_what_it_drops(opened: Open) -> None:
    page = opened("truncated")
    board = page.page.locator(".board").first
    board.locator('.views [data-view="paths"]').click()
    assert board.locator(".path").count() == 6 and board.locator(".path.dropped").count() == 3
    titles = board.locator(".sums caption").all_inner_texts()
    assert titles[0].startswith("sum of the kept paths") and titles[1].startswith("sum of all paths")


@pytest.mark.parametrize("name", TRACES)
def test_nodes_do_not_lie_on_one_another(opened: Open, name: str) -> None:
    page = opened(name)
    for view in ("forward", "backward"):
        page.page.locator(f'.views [data-view="{view}"]').click()
        places = page.page.locator(".node").evaluate_all(PLACES)
        for i, (first, x, y) in enumerate(places):
            for second, other_x, other_y in places[:i]:
                assert (x - other_x) ** 2 + (y - other_y) ** 2 > 22**2, (first, second)


def test_theme_and_width(opened: Open) -> None:
    dark = opened("by-hand-sum", scheme="dark")
    assert dark.page.locator("html").get_attribute("data-theme") == "dark"
    dark.page.get_by_role("button", name="Dark").click()
    assert dark.page.locator("html").get_attribute("data-theme") == "light"
    for name in ("by-hand-sum", "lstm-last", "losses", "sequence-to-sequence"):
        phone = opened(name, width=390, height=844).page
        for view in ("forward", "backward", "paths"):
            if phone.locator(".board").count():
                phone.locator(f'.views [data-view="{view}"]').first.click()
            assert phone.evaluate("document.documentElement.scrollWidth") <= 390, (name, view)
