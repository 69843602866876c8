"""The tokenizers library: build its objects from plain values and use it in one thread."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from elman._extras import need

__all__ = ["BYTES", "ONE_THREAD", "SIGNS", "learned_model", "new_tokenizer"]

_PLACE = "Vocabulary"
_PATTERNS = {
    "character": r"[\s\S]",
    "word": r"<unk>|\n|\w+(?:['’-]\w+)*|[^\w\s]",
    "whitespace": r"\n|\S+",
}


def new_tokenizer(
    unit: str, tokens: Sequence[str], merges: Iterable[tuple[str, str]], normalization: str, unknown: str
) -> Any:
    """Return the library's tokenizer; arguments are those of `Vocabulary`."""
    need(_PLACE, "tokenizers")
    from tokenizers import models

    if unit == "bpe":
        model: Any = models.BPE({token: i for i, token in enumerate(tokens) if i}, list(merges))
    else:
        model = models.WordLevel({token: i for i, token in enumerate(tokens)}, unk_token=unknown)
    return _around(model, unit, normalization)


def _around(model: Any, unit: str, normalization: str) -> Any:
    """Return a tokenizer with the steps before the model: normalization and splitting."""
    from tokenizers import Tokenizer, normalizers

    tokenizer = Tokenizer(model)
    if normalization == "nfc":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _cutter(unit)
    return tokenizer


def _cutter(unit: str) -> Any:
    """Return the library's splitter of texts into tokens, or into the units within which byte pairs are merged."""
    from tokenizers import Regex, pre_tokenizers

    if unit in _PATTERNS:
        return pre_tokenizers.Split(Regex(_PATTERNS[unit]), "removed", invert=True)
    lines = pre_tokenizers.Split("\n", "isolated")  # so that a text can be cut at the ends of its lines
    return pre_tokenizers.Sequence([lines, pre_tokenizers.ByteLevel(add_prefix_space=False)])


def learned_model(pieces: Iterator[str], unit: str, size: int, min_count: int, normalization: str) -> dict[str, Any]:
    """Count tokens or merge pairs; returns the library's description of the model."""
    need(_PLACE, "tokenizers")
    from tokenizers import models, trainers

    if unit == "bpe":
        model: Any = models.BPE()
        trainer: Any = trainers.BpeTrainer(
            vocab_size=size - 1, min_frequency=min_count, show_progress=False, initial_alphabet=sorted(BYTES)
        )
    else:
        model = models.WordLevel()
        trainer = trainers.WordLevelTrainer(vocab_size=size, min_frequency=min_count, show_progress=False)
    tokenizer = _around(model, unit, normalization)
    with ONE_THREAD:
        tokenizer.train_from_iterator(pieces, trainer)
    described: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    return described


class _OneThread:
    """Keeps the library to one thread while any thread is inside.

    After the use of several threads, the library warns on standard error whenever the process forks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: str | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = os.environ.get(_SWITCH)
                os.environ[_SWITCH] = "false"
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                os.environ.pop(_SWITCH, None)
                if self._before is not None:
                    os.environ[_SWITCH] = self._before


_SWITCH = "TOKENIZERS_PARALLELISM"
ONE_THREAD = _OneThread()


def _byte_alphabet() -> dict[str, int]:
    """Map the library's character for each byte to the byte: a visible byte is its own, others start at 256."""
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(256 + i): byte for i, byte in enumerate(hidden)}


BYTES = _byte_alphabet()
SIGNS = {byte: sign for sign, byte in BYTES.items()}
