"""The covariates of a file, from its parameters, its frequency and the categories of its series."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from elman.errors import DataError, FileFormatError
from elman.forecasting.calendar import features_of
from elman.forecasting.inputs import Inputs
from elman.forecasting.options import inputs_of
from elman.forecasting.parameters import Parameters
from elman.tables.frequencies import read_frequency

__all__ = ["inputs_from_file"]


def inputs_from_file(data: dict[str, Any], parameters: Parameters) -> Inputs:
    """Return the covariates of a file.

    Parameters
    ----------
    data : dict
        The metadata of that name.
    parameters : Parameters
        Of the file, checked.

    Raises
    ------
    FileFormatError
        If they do not go together.
    """
    inputs, static = inputs_of(parameters), data.get("static", [])
    if not isinstance(static, list) or not all(isinstance(name, str) for name in static):
        raise FileFormatError("static must list the names of columns")
    for name in static:
        if name not in inputs.static and name.partition("=")[0] not in inputs.static:
            raise FileFormatError(f"{name!r:.60} is no static covariate of the parameters")
    if bool(static) != bool(inputs.static):
        raise FileFormatError("the static covariates do not follow from the parameters")
    if not inputs.calendar:
        return replace(inputs, static=tuple(static))
    try:
        calendar = features_of("file", inputs.calendar, read_frequency(data.get("frequency")))
    except DataError:
        raise FileFormatError("the calendar does not go with the frequency") from None
    return replace(inputs, static=tuple(static), calendar=calendar)
