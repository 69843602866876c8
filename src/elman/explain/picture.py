"""Pictures of series with windows on them, as SVG, LaTeX and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["latex", "spark", "svg"]

_WIDTH, _HEIGHT, _EDGE = 640, 200, 26
_BLOCKS = "▁▂▃▄▅▆▇█"


class _Scale:
    """Maps positions and values of all series of a picture to a rectangle."""

    def __init__(self, picture: Mapping[str, Any], width: float, height: float, edge: float) -> None:
        values = [value for series in picture["series"] for value in series["values"]]
        self.low, self.high = float(min(values)), float(max(values))
        self.count: int = max(len(series["values"]) for series in picture["series"])
        self.width, self.height, self.edge = width, height, edge

    def x(self, position: float) -> float:
        return self.edge + (self.width - 2 * self.edge) * (position + 0.5) / self.count

    def y(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.height - self.edge - (self.height - 2 * self.edge) * share


def svg(picture: Mapping[str, Any]) -> str:
    """Return a picture as SVG; the page's style names its colours.

    Parameters
    ----------
    picture : mapping
        A block of kind ``"picture"``; see ``docs/trace-schema.md``.

    Returns
    -------
    str

    Examples
    --------
    >>> drawn = svg({"caption": "A wave", "series": [{"name": "y", "values": [0.0, 1.0]}], "windows": []})
    >>> drawn.startswith("<svg") and drawn.count("<circle")
    2
    """
    scale = _Scale(picture, _WIDTH, _HEIGHT, _EDGE)
    parts = [_window(scale, window, number) for number, window in enumerate(picture["windows"])]
    for number, series in enumerate(picture["series"]):
        points = [(scale.x(i), scale.y(value)) for i, value in enumerate(series["values"])]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points)
        x, y = points[-1]
        name = f'<text x="{x + 8:.1f}" y="{y + 4:.1f}">{escape(series["name"])}</text>'
        parts.append(f'<g class="series s{number}"><polyline points="{line}"/>{dots}{name}</g>')
    label = escape(picture["caption"], quote=True)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _window(scale: _Scale, window: Mapping[str, int], number: int) -> str:
    """Return the frame of the values that a network reads and the frame of those that it predicts."""
    half = (scale.x(1) - scale.x(0)) / 2
    top = 4 + 7 * number
    frames = []
    for kind, first, size in (("read", window["first"], window["size"]), ("target", window["first"] + window["size"],
                                                                           window["targets"])):  # fmt: skip
        if size:
            left, width = scale.x(first) - half + 2, 2 * half * size - 4
            height = scale.height - 8 - 14 * number
            frames.append(
                f'<rect class="{kind}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{height}" rx="6"/>'
            )
    return "".join(frames)


def latex(picture: Mapping[str, Any]) -> str:
    r"""Return the points and windows of a picture as a LaTeX ``picture`` environment.

    Examples
    --------
    >>> latex({"caption": "", "series": [{"name": "y", "values": [0.0, 1.0]}], "windows": []}).count(r"\put")
    2
    """
    scale = _Scale(picture, 320, 90, 8)
    lines = []
    for number, window in enumerate(picture["windows"]):
        half = (scale.x(1) - scale.x(0)) / 2
        width = 2 * half * (window["size"] + window["targets"]) - 2
        left = scale.x(window["first"]) - half + 1
        lines.append(rf"\put({left:.0f},{4 * number}){{\framebox({width:.0f},{90 - 8 * number}){{}}}}")
    for series in picture["series"]:
        for i, value in enumerate(series["values"]):
            lines.append(rf"\put({scale.x(i):.0f},{90 - scale.y(value):.0f}){{\circle*{{3}}}}")
    body = "\n".join(lines)
    return f"\\setlength{{\\unitlength}}{{1pt}}\n\\begin{{picture}}(320,94)\n{body}\n\\end{{picture}}"


def spark(values: Sequence[float]) -> str:
    """Return a series as a line of blocks.

    Examples
    --------
    >>> spark([0.0, 0.5, 1.0])
    '▁▅█'
    """
    low, high = min(values), max(values)
    return "".join(_BLOCKS[round(7 * (value - low) / ((high - low) or 1.0))] for value in values)
