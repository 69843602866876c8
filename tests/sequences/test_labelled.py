"""Tables of labelled sequences whose columns have names of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from elman import DataError
from elman.sequences.labelled import read_labelled

TABLE = "move,at,x,y,shape\n1,1,0.5,1.5,arc\n1,2,0.7,2.5,arc\n2,1,0.9,3.5,line\n"


def test_a_channel_may_have_the_usual_name_of_labels(tmp_path: Path) -> None:
    (tmp_path / "moves.csv").write_text(TABLE)
    known = read_labelled(tmp_path / "moves.csv", "move", "at", "shape")
    assert known.labels == ["arc", "line"]
    assert known.data["y"].tolist() == [1.5, 2.5, 3.5] and known.data["y"].dtype == "float64"


def test_a_column_of_text_may_be_the_classes(tmp_path: Path) -> None:
    (tmp_path / "moves.csv").write_text(TABLE.replace(",y,", ",z,"))
    with pytest.raises(DataError) as caught:
        read_labelled(tmp_path / "moves.csv", "move", "at")
    assert str(caught.value) == (
        f"{tmp_path}/moves.csv: column 'shape' holds text, such as 'arc'. "
        'Pass label="shape" if it holds the classes, or remove it.'
    )


def test_a_channel_of_the_model_is_not_taken_for_the_classes(tmp_path: Path) -> None:
    (tmp_path / "moves.csv").write_text(
        "\n".join(line.rpartition(",")[0] for line in TABLE.replace("y", "Y").splitlines())
    )
    known = read_labelled(tmp_path / "moves.csv", "move", "at", channels=["x", "Y"])
    assert known.labels is None and list(known.data) == ["move", "at", "x", "Y"]


def test_a_fitted_classifier_reads_its_channels_alone(tmp_path: Path) -> None:
    (tmp_path / "moves.csv").write_text("move,at,x,note,shape\n1,1,0.5,7,arc\n1,2,0.7,8,arc\n2,1,0.9,9,\n")
    known = read_labelled(tmp_path / "moves.csv", "move", "at", channels=["x"], classes=False)
    assert known.labels is None and list(known.data) == ["move", "at", "x"]
    with pytest.raises(DataError, match=r"the sequence '2' has no class in 'shape' in line 4\."):
        read_labelled(tmp_path / "moves.csv", "move", "at", channels=["x"])
    (tmp_path / "moves.csv").write_text(TABLE.replace(",y,", ",other,"))
    known = read_labelled(tmp_path / "moves.csv", "move", "at", channels=["x"])
    assert known.labels == ["arc", "line"] and list(known.data) == ["move", "at", "x"]
    with pytest.raises(DataError, match=r"there is no column 'z'; the columns are move, at, x, other, shape\."):
        read_labelled(tmp_path / "moves.csv", "move", "at", channels=["x", "z"])
