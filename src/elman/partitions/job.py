"""What is wanted of a run over data in parts, besides the function."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from elman import _check
from elman.errors import ArgumentError, Remedy

__all__ = ["Job", "worker_count"]


@dataclass(frozen=True, eq=False)
class Job:
    """Options of a run over the parts.

    Parameters
    ----------
    errors : {"raise", "collect"}
        Whether a series that cannot be used ends the run, or is left out and listed.
    output : path, optional
        Folder for the result, if it is written to files.
    resume : bool
        Continue a run that was killed or interrupted.
    workers : int, optional
        Processes; None for joblib's active configuration, which is one unless it was changed.
    about : mapping of str to plain values
        Description of the function, written into the result. A run is resumed only with the same values.
    progress : callable, optional
        Takes the number of parts; returns a context manager whose value has a method ``advance``.

    Examples
    --------
    >>> Job(errors="collect").errors
    'collect'
    """

    errors: str = "raise"
    output: str | os.PathLike[str] | None = None
    resume: bool = False
    workers: int | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    progress: Callable[[int], AbstractContextManager[Any]] | None = None

    @classmethod
    def checked(cls, place: str, errors: Any, output: Any, resume: Any, workers: Any) -> Job:
        """Refuse wrong options.

        Raises
        ------
        ArgumentError
            Naming the option.
        """
        if not isinstance(output, (str, os.PathLike, type(None))):
            raise ArgumentError(f"{place}: output must be a path, got {type(output).__name__}.")
        if workers is not None:
            workers = _check.positive_integer(place, "workers", workers)
        errors = _check.choice(place, "errors", errors, ("raise", "collect"))
        return cls(errors, output, _check.boolean(place, "resume", resume), workers)

    def refuse(self, place: str) -> None:
        """Refuse options of data in parts where the data are in memory.

        Raises
        ------
        ArgumentError
            If an option is not the default.
        """
        given = {
            "output": self.output,
            "resume": self.resume,
            "workers": self.workers,
            "errors": self.errors != "raise",
        }
        if names := [name for name, value in given.items() if value]:
            raise ArgumentError(
                f"{place}: {', '.join(names)}: for data in parts only; these data are in memory.",
                Remedy("pass the path of Parquet files as {}", data=...),
            )


def worker_count(workers: int | None) -> int:
    """Return the number of processes or threads that joblib uses for a given number of ``workers``, or for None.

    Examples
    --------
    >>> worker_count(None), worker_count(3)
    (1, 3)
    """
    from joblib import effective_n_jobs

    return int(effective_n_jobs(workers))
