"""What a training script relies on beside outputs and gradients."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import elman.interop.torch as ours
from elman.errors import UnsupportedError
from elman.interop.torch import functions
from interop.torch_sides import KINDS, assert_equal_sides, flat, pair

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", KINDS)
def test_constructor_parameters_and_starting_values_are_those_of_torch(kind: str) -> None:
    options = {"num_layers": 2, "bidirectional": True, "batch_first": True, "dropout": 0.1}
    torch.manual_seed(3)
    theirs = getattr(torch.nn, kind)(4, 5, **options)
    torch.manual_seed(3)
    mine = getattr(ours, kind)(4, 5, **options)
    assert isinstance(mine, getattr(torch.nn, kind))
    assert repr(mine) == repr(theirs)
    for (name, parameter), (their_name, their_parameter) in zip(
        mine.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert name == their_name
        assert torch.equal(parameter, their_parameter)


@pytest.mark.parametrize("kind", KINDS)
def test_copies_files_and_state_dicts(kind: str, tmp_path: Path) -> None:
    theirs, mine = pair(kind, 3, 4, 2, bidirectional=True)
    x = torch.randn(5, 2, 3)
    expected = flat(mine(x))
    file = io.BytesIO()
    torch.save(mine, file)
    file.seek(0)
    copies = [copy.deepcopy(mine), pickle.loads(pickle.dumps(mine)), torch.load(file, weights_only=False)]
    for other in copies:
        assert type(other) is getattr(ours, kind)
        assert all(torch.equal(a, b) for a, b in zip(flat(other(x)), expected, strict=True))
    fresh = getattr(torch.nn, kind)(3, 4, 2, bidirectional=True)
    fresh.load_state_dict(mine.state_dict())
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(flat(fresh(x)), flat(theirs(x)), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_draws_the_numbers_that_torch_would_have_drawn(kind: str) -> None:
    theirs, mine = pair(kind, 3, 8, 3, dropout=0.5, dtype=torch.float64)
    x = torch.randn(6, 4, 3, dtype=torch.float64)
    assert_equal_sides(theirs, mine, (x,))
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor([2, 6, 1, 6]), enforce_sorted=False)
    assert_equal_sides(theirs, mine, (packed,))
    assert not torch.equal(mine(x)[0], mine(x)[0])
    assert torch.equal(mine.eval()(x)[0], mine(x)[0])


@pytest.mark.parametrize(("kind", "projection"), [*((kind, {}) for kind in KINDS), ("LSTM", {"proj_size": 2})])
def test_gradcheck(kind: str, projection: dict[str, int]) -> None:
    mine = getattr(ours, kind)(2, 3, 2, bidirectional=True, dtype=torch.float64, **projection)
    x = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)
    sizes = (mine.proj_size or 3, 3)[: 2 if kind == "LSTM" else 1]
    states = [torch.randn(4, 2, size, dtype=torch.float64, requires_grad=True) for size in sizes]

    def function(x: Any, *rest: Any) -> tuple[Any, ...]:
        weights = dict(zip(names, rest[len(states) :], strict=True))
        hx = rest[: len(states)]
        results = torch.func.functional_call(mine, weights, (x, tuple(hx) if kind == "LSTM" else hx[0]))
        return tuple(flat(results))

    names = [name for name, _ in mine.named_parameters()]
    values = [parameter.detach().clone().requires_grad_() for parameter in mine.parameters()]
    assert torch.autograd.gradcheck(function, (x, *states, *values))


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_run_is_that_of_torch(kind: str) -> None:
    theirs, mine = pair(kind, 3, 6, 2, dtype=torch.float64)
    x, y = torch.randn(7, 5, 3, dtype=torch.float64), torch.randn(7, 5, 6, dtype=torch.float64)
    losses: list[list[float]] = []
    for module in (theirs, mine):
        optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
        found = []
        for _ in range(30):
            optimizer.zero_grad()
            loss = ((module(x)[0] - y) ** 2).mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            found.append(loss.item())
        losses.append(found)
    assert losses[1] == pytest.approx(losses[0], rel=1e-9)
    assert losses[1][-1] < 0.95 * losses[1][0]


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_arrive_wherever_one_is_asked_for(kind: str) -> None:
    theirs, mine = pair(kind, 3, 4, dtype=torch.float64)
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    for chosen in ("weight_hh_l0", "bias_ih_l0", None):
        gradients = []
        for module in (theirs, mine):
            given = x.clone().requires_grad_(chosen is None)
            for name, parameter in module.named_parameters():
                parameter.requires_grad_(name == chosen)
                parameter.grad = None
            module(given)[1][0].sum().backward()  # of the final state alone: the outputs bring no adjoint
            gradients.append([given.grad, *(parameter.grad for parameter in module.parameters())])
        for one, other in zip(*gradients, strict=True):
            assert (one is None) == (other is None)
            assert one is None or torch.allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_kept_where_no_gradient_is_asked_for(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, mine = pair(kind, 3, 4)
    kept = []
    original = functions.forward

    def watched(*arguments: Any) -> Any:
        kept.append(arguments[6])
        return original(*arguments)

    monkeypatch.setattr(functions, "forward", watched)
    x = torch.randn(5, 2, 3)
    with torch.no_grad():
        assert not mine(x)[0].requires_grad
    with torch.inference_mode():
        mine(x)
    mine.requires_grad_(False)
    mine(x)
    assert kept == [False, False, False]
    mine(x.requires_grad_())
    assert kept[3:] == [True]


@pytest.mark.parametrize("kind", KINDS)
def test_changes_in_place_are_noticed(kind: str) -> None:
    _, mine = pair(kind, 3, 4)
    x = torch.randn(5, 2, 3)
    y, _ = mine(x)
    with torch.no_grad():
        y.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    y, _ = mine(x)
    x.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_backward_pass_needs_the_graph(kind: str) -> None:
    _, mine = pair(kind, 3, 4)
    y, _ = mine(torch.randn(5, 2, 3))
    y.sum().backward(retain_graph=True)
    first = mine.weight_hh_l0.grad.clone()
    y.sum().backward()
    assert torch.allclose(mine.weight_hh_l0.grad, 2 * first)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.sum().backward()


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_gradients_are_refused(kind: str) -> None:
    _, mine = pair(kind, 3, 4)
    x = torch.randn(5, 2, 3, requires_grad=True)
    with pytest.raises(UnsupportedError, match=r"second derivatives \(create_graph=True\) are not supported"):
        torch.autograd.grad(mine(x)[0].sum(), x, create_graph=True)


@pytest.mark.parametrize("kind", KINDS)
def test_refused_by_name(kind: str) -> None:
    place = f"elman.interop.torch.{kind}"
    x = torch.randn(5, 2, 3)
    with torch.autocast("cpu", torch.bfloat16), pytest.raises(UnsupportedError, match=f"{place}: autocast"):
        pair(kind, 3, 4)[1](x)
    for dtype in (torch.float16, torch.bfloat16):
        with pytest.raises(UnsupportedError, match=f"{place}: needs float32 or float64, got weights of {dtype}"):
            getattr(ours, kind)(3, 4).to(dtype)(x)
        with pytest.raises(UnsupportedError, match=f"{place}: needs float32 or float64, got input of {dtype}"):
            getattr(ours, kind)(3, 4)(x.to(dtype))
    with pytest.raises(UnsupportedError, match=f"{place}: runs only on the CPU, got weights on meta"):
        getattr(ours, kind)(3, 4, device="meta")(x)
    with pytest.raises(UnsupportedError, match=f"{place}: runs only on the CPU, got input on meta"):
        getattr(ours, kind)(3, 4)(x.to("meta"))


@pytest.mark.parametrize("kind", KINDS)
def test_what_torch_refuses_is_refused_with_its_words(kind: str) -> None:
    theirs, mine = pair(kind, 3, 4, 2)
    h = torch.zeros(2, 2, 4)
    state: Any = (h, h) if kind == "LSTM" else h
    short: Any = (h[:1], h[:1]) if kind == "LSTM" else h[:1]
    x = torch.randn(5, 2, 3)
    for arguments in (
        (torch.randn(5, 2, 4),),
        (torch.randn(3),),
        (torch.randn(0, 2, 3),),
        (x.double(),),
        (x, short),
        (x[:, 0], state),
    ):
        with pytest.raises((RuntimeError, ValueError)) as expected:
            theirs(*arguments)
        with pytest.raises(expected.type) as found:
            mine(*arguments)
        assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_batch_is_what_it_is_in_torch(kind: str) -> None:
    theirs, mine = pair(kind, 3, 4, 2)
    x = torch.randn(5, 0, 3)
    assert [t.shape for t in flat(mine(x))] == [t.shape for t in flat(theirs(x))]


@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_threads_gives_the_same_bits(kind: str) -> None:
    _, mine = pair(kind, 3, 40)
    x = torch.randn(30, 33, 3)
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            mine.zero_grad()
            y, _ = mine(x)
            y.square().sum().backward()
            results.append([y.detach(), *(parameter.grad.clone() for parameter in mine.parameters())])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))


def test_outputs_and_inputs_are_not_copied() -> None:
    x = torch.randn(5, 2, 3)
    assert functions.as_array(x).ctypes.data == x.data_ptr()
    _, mine = pair("RNN", 3, 4)
    y, _ = mine(x)
    assert y.data_ptr() != x.data_ptr()
    assert y.is_contiguous()


def test_the_example_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / "torch_drop_in.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "the same training run" in done.stdout


ATTRIBUTES: list[tuple[str, dict[str, Any]]] = [
    *((kind, {"hidden_size": 5}) for kind in KINDS),
    *((kind, {"num_layers": 3}) for kind in KINDS),
    *((kind, {"bias": False}) for kind in KINDS),
    *((kind, {"batch_first": True}) for kind in KINDS),
    *((kind, {"dropout": 0.5}) for kind in KINDS),
    *((kind, {"bidirectional": True}) for kind in KINDS),
    *((kind, {"dtype": torch.float64}) for kind in KINDS),
    ("RNN", {"nonlinearity": "relu"}),
]


@pytest.mark.parametrize(("kind", "changed"), ATTRIBUTES)
def test_two_modules_that_differ_in_one_attribute_differ_in_output(kind: str, changed: dict[str, Any]) -> None:
    base = {"input_size": 4, "hidden_size": 4, "num_layers": 2}
    outputs = []
    for options in (base, base | changed):
        torch.manual_seed(1)
        module = getattr(ours, kind)(**options)
        torch.manual_seed(2)
        x = torch.randn(4, 4, 4)
        outputs.append(module(x.to(module.weight_ih_l0.dtype))[0])
    one, other = outputs
    assert one.shape != other.shape or one.dtype != other.dtype or not torch.allclose(one, other, atol=1e-3)
