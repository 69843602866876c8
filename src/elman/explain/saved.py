"""Traces of saved models on one row of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from elman import _check
from elman.errors import DataError, Remedy, UnsupportedError
from elman.explain.board import Array
from elman.explain.tracing import Trace, trace
from elman.network import Architecture, Network
from elman.training import Batch

_PLACE = "explain"


def trace_network(network: Network, columns: Mapping[str, Sequence[float]], row: int, **options: Any) -> Trace:
    """Trace a bare network on one row of a table.

    Parameters
    ----------
    network : Network
    columns : mapping of str to sequence of float
        Columns whose names begin with ``x`` hold the input, step after step: T·D numbers, or T indices. Columns whose
        names begin with ``y`` hold the targets: a class or K numbers per output.
    row : int
        Counted from 1.
    **options
        Of `trace`.

    Returns
    -------
    Trace
        With the cross-entropy of the output activation, or else the mean squared error.

    Raises
    ------
    DataError
        If columns are missing or too many, or there is no such row.

    Examples
    --------
    >>> unit = Network(Architecture(1, 1, cell="rnn", hidden_size=1, bias=False, readout="last"), np.ones(3))
    >>> worked = trace_network(unit, {"x1": [1.0, 0.0], "x2": [0.0, 1.0], "y": [1.0, 1.0]}, row=1)
    >>> worked.x.ravel(), worked.epochs[0].predictions.round(4)
    (array([1., 0.]), array([[0.642]]))
    """
    architecture = network.architecture
    x = _row(columns, "x", row)
    D = 1 if architecture.takes_indices else architecture.layer_input_size(0)
    if x.size == 0 or x.size % D:
        raise DataError(f"{_PLACE}: the network takes {D} values per step, the table has {x.size} columns x….")
    steps = x.size // D
    inputs = _whole(x, "x")[:, np.newaxis] if architecture.takes_indices else x.reshape(steps, 1, D)
    outputs = steps if architecture.readout == "every" else 1
    y = _target(architecture, _row(columns, "y", row), outputs)
    options.setdefault("loss", _LOSS_OF.get(architecture.output, "mean_squared_error"))
    return trace(network, inputs, y, **options)


_LOSS_OF = {"softmax": "categorical_cross_entropy", "sigmoid": "binary_cross_entropy"}


def _row(columns: Mapping[str, Sequence[float]], letter: str, row: int) -> Array:
    names = [name for name in columns if name.lower().startswith(letter)]
    if not names:
        raise DataError(f"{_PLACE}: no column begins with {letter!r}; the columns are {', '.join(columns)}.")
    count = len(columns[names[0]])
    _check_row(row, count)
    values = [columns[name][row - 1] for name in names]
    try:
        return np.array([float(value) for value in values])
    except (TypeError, ValueError):
        raise DataError(f"{_PLACE}: row {row} of the columns {letter}… has entries that are not numbers.") from None


def _check_row(row: int, count: int) -> None:
    if not 1 <= row <= count:
        raise DataError(f"{_PLACE}: there is no row {row}; rows are counted from 1 to {count}.")


def _whole(values: Array, letter: str) -> Array:
    with np.errstate(
        invalid="ignore"
    ):  # NaN and values beyond the integers are converted to other numbers, and refused below
        whole = values.astype(np.int64)
    if not np.array_equal(whole, values):
        raise DataError(f"{_PLACE}: the columns {letter}… must hold whole numbers: indices or classes.")
    return whole


def _target(architecture: Architecture, y: Array, outputs: int) -> Array:
    every, K = architecture.readout == "every", architecture.output_size
    if architecture.output == "softmax" and y.size == outputs:
        classes = _whole(y, "y")
        return classes[:, np.newaxis] if every else classes
    if y.size != outputs * K:
        raise DataError(f"{_PLACE}: {outputs * K} columns y… are needed, the table has {y.size}.")
    return y.reshape(outputs, 1, K) if every else y.reshape(1, K)


def trace_sequence(estimator: Any, X: Any, y: Any, row: int, *, member: int = 0, **options: Any) -> Trace:
    """Trace one network of a classifier, regressor or tagger on one labelled sequence.

    Parameters
    ----------
    estimator : SequenceClassifier, SequenceRegressor or SequenceTagger
        Fitted.
    X, y
        As in its ``fit``.
    row : int
        Number of the sequence, counted from 1.
    member : int
        Network of the ensemble, from 0.
    **options
        Of `trace`.

    Returns
    -------
    Trace
        With the estimator's training loss.
    """
    from elman.sequences.estimator import labelled

    data = labelled(_PLACE, estimator, X, y)
    network = _member(data.fitted.networks, member)
    _check_row(row, len(data.ragged))
    worked = _of_batch(network, data.batch([row - 1]), data.loss, options)
    worked.notes.append("Channels are standardised, and each step is a window of them: x is the network's input.")
    return worked


def trace_forecast(forecaster: Any, frame: Any, row: int, *, member: int = 0, **options: Any) -> Trace:
    """Trace one network of a forecaster on the windows up to one row.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted, without covariates.
    frame : DataFrame
        One series, as in its ``fit``.
    row : int
        Row of the newest value that the network sees, counted from 1 in order of time; the horizon follows it.
    member : int
        Network of the ensemble, from 0.
    **options
        Of `trace`.

    Returns
    -------
    Trace
        In the network's units: transformed, centered, divided by the unit. With the training loss.
    """
    from elman.estimators import fitted_value
    from elman.forecasting.options import settings_of
    from elman.forecasting.reading import read_known
    from elman.forecasting.training_set import arrays_of, filled, stretches

    whole = fitted_value(_PLACE, forecaster)
    fitted = whole.need_network(_PLACE)
    network = _member(fitted.networks, member)
    fitted.need_points(_PLACE)
    recipe = fitted.recipe
    if recipe.covariates or recipe.masked:
        raise UnsupportedError(
            f"{_PLACE}: forecasters with covariates are not traced.", Remedy("trace one of networks_ alone", frame=...)
        )
    _check_stretch(frame, recipe, row)
    panel = read_known(_PLACE, forecaster, whole, frame.sort_values("ds").iloc[: row + recipe.horizon])
    panel, unknown = filled(panel, forecaster.missing, recipe.seasons[0])
    if unknown.any():
        raise DataError(f"{_PLACE}: values are missing before row {row + recipe.horizon}.")
    fitted.scaling.check(_PLACE, panel)
    scales = fitted.scales_for(panel)
    newest = panel.tail(recipe.window + recipe.steps - 1 + recipe.horizon)
    arrays = arrays_of(newest, recipe, scales, fitted.unit, 1)
    batch = stretches(arrays, recipe, 1, forecaster.loss_at == "last").batch(0)
    worked = _of_batch(network, batch, settings_of(forecaster, 1, 0).loss, options)
    worked.notes.append("x and y are in the network's units: transformed, centered, divided by the unit.")
    return worked


def _member(networks: Sequence[Network], member: int) -> Network:
    return networks[_check.integer(_PLACE, "member", member, 0, len(networks) - 1)]


def trace_text(model: Any, text: str, row: int, **options: Any) -> Trace:
    """Trace a language model on one line of a text: each token is predicted from the preceding ones.

    Parameters
    ----------
    model : LanguageModel
        Fitted.
    text : str
        One or several lines.
    row : int
        Number of the line, counted from 1.
    **options
        Of `trace`.

    Returns
    -------
    Trace
        From zero states, with the cross-entropy; one output per token, or one at the end for a model trained on
        windows.
    """
    from elman.estimators import fitted_value

    lines = text.removesuffix("\n").split("\n")  # as an editor counts them
    _check_row(row, len(lines))
    fitted = fitted_value(_PLACE, model)
    network, vocabulary = fitted.network, fitted.vocabulary
    ids = vocabulary.encode(lines[row - 1]).astype(np.int64)
    if len(ids) < 2:
        raise DataError(f"{_PLACE}: line {row} has {len(ids)} tokens; a prediction needs at least 2.")
    y = ids[1:, np.newaxis] if network.architecture.readout == "every" else ids[-1:]
    options = {"loss": "categorical_cross_entropy", "words": list(vocabulary.tokens), **options}
    return trace(network, ids[:-1, np.newaxis], y, **options)


def _check_stretch(frame: Any, recipe: Any, row: int) -> None:
    if "unique_id" in frame.columns and frame["unique_id"].nunique() > 1:
        raise DataError(f"{_PLACE}: the file holds {frame['unique_id'].nunique()} series; pass one of them alone.")
    first, last = recipe.window, len(frame) - recipe.horizon
    if last < first:
        raise DataError(
            f"{_PLACE}: the file has {len(frame)} rows; a window of {recipe.window} and a horizon of {recipe.horizon} "
            f"need {recipe.window + recipe.horizon}."
        )
    if not first <= row <= last:
        raise DataError(
            f"{_PLACE}: row {row} needs {recipe.window} values up to it and {recipe.horizon} after it; "
            f"choose a row from {first} to {last}."
        )


def _of_batch(network: Network, batch: Batch, loss: str, options: dict[str, Any]) -> Trace:
    """Trace the only row of a batch over its valid steps."""
    length = len(batch.x) if batch.lengths is None else int(batch.lengths[0])
    every = network.architecture.readout == "every"
    y = batch.y[:length] if every else batch.y
    options.setdefault("loss", loss)
    return trace(network, batch.x[:length], y, **options)
