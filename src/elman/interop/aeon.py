"""aeon: `SequenceClassifier` behind aeon's interface.

Install aeon with ``pip install 'elman[aeon]'``.
"""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

import numpy as np

from elman._extras import need
from elman.estimators.documentation import documented
from elman.interop.wrapped import BY_X, CLASSIFIER, WrappedClassifier, constructor
from elman.sequences import SequenceClassifier

__all__ = ["ElmanClassifier"]

need("elman.interop.aeon", "aeon")
BaseClassifier: Any = importlib.import_module("aeon.classification").BaseClassifier


@documented(classifier=CLASSIFIER)
class ElmanClassifier(WrappedClassifier, BaseClassifier):
    """A `SequenceClassifier` as aeon's ``BaseClassifier``.

    {classifier}

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

    __init__ = constructor(SequenceClassifier, BaseClassifier.__init__, BY_X)

    @staticmethod
    def _sequences(X: Any) -> list[np.ndarray]:
        """Return sequences (T, D) from arrays (D, T)."""
        return [np.asarray(sequence).T for sequence in X]

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return configurations for aeon's checks."""
        return cls._configurations()
