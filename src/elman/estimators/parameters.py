"""Kinds of parameters: what a value may be, what other libraries call it, and when a change of it is taken up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from elman import _check
from elman.errors import ArgumentError

__all__ = [
    "Choice",
    "Column",
    "Columns",
    "Count",
    "Number",
    "Parameter",
    "RandomState",
    "Switch",
    "Table",
    "Threads",
    "hints_of",
]

Change: TypeAlias = Literal["by a new fit", "by further learning", "at once"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of an estimator; by itself it takes any value, which the fit then checks with the data.

    Parameters
    ----------
    others : str
        What other libraries call it, separated by spaces.
    taken_up : {"by a new fit", "by further learning", "at once"}
        When a change after `fit` is taken up. ``"by a new fit"``: networks and data follow from it.
        ``"by further learning"``: ``partial_fit``, and ``fit`` with ``warm_start``, may go on with another value.
        ``"at once"``: no fitted value depends on it. See `elman.estimators.unchanged`.

    Examples
    --------
    >>> Parameter(others="m sp").also("seasonality").others
    'm sp seasonality'
    """

    others: str = ""
    taken_up: Change = "by a new fit"

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse a value that nothing can use.

        Raises
        ------
        ArgumentError
            Naming the parameter, what it may be and what it is.
        """

    def plain(self, value: Any) -> Any:
        """Return a checked value as JSON can hold it."""
        return _plain(value)

    def parsed(self, value: Any) -> Any:
        """Return the value that `plain` wrote."""
        return value

    def also(self, others: str) -> Self:
        """Return the same with further names of other libraries."""
        return replace(self, others=f"{self.others} {others}".strip())

    def later(self) -> Self:
        """Return the same, taken up by further learning."""
        return replace(self, taken_up="by further learning")


Table: TypeAlias = Mapping[str, Parameter]


def _plain(value: Any) -> Any:
    """Return a value without NumPy; a generator of random numbers has been used up by the fit."""
    if hasattr(value, "tolist"):  # an array, one number of it, or a pandas Index
        return value.tolist()
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return None
    return value


@dataclass(frozen=True, kw_only=True)
class Choice(Parameter):
    """One of a few texts.

    Parameters
    ----------
    options : sequence of str
        All of them.

    Examples
    --------
    >>> Choice(options=("lstm", "gru")).check("fit", "cell", "gru")
    """

    options: Sequence[str]

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse what is not an option."""
        _check.choice(place, name, value, self.options)


@dataclass(frozen=True, kw_only=True)
class Count(Parameter):
    """An integer of at least 1.

    Parameters
    ----------
    most : int, optional
        The largest that anybody uses and anything can hold.
    auto, optional, zero : bool
        Whether ``"auto"``, None and 0 are values, too.

    Examples
    --------
    >>> Count(most=1000).check("fit", "num_layers", 2)
    >>> Count(auto=True, optional=True).check("fit", "embedding_size", 0)
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: fit: embedding_size must be "auto", None or an integer of at least 1, got 0.
    """

    most: int | None = None
    auto: bool = False
    optional: bool = False
    zero: bool = False

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse what is no such number."""
        if (self.optional and value is None) or (self.auto and isinstance(value, str) and value == "auto"):
            return
        if self.zero and isinstance(value, int | np.integer) and value == 0:
            return
        try:
            number = _check.positive_integer(place, name, value)
        except ArgumentError as error:
            if not self.auto:
                raise
            wanted = f'"auto"{", None" if self.optional else ""} or an integer of at least 1'
            raise ArgumentError(f"{place}: {name} must be {wanted}, got {_check.show(value)}.") from error
        if self.most is not None:
            _check.at_most(place, {name: number}, {name: self.most})


@dataclass(frozen=True, kw_only=True)
class Number(Parameter):
    """A number in an interval.

    Parameters
    ----------
    interval : str
        As in mathematics.
    optional : bool
        Whether None is a value, too.

    Examples
    --------
    >>> Number(interval="(0, inf)", optional=True).check("fit", "clip_norm", None)
    """

    interval: str
    optional: bool = False

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse what is outside."""
        if not (self.optional and value is None):
            _check.number_in(place, name, value, self.interval)


@dataclass(frozen=True, kw_only=True)
class Switch(Parameter):
    """True or False.

    Parameters
    ----------
    optional : bool
        Whether None is a value, too.

    Examples
    --------
    >>> Switch().check("fit", "bias", True)
    """

    optional: bool = False

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse what is neither."""
        if not (self.optional and value is None):
            _check.boolean(place, name, value)


@dataclass(frozen=True, kw_only=True)
class Threads(Parameter):
    """A number of threads, or None; no result depends on it.

    Examples
    --------
    >>> Threads().check("fit", "n_threads", None)
    """

    taken_up: Change = "at once"

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse what the kernels cannot take."""
        if value is not None:
            _check.thread_count(place, value)


@dataclass(frozen=True, kw_only=True)
class RandomState(Parameter):
    """What random numbers are drawn from, as `sklearn.utils.check_random_state` takes it.

    Examples
    --------
    >>> RandomState().check("fit", "random_state", 0)
    >>> RandomState().check("fit", "random_state", "x")
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: fit: random_state must be an integer between 0 and 4294967295, a RandomState or None, \
got 'x'.
    """

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse what no random numbers come from."""
        if value is None or value is np.random or isinstance(value, np.random.RandomState):
            return
        try:
            _check.integer(place, name, value, 0, 2**32 - 1)
        except ArgumentError as error:
            wanted = f"an integer between 0 and {2**32 - 1}, a RandomState or None"
            raise ArgumentError(f"{place}: {name} must be {wanted}, got {_check.show(value)}.") from error


@dataclass(frozen=True, kw_only=True)
class Column(Parameter):
    """The name of a column.

    Parameters
    ----------
    optional : bool
        Whether None is a value, too.

    Examples
    --------
    >>> Column().check("fit", "id_column", "unique_id")
    """

    optional: bool = False

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse what is no text."""
        if not isinstance(value, str) and not (self.optional and value is None):
            raise ArgumentError(f"{place}: {name} must be the name of a column, got {_check.show(value)}.")


@dataclass(frozen=True, kw_only=True)
class Columns(Parameter):
    """A list of names of columns, or None.

    Examples
    --------
    >>> Columns().check("fit", "past_covariates", ["price"])
    >>> Columns().check("fit", "past_covariates", "price")
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: fit: past_covariates must be a list of column names, got 'price'.
    """

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse what does not list texts."""
        if value is None:
            return
        columns = value.tolist() if hasattr(value, "tolist") else value  # an array or a pandas Index
        if not isinstance(columns, list | tuple) or not all(isinstance(column, str) for column in columns):
            raise ArgumentError(f"{place}: {name} must be a list of column names, got {_check.show(value)}.")


def hints_of(table: Table) -> dict[str, str]:
    """Return what other libraries call the parameters, with the names here; one name may stand for several.

    Parameters
    ----------
    table : mapping of str to Parameter
        The parameters of an estimator.

    Examples
    --------
    >>> hints_of({"window": Count(others="lags"), "steps": Count(others="lags bptt")})
    {'lags': 'window and steps', 'bptt': 'steps'}
    """
    hints: dict[str, str] = {}
    for name, parameter in table.items():
        for other in parameter.others.split():
            hints[other] = f"{hints[other]} and {name}" if other in hints else name
    return hints
