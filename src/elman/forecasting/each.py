"""A forecaster of its own for every series."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any

import numpy as np

from elman.engine import kernels
from elman.errors import DataError, Remedy, TrainingError, UnsupportedError
from elman.estimators import Interrupted
from elman.forecasting.forecaster import Forecaster
from elman.forecasting.options import check_parameters, for_task
from elman.training import Progress
from elman.training.jobs import run_all, run_in_threads, workers

__all__ = ["fit_each"]


def fit_each(forecaster: Forecaster, data: Any) -> dict[Hashable, Forecaster]:
    """Fit a copy of a forecaster to each series alone, as many at a time as there are threads.

    `Forecaster.fit` learns one model from all series; here every series has a model of its own, as with classical
    methods. Every copy is, bit for bit, what ``fit`` on the rows of its series makes of it. Within
    ``joblib.parallel_config`` the workers of that configuration fit.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters are used, ``n_threads`` and ``progress`` for all series together; it stays as it is.
    data : list of array_like, pandas or polars frame
        As for `Forecaster.fit`: series, or a long frame with the column ``unique_id``.

    Returns
    -------
    dict
        Fitted forecasters by ``unique_id``, or by position in a list, in the order of the data.

    Raises
    ------
    DataError, TrainingError
        If a series cannot be used, or its training failed; the message names it.
    UnsupportedError
        If values of other series are covariates.
    KeyboardInterrupt
        On Ctrl-C; the fits that have begun end after their current update. Its attribute ``fitted`` is the dict of
        the series that were finished.

    See Also
    --------
    elman.Forecaster : one model for all series, which is usually better where they are alike or short.

    Examples
    --------
    >>> import numpy as np
    >>> from elman import Forecaster
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> network = Forecaster(2, season=4, method="network", window=5, updates=100, ensemble_size=1, random_state=0)
    >>> models = fit_each(network, [y, 2 * y])
    >>> [model.predict().round().tolist() for model in models.values()]
    [[10.0, 20.0], [20.0, 40.0]]
    """
    place = "fit_each"
    check_parameters(place, forecaster)
    if forecaster.series_covariates is not None:
        raise UnsupportedError(
            f"{place}: series_covariates needs several series in one fit.",
            Remedy("fit one Forecaster to all of them"),
            Remedy("leave {} out", series_covariates=...),
        )
    series, n_threads = _series(place, data), forecaster.n_threads
    names, found = list(series), dict[int, Forecaster]()
    tasks = [partial(_fitted, place, forecaster, name, own) for name, own in series.items()]
    try:
        with Progress(len(tasks), "fitting", enabled=forecaster.progress) as bar:

            def take(position: int, model: Forecaster) -> None:
                found[position] = model
                bar.advance()

            if workers() is not None:
                run_all(tasks, n_threads, take)
            else:
                run_in_threads([partial(task, 1) for task in tasks], n_threads or kernels.num_threads(), take)
    except KeyboardInterrupt:
        raise Interrupted({names[position]: found[position] for position in sorted(found)}) from None
    return {name: found[position] for position, name in enumerate(names)}


def _fitted(place: str, forecaster: Forecaster, name: Hashable, data: Any, n_threads: int | None) -> Forecaster:
    try:
        model = for_task(forecaster.unfitted(), n_threads).fit(data)
    except (DataError, TrainingError) as error:
        raise type(error)(f"{place}: series {name}: {error.text}", *error.remedies) from error
    return model.set_params(n_threads=forecaster.n_threads, progress=forecaster.progress)


def _series(place: str, data: Any) -> dict[Hashable, Any]:
    """Return the data of each series, by name or position."""
    if isinstance(data, list | tuple) and not all(np.ndim(own) == 0 for own in data):
        return dict(enumerate(data))
    if "unique_id" not in getattr(data, "columns", ()):
        given = type(data).__name__
        if isinstance(data, list | tuple):
            given = "a list of numbers" if data else "an empty list"
        raise DataError(f"{place}: data must be a list of series or a frame with the column unique_id, got {given}.")
    if hasattr(data, "partition_by"):  # polars
        return {key[0]: own for key, own in data.partition_by("unique_id", as_dict=True, maintain_order=True).items()}
    return dict(iter(data.groupby("unique_id", sort=False, observed=True)))
