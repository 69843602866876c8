"""The part of the estimator that predicts what comes next, and writes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
from sklearn.exceptions import NotFittedError

from elman import _check
from elman._check.occupied import reading
from elman.errors import ArgumentError
from elman.text._generation import context_of, next_probabilities, tokens_after
from elman.text._options import carries_state
from elman.text.sampling import Sampler, Sampling, until_stop
from elman.text.tokenization import TextDecoder, Vocabulary

if TYPE_CHECKING:
    from elman.network import Network
    from elman.text._options import Size

__all__ = ["Writing"]


class Writing:
    """What `LanguageModel` does once it is fitted; parameters and attributes are described there."""

    network_: Network
    vocabulary_: Vocabulary
    size_: Size

    def predict_proba(self, prefix: str = "") -> npt.NDArray[Any]:
        """Return the probability of every token of ``vocabulary_.tokens`` to come next.

        Parameters
        ----------
        prefix : str
            What comes before. Without any, the end of a line, or where the vocabulary has none, its first token.

        Returns
        -------
        p : ndarray (tokens,)

        Examples
        --------
        >>> from elman.text import LanguageModel
        >>> model = LanguageModel(hidden_size=8, epochs=5, validation_fraction=0, random_state=0).fit("ab" * 200)
        >>> model.vocabulary_.tokens[model.predict_proba("aba").argmax()]
        'b'
        """
        self._check_fitted("predict_proba")
        with reading("LanguageModel.predict_proba", self):
            return next_probabilities(self.network_, self._context("predict_proba", prefix), self._window())

    def generate(
        self,
        prefix: str = "",
        *,
        length: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        repetition_penalty: float = 1.0,
        stop: str | Sequence[str] = (),
        seed: int = 0,
    ) -> str:
        """Return text that goes on from a prefix, which is not repeated.

        Parameters
        ----------
        prefix : str
            See `predict_proba`.
        length : int
            Most tokens.
        temperature, top_k, top_p, repetition_penalty, seed
            See `Sampling`; temperature 0 always takes the most probable token.
        stop : str or sequence of str
            Text to stop before.

        Raises
        ------
        ArgumentError
            If a value is outside its range.
        """
        length = _check.positive_integer("generate", "length", length)
        options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
        return "".join(self.stream(prefix, length=length, repetition_penalty=repetition_penalty, stop=stop, **options))

    def stream(
        self,
        prefix: str = "",
        *,
        length: int | None = 200,
        stop: str | Sequence[str] = (),
        **sampling: Any,
    ) -> Iterator[str]:
        """Yield what `generate` returns, piece by piece as it is drawn; every token costs one step of the network.

        Parameters
        ----------
        prefix, stop
            See `generate`.
        length : int or None
            Most tokens; None goes on for ever.
        **sampling
            See `Sampling`.

        Raises
        ------
        ArgumentError
            At the call, not at the first piece.

        Examples
        --------
        >>> from elman.text import LanguageModel
        >>> model = LanguageModel(hidden_size=16, epochs=100, validation_fraction=0, random_state=0).fit("abcd" * 100)
        >>> list(model.stream("ab", length=3, temperature=0))
        ['c', 'd', 'a']
        """
        self._check_fitted("generate")
        if length is not None:
            length = _check.positive_integer("generate", "length", length)
        stops = _stops(stop, self.vocabulary_.normalization)
        try:
            chosen = Sampling(**sampling)
        except TypeError as error:
            raise ArgumentError(f"generate: {str(error).split(') ', 1)[-1]}.") from None
        with reading("LanguageModel.generate", self):
            context = self._context("generate", prefix)
            sampler = Sampler(chosen, len(self.vocabulary_), context if prefix else ())
            tokens = tokens_after(self.network_, context, self._window(), sampler, length)
        pieces = self._spelled(prefix, context, tokens)
        return until_stop(pieces, stops) if stops else pieces

    def _spelled(self, prefix: str, context: list[int], tokens: Iterator[int]) -> Iterator[str]:
        """Turn tokens into text that goes on from the prefix."""
        decoder = TextDecoder(self.vocabulary_)
        pieces = decoder.pieces(tokens)
        if prefix and self.vocabulary_.level == "word":
            decoder.push(context[-1])  # says whether a space comes first
            if prefix[-1].isspace():
                yield next(pieces).lstrip(" ")
        yield from pieces

    def _context(self, method: str, prefix: str) -> list[int]:
        if not isinstance(prefix, str):
            raise ArgumentError(f"LanguageModel.{method}: prefix must be a str, got {type(prefix).__name__}.")
        return context_of(self.vocabulary_, prefix)

    def _window(self) -> int | None:
        """Tokens that the network may see, or None if it carries its state."""
        return None if carries_state(self.network_) else self.size_.steps - 1

    def _check_fitted(self, method: str) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"LanguageModel.{method}: this LanguageModel is not fitted yet; call fit first.")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")


def _stops(stop: str | Sequence[str], normalization: str) -> tuple[str, ...]:
    """Return the texts to stop before, in the form in which the model writes."""
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    if not all(isinstance(text, str) and text for text in stops):
        raise ArgumentError(f"generate: stop must be one or several non-empty texts, got {stop!r}.")
    return stops if normalization == "none" else tuple(unicodedata.normalize("NFC", text) for text in stops)
