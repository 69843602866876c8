"""Networks worked by hand: every number of the forward pass and of backpropagation through time.

`trace` works on small networks, with the arithmetic of `elman.reference` in float64; `lesson` returns a ready example,
and `exercise` a sheet with blanks; `render` writes each as a page, Markdown, LaTeX, JSON or text.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from elman.explain.titles import LESSONS

if TYPE_CHECKING:
    from elman.explain.blocks import Lesson
    from elman.explain.exercises import EXERCISES, exercise
    from elman.explain.forms import FORMATS, render
    from elman.explain.lessons import lesson
    from elman.explain.tracing import Epoch, Trace, trace

__all__ = ["EXERCISES", "FORMATS", "LESSONS", "Epoch", "Lesson", "Trace", "exercise", "lesson", "render", "trace"]

_LAZY = {  # no module has the name of a function: its import would take the place of the function
    "EXERCISES": "exercises",
    "FORMATS": "forms",
    "Epoch": "tracing",
    "Lesson": "blocks",
    "Trace": "tracing",
    "exercise": "exercises",
    "lesson": "lessons",
    "render": "forms",
    "trace": "tracing",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'elman.explain' has no attribute {name!r}")
    return getattr(importlib.import_module(f"elman.explain.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
