"""Kinds of parameters: valid values, names in other libraries, and when a change takes effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from elman import _check
from elman.errors import ArgumentError

__all__ = [
    "Auto",
    "Choice",
    "Column",
    "Columns",
    "Count",
    "Number",
    "Parameter",
    "PerLayer",
    "RandomState",
    "Switch",
    "Table",
    "Threads",
    "hints_of",
]

Change: TypeAlias = Literal["by a new fit", "by further learning", "at once"]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of an estimator. This base class accepts any value; the fit checks it with the data.

    Parameters
    ----------
    others : str
        Names in other libraries, separated by spaces.
    taken_up : {"by a new fit", "by further learning", "at once"}
        When a change after `fit` takes effect. ``"by a new fit"``: networks and data depend on it.
        ``"by further learning"``: ``partial_fit``, and ``fit`` with ``warm_start``, accept another value.
        ``"at once"``: no fitted value depends on it. See `elman.estimators.check_unchanged`.

    Examples
    --------
    >>> Parameter(others="m sp").also("seasonality").others
    'm sp seasonality'
    """

    others: str = ""
    taken_up: Change = "by a new fit"

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse an invalid value.

        Raises
        ------
        ArgumentError
            With the parameter, its valid values and the given one.
        """

    def plain(self, value: Any) -> Any:
        """Return a checked value as plain JSON values."""
        return _plain(value)

    def parsed(self, value: Any) -> Any:
        """Return the value that `plain` wrote."""
        return value

    def also(self, others: str) -> Self:
        """Return a copy with further names in other libraries."""
        return replace(self, others=f"{self.others} {others}".strip())

    def later(self) -> Self:
        """Return a copy whose changes take effect by further learning."""
        return replace(self, taken_up="by further learning")


Table: TypeAlias = Mapping[str, Parameter]


def _plain(value: Any) -> Any:
    """Return a value without NumPy; None for a generator of random numbers, which the fit has used."""
    if hasattr(value, "tolist"):  # an array, one number of it, or a pandas Index
        return value.tolist()
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return None
    return value


@dataclass(frozen=True, kw_only=True)
class Choice(Parameter):
    """One of several strings.

    Parameters
    ----------
    options : sequence of str
        Valid values.
    optional : bool
        Whether None is valid.

    Examples
    --------
    >>> Choice(options=("lstm", "gru")).check("fit", "cell", "gru")
    """

    options: Sequence[str]
    optional: bool = False

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse any other value."""
        if not (self.optional and value is None):
            _check.choice(place, name, value, self.options)


@dataclass(frozen=True, kw_only=True)
class Count(Parameter):
    """An integer of at least 1.

    Parameters
    ----------
    most : int, optional
        Largest valid value.
    auto, optional, zero : bool
        Whether ``"auto"``, None and 0 are valid.

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
        """Refuse any other value."""
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
class PerLayer(Parameter):
    """One value, or a tuple of one for each layer; the estimator checks it with the number of layers.

    Examples
    --------
    >>> PerLayer().plain((64, np.int64(32))), PerLayer().parsed([64, 32])
    ([64, 32], (64, 32))
    """

    def plain(self, value: Any) -> Any:
        """Return a tuple as a list."""
        return [_plain(each) for each in value] if isinstance(value, list | tuple) else _plain(value)

    def parsed(self, value: Any) -> Any:
        """Return a list as a tuple."""
        return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True, kw_only=True)
class Number(Parameter):
    """A number in an interval.

    Parameters
    ----------
    interval : str
        In mathematical notation, such as ``"[0, 1)"``.
    optional : bool
        Whether None is valid.

    Examples
    --------
    >>> Number(interval="(0, inf)", optional=True).check("fit", "clip_norm", None)
    """

    interval: str
    optional: bool = False

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse a number outside the interval."""
        if not (self.optional and value is None):
            _check.number_in(place, name, value, self.interval)


@dataclass(frozen=True, kw_only=True)
class Switch(Parameter):
    """True or False.

    Parameters
    ----------
    optional : bool
        Whether None is valid.

    Examples
    --------
    >>> Switch().check("fit", "bias", True)
    """

    optional: bool = False

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse any other value."""
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
        """Refuse a number that the kernels do not accept."""
        if value is not None:
            _check.thread_count(place, value)


@dataclass(frozen=True, kw_only=True)
class RandomState(Parameter):
    """A source of random numbers for `sklearn.utils.check_random_state`.

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
        """Refuse any other value."""
        if value is None or value is np.random or isinstance(value, np.random.RandomState):
            return
        try:
            _check.integer(place, name, value, 0, 2**32 - 1)
        except ArgumentError as error:
            wanted = f"an integer between 0 and {2**32 - 1}, a RandomState or None"
            raise ArgumentError(f"{place}: {name} must be {wanted}, got {_check.show(value)}.") from error


@dataclass(frozen=True, kw_only=True)
class Auto(Parameter):
    """``"auto"``, or a value that another parameter accepts.

    Parameters
    ----------
    of : Parameter
        The other one.

    Examples
    --------
    >>> Auto.around(Number(interval="[0, 1)")).check("fit", "dropout", "auto")
    >>> Auto.around(Number(interval="[0, 1)")).check("fit", "dropout", 2)
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: fit: dropout must be "auto" or a number in [0, 1), got 2.
    """

    of: Parameter

    @classmethod
    def around(cls, of: Parameter) -> Self:
        """Return a parameter that accepts ``"auto"``, too."""
        return cls(of=of, others=of.others, taken_up=of.taken_up)

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse what is neither ``"auto"`` nor valid for the other parameter."""
        if isinstance(value, str) and value == "auto":
            return
        try:
            self.of.check(place, name, value)
        except ArgumentError as error:
            raise ArgumentError(str(error).replace("must be ", 'must be "auto" or ', 1)) from error

    def plain(self, value: Any) -> Any:
        """Return the value as the other parameter does."""
        return self.of.plain(value)

    def parsed(self, value: Any) -> Any:
        """Return the value that `plain` wrote."""
        return self.of.parsed(value)


@dataclass(frozen=True, kw_only=True)
class Column(Parameter):
    """The name of a column.

    Parameters
    ----------
    optional : bool
        Whether None is valid.

    Examples
    --------
    >>> Column().check("fit", "id_column", "unique_id")
    """

    optional: bool = False

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse anything but a string."""
        if not isinstance(value, str) and not (self.optional and value is None):
            raise ArgumentError(f"{place}: {name} must be the name of a column, got {_check.show(value)}.")


@dataclass(frozen=True, kw_only=True)
class Columns(Parameter):
    """A list of names of columns, or None.

    Parameters
    ----------
    hold : str
        What the list holds, as a message says it.

    Examples
    --------
    >>> Columns().check("fit", "past_covariates", ["price"])
    >>> Columns().check("fit", "past_covariates", "price")
    Traceback (most recent call last):
        ...
    elman.errors.ArgumentError: fit: past_covariates must be a list of column names, got 'price'.
    """

    hold: str = "column names"

    def check(self, place: str, name: str, value: Any) -> None:
        """Refuse anything but a list of strings."""
        if value is None:
            return
        columns = value.tolist() if hasattr(value, "tolist") else value  # an array or a pandas Index
        if not isinstance(columns, list | tuple) or not all(isinstance(column, str) for column in columns):
            raise ArgumentError(f"{place}: {name} must be a list of {self.hold}, got {_check.show(value)}.")


def hints_of(table: Table) -> dict[str, str]:
    """Map the names in other libraries to the names here; one name may stand for several.

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
