"""Scores and verdicts: forecasts from past cut-offs beside the actual values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.errors import DataError, UnsupportedError
from elman.forecasting.baselines import INTERMITTENT
from elman.forecasting.comparison import Comparison
from elman.forecasting.metrics import METRICS, OF_MEANS, mean_scores, scores
from elman.forecasting.panel import Panel, name_key
from elman.forecasting.probabilistic import WQL, by_step, is_edge, pinball_of, sums, weighted_quantile_loss
from elman.forecasting.verdicts import MODEL, conclude
from elman.notebook.html import html_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Backtest", "concluded", "judge", "scored", "window_frame"]

Array = npt.NDArray[np.float64]

_KEYS = ["unique_id", "ds", "cutoff", "y"]
_KNOWN, _INSIDE = "known", "inside "  # rows of counts


@dataclass(frozen=True, repr=False)
class Backtest:
    """Forecasts at past cut-offs, their errors, and the verdict.

    Parameters
    ----------
    forecasts : DataFrame
        From `cross_validation`; empty for data in parts.
    by_series : DataFrame
        Scores per series and cut-off, see `elman.forecasting.metrics.scores`.
    table : DataFrame
        Mean scores: a row per model, columns sMAPE (0 to 200), MASE, MAE; with the baselines of intermittent demand
        also RMSSE and bias (`elman.forecasting.metrics.scores`), with quantiles WQL, the weighted quantile loss
        (`elman.forecasting.probabilistic`). ``Elman`` is the delivered method.
    best : str
        The best baseline.
    metric : str
        The deciding score: ``"MASE"``, with the baselines of intermittent demand ``"RMSSE"``; ``"MAE"`` where it is not
        defined.
    beats : bool
        Whether Elman has the lower mean error and wins at a majority of the cut-offs.
    verdict : str
        The same in one sentence.
    verdicts : DataFrame
        The same for each series: columns ``unique_id``, ``best``, ``metric``, ``Elman`` and ``baseline`` (the two mean
        errors), ``won`` (of so many) ``cutoffs``, ``beats`` and ``verdict``.
    horizon : int
        Values forecast from each cut-off.
    coverage : dict of float to float
        Share of the values inside the intervals of each level asked for.
    by_step : DataFrame
        The same for every step ahead: columns ``level``, ``step``, ``coverage`` and ``width``, the mean width.
    pinball : dict of float to float
        Mean pinball loss of each quantile asked for.
    delivered : str
        Of the check of a fit: the method called Elman, as in `Forecaster.method_`.
    reason : str
        Of the check of a fit: the reason for that method.

    Examples
    --------
    >>> from elman import Forecaster
    >>> y = np.tile([10.0, 20.0, 30.0, 20.0], 12)
    >>> result = Forecaster(horizon=2, season=4, method="seasonal naive", cutoffs=3).fit(y).check_
    >>> result.delivered, result.metric, result.table.loc["Elman", "MAE"]
    ('seasonal naive', 'MAE', np.float64(0.0))
    """

    forecasts: pd.DataFrame
    by_series: pd.DataFrame
    table: pd.DataFrame
    best: str
    metric: str
    beats: bool
    verdict: str
    verdicts: pd.DataFrame
    horizon: int
    coverage: dict[float, float] = field(default_factory=dict)
    by_step: pd.DataFrame = field(default_factory=pd.DataFrame)
    pinball: dict[float, float] = field(default_factory=dict)
    delivered: str = ""
    reason: str = ""

    def __repr__(self) -> str:
        """Return the size and the verdict."""
        cut_offs = "1 cut-off" if self.cut_offs == 1 else f"{self.cut_offs} cut-offs"
        return f"Backtest({cut_offs} of {self.horizon} values: {self.verdict})"

    def _repr_html_(self) -> str:
        """Return the mean errors as a table and the verdict below it, for a notebook."""
        inside = self.coverage.items()
        return self.errors_html(
            self.verdict,
            *(f"{share:.1%} of the values are inside the {level:g} % interval." for level, share in inside),
        )

    def errors_html(self, *notes: str) -> str:
        """Return the mean errors as a table in HTML, with sentences below it."""
        series = "1 series" if len(self.verdicts) == 1 else f"{len(self.verdicts):,} series"
        title = f"Mean errors: {series}, {self.cut_offs} × {self.horizon} values held out"
        rows = [[name, *map(float, errors)] for name, errors in zip(self.table.index, self.table.values, strict=True)]
        return html_table(title, rows, ["", *self.table.columns], notes)

    def plot(self) -> Figure:
        """Draw the forecasts from each cut-off beside the actual values, of up to twelve series.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it; ``savefig`` writes it to a file.

        Examples
        --------
        >>> from elman import Forecaster
        >>> from elman.forecasting import backtest
        >>> result = backtest(Forecaster(2, season=4), np.tile([10.0, 20.0, 30.0, 20.0], 12))
        >>> len(result.plot().axes)
        1
        """
        from elman.forecasting.plot import plot_backtest

        if len(self.forecasts) == 0:
            raise UnsupportedError("Backtest.plot: no forecasts are kept of data in parts; backtest some series.")
        return plot_backtest(self)

    @property
    def cut_offs(self) -> int:
        """Cut-offs of each series."""
        return int(self.by_series.groupby("unique_id", sort=False, observed=True)["cutoff"].nunique().max())

    @classmethod
    def of(cls, comparison: Comparison) -> Backtest:
        """Score the check of a fit: the delivered method, Elman's other candidates, and the baselines."""
        delivered = comparison.decision.delivered
        columns = {MODEL: comparison.forecasts[delivered]}
        columns |= {
            comparison.labels[name]: forecasts
            for name, forecasts in comparison.forecasts.items()
            if name != delivered or name in comparison.baselines
        }
        past = comparison.past
        parts = [
            window_frame(
                past.panel, past.known(cut_off), drop, past.horizon, {n: f[:, cut_off] for n, f in columns.items()}
            )
            for cut_off, drop in enumerate(past.left_out)
        ]
        baselines, label = comparison.baselines, comparison.labels[delivered]
        result = judge("Forecaster.fit", pd.concat(parts, ignore_index=True), past.panel, past.season, baselines)
        verdict = f"Elman is {label} here." if delivered in baselines else result.verdict
        return replace(result, verdict=verdict, delivered=label, reason=comparison.decision.reason)


def window_frame(panel: Panel, known: Panel, left_out: int, horizon: int, columns: dict[str, Array]) -> pd.DataFrame:
    """Put the forecasts (S, K) of one cut-off beside the actual values."""
    assert panel.times is not None and known.times is not None
    rows = (panel.offsets[1:, None] - left_out + np.arange(horizon)).ravel()
    cutoffs = known.times[known.offsets[1:] - 1].repeat(horizon)
    values: dict[str, Any] = {"cutoff": cutoffs, "y": panel.scored[rows]}
    values |= {name: forecasts.ravel() for name, forecasts in columns.items()}
    return panel.long_frame(values, panel.times[rows], horizon)


def judge(
    place: str, forecasts: pd.DataFrame, panel: Panel, season: int, baselines: Sequence[str] | None = None
) -> Backtest:
    """Score a frame of `cross_validation` and conclude."""
    horizon = int(forecasts.groupby(["unique_id", "cutoff"], sort=False, observed=True).size().iloc[0])
    return concluded(place, forecasts, scored(forecasts, panel, season), horizon, baselines)


def scored(forecasts: pd.DataFrame, panel: Panel, season: int) -> pd.DataFrame:
    """Score forecasts, intervals and quantiles of each series.

    Parameters
    ----------
    forecasts : DataFrame
        See `elman.forecasting.cross_validation`.
    panel : Panel
        The same series, whole.
    season : int
        Lag of MASE's scale.

    Returns
    -------
    DataFrame
        Columns ``unique_id``, ``cutoff``, ``metric`` and one for each model: a row for each metric of
        `elman.forecasting.metrics.scores`; for each level a row ``inside 80`` with the number of values inside, and a
        row ``known`` with the number of values known, both in the column of the model; and the rows of
        `elman.forecasting.probabilistic.sums`.
    """
    step = forecasts.groupby(["unique_id", "cutoff"], sort=False, observed=True).cumcount() + 1
    known = forecasts[forecasts["y"].notna()]
    lower = [str(name) for name in known.columns if str(name).startswith(f"{MODEL}-lo-")]
    upper = [name.replace("-lo-", "-hi-") for name in lower]
    names = [str(name) for name in known.columns if name not in _KEYS and not is_edge(str(name))]
    assert panel.times is not None
    history = panel.long_frame({"y": panel.values}, panel.times, panel.lengths)
    of_means = not set(INTERMITTENT).isdisjoint(names)
    parts = [scores(known[[*_KEYS, *names]], history, names, season, of_means=of_means)]
    first = known.drop_duplicates("unique_id")[["unique_id", "cutoff"]]
    for low, high in zip(["y", *lower], ["y", *upper], strict=True):
        inside = known["y"].between(known[low], known[high])
        count = inside.groupby(known["unique_id"], sort=False, observed=True).sum()
        metric = _KNOWN if low == "y" else f"{_INSIDE}{low.rpartition('-')[2]}"
        parts.append(first.assign(metric=metric, **{MODEL: count.reindex(first["unique_id"]).to_numpy(np.float64)}))
    if len(more := sums(known.assign(step=step.to_numpy()[forecasts["y"].notna()]), names)):
        whose = first.iloc[pd.Index(first["unique_id"]).get_indexer(more["unique_id"])].reset_index(drop=True)
        parts.append(whose.assign(**more.drop(columns="unique_id")))
    return pd.concat(parts, ignore_index=True)


def concluded(
    place: str,
    forecasts: pd.DataFrame,
    table: pd.DataFrame,
    horizon: int,
    baselines: Sequence[str] | None = None,
) -> Backtest:
    """Conclude from the scores of all series.

    Parameters
    ----------
    place : str
        Start of a message.
    forecasts : DataFrame
        Kept in the result.
    table : DataFrame
        From `scored`. Means are added up in order of the ids, so that the order of the rows does not decide their bits.
    horizon : int
        Values forecast from each cut-off.
    baselines : sequence of str, optional
        Which models are baselines; all but `MODEL` if not given.

    Raises
    ------
    DataError
        If no value is known.
    """
    is_score = table["metric"].isin([*METRICS, *OF_MEANS])
    by_series = table[is_score].reset_index(drop=True)
    if len(by_series) == 0:
        raise DataError(
            f"{place}: every value after the cut-offs is missing (NaN) or has the weight 0; there is nothing to score."
        )
    names = [str(name) for name in by_series.columns if name not in ("unique_id", "cutoff", "metric")]
    ids = table.loc[table["metric"] == _KNOWN, "unique_id"].tolist()  # in the order of the data
    places = {name: place for place, name in enumerate(sorted(ids, key=name_key))}
    order = np.argsort(table["unique_id"].map(places).to_numpy(np.int64), kind="stable")
    table, is_score = table.iloc[order], is_score.iloc[order]
    in_order, sums_of = table[is_score], table[~is_score].groupby("metric")[names].sum()
    totals: dict[str, float] = {str(name): float(total) for name, total in sums_of[MODEL].items()}
    means = mean_scores(in_order, names)
    if (loss := weighted_quantile_loss(sums_of)) is not None:
        means[WQL] = loss
    scaled = "RMSSE" if "RMSSE" in means else "MASE"
    metric = scaled if means[scaled].notna().all() else "MAE"
    decisive = in_order[in_order["metric"] == metric]
    # Counted back from each series' own end, so that series that end at different times share their cut-offs.
    back = decisive.groupby("unique_id", sort=False, observed=True)["cutoff"].rank("dense", ascending=False)
    overall = conclude(decisive.assign(unique_id="all", cutoff=back), names, metric, False, baselines).iloc[0]
    return Backtest(
        forecasts,
        by_series,
        means,
        str(overall["best"]),
        metric,
        bool(overall["beats"]),
        str(overall["verdict"]),
        _by_series_verdicts(by_series, names, ids, scaled, baselines),
        horizon,
        coverage={
            float(name.removeprefix(_INSIDE)): count / totals[_KNOWN]
            for name, count in totals.items()
            if name.startswith(_INSIDE)
        },
        by_step=by_step(totals),
        pinball=pinball_of(totals, totals[_KNOWN]),
    )


def _by_series_verdicts(
    by_series: pd.DataFrame, names: list[str], ids: list[Any], scaled: str, baselines: Sequence[str] | None
) -> pd.DataFrame:
    """Make a verdict per series by a scaled score, or by MAE where it is not defined."""
    defined = by_series[(by_series["metric"] == scaled) & by_series[names].notna().all(axis="columns")]
    mae = by_series[(by_series["metric"] == "MAE") & ~by_series["unique_id"].isin(defined["unique_id"])]
    several = by_series["unique_id"].nunique() > 1
    parts = [
        conclude(part, names, metric, several, baselines)
        for part, metric in ((defined, scaled), (mae, "MAE"))
        if len(part) > 0
    ]
    return pd.concat(parts).set_index("unique_id").loc[ids].reset_index()
