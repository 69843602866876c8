"""Plots of a classifier show the numbers of the confusion matrix and the losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from elman import SequenceClassifier
from elman.sequences.plot import plot_png
from elman.sequences.report import class_report
from sequences.small import QUICK, labels, ragged

REPORT = class_report(["a", "a", "b", "c"], np.array(["a", "b", "b", "b"]), np.array(["a", "b", "c"]))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Collect the figures that are saved."""
    figures: list[Figure] = []
    usual = Figure.savefig

    def savefig(self: Figure, *arguments: Any, **options: Any) -> None:
        figures.append(self)
        usual(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return figures


def test_confusion_matrix(drawn: list[Figure]) -> None:
    assert plot_png(REPORT).startswith(b"\x89PNG\r\n\x1a\n")
    (ax,) = drawn[0].axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]
    cells = {(int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in ax.texts}
    assert cells == {(0, 0): "1", (0, 1): "1", (1, 1): "1", (2, 1): "1"}  # (actual, predicted)
    np.testing.assert_array_equal(ax.images[0].get_array(), [[0.5, 0.5, 0], [0, 1, 0], [0, 1, 0]])
    assert ax.get_title(loc="left") == "Accuracy 50.0%"


def test_learning_curves(drawn: list[Figure]) -> None:
    model = SequenceClassifier(**QUICK, early_stopping=True, validation_fraction=0.25).fit(ragged(), labels())
    plot_png(REPORT, model.history_)
    curves, matrix = drawn[0].axes
    assert curves.get_title(loc="left") == "Loss" and matrix.get_title(loc="left") == "Accuracy 50.0%"
    losses, _, scores = curves.get_lines()[:3]  # of the first network; its running mean lies between
    assert losses.get_ydata().tolist() == model.history_[0].loss
    assert scores.get_ydata().tolist() == model.history_[0].score
    assert len(curves.get_lines()) == 3 * len(model.history_)
    plot_png(None, model.history_)
    assert len(drawn[1].axes) == 1
