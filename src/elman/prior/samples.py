"""Training samples: treated synthetic series with their future values, made in reproducible shards."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman.persistence import write_atomically
from elman.prior.features import SCALARS, SIMPLE, STEP_FEATURES
from elman.prior.generator import draw_frequency, synthetic_series
from elman.prior.network import Inputs, patches, with_seasonal
from elman.prior.treatment import RECENT, treat
from elman.training import generator

__all__ = ["STEPS", "SampleBatches", "Samples", "make_shard", "samples_of"]

Array = npt.NDArray[np.float64]

STEPS = 8  # steps ahead of each sample
GROUP = 256  # series drawn together, of one frequency and length
_FARTHEST = 300.0  # units; samples with a target beyond are dropped as unpredictable
_FARTHEST_INPUT = 3000.0


class Samples(NamedTuple):
    """N samples, float32: columns of one array, in the order of `_WIDTHS`."""

    recent: npt.NDArray[np.float32]
    scalars: npt.NDArray[np.float32]
    steps: npt.NDArray[np.float32]
    simple: npt.NDArray[np.float32]
    ahead: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    weight: npt.NDArray[np.float32]

    @classmethod
    def of_rows(cls, rows: npt.NDArray[np.float32]) -> Samples:
        """Return rows (N, WIDTH) of a shard as samples."""
        borders = np.cumsum([int(np.prod(shape)) for shape in _WIDTHS.values()])[:-1]
        parts = np.split(rows, borders, axis=1)
        return cls(*(part.reshape(len(rows), *shape) for part, shape in zip(parts, _WIDTHS.values(), strict=True)))

    @property
    def carry(self) -> bool:
        """False: no sample continues one of the previous batch."""
        return False

    def inputs(self) -> Inputs:
        """Return the network's inputs."""
        return Inputs(
            *patches(self.recent),
            np.ascontiguousarray(self.scalars),
            with_seasonal(self.steps, self.simple),
            np.ascontiguousarray(self.simple),
            np.ascontiguousarray(self.ahead),
        )


_WIDTHS: dict[str, tuple[int, ...]] = {
    "recent": (RECENT,),
    "scalars": (SCALARS,),
    "steps": (STEPS, STEP_FEATURES),
    "simple": (STEPS, SIMPLE),
    "ahead": (STEPS,),
    "y": (STEPS,),
    "weight": (),
}
WIDTH = sum(int(np.prod(shape)) for shape in _WIDTHS.values())


def samples_of(y: Array, after: Array, seasons: Sequence[int], ahead: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Treat series (B, n) with their future values (B, J); return the usable rows (N, WIDTH).

    The weight of a sample is 1 / (mean change over the horizon / s + 0.3)^0.7: volatile series count less.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        treated = treat(y, seasons, ahead)
        target = treated.to_units(after)
        steps = np.broadcast_to(treated.steps, (len(y), *treated.steps.shape))
        every = np.broadcast_to(ahead.astype(np.float64), target.shape)
        weight = 1 / (treated.spread + 0.3) ** 0.7
        parts = treated.recent, treated.scalars, steps, treated.simple, every, target, weight
        rows = np.concatenate([part.reshape(len(y), -1) for part in parts], axis=1)
        known = np.where(np.isnan(rows[:, :RECENT]), 0.0, rows[:, :RECENT])
        usable = np.isfinite(known).all(axis=1) & np.isfinite(rows[:, RECENT:]).all(axis=1)
        usable &= (np.abs(known) < _FARTHEST_INPUT).all(axis=1) & (np.abs(target) < _FARTHEST).all(axis=1)
        usable &= (np.abs(treated.simple) < _FARTHEST_INPUT).all(axis=(1, 2))
    kept: npt.NDArray[np.float32] = rows[usable].astype(np.float32)
    return kept


def make_group(rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Draw a frequency, a length and steps ahead, and `GROUP` samples of them."""
    frequency = draw_frequency(rng)
    low, high = frequency.lengths
    n = int(np.exp(rng.uniform(np.log(low), np.log(high))))
    horizon = frequency.horizon * (1 if rng.random() < 0.85 else 2)
    y = synthetic_series(rng, GROUP, n + horizon, frequency)
    drawn = np.sort(1 + rng.permutation(horizon)[:STEPS])
    ahead = drawn if rng.random() < 0.7 else np.arange(1, STEPS + 1)
    seasons = (1,) if frequency.seasons[0] > 1 and rng.random() < 0.05 else frequency.seasons  # hidden from the network
    return samples_of(y[:, :n], y[:, n + ahead - 1], seasons, ahead)


def make_shard(seed: int, number: int, groups: int) -> npt.NDArray[np.float32]:
    """Make the samples of one shard (N, WIDTH), a function of the seed and the shard's number."""
    parts = []
    for group in range(groups):
        rng = np.random.default_rng([seed, number, group])
        parts.append(make_group(rng))
    return np.concatenate(parts)


def write_shard(folder: Path, seed: int, number: int, groups: int) -> Path:
    """Write a shard unless its file exists."""
    path = folder / f"shard-{number:04}.npy"
    if not path.exists():
        buffer = io.BytesIO()
        np.save(buffer, make_shard(seed, number, groups))
        write_atomically(path, buffer.getvalue())
    return path


class SampleBatches:
    """Random batches of the samples in some shards.

    Parameters
    ----------
    paths : sequence of path
        Shards.
    rows : int
        Samples per batch.
    seed : int
        Seed of the order.
    """

    epoch_length = None

    def __init__(self, shards: Sequence[npt.NDArray[np.float32]], rows: int, seed: int) -> None:
        self.shards, self.rows, self.seed = list(shards), rows, seed
        self.starts = np.concatenate([[0], np.cumsum([len(shard) for shard in self.shards])])

    @classmethod
    def of_files(cls, paths: Sequence[os.PathLike[str]], rows: int, seed: int) -> SampleBatches:
        """Map shards from files into memory."""
        return cls([np.load(path, mmap_mode="r") for path in paths], rows, seed)

    def with_seed(self, seed: int) -> SampleBatches:
        """Return batches of the same samples in another random order."""
        return SampleBatches(self.shards, self.rows, seed)

    def batch(self, update: int) -> Samples:
        """Return the batch of ``update``."""
        drawn = np.sort(generator(self.seed, update).integers(0, self.starts[-1], self.rows))
        shard = np.searchsorted(self.starts, drawn, side="right") - 1
        rows = np.empty((self.rows, WIDTH), dtype=np.float32)
        for s in np.unique(shard):
            mine = shard == s
            rows[mine] = self.shards[s][drawn[mine] - self.starts[s]]
        return Samples.of_rows(rows)
