"""Checkpoints: states of a run are written to a folder during training, and a killed run can be resumed.

All random numbers are functions of seeds and the number of the update, so a resumed run gives the bits of an
uninterrupted one. A checkpoint therefore holds little: the newest `TrainingState` of each trainer, and a description of
the run, so that no other run resumes from it by mistake.

A run may train several times (to choose a window, to find the number of updates, at last on all data). Every call of
`train_ensemble` is a stage. Stages have the same order when the run is repeated; finished stages are not trained again.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar, Token
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np

from elman import _check
from elman.errors import ArgumentError, ElmanError, ElmanWarning, FileFormatError, Remedy
from elman.persistence import load_arrays, save_arrays
from elman.training.identity import differences, fingerprint, plain
from elman.training.loop import Trainer
from elman.training.state import TrainingState

__all__ = ["Checkpoints", "checkpointing", "keepers_of", "same_seed", "writes_states"]

StrPath: TypeAlias = str | os.PathLike[str]

_NAME = re.compile(r"stage-(\d{2,9})-member-(\d{2,9})-update-(\d{9,18})\.elman")
_TEMPORARY = ".elman-*.tmp"  # left behind by killed processes
_FORM = {"kind", "run", "root", "stage", "member", "trainer", "state"}


class _Place(NamedTuple):
    """Position of a state in a run, ordered as in training."""

    stage: int
    update: int
    member: int

    @classmethod
    def of(cls, path: Path) -> _Place | None:
        """Parse the name of a file; None if it is not a checkpoint."""
        found = _NAME.fullmatch(path.name)
        return None if found is None else cls(int(found[1]), int(found[3]), int(found[2]))

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return f"stage-{self.stage:02}-member-{self.member:02}-update-{self.update:09}.elman"


class Checkpoints:
    """A folder with the states of one run.

    Within ``with Checkpoints(...):`` every `train_ensemble` writes its states there, and with ``resume`` starts from
    those in the folder. A state is written whole or not at all. If a file is damaged, an older one is used, with a
    warning that names the damaged one. One process may use a folder at a time.

    Parameters
    ----------
    folder : str or path
        Created if missing.
    run : mapping of str to plain values
        Everything that determines the result: parameters, and a `fingerprint` of the data. A run is resumed only with
        the same values.
    resume : bool
        Continue from the states in the folder, if there are any. False refuses a folder with states.
    keep : int
        Number of newest states kept for each trainer.
    seconds : float
        Minimum time between two states of a trainer; the last is always kept. 0 keeps one after every update.
    place : str
        Start of a message.

    Raises
    ------
    ArgumentError
        If the folder holds another run (the message names the differences), holds one and ``resume`` is False, or is
        not usable.
    FileFormatError
        If none of the states in the folder can be read.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from elman.network import Architecture, Network
    >>> from elman.training import Settings, StretchBatches, Trainer, train_ensemble
    >>> batches = StretchBatches(np.sin(np.arange(50.0))[:, None], [0, 50], window=4, horizon=1, steps=8)
    >>> def train(folder, resume):
    ...     trainer = Trainer(Network.initialized(Architecture(4, 1, hidden_size=4)), batches, Settings(updates=20))
    ...     with Checkpoints(folder, {"learning": "a wave"}, resume=resume):
    ...         train_ensemble([trainer])
    ...     return trainer.history.loss
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first, files = train(folder, resume=False), os.listdir(folder)
    ...     files, train(folder, resume=True) == first           # the second time nothing is left to do
    (['stage-01-member-01-update-000000020.elman'], True)
    """

    def __init__(
        self,
        folder: StrPath,
        run: Mapping[str, Any],
        *,
        resume: bool = False,
        keep: int = 3,
        seconds: float = 10.0,
        place: str = "Checkpoints",
    ) -> None:
        self.folder = Path(folder)
        self.run = plain(run)
        self.resume = _check.boolean(place, "resume", resume)
        self.keep = _check.positive_integer(place, "keep", keep)
        self.seconds = _check.number_in(place, "seconds", seconds, "[0, inf)")
        self.broken: set[Path] = set()
        self.root: int | None = None  # seed of the run, if random_state gave none
        self._drawn = 0
        self._stages = 0
        self._token: Token[Checkpoints | None] | None = None
        self._open(place)

    def _open(self, place: str) -> None:
        """Create the folder or check its contents."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise ArgumentError(f"{place}: {self.folder} is not a folder; states need one.") from None
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise ArgumentError(f"{place}: the folder {self.folder} cannot be written to.")
        paths = self.paths()
        if paths and not self.resume:
            raise ArgumentError(
                f"{place}: {self.folder} holds the states of a run.",
                Remedy("pass {} to go on with it", resume=True),
                Remedy("name another folder"),
            )
        if paths:
            self._take_up(place, paths)
        for path in self.folder.glob(_TEMPORARY) if self.resume else ():
            with suppress(OSError):
                path.unlink()

    def _take_up(self, place: str, paths: list[Path]) -> None:
        """Compare the newest readable state with this run, and take over its seed."""
        for path in paths:
            metadata = self.read(path)
            if metadata is None:
                continue
            if different := differences(metadata["run"], self.run):
                raise ArgumentError(f"{place}: {self.folder} holds the states of another run: {different}.")
            self.root = metadata["root"]
            return
        raise FileFormatError(f"{place}: no state in {self.folder} can be read; move them away to begin anew.")

    def paths(self, stage: int | None = None, member: int | None = None) -> list[Path]:
        """Return the files of one trainer or of all, the newest first."""
        found = {path: where for path in self.folder.iterdir() if (where := _Place.of(path)) is not None}
        chosen = [
            path for path, where in found.items() if stage is None or (where.stage, where.member) == (stage, member)
        ]
        return sorted(chosen, key=lambda path: found[path], reverse=True)

    def read(self, path: Path, trainer: Trainer | None = None) -> dict[str, Any] | None:
        """Return the metadata of a file and pass its state to a trainer; None, with a warning, if it cannot be read."""
        if path in self.broken:
            return None
        try:
            arrays, metadata = load_arrays(path)
            _check_form(path, metadata)
            if trainer is not None:
                state = TrainingState.from_arrays(arrays, metadata["state"])
        except (ElmanError, OSError) as error:
            self.broken.add(path)
            warnings.warn(f"A checkpoint cannot be read, an older one is used: {error}", ElmanWarning, stacklevel=2)
            return None
        if trainer is not None:
            if different := differences(metadata["trainer"], _describe(trainer)):
                raise ArgumentError(f"{path} is the state of another trainer: {different}.")
            trainer.resume_from(state)
        return metadata

    def keepers(self, trainers: Sequence[Trainer]) -> list[Keeper]:
        """Begin a stage: return a `Keeper` for each trainer; with ``resume``, restore the newest states."""
        self._stages += 1
        return [Keeper(self, self._stages, number, trainer) for number, trainer in enumerate(trainers, start=1)]

    def seed(self, drawn: int) -> int:
        """Return a seed derived from the seed of the run, which is ``drawn`` in a new run."""
        if self.root is None:
            self.root = drawn
        self._drawn += 1
        if self._drawn == 1:
            return self.root
        return int(np.random.SeedSequence([self.root, self._drawn]).generate_state(1)[0] >> 1)

    def __enter__(self) -> Self:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _CURRENT.reset(self._token)


_CURRENT: ContextVar[Checkpoints | None] = ContextVar("checkpoints", default=None)


class Keeper:
    """Writes the states of one trainer, in the trainer's thread.

    Parameters
    ----------
    checkpoints : Checkpoints
        The folder.
    stage, member : int
        Of the trainer, both from 1.
    trainer : Trainer
        Before its first update.
    """

    def __init__(self, checkpoints: Checkpoints, stage: int, member: int, trainer: Trainer) -> None:
        self._checkpoints = checkpoints
        self._stage, self._member = stage, member
        self._description = _describe(trainer)
        self._good: list[Path] = []  # oldest first
        self._written = -1  # update of the newest state
        if checkpoints.resume:
            self._restore(trainer)
        self._last = monotonic()

    def _restore(self, trainer: Trainer) -> None:
        paths = self._checkpoints.paths(self._stage, self._member)
        for number, path in enumerate(paths):
            if self._checkpoints.read(path, trainer) is not None:
                self._good, self._written = paths[number:][::-1], trainer.update
                return

    @property
    def every_update(self) -> bool:
        """Whether the state after every update is kept."""
        return self._checkpoints.seconds == 0

    def after_update(self, trainer: Trainer) -> None:
        """Write the state if the last one is old enough."""
        if monotonic() - self._last >= self._checkpoints.seconds:
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write the state now. If writing fails, for instance on a full disk, training continues with a warning."""
        if trainer.update == self._written or trainer.update == 0:
            return
        place = _Place(self._stage, trainer.update, self._member)
        path = self._checkpoints.folder / place.name
        arrays, state = trainer.state().to_arrays()
        metadata = {
            "kind": "checkpoint",
            "run": self._checkpoints.run,
            "root": self._checkpoints.root,
            "stage": self._stage,
            "member": self._member,
            "trainer": self._description,
            "state": state,
        }
        self._last = monotonic()
        try:
            save_arrays(path, arrays, metadata)
        except (OSError, ElmanError) as error:
            warnings.warn(f"A checkpoint was not written, training continues: {error}", ElmanWarning, stacklevel=2)
            return
        self._written = trainer.update
        self._good = [*(other for other in self._good if other != path), path][-self._checkpoints.keep :]
        for other in self._checkpoints.paths(self._stage, self._member):
            if other not in self._good:
                with suppress(OSError):
                    other.unlink()
        self._last = monotonic()


def _check_form(path: Path, metadata: Mapping[str, Any]) -> None:
    """Refuse a file that is not a checkpoint or does not match its name."""
    if metadata.get("kind") != "checkpoint" or set(metadata) != _FORM:
        raise FileFormatError(f"{path}: holds a {metadata.get('kind')!r:.60}, not a checkpoint.")
    where, state, root = _Place.of(path), metadata["state"], metadata["root"]
    if not isinstance(state, dict) or where != (metadata["stage"], state.get("update"), metadata["member"]):
        raise FileFormatError(f"{path}: holds another checkpoint than that of its name.")
    if root is not None and (type(root) is not int or not 0 <= root < 2**32):
        raise FileFormatError(f"{path}: root must be a seed, got {root!r:.60}.")
    if not isinstance(metadata["run"], dict) or not isinstance(metadata["trainer"], dict):
        raise FileFormatError(f"{path}: does not name its run.")


def _describe(trainer: Trainer) -> dict[str, Any]:
    """Return everything but the data that determines a trainer's run, as plain values."""
    settings = asdict(trainer.settings)
    for name in ("n_threads", "recompute"):  # they change no bit
        del settings[name]
    if settings["average"] is None:  # early states, which have no average, describe the same run
        del settings["average"]
    schedule = trainer.settings.schedule
    settings["schedule"] = {"name": type(schedule).__name__.lower(), **asdict(schedule)}
    described: dict[str, Any] = plain(
        {
            "architecture": trainer.network.architecture.to_dict(),
            "settings": settings,
            "stop_at": trainer.stop_at,
            "first parameters": fingerprint(trainer.first_theta),
        }
    )
    return described


def keepers_of(trainers: Sequence[Trainer]) -> Sequence[Keeper | None]:
    """Begin a stage of the surrounding run; return a `Keeper` for each trainer, or None without a run."""
    checkpoints = _CURRENT.get()
    return [None] * len(trainers) if checkpoints is None else checkpoints.keepers(trainers)


def writes_states() -> bool:
    """Return whether a surrounding run writes its states, in the order of its stages."""
    return _CURRENT.get() is not None


def same_seed(drawn: int, *, fixed: bool) -> int:
    """Return the seed to use.

    Parameters
    ----------
    drawn : int
        From ``random_state``.
    fixed : bool
        Whether a repetition of the run draws the same seed. If not, a resumed run gets the seeds of its beginning.

    Examples
    --------
    >>> same_seed(3, fixed=False)                                   # there is no run around
    3
    """
    checkpoints = _CURRENT.get()
    return drawn if fixed or checkpoints is None else checkpoints.seed(drawn)


def checkpointing(
    place: str, folder: StrPath | None, resume: bool, parameters: Mapping[str, Any], data: Sequence[Any]
) -> AbstractContextManager[Any]:
    """Write the states of a fit to a folder, if there is one.

    Parameters
    ----------
    place : str
        Start of a message.
    folder : str, path or None
        None: no states are written, unless a surrounding run does.
    resume : bool
        Needs a folder.
    parameters : mapping of str to Any
        Of the estimator; threads and progress are ignored.
    data : sequence
        Training data, for `fingerprint`.

    Raises
    ------
    ArgumentError, FileFormatError
        See `Checkpoints`.

    Examples
    --------
    >>> with checkpointing("example", None, False, {}, []):
    ...     pass
    """
    _check.boolean(place, "resume", resume)
    if folder is None:
        if resume:
            raise ArgumentError(f"{place}: there is no folder to resume from.", Remedy(checkpoint_dir=...))
        return nullcontext()
    run = {name: value for name, value in parameters.items() if name not in ("n_threads", "progress")}
    return Checkpoints(folder, run | {"data": fingerprint(*data)}, resume=resume, place=place)
