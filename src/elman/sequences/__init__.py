"""Sequences of any length: classification, regression, and tags for every step."""

from __future__ import annotations

from elman.sequences.classifier import SequenceClassifier
from elman.sequences.regressor import SequenceRegressor
from elman.sequences.tagger import SequenceTagger

__all__ = ["SequenceClassifier", "SequenceRegressor", "SequenceTagger"]
