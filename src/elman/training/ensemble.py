"""Train several networks at once, each in a Python thread."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from elman import _check
from elman.engine import kernels
from elman.errors import ElmanWarning
from elman.training.checkpoints import Keeper, keepers_of
from elman.training.loop import Callback, Trainer
from elman.training.progress import Progress


def train_ensemble(trainers: Sequence[Trainer], *, n_threads: int | None = None, progress: bool = False) -> None:
    """Run several trainers to their end, as many at a time as there are threads.

    The engine releases Python's lock while it computes, so small networks gain most from a thread each. The trainers
    share read-only data alone: results are those of running one trainer after the other. Within `Checkpoints`, states
    are written, and trainers of a resumed run start from theirs.

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
        On Ctrl-C: all trainers stop after their current update, and every network has its best parameters so far;
        ``trainer.update == 0`` marks trainers without an update.
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
    threads = n_threads or kernels.num_threads()
    begin, stop = threading.Event(), threading.Event()
    keepers = keepers_of(trainers)
    total = sum(trainer.stop_at - trainer.update for trainer in trainers)
    with Progress(total, enabled=progress) as bar, ThreadPoolExecutor(threads) as pool:

        def after_update(trainer: Trainer) -> None:
            bar.advance()
            if stop.is_set():
                trainer.stop()

        each = max(threads // max(len(trainers), 1), 1)
        try:
            members = zip(trainers, keepers, strict=True)
            futures = [
                pool.submit(_train, trainer, keeper, each, after_update, stop, begin) for trainer, keeper in members
            ]
            begin.set()
            _wait(futures)
        finally:
            stop.set()  # the end of the pool waits for current updates
            begin.set()
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


def _train(
    trainer: Trainer,
    keeper: Keeper | None,
    n_threads: int,
    after_update: Callback,
    stop: threading.Event,
    begin: threading.Event,
) -> None:
    """Run one trainer, unless all were stopped before its turn; always write its last state."""
    begin.wait()  # the pool may lose a thread that an interrupt catches while it starts: let none work before
    if stop.is_set():
        return
    callbacks = trainer.callbacks
    trainer.n_threads = n_threads
    trainer.callbacks = (*callbacks, after_update, *(() if keeper is None else (keeper.after_update,)))
    try:
        trainer.run()
        if keeper is not None:
            keeper.save(trainer)
    finally:
        trainer.callbacks = callbacks


def _wait(futures: list[Future[None]]) -> None:
    """Wait for all trainers, or until one fails, and raise its error."""
    pending = set(futures)
    while pending:  # short waits: a long one would miss an interrupt in another thread
        done, pending = wait(pending, timeout=0.1, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
