"""Elman as a model of fev, the forecast evaluation library, on series at hand.

    python benchmarks/leaderboards/fev_model.py                         the shipped series
    python benchmarks/leaderboards/fev_model.py m1_monthly.jsonl        a file of the accuracy benchmark
    python benchmarks/leaderboards/fev_model.py --output results.csv …

Needs ``pip install fev``; nothing is downloaded. `ElmanModel` is a ``fev.ForecastingModel`` and runs on any fev task:
``ElmanModel().fit_predict(task)``. fev scores the forecasts, with a seasonal naive forecast beside them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import fev
import numpy as np
import pandas as pd

from elman import Forecaster
from elman.data.datasets import load_dataset

QUANTILES = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
SHIPPED = {"air-passengers": ("MS", 12, 12), "sunspots": ("YS", 1, 8)}  # frequency, season, horizon
PERIODS = {"yearly": ("YS", 1), "quarterly": ("QS", 4), "monthly": ("MS", 12)}  # the end of a file's name


class ElmanModel(fev.ForecastingModel):
    """One `Forecaster` per window of a task, with the task's seasonality; the method is chosen anew for each."""

    model_name = "elman"

    def __init__(self, method: str = "auto") -> None:
        super().__init__()
        self.method = method

    def _fit_predict(self, task: fev.Task) -> list[datasets.DatasetDict]:
        return [self._window(task, window) for window in task.iter_windows()]

    def _window(self, task: fev.Task, window: Any) -> datasets.DatasetDict:
        past, future, _ = fev.convert_input_data(window, adapter="nixtla", as_univariate=True)
        known = list(task.known_dynamic_columns)
        model = Forecaster(
            task.horizon, season=task.seasonality, method=self.method, future_covariates=known or None, random_state=0
        )
        with self._record_training_time():
            model.fit(past[["unique_id", "ds", "y", *known]])
        levels = sorted({level(q) for q in task.quantile_levels} - {0.0})
        with self._record_inference_time():
            frame = model.predict(level=levels or None, future=future[["unique_id", "ds", *known]] if known else None)
        rows = [self._row(part, task.quantile_levels) for _, part in frame.groupby("unique_id", sort=False)]
        predictions = datasets.Dataset.from_list(rows)
        return fev.combine_univariate_predictions_to_multivariate(predictions, target_columns=task.target_columns)

    @staticmethod
    def _row(part: pd.DataFrame, quantiles: list[float]) -> dict[str, list[float]]:
        row = {"predictions": part["Elman"].tolist()}
        return row | {str(q): part[column(q)].tolist() for q in quantiles}


class SeasonalNaiveModel(ElmanModel):
    """The baseline that fev's leaderboards compare with, with Elman's intervals around it."""

    model_name = "seasonal_naive"

    def __init__(self) -> None:
        super().__init__("seasonal naive")

    def _fit_predict(self, task: fev.Task) -> list[datasets.DatasetDict]:
        self.method = "seasonal naive" if task.seasonality > 1 else "naive"
        return super()._fit_predict(task)


def level(quantile: float) -> float:
    """Return the level in per cent of the central interval that ends at a quantile."""
    return round(100 * abs(2 * quantile - 1), 6)


def column(quantile: float) -> str:
    """Return the column of a forecast that is a quantile."""
    edge = "hi" if quantile > 0.5 else "lo"
    return f"Elman-{edge}-{level(quantile):g}" if level(quantile) else "Elman"


def tasks(files: list[Path], folder: Path) -> Iterator[fev.Task]:
    """Write the series as the Parquet files that fev reads, and return their tasks."""
    if not files:
        for name, (_, season, horizon) in SHIPPED.items():
            frame = load_dataset(name)
            yield task(name, list(frame.groupby("unique_id")), season, horizon, folder)
    for file in files:
        name, ending = file.stem, file.stem.rpartition("_")[2]
        if ending not in PERIODS:
            sys.exit(f"{file.name}: the name must end in one of {', '.join('_' + own for own in PERIODS)}")
        frequency, season = PERIODS[ending]
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        series = [(row["id"], whole(row, frequency)) for row in rows]
        yield task(name, series, season, rows[0]["h"], folder)


def whole(row: dict[str, Any], frequency: str) -> pd.DataFrame:
    """Return the training and the test values of a row in one frame; the dates only count the steps to a common end."""
    values = np.array(row["train"] + row["test"], dtype=np.float64)
    return pd.DataFrame({"ds": pd.date_range(end="2000-01-01", periods=len(values), freq=frequency), "y": values})


def task(name: str, series: list[tuple[Any, pd.DataFrame]], season: int, horizon: int, folder: Path) -> fev.Task:
    """Write one Parquet file, a row per series, and describe it."""
    rows = [{"id": str(i), "timestamp": own["ds"].to_list(), "target": own["y"].to_list()} for i, own in series]
    path = folder / f"{name}.parquet"
    datasets.Dataset.from_list(rows).to_parquet(path)
    return fev.Task(
        dataset_path=str(path),
        horizon=horizon,
        seasonality=season,
        eval_metric="MASE",
        extra_metrics=["SQL", "WQL"],
        quantile_levels=QUANTILES,
        task_name=name,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help=".jsonl files; the shipped series without")
    parser.add_argument("--output", type=Path, help="CSV file of fev's summaries, one row per task and model")
    arguments = parser.parse_args()
    summaries = []
    with tempfile.TemporaryDirectory() as folder:
        for each in tasks(arguments.files, Path(folder)):
            for model in (ElmanModel(), SeasonalNaiveModel()):
                predictions = model.fit_predict(each)
                times = {"training_time_s": model.training_time, "inference_time_s": model.inference_time}
                summaries.append(each.evaluation_summary(predictions, model_name=str(model.model_name), **times))
    frame = pd.DataFrame(summaries)
    print(frame[["task_name", "model_name", "MASE", "SQL", "WQL", "training_time_s"]].to_string(index=False))
    if arguments.output is not None:
        frame.to_csv(arguments.output, index=False)


if __name__ == "__main__":
    main()
