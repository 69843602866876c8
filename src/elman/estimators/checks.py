"""Check the parameters of any estimator against its table, and against those of its fit."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from elman import _check
from elman._words import called
from elman.errors import ArgumentError
from elman.estimators.parameters import Table

__all__ = ["check_table", "check_unchanged", "constructor_defaults", "defaults_of", "same", "values_of"]


def defaults_of(parameters: Any) -> dict[str, Any]:
    """Return the defaults of a constructor by name, ``inspect.Parameter.empty`` where there is none.

    Parameters
    ----------
    parameters : object
        An estimator, or its parameters alone.

    Examples
    --------
    >>> from elman import Forecaster
    >>> defaults_of(Forecaster(12))["steps"]
    96
    """
    return constructor_defaults(type(parameters))


def constructor_defaults(kind: Any) -> dict[str, Any]:
    """Return the defaults of a class, read from the function itself: `inspect.signature` takes a millisecond.

    Examples
    --------
    >>> from elman import Forecaster
    >>> constructor_defaults(Forecaster)["cell"]
    'lstm'
    """
    function: Any = inspect.unwrap(getattr(kind, "__init__"))  # noqa: B009 - of a class, not of an instance
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    last = names[: code.co_argcount - 1][-len(defaults) :] if defaults else ()
    given = dict(zip(last, defaults, strict=True)) | (function.__kwdefaults__ or {})
    return {name: given.get(name, inspect.Parameter.empty) for name in names}


def values_of(parameters: Any) -> dict[str, Any]:
    """Return the parameters by name; lists and dicts are copied.

    Parameters
    ----------
    parameters : object
        An estimator, or its parameters alone.

    Examples
    --------
    >>> from elman import Forecaster
    >>> values_of(Forecaster(12, season=[7, 365]))["season"]
    [7, 365]
    """
    return {name: _kept(getattr(parameters, name)) for name in defaults_of(parameters)}


def _kept(value: Any) -> Any:
    return copy.deepcopy(value) if isinstance(value, list | dict | np.ndarray) else value


def check_table(place: str, table: Table, values: Mapping[str, Any]) -> None:
    """Refuse invalid values of a constructor's parameters.

    Parameters
    ----------
    place : str
        Start of a message.
    table : mapping of str to Parameter
        Valid values of each.
    values : mapping of str to Any
        From `values_of`.

    Raises
    ------
    ArgumentError
        With the parameter, its valid values and the given one.

    Examples
    --------
    >>> from elman.estimators import COMMON
    >>> check_table("fit", COMMON, {"cell": "ltsm"})
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: fit: cell must be one of 'rnn', 'lstm', 'gru', got 'ltsm'.
      Hint: did you mean 'lstm'?
    """
    for name, value in values.items():
        table[name].check(place, called(name), value)


def check_unchanged(
    place: str, table: Table, was: Mapping[str, Any], now: Mapping[str, Any], *, learning: bool = False
) -> None:
    """Refuse changes of parameters after the fit, unless they take effect.

    The rule is the same for all estimators. A fitted model uses the parameters of its fit; those that no result depends
    on may change at any time. ``partial_fit``, and ``fit`` with ``warm_start``, also accept other training parameters.
    Every other change needs a new fit.

    Parameters
    ----------
    place : str
        Start of a message.
    table : mapping of str to Parameter
        When changes take effect.
    was, now : mapping of str to Any
        Parameters by name: of the fit, and of the estimator.
    learning : bool
        Whether the method learns further.

    Raises
    ------
    ArgumentError
        With the parameter and both values.

    Examples
    --------
    >>> from elman.estimators import COMMON
    >>> check_unchanged("predict", COMMON, {"n_threads": None}, {"n_threads": 2})
    >>> check_unchanged("predict", COMMON, {"cell": "gru"}, {"cell": "lstm"})
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: predict: cell is 'lstm', but was 'gru' in fit; fit again, or set it back with \
set_params(cell='gru').
    """
    free = ("at once", "by further learning") if learning else ("at once",)
    anew = "fit a clone" if learning else "fit again"
    for name, value in now.items():
        if table[name].taken_up not in free and not same(was[name], value):
            shown = _check.show(was[name])
            raise ArgumentError(
                f"{place}: {name} is {_check.show(value)}, but was {shown} in fit; {anew}, or set it back with "
                f"set_params({name}={shown})."
            )


def same(one: Any, other: Any) -> bool:
    """Tell whether two values of a parameter mean the same.

    Parameters
    ----------
    one, other : Any
        Values.

    Examples
    --------
    >>> same([24, 168], (24, 168)), same(12, "auto"), same(None, 0), same({"a": [1]}, {"a": [2]})
    (True, False, False, False)
    """
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    one, other = (value.tolist() if hasattr(value, "tolist") else value for value in (one, other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if one is None or other is None or isinstance(one, list | tuple):
        return False
    return bool(one == other)
