"""The gradient-flow report of a fitted model, in the vanishing-gradient laboratory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elman.explain.blocks import Laboratory, Lesson, Text

if TYPE_CHECKING:
    from elman.training import GradientFlow

__all__ = ["flow_lesson"]


def flow_lesson(flow: GradientFlow, title: str = "How far back the gradient reaches") -> Lesson:
    """Return a lesson that shows a model's gradient flow beside an RNN, an LSTM and a GRU with sliders.

    Parameters
    ----------
    flow : GradientFlow
        Report of ``gradient_flow``.
    title : str
        Title of the page.

    Returns
    -------
    Lesson
        For `render`.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.network import Architecture, Network
    >>> from elman.training import Batch, gradient_flow
    >>> network = Network(Architecture(1, 1, cell="rnn", activation="identity", hidden_size=1, readout="last"),
    ...                   np.array([1.0, 0.5, 0.0, 1.0, 0.0]))
    >>> flow = gradient_flow(network, Batch(np.ones((4, 1, 1)), np.zeros((1, 1))), "mean_squared_error")
    >>> flow_lesson(flow).to_dict()["sections"][0]["blocks"][0]["curves"]
    [{'name': 'layers.0', 'relative': [1.0, 0.5, 0.25, 0.125]}]
    """
    curves = tuple((layer.name, tuple(map(float, layer.relative))) for layer in flow.layers)
    lesson = Lesson(
        "gradient-flow", title, f"{flow.lags} lags; at least 1 % of the gradient arrives at lag {flow.reach}."
    )
    caption = "The layers of the model beside two units of an RNN, an LSTM and a GRU: the gradient by step."
    lesson.add("The gradient of every state", Laboratory(caption, curves))
    lesson.add("Advice", *(Text(sentence) for sentence in flow.advice))
    return lesson
