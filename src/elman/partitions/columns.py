"""Which columns of typed files hold the ids, the times and the values to forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elman.errors import DataError, Remedy
from elman.tables.names import ID_NAMES, PERIOD_NAMES, TARGET_NAMES, TIME_NAMES, find_usual, listed
from elman.tables.own_names import OwnNames

__all__ = ["found_names"]


@dataclass(frozen=True)
class _Role:
    """One of the three columns.

    Parameters
    ----------
    parameter : str
        That names it.
    what : str
        Its content, for messages.
    usual : tuple of str
        Names by which it is found.
    kinds : tuple of str
        Types by which it is found, as prefixes of pyarrow's names.
    """

    parameter: str
    what: str
    usual: tuple[str, ...]
    kinds: tuple[str, ...]


_TEXTS = ("string", "large_string", "dictionary")
_ROLES = (
    _Role("time", "times", (*TIME_NAMES, *PERIOD_NAMES), ("timestamp", "date")),
    _Role("series", "names of the series", ID_NAMES, _TEXTS),
    _Role("target", "values to forecast", TARGET_NAMES, ("double", "float", "halffloat", "int", "uint", "decimal")),
)


def found_names(
    place: str,
    schema: Any,
    time: str | None,
    target: str | None,
    series: str | None,
    known: OwnNames | None = None,
    covariates: Sequence[str] = (),
) -> OwnNames:
    """Find the columns by name, or else by type.

    Parameters
    ----------
    place : str
        Start of a message.
    schema : pyarrow.Schema
        Of the files.
    time, target, series : str, optional
        Columns that were named.
    known : OwnNames, optional
        Columns of an earlier file, taken if all are there and none is named.
    covariates : sequence of str
        Columns with another purpose.

    Raises
    ------
    DataError
        If a column is absent, or none or several could be meant.

    Examples
    --------
    >>> import pyarrow as pa
    >>> schema = pa.schema([("shop", pa.string()), ("month", pa.date32()), ("sold", pa.float64())])
    >>> found_names("example", schema, None, None, None)
    OwnNames(time='month', targets=('sold',), ids=('shop',))
    """
    given = {"time": time, "series": series, "target": target}
    if known is not None and not any(given.values()) and {known.time, *known.ids, *known.targets} <= set(schema.names):
        return known
    found: dict[str, str] = {}
    for role in _ROLES:
        taken = {*covariates, *found.values(), *filter(None, given.values())}
        found[role.parameter] = _found(place, schema, role, given[role.parameter], taken)
    return OwnNames(found["time"], (found["target"],), (found["series"],))


def _found(place: str, schema: Any, role: _Role, name: str | None, taken: set[str]) -> str:
    """Find one column."""
    if name is not None:
        if name not in schema.names:
            raise DataError(
                f"{place}: there is no column {name!r}; the columns are {listed(schema.names)}.",
                Remedy("name one of them with {}", **{role.parameter: ...}),
            )
        return name
    free: list[str] = [column for column in schema.names if column not in taken]
    if (usual := find_usual(free, role.usual)) is not None:
        return usual
    possible = [column for column in free if str(schema.field(column).type).startswith(role.kinds)]
    if len(possible) == 1:
        return possible[0]
    reason = f"several columns could hold the {role.what} ({listed(possible)})"
    if not possible:
        reason = f"no column holds the {role.what} (columns: {listed(schema.names)})"
    raise DataError(f"{place}: {reason}.", Remedy("name it with {}", **{role.parameter: ...}))
