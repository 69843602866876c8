"""Many networks in one call: the twin's numbers, and the bits of each network trained alone."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from elman import _check, engine, reference
from elman.engine import UpdateRules
from elman.errors import ArgumentError, DataError, ShapeError, UnsupportedError
from kernels.calls import DTYPES
from tolerances import assert_close

U, T, N, D, K = 3, 5, 4, 3, 2
RULES = {option.name for option in fields(UpdateRules)}
EVERYTHING = {
    "linear_skip": True,
    "dropout": 0.3,
    "recurrent_dropout": 0.2,
    "clip_norm": 0.5,
    "clip_value": 0.1,
}
CASES: dict[str, dict[str, Any]] = {
    "lstm": {},
    "gru": {"cell": "gru"},
    "rnn": {"cell": "rnn", "activation": "relu"},
    "everything, lstm": {"hidden_sizes": [5, 4], **EVERYTHING},
    "everything, gru": {"cell": "gru", "hidden_sizes": [5, 4], **EVERYTHING},
    "everything, rnn": {"cell": "rnn", "hidden_sizes": [5, 4], **EVERYTHING},
    "no bias": {"cell": "gru", "bias": False, "loss": "huber", "loss_parameter": 0.3},
    "one step back": {"bptt_depth": 1, "loss": "pinball", "reduction": "sum"},
    "probabilities": {"loss": "categorical_cross_entropy"},
    "logits": {"loss": "binary_cross_entropy", "dropout": 0.4},
    "rmsprop": {"optimizer": "rmsprop", "options": {"decay": 0.7}, "clip_norm": 0.5},
    "momentum": {"optimizer": "sgd", "options": {"momentum": 0.9, "nesterov": True}, "clip_value": 0.01},
}


def problem(models: int, dtype: str = "float64", **case: Any) -> dict[str, Any]:
    """Return arguments for so many models; those of a model depend on its number alone."""
    case = {"hidden_sizes": [5], **case}
    own = case.get("cell", "lstm"), case["hidden_sizes"], D, K, case.get("bias", True), case.get("linear_skip", False)
    P = max(place.stop for place, _ in _check.places_of(*own).values())
    weight_shape = (U, T, N) if case.get("loss") == "categorical_cross_entropy" else (U, T, N, K)
    random = [np.random.default_rng(model) for model in range(models)]

    def each(shape: tuple[int, ...]) -> np.ndarray:
        return np.stack([rng.normal(size=shape) / 2 for rng in random]).astype(dtype)

    lengths = np.stack([np.minimum(rng.integers(0, 2 * T, (U, N)), T) for rng in random])
    lengths[:, 1] = T  # a batch without padding
    return case | {
        "theta": each((P,)),
        "vectors": [np.zeros((models, P), dtype) for _ in _check.OPTIMIZERS[case.get("optimizer", "adam")].vectors],
        "x": each((U, T, N, D)),
        "y": np.minimum(abs(each((U, T, N, K))), 1),
        "weight": abs(each(weight_shape)),
        "lengths": lengths,
        "learning_rate": 0.01 / np.arange(1, models * U + 1).reshape(models, U),
        "seed": np.arange(models) + 3,
        "step": np.arange(models) * 7,
    }


def copied(arguments: dict[str, Any], models: slice = slice(None), dtype: str | None = None) -> dict[str, Any]:
    """Return copies of the arrays of some models."""

    def copy(value: Any) -> Any:
        if isinstance(value, list) and isinstance(value[0], np.ndarray):
            return [copy(vector) for vector in value]
        if not isinstance(value, np.ndarray):
            return value
        return value[models].astype(dtype if dtype and value.dtype.kind == "f" else value.dtype)

    return {name: copy(value) for name, value in arguments.items()}


def called(module: Any, arguments: dict[str, Any], **further: Any) -> Any:
    """Call `update_many`; `arguments` has the fields of the rules beside the others."""
    rules = UpdateRules(**{name: arguments[name] for name in arguments.keys() & RULES})
    others = {name: value for name, value in arguments.items() if name not in RULES}
    return module.update_many(**others, rules=rules, **further)


def outcome(result: Any, arguments: dict[str, Any]) -> list[np.ndarray]:
    return [arguments["theta"], *arguments["vectors"], *result]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_twin(isa: str, dtype: str, name: str) -> None:
    """Moments and parameters are compared after three updates: each adds the error of a gradient."""
    for absent in ((), ("weight",), ("lengths",), ("weight", "lengths")):
        arguments = problem(2, dtype, **CASES[name]) | dict.fromkeys(absent)
        twins = copied(arguments, dtype="float64")
        result = called(engine, arguments)
        expected = called(reference, twins)
        assert (result.done == U).all() and (expected.done == U).all()
        for actual, wanted in zip(outcome(result, arguments), outcome(expected, twins), strict=True):
            assert_close(actual, wanted, "gradients", dtype, f"{name} without {absent}")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bits_of_training_alone(dtype: str, name: str) -> None:
    """Whatever the number of models and threads, a model gets the bits of a call of its own."""
    whole = problem(33, dtype, **CASES[name])
    alone = []
    for model in range(33):
        own = copied(whole, slice(model, model + 1))
        alone.append(outcome(called(engine, own, n_threads=1), own))
    for models in (1, 2, 5, 33):
        for n_threads in (1, 2):
            own = copied(whole, slice(models))
            for actual, *expected in zip(
                outcome(called(engine, own, n_threads=n_threads), own), *alone[:models], strict=True
            ):
                np.testing.assert_array_equal(actual, np.concatenate(expected))


def test_updates_go_on_where_a_call_ended() -> None:
    """Three updates in one call have the bits of three calls."""
    whole = problem(2, **EVERYTHING)
    apart = copied(whole)
    called(engine, whole)
    for u in range(U):
        part = {name: apart[name][:, u : u + 1] for name in ("x", "y", "weight", "lengths", "learning_rate")}
        called(engine, apart | part | {"step": apart["step"] + u})
    np.testing.assert_array_equal(apart["theta"], whole["theta"])


@pytest.mark.parametrize("name", ["x", "y"])
def test_a_model_without_a_finite_loss_stops_alone(name: str) -> None:
    arguments = problem(3)
    arguments[name][1, 2] = np.nan
    arguments["lengths"][:] = T
    twins = copied(arguments)
    for module, own in ((engine, arguments), (reference, twins)):
        result = called(module, own)
        assert result.done.tolist() == [3, 2, 3]
        assert np.isnan(result.loss[1, 2])
        assert np.isfinite(own["theta"]).all()
    assert_close(arguments["theta"], twins["theta"], "gradients", "float64")


def test_a_gradient_beyond_all_numbers_changes_nothing() -> None:
    arguments = problem(1, loss="half_squared_error")
    arguments["y"][0, 1] = 1e200
    result = called(engine, arguments)
    assert result.done.tolist() == [1]
    assert np.isinf(result.loss[0, 1]) or np.isinf(result.gradient_norm[0, 1])
    assert np.isfinite(arguments["theta"]).all()


REFUSED = [
    ({"theta": np.zeros((2, 7))}, ShapeError, r"theta must have shape \(M, 192\) = \(2, 192\), got \(2, 7\)"),
    ({"x": np.zeros((3, U, T, N, D))}, ShapeError, r"y must have shape \(M, U, T, N, K\)"),
    ({"y": np.zeros((2, U, T, N + 1, K))}, ShapeError, r"y must have shape \(M, U, T, N, K\)"),
    ({"weight": np.zeros((2, U, T))}, ShapeError, r"weight must have shape \(M, U, T, N\)"),
    ({"lengths": np.full((2, U, N), T + 1)}, ArgumentError, r"lengths\[0, 0, 0\] must be between 0 and T = 5, got 6"),
    ({"theta": np.zeros((2, 192), int)}, ArgumentError, "theta is changed in place, so it must be"),
    ({"vectors": []}, ShapeError, "vectors must be a list of 2 arrays for 'adam', got 0"),
    ({"vectors": [np.zeros((2, 192))] * 2}, ArgumentError, r"vectors\[0\] and vectors\[1\] share memory"),
    ({"hidden_sizes": []}, ArgumentError, "hidden_sizes must list the units of every layer"),
    ({"hidden_sizes": [0]}, ArgumentError, r"hidden_sizes\[0\] must be an integer of at least 1, got 0"),
    ({"cell": "mlp"}, ArgumentError, "cell must be one of"),
    ({"activation": "relu"}, ArgumentError, "activation='relu' needs cell='rnn'"),
    ({"dropout": 1.0}, ArgumentError, r"dropout must be a number in \[0, 1\)"),
    ({"loss": "rmse"}, ArgumentError, "loss must be one of"),
    ({"loss_parameter": 0.5}, ArgumentError, "loss='mean_squared_error' takes no loss_parameter"),
    (
        {"weight": np.full((2, U, T, N), np.nan)},
        DataError,
        r"weight\[0, 0, 0, 0\] must be finite and at least 0, got nan",
    ),
    ({"loss": "binary_cross_entropy", "y": np.full((2, U, T, N, K), 2.0)}, DataError, "y.* must be between 0 and 1"),
    ({"options": {"decay": 0.5}}, ArgumentError, "an option of 'adam' must be one of"),
    ({"options": {"beta_1": 1.0}}, ArgumentError, r"beta_1 must be a number in \[0, 1\)"),
    ({"options": [0.5]}, ArgumentError, "options must map names to numbers, got list"),
    ({"learning_rate": -1.0}, ArgumentError, r"learning_rate must be a number in \[0, inf\)"),
    (
        {"learning_rate": np.full((2, U), np.nan)},
        ArgumentError,
        r"learning_rate\[0, 0\] must be in \[0, inf\), got nan",
    ),
    ({"learning_rate": np.ones(U)}, ShapeError, r"learning_rate must have shape \(2, 3\), got \(3,\)"),
    ({"clip_norm": 0.0}, ArgumentError, r"clip_norm must be a number in \(0, inf\)"),
    ({"step": np.array([0, -1])}, ArgumentError, r"step\[1\] must be between 0"),
    ({"seed": [1, 2, 3]}, ShapeError, r"seed must have shape \(M,\) = \(2,\), got \(3,\)"),
]


@pytest.mark.parametrize(("changed", "error", "text"), REFUSED)
def test_refused(changed: dict[str, Any], error: type[Exception], text: str) -> None:
    for module in (engine, reference):
        arguments = problem(2) | changed
        before = copied(problem(2))["theta"]
        with pytest.raises(error, match=f"^update_many: {text}"):
            called(module, arguments)
        if "theta" not in changed:
            np.testing.assert_array_equal(arguments["theta"], before)


def test_rules_of_another_kind_are_refused() -> None:
    arguments = {name: value for name, value in problem(1).items() if name not in RULES}
    for module in (engine, reference):
        with pytest.raises(ArgumentError, match=r"^update_many: rules must be UpdateRules, got \{'cell': 'gru'\}"):
            module.update_many(**arguments, rules={"cell": "gru"})


def test_other_depths_are_the_references() -> None:
    with pytest.raises(UnsupportedError, match=r"bptt_depth must be 1 or None here, got 2\. elman\.reference"):
        called(engine, problem(1, bptt_depth=2))
    assert (called(reference, problem(1, bptt_depth=2)).done == U).all()
