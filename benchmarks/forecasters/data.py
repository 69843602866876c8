"""Shared by the workers: the series, the error of a forecast, and the installed size of a library."""

from __future__ import annotations

import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).resolve().parents[2]


def air_passengers(horizon: int) -> tuple[pd.DataFrame, npt.NDArray[Any]]:
    """Return the history as a long frame, and the values held out."""
    import pandas as pd

    path = ROOT / "src" / "elman" / "data" / "datasets" / "air-passengers.csv"
    frame = pd.read_csv(path, parse_dates=["ds"])
    return frame[:-horizon], frame["y"].to_numpy(np.float64)[-horizon:]


def smape(forecast: Any, actual: npt.NDArray[Any]) -> float:
    """Mean of 200 |F - A| / (|F| + |A|)."""
    forecast = np.asarray(forecast, np.float64)
    return round(float(np.mean(200 * np.abs(forecast - actual) / (np.abs(forecast) + np.abs(actual)))), 3)


def requirements(name: str) -> list[str]:
    """Return the requirements of a distribution; Elman's come from its project file if no wheel is installed."""
    try:
        return distribution(name).requires or []
    except PackageNotFoundError:
        if name != "elman":
            raise
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(project["dependencies"])


def wanted_with(names: list[str]) -> set[str]:
    """Return distributions and their requirements, by canonical name, without extras."""
    found: set[str] = set()
    queue = [canonicalize_name(name) for name in names]
    while queue:
        name = queue.pop()
        if name in found:
            continue
        found.add(name)
        for line in requirements(name):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                queue.append(canonicalize_name(requirement.name))
    return found


def size_of(distribution: Distribution) -> int:
    files = [Path(str(file.locate())) for file in distribution.files or []]
    return sum(file.stat().st_size for file in files if file.is_file())


def installed_megabytes(name: str) -> float:
    """Return the size of a library with its requirements; Darts' recurrent models need PyTorch and Lightning too."""
    names = wanted_with([name, "torch", "pytorch-lightning"] if name == "darts" else [name])
    total = 0
    for part in names:
        try:
            total += size_of(distribution(part))
        except PackageNotFoundError:
            folder = ROOT / "src" / "elman"
            total += sum(
                file.stat().st_size for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts
            )
    return total / 1e6
