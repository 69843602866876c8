"""The one declaration of what the network sees beside the series: of the past, known ahead, or once a step."""

from __future__ import annotations

from dataclasses import dataclass

from elman.forecasting.calendar import FEATURES

__all__ = ["Inputs", "series_column"]


@dataclass(frozen=True)
class Inputs:
    """Columns beside ``y``, in the order of `elman.forecasting.panel.Panel.covariates`.

    A window of the network includes those of the first two kinds at every time; those known ahead also at every step of
    the horizon. What is constant (static) or follows from the newest time (calendar) enters once a step.

    Parameters
    ----------
    past : tuple of str
        Columns of which only the past is known; the last of them are made from ``series``.
    ahead : tuple of str
        Columns known ahead.
    holidays : str or None
        Country whose holidays are a further covariate known ahead.
    static : tuple of str
        Columns with one value per series.
    calendar : tuple of str
        Features of the time stamps, keys of `elman.forecasting.calendar.FEATURES`; ``("auto",)`` before the frequency
        is known.
    weight : str or None
        Column of weights, which the network does not see.
    censored : str or None
        The one of the past that is 1 where a value is censored.
    series : tuple of str
        Series of the panel whose values are columns of the past, ``"y of oil"`` for the series ``"oil"``.

    Examples
    --------
    >>> Inputs(past=("heat",), ahead=("price",), holidays="DE").known_ahead
    2
    """

    past: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    holidays: str | None = None
    static: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()
    weight: str | None = None
    censored: str | None = None
    series: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns with a value per row."""
        return (*self.past, *self.ahead)

    @property
    def given(self) -> tuple[str, ...]:
        """Those of `columns` that are columns of the data."""
        return (*self.past[: len(self.past) - len(self.series)], *self.ahead)

    @property
    def of_data(self) -> tuple[str, ...]:
        """Columns of the data that the network sees, those with one value per series included."""
        return (*self.given, *self.static)

    @property
    def read(self) -> tuple[str, ...]:
        """All columns that the network sees."""
        return (*self.columns, *self.static)

    @property
    def made(self) -> bool:
        """Whether some are made from the time stamps."""
        return bool(self.calendar) or self.holidays is not None

    @property
    def known_ahead(self) -> int:
        """Number of covariates known ahead."""
        return len(self.ahead) + (self.holidays is not None)

    @property
    def once(self) -> int:
        """Number of covariates that enter once a step."""
        return len(self.static) + sum(FEATURES[name].width for name in self.calendar)

    @property
    def width(self) -> int:
        """Number of all covariates."""
        return len(self.past) + self.known_ahead + self.once


def series_column(name: str) -> str:
    """Return the name of the column that holds the values of a series.

    Examples
    --------
    >>> series_column("oil")
    'y of oil'
    """
    return f"y of {name}"
