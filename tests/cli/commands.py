"""Helpers of the tests of the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

QUICK = ["--method", "network", "--window", "5", "--season", "4"]
WAVE = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 10) + np.arange(40) / 10
LONG = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 30) + np.arange(120) / 10


def files(folder: Path) -> list[str]:
    """Name the files of a folder."""
    return sorted(path.name for path in folder.iterdir())


def read_csv(path: Path, **options: Any) -> pd.DataFrame:
    """Read a table with every digit of its numbers; pandas 2 has to be told."""
    exact = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}
    return pd.read_csv(path, **exact, **options)
