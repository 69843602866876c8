"""Forecasters in files: the same bits after loading, and refusal of inconsistent contents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman import ArgumentError, FileFormatError, Forecaster, Network
from elman.persistence import save_arrays
from forecasting.small import WAVE, frame_of, small


@pytest.mark.parametrize("kind", ["array", "list", "frame", "zone", "integers", "polars", "months"])
def test_saved_forecaster_forecasts_the_same_bits(kind: str, tmp_path: Path) -> None:
    frame = frame_of(WAVE, WAVE[:50])
    data: Any = {
        "array": WAVE,
        "list": [WAVE, WAVE[:30]],
        "frame": frame,
        "zone": frame.assign(ds=frame["ds"].dt.tz_localize("Europe/Berlin")),
        "integers": frame.assign(ds=frame.groupby("unique_id").cumcount() * 2),
        "polars": pl.DataFrame({"unique_id": [1] * 60, "ds": np.arange(60), "y": WAVE}),
        "months": frame_of(WAVE, freq="MS").assign(ds=lambda f: f["ds"] + pd.Timedelta(days=14)),
    }[kind]
    model = small(horizon=4).fit(data)
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    assert isinstance(again, Forecaster)
    assert again.get_params() == model.get_params()
    assert (again.seasons_, again.window_, again.updates_, again.freq_) == (
        model.seasons_, model.window_, model.updates_, model.freq_,
    )  # fmt: skip
    for one, other in ((model.predict(), again.predict()), (model.predict(data), again.predict(data))):
        if kind in ("array", "list"):
            assert np.array_equal(one, other)
        else:
            assert one.equals(other)


def test_saved_filled_values_and_scales(tmp_path: Path) -> None:
    holes = WAVE - 22
    holes[-2] = np.nan
    model = small(missing="interpolate").fit(holes)
    model.save(tmp_path / "model")
    assert np.array_equal(Forecaster.load(tmp_path / "model").predict(), model.predict())


def test_a_saved_frequency_in_months_fits_again(tmp_path: Path) -> None:
    frame = frame_of(WAVE, freq="MS").assign(ds=lambda f: f["ds"] + pd.Timedelta(days=14))
    model = Forecaster(2, freq=pd.DateOffset(months=1), method="naive").fit(frame)
    model.save(tmp_path / "model")
    again = elman.load(tmp_path / "model")
    assert again.freq == pd.DateOffset(months=1)
    assert again.fit(frame).predict().equals(model.predict())


def test_files_that_hold_something_else(tmp_path: Path) -> None:
    path = tmp_path / "model"
    save_arrays(path, {"theta": np.zeros(3)}, {"kind": "network"})
    with pytest.raises(FileFormatError) as other:
        Forecaster.load(path)
    assert str(other.value) == f"{path}: holds a network, not a forecaster."


def _change(name: str, value: Any) -> Any:
    def act(arrays: dict[str, Any], metadata: dict[str, Any]) -> None:
        part: Any = metadata
        *way, last = name.split(".")
        for key in way:
            part = part[key]
        part[last] = value

    return act


CHANGES = {
    "kind of data": _change("data.kind", "sql"),
    "frequency": _change("data.frequency", "fortnight"),
    "frequency of no number": _change("data.frequency", "months:none"),
    "unit": _change("unit", 0.0),
    "updates": _change("updates", "many"),
    "parameter unknown": _change("parameters.shell", "sh"),
    "parameter under two names": _change("parameters.level", "season"),
    "parameter wrong": _change("parameters.cell", "transformer"),
    "window of the recipe": _change("recipe.window", 6),
    "seasons": _change("recipe.seasons", []),
    "center": _change("recipe.center", 10**9),
    "transform": _change("recipe.transform", "eval"),
    "horizon of the recipe": _change("recipe.horizon", 2),
    "horizon of the parameters": _change("parameters.horizon", 10**9),
    "carry": _change("recipe.carry", True),
    "recipe a list": _change("recipe", []),
    "parameters a text": _change("parameters", "none"),
    "scales": lambda arrays, metadata: arrays.update(scales=np.zeros(1)),
    "offsets": lambda arrays, metadata: arrays.update(offsets=np.array([0, 5])),
    "offsets falling": lambda arrays, metadata: arrays.update(offsets=np.array([0, 20, 5, 12])),
    "values missing": lambda arrays, metadata: arrays.pop("values"),
    "values of floats": lambda arrays, metadata: arrays.update(values=arrays["values"].astype(np.float32)),
    "times": lambda arrays, metadata: arrays.update(times=arrays["times"][1:].copy()),
    "ids": lambda arrays, metadata: arrays.update(ids=np.frombuffer(b"[1, 2, 3]", np.uint8).copy()),
    "ids no JSON": lambda arrays, metadata: arrays.update(ids=np.frombuffer(b"[1, 2", np.uint8).copy()),
    "ids deeply nested": lambda arrays, metadata: arrays.update(ids=np.frombuffer(b"[" * 100_000, np.uint8).copy()),
    "zone empty": _change("data.zone", ""),
    "zone a number": _change("data.zone", 1),
    "zone unknown": _change("data.zone", "Europe/Atlantis"),
    "zone a file": _change("data.zone", "dateutil//etc/localtime"),
    "zone of this machine": _change("data.zone", "tzlocal()"),
    "zone a folder": _change("data.zone", "Europe"),
    "zone above the folder": _change("data.zone", "../zoneinfo/UTC"),
    "frequency an integer beside dates": _change("data.frequency", 1),
    "frequency that stands still": _change("data.frequency", "0D"),
    "frequency that goes back": _change("data.frequency", "-1D"),
    "frequency beyond all dates": _change("data.frequency", "999999999YS"),
    "frequency of no months": _change("data.frequency", "months:0"),
    "frequency of months back": _change("data.frequency", "months:-3"),
    "frequency that the times do not have": _change("data.frequency", "MS"),
    "frequency of a list": _change("data.frequency", ["D"]),
    "no unit beside dates": _change("data.unit", None),
    "another unit": _change("data.unit", "s"),
    "intervals without residuals": _change("parameters.intervals", 3),
    "unit of the smallest number": _change("unit", 5e-324),
    "seasons of another fit": _change("seasons", [5]),
    "times falling": lambda arrays, metadata: arrays.update(times=arrays["times"][::-1].copy()),
    "times equal": lambda arrays, metadata: arrays["times"].__setitem__(-1, arrays["times"][-2]),
    "times with a gap": lambda arrays, metadata: arrays["times"].__setitem__(-1, arrays["times"][-1] * 2),
    "times of the year 0": lambda arrays, metadata: arrays["times"].__setitem__(0, -(2**63)),
    "values without a logarithm": lambda arrays, metadata: arrays["values"].__setitem__(-1, 0.0),
    "values beyond float32": lambda arrays, metadata: arrays["values"].__setitem__(-1, 1e39),
    "scales of nothing": lambda arrays, metadata: arrays.update(scales=np.full(2, 1e-300)),
    "weights that multiply up": lambda arrays, metadata: arrays["theta"].__imul__(1e17),
    "ids twice": lambda arrays, metadata: arrays.update(ids=np.frombuffer(b'["s0", "s0"]', np.uint8).copy()),
    "ids of many digits": lambda arrays, metadata: arrays.update(
        ids=np.frombuffer(b'["s0", %s]' % (b"1" * 5000), np.uint8).copy()
    ),
    "ids nested": lambda arrays, metadata: arrays.update(ids=np.frombuffer(b"[[1]]", np.uint8).copy()),
    "no network": lambda arrays, metadata: arrays.update(theta=arrays["theta"][:0].copy()),
    "layers": lambda arrays, metadata: [
        metadata["architecture"].update(num_layers=10**9),
        metadata["parameters"].update(num_layers=10**9),
    ],
}


@pytest.mark.parametrize("name", CHANGES)
def test_contents_that_do_not_fit_are_refused(name: str, tmp_path: Path) -> None:
    arrays, metadata = small(cell="rnn", activation="relu").fit(frame_of(WAVE, WAVE[:50])).to_arrays()
    arrays = {key: array.copy() for key, array in arrays.items()}
    CHANGES[name](arrays, metadata)
    path = tmp_path / "model"
    save_arrays(path, arrays, metadata)
    with pytest.raises(FileFormatError) as caught:
        elman.load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_networks_are_networks() -> None:
    model = small().fit(WAVE)
    assert all(isinstance(network, Network) for network in model.networks_)
    assert model.networks_[0].architecture.output_size == 3


def test_names_that_cannot_be_saved(tmp_path: Path) -> None:
    model = small().fit(frame_of(WAVE).assign(unique_id=pd.Timestamp("2024-01-01")))
    with pytest.raises(ArgumentError, match=r"^Forecaster.save: unique_id must be text or integers to be saved"):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
