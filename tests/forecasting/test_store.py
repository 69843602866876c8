"""What a fit reads: the sample it chooses on, and the series that its random stretches are drawn from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from elman import Forecaster
from elman.forecasting import store as store_module
from elman.forecasting.panel import Panel
from elman.forecasting.store import MOST_SAMPLED, PanelStore, Piece, rank, sampled
from forecasting.small import frame_of, small

COUNT = 2300
LENGTHS = 12 + np.arange(COUNT) % 9
RNG = np.random.default_rng(0)
SERIES = [20 + np.tile([0.0, 3.0, 1.0, -4.0], 5)[:n] + RNG.standard_normal(n) for n in LENGTHS]
IDS = np.repeat([f"s{i:04}" for i in range(COUNT)], LENGTHS)


def frame(series: list[np.ndarray] = SERIES) -> pd.DataFrame:
    steps = np.concatenate([np.arange(n) for n in LENGTHS])
    return pd.DataFrame({"unique_id": IDS, "ds": steps, "y": np.concatenate(series)})


def weights(model: Forecaster) -> bytes:
    return b"".join(network.theta.tobytes() for network in model.networks_)


def many(count: int) -> Panel:
    return Panel(np.arange(float(count)), np.arange(count + 1), "pandas", pd.Index([f"s{i}" for i in range(count)]))


def test_up_to_2000_series_are_their_own_sample() -> None:
    for count in (1, MOST_SAMPLED):
        store = PanelStore.of(many(count), "error", 1)
        assert store.sample is store
        assert store.rows.tolist() == list(range(count))


def test_of_more_series_the_sample_depends_on_names_alone() -> None:
    store = PanelStore.of(many(5000), "error", 1)
    assert len(store.sample.panel) == MOST_SAMPLED == 2000
    names = set(store.sample.panel.ids)
    assert sorted(store.sample.panel.values) == store.sample.panel.values.tolist() == store.sample.rows.tolist()
    order = RNG.permutation(5000)
    assert set(PanelStore.of(many(5000).select(order), "error", 1).sample.panel.ids) == names
    fewer = PanelStore.of(many(4000), "error", 1).sample.panel.ids
    assert names & {f"s{i}" for i in range(4000)} <= set(fewer)  # a series leaves only for another
    assert 750 < np.count_nonzero(store.sample.rows < 2000) < 850  # of 2000 in 5000, 800 on average
    assert rank(["s0", 0, "0"]).tolist() == [14375545167596683321, 5477686107919761789, 5800799980676227123]


def test_series_without_names_are_sampled_by_position() -> None:
    panel = Panel(np.arange(3000.0), np.arange(3001), "list")
    assert np.array_equal(sampled(panel), np.sort(np.argsort(rank(range(3000)))[:2000]))


def test_missing_values_of_the_sample_stay_missing() -> None:
    values = np.arange(6000.0)
    values[1::2] = np.nan
    store = PanelStore.of(Panel(values, np.arange(0, 6001, 2), "list"), "interpolate", 1)
    assert np.isnan(store.sample.raw.values).sum() == 2000
    np.testing.assert_array_equal(store.sample.panel.values, np.repeat(store.sample.rows * 2.0, 2))


def test_only_series_of_the_sample_and_of_the_draws_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other values of any other series give the same networks and intervals."""
    read: set[int] = set()
    usual = PanelStore.pieces

    def pieces(self: PanelStore, rows: np.ndarray) -> Iterator[Piece]:
        if len(self.panel) == COUNT:
            read.update(rows.tolist())
        return usual(self, rows)

    monkeypatch.setattr(PanelStore, "pieces", pieces)
    model = small(2, intervals="auto", batch_size=8).fit(frame())
    assert 0 < len(read) <= 6 * 8 * 2  # updates, batch, networks
    sample = set(sampled(Panel(np.zeros(COUNT), np.arange(COUNT + 1), "pandas", pd.Index(np.unique(IDS)))).tolist())
    others = [s for s in range(COUNT) if s not in sample | read]
    assert len(others) > 100
    changed = list(SERIES)
    for s in others:
        changed[s] = SERIES[s] * 2 + 5
    again = small(2, intervals="auto", batch_size=8).fit(frame(changed))
    assert weights(again) == weights(model)
    np.testing.assert_array_equal(again._fitted.network.residuals.values, model._fitted.network.residuals.values)
    first = min(read - sample)
    changed[first] = SERIES[first] + np.arange(LENGTHS[first])
    assert weights(small(2, batch_size=8).fit(frame(changed))) != weights(model)


def test_the_check_of_a_sample_is_in_the_order_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MOST_SAMPLED", 5)
    data = frame_of(*SERIES[:9])
    order = [f"s{i}" for i in (4, 7, 1, 0, 8, 3, 2, 6, 5)]
    mixed = pd.concat([data[data["unique_id"] == name] for name in order])
    one, other = (Forecaster(2, season=4, method="naive", cutoffs=3).fit(each) for each in (data, mixed))
    a, b = one._fitted.comparison, other._fitted.comparison
    assert a is not None and a.past.panel.ids is not None
    assert b is not None and b.past.panel.ids is not None
    names = b.past.panel.ids.tolist()
    assert names == [name for name in order if name in set(a.past.panel.ids)]
    assert len(names) == 5
    np.testing.assert_array_equal(b.errors["naive"], a.errors["naive"][a.past.panel.ids.get_indexer(names)])
