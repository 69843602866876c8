"""``.ts`` files: contents read, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from elman.errors import DataError, UnsupportedError
from elman.tables.ts_files import read_ts

HEADER = (
    "# comment\n@problemName toy\n@timeStamps false\n@univariate false\n@dimensions 2\n@classLabel true a b\n@data\n"
)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "toy.ts"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_unequal_lengths(tmp_path: Path) -> None:
    found = read_ts(write(tmp_path, HEADER + "1,2:3,4:a\n\n5:-6e1:b\n"))
    assert found.name == "toy" and found.classes == ["a", "b"]
    assert [s.tolist() for s in found.sequences] == [[[1, 3], [2, 4]], [[5, -60]]]
    assert found.labels is not None and found.labels.tolist() == ["a", "b"]


def test_targets_no_labels_and_windows_line_ends(tmp_path: Path) -> None:
    found = read_ts(write(tmp_path, "@targetlabel true\r\n@univariate true\r\n@data\r\n1,2:0.5\r\n"))
    assert found.labels is not None and found.labels.tolist() == [0.5]
    found = read_ts(write(tmp_path, "\ufeff@classLabel false\n@data\n1,2:3,4\n"))
    assert found.labels is None and found.sequences[0].shape == (2, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "toy.ts: there is no line @data."),
        ("1,2:a\n", "toy.ts, line 1: there must be @data before the first case."),
        ("@colour red\n@data\n1:a\n", "toy.ts, line 1: unknown header line @colour."),
        ("@missing false\n@missing false\n@data\n1", "toy.ts, line 2: @missing occurs twice."),
        ("@missing perhaps\n@data\n1", "toy.ts: @missing must be true or false, got 'perhaps'."),
        ("@dimensions 0\n@data\n1", "toy.ts: @dimensions must be a number of at least 1, got '0'."),
        (HEADER, "toy.ts: there is no case after @data."),
        (HEADER + "1,2:3,4:c\n", "toy.ts, line 8: class 'c' is not among those of @classLabel (a b)."),
        (HEADER + "1,2:a\n", "toy.ts, line 8: 1 channels, there must be 2."),
        (HEADER + "1,2:3:a\n", "toy.ts, line 8: channels of unequal lengths [1, 2] in one case are not supported."),
        (HEADER + "1,?:3,4:a\n", "toy.ts, line 8: a value is missing; fill missing values first."),
        (HEADER + "1,inf:3,4:a\n", "toy.ts, line 8: a value is not finite."),
        (HEADER + "1,x:3,4:a\n", "toy.ts, line 8: 'x' is no number."),
        ("@classLabel true a\n@data\na\n", "toy.ts, line 3: there are no values."),
        (
            f"@dimensions {'1' * 5000}\n@data\n1",
            f"toy.ts: @dimensions must be a number of at least 1, got '{'1' * 5000}'.",
        ),
        ("@equalLength true\n@seriesLength 3\n@data\n1,2\n", "toy.ts, line 4: 2 steps, @seriesLength says 3."),
    ],
)
def test_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_ts(write(tmp_path, text))
    assert str(error.value) == message


def test_other_encodings_and_time_stamps(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^toy\.ts: byte 0 is not UTF-8\.$"):
        read_ts(write(tmp_path, b"\xff\xfe"))
    with pytest.raises(UnsupportedError) as error:
        read_ts(write(tmp_path, "@timeStamps true\n@data\n(0,1):a\n"))
    assert str(error.value) == "toy.ts: cases with time stamps (@timeStamps true) are not supported."
