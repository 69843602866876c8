"""From a context to the next token."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.network import Network, State, Stream
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
    network: Network, context: list[int], window: int | None, sampler: Sampler, length: int | None
) -> Iterator[int]:
    """Yield token after token.

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
    """
    times = repeat(None) if length is None else repeat(None, length)
    if window is not None:
        seen = context[-window:]
        for _ in times:
            seen = [*seen, sampler(next_probabilities(network, seen, window))][-window:]
            yield seen[-1]
        return
    state, _ = _read(network, context[:-1])
    stream, token = Stream(network, state), context[-1]
    if sampler.plain:
        yield from _drawn(stream, token, sampler, network.theta.size, length)
        return
    for _ in times:
        token = sampler(stream.step_index(token))
        yield token


def _drawn(stream: Stream, token: int, sampler: Sampler, parameters: int, length: int | None) -> Iterator[int]:
    """Yield tokens drawn from the unchanged probabilities; one call draws for about a millisecond."""
    at_once = min(max(_PARAMETERS_PER_CALL // parameters, 1), _MOST_PER_CALL)
    left = sys.maxsize if length is None else length
    while left:
        drawn = stream.draw(token, sampler.uniform(min(at_once, left)), first=1)
        yield from drawn
        token, left = drawn[-1], left - len(drawn)
