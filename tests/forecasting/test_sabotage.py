"""One field or array of a valid file changed at a time, with a valid digest: refused at load, or no later failure."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

import elman
from elman import ElmanWarning, FileFormatError, Forecaster
from elman.persistence import dump_arrays
from forecasting.small import WAVE, frame_of, small

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

HOSTILE: list[Any] = [
    None, True, 0, 1, -1, 7, 10**9, 2**63, 10**300, 0.0, 0.5, 5e-324, 1e-30, 1e300, 1.7e308, -1e300, "", "auto",
    "months:0", "months:-3", "months:7", "months:999999999", "D", "B", "999999999D", "-1D", "0D", "100ns", "ns", "s",
    "UTC+25:00", "UTC", "log", "log1p", "scale", "none", "prior", "network", "mean", "naive", "array", "pandas", [],
    {}, [0], [7], [10**300], [[1, 2]], [1e300, 1.0], "x" * 1000,
]  # fmt: skip
IDS = ('["s0"]', '["s0","s0"]', '["s0",1.0]', '["s0",true]', "{}", '["s0"', f'["s0",{"1" * 400}]',
       "[" * 50 + "]" * 50, '["s0",' + str(2**64) + "]", '["s0","\\ud800"]')  # fmt: skip


def _models() -> dict[str, Callable[[], Forecaster]]:
    frame = frame_of(WAVE, WAVE[:50])
    zone = frame.assign(ds=frame["ds"].dt.tz_localize("Europe/Berlin"))
    middle = frame_of(WAVE, freq="MS").assign(ds=lambda f: f["ds"] + pd.Timedelta(days=14))
    relu = {"cell": "rnn", "activation": "relu"}
    return {
        "prior": lambda: Forecaster(3, method="prior", random_state=0).fit(zone),
        "integers": lambda: Forecaster(3, method="naive").fit(frame.assign(ds=frame.groupby("unique_id").cumcount())),
        "business days": lambda: Forecaster(3, method="naive").fit(frame_of(WAVE, WAVE[:50], freq="B")),
        "months": lambda: small(intervals=6, **relu).fit(middle),
        "updated": lambda: small(intervals=6).fit([WAVE - 22, WAVE[:40] - 22]).update([np.ones(2), np.zeros(0)]),
        "channels": lambda: small().fit(np.stack([WAVE, WAVE - 22], axis=1)),
        "covariates": lambda: small(past_covariates=["price"]).fit(frame_of(WAVE, price=lambda row: row % 3 * 1.0)),
    }


def _fields(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield (*way, key)
        if isinstance(value, dict | list):
            yield from _fields(value, (*way, key))


def _changed_fields(metadata: dict[str, Any], share: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Change every field to every eighteenth value, others for each model."""
    for number, way in enumerate(_fields(metadata)):
        for value in HOSTILE[(number + 3 * share) % 18 :: 18]:
            changed: Any = copy.deepcopy(metadata)
            part = changed
            for key in way[:-1]:
                part = part[key]
            part[way[-1]] = value
            yield f"{way} = {value!r:.40}", changed


def _changed_arrays(arrays: Arrays) -> Iterator[tuple[str, Arrays]]:
    for name, array in arrays.items():
        others = {"shorter": array[1:], "flat": array.ravel(), "row": array.reshape(1, -1)}
        others |= {"reversed": array.ravel()[::-1].reshape(array.shape), "int32": array.astype(np.int32)}
        if array.dtype.kind == "f":
            numbers: Any = (0, -1, 5e-324, 1e-310, 1e18, 1e30, -1e30, 1e300, 1.7e308)
        else:
            numbers = (0, 1, -1, 255, 2**31, 2**62, 2**63 - 1, -(2**63))
        for number in numbers:
            for where in (slice(-1, None), slice(None)):
                with np.errstate(all="ignore"):
                    other = array.ravel().copy()
                    other[where] = np.array(number).astype(array.dtype)
                if np.isfinite(other).all():
                    others[f"{where} {number}"] = other.reshape(array.shape)
        if name == "ids":
            others |= {text[:30]: np.frombuffer(text.encode(), np.uint8) for text in IDS}
        for what, other in others.items():
            yield f"{name}: {what}", {**arrays, name: np.ascontiguousarray(other)}


def _outcome(path: Path, arrays: Arrays, metadata: dict[str, Any]) -> str:
    path.write_bytes(dump_arrays(arrays, metadata))
    try:
        model = elman.load(path)
    except FileFormatError:
        return "refused"
    except Exception as error:
        return f"load: {error!r:.200}"
    try:
        answer = model.predict(level=60 if model._fitted.method.levels_within([60]) else None)
    except Exception as error:
        return f"predict: {error!r:.200}"
    return "" if np.isfinite(_numbers(answer)).all() else "not finite"


def _numbers(answer: Any) -> Array:
    if hasattr(answer, "columns"):
        columns = [name for name in answer.columns if name.startswith("Elman")]
        return np.concatenate([np.asarray(answer[name], dtype=np.float64) for name in columns])
    if isinstance(answer, dict | list):
        return np.concatenate([_numbers(own) for own in (answer.values() if isinstance(answer, dict) else answer)])
    return np.asarray(answer, dtype=np.float64).ravel()


@pytest.mark.parametrize("name", _models())
def test_every_field_and_array_is_looked_at(name: str, tmp_path: Path) -> None:
    arrays, metadata = _models()[name]().to_arrays()
    assert _outcome(tmp_path / "model", arrays, metadata) == ""
    failed = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ElmanWarning)
        warnings.simplefilter("ignore", FutureWarning)  # of pandas 2, about aliases that pandas 3 refuses
        for what, changed in _changed_fields(metadata, list(_models()).index(name)):
            failed[what] = _outcome(tmp_path / "model", arrays, changed)
        for what, other in _changed_arrays(arrays):
            failed[what] = _outcome(tmp_path / "model", other, metadata)
    assert {what: outcome for what, outcome in failed.items() if outcome not in ("", "refused")} == {}
