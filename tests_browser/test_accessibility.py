"""axe-core finds nothing serious: in every view, light and dark, wide and narrow."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests_browser.conftest import Opened
from tests_browser.pages import DOCUMENTS

SERIOUS = ("serious", "critical")
SMALL = ("empty-table-header",)  # formulas as headings need a name


@pytest.fixture(scope="session")
def axe() -> str:
    path = os.environ.get("AXE")
    if not path:
        pytest.fail("AXE=/path/to/axe.min.js is not set; make test-browser fetches it")
    return Path(path).read_text(encoding="utf-8")


def findings(page: Any, axe: str) -> list[str]:
    page.evaluate(axe)  # evaluated by the debugger, which the page's own policy does not bind
    result = page.evaluate("axe.run()")
    return [
        f"{found['id']}: {node['html'][:120]} {node['failureSummary'][:300]}"
        for found in result["violations"]
        if found["impact"] in SERIOUS or found["id"] in SMALL
        for node in found["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_serious_findings(opened: Callable[..., Opened], axe: str, name: str, scheme: str) -> None:
    page = opened(name, width=1280 if scheme == "light" else 390, scheme=scheme).page
    assert findings(page, axe) == []
    if page.locator(".board").count():
        for view in ("backward", "paths"):
            for board in page.locator(".board").all():
                board.locator(f'.views [data-view="{view}"]').click()
            assert findings(page, axe) == [], view


def test_axe_would_say_so(opened: Callable[..., Opened], axe: str) -> None:
    page = opened("losses").page
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button></button>')")
    assert [text.split(":")[0] for text in findings(page, axe)] == ["button-name"]


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
