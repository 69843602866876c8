"""Folders that appear whole or not at all, written by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elman.persistence.files import lock, sync_folder

__all__ = ["locked", "rename_folder"]


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Lock a file for this process; yield False if another process has it. The system unlocks it after a kill.

    Systems other than POSIX have no such lock; it is always granted there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file, locked(Path(file.name)) as first, locked(Path(file.name)) as second:
    ...     first, second
    (True, False)
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield os.name != "posix" or lock(descriptor)
    finally:
        os.close(descriptor)


def rename_folder(folder: Path, target: Path) -> None:
    """Give a finished folder its name, durably; ``target`` must be absent or an empty folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     Path(home, ".new").mkdir()
    ...     rename_folder(Path(home, ".new"), Path(home, "new"))
    ...     os.listdir(home)
    ['new']
    """
    if os.name == "posix":  # other systems cannot open a folder
        sync_folder(folder)
    if target.is_dir():
        target.rmdir()
    os.rename(folder, target)
    if os.name == "posix":
        sync_folder(target.parent)
