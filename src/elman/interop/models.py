"""Which of Elman's models can be converted, and the networks inside them."""

from __future__ import annotations

from typing import Any

from elman.errors import UnsupportedError
from elman.network import Network
from elman.persistence.models import SavedModel

__all__ = ["networks_of", "no_model"]


def no_model(place: str, model: Any) -> UnsupportedError:
    """Return the error for what is no model of Elman.

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
    """Return the networks of a model, several of an ensemble.

    Raises
    ------
    UnsupportedError
        If it is no model of Elman, or a forecaster that delivers something else than its network.
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
    if not isinstance(model, SavedModel):
        raise no_model(place, model)
    model._check_fitted(place)
    if hasattr(model, "method_"):  # a forecaster, which may deliver something else
        model._fitted.need_network(place)  # type: ignore[attr-defined]
    found: Any = getattr(model, "networks_", None)
    return [model.network_] if found is None else list(found)  # type: ignore[attr-defined]
