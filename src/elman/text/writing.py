"""Prediction of the next token and generation of text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import numpy.typing as npt

from elman import _check
from elman._words import called, place_of
from elman.errors import ArgumentError, Remedy, UnsupportedError, setting
from elman.estimators import Contract, StreamedEstimator
from elman.text.fitted import Fitted
from elman.text.generation import context_of, next_probabilities, tokens_after
from elman.text.sampling import Sampler, Sampling, until_stop
from elman.text.tokenization import TextDecoder

__all__ = ["Writing"]


class Writing(Contract, StreamedEstimator[Fitted]):
    """Base of the estimator: prediction and generation after a prefix."""

    def predict_proba(self, prefix: str = "") -> npt.NDArray[Any]:
        """Return the probability of each token of ``vocabulary_.tokens`` to follow a prefix.

        Parameters
        ----------
        prefix : str
            Text before. If empty, a line end, or the first token if the vocabulary has no line end.

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
        with self._reading("predict_proba") as fitted:
            context = _context(self._place("predict_proba"), fitted, prefix)
            return next_probabilities(fitted.network, context, fitted.window)

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
        precision: str | None = None,
    ) -> str:
        """Generate text after a prefix; the prefix is not repeated.

        Parameters
        ----------
        prefix : str
            See `predict_proba`.
        length : int
            Maximum number of tokens.
        temperature, top_k, top_p, repetition_penalty, seed
            See `Sampling`; temperature 0 always takes the most probable token.
        stop : str or sequence of str
            Stop before this text.
        precision : {"float32", "bfloat16", "int8"}, optional
            Of the weights that a step reads, see `elman.network.Stream`; None is `dtype`. `quantization_report` says
            what it costs in perplexity.

        Raises
        ------
        ArgumentError
            If a value is outside its range, or the dtype is float64 and a precision is given.
        UnsupportedError
            If the network cannot have the precision.

        Examples
        --------
        >>> from elman.text import LanguageModel
        >>> model = LanguageModel(hidden_size=16, epochs=100, validation_fraction=0, random_state=0).fit("abcd" * 100)
        >>> model.generate("ab", length=6, temperature=0, precision="int8")
        'cdabcd'
        """
        length = _check.positive_integer(place_of("generate"), called("length"), length)
        options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
        options["repetition_penalty"] = repetition_penalty
        return "".join(self.stream(prefix, length=length, stop=stop, precision=precision, **options))

    def stream(
        self,
        prefix: str = "",
        *,
        length: int | None = 200,
        stop: str | Sequence[str] = (),
        precision: str | None = None,
        **sampling: Any,
    ) -> Iterator[str]:
        """Yield the text of `generate` piece by piece; every token costs one step of the network.

        Parameters
        ----------
        prefix, stop, precision
            See `generate`.
        length : int or None
            Maximum number of tokens; None never ends.
        **sampling
            See `Sampling`.

        Raises
        ------
        ArgumentError, UnsupportedError
            At the call, before the first piece.

        Examples
        --------
        >>> from elman.text import LanguageModel
        >>> model = LanguageModel(hidden_size=16, epochs=100, validation_fraction=0, random_state=0).fit("abcd" * 100)
        >>> list(model.stream("ab", length=3, temperature=0))
        ['c', 'd', 'a']
        """
        fitted = self._value("generate")
        if length is not None:
            length = _check.positive_integer(place_of("generate"), called("length"), length)
        stops = _stops(stop, fitted.vocabulary.normalization)
        try:
            chosen = Sampling(**sampling)
        except TypeError as error:
            raise ArgumentError(f"generate: {str(error).split(') ', 1)[-1]}.") from None
        with self._reading("generate") as fitted:
            context = _context(self._place("generate"), fitted, prefix)
            sampler = Sampler(chosen, len(fitted.vocabulary), context if prefix else ())
            _check_precision(fitted, precision)
            tokens = tokens_after(fitted.network, context, fitted.window, sampler, length, precision)
        pieces = _spelled(fitted, prefix, context, tokens)
        return until_stop(pieces, stops) if stops else pieces


def _spelled(fitted: Fitted, prefix: str, context: list[int], tokens: Iterator[int]) -> Iterator[str]:
    """Convert tokens to text after the prefix."""
    decoder = TextDecoder(fitted.vocabulary)
    pieces = decoder.pieces(tokens)
    if prefix and fitted.vocabulary.unit in ("word", "whitespace"):
        decoder.push(context[-1])  # decides whether a space comes first
        if prefix[-1].isspace():
            yield next(pieces).lstrip(" ")
    yield from pieces


def _check_precision(fitted: Fitted, precision: str | None) -> None:
    """Refuse an unknown precision, or one for a network that reads windows anew for every token."""
    if precision is None:
        return
    _check.choice("generate", "precision", precision, _check.PRECISIONS)
    if fitted.window is not None:
        raise UnsupportedError(
            f"{place_of('generate')}: {setting('precision', precision)} needs a model that was trained on streams, "
            "and this one was trained on windows.",
            Remedy("leave {} out", precision=...),
            Remedy("compute with rounded weights by model.quantized()", frame=...),
        )


def _context(place: str, fitted: Fitted, prefix: str) -> list[int]:
    """Return the tokens of a prefix."""
    if not isinstance(prefix, str):
        raise ArgumentError(f"{place}: prefix must be a str, got {type(prefix).__name__}.")
    return context_of(fitted.vocabulary, prefix)


def _stops(stop: str | Sequence[str], normalization: str) -> tuple[str, ...]:
    """Return the stop texts, normalized like the model's text."""
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    if not all(isinstance(text, str) and text for text in stops):
        raise ArgumentError(
            f"{place_of('generate')}: {called('stop')} must be one or several non-empty texts, got {stop!r}."
        )
    return stops if normalization == "none" else tuple(unicodedata.normalize("NFC", text) for text in stops)
