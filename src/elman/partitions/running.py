"""A run over the parts of Parquet files: by worker processes, into a folder that is whole or absent."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas as pd

from elman.errors import ArgumentError, ElmanError, ElmanWarning, Remedy
from elman.partitions.job import Job, worker_count
from elman.partitions.workspace import Workspace, workspace
from elman.partitions.writing import PartWriter, begin_worker, notes_of, result_schema
from elman.persistence import write_atomically

__all__ = ["run"]

_FAULTS = "_errors.parquet"
_PATIENCE = 5  # times that workers may be killed before one of them ends a part


def run(
    source: Any, function: Callable[..., pd.DataFrame], empty: pd.DataFrame, job: Job, future: Any = None
) -> Path | tuple[Path, pd.DataFrame]:
    """Apply a function to all parts, and write the results to a folder of Parquet files.

    Parameters
    ----------
    source : ParquetFiles
        The data.
    function : callable
        See `elman.partitions.Partitioned.map`.
    empty : DataFrame
        A result without rows.
    job : Job
        Options.
    future : ParquetFiles, optional
        Further rows of the same series, given to the function with those of each part.

    Returns
    -------
    Path, or with ``errors="collect"`` (Path, DataFrame)
        The folder; the ids, places and messages of the series that could not be used.
    """
    place, output = source.place, _checked(source, job)
    description = {"files": source.described(), "future": future.described() if future is not None else []}
    description |= job.about
    with workspace(place, output, description, resume=job.resume) as work:
        if work is not None:
            writer = _writer(work, source, function, empty, job, future)
            _write_all(place, work, writer, job)
            _finish(work, writer)
    if job.errors == "raise":
        return output
    faults = output / _FAULTS
    return output, pd.read_parquet(faults) if faults.exists() else _frame_of([], source)


def _checked(source: Any, job: Job) -> Path:
    if job.output is None:
        raise ArgumentError(
            f"{source.place}: the forecast of files is written to files.", Remedy("name a folder with {}", output=...)
        )
    return Path(os.path.abspath(job.output))


def _writer(
    work: Workspace, source: Any, function: Callable[..., pd.DataFrame], empty: pd.DataFrame, job: Job, future: Any
) -> PartWriter:
    """Bring every series into one part, and prepare the workers' task."""
    if future is None:
        whole, ahead = source.by_series(work.spilled), None
    else:
        whole = source.gathered(work.spilled / "known")
        ahead = future.gathered(work.spilled / "ahead", len(whole))
    schema = result_schema(empty, source.types.field(0).type)
    return PartWriter(function, whole, ahead, schema, job.errors == "collect", job.about)


def _write_all(place: str, work: Workspace, writer: PartWriter, job: Job) -> None:
    """Write the parts that are missing; begin again where the system killed a worker."""
    total, failures, before = len(writer.source), 0, -1
    with job.progress(total) if job.progress is not None else nullcontext() as progress:
        while missing := [number for number in range(total) if not work.part(number).exists()]:
            if progress is not None:
                for _ in range(total - len(missing) - progress.done):
                    progress.advance()
            failures = failures + 1 if len(missing) == before else 0
            if failures == _PATIENCE:
                raise ElmanError(
                    f"{place}: the system killed every worker, perhaps for want of memory.",
                    Remedy("pass {}", workers=1, resume=True),
                )
            before = len(missing)
            try:
                _write_some(work, writer, missing, job.workers, progress)
            except BrokenProcessPool:
                continue


def _write_some(
    work: Workspace, writer: PartWriter, numbers: Sequence[int], workers: int | None, progress: Any
) -> None:
    from joblib import Parallel, delayed
    from joblib.parallel import get_active_backend

    tasks = (delayed(writer)(number, work.part(number)) for number in numbers)
    backend, _ = get_active_backend()
    if not backend.supports_return_generator:  # Ray
        Parallel(n_jobs=workers, batch_size=1)(tasks)
        return
    options: dict[str, Any] = {}
    if type(backend).__name__ == "LokyBackend" and worker_count(workers) > 1:
        options = {"initializer": begin_worker, "initargs": (os.getpid(),)}
    order = {"return_as": "generator_unordered", "batch_size": 1, "pre_dispatch": "2*n_jobs"}
    parallel = Parallel(n_jobs=workers, **order, **options)
    ended = parallel(tasks)
    try:
        for _ in ended:
            if progress is not None:
                progress.advance()
    finally:
        ended.close()


def _finish(work: Workspace, writer: PartWriter) -> None:
    """Write the list of series that could not be used; pass on the warnings of the workers."""
    notes = [notes_of(path) for path in work.parts()]
    _warn(message for note in notes for message in note["warnings"])
    faults = [fault for note in notes for fault in note["faults"]]
    if faults:
        buffer = io.BytesIO()
        _frame_of(faults, writer.source).to_parquet(buffer, index=False)
        write_atomically(work.folder / _FAULTS, buffer.getvalue())


def _frame_of(faults: list[list[Any]], source: Any) -> pd.DataFrame:
    ids, places, errors = (list(column) for column in zip(*faults, strict=True)) if faults else ([], [], [])
    return pd.DataFrame({source.names.series: ids, "place": places, "error": errors})


def _warn(messages: Iterable[str]) -> None:
    """Warn once of every kind: messages are of one kind if they differ in numbers and names alone."""
    kinds: dict[str, list[str]] = {}
    for message in messages:
        kinds.setdefault(re.sub(r"'[^']*'(, )?|…|[\d,.:-]+", "", message), []).append(message)
    for found in kinds.values():
        also = f" {len(found) - 1} further parts have such series." if len(found) > 1 else ""
        warnings.warn(ElmanWarning(found[0] + also), stacklevel=6)
