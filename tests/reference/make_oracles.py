"""Write oracles/*.npz: PyTorch's float64 results for cells, losses and optimizers.

Run by hand, with PyTorch installed, when a case is added: ``python tests/reference/make_oracles.py``. The tests read
the files only. Arrays are stored the way Elman takes them: time-major, weights (inputs, outputs).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent / "oracles"
T, N, D, H = 5, 3, 2, 4
LENGTHS = [5, 2, 4]
Tensors = dict[str, torch.Tensor]


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def save(name: str, arrays: Tensors) -> None:
    np.savez_compressed(HERE / f"{name}.npz", **{key: value.detach().numpy() for key, value in arrays.items()})


def run(layer: nn.Module, x: torch.Tensor, start: tuple[torch.Tensor, ...], ragged: bool) -> tuple[torch.Tensor, ...]:
    """Return the outputs (T, N, H), zero past the end, and each row's final states."""
    first = tuple(s.unsqueeze(0) for s in start)
    state = first if len(first) > 1 else first[0]
    if ragged:
        packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(LENGTHS), enforce_sorted=False)
        outputs, last = layer(packed, state)
        outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, total_length=T)
    else:
        outputs, last = layer(x, state)
    return outputs, *(s.squeeze(0) for s in (last if isinstance(last, tuple) else (last,)))


def cell(name: str, layer: nn.Module, states: tuple[str, ...], gates: int) -> None:
    layer = layer.double()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.6)
    for ragged in (False, True):
        layer.zero_grad()
        x = normal(T, N, D).requires_grad_()
        start = tuple(normal(N, H).requires_grad_() for _ in states)
        outputs, *last = run(layer, x, start, ragged)
        dh, d_last = normal(T, N, H), [normal(N, H) for _ in states]
        objective = (outputs * dh).sum() + sum((s * d).sum() for s, d in zip(last, d_last, strict=True))
        objective.backward()

        saved = {"x": x, "dx": x.grad, "outputs": outputs, "dh": dh}
        for state, s, end, d in zip(states, start, last, d_last, strict=True):
            saved |= {f"{state}_0": s, f"d{state}_0": s.grad, f"{state}_last": end, f"d{state}_T": d}
        saved |= {"W_x": layer.weight_ih_l0.T, "dW_x": layer.weight_ih_l0.grad.T}
        saved |= {"W_h": layer.weight_hh_l0.T, "dW_h": layer.weight_hh_l0.grad.T}
        b_x, b_h = layer.bias_ih_l0, layer.bias_hh_l0
        if gates == 3:  # the hidden bias of n sits inside the reset product: it stays by itself
            saved["b"] = torch.cat([b_x[: 2 * H] + b_h[: 2 * H], b_x[2 * H :]])
            saved |= {"db": b_x.grad, "b_hn": b_h[2 * H :], "db_hn": b_h.grad[2 * H :]}
        else:
            saved |= {"b": b_x + b_h, "db": b_x.grad}
        if ragged:
            saved["lengths"] = torch.tensor(LENGTHS)
        save(f"{name}-ragged" if ragged else name, saved)


def losses() -> None:
    o, y = normal(4, 3, 2) * 3, normal(4, 3, 2) * 3
    labels, rows = torch.randint(0, 2, (4, 3)), torch.softmax(normal(4, 3, 2), -1)
    saved = {"o": o, "y": y, "probabilities": torch.sigmoid(y), "labels": labels, "rows": rows}
    functions: dict[str, Callable[[torch.Tensor, str], torch.Tensor]] = {
        "mean_squared_error": lambda o, r: nn.functional.mse_loss(o, y, reduction=r),
        "mean_absolute_error": lambda o, r: nn.functional.l1_loss(o, y, reduction=r),
        "huber": lambda o, r: nn.functional.huber_loss(o, y, reduction=r, delta=1.5),
        "binary_cross_entropy": lambda o, r: nn.functional.binary_cross_entropy_with_logits(
            o, torch.sigmoid(y), reduction=r
        ),
        "categorical_cross_entropy-labels": lambda o, r: nn.functional.cross_entropy(
            o.reshape(-1, 2), labels.reshape(-1), reduction=r
        ),
        "categorical_cross_entropy-rows": lambda o, r: nn.functional.cross_entropy(
            o.reshape(-1, 2), rows.reshape(-1, 2), reduction=r
        ),
    }
    for name, function in functions.items():
        for reduction in ("mean", "sum"):
            leaf = o.clone().requires_grad_()
            loss = function(leaf, reduction)
            loss.backward()
            saved |= {f"{name}/{reduction}/loss": loss, f"{name}/{reduction}/do": leaf.grad}
    save("losses", saved)


def optimizers() -> None:
    theta, gradients = normal(5), normal(6, 5)
    saved = {"theta": theta, "gradients": gradients}
    makers: dict[str, Callable[[list[torch.Tensor]], torch.optim.Optimizer]] = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "sgd-momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, weight_decay=0.05),
        "sgd-nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.1, alpha=0.9, eps=1e-3),
        "adam": lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.05),
    }
    for name, maker in makers.items():
        parameter = theta.clone().requires_grad_()
        optimizer = maker([parameter])
        trajectory = []
        for gradient in gradients:
            parameter.grad = gradient.clone()
            optimizer.step()
            trajectory.append(parameter.detach().clone())
        saved[name] = torch.stack(trajectory)
    clipped = nn.Parameter(theta.clone())
    clipped.grad = gradients[0].clone()
    saved["clip_norm"] = nn.utils.clip_grad_norm_([clipped], 0.7)
    saved["clipped"] = clipped.grad
    save("optimizers", saved)


def main() -> None:
    torch.manual_seed(20)
    HERE.mkdir(exist_ok=True)
    cell("rnn-tanh", nn.RNN(D, H), ("h",), 1)
    cell("rnn-relu", nn.RNN(D, H, nonlinearity="relu"), ("h",), 1)
    cell("lstm", nn.LSTM(D, H), ("h", "c"), 4)
    cell("gru-after", nn.GRU(D, H), ("h",), 3)
    losses()
    optimizers()


if __name__ == "__main__":
    main()
