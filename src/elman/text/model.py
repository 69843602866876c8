"""The estimator: a language model from a text of your own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from elman import _check
from elman._check.names import NamedParameters
from elman._check.occupied import changing, reading
from elman.network import Network
from elman.text._options import (
    HINTS,
    Size,
    architecture_of,
    check_parameters,
    check_unchanged,
    further_size,
    rule_size,
    vocabulary_size,
)
from elman.text._saving import Saving
from elman.text._training import Interrupted, Text, batches_of, measured, pass_once, train
from elman.text._writing import Writing
from elman.text.corpus import Corpus, Source, encode_pieces
from elman.text.measures import Measures
from elman.text.presets import changed_recipe
from elman.text.tokenization import Ids, Vocabulary
from elman.training import GradientFlow, History, Trainer, TrainingState, checkpointing, same_seed

__all__ = ["LanguageModel"]


@dataclass(eq=False, repr=False, kw_only=True)
class LanguageModel(NamedParameters, Writing, Saving, BaseEstimator):
    r"""Predict the next character, word or byte pair of a text, and write text of its kind.

    The network is an embedding (or one-hot rows), recurrent layers and a softmax over the vocabulary.

    Parameters
    ----------
    level : {"character", "word", "bpe"}
        What a token is; see `Vocabulary`.
    vocabulary_size : int or "auto"
        Most tokens, ``<unk>`` included. ``"auto"``: 10,000 words, 2,000 byte pairs, or all characters up to 50,000.
    min_count : int
        Rarer tokens are left out of the vocabulary.
    normalization : {"nfc", "none"}
        What is done to every text first: composed characters (Unicode's NFC), or nothing.
    cell : {"gru", "lstm", "rnn"}
        Recurrent layers.
    hidden_size : int or "auto"
        Units of a layer. ``"auto"``: 64, 128, 256 or 512, by the length of the text; see `rule_size`.
    num_layers : int
        Recurrent layers.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        Of ``cell="rnn"``.
    embedding_size : int, None or "auto"
        Width of the vector that stands for a token; None feeds one-hot rows. ``"auto"``: 64 for characters, else
        ``hidden_size``.
    tied_weights : bool
        Use the embedding as output weights too (Press & Wolf 2017); its width is then ``hidden_size``.
    dropout : float
        Rate on the embedding, between layers and before the output (Zaremba et al. 2014).
    recurrent_dropout : float
        Rate on the state on its way from step to step (Gal & Ghahramani 2016).
    training : {"streams", "windows"}
        ``"streams"``: the text is cut into ``batch_size`` parts that are read side by side, ``steps`` tokens at a time,
        every token being predicted; the state is carried on, gradients are not. ``"windows"``: every ``steps``
        consecutive tokens stand alone, and the last is predicted from the others.
    steps : int or "auto"
        See ``training``. ``"auto"``: 64 characters or byte pairs, or 35 words.
    batch_size : int or "auto"
        Parts, or windows of an update. ``"auto"``: 32, or fewer so that an epoch has 16 updates.
    epochs : int or "auto"
        Passes over the text. ``"auto"``: as many as read 10 million tokens, at most 100.
    optimizer : {"adam", "rmsprop", "sgd"}
        Update rule.
    learning_rate : float
        At the start.
    momentum, rmsprop_decay, weight_decay : float
        Of SGD; of RMSprop's squares; of SGD and Adam.
    schedule : {"cosine", "constant", "step", "plateau"}
        ``"cosine"`` falls to zero; ``"step"`` multiplies the rate by ``learning_rate_decay`` after every epoch from
        number ``decay_after`` on; ``"plateau"`` whenever ``decay_after`` epochs have brought no better validation.
    learning_rate_decay, decay_after : float, int
        See ``schedule``.
    clip_norm, clip_value : float or None
        Longest gradient; largest component of it.
    validation_fraction : float
        Share of the text, cut off at its end, that is not learned from. After every epoch the model is measured on it,
        and the best parameters are kept. 0: none.
    patience : int or None
        Stop after so many epochs without a better validation.
    init : {"default", "torch", "glorot", "uniform", "zeros"}
        Initial parameters; see `elman.network.initialize`.
    init_scale : float, optional
        Half-width of ``"uniform"``.
    forget_bias : float, optional
        Initial bias of an LSTM's forget gates, instead of what ``init`` says.
    dtype : {"float32", "float64"}
        Precision of the network.
    random_state : int, RandomState or None
        The same integer gives the same bits, whatever the number of threads.
    n_threads : int or None
        Threads; None leaves it to ``ELMAN_NUM_THREADS``, ``OMP_NUM_THREADS`` and the machine.
    progress : bool
        Whether to show progress when it takes longer than two seconds.

    Attributes
    ----------
    vocabulary_ : Vocabulary
        Tokens and their ids.
    network_ : Network
        With the best parameters.
    validation_ : Measures or None
        Of the end of the text; its parts are read side by side, so it is a little worse than `evaluate` would say.
    history_ : History
        Loss of every update and validation of every epoch.
    updates_ : int
        Updates made: by `fit`, or by `partial_fit` since the optimizer began.
    size_ : Size
        What ``"auto"`` has become.

    References
    ----------
    Elman (1990), Finding structure in time. Mikolov et al. (2010), Recurrent neural network based language model.

    Examples
    --------
    >>> model = LanguageModel(hidden_size=16, epochs=100, validation_fraction=0, random_state=0).fit("abcd" * 100)
    >>> model.generate("ab", length=6, temperature=0)
    'cdabcd'
    >>> model.perplexity("abcdabcd") < 1.5
    True
    """

    _hints: ClassVar[dict[str, str]] = HINTS

    level: str = "character"
    vocabulary_size: Any = "auto"
    min_count: int = 1
    normalization: str = "nfc"
    cell: str = "gru"
    hidden_size: Any = "auto"
    num_layers: int = 1
    activation: str = "tanh"
    embedding_size: Any = "auto"
    tied_weights: bool = False
    dropout: float = 0.3
    recurrent_dropout: float = 0.0
    training: str = "streams"
    steps: Any = "auto"
    batch_size: Any = "auto"
    epochs: Any = "auto"
    optimizer: str = "adam"
    learning_rate: float = 3e-3
    momentum: float = 0.0
    rmsprop_decay: float = 0.9
    weight_decay: float = 0.0
    schedule: str = "cosine"
    learning_rate_decay: float = 0.5
    decay_after: int = 1
    clip_norm: float | None = 1.0
    clip_value: float | None = None
    validation_fraction: float = 0.1
    patience: int | None = None
    init: str = "default"
    init_scale: float | None = None
    forget_bias: float | None = None
    dtype: str = "float32"
    random_state: Any = None
    n_threads: int | None = None
    progress: bool = False

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """Return an unfitted model with a published recipe.

        Parameters
        ----------
        name : {"zaremba-small", "zaremba-medium", "char-rnn"}
            See `elman.text.presets.PRESETS` for parameters and sources.
        **changes
            Parameters that shall be different; another ``optimizer`` needs a ``learning_rate`` of its own.

        Raises
        ------
        ArgumentError
            If there is no recipe of that name, or the learning rate is that of another optimizer.

        Examples
        --------
        >>> LanguageModel.preset("char-rnn", epochs=5).hidden_size
        128
        """
        return cls(**changed_recipe("LanguageModel.preset", name, changes))

    def fit(
        self,
        X: Source,
        y: None = None,
        *,
        encoding: str = "utf-8",
        checkpoint_dir: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn from a text: first its vocabulary, then to predict its tokens.

        Parameters
        ----------
        X : str, path, or iterable of them
            A str is a text; a path is a file, or a folder whose ``.txt`` files are read in the order of their names.
            The token ids of more than 2²⁷ characters are kept in a temporary file instead of memory.
        y : None
            Ignored; scikit-learn's tools pass it.
        encoding : str
            Of files.
        checkpoint_dir : path, optional
            A folder to keep states in while training, so that a run that was killed can go on.
        resume : bool
            Go on from the states in ``checkpoint_dir``; the result is that of a run that never stopped.

        Returns
        -------
        self : LanguageModel
            After an interrupt (Ctrl-C, which is raised again) it has the best parameters so far.

        Raises
        ------
        ArgumentError, DataError
            If a parameter is outside its range, or the text is blank, too short, or not in that encoding.
        FileNotFoundError
            If a path leads nowhere.
        """
        place = "LanguageModel.fit"
        check_parameters(place, self)
        corpus = Corpus.of(X, encoding, place)
        with changing(place, self):
            return self._fit(place, corpus, checkpoint_dir, resume)

    def _fit(self, place: str, corpus: Corpus, checkpoint_dir: str | os.PathLike[str] | None, resume: bool) -> Self:
        text = Text.learned(place, self, corpus, vocabulary_size(self))
        size = rule_size(self, len(text.training))
        with checkpointing(place, checkpoint_dir, resume, self.get_params(), (text.training, text.validation)):
            fixed = isinstance(self.random_state, int | np.integer)
            seed = same_seed(int(check_random_state(self.random_state).randint(2**31 - 1)), fixed=fixed)
            network = self._new_network(text.vocabulary, size, seed)
            try:
                trainer = train(self, text, size, network, seed)
            except Interrupted as interrupt:
                self._adopt(interrupt.trainer, text, size)
                raise
        self._adopt(trainer, text, size)
        return self

    def partial_fit(self, X: Source, y: None = None, *, encoding: str = "utf-8") -> Self:
        """Pass once over a text, at a constant learning rate, going on with the optimizer's memory.

        The first call learns the vocabulary; later texts are read with it. Nothing is held out. `save` keeps what the
        optimizer remembers: after `load` it goes on bit for bit. After `fit`, or with another optimizer, it begins
        anew. Dropout, ``steps`` and ``batch_size`` may be other ones than before.

        Parameters
        ----------
        X, y, encoding
            See `fit`.

        Raises
        ------
        ArgumentError, DataError, FileNotFoundError
            See `fit`.
        """
        place = "LanguageModel.partial_fit"
        check_parameters(place, self)
        corpus = Corpus.of(X, encoding, place)
        with changing(place, self):
            return self._pass_over(place, corpus)

    def _pass_over(self, place: str, corpus: Corpus) -> Self:
        state: TrainingState | None = getattr(self, "_state", None)
        if self.__sklearn_is_fitted__():
            check_unchanged(place, self)
            text = Text(self.vocabulary_, self._read(corpus), None)
            size, seed = further_size(self), self._seed
            network = Network(architecture_of(self, size, len(self.vocabulary_)), self.network_.theta.copy())
        else:
            text = Text.learned(place, self, corpus, vocabulary_size(self), held_out=False)
            size = rule_size(self, len(text.training))
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
            network = self._new_network(text.vocabulary, size, seed)
        if state is not None and state.optimizer != self.optimizer:
            state = None
        trainer = pass_once(self, text, size, network, seed, state)
        self._adopt(trainer, text, size, trainer.state())
        return self

    def _read(self, corpus: Corpus) -> Ids:
        """Return a text's tokens by the vocabulary that was learned."""
        return encode_pieces(corpus.pieces(), self.vocabulary_, corpus.characters())

    def evaluate(self, X: Source, *, rows: int = 1, encoding: str = "utf-8") -> Measures:
        """Measure how well the model predicts a text.

        Parameters
        ----------
        X, encoding
            See `fit`.
        rows : int
            Parts that are read side by side: faster, but each begins without knowledge of the one before.

        Returns
        -------
        measures : Measures
            Nats per token, perplexity, bits per character, and what was counted.

        Raises
        ------
        DataError
            If there is nothing to predict.

        Examples
        --------
        >>> model = LanguageModel(hidden_size=4, epochs=1, random_state=0).fit("to be or not to be " * 20)
        >>> model.evaluate("to be!").unknown
        1
        """
        self._check_fitted("evaluate")
        rows = _check.positive_integer("LanguageModel.evaluate", "rows", rows)
        corpus = Corpus.of(X, encoding, "LanguageModel.evaluate")
        with reading("LanguageModel.evaluate", self):
            return measured(self, self.network_, self.vocabulary_, self.size_, self._read(corpus), rows)

    def score(self, X: Source, y: None = None) -> float:
        """Return the mean of ln p(token) over a text: higher is better; see `evaluate`."""
        return -self.evaluate(X).nats_per_token

    def perplexity(self, X: Source) -> float:
        """Return exp of the mean of -ln p(token) over a text: of words, the perplexity per word; see `evaluate`."""
        return self.evaluate(X).perplexity

    def gradient_flow(self, X: Source, *, encoding: str = "utf-8", probes: int = 8) -> GradientFlow:
        """Measure how far back in time the gradient of the loss reaches, on parts of a text cut like those of training.

        Parameters
        ----------
        X, encoding
            See `fit`.
        probes : int
            Tokens per part whose loss is followed back.

        Returns
        -------
        GradientFlow
            Print it; `elman.training.gradient_flow` says what the numbers are.

        Raises
        ------
        DataError
            If the text is too short.
        """
        from elman.text._flow import measure

        place = "LanguageModel.gradient_flow"
        self._check_fitted("gradient_flow")
        corpus = Corpus.of(X, encoding, place)
        with changing(place, self):  # it uses the network's tape
            return measure(place, self, self._read(corpus), probes)

    def _new_network(self, vocabulary: Vocabulary, size: Size, seed: int) -> Network:
        network = Network.initialized(
            architecture_of(self, size, len(vocabulary)),
            seed=seed,
            scheme=self.init,
            dtype=np.dtype(self.dtype),
            scale=self.init_scale,
        )
        if self.forget_bias is not None:
            for layer in range(int(self.num_layers)):
                bias = network.parameters[f"layers.{layer}.b"]
                bias[size.hidden_size : 2 * size.hidden_size] = self.forget_bias
        return network

    def _adopt(self, trainer: Trainer, text: Text, size: Size, state: TrainingState | None = None) -> None:
        """Set the fitted attributes, all at once and only after training."""
        self.network_: Network = trainer.network
        self.vocabulary_: Vocabulary = text.vocabulary
        self.history_: History = trainer.history
        self.updates_ = trainer.update
        self.size_ = size
        self._seed, self._state = trainer.settings.seed, state
        self.validation_: Measures | None = None
        if text.validation is not None:
            rows = batches_of(self, text, size, 0).batch_size
            self.validation_ = measured(self, self.network_, text.vocabulary, size, text.validation, rows)
