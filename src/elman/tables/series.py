"""Convert a file in any layout to a long frame, with notes on the columns chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elman.errors import DataError, Remedy
from elman.tables.categories import categories_in, indicators, labels_of
from elman.tables.files import Columns, Notation, read_columns
from elman.tables.finding import check_named, find_series, find_target, find_time, or_known, settled
from elman.tables.keys import join_series, join_times, nearly_apart, parts_of, suggest_series
from elman.tables.names import listed
from elman.tables.numbers import Odd, to_numbers
from elman.tables.own_names import OwnNames
from elman.tables.turning import turned
from elman.tables.zones import zone_of_repeats

__all__ = ["Table", "read_series"]


@dataclass(frozen=True)
class Table:
    """A long frame with notes on its file.

    Parameters
    ----------
    frame : DataFrame
        Columns ``unique_id``, ``ds``, ``y``, and the covariates under their own names.
    time, target : str
        Names of the columns taken.
    series : str or None
        Column of the series' names; None for a single series.
    notes : list of str
        Guesses about the file.
    past, known_ahead : tuple of str
        Covariates of the two kinds.
    future : DataFrame or None
        Columns ``unique_id``, ``ds`` and the covariates known ahead, for future times.
    names : OwnNames
        Columns of the file, for the forecast.
    """

    frame: pd.DataFrame
    time: str
    target: str
    series: str | None
    notes: list[str] = field(default_factory=list)
    past: tuple[str, ...] = ()
    known_ahead: tuple[str, ...] = ()
    future: pd.DataFrame | None = None
    names: OwnNames = field(default_factory=OwnNames)


def read_series(
    path: Path,
    time: str | None = None,
    target: str | None = None,
    series: str | None = None,
    encoding: str = "utf-8",
    past: Sequence[str] | Mapping[str, str] = (),
    future: Path | None = None,
    categories: Sequence[str] = (),
    notation: Notation | None = None,
    known: OwnNames | None = None,
) -> Table:
    r"""Read a CSV, Excel or Parquet file; a table with a column per time is turned.

    Parameters
    ----------
    path : Path
        Parquet if its name ends in ``.parquet`` or ``.pq``; else CSV, whose delimiter may be a comma, a semicolon, a
        tab or a bar.
    time, target, series : str, optional
        Columns to take; found by their names and contents if not given. ``"date,hour"`` joins two columns of times,
        ``"shop,item"`` several that name a series; targets ``"north,south"`` are a series each.
    encoding : str
        Character encoding of CSV; a byte order mark of UTF-8 is skipped.
    past : sequence of str, or dict of str to str
        Columns of covariates that are known as long as the target is; a dict has the parameter that names each of them,
        for messages.
    future : Path, optional
        A file of future times. Its columns in common with the first file are covariates known ahead.
    categories : sequence of str
        Covariates that hold categories: each becomes a column of 0 and 1, named ``column=category``. Such a name among
        ``past`` stands for a category already known; then there are no others.
    notation : Notation, optional
        Notation of numbers and dates; the rest is inferred from all values of a column.
    known : OwnNames, optional
        Columns to use if no others are named and the file has them.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        Naming the file, the line or column, and the remedy.
    UnsupportedError
        If nothing installed reads Parquet.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "sales.csv"
    ...     _ = file.write_text("month,sales\n2024-01,5\n2024-02,7\n")
    ...     table = read_series(file)
    >>> table.time, table.target, table.frame["y"].tolist()
    ('month', 'sales', [5.0, 7.0])
    """
    notes: list[str] = []
    columns = read_columns(path, encoding, notes, notation)
    columns, series = turned(path, columns, time, target, series, notes)
    time, target, series = or_known(columns, known, time, target, series)
    columns, time = join_times(columns, time, notes)
    keys = parts_of(columns, series)
    columns = join_series(columns, series)
    targets = parts_of(columns, target)
    named: list[tuple[str, str | None]] = [("target", name) for name in targets] or [("target", target)]
    named = [("time", time), *named, ("series", series)]
    columns, past, labels = _with_indicators(path, columns, named, past, categories)
    time, stamps = find_time(path, columns, time, (target, series), notes)
    numbered: list[str] = []
    series = series or find_series(columns, (time, target), numbered)
    notes += [f"{name!r} numbers the rows and does not identify series" for name in numbered]
    found = _Found(path, columns, time, stamps, series, keys, numbered, notes)
    if targets:
        if past or future is not None:
            raise DataError(f"{path.name}: {target} are several series and cannot have covariates.")
        return _wide_table(found, targets)
    taken = (time, target, series)
    later = None if future is None else indicators(future, _read_later(future, encoding, notation, taken), labels)
    return _long_table(found, target, past, future, later)


@dataclass(frozen=True)
class _Found:
    """What was found in the columns of a file.

    Parameters
    ----------
    path : Path
        The file.
    columns : Columns
        As joined, with the indicators of categories.
    time : str
        Column of times.
    stamps : Series
        Its time stamps.
    series : str or None
        Column of the series' names.
    keys : list of str
        Columns that were joined to it.
    numbered : list of str
        Columns that only number the rows.
    notes : list of str
        Guesses, to be continued.
    """

    path: Path
    columns: Columns
    time: str
    stamps: pd.Series
    series: str | None
    keys: list[str]
    numbered: list[str]
    notes: list[str]

    def names(self, targets: Sequence[str]) -> OwnNames:
        """Return the columns of the file that name times, values and series."""
        return OwnNames(self.time, tuple(targets), tuple(self.keys or filter(None, [self.series])))

    def mention_unused(self, *used: str) -> None:
        """Note the columns of numbers that are not used."""
        _mention_unused(self.columns, (self.time, self.series, *used, *self.keys, *self.numbered), self.notes)


def _with_indicators(
    path: Path,
    columns: Columns,
    named: Sequence[tuple[str, str | None]],
    past: Sequence[str] | Mapping[str, str],
    categories: Sequence[str],
) -> tuple[Columns, list[str], dict[str, list[str]]]:
    """Check that all named columns exist; replace categories by their indicators, and list the covariates."""
    labels = categories_in(columns, list(past))
    roles = past if isinstance(past, Mapping) else dict.fromkeys(past, "past")
    wanted = [(role, name) for name, role in roles.items() if name.partition("=")[0] not in labels]
    wanted += [("categories", name) for name in categories]
    check_named(path, columns, [*named, *wanted])
    labels |= labels_of(path, columns, categories)
    covariates = list(dict.fromkeys(own for name in (*past, *categories) for own in _expanded(name, labels)))
    return indicators(path, columns, labels), covariates, labels


def _wide_table(found: _Found, targets: Sequence[str]) -> Table:
    """Return the table of a file with one column per series."""
    frame = _wide(found.path, found.columns, found.stamps, targets, found.series, found.notes)
    found.mention_unused(*targets)
    return Table(frame, found.time, ",".join(targets), found.series, found.notes, names=found.names(targets))


def _long_table(
    found: _Found, target: str | None, past: Sequence[str], future: Path | None, later: Columns | None
) -> Table:
    """Return the table of a file with one column of values, with its covariates and future rows."""
    path, columns, time, series, notes = found.path, found.columns, found.time, found.series, found.notes
    used = (time, series, *past, *(later or ()), *found.keys, *found.numbered)
    target, values = find_target(path, columns, target, used, notes)
    ids: Any = columns[series] if series is not None else target
    stamps = found.stamps if (local := zone_of_repeats(found.stamps, ids, notes)) is None else local
    frame = pd.DataFrame({"unique_id": ids, "ds": stamps, "y": values})
    _check_rows(path, columns, frame, (time, target), series)
    taken = (time, target, series)
    ahead, coming = _read_future(future, later, columns, taken, notes) if future and later else ((), None)
    covariates = _covariates(path, columns, tuple(dict.fromkeys([*past, *ahead])), taken, notes)
    found.mention_unused(target, *covariates)
    frame, to_come = _without_rows_to_come(frame.assign(**covariates), target, notes)
    if future is None and len(to_come):
        ahead = tuple(name for name in covariates if to_come[name].notna().all())
        coming = to_come[["unique_id", "ds", *ahead]] if ahead else None
        notes += [f"known ahead: {', '.join(ahead)}"] * bool(ahead)
    only_past = tuple(name for name in past if name not in ahead)
    return Table(frame, time, target, series, notes, only_past, ahead, coming, found.names([target]))


def _wide(
    path: Path, columns: Columns, stamps: pd.Series, targets: Sequence[str], series: str | None, notes: list[str]
) -> pd.DataFrame:
    """Convert one column per series to a long frame; each series ends with its last value."""
    parts = []
    for name in targets:
        values = find_target(path, columns, name, (), notes)[1]
        ids: Any = name if series is None else [f"{own}/{name}" for own in columns[series]]
        part = pd.DataFrame({"unique_id": ids, "ds": stamps, "y": values})
        _check_rows(path, columns, part, (*targets,), series)
        parts.append(_without_rows_to_come(part, name, [])[0])
    return pd.concat(parts, ignore_index=True)


def _without_rows_to_come(frame: pd.DataFrame, target: str, notes: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Remove the rows after the last value of each series: these are to be forecast, and are not filled."""
    newest = frame[frame["y"].notna()].groupby("unique_id")["ds"].max()
    behind = (frame["ds"] > frame["unique_id"].map(newest)).to_numpy()
    if behind.any():
        count = int(behind.sum())
        notes.append(f"rows after the last value, without {target}, are to be forecast: {count}")
    return frame[~behind].reset_index(drop=True), frame[behind].reset_index(drop=True)


def _read_later(
    path: Path, encoding: str, notation: Notation | None, taken: tuple[str, str | None, str | None]
) -> Columns:
    """Read the file of future times, with the same columns joined."""
    columns, _ = join_times(read_columns(path, encoding, [], notation), taken[0], [])
    return join_series(columns, taken[2])


def _check_rows(path: Path, columns: Columns, frame: pd.DataFrame, taken: tuple[str, ...], series: str | None) -> None:
    """Refuse several series without a column that separates them, and series of single rows."""
    time = taken[0]
    if (repeated := frame.duplicated(["unique_id", "ds"])).any():
        again, row = frame["ds"][repeated].iloc[0], int(np.argmax(repeated))
        if series is not None and str(frame["unique_id"].iloc[row]) == "":
            raise DataError(f"{path.name}: column {series!r} is empty in {columns.place(row)}.", Remedy("fill it"))
        apart = suggest_series(columns, frame["ds"], taken)
        within = "" if series is None else f" where {series!r} is {str(frame['unique_id'][repeated].iloc[0])!r}"
        text = f"{path.name}: {again} occurs more than once in column {time!r}{within}."
        if apart:
            raise DataError(text, Remedy("pass {} if the file holds several series", series=apart))
        ways = (Remedy("sum the rows of one time"), Remedy("drop all but one"))
        if series is not None:
            raise DataError(f"{text} No further column tells these rows apart.", *ways)
        if nearly := nearly_apart(columns, frame["ds"], taken):
            raise DataError(
                f"{text} Column {nearly[0]!r} separates them but for {nearly[1]}.",
                Remedy("pass {} if it names the series, and sum or drop the others", series=nearly[0]),
            )
        raise DataError(f"{text} No column identifies several series.", *ways)
    if frame["unique_id"].value_counts().max() < 2:
        raise DataError(f"{path.name}: no series has more than one row, at least 2 are needed.")


def _expanded(name: str, labels: Mapping[str, Sequence[str]]) -> list[str]:
    """Name the indicators of a column of categories; any other column keeps its name."""
    return [f"{name}={label}" for label in labels[name]] if name in labels else [name]


def _covariates(
    path: Path, columns: Columns, names: Sequence[str], taken: tuple[str | None, ...], notes: list[str]
) -> dict[str, list[float]]:
    """Convert the columns of covariates to numbers."""
    result = {}
    for name in names:
        if name in (*taken, "unique_id", "ds", "y"):
            reason = "it is taken already" if name in taken else "rename it"
            raise DataError(f"{path.name}: column {name!r} cannot be a covariate; {reason}.")
        values = to_numbers(columns, name, notes)
        if isinstance(values, Odd):
            raise DataError(f"{path.name}: covariate {values.said(columns, name)}.", *settled(values))
        result[name] = values
    return result


def _read_future(
    path: Path, columns: Columns, known: Columns, taken: tuple[str, str, str | None], notes: list[str]
) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Read covariates of future times: their names, and a frame."""
    time, target, series = taken
    for name in (time, series):
        if name is not None and name not in columns:
            raise DataError(f"{path.name}: there is no column {name!r}; the columns are {listed(columns)}.")
    shared = [name for name in columns if name in known and name not in taken]
    names = tuple(name for name in shared if not isinstance(entry := to_numbers(known, name, []), Odd) or entry.mostly)
    if len(names) < len(shared):
        notes.append(f"not numeric, not used: {', '.join(name for name in shared if name not in names)}")
    if not names:
        raise DataError(f"{path.name}: it has no column of covariates in common with the first file.")
    _, stamps = find_time(path, columns, time, (target, series), [])
    ids: Any = columns[series] if series is not None else target
    frame = pd.DataFrame({"unique_id": ids, "ds": stamps} | _covariates(path, columns, names, taken, []))
    notes.append(f"known ahead: {', '.join(names)}")
    return names, frame


def _mention_unused(columns: Columns, used: tuple[str | None, ...], notes: list[str]) -> None:
    """Note the columns of numbers that are not used."""
    unused = [
        name for name in columns if name and name not in used and not isinstance(to_numbers(columns, name, []), Odd)
    ]
    if unused:
        notes.append(f"not used as covariates: {listed(unused)}")
