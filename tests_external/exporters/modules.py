"""PyTorch modules as people write them, by name, each with an example and why it is refused, if it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.nn import GRU, LSTM, RNN, Conv1d, Dropout, Embedding, LayerNorm, Linear, Module

lstm, gru, rnn = (partial(kind, batch_first=True) for kind in (LSTM, GRU, RNN))


class Made(Module):
    """Parts by name, and a function of them."""

    def __init__(self, function: Callable[[Any, Any], Any], parts: dict[str, Module]) -> None:
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: Any) -> Any:
        return self.function(self, x)


def stacked(m: Any, x: Any) -> Any:
    y, _ = m.first(x)
    y, _ = m.second(y)
    return m.out(torch.relu(m.hidden(y[:, -1])))


def both_ends(m: Any, x: Any) -> Any:
    _, (h, _) = m.lstm(x)
    return torch.log_softmax(m.out(torch.cat([h[-2], h[-1]], 1)), -1)


def every_step(m: Any, x: Any) -> Any:
    return torch.softmax(m.out(m.lstm(x)[0]), -1)


def words(m: Any, x: Any) -> Any:
    return torch.sigmoid(m.out(m.dropout(m.lstm(m.words(x))[0][:, -1])))


def attention(m: Any, x: Any) -> Any:
    y, _ = m.lstm(x)
    return m.out((torch.softmax(m.score(y), 1) * y).sum(1))


def last(m: Any, x: Any) -> Any:
    return m.out(m.layer(x)[0][:, -1])


def squeezed(m: Any, x: Any) -> Any:
    _, (h, _) = m.lstm(x)
    return m.out(torch.tanh(m.hidden(h.squeeze(0))))


def final(m: Any, x: Any) -> Any:
    return m.out(m.gru(x)[1][-1])


def mean(m: Any, x: Any) -> Any:
    return m.out(m.gru(x)[0].mean(1))


def greatest(m: Any, x: Any) -> Any:
    return m.out(m.rnn(x)[0].max(1).values)


def normed(m: Any, x: Any) -> Any:
    return m.out(m.norm(m.lstm(x)[0][:, -1]))


def convolved(m: Any, x: Any) -> Any:
    return m.out(m.lstm(m.conv(x.transpose(1, 2)).transpose(1, 2))[0][:, -1])


NOT_ELMAN = "are not those of an Elman network"
# name: function, parts, reason of a refusal
_ALL: dict[str, tuple[Callable[[Any, Any], Any], dict[str, Callable[[], Module]], str | None]] = {
    "LSTM 64, LSTM 32, linear 16, ReLU, linear": (
        stacked,
        {
            "first": lambda: lstm(3, 64),
            "second": lambda: lstm(64, 32),
            "hidden": lambda: Linear(32, 16),
            "out": lambda: Linear(16, 1),
        },
        None,
    ),
    "GRU of two layers, final state, linear": (
        final,
        {"gru": lambda: gru(3, 8, 2), "out": lambda: Linear(8, 2)},
        None,
    ),
    "LSTM in both directions, both final states, linear, log-softmax": (
        both_ends,
        {"lstm": lambda: lstm(3, 8, bidirectional=True), "out": lambda: Linear(16, 4)},
        None,
    ),
    "LSTM, linear and softmax at every step": (
        every_step,
        {"lstm": lambda: lstm(3, 8), "out": lambda: Linear(8, 4)},
        None,
    ),
    "embedding, LSTM, dropout, linear, sigmoid": (
        words,
        {
            "words": lambda: Embedding(20, 6),
            "lstm": lambda: lstm(6, 8),
            "dropout": lambda: Dropout(0.5),
            "out": lambda: Linear(8, 1),
        },
        None,
    ),
    "LSTM, final state squeezed, linear, tanh, linear": (
        squeezed,
        {"lstm": lambda: lstm(3, 8), "hidden": lambda: Linear(8, 5), "out": lambda: Linear(5, 1)},
        None,
    ),
    "GRU, mean over steps, linear": (mean, {"gru": lambda: gru(3, 8), "out": lambda: Linear(8, 2)}, None),
    "RNN with ReLU, maximum over steps, linear": (
        greatest,
        {"rnn": lambda: rnn(3, 8, nonlinearity="relu"), "out": lambda: Linear(8, 2)},
        None,
    ),
    "LSTM in both directions, last step, linear": (
        last,
        {"layer": lambda: lstm(3, 8, bidirectional=True), "out": lambda: Linear(16, 2)},
        NOT_ELMAN,
    ),
    "LSTM, LayerNorm, linear": (
        normed,
        {"lstm": lambda: lstm(3, 8), "norm": lambda: LayerNorm(8), "out": lambda: Linear(8, 2)},
        "has the operator LayerNormalization",
    ),
    "Conv1d, LSTM, linear": (
        convolved,
        {"conv": lambda: Conv1d(3, 4, 3), "lstm": lambda: lstm(4, 8), "out": lambda: Linear(8, 2)},
        "has the operator Conv",
    ),
    "LSTM, attention over its steps, linear": (
        attention,
        {"lstm": lambda: lstm(3, 8), "score": lambda: Linear(8, 1), "out": lambda: Linear(8, 2)},
        "has a softmax before another layer",
    ),
}
MODULES = {name: reason for name, (_, _, reason) in _ALL.items()}


def made(name: str) -> tuple[Module, Any]:
    """Return a module of that name with weights of its own, and an example for it."""
    torch.manual_seed(0)
    function, parts, _ = _ALL[name]
    example = torch.randint(0, 20, (2, 6)) if "words" in parts else torch.randn(2, 6, 3)
    return Made(function, {part: build() for part, build in parts.items()}).eval(), example
