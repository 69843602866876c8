"""Where things are: the source tree that these tests read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "elman"
# Modules below ``elman``, examples and documents that need an optional package: tests_external runs what is in them.
NEED_EXTRAS = {
    "interop.aeon",
    "interop.sktime",
    "interop.torch.drop_in",
    "interop.torch.functions",
    "interop.torch.model",
    "torch_drop_in.py",
    "interchange.md",
}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])


def modules(folder: Path = SOURCE) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name below ``elman`` and the file of every module; the package itself is ``""``."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of a module's syntax tree; the first is the module."""
    return _nodes(path.read_text())


@cache  # by text: parsed and walked once for all tests, which only read the tree
def _nodes(text: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(text)))


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


def public_names(path: Path) -> list[str]:
    """Return the literal ``__all__`` of a module, or nothing."""
    for node in _tree(path.read_text()).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return []
