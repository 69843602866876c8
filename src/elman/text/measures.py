"""Evaluation of a model on a text: its metrics and the counts behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, log
from typing import Any

import numpy as np
import numpy.typing as npt

from elman._words import place_of
from elman.errors import DataError
from elman.network import Network, State
from elman.text.corpus import count_words
from elman.text.tokenization import Ids, Vocabulary

__all__ = ["Measures", "evaluate"]

Array = npt.NDArray[Any]

_TOKEN = {"character": "character", "word": "word", "whitespace": "white-space word", "bpe": "byte pair"}
_MOST_VALUES = 1 << 21  # probabilities computed at once


@dataclass(frozen=True)
class Measures:
    r"""Metrics of a model's predictions of the tokens of a text, each from those before it.

    The first token of a text has no token before it and is not predicted. An unknown token counts like any other: the
    target is ``<unk>``, which is easier to predict than the word itself. With words as the unit, a line end is a token
    like any other; other white space is not.

    Perplexities per token depend on the vocabulary. Those per white-space word and per character divide the same nats
    by counts of the text, so that models with other tokens can be compared: a word is what stands between white space,
    or the end of a line.

    Parameters
    ----------
    unit : {"character", "word", "whitespace", "bpe"}
        Kind of token.
    tokens : int
        Number of predicted tokens.
    nats : float
        Sum of -ln p(token) over them.
    characters : int
        Number of characters in these tokens, with one space between two tokens of ``"whitespace"`` on a line.
    unknown : int
        Number of tokens that are ``<unk>``.
    line_ends : int
        Number of tokens that are a line end; of byte pairs, those that are nothing else.
    words : int, optional
        Number of words between white space, and of line ends, that begin in these tokens.

    Examples
    --------
    >>> measures = Measures("character", tokens=4, nats=8 * log(2), characters=4, unknown=0, line_ends=0)
    >>> round(measures.perplexity, 6), round(measures.bits_per_character, 6)
    (4.0, 2.0)
    """

    unit: str
    tokens: int
    nats: float
    characters: int
    unknown: int
    line_ends: int
    words: int | None = None

    @property
    def nats_per_token(self) -> float:
        """Mean of -ln p(token): the loss of training."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """exp(nats per token); with words as the unit, the perplexity per word."""
        return _perplexity(self.nats, self.tokens)

    @property
    def perplexity_per_word(self) -> float | None:
        """exp(nats per white-space word); None without words, and for a model saved before words were counted."""
        return _perplexity(self.nats, self.words) if self.words else None

    @property
    def perplexity_per_character(self) -> float | None:
        """exp(nats per character); None where `bits_per_character` is None."""
        return None if self.bits_per_character is None else _perplexity(self.nats, self.characters)

    @property
    def bits_per_character(self) -> float | None:
        """Bits per character of the text.

        None for words, which do not determine the white space between them, and if no character begins in the text: the
        bytes of one character may be several tokens.
        """
        return None if self.unit == "word" or self.characters == 0 else self.nats / log(2) / self.characters

    def describe(self) -> str:
        """Return the metrics as text, one per line.

        Examples
        --------
        >>> print(Measures("word", tokens=10, nats=20.0, characters=40, unknown=1, line_ends=2).describe())
        nats per word       2.0000
        perplexity per word 7.39
        words predicted     10, of them 1 unknown (predicted as <unk>) and 2 ends of a line
        """
        name = _TOKEN[self.unit]
        rows = [(f"nats per {name}", f"{self.nats_per_token:.4f}")]
        if self.bits_per_character is not None:
            rows.append(("bits per character", f"{self.bits_per_character:.4f}"))
        rows.append((f"perplexity per {name}", f"{self.perplexity:.2f}"))
        if self.perplexity_per_word is not None and self.unit != "whitespace":
            rows.append(("perplexity per white-space word", f"{self.perplexity_per_word:.2f}"))
        if self.perplexity_per_character is not None and self.unit != "character":
            rows.append(("perplexity per character", f"{self.perplexity_per_character:.2f}"))
        counted = f"{self.tokens:,}, of them {self.unknown:,} unknown (predicted as <unk>)"
        rows.append((f"{name}s predicted", f"{counted} and {self.line_ends:,} ends of a line"))
        width = max(len(label) for label, _ in rows)
        return "\n".join(f"{label:<{width}} {value}" for label, value in rows)


def _perplexity(nats: float, count: int) -> float:
    return exp(nats / count) if nats / count < 700 else inf


def evaluate(
    network: Network,
    ids: Ids,
    vocabulary: Vocabulary,
    counted: tuple[int, int],
    *,
    window: int | None,
    rows: int,
    n_threads: int,
) -> Measures:
    """Evaluate a network on a text.

    Parameters
    ----------
    network : Network
        With a readout at every step, or for windows at the last.
    ids : ndarray of int (tokens,)
        The text.
    vocabulary : Vocabulary
        Of the ids.
    counted : (int, int)
        Words of the text and their characters, from `elman.text.corpus.count_words`.
    window : int or None
        Tokens of the independent windows that the network reads, label included; None: the state is carried.
    rows : int
        Without a window: parts of the text that are read as rows of one batch, each from a zero state. 1 is exact, more
        are faster.
    n_threads : int
        0: the engine's default.

    Raises
    ------
    DataError
        If there is no token to predict.
    """
    if len(ids) < (2 if window is None else window):
        least = "2 tokens" if window is None else f"a window of {window} tokens"
        raise DataError(f"{place_of('evaluate')}: the text must have at least {least}, got {len(ids)}.")
    if window is None:
        nats = _stream_nats(network, ids, min(rows, (len(ids) - 1) // 2 or 1), n_threads)
    else:
        nats = _window_nats(network, ids, window, n_threads)
    first = 1 if window is None else window - 1
    targets, line_end = ids[first:], vocabulary.line_end
    counts = _counts(targets, len(vocabulary))
    words, letters = (whole - begin for whole, begin in zip(counted, _begin(ids[:first], vocabulary), strict=True))
    line_ends = 0 if line_end is None else int(counts[line_end])
    characters = int(counts @ vocabulary.characters_of)
    if vocabulary.unit == "whitespace":
        characters = letters + line_ends + _spaces(ids, first, line_end)
    return Measures(
        unit=vocabulary.unit,
        tokens=len(targets),
        nats=nats,
        characters=characters,
        unknown=int(counts[0]),
        line_ends=line_ends,
        words=words,
    )


def _begin(ids: Ids, vocabulary: Vocabulary) -> tuple[int, int]:
    """Count the words of the tokens that are not predicted, and their characters."""
    return count_words([vocabulary.decode(ids.tolist())])


def _spaces(ids: Ids, first: int, line_end: int | None) -> int:
    """Count the pairs of neighbours on one line from the token before ``first`` on."""
    if line_end is None:
        return len(ids) - first
    count = 0
    for begin in range(first - 1, len(ids) - 1, _MOST_VALUES):
        inside = ids[begin : begin + _MOST_VALUES + 1] != line_end
        count += int(np.count_nonzero(inside[1:] & inside[:-1]))
    return count


def _counts(ids: Ids, size: int) -> Array:
    """Count the tokens of a text that may not fit into memory."""
    counts = np.zeros(size, np.int64)
    for first in range(0, len(ids), _MOST_VALUES):
        counts += np.bincount(ids[first : first + _MOST_VALUES], minlength=size)
    return counts


def _stream_nats(network: Network, ids: Ids, rows: int, n_threads: int) -> float:
    """Read ``rows`` parts as one batch; the remaining tokens continue the last part."""
    predicted = len(ids) - 1
    length = predicted // rows
    begins = np.arange(rows) * length
    state, nats = _run_on(network, None, lambda a, b: _columns(ids, begins, a, b), length, rows, n_threads)
    rest = predicted - rows * length
    if rest:
        begin = np.array([rows * length])
        nats += _run_on(network, state.select([-1]), lambda a, b: _columns(ids, begin, a, b), rest, 1, n_threads)[1]
    return nats


def _columns(ids: Ids, begins: Array, first: int, last: int) -> Array:
    """Return steps ``first`` to ``last`` of every part and the token after each, (steps + 1, rows)."""
    return np.stack([ids[begin + first : begin + last + 1] for begin in begins], axis=1).astype(np.int64)


def _run_on(
    network: Network,
    state: State | None,
    part: Callable[[int, int], Array],
    length: int,
    rows: int,
    n_threads: int,
) -> tuple[State, float]:
    """Run over all steps in chunks that fit into memory; return the state and the nats."""
    at_once = max(_MOST_VALUES // (rows * network.architecture.output_size), 1)
    nats = 0.0
    for first in range(0, length, at_once):
        tokens = part(first, min(first + at_once, length))
        state, p = network.run(tokens[:-1], state, n_threads=n_threads)
        nats += _nats(p, tokens[1:])
    assert state is not None
    return state, nats


def _window_nats(network: Network, ids: Ids, window: int, n_threads: int) -> float:
    """Predict the last token of every window."""
    count = len(ids) - window + 1
    at_once = max(_MOST_VALUES // (network.architecture.output_size * window), 1)
    nats = 0.0
    for first in range(0, count, at_once):
        begins = np.arange(first, min(first + at_once, count))
        tokens = np.asarray(ids[begins + np.arange(window)[:, np.newaxis]], np.int64)
        nats += _nats(network.predict(tokens[:-1], n_threads=n_threads), tokens[-1])
    return nats


def _nats(p: Array, targets: Array) -> float:
    """Return the sum of -ln p(target); p = 0 counts as the smallest positive number of the dtype."""
    chosen = np.take_along_axis(p, targets[..., np.newaxis], -1)
    return float(-np.log(np.maximum(chosen, np.finfo(p.dtype).tiny).astype(np.float64)).sum())
