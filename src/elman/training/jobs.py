"""Tasks shared among the workers of joblib.

Inside ``with joblib.parallel_config(backend, n_jobs=...)`` independent tasks run in the workers of that backend:
threads, processes, or computers of a cluster. Outside of such a block they run one after the other in this process.
Results are the same, bit for bit.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from elman.engine import kernels
from elman.engine.runtime import isa, use_isa
from elman.training.progress import Progress

__all__ = ["Task", "Workers", "inside_task", "run_all", "run_in_threads", "stopping", "workers"]

Task: TypeAlias = Callable[[int | None], Any]  # of the number of native threads; None: as its parameters say
Each: TypeAlias = Callable[[int, Any], object]  # of a task's position and its result

_STOP: ContextVar[threading.Event | None] = ContextVar("stop", default=None)  # set inside a task


@dataclass(frozen=True)
class Workers:
    """The workers of joblib's active configuration.

    Parameters
    ----------
    count : int
        Tasks that run at a time, 2 or more.
    backend : Any
        joblib's backend.
    """

    count: int
    backend: Any

    @property
    def are_threads(self) -> bool:
        """Whether they are threads of this process."""
        return bool(getattr(self.backend, "supports_sharedmem", False))

    def share(self, n_threads: int | None, tasks: int) -> int:
        """Return the native threads of each task, so that all workers together have ``n_threads``."""
        return max((n_threads or kernels.num_threads()) // max(min(self.count, tasks), 1), 1)


def workers() -> Workers | None:
    """Return the workers of the surrounding ``parallel_config``; None without one, and inside a task.

    Examples
    --------
    >>> import joblib
    >>> with joblib.parallel_config("threading", n_jobs=3):
    ...     workers().count, workers().share(6, tasks=2)
    (3, 3)
    >>> workers() is None
    True
    """
    joblib = sys.modules.get("joblib")  # where nobody has imported it, there is no block
    if joblib is None or inside_task():
        return None
    backend, n_jobs = joblib.parallel.get_active_backend()
    count = int(joblib.effective_n_jobs(n_jobs))
    return Workers(count, backend) if count > 1 else None


def inside_task() -> bool:
    """Return whether this code runs in a task of a worker, where no bar is shown and no further worker is used."""
    return _STOP.get() is not None


def run_all(
    tasks: Sequence[Task],
    n_threads: int | None = None,
    each: Each | None = None,
    *,
    bar: str = "",
    in_order: bool = False,
) -> list[Any]:
    """Run tasks in the workers of the surrounding ``parallel_config``, or one after the other without one.

    Parameters
    ----------
    tasks : sequence of callable
        ``task(n_threads)`` returns a result. For workers in other processes tasks and results are copied.
    n_threads : int, optional
        Native threads of all tasks together; the engine's default if not given. Workers get equal shares.
    each : callable, optional
        ``each(position, result)`` is called in this process for every result, as soon as it is there.
    bar : str
        With workers: text of a bar on standard error that counts results; none if empty.
    in_order : bool
        Whether to run one task after the other in this process in any case.

    Returns
    -------
    list
        Results in the order of the tasks.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C: workers in other processes end at once, threads at their next update.
    Exception
        The first error of a task; the others stop.

    Notes
    -----
    Warnings of workers in other processes are given again here, equal ones once. These workers compute with the ISA
    level of this process.

    Examples
    --------
    >>> run_all([lambda n_threads: 1, lambda n_threads: 2])
    [1, 2]
    """
    pool, results = workers(), [None] * len(tasks)
    alone = pool is None or in_order or len(tasks) < 2
    with Progress(len(tasks), bar, enabled=bool(bar) and not alone) as progress:

        def take(position: int, result: Any) -> None:
            results[position] = result
            progress.advance()
            if each is not None:
                each(position, result)

        if pool is None or alone:
            for position, task in enumerate(tasks):
                take(position, task(n_threads))
            return results
        share = pool.share(n_threads, len(tasks))
        if pool.are_threads:
            run_in_threads([partial(task, share) for task in tasks], pool.count, take)
        else:
            _run_elsewhere(pool, tasks, share, take)
    return results


# Threads


def run_in_threads(calls: Sequence[Callable[[], Any]], count: int, each: Each | None = None) -> None:
    """Run functions in ``count`` threads; after Ctrl-C or an error, `stopping` is true in all of them.

    A single function inside a task runs in the thread of that task, which has an interrupt of its own.
    """
    if len(calls) == 1 and inside_task():
        result = calls[0]()
        if each is not None:
            each(0, result)
        if stopping():
            raise KeyboardInterrupt
        return
    begin, stop = threading.Event(), threading.Event()
    with ThreadPoolExecutor(count) as pool:
        try:
            # a copied context has the words of the command that runs
            futures = [pool.submit(copy_context().run, _call, call, begin, stop) for call in calls]
            begin.set()
            _wait(futures, each)
        finally:
            stop.set()  # the end of the pool waits for the functions
            begin.set()


def stopping() -> bool:
    """Return whether the surrounding task must end."""
    stop = _STOP.get()
    return stop is not None and stop.is_set()


def _call(call: Callable[[], Any], begin: threading.Event, stop: threading.Event) -> Any:
    """Call a function, unless all were stopped before its turn."""
    begin.wait()  # the pool may lose a thread that an interrupt catches while it starts: let none work before
    if stop.is_set():
        return None
    _STOP.set(stop)
    return call()


def _wait(futures: list[Future[Any]], each: Each | None) -> None:
    """Wait for all functions, or until one fails, and raise its error."""
    position = {future: number for number, future in enumerate(futures)}
    pending = set(futures)
    while pending:  # short waits: a long one would miss an interrupt in another thread
        done, pending = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED)
        for future in done:
            result = future.result()
            if each is not None:
                each(position[future], result)
        if stopping():
            raise KeyboardInterrupt


# Other processes


def _run_elsewhere(pool: Workers, tasks: Sequence[Task], n_threads: int, each: Each) -> None:
    results = _results(pool, tasks, n_threads)
    given: set[tuple[type[Warning], str]] = set()
    try:
        for position, (result, told) in enumerate(results):
            for warning in told:
                if (key := (type(warning), str(warning))) not in given:
                    given.add(key)
                    warnings.warn(warning, stacklevel=4)
            each(position, result)
    except BaseException as error:
        results.throw(error)  # into joblib, which ends its workers


def _results(pool: Workers, tasks: Sequence[Task], n_threads: int) -> Generator[Any, None, None]:
    """Yield results in order; with some backends not before the last is there."""
    from joblib import Parallel, delayed

    early = {"return_as": "generator"} if pool.backend.supports_return_generator else {}
    # Copied on write: workers share the data, but change their own parameters.
    yield from Parallel(mmap_mode="c", **early)([delayed(_received)(task, n_threads, isa()) for task in tasks])


def _received(task: Task, n_threads: int, level: str) -> tuple[Any, list[Warning]]:
    """Run a task in another process; return the result and the warnings."""
    if isa() != level:
        use_isa(level)
    token = _STOP.set(threading.Event())
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = task(n_threads)
    finally:
        _STOP.reset(token)
    return result, [warning.message for warning in caught if isinstance(warning.message, Warning)]
