"""Every document that Elman writes in LaTeX, through a real TeX engine: nothing is refused, nothing is cut."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from elman.explain import EXERCISES, LESSONS, Lesson, Trace, exercise, lesson, render
from elman.explain.typed import typed_lesson
from explain.nets import architectures, worked

DOCUMENTS: dict[str, Callable[[], Lesson | Trace]] = {
    **{name: (lambda name=name: lesson(name)) for name in LESSONS},  # type: ignore[misc]
    **{f"exercise {kind}": (lambda kind=kind: exercise(kind)) for kind in EXERCISES},  # type: ignore[misc]
    **{f"key {kind}": (lambda kind=kind: exercise(kind, solution=True)) for kind in EXERCISES},  # type: ignore[misc]
    **{f"network {i}": (lambda a=a: worked(a)) for i, a in enumerate(architectures())},  # type: ignore[misc]
    "numbers": lambda: typed_lesson("0.5 0.6 0.7 0.72"),
    "columns": lambda: typed_lesson("stock gold\n0.5 0.9\n0.6 0.8\n0.7 0.85\n0.72 0.8"),
    "words": lambda: typed_lesson("th_i {course} on # 100% nature\\ $x$ été"),
}
CUT = re.compile(r"^Overfull \\hbox \((\d+\.\d+)pt too wide\)", re.MULTILINE)
MARGIN = 28.0  # points beyond the text that no reader notices: less than half of the margin


@pytest.fixture(scope="module")
def pdflatex() -> str:
    path = shutil.which("pdflatex")
    if path is None:
        pytest.fail("there is no pdflatex; install texlive-latex-recommended")
    return path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_compiles(pdflatex: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "document.tex").write_text(render(DOCUMENTS[name](), "latex"))
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=120)
    log = (tmp_path / "document.log").read_text(errors="replace")
    assert done.returncode == 0, [line for line in log.splitlines() if line.startswith("!")]
    assert (tmp_path / "document.pdf").read_bytes().startswith(b"%PDF")
    assert "Missing character" not in log
    assert [width for width in map(float, CUT.findall(log)) if width > MARGIN] == []
