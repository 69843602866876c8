"""Fine-tuning on a panel: a short training run that starts from the prior, on past origins of the panel's series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from elman.errors import DataError
from elman.prior.network import PriorNetwork, QuantilePass
from elman.prior.samples import STEPS, SampleBatches, samples_of
from elman.training import Cosine, Settings, Trainer, generator, train_ensemble

__all__ = ["ORIGINS", "UPDATES", "panel_samples", "tune"]

Array = npt.NDArray[np.float64]

UPDATES = 100
ORIGINS = 6  # random origins per series, beside the newest possible one
_MOST_SAMPLES = 48_000  # with more origins than the usual; bounds memory
_NEWEST = 4  # values that must follow an origin, or the horizon if that is shorter
_FEW = 100  # series
_RATE_FEW, _RATE = 2e-4, 5e-4
_MOST_ROWS, _LEAST_ROWS = 128, 16  # samples per update


def tune(
    networks: Sequence[PriorNetwork],
    series: Sequence[Array],
    horizon: int,
    seasons: Sequence[int],
    seed: int,
    updates: int,
    origins: int,
    n_threads: int,
    progress: bool,
) -> list[PriorNetwork]:
    """Train copies of pretrained networks on a panel for ``updates`` gradient steps.

    The learning rate is 2e-4 below 100 series and 5e-4 otherwise, and decays to zero along a cosine. A batch has half
    of the samples, at least 16 and at most 128.

    Parameters
    ----------
    networks : sequence of PriorNetwork
        Networks to start from; they are not changed.
    series : sequence of ndarray (n_i,)
        Training parts, none missing.
    horizon : int
        Farthest step ahead that is learned.
    seasons : sequence of int
        As for `Prior.forecast`.
    seed : int
        Seed of the origins and the batches of the first network; each further one has the next seed.
    updates : int
        Gradient steps.
    origins : int
        Random origins per series. Many updates on few origins learn them by heart: the quantiles become too narrow.
    n_threads : int
        0: the engine's default; results do not depend on it.
    progress : bool
        Show a bar on standard error if it takes more than two seconds.

    Returns
    -------
    list of PriorNetwork

    Raises
    ------
    DataError
        If no series is long enough to learn from.
    """
    trainers = []
    for member, network in enumerate(networks):
        samples = panel_samples(series, horizon, seasons, seed + member, origins)
        rows = int(np.clip(len(samples) // 2, _LEAST_ROWS, _MOST_ROWS))
        settings = Settings(
            updates=updates,
            learning_rate=_RATE_FEW if len(series) < _FEW else _RATE,
            weight_decay=1e-3,
            schedule=Cosine(),
            clip_norm=1.0,
            seed=seed + member,
        )
        copy = network.copy()
        batches = SampleBatches([samples], rows, seed + member)
        trainers.append(Trainer(copy, batches, settings, loss_pass=QuantilePass(copy)))
    train_ensemble(trainers, n_threads=n_threads or None, progress=progress)
    return [trainer.network for trainer in trainers]


def panel_samples(
    series: Sequence[Array], horizon: int, seasons: Sequence[int], seed: int, origins: int = ORIGINS
) -> npt.NDArray[np.float32]:
    """Treat every series at its newest possible origin and at some random earlier ones.

    Above `ORIGINS`, their number is limited to 48,000 samples of all series.

    Raises
    ------
    DataError
        If no series is long enough.
    """
    least = max(2 * seasons[0] + 2, 7)
    rng = generator(seed, 0)
    count = min(origins, max(ORIGINS, _MOST_SAMPLES // max(1, len(series))))
    rows_at: dict[tuple[int, int], list[int]] = {}  # (origin, steps known after it): series
    for i, y in enumerate(series):
        newest = len(y) - min(horizon, _NEWEST)
        drawn = rng.integers(least, newest + 1, count).tolist() if newest > least else []
        for origin in [newest, *drawn] if newest > least else []:
            rows_at.setdefault((origin, min(horizon, len(y) - origin)), []).append(i)
    if not rows_at:
        raise DataError(
            f"tune: the longest series has {max(map(len, series), default=0)} values; with season {seasons[0]} "
            f"a series needs at least {least + min(horizon, _NEWEST) + 1}."
        )
    parts = []
    for (origin, known), rows in sorted(rows_at.items()):
        ahead = np.sort(rng.permutation(known)[:STEPS] + 1)
        ahead = np.sort(np.concatenate([ahead, rng.integers(1, known + 1, STEPS - len(ahead))]))
        y = np.stack([series[i][:origin] for i in rows])
        after = np.stack([series[i][origin + ahead - 1] for i in rows])
        parts.append(samples_of(y, after, seasons, ahead))
    return np.concatenate(parts)
