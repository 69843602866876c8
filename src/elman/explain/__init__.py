"""Networks worked by hand: every number of the forward pass and of backpropagation through time.

`trace` works on small networks, with the arithmetic of `elman.reference` in float64; `lesson` returns a ready example;
`render` writes either as a page, Markdown, LaTeX, JSON or text.
"""

from __future__ import annotations

from elman.explain.forms import FORMATS, render
from elman.explain.lesson import Lesson
from elman.explain.lessons import LESSONS, lesson
from elman.explain.trace import Epoch, Trace, trace

__all__ = ["FORMATS", "LESSONS", "Epoch", "Lesson", "Trace", "lesson", "render", "trace"]
