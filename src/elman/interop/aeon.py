"""aeon: `SequenceClassifier` behind aeon's interface.

Install aeon with ``pip install 'elman[aeon]'``.
"""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

import numpy as np

from elman._extras import need
from elman.interop.wrapped import constructor, settings
from elman.sequences import SequenceClassifier

__all__ = ["ElmanClassifier"]

need("elman.interop.aeon", "aeon")
BaseClassifier: Any = importlib.import_module("aeon.classification").BaseClassifier

_BY_X = dict.fromkeys(("layout", "id_column", "time_column"), "the type of X")


class ElmanClassifier(BaseClassifier):
    """A `SequenceClassifier` as aeon's ``BaseClassifier``.

    Parameters
    ----------
    **parameters
        Those of `SequenceClassifier`, but ``layout``, ``id_column`` and ``time_column``.

    Attributes
    ----------
    classifier_ : SequenceClassifier
        The fitted classifier.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.interop.aeon import ElmanClassifier
    >>> X = [np.array([[1.0, 2.0, 1.0]]), np.array([[2.0, 0.0]]), np.array([[8.0, 9.0]]), np.array([[9.0, 7.0, 8.0]])]
    >>> model = ElmanClassifier(updates=30, random_state=0).fit(X, np.array(["low", "low", "high", "high"]))
    >>> model.predict([np.array([[1.0, 1.0, 0.0]]), np.array([[9.0, 8.0]])]).tolist()
    ['low', 'high']
    """

    _tags: ClassVar[dict[str, Any]] = {
        "X_inner_type": ["np-list", "numpy3D"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "algorithm_type": "deeplearning",
        "python_dependencies": "elman",
    }

    __init__ = constructor(SequenceClassifier, BaseClassifier.__init__, _BY_X)

    def _fit(self, X: Any, y: np.ndarray) -> ElmanClassifier:
        self.classifier_ = SequenceClassifier(**settings(self)).fit(_sequences(X), y)
        return self

    def _predict(self, X: Any) -> np.ndarray:
        return self.classifier_.predict(_sequences(X))

    def _predict_proba(self, X: Any) -> np.ndarray:
        return self.classifier_.predict_proba(_sequences(X))

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return configurations for aeon's checks."""
        small = {"hidden_size": 8, "updates": 20, "n_threads": 1, "random_state": 0}
        return [small, {**small, "cell": "lstm", "bidirectional": False, "readout": "mean"}]


def _sequences(X: Any) -> list[np.ndarray]:
    """Return sequences (T, D) from arrays (D, T)."""
    return [np.asarray(sequence).T for sequence in X]
