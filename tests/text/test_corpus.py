"""Reading of texts, files and folders in pieces, refused sources, and ids that do not fit into memory."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from elman import ArgumentError, DataError
from elman.text import Corpus, Vocabulary, corpus, encode_pieces
from elman.text.corpus import PIECE, count_words, cut_position, pieces_after, pieces_before


def read(path: Path, encoding: str = "utf-8") -> str:
    return "".join(Corpus.of(path, encoding).pieces())


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "c.txt").mkdir()  # a folder, whatever its name
    for name, text in {"a.txt": "one", "b/c.txt": "two\n", "d.txt": "three", "e.md": "no"}.items():
        (tmp_path / name).write_text(text)
    assert read(tmp_path) == "one\ntwo\nthree"
    assert "".join(Corpus.of([tmp_path / "d.txt", "own text"]).pieces()) == "three\nown text"


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"\xef\xbb\xbfa\r\nb\rc", "utf-8", "a\nb\nc"),
        (b"\xef\xbb\xbfa", "utf_8", "a"),
        ("h\u00e9".encode("latin-1"), "latin-1", "h\u00e9"),
        ("h\u00e9\n".encode("utf-16"), "utf-16", "h\u00e9\n"),
        (b"a\x00b", "utf-8", "a\x00b"),
    ],
)
def test_encodings(data: bytes, encoding: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(data)
    assert read(tmp_path / "x.txt", encoding) == text


@pytest.mark.parametrize("before", [0, 5, PIECE - 1, PIECE, 3 * PIECE + 1])
def test_a_byte_that_cannot_be_decoded_is_named(before: int, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"a" * before + b"\xc3\xa9\xff")
    with pytest.raises(DataError) as caught:
        list(Corpus.of(path).pieces())
    assert str(caught.value) == (
        f'{path}: byte {before + 2} (0xff) is not utf-8. Pass encoding="latin-1" or whichever it is.'
    )


def test_a_character_that_is_cut_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"abc\xc3")
    with pytest.raises(DataError, match=r"byte 3 \(0xc3\) is not utf-8"):
        list(Corpus.of(path).pieces())


def test_utf16_is_recognized(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("text".encode("utf-16"))
    with pytest.raises(DataError) as caught:
        Corpus.of(path)
    assert str(caught.value) == f'{path}: starts like UTF-16. Pass encoding="utf-16".'


def test_an_encoding_that_says_no_byte_is_a_typed_error_too(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("text".encode("utf-16-le"))
    with pytest.raises(DataError) as caught:
        Corpus.of(path, "utf-16")
    assert str(caught.value) == f"{path}: is not utf-16: UTF-16 stream does not start with BOM."


def test_a_pipe_is_refused_for_it_can_be_read_only_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for source in (tmp_path / "pipe.txt", tmp_path):
        with pytest.raises(ArgumentError) as caught:
            Corpus.of(source, place="fit")
        assert (
            str(caught.value) == f"fit: {tmp_path / 'pipe.txt'} is a pipe or a device; write the text to a file first."
        )
    with pytest.raises(ArgumentError, match="is a pipe or a device"):
        Corpus.of(Path("/dev/null"))


@pytest.mark.parametrize("text", ["", " \n\t ", "\u2003"])
def test_blank_texts_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        Corpus.of(text, place="fit")
    assert str(caught.value) == (
        "fit: the text is empty or blank.\n  Hint: a str is a text; pass pathlib.Path(...) to read a file."
    )
    (tmp_path / "x.txt").write_text(text)
    with pytest.raises(DataError, match=r"^fit: the text is empty or blank\.$"):
        Corpus.of(tmp_path / "x.txt", place="fit")


def test_other_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.txt: no such file"):
        Corpus.of(tmp_path / "nothing.txt")
    with pytest.raises(DataError, match=r"the folder has no \.txt files"):
        Corpus.of(tmp_path)
    with pytest.raises(DataError, match="there is no text"):
        Corpus.of([])
    for source in (3, b"bytes", None, ["a", 3], [["a"]], {"a": "text"}):
        with pytest.raises(ArgumentError, match="a text must be a str or a path"):
            Corpus.of(source)  # type: ignore[arg-type]
    for encoding in ("klingon", "hex", "undefined", "a\0b"):
        with pytest.raises(ArgumentError) as caught:
            Corpus.of("a", encoding)
        assert str(caught.value) == f"Corpus: there is no encoding {encoding!r}."


def test_pieces_end_with_lines_or_between_words() -> None:
    line = "some words in a line\n"
    pieces = list(Corpus.of(line * 10_000).pieces())
    assert len(pieces) > 2 and all(len(piece) <= PIECE and piece.endswith("\n") for piece in pieces)
    words = list(Corpus.of("word " * 50_000).pieces())
    assert all(piece.startswith(" word") for piece in words[1:]) and "".join(words) == "word " * 50_000
    assert [len(piece) for piece in Corpus.of("x" * (2 * PIECE + 1)).pieces()] == [PIECE, PIECE, 1]


LINES = "".join(f"word{i % 97}, and  {i % 13} more;\n" + "\n" * (i % 3) for i in range(6000))


@pytest.mark.parametrize("unit", ["character", "word", "bpe"])
@pytest.mark.parametrize(
    "text",
    [LINES, LINES.replace("\n", "   "), LINES.replace("\n", " ").replace(" ", "\t"), LINES.replace("\n", "\u2028")],
    ids=["lines", "a giant line", "a giant line with tabs", "a giant line with other ends"],
)
def test_pieces_change_no_token(unit: str, text: str) -> None:
    vocabulary = Vocabulary.learn([text], unit=unit, size=400)
    pieces = list(Corpus.of(text).pieces())
    assert len(pieces) > 1
    np.testing.assert_array_equal(encode_pieces(pieces, vocabulary, len(text)), vocabulary.encode(text))


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("sign", ["\u1ebf", "\ud55c", "\u09cb", "\u1e69"])
def test_pieces_change_no_character_that_is_composed(sign: str, before: int) -> None:
    text = "x" * before + unicodedata.normalize("NFD", sign) * PIECE
    vocabulary = Vocabulary.learn(["x", sign])
    pieces = list(Corpus.of(text).pieces())
    assert len(pieces) > 1 and "".join(pieces) == text
    np.testing.assert_array_equal(encode_pieces(pieces, vocabulary, len(text)), vocabulary.encode(text))


def test_a_long_text_is_mapped_from_a_file_that_nobody_sees(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    vocabulary = Vocabulary.learn(["abc"])
    in_memory = encode_pieces(["abc", "cab"], vocabulary, 6)
    monkeypatch.setattr(corpus, "IN_MEMORY", 5)
    mapped = encode_pieces(["abc", "cab"], vocabulary, 6)
    assert isinstance(mapped, np.memmap) and not isinstance(in_memory, np.memmap)
    np.testing.assert_array_equal(mapped, in_memory)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("position", [0, 1, 7, 8, 15, 16, 23])
def test_a_cut_loses_nothing(position: int) -> None:
    pieces = ["to be\n", "or not ", "to bed  x"]
    text = "".join(pieces)
    place = cut_position(pieces, position, "character")
    assert "".join(pieces_before(pieces, place)) == text[:position]
    assert "".join(pieces_after(pieces, place)) == text[position:]
    place = cut_position(pieces, position, "word")
    whole = "".join(pieces_before(pieces, place)).split() + "".join(pieces_after(pieces, place)).split()
    assert whole == text.split()


def test_a_word_in_two_pieces_is_counted_once() -> None:
    assert count_words(["to b", "", "e\n", " or", " not"]) == (5, 9)  # to, be, the end of the line, or, not
