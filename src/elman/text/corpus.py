"""Texts and text files, read in pieces, and their token ids."""

from __future__ import annotations

import codecs
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from elman.errors import ArgumentError, DataError, Remedy
from elman.text.tokenization import Ids, Vocabulary

__all__ = ["Corpus", "Source", "count_words", "cut_position", "encode_pieces", "pieces_after", "pieces_before"]

Source: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"

PIECE = 1 << 16  # characters that are tokenized at once
_GAP = re.compile(r".+(?=\s\S)", re.DOTALL)  # up to the last white space before a word
_LOOK_BACK = 64  # positions tried for a cut in a text without white space
IN_MEMORY = 1 << 27  # characters; the ids of a longer corpus are kept in a temporary file


@dataclass(frozen=True)
class Corpus:
    r"""Texts and files, one after another.

    A text without a final line end gets one before the next text. In files, a byte order mark is
    skipped and ``\r\n`` is read as ``\n``.

    Parameters
    ----------
    parts : tuple of str and Path
        Texts, and files.
    encoding : str
        Of the files.

    Examples
    --------
    >>> corpus = Corpus.of(["one", "two"])
    >>> list(corpus.pieces()), corpus.characters()
    (['one\ntwo'], 7)
    """

    parts: tuple[str | Path, ...]
    encoding: str = "utf-8"

    @classmethod
    def of(cls, source: Source, encoding: str = "utf-8", place: str = "Corpus") -> Corpus:
        """Return the corpus of a text, of a file or folder, or of several of them.

        Parameters
        ----------
        source : str, path, or iterable of them
            A str is a text; a path is a file, or a folder whose ``.txt`` files are read in the order of their names.
        encoding : str
            Of files.
        place : str
            Start of messages.

        Raises
        ------
        ArgumentError
            If the source is anything else, such as a pipe, or the encoding is unknown.
        DataError
            If a folder has no ``.txt`` files, or a text is blank.
        FileNotFoundError
            If a file does not exist.
        """
        try:
            "".encode(encoding)  # also refuses codecs that are not for text
        except (LookupError, TypeError, ValueError):
            raise ArgumentError(f"{place}: there is no encoding {encoding!r}.") from None
        parts = tuple(_parts(source, place))
        corpus = cls(parts, encoding)
        if not any(piece.strip() for piece in corpus.pieces()):
            what = "there is no text" if not parts else "the text is empty or blank"
            raise DataError(f"{place}: {what}.{_file_hint(source)}")
        return corpus

    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces that end after a line, or else between words, where possible."""
        return _regrouped(self._texts())

    def characters(self) -> int:
        """Return the number of characters."""
        return sum(map(len, self._texts()))

    def _texts(self) -> Iterator[str]:
        last = ""
        for part in self.parts:
            first = True
            for text in [part] if isinstance(part, str) else _read(part, self.encoding):
                if first and text and last and not last.endswith("\n"):
                    yield "\n"
                first = first and not text
                last = text or last
                yield text


def encode_pieces(pieces: Iterable[str], vocabulary: Vocabulary, characters: int) -> Ids:
    """Return the token ids of a text.

    Parameters
    ----------
    pieces : iterable of str
        The text, cut as `Corpus.pieces` does.
    vocabulary : Vocabulary
        Of the tokens.
    characters : int
        Approximate length of the text. The ids of more than 2²⁷ characters are kept in an unnamed temporary file, which
        the operating system removes.

    Returns
    -------
    ids : ndarray of int32 (tokens,)

    Examples
    --------
    >>> encode_pieces(["ab", "ba"], Vocabulary.learn(["abba"]), 4)
    array([1, 2, 2, 1], dtype=int32)
    """
    encoded = (vocabulary.encode(piece) for piece in pieces)
    if characters <= IN_MEMORY:
        return np.concatenate([np.empty(0, np.int32), *encoded])
    with tempfile.TemporaryFile() as file:
        for ids in encoded:
            file.write(ids.data)
        file.flush()
        return np.memmap(file, np.int32, "r") if file.tell() else np.empty(0, np.int32)


def cut_position(pieces: Iterable[str], position: int, unit: str) -> tuple[int, int]:
    """Return where to cut a text: the number of a piece, and a position in it.

    Parameters
    ----------
    pieces : iterable of str
        The text.
    position : int
        Of the cut; unless tokens are characters, the cut is at the next white space.
    unit : str
        Kind of token.

    Examples
    --------
    >>> cut_position(["to be or ", "not to be"], 13, "word")
    (1, 6)
    """
    number = -1
    for number, piece in enumerate(pieces):
        if position < len(piece):
            if unit != "character":
                position = next((i for i in range(position, len(piece)) if piece[i].isspace()), position)
            return number, position
        position -= len(piece)
    return number + 1, 0


def count_words(pieces: Iterable[str]) -> tuple[int, int]:
    r"""Count the words between white space with the ends of lines, and the characters of these words.

    An end of a line counts as a word, as ``<eos>`` does for the Penn Treebank.

    Examples
    --------
    >>> count_words(["to be\n", "or not"])
    (5, 9)
    """
    words, characters, inside = 0, 0, False
    for piece in filter(None, pieces):
        found = piece.split()
        words += len(found) + piece.count("\n") - (inside and not piece[0].isspace())
        characters += sum(map(len, found))
        inside = not piece[-1].isspace()
    return words, characters


def pieces_before(pieces: Iterable[str], cut: tuple[int, int]) -> Iterator[str]:
    """Yield the text before a cut."""
    for number, piece in enumerate(pieces):
        if number < cut[0]:
            yield piece
        else:
            yield piece[: cut[1]]
            return


def pieces_after(pieces: Iterable[str], cut: tuple[int, int]) -> Iterator[str]:
    """Yield the text after a cut."""
    for number, piece in enumerate(pieces):
        if number >= cut[0]:
            yield piece[cut[1] :] if number == cut[0] else piece


def _parts(source: Any, place: str) -> Iterator[str | Path]:
    if isinstance(source, str):
        yield source
    elif isinstance(source, os.PathLike):
        path = Path(source)
        if path.is_dir():
            files = [file for file in sorted(path.rglob("*.txt")) if not file.is_dir()]
            if not files:
                raise DataError(f"{place}: {path}: the folder has no .txt files.")
            yield from (_regular(file, place) for file in files)
        else:
            yield _regular(path, place)
    elif isinstance(source, Iterable) and not isinstance(source, bytes | bytearray | Mapping):
        for part in source:
            if not isinstance(part, str | os.PathLike):
                raise ArgumentError(f"{place}: a text must be a str or a path, got {type(part).__name__}.")
            yield from _parts(part, place)
    else:
        raise ArgumentError(f"{place}: a text must be a str or a path, or several, got {type(source).__name__}.")


def _regular(path: Path, place: str) -> Path:
    """Refuse missing files, pipes and devices: a text is read several times."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file.")
    if not path.is_file():
        raise ArgumentError(f"{place}: {path} is a pipe or a device; write the text to a file first.")
    return path


def _file_hint(source: Any) -> str:
    return "" if not isinstance(source, str) else "\n  Hint: a str is a text; pass pathlib.Path(...) to read a file."


def _read(path: Path, encoding: str) -> Iterator[str]:
    """Yield the text of a file in blocks."""
    utf8 = codecs.lookup(encoding).name == "utf-8"
    try:
        with open(path, encoding="utf-8-sig" if utf8 else encoding, newline=None) as file:
            while block := file.read(PIECE):
                yield block
    except UnicodeError as error:
        found = _bad_byte(path, encoding)
        if found is None:
            raise DataError(f"{path}: is not {encoding}: {error}.") from None
        position, byte = found
        if position == 0 and byte in (0xFE, 0xFF) and utf8:
            raise DataError(f"{path}: starts like UTF-16.", Remedy(encoding="utf-16")) from None
        raise DataError(
            f"{path}: byte {position} (0x{byte:02x}) is not {encoding}.",
            Remedy("pass {} or whichever it is", encoding="latin-1"),
        ) from None


def _bad_byte(path: Path, encoding: str) -> tuple[int, int] | None:
    """Return position and value of the first byte that cannot be decoded; None if the fault is not a single byte."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    done = 0
    with open(path, "rb") as file:
        while True:
            block = file.read(PIECE)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return done - pending + error.start, error.object[error.start]
            except UnicodeError:
                return None
            done += len(block)
            if not block:
                return None


def _regrouped(texts: Iterable[str]) -> Iterator[str]:
    """Regroup texts into pieces of about the same length."""
    pending = ""
    for text in texts:
        pending += text
        start = 0
        while len(pending) - start > PIECE:
            stop = _cut(pending, start)
            yield pending[start:stop]
            start = stop
        pending = pending[start:]
    if pending:
        yield pending


def _cut(text: str, start: int) -> int:
    """Return the end of a piece: after a line, else before a word, else between characters that do not compose."""
    stop = text.rfind("\n", start, start + PIECE) + 1
    if stop > start:
        return stop
    if gap := _GAP.match(text, start, start + PIECE):
        return gap.end()
    stop = start + PIECE
    return next((end for end in range(stop, stop - _LOOK_BACK, -1) if _apart(text, end)), stop)


def _apart(text: str, position: int) -> bool:
    """Tell whether a cut at a position leaves the composed form (NFC) of both sides unchanged."""
    before, after = text[max(position - 4, 0) : position], text[position : position + 4]
    return unicodedata.normalize("NFC", before + after) == "".join(
        unicodedata.normalize("NFC", side) for side in (before, after)
    )
