"""From a context to the next token."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.network import Network, State, Stream, StreamedNetwork
from elman.text.sampling import Sampler
from elman.text.tokenization import Vocabulary

__all__ = ["context_of", "next_probabilities", "tokens_after"]

Array = npt.NDArray[Any]

_MOST_PER_CALL, _PARAMETERS_PER_CALL = 64, 50_000_000  # tokens drawn per call; a parameter takes 20 picoseconds
_MOST_VALUES = 1 << 20  # probabilities in memory while a prefix is read


def context_of(vocabulary: Vocabulary, prefix: str) -> list[int]:
    """Return the tokens of a prefix; for an empty one, the line end, or else the first token."""
    ids: list[int] = vocabulary.encode(prefix).tolist()
    return ids or [1 if vocabulary.line_end is None else vocabulary.line_end]


def next_probabilities(network: Network, context: list[int], window: int | None) -> Array:
    """Return the probabilities after a context; a network trained on windows reads only its last tokens."""
    if window is not None:
        return np.array(network.predict(np.array(context[-window:])[:, np.newaxis])[0])
    return _read(network, context)[1]


def _read(network: Network, context: list[int]) -> tuple[State | None, Array]:
    """Return the state and the probabilities after a context."""
    state, p = None, np.empty((1, 1, 0))
    at_once = max(_MOST_VALUES // network.architecture.output_size, 1)
    for first in range(0, len(context), at_once):
        state, p = network.run(np.array(context[first : first + at_once])[:, np.newaxis], state)
    return state, np.array(p[-1, 0])


def tokens_after(
    network: Network,
    context: list[int],
    window: int | None,
    sampler: Sampler,
    length: int | None,
    precision: str | None = None,
) -> Iterator[int]:
    """Read a context, and return an iterator over the tokens after it.

    Parameters
    ----------
    network : Network
        With a readout at every step, or at the last where there is a window.
    context : list of int
        Tokens read so far, at least one.
    window : int or None
        Number of tokens that the network reads; None: the state is carried, and every token costs one step.
    sampler : Sampler
        Chooses each token.
    length : int or None
        Tokens to yield; None: without end.
    precision : str or None
        Of the weights that a step reads, see `Stream`; for the context, too.
    """
    if window is not None:
        return _from_windows(network, context, window, sampler, length)
    reader = network if precision is None else StreamedNetwork(network, precision)
    state, _ = _read(reader, context[:-1])
    stream = Stream(network, state, precision=precision)
    if sampler.plain:
        return _drawn(stream, context[-1], sampler, network.theta.size, length)
    return _sampled(stream, context[-1], sampler, length)


def _from_windows(
    network: Network, context: list[int], window: int, sampler: Sampler, length: int | None
) -> Iterator[int]:
    """Yield tokens, each sampled after the last tokens before it."""
    seen = context[-window:]
    for _ in _times(length):
        seen = [*seen, sampler(next_probabilities(network, seen, window))][-window:]
        yield seen[-1]


def _sampled(stream: Stream, token: int, sampler: Sampler, length: int | None) -> Iterator[int]:
    """Yield tokens, one step of the stream for each."""
    for _ in _times(length):
        token = sampler(stream.step_index(token))
        yield token


def _times(length: int | None) -> Iterable[None]:
    return repeat(None) if length is None else repeat(None, length)


def _drawn(stream: Stream, token: int, sampler: Sampler, parameters: int, length: int | None) -> Iterator[int]:
    """Yield tokens drawn from the unchanged probabilities; one call draws for about a millisecond."""
    at_once = min(max(_PARAMETERS_PER_CALL // parameters, 1), _MOST_PER_CALL)
    left = sys.maxsize if length is None else length
    while left:
        drawn = stream.draw(token, sampler.uniform(min(at_once, left)), first=1)
        yield from drawn
        token, left = drawn[-1], left - len(drawn)
