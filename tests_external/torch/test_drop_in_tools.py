"""What is done to modules from outside: compiled, traced, exported, parametrized, recomputed, differentiated again."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import onnx
import pytest
import torch
from torch.autograd import forward_ad
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint

import elman.interop.torch as ours
from elman.errors import UnsupportedError
from elman.interop.torch import functions
from interop.torch_sides import KINDS, assert_equal_sides, flat, pair


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the name of the cell at every pass through Elman's kernels."""
    found: list[str] = []
    original = functions.forward

    def watched(*arguments: Any) -> Any:
        found.append(arguments[0])
        return original(*arguments)

    monkeypatch.setattr(functions, "forward", watched)
    return found


class Net(torch.nn.Module):
    """A recurrent module among others."""

    def __init__(self, recurrent: Any) -> None:
        super().__init__()
        self.recurrent = recurrent
        self.linear = torch.nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        """Return an output at every step."""
        return self.linear(torch.relu(self.recurrent(x)[0]))


def gradients(module: Any, x: Any) -> list[Any]:
    """Return the outputs of a module, and the gradients of its parameters."""
    module.zero_grad()
    y = flat(module(x))[0]
    y.square().sum().backward()
    return [y.detach(), *(parameter.grad.clone() for parameter in module.parameters())]


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # PyTorch's compiler looks at it
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inside", [False, True])
def test_compiled_programs_run_the_kernels(kind: str, inside: bool, runs: list[str]) -> None:
    module: Any = getattr(ours, kind)(3, 4)
    module = Net(module) if inside else module
    x = torch.randn(5, 2, 3)
    expected = gradients(module, x)
    torch._dynamo.reset()
    runs.clear()
    compiled = torch.compile(module, backend="aot_eager")
    assert all(torch.equal(a, b) for a, b in zip(gradients(compiled, x), expected, strict=True))
    assert len(runs) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_traced_or_exported_is_the_module_of_torch(kind: str, runs: list[str]) -> None:
    module = Net(getattr(ours, kind)(3, 4, batch_first=True)).eval()
    x, other = torch.randn(2, 5, 3), torch.randn(3, 8, 3)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the age of the tracer, and of its own checks
        traced = torch.jit.trace(module, (x,), check_trace=False)
        torch.onnx.export(module, (x,), file, dynamo=False)
        exported = torch.export.export(module, (x,)).module()
    assert runs == []
    assert kind in [node.op_type for node in onnx.load_from_string(file.getvalue()).graph.node]
    with torch.no_grad():
        assert torch.allclose(traced(other), module(other), atol=1e-6)
        assert torch.allclose(exported(x), module(x), atol=1e-6)
    assert len(runs) == 2


def changes() -> Iterator[Any]:
    for kind, changed in [
        (kind, changed) for kind in KINDS for changed in ("weight_ih_l0", "weight_hh_l0", "h_0", "c_0")
    ]:
        if changed != "c_0" or kind == "LSTM":
            yield pytest.param(kind, changed, id=f"{kind}-{changed}")


@pytest.mark.parametrize(("kind", "changed"), list(changes()))
def test_weights_and_states_changed_in_place_are_noticed(kind: str, changed: str) -> None:
    for module in pair(kind, 1, 4):  # with one input, weight_ih is its own transpose in memory
        states = [torch.zeros(1, 2, 4) for _ in range(2 if kind == "LSTM" else 1)]
        y, _ = module(torch.randn(5, 2, 1, requires_grad=True), tuple(states) if kind == "LSTM" else states[0])
        with torch.no_grad():
            (states["hc".index(changed[0])] if changed[1] == "_" else module.get_parameter(changed)).mul_(2.0)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # PyTorch's own use of it
@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_that_would_be_lost_are_refused(kind: str) -> None:
    module, x = getattr(ours, kind)(3, 4), torch.randn(5, 2, 3)
    for frozen in (False, True):
        module.requires_grad_(not frozen)
        with forward_ad.dual_level(), pytest.raises(UnsupportedError, match="derivatives in forward mode are not supp"):
            module(forward_ad.make_dual(x, torch.ones_like(x)))
    for transform in (torch.func.grad, torch.func.vmap):
        with pytest.raises(UnsupportedError, match=r"the transforms of torch\.func are not supported for"):
            transform(lambda x: module(x)[0].sum())(x)


@pytest.mark.parametrize("kind", KINDS)
def test_negative_views_are_read_as_what_they_are(kind: str) -> None:
    theirs, mine = pair(kind, 3, 4)
    x = torch._neg_view(torch.randn(5, 2, 3))
    found = []
    for module in (theirs, mine):
        y = module(x)[0]
        y.backward(torch._neg_view(torch.ones_like(y)))
        found.append([y.detach(), module.weight_hh_l0.grad])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*found, strict=True))


def _scaled(module: Any) -> Callable[[Any], Any]:
    """Return a module whose weights are computed from one number."""
    module.factor = torch.nn.Parameter(torch.tensor(0.5, dtype=torch.float64))
    names = [name for name, _ in module.named_parameters() if name != "factor"]
    values = [module.get_parameter(name).detach() for name in names]
    return lambda x: torch.func.functional_call(
        module, {name: value * module.factor for name, value in zip(names, values, strict=True)}, (x,)
    )


WAYS: dict[str, Callable[[Any], Any]] = {
    "weight norm": lambda module: parametrizations.weight_norm(module, "weight_hh_l0"),
    "pruned": lambda module: prune.l1_unstructured(module, "weight_hh_l0", 0.5),
    "other weights": _scaled,
    "recomputed": lambda module: lambda x: checkpoint(module, x, use_reentrant=False),
    "recomputed, reentrant": lambda module: lambda x: checkpoint(module, x.requires_grad_(), use_reentrant=True),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_are_computed_and_passes_that_are_repeated(kind: str, way: str) -> None:
    x, found = torch.randn(5, 2, 3, dtype=torch.float64), []
    for module in pair(kind, 3, 4, dtype=torch.float64):
        run = WAYS[way](module)
        given = x.clone()
        y = flat(run(given))[0]
        y.square().sum().backward()
        found.append([y.detach(), *(p.grad for p in module.parameters() if p.grad is not None)])
    assert len(found[0]) == len(found[1]) > 1
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_may_be_put_elsewhere(kind: str) -> None:
    theirs, mine = pair(kind, 3, 4, 2, bidirectional=True)
    with torch.autograd.graph.save_on_cpu():
        assert_equal_sides(theirs, mine, (torch.randn(5, 2, 3),))


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_is_looked_at(kind: str) -> None:
    def with_weight(value: Any) -> Any:
        module = getattr(ours, kind)(3, 4)
        module.weight_hh_l0 = torch.nn.Parameter(value(module.weight_hh_l0.detach()))
        return module

    x, place = torch.randn(5, 2, 3), f"elman.interop.torch.{kind}"
    with pytest.raises(UnsupportedError, match=f"{place}: runs only on the CPU, got weights on meta"):
        with_weight(lambda weight: weight.to("meta"))(x)
    with pytest.raises(UnsupportedError, match=f"{place}: needs float32 or float64, got weights of torch.bfloat16"):
        with_weight(lambda weight: weight.bfloat16())(x)
    with pytest.raises(UnsupportedError, match=f"{place}: needs float32 or float64, got input of torch.complex64"):
        getattr(ours, kind)(3, 4)(x.to(torch.complex64))
    with pytest.raises((RuntimeError, UnsupportedError)):
        with_weight(lambda weight: weight.double())(x)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_do_not_disturb_one_another(kind: str) -> None:
    module, x = getattr(ours, kind)(3, 16), torch.randn(20, 33, 3)
    expected, wrong = gradients(module, x)[0], []

    def work() -> None:
        for _ in range(30):
            y = module(x)[0]
            (found,) = torch.autograd.grad(y.square().sum(), module.weight_hh_l0)
            if not (torch.equal(y, expected) and torch.equal(found, first)):
                wrong.append(1)

    (first,) = torch.autograd.grad(module(x)[0].square().sum(), module.weight_hh_l0)
    workers = [threading.Thread(target=work) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_an_empty_batch_are_zero(kind: str) -> None:
    module = getattr(ours, kind)(3, 4, 2)
    assert all(not array.any() for array in gradients(module, torch.randn(5, 0, 3))[1:])
