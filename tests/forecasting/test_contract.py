"""What scikit-learn expects of an estimator, checked for those that do not inherit from its base class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks as checks
from sklearn.utils import get_tags

from elman import Forecaster, LanguageModel
from elman.estimators import defaults_of

ESTIMATORS = [Forecaster(2, season=4), LanguageModel()]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"season": [7, 365], "method": "network"},
    {"season": [7, 365], "method": "network", "random_state": 0, "window": 48, "past_covariates": ["rain", "heat"]},
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=["forecaster", "language model"])
@pytest.mark.parametrize(
    "check",
    [
        checks.check_estimator_cloneable,
        checks.check_estimator_repr,
        checks.check_estimator_tags_renamed,
        checks.check_get_params_invariance,
        checks.check_no_attributes_set_in_init,
        checks.check_set_params,
        checks.check_valid_tag_types,
    ],
)
def test_checks_of_scikit_learn(check: Callable[[str, Any], None], estimator: Any) -> None:
    check(type(estimator).__name__, estimator)


@pytest.mark.parametrize("settings", SETTINGS)
def test_parameters_tags_and_text_are_those_of_its_base_class(settings: dict[str, Any]) -> None:
    class Twin(BaseEstimator):
        __init__ = Forecaster.__init__

    Twin.__name__ = "Forecaster"
    ours, theirs = Forecaster(12, **settings), Twin(12, **settings)
    assert list(ours.get_params().items()) == list(theirs.get_params().items())
    assert repr(ours) == repr(theirs)
    assert get_tags(ours) == get_tags(theirs)


def test_a_long_text_is_cut() -> None:
    text = repr(Forecaster(12, past_covariates=[f"column {i}" for i in range(2000)]))
    assert len(text) == 703
    assert text.startswith("Forecaster(horizon=12,\n           past_covariates=['column 0', 'column 1', ")
    assert text.endswith("'column 1998', 'column 1999'])")


def test_copies_and_pipelines() -> None:
    model = Forecaster(2, season=[4], method="seasonal naive").fit([1.0, 2.0, 4.0, 3.0] * 4)
    for copied in (clone(model), model.unfitted()):
        assert copied.get_params() == model.get_params()
        assert copied.season is not model.season
        assert not copied.__sklearn_is_fitted__()
    assert make_pipeline(model).predict(None).tolist() == model.predict().tolist() == [1.0, 2.0]
    assert set(defaults_of(model)) == set(model.get_params())
