"""Blocks of code in a document, and a terminal to type them into."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "-- end of block --"


def blocks(path: Path) -> list[tuple[str, str]]:
    """Return the language and text of every fenced block."""
    return [(match[1], match[2]) for match in FENCE.finditer(path.read_text())]


def commands(path: Path) -> list[str]:
    """Return the lines of the ``sh`` blocks."""
    text = "".join(text for language, text in blocks(path) if language == "sh")
    return [line for line in text.splitlines() if line.partition("#")[0].strip()]


def run(command: list[str], folder: Path) -> str:
    """Run a command as a person in a fresh terminal would, and return what it prints."""
    environment = {**os.environ, "MPLBACKEND": "Agg", "COLUMNS": "100"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def run_python_blocks(path: Path, tmp_path: Path) -> None:
    """Run the page's ``python`` blocks as one script; a ``text`` block right after one is what it prints."""
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
