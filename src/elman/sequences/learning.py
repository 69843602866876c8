"""From checked examples to a fitted value: a whole training, or one more pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.ragged import Ragged
from elman.errors import ArgumentError, Remedy, setting
from elman.estimators import Interrupted, member_seeds, root_seed, values_of
from elman.network import Network
from elman.sequences.convergence import notice_convergence
from elman.sequences.fitted import Fitted, Inputs
from elman.sequences.options import architecture_of, rule_shift, rule_updates, rule_window
from elman.sequences.parameters import Parameters, Task
from elman.sequences.preparation import Preparation
from elman.sequences.search import Setting, Trial, applied, candidates, search
from elman.sequences.settling import as_built, settled
from elman.sequences.slopes import folded
from elman.sequences.targets import Encoded, Target, take
from elman.sequences.training import Stopped, TrainingData, enough_updates, pass_once, train
from elman.training import Trainer

__all__ = ["Examples", "learn", "learn_further"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Checked sequences with their targets.

    Parameters
    ----------
    ragged : Ragged
        The sequences.
    inputs : Inputs
        Form of the sequences.
    target : Target
        Meaning of the output layer.
    y : ndarray (n, ...) or list of ndarray (steps_i, ...)
        Targets as codes or numbers.
    weight : ndarray (n,)
        Weight of a sequence; 0 leaves it out.
    factor : float, ndarray (n,) or list of ndarray (steps_i,)
        Further weight of the loss.
    stratified : bool
        Whether a held-out part is stratified by class.
    """

    ragged: Ragged
    inputs: Inputs
    target: Target
    y: Encoded
    weight: Array
    factor: Any = 1.0
    stratified: bool = False

    @property
    def data(self) -> tuple[Any, ...]:
        """The training data, for a fingerprint."""
        return self.ragged.sequences, self.y, self.weight, self.factor


def learn(place: str, parameters: Parameters, task: Task, examples: Examples, before: Fitted | None) -> Fitted:
    """Train an ensemble, from the networks of ``before`` if they are given.

    Raises
    ------
    Interrupted
        On Ctrl-C, after the first update of a network.
    """
    given, trials = parameters, tuple[Trial, ...]()
    parameters, task = _settled(parameters, task, examples, before)
    seeds = _seeds(parameters)[: None if before is None else len(before.networks)]  # fewer after Ctrl-C
    strata = np.asarray(_counted(examples)[2]) if examples.stratified else None
    if task.tune and before is None:
        trials = _trials(place, parameters, task, examples, seeds[0], strata)
        parameters, task = applied(trials[0].setting, parameters, task)
    target, data = _begin(place, parameters, task, examples, before)
    data = _for_training(task, examples, target, data) if before is None else data
    least = rule_updates(data.count, int(parameters.batch_size))
    networks = _networks(place, parameters, task, target, data, seeds, before)
    fitted = _fitted(given, examples.inputs, target, data.preparation, trials)
    automatic, open_end = parameters.updates == "auto", False
    updates = least if automatic else int(parameters.updates)
    try:
        if automatic and before is None and not parameters.early_stopping:
            probe = networks[0], seeds[0], least, strata
            updates, open_end = enough_updates(parameters, task, target, data, *probe)
        trainers = train(place, parameters, task, target, data, networks, seeds, updates, strata)
    except Stopped as stop:
        if stop.trainers:
            raise Interrupted(fitted(stop.trainers)) from None
        raise
    if not parameters.early_stopping:
        histories = [trainer.history for trainer in trainers]
        notice_convergence(place, histories, automatic=automatic and before is None, open_end=open_end)
    return fitted(trainers)


def learn_further(place: str, parameters: Parameters, task: Task, examples: Examples, before: Fitted | None) -> Fitted:
    """Pass once over the data at a constant learning rate, continuing with the optimizer state."""
    given = parameters
    parameters, task = _settled(parameters, task, examples, before)
    seeds = _seeds(parameters) if before is None else list(before.seeds)
    target, data = _begin(place, parameters, task, examples, before)
    networks = _networks(place, parameters, task, target, data, seeds, before)
    states = None if before is None else before.states
    if states is not None and states[0].optimizer != parameters.optimizer:
        states = None  # another optimizer starts with an empty state
    fitted = _fitted(given, examples.inputs, target, data.preparation)
    trainers = pass_once(parameters, task, target, data, networks, seeds, states or [None] * len(seeds))
    return replace(fitted(trainers), states=tuple(trainer.state() for trainer in trainers))


def _settled(parameters: Parameters, task: Task, examples: Examples, before: Fitted | None) -> tuple[Parameters, Task]:
    """Return parameters and task without "auto", as the data or the fitted networks have it."""
    if before is None:
        return settled(parameters, task, examples.target, _counted(examples)[1])
    return as_built(parameters, task, examples.target, before.networks[0].architecture)


def _counted(examples: Examples) -> tuple[Array, list[Array], Encoded]:
    """Return the indices of sequences with a weight above 0, these sequences and their targets."""
    rows = np.flatnonzero(examples.weight > 0)
    return rows, [examples.ragged.sequences[i] for i in rows], take(examples.y, rows)


def _in_loss(examples: Examples, rows: Array) -> Encoded:
    """Return the weights in the loss: one per sequence (n,), or for each sequence one per step."""
    weight, factor = examples.weight[rows], examples.factor
    factor = factor if isinstance(factor, float) else take(factor, rows)
    if isinstance(factor, list):
        return [w * f for w, f in zip(weight, factor, strict=True)]
    total: Array = weight * factor
    return total


def _begin(
    place: str, parameters: Parameters, task: Task, examples: Examples, before: Fitted | None
) -> tuple[Target, TrainingData]:
    """Return target and data of the loss; windows and standardisation are computed, or those of the fitted value."""
    rows, sequences, y = _counted(examples)
    target = examples.target
    if before is None:
        window, stride = _windows(task, sequences)
        preparation = Preparation.learned(
            sequences, examples.weight[rows], window, stride, standardize=parameters.standardize, per_step=task.per_step
        )
    else:
        before.check_target(place, target)
        target, preparation = before.target, before.preparation
    compared = target.all_for_training(y, task.label_smoothing)
    return target, TrainingData(
        preparation, preparation.apply(sequences), compared, _in_loss(examples, rows), task.steps
    )


def _for_training(task: Task, examples: Examples, target: Target, data: TrainingData) -> TrainingData:
    """Return the data as new networks of classes learn them: windows beside differences, long sequences moved."""
    if task.per_step or target.kind == "numbers":
        return data
    shift = rule_shift(np.array([len(sequence) for sequence in _counted(examples)[1]]))
    return replace(data, preparation=data.preparation.with_slopes(data.prepared, data.weight), shift=shift)


def _trials(
    place: str, parameters: Parameters, task: Task, examples: Examples, seed: int, strata: Array | None
) -> tuple[Trial, ...]:
    """Compare settings by short fits; the chosen one comes first."""
    lengths = [len(sequence) for sequence in _counted(examples)[1]]
    window, stride = rule_window(np.array(lengths), task.window, task.stride)
    given = Setting(window, stride, task.readout, parameters.cell, parameters.hidden_size)
    any_cell = parameters.activation == "tanh" and parameters.projection_size is None
    least_units = 1 + (parameters.projection_size or 0)
    settings = candidates(given, int(np.median(lengths)), ("gru", "lstm") if any_cell else (), least_units)

    def data_of(setting: Setting) -> TrainingData:
        own = applied(setting, parameters, task)
        return _for_training(own[1], examples, *_begin(place, *own, examples, None))

    least = rule_updates(len(lengths), int(parameters.batch_size))
    try:
        return tuple(search(parameters, task, examples.target, settings, data_of, seed, least, strata))
    except Stopped:
        raise KeyboardInterrupt from None  # no network has the chosen setting yet


def _windows(task: Task, sequences: list[Array]) -> tuple[int, int]:
    """Return window and stride; with an output at every step the window moves by one."""
    if task.per_step:
        return (1 if task.window == "auto" else int(task.window)), 1
    return rule_window(np.array([len(sequence) for sequence in sequences]), task.window, task.stride)


def _seeds(parameters: Parameters) -> list[int]:
    """Draw one seed per network."""
    return member_seeds(root_seed(parameters.random_state), int(parameters.ensemble_size))


def _networks(
    place: str,
    parameters: Parameters,
    task: Task,
    target: Target,
    data: TrainingData,
    seeds: Sequence[int],
    before: Fitted | None,
) -> list[Network]:
    """Make new networks, or copies of the fitted ones with the present dropout."""
    architecture = architecture_of(parameters, task, data.preparation.input_size, target)
    if architecture.layer_norm and architecture.kind.has_gates and architecture.input_size == 1:
        given = f"{setting('layer_norm', True)}, {setting('cell', architecture.cell)}"
        raise ArgumentError(
            f"{place}: with {given} sees only the sign of a single value per step.",
            Remedy(window=4),
        )
    if before is not None:
        return [Network(architecture, network.theta.copy()) for network in before.networks]
    networks = [
        Network.initialized(architecture, seed=seed, scheme=parameters.init, dtype=parameters.dtype) for seed in seeds
    ]
    if target.kind == "multilabel" and parameters.init == "default":
        for network in networks:
            network.parameters["output.b_y"][...] = data.log_odds()
    return networks


def _fitted(
    parameters: Parameters, inputs: Inputs, target: Target, preparation: Preparation, trials: tuple[Trial, ...] = ()
) -> Callable[[list[Trainer]], Fitted]:
    """Return a function that makes a fitted value of finished trainers."""

    def value(trainers: list[Trainer]) -> Fitted:
        return Fitted(
            networks=tuple(_plain(trainer.network, preparation) for trainer in trainers),
            history=tuple(trainer.history for trainer in trainers),
            seeds=tuple(trainer.settings.seed for trainer in trainers),
            updates=max(trainer.update for trainer in trainers),
            target=target,
            preparation=replace(preparation, slopes=None),
            inputs=inputs,
            parameters=values_of(parameters),
            trials=trials,
        )

    return value


def _plain(network: Network, preparation: Preparation) -> Network:
    """Return the network that reads windows alone."""
    return network if preparation.slopes is None else folded(network, preparation.slopes)
