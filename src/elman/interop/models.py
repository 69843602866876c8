"""The models that can be converted, and their networks."""

from __future__ import annotations

from typing import Any

from elman.errors import UnsupportedError
from elman.estimators import Estimator, fitted_value
from elman.network import Network

__all__ = ["networks_of", "no_model"]


def no_model(place: str, model: Any) -> UnsupportedError:
    """Return the error for an object that is not a model of Elman.

    Examples
    --------
    >>> print(no_model("export_onnx", 3))
    export_onnx: takes a Network, Forecaster, SequenceClassifier, -Regressor or -Tagger, or LanguageModel, got a int.
    """
    hint = "\n  Hint: elman.load reads a model from a file." if isinstance(model, str) else ""
    return UnsupportedError(
        f"{place}: takes a Network, Forecaster, SequenceClassifier, -Regressor or -Tagger, or LanguageModel, "
        f"got a {type(model).__name__}.{hint}"
    )


def networks_of(place: str, model: Any) -> list[Network]:
    """Return the networks of a model, several for an ensemble.

    Raises
    ------
    UnsupportedError
        If it is not a model of Elman, or a forecaster with another method than its network.
    NotFittedError
        If it has not been fitted.

    Examples
    --------
    >>> from elman import Architecture
    >>> len(networks_of("to_torch", Network.initialized(Architecture(1, 1))))
    1
    """
    if isinstance(model, Network):
        return [model]
    if not isinstance(model, Estimator):
        raise no_model(place, model)
    fitted = fitted_value(place, model)
    if hasattr(fitted, "need_network"):  # of a forecaster, which may deliver something else
        fitted = fitted.need_network(place)
    return list(fitted.networks) if hasattr(fitted, "networks") else [fitted.network]
