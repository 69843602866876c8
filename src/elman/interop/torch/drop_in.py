"""`torch.nn.LSTM`, `GRU` and `RNN` with Elman's kernels inside, for training scripts on the CPU.

Constructor, parameters, starting values, ``state_dict``, checks of arguments and outputs are those of `torch.nn`, whose
classes are the bases of these. Only the arithmetic of ``forward``, and with it the gradient, is Elman's.
"""

from __future__ import annotations

from typing import Any, NoReturn

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman.errors import UnsupportedError
from elman.interop.torch.functions import Direction, apply_direction
from elman.interop.torch.passes import Array

__all__: list[str] = []  # the package hands out the classes, so that its names exist without PyTorch

Tensor = Any
_DTYPES = (torch.float32, torch.float64)


class _Recurrent(torch.nn.RNNBase):
    """What the three modules have in common; stands before the class of `torch.nn` among their bases."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.proj_size:
            raise UnsupportedError(
                f"{self._place}: proj_size={self.proj_size} is not supported. Use torch.nn.LSTM, or a linear layer."
            )

    @property
    def _place(self) -> str:
        return f"elman.interop.torch.{type(self).__name__}"

    @property
    def _cell(self) -> str:
        return {"RNN_TANH": "tanh", "RNN_RELU": "relu", "LSTM": "lstm", "GRU": "gru"}[self.mode]

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:  # noqa: A002 (the name of torch.nn)
        """Run the layers; arguments and results are those of the module of this name in `torch.nn`.

        Raises
        ------
        UnsupportedError
            On autocast, on dtypes other than float32 and float64, and on devices other than the CPU.
        """
        packed = isinstance(input, PackedSequence)
        self._check_supported(input.data if packed else input)
        if not self._fits(input, hx, packed):
            self._refuse(input, hx)
        states = None if hx is None else (hx if self.mode == "LSTM" else (hx,))
        y, finals = self._run_packed(input, states) if packed else self._run_padded(input, states)
        return y, tuple(finals) if self.mode == "LSTM" else finals[0]

    def _check_supported(self, data: Any) -> None:
        """Refuse by name what PyTorch's module can do and this one cannot."""
        if torch.is_autocast_enabled("cpu"):
            raise UnsupportedError(f"{self._place}: autocast is not supported. Leave it, or use torch.nn.")
        if not isinstance(data, torch.Tensor):
            return
        for what, tensor in (("input", data), ("weights", self.all_weights[0][0])):
            if tensor.device.type != "cpu":
                raise UnsupportedError(f"{self._place}: runs on the CPU alone, got {what} on {tensor.device}.")
            if tensor.dtype.is_floating_point and tensor.dtype not in _DTYPES:
                raise UnsupportedError(f"{self._place}: needs float32 or float64, got {what} of {tensor.dtype}.")

    def _fits(self, sequences: Any, hx: Any, packed: bool) -> bool:
        """Whether shapes and dtypes are those that forward takes."""
        data = sequences.data if packed else sequences
        if not isinstance(data, torch.Tensor) or data.dim() not in ((2,) if packed else (2, 3)):
            return False
        weight = self.all_weights[0][0]
        if data.dtype != weight.dtype or data.shape[-1] != self.input_size:
            return False
        if data.shape[1 if data.dim() == 3 and self.batch_first else 0] == 0:  # no steps
            return False
        if hx is None:
            return True
        states = hx if self.mode == "LSTM" else (hx,)
        rows = self._rows(sequences, packed)
        expected = (self.num_layers * (2 if self.bidirectional else 1), *rows, self.hidden_size)
        return (
            isinstance(states, tuple | list)
            and len(states) == (2 if self.mode == "LSTM" else 1)
            and all(
                isinstance(s, torch.Tensor)
                and s.shape == expected
                and s.dtype == weight.dtype
                and s.device == data.device
                for s in states
            )
        )

    def _rows(self, sequences: Any, packed: bool) -> tuple[int, ...]:
        """Return (N,), or () for a sequence without a batch."""
        if packed:
            return (int(sequences.batch_sizes[0]),)
        return () if sequences.dim() == 2 else (sequences.shape[0 if self.batch_first else 1],)

    def _refuse(self, sequences: Any, hx: Any) -> NoReturn:
        """Let `torch.nn` say what is wrong."""
        with torch.no_grad():
            super().forward(sequences, hx)
        raise UnsupportedError(f"{self._place}: this input runs in torch.nn.{type(self).__name__} alone.")

    def _run_padded(self, x: Any, states: Any) -> tuple[Any, list[Any]]:
        batched = x.dim() == 3
        if not batched:
            x, states = x.unsqueeze(1), None if states is None else [s.unsqueeze(1) for s in states]
        elif self.batch_first:
            x = x.transpose(0, 1)
        y, finals = self._run_layers(x, states, None)
        if not batched:
            return y.squeeze(1), [s.squeeze(1) for s in finals]
        return y.transpose(0, 1) if self.batch_first else y, finals

    def _run_packed(self, packed: Any, states: Any) -> tuple[Any, list[Any]]:
        """Run over the rows from the longest to the shortest, the order in which they are packed."""
        data, batch_sizes, sorting, unsorting = packed
        x, lengths = pad_packed_sequence(PackedSequence(data, batch_sizes))
        if states is not None and sorting is not None:
            states = [s.index_select(1, sorting) for s in states]
        y, finals = self._run_layers(x, states, lengths)
        if unsorting is not None:
            finals = [s.index_select(1, unsorting) for s in finals]
        return PackedSequence(pack_padded_sequence(y, lengths).data, batch_sizes, sorting, unsorting), finals

    def _run_layers(self, x: Any, states: Any, lengths: Any) -> tuple[Any, list[Any]]:
        """Run all layers over x (T, N, D); states are None or one tensor (layers·directions, N, H) per kind."""
        weights = self.all_weights
        directions = 2 if self.bidirectional else 1
        starts = [None] * len(weights) if states is None else list(zip(*(s.unbind(0) for s in states), strict=True))
        finals = []
        rows = None if lengths is None else lengths.numpy()
        for first in range(0, len(weights), directions):
            outputs = []
            for place in range(first, first + directions):
                y, *last = self._run_direction(x, starts[place], rows, weights[place], reverse=place > first)
                outputs.append(y)
                finals.append(last)
            x = outputs[0] if directions == 1 else torch.cat(outputs, 2)
            if self.training and self.dropout and first + directions < len(weights):
                x = self._drop(x, lengths)
        if len(finals) == 1:
            return x, [s.unsqueeze(0) for s in finals[0]]
        return x, [torch.stack(kind) for kind in zip(*finals, strict=True)]

    def _run_direction(
        self, x: Any, start: Any, lengths: Array | None, parameters: list[Any], reverse: bool
    ) -> tuple[Any, ...]:
        h_0, c_0 = (None, None) if start is None else (*start, None)[:2]
        direction = Direction(self._cell, reverse, lengths, torch.get_num_threads())
        return apply_direction(direction, x, h_0, c_0, parameters)

    def _drop(self, y: Any, lengths: Any) -> Any:
        """Drop what passes upwards, with the random numbers that PyTorch would have drawn."""
        if lengths is None:
            return torch.nn.functional.dropout(y, self.dropout)
        packed = pack_padded_sequence(y, lengths)
        dropped = torch.nn.functional.dropout(packed.data, self.dropout)
        return pad_packed_sequence(PackedSequence(dropped, packed.batch_sizes))[0]


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
    """`torch.nn.LSTM` with Elman's kernels; ``proj_size`` is refused by name.

    Raises
    ------
    UnsupportedError
        If ``proj_size`` is not 0.

    Examples
    --------
    >>> layer = LSTM(3, 4, num_layers=2, bidirectional=True)
    >>> y, (h_n, c_n) = layer(torch.zeros(5, 2, 3))
    >>> y.shape, c_n.shape
    (torch.Size([5, 2, 8]), torch.Size([4, 2, 4]))
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
