"""From what has been read to the token that comes next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.network import Network, State, Stream
from elman.text.sampling import Sampler
from elman.text.tokenization import Vocabulary

__all__ = ["context_of", "next_probabilities", "tokens_after"]

Array = npt.NDArray[Any]

_AT_ONCE = 4096  # tokens whose predictions are in memory together


def context_of(vocabulary: Vocabulary, prefix: str) -> list[int]:
    """Return the tokens of a prefix; of an empty one, the end of a line, or else the first token there is."""
    ids: list[int] = vocabulary.encode(prefix).tolist()
    return ids or [1 if vocabulary.line_end is None else vocabulary.line_end]


def next_probabilities(network: Network, context: list[int], window: int | None) -> Array:
    """Return the probabilities after a context, of which a network trained on windows sees the last tokens only."""
    if window is not None:
        return np.array(network.predict(np.array(context[-window:])[:, np.newaxis])[0])
    return _read(network, context)[1]


def _read(network: Network, context: list[int]) -> tuple[State | None, Array]:
    """Return the state after a context, and what the network predicts then."""
    state, p = None, np.empty((1, 1, 0))
    for first in range(0, len(context), _AT_ONCE):
        state, p = network.run(np.array(context[first : first + _AT_ONCE])[:, np.newaxis], state)
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
        What has been read, at least one token.
    window : int or None
        Tokens that the network may see; None: the state is carried, and every token costs one step.
    sampler : Sampler
        Chooses.
    length : int or None
        Tokens to yield; None: without end.
    """
    done = 0
    if window is None:
        state, _ = _read(network, context[:-1])
        stream, token = Stream(network, state), np.array(context[-1:])
        while length is None or done < length:
            token[0] = sampler(stream.step(token)[0])
            yield int(token[0])
            done += 1
        return
    seen = context[-window:]
    while length is None or done < length:
        seen = [*seen, sampler(next_probabilities(network, seen, window))][-window:]
        yield seen[-1]
        done += 1
