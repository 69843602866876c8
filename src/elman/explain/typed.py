"""A sequence of one's own as a lesson: numbers, columns of numbers or words, cut into windows with the next value."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from elman import _check
from elman.errors import DataError, Remedy
from elman.explain.blocks import Block, Lesson, Shown, table
from elman.explain.board import Array
from elman.explain.lessons._common import short_network, shown
from elman.explain.tracing import Trace, trace
from elman.network import Architecture

__all__ = ["typed_lesson"]

_STEP_NAMES = {
    *("step", "steps", "t", "time", "nr", "no", "index", "#"),
    *("date", "day", "week", "month", "quarter", "year"),
}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[-−–+]?\d+,\d+")
_THOUSANDS = re.compile(r"[-−–+]?[1-9]\d{0,2},\d{3}")
_WITH_SIGN = re.compile(r"[-−–+]?[$€£¥]?\d[\d.,]*[$€£¥%]?")
_DATE = re.compile(r"\d{4}-\d\d?(-\d\d?)?")
_MOST_WORDS = 12
HIDDEN, RATE, UPDATES = 2, 0.1, 40


class Typed(NamedTuple):
    """A parsed sequence: one vector per step; names of the channels, or the vocabulary and the words."""

    steps: Array  # (steps, D)
    channels: list[str] | None = None
    words: list[str] | None = None


def typed_lesson(text: str, steps: int = 3) -> Lesson:
    """Work a sequence by hand: its windows, each with the value that follows, in a tanh network of two units.

    Parameters
    ----------
    text : str
        Numbers such as ``"0.5 0.6 0.7 0.72"``; lines of several numbers, whose columns are channels; or words. A first
        line may name the columns. A column that only counts the steps is no channel.
    steps : int
        Steps of a window.

    Returns
    -------
    Lesson

    Raises
    ------
    DataError
        If the text has no steps, too few of them, lines of unequal length, more than 12 different words, or words among
        numbers.
    UnsupportedError
        If the trace is too large to be printed.

    Examples
    --------
    >>> lesson = typed_lesson("0.5 0.6 0.7 0.72")
    >>> lesson.traces["typed"].x.ravel(), lesson.traces["typed"].y
    (array([0.5, 0.6, 0.7]), array([[0.72]]))
    >>> typed_lesson("th i course on nature").traces["typed"].words
    ['th', 'i', 'course', 'on', 'nature']
    """
    window = _check.integer("sequence", "steps", steps, 1, None)
    typed = parse(text)
    count = len(typed.steps) - window
    if count < 1:
        given = len(typed.steps)
        raise DataError(
            f"sequence: windows of {window} steps and their next value need {window + 1} steps, got {given}.",
            Remedy("take {}", steps=given - 1) if given > 1 else Remedy("type at least 2 steps"),
        )
    windows = np.stack([typed.steps[first : first + window] for first in range(count)], axis=1)  # (T, N, D)
    lesson = Lesson("sequence", "A sequence of your own", _meaning(typed, windows))
    lesson.traces["typed"] = _worked(typed, windows, typed.steps[window:])
    lesson.add("The data", *_data(typed, windows, window))
    lesson.add("Every number", Shown("typed", "A tanh network of two units; every number can be changed"))
    return lesson


def parse(text: str) -> Typed:
    r"""Return the steps of a text.

    Examples
    --------
    >>> parse("step,stock,gold\n1,0.5,0.9\n2,0.6,0.8").channels
    ['stock', 'gold']
    """
    if named := _table(text):
        return _table_steps(*named)
    lines = [cells for line in text.splitlines() if (cells := _cells(line))]
    if not lines:
        raise DataError("sequence: the text is empty; type numbers, columns of numbers, or words.")
    header = None
    if len(lines) > 1 and not _numeric(lines[0]) and all(map(_numeric, lines[1:])):
        header, lines = lines[0], lines[1:]
    if not all(map(_numeric, lines)):
        _check_mixture(lines)
        return _words([word for line in lines for word in line])
    _check_thousands([cell for line in lines for cell in line])
    rows = [[_number(cell) for cell in line] for line in lines]
    if len(rows) == 1 or len(rows[0]) == 1:
        return Typed(np.array([value for row in rows for value in row])[:, np.newaxis])
    return _columns(rows, header)


def _cells(line: str) -> list[str]:
    """Return the cells of a line: separated by spaces, semicolons or commas; a comma inside a number is decimal."""
    cells = re.split(r"[\s;]+", line.strip())
    parts = [part for cell in cells for part in ([cell] if _DECIMAL_COMMA.fullmatch(cell) else cell.split(","))]
    return [part for part in parts if part]


def _table(text: str) -> tuple[list[str], list[list[str]]] | None:
    """Return header and rows of a table with names in its first line and one separator; None if it is no such table."""
    lines = [line for line in text.splitlines() if line.strip()]
    for separator in "\t;,":
        cut = [[re.sub(r'^"(.*)"$', r"\1", cell.strip()) for cell in line.split(separator)] for line in lines]
        if all(len(cells) > 1 and not cells[-1] for cells in cut):
            cut = [cells[:-1] for cells in cut]
        header, rows = (cut[0], cut[1:]) if cut else ([], [])
        dated = all(_DATE.fullmatch(cells[0]) for cells in rows)
        filled = [[cell for cell in cells[dated:] if cell] for cells in rows]
        named = len(header) > 1 and not any(_numeric([cell]) for cell in header)
        if rows and named and all(map(_numeric, filled)):
            return header[dated:], [cells[dated:] for cells in rows]
    return None


def _table_steps(header: list[str], rows: list[list[str]]) -> Typed:
    """Return a table as channels; every cell must be there."""
    for number, cells in enumerate(rows, start=2):
        if "" in cells:
            raise DataError(f"sequence: line {number} has an empty cell; type a number in its place.")
        if len(cells) != len(header):
            raise DataError(f"sequence: line {number} has {len(cells)} cells, the first {len(header)}.")
    values = [[_number(cell) for cell in cells] for cells in rows]
    return _columns(values, header) if len(header) > 1 else Typed(np.array(values))


def _plain(cell: str) -> str:
    return re.sub("[−–]", "-", cell.replace(",", ".", 1))


def _number(cell: str) -> float:
    return float(_plain(cell))


def _numeric(cells: list[str]) -> bool:
    return all(_NUMBER.fullmatch(_plain(cell)) and np.isfinite(_number(cell)) for cell in cells)


def _check_thousands(cells: list[str]) -> None:
    """Refuse commas that may stand between thousands."""
    commas = [cell for cell in cells if "," in cell]
    if commas and all(map(_THOUSANDS.fullmatch, commas)):
        readings = commas[0].replace(",", "."), commas[0].replace(",", "")
        raise DataError(f"sequence: '{commas[0]}' may be {readings[0]} or {readings[1]}; write one of them.")


def _check_mixture(lines: list[list[str]]) -> None:
    """Refuse a text of which half or more are numbers; a first line without numbers may hold names."""
    named = len(lines) > 1 and not any(_numeric([cell]) for cell in lines[0])
    cells = [cell for line in lines[named:] for cell in line]
    words = [cell for cell in cells if not _numeric([cell])]
    signed = [cell for cell in words if _WITH_SIGN.fullmatch(cell)]
    if signed and 2 * (len(words) - len(signed)) <= len(cells):
        raise DataError(f"sequence: '{signed[0]}' is no plain number; leave out signs such as % and $.")
    if 2 * len(words) <= len(cells):
        raise DataError(
            f"sequence: '{words[0]}' stands among numbers; type a number in its place, or, if all are words, spell the "
            "numbers, such as 'one'."
        )


def _columns(rows: list[list[float]], header: list[str] | None) -> Typed:
    width = len(rows[0])
    for number, row in enumerate(rows, start=1 if header is None else 2):
        if len(row) != width:
            raise DataError(f"sequence: line {number} has {len(row)} numbers, the first {width}.")
    steps = np.array(rows)
    counts = header[0].lower() in _STEP_NAMES if header else width > 2 and bool((np.diff(steps[:, 0]) == 1).all())
    if counts:
        steps = steps[:, 1:]
    if steps.shape[1] == 1:
        return Typed(steps)
    names = (header or [f"channel {j + 1}" for j in range(width)])[-steps.shape[1] :]
    return Typed(steps, channels=names)


def _words(tokens: list[str]) -> Typed:
    words = list(dict.fromkeys(tokens))
    if len(words) > _MOST_WORDS:
        raise DataError(
            f"sequence: the text has {len(words)} different words; at most {_MOST_WORDS} can be worked by hand."
        )
    return Typed(np.eye(len(words))[[words.index(token) for token in tokens]], words=words)


def _worked(typed: Typed, x: Array, following: Array) -> Trace:
    D = x.shape[2]
    K, output, loss = (
        (D, "softmax", "categorical_cross_entropy") if typed.words else (1, "identity", "mean_squared_error")
    )
    architecture = Architecture(D, K, cell="rnn", hidden_size=HIDDEN, readout="last", output=output)
    count = x.shape[1]
    return trace(
        short_network(architecture, seed=2),
        x,
        following if typed.words else following[:, :1],
        loss=loss,
        learning_rate=RATE,
        epochs=UPDATES,
        title="The sequence in a network of two units",
        words=typed.words,
        row_names=[f"window {n + 1}" for n in range(count)] if count > 1 else None,
    )


def _meaning(typed: Typed, x: Array) -> str:
    """Return what is a step, a channel and an example, in one paragraph."""
    steps, D = typed.steps.shape
    if typed.words:
        what = f"{steps} words, {D} different: every word is a step, a one-hot vector of {D} numbers."
    elif typed.channels:
        names, first = ", ".join(typed.channels), typed.channels[0]
        what = (
            f"{steps} steps with {D} channels, which are not steps: {names}. The target is the next value of {first}."
        )
    else:
        what = f"{steps} numbers: one channel, every number is a step."
    T, N, _ = x.shape
    windows = f"{N} window{'s' * (N > 1)} of {T} steps, each with the next step as target"
    return f"{what} {windows}: x has the shape (T, N, D) = {x.shape}."


def _data(typed: Typed, x: Array, window: int) -> list[Block]:
    words = typed.words

    def said(step: Array) -> str:
        return words[int(step.argmax())] if words else " | ".join(shown(value) for value in step)

    targets = typed.steps[window:] if words or typed.channels is None else typed.steps[window:, :1]
    rows = [[str(n + 1), ", ".join(map(said, x[:, n])), said(targets[n])] for n in range(x.shape[1])]
    blocks: list[Block] = [table("Windows, each with its target", ["", "window", "target"], rows)]
    if words:
        vocabulary = [[word, str(i), shown(np.eye(len(words))[i])] for i, word in enumerate(words)]
        blocks.insert(0, table("Vocabulary", ["word", "index", "one-hot"], vocabulary))
    return blocks
