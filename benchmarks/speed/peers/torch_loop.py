"""The usual PyTorch training loop: forward, loss, backward, clip_grad_norm_, optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from speed.peers import Run
from speed.peers.torch_peer import MODULES, both, fill
from speed.problem import Weights

if TYPE_CHECKING:
    from speed.updates import Update


class Model(torch.nn.Module):
    """Embedding if there is a vocabulary, recurrent layers, linear output."""

    def __init__(self, update: Update) -> None:
        super().__init__()
        shape, p = update.shape, update.parameters()
        self.embedding = None if update.vocabulary is None else torch.nn.Embedding(update.vocabulary, shape.D)
        self.layers = MODULES[shape.cell](shape.D, shape.H, num_layers=shape.layers)
        self.output = torch.nn.Linear(shape.H, update.outputs)
        for layer in range(shape.layers):
            name = f"layers.{layer}."
            parts = [p.get(name + part) for part in Weights._fields]
            fill(self.layers, Weights(*parts), f"_l{layer}")
        with torch.no_grad():
            if self.embedding is not None:
                self.embedding.weight.copy_(torch.from_numpy(p["embedding"]))
            self.output.weight.copy_(torch.from_numpy(p["output.W_y"].T.copy()))
            self.output.bias.copy_(torch.from_numpy(p["output.b_y"]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.output(self.layers(x if self.embedding is None else self.embedding(x))[0])


def make(update: Update, fused: bool, checked: int, at_once: int) -> Run:
    """Build one setting of the loop."""
    batch = update.batch()
    x, y = torch.from_numpy(batch.x), torch.from_numpy(batch.y)
    words, K = update.vocabulary is not None, update.outputs

    def fresh(one_bias: bool = False) -> tuple[Any, Any]:
        model = Model(update)
        if one_bias:
            for name, parameter in model.layers.named_parameters():
                parameter.requires_grad_(not name.startswith("bias_hh"))
        kind = torch.optim.Adam if update.optimizer == "adam" else torch.optim.SGD
        return model, kind(model.parameters(), lr=update.learning_rate, fused=True if fused else None)

    def step(model: Any, optimizer: Any) -> float:
        optimizer.zero_grad()
        o = model(x)
        if words:
            loss = torch.nn.functional.cross_entropy(o.view(-1, K), y.view(-1))
        else:
            loss = torch.nn.functional.mse_loss(o, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), update.clip_norm)
        optimizer.step()
        return loss.item()

    state = fresh()

    def call() -> None:
        for _ in range(at_once):
            step(*state)

    def result() -> dict[str, Any]:
        pair = fresh(one_bias=True)  # PyTorch has two biases per layer, whose updates would add up
        return {"loss": np.array([step(*pair) for _ in range(checked)])}

    return Run(call, result)


def loop(update: Update, checked: int, at_once: int) -> dict[str, Run]:
    """Return runs with plain and fused Adam, with oneDNN and without."""
    name = {"adam": "Adam", "sgd": "SGD"}[update.optimizer]
    found = both(make(update, False, checked, at_once), name)
    return found | both(make(update, True, checked, at_once), f"fused {name}") if name == "Adam" else found
