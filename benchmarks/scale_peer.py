"""Forecast Parquet files with one model of statsforecast, in two processes; run by ``scale.py`` in another environment.

python benchmarks/scale_peer.py FOLDER MODEL HORIZON SEASON
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib.metadata import version

import pandas as pd


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it has waited for."""
    both = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def main() -> None:
    from statsforecast import StatsForecast, models

    folder, name, horizon, season = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    start, used = time.monotonic(), cpu_seconds()
    frame = pd.read_parquet(folder)
    model = getattr(models, name)(season_length=season)
    found = StatsForecast([model], freq="MS", n_jobs=2).forecast(df=frame, h=horizon)
    measured = {"wall_s": round(time.monotonic() - start, 1), "cpu_s": round(cpu_seconds() - used, 1)}
    print(json.dumps(measured | {"rows": len(found), "statsforecast": version("statsforecast")}))


if __name__ == "__main__":
    main()
