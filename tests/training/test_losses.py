"""Losses behind output activations: gradients, weights, lengths, refusals."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from covering import covering
from elman import reference
from elman.errors import ArgumentError, DataError, ShapeError
from elman.reference import numerical_gradient
from elman.training import Objective
from tolerances import assert_close

VALUES = ("half_squared_error", "mean_squared_error", "mean_absolute_error", "huber", "pinball")
RNG = np.random.default_rng(0)
O = RNG.standard_normal((4, 3, 5)) * 2.0  # noqa: E741 - the letter of the notation
Y = RNG.uniform(0.1, 0.9, (4, 3, 5))
CLASSES = RNG.integers(0, 5, (4, 3))
WEIGHTS = {"none": None, "row": RNG.uniform(0, 2, (4, 3)), "component": RNG.uniform(0, 2, (4, 3, 5))}
LENGTHS = np.array([4, 0, 2])


OUTPUTS = ("identity", "tanh", "relu", "sigmoid", "softmax")
CASES = {"-".join(case): case for case in product(VALUES, OUTPUTS, WEIGHTS, ("whole", "ragged"), ("mean", "sum"))}


@pytest.mark.parametrize("name", covering(CASES))
def test_gradient_through_every_output(name: str) -> None:
    loss, output, weights, steps, reduction = CASES[name]
    weight, lengths = WEIGHTS[weights], LENGTHS if steps == "ragged" else None
    objective = Objective(loss, output, reduction=reduction)
    value, do = objective(O, Y, weight, lengths)
    activated = reference.activation_forward(O, output)
    expected = getattr(reference, loss)(activated, Y, _masked(weight, lengths), reduction)[0]
    assert_close(value, expected, "loss")
    # step: no |ŷ - y|, |ŷ - y| - delta or o of these numbers is nearer than 1e-4 to its kink
    numerical = numerical_gradient(lambda o: objective(o, Y, weight, lengths)[0], O.copy(), 1e-5)
    assert_close(objective(O, Y, weight, lengths)[1], numerical, "gradient check")
    assert do.shape == O.shape


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole", "ragged"])
@pytest.mark.parametrize("weight", ["none", "row"])
@pytest.mark.parametrize(
    ("loss", "output", "y"),
    [("binary_cross_entropy", "sigmoid", Y), ("categorical_cross_entropy", "softmax", CLASSES)],
)
def test_cross_entropies_take_logits(loss: str, output: str, y, weight: str, lengths) -> None:
    value, do = Objective(loss, output)(O, y, WEIGHTS[weight], lengths)
    expected, gradient = getattr(reference, loss)(O, y, _masked(WEIGHTS[weight], lengths))
    assert_close(value, expected, "loss")
    assert_close(do, gradient, "gradients")


def test_one_hot_rows_are_classes() -> None:
    objective = Objective("categorical_cross_entropy", "softmax")
    by_class, do = objective(O, CLASSES)
    do = do.copy()
    by_row, again = objective(O, np.eye(5)[CLASSES])
    assert_close(by_row, by_class, "loss")
    assert_close(again, do, "gradients")


def test_targets_past_the_end_do_not_count() -> None:
    objective = Objective("mean_absolute_error", "identity")
    before, do = objective(O, Y, None, LENGTHS)
    do = do.copy()
    spoiled = Y.copy()
    spoiled[:, 1], spoiled[2:, 2] = 1e6, -1e6
    after, again = objective(O, spoiled, None, LENGTHS)
    assert after == before
    np.testing.assert_array_equal(again, do)
    assert not do[:, 1].any()


def test_lengths_do_not_matter_where_rows_have_one_target() -> None:
    objective = Objective("mean_squared_error", "identity")
    assert objective(O[0], Y[0], None, LENGTHS)[0] == objective(O[0], Y[0])[0]


def test_parameters_of_huber_and_pinball() -> None:
    for loss, argument, default in (("huber", "delta", 1.0), ("pinball", "quantile", 0.5)):
        expected = getattr(reference, loss)
        assert_close(Objective(loss, "identity")(O, Y)[0], expected(O, Y, **{argument: default})[0], "loss")
        assert_close(Objective(loss, "identity", 0.25)(O, Y)[0], expected(O, Y, **{argument: 0.25})[0], "loss")


def _masked(weight, lengths):
    if lengths is None:
        return weight
    valid = np.arange(4)[:, np.newaxis] < lengths
    if weight is None:
        return valid.astype(float)
    return weight * (valid if weight.ndim == 2 else valid[:, :, np.newaxis])


REFUSED = {
    "binary": (
        lambda: Objective("binary_cross_entropy", "identity"),
        ArgumentError,
        "Objective: loss='binary_cross_entropy' needs output='sigmoid', got output='identity'.",
    ),
    "categorical": (
        lambda: Objective("categorical_cross_entropy", "sigmoid"),
        ArgumentError,
        "Objective: loss='categorical_cross_entropy' needs output='softmax', got output='sigmoid'.",
    ),
    "classes": (
        lambda: Objective("categorical_cross_entropy", "softmax")(O, CLASSES + 4),
        DataError,
        None,
    ),
    "targets": (
        lambda: Objective("huber", "identity")(O, Y[:3]),
        ShapeError,
        "Objective: y must have the shape of the output (4, 3, 5), got (3, 3, 5).",
    ),
    "weights": (
        lambda: Objective("huber", "identity")(O, Y, np.ones(4)),
        ShapeError,
        "Objective: weight must have shape (4, 3, 5) or (4, 3), got (4,).",
    ),
}


@pytest.mark.parametrize(("call", "error", "text"), REFUSED.values(), ids=REFUSED)
def test_refused(call, error: type[Exception], text: str | None) -> None:
    with pytest.raises(error) as caught:
        call()
    assert text is None or str(caught.value) == text
