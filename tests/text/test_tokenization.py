"""Vocabularies: tokens, unknown text, and decoding without loss."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman import ArgumentError
from elman.errors import FileFormatError
from elman.text import TextDecoder, Vocabulary
from elman.text.tokenization import LEAST_BPE
from text.samples import ODD, SENTENCES

UNITS = {"character": 100, "word": 100, "whitespace": 100, "bpe": 300}
LEARNED = {unit: Vocabulary.learn([SENTENCES], unit=unit, size=size) for unit, size in UNITS.items()}
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates too


def test_characters_are_tokens_the_most_frequent_first() -> None:
    vocabulary = Vocabulary.learn(["bbbac\nca"])
    assert vocabulary.tokens == ("<unk>", "b", "a", "c", "\n")  # a and c occur twice each
    assert vocabulary.encode("abc\nd").tolist() == [2, 1, 3, 4, 0]
    assert vocabulary.line_end == 4


def test_words_signs_and_ends_of_lines_are_tokens() -> None:
    text = "Don't stop--he said: \"no, 3 l'été well-known_x\"!\n\n<unk> end"
    vocabulary = Vocabulary.learn([text], unit="word", size=100)
    tokens = [vocabulary.tokens[i] for i in vocabulary.encode(text)]
    assert tokens == [
        *["Don't", "stop", "-", "-", "he", "said", ":", '"', "no", ",", "3", "l'été", "well-known_x", '"', "!"],
        *["\n", "\n", "<unk>", "end"],
    ]
    assert vocabulary.encode("<unk>").tolist() == [0]
    assert vocabulary.tokens.count("<unk>") == 1


def test_a_tokenized_text_is_split_at_white_space_alone() -> None:
    """In the layout of the Penn Treebank: a sentence a line, with a space at both ends."""
    text = " the <unk> did n't pay $ N\u00a0.\n it 's  over \n"
    vocabulary = Vocabulary.learn([text], unit="whitespace", size=100)
    tokens = [vocabulary.tokens[i] for i in vocabulary.encode(text)]
    assert tokens == ["the", "<unk>", "did", "n't", "pay", "$", "N", ".", "\n", "it", "'s", "over", "\n"]
    assert vocabulary.decode(vocabulary.encode(text)) == "the <unk> did n't pay $ N .\nit 's over\n"


@pytest.mark.parametrize("unit", UNITS)
def test_learning_can_be_interrupted(unit: str) -> None:
    read = []

    def pieces() -> Iterator[str]:
        for number in range(1000):
            if number == 20:
                raise KeyboardInterrupt
            read.append(number)
            yield SENTENCES

    with pytest.raises(KeyboardInterrupt):
        Vocabulary.learn(pieces(), unit=unit, size=300)
    assert len(read) == 20


@pytest.mark.parametrize("unit", UNITS)
def test_a_vocabulary_does_not_depend_on_the_pieces(unit: str) -> None:
    text = SENTENCES + "\r\n \x0b\u2028 one\x0ctwo\n"
    whole = Vocabulary.learn([text], unit=unit, size=400)
    cut = Vocabulary.learn((line + "\n" for line in text[:-1].split("\n")), unit=unit, size=400)
    assert (cut.tokens, cut.merges) == (whole.tokens, whole.merges)


def test_words_without_end_are_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        Vocabulary.learn(["a" * 2**22 + " b"], unit="word")
    assert str(caught.value) == (
        "Vocabulary: the tokens have 4,194,310 characters together, at most 4,194,304 are possible; "
        "take fewer tokens, or another unit."
    )


def test_vocabulary_cap_keeps_the_most_frequent_words() -> None:
    text = " ".join(f"word{i:03d} " * (200 - i) for i in range(150))
    vocabulary = Vocabulary.learn([text], unit="word", size=101)
    assert vocabulary.tokens == ("<unk>", *(f"word{i:03d}" for i in range(100)))
    assert (vocabulary.encode("word099 word100").tolist(), len(vocabulary)) == ([100, 0], 101)


def test_rare_tokens_are_left_out() -> None:
    vocabulary = Vocabulary.learn(["a a b c c c"], unit="word", min_count=2, size=10)
    assert vocabulary.tokens == ("<unk>", "c", "a")
    with pytest.raises(ArgumentError, match="Vocabulary: no token occurs 9 times"):
        Vocabulary.learn(["a a b"], unit="word", min_count=9)


def test_byte_pairs_merge_the_most_frequent_neighbours() -> None:
    vocabulary = Vocabulary.learn(["aaab aaab\naaab"], unit="bpe", size=LEAST_BPE + 2)
    assert vocabulary.merges[:1] == (("a", "a"),)
    assert [vocabulary.tokens[i] for i in vocabulary.encode("aa")] == ["aa"]
    assert vocabulary.line_end is not None
    assert vocabulary.decode([vocabulary.line_end]) == "\n"


def test_byte_pairs_and_characters_restore_any_text_they_know() -> None:
    text = unicodedata.normalize("NFC", "naïve ☃ 😀\x00\tend\u2028line e\u0301\n\n  x ")
    assert LEARNED["bpe"].decode(LEARNED["bpe"].encode(text)) == text
    vocabulary = Vocabulary.learn([text])
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_the_alphabet_for_bytes_is_the_librarys() -> None:
    from tokenizers import pre_tokenizers

    vocabulary = LEARNED["bpe"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bytes_of = {vocabulary.bytes_of[vocabulary.tokens.index(sign)] for sign in alphabet}
    assert bytes_of == {bytes([byte]) for byte in range(256)}
    for text in ("é", "\x00", "Ġ", " \x7f\xad"):
        assert b"".join(vocabulary.bytes_of[i] for i in vocabulary.encode(text)) == text.encode()


@pytest.mark.parametrize("wrong", [-1, 3, 1.0])
def test_ids_of_no_token_are_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match=r"Vocabulary\.decode: an id must be an integer between 0 and 2, got "):
        Vocabulary.learn(["ab"]).decode([1, wrong])


def test_a_word_text_is_written_with_usual_spaces() -> None:
    vocabulary = Vocabulary.learn(['He said: ( yes ) , "no" !\nEnd'], unit="word")
    assert vocabulary.decode(vocabulary.encode("He said: (yes), no!\nEnd")) == "He said: (yes), no!\nEnd"


@pytest.mark.parametrize("unit", UNITS)
@given(text=ANY_TEXT)
@settings(max_examples=60)
def test_any_text_goes_in_and_valid_utf8_comes_out(unit: str, text: str) -> None:
    vocabulary = LEARNED[unit]
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int32
    assert ids.size == 0 or (ids.min() >= 0 and ids.max() < len(vocabulary))
    vocabulary.decode(ids).encode("utf-8")
    surrogates = sum(unicodedata.category(sign) == "Cs" for sign in text)
    assert int((ids == 0).sum()) >= surrogates
    if unit == "bpe":
        assert int((ids == 0).sum()) == surrogates


# character: ï ☃ 😀 NUL tab d U+2028 l, the surrogate, é; word: naïve ☃ 😀 NUL end line, the surrogate, é
@pytest.mark.parametrize(("unit", "unknown"), [("character", 10), ("word", 8), ("bpe", 1)])
def test_unknown_tokens_are_counted(unit: str, unknown: int) -> None:
    assert int((LEARNED[unit].encode(ODD) == 0).sum()) == unknown


@given(ids=st.lists(st.integers(0, 299), max_size=30))
@settings(max_examples=60)
def test_any_byte_pairs_are_written_as_valid_utf8_whole_or_piece_by_piece(ids: list[int]) -> None:
    vocabulary = LEARNED["bpe"]
    ids = [i % len(vocabulary) for i in ids]
    whole = b"".join(vocabulary.bytes_of[i] for i in ids).decode("utf-8", "replace")
    decoder = TextDecoder(vocabulary)
    assert "".join([*(decoder.push(i) for i in ids), decoder.end()]) == whole == vocabulary.decode(ids)


def test_normalization_is_explicit() -> None:
    composed, apart = "\u00e9", "e\u0301"
    assert Vocabulary.learn([apart]).tokens == ("<unk>", composed)
    assert Vocabulary.learn([apart], normalization="none").tokens == ("<unk>", "e", "\u0301")
    assert Vocabulary.learn([composed]).encode(apart).tolist() == [1]


@pytest.mark.parametrize("unit", UNITS)
def test_a_vocabulary_survives_json(unit: str) -> None:
    vocabulary = LEARNED[unit]
    again = Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    assert again.tokens == vocabulary.tokens
    text = SENTENCES + "☃ quest"
    np.testing.assert_array_equal(again.encode(text), vocabulary.encode(text))


def test_early_vocabularies_load() -> None:
    early = {"level": "word", "tokens": ["<unk>", "be"], "merges": [], "normalization": "nfc"}
    assert Vocabulary.from_dict(early).to_dict() == {
        "unit": "word",
        "tokens": ["<unk>", "be"],
        "merges": [],
        "normalization": "nfc",
    }
    with pytest.raises(FileFormatError, match=r"^level: given under the new name too$"):
        Vocabulary.from_dict({**early, "unit": "word"})


def test_the_same_text_gives_the_same_vocabulary_in_every_process() -> None:
    code = (
        "from elman.text import Vocabulary; from text.samples import SENTENCES;"
        f"print([hash(Vocabulary.learn([SENTENCES], unit=a, size=b).tokens) for a, b in {UNITS}.items()])"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=_environment(threads)
        ).stdout
        for threads in ("1", "2")
    }
    assert len(found) == 1


def _environment(threads: str) -> dict[str, str]:
    tests = str(Path(__file__).resolve().parents[1])
    return {**os.environ, "PYTHONHASHSEED": "1", "RAYON_NUM_THREADS": threads, "PYTHONPATH": tests}


def test_nothing_is_said_when_a_process_forks_afterwards() -> None:
    code = (
        "import os; from elman.text import Vocabulary; Vocabulary.learn(['ab'], unit='bpe', size=300).encode('a');"
        "child = os.fork();"
        "os._exit(0) if child == 0 else os.waitpid(child, 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("before", [None, "true"])
def test_many_threads_read_at_once_and_the_environment_stays(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "TOKENIZERS_PARALLELISM"
    monkeypatch.delenv(name, raising=False)
    if before is not None:
        monkeypatch.setenv(name, before)
    vocabulary = LEARNED["word"]
    expected = vocabulary.encode(SENTENCES).tolist()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(vocabulary.encode, [SENTENCES] * 200))
    assert all(ids.tolist() == expected for ids in found)
    assert os.environ.get(name) == before


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "unit": ({"unit": "letters"}, "unit must be one of 'character', 'word', 'whitespace', 'bpe', got 'letters'"),
    "no unknown": ({"tokens": ["a", "b"]}, "needs '<unk>' and 1 to 49999 tokens after it"),
    "alone": ({"tokens": ["<unk>"]}, "needs '<unk>' and 1 to 49999 tokens after it"),
    "twice": ({"tokens": ["<unk>", "a", "a"]}, "tokens must be different"),
    "number": ({"tokens": ["<unk>", 3]}, "a token must be text of at least one character"),
    "surrogate": ({"tokens": ["<unk>", "\ud800"]}, "a token must be text of at least one character"),
    "long": ({"tokens": ["<unk>", "ab"]}, "must be one character"),
    "merges": ({"merges": ["a b"]}, "unit 'character' has no merges"),
    "bytes": ({"unit": "bpe"}, "needs a token for every byte"),
    "normalization": ({"normalization": "nfd"}, "normalization must be one of 'nfc', 'none', got 'nfd'"),
    "fields": ({"extra": 1}, "a vocabulary has other fields"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_vocabulary_is_refused(fault: str) -> None:
    changes, message = FAULTS[fault]
    with pytest.raises(ValueError, match=message):
        Vocabulary.from_dict({**Vocabulary.learn(["ab"]).to_dict(), **changes})


def test_a_merge_of_unknown_parts_is_refused() -> None:
    fields = LEARNED["bpe"].to_dict()
    for merges in (["a zzz"], ["a b"], ["ab"], ["a b c"]):
        with pytest.raises(ValueError, match="merge"):
            Vocabulary.from_dict({**fields, "merges": merges})
