"""Sums and means of groups of rows, with bits that the other groups do not decide.

Since version 3.1, pandas adds up groups that lie one after the other in another way than scattered ones, so that the
bits of a group depend on the whole table. Errors of data in parts must have the bits of the same errors in memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["group_means", "group_sums"]


def group_sums(values: pd.DataFrame, by: Any, *, sort: bool = False) -> pd.DataFrame:
    """Add up the rows of each group, one after the other in their order; NaN counts as 0.

    Parameters
    ----------
    values : DataFrame
        Columns of float64.
    by : Any
        As for ``DataFrame.groupby``, without missing keys.
    sort : bool
        Whether the groups are in the order of their keys, else in that of their first rows.

    Returns
    -------
    DataFrame
        A row per group, with its keys as the index.

    Examples
    --------
    >>> group_sums(pd.DataFrame({"y": [1.0, 2.0, np.nan, 4.0]}), [["b", "a", "a", "b"]])["y"].to_dict()
    {'b': 5.0, 'a': 2.0}
    """
    grouped = values.groupby(by, sort=sort, observed=True)
    codes, index = grouped.ngroup().to_numpy(), grouped.size().index
    added = {name: np.bincount(codes, column.fillna(0.0), len(index)) for name, column in values.items()}
    return pd.DataFrame(added, index=index)


def group_means(values: pd.DataFrame, by: Any, *, sort: bool = False) -> pd.DataFrame:
    """Divide `group_sums` by the numbers of values that are not NaN; NaN where there are none.

    Examples
    --------
    >>> group_means(pd.DataFrame({"y": [1.0, 2.0, np.nan, 4.0]}), [["b", "a", "a", "b"]])["y"].to_dict()
    {'b': 2.5, 'a': 2.0}
    """
    return group_sums(values, by, sort=sort) / group_sums(values.notna().astype(float), by, sort=sort)
