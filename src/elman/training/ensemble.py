"""Train several networks at once, each in a Python thread or in a worker of joblib."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic

from elman import _check
from elman.engine import kernels
from elman.errors import ElmanWarning
from elman.training.checkpoints import Keeper, keepers_of
from elman.training.jobs import Workers, run_all, run_in_threads, stopping, workers
from elman.training.loop import Trainer
from elman.training.progress import Progress
from elman.training.state import TrainingState

# Seconds of training in another process between two states that come back, at first and at most. With more, more would
# be lost on Ctrl-C; with less, starting the tasks would cost more on a cluster.
_SECONDS, _MOST_SECONDS = 5.0, 60.0


def train_ensemble(trainers: Sequence[Trainer], *, n_threads: int | None = None, progress: bool = False) -> None:
    """Run several trainers to their end, as many at a time as there are threads.

    The engine releases Python's lock while it computes, so small networks gain most from a thread each. The trainers
    share read-only data alone: results are those of running one trainer after the other. Within `Checkpoints`, states
    are written, and trainers of a resumed run start from theirs. Within ``joblib.parallel_config`` the workers of that
    configuration train; from other processes states come back every few seconds. Trainers with callbacks stay in this
    process.

    Parameters
    ----------
    trainers : sequence of Trainer
        Usually equal except for their seeds. Each must have its own batches (see ``with_seed``).
    n_threads : int, optional
        Total threads; the engine's default if not given. With few trainers, each gets several.
    progress : bool
        Show one bar for all on standard error if it takes more than two seconds.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C: all trainers stop after their current update, and every network has its best parameters so far
        (with workers in other processes, those of the last state that came back); ``trainer.update == 0`` marks
        trainers without an update.
    TrainingError
        The error of the first trainer that fails; the others stop.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.network import Architecture, Network
    >>> from elman.training import Settings, StretchBatches
    >>> batches = StretchBatches(np.sin(np.arange(50.0))[:, None], [0, 50], window=4, horizon=1, steps=8)
    >>> def member(seed):
    ...     network = Network.initialized(Architecture(4, 1, hidden_size=4), seed=seed)
    ...     return Trainer(network, batches.with_seed(seed), Settings(updates=5, seed=seed))
    >>> trainers = [member(seed) for seed in range(3)]
    >>> train_ensemble(trainers)
    >>> [trainer.update for trainer in trainers]
    [5, 5, 5]
    """
    if n_threads is not None:
        _check.thread_count("train_ensemble", n_threads)
    keepers, pool = keepers_of(trainers), workers()
    total = sum(trainer.stop_at - trainer.update for trainer in trainers)
    with Progress(total, enabled=progress) as bar:
        if pool is not None and not pool.are_threads:
            _train_elsewhere(trainers, keepers, n_threads, bar)
        _train_here(trainers, keepers, n_threads, pool, bar)
    _warn_if_still_learning(trainers)


def _warn_if_still_learning(trainers: Sequence[Trainer]) -> None:
    still = [trainer for trainer in trainers if trainer.update >= trainer.stop_at and trainer.history.still_learning]
    if still:
        score = still[0].history.score
        warnings.warn(
            f"training ended while it still learned: over its last quarter the validation score fell from "
            f"{score[-1 - len(score) // 4]:.4g} to {score[-1]:.4g}. More updates, or epochs, will probably do better.",
            ElmanWarning,
            stacklevel=3,
        )


# Threads of this process


def _train_here(
    trainers: Sequence[Trainer],
    keepers: Sequence[Keeper | None],
    n_threads: int | None,
    pool: Workers | None,
    bar: Progress,
) -> None:
    threads = n_threads or kernels.num_threads()
    count = pool.count if pool is not None and pool.are_threads else threads
    each = max(threads // max(min(len(trainers), count), 1), 1)
    members = zip(trainers, keepers, strict=True)
    run_in_threads([partial(_train, trainer, keeper, each, bar) for trainer, keeper in members], count)


def _train(trainer: Trainer, keeper: Keeper | None, n_threads: int, bar: Progress) -> None:
    """Run one trainer; write its last state."""
    seen = trainer.update

    def watch(trainer: Trainer) -> None:
        nonlocal seen
        bar.advance(count=trainer.update - seen)
        seen = trainer.update
        if stopping():
            trainer.stop()

    callbacks, trainer.watchers, trainer.n_threads = trainer.callbacks, (watch,), n_threads
    if keeper is not None and keeper.every_update:
        trainer.callbacks = (*callbacks, keeper.after_update)
    elif keeper is not None:
        trainer.watchers = (watch, keeper.after_update)
    try:
        trainer.run()
        if keeper is not None:
            keeper.save(trainer)
    finally:
        trainer.callbacks, trainer.watchers = callbacks, ()


# Other processes


def _train_elsewhere(
    trainers: Sequence[Trainer], keepers: Sequence[Keeper | None], n_threads: int | None, bar: Progress
) -> None:
    """Have the trainers advanced by some seconds, again and again, until fewer than two are left.

    The trainers here hold the newest states that came back.
    """
    members, seconds = list(zip(trainers, keepers, strict=True)), _SECONDS
    if any(trainer.callbacks for trainer in trainers):  # they belong to this process
        return
    try:
        while len(waiting := [(trainer, keeper) for trainer, keeper in members if not trainer.finished]) > 1:
            tasks = [_Advance(trainer, seconds) for trainer, _ in waiting]
            run_all(tasks, n_threads, partial(_take, waiting, bar))
            seconds = min(2 * seconds, _MOST_SECONDS)
    except BaseException:
        for trainer, keeper in members:
            if keeper is not None:
                keeper.save(trainer)
        raise


def _take(members: Sequence[tuple[Trainer, Keeper | None]], bar: Progress, position: int, state: TrainingState) -> None:
    trainer, keeper = members[position]
    bar.advance(count=state.update - trainer.update)
    trainer.take(state)
    if keeper is not None:
        keeper.after_update(trainer)


@dataclass(frozen=True)
class _Advance:
    """Train for some seconds, and return the state."""

    trainer: Trainer
    seconds: float

    def __call__(self, n_threads: int | None) -> TrainingState:
        end = monotonic() + self.seconds

        def watch(trainer: Trainer) -> None:
            if monotonic() >= end:
                trainer.stop()

        self.trainer.n_threads = n_threads or 0
        self.trainer.watchers = (watch,)
        self.trainer.run()
        return self.trainer.state()
