"""The README and the documents: what they tell a person to type is typed here, in an empty folder.

In a document the ``python`` blocks run one after the other as one script; a ``text`` block right after one is what it
prints. The ``sh`` blocks run as they stand, but `make`, `pip install` and the like would run this suite again: they are
compared with the Makefile and the extras instead.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from meta.repository import DOCUMENTS, NEED_EXTRAS, ROOT

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "-- end of block --"
WITH_PYTHON = [p for p in DOCUMENTS if "```python" in p.read_text() and p.name not in NEED_EXTRAS]
VERBS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


def blocks(path: Path) -> list[tuple[str, str]]:
    """Return the language and text of every fenced block."""
    return [(match[1], match[2]) for match in FENCE.finditer(path.read_text())]


def run(command: list[str], folder: Path) -> str:
    """Run a command as a person in a fresh terminal would, and return what it prints."""
    environment = {**os.environ, "MPLBACKEND": "Agg", "COLUMNS": "100"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_fences_have_a_known_language(path: Path) -> None:
    assert path.read_text().count("\n```") == 2 * len(blocks(path))
    assert {language for language, _ in blocks(path)} <= {"python", "sh", "text", "json", "cpp"}


@pytest.mark.parametrize("path", WITH_PYTHON, ids=lambda path: path.name)
def test_python_blocks(path: Path, tmp_path: Path) -> None:
    run_python_blocks(path, tmp_path)


def run_python_blocks(path: Path, tmp_path: Path) -> None:
    """Run the page's script and compare what it prints with what the page says."""
    found = blocks(path)
    code = [text for language, text in found if language == "python"]
    (tmp_path / "script.py").write_text(f"print({MARK!r})\n".join(code))
    printed = run([sys.executable, "-W", "error", "script.py"], tmp_path).split(f"{MARK}\n")
    following = [
        after for (language, _), after in zip(found, [*found[1:], ("", "")], strict=True) if language == "python"
    ]
    for got, (language, expected) in zip(printed, following, strict=True):
        if language == "text":
            assert [line.rstrip() for line in got.splitlines()] == expected.splitlines()


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if "```sh" in p.read_text()], ids=lambda path: path.name)
def test_commands(path: Path, tmp_path: Path) -> None:
    for line in "".join(text for language, text in blocks(path) if language == "sh").splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "make":
            assert set(words[1:]) <= VERBS, line
        elif words[:2] == ["pip", "install"]:
            assert set(re.findall(r"\[(\w+)\]", line)) <= EXTRAS, line
        elif words[0] not in ("cd", "git"):
            run(["bash", "-euo", "pipefail", "-c", line], tmp_path)


def test_links_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
            assert "://" in target or (path.parent / target).exists(), f"{path.name}: {target}"


def test_examples_run(tmp_path: Path) -> None:
    for path in sorted((ROOT / "examples").glob("*.py")):
        if path.name not in NEED_EXTRAS:
            run([sys.executable, "-W", "error", str(path)], tmp_path)
