"""Quantiles of a forecast: names, values, order, errors, in every form of data and in the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from typer.testing import CliRunner

from elman import Forecaster
from elman.cli.app import app
from elman.errors import ArgumentError
from elman.forecasting import cross_validation
from elman.forecasting.quantiles import Asked, check_quantiles

Array = npt.NDArray[np.float64]

RNG = np.random.default_rng(7)
WAVE = 50 + 10 * np.sin(np.arange(72) * np.pi / 6) + RNG.normal(0, 2, 72)


def frame_of(*series: Array) -> pd.DataFrame:
    parts = [pd.DataFrame({"unique_id": f"s{i}", "ds": range(len(y)), "y": y}) for i, y in enumerate(series)]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def model() -> Forecaster:
    return Forecaster(6, season=12, method="prior").fit(frame_of(WAVE, WAVE[::-1].copy()))


def test_quantiles_are_the_ends_of_intervals(model: Forecaster) -> None:
    found = model.predict(level=[80], quantiles=[0.9, 0.5, 0.1, 0.3])
    assert list(found.columns) == [
        *("unique_id", "ds", "Elman", "Elman-lo-80", "Elman-hi-80"),
        *("Elman-q-0.9", "Elman-q-0.5", "Elman-q-0.1", "Elman-q-0.3"),
    ]
    for quantile, other in (("q-0.9", "hi-80"), ("q-0.1", "lo-80")):
        assert (found[f"Elman-{quantile}"] == found[f"Elman-{other}"]).all()
    assert (found["Elman-q-0.5"] == found["Elman"]).all()
    rising = found[["Elman-q-0.1", "Elman-q-0.3", "Elman-q-0.5", "Elman-q-0.9"]].to_numpy()
    assert (np.diff(rising, axis=1) > 0).all()
    assert model.predict()["Elman"].equals(found["Elman"])


def test_every_form_of_data(model: Forecaster) -> None:
    frame = model.predict(quantiles=0.25)
    listed = model.predict([WAVE, WAVE[::-1].copy()], quantiles=0.25)
    assert frame["Elman-q-0.25"].tolist() == [value for one in listed for value in one["Elman-q-0.25"].tolist()]
    array = Forecaster(6, season=12, method="seasonal naive").fit(WAVE).predict(quantiles=[0.25, 0.75])
    assert list(array) == ["Elman", "Elman-q-0.25", "Elman-q-0.75"]
    assert (array["Elman-q-0.25"] < array["Elman"]).all()
    both = np.stack([WAVE, WAVE[::-1]], axis=1)
    channels = Forecaster(6, season=12, method="prior").fit(both).predict(quantiles=[0.25])
    assert channels["Elman-q-0.25"].shape == (6, 2)


def test_network_takes_them_from_its_errors() -> None:
    own = {"updates": 20, "ensemble_size": 1, "window": 13, "hidden_size": 8, "random_state": 0}
    model = Forecaster(3, season=12, method="network", intervals="auto", **own).fit(WAVE)
    found = model.predict(level=90, quantiles=[0.05, 0.95])
    assert (found["Elman-q-0.05"] == found["Elman-lo-90"]).all()
    assert (found["Elman-q-0.95"] == found["Elman-hi-90"]).all()


def test_crossing_ends_are_sorted() -> None:
    edges = {"lo-80": np.array([[1.0]]), "hi-80": np.array([[9.0]]), "lo-90": np.array([[2.0]])}
    found = Asked(quantiles=(0.1, 0.05, 0.5)).chosen(np.array([[4.0]]), edges)
    assert {name: value.item() for name, value in found.items()} == {"q-0.1": 2.0, "q-0.05": 1.0, "q-0.5": 4.0}


@pytest.mark.parametrize(
    ("quantiles", "message"),
    [
        ([], "t: quantiles must name at least one share, got an empty list."),
        ([0.1, 0.1], "t: quantiles names 0.1, 0.1, one of them twice. Drop one of them."),
        ([0.0], "t: quantiles must be a number in (0, 1), got 0. Pass quantiles=[0.1, 0.5, 0.9]."),
        ([10, 90], "t: quantiles must be a number in (0, 1), got 10. Pass quantiles=[0.1, 0.9]."),
        ([float("nan")], "t: quantiles must be a number in (0, 1), got nan. Pass quantiles=[0.1, 0.5, 0.9]."),
        (["low"], "t: quantiles must be a number in (0, 1), got 'low'. Pass quantiles=[0.1, 0.5, 0.9]."),
        (10, "t: quantiles must be a number in (0, 1), got 10. Pass quantiles=[0.1]."),
        ([1e-12], "t: quantiles must lie between 1e-06 and 0.999999, got 1e-12. Pass quantiles=1e-06."),
        ([1 - 1e-9], "t: quantiles must lie between 1e-06 and 0.999999, got 0.999999999. Pass quantiles=0.999999."),
        ([0.1, 0.1 + 1e-9], "t: quantiles names 0.1, 0.1, one of them twice. Drop one of them."),
        ([0.5, 1.5], "t: quantiles must be a number in (0, 1), got 1.5. Pass quantiles=[0.1, 0.5, 0.9]."),
    ],
)
def test_bad_quantiles(quantiles: list[object], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        check_quantiles("t", quantiles)
    assert str(caught.value) == message


def test_too_far_a_quantile_is_named(model: Forecaster) -> None:
    with pytest.raises(ArgumentError) as caught:
        model.predict(level=80, quantiles=[0.01, 0.5])
    assert str(caught.value).startswith(
        "Forecaster.predict: the quantile 0.01 is an end of the interval of level 98: level 98 is beyond 95, "
    )
    with pytest.raises(ArgumentError, match=r"^Forecaster\.predict: level 98 is beyond 95"):
        model.predict(level=98, quantiles=[0.01])


def test_cross_validation() -> None:
    found = cross_validation(Forecaster(3, season=12, method="prior"), WAVE, 2, level=80, quantiles=[0.1, 0.5])
    assert (found["Elman-q-0.1"] == found["Elman-lo-80"]).all()
    assert (found["Elman-q-0.5"] == found["Elman"]).all()


def test_files_in_parts_have_the_bits_of_memory(model: Forecaster, tmp_path: Path) -> None:
    data = frame_of(WAVE, WAVE[::-1].copy())
    (tmp_path / "in").mkdir()
    data.to_parquet(tmp_path / "in" / "a.parquet", index=False)
    model.predict(str(tmp_path / "in"), quantiles=[0.1, 0.9], output=tmp_path / "out", workers=1)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out"), model.predict(data, quantiles=[0.1, 0.9]))


def test_command(tmp_path: Path) -> None:
    file, out, saved = tmp_path / "a.csv", tmp_path / "f.csv", tmp_path / "m.elman"
    days = pd.date_range("2024-01-01", periods=72, freq="MS")
    pd.DataFrame({"date": days, "sales": WAVE}).to_csv(file, index=False)
    run = CliRunner()
    asked = ["--level", "none", "--quantiles", "0.1,0.9"]
    done = run.invoke(app, ["forecast", str(file), "-n", "3", *asked, "--output", str(out), "--save", str(saved), "-q"])
    assert done.exit_code == 0, done.output
    assert list(pd.read_csv(out).columns) == ["date", "sales", "sales-q-0.1", "sales-q-0.9"]
    assert "q-0.9" in done.output
    again = run.invoke(app, ["predict", str(saved), "--output", str(tmp_path / "g.csv"), *asked])
    assert again.exit_code == 0 and (tmp_path / "g.csv").read_text() == out.read_text()
    for text, hint in (("10,90", "pass --quantiles 0.1,0.9"), ("x", "must be a share"), ("0.5,0.5", "must be a share")):
        refused = run.invoke(app, ["forecast", str(file), "-n", "3", "--quantiles", text])
        assert refused.exit_code == 2 and hint in refused.output
