"""Base of `SequenceClassifier`, `SequenceRegressor` and `SequenceTagger`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, TransformerTags

from elman import _check
from elman.data.ragged import Ragged
from elman.errors import DataError
from elman.estimators import (
    MOST_LAYERS,
    Arrays,
    StreamedEstimator,
    changing,
    check_table,
    fitted_value,
    trained,
    values_of,
)
from elman.network import Network, QuantizationReport, StreamedNetwork
from elman.network.streamed import report_of
from elman.sequences.embeddings import embedded
from elman.sequences.fitted import Fitted, Inputs
from elman.sequences.flow import Labelled, flow
from elman.sequences.learning import Examples, learn, learn_further
from elman.sequences.parameters import ADDED, Parameters, Task
from elman.sequences.reading import in_form_of, read
from elman.sequences.saving import from_file, to_file
from elman.sequences.search import trial_table
from elman.sequences.stream import SequenceStream
from elman.sequences.tags import StepTags
from elman.training import GradientFlow, History, checkpointing

__all__ = ["ReadExamples", "SequenceEstimator", "labelled"]

Array = npt.NDArray[Any]
ReadExamples = Callable[[str, Fitted | None], Examples]  # (start of messages, value to continue from) -> examples


@dataclass(eq=False, repr=False, kw_only=True)
class SequenceEstimator(Parameters, StreamedEstimator[Fitted], BaseEstimator):
    """Base of the estimators; its fields are the constructor's arguments, described in the subclasses."""

    @abstractmethod
    def _task(self) -> Task:
        """Return the properties of the task."""

    @abstractmethod
    def _read_pair(self, place: str, X: Any, y: Any, known: Inputs | None) -> tuple[Ragged, Inputs, Any]:
        """Check sequences and their targets and weights."""

    def _check(self, place: str) -> None:
        check_table(place, self._table, values_of(self))
        chosen = "steps" in self._table and isinstance(self.hidden_size, str)  # by the rule of a tagger
        units, layers = _check.layer_sizes(place, 1 if chosen else self.hidden_size, self.num_layers)
        known = () if chosen else units if isinstance(units, tuple) else (units,)
        _check.projection(place, self.cell, self.projection_size, known)
        _check.at_most(place, {"num_layers": layers}, {"num_layers": MOST_LAYERS})
        _check.bidirectional_layers(place, self.bidirectional, layers)
        _check.dense_layers(place, self.dense, self.dense_activation)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        tags.transformer_tags = TransformerTags(preserves_dtype=["float64"])
        return tags

    def _summary(self, fitted: Fitted) -> dict[str, Any]:
        """Return the chosen sizes and the losses."""
        prepared = fitted.preparation
        classes = fitted.target.classes
        found: dict[str, Any] = {} if classes is None else {"classes": ", ".join(map(str, classes.tolist()))}
        found |= {"window": prepared.window, "stride": prepared.stride, "updates": fitted.updates}
        return found | trained(fitted.networks, fitted.history)

    # Learning

    def _fit(self, examples: ReadExamples, checkpoint_dir: Any, resume: bool) -> Self:
        """Read and check examples, then train on them."""
        place = self._place("fit")
        self._check(place)
        with changing(place, self):
            goes_on = bool(self.warm_start) and self.__sklearn_is_fitted__()
            before = self._value("fit", learning=True) if goes_on else None
            found = examples(place, before)
            with checkpointing(place, checkpoint_dir, resume, self.get_params(), found.data):
                self._take(lambda: learn(place, self, self._task(), found, before))
        return self

    def _partial_fit(self, examples: ReadExamples) -> Self:
        """Read and check examples, then train for one pass."""
        place = self._place("partial_fit")
        self._check(place)
        with changing(place, self):
            before = self._value("partial_fit", learning=True) if self.__sklearn_is_fitted__() else None
            found = examples(place, before)
            self._take(lambda: learn_further(place, self, self._task(), found, before))
        return self

    # Fitted attributes

    @property
    def networks_(self) -> list[Network]:
        """The ensemble."""
        return list(self._attribute("networks_").networks)

    @property
    def history_(self) -> list[History]:
        """Training history of each network."""
        return list(self._attribute("history_").history)

    @property
    def updates_(self) -> int:
        """Number of updates."""
        return self._attribute("updates_").updates

    @property
    def window_(self) -> int:
        """Values of every channel per step."""
        return self._attribute("window_").preparation.window

    @property
    def stride_(self) -> int:
        """Shift of the window per step."""
        return self._attribute("stride_").preparation.stride

    @property
    def trials_(self) -> pd.DataFrame:
        """Settings that ``tune=True`` compared, the chosen one first."""
        return trial_table(self._attribute("trials_").trials)

    @property
    def n_outputs_(self) -> int:
        """Units of the output layer."""
        return self._attribute("n_outputs_").target.size

    @property
    def n_features_in_(self) -> int:
        """Columns of a table; of other forms, channels."""
        return self._attribute("n_features_in_").inputs.features

    @property
    def feature_names_in_(self) -> Array:
        """Names of columns."""
        names = self._attribute("feature_names_in_").inputs.names
        if names is None:
            raise AttributeError(f"{self._place('feature_names_in_')}: the sequences of fit had no names of columns.")
        return np.array(names, dtype=object)

    # Prediction

    def _outputs(self, method: str, X: Any) -> tuple[Fitted, Ragged, Any]:
        """Return the fitted value, the sequences, and the outputs before activation: (n, K), or a list of them."""
        with self._reading(method) as fitted:
            ragged, _ = read(self._place(method), self, X, fitted.inputs)
            return fitted, ragged, fitted.outputs(ragged.sequences, self.n_threads or 0)

    def _predicted(self, sequences: list[Array]) -> Array | list[Array]:
        """Return one prediction per checked sequence, or for each sequence one per step."""
        with self._reading("predict") as fitted:
            o = fitted.outputs(sequences, self.n_threads or 0)
            return (
                [fitted.target.predictions(own) for own in o] if isinstance(o, list) else fitted.target.predictions(o)
            )

    def _labelled(self, method: str, fitted: Fitted, X: Any, y: Any) -> Labelled:
        """Check labelled sequences against the fitted value."""
        place = self._place(method)
        ragged, _, labels = self._read_pair(place, X, y, fitted.inputs)
        if not isinstance(labels, StepTags):
            return Labelled(place, self._task(), fitted, ragged, labels)
        known = None if labels.complete else [part.astype(float) for part in labels.known]
        return Labelled(place, self._task(), fitted, ragged, labels.steps, known)

    def gradient_flow(self, X: Any, y: Any, *, member: int = 0, probes: int = 8) -> GradientFlow:
        """Measure how far back in time the gradient of the loss reaches, on up to 64 of the sequences.

        Parameters
        ----------
        X, y
            As in `fit`.
        member : int
            Index of a network of the ensemble.
        probes : int
            Outputs per sequence whose gradient is traced, if there is one at every step.

        Returns
        -------
        GradientFlow
            A report to print; see `elman.training.gradient_flow`. A lag is a step of the network.
        """
        place = self._place("gradient_flow")
        with self._alone("gradient_flow") as fitted:
            member = _check.integer(place, "member", member, 0, len(fitted.networks) - 1)
            return flow(self, self._labelled("gradient_flow", fitted, X, y), member, probes)

    def transform(self, X: Any, states: str | None = None) -> Any:
        """Return the states of the top layer: embeddings of sequences, or of their steps.

        Parameters
        ----------
        X
            As in `fit`.
        states : {"last", "mean", "max", "every"}, optional
            State after the last step (of the backward direction: after the first), mean or maximum over steps, or the
            states of all steps; by default what the output layer reads.

        Returns
        -------
        ndarray (N, M · R), or for ``"every"`` in the form of X with one more axis, else a list of (steps_i, M · R)
            float64; R states, the number of directions times the units of the top layer, of each of the M networks
            side by side. The steps of a classifier or regressor are its windows.
        """
        place = self._place("transform")
        _check.choice(place, "states", states or "last", ("last", "mean", "max", "every"))
        with self._reading("transform") as fitted:
            ragged, _ = read(place, self, X, fitted.inputs)
            kind = states or fitted.networks[0].architecture.readout
            found = embedded(fitted, ragged.sequences, kind, self.n_threads or 0)
        return in_form_of(X, ragged, found) if kind == "every" and self._task().per_step else found

    def fit_transform(self, X: Any, y: Any, **parameters: Any) -> Any:
        """Fit and return `transform` of the same sequences; ``parameters`` are those of `fit`."""
        return self.fit(X, y, **parameters).transform(X)

    def stream(self, state: Mapping[str, npt.ArrayLike] | None = None, precision: str | None = None) -> SequenceStream:
        """Return a stream for a sequence that is still growing, one step at a time at a constant cost.

        Parameters
        ----------
        state : mapping of str to ndarray, optional
            `SequenceStream.state` of an earlier stream, to continue.
        precision : {"float32", "bfloat16", "int8"}, optional
            Of the weights that a step reads, see `elman.network.Stream`; None is `dtype`.

        Returns
        -------
        SequenceStream
            Its predictions have the bits of `predict`, unless another precision is asked for.

        Raises
        ------
        UnsupportedError
            If the networks need the whole sequence: ``bidirectional=True``, or another readout than ``"last"``.
        """
        with self._reading("stream") as fitted:
            return SequenceStream(self._place("stream"), fitted, state, precision)

    def _with_networks(self, fitted: Fitted, change: Callable[[Network], Network]) -> Fitted:
        return replace(fitted, networks=tuple(map(change, fitted.networks)), states=None)

    def quantization_report(self, X: Any, y: Any, precision: str = "int8") -> QuantizationReport:
        """Compare streams in float32 and with weights of fewer bits on labelled sequences.

        Parameters
        ----------
        X, y
            As in `fit`.
        precision : {"int8", "bfloat16"}
            To compare with float32.

        Returns
        -------
        QuantizationReport
            Its outputs are those before their activation, its metric is `score`.

        Raises
        ------
        UnsupportedError
            As of `stream`.
        """
        _check.choice(self._place("quantization_report"), "precision", precision, ("int8", "bfloat16"))
        found = []
        for name in ("float32", precision):
            model = self._changed("quantization_report", partial(StreamedNetwork, precision=name))
            o = model._outputs("quantization_report", X)[2]
            found.append((np.concatenate(o) if isinstance(o, list) else o, model.score(X, y)))
        (before, score), (after, other) = found
        return report_of(self._attribute("networks_").networks, precision, before, after, (score, other))

    # Files

    def _described(self, fitted: Fitted) -> tuple[Arrays, dict[str, Any]]:
        return to_file(fitted)

    @classmethod
    def _parsed(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        return super()._parsed({name: value for name, value in ADDED.items() if name in cls._table} | parameters)

    def _rebuilt(self, arrays: Arrays, metadata: dict[str, Any]) -> Fitted:
        return from_file(self, self._task(), self._kind, arrays, metadata)


def labelled(method: str, estimator: SequenceEstimator, X: Any, y: Any) -> Labelled:
    """Return labelled sequences, prepared as in the training of a fitted estimator.

    Parameters
    ----------
    method : str
        Calling method, for messages.
    estimator : SequenceClassifier, SequenceRegressor or SequenceTagger
        Fitted.
    X, y
        As in its `fit`.

    Raises
    ------
    NotFittedError
        Before `fit`.
    ArgumentError, DataError, ShapeError
        If they differ in form from those of the fit, or a parameter was changed after it.
    """
    found = estimator._labelled(method, fitted_value(method, estimator), X, y)
    if found.weights is not None:
        raise DataError(f"{found.place}: y has steps without a tag; here every step needs one.")
    return found
