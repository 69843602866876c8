"""`torch.nn.LSTM`, `GRU` and `RNN` with Elman's kernels, for training scripts on the CPU.

These are subclasses of the classes of `torch.nn`, which supply constructor, parameters, initial values, ``state_dict``,
checks of arguments and outputs. Only ``forward`` and its gradient are Elman's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman.errors import UnsupportedError
from elman.interop.torch.functions import Direction, apply_direction

__all__: list[str] = []  # the package exports the classes lazily, so that its names exist without PyTorch

Tensor = Any
_DTYPES = (torch.float32, torch.float64)


class _Recurrent(torch.nn.RNNBase):
    """Common base of the three modules; it precedes the class of `torch.nn` among their bases."""

    @property
    def _place(self) -> str:
        return f"elman.interop.torch.{type(self).__name__}"

    @property
    def _cell(self) -> str:
        return {"RNN_TANH": "tanh", "RNN_RELU": "relu", "LSTM": "lstm", "GRU": "gru"}[self.mode]

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:  # noqa: A002 (the name of torch.nn)
        """Run the layers; arguments and results are those of the module of this name in `torch.nn`.

        Tracing and export use the module of `torch.nn`; `torch.compile` leaves the layers unchanged.

        Raises
        ------
        UnsupportedError
            On autocast, on dtypes other than float32 and float64, and on devices other than the CPU.
        """
        exported = torch.compiler.is_compiling() and not torch.compiler.is_dynamo_compiling()
        if exported or torch.jit.is_tracing():
            found: tuple[Any, Any] = super().forward(input, hx)
            return found
        if "torch._dynamo" in sys.modules:
            return _uncompiled(self, input, hx)
        return self._forward(input, hx)

    def _forward(self, sequences: Any, hx: Any) -> tuple[Any, Any]:
        packed, weights = isinstance(sequences, PackedSequence), self._weights()
        if torch.is_autocast_enabled("cpu"):
            raise UnsupportedError(f"{self._place}: autocast is not supported. Disable it, or use torch.nn.")
        if not self._fits(sequences, hx, packed, weights):
            self._check_supported(sequences.data if packed else sequences, weights)
            self._refuse(sequences, hx)
        states = None if hx is None else (hx if self.mode == "LSTM" else (hx,))
        run = self._run_packed if packed else self._run_padded
        y, finals = run(sequences, states, weights)
        return y, tuple(finals) if self.mode == "LSTM" else finals[0]

    def _weights(self) -> list[Any]:
        """Return the weights of all layers; computed weights are attributes but not parameters."""
        own = self._parameters  # attribute access to parameters is slow
        return [own[name] if name in own else getattr(self, name) for name in self._flat_weights_names]

    def _check_supported(self, data: Any, weights: list[Any]) -> None:
        """Refuse features of PyTorch's module that this module lacks."""
        if not isinstance(data, torch.Tensor):
            return
        for tensor in (data, *weights):
            if tensor.is_cpu and (tensor.dtype in _DTYPES or not (tensor.is_floating_point() or tensor.is_complex())):
                continue
            what = "input" if tensor is data else "weights"
            if not tensor.is_cpu:
                raise UnsupportedError(f"{self._place}: runs only on the CPU, got {what} on {tensor.device}.")
            raise UnsupportedError(f"{self._place}: needs float32 or float64, got {what} of {tensor.dtype}.")

    def _fits(self, sequences: Any, hx: Any, packed: bool, weights: list[Any]) -> bool:
        """Whether devices, dtypes and shapes are valid for forward."""
        data = sequences.data if packed else sequences
        if not isinstance(data, torch.Tensor) or data.dim() not in ((2,) if packed else (2, 3)):
            return False
        dtype, shape = data.dtype, data.shape
        if dtype not in _DTYPES or shape[-1] != self.input_size:
            return False
        for tensor in (data, *weights):
            if tensor.dtype != dtype or not tensor.is_cpu:
                return False
        if shape[1 if len(shape) == 3 and self.batch_first else 0] == 0:  # no steps
            return False
        return hx is None or self._states_fit(hx, self._rows(sequences, packed), dtype)

    def _states_fit(self, hx: Any, rows: tuple[int, ...], dtype: Any) -> bool:
        states = hx if self.mode == "LSTM" else (hx,)
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)[: 2 if self.mode == "LSTM" else 1]
        expected = [(self.num_layers * (2 if self.bidirectional else 1), *rows, size) for size in sizes]
        return (
            isinstance(states, tuple | list)
            and all(isinstance(s, torch.Tensor) for s in states)
            and [s.shape for s in states] == expected
            and all(s.dtype == dtype and s.is_cpu for s in states)
        )

    def _rows(self, sequences: Any, packed: bool) -> tuple[int, ...]:
        """Return (N,), or () for a sequence without a batch."""
        if packed:
            return (int(sequences.batch_sizes[0]),)
        return () if sequences.dim() == 2 else (sequences.shape[0 if self.batch_first else 1],)

    def _refuse(self, sequences: Any, hx: Any) -> NoReturn:
        """Let `torch.nn` raise its own error."""
        with torch.no_grad():
            super().forward(sequences, hx)
        raise UnsupportedError(f"{self._place}: this input runs only in torch.nn.{type(self).__name__}.")

    def _run_padded(self, x: Any, states: Any, weights: list[Any]) -> tuple[Any, list[Any]]:
        batched = x.dim() == 3
        if not batched:
            x, states = x.unsqueeze(1), None if states is None else [s.unsqueeze(1) for s in states]
        elif self.batch_first:
            x = x.transpose(0, 1)
        y, finals = self._run_layers(x, states, None, weights)
        if not batched:
            return y.squeeze(1), [s.squeeze(1) for s in finals]
        return y.transpose(0, 1) if self.batch_first else y, finals

    def _run_packed(self, packed: Any, states: Any, weights: list[Any]) -> tuple[Any, list[Any]]:
        """Run over the rows in packed order, from the longest to the shortest."""
        data, batch_sizes, sorting, unsorting = packed
        x, lengths = pad_packed_sequence(PackedSequence(data, batch_sizes))
        if states is not None and sorting is not None:
            states = [s.index_select(1, sorting) for s in states]
        y, finals = self._run_layers(x, states, lengths, weights)
        if unsorting is not None:
            finals = [s.index_select(1, unsorting) for s in finals]
        return PackedSequence(pack_padded_sequence(y, lengths).data, batch_sizes, sorting, unsorting), finals

    def _run_layers(self, x: Any, states: Any, lengths: Any, weights: list[Any]) -> tuple[Any, list[Any]]:
        """Run all layers over x (T, N, D); states are None or one tensor (layers·directions, N, H) per kind."""
        directions = 2 if self.bidirectional else 1
        layers = self.num_layers * directions
        each = len(weights) // layers
        starts = [(None, None)] * layers if states is None else _each_layer(states, layers)
        rows, threads = None if lengths is None else lengths.numpy(), torch.get_num_threads()
        finals: list[Any] = []
        for first in range(0, layers, directions):
            outputs = []
            for place in range(first, first + directions):
                own, (h_0, c_0) = weights[place * each : (place + 1) * each], starts[place]
                run = _run_projected if self.proj_size else _run_direction
                y, *last = run(Direction(self._cell, place > first, rows, threads, False), x, h_0, c_0, own)
                outputs.append(y)
                finals.append(last)
            x = outputs[0] if directions == 1 else torch.cat(outputs, 2)
            if self.training and self.dropout and first + directions < layers:
                x = self._drop(x, lengths)
        return x, finals[0] if layers == 1 else [torch.cat(kind) for kind in zip(*finals, strict=True)]

    def _drop(self, y: Any, lengths: Any) -> Any:
        """Apply dropout between layers, with the same random numbers as PyTorch."""
        if lengths is None:
            return torch.nn.functional.dropout(y, self.dropout)
        packed = pack_padded_sequence(y, lengths)
        dropped = torch.nn.functional.dropout(packed.data, self.dropout)
        return pad_packed_sequence(PackedSequence(dropped, packed.batch_sizes))[0]


def _run_direction(direction: Direction, x: Any, h_0: Any, c_0: Any, weights: list[Any]) -> tuple[Any, ...]:
    """Run a layer in one direction; store what a backward pass needs if one may follow."""
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (*weights, x, h_0, c_0))
    return apply_direction(direction._replace(keep=keep), x, h_0, c_0, weights)


def _run_projected(direction: Direction, x: Any, r_0: Any, c_0: Any, weights: list[Any]) -> tuple[Any, ...]:
    """Run an LSTM with a projection in one direction, r_t = h_t weight_hrᵀ, by the kernels of one without.

    As h_{t-1} enters the gates through r_{t-1} alone, the recurrent weights are weight_hh weight_hr. The initial r_0 is
    no product with a state; it enters as inputs of the first step that are zero at the others.
    """
    weight_ih, weight_hh, *biases, weight_hr = weights
    if r_0 is not None:
        steps = torch.arange(len(x)).unsqueeze(1)
        lengths = len(x) if direction.lengths is None else torch.from_numpy(direction.lengths)
        first = (steps == (lengths - 1 if direction.reverse else 0)).unsqueeze(2)
        x = torch.cat([x, torch.where(first, r_0, torch.zeros_like(r_0))], 2)
        weight_ih = torch.cat([weight_ih, weight_hh], 1)
    h, h_n, c_n = _run_direction(direction, x, None, c_0, [weight_ih, weight_hh @ weight_hr, *biases])
    return torch.nn.functional.linear(h, weight_hr), torch.nn.functional.linear(h_n, weight_hr), c_n


def _each_layer(states: Any, layers: int) -> list[tuple[Any, Any]]:
    """Return h_0 and c_0 (1, N, H) of every layer and direction."""
    parts = [(s,) if layers == 1 else s.split(1) for s in states]
    return list(zip(parts[0], parts[1] if len(parts) > 1 else [None] * layers, strict=True))


# Unlike torch.compiler.disable, this does not load the compiler, which takes seconds.
_uncompiled: Callable[..., tuple[Any, Any]] = torch._disable_dynamo(_Recurrent._forward)


class RNN(_Recurrent, torch.nn.RNN):
    """`torch.nn.RNN` with Elman's kernels: tanh or ReLU, both directions, several layers, dropout between them.

    Examples
    --------
    >>> layer = RNN(3, 4, nonlinearity="relu")
    >>> y, h_n = layer(torch.zeros(5, 2, 3))                           # T=5, N=2, D=3
    >>> y.shape, h_n.shape
    (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]))
    """


class LSTM(_Recurrent, torch.nn.LSTM):
    """`torch.nn.LSTM` with Elman's kernels, ``proj_size`` included (Sak et al. 2014).

    Examples
    --------
    >>> layer = LSTM(3, 4, num_layers=2, bidirectional=True)
    >>> y, (h_n, c_n) = layer(torch.zeros(5, 2, 3))
    >>> y.shape, c_n.shape
    (torch.Size([5, 2, 8]), torch.Size([4, 2, 4]))
    >>> y, (h_n, c_n) = LSTM(3, 4, proj_size=2)(torch.zeros(5, 2, 3))
    >>> y.shape, h_n.shape, c_n.shape
    (torch.Size([5, 2, 2]), torch.Size([1, 2, 2]), torch.Size([1, 2, 4]))
    """


class GRU(_Recurrent, torch.nn.GRU):
    """`torch.nn.GRU` with Elman's kernels.

    Examples
    --------
    >>> layer = GRU(3, 4, batch_first=True)
    >>> y, h_n = layer(torch.zeros(2, 5, 3))
    >>> y.square().sum().backward()
    >>> layer.weight_hh_l0.grad.shape
    torch.Size([12, 4])
    """
