"""Refuse unknown arguments of estimators; a hint translates names of other libraries."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, Self

from elman.errors import ArgumentError
from elman.estimators.checks import constructor_defaults
from elman.estimators.parameters import Table, hints_of

__all__ = ["NamedParameters"]


class NamedParameters:
    """Base of an estimator whose constructor and ``set_params`` explain unknown names.

    Attributes
    ----------
    _table : mapping of str to Parameter
        Every parameter of the constructor.

    Examples
    --------
    >>> from elman.estimators import Number
    >>> class Model(NamedParameters):
    ...     _table = {"learning_rate": Number(interval="(0, inf)", others="lr")}
    ...     def __init__(self, learning_rate=0.1): pass
    >>> Model(lr=0.3)
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: Model: there is no argument 'lr'.
      Hint: lr: see learning_rate.
    """

    _table: ClassVar[Table] = {}

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Check the names before the constructor runs."""
        _refuse_unknown(cls, kwargs)
        return super().__new__(cls)

    def set_params(self, **params: Any) -> Self:
        """Change parameters by name and return the estimator itself.

        Parameters
        ----------
        **params
            Names and values as in the constructor.

        Raises
        ------
        ArgumentError
            If a name is unknown; no parameter has been changed then.
        """
        _refuse_unknown(type(self), params)
        for name, value in params.items():
            setattr(self, name, value)
        return self


def _refuse_unknown(cls: type[NamedParameters], names: Mapping[str, Any]) -> None:
    known = constructor_defaults(cls)
    for name in names:
        if name not in known:
            message = f"{cls.__name__}: there is no argument {name!r}."
            if name in (hints := hints_of(cls._table)):
                message += f"\n  Hint: {name}: see {hints[name]}."
            elif close := get_close_matches(name, known, n=1):
                message += f"\n  Hint: did you mean {close[0]!r}?"
            raise ArgumentError(message)
