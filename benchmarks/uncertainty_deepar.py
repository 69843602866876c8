"""DeepAR of GluonTS for `uncertainty.py`: python uncertainty_deepar.py SERIES.npz SEASON HORIZON MODEL.

One network for all series of the file, with the defaults of ``DeepAREstimator``: two LSTM layers of 40 units, Student's
t, a context as long as the horizon, lags and features of the time by the frequency, 100 epochs of 50 batches of 32.
Seed 0, one thread. The series have no dates: all begin at the same one, as in GluonTS' own data sets. Reads the
training parts, and writes the quantiles of 500 sample paths, the ends of intervals and those of the sums.
"""

from __future__ import annotations

import os
import sys

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from gluonts.dataset.common import ListDataset  # noqa: E402
from gluonts.torch import DeepAREstimator  # noqa: E402
from lightning.pytorch import seed_everything  # noqa: E402

SHARES = tuple(round(0.1 * i, 1) for i in range(1, 10))
LEVELS = (80, 95)
PATHS = 500
FREQUENCIES = {1: "Y", 4: "Q", 12: "M", 7: "D", 24: "h"}
TRAINER = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False, "enable_model_summary": False}


def paths_of(series: list[np.ndarray], season: int, horizon: int) -> np.ndarray:
    """Train, and return the paths (S, PATHS, K)."""
    freq = FREQUENCIES[season]
    start = pd.Period("1990-01-01", freq)
    data = ListDataset([{"start": start, "target": y} for y in series], freq=freq)
    estimator = DeepAREstimator(
        freq=freq, prediction_length=horizon, num_parallel_samples=PATHS, trainer_kwargs=TRAINER
    )
    return np.stack([found.samples for found in estimator.train(data).predict(data)])


def main() -> None:
    """Forecast every series."""
    path, season, horizon = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with np.load(path) as file:
        series = [file[name] for name in file]
    torch.set_num_threads(1)
    seed_everything(0)
    paths = paths_of(series, season, horizon).astype(np.float64)
    columns = {f"q-{share:g}": np.quantile(paths, share, axis=1) for share in SHARES}
    for level in LEVELS:
        ends = [0.5 - level / 200, 0.5 + level / 200]
        columns[f"lo-{level}"], columns[f"hi-{level}"] = np.quantile(paths, ends, axis=1)
        columns[f"sum-lo-{level}"], columns[f"sum-hi-{level}"] = np.quantile(paths.sum(axis=2), ends, axis=1)
    np.savez(path, **columns)


if __name__ == "__main__":
    main()
