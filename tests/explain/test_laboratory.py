"""The gradient flow of a model in the laboratory, and the laboratory in other forms."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from elman import Forecaster
from elman.cli.app import app
from elman.explain import render
from elman.explain.laboratory import flow_lesson
from elman.network import Architecture, Network
from elman.training import Batch, gradient_flow


def halving() -> Network:
    """Return a network whose gradient halves at every step."""
    architecture = Architecture(1, 1, cell="rnn", activation="identity", hidden_size=1, readout="last")
    return Network(architecture, np.array([1.0, 0.5, 0.0, 1.0, 0.0]))


def test_the_curves_of_a_model_are_in_the_page() -> None:
    flow = gradient_flow(halving(), Batch(np.ones((4, 1, 1)), np.zeros((1, 1))), "mean_squared_error")
    page = render(flow_lesson(flow), "html")
    found = re.search(r'data-curves="([^"]*)"', page)
    assert found is not None
    assert json.loads(html.unescape(found[1])) == [{"name": "layers.0", "relative": [1.0, 0.5, 0.25, 0.125]}]
    text = render(flow_lesson(flow), "text")
    assert "layers.0: gradient by lag, relative to lag 0" in text and "0.125" in text


def test_diagnose_writes_the_page(tmp_path: Path) -> None:
    series = np.sin(np.arange(60.0))
    model = Forecaster(window=2, steps=4, horizon=1, hidden_size=2, updates=1, ensemble_size=1, method="network")
    model.fit(series).save(tmp_path / "m")
    (tmp_path / "s.csv").write_text("step,value\n" + "".join(f"{t},{value}\n" for t, value in enumerate(series)))
    words = ["diagnose", tmp_path / "m", "--data", tmp_path / "s.csv", "--page", tmp_path / "flow.html"]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    assert "data-curves" in (tmp_path / "flow.html").read_text()
