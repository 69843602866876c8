"""Options in groups: a command takes one value in place of many parameters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints

__all__ = ["grouped"]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Replace parameters of a command that are dataclasses by their fields.

    A group with the method ``refuse_wrong`` is asked to refuse wrong values before the command runs.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Columns:
    ...     time: str = "day"
    ...     target: str = "sold"
    >>> def show(file: str, columns: Columns) -> None:
    ...     print(file, columns)
    >>> grouped(show)(file="a.csv", time="month", target="sold")
    a.csv Columns(time='month', target='sold')
    """
    own = inspect.signature(command, eval_str=True)
    groups: dict[str, Any] = {
        name: parameter.annotation for name, parameter in own.parameters.items() if is_dataclass(parameter.annotation)
    }
    parameters: list[inspect.Parameter] = []
    for name, parameter in own.parameters.items():
        alone = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        parameters += _options(groups[name]) if name in groups else [alone]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        values = {name: _taken(group, given) for name, group in groups.items()}
        for value in values.values():
            if hasattr(value, "refuse_wrong"):
                value.refuse_wrong()
        command(**given, **values)

    del with_options.__wrapped__  # its signature differs
    with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_options


def _taken(group: Any, given: dict[str, Any]) -> Any:
    """Make a group of its fields, which are removed from what is given."""
    return group(**{each.name: given.pop(each.name) for each in fields(group)})


def _options(group: Any) -> list[inspect.Parameter]:
    """List the fields of a group as parameters."""
    kinds = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.default is MISSING else each.default,
            annotation=kinds[each.name],
        )
        for each in fields(group)
    ]
