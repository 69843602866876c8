"""Verdicts: means over cut-offs, the best baseline, and a conclusion in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.forecasting.grouped import group_means

__all__ = ["MODEL", "conclude"]

MODEL = "Elman"


def conclude(
    errors: pd.DataFrame, names: list[str], metric: str, several: bool, baselines: Sequence[str] | None = None
) -> pd.DataFrame:
    """Compare Elman with the best baseline, in each group of rows.

    Parameters
    ----------
    errors : DataFrame
        Column ``unique_id`` (the group), ``cutoff``, and one error per model; several rows of a group may share a
        cut-off.
    names : list of str
        The models, `MODEL` among them.
    metric : str
        Name of the errors.
    several : bool
        Whether a sentence names its group.
    baselines : sequence of str, optional
        Which models are baselines; all but `MODEL` if not given.

    Returns
    -------
    DataFrame
        A row per group in order of appearance: ``unique_id``, ``best`` (the best baseline), ``metric``, ``Elman`` and
        ``baseline`` (the two mean errors), ``won`` and ``cutoffs`` (cut-offs at which Elman is better, and all),
        ``beats`` and ``verdict``.

    Notes
    -----
    Elman beats a baseline if its mean error is lower **and** it is better at a majority of the cut-offs. Errors that
    are the same to three digits are equal. For a single cut-off the sentence says that one is few.

    Examples
    --------
    >>> errors = pd.DataFrame({"unique_id": "a", "cutoff": [1, 2], "Elman": [3.0, 3.0], "naive": [4.0, 8.0]})
    >>> conclude(errors, ["Elman", "naive"], "MAE", several=False)["verdict"].tolist()
    ['Elman beats naive, the best baseline, by 50 % in MAE, better at 2 of 2 cut-offs.']
    """
    means = group_means(errors[names], errors["unique_id"])
    others = means.drop(columns=MODEL) if baselines is None else means[list(baselines)]
    best = others.idxmin(axis="columns")
    at_cutoffs = group_means(errors[names], [errors["unique_id"], errors["cutoff"]])
    group = at_cutoffs.index.get_level_values("unique_id")
    theirs = _chosen(at_cutoffs, pd.Index(best.reindex(group)))
    better = pd.Series(at_cutoffs[MODEL].to_numpy() < theirs, index=group)
    won = better.groupby(level=0, sort=False).agg(["sum", "size"]).reindex(means.index)
    result = pd.DataFrame(
        {
            "unique_id": means.index,
            "best": best.to_numpy(),
            "metric": metric,
            MODEL: means[MODEL].to_numpy(),
            "baseline": _chosen(means, pd.Index(best)),
            "won": won["sum"].to_numpy(),
            "cutoffs": won["size"].to_numpy(),
        }
    )
    equal = [_equal(*pair) for pair in zip(result[MODEL], result["baseline"], strict=True)]
    result["beats"] = (result[MODEL] < result["baseline"]) & (2 * result["won"] > result["cutoffs"]) & ~np.array(equal)
    whose = [f"{name}: " if several else "" for name in result["unique_id"]]
    rows = zip(whose, *(result[name].tolist() for name in _TOLD), strict=True)
    result["verdict"] = [_sentence(*row) for row in rows]
    return result


def _chosen(table: pd.DataFrame, columns: pd.Index) -> npt.NDArray[np.float64]:
    """Take from each row the entry of its own column."""
    entries: npt.NDArray[np.float64] = table.to_numpy()[np.arange(len(table)), table.columns.get_indexer(columns)]
    return entries


_TOLD = ("beats", "best", "metric", MODEL, "baseline", "won", "cutoffs")


def _equal(one: float, other: float) -> bool:
    """Return whether two errors are printed alike."""
    return f"{one:.3g}" == f"{other:.3g}"


def _sentence(whose: str, beats: bool, best: str, metric: str, ours: float, theirs: float, won: int, of: int) -> str:
    """Write the comparison of Elman with the best baseline."""
    where = "" if of == 1 else f", better at {won} of {of} cut-offs"
    caution = " One cut-off is little evidence." if of == 1 and not whose else ""
    if beats:
        share = f"{100 * (1 - ours / theirs):.0f} %"
        return f"{whose}Elman beats {best}, the best baseline, by {share} in {metric}{where}.{caution}"
    if _equal(ours, theirs):
        return f"{whose}Elman and {best}, the best baseline, are equal ({metric} {ours:.3g}{where}).{caution}"
    figures = f"{metric} {ours:.3g} against {theirs:.3g}"
    if ours < theirs:
        few = f"at only {won} of {of} cut-offs"
        return (
            f"{whose}Elman's mean error is lower than that of {best} ({figures}), "
            f"but it is better {few}: not a clear win."
        )
    return f"{whose}Elman is not better than {best} ({figures}{where}).{caution}"
