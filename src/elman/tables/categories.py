"""Convert columns of categories to columns of 0 and 1, one for each category."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from pathlib import Path

from elman.errors import DataError
from elman.tables.files import Columns

__all__ = ["categories_in", "indicators", "labels_of", "sources"]

_MOST = 50


def labels_of(path: Path, columns: Columns, names: Sequence[str]) -> dict[str, list[str]]:
    """List the categories of some columns, sorted.

    Raises
    ------
    DataError
        If there are more than 50 of them: such columns hold names or numbers.
    """
    labels = {name: sorted({str(entry) for entry in columns[name]} - {""}) for name in names}
    for name, own in labels.items():
        if len(own) > _MOST:
            raise DataError(f"{path.name}: column {name!r} has {len(own)} categories, at most {_MOST} can be used.")
    return labels


def categories_in(columns: Container[str], names: Sequence[str]) -> dict[str, list[str]]:
    """Find the names ``column=category`` whose column exists and which are no columns themselves.

    Examples
    --------
    >>> categories_in(Columns({"sky": ["sun"], "a=b": ["1"]}), ["sky=rain", "sky=sun", "a=b", "heat"])
    {'sky': ['rain', 'sun']}
    """
    found: dict[str, list[str]] = {}
    for name in names:
        column, _, label = name.partition("=")
        if name not in columns and column in columns and label:
            found.setdefault(column, []).append(label)
    return found


def sources(columns: Collection[str], names: Sequence[str]) -> list[str]:
    """List the columns from which covariates are read: their own, or the column of categories for ``column=category``.

    Examples
    --------
    >>> sources(["ds", "sky", "price"], ["price", "sky=rain", "sky=sun"])
    ['price', 'sky']
    """
    categories = {f"{column}={label}": column for column, own in categories_in(columns, names).items() for label in own}
    return list(dict.fromkeys(categories.get(name, name) for name in names))


def indicators(path: Path, columns: Columns, labels: Mapping[str, Sequence[str]]) -> Columns:
    """Replace columns of categories, if present, by one column ``column=category`` for each category.

    Parameters
    ----------
    path : Path
        Of the file, for messages.
    columns : Columns
        Of the file.
    labels : dict of str to sequence of str
        The categories of each column.

    Returns
    -------
    Columns

    Raises
    ------
    DataError
        Naming the line of an entry that is none of the categories.

    Examples
    --------
    >>> dict(indicators(Path("a.csv"), Columns({"sky": ["sun", "rain"]}), {"sky": ["rain", "sun"]}))
    {'sky=rain': ['0', '1'], 'sky=sun': ['1', '0']}
    """
    result = columns.like({})
    for name, column in columns.items():
        if name not in labels:
            result[name] = column
            continue
        texts = [str(entry) for entry in column]
        for row, text in enumerate(texts):
            if text not in labels[name]:
                known = ", ".join(labels[name])
                raise DataError(
                    f"{path.name}: {name!r} holds {text!r} in {columns.place(row)}, which is none of {known}."
                )
        result |= {f"{name}={label}": ["1" if text == label else "0" for text in texts] for label in labels[name]}
    return result
