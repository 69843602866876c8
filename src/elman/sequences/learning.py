"""From checked examples to a fitted value: a whole training, or one more pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.ragged import Ragged
from elman.estimators import Interrupted, member_seeds, root_seed, values_of
from elman.network import Network
from elman.sequences.convergence import notice_convergence
from elman.sequences.fitted import Fitted, Inputs
from elman.sequences.options import architecture_of, rule_updates, rule_window
from elman.sequences.parameters import Parameters, Task
from elman.sequences.preparation import Preparation
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
    rows, sequences, y = _counted(examples)
    weight = examples.weight[rows]
    target, preparation = _begin(place, parameters, task, examples, sequences, weight, before)
    compared = target.all_for_training(y, task.label_smoothing)
    data = TrainingData(preparation, preparation.apply(sequences), compared, _in_loss(examples, rows))
    seeds = _seeds(parameters)[: None if before is None else len(before.networks)]  # fewer after Ctrl-C
    networks = _networks(parameters, task, target, preparation, seeds, before)
    fitted = _fitted(parameters, examples.inputs, target, preparation)
    strata = np.asarray(y) if examples.stratified else None
    least = rule_updates(len(rows), int(parameters.batch_size))
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
    rows, sequences, y = _counted(examples)
    weight = examples.weight[rows]
    target, preparation = _begin(place, parameters, task, examples, sequences, weight, before)
    seeds = _seeds(parameters) if before is None else list(before.seeds)
    compared = target.all_for_training(y, task.label_smoothing)
    data = TrainingData(preparation, preparation.apply(sequences), compared, _in_loss(examples, rows))
    networks = _networks(parameters, task, target, preparation, seeds, before)
    states = None if before is None else before.states
    if states is not None and states[0].optimizer != parameters.optimizer:
        states = None  # another optimizer starts with an empty state
    fitted = _fitted(parameters, examples.inputs, target, preparation)
    trainers = pass_once(parameters, task, target, data, networks, seeds, states or [None] * len(seeds))
    return replace(fitted(trainers), states=tuple(trainer.state() for trainer in trainers))


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
    place: str,
    parameters: Parameters,
    task: Task,
    examples: Examples,
    sequences: list[Array],
    weight: Array,
    before: Fitted | None,
) -> tuple[Target, Preparation]:
    """Return target and preparation of the fitted value, or compute windows and standardisation."""
    if before is not None:
        before.check_target(place, examples.target)
        return before.target, before.preparation
    window, stride = _windows(task, sequences)
    learned = Preparation.learned(
        sequences, weight, window, stride, standardize=parameters.standardize, per_step=task.per_step
    )
    return examples.target, learned


def _windows(task: Task, sequences: list[Array]) -> tuple[int, int]:
    """Return window and stride; with an output at every step the window moves by one."""
    if task.per_step:
        return (1 if task.window == "auto" else int(task.window)), 1
    return rule_window(np.array([len(sequence) for sequence in sequences]), task.window, task.stride)


def _seeds(parameters: Parameters) -> list[int]:
    """Draw one seed per network."""
    return member_seeds(root_seed(parameters.random_state), int(parameters.ensemble_size))


def _networks(
    parameters: Parameters,
    task: Task,
    target: Target,
    preparation: Preparation,
    seeds: Sequence[int],
    before: Fitted | None,
) -> list[Network]:
    """Make new networks, or copies of the fitted ones with the present dropout."""
    architecture = architecture_of(parameters, task, preparation.window * len(preparation.center), target)
    if before is not None:
        return [Network(architecture, network.theta.copy()) for network in before.networks]
    return [
        Network.initialized(architecture, seed=seed, scheme=parameters.init, dtype=parameters.dtype) for seed in seeds
    ]


def _fitted(
    parameters: Parameters, inputs: Inputs, target: Target, preparation: Preparation
) -> Callable[[list[Trainer]], Fitted]:
    """Return a function that makes a fitted value of finished trainers."""

    def value(trainers: list[Trainer]) -> Fitted:
        return Fitted(
            networks=tuple(trainer.network for trainer in trainers),
            history=tuple(trainer.history for trainer in trainers),
            seeds=tuple(trainer.settings.seed for trainer in trainers),
            updates=max(trainer.update for trainer in trainers),
            target=target,
            preparation=preparation,
            inputs=inputs,
            parameters=values_of(parameters),
        )

    return value
