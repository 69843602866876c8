"""Constructors of adapters: the parameters of an estimator of ours, under the rules of another library."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from elman.errors import ArgumentError

__all__ = ["constructor", "settings"]


def constructor(estimator: type, begin: Callable[[Any], None], without: Mapping[str, str]) -> Callable[..., None]:
    """Return an ``__init__`` that takes the parameters of an estimator, and stores them.

    Parameters
    ----------
    estimator : type
        A dataclass of ours, such as `Forecaster`.
    begin : function
        Called last: the constructor of the other library's base class.
    without : mapping of str to str
        Parameters that the adapter sets itself, and from what.

    Returns
    -------
    function
        With the parameters' names in its signature, where ``get_params`` of other libraries looks for them.

    Examples
    --------
    >>> from elman import Forecaster
    >>> class Adapter:
    ...     __init__ = constructor(Forecaster, object.__init__, {"horizon": "fh"})
    >>> Adapter(season=12).season
    12
    """
    defaults = {own.name: own.default for own in fields(estimator) if own.name not in without}
    needed = {name: 1 for name in without if name == "horizon"}

    def __init__(self: Any, **parameters: Any) -> None:
        place = type(self).__name__
        for name in parameters:
            if name in without:
                raise ArgumentError(f"{place}: {name} cannot be passed; it follows from {without[name]}.")
        estimator(**needed, **parameters)  # explains unknown names
        for name, default in defaults.items():
            setattr(self, name, parameters.get(name, default))
        begin(self)

    own = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    taken = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value) for name, value in defaults.items()]
    __init__.__signature__ = inspect.Signature(own + taken)  # type: ignore[attr-defined]
    return __init__


def settings(adapter: Any) -> dict[str, Any]:
    """Return the parameters of an adapter by name.

    Parameters
    ----------
    adapter : object
        Whose class has an ``__init__`` from `constructor`.

    Examples
    --------
    >>> from elman import Forecaster
    >>> class Adapter:
    ...     __init__ = constructor(Forecaster, object.__init__, {"horizon": "fh"})
    >>> settings(Adapter(season=12))["season"]
    12
    """
    names = list(inspect.signature(type(adapter).__init__).parameters)[1:]
    return {name: getattr(adapter, name) for name in names}
