"""Networks worked by hand: every number of the forward pass and of backpropagation through time.

`trace` works on small networks, with the arithmetic of `elman.reference` in float64; `lesson` returns a ready example,
and `exercise` a sheet with blanks; `render` writes each as a page, Markdown, LaTeX, JSON or text.
"""

from __future__ import annotations

from elman.explain.exercise import EXERCISES, exercise
from elman.explain.forms import FORMATS, render
from elman.explain.lesson import Lesson
from elman.explain.lessons import LESSONS, lesson
from elman.explain.trace import Epoch, Trace, trace

__all__ = ["EXERCISES", "FORMATS", "LESSONS", "Epoch", "Lesson", "Trace", "exercise", "lesson", "render", "trace"]
