"""Write torch_models.npz: weights, results and gradients of PyTorch's recurrent modules in float64.

Run by hand, with PyTorch installed, when a case is added: ``python tests/interop/make_torch_oracles.py``. The tests
read the file only. Keys are ``case/weights/…`` (the state_dict), ``case/gradients/…`` and ``case/…``; everything
is stored the way PyTorch has it.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import nn

FILE = Path(__file__).with_name("torch_models.npz")
T, N, D, H, K = 5, 3, 2, 4, 2
KINDS = {
    "tanh": (nn.RNN, {"nonlinearity": "tanh"}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, {}),
    "gru": (nn.GRU, {}),
}


class Model(nn.Module):
    def __init__(self, kind: str, layers: int, bidirectional: bool, bias: bool) -> None:
        super().__init__()
        module, options = KINDS[kind]
        self.body = module(D, H, layers, bidirectional=bidirectional, bias=bias, **options)
        self.head = nn.Linear((2 if bidirectional else 1) * H, K, bias=bias)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.6)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def results(model: Model, several: int, lstm: bool) -> dict[str, torch.Tensor]:
    x = normal(T, N, D).requires_grad_()
    start = [normal(several, N, H).requires_grad_() for _ in range(2 if lstm else 1)]
    y, last = model.body(x, tuple(start) if lstm else start[0])
    finals = last if lstm else (last,)
    dy, d_finals = normal(*y.shape), [normal(*s.shape) for s in finals]
    objective = (y * dy).sum() + sum((s * d).sum() for s, d in zip(finals, d_finals, strict=True))
    objective.backward()
    found = {"x": x, "dx": x.grad, "y": y, "dy": dy, "o": model.head(y)}
    for name, s, end, d in zip("hc", start, finals, d_finals, strict=False):
        found |= {f"{name}_0": s, f"d{name}_0": s.grad, f"{name}_n": end, f"d{name}_n": d}
    found |= {f"weights/{name}": value for name, value in model.state_dict().items()}
    return found | {f"gradients/{name}": p.grad for name, p in model.body.named_parameters()}


def main() -> None:
    torch.manual_seed(1)
    arrays = {}
    for kind, (layers, both), bias in product(KINDS, ((1, False), (2, True)), (True, False)):
        model = Model(kind, layers, both, bias).double()
        case = f"{kind}-{layers}{'-both' if both else ''}{'' if bias else '-nobias'}"
        for name, value in results(model, layers * (2 if both else 1), kind == "lstm").items():
            arrays[f"{case}/{name}"] = value.detach().numpy()
    np.savez_compressed(FILE, **arrays)


if __name__ == "__main__":
    main()
