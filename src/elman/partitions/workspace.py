"""The folder in which a result is written part by part, hidden beside its place until it is whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from elman.errors import ArgumentError, Remedy
from elman.persistence import write_atomically
from elman.persistence.folders import locked, rename_folder

__all__ = ["Workspace", "check_place", "workspace"]

_RUN = "_run.json"  # readers of folders leave out names that begin so
_SPILLED = "_series"


class Workspace:
    """A folder of parts.

    Parameters
    ----------
    folder : Path
        Hidden beside the place of the result.
    run : mapping of str to plain values
        Description of the run.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        self.folder, self.run = folder, run

    @property
    def spilled(self) -> Path:
        """Folder for temporary files, made if it is missing."""
        path = self.folder / _SPILLED
        path.mkdir(exist_ok=True)
        return path

    def part(self, number: int) -> Path:
        """Return the file of a part."""
        return self.folder / f"part-{number:05}.parquet"

    def parts(self) -> list[Path]:
        """List the finished parts in order."""
        return sorted(self.folder.glob("part-*.parquet"))


@contextmanager
def workspace(place: str, output: Path, run: Mapping[str, Any], *, resume: bool) -> Iterator[Workspace | None]:
    """Open the folder of a run; at the end of the context it becomes the result.

    After an error or an interrupt the folder stays as it is, if it holds a part.

    Parameters
    ----------
    place : str
        Start of a message.
    output : Path
        Place of the result.
    run : mapping of str to plain values
        Everything that determines the result, by the words of a message.
    resume : bool
        Continue the same run; False refuses a folder with parts.

    Yields
    ------
    Workspace or None
        None if the same run is complete.

    Raises
    ------
    ArgumentError
        If there is something at the place of the result, if the folder holds another run, or if another process
        writes there.
    """
    run = json.loads(json.dumps(run))
    if _is_complete(place, output, run, resume):
        yield None
        return
    folder = output.with_name(f".{output.name}.partial")
    _open(place, folder, run, resume)
    with locked(folder / _RUN) as alone:
        if not alone:
            raise ArgumentError(f"{place}: another process writes {output}.", _elsewhere())
        for unfinished in folder.glob(".elman-*.tmp"):
            unfinished.unlink()
        work = Workspace(folder, run)
        try:
            yield work
        except BaseException:
            if not work.parts():
                shutil.rmtree(folder)
            raise
        shutil.rmtree(folder / _SPILLED, ignore_errors=True)
        rename_folder(folder, output)


def _elsewhere() -> Remedy:
    return Remedy("pass another {}", "name another folder", output=...)


def check_place(place: str, output: Path, *, resume: bool) -> None:
    """Refuse a place of the ``output`` where it cannot appear; with ``resume`` the result of a run may be there.

    Parameters
    ----------
    place : str
        Start of a message.
    output : Path
        Place of the result.
    resume : bool
        Whether a run may be continued.

    Raises
    ------
    ArgumentError
        If there is no folder around it, or something else is there.

    Examples
    --------
    >>> check_place("example", Path("a new name"), resume=False)
    """
    if not output.absolute().parent.is_dir():
        raise ArgumentError(f"{place}: there is no folder {output.parent} for the result.", _elsewhere())
    free = not os.path.lexists(output) or (output.is_dir() and not any(output.iterdir()))
    if not free and not (resume and _read(output)):
        raise ArgumentError(f"{place}: {output} exists.", _elsewhere(), Remedy("remove it first"))


def _is_complete(place: str, output: Path, run: Mapping[str, Any], resume: bool) -> bool:
    """Return whether the result of the same run is there; refuse that of another."""
    check_place(place, output, resume=resume)
    if not (known := _read(output)):
        return False
    _check_same(place, output, known, run)
    return True


def _open(place: str, folder: Path, run: Mapping[str, Any], resume: bool) -> None:
    """Make the folder, or check that it is the one of this run."""
    folder.mkdir(exist_ok=True)
    if not (folder / _RUN).exists():
        write_atomically(folder / _RUN, f"{json.dumps(run, indent=1)}\n".encode())
        return
    if not resume:
        raise ArgumentError(
            f"{place}: {folder} holds the parts of a run that did not end.",
            Remedy("pass {} to go on with it", resume=True),
            Remedy("remove that folder"),
        )
    _check_same(place, folder, _read(folder), run)


def _check_same(place: str, folder: Path, known: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    """Refuse the folder of another run."""
    if different := [name for name in sorted({*known, *run}) if known.get(name) != run.get(name)]:
        raise ArgumentError(
            f"{place}: {folder} holds the parts of another run; these differ: {', '.join(different)}.",
            Remedy("remove that folder"),
            _elsewhere(),
        )


def _read(folder: Path) -> dict[str, Any]:
    """Read the description of a run; empty if there is none."""
    try:
        found = json.loads((folder / _RUN).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
