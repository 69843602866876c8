"""Packages that only a part of Elman needs: imported there, or named together with the extra that installs them."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from elman.errors import MissingExtraError

__all__ = ["installed", "need"]

_EXTRAS = {  # package: extra of pyproject.toml
    "aeon": "aeon",
    "distributed": "dask",
    "dtaidistance": "dtw",
    "holidays": "holidays",
    "jinja2": "explain",
    "keras": "keras",
    "latex2mathml": "explain",
    "matplotlib": "plot",
    "onnx": "onnx",
    "openpyxl": "excel",
    "polars": "parquet",
    "pyarrow": "parquet",
    "ray": "ray",
    "sktime": "sktime",
    "tokenizers": "text",
    "torch": "torch",
}


def installed(package: str) -> bool:
    """Whether a package can be imported; a plain folder of its name does not count.

    Examples
    --------
    >>> installed("numpy"), installed("no_such_package")
    (True, False)
    """
    found = importlib.util.find_spec(package)
    return found is not None and found.origin is not None


def need(place: str, *packages: str) -> Any:
    """Import the first of some packages that is installed.

    Parameters
    ----------
    place : str
        Start of the message: what needs the package.
    *packages : str
        One package, or several that serve alike; all of one extra.

    Returns
    -------
    module

    Raises
    ------
    MissingExtraError
        If none is installed.

    Examples
    --------
    >>> need("plot", "matplotlib").__name__
    'matplotlib'
    """
    for package in packages:
        if installed(package):
            return importlib.import_module(package)
    raise MissingExtraError(
        f'{place}: needs the package {" or ".join(packages)}; pip install "elman[{_EXTRAS[packages[0]]}]" brings it.'
    )
