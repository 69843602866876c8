"""The pieces of ``benchmarks/accuracy.py``: scores by hand, tables and bars of made-up results, made-up sets."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from elman.forecasting import seasonal_naive

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def piece(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a piece by name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def load(name: str) -> ModuleType:
        return importlib.import_module(f"forecast_accuracy.{name}")

    return load


def test_scores_by_hand(piece: Any) -> None:
    scores, sets = piece("scores"), piece("sets")
    each = sets.Set("made_up", "made up", 2, 2)
    series = sets.Series(np.array([1.0, 5, 3, 8]), np.array([4.0, 6, np.nan, 1]))  # seasonal naive errs by 2 and 3
    made = {"mean": np.array([4.0, 3, 9, 1]), "lo-80": np.array([5.0, 5, 0, 1]), "hi-80": np.array([6.0, 10, 9, 2])}
    row = scores.scored(each, series, made)
    assert row["MASE"] == pytest.approx(1 / 2.5)
    assert row["sMAPE"] == pytest.approx((0 + 200 * 3 / 9 + 0) / 3)
    assert row["inside-80"] == pytest.approx([2 / 3, 0.5, np.nan, 1], nan_ok=True)
    assert row["width-80"] == pytest.approx((1 + 5 + 9 + 1) / 4 / 2.5)
    assert "width-95" not in row
    assert scores.mase_scale(np.array([1.0, 4.0]), 12) == 3  # not longer than a season: naive
    assert np.isnan(scores.mase_scale(np.array([2.0, 2.0]), 1))
    assert scores.smape(np.array([0.2]), np.array([0.0]), 0.6) == pytest.approx(200 * 0.2 / 0.6)
    assert scores.smape(np.zeros(2), np.zeros(2)) == 0
    assert scores.geometric_mean([1, 4]) == pytest.approx(2)


def test_shares_inside_by_third(piece: Any) -> None:
    scores, sets = piece("scores"), piece("sets")
    series = sets.Series(np.array([0.0, 1.0]), np.arange(6.0))
    made = {"mean": np.arange(6.0), "lo-80": np.zeros(6), "hi-80": np.full(6, 2.5)}
    row = scores.scored(sets.Set("made_up", "made up", 1, 1), series, made)
    found = scores.mean_scores([row, row])["intervals"]["80"]
    assert found == {"coverage": 0.5, "thirds": [1.0, 0.5, 0.0], "width": 2.5}


def test_the_figures_of_whole_competitions(piece: Any) -> None:
    results, published = piece("results"), piece("published")
    names = [f"m3_{kind}" for kind in published.RELATED_SETS]
    sets = {
        name: {"MASE": naive / 2, "sMAPE": 10.0, "series": 2, "of": 2}
        for name, naive in zip(names, published.SEASONAL_NAIVE["m3"], strict=True)
    }
    assert results.related(sets, "m3") == pytest.approx(0.5)
    assert results.all_of_m3(sets) is None
    sets["m3_other"] = {"MASE": 1.0, "sMAPE": 2.0, "series": 6, "of": 6}
    assert results.all_of_m3(sets) == pytest.approx((6 * 10 + 6 * 2) / 12)
    sets["m3_yearly"]["of"] = 3
    assert results.related(sets, "m3") is None


def test_a_bar_is_met_missed_or_not_measured(piece: Any) -> None:
    bar = piece("bars").Bar
    assert [bar("b", value, most=2.0, least=1.0).met for value in (0.9, 1.0, 2.0, 2.1, None)] == [
        False,
        True,
        True,
        False,
        None,
    ]
    assert str(bar("error", 3.0, most=2.0)).split()[1:] == ["3", "at", "most", "2", "MISSED"]


def test_no_results_no_verdict(piece: Any, tmp_path: Path) -> None:
    found = piece("bars").bars(folder=tmp_path)
    assert len(found) > 40 and all(bar.met is None for bar in found)
    assert piece("tables").tables(folder=tmp_path) in ([], [piece("tables").related_table(tmp_path)])


def test_bold_is_the_lowest_of_all_rows_of_its_data(piece: Any) -> None:
    table = piece("tables").Table
    rows = [
        ["a", "Elman", 2.0, 1.0],
        ["a", "other", 1.5, None],
        ["a", "third", None, 1.0004],
        ["b", "Elman", 9.0, None],
    ]
    assert table("t", ("Data", "Method", "sMAPE", "MASE"), rows).as_markdown()[4:] == [
        "| a | Elman | 2.000 | **1.000** |",
        "|  | other | **1.500** |  |",
        "|  | third |  | **1.000** |",
        "| b | Elman | **9.000** |  |",
    ]


def test_published_rows_are_sets_of_known_metrics(piece: Any) -> None:
    published, sets = piece("published"), piece("sets")
    assert set(published.PUBLISHED) == {*sets.SETS, published.ALL_OF_M3}
    for rows in published.PUBLISHED.values():
        assert all(set(row) <= {"sMAPE", "MASE"} for row in rows.values())
        errors = [row["sMAPE"] for row in rows.values() if "sMAPE" in row]
        assert errors == sorted(errors)  # strongest first


def test_drawn_panels_are_the_same_each_time(piece: Any) -> None:
    drawn = piece("random_panels").drawn
    names, counts = ["m1_yearly", "m1_monthly"], {"m1_yearly": 30, "m1_monthly": 9}
    found = drawn("m1", names, 10, counts)
    assert found == drawn("m1", names, 10, counts)
    assert [name for name, _ in found[:3]] == ["m1_yearly", "m1_monthly", "m1_yearly"]
    assert [len(set(places)) for _, places in found[:2]] == [10, 9]


class Repeats:
    """Stands in for a forecaster: repeats the last season, with bounds one mean step away."""

    def __init__(self, horizon: int, season: Any, method: str, **_: Any) -> None:
        self.horizon, self.season, self.method_ = horizon, season, method

    def fit(self, data: Any) -> Repeats:
        self.data = data
        return self

    def predict(self, level: list[int]) -> Any:
        rows = []
        for values in self.data if isinstance(self.data, list) else [self.data]:
            mean = seasonal_naive(values, self.horizon, self.season)
            edges = {f"Elman-{edge}-{each}": mean + side for each in level for edge, side in (("lo", -1), ("hi", 1))}
            rows.append({"ds": np.arange(self.horizon), "Elman": mean, **edges})
        return rows if isinstance(self.data, list) else rows[0]


def write_set(folder: Path, name: str, horizons: list[int]) -> None:
    values = np.arange(1.0, 21.0)
    lines = [json.dumps({"h": h, "train": values[:-h].tolist(), "test": values[-h:].tolist()}) for h in horizons]
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def test_a_set_alone_and_as_a_panel(piece: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, sets, results = piece("ours"), piece("sets"), piece("results")
    monkeypatch.setattr(ours, "Forecaster", Repeats)
    write_set(tmp_path, "m1_yearly", [3, 6, 3])
    settings = ours.Settings(tmp_path, method="last")
    each = sets.SETS["m1_yearly"]
    alone, panel = ours.alone(each, settings), ours.panel(each, settings)
    expected = (2 + 3.5 + 2) / 3  # each step of the series is 1
    assert alone["MASE"] == panel["MASE"] == pytest.approx(expected, abs=1e-4)
    assert alone["intervals"] == panel["intervals"]
    assert [fit["horizon"] for fit in panel["fits"]] == [3, 6]
    assert alone["methods"] == {"last": 3}
    results.add_set("accuracy_alone", "m1_yearly", alone, settings.about(), tmp_path)
    assert results.read("accuracy_alone", tmp_path)["sets"]["m1_yearly"]["method"] == "last"
    assert results.read_series("accuracy_alone", tmp_path)["m1_yearly"]["MASE"] == [2.0, 3.5, 2.0]
    trial = ours.Settings(tmp_path, method="last", at_most=2)
    assert not results.is_whole(ours.alone(each, trial))


def test_what_peers_see_and_what_stands_in(piece: Any) -> None:
    sets = piece("sets")
    peers = importlib.import_module("forecast_peers")
    assert peers.chosen("AutoETS", 5) == [0, 1, 2, 3, 4]
    sample = peers.chosen("AutoARIMA", 645)
    assert len(set(sample)) == 100 and sample == peers.chosen("AutoARIMA", 645)
    series = sets.Series(np.array([1.0, 2, 3]), np.zeros(5))
    stand_in = piece("scores").stand_in
    assert stand_in(series, 2)["mean"].tolist() == [2, 3, 2, 3, 2]
    assert stand_in(series, 4)["mean"].tolist() == [3] * 5


def test_an_error_is_counted_and_the_run_goes_on(piece: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fails(Repeats):
        def predict(self, level: list[int]) -> Any:
            if self.horizon == 6:
                raise ValueError("no")
            return super().predict(level)

    ours, sets = piece("ours"), piece("sets")
    monkeypatch.setattr(ours, "Forecaster", Fails)
    write_set(tmp_path, "m1_yearly", [3, 6, 3])
    found = ours.alone(sets.SETS["m1_yearly"], ours.Settings(tmp_path, method="last"))
    assert found["failures"] == ["1: ValueError: no"]
    assert found["methods"] == {"last": 2, "failed": 1}


def test_missing_values_become_the_median_of_their_phase(piece: Any) -> None:
    values = np.array([1.0, 10, np.nan, 20, 3, np.nan])
    assert piece("sets").filled(values, 2).tolist() == [1, 10, 2, 20, 3, 15]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["alonee"], "there is no part 'alonee'; choose from alone, panels, random, coverage, rolling, durations"),
        (["alone", "--sets", "m9"], "there is no set 'm9'; choose from m1_yearly, m1_quarterly"),
        (["alone", "--at-most", "2"], "the results folder is not for trials; pass another folder with --results"),
        (["alone", "--data", "nowhere"], "m1_yearly.jsonl not found. The benchmark data are not part of the package"),
    ],
)
def test_what_is_refused(
    words: list[str], message: str, piece: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["accuracy.py", *words])
    try:
        code = importlib.import_module("accuracy").main()
    except SystemExit as stopped:  # by the parser of the arguments
        code = stopped.code
    assert code == 2
    assert message in capsys.readouterr().err
