"""`export_onnx`: a model as an ONNX file, verified with ONNX Runtime before it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import __version__
from elman._extras import need
from elman.estimators import fitted_value
from elman.forecasting.methods import NetworkMethod
from elman.forecasting.panel import Panel
from elman.interop.models import no_model
from elman.interop.onnx_file import graph_of, model_of
from elman.interop.onnx_graph import Graph
from elman.interop.onnx_network import network_graph
from elman.interop.onnx_run import run_graph
from elman.interop.proof import Proof, compare
from elman.network import Network, State
from elman.persistence.files import StrPath, write_atomically
from elman.sequences.fitted import Fitted as FittedSequences
from elman.sequences.preparation import Preparation

__all__ = ["export_onnx"]

Array = npt.NDArray[Any]
Run = Callable[[Mapping[str, Array]], dict[str, Array]]
Pairs = dict[str, tuple[Array, Array]]

TOLERANCE = 1e-5
_CLEAR = 1e-4  # a smaller difference of probabilities may round to either class


def export_onnx(model: Any, path: StrPath) -> Proof:
    """Write a model to an ONNX file that takes raw values and gives the model's results.

    The file holds the whole model: windows, centering, transform, scaling, every member of the ensemble, output layer
    and skip, with free numbers of rows and steps, and with states as inputs and outputs. Before it is written, it runs
    on examples of several shapes, in ONNX Runtime if installed, else in NumPy.

    ==================  ==============================================  ==========================================
    model               inputs (those in brackets have defaults)        outputs
    ==================  ==============================================  ==========================================
    Network             x (T, N, D) float32, or (T, N) int64,           y, h_n, c_n
                        [lengths, h_0, c_0]
    Forecaster          values (N, T) or (N, T, D) float64,             forecast (N, K) or (N, K, D), h_n, c_n
                        [lengths, steps, scale, h_0, c_0];
                        covariates (N, T, C), ahead (N, K, F)
    SequenceClassifier  values (N, T, D) float64, [lengths, h_0, c_0]   label (N,), probabilities (N, C), h_n, c_n
    SequenceRegressor   the same                                        prediction (N,) or (N, K), h_n, c_n
    SequenceTagger      the same                                        as the above, with an axis of steps
    LanguageModel       x (T, N) int64: tokens, [lengths, h_0, c_0]     y: probabilities (T, N, V), h_n, c_n
    ==================  ==============================================  ==========================================

    ``lengths`` (N,) is the number of valid values of each row. States are (layers·directions, N, H); those of an
    ensemble have an axis of members in front.

    Parameters
    ----------
    model : Network, Forecaster, SequenceClassifier, SequenceRegressor, SequenceTagger or LanguageModel
        Fitted. Parameters of float64 are written in float32.
    path : str or path
        The file, written atomically.

    Returns
    -------
    Proof
        The largest difference between the file's results and the model's.

    Raises
    ------
    UnsupportedError
        If an ONNX file cannot represent the model.
    MissingExtraError
        If the package onnx is not installed.
    InterchangeError
        If the results differ by more than 1e-5; no file is written.
    NotFittedError
        If the model is not fitted.

    Examples
    --------
    >>> from elman.errors import UnsupportedError
    >>> try:
    ...     export_onnx("model.elman", "model.onnx")
    ... except UnsupportedError as error:
    ...     print(error)
    export_onnx: takes a Network, Forecaster, SequenceClassifier, -Regressor or -Tagger, or LanguageModel, got a str.
      Hint: elman.load reads a model from a file.
    """
    graph, check = _graph_and_check(model)
    need("export_onnx", "onnx")
    data = model_of(graph, __version__)
    other, run = _runner(data)
    proof = compare("export_onnx", other, check(run), TOLERANCE)
    write_atomically(path, data)
    return proof


def _graph_and_check(model: Any) -> tuple[Graph, Callable[[Run], Pairs]]:
    """Return the graph of a model, and a function that compares its results with the model's."""
    kind = type(model).__name__
    if isinstance(model, Network):
        graph = network_graph(model, _metadata("network", {"architecture": model.architecture.to_dict()}))
        return graph, lambda run: _check_network(model, run)
    if kind == "LanguageModel":
        fitted = fitted_value("export_onnx", model)
        network, vocabulary = fitted.network, fitted.vocabulary
        facts = {"unit": vocabulary.unit, "tokens": list(vocabulary.tokens)}
        facts |= {"architecture": network.architecture.to_dict()}
        graph = network_graph(network, _metadata("language_model", facts))
        return graph, lambda run: _check_network(network, run)
    if kind == "Forecaster":
        from elman.interop.onnx_forecaster import forecaster_graph

        forecast = fitted_value("export_onnx", model)
        own, newest = forecast.need_network("export_onnx"), forecast.need_series("export_onnx")
        threads = model.n_threads or 0
        return forecaster_graph(own, _about_forecaster(own, newest)), lambda run: _check_forecaster(
            own, newest, threads, run
        )
    if kind in _KINDS:
        from elman.interop.onnx_sequences import sequence_graph

        fitted, threads = fitted_value("export_onnx", model), model.n_threads or 0
        about = _about_sequences(_KINDS[kind], fitted)
        return sequence_graph(fitted, about), lambda run: _check_sequences(fitted, threads, run)
    raise no_model("export_onnx", model)


_KINDS = {"SequenceClassifier": "classifier", "SequenceRegressor": "regressor", "SequenceTagger": "tagger"}

# Metadata of the file


def _metadata(kind: str, facts: Mapping[str, Any]) -> dict[str, str]:
    named = {f"elman.{name}": value if isinstance(value, str) else json.dumps(value) for name, value in facts.items()}
    return {"elman.version": __version__, "elman.kind": kind} | named


def _about_forecaster(network: NetworkMethod, newest: Panel) -> dict[str, str]:
    recipe, ids = network.recipe, newest.ids
    facts: dict[str, Any] = {
        "architecture": network.networks[0].architecture.to_dict(),
        "members": len(network.networks),
        "horizon": network.horizon,
        "window": recipe.window,
        "steps": recipe.steps,
        "center": recipe.center,
        "transform": recipe.transform,
        "seasons": list(recipe.seasons),
    }
    if ids is not None:
        facts |= {
            "frequency": str(getattr(newest.frequency, "freqstr", newest.frequency)),
            "series": [str(name) for name in ids],
        }
    if len(network.scales) > 1 and "scale" in str(recipe.transform):
        facts["scales"] = network.scales.tolist()
    return _metadata("forecaster", facts)


def _about_sequences(kind: str, fitted: FittedSequences) -> dict[str, str]:
    preparation, target, names = fitted.preparation, fitted.target, fitted.inputs.names
    facts: dict[str, Any] = {
        "architecture": fitted.networks[0].architecture.to_dict(),
        "members": len(fitted.networks),
        "window": preparation.window,
        "stride": preparation.stride,
        "target": target.kind,
    }
    if target.classes is not None:
        facts["classes"] = [str(name) for name in target.classes.tolist()]
    if names is not None:
        facts["channels"] = [str(name) for name in names]
    return _metadata(kind, facts)


# The check


def _runner(data: bytes) -> tuple[str, Run]:
    """Return the name of the runtime, and a function that runs the file."""
    try:
        import onnxruntime
    except ImportError:
        import onnx

        graph = graph_of(onnx.load_model_from_string(data))
        return "the file run in NumPy (onnxruntime is not installed)", lambda feed: run_graph(graph, feed)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # else it warns of every input with a default
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return f"ONNX Runtime {onnxruntime.__version__}", lambda feed: dict(
        zip(names, session.run(None, feed), strict=True)
    )


def _scaled(ours: Array, theirs: Array) -> tuple[Array, Array]:
    """Divide by the largest value, if it is small; a proof does so for large values only."""
    largest = float(np.abs(ours).max(initial=0.0))
    unit = largest if 0.0 < largest < 1.0 else 1.0
    return np.asarray(ours) / unit, np.asarray(theirs) / unit


def _check_network(network: Network, run: Run) -> Pairs:
    """Run two shapes: one with all defaults, one with lengths and states."""
    architecture, rng = network.architecture, np.random.default_rng(0)
    pairs: Pairs = {}
    for steps, rows, plain in ((7, 3, True), (4, 5, False)):
        if architecture.vocabulary_size is not None:
            x = rng.integers(0, architecture.vocabulary_size, (steps, rows))
        else:
            x = rng.normal(size=(steps, rows, architecture.input_size or 1)).astype(np.float32)
        feed, state, lengths = {"x": x}, State.zeros(architecture, rows), np.full(rows, steps)
        if not plain:
            lengths = np.minimum(np.arange(rows), steps)
            for array in state.to_arrays().values():
                array[...] = rng.normal(size=array.shape)
            feed |= {"lengths": lengths, **{f"{name}_0": array for name, array in state.to_arrays().items()}}
        final, y = network.run(x, state, lengths)
        theirs = run(feed)
        ours = {"y": y} | {f"{name}_n": array for name, array in final.to_arrays().items()}
        when = "" if plain else " with lengths and states"
        pairs |= {f"{name}{when}": _scaled(array, theirs[name]) for name, array in ours.items()}
    return pairs


def _check_forecaster(network: NetworkMethod, newest: Panel, n_threads: int, run: Run) -> Pairs:
    """Forecast from the newest values of the fit, and from a part of them."""
    newest = newest.select(range(min(8, len(newest))))
    pairs = {}
    for keep, what in (
        (network.recipe.context_length, "forecast"),
        (network.recipe.window, "forecast from one window"),
    ):
        panel = newest.tail(keep)
        feed = {"values": _in_rows(panel.values, panel.offsets), "lengths": panel.lengths.astype(np.int64)}
        if panel.covariates is not None:
            past, future = len(network.recipe.past), len(network.recipe.future)
            feed["covariates"] = _in_rows(panel.covariates, panel.offsets)
            ahead = feed["covariates"][:, :1].repeat(network.horizon, axis=1) * np.arange(float(past + future))
            panel = replace(panel, ahead=ahead)
            feed |= {"ahead": np.ascontiguousarray(ahead[..., past:])} if future else {}
        if "scale" in str(network.recipe.transform):
            feed["scale"] = network.scales_for(panel)
        pairs[what] = _scaled(network.forecast("export_onnx", panel, n_threads), run(feed)["forecast"])
    return pairs


def _in_rows(values: Array, offsets: Array) -> Array:
    """Return concatenated series (total, …) as rows (N, longest, …), padded with NaN."""
    lengths = np.diff(offsets)
    rows = np.full((len(lengths), int(lengths.max()), *values.shape[1:]), np.nan)
    for row, start, length in zip(rows, offsets, lengths, strict=False):
        row[:length] = values[start : start + length]
    return rows


def _check_sequences(fitted: FittedSequences, n_threads: int, run: Run) -> Pairs:
    """Predict random sequences of several lengths around the training part's mean."""
    preparation, target, rng = fitted.preparation, fitted.target, np.random.default_rng(0)
    longest = 2 * preparation.window + 3 * preparation.stride + 4
    lengths = np.array([longest, 1, preparation.window, longest // 2 + 1, longest - 1])
    values = np.full((len(lengths), longest, len(preparation.center)), np.nan)
    for row, length in zip(values, lengths, strict=True):
        row[:length] = _like_training(preparation, rng.normal(size=(length, len(preparation.center))))
    sequences = [row[:length].copy() for row, length in zip(values, lengths, strict=True)]
    found: Any = fitted.outputs(sequences, n_threads)
    theirs = run({"values": values, "lengths": lengths})
    if isinstance(found, list):  # one output per step
        theirs = {
            name: np.concatenate([row[:length] for row, length in zip(array, lengths, strict=True)])
            for name, array in theirs.items()
            if name[1:] != "_n"
        }
        found = np.concatenate(found)
    if target.kind == "numbers":
        return {"prediction": _scaled(target.predictions(found), theirs["prediction"])}
    ours = target.probabilities(found)
    same = target.predictions(found).astype(str) == np.asarray(theirs["label"]).astype(str)
    unclear = np.abs(found) < _CLEAR if target.kind == "multilabel" else _gap(ours) < _CLEAR
    return {"probabilities": (ours, theirs["probabilities"]), "label": (np.ones(same.shape), (same | unclear) * 1.0)}


def _like_training(preparation: Preparation, normal: Array) -> Array:
    """Return a sequence of the size of those of the training part, of standard normal values."""
    if preparation.by_sequence:
        found: Array = np.exp(preparation.center + preparation.scale * normal[0]) * normal
        return found
    return np.asarray(preparation.center + preparation.scale * normal)


def _gap(probabilities: Array) -> Array:
    """Return the difference between the two most probable classes (n,)."""
    ordered = np.sort(probabilities, axis=-1)
    return np.asarray(ordered[..., -1] - ordered[..., -2])
