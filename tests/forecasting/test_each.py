"""A forecaster of its own for every series."""

from __future__ import annotations

import _thread
import time

import joblib
import pandas as pd
import polars as pl
import pytest

from elman import Forecaster
from elman.errors import ArgumentError, DataError
from elman.forecasting import fit_each
from elman.training import Trainer
from elman.training.jobs import stopping
from forecasting.small import WAVE, small

NAMES = ("b", "a", "c")


def frame() -> pd.DataFrame:
    """Return three series of unequal length, in another order than that of their names."""
    parts = []
    for size, name in enumerate(NAMES):
        dates = pd.date_range("2020-01-01", periods=40 + size, freq="MS")
        parts.append(pd.DataFrame({"unique_id": name, "ds": dates, "y": WAVE[: 40 + size] * (1 + size)}))
    return pd.concat(parts, ignore_index=True)


def bits(model: Forecaster) -> list[bytes]:
    return [network.theta.tobytes() for network in model.networks_]


@pytest.mark.parametrize("n_threads", [1, 2, None])
def test_every_series_has_the_model_of_a_fit_of_its_own(n_threads: int | None) -> None:
    data = frame()
    model = small(updates=5)
    alone = {name: model.unfitted().fit(data[data["unique_id"] == name]) for name in NAMES}
    models = fit_each(model.set_params(n_threads=n_threads), data)
    assert list(models) == list(NAMES)
    assert not hasattr(model, "networks_")
    for name, own in models.items():
        assert bits(own) == bits(alone[name])
        pd.testing.assert_frame_equal(own.predict(), alone[name].predict())
        assert own.get_params() == model.get_params()
    assert len({tuple(bits(own)) for own in models.values()}) == 3


def test_polars_and_lists() -> None:
    data, model = frame(), small(updates=3)
    expected = fit_each(model, data)
    for name, own in fit_each(model, pl.from_pandas(data)).items():
        assert bits(own) == bits(expected[name])
    series = [own["y"].to_numpy() for _, own in data.groupby("unique_id", sort=False)]
    listed = fit_each(model, series)
    assert list(listed) == [0, 1, 2]
    assert bits(listed[2]) == bits(model.unfitted().fit(series[2]))


def test_workers_of_joblib() -> None:
    data, model = frame(), small(updates=3)
    expected = fit_each(model, data)
    with joblib.parallel_config("threading", n_jobs=2):
        for name, own in fit_each(model, data).items():
            assert bits(own) == bits(expected[name])


def test_refused() -> None:
    with pytest.raises(DataError) as caught:
        fit_each(small(), frame().drop(columns="unique_id"))
    assert str(caught.value) == (
        "fit_each: data must be a list of series or a frame with the column unique_id, got DataFrame."
    )
    for data, given in ((WAVE, "ndarray"), ([1.0, 2.0], "a list of numbers"), ([], "an empty list")):
        with pytest.raises(DataError, match=f"got {given}"):
            fit_each(small(), data)
    with pytest.raises(ArgumentError, match="fit_each: n_threads must be an integer of at least 1, got 0"):
        fit_each(small(n_threads=0), [WAVE])
    with pytest.raises(DataError, match=r"^fit_each: series 1: Forecaster\.fit: .* has 3 values"):
        fit_each(small(window=5), [WAVE, WAVE[:3]])


def test_ctrl_c_keeps_the_models_that_are_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, sizes = Trainer._next_updates, (60, 55, 50, 45)

    def press(trainer: Trainer, last: int) -> None:
        """Press Ctrl-C while the third series is trained."""
        if len(trainer.batches.values) < 55:  # type: ignore[attr-defined]
            _thread.interrupt_main()
            while not stopping():
                time.sleep(0.001)
        usual(trainer, last)

    monkeypatch.setattr(Trainer, "_next_updates", press)
    model = small(updates=3, n_threads=1)
    with pytest.raises(KeyboardInterrupt) as caught:
        fit_each(model, [WAVE[:size] for size in sizes])
    finished = caught.value.fitted  # type: ignore[attr-defined]
    assert list(finished) == [0, 1]
    assert bits(finished[1]) == bits(model.unfitted().fit(WAVE[:55]))
