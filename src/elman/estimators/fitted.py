"""The fitted value of an estimator: computed first, assigned once, used under the lock."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

from elman._words import place_of
from elman.estimators.checks import check_unchanged, values_of
from elman.estimators.names import NamedParameters
from elman.estimators.occupied import changing, reading
from elman.notebook.html import html_table

__all__ = ["FittedEstimator", "FittedValue", "Interrupted", "fitted_value"]


class FittedValue(Protocol):
    """The result of a fit: a frozen value that holds the parameters of the fit.

    Examples
    --------
    >>> from elman import Forecaster
    >>> fitted = fitted_value("predict", Forecaster(2, season=4, method="naive").fit([1.0, 2.0, 3.0]))
    >>> fitted.parameters["horizon"]
    2
    """

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Parameters of the fit by name, from `values_of`."""


Value = TypeVar("Value", bound=FittedValue)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during the last training of a fit, with a usable fitted value.

    Parameters
    ----------
    fitted : FittedValue, or dict of estimators
        With the networks whose training has begun, each with its best parameters so far; of many fits in one call,
        those that are finished.

    Examples
    --------
    >>> issubclass(Interrupted, KeyboardInterrupt)
    True
    """

    def __init__(self, fitted: Any) -> None:
        super().__init__()
        self.fitted = fitted


class FittedEstimator(NamedParameters, Generic[Value]):
    """Base of an estimator that holds its parameters and, after a fit, one frozen value.

    Examples
    --------
    >>> from elman import SequenceRegressor
    >>> model = SequenceRegressor(updates=1, ensemble_size=1)
    >>> hasattr(model, "networks_"), hasattr(model.fit([[1.0], [2.0]], [1.0, 2.0]), "networks_")
    (False, True)
    """

    _fitted: Value

    def _place(self, method: str) -> str:
        """Return the start of a message: class and method, or the command that runs."""
        return place_of(f"{type(self).__name__}.{method}")

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn whether the estimator is fitted."""
        return "_fitted" in vars(self)

    def _repr_html_(self) -> str:
        """Return the fitted value as a table, for a notebook."""
        if not self.__sklearn_is_fitted__():
            return html_table(repr(self), [["not fitted yet", ""]])
        return html_table(repr(self), list(self._summary(self._fitted).items()))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Return both forms, in place of scikit-learn's diagram of pipelines."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    @abstractmethod
    def _summary(self, fitted: Value) -> dict[str, Any]:
        """Return a summary of the fit: a few short entries by name."""

    def _attribute(self, name: str) -> Value:
        """Return the fitted value for a public attribute; before a fit, raise AttributeError."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"{self._place(name)}: this {type(self).__name__} is not fitted yet; call fit first.")
        return self._fitted

    def _value(self, method: str, *, learning: bool = False) -> Value:
        """Return the fitted value if the parameters are those of its fit; see `fitted_value`."""
        if not self.__sklearn_is_fitted__():
            from sklearn.exceptions import NotFittedError  # takes longer than all other imports

            raise NotFittedError(
                f"{self._place(method)}: this {type(self).__name__} is not fitted yet; call fit first."
            )
        was = self._fitted.parameters
        check_unchanged(self._place(method), self._table, was, values_of(self), learning=learning)
        return self._fitted

    @contextmanager
    def _reading(self, method: str) -> Iterator[Value]:
        """Yield the fitted value; block changes of the estimator."""
        with reading(self._place(method), self):
            yield self._value(method)

    @contextmanager
    def _alone(self, method: str) -> Iterator[Value]:
        """Yield the fitted value; block every other use, because a network's tape is written."""
        with changing(self._place(method), self):
            yield self._value(method)

    def _take(self, compute: Callable[[], Value]) -> None:
        """Compute a fitted value and assign it; after an interrupt, assign the usable one."""
        try:
            self._fitted = compute()
        except Interrupted as interrupt:
            self._fitted = interrupt.fitted
            raise


def fitted_value(method: str, estimator: Any) -> Any:
    """Return the fitted value of an estimator, for other rooms.

    Parameters
    ----------
    method : str
        Calling method, for messages.
    estimator : Forecaster, SequenceClassifier, SequenceRegressor, SequenceTagger or LanguageModel
        Fitted.

    Returns
    -------
    FittedValue
        Instance of the class `Fitted` of its room.

    Raises
    ------
    NotFittedError
        Before `fit`.
    ArgumentError
        If a parameter was changed after `fit`.

    Examples
    --------
    >>> from elman import SequenceRegressor
    >>> model = SequenceRegressor(updates=3, ensemble_size=1).fit([[1.0], [2.0]], [1.0, 2.0])
    >>> fitted_value("predict", model).updates
    3
    """
    return estimator._value(method)
