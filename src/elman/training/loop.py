"""The training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman import _check
from elman._words import place_of
from elman.engine import ManyUpdates
from elman.errors import ArgumentError, Remedy, TrainingError
from elman.network import State
from elman.training.batches import Batch, Batches
from elman.training.history import History
from elman.training.optimizers import new_vectors, optimizer_step
from elman.training.passes import AnyTape, LossPass, NetworkPass, check_finite
from elman.training.progress import Progress
from elman.training.schedules import Plateau
from elman.training.settings import Settings
from elman.training.several import Several
from elman.training.state import TrainingState

Array = npt.NDArray[Any]
Validate: TypeAlias = Callable[[Any], float]
Callback: TypeAlias = "Callable[[Trainer], object]"

_LAST, _FAR = 5, 10.0  # last updates, whose losses are compared with those of the first parameters
_USUAL, _SOME = 1.0, 16  # a loss that is no sign of an explosion; further updates compared
_SECONDS = 0.05  # of a native call with several updates: a signal to stop waits no longer


class Trainer:
    """Train a network in place.

    An update computes the gradient of the loss of one batch and clips it; the optimizer changes ``network.theta``. All
    random numbers are functions of seeds and the number of the update: a run that is saved, restored and continued
    gives the same bits as an uninterrupted one.

    Parameters
    ----------
    network : Network
        Changed in place. Its `forward` belongs to the trainer while it runs; callbacks use `predict`. With
        ``loss_pass`` any object with a flat vector ``theta`` and an ``architecture`` that has ``to_dict()``.
    batches : Batches
        For instance `StretchBatches`, `OrderedStretches` or `SequenceBatches`.
    settings : Settings
        Loss, optimizer, schedule, and when to stop.
    validate : callable, optional
        ``validate(network)`` returns a score; lower is better. The network ends with the parameters of the lowest.
    callbacks : sequence of callable
        ``callback(trainer)`` after every update; it may call `stop`. Without callbacks several updates may be one
        native call (docs/architecture.md), with the same bits.
    state : TrainingState, optional
        To continue from; the network gets its parameters.
    stop_at : int, optional
        Number of updates of the run, if it ends before the schedule.
    loss_pass : LossPass, optional
        Computes the loss and the gradient of a batch; `NetworkPass` if not given.

    Attributes
    ----------
    update : int
        Updates done.
    watchers : tuple of callable
        Like callbacks, but called after one update or several, at least every twentieth of a second.
    first_theta : ndarray (P,)
        Parameters before the first update of this trainer.
    history : History
        Loss, gradient norm and learning rate of every update, and the scores.
    average : ndarray (P,) or None
        With ``settings.average``, the running mean of the parameters.

    Raises
    ------
    ArgumentError
        If the state is that of another network, optimizer or seed, or the interval of validations is missing.

    Examples
    --------
    >>> from elman.network import Architecture, Network
    >>> from elman.training import OrderedStretches
    >>> wave = np.sin(np.arange(60.0) / 3)[:, None]
    >>> batches = OrderedStretches(wave, [0, 60], window=4, horizon=1, steps=60)
    >>> network = Network.initialized(Architecture(4, 1, cell="rnn", hidden_size=8))
    >>> history = Trainer(network, batches, Settings(updates=50, learning_rate=0.01)).run()
    >>> history.loss[0] > 10 * history.loss[-1]
    True
    """

    def __init__(
        self,
        network: Any,
        batches: Batches,
        settings: Settings,
        *,
        validate: Validate | None = None,
        callbacks: Sequence[Callback] = (),
        state: TrainingState | None = None,
        stop_at: int | None = None,
        loss_pass: LossPass | None = None,
    ) -> None:
        self.network = network
        self.batches = batches
        self.settings = settings
        self.validate = validate
        self.callbacks = tuple(callbacks)
        self.watchers: tuple[Callback, ...] = ()
        self.n_threads = settings.n_threads
        self.stop_at = settings.updates if stop_at is None else min(stop_at, settings.updates)
        self.update = 0
        self.history = History()
        self._pass = NetworkPass(network, settings) if loss_pass is None else loss_pass
        self._several, self._pace = Several.of(self._pass, settings, batches), 1
        self._validate_every = self._how_often()
        self.average: Array | None = None if settings.average is None else network.theta.copy()
        self._options = tuple(settings.optimizer_options().values())
        self._vectors = new_vectors(settings.optimizer, network.theta)
        self._tape: AnyTape | None = None
        self._carried: State | None = None
        self._best: Array | None = None
        self._iterate: Array | None = None  # current parameters while the network holds the best
        self._asked_to_stop = False
        self._whole = True  # False while an update is half done
        self._scale = 1.0, -1  # of a plateau schedule, and the number of scores it was computed from
        if state is not None:
            self.resume_from(state)
        self.first_theta, self._first = network.theta.copy(), self.update

    def _how_often(self) -> int:
        if self.validate is None:
            if self.settings.patience is not None or isinstance(self.settings.schedule, Plateau):
                raise ArgumentError("Trainer: patience and a Plateau schedule need a validate function.")
            return 0
        every = self.settings.validate_every or self.batches.epoch_length
        if every is None:
            raise ArgumentError("Trainer: settings.validate_every must be given, these batches have no epochs.")
        return every

    def resume_from(self, state: TrainingState) -> None:
        """Continue from a state of the same run; the network gets its parameters.

        The previous run of the trainer is discarded: it continues like a new trainer.

        Raises
        ------
        ArgumentError
            If it is that of another network, optimizer or seed.
        """
        theta = self.network.theta
        same = {
            "length of theta": (state.theta.shape, theta.shape),
            "dtype": (state.theta.dtype, theta.dtype),
            "optimizer": (state.optimizer, self.settings.optimizer),
            "seed": (state.seed, self.settings.seed),
        }
        for what, (theirs, ours) in same.items():
            if theirs != ours:
                raise ArgumentError(f"Trainer: the state to continue from has {what} {theirs}, this run has {ours}.")
        theta[...] = state.theta
        self._vectors = {name: vector.copy() for name, vector in state.vectors.items()}
        self.update, self._carried, self._tape = state.update, state.carried, None
        self.history = History.from_arrays(state.history.to_arrays())
        self._best = None if state.best is None else state.best.copy()
        self._iterate, self._asked_to_stop, self._whole, self._scale = None, False, True, (1.0, -1)
        self.first_theta, self._first = theta.copy(), self.update
        if self.settings.average is not None:
            self.average = (theta if state.average is None else state.average).copy()

    def take(self, state: TrainingState) -> None:
        """Take over the state of a copy that was trained further; the network gets its best parameters so far.

        The run goes on as if this trainer had done the updates itself.
        """
        first = self.first_theta, self._first
        self.resume_from(state)
        self.first_theta, self._first = first
        self._restore_best()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the memory of the last pass."""
        return {**self.__dict__, "_carried": self._final_state(), "_tape": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state from another process."""
        vectors = {name: _check.received(vector) for name, vector in state["_vectors"].items()}
        self.__dict__ |= {name: _check.received(value) for name, value in state.items()} | {"_vectors": vectors}

    @property
    def finished(self) -> bool:
        """Whether the run is over: all updates done, or patience exhausted."""
        return self.update >= self.stop_at or self._out_of_patience

    @property
    def _out_of_patience(self) -> bool:
        patience = self.settings.patience
        return patience is not None and self.history.waited(self.settings.min_delta) >= patience

    def stop(self) -> None:
        """Leave `run` after the current update, the network with its best parameters; `run` can go on later."""
        self._asked_to_stop = True

    def run(self, until: int | None = None, progress: bool = False) -> History:
        """Train until the run is over.

        Parameters
        ----------
        until : int, optional
            Pause after that many updates: the schedule is that of the whole run, and the network keeps its current
            parameters, whatever the scores.
        progress : bool
            Show a bar on standard error if it takes more than two seconds.

        Returns
        -------
        history : History
            Of all updates so far.

        Raises
        ------
        TrainingError
            If a loss, a gradient or a score is not finite, or if the losses at the end are far beyond those at the
            start and no validation was better than one of the first parameters. The network then has its best
            parameters so far.
        KeyboardInterrupt
            On Ctrl-C; likewise.
        """
        last = self.stop_at if until is None else min(until, self.stop_at)
        self._back_to_iterate()
        try:
            with Progress(last - self.update, enabled=progress) as bar:
                self._advance(last, bar)
        except BaseException:
            self._restore_best()
            raise
        if self.finished or self._asked_to_stop:
            self._restore_best()
        if self.finished:
            self._check_losses()
        return self.history

    def _check_losses(self) -> None:
        """Refuse a run whose final losses are far above the initial ones on the same batches: it has exploded."""
        losses = self.history.loss  # of the newest updates alone, if it continues a `partial_fit`
        own = losses[len(losses) - (self.update - self._first) :]
        end = own[-_LAST:]
        if not own or min(end) <= max(_FAR * own[0], _USUAL):
            return
        theta, now = self.network.theta, self.network.theta.copy()
        # from the whole run, because losses are small on batches with small changes
        some = np.linspace(self._first, self.update - 1, _SOME).astype(int).tolist()
        done = sorted({*some, *range(self.update - len(end), self.update)})
        theta[...] = self.first_theta
        try:
            start = [self._pass(self.batches.batch(update), None, update, self.n_threads)[0] for update in done]
            worse = min(end) > _FAR * max(start) and not self._improved()
        finally:
            theta[...] = now
        if worse:
            raise TrainingError(
                f"{place_of('Trainer')}: the loss went from {max(start):.4g} to {min(end):.4g}: training made the "
                "network worse.",
                Remedy("lower {}", learning_rate=...),
                Remedy(clip_norm=1.0),
            )

    def _improved(self) -> bool:
        """Whether a validation gave a better score than that of the parameters that the network has."""
        if self._best is None or self.validate is None:
            return self._best is not None
        return self.history.best_score < float(self.validate(self.network))

    def _advance(self, last: int, bar: Progress) -> None:
        over = self._validate_if_due()  # an interrupt may have come between an update and its validation
        while self.update < last and not over and not self._asked_to_stop:
            before = self.update
            self._next_updates(last)
            over = self._validate_if_due()
            bar.advance("loss %.4g", self.history.loss[-1], count=self.update - before)
            for callback in (*self.callbacks, *self.watchers):
                callback(self)

    def state(self) -> TrainingState:
        """Return a copy of the state from which a later `Trainer` can continue.

        Raises
        ------
        TrainingError
            If an interrupt came in the middle of an update.
        """
        self._check_whole()
        return TrainingState(
            theta=(self.network.theta if self._iterate is None else self._iterate).copy(),
            optimizer=self.settings.optimizer,
            vectors={name: vector.copy() for name, vector in self._vectors.items()},
            update=self.update,
            seed=self.settings.seed,
            history=History.from_arrays(self.history.to_arrays()),
            best=None if self._best is None else self._best.copy(),
            carried=self._final_state(),
            average=None if self.average is None else self.average.copy(),
        )

    def _next_updates(self, last: int) -> None:
        """Make an update, or several natively if nothing in Python is due between them."""
        if self._several is None or self.callbacks:
            self._one_update()
            return
        due, every = last - self.update, self._validate_every
        if every:
            due = min(due, every - self.update % every)
        batch = self._several.batches_for(self.network.theta, self.update, min(due, self._pace))
        if batch is None:
            self._one_update()
            return
        start, before = perf_counter(), self.update
        self._several_updates(self._several, batch)
        self._pace = max(1, int(_SECONDS * (self.update - before) / (perf_counter() - start)))

    def _several_updates(self, several: Several, batch: Batch) -> None:
        """Make the updates of some batches in one native call; after an interrupt, those that were made count."""
        count, step = len(batch.x), self.update + 1
        rates = [self.settings.learning_rate * scale for scale in self._scales(count)]
        made = ManyUpdates(np.zeros((1, count)), np.zeros((1, count)), np.zeros(1, np.int64))
        self._carried, self._tape, self._whole = None, None, False
        try:
            several(self.network.theta, self._vectors, batch, self.update, rates, self.n_threads, made)
        finally:
            self._count(made, rates)
            self._whole = True
        (loss,), (norm,), (done,) = made
        if done < count:
            check_finite("loss", float(loss[done]), step + int(done))
            check_finite("norm of the gradient", float(norm[done]), step + int(done))

    def _count(self, made: ManyUpdates, rates: Sequence[float]) -> None:
        """Take the updates that were made into the history."""
        done = int(made.done[0])
        self.update += done
        self.history.loss += made.loss[0, :done].tolist()
        self.history.gradient_norm += made.gradient_norm[0, :done].tolist()
        self.history.learning_rate += rates[:done]

    def _one_update(self) -> None:
        settings, network = self.settings, self.network
        batch = self.batches.batch(self.update)
        start = self._final_state() if batch.carry else None
        self._carried, self._tape = start, None  # where an interrupted update starts again
        loss, tape = self._pass(batch, start, self.update, self.n_threads)
        gradient = self._pass.gradient
        learning_rate = settings.learning_rate * self._scales(1)[0]
        self._whole = False
        step = self.update + 1
        norm = optimizer_step(
            settings.optimizer,
            self._options,
            network.theta,
            gradient,
            self._vectors,
            step,
            learning_rate,
            settings.clip_norm,
            settings.clip_value,
        )
        self._whole = not isfinite(norm)  # nothing has changed then
        check_finite("norm of the gradient", norm, step)
        self.update = step
        self._follow()
        self._tape = None if self._several is not None else tape  # of batches that carry no state
        self.history.loss.append(loss)
        self.history.gradient_norm.append(norm)
        self.history.learning_rate.append(learning_rate)
        self._whole = True

    def _follow(self) -> None:
        """Move the running mean towards the parameters; early updates have more weight."""
        if self.average is not None and self.settings.average is not None:
            decay = min(self.settings.average, self.update / (self.update + 19))
            self.average += (1 - decay) * (self.network.theta - self.average)

    def _final_state(self) -> State | None:
        """Return the final state of the last batch; called only if needed."""
        return self._carried if self._tape is None else self._tape.state

    def _scales(self, count: int) -> list[float]:
        """Return the factors on the learning rate of the next updates, between which no validation is due."""
        schedule, scores, updates = self.settings.schedule, self.history.score, self.settings.updates
        if not isinstance(schedule, Plateau):
            return [schedule.scale(update, updates) for update in range(self.update, self.update + count)]
        if self._scale[1] != len(scores):
            self._scale = schedule.scale(scores), len(scores)
        return [self._scale[0]] * count

    def _validate_if_due(self) -> bool:
        """Validate the network if due and store the best parameters; return whether patience is exhausted."""
        every, seen = self._validate_every, self.history.validation_update
        if not every or self.update == 0 or (self.update % every and self.update < self.stop_at):
            return False
        if seen and seen[-1] == self.update:
            return self._out_of_patience
        assert self.validate is not None
        score = float(self.validate(self.network))
        check_finite("validation score", score, self.update)
        if score < self.history.best_score:
            self._best = self.network.theta.copy()
        self._whole = False
        self.history.validation_update.append(self.update)
        self.history.score.append(score)
        self._whole = True
        return self._out_of_patience

    def _check_whole(self) -> None:
        if not self._whole:
            raise TrainingError("Trainer: interrupted in the middle of an update; continue from a saved state.")

    def _back_to_iterate(self) -> None:
        """Restore the current parameters if the network has the best ones."""
        self._check_whole()
        self._asked_to_stop = False
        if self._iterate is not None and not self.finished:
            self.network.theta[...], self._iterate = self._iterate, None

    def _restore_best(self) -> None:
        """Give the network the best parameters, or the current ones without a validation."""
        theta = self.network.theta
        best = self._best
        if best is None and not np.isfinite(theta).all():
            best = self.first_theta
        if best is not None and self._iterate is None:
            self._iterate = theta.copy()
            theta[...] = best
