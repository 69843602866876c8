"""A PyTorch training script, with its own layers and with one changed import.

    pip install 'elman[torch]'
    python examples/torch_drop_in.py

The task is the adding problem (Hochreiter & Schmidhuber 1997): predict the sum of two marked values of a sequence.
"""

from __future__ import annotations

import time
from typing import Any

import torch

from elman.interop import torch as elman_torch  # elman_torch.GRU instead of torch.nn.GRU: the only change

STEPS, ROWS, HIDDEN, UPDATES = 50, 64, 64, 60


def batch(random: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return sequences (T, N, 2) of values and marks, and the sums (N, 1) of the marked values."""
    values = torch.rand(STEPS, ROWS, generator=random)
    marks = torch.zeros(STEPS, ROWS)
    half = STEPS // 2
    for first in (0, half):
        marks[first + torch.randint(half, (ROWS,), generator=random), torch.arange(ROWS)] = 1.0
    return torch.stack([values, marks], dim=2), (values * marks).sum(0).unsqueeze(1)


def train(recurrent: Any) -> tuple[list[float], float]:
    """Return the loss of every update and the total seconds."""
    torch.manual_seed(0)
    layer, head = recurrent(2, HIDDEN), torch.nn.Linear(HIDDEN, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=1e-2)
    random, losses, start = torch.Generator().manual_seed(1), [], time.perf_counter()
    for _ in range(UPDATES):
        x, y = batch(random)
        optimizer.zero_grad()
        _, last = layer(x)
        loss = torch.nn.functional.mse_loss(head(last[0]), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, time.perf_counter() - start


def main() -> None:
    losses, seconds = train(torch.nn.GRU)
    our_losses, our_seconds = train(elman_torch.GRU)
    print(f"torch.nn.GRU             {seconds:.2f} s, loss {losses[0]:.4f} -> {losses[-1]:.4f}")
    print(f"elman.interop.torch.GRU  {our_seconds:.2f} s, loss {our_losses[0]:.4f} -> {our_losses[-1]:.4f}")
    apart = max(abs(ours - theirs) for ours, theirs in zip(our_losses, losses, strict=True))
    print(f"the same training run: losses differ by {apart:.1g} at most")


if __name__ == "__main__":
    main()
