"""Sequences of any lengths: classify them, predict numbers from them, tag their steps."""

from __future__ import annotations

from elman.sequences.classifier import SequenceClassifier
from elman.sequences.regressor import SequenceRegressor
from elman.sequences.tagger import SequenceTagger

__all__ = ["SequenceClassifier", "SequenceRegressor", "SequenceTagger"]
