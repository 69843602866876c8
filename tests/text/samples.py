"""Texts that a small network learns in a moment."""

from __future__ import annotations

from typing import Any

from elman import LanguageModel

CIRCLE = "abcd" * 150
SENTENCES = "to be or not to be , that is the question .\nwhether it is nobler to be , or not to be .\n" * 12
ODD = (
    "naïve ☃ 😀\x00\tend\u2028line \ud83d e\u0301"  # emoji, NUL, a line separator, a lone surrogate, a combining accent
)

SMALL: dict[str, Any] = {"hidden_size": 16, "steps": 10, "epochs": 12, "learning_rate": 0.02, "random_state": 0}


def small(**changes: Any) -> LanguageModel:
    return LanguageModel(**{**SMALL, **changes})
