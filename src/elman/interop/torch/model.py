"""Any Elman network as a PyTorch module, for proofs and exports."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from elman.errors import UnsupportedError
from elman.network import Architecture

__all__: list[str] = []  # the package exports the class lazily, so that its name exists without PyTorch

MODULES = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


class Model(torch.nn.Module):
    """Embedding, recurrent layers, readout, output layer and skip, all of `torch.nn`.

    Parameters
    ----------
    architecture : Architecture
        The architecture to build.

    Raises
    ------
    UnsupportedError
        If it has recurrent dropout or an activation that `torch.nn.RNN` lacks.

    Examples
    --------
    >>> model = Model(Architecture(3, 2, cell="gru", hidden_size=4, readout="last", output="softmax"))
    >>> y, h_n = model(torch.zeros(5, 2, 3), lengths=torch.tensor([5, 3]))
    >>> y.shape
    torch.Size([2, 2])
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        a = self.architecture = architecture
        if a.recurrent_dropout:
            raise UnsupportedError(
                "Model: torch.nn has no recurrent_dropout; the network could run, but not be trained."
            )
        if a.reverse:
            raise UnsupportedError("Model: torch.nn has no layer that only runs backwards (reverse=True).")
        if a.activation not in ("tanh", "relu"):
            raise UnsupportedError(f"Model: activation={a.activation!r} is none of torch.nn.RNN's: tanh, relu.")
        if a.embedding_size is not None:
            self.embedding = torch.nn.Embedding(a.vocabulary_size, a.embedding_size)
        options: dict[str, Any] = {"nonlinearity": a.activation} if a.cell == "rnn" else {}
        options |= {"bias": a.bias}
        options |= {"proj_size": a.projection_size} if a.projection_size is not None else {}
        kind, entering = MODULES[a.cell], a.layer_input_size(0)
        both = [len(a.layer_backwards(layer)) == 2 for layer in range(a.num_layers)]
        if a.alike:
            options |= {"dropout": a.dropout if a.num_layers > 1 else 0.0, "bidirectional": both[0]}
            self.recurrent = kind(entering, a.units[0], a.num_layers, **options)
        else:  # one module per layer, each with units and directions of its own
            sizes = [(a.layer_input_size(layer), units) for layer, units in enumerate(a.units)]
            modules = [kind(*size, bidirectional=own, **options) for size, own in zip(sizes, both, strict=True)]
            self.recurrent = torch.nn.ModuleList(modules)
        if a.dense:
            inputs = (a.readout_size, *a.dense)
            pairs = zip(inputs, a.dense, strict=False)
            self.dense = torch.nn.ModuleList([torch.nn.Linear(*pair, bias=a.bias) for pair in pairs])
        self.output = torch.nn.Linear(a.head_size, a.output_size, bias=a.bias)
        if a.tied_weights:
            self.output.weight = self.embedding.weight
        if a.linear_skip:
            self.skip = torch.nn.Linear(a.skip_steps * (a.input_size or 0), a.output_size, bias=False)
        self.dropout = torch.nn.Dropout(a.dropout)

    def forward(self, x: Any, state: Any = None, lengths: Any = None) -> tuple[Any, Any]:
        """Return outputs and final states of time-major input.

        Parameters
        ----------
        x : Tensor (T, N, D), or (T, N) of integers
            Input.
        state : Tensor or tuple of Tensor (layers·directions, N, H), optional
            Initial states as the recurrent module takes them; with layers of unlike units as wide as the largest.
        lengths : Tensor (N,) of integers, optional
            Valid steps of each row.

        Returns
        -------
        y : Tensor (T, N, K) or (N, K)
            Outputs, activated.
        state : Tensor or tuple of Tensor
            Final states.
        """
        lengths = torch.full(x.shape[1:2], len(x)) if lengths is None else lengths
        padding = torch.arange(len(x))[:, None, None] >= lengths[None, :, None]
        packed = pack_padded_sequence(self._fed(x), lengths, enforce_sorted=False)
        if isinstance(self.recurrent, torch.nn.ModuleList):
            packed, state = self._stacked(packed, state)
        else:
            packed, state = self.recurrent(packed, state)
        h, _ = pad_packed_sequence(packed, total_length=len(x))
        r = self.dropout(self._read_out(h, state, lengths, padding))
        for dense, activation in zip(getattr(self, "dense", ()), self.architecture.dense_activations, strict=True):
            r = _activated(dense(r), activation)
        o = self.output(r)
        if self.architecture.linear_skip:
            o = o + self.skip(self._skipped(x, lengths, padding))
        return _activated(o, self.architecture.output), state

    def _stacked(self, packed: Any, state: Any) -> tuple[Any, Any]:
        """Run the layers one by one; their states are the first columns of tensors as wide as the largest layer."""
        a, finals = self.architecture, []
        for layer, module in enumerate(self.recurrent):
            here, units = slice(a.first_part(layer), a.first_part(layer + 1)), a.layer_size(layer)
            given = None
            if state is not None:
                widths = (a.projection_size or units, units)  # of h and c
                both = zip(state if a.kind.has_c else (state,), widths, strict=False)
                parts = [part[here, :, :width].contiguous() for part, width in both]
                given = tuple(parts) if a.kind.has_c else parts[0]
            packed, final = module(packed, given)
            if layer + 1 < a.num_layers:
                packed = packed._replace(data=self.dropout(packed.data))
            widest = (a.projection_size or a.state_size, a.state_size)
            ends = zip(final if a.kind.has_c else (final,), widest, strict=False)
            finals.append([functional.pad(end, (0, width - end.shape[2])) for end, width in ends])
        joined = [torch.cat(parts) for parts in zip(*finals, strict=True)]
        return packed, tuple(joined) if a.kind.has_c else joined[0]

    def _fed(self, x: Any) -> Any:
        a = self.architecture
        if a.embedding_size is not None:
            return self.dropout(self.embedding(x))
        if a.vocabulary_size is not None:
            return functional.one_hot(x, a.vocabulary_size).to(self.output.weight.dtype)
        return x

    def _read_out(self, h: Any, state: Any, lengths: Any, padding: Any) -> Any:
        readout = self.architecture.readout
        if readout == "every":
            return h
        if readout == "mean":
            return h.sum(0) / lengths[:, None]
        if readout == "max":
            return h.masked_fill(padding, -torch.inf).amax(0)
        last = state[0] if self.architecture.kind.has_c else state
        a = self.architecture
        tops = last[a.first_part(a.num_layers - 1) :, :, : a.projection_size or a.units[-1]]
        return torch.cat(list(tops), 1)

    def _skipped(self, x: Any, lengths: Any, padding: Any) -> Any:
        if self.architecture.readout == "every":
            return x.masked_fill(padding, 0.0)
        steps, rows = self.architecture.skip_steps, torch.arange(x.shape[1])
        padded = torch.cat([x.new_zeros(steps, *x.shape[1:]), x])
        return torch.cat([padded[lengths + step, rows] for step in range(steps)], 1)


def _activated(o: Any, name: str) -> Any:
    if name == "identity":
        return o
    return getattr(torch, name)(o, -1) if name.endswith("softmax") else getattr(torch, name)(o)


class Ensemble(torch.nn.ModuleList):
    """The networks of an ensemble, each a `Model`.

    Elman's estimators combine their outputs differently (the median of forecasts, the mean of a classifier's logits);
    here they stay separate.

    Examples
    --------
    >>> ensemble = Ensemble([Model(Architecture(3, 2, cell="gru", hidden_size=4)) for _ in range(5)])
    >>> y, states = ensemble(torch.zeros(7, 1, 3))                      # T=7, N=1, D=3
    >>> y.shape, len(states)
    (torch.Size([5, 7, 1, 2]), 5)
    """

    def forward(self, x: Any, states: Any = None, lengths: Any = None) -> tuple[Any, list[Any]]:
        """Return the outputs of all members along a new first axis, and their final states.

        Parameters
        ----------
        x, lengths : Tensor
            See `Model`.
        states : list, optional
            Initial states of every member.

        Returns
        -------
        y : Tensor (members, T, N, K) or (members, N, K)
            Outputs, activated.
        states : list of Tensor or of tuples of them
            Final states.
        """
        starts = [None] * len(self) if states is None else states
        found = [member(x, start, lengths) for member, start in zip(self, starts, strict=True)]
        return torch.stack([y for y, _ in found]), [state for _, state in found]
