"""A few small real series that are shipped with the package; ``README.md`` beside this file names their sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elman.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dataset_names", "dataset_path", "load_dataset"]

_FOLDER = Path(__file__).parent


def dataset_names() -> list[str]:
    """Return the names of the shipped series.

    Returns
    -------
    names : list of str
        Sorted.

    Examples
    --------
    >>> dataset_names()
    ['air-passengers', 'sunspots']
    """
    return sorted(path.stem for path in _FOLDER.glob("*.csv"))


def dataset_path(name: str) -> Path:
    """Return the CSV file of a shipped series.

    Parameters
    ----------
    name : str
        One of `dataset_names`.

    Returns
    -------
    path : Path
        A file with the columns ``unique_id``, ``ds`` (an ISO date) and ``y``.

    Raises
    ------
    ArgumentError
        If there is no such series.

    Examples
    --------
    >>> dataset_path("air-passengers").read_text().splitlines()[:2]
    ['unique_id,ds,y', 'air-passengers,1949-01-01,112']
    """
    if name not in dataset_names():  # an unchecked name is never joined to the folder
        known = ", ".join(repr(known) for known in dataset_names())
        raise ArgumentError(f"dataset_path: name must be one of {known}, got {name!r}.")
    return _FOLDER / f"{name}.csv"


def load_dataset(name: str) -> pd.DataFrame:
    """Return a shipped series as a long data frame.

    Parameters
    ----------
    name : str
        One of `dataset_names`.

    Returns
    -------
    frame : DataFrame
        Columns ``unique_id`` (str), ``ds`` (datetime64) and ``y`` (float64), in the order of time.

    Raises
    ------
    ArgumentError
        If there is no such series.

    Examples
    --------
    >>> load_dataset("air-passengers").tail(2)
              unique_id         ds      y
    142  air-passengers 1960-11-01  390.0
    143  air-passengers 1960-12-01  432.0
    """
    import pandas as pd

    return pd.read_csv(dataset_path(name), parse_dates=["ds"], date_format="%Y-%m-%d", dtype={"y": "float64"})
