"""The engine's recurrent layers as differentiable PyTorch functions on the CPU.

Tensors and arrays share memory. Values for the backward pass are saved through PyTorch, which detects changes in place
and frees them together with its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import numpy as np
import torch

from elman.errors import UnsupportedError
from elman.interop.torch.passes import Array, States, backward, forward
from elman.network.timeline import Timeline

Tensor = Any


class Direction(NamedTuple):
    """Settings of one layer in one direction.

    Attributes
    ----------
    cell : str
        lstm, gru, tanh or relu.
    reverse : bool
        Run from each row's last valid step to its first.
    lengths : ndarray (N,) of int64 or None
        Valid steps of each row; None means all.
    n_threads : int
        Threads of the kernels.
    keep : bool
        Whether a backward pass may follow.
    """

    cell: str
    reverse: bool
    lengths: Array | None
    n_threads: int
    keep: bool


class Differentiable(torch.autograd.Function):
    """One layer in one direction; see `apply_direction`."""

    @staticmethod
    def forward(
        ctx: Any, direction: Direction, x: Tensor, h_0: Tensor | None, c_0: Tensor | None, *parameters: Tensor
    ) -> tuple[Tensor, ...]:
        """Run the kernels and save the values for backward."""
        cell, reverse, lengths, n_threads, keep = direction
        weights = [as_array(parameter) for parameter in parameters]
        given = x.numpy(force=True)
        entered = np.ascontiguousarray(given)
        timeline = Timeline(given.shape[0], given.shape[1], lengths)
        if reverse:
            entered = timeline.reverse(entered, np.empty_like(entered))
        states = forward(cell, entered, as_array(h_0), as_array(c_0), weights, lengths, keep, n_threads)
        y = states.h[1:]
        if reverse:
            y = timeline.reverse(y, np.empty_like(y))
        outputs = tuple(torch.from_numpy(array) for array in (y, *_ends(states, timeline)))
        if keep:
            ctx.set_materialize_grads(False)
            ctx.direction, ctx.timeline, ctx.columns = direction, timeline, states.matrices.shape[1]
            kept = (None if entered is given else entered, states.h, states.rest)
            # The tensors that torch.nn saves are saved too, so that PyTorch detects changes in place.
            watched = (x, outputs[0], h_0, c_0, parameters[1], parameters[0] if x.requires_grad else None)
            ctx.save_for_backward(*(None if array is None else torch.from_numpy(array) for array in kept), *watched)
        return outputs

    @staticmethod
    def backward(ctx: Any, *adjoints: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradients of the arguments of forward."""
        direction, timeline, needed = ctx.direction, ctx.timeline, ctx.needs_input_grad
        if torch.is_grad_enabled():
            raise _unsupported(direction, "second derivatives (create_graph=True)")
        entered, h, rest, x, *_ = ctx.saved_tensors
        dy, dh_T, dc_T = (*(as_array(adjoint) for adjoint in adjoints), None)[:3]
        if direction.reverse and dy is not None:
            dy = timeline.reverse(dy, np.empty_like(dy))
        states = States.laid_out(direction.cell, h.numpy(), rest.numpy(), ctx.columns)
        # fmt: off
        dx, dh_0, dc_0, parameters = backward(
            direction.cell, (dy, dh_T, dc_T), as_array(x) if entered is None else entered.numpy(), states,
            direction.lengths, needed[1], any(needed[2:4]), len(needed) == 8, direction.n_threads,
        )
        # fmt: on
        if direction.reverse and dx is not None:
            dx = timeline.reverse(dx, np.empty_like(dx))
        started = [
            d[np.newaxis] if need and d is not None else None for d, need in zip((dh_0, dc_0), needed[2:4], strict=True)
        ]
        return None, *(None if array is None else torch.from_numpy(array) for array in (dx, *started, *parameters))

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> NoReturn:
        """Refuse derivatives in forward mode, which would otherwise be dropped silently."""
        raise UnsupportedError(
            "elman.interop.torch: derivatives in forward mode are not supported. Use torch.nn for them."
        )


def _unsupported(direction: Direction, what: str) -> UnsupportedError:
    return UnsupportedError(
        f"elman.interop.torch: {what} are not supported for {direction.cell}. Use the module of torch.nn for them."
    )


def as_array(tensor: Tensor | None) -> Any:
    """Return the tensor's memory as an array, or a contiguous copy."""
    return None if tensor is None else np.ascontiguousarray(tensor.numpy(force=True))


def _ends(states: States, timeline: Timeline) -> list[Array]:
    """Return the states after each row's last step, (1, N, H)."""
    if timeline.lengths is None:
        return [s[-1:].copy() for s in (states.h, states.c) if s is not None]
    found = []
    for s in (states.h, states.c):
        if s is not None:
            found.append(np.empty((1, *s.shape[1:]), s.dtype))
            timeline.last(s, found[-1][0])
    return found


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
    h_0, c_0 : Tensor (1, N, H) or None
        Initial states; None means zeros.
    parameters : list of Tensor
        weight_ih, weight_hh and optionally bias_ih, bias_hh of PyTorch.

    Returns
    -------
    outputs : tuple of Tensor
        y (T, N, H), zero past the end of a row; h and for an LSTM c (1, N, H) after each row's last step.
    """
    try:
        outputs: tuple[Tensor, ...] = Differentiable.apply(direction, x, h_0, c_0, *parameters)
    except RuntimeError as error:
        if "functorch" in str(error):  # PyTorch's own message is for authors of functions
            raise _unsupported(direction, "the transforms of torch.func") from None
        raise
    return outputs
