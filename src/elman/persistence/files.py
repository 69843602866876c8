"""Atomic writing of files, and reading of regular files only."""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from elman.errors import ArgumentError, FileFormatError
from elman.persistence.header import DIGEST, MAX_FILE, header_end

_TEMPORARY = re.compile(r"\.elman-[0-9a-f]{16}\.tmp")
_YOUNG = 5.0  # seconds

StrPath: TypeAlias = str | os.PathLike[str]


def write_atomically(path: StrPath, data: bytes) -> None:
    """Write a file atomically: a crash at any moment leaves the old content or the new.

    The bytes are written to a temporary file in the same folder and flushed to the disk; then the file is renamed.

    Parameters
    ----------
    path : str or path
        A new or an existing regular file.
    data : bytes
        The whole content.

    Raises
    ------
    ArgumentError
        If ``path`` exists and is not a regular file.
    OSError
        If the operating system refuses; the old file is intact and no temporary file is left.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/table.csv", b"ds,y")
    ...     os.listdir(folder), Path(f"{folder}/table.csv").read_bytes()
    (['table.csv'], b'ds,y')
    """
    target = Path(path)
    mode = _existing_mode(target)
    _sweep(target.parent)
    temporary = target.with_name(f".elman-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with _held(descriptor):
            with open(descriptor, "wb") as handle:
                if mode is not None:
                    os.chmod(temporary, mode)
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    if os.name == "posix":  # make the rename durable too; other systems cannot open a folder
        sync_folder(target.parent)


@contextmanager
def _held(descriptor: int) -> Iterator[None]:
    """Lock a temporary file until it has its name; the system lets go of it when the process is killed."""
    own = os.dup(descriptor)
    try:
        lock(own)
        yield
    finally:
        os.close(own)


def lock(descriptor: int) -> bool:
    """Lock an open file for this process alone; tell whether it can be, and nobody else has."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


def _sweep(folder: Path) -> None:
    """Remove temporary files of saves that were killed: nobody holds their lock.

    A file that has been there for less than a few seconds may be about to be locked.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > _YOUNG and _is_free(entry.path):
                        os.unlink(entry.path)


def _is_free(path: str) -> bool:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        return lock(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk; skip a folder without read permission."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _existing_mode(target: Path) -> int | None:
    """Return the permissions of the file to replace; refuse to replace a device or pipe."""
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(target.parent)) from None
        return None
    if not stat.S_ISREG(found.st_mode):
        raise ArgumentError(f"{target} exists and is not a regular file; choose another name.")
    return stat.S_IMODE(found.st_mode)


def read_file(path: StrPath) -> bytes:
    """Return the content of a regular file that begins like an Elman file."""
    try:
        with open(os.fspath(path), "rb", buffering=0, opener=_open_itself) as handle:
            return _content(handle)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileFormatError("is a symbolic link; give the file it points to.") from None
        if error.errno in (errno.EISDIR, errno.ENXIO):  # a folder, a socket
            raise FileFormatError("is not a regular file.") from None
        raise


def _open_itself(path: str, flags: int) -> int:
    """Open a file without following links, and without waiting for the writer of a pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _content(handle: io.FileIO) -> bytes:
    found = os.fstat(handle.fileno())
    if not stat.S_ISREG(found.st_mode):
        raise FileFormatError("is not a regular file.")
    if found.st_size > MAX_FILE:
        raise FileFormatError(f"is {found.st_size} bytes long; Elman reads at most {MAX_FILE}.")
    header_end(handle.read(DIGEST.start), found.st_size)
    handle.seek(0)
    data = handle.read(found.st_size)
    if len(data) != found.st_size:
        raise FileFormatError("changed while it was read.")
    return data
