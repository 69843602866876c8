"""The one list of usual names of columns."""

from __future__ import annotations

import pytest

from elman.tables import names


@pytest.mark.parametrize(
    ("columns", "usual", "found"),
    [
        (["item", "Case_ID", "id"], names.ID_NAMES, "Case_ID"),
        (["y", "label"], names.LABEL_NAMES, "label"),
        (["hour", "data", "x"], names.TIME_NAMES, None),  # channels of sequences may be called so
        (["T", "t"], names.TIME_NAMES, "T"),
    ],
)
def test_the_first_of_the_usual_names(columns: list[str], usual: tuple[str, ...], found: str | None) -> None:
    assert names.find_usual(columns, usual) == found
