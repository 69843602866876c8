"""The engine's recurrent layers as operations that PyTorch can differentiate, on the CPU.

Tensors and arrays share their memory on the way in and out. What the backward pass needs is kept the way PyTorch wants
it, so that it notices changes in place and frees everything when it frees its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from elman.errors import UnsupportedError
from elman.interop.torch.passes import Array, States, Weights, backward, forward
from elman.network.timeline import Timeline

Tensor = Any


class Direction(NamedTuple):
    """How one layer runs in one direction.

    Attributes
    ----------
    cell : str
        lstm, gru, tanh or relu.
    reverse : bool
        From each row's last valid step to its first.
    lengths : ndarray (N,) of int64 or None
        Valid steps of each row; None means all.
    n_threads : int
        Threads of the kernels.
    """

    cell: str
    reverse: bool
    lengths: Array | None
    n_threads: int


class Run:
    """A forward pass of one direction over arrays."""

    def __init__(
        self, direction: Direction, x: Array, h_0: Array | None, c_0: Array | None, w: Weights, keep: bool
    ) -> None:
        T, N, _ = x.shape
        H = len(w.W_h)
        self.timeline = Timeline(T, N)
        self.timeline.bind(direction.lengths)
        self.x = self.timeline.reverse(x, np.empty_like(x)) if direction.reverse else x
        h_0 = np.zeros((N, H), x.dtype) if h_0 is None else h_0
        if c_0 is None and direction.cell == "lstm":
            c_0 = np.zeros((N, H), x.dtype)
        self.states = forward(direction.cell, self.x, h_0, c_0, w, direction.lengths, keep, direction.n_threads)
        h, c, _ = self.states
        self.y = self.timeline.reverse(h[1:], np.empty_like(h[1:])) if direction.reverse else h[1:]
        self.last = [self.timeline.last(s, np.empty((N, H), x.dtype)) for s in (h, c) if s is not None]

    def outputs(self) -> tuple[Tensor, ...]:
        """Return outputs (T, N, H) and final states (N, H); those of a forward direction share the states' memory."""
        return tuple(torch.from_numpy(array) for array in (self.y, *self.last))


def as_array(tensor: Tensor | None) -> Array | None:
    """Return the tensor's own memory as an array, or that of a contiguous copy."""
    return None if tensor is None else tensor.detach().contiguous().numpy()


class Differentiable(torch.autograd.Function):
    """One layer in one direction; see `apply_direction`."""

    @staticmethod
    def forward(
        ctx: Any, direction: Direction, x: Tensor, h_0: Tensor | None, c_0: Tensor | None, *parameters: Tensor
    ) -> tuple[Tensor, ...]:
        """Run the kernels and keep what backward needs."""
        w = Weights.from_torch(direction.cell, tuple(p.detach().numpy() for p in parameters))
        x = x.detach().contiguous()
        run = Run(direction, x.numpy(), as_array(h_0), as_array(c_0), w, keep=True)
        ctx.set_materialize_grads(False)
        ctx.direction, ctx.timeline, ctx.started = direction, run.timeline, (h_0 is not None, c_0 is not None)
        outputs = run.outputs()
        # Outputs and states share memory: keeping the output too lets PyTorch notice that somebody has changed it.
        kept = [None if array is None else torch.from_numpy(array) for array in (*run.states, *w)]
        ctx.save_for_backward(outputs[0], torch.from_numpy(run.x) if direction.reverse else x, *kept)
        return outputs

    @staticmethod
    def backward(ctx: Any, *adjoints: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradients of the arguments of forward."""
        direction, timeline = ctx.direction, ctx.timeline
        if torch.is_grad_enabled():
            raise UnsupportedError(
                f"elman.interop.torch: gradients of gradients (create_graph=True) are not supported for "
                f"{direction.cell}. Use the module of torch.nn where they are needed."
            )
        kept: list[Any] = [None if tensor is None else tensor.numpy() for tensor in ctx.saved_tensors[1:]]
        dy, dh_T, dc_T = (*(as_array(adjoint) for adjoint in adjoints), None)[:3]
        if direction.reverse and dy is not None:
            dy = timeline.reverse(dy, np.empty_like(dy))
        # fmt: off
        gradients = backward(
            direction.cell, (dy, dh_T, dc_T), kept[0], States(*kept[1:4]), Weights(*kept[4:]), direction.lengths,
            ctx.needs_input_grad[1], direction.n_threads,
        )
        # fmt: on
        dx = gradients.dx
        if direction.reverse and dx is not None:
            dx = timeline.reverse(dx, np.empty_like(dx))
        started = [g if given else None for g, given in zip(gradients[1:3], ctx.started, strict=True)]
        found = (dx, *started, *gradients.parameters)
        return None, *(None if array is None else torch.from_numpy(array) for array in found)


def apply_direction(
    direction: Direction, x: Tensor, h_0: Tensor | None, c_0: Tensor | None, parameters: list[Tensor]
) -> tuple[Tensor, ...]:
    """Run a layer in one direction.

    Parameters
    ----------
    direction : Direction
        The cell, and how it runs.
    x : Tensor (T, N, D)
        Inputs.
    h_0, c_0 : Tensor (N, H) or None
        Initial states; None means zeros.
    parameters : list of Tensor
        weight_ih, weight_hh and perhaps bias_ih, bias_hh of PyTorch.

    Returns
    -------
    outputs : tuple of Tensor
        y (T, N, H), zero past the end of a row; h and of an LSTM c (N, H) after each row's last step.
    """
    given = [tensor for tensor in (x, h_0, c_0, *parameters) if tensor is not None]
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given):
        outputs: tuple[Tensor, ...] = Differentiable.apply(direction, x, h_0, c_0, *parameters)
        return outputs
    w = Weights.from_torch(direction.cell, tuple(p.detach().numpy() for p in parameters))
    x_array = as_array(x)
    assert x_array is not None
    return Run(direction, x_array, as_array(h_0), as_array(c_0), w, keep=False).outputs()
