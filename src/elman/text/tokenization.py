"""Vocabularies of characters, words or byte pairs: text to token ids and back.

The tokenizers library splits and counts. A vocabulary is stored as plain lists, from which the library's objects are
rebuilt: a saved model holds no patterns, and nothing in it is executed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from io import StringIO
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._words import place_of
from elman.errors import ArgumentError, FileFormatError, Remedy
from elman.persistence.models import under_new_names
from elman.text.library import BYTES, ONE_THREAD, SIGNS, learned_model, new_tokenizer

__all__ = ["FORMER_NAMES", "UNITS", "UNKNOWN", "TextDecoder", "Vocabulary"]

Ids = npt.NDArray[np.int32]

UNITS = ("character", "word", "whitespace", "bpe")
NORMALIZATIONS = ("nfc", "none")
FORMER_NAMES = {"level": "unit"}  # of fields in early files
UNKNOWN = "<unk>"  # always id 0
MOST_TOKENS = 50_000
MOST_CHARACTERS = 1 << 22  # of all tokens together; up to four bytes each in memory
LEAST_BPE = 257  # every byte, and <unk>

_PLACE = "Vocabulary"
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_SPACE = {  # by unit: before these signs, and after these
    "word": (frozenset(".,;:!?)]}%…’”»\n"), frozenset("([{‘“«\n")),
    "whitespace": (frozenset("\n"), frozenset("\n")),
}


class Vocabulary:
    r"""The tokens of a model, in the order of their ids.

    - ``"character"``: every character (code point) is a token; others than those of the vocabulary are ``<unk>``.
    - ``"word"``: runs of letters and digits, with ``'`` and ``-`` inside them, single other signs, and the end of a
      line ``"\n"`` are tokens; other white space only separates them. ``<unk>`` in a text is that token.
    - ``"whitespace"``: the signs between white space, and the end of a line ``"\n"``, are tokens, for texts that are
      tokenized already. ``<unk>`` in a text is that token.
    - ``"bpe"``: byte pairs merged by frequency (Sennrich et al. 2016) within the words of a line; any text can be
      written with them.

    A lone surrogate, which UTF-8 cannot encode, is ``<unk>`` for every unit.

    Parameters
    ----------
    unit : {"character", "word", "whitespace", "bpe"}
        Kind of token.
    tokens : sequence of str
        By id; the first is ``<unk>``. Byte-pair tokens are spelled in the library's alphabet for bytes.
    merges : sequence of (str, str)
        Of byte pairs, in order; empty for other units.
    normalization : {"nfc", "none"}
        Normalization of texts: composed characters (Unicode's NFC), or none.

    Raises
    ------
    ArgumentError
        If the parts do not make a vocabulary.

    References
    ----------
    Sennrich, Haddow & Birch (2016), Neural machine translation of rare words with subword units.

    Examples
    --------
    >>> vocabulary = Vocabulary.learn(["to be or not to be"], unit="word", size=4)
    >>> vocabulary.tokens
    ('<unk>', 'be', 'to', 'not')
    >>> vocabulary.encode("not to have")
    array([3, 2, 0], dtype=int32)
    >>> vocabulary.decode([3, 2, 0])
    'not to <unk>'
    """

    def __init__(
        self,
        unit: str,
        tokens: Sequence[str],
        merges: Sequence[tuple[str, str]] = (),
        normalization: str = "nfc",
    ) -> None:
        self.unit = _check.choice(_PLACE, "unit", unit, UNITS)
        self.normalization = _check.choice(_PLACE, "normalization", normalization, NORMALIZATIONS)
        self.tokens = tuple(tokens)
        self.merges = tuple((left, right) for left, right in merges)
        self._check_tokens()
        self._tokenizer = new_tokenizer(self.unit, self.tokens, self.merges, self.normalization, UNKNOWN)

    def _check_tokens(self) -> None:
        tokens = self.tokens
        if not 2 <= len(tokens) <= MOST_TOKENS or tokens[0] != UNKNOWN:
            raise ArgumentError(f"{_PLACE}: needs {UNKNOWN!r} and 1 to {MOST_TOKENS - 1} tokens after it.")
        if any(type(token) is not str or not token or _SURROGATE.search(token) for token in tokens):
            raise ArgumentError(f"{_PLACE}: a token must be text of at least one character.")
        characters = sum(map(len, tokens))
        if characters > MOST_CHARACTERS:
            raise ArgumentError(
                f"{_PLACE}: the tokens have {characters:,} characters together, at most {MOST_CHARACTERS:,} are "
                "possible; take fewer tokens, or another unit."
            )
        if len(set(tokens)) != len(tokens):
            raise ArgumentError(f"{_PLACE}: tokens must be different.")
        if self.unit == "character" and any(len(token) != 1 for token in tokens[1:]):
            raise ArgumentError(f"{_PLACE}: with unit 'character', a token must be one character.")
        if self.unit != "bpe":
            if self.merges:
                raise ArgumentError(f"{_PLACE}: unit {self.unit!r} has no merges.")
            return
        known = set(tokens[1:])
        if not known.issuperset(BYTES) or not all(BYTES.keys() >= set(token) for token in known):
            raise ArgumentError(f"{_PLACE}: unit 'bpe' needs a token for every byte, and tokens made of them.")
        if any(part not in known for pair in self.merges for part in (*pair, "".join(pair))):
            raise ArgumentError(f"{_PLACE}: a merge must join two tokens to a third.")

    @classmethod
    def learn(
        cls,
        pieces: Iterable[str],
        *,
        unit: str = "character",
        size: int = 10_000,
        min_count: int = 1,
        normalization: str = "nfc",
    ) -> Vocabulary:
        """Return the vocabulary of a text: its most frequent tokens; ties are in alphabetical order.

        Parameters
        ----------
        pieces : iterable of str
            The text, cut at ends of lines or between words.
        unit : {"character", "word", "whitespace", "bpe"}
            Kind of token.
        size : int
            Most tokens, ``<unk>`` included; at least 2, or 257 byte pairs.
        min_count : int
            Tokens, or pairs to be merged, that are rarer than this are left out.
        normalization : {"nfc", "none"}
            See the class.

        Raises
        ------
        ArgumentError
            If a value is outside its range, or no token is left.

        Examples
        --------
        >>> Vocabulary.learn(["abba"]).tokens
        ('<unk>', 'a', 'b')
        """
        unit = _check.choice(_PLACE, "unit", unit, UNITS)
        normalization = _check.choice(_PLACE, "normalization", normalization, NORMALIZATIONS)
        size = _check.integer(_PLACE, "size", size, LEAST_BPE if unit == "bpe" else 2, MOST_TOKENS)
        min_count = _check.positive_integer(_PLACE, "min_count", min_count)
        # line by line: the library reads 256 at a time and cannot be interrupted in between
        whole = (part for piece in pieces for line in StringIO(piece) for part in _SURROGATE.split(line))
        model = learned_model(whole, unit, size, min_count, normalization)
        by_id = sorted(model["vocab"], key=model["vocab"].__getitem__)
        tokens = [UNKNOWN, *(token for token in by_id if token != UNKNOWN)][:size]
        if len(tokens) < 2:
            raise ArgumentError(
                f"{place_of(_PLACE)}: no token occurs {min_count} times.", Remedy("lower {}", min_count=...)
            )
        return cls(unit, tokens, [tuple(pair) for pair in model.get("merges", ())], normalization)

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> Ids:
        """Return the ids of a text's tokens, 0 where one is unknown.

        Parameters
        ----------
        text : str
            Anything, lone surrogates included.

        Returns
        -------
        ids : ndarray of int32 (tokens,)

        Examples
        --------
        >>> Vocabulary.learn(["abba"]).encode("cab")
        array([0, 1, 2], dtype=int32)
        """
        parts = _SURROGATE.split(text)
        with ONE_THREAD:
            found = [np.array(e.ids, np.int32) for e in self._tokenizer.encode_batch_fast(parts)]
        unknown = np.zeros(1, np.int32)
        joined = [part for ids in found for part in (unknown, ids)]
        return np.concatenate(joined[1:])

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of tokens as valid Unicode; invalid bytes become U+FFFD.

        Single spaces separate words, except around punctuation, and the tokens of ``"whitespace"`` on a line.

        Parameters
        ----------
        ids : iterable of int
            From 0 to the number of tokens - 1.

        Raises
        ------
        ArgumentError
            If there is no such token.

        Examples
        --------
        >>> vocabulary = Vocabulary.learn(["no, no"], unit="word")
        >>> vocabulary.decode(vocabulary.encode("no  ,no"))
        'no, no'
        """
        last = len(self) - 1
        checked = [_check.integer(f"{_PLACE}.decode", "an id", i, 0, last) for i in ids]
        return "".join(TextDecoder(self).pieces(checked))

    @cached_property
    def line_end(self) -> int | None:
        """The id of the end of a line, or None if the vocabulary has no such token."""
        sign = SIGNS[ord("\n")] if self.unit == "bpe" else "\n"
        return self.tokens.index(sign) if sign in self.tokens else None

    @cached_property
    def bytes_of(self) -> list[bytes]:
        """The bytes of each byte-pair token."""
        unknown = "\ufffd".encode()
        return [unknown, *(bytes(BYTES[sign] for sign in token) for token in self.tokens[1:])]

    @cached_property
    def characters_of(self) -> npt.NDArray[np.int64]:
        """Number of characters that begin in each token."""
        if self.unit != "bpe":
            return np.array([1, *(len(token) for token in self.tokens[1:])])
        return np.array([sum(byte & 0xC0 != 0x80 for byte in token) for token in self.bytes_of])

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values for `from_dict`.

        Examples
        --------
        >>> Vocabulary.learn(["aa"]).to_dict()
        {'unit': 'character', 'tokens': ['<unk>', 'a'], 'merges': [], 'normalization': 'nfc'}
        """
        merges = [" ".join(pair) for pair in self.merges]  # the alphabet for bytes has no space
        return {"unit": self.unit, "tokens": list(self.tokens), "merges": merges, "normalization": self.normalization}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Vocabulary:
        """Rebuild a vocabulary from the values of `to_dict`.

        Raises
        ------
        FileFormatError
            If a field is missing or unknown.
        ArgumentError
            If the parts do not make a vocabulary.
        """
        fields = under_new_names(fields, FORMER_NAMES)
        if set(fields) != {"unit", "tokens", "merges", "normalization"}:
            raise FileFormatError(f"a vocabulary has other fields than {', '.join(sorted(fields))}")
        pairs = [tuple(merge.split(" ")) for merge in fields["merges"]]
        if not isinstance(fields["tokens"], list) or any(len(pair) != 2 for pair in pairs):
            raise FileFormatError("a vocabulary needs a list of tokens, and merges of two")
        return cls(fields["unit"], fields["tokens"], [(a, b) for a, b in pairs], fields["normalization"])


class TextDecoder:
    """Convert tokens to text one at a time; a character of several tokens appears with the last one.

    Parameters
    ----------
    vocabulary : Vocabulary
        Of the tokens.

    Examples
    --------
    >>> decoder = TextDecoder(Vocabulary.learn(["so, so"], unit="word"))
    >>> [decoder.push(1), decoder.push(2), decoder.push(1), decoder.end()]
    ['so', ',', ' so', '']
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._no_space = _NO_SPACE.get(vocabulary.unit)
        self._before = "\n"
        self._bytes = vocabulary.bytes_of if vocabulary.unit == "bpe" else None
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        unknown = UNKNOWN if self._no_space else "\ufffd"
        self._tokens = [unknown, *vocabulary.tokens[1:]]

    def push(self, token: int) -> str:
        """Return the text of the next token."""
        if self._bytes is not None:
            return self._utf8.decode(self._bytes[token])
        text = self._tokens[token]
        if self._no_space is None:
            return text
        before, after = self._no_space
        apart = text[0] not in before and self._before[-1] not in after
        self._before = text
        return f" {text}" if apart else text

    def pieces(self, tokens: Iterable[int]) -> Iterator[str]:
        """Yield the text of tokens as it becomes complete, then the rest."""
        spelled = self._tokens.__getitem__ if self._no_space is None and self._bytes is None else self.push
        yield from filter(None, map(spelled, tokens))
        if rest := self.end():
            yield rest

    def end(self) -> str:
        """Return the rest: U+FFFD for an incomplete character."""
        return self._utf8.decode(b"", final=True)
