"""Ways out of errors are data, and every command names options that it has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from elman.cli._command import Command, option_writer
from elman.cli.app import app
from elman.errors import Remedy, advice
from meta.repository import SOURCE, modules, nodes

_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
_ASKED = re.compile(r"\b[Pp]ass (the )?[a-z_]+=")


def _walk(command: Any, name: str = "elman") -> Iterator[tuple[str, Any]]:
    for word, own in getattr(command, "commands", {}).items():
        yield from _walk(own, f"{name} {word}")
    if not hasattr(command, "commands"):
        yield name, command


COMMANDS = dict(_walk(get_command(app)))


def _options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return "found"


def _found() -> Iterator[Remedy]:
    """Yield every remedy of the source; values that are computed there stand as a word."""
    for _, path in modules():
        for node in nodes(path):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Remedy":
                clauses = [_value(clause) for clause in node.args]
                yield Remedy(*clauses, **{each.arg: _value(each.value) for each in node.keywords if each.arg})


@cache
def _remedies() -> list[Remedy]:
    return list(_found())


def _texts(path: Path) -> Iterator[str]:
    """Yield the literal texts of a module but for docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in nodes(path)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_names_options_that_it_has(name: str) -> None:
    command = COMMANDS[name]
    assert isinstance(command, Command)  # else its errors would be told with arguments of Python
    for remedy in _remedies():
        told = advice([remedy], option_writer(command))
        assert set(_OPTION.findall(told)) <= _options(command), told
        assert not any(f"{parameter}=" in told for parameter, _ in remedy.parameters), told


def test_remedies_are_found_and_name_parameters_of_the_library() -> None:
    assert len(_remedies()) > 40
    known = set()
    for node in (node for _, path in modules() for node in nodes(path)):
        if isinstance(node, ast.FunctionDef):
            known |= {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
        if isinstance(node, ast.AnnAssign):  # a field of a dataclass
            known.add(ast.unparse(node.target))
    assert {parameter for remedy in _remedies() for parameter, _ in remedy.parameters} <= known


def test_no_other_text_of_the_library_names_an_option() -> None:
    apart = ("explain/page", "prior/making.py")  # style sheets; a command of its own
    found = [
        (str(path.relative_to(SOURCE)), text)
        for _, path in modules()
        for text in _texts(path)
        if (
            ("cli" not in path.parts and _OPTION.search(text) and not any(name in str(path) for name in apart))
            or _ASKED.search(text)
        )
    ]
    assert found == []


def test_texts_of_a_command_name_its_own_options() -> None:
    everywhere = set().union(*map(_options, COMMANDS.values()))
    for path in (SOURCE / "cli").glob("*.py"):
        words = path.stem.split("_")[0]
        own = [command for name, command in COMMANDS.items() if words and words in name.split()]
        known = set().union(*map(_options, own)) if own else everywhere
        assert {option for text in _texts(path) for option in _OPTION.findall(text)} <= known | {"--version"}, path
