"""Window, readout, cell and size by short fits: successive halving on held-out sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold

from elman.network import Network
from elman.sequences.options import architecture_of, settings_of
from elman.sequences.parameters import Parameters, Task
from elman.sequences.settling import with_values
from elman.sequences.targets import Target
from elman.sequences.training import HeldOutError, TrainingData, train_all
from elman.training import Trainer

__all__ = ["Setting", "Trial", "applied", "candidates", "search", "trial_table"]

Array = npt.NDArray[Any]

_PARTS, _ENOUGH = 5, 20  # parts of the sequences; two are held out in turn if one has fewer errors
_FEWEST, _MOST = 20, 2000  # sequences: with fewer nothing is chosen; of more a sample is used
_CLEAR = 2.0  # standard errors: the best of ten is lucky, too
_SHORTER = 6  # the first round has this part of the least updates


@dataclass(frozen=True)
class Setting:
    """The values that a search compares.

    Parameters
    ----------
    window, stride : int
        Values of every channel per step, and shift per step.
    readout, cell : str
        As in the estimator.
    hidden_size : int or tuple of int
        Units.
    """

    window: int
    stride: int
    readout: str
    cell: str
    hidden_size: Any


@dataclass(frozen=True)
class Trial:
    """A setting and its error.

    Parameters
    ----------
    setting : Setting
        That was tried.
    updates : int
        Of its training in the search.
    error : float
        On held-out sequences after these updates, see `HeldOutError`.
    """

    setting: Setting
    updates: int
    error: float


def trial_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return a row per trial: the values of its setting, its updates and its error.

    Examples
    --------
    >>> trial_table([Trial(Setting(4, 1, "max", "gru", 64), 300, 0.25)])
       window  stride readout cell  hidden_size  updates  error
    0       4       1     max  gru           64      300   0.25
    """
    names = [each.name for each in fields(Setting)]
    rows = [[*(getattr(trial.setting, name) for name in names), trial.updates, trial.error] for trial in trials]
    return pd.DataFrame(rows, columns=[*names, "updates", "error"])


def applied(setting: Setting, parameters: Parameters, task: Task) -> tuple[Parameters, Task]:
    """Return parameters and task with the values of a setting."""
    found = with_values(parameters, {"cell": setting.cell, "hidden_size": setting.hidden_size})
    return found, replace(task, window=setting.window, stride=setting.stride, readout=setting.readout)


def candidates(
    given: Setting, length: int, cells: Sequence[str] = ("gru", "lstm"), least_units: int = 1
) -> list[Setting]:
    """Return the given setting, and others that differ from it in the view of the sequence, in the cell or in the size.

    Parameters
    ----------
    given : Setting
        The first candidate.
    length : int
        Median steps of the sequences: the longest window.
    cells : sequence of str
        To compare.
    least_units : int
        Fewest units of a candidate.

    Examples
    --------
    >>> given = Setting(10, 5, "last", "gru", 64)
    >>> found = candidates(given, length=150)
    >>> [(each.window, each.stride, each.readout) for each in found[:7]]
    [(10, 5, 'last'), (10, 5, 'max'), (10, 5, 'mean'), (5, 2, 'last'), (5, 2, 'max'), (20, 10, 'last'), (20, 10, 'max')]
    >>> [(each.cell, each.hidden_size) for each in found[7:]]
    [('lstm', 64), ('gru', 32), ('gru', 128)]
    """
    finer = replace(given, window=max(1, given.window // 2), stride=max(1, given.stride // 2))
    coarser = replace(given, window=2 * given.window, stride=2 * given.stride if given.stride > 1 else 1)
    found = [given, *(replace(given, readout=name) for name in ("last", "max", "mean"))]
    for view in (finer, coarser):
        if view.window <= length:
            found += [replace(view, readout=name) for name in (given.readout, "max")]
    found += [replace(given, cell=cell) for cell in cells]
    if isinstance(given.hidden_size, int):
        found += [
            replace(given, hidden_size=units)
            for units in (max(least_units, given.hidden_size // 2), 2 * given.hidden_size)
        ]
    return list(dict.fromkeys(found))


def search(
    parameters: Parameters,
    task: Task,
    target: Target,
    settings: Sequence[Setting],
    data_of: Callable[[Setting], TrainingData],
    seed: int,
    least: int,
    strata: Array | None,
) -> list[Trial]:
    """Compare settings by short fits of one network for each held-out part, at a constant learning rate.

    Every round trains the settings that are left, from the second round on for twice as many updates as before, and
    keeps the better half. The first setting stays to the end; another one must have a held-out error that is lower by
    more than two standard errors of the differences over sequences.

    Parameters
    ----------
    parameters, task, target
        Of the fit.
    settings : sequence of Setting
        The one without a search first.
    data_of : callable
        Returns the sequences as a setting sees them.
    seed : int
        Of networks, batches and parts.
    least : int
        Updates of the shortest training of the fit.
    strata : ndarray (n,), optional
        Classes.

    Returns
    -------
    list of Trial
        The chosen one first, then those with the most updates and the least error; one without updates if there are
        fewer than 20 sequences.
    """
    whole = {setting: data_of(setting) for setting in settings}
    parts = _parts(len(whole[settings[0]].prepared), strata, seed)
    if not parts:
        return [Trial(settings[0], 0, nan)]
    first = max(1, least // _SHORTER)
    most = first * 2 ** len(settings)  # more than any round
    runs = {
        setting: _Run.of(*applied(setting, parameters, task), target, whole[setting], parts, seed, most)
        for setting in settings
    }
    updates, left = first, list(settings)
    trials: dict[Setting, Trial] = {}
    while True:
        _train(parameters, [runs[setting] for setting in left], updates)
        trials |= {setting: Trial(setting, updates, runs[setting].error) for setting in left}
        left.sort(key=lambda setting: trials[setting].error)
        if len(left) <= 2:
            break
        others = [setting for setting in left if setting != settings[0]]
        left = [settings[0], *others[: (len(left) - 1) // 2]]
        updates *= 2
    chosen = left[0] if runs[left[0]].clearly_better(runs[settings[0]]) else settings[0]
    return sorted(trials.values(), key=lambda trial: (trial.setting != chosen, -trial.updates, trial.error))


def _parts(count: int, strata: Array | None, seed: int) -> list[tuple[Array, Array]]:
    """Return the rows of training and held-out part, for one part or two; none of few sequences."""
    if count < _FEWEST:
        return []
    rows = np.random.default_rng(seed).permutation(count)[:_MOST]
    few = strata is None or np.unique(strata[rows], return_counts=True)[1].min() < _PARTS
    splitter = (KFold if few else StratifiedKFold)(_PARTS, shuffle=True, random_state=seed % 2**32)
    found = list(splitter.split(rows, None if few or strata is None else strata[rows]))
    enough = 1 if len(rows) >= _ENOUGH * _PARTS else 2
    return [(rows[kept], rows[held]) for kept, held in found[:enough]]


def _train(parameters: Parameters, runs: Sequence[_Run], updates: int) -> None:
    """Train all networks of some runs up to a number of updates."""
    trainers = [trainer for run in runs for trainer in run.trainers]
    for trainer in trainers:
        trainer.stop_at = updates
    train_all(parameters, trainers)


@dataclass(frozen=True)
class _Run:
    """The networks of one setting, one for each held-out part, and their errors there."""

    trainers: list[Trainer]
    errors: list[HeldOutError]

    @classmethod
    def of(
        cls,
        parameters: Parameters,
        task: Task,
        target: Target,
        data: TrainingData,
        parts: Sequence[tuple[Array, Array]],
        seed: int,
        most: int,
    ) -> _Run:
        """Prepare the training of one setting."""
        architecture = architecture_of(parameters, task, data.preparation.input_size, target)
        settings = settings_of(parameters, task, target, most, seed, constant=True)
        trainers = []
        for kept, _ in parts:
            network = Network.initialized(architecture, seed=seed, scheme=parameters.init, dtype=parameters.dtype)
            trainers.append(Trainer(network, data.select(kept).batches(parameters).with_seed(seed), settings))
        return cls(trainers, [HeldOutError(data.select(held), target.kind) for _, held in parts])

    @property
    def of_rows(self) -> Array:
        """Error of every held-out sequence."""
        pairs = zip(self.errors, self.trainers, strict=True)
        return np.concatenate([error.of_rows(trainer.network) for error, trainer in pairs])

    @property
    def weight(self) -> Array:
        """Weight of every held-out sequence."""
        return np.concatenate([error.weight for error in self.errors])

    @property
    def error(self) -> float:
        """Weighted mean error."""
        return float(np.average(self.of_rows, weights=self.weight))

    def clearly_better(self, other: _Run) -> bool:
        """Tell whether the error is lower by more than two standard errors of the differences over sequences."""
        gain, weight = other.of_rows - self.of_rows, self.weight / self.weight.sum()
        mean = float(weight @ gain)
        return mean > _CLEAR * float(np.sqrt(weight**2 @ (gain - mean) ** 2))
