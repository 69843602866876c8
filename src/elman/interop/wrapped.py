"""Parts of adapters: the parameters of an estimator of ours, under the rules of another library, and its calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from elman.errors import ArgumentError
from elman.sequences import SequenceClassifier

__all__ = ["BY_X", "CLASSIFIER", "WrappedClassifier", "constructor", "settings"]

BY_X = dict.fromkeys(("layout", "id_column", "time_column"), "the type of X")
CLASSIFIER = """Parameters
    ----------
    **parameters
        Those of `SequenceClassifier`, but ``layout``, ``id_column`` and ``time_column``.

    Attributes
    ----------
    classifier_ : SequenceClassifier
        The fitted classifier."""


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


class WrappedClassifier:
    """The calls of a `SequenceClassifier` behind the interface of another library.

    A subclass names the base class of that library second, and says how its arrays become sequences.

    Examples
    --------
    >>> class Adapter(WrappedClassifier):
    ...     __init__ = constructor(SequenceClassifier, object.__init__, BY_X)
    ...     @staticmethod
    ...     def _sequences(X):
    ...         return [np.array(text.split(), float) for text in X]
    >>> model = Adapter(updates=30, random_state=0)._fit(["1 2 1", "2 0", "8 9", "9 7 8"], list("llhh"))
    >>> model._predict(["1 1 0", "9 8"]).tolist()
    ['l', 'h']
    """

    @staticmethod
    def _sequences(X: Any) -> list[np.ndarray]:
        """Return sequences (T, D)."""
        raise NotImplementedError

    def _fit(self, X: Any, y: Any) -> Any:
        self.classifier_ = SequenceClassifier(**settings(self)).fit(self._sequences(X), y)
        return self

    def _predict(self, X: Any) -> np.ndarray:
        return self.classifier_.predict(self._sequences(X))

    def _predict_proba(self, X: Any) -> np.ndarray:
        return self.classifier_.predict_proba(self._sequences(X))

    @classmethod
    def _configurations(cls) -> list[dict[str, Any]]:
        """Return small configurations, for the checks of other libraries."""
        small = {"hidden_size": 8, "updates": 20, "n_threads": 1, "random_state": 0}
        return [small, {**small, "cell": "lstm", "bidirectional": False, "readout": "mean"}]
