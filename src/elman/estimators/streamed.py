"""Estimators whose networks run one step at a time, with weights of fewer bits where asked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from copy import copy
from typing import Any, Self

from elman.errors import ArgumentError
from elman.estimators.estimator import Estimator
from elman.estimators.fitted import Value
from elman.network import Network

__all__ = ["StreamedEstimator"]


class StreamedEstimator(Estimator[Value]):
    """Base of estimators that stream.

    Examples
    --------
    >>> from elman import SequenceRegressor
    >>> model = SequenceRegressor(updates=3, ensemble_size=1).fit([[1.0], [2.0]], [1.0, 2.0])
    >>> sorted(model.quantized().to_arrays()[0])[-3:]
    ['theta.int8', 'theta.rest', 'theta.scale']
    """

    dtype: Any

    @abstractmethod
    def _with_networks(self, fitted: Value, change: Callable[[Network], Network]) -> Value:
        """Return the fitted value with other networks, without the state of the optimizer."""

    def quantized(self, precision: str = "int8") -> Self:
        """Return a copy of the fitted model whose weights are rounded to fewer bits.

        A file of an int8 model holds 8 bits per weight; `predict` computes with the rounded weights in float32.

        Parameters
        ----------
        precision : {"int8", "bfloat16"}
            See `elman.reference.rounded`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ArgumentError
            If the precision is unknown, or the model's dtype is not float32.
        """
        return self._changed("quantized", lambda network: network.quantized(precision))

    def _changed(self, method: str, change: Callable[[Network], Network]) -> Self:
        """Return a copy of the fitted model with other networks."""
        with self._reading(method) as fitted:
            if self.dtype != "float32":
                raise ArgumentError(f"{self._place(method)}: needs dtype='float32', got {self.dtype!r}.")
            model = copy(self)
            model._fitted = self._with_networks(fitted, change)
        return model
