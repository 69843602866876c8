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

from elman.cli._command import PHRASES, Command, OptionWriter
from elman.cli.app import app
from elman.errors import Remedy, advice
from meta.repository import SOURCE, modules, nodes

_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
_ASKED = re.compile(r"\b[Pp]ass (the )?[a-z_]+=")
_INNER = re.compile(r"(?<![\w.\"'])(y|ds|unique_id|static_df|[a-z]+_covariates)(?![\w=\"'(}])")
_OF_PYTHON = {  # parts of messages that no command says: about arrays and frames, and forecasters made by hand
    "forecasting/calendar.py": ("ds",),
    "forecasting/each.py": ("series_covariates needs several", "with the column unique_id"),
    "forecasting/frames.py": (
        "name columns",
        "name series",
        "with unique_id, ds and y",
        "needs the columns unique_id",
        "column unique_id",
        "column of the series unique_id",
    ),
    "forecasting/inputs.py": ("y of ",),
    "forecasting/methods/network.py": ("carry_state=True cannot",),
    "forecasting/options.py": ("log(1 + y)", "Name them as future_covariates", "nor if it is unique_id"),
    "forecasting/reading.py": ("a frame with unique_id", "ds.dt.tz_localize("),
    "forecasting/saving_names.py": ("unique_id must be text",),
    "forecasting/shown.py": ("a frame from predict",),
    "forecasting/static.py": ("no column unique_id",),
    "tables/frame_columns.py": ("a frame with dates in its index", "ds.dt.to_timestamp()", "pd.to_datetime(ds"),
}


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
        told = advice([remedy], OptionWriter.of(command))
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


@pytest.mark.parametrize("room", ["_check", "forecasting", "partitions", "tables"])
def test_messages_call_columns_and_arguments_as_the_user_does(room: str) -> None:
    """A command replaces the names that `elman._words.called` writes, and no others."""
    found = [
        (str(path.relative_to(SOURCE)), text)
        for _, path in modules()
        if path.relative_to(SOURCE).parts[0] == room
        for text in _texts(path)
        if " " in text and _INNER.search(text) and "(?P<" not in text
    ]
    assert [pair for pair in found if not any(part in pair[1] for part in _OF_PYTHON.get(pair[0], ()))] == []


def test_code_of_python_is_told_by_no_command() -> None:
    assert sum(("frame", ...) in remedy.parameters for remedy in _remedies()) > 5
    assert "--frame" not in set().union(*map(_options, COMMANDS.values()))


def test_phrases_name_options_of_the_command_that_they_name() -> None:
    texts = {text for _, path in modules() for text in _texts(path)}
    for phrase, told in PHRASES.items():
        command = next(name for name in COMMANDS if name in told)
        assert phrase in texts and set(_OPTION.findall(told)) <= _options(COMMANDS[command])


def test_texts_of_a_command_name_its_own_options() -> None:
    everywhere = set().union(*map(_options, COMMANDS.values()))
    for path in (SOURCE / "cli").glob("*.py"):
        words = path.stem.split("_")[0]
        own = [command for name, command in COMMANDS.items() if words and words in name.split()]
        known = set().union(*map(_options, own)) if own else everywhere
        assert {option for text in _texts(path) for option in _OPTION.findall(text)} <= known | {"--version"}, path
