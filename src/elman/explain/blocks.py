"""The parts of a lesson: text, formulas, tables, pictures, errors of printed calculations, and traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from elman.explain.formula import Math, equal
from elman.explain.tracing import Trace

Cell: TypeAlias = str | int | float


@dataclass(frozen=True)
class Text:
    """A paragraph; text between backquotes is code."""

    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain data."""
        return {"kind": "text", "text": self.text}


@dataclass(frozen=True)
class Formula:
    """One formula, possibly with several equal sides."""

    sides: tuple[Math, ...]
    caption: str | None = None

    @property
    def formula(self) -> Math:
        """All sides, joined by equals signs."""
        return equal(*self.sides)

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain data."""
        return {"kind": "formula", "formula": self.formula.to_dict(), "caption": self.caption}


@dataclass(frozen=True)
class Table:
    """A table with column names."""

    caption: str | None
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain data."""
        rows = [list(row) for row in self.rows]
        return {"kind": "table", "caption": self.caption, "columns": list(self.columns), "rows": rows}


@dataclass(frozen=True)
class Slip:
    """An error of a printed calculation: the printed text, the right one, and the reason.

    ``verbatim``: the error is about the letters themselves, which stay in every notation.
    """

    written: str
    right: str
    why: str
    verbatim: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain data."""
        return {"kind": "slip", **asdict(self)}


@dataclass(frozen=True)
class Picture:
    """Series over time, with windows on them: (first position, values read, values predicted)."""

    caption: str
    series: tuple[tuple[str, tuple[float, ...]], ...]
    windows: tuple[tuple[int, int, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain data."""
        series = [{"name": name, "values": list(values)} for name, values in self.series]
        windows = [{"first": first, "size": size, "targets": targets} for first, size, targets in self.windows]
        return {"kind": "picture", "caption": self.caption, "series": series, "windows": windows}


@dataclass(frozen=True)
class Shown:
    """A trace of the lesson, in full."""

    trace: str
    caption: str

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain data."""
        return {"kind": "trace", "trace": self.trace, "caption": self.caption}


@dataclass(frozen=True)
class Laboratory:
    """The gradient of every state of an RNN, an LSTM and a GRU, with sliders; ``curves`` are shown beside them.

    A curve has a name and, for lags 0, 1, …, the gradient's norm relative to that of lag 0.
    """

    caption: str
    curves: tuple[tuple[str, tuple[float, ...]], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the block as plain data."""
        curves = [{"name": name, "relative": list(relative)} for name, relative in self.curves]
        return {"kind": "laboratory", "caption": self.caption, "curves": curves}


Block: TypeAlias = Text | Formula | Table | Picture | Slip | Shown | Laboratory


@dataclass(frozen=True)
class Section:
    """Blocks under a title."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, repr=False)
class Lesson:
    """A worked example; ``to_dict`` returns the document of docs/trace-schema.md.

    Attributes
    ----------
    name, title, summary : str
    letters : str or None
        The note in whose letters the text is written, ``"A"`` … ``"E"``; None for the letters of docs/notation.md.
    sections : list of Section
    traces : dict of str to Trace
        The traces by id.

    Examples
    --------
    >>> from elman.explain import lesson
    >>> taught = lesson("by-hand-sum")
    >>> round(taught.traces["tanh"].epochs[0].loss, 4)
    1.8229
    >>> taught
    Lesson('by-hand-sum': One unit learns to add: a recurrent network worked by hand; 8 sections, 3 traces)
    """

    name: str
    title: str
    summary: str
    sections: list[Section] = field(default_factory=list)
    traces: dict[str, Trace] = field(default_factory=dict)
    letters: str | None = None

    def __repr__(self) -> str:
        """Return one line: name, title, and what the lesson contains."""
        counts = ((len(self.sections), "section"), (len(self.traces), "trace"))
        content = ", ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in counts)
        return f"Lesson({self.name!r}: {self.title}; {content})"

    def _repr_html_(self) -> str | None:
        """Return the page in a frame, for notebooks."""
        from elman.explain.page import framed

        return framed(self.to_dict())

    def add(self, title: str, *blocks: Block) -> None:
        """Add a section."""
        self.sections.append(Section(title, blocks))

    def to_dict(self) -> dict[str, Any]:
        """Return the lesson as plain data, ready for JSON."""
        return {
            "kind": "lesson",
            "version": 1,
            "name": self.name,
            "title": self.title,
            "summary": self.summary,
            "letters": self.letters,
            "sections": [
                {"title": section.title, "blocks": [block.to_dict() for block in section.blocks]}
                for section in self.sections
            ],
            "traces": {name: trace.to_dict() for name, trace in self.traces.items()},
        }


def table(caption: str | None, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """Return a table of rows of text and numbers."""
    return Table(caption, tuple(columns), tuple(tuple(row) for row in rows))
