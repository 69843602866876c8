"""The engine accepts all forms of NumPy arrays, changes none, and refuses dtypes without a kernel by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from elman import engine
from elman.errors import ArgumentError, UnsupportedError
from kernels.calls import DTYPES, Problem, backward, forward
from kernels.samples import IN_PLACE, public_calls

CALLS = list(public_calls("float64"))


def strided(array: np.ndarray) -> np.ndarray:
    return np.repeat(array, 2, -1)[..., ::2]


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.setflags(write=False)
    return array


def other_order(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder())


def unaligned(array: np.ndarray) -> np.ndarray:
    memory = np.zeros(array.nbytes + 1, np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


FORMS = {
    "strided": strided,
    "reversed": lambda array: array[::-1].copy()[::-1],
    "Fortran": np.asfortranarray,
    "read-only": read_only,
    "other byte order": other_order,
    "unaligned": unaligned,
}


def results(function: str, arguments: dict[str, Any]) -> list[np.ndarray]:
    """Call a function of the engine and return every number it gave or changed."""
    result = getattr(engine, function)(**arguments)
    if function == "pack_layer":
        h = np.ones((2, result.hidden_size), result.dtype)
        engine.step(result, np.ones((2, result.input_size), result.dtype), h)
        return [h]
    if function == "dense_cross_entropy":
        result = (result[0], *result[1])
    parts = result if isinstance(result, tuple) else (result,)
    changed = [a for name, a in arguments.items() if isinstance(a, np.ndarray) and written(function, name)]
    return [np.asarray(part) for part in parts if part is not None] + changed


def written(function: str, name: str) -> bool:
    return name in IN_PLACE or (name == "gradient" and function.startswith("clip"))


def converted(function: str, arguments: dict[str, Any], convert: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    """Convert every array that is only read; copy those that are changed in place."""
    return {
        name: value
        if not isinstance(value, np.ndarray)
        else value.copy()
        if written(function, name)
        else convert(value)
        for name, value in arguments.items()
    }


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_form_gives_the_bits_of_a_copy(dtype: str, name: str) -> None:
    function, arguments = public_calls(dtype)[name]
    expected = results(function, converted(function, arguments, np.copy))
    for form, convert in FORMS.items():
        given = converted(function, arguments, convert)
        before = {key: np.array(value) for key, value in given.items() if isinstance(value, np.ndarray)}
        for one, two in zip(results(function, given), expected, strict=True):
            assert one.dtype == two.dtype, form
            np.testing.assert_array_equal(one, two, err_msg=form)
        for key, value in before.items():
            if not written(function, key):
                np.testing.assert_array_equal(given[key], value, err_msg=f"{key} has been changed")


@pytest.mark.parametrize("name", CALLS)
def test_lists_are_float64(name: str) -> None:
    function, arguments = public_calls("float64")[name]
    expected = results(function, converted(function, arguments, np.copy))
    for one, two in zip(results(function, converted(function, arguments, np.ndarray.tolist)), expected, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", CALLS)
def test_float16_is_computed_in_float32(name: str) -> None:
    function, arguments = public_calls("float32")[name]

    def halved(array: np.ndarray) -> np.ndarray:
        return array.astype("float16") if array.dtype.kind == "f" else array

    def widened(array: np.ndarray) -> np.ndarray:
        return halved(array).astype("float32") if array.dtype.kind == "f" else array

    expected = results(function, converted(function, arguments, widened))
    for one, two in zip(results(function, converted(function, arguments, halved)), expected, strict=True):
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one, two)


def test_one_wide_array_makes_the_call_wide() -> None:
    problem = Problem("lstm", "float32", 2, 3, 2, 4)
    wide = {name: value.astype("float64") for name, value in problem.a.items()}
    assert forward(engine, "lstm", {**problem.a, "b": wide["b"]})["h"].dtype == "float64"
    np.testing.assert_array_equal(
        forward(engine, "lstm", {**problem.a, "b": wide["b"]})["h"], forward(engine, "lstm", wide)["h"]
    )


def test_results_are_new_arrays() -> None:
    """A result never shares memory with an argument or with an earlier result."""
    problem = Problem("gru-after", "float64", 2, 3, 2, 4)
    one, two = forward(engine, "gru-after", problem.a), forward(engine, "gru-after", problem.a)
    arrays = [*one.values(), *two.values(), *problem.a.values()]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[i + 1 :])


UNSUPPORTED = {
    "lstm_forward": (
        {"peepholes": np.ones((3, 4))},
        "peepholes are not in the engine. elman.reference.lstm_forward has them.",
    ),
    "lstm_backward": (
        {"peepholes": np.ones((3, 4))},
        "peepholes are not in the engine. elman.reference.lstm_backward has them.",
    ),
    "gru_forward": ({"reset": "before"}, 'reset="before" is not in the engine. elman.reference.gru_forward has it.'),
    "gru_backward": ({"reset": "before"}, 'reset="before" is not in the engine. elman.reference.gru_backward has it.'),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_variants(name: str) -> None:
    extra, text = UNSUPPORTED[name]
    case = "lstm" if name.startswith("lstm") else "gru-after"
    a, states = Problem(case, "float32", 2, 3, 2, 4).a, {}
    if name.endswith("backward"):
        states = forward(engine, case, a) | {"dh": None}
        a = {key: a[key] for key in ("x", "W_x", "W_h")}
    with pytest.raises(UnsupportedError) as error:
        getattr(engine, name)(**a, **states, **extra)
    assert str(error.value) == f"{name}: {text}"
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("case", ["rnn-tanh", "lstm", "gru-after"])
def test_depths_beyond_one_are_the_references(case: str) -> None:
    problem = Problem(case, "float32", 3, 2, 2, 4)
    states = forward(engine, case, problem.a)
    place = f"{case.partition('-')[0]}_backward"
    with pytest.raises(UnsupportedError) as error:
        backward(engine, case, problem.a, states, problem.cotangents, bptt_depth=2)
    assert str(error.value) == (
        f"{place}: bptt_depth must be 1 or None here, got 2. "
        f"elman.reference.{place} takes any depth; for long streams, carry the state from chunk to chunk."
    )


def test_threads_fit_into_31_bits() -> None:
    for bad, shown in ((2**31, "2147483648"), (10**400, "an integer of 1329 bits")):
        with pytest.raises(ArgumentError, match=f"^dense_forward: n_threads must be at most 2147483647, got {shown}.$"):
            engine.dense_forward(np.ones((1, 1)), np.ones((1, 1)), n_threads=bad)


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "2"])
def test_threads_must_be_positive(bad: Any) -> None:
    with pytest.raises(ArgumentError) as error:
        engine.dense_forward(np.ones((1, 1)), np.ones((1, 1)), n_threads=bad)
    assert str(error.value) == f"dense_forward: n_threads must be an integer of at least 1, got {bad!r}."
