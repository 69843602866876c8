"""Parameters are those of the fit: every use of a fitted estimator refuses changed ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from elman import ArgumentError, SequenceClassifier, SequenceRegressor, SequenceTagger
from elman.explain.saved import trace_sequence
from elman.interop import export_onnx
from sequences.small import QUICK, labels, ragged

X = ragged()
CASES: dict[str, tuple[Any, Any]] = {
    "classifier": (SequenceClassifier, labels()),
    "regressor": (SequenceRegressor, np.arange(24.0)),
    "tagger": (SequenceTagger, [labels(len(sequence)) for sequence in X]),
}
USES: dict[str, Callable[[Any, Any, Path], Any]] = {
    "predict": lambda model, y, path: model.predict(X),
    "predict_proba": lambda model, y, path: model.predict_proba(X),
    "decision_function": lambda model, y, path: model.decision_function(X),
    "score": lambda model, y, path: model.score(X, y),
    "gradient_flow": lambda model, y, path: model.gradient_flow(X, y),
    "to_arrays": lambda model, y, path: model.to_arrays(),
    "save": lambda model, y, path: model.save(path),
    "export_onnx": lambda model, y, path: export_onnx(model, path),
    "explain": lambda model, y, path: trace_sequence(model, X, y, 1),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("case", CASES)
def test_a_changed_parameter_is_named(case: str, use: str, tmp_path: Path) -> None:
    kind, y = CASES[case]
    if not hasattr(kind, use) and use in ("predict_proba", "decision_function"):
        return
    model = kind(learning_rate=0.003, **QUICK).fit(X, y).set_params(learning_rate=0.5)
    with pytest.raises(ArgumentError) as caught:
        USES[use](model, y, tmp_path / "model")
    assert str(caught.value) == (
        f"{kind.__name__}.{use}: learning_rate is 0.5, but was 0.003 in fit; fit again, or set it back with "
        "set_params(learning_rate=0.003)."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("case", CASES)
def test_what_no_result_depends_on_may_change(case: str) -> None:
    kind, y = CASES[case]
    model = kind(**QUICK).fit(X, y)
    expected = model.predict(X)
    model.set_params(n_threads=2, progress=True, warm_start=True, id_column="series", time_column=None)
    np.testing.assert_equal(model.predict(X), expected)


def test_a_dict_that_is_changed_in_place_is_noticed() -> None:
    weights = {"a": 1.0, "b": 2.0, "c": 3.0}
    model = SequenceClassifier(**QUICK, class_weight=weights).fit(X, labels())
    weights["a"] = 9.0
    with pytest.raises(ArgumentError, match=r"class_weight is \{'a': 9.0, .*\}, but was \{'a': 1.0, 'b': 2.0, 'c'"):
        model.predict(X)


@pytest.mark.parametrize("further", ["partial_fit", "fit"])
def test_what_learns_further_takes_up_how_to_learn_and_no_more(further: str, tmp_path: Path) -> None:
    y = labels()
    model = SequenceClassifier(**QUICK, warm_start=True).fit(X, y)
    first = model.networks_[0]
    getattr(model.set_params(dropout=0.5, learning_rate=0.1, batch_size=8), further)(X, y)
    assert (first.architecture.dropout, model.networks_[0].architecture.dropout) == (0.2, 0.5)
    model.save(tmp_path / "model")
    assert SequenceClassifier.load(tmp_path / "model").get_params() == model.get_params()
    for name, value, was in (("hidden_size", 5, "4"), ("cell", "lstm", "'gru'"), ("ensemble_size", 3, "2")):
        with pytest.raises(ArgumentError) as caught:
            getattr(clone_of(model).set_params(**{name: value}), further)(X, y)
        assert str(caught.value) == (
            f"SequenceClassifier.{further}: {name} is {value!r}, but was {was} in fit; fit a clone, or set it back "
            f"with set_params({name}={was})."
        )


def clone_of(model: Any) -> Any:
    """Return a fitted copy."""
    return type(model).from_arrays(*model.to_arrays())


def test_a_clone_begins_anew() -> None:
    model = SequenceRegressor(**QUICK).fit(X, np.arange(24.0)).set_params(hidden_size=5)
    assert clone(model).fit(X, np.arange(24.0)).networks_[0].architecture.hidden_size == 5
    assert model.fit(X, np.arange(24.0)).networks_[0].architecture.hidden_size == 5
