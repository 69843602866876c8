"""The equations with numbers inserted give the printed results."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from elman.explain import LESSONS, trace
from elman.network import Architecture
from explain.nets import architectures, lesson, random_network, worked

ROUNDED = 2e-3  # numbers are printed with four digits after the point; a few of them are multiplied and added

FUNCTIONS: dict[str, Any] = {
    "tanh": math.tanh,
    "σ": lambda a: 1 / (1 + math.exp(-a)),
    "ReLU": lambda a: max(a, 0.0),
    "ln": math.log,
    "abs": abs,
    "sign": lambda e: math.copysign(1.0, e) if e else 0.0,
    "H": lambda e: abs(e) - 0.5 if abs(e) > 1 else e * e / 2,
    "clip": lambda e: min(max(e, -1.0), 1.0),
    "__builtins__": {},
}


def worked_out(text: str) -> float:
    """Return the value of a formula that holds numbers alone."""
    for sign, python in {"−": "-", "·": "*", "⊙": "*", "²": "**2", "½": "0.5*"}.items():
        text = text.replace(sign, python)
    text = re.sub(r"([\d)])\s+(?=[\dA-Za-zσ(])", r"\1*", text)  # side by side is a product
    return float(eval(text, FUNCTIONS))


def test_the_pocket_calculator() -> None:
    assert worked_out("1/3 ((0.5 − 1)² + (-2) · 3)") == pytest.approx(-23 / 12)
    assert worked_out("½ (2 − 4)²") == 2.0
    assert worked_out("−(1 · ln(0.5) + (1 − 1) · ln(1 − 0.5))") == pytest.approx(math.log(2))


def unit(**options: Any) -> Architecture:
    usual: dict[str, Any] = {"input_size": 1, "output_size": 1, "hidden_size": 1, "cell": "rnn"}
    return Architecture(**usual | options)


def steps_of(document: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Yield name, numbers put in and result of everything that is one number made of single numbers."""
    detail = document["epochs"][0]["detail"]
    for node in [*detail["forward"], *detail["backward"], *detail["updates"]]:
        if node["numbers"] is not None and "[" not in node["numbers"]["text"] and np.size(node["value"]) == 1:
            yield node["id"], node["numbers"]["text"], np.ravel(node["value"])[0]
    for gradient in detail["gradients"]:
        for path in gradient["paths"]:
            if path["numbers"] is not None and "[" not in path["numbers"]["text"]:
                yield gradient["parameter"], path["numbers"]["text"], np.ravel(path["contribution"])[0]


@pytest.mark.parametrize(
    ("architecture", "loss"),
    [
        (unit(), "mean_squared_error"),
        (unit(activation="relu", output="tanh"), "half_squared_error"),
        (unit(activation="sigmoid", output="sigmoid"), "binary_cross_entropy"),
        (unit(activation="identity", num_layers=2), "mean_absolute_error"),
        (unit(cell="lstm"), "huber"),
        (unit(cell="lstm", num_layers=2, readout="last"), "mean_squared_error"),
        (unit(cell="gru", output="relu"), "half_squared_error"),
        (unit(cell="gru", linear_skip=True), "mean_squared_error"),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_numbers_put_in_give_the_result(architecture: Architecture, loss: str, reduction: str) -> None:
    network = random_network(architecture, seed=8)
    x, y = np.array([[[0.7]], [[-1.2]], [[0.4]]]), np.array([[[0.3]], [[0.9]], [[0.2]]])
    target = y if architecture.readout == "every" else y[-1]
    document = trace(network, x, target, loss=loss, reduction=reduction, learning_rate=0.3).to_dict()
    found = list(steps_of(document))
    assert len(found) > 30
    for name, text, value in found:
        assert worked_out(text) == pytest.approx(value, abs=ROUNDED), f"{name}: {text}"


ON_MATRICES: dict[str, Any] = {
    "tanh": np.tanh,
    "σ": lambda a: 1 / (1 + np.exp(-a)),
    "ReLU": lambda a: np.maximum(a, 0.0),
    "softmax": lambda a: np.exp(a) / np.exp(a).sum(axis=1, keepdims=True),
    "matrix": lambda text: np.array([[float(value) for value in row.split()] for row in text.split(";")]),
    "__builtins__": {},
}


def worked_out_on_matrices(text: str) -> Any:
    """Return the value of a formula that holds numbers and matrices of them; side by side is the matrix product."""
    text = re.sub(r"\[([^]]*)\]", r"matrix('\1')", text)
    for sign, python in {"−": "-", "·": "*", "⊙": "*", "²": "**2"}.items():
        text = text.replace(sign, python)
    return eval(re.sub(r"\)\s+(?=matrix|\()", ") @ ", re.sub(r"(\d)\s+\(", r"\1*(", text)), ON_MATRICES)


def test_the_pocket_calculator_with_matrices() -> None:
    found = worked_out_on_matrices("[1 2; 3 4] [1; -1] ⊙ (1 − [0.5; 0.5]²) + 2 · ([1; 0])")
    np.testing.assert_allclose(found, [[1.25], [-0.75]])


@pytest.mark.parametrize("architecture", list(architectures()), ids=lambda a: f"{a.cell}-{a.readout}-{a.output}")
def test_matrices_put_in_give_the_result(architecture: Architecture) -> None:
    document = worked(architecture).to_dict()
    detail, count = document["epochs"][0]["detail"], 0
    for node in [*detail["forward"], *detail["backward"], *detail["updates"]]:
        if node["numbers"] is None or node["kind"] in ("loss", "total"):
            continue  # the others are numbers, worked out above
        value = np.array(node["value"])
        found = np.reshape(worked_out_on_matrices(node["numbers"]["text"]), value.shape)
        np.testing.assert_allclose(found, value, rtol=ROUNDED, atol=ROUNDED, err_msg=node["id"])
        count += 1
    assert count > 20


@pytest.mark.parametrize("name", LESSONS)
def test_numbers_of_the_lessons(name: str) -> None:
    """Losses and paths are numbers whatever the sizes: those of the lessons too."""
    for document in lesson(name).to_dict()["traces"].values():
        for where, text, value in steps_of(document):
            assert worked_out(text) == pytest.approx(value, abs=ROUNDED), f"{where}: {text}"


def test_several_components_in_one_loss() -> None:
    """The categorical cross-entropy leaves out what is multiplied by 0, over rows and classes."""
    architecture = Architecture(1, 3, cell="rnn", hidden_size=2, output="softmax")
    network, x = random_network(architecture), np.array([[[0.7], [0.1]], [[-1.2], [0.5]]])
    for y in (np.array([[0, 2], [1, 1]]), np.array([[[0.2, 0.8, 0], [1, 0, 0]], [[0, 0.5, 0.5], [0.3, 0.3, 0.4]]])):
        document = trace(network, x, y, loss="categorical_cross_entropy").to_dict()
        losses = [step for step in steps_of(document) if step[0].startswith("output/L")]
        assert len(losses) == 3  # two steps and their sum
        for name, text, value in losses:
            assert worked_out(text) == pytest.approx(value, abs=ROUNDED), f"{name}: {text}"
