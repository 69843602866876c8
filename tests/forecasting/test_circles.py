"""No module of forecasting imports in a circle, functions and types included."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import elman.forecasting

ROOM = Path(elman.forecasting.__file__).parent


def graph() -> dict[str, set[str]]:
    """Map every module to those of the room that it imports; a package has its own imports."""
    names = {
        path: ".".join(("elman.forecasting", *path.relative_to(ROOM).with_suffix("").parts))
        for path in ROOM.rglob("*.py")
    }
    names = {path: name.removesuffix(".__init__") for path, name in names.items()}
    known = set(names.values())
    return {name: _imported(path) & known - {name} for path, name in names.items()}


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_no_circle() -> None:
    modules = graph()
    assert len(modules) > 40
    list(TopologicalSorter(modules).static_order())
    with pytest.raises(CycleError):  # a circle is found
        list(TopologicalSorter(modules | {"elman.forecasting.panel": {"elman.forecasting.forecaster"}}).static_order())
