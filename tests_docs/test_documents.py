"""The README and the documents: what they tell a person to type is typed here, in an empty folder.

`make`, `pip install` and the like would run this suite again: `tests/meta/test_documents.py` compares them with the
Makefile and the extras instead.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from meta.documents import blocks, commands, run, run_python_blocks
from meta.repository import DOCUMENTS, NEED_EXTRAS, ROOT

COMPARED = ("make", "pip", "cd", "git")
WITH_PYTHON = [path for path in DOCUMENTS if "python" in dict(blocks(path)) and path.name not in NEED_EXTRAS]
WITH_COMMANDS = [path for path in DOCUMENTS if commands(path)]
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.name not in NEED_EXTRAS)


@pytest.mark.parametrize("path", WITH_PYTHON, ids=lambda path: path.name)
def test_python_blocks(path: Path, tmp_path: Path) -> None:
    run_python_blocks(path, tmp_path)


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=lambda path: path.name)
def test_commands(path: Path, tmp_path: Path) -> None:
    for line in commands(path):
        if line.split()[0] not in COMPARED:
            run(["bash", "-euo", "pipefail", "-c", line], tmp_path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_run(path: Path, tmp_path: Path) -> None:
    run([sys.executable, "-W", "error", str(path)], tmp_path)
