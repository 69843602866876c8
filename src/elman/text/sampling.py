"""Drawing tokens from the predicted probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._words import called, place_of
from elman.engine import kernels
from elman.errors import ArgumentError

__all__ = ["Sampler", "Sampling", "until_stop"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Rules for choosing the next token, applied in this order.

    Parameters
    ----------
    repetition_penalty : float
        Multiply ln p of every token that has occurred by it; 1 is off (after Keskar et al. 2019).
    temperature : float
        Take p to the power 1/temperature. 0 always takes the most probable token, the first of equals.
    top_k : int, optional
        Choose among this many most probable tokens.
    top_p : float, optional
        Choose among the most probable tokens with this total probability (Holtzman et al. 2020).
    seed : int
        Of the random numbers.

    Raises
    ------
    ArgumentError
        If a value is outside its range.

    References
    ----------
    Keskar et al. (2019), CTRL; Holtzman et al. (2020), The curious case of neural text degeneration.

    Examples
    --------
    >>> Sampling(temperature=0.8, top_k=40).top_k
    40
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        place = place_of("generate")
        _check.number_in(place, called("temperature"), self.temperature, "[0, inf)")
        if self.top_k is not None:
            _check.positive_integer(place, called("top_k"), self.top_k)
        if self.top_p is not None:
            _check.number_in(place, called("top_p"), self.top_p, "(0, 1]")
        _check.number_in(place, called("repetition_penalty"), self.repetition_penalty, "(0, inf)")
        _check.integer(place, "seed", self.seed, 0, 2**63 - 1)


class Sampler:
    """Draws tokens, except token 0, ``<unk>``.

    Parameters
    ----------
    sampling : Sampling
        Rules for choosing.
    size : int
        Tokens of the vocabulary.
    seen : iterable of int
        Tokens that have occurred, for the repetition penalty.

    Raises
    ------
    ArgumentError
        If ``top_k`` is larger than the vocabulary.

    Examples
    --------
    >>> sampler = Sampler(Sampling(temperature=0.0), size=3)
    >>> sampler(np.array([0.5, 0.2, 0.3]))
    2
    """

    def __init__(self, sampling: Sampling, size: int, seen: Iterable[int] = ()) -> None:
        if sampling.top_k is not None and sampling.top_k > size - 1:
            named = f"{place_of('generate')}: {called('top_k')}"
            raise ArgumentError(
                f"{named} must be at most {size - 1}, the tokens of the vocabulary, got {sampling.top_k}."
            )
        self._sampling = sampling
        self._generator = np.random.Generator(np.random.Philox(key=[sampling.seed, 0]))
        self._weights, self._parted = np.empty(size), np.empty(size)
        self._penalized = sampling.repetition_penalty != 1.0
        cut = sampling.top_k is not None or sampling.top_p is not None
        self._greedy = sampling.temperature == 0.0
        self._plain = not self._penalized and (self._greedy or (sampling.temperature == 1.0 and not cut))
        self._seen = np.zeros(size, bool)
        self._seen[np.fromiter(seen, np.int64)] = True

    def __call__(self, p: Array) -> int:
        """Return a token drawn from the probabilities p (V,); p is not changed."""
        if not self._plain:
            self._weights[...] = p
            self._bend()
            p = self._weights
        if self._greedy:
            token = int(p[1:].argmax()) + 1
        else:
            token = kernels.draw(p, self._generator.random(), 1)
        if self._penalized:
            self._seen[token] = True
        return token

    @property
    def plain(self) -> bool:
        """Whether tokens are drawn from the unchanged probabilities."""
        return self._plain and not self._greedy

    def uniform(self, count: int) -> Array:
        """Return random numbers in [0, 1), one per token to draw."""
        return self._generator.random(count)

    def _bend(self) -> None:
        """Apply penalty, temperature, top_k and top_p to the probabilities; the result is not normalized."""
        s, weights = self._sampling, self._weights
        weights[0] = 0.0
        if self._penalized:
            weights[self._seen] **= s.repetition_penalty
        largest = np.maximum.reduce(weights)
        if not largest:  # only <unk> is left
            weights[1:] = largest = 1.0
        if self._greedy:
            return
        if s.temperature != 1.0:
            weights /= largest  # the largest stays 1 for every power
            weights **= 1.0 / s.temperature
        if s.top_k is not None:
            parted = self._parted
            parted[...] = weights
            parted.partition(len(weights) - s.top_k)
            self._keep(_most_probable(weights, parted[-s.top_k])[: s.top_k])
        if s.top_p is not None and s.top_p < 1.0:
            total = np.add.reduce(weights)
            # tokens with a lower weight have at most the share 1 - top_p together
            order = _most_probable(weights, (1.0 - s.top_p) * total / len(weights))
            self._keep(order[: weights[order].cumsum().searchsorted(s.top_p * total) + 1])

    def _keep(self, tokens: Array) -> None:
        """Set the weight of all other tokens to zero."""
        kept = self._weights[tokens]
        self._weights.fill(0.0)
        self._weights[tokens] = kept


def _most_probable(weights: Array, least: float) -> Array:
    """Return the tokens with at least that weight, by decreasing probability, then by id."""
    tokens = (weights >= least).nonzero()[0]
    order: Array = tokens[(-weights[tokens]).argsort(kind="stable")]
    return order


def until_stop(pieces: Iterable[str], stop: Sequence[str]) -> Iterator[str]:
    """Yield text up to the first of several strings.

    Text that may be the beginning of such a string is held back until the next piece decides.

    Parameters
    ----------
    pieces : iterable of str
        The text.
    stop : sequence of str
        Strings, none empty.

    Examples
    --------
    >>> list(until_stop(["one t", "wo", " three"], ["two"]))
    ['one ']
    """
    beginnings = {text[0] for text in stop}
    waiting = ""
    for piece in pieces:
        if not waiting and beginnings.isdisjoint(piece):
            yield piece
            continue
        waiting += piece
        ends = [place for text in stop if (place := waiting.find(text)) >= 0]
        if ends:
            if min(ends):
                yield waiting[: min(ends)]
            return
        held = max([_overlap(waiting, text) for text in stop])
        if len(waiting) > held:
            yield waiting[: len(waiting) - held]
            waiting = waiting[len(waiting) - held :]
    if waiting:
        yield waiting


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of ``text`` that is a beginning of ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if stop.startswith(text[-size:])), 0)
