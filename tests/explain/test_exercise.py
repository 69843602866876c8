"""Exercises: the key against the equations without arrays, the sheet without results, the command."""

from __future__ import annotations

import os
import re
from math import tanh
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from elman import ArgumentError
from elman.cli.app import app
from elman.explain import EXERCISES, FORMATS, exercise, render
from elman.explain.blocks import Formula, Table

X, H_0, W_X, W_H, W_Y, Y, RATE = (-0.8, -0.3, 0.2), 0.5, 0.9, 0.7, 0.7, -0.9, 0.5  # of seed 7 with three steps


def forward(w_x: float, w_h: float) -> tuple[list[float], float]:
    h = [H_0]
    for x in X:
        h.append(tanh(w_x * x + w_h * h[-1]))
    return h, (h[-1] * W_Y - Y) ** 2


def results(solution: bool = True) -> dict[str, str]:
    """Return the last side of every formula of the sheet by its first side."""
    blocks = [block for section in exercise("bptt", 3, 7, solution).sections for block in section.blocks]
    found = [block for block in blocks if isinstance(block, Formula)]
    return {formula.sides[0].text: formula.sides[-1].text for formula in found}


def test_the_key_of_backpropagation() -> None:
    """δ_3 = 2 (ŷ − y) W_y (1 − h_3²), δ_{k−1} = δ_k W_h (1 − h_{k−1}²); ∂L/∂W_h = Σ δ_k h_{k−1}."""
    h, loss = forward(W_X, W_H)
    delta = {3: 2 * (h[3] * W_Y - Y) * W_Y * (1 - h[3] ** 2)}
    for k in (2, 1):
        delta[k] = delta[k + 1] * W_H * (1 - h[k] ** 2)
    d_x, d_h = (sum(delta[k] * enters[k - 1] for k in delta) for enters in (X, h))
    w_x, w_h = W_X - RATE * d_x, W_H - RATE * d_h
    expected = {
        "h_3": h[3], "L_3": loss, "da_3": delta[3], "da_2": delta[2], "da_1": delta[1], "∂L/∂W_x": d_x, "∂L/∂W_h": d_h,
        "new W_x": w_x, "new W_h": w_h, "L": forward(w_x, w_h)[1],
        "∂L_3/∂ŷ_3 · ∂ŷ_3/∂h_3 · ∂h_3/∂h_2 · ∂⁺h_2/∂W_h": delta[2] * h[1],
    }  # fmt: skip
    found = results()
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(value, abs=5.1e-5), name
    errors = next(b for b in exercise("bptt", 3, 7, solution=True).sections[-1].blocks if isinstance(b, Table))
    by_cause = {cause: float(result) for _, result, cause in errors.rows if isinstance(result, str)}
    assert by_cause["h_2 in place of h_1"] == pytest.approx(delta[2] * h[2], abs=5.1e-5)
    assert by_cause["the factor 1 − h_1² is missing"] == pytest.approx(delta[2] * W_H * h[0], abs=5.1e-5)
    assert by_cause["+ η in place of − η"] == pytest.approx(W_H + RATE * d_h, abs=5.1e-5)


@pytest.mark.parametrize("kind", EXERCISES)
def test_a_sheet_has_blanks_and_its_key_has_none(kind: str) -> None:
    sheet, key = (exercise(kind, 2, 3, solution) for solution in (False, True))
    blank = re.findall("_{8}", render(sheet, "text"))
    formulas = [b for section in sheet.sections for b in section.blocks if isinstance(b, Formula)]
    assert len(blank) == len(formulas) > 10
    assert not any(side.value is not None for formula in formulas for side in formula.sides)
    assert "____" not in render(key, "text")
    assert sheet.sections[0] == key.sections[0]  # the same numbers are given
    assert render(exercise(kind, 2, 3), "json") == render(sheet, "json") != render(exercise(kind, 2, 4), "json")


def test_every_form() -> None:
    for form in FORMATS:
        assert "Backpropagation through time by hand" in render(exercise(), form)
    blanks = render(exercise(), "markdown").count(r"\_\_\_\_\_\_\_\_")
    assert blanks == 9 + 9 + 8 + 3  # forward, backward, paths, update


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "rnn"}, "exercise: kind must be one of 'bptt', 'lstm', 'gru', got 'rnn'."),
        ({"steps": 7}, "exercise: steps must be an integer between 1 and 6, got 7."),
        ({"seed": -1}, "exercise: seed must be an integer between 0 and 4294967295, got -1."),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        exercise(**arguments)
    assert str(caught.value) == message


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, ["exercise", *words])

    assert [line.split()[0] for line in run().stdout.splitlines()] == list(EXERCISES)
    words = ("bptt", "--steps", "3", "--seed", "7")
    assert run(*words).stdout == render(exercise("bptt", 3, 7), "markdown")
    assert "h_2 in place of h_1" in run(*words, "--solution", "--format", "text").stdout
    assert run(*words, "--output", "sheet.html", "--quiet").exit_code == 0
    assert os.listdir() == ["sheet.html"] and Path("sheet.html").read_text().startswith("<!DOCTYPE html>")
    refused = run("rnn")
    assert (refused.exit_code, refused.stderr) == (2, "Error: KIND rnn: must be one of bptt, lstm, gru.\n")
