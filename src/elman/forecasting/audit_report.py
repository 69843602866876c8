"""Results of an audit: frozen objects with a table."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

__all__ = ["Audit", "Check"]

_WORDS = {True: "holds", False: "BROKEN", None: "not checked"}


@dataclass(frozen=True)
class Check:
    """One promise about a forecaster, and its result.

    Parameters
    ----------
    name : str
        ``"future"``, ``"newest"``, ``"alignment"``, ``"neighbours"``, ``"dates"``, ``"repeat"``, ``"threads"``,
        ``"update"`` or ``"covariates"``.
    promise : str
        The promise in words.
    holds : bool or None
        None if the check was not possible; `detail` has the reason.
    measure : str
        Meaning of the numbers.
    numbers : tuple of float
        One per step of the horizon; empty where nothing was checked.
    detail : str
        The method of the check, or the place where the promise was broken.

    Examples
    --------
    >>> Check("dates", "shifted dates change no value", False, "largest change", (0.0, 2.5), "shifted by 1").worst
    2.5
    """

    name: str
    promise: str
    holds: bool | None
    measure: str
    numbers: tuple[float, ...]
    detail: str

    @property
    def worst(self) -> float | None:
        """The number furthest from the promise: the smallest for ``"newest"``, otherwise the largest."""
        if not self.numbers:
            return None
        return min(self.numbers) if self.name == "newest" else max(self.numbers, key=abs)

    @property
    def verdict(self) -> str:
        """``"holds"``, ``"BROKEN"`` or ``"not checked"``."""
        return _WORDS[self.holds]

    @property
    def figure(self) -> str:
        """The worst number in words."""
        return "" if self.worst is None else f"{self.measure} {self.worst:.6g}"


@dataclass(frozen=True)
class Audit:
    """The checks of one audit.

    Parameters
    ----------
    checks : tuple of Check
        In a fixed order.

    Examples
    --------
    >>> audit = Audit((Check("repeat", "the same seed gives the same bits", True, "largest change", (0.0,), "twice"),))
    >>> audit.passed
    True
    >>> print(audit)
    The one check holds.
    holds        the same seed gives the same bits  largest change 0
    """

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no promise was broken."""
        return not self.broken

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of the checks that did not hold."""
        return tuple(check.name for check in self.checks if check.holds is False)

    @property
    def summary(self) -> str:
        """The result in one sentence."""
        made = sum(check.holds is not None for check in self.checks)
        left = len(self.checks) - made
        rest = f" {left} could not be made." if left else ""
        if self.broken:
            return f"{len(self.broken)} of {made} checks broken: {', '.join(self.broken)}.{rest}"
        return ("The one check holds." if made == 1 else f"All {made} checks hold.") + rest

    def to_frame(self) -> pd.DataFrame:
        """Return one row per check and step of the horizon.

        Returns
        -------
        DataFrame
            Columns ``check``, ``promise``, ``holds`` (True, False or None), ``measure``, ``step`` (from 1; missing
            where nothing was checked), ``number`` and ``detail``.
        """
        columns = ["check", "promise", "holds", "measure", "step", "number", "detail"]
        rows = [
            (check.name, check.promise, check.holds, check.measure, step, number, check.detail)
            for check in self.checks
            for step, number in (enumerate(check.numbers, start=1) if check.numbers else [(pd.NA, float("nan"))])
        ]
        return pd.DataFrame(rows, columns=columns).astype({"holds": object, "step": "Int64"})

    def __str__(self) -> str:
        width = max(len(check.promise) for check in self.checks)
        lines = [self.summary]
        for check in self.checks:
            told = [check.figure, "" if check.holds else check.detail]
            lines.append(f"{check.verdict:11s}  {check.promise:{width}s}  {'; '.join(filter(None, told))}")
        return "\n".join(lines)
