"""Load a saved model: a fixed table maps the kind in the file to a class."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from elman.errors import FileFormatError

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Any:
    """Load a model that was saved with its ``save`` method.

    The result depends on the bytes of the file alone; nothing in the file is executed or imported.

    Parameters
    ----------
    path : str or path
        A regular file; symbolic links, pipes and folders are refused.

    Returns
    -------
    model : Forecaster, SequenceClassifier, SequenceRegressor, SequenceTagger, LanguageModel, Network or Prior
        The saved model; or a `elman.sequences.SimpleMethod`.

    Raises
    ------
    FileFormatError
        If the file is damaged, is not a model of Elman, or needs a newer version.
    OSError
        If it cannot be opened or read.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from elman import Architecture, Network, load
    >>> network = Network(Architecture(input_size=1, output_size=1, cell="rnn", hidden_size=2), np.zeros(11))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     network.save(f"{folder}/network")
    ...     load(f"{folder}/network").architecture == network.architecture
    True
    """
    from elman.persistence import load_arrays
    from elman.persistence.models import check_members, check_weights, content_errors

    arrays, metadata = load_arrays(path)
    kind = metadata.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        known = ", ".join(repr(known) for known in _KINDS)
        raise FileFormatError(f"{os.fspath(path)}: holds a {kind!r:.60}, this Elman loads {known}.")
    try:
        with content_errors(kind):
            if "theta" in arrays:
                check_members(arrays["theta"])
                check_weights(arrays["theta"])
            return _KINDS[kind]().from_arrays(arrays, metadata)
    except FileFormatError as error:
        raise FileFormatError(f"{os.fspath(path)}: {error}") from error


def _forecaster() -> Any:
    from elman.forecasting import Forecaster

    return Forecaster


def _network() -> Any:
    from elman.network import Network

    return Network


def _classifier() -> Any:
    from elman.sequences import SequenceClassifier

    return SequenceClassifier


def _regressor() -> Any:
    from elman.sequences import SequenceRegressor

    return SequenceRegressor


def _tagger() -> Any:
    from elman.sequences import SequenceTagger

    return SequenceTagger


def _simple_method() -> Any:
    from elman.sequences import SimpleMethod

    return SimpleMethod


def _language_model() -> Any:
    from elman.text import LanguageModel

    return LanguageModel


def _prior() -> Any:
    from elman.prior import Prior

    return Prior


_KINDS: dict[str, Callable[[], Any]] = {
    "forecaster": _forecaster,
    "network": _network,
    "classifier": _classifier,
    "regressor": _regressor,
    "tagger": _tagger,
    "simple-method": _simple_method,
    "language-model": _language_model,
    "prior": _prior,
}
