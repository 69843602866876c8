"""The generated demand of the benchmark of intermittent series: fixed, of four kinds."""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_generated_demand_is_fixed_and_of_four_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from forecast_accuracy import demand

    series = demand.generate(seed=1, per_kind=3)
    assert [one.kind for one in series] == [kind for kind in demand.KINDS for _ in range(3)]
    assert all(demand.kind_of(one.known) == one.kind and len(one.future) == demand.HORIZON for one in series)
    whole = np.concatenate([np.append(one.known, one.future) for one in series])
    assert (whole >= 0).all() and (whole == np.round(whole)).all()
    assert crc32(whole.astype(np.int64).tobytes()) == 1310266810


def test_kinds_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from forecast_accuracy.demand import kind_of

    assert kind_of(np.array([3.0, 3, 3, 4])) == "smooth"
    assert kind_of(np.array([1.0, 1, 1, 9, 0])) == "erratic"  # interval 1.25, variation (2√3 / 3)² = 1.33
    assert kind_of(np.array([1.0, 0, 1, 1, 2, 0])) == "intermittent"  # interval 1.5, variation 0.12
    assert kind_of(np.array([1.0, 0, 1, 1, 9, 0])) == "lumpy"
    assert kind_of(np.array([1.0, 0, 1, 1])) is None


def test_the_default_is_better_than_methods_for_demand() -> None:
    result = json.loads((BENCHMARKS / "results" / "intermittent.json").read_text())
    own = result["elman"]["methods"]["Elman"]
    others = result["peers"]["methods"]
    assert own["delivered"] == "counts" and {"AutoETS", "Croston", "SBA", "TSB"} == {n.split(", ")[1] for n in others}
    for row in others.values():
        assert own["all"]["RMSSE"] < row["all"]["RMSSE"] and own["all"]["pinball"] < row["all"]["pinball"]


def test_true_drivers_come_before_noise() -> None:
    result = json.loads((BENCHMARKS / "results" / "importance.json").read_text())
    names = [row["input"] for row in result["inputs"]]
    assert set(names[:4]) == {"weekday", "price", "holiday", "promotion"}
    assert result["inputs"][3]["rise"] > 10 * abs(result["inputs"][names.index("noise")]["rise"])
