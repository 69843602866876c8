"""Random modules and inputs against PyTorch: outputs, final states and every gradient."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from interop.torch_sides import KINDS, assert_equal_sides, pair

CONFIGURATIONS = 800


def lengths_of(choose: random.Random, steps: int, rows: int) -> Any:
    """Return lengths of which at least one is the number of steps."""
    lengths = [choose.randint(1, steps) for _ in range(rows)]
    lengths[choose.randrange(rows)] = steps
    return torch.tensor(lengths)


def build(seed: int) -> tuple[Any, Any, tuple[Any, ...]]:
    """Return both modules and their arguments."""
    choose = random.Random(seed)
    torch.manual_seed(seed)
    kind = KINDS[seed % 3]
    D, H, layers = choose.randint(1, 9), choose.choice([1, 2, 3, 7, 8, 9, 16, 17, 33]), choose.randint(1, 3)
    both = choose.random() < 0.5
    options: dict[str, Any] = {
        "num_layers": layers,
        "bias": choose.random() < 0.8,
        "batch_first": choose.random() < 0.5,
        "bidirectional": both,
        "dropout": choose.choice([0.0, 0.4]) if layers > 1 else 0.0,
        "dtype": torch.float64,
    }
    if kind == "RNN":
        options["nonlinearity"] = choose.choice(["tanh", "relu"])
    if kind == "LSTM" and H > 1 and choose.random() < 0.3:
        options["proj_size"] = choose.randint(1, H - 1)
    theirs, mine = pair(kind, D, H, **options)
    training = choose.random() < 0.7
    T, N = choose.randint(1, 12), choose.randint(1, 9)
    form = choose.choice(["batch", "batch", "one sequence", "packed", "packed unsorted", "strided"])
    x = torch.randn(T, N, D, dtype=torch.float64)
    if form == "one sequence":
        sequences: Any = x[:, 0].contiguous()
    elif form.startswith("packed"):
        lengths = lengths_of(choose, T, N)
        lengths = lengths if "unsorted" in form else lengths.sort(descending=True).values
        packing = {"enforce_sorted": "unsorted" not in form}
        sequences = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, **packing)
    elif form == "strided":
        sequences = torch.randn(D, N, T, dtype=torch.float64).permute(*((1, 2, 0) if mine.batch_first else (2, 1, 0)))
    else:
        sequences = x.transpose(0, 1).contiguous() if mine.batch_first else x
    arguments: tuple[Any, ...] = (sequences,)
    if choose.random() < 0.6:
        shape = (layers * (2 if both else 1), *([] if form == "one sequence" else [N]))
        sizes = (mine.proj_size or H, H)[: 2 if kind == "LSTM" else 1]
        states = [torch.randn((*shape, size), dtype=torch.float64) for size in sizes]
        arguments += (tuple(states) if kind == "LSTM" else states[0],)
    return theirs.train(training), mine.train(training), arguments


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_configuration(seed: int) -> None:
    theirs, mine, arguments = build(seed)
    assert_equal_sides(theirs, mine, arguments)
