"""A fitted language model: one frozen value, computed first and assigned once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from elman.network import Network
from elman.text.corpus import Corpus, encode_pieces
from elman.text.measures import Measures
from elman.text.options import Size, carries_state
from elman.text.tokenization import Ids, Vocabulary
from elman.training import History, TrainingState

__all__ = ["Fitted"]


@dataclass(frozen=True)
class Fitted:
    """The result of a fit.

    Parameters
    ----------
    network : Network
        With the best parameters.
    vocabulary : Vocabulary
        Tokens and their ids.
    history : History
        Of the training; empty in a model that was loaded.
    updates : int
        Of ``fit``, or of ``partial_fit`` since the optimizer started.
    size : Size
        Values chosen for "auto".
    seed : int
        From which all random numbers derive.
    parameters : mapping of str to Any
        Those of the fit.
    validation : Measures or None
        Of the end of the text.
    state : TrainingState or None
        State of the optimizer, after ``partial_fit``.
    """

    network: Network
    vocabulary: Vocabulary
    history: History
    updates: int
    size: Size
    seed: int
    parameters: Mapping[str, Any]
    validation: Measures | None = None
    state: TrainingState | None = None

    @property
    def window(self) -> int | None:
        """Number of tokens that the network reads before a prediction, or None if it carries its state."""
        return None if carries_state(self.network) else self.size.steps - 1

    def read(self, corpus: Corpus) -> Ids:
        """Return the token ids of a text."""
        return encode_pieces(corpus.pieces(), self.vocabulary, corpus.characters())
