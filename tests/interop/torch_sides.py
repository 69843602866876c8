"""A module of PyTorch and ours with the same weights and input; their results, flattened."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence

import elman.interop.torch as ours
from tolerances import tolerance

KINDS = ("RNN", "LSTM", "GRU")
# Largest difference, in units of the largest value where that is above 1.
FORWARD = {dtype: tolerance("states", str(dtype)[6:]) for dtype in (torch.float32, torch.float64)}
GRADIENT = {dtype: tolerance("gradients", str(dtype)[6:]) for dtype in (torch.float32, torch.float64)}


def pair(kind: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """Return PyTorch's module and ours with its weights."""
    theirs = getattr(torch.nn, kind)(*args, **kwargs)
    mine = getattr(ours, kind)(*args, **kwargs)
    mine.load_state_dict(theirs.state_dict())
    return theirs, mine


def flat(value: Any) -> list[Any]:
    """Return every tensor in arguments or results, in order."""
    if isinstance(value, PackedSequence):
        return [tensor for tensor in value if tensor is not None]
    if isinstance(value, torch.Tensor):
        return [value]
    return [] if value is None else [tensor for item in value for tensor in flat(item)]


def run(module: Any, arguments: tuple[Any, ...], backward: bool = True) -> tuple[list[Any], list[Any]]:
    """Return outputs, and gradients of arguments and parameters for cotangents that depend on the shapes alone."""
    arguments = copy.deepcopy(arguments)
    leaves = [tensor for tensor in flat(arguments) if tensor.is_floating_point() and backward]
    for tensor in leaves:
        tensor.requires_grad_()
    outputs = flat(module(*arguments))
    if not backward:
        return outputs, []
    module.zero_grad()
    random = torch.Generator().manual_seed(17)
    floating = [tensor for tensor in outputs if tensor.is_floating_point()]
    cotangents = [torch.randn(t.shape, generator=random, dtype=torch.float64).to(t.dtype) for t in floating]
    torch.autograd.backward(floating, cotangents)
    gradients = [*(tensor.grad for tensor in leaves), *(parameter.grad for parameter in module.parameters())]
    return [tensor.detach() for tensor in outputs], gradients


def difference(mine: list[Any], theirs: list[Any]) -> float:
    """Return the largest difference between two lists of tensors."""
    assert [t.shape for t in mine] == [t.shape for t in theirs]
    assert [t.dtype for t in mine] == [t.dtype for t in theirs]
    pairs = [(a.double(), b.double()) for a, b in zip(mine, theirs, strict=True) if a.numel()]
    assert all(torch.isfinite(a).all() for a, _ in pairs)
    return max(((a - b).abs().max() / b.abs().max().clamp(min=1.0)).item() for a, b in pairs)


def assert_equal_sides(theirs: Any, mine: Any, arguments: tuple[Any, ...]) -> None:
    """Fail unless outputs and gradients are equal up to rounding."""
    dtype = next(theirs.parameters()).dtype
    random_state = torch.get_rng_state()
    expected, expected_gradients = run(theirs, arguments)
    torch.set_rng_state(random_state)
    found, gradients = run(mine, arguments)
    assert difference(found, expected) <= FORWARD[dtype]
    assert difference(gradients, expected_gradients) <= GRADIENT[dtype]
    torch.set_rng_state(random_state)
    with torch.no_grad():
        assert difference(run(mine, arguments, backward=False)[0], expected) <= FORWARD[dtype]
