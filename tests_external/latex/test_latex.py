"""Every lesson as a LaTeX document, through a real TeX engine (Debian: texlive-latex-base)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from elman.explain import LESSONS, lesson, render


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_compiles(name: str, tmp_path: Path) -> None:
    (tmp_path / "lesson.tex").write_text(render(lesson(name), "latex"))
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "lesson.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=120,
    )
    log = (tmp_path / "lesson.log").read_text(errors="replace")
    assert done.returncode == 0, [line for line in log.splitlines() if line.startswith("!")]
    assert (tmp_path / "lesson.pdf").read_bytes().startswith(b"%PDF")
    assert "Missing character" not in log
