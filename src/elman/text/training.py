"""Train a language model on a text, or for one more pass."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from time import monotonic

from elman.errors import DataError, Remedy
from elman.network import Network
from elman.text.batches import TokenStreams, TokenWindows
from elman.text.corpus import Corpus, count_words, cut_position, encode_pieces, pieces_after, pieces_before
from elman.text.measures import Measures, evaluate
from elman.text.options import Size, carries_state, least_tokens, settings_of
from elman.text.parameters import Parameters
from elman.text.tokenization import Ids, Vocabulary
from elman.training import Progress, Trainer, TrainingState, train_ensemble

__all__ = ["Stopped", "Text", "batches_of", "check_length", "evaluated", "pass_once", "train"]

_SMOOTH = 0.98  # weight of past losses in the displayed mean


class Stopped(KeyboardInterrupt):
    """Ctrl-C after the first update; the trainer's network has its best parameters so far."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__()
        self.trainer = trainer


@dataclass(frozen=True)
class Text:
    """A text as token ids.

    Parameters
    ----------
    vocabulary : Vocabulary
        Of the ids.
    training : ndarray of int32 (tokens,)
        Training part.
    validation : ndarray of int32 (tokens,), optional
        Held-out part.
    counted : (int, int)
        Words of the held-out part and their characters.
    """

    vocabulary: Vocabulary
    training: Ids
    validation: Ids | None
    counted: tuple[int, int] = (0, 0)

    @classmethod
    def learned(cls, place: str, parameters: Parameters, corpus: Corpus, size: int, *, held_out: bool = True) -> Text:
        """Hold out the end for validation, learn the vocabulary from the rest, and encode both."""
        fraction = float(parameters.validation_fraction) if held_out else 0.0
        characters = corpus.characters()
        cut = cut_position(corpus.pieces(), round(characters * (1.0 - fraction)), parameters.unit)
        vocabulary = Vocabulary.learn(
            pieces_before(corpus.pieces(), cut),
            unit=parameters.unit,
            size=size,
            min_count=int(parameters.min_count),
            normalization=parameters.normalization,
        )
        training = encode_pieces(pieces_before(corpus.pieces(), cut), vocabulary, characters)
        least = least_tokens(parameters)
        check_length(place, "the training part", len(training), least)
        if fraction == 0.0:
            return cls(vocabulary, training, None)
        validation = encode_pieces(pieces_after(corpus.pieces(), cut), vocabulary, characters)
        without = Remedy("hold nothing out with {}", validation_fraction=0)
        check_length(place, f"the validation part, {fraction:g} of the text,", len(validation), least, without)
        return cls(vocabulary, training, validation, count_words(pieces_after(corpus.pieces(), cut)))


def check_length(place: str, what: str, tokens: int, least: int, *others: Remedy) -> None:
    """Refuse a text with too few tokens; the remedies are a longer text, and others."""
    if tokens < least:
        raise DataError(
            f"{place}: the text is too short: {what} has {tokens} tokens, at least {least} are needed.",
            Remedy("bring a longer text"),
            *others,
        )


def batches_of(
    parameters: Parameters, text: Text, size: Size, seed: int, first_update: int = 0
) -> TokenStreams | TokenWindows:
    """Return the batches of the training part."""
    if parameters.training == "windows":
        return TokenWindows(text.training, size.batch_size, size.steps, seed, first_update=first_update)
    return TokenStreams(text.training, size.batch_size, size.steps, first_update=first_update)


def evaluated(
    parameters: Parameters,
    network: Network,
    vocabulary: Vocabulary,
    size: Size,
    ids: Ids,
    counted: tuple[int, int],
    rows: int,
) -> Measures:
    """Evaluate a network on a text, read as ``rows`` rows."""
    window = None if carries_state(network) else size.steps
    return evaluate(network, ids, vocabulary, counted, window=window, rows=rows, n_threads=parameters.n_threads or 0)


def train(parameters: Parameters, text: Text, size: Size, network: Network, seed: int) -> Trainer:
    """Train a network in place; it ends with its best parameters.

    Raises
    ------
    Stopped
        On Ctrl-C after the first update.
    """
    batches = batches_of(parameters, text, size, seed)
    settings = settings_of(parameters, size.epochs * batches.epoch_length, batches.epoch_length, seed)
    held_out = text.validation

    def validate(network: Network) -> float:
        assert held_out is not None
        measures = evaluated(parameters, network, text.vocabulary, size, held_out, text.counted, batches.batch_size)
        return measures.nats_per_token

    trainer = Trainer(network, batches, settings, validate=None if held_out is None else validate)
    _run(parameters, trainer, batches.tokens_per_batch)
    return trainer


def pass_once(
    parameters: Parameters, text: Text, size: Size, network: Network, seed: int, state: TrainingState | None
) -> Trainer:
    """Train for one pass over the text at a constant learning rate."""
    done = 0 if state is None else state.update
    batches = batches_of(parameters, text, size, seed + done, first_update=done)  # each pass: another order
    settings = settings_of(parameters, done + batches.epoch_length, batches.epoch_length, seed, constant=True)
    trainer = Trainer(network, batches, settings, state=state)
    _run(parameters, trainer, batches.tokens_per_batch)
    trainer.history = trainer.history.newest()
    return trainer


def _run(parameters: Parameters, trainer: Trainer, tokens_per_batch: int) -> None:
    with Progress(trainer.stop_at, enabled=bool(parameters.progress)) as bar:
        trainer.callbacks = (_Report(bar, tokens_per_batch),) if parameters.progress else ()
        try:
            train_ensemble([trainer], n_threads=parameters.n_threads)
        except KeyboardInterrupt:
            if trainer.update == 0:
                raise
            raise Stopped(trainer) from None


class _Report:
    """Shows speed, loss and validation beside the progress bar."""

    def __init__(self, bar: Progress, tokens_per_batch: int) -> None:
        self._bar = bar
        self._tokens_per_batch = tokens_per_batch
        self._start: tuple[float, int] | None = None
        self._loss: float | None = None

    def __call__(self, trainer: Trainer) -> None:
        loss, now = trainer.history.loss[-1], monotonic()
        self._loss = loss if self._loss is None else _SMOOTH * self._loss + (1.0 - _SMOOTH) * loss
        if self._start is None:
            self._start = now, trainer.update
        seconds, updates = now - self._start[0], trainer.update - self._start[1]
        note = f"loss {self._loss:.3f}, perplexity {exp(min(self._loss, 700.0)):.2f}"
        if seconds > 0:
            note = f"{updates * self._tokens_per_batch / seconds:,.0f} tokens/s, {note}"
        if trainer.history.score:
            note += f", best validation {trainer.history.best_score:.3f}"
        self._bar.done = trainer.update - 1  # a resumed run starts above 0
        self._bar.advance(note)
