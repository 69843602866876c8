"""PyTorch's own table of modules: every input it lists for RNN, LSTM and GRU, forward, gradient and errors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch.testing._internal import common_modules as tables

import elman.interop.torch as ours
from interop.torch_sides import FORWARD, KINDS, assert_equal_sides, difference, flat

DTYPES = (torch.float32, torch.float64)


def entries() -> dict[str, Any]:
    return {info.name.removeprefix("nn."): info for info in tables.module_db if info.name.removeprefix("nn.") in KINDS}


def inputs(kind: str, dtype: torch.dtype, training: bool) -> list[Any]:
    """Return the module inputs of the table, packed sequences included where the table can make them."""
    info = entries()[kind]
    options = {"device": "cpu", "dtype": dtype, "requires_grad": False, "training": training}
    found = list(info.module_inputs_func(info, **options))
    if kind != "LSTM":
        packing = partial(tables.module_inputs_torch_nn_RNN_GRU, is_rnn=kind == "RNN", with_packed_sequence=True)
        found = list(packing(info, **options))
    return found


def cases(projected: bool) -> Iterator[Any]:
    for kind in KINDS:
        for dtype in DTYPES:
            for training in (False, True):
                for number, sample in enumerate(inputs(kind, dtype, training)):
                    if bool(sample.constructor_input.kwargs.get("proj_size")) == projected:
                        name = f"{kind}-{str(dtype)[6:]}-{'train' if training else 'eval'}-{number}"
                        yield pytest.param(kind, dtype, training, number, id=name)


def sample_of(kind: str, dtype: torch.dtype, training: bool, number: int) -> Any:
    torch.manual_seed(number)
    return inputs(kind, dtype, training)[number]


def test_the_table_has_the_three_modules() -> None:
    assert sorted(entries()) == sorted(KINDS)


@pytest.mark.parametrize(("kind", "dtype", "training", "number"), list(cases(projected=False)))
def test_input(kind: str, dtype: torch.dtype, training: bool, number: int) -> None:
    check(kind, dtype, training, number)


@pytest.mark.parametrize(("kind", "dtype", "training", "number"), list(cases(projected=True)))
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")  # torch.nn's own
def test_projections(kind: str, dtype: torch.dtype, training: bool, number: int) -> None:
    check(kind, dtype, training, number)


def check(kind: str, dtype: torch.dtype, training: bool, number: int) -> None:
    sample = sample_of(kind, dtype, training, number)
    arguments = sample.constructor_input
    theirs = getattr(torch.nn, kind)(*arguments.args, **arguments.kwargs, dtype=dtype).train(training)
    mine = getattr(ours, kind)(*arguments.args, **arguments.kwargs, dtype=dtype).train(training)
    mine.load_state_dict(theirs.state_dict())
    assert sample.forward_input.kwargs == {}
    assert_equal_sides(theirs, mine, sample.forward_input.args)
    if not isinstance(sample.forward_input.args[0], torch.nn.utils.rnn.PackedSequence):
        with torch.no_grad():
            expected = sample.reference_fn(mine, *sample.forward_input.args)
            found = mine(*sample.forward_input.args)
        assert difference(flat(found), flat(expected)) <= FORWARD[dtype]


def error_cases() -> Iterator[Any]:
    for kind in KINDS:
        info = entries()[kind]
        for dtype in DTYPES:
            options = {"device": "cpu", "dtype": dtype, "requires_grad": False, "training": False}
            for number, case in enumerate(info.module_error_inputs_func(info, **options)):
                yield pytest.param(kind, case, id=f"{kind}-{str(dtype)[6:]}-{number}")


@pytest.mark.parametrize(("kind", "case"), list(error_cases()))
def test_error(kind: str, case: Any) -> None:
    arguments = case.module_error_input.constructor_input
    if case.error_on is tables.ModuleErrorEnum.CONSTRUCTION_ERROR:
        with pytest.raises(case.error_type, match=case.error_regex):
            getattr(ours, kind)(*arguments.args, **arguments.kwargs)
        return
    mine = getattr(ours, kind)(*arguments.args, **arguments.kwargs)
    given = case.module_error_input.forward_input
    with pytest.raises(case.error_type, match=case.error_regex):
        mine(*given.args, **given.kwargs)
