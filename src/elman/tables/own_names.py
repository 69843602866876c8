"""Write a forecast with the column names of its input file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from elman.errors import FileFormatError

__all__ = ["OwnNames"]

_FORECAST = "Elman"
_SAMPLE = "sample"  # numbers the paths of a series


@dataclass(frozen=True)
class OwnNames:
    """Names of a file's columns.

    Parameters
    ----------
    time : str
        Column of times.
    targets : tuple of str
        The column to forecast; several if each is a series.
    ids : tuple of str
        Columns that name a series together; empty for a single series.

    Examples
    --------
    >>> frame = pd.DataFrame({"unique_id": ["3/tea"], "ds": [8], "Elman": [2.5], "Elman-lo-80": [1.0]})
    >>> OwnNames("day", ("sold",), ("shop", "item")).renamed(frame).to_dict("records")
    [{'shop': '3', 'item': 'tea', 'day': 8, 'sold': 2.5, 'sold-lo-80': 1.0}]
    """

    time: str = "ds"
    targets: tuple[str, ...] = ("y",)
    ids: tuple[str, ...] = ("unique_id",)

    @property
    def usual(self) -> bool:
        """Whether all names are the library's own; forecasts then keep them."""
        return self.time == "ds" and self.targets == ("y",) and self.ids in ((), ("unique_id",))

    @property
    def target(self) -> str:
        """Name of the column of forecasts in a long frame."""
        return self.targets[0] if len(self.targets) == 1 and not self.usual else _FORECAST

    @property
    def series(self) -> str:
        """Name of the column that identifies series."""
        return ",".join(self.ids) or "unique_id"

    @property
    def own(self) -> dict[str, str]:
        """Names by those of a long frame; none for values in several columns.

        Examples
        --------
        >>> OwnNames("day", ("sold",), ("shop", "item")).own
        {'ds': 'day', 'unique_id': 'shop,item', 'y': 'sold'}
        """
        values = {"y": self.targets[0]} if len(self.targets) == 1 else {}
        return {"ds": self.time, "unique_id": self.series} | values

    def to_metadata(self) -> dict[str, Any]:
        """Return plain values for a file."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_metadata(cls, plain: Mapping[str, Any]) -> OwnNames:
        """Rebuild names from a file.

        Raises
        ------
        FileFormatError
            If they are no names.
        """
        if not isinstance(plain, Mapping) or set(plain) != {"time", "targets", "ids"}:
            raise FileFormatError("columns must have the fields time, targets and ids")
        lists = [plain["targets"], plain["ids"]]
        texts = [plain["time"], *(name for names in lists if isinstance(names, list) for name in names)]
        if not all(isinstance(names, list) for names in lists) or not all(isinstance(name, str) for name in texts):
            raise FileFormatError("columns must be names")
        if not plain["targets"]:
            raise FileFormatError("columns must name a target")
        return cls(plain["time"], tuple(plain["targets"]), tuple(plain["ids"]))

    def renamed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rename a forecast to the columns of the file; with one column per series, forecasts stand side by side.

        Parameters
        ----------
        frame : DataFrame
            Columns ``unique_id``, ``ds``, ``Elman`` and bounds of intervals such as ``Elman-lo-80``. The ``sample`` of
            paths keeps its name.

        Returns
        -------
        DataFrame
            Bounds are called after the target, such as ``sales-lo-80``.
        """
        if self.usual:
            return frame
        if len(self.targets) == 1:
            return self._with_ids(frame["unique_id"], self._values(frame, self.targets[0]))
        names = frame["unique_id"].astype(str)
        parts = []
        for target in self.targets:
            own = names.str.endswith(f"/{target}") if self.ids else names == target
            part = self._values(frame[own], target)
            parts.append(part.assign(**{"": names[own].str.removesuffix(f"/{target}") if self.ids else ""}))
        joined, keys = parts[0], ["", *([_SAMPLE] if _SAMPLE in frame else []), self.time]
        for part in parts[1:]:
            joined = joined.merge(part, on=keys, how="outer", sort=False)
        return self._with_ids(joined[""], joined.drop(columns=""))

    def _values(self, frame: pd.DataFrame, target: str) -> pd.DataFrame:
        """Rename the times and the forecasts of one target."""
        own = [name for name in frame.columns[2:] if name != _SAMPLE]
        names = {name: f"{target}{name.removeprefix(_FORECAST)}" for name in own}
        return frame.drop(columns="unique_id").rename(columns={"ds": self.time, **names})

    def _with_ids(self, names: pd.Series, frame: pd.DataFrame) -> pd.DataFrame:
        """Insert the names of series as the first columns, one for each id column if they can be split."""
        if not self.ids:
            return frame
        parts = [str(name).split("/") for name in names]
        if len(self.ids) > 1 and all(len(part) == len(self.ids) for part in parts):
            columns = {name: [part[i] for part in parts] for i, name in enumerate(self.ids)}
        else:
            columns = {self.series: names.tolist()}
        return pd.DataFrame(columns, index=frame.index).join(frame).reset_index(drop=True)
