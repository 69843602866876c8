"""axe-core finds nothing: in every view and while editing, light and dark, wide and narrow."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests_browser.conftest import Opened
from tests_browser.pages import DOCUMENTS

# All rules, best practice and experimental ones too. One asks that a focus order holds only widgets and landmarks; the
# boxes that a keyboard scrolls are groups, because a page of a hundred landmarks has none.
RUN = """async (exclude) => {
  await new Promise((done) => setTimeout(done, 80)); // boxes that scroll are found 60 ms after a change
  const experimental = axe.getRules(["experimental"]).map(({ ruleId }) => ruleId);
  const rules = experimental.map((rule) => [rule, { enabled: rule !== "focus-order-semantics" }]);
  return axe.run({ include: ['html'], exclude }, { rules: Object.fromEntries(rules) });
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    path = os.environ.get("AXE")
    if not path:
        pytest.fail("AXE=/path/to/axe.min.js is not set; make test-browser fetches it")
    return Path(path).read_text(encoding="utf-8")


def findings(page: Any, axe: str, *but: str) -> list[str]:
    """Return what axe finds, outside of the elements of some selectors."""
    page.evaluate(axe)  # evaluated by the debugger, which the page's own policy does not bind
    return [
        f"{found['id']}: {node['html'][:120]} {node['failureSummary'][:300]}"
        for found in page.evaluate(RUN, list(but))["violations"]
        for node in found["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_findings(opened: Callable[..., Opened], axe: str, name: str, scheme: str) -> None:
    page = opened(name, width=1280 if scheme == "light" else 390, scheme=scheme).page
    assert findings(page, axe) == []
    if not page.locator(".board").count():
        return
    boards = page.locator(".board")
    for view in ("backward", "paths", "weights"):
        for board in boards.all():
            if board.locator(f'.views [data-view="{view}"]').count():
                board.locator(f'.views [data-view="{view}"]').click()
        if view == "paths":
            boards.first.locator(".panel").get_by_role("combobox").click()  # a choice among formulas, open
        if view == "weights" and boards.first.locator(".handle").count():
            for folded in boards.first.locator("details summary").all():
                folded.click()
            boards.first.locator(".training .handle").first.press("ArrowUp")  # while a number is changed
        assert findings(page, axe) == [], view


def test_axe_would_say_so(opened: Callable[..., Opened], axe: str) -> None:
    """Of a critical, a moderate and an experimental rule."""
    page = opened("losses").page
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<button></button><h5>5</h5>"
        '<button aria-label="up">down</button>\')'
    )
    found = {text.split(":")[0] for text in findings(page, axe)}
    assert found == {"button-name", "heading-order", "region", "label-content-name-mismatch"}


def test_landmarks_and_names(opened: Callable[..., Opened]) -> None:
    page = opened("by-hand-sum").page
    for role, name in (
        ("main", None),
        ("banner", None),
        ("contentinfo", None),
        ("slider", "Time"),
        ("slider", "Epoch"),
    ):
        assert page.get_by_role(role, name=name).count() > 0, (role, name)  # type: ignore[arg-type]
    assert page.get_by_role("heading", level=1).count() == 1
    # the selection, the last change, what is wrong with typed data
    assert page.locator('[role="status"]').count() == 3 * page.locator(".board").count()
