"""Sample paths: the options of the commands that forecast, and what they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman.cli._command import usage_error
from elman.cli._common import check_table, write_forecast

if TYPE_CHECKING:
    import pandas as pd

    from elman.forecasting import Forecaster
    from elman.tables.own_names import OwnNames

__all__ = ["Drawn", "PathSeed", "Paths", "Samples"]

Samples = Annotated[
    int | None,
    typer.Option(min=1, max=2**31 - 1, metavar="N", help="Paths of every series to draw; --paths names their file."),
]
Paths = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write sample paths, for sums over the steps: .csv, .parquet or .json; 100 without --samples.",
    ),
]
PathSeed = Annotated[
    int | None, typer.Option(min=0, max=2**32 - 1, help="Of --paths: the same seed draws the same; 0 without it.")
]
_USUAL = 100


@dataclass(frozen=True)
class Drawn:
    """Sample paths that are asked for.

    Parameters
    ----------
    file : Path
        Where they are written.
    n : int
        Of every series.
    seed : int
        Of the random numbers.
    """

    file: Path
    n: int
    seed: int

    @classmethod
    def of(cls, samples: int | None, paths: Path | None, seed: int) -> Drawn | None:
        """Check the options; None if no paths are asked for."""
        if paths is None:
            if samples is not None:
                usage_error(f"--samples {samples}: the paths need a file of their own; name it with --paths.")
            return None
        check_table("--paths", paths)
        return cls(paths, _USUAL if samples is None else samples, seed)

    def check(self, names: OwnNames) -> None:
        """Refuse data with a column that the paths have, too."""
        if "sample" in (names.time, *names.ids, *names.targets):
            usage_error(f"--paths {self.file}: numbers the paths in a column 'sample'; rename that of the data.")

    def by(self, forecaster: Forecaster, **known: Any) -> pd.DataFrame:
        """Draw them; ``known`` as for `Forecaster.sample`."""
        frame: pd.DataFrame = forecaster.sample(self.n, seed=self.seed, **known)
        return frame

    def write(self, frame: pd.DataFrame, names: OwnNames) -> None:
        """Write them with the column names of the data."""
        write_forecast(self.file, names.renamed(frame))
