"""Sequences of any length: classification, regression, and tags for every step."""

from __future__ import annotations

from elman.sequences.classifier import SequenceClassifier
from elman.sequences.regressor import SequenceRegressor
from elman.sequences.simple import SimpleMethod
from elman.sequences.stream import SequenceStream
from elman.sequences.tagger import SequenceTagger
from elman.sequences.verdicts import Verdict, verdict

__all__ = [
    "SequenceClassifier",
    "SequenceRegressor",
    "SequenceStream",
    "SequenceTagger",
    "SimpleMethod",
    "Verdict",
    "verdict",
]
