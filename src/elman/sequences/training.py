"""Training of the ensemble of a sequence estimator: whole, with early stopping, or for one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from elman.errors import DataError
from elman.network import Network
from elman.sequences.convergence import MOST, Doubling, settled
from elman.sequences.options import settings_of
from elman.sequences.parameters import Parameters, Task
from elman.sequences.preparation import LaterUpdates, Preparation, outputs
from elman.sequences.targets import Encoded, Target, sigmoid, softmax, take
from elman.training import SequenceBatches, Trainer, TrainingState, train_ensemble
from elman.training.losses import Objective

__all__ = ["HeldOutError", "Stopped", "TrainingData", "enough_updates", "pass_once", "train", "train_all"]

Array = npt.NDArray[Any]

_ENOUGH, _HELD = 20, 0.2  # sequences of which a share is held out, to find the number of updates


@dataclass(frozen=True)
class TrainingData:
    """Prepared sequences with their targets and weights.

    Parameters
    ----------
    preparation : Preparation
        Of the sequences.
    prepared : list of ndarray (L_i, D)
        Sequences.
    targets : ndarray (n, ...) or list of ndarray (steps_i, ...)
        Of the loss.
    weight : ndarray (n,) or list of ndarray (steps_i,)
        Of each sequence, or each step, in the loss.
    steps : int, optional
        Of the stretches that networks are trained on; whole sequences if not given.
    shift : int
        Most steps by which training moves a sequence.
    """

    preparation: Preparation
    prepared: list[Array]
    targets: Encoded
    weight: Encoded
    steps: int | None = None
    shift: int = 0

    @property
    def count(self) -> int:
        """Number of sequences, or of stretches, that `batches` draws from."""
        return len(self.prepared) if self.steps is None else sum(-(-len(y) // self.steps) for y in self.targets)

    def select(self, rows: Array) -> TrainingData:
        """Return the examples of ``rows``."""
        prepared = [self.prepared[i] for i in rows]
        return replace(self, prepared=prepared, targets=take(self.targets, rows), weight=take(self.weight, rows))

    def _cut(self, steps: int) -> TrainingData:
        """Cut sequences into stretches of at most so many steps, those of a sequence of about equal length."""
        ends = [np.linspace(0, len(y), -(-len(y) // steps) + 1).astype(int) for y in self.targets]
        before = self.preparation.window - 1

        def cut(parts: Encoded, more: int = 0) -> list[Array]:
            pairs = zip(parts, ends, strict=True)
            return [part[a : b + more] for part, own in pairs for a, b in pairwise(own)]

        per_step = isinstance(self.weight, list)
        weight = cut(self.weight) if per_step else np.repeat(self.weight, [len(own) - 1 for own in ends])
        return replace(self, prepared=cut(self.prepared, before), targets=cut(self.targets), weight=weight, steps=None)

    def log_odds(self) -> Array:
        """Return log(p / (1 - p)) of the frequency p of every label (K,), weighted as in the loss.

        Half a label more with 1 and with 0 keeps it finite.
        """
        part = _Outputs(self)
        y, weight = part.targets, part.weight / part.weight.sum() * len(part.weight)
        ones, total = weight @ y + 0.5, len(y) + 1.0
        found: Array = np.log(ones / (total - ones))
        return found

    def batches(self, parameters: Parameters) -> SequenceBatches:
        """Return batches of the sequences or their stretches; equal weights are left out."""
        if self.steps is not None:
            return self._cut(self.steps).batches(parameters)
        return self.preparation.batches(
            self.prepared,
            self.targets,
            batch_size=int(parameters.batch_size),
            group_lengths=parameters.group_lengths,
            weights=None if isinstance(self.weight, np.ndarray) and np.ptp(self.weight) == 0 else self.weight,
            dtype=np.dtype(parameters.dtype),
            shift=self.shift,
        )


class Stopped(KeyboardInterrupt):
    """Ctrl-C; ``trainers`` are those with updates, each network with its best parameters so far."""

    def __init__(self, trainers: list[Trainer]) -> None:
        super().__init__()
        self.trainers = trainers


def train(
    place: str,
    parameters: Parameters,
    task: Task,
    target: Target,
    data: TrainingData,
    networks: list[Network],
    seeds: list[int],
    updates: int,
    strata: Array | None,
) -> list[Trainer]:
    """Train all networks in place, with early stopping on a held-out part; return their trainers."""
    everything = [updates] * len(seeds)
    if not parameters.early_stopping:
        return _run(parameters, task, target, data, networks, seeds, everything, updates)
    rows = np.arange(len(data.prepared))
    try:
        kept, held = train_test_split(
            rows, test_size=float(parameters.validation_fraction), stratify=strata, random_state=seeds[0] % 2**32
        )
    except ValueError as error:
        named = None if strata is None or target.classes is None else target.classes[strata]
        fault = too_rare(named) or error
        raise DataError(f"{place}: early_stopping cannot hold out a part: {fault}") from None
    start = [network.copy() for network in networks]
    kept_data = data.select(kept)
    trainers = _run(parameters, task, target, kept_data, networks, seeds, everything, updates, data.select(held))
    if not parameters.refit:
        return trainers
    best = [trainer.history.best_update or updates for trainer in trainers]
    return _run(parameters, task, target, data, start, seeds, best, updates)


def enough_updates(
    parameters: Parameters,
    task: Task,
    target: Target,
    data: TrainingData,
    network: Network,
    seed: int,
    least: int,
    strata: Array | None,
) -> tuple[int, bool]:
    """Find after how many updates more no longer pay, with one network at a constant learning rate; see `settled`.

    From 20 sequences on a fifth is held out for it.

    Returns
    -------
    updates : int
        At least ``least``.
    open_end : bool
        Whether the most updates that are tried still paid.
    """
    most = max(MOST - MOST % least, least)
    settings = settings_of(parameters, task, target, most + 1, seed, constant=True)  # `Doubling` ends it before
    kept, held = _two_parts(data, strata, seed)
    validate = None if held is None else HeldOutError(held, target.kind)
    settings = replace(settings, validate_every=max(least // 8, 1))
    trainer = Trainer(
        network.copy(),
        kept.batches(parameters).with_seed(seed),
        settings,
        validate=validate,
        callbacks=[Doubling(least, most, task.per_step)],
    )
    train_all(parameters, [trainer])
    found = settled(trainer.history, least, per_step=task.per_step)
    return (most, True) if found is None else (found, False)


def _two_parts(data: TrainingData, strata: Array | None, seed: int) -> tuple[TrainingData, TrainingData | None]:
    """Split off a held-out fifth if there are enough sequences, stratified if every class can be in it."""
    count = len(data.prepared)
    if count < _ENOUGH:
        return data, None
    counts = np.array([count]) if strata is None else np.unique(strata, return_counts=True)[1]
    even = strata is not None and counts.min() >= 2 and len(counts) <= _HELD * count
    kept, held = train_test_split(
        np.arange(count), test_size=_HELD, stratify=strata if even else None, random_state=seed % 2**32
    )
    return data.select(kept), data.select(held)


def too_rare(classes: Array | None) -> str | None:
    """Name the classes with one sequence, of which no part can be held out.

    Parameters
    ----------
    classes : ndarray (N,), optional
        Class of every sequence.

    Examples
    --------
    >>> too_rare(np.array(["a", "a", "b"]))
    "'b' has one sequence, and every class needs two."
    """
    if classes is None:
        return None
    names, counts = np.unique(classes, return_counts=True)
    rare = [repr(name) for name in names[counts == 1].tolist()]
    if not rare:
        return None
    verb = "has one sequence" if len(rare) == 1 else "have one sequence each"
    return f"{', '.join(rare)} {verb}, and every class needs two."


def pass_once(
    parameters: Parameters,
    task: Task,
    target: Target,
    data: TrainingData,
    networks: list[Network],
    seeds: list[int],
    states: Sequence[TrainingState | None],
) -> list[Trainer]:
    """Train for one pass over the data at a constant learning rate; return the trainers."""
    batches = data.batches(parameters)
    trainers = []
    for network, seed, state in zip(networks, seeds, states, strict=True):
        done = 0 if state is None else state.update
        settings = settings_of(parameters, task, target, done + batches.epoch_length, seed, constant=True)
        source = LaterUpdates(batches.with_seed(seed + done), done)
        trainers.append(Trainer(network, source, settings, state=state))
    train_all(parameters, trainers)
    for trainer in trainers:
        trainer.history = trainer.history.newest()
    return trainers


def _run(
    parameters: Parameters,
    task: Task,
    target: Target,
    data: TrainingData,
    networks: list[Network],
    seeds: list[int],
    stops: list[int],
    updates: int,
    held_out: TrainingData | None = None,
) -> list[Trainer]:
    """Run one trainer per network, member i for ``stops[i]`` of a schedule of ``updates``."""
    batches = data.batches(parameters)
    trainers = []
    for network, seed, stop in zip(networks, seeds, stops, strict=True):
        patience = None if held_out is None else int(parameters.patience)
        settings = settings_of(parameters, task, target, updates, seed, patience=patience)
        objective = Objective(settings.loss, network.architecture.output)
        validate = None if held_out is None else _Validation(held_out, objective)
        trainers.append(Trainer(network, batches.with_seed(seed), settings, validate=validate, stop_at=stop))
    train_all(parameters, trainers)
    return trainers


def train_all(parameters: Parameters, trainers: list[Trainer]) -> None:
    """Run trainers to their ends.

    Raises
    ------
    Stopped
        On Ctrl-C.
    """
    try:
        train_ensemble(trainers, n_threads=parameters.n_threads, progress=bool(parameters.progress))
    except KeyboardInterrupt:
        raise Stopped([trainer for trainer in trainers if trainer.update > 0]) from None


class _Outputs:
    """Targets and weights of a held-out part in one row each, and the outputs of networks for them."""

    def __init__(self, data: TrainingData) -> None:
        self.data = data
        weight = data.weight
        if isinstance(data.targets, np.ndarray):
            self.targets, self.weight = data.targets, np.asarray(weight)
        else:
            self.targets = np.concatenate(data.targets)
            steps = [len(y) for y in data.targets]
            self.weight = np.repeat(weight, steps) if isinstance(weight, np.ndarray) else np.concatenate(weight)

    def outputs(self, network: Network) -> Array:
        """Return the outputs before their activation, in the order of the targets."""
        found = outputs([network], self.data.preparation, self.data.prepared, n_threads=1)
        return found if isinstance(found, np.ndarray) else np.concatenate(found)


class _Validation(_Outputs):
    """Loss of a network on the held-out part."""

    def __init__(self, data: TrainingData, objective: Objective) -> None:
        super().__init__(data)
        self.objective = objective

    def __call__(self, network: Network) -> float:
        """Return the weighted mean loss."""
        return self.objective(self.outputs(network), self.targets, self.weight)[0]


class HeldOutError(_Outputs):
    """Squared error of probabilities, summed over labels, or mean of numbers; for classes plus the share of wrong ones.

    A cross-entropy, and less so the squared error, rises with the confidence of a network that still learns; the share
    of wrong classes stays the same while a network begins to learn.

    Parameters
    ----------
    data : TrainingData
        Held out.
    kind : str
        Of the target.
    """

    def __init__(self, data: TrainingData, kind: str) -> None:
        super().__init__(data)
        self.kind = kind

    def of_rows(self, network: Network) -> Array:
        """Return the error of every sequence, or step."""
        o, y = self.outputs(network), self.targets
        if self.kind == "multiclass":
            y = y if y.ndim == 2 else np.eye(o.shape[1])[y]
            error = (o.argmax(axis=1) != y.argmax(axis=1)) + ((softmax(o) - y) ** 2).sum(axis=1) / 2
        elif self.kind == "binary":
            y = y.reshape(-1)
            error = ((o[:, 0] > 0) != (y > 0.5)) + (sigmoid(o[:, 0]) - y) ** 2
        elif self.kind == "multilabel":
            error = ((sigmoid(o) - y.reshape(o.shape)) ** 2).sum(axis=1)
        else:
            error = ((o - y.reshape(o.shape)) ** 2).mean(axis=1)
        found: Array = error
        return found

    def __call__(self, network: Network) -> float:
        """Return the weighted mean."""
        return float(np.average(self.of_rows(network), weights=self.weight))
