"""Text: models that predict the next character, word or byte pair, and write.

`LanguageModel` is the estimator. Its parts can be used alone.
"""

from __future__ import annotations

from elman.text.batches import TokenStreams, TokenWindows
from elman.text.corpus import Corpus, encode_pieces
from elman.text.measures import Measures
from elman.text.model import LanguageModel
from elman.text.presets import PRESETS, Preset
from elman.text.sampling import Sampler, Sampling, until_stop
from elman.text.tokenization import TextDecoder, Vocabulary

__all__ = [
    "PRESETS",
    "Corpus",
    "LanguageModel",
    "Measures",
    "Preset",
    "Sampler",
    "Sampling",
    "TextDecoder",
    "TokenStreams",
    "TokenWindows",
    "Vocabulary",
    "encode_pieces",
    "until_stop",
]
