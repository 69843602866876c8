"""Small promises about the text of the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from meta.repository import ROOT, SOURCE

FOLDERS = ("src", "cpp", "docs", "tests", "examples", "benchmarks", ".ci")
SUFFIXES = (".py", ".pyi", ".h", ".cpp", ".map", ".md", ".toml", ".cmake", ".csv", ".txt", ".js", ".css", ".j2", "")
TEXT = sorted(
    path
    for path in (
        *ROOT.iterdir(),
        *(found for folder in FOLDERS for found in (ROOT / folder).rglob("*")),
        *ROOT.glob("tests_*/**/*.py"),  # beside them lie files made to be broken
    )
    if path.suffix in SUFFIXES
    and path.is_file()
    and path.name != ".git"  # not the demo's picture, nor a worktree's link
)
SHARED = "../" + "shared"


def foreign_words(path: Path) -> list[str]:
    """Return the words in a file that do not belong there."""
    text = path.read_text()
    words = ["/wo" + "rk/", "TO" + "DO", "FIX" + "ME"]
    if SOURCE in path.parents:  # nothing in the package can execute what a file says
        words += ["pickle", "marshal", "eval(", "exec(", "__import__"]
    if "benchmarks" not in path.relative_to(ROOT).parts:  # accuracy may read further data, if it is there
        words.append(SHARED)
    return [word for word in words if word in text]


def test_text_speaks_of_the_project_alone() -> None:
    assert len(TEXT) > 300
    assert {str(path.relative_to(ROOT)): words for path in TEXT if (words := foreign_words(path))} == {}


def test_no_test_is_excused() -> None:
    excuses = r"(pytest\.|mark\.|unittest\.)(skip|skipif|xfail|importorskip|skipTest)\b"
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len(tests) > 100
    assert [str(path.relative_to(ROOT)) for path in tests if re.search(excuses, path.read_text())] == []


def test_package_has_its_data_beside_it() -> None:
    assert (SOURCE / "py.typed").exists()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["license"], project["requires-python"]) == ("elman", "Apache-2.0", ">=3.11")
    assert (ROOT / "LICENSE").read_text().lstrip().startswith("Apache License\n")


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["build-system"]["requires"] + project["project"]["dependencies"]
    wanted += [item for extra in project["project"]["optional-dependencies"].values() for item in extra]
    text = (ROOT / "CONTRIBUTING.md").read_text()
    names = {re.split(r"[^\w-]", item)[0] for item in wanted} - {"elman"}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []
