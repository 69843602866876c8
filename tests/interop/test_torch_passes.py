from __future__ import annotations

import gc
import sys
from typing import Any

import numpy as np
import pytest

import elman.interop.torch
from elman import MissingExtraError
from elman.interop.torch.memory import Pool
from elman.interop.torch.passes import backward, forward
from interop.torch_oracle import SINGLE, read
from tolerances import assert_close

FLOAT32 = np.dtype(np.float32)


def run(case: str) -> tuple[dict[str, Any], Any, Any]:
    """Return PyTorch's arrays of a single layer, our states, and our gradients."""
    oracle = read(case)
    weights = read(case, "weights")
    names = [f"body.{name}_l0" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    cell = case.split("-")[0]
    given = [weights[name] for name in names if name in weights]
    c_0 = oracle["c_0"][0] if "c_0" in oracle else None
    states = forward(cell, oracle["x"], oracle["h_0"][0], c_0, given, None, True, 1)
    adjoints = (oracle["dy"], oracle["dh_n"][0], oracle["dc_n"][0] if "dc_n" in oracle else None)
    return oracle, states, backward(cell, adjoints, oracle["x"], states, None, True, True, len(given) == 4, 1)


@pytest.mark.parametrize("case", SINGLE)
def test_states_are_those_of_torch(case: str) -> None:
    oracle, states, _ = run(case)
    assert_close(states.h[1:], oracle["y"], "oracle")
    if states.c is not None:
        assert_close(states.c[-1], oracle["c_n"][0], "oracle")


@pytest.mark.parametrize("case", SINGLE)
def test_gradients_are_those_of_torch(case: str) -> None:
    oracle, _, gradients = run(case)
    assert_close(gradients.dx, oracle["dx"], "gradients")
    assert_close(gradients.dh_0, oracle["dh_0"][0], "gradients")
    if gradients.dc_0 is not None:
        assert_close(gradients.dc_0, oracle["dc_0"][0], "gradients")
    expected = read(case, "gradients")
    assert len(gradients.parameters) == len(expected)
    for (name, theirs), ours in zip(expected.items(), gradients.parameters, strict=True):
        assert ours.flags.c_contiguous
        assert_close(ours, theirs, "gradients", name=name)


def test_freed_memory_is_used_again_and_memory_in_use_is_not() -> None:
    pool = Pool()
    first, second = (pool.empty((100, 1000), FLOAT32) for _ in range(2))
    assert not np.shares_memory(first, second)
    assert first.ctypes.data % 64 == 0
    view = first[5:7].T
    del first
    third = pool.empty((100, 1000), FLOAT32)
    assert not np.shares_memory(third, view)
    place = view.base.ctypes.data
    del view
    gc.collect()
    assert pool.kept == 458752  # 400,000 bytes, rounded up to seven eighths of 2**19
    assert pool.empty((1000, 100), FLOAT32).ctypes.data == place


def test_no_more_memory_is_kept_than_agreed() -> None:
    pool = Pool(most=300_000)
    arrays = [pool.empty((1 << 17,), np.dtype(np.uint8)) for _ in range(3)]
    del arrays
    assert pool.kept == 1 << 17
    pool.empty((1 << 20,), np.dtype(np.uint8))
    assert pool.kept == 0


def test_small_arrays_come_from_the_system() -> None:
    pool = Pool()
    pool.empty((10, 10), FLOAT32)
    assert pool.kept == 0


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN", "Model"])
def test_modules_say_what_they_need(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(elman.interop.torch), name, raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=rf"^elman.interop.torch.{name}: needs the package torch; "):
        getattr(elman.interop.torch, name)


def test_there_is_nothing_else() -> None:
    with pytest.raises(AttributeError, match=r"module 'elman.interop.torch' has no attribute 'Linear'"):
        elman.interop.torch.Linear  # noqa: B018
    assert {"LSTM", "GRU", "RNN", "from_torch"} <= set(dir(elman.interop.torch))
