"""The estimator `LanguageModel`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np

from elman import _check
from elman.estimators import Arrays, Table, changing, documented, trained
from elman.network import Network, QuantizationReport, StreamedNetwork
from elman.network.streamed import report_of
from elman.text.corpus import Corpus, Source, count_words
from elman.text.fitted import Fitted
from elman.text.flow import flow
from elman.text.learning import learn, learn_further
from elman.text.measures import Measures
from elman.text.options import Size, vocabulary_size
from elman.text.parameters import TABLE, Parameters, check_parameters
from elman.text.presets import changed_recipe
from elman.text.saving import from_file, to_file
from elman.text.tokenization import FORMER_NAMES, Vocabulary
from elman.text.training import Text, evaluated
from elman.text.writing import Writing
from elman.training import GradientFlow, History, checkpointing

__all__ = ["LanguageModel"]

_MOST_COMPARED = 10_000  # tokens whose probabilities are held in memory twice


@documented()
@dataclass(eq=False, repr=False, kw_only=True)
class LanguageModel(Parameters, Writing):
    r"""Predict the next character, word or byte pair of a text, and write text of its kind.

    The network is an embedding (or one-hot rows), recurrent layers and a softmax over the vocabulary.

    Parameters
    ----------
    unit : {"character", "word", "whitespace", "bpe"}
        Kind of token; see `Vocabulary`.
    vocabulary_size : int or "auto"
        Most tokens, ``<unk>`` included. ``"auto"``: 10,000 words, 2,000 byte pairs, or all characters up to 50,000.
    min_count : int
        Rarer tokens are left out of the vocabulary.
    normalization : {"nfc", "none"}
        Normalization of every text: composed characters (Unicode's NFC), or none.
    cell : {"gru", "lstm", "rnn"}
        Recurrent layers.
    hidden_size : int or "auto"
        Units of a layer. ``"auto"``: 64, 128, 256 or 512, by the length of the text; see `rule_size`.
    num_layers : int
        Recurrent layers.
    projection_size : int or None
        Of ``cell="lstm"``: values that each layer passes on, fewer than its units (Sak et al. 2014).
    layer_norm : bool
        Whether the sums before the gates, and the cell states of an LSTM, are normalized over the units (Ba et al.
        2016). An update takes many times as long.
    activation : {"tanh", "relu", "sigmoid", "identity"}
        Of ``cell="rnn"``.
    embedding_size : int, None or "auto"
        Width of the vector of a token; None feeds one-hot rows. ``"auto"``: 64 for characters, else
        ``hidden_size``.
    tied_weights : bool
        Use the embedding as output weights too (Press & Wolf 2017); its width is then ``hidden_size``, or
        ``projection_size`` if given.
    dropout : float
        Rate on the embedding, between layers and before the output (Zaremba et al. 2014).
    recurrent_dropout : float
        Rate on the recurrent state (Gal & Ghahramani 2016).
    training : {"streams", "windows"}
        ``"streams"``: the text is cut into ``batch_size`` parts, the rows of a batch of ``steps`` tokens; every token
        is predicted; the state is carried to the next batch, gradients are not. ``"windows"``: in each window of
        ``steps`` consecutive tokens, the last is predicted from the others.
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
        Maximum gradient norm; maximum absolute value of a gradient component.
    validation_fraction : float
        Share of the text at its end that is held out. After every epoch the model is evaluated on it, and the best
        parameters are kept. 0: none.
    patience : int or None
        Stop after so many epochs without a better validation.
    init : {"default", "torch", "glorot", "uniform", "zeros"}
        Initial parameters; see `elman.network.initialize`.
    init_scale : float, optional
        Half-width of ``"uniform"``.
    forget_bias : float, optional
        Initial bias of an LSTM's forget gates, instead of that of ``init``.
    dtype : {"float32", "float64"}
        Precision of the network.
    {common}

    Attributes
    ----------
    vocabulary_ : Vocabulary
        Tokens and their ids.
    network_ : Network
        With the best parameters.
    validation_ : Measures or None
        Of the end of the text, read as several rows: a little worse than the result of `evaluate`.
    history_ : History
        Loss of every update and validation of every epoch.
    updates_ : int
        Updates of `fit`, or of `partial_fit` since the optimizer started.
    size_ : Size
        Values chosen for ``"auto"``.

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

    _kind: ClassVar[str] = "language-model"
    _table: ClassVar[Table] = TABLE
    _renamed: ClassVar[dict[str, str]] = FORMER_NAMES

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """Return an unfitted model with a published recipe.

        Parameters
        ----------
        name : {"zaremba-small", "zaremba-medium", "char-rnn"}
            See `elman.text.presets.PRESETS` for parameters and sources.
        **changes
            Parameters that differ from the recipe; another ``optimizer`` needs its own ``learning_rate``.

        Raises
        ------
        ArgumentError
            If the name is unknown, or another optimizer comes without a learning rate.

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
        """Learn the vocabulary of a text, then train the network to predict its tokens.

        Parameters
        ----------
        X : str, path, or iterable of them
            A str is a text; a path is a file, or a folder whose ``.txt`` files are read in the order of their names.
            The token ids of more than 2²⁷ characters are kept in a temporary file instead of memory.
        y : None
            Ignored; for scikit-learn.
        encoding : str
            Of files.
        checkpoint_dir : path, optional
            A folder for states of the training, so that a killed run can continue.
        resume : bool
            Continue from the states in ``checkpoint_dir``; the result is that of an uninterrupted run.

        Returns
        -------
        self : LanguageModel
            After an interrupt (Ctrl-C, which is raised again), with the best parameters so far.

        Raises
        ------
        ArgumentError, DataError
            If a parameter is outside its range, or the text is blank, too short, or not in that encoding.
        FileNotFoundError
            If a file does not exist.
        """
        place = self._place("fit")
        self._check(place)
        corpus = Corpus.of(X, encoding, place)
        with changing(place, self):
            text = Text.learned(place, self, corpus, vocabulary_size(self))
            with checkpointing(place, checkpoint_dir, resume, self.get_params(), (text.training, text.validation)):
                self._take(lambda: learn(place, self, text))
        return self

    def partial_fit(self, X: Source, y: None = None, *, encoding: str = "utf-8") -> Self:
        """Pass once over a text at a constant learning rate, continuing with the optimizer's state.

        The first call learns the vocabulary; later calls use it. Nothing is held out. `save` stores the optimizer's
        state: after `load`, training continues bit for bit. After `fit`, or with another optimizer, the state starts
        anew. Dropout, ``steps`` and ``batch_size`` may differ from call to call.

        Parameters
        ----------
        X, y, encoding
            See `fit`.

        Raises
        ------
        ArgumentError, DataError, FileNotFoundError
            See `fit`.
        """
        place = self._place("partial_fit")
        self._check(place)
        corpus = Corpus.of(X, encoding, place)
        with changing(place, self):
            before = self._value("partial_fit", learning=True) if self.__sklearn_is_fitted__() else None
            self._take(lambda: learn_further(place, self, corpus, before))
        return self

    # Fitted attributes

    @property
    def vocabulary_(self) -> Vocabulary:
        """Tokens and their ids."""
        return self._attribute("vocabulary_").vocabulary

    @property
    def network_(self) -> Network:
        """The network, with the best parameters."""
        return self._attribute("network_").network

    @property
    def validation_(self) -> Measures | None:
        """Measures of the end of the text."""
        return self._attribute("validation_").validation

    @property
    def history_(self) -> History:
        """Loss of every update and validation of every epoch."""
        return self._attribute("history_").history

    @property
    def updates_(self) -> int:
        """Number of updates."""
        return self._attribute("updates_").updates

    @property
    def size_(self) -> Size:
        """Values chosen for "auto"."""
        return self._attribute("size_").size

    def _summary(self, fitted: Fitted) -> dict[str, Any]:
        """Return the sizes, and the losses."""
        found: dict[str, Any] = {"vocabulary": len(fitted.vocabulary), "updates": fitted.updates}
        return found | trained([fitted.network], [fitted.history])

    # Evaluation

    def evaluate(self, X: Source, *, rows: int = 1, encoding: str = "utf-8") -> Measures:
        """Evaluate the model's predictions of a text.

        Parameters
        ----------
        X, encoding
            See `fit`.
        rows : int
            Parts of the text that are read as rows of one batch: faster, but each starts from a zero state.

        Returns
        -------
        measures : Measures
            Nats per token; perplexity per token, white-space word and character; counts.

        Raises
        ------
        DataError
            If there is no token to predict.

        Examples
        --------
        >>> model = LanguageModel(hidden_size=4, epochs=1, random_state=0).fit("to be or not to be " * 20)
        >>> model.evaluate("to be!").unknown
        1
        """
        place = self._place("evaluate")
        rows = _check.positive_integer(place, "rows", rows)
        with self._reading("evaluate") as fitted:
            corpus = Corpus.of(X, encoding, place)
            ids, counted = fitted.read(corpus), count_words(corpus.pieces())
            return evaluated(self, fitted.network, fitted.vocabulary, fitted.size, ids, counted, rows)

    def score(self, X: Source, y: None = None) -> float:
        """Return the mean of ln p(token) over a text: higher is better; see `evaluate`."""
        return -self.evaluate(X).nats_per_token

    def perplexity(self, X: Source) -> float:
        """Return exp of the mean of -ln p(token) over a text; with words, the perplexity per word."""
        return self.evaluate(X).perplexity

    def quantization_report(
        self, X: Source, precision: str = "int8", *, rows: int = 1, encoding: str = "utf-8"
    ) -> QuantizationReport:
        """Compare streams in float32 and with weights of fewer bits on a text.

        Parameters
        ----------
        X, rows, encoding
            See `evaluate`; at most the first 10,000 tokens are read for the differences of probabilities.
        precision : {"int8", "bfloat16"}
            To compare with float32.

        Returns
        -------
        QuantizationReport
            Its outputs are probabilities, its metric is the perplexity per token of the whole text.

        Raises
        ------
        DataError
            If there is no token to predict.
        """
        place = self._place("quantization_report")
        _check.choice(place, "precision", precision, ("int8", "bfloat16"))
        models = [
            self._changed("quantization_report", partial(StreamedNetwork, precision=name))
            for name in ("float32", precision)
        ]
        score, other = (model.evaluate(X, rows=rows, encoding=encoding).perplexity for model in models)
        fitted = self._attribute("network_")
        ids = np.asarray(fitted.read(Corpus.of(X, encoding, place))[:_MOST_COMPARED], np.int64)
        before, after = (model.network_.predict(ids[:, np.newaxis]) for model in models)
        return report_of([fitted.network], precision, before, after, (score, other))

    def _with_networks(self, fitted: Fitted, change: Callable[[Network], Network]) -> Fitted:
        return replace(fitted, network=change(fitted.network), state=None)

    def gradient_flow(self, X: Source, *, encoding: str = "utf-8", probes: int = 8) -> GradientFlow:
        """Measure how far back in time the gradient of the loss reaches, on parts of a text.

        Parameters
        ----------
        X, encoding
            See `fit`.
        probes : int
            Tokens per part whose loss is traced back.

        Returns
        -------
        GradientFlow
            A report to print; see `elman.training.gradient_flow`.

        Raises
        ------
        DataError
            If the text is too short.
        """
        place = self._place("gradient_flow")
        with self._alone("gradient_flow") as fitted:
            return flow(place, self, fitted, fitted.read(Corpus.of(X, encoding, place)), probes)

    # Parameters and files

    def _check(self, place: str) -> None:
        check_parameters(place, self)

    def _described(self, fitted: Fitted) -> tuple[Arrays, dict[str, Any]]:
        return to_file(fitted)

    @classmethod
    def _parsed(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        return super()._parsed({"projection_size": None, "layer_norm": False} | parameters)  # earlier files lack them

    def _rebuilt(self, arrays: Arrays, metadata: dict[str, Any]) -> Fitted:
        return from_file(self, arrays, metadata)
