"""Folders of Parquet files: forecast part by part into a folder, found columns, one message for what cannot be done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cli.commands import QUICK, files
from elman import Forecaster
from elman.cli.app import app
from elman.errors import DataError
from elman.partitions import found_names, schema_of

FRAME = pd.DataFrame(
    {
        "shop": np.repeat(["north", "south", "west"], 24),
        "month": np.tile(pd.date_range("2022-01-01", periods=24, freq="MS"), 3),
        "sold": 20 + np.arange(72.0) % 12,
        "note": "x",
    }
)
USUAL = FRAME.rename(columns={"shop": "unique_id", "month": "ds", "sold": "y"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number, (_, rows) in enumerate(FRAME.groupby("shop")):
        rows.to_parquet(tmp_path / "in" / f"{number}.parquet")
    return tmp_path


@pytest.fixture
def model(folder: Path) -> Path:
    Forecaster(3, method="seasonal naive").fit(USUAL).save(folder / "model")
    return folder / "model"


def test_predict_writes_a_folder_with_the_columns_of_the_files(
    run: Callable[..., Any], folder: Path, model: Path
) -> None:
    done = run("predict", model, folder / "in", "--id", "shop", "--output", folder / "out", "--workers", 1)
    assert (done.exit_code, done.stdout) == (
        0,
        f'Delivered: seasonal naive (the method "seasonal naive" was asked for).\nForecast: {folder}/out, 1 file.\n',
    )
    assert done.stderr == f"{folder}/in: 3 files, 72 rows; time is 'month', target is 'sold', series by 'shop'.\n"
    expected = Forecaster.load(model).predict(USUAL, level=[80, 95])
    found = pd.read_parquet(folder / "out")
    assert found.columns.tolist() == [
        "shop",
        "month",
        "sold",
        *(f"sold-{e}" for e in ("lo-80", "hi-80", "lo-95", "hi-95")),
    ]
    assert found.set_axis(expected.columns, axis=1).equals(expected)
    assert files(folder) == ["in", "model", "out"]


def test_a_bad_series_ends_the_run_or_is_listed(run: Callable[..., Any], folder: Path, model: Path) -> None:
    FRAME[24:48].assign(sold=np.inf).to_parquet(folder / "in" / "1.parquet")
    words = "predict", model, f"{folder}/in/*.parquet", "--id", "shop", "--level", "none", "--output", folder / "out"
    done = run(*words, "--quiet", "--workers", 1)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: elman predict: {folder}/in/1.parquet, row group 1, row 1: "
        "'sold' is inf in series 'south' at 2022-01-01 00:00:00; every value must be finite. "
        "Leave out such series and list them with --errors collect and --resume.\n"
    )
    assert files(folder) == ["in", "model"]
    done = run(*words, "--errors", "collect", "--resume", "--quiet", "--workers", 1)
    assert done.stdout.splitlines()[-2:] == [
        f"Forecast: {folder}/out, 1 file.",
        f"Left out: 1 series, listed with the reasons in {folder}/out/_errors.parquet.",
    ]
    assert pd.read_parquet(folder / "out")["shop"].unique().tolist() == ["north", "west"]
    words = "forecast", folder / "in", "--id", "shop", "-n", 3, "--method", "naive", "--errors", "collect"
    done = run(*words, "--workers", 1, "--output", folder / "fitted")
    assert done.exit_code == 0
    assert done.stderr.splitlines()[1] == (
        "Warning: elman forecast: 1 series that cannot be used are left out, the first because of "
        f"{folder}/in/1.parquet, row group 1, row 1: 'sold' is inf in series 'south' at 2022-01-01 00:00:00; every "
        "value must be finite."
    )
    assert len(pd.read_parquet(folder / "fitted" / "_errors.parquet")) == 1


def test_forecast_fits_and_forecasts_a_folder(folder: Path) -> None:
    def elman(*words: Any) -> Any:
        return CliRunner().invoke(app, [str(word) for word in words])

    words = "forecast", folder / "in", "--id", "shop", "-n", 3, "--season", 4, "--output", folder / "out", "--quiet"
    done = elman(*words, "--save", folder / "model", "--workers", 1)
    assert done.exit_code == 0, done.stderr
    model = Forecaster(3, season=4).fit(USUAL)
    expected, found = model.predict(level=[80, 95]), pd.read_parquet(folder / "out")
    assert found.set_axis(expected.columns, axis=1).equals(expected)
    assert model.check_ is not None and model.check_.verdict in done.stdout
    assert done.stdout.endswith(f"Forecast: {folder}/out, 1 file.\n")
    again = elman("predict", folder / "model", folder / "in", "--output", folder / "again", "--quiet", "--workers", 1)
    assert again.exit_code == 0, again.stderr
    assert pd.read_parquet(folder / "again").equals(found)
    assert elman(*words).stderr.startswith(f"Error: elman forecast: {folder}/out exists.")
    assert elman(*words, "--resume").exit_code == 0


def test_covariates_known_ahead_are_those_of_the_folder_of_future_rows(run: Callable[..., Any], folder: Path) -> None:
    for path in (folder / "in").iterdir():
        frame = pd.read_parquet(path)
        frame.assign(price=np.arange(24.0) % 5, heat=np.arange(24.0) % 3).to_parquet(path)
    (folder / "week").mkdir()
    ahead = pd.concat([FRAME.groupby("shop").tail(3).assign(month=lambda f: f["month"] + pd.DateOffset(months=3))])
    ahead[["shop", "month"]].assign(price=1.0).to_parquet(folder / "week" / "0.parquet")
    words = "forecast", folder / "in", "--id", "shop", "--target", "sold", "-n", 3, *QUICK, "--covariates", "heat"
    more = "--future", folder / "week", "--output", folder / "out", "--workers", 1, "--save", folder / "model"
    done = run(*words, "--backtest", 0, "--level", "none", *more)
    assert done.exit_code == 0, done.stderr
    model = Forecaster.load(folder / "model")
    assert (model.past_covariates, model.future_covariates) == (["heat"], ["price"])
    assert len(pd.read_parquet(folder / "out")) == 9
    assert run(*words, "--future", folder / "in" / "..", "--output", folder / "other").exit_code == 1


REFUSED = {
    "{in}": (2, "{in}: the forecast of a folder is written to a folder; name it with --output."),
    "{in} --id shop --output {in}": (2, "elman predict: {in} exists. Pass another --output, or remove it first."),
    "{in} --output out --decimal ,": (2, "{in}: is a folder; --decimal does not go with it."),
    "sunspots --workers 2": (2, "sunspots: is no folder; --workers does not go with it."),
    "--resume": (2, "without a folder; --resume does not go with it."),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_go_together(words: str, run: Callable[..., Any], folder: Path, model: Path) -> None:
    code, said = REFUSED[words]
    done = run("predict", model, *words.replace("{in}", f"{folder}/in").split(), "--quiet")
    assert (done.exit_code, done.stderr) == (code, f"Error: {said}\n".replace("{in}", f"{folder}/in"))


@pytest.mark.parametrize(
    ("option", "value"), [("--plot", "p.png"), ("--categories", "note"), ("--checkpoint", "c"), ("--decimal", ",")]
)
def test_forecast_refuses_what_a_folder_has_not(option: str, value: str, run: Callable[..., Any], folder: Path) -> None:
    done = run("forecast", folder / "in", "-n", 3, "--output", folder / "out", option, value)
    assert (done.exit_code, done.stderr) == (2, f"Error: {folder}/in: is a folder; {option} does not go with it.\n")


def test_a_file_of_static_covariates(run: Callable[..., Any], folder: Path) -> None:
    shops = folder / "shops.csv"
    shops.write_text("shop,kind,size\nnorth,mall,1\nsouth,corner,2.5\nwest,mall,3\neast,airport,9\n")
    words = ["-n", 3, *QUICK, "--backtest", 0, "--level", "none", "--static", shops, "--output"]
    named = ["--id", "shop", "--save", folder / "m", "--workers", 1]
    done = run("forecast", folder / "in", *words, folder / "out", *named)
    assert done.exit_code == 0, done.stderr
    table = pd.read_csv(shops).rename(columns={"shop": "unique_id"})
    own = Forecaster(3, method="network", window=5, season=4, static_covariates=["kind", "size"], random_state=0)
    expected = own.fit(USUAL.drop(columns="note"), static_df=table).predict()["Elman"].tolist()
    assert pd.read_parquet(folder / "out")["sold"].tolist() == expected
    again = ["predict", folder / "m", folder / "in", "--level", "none", "--workers", 1]
    assert run(*again, "--static", shops, "--output", folder / "two").exit_code == 0
    assert pd.read_parquet(folder / "two")["sold"].tolist() == expected
    refused = run(*again, "--output", folder / "three")
    assert (refused.exit_code, refused.stderr.splitlines()[-1]) == (
        2,
        (
            "Error: elman predict: the static covariates kind, size are no columns of the data. "
            "Pass --static, with a row of kind, size for every series."
        ),
    )


def test_row_labels_of_pandas_are_no_values(tmp_path: Path) -> None:
    """A frame whose rows were joined or selected has an index that pandas writes as a further column."""
    pd.concat([FRAME, FRAME]).drop(columns="note").to_parquet(tmp_path / "a.parquet")
    assert "__index_level_0__" in pq.read_schema(tmp_path / "a.parquet").names
    schema = schema_of("a", tmp_path)
    assert schema.names == ["shop", "month", "sold"]
    assert found_names("a", schema, None, None, None).targets == ("sold",)


def test_columns_are_found_by_name_or_type() -> None:
    def found(*columns: tuple[str, Any], **given: Any) -> Any:
        names = {"time": None, "target": None, "series": None} | given
        own = found_names("in", pa.schema(columns), **names)
        return own.ids, own.time, own.targets

    when, text = pa.timestamp("us"), pa.dictionary(pa.int8(), pa.string())
    assert found(("a", text), ("b", when), ("c", pa.float32())) == (("a",), "b", ("c",))
    assert found(("id", pa.int64()), ("step", pa.int64()), ("Sales", pa.int8()), ("c", pa.float32())) == (
        ("id",),
        "step",
        ("Sales",),
    )
    assert found(("a", text), ("b", when), ("c", pa.int8()), ("d", pa.int8()), target="d") == (("a",), "b", ("d",))
    for columns, given, said in (
        ((("a", text), ("b", when), ("c", when)), {}, r"several columns could hold the times \(b, c\)"),
        ((("a", text), ("b", when), ("c", text)), {}, "several columns could hold the names of the series"),
        ((("a", text), ("b", when)), {}, r"no column holds the values to forecast \(columns: a, b\)\. Name it with ta"),
        ((("a", text), ("b", when)), {"target": "y"}, "there is no column 'y'; the columns are a, b"),
    ):
        with pytest.raises(DataError, match=said):
            found(*columns, **given)


def test_one_option_decides_where_parts_are_forecast(run: Callable[..., Any], folder: Path, model: Path) -> None:
    done = run(
        *("predict", model, folder / "in", "--id", "shop", "--output", folder / "out"),
        *("--workers", 1, "--dask", "tcp://127.0.0.1:1"),
    )
    assert done.exit_code == 2
    assert "--workers, --dask, --ray: one of them decides where the parts are forecast." in done.stderr
    assert not (folder / "out").exists()
    table = run("predict", model, folder / "in" / "0.parquet", "--ray", "auto")
    assert table.exit_code == 2 and "--ray" in table.stderr
