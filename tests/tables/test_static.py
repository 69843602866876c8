"""Tables with one row per series: numbers, categories, and a note where a column holds both."""

from __future__ import annotations

from pathlib import Path

import pytest

from elman.tables.static import read_per_series


@pytest.mark.parametrize(
    ("entries", "notes"),
    [
        (("big", "2", "3"), ["'size' holds 'big' in line 2, which is no number; the column is read as categories"]),
        (("2", "3", "big"), ["'size' holds 'big' in line 4, which is no number; the column is read as categories"]),
        (("big", "small", "wide"), []),
        (("1", "2", ""), []),
        (("€1", "€2", "€3"), ["currency signs (€) in size were left out"]),
    ],
)
def test_a_column_of_numbers_and_text_gives_a_note(entries: tuple[str, ...], notes: list[str], tmp_path: Path) -> None:
    file = tmp_path / "stores.csv"
    file.write_text("store,size\n" + "".join(f"{i},{entry}\n" for i, entry in enumerate(entries)))
    found: list[str] = []
    frame = read_per_series(file, "store", notes=found)
    assert found == notes
    assert (frame["size"].dtype == object) == ("big" in entries)
