"""Imports go one way. The table is the rule; the walk over the syntax trees finds who breaks it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from meta.repository import ROOT, SOURCE, modules, nodes

FIRST = ["_words", "errors", "_extras", "_check"]
UP_TO_TRAINING = [*FIRST, "reference", "engine", "data", "tables", "persistence", "notebook", "network", "training"]
UP_TO_ESTIMATORS = [*UP_TO_TRAINING, "estimators"]
UP_TO_LOAD = [*UP_TO_ESTIMATORS, "partitions", "prior", "forecasting", "sequences", "text", "load"]
MAY_IMPORT = {  # room: the rooms it may import, besides itself
    "_words": [],
    "errors": ["_words"],
    "_extras": ["errors"],
    "_check": ["_words", "errors"],
    "reference": FIRST,
    "engine": [*FIRST, "reference", "_native"],
    "data": FIRST,
    "tables": FIRST,
    "persistence": FIRST,
    "notebook": FIRST,
    "network": [*FIRST, "reference", "engine", "data", "persistence", "notebook"],
    "training": [*FIRST, "reference", "engine", "data", "persistence", "notebook", "network"],
    "estimators": UP_TO_TRAINING,
    "partitions": [*FIRST, "engine", "persistence", "tables"],
    "prior": UP_TO_TRAINING,
    "forecasting": [*UP_TO_ESTIMATORS, "partitions", "prior"],
    "sequences": UP_TO_ESTIMATORS,
    "text": UP_TO_ESTIMATORS,
    "load": [*UP_TO_ESTIMATORS, "partitions", "prior", "forecasting", "sequences", "text"],
    "interop": [*UP_TO_LOAD, ""],
    "explain": UP_TO_LOAD,
    "cli": [*UP_TO_LOAD, "interop", "explain", ""],
    "__main__": ["cli"],
    # elman/__init__.py
    "": ["errors", "load", "reference", "engine", "network", "notebook", "forecasting", "sequences", "text", "explain"],
}
STANDARD = set(sys.stdlib_module_names) | {"__future__"}
FROM_OUTSIDE = {  # room: the other packages it may import at all; rooms that are not listed are free
    "": set(),
    "_words": set(),
    "errors": set(),
    "_extras": set(),
    "_check": {"numpy"},
    "reference": {"numpy"},
    "engine": {"numpy"},
    "data": {"numpy", "pandas", "polars"},
    "tables": {"numpy", "pandas", "polars"},
    "persistence": {"numpy", "safetensors"},
    "notebook": {"matplotlib", "numpy"},
    "network": {"numpy"},
    "training": {"joblib", "matplotlib", "numpy", "rich"},  # matplotlib for the type of a figure
    "load": set(),
}


def statements(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the import statements of a file, those inside functions and under ``if TYPE_CHECKING`` too."""
    for node in nodes(path):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def source_of(node: ast.ImportFrom, package: str) -> str:
    """Return the module that a statement ``from … import`` names."""
    base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*base, *([node.module] if node.module else [])])


def imported(path: Path, package: str) -> Iterator[str]:
    """Yield every module that a file imports anywhere, inside functions and under ``if TYPE_CHECKING`` too."""
    for node in statements(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            module = source_of(node, package)
            # "from elman import engine" imports the room engine; any other name comes from the package itself.
            yield from (f"elman.{a.name}" for a in node.names) if module == "elman" else [module]


def package_of(name: str, path: Path) -> str:
    """Return the package that relative imports of a module start from."""
    return ".".join(["elman", *name.split(".")[: None if path.stem == "__init__" else -1]]).rstrip(".")


def import_graph(folder: Path) -> dict[str, set[str]]:
    """Return which modules of the package each module imports, inside functions too."""
    files = {f"elman.{name}".rstrip("."): (name, path) for name, path in modules(folder)}
    graph: dict[str, set[str]] = {}
    for module, (name, path) in files.items():
        found: set[str] = set()
        for node in statements(path):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            else:
                source = source_of(node, package_of(name, path))
                below = [f"{source}.{alias.name}" for alias in node.names]
                found |= {part if part in {*files, "elman._native"} else source for part in below}
        graph[module] = found & set(files) - {module}
    return graph


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the groups of modules that reach one another."""
    reached = {module: set(targets) for module, targets in graph.items()}
    for between in graph:
        for module in graph:
            if between in reached[module]:
                reached[module] |= reached[between]
    found: list[set[str]] = []
    for module in sorted(graph):
        if module in reached[module] and not any(module in circle for circle in found):
            found.append({other for other in reached[module] if module in reached[other]})
    return found


def faults(folder: Path) -> list[str]:
    """Return a sentence for every import that goes the wrong way."""
    found = []
    rooms = {name.split(".")[0] for name, _ in modules(folder)} | {"_native"}
    for name, path in modules(folder):
        room = name.split(".")[0]
        if room not in MAY_IMPORT:
            found.append(f"{name}: the room {room!r} is not in the table")
            continue
        for target in imported(path, package_of(name, path)):
            top, _, rest = target.partition(".")
            there = rest.split(".")[0]
            if top == "elman":
                there = there if there in rooms else ""
                if there not in [room, *MAY_IMPORT[room]] or (there == room == ""):
                    found.append(f"{name or 'elman'} ({path.name}) imports {target}")
            elif top not in STANDARD | FROM_OUTSIDE.get(room, {top}):
                found.append(f"{name or 'elman'} ({path.name}) imports {target}")
    return found


def test_imports_go_one_way() -> None:
    assert faults(SOURCE) == []


def test_no_modules_import_one_another() -> None:
    """Imports for types and inside functions count."""
    assert circles(import_graph(SOURCE)) == []


def test_the_table_of_rooms_has_no_circle() -> None:
    rooms = {room: {other for other in others if other} for room, others in MAY_IMPORT.items() if room}
    assert circles(rooms | {"_native": set()}) == []


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"a.py": "from elman.b import f", "b.py": "import elman.c", "c.py": ""}, []),
        ({"a.py": "from elman.b import f", "b.py": "import elman.a"}, [{"elman.a", "elman.b"}]),
        (
            {"a.py": "from elman import b", "b.py": "if TYPE_CHECKING:\n    from elman.a import A"},
            [{"elman.a", "elman.b"}],
        ),
        ({"a.py": "from . import b", "b.py": "def f():\n    import elman.a"}, [{"elman.a", "elman.b"}]),
        ({"r/__init__.py": "from elman.r.a import A", "r/a.py": "from elman.r import B"}, [{"elman.r", "elman.r.a"}]),
    ],
)
def test_circles_are_found(files: dict[str, str], found: list[set[str]], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert circles(import_graph(tmp_path)) == found


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("errors.py", "import numpy"),
        ("_check.py", "from elman.reference import rnn_forward"),
        ("reference/rnn.py", "from elman import engine"),
        ("reference/rnn.py", "def f():\n    import pandas"),
        ("reference/rnn.py", "from .. import engine"),
        ("reference/rnn.py", "from ..engine import rnn_forward"),
        ("network/network.py", "import elman.training.loop"),
        ("network/network.py", "from elman import _native"),
        ("network/network.py", "from elman._native import rnn_forward"),
        ("training/loop.py", "from elman import Forecaster"),
        ("persistence/files.py", "from elman.network import Network"),
        ("data/windows.py", "from elman.engine import gather_windows"),
        ("tables/files.py", "from elman.data.ragged import read_frame"),
        ("forecasting/forecaster.py", "if TYPE_CHECKING:\n    from elman.sequences import SequenceTagger"),
        ("forecasting/forecaster.py", "from elman.load import load"),
        ("explain/tracing.py", "from elman.cli import main"),
        ("misc/new.py", "pass"),
        ("__init__.py", "import pandas"),
        ("__init__.py", "from elman.cli import main"),
    ],
)
def test_the_walk_finds_what_goes_the_wrong_way(file: str, line: str, tmp_path: Path) -> None:
    for name in ("__init__.py", "_check.py", "reference/__init__.py", "engine.py", "training/__init__.py", file):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert faults(tmp_path) in ([], ["misc.new: the room 'misc' is not in the table"])
    (tmp_path / file).write_text(line + "\n")
    assert len(faults(tmp_path)) == 1


@pytest.mark.parametrize("path", sorted((ROOT / "cpp" / "kernels").rglob("*.*")), ids=lambda path: path.name)
def test_kernels_know_neither_python_nor_its_bindings(path: Path) -> None:
    if path.suffix in (".h", ".cpp"):
        included = re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', path.read_text(), re.MULTILINE)
        assert not [name for name in included if re.match(r"(?i)python|nanobind|\.\./bindings", name)]
