"""No room reads a private attribute that another room defines."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from meta.repository import SOURCE, modules, nodes

NAMED_TUPLE = {"_asdict", "_fields", "_make", "_replace"}


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def defined(path: Path) -> Iterator[str]:
    """Yield every private name that a module defines: functions, classes, attributes of self, fields, variables."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and own(node.value):
            yield node.attr


def own(value: ast.expr) -> bool:
    """Tell whether an attribute is read from the object itself."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "super"
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def faults(folder: Path) -> list[str]:
    """Return a sentence for every private attribute read from an object of another room."""
    names: dict[str, set[str]] = defaultdict(set)
    for name, path in modules(folder):
        names[name.split(".")[0]] |= set(defined(path))
    found = []
    for name, path in modules(folder):
        imported = {
            (alias.asname or alias.name).split(".")[0]
            for node in nodes(path)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        for node in nodes(path):
            if not isinstance(node, ast.Attribute) or not private(node.attr) or own(node.value):
                continue
            package = isinstance(node.value, ast.Name) and node.value.id in imported
            if node.attr not in NAMED_TUPLE | names[name.split(".")[0]] and not package:
                found.append(f"{name}, line {node.lineno}: {ast.unparse(node)}")
    return found


def test_no_room_reads_what_is_private_to_another() -> None:
    assert faults(SOURCE) == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("def f(model): return model._fitted", 1),
        ("def f(model): model.network._theta = 3", 1),
        ("def f(model): return model.fit()._value('f')", 1),
        ("class A:\n    def f(self): return self._fitted", 0),
        ("class A:\n    def f(self, other): self._own = other._own", 0),
        ("def f(place): return place._replace(t=1), place.__doc__", 0),
        ("import torch\ntorch._disable_dynamo()", 0),
    ],
)
def test_the_walk_finds_what_is_read(line: str, count: int, tmp_path: Path) -> None:
    for name in ("estimators", "interop"):
        (tmp_path / name).mkdir()
    (tmp_path / "estimators" / "fitted.py").write_text("class E:\n    def f(self): self._fitted = self._value('f')\n")
    (tmp_path / "interop" / "export.py").write_text(line + "\n")
    assert len(faults(tmp_path)) == count
