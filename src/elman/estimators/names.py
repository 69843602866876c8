"""Refuse unknown arguments of estimators; a hint translates names of other libraries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any, ClassVar, Self

from elman.errors import ArgumentError
from elman.estimators.checks import constructor_defaults
from elman.estimators.parameters import Table, hints_of

__all__ = ["NamedParameters"]

_FILLING = frozenset({"bar", "max", "min", "n", "num", "number", "of", "rate", "size", "use"})
_NUMBER = frozenset({"n", "num", "number", "of"})
_ALIKE = 0.85  # of two spellings of a word
_SHORTEST = 4  # letters of a word that may be cut off


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
            hint = _hint(name, known, hints_of(cls._table))
            raise ArgumentError(
                f"{cls.__name__}: there is no argument {name!r}." + (f"\n  Hint: {hint}" if hint else "")
            )


def _hint(name: str, known: Iterable[str], others: Mapping[str, str]) -> str:
    """Say what is meant by a name of another library, with or without "number of", or by one spelled like a parameter.

    Examples
    --------
    >>> others = {"units": "hidden_size", "max_steps": "updates"}
    >>> [_hint(name, ["unit", "hidden_size", "steps"], others) for name in ("units", "num_units", "n_steps", "loss")]
    ['units: see hidden_size.', 'num_units: see hidden_size.', "did you mean 'steps'?", '']
    """
    own = any(_words(other) == _words(name) for other in known)
    alike = [] if own else [other for other in others if _counted(other) == _counted(name)]
    if see := others.get(name) or next((others[other] for other in alike), None):
        return f"{name}: see {see}."
    meant = _meant(name, known)
    return f"did you mean {meant!r}?" if meant else ""


def _meant(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is spelled like another, or has all its words; similar letters alone say nothing.

    Examples
    --------
    >>> known = ["n_threads", "hidden_size", "schedule"]
    >>> _meant("n_thread", known), _meant("hiden_size", known), _meant("hidden", known)
    ('n_threads', 'hidden_size', 'hidden_size')
    >>> _meant("n_seeds", known), _meant("shuffle", known)
    (None, None)
    """
    wanted = _words(name)
    likeness = {
        other: _alike(name.replace("_", ""), other.replace("_", ""))
        for other in known
        if _same(name.replace("_", ""), other.replace("_", ""))
        or all(any(_same(word, own) for own in _words(other)) for word in wanted)
    }
    return max(likeness, key=lambda other: likeness[other], default=None)


def _counted(name: str) -> set[str]:
    """Return the words of a name without "number of", such as ``units`` of ``num_units``."""
    return set(name.split("_")) - _NUMBER


def _words(name: str) -> set[str]:
    """Return the words of a name that tell what it is, such as ``hidden`` of ``hidden_size``."""
    words = set(name.split("_"))
    return words - _FILLING or words


def _same(word: str, other: str) -> bool:
    return _alike(word, other) >= _ALIKE or (len(word) >= _SHORTEST and other.startswith(word))


def _alike(word: str, other: str) -> float:
    return SequenceMatcher(None, word, other).ratio()
