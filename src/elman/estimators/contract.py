"""scikit-learn's estimator contract without importing scikit-learn, which takes longer than all other imports."""

from __future__ import annotations

import copy
from typing import Any, Self

from elman.estimators.checks import defaults_of

__all__ = ["Contract"]

_WIDTH, _LONGEST = 80, 700  # characters of a line and of all, as in scikit-learn


class Contract:
    """Base of an estimator in place of scikit-learn's ``BaseEstimator``: parameters, a text, tags.

    It serves estimators whose parameters are no estimators themselves. ``sklearn.base.clone``, its searches over
    parameters and its pipelines take them.

    Examples
    --------
    >>> class Model(Contract):
    ...     def __init__(self, size=1, rate=0.1): self.size, self.rate = size, rate
    >>> Model(rate=0.5), Model().get_params()
    (Model(rate=0.5), {'rate': 0.1, 'size': 1})
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool
            Without effect: no parameter is an estimator.
        """
        return {name: getattr(self, name) for name in sorted(defaults_of(self))}

    def unfitted(self) -> Self:
        """Return a new estimator with copies of the parameters."""
        return type(self)(**copy.deepcopy(self.get_params()))

    def __repr__(self) -> str:
        """Return the call of the constructor with the parameters that differ from their defaults."""
        defaults, values = defaults_of(self), self.get_params()
        given = [f"{name}={value!r}" for name, value in values.items() if repr(value) != repr(defaults[name])]
        start = f"{type(self).__name__}("
        lines = [start + ", ".join(given[:1])]
        for part in given[1:]:
            lines[-1] += ","
            if len(lines[-1]) + len(part) + 2 > _WIDTH:
                lines.append(" " * len(start) + part)
            else:
                lines[-1] += f" {part}"
        text = "\n".join(lines) + ")"
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}...{text[-_LONGEST // 2 :]}"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that this is neither a classifier nor a regressor, and that y may be missing."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))
