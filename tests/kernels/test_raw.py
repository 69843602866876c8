"""The raw kernels refuse wrong arrays before they read or write."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from elman.engine import kernels
from kernels.calls import DTYPES
from kernels.samples import RawCall, raw_calls
from kernels.test_inputs import other_order, strided, unaligned

CALLS = list(raw_calls("float64"))
# Sizes that no other argument repeats: these axes may have any length.
FREE = {
    ("embedding_forward", "E", 0),
    ("embedding_backward", "dE", 0),
    ("draw", "p", 0),
    ("pack_layer", "W_x", 0),
    ("gather_windows", "out", 0),
}
FREE |= {(f"{cell}_forward of ones", "W_x", 0) for cell in ("rnn", "lstm", "gru")}
FREE |= {("dropout_mask", "out", axis) for axis in range(3)} | {
    (f"clip_by_{by}", "gradient", 0) for by in ("norm", "value")
}
OPTIONAL = {"b", "b_hn", "lengths", "h_mask", "dh", "dh_T", "dc_T", "dx", "weight", "level", "b_y", "db_y"}
OPTIONAL |= {"h_0", "c_0", "dh_0", "dc_0", "importance"}
NOT_OPTIONAL = {
    "embedding_backward": {"dx"},
    "dense_cross_entropy": {"dh"},
    "mixing_readout_forward": {"b"},
    "mixing_readout_backward": {"b"},
}
IN_PLACE = ("clip_by_norm", "clip_by_value", "step", "pack_layer", "update_many")


def arrays(call: RawCall) -> dict[str, np.ndarray]:
    return {name: value for name, value in call.arguments.items() if isinstance(value, np.ndarray)}


def misshapen(array: np.ndarray) -> dict[str, np.ndarray]:
    """Return the array with an axis more, with an axis less, and with every axis longer and shorter by one."""
    found = {"one axis more": array[..., np.newaxis].copy(), "one axis less": np.array(array[0])}
    for axis in range(array.ndim):
        longer = np.concatenate([array, array.take([0], axis)], axis)
        found |= {f"{axis} longer": longer, f"{axis} shorter": array.take(np.arange(array.shape[axis] - 1), axis)}
    return found


def refused(call: RawCall, errors: type[Exception] | tuple[type[Exception], ...], **changed: Any) -> None:
    """Fail unless the call raises and leaves everything as it was."""
    everything = arrays(call) | {name: value for name, value in changed.items() if isinstance(value, np.ndarray)}
    before = {name: value.copy() for name, value in everything.items()}
    with pytest.raises(errors):
        call(**changed)
    for name, value in before.items():
        np.testing.assert_array_equal(everything[name], value, err_msg=f"{name} has been written")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_calls_below_are_valid_as_they_stand(dtype: str, name: str) -> None:
    call = raw_calls(dtype)[name]
    before = {key: value.copy() for key, value in arrays(call).items()}
    call()
    for key, value in arrays(call).items():
        changed = value.tobytes() != before[key].tobytes()
        assert changed == (key in call.written), key


def _written(call: RawCall, key: str, value: np.ndarray) -> np.ndarray:
    if key not in ("c", "gates"):
        return value
    steps = np.arange(len(value))[:, np.newaxis] - (key == "c")
    return value[steps < call.arguments["lengths"]]


@pytest.mark.parametrize("name", [name for name in CALLS if not name.endswith("_step") and name not in IN_PLACE])
def test_results_do_not_depend_on_what_was_there(isa: str, name: str) -> None:
    """Every value of every result is written, also past the end of a row, but there c and gates are left alone."""
    call = raw_calls("float64")[name]
    for accumulate in ("accumulate", "accumulate_dh"):
        if accumulate in call.arguments:
            call.arguments[accumulate] = False
    results = []
    for filling in (np.nan, 7.0):
        filled = {key: np.full_like(call.arguments[key], filling) for key in call.written}
        call(**filled)
        results.append(b"".join(_written(call, key, value).tobytes() for key, value in filled.items()))
    assert results[0] == results[1]


@pytest.mark.parametrize("name", CALLS)
def test_shapes(name: str) -> None:
    call = raw_calls("float64")[name]
    for argument, array in arrays(call).items():
        for what, wrong in misshapen(array).items():
            axis = what.split()[0]
            if axis.isdigit() and {(call.function, argument, int(axis)), (name, argument, int(axis))} & FREE:
                continue
            refused(call, ValueError, **{argument: wrong})


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype: str, name: str) -> None:
    """One array of another type among the right ones, real or not."""
    call = raw_calls(dtype)[name]
    for argument, array in arrays(call).items():
        for other in ("float32", "float64", "int64", "int32", "uint64", "bool", "complex64", "float16"):
            alone = len([a for a in arrays(call).values() if a.dtype.kind == "f"]) == 1 and other.startswith("float")
            if array.dtype == other or (alone and other != "float16"):
                continue
            if (name, argument) == ("gather_windows", "out") and other in DTYPES:
                continue  # the one array there that chooses the type
            if (name, argument) == ("categorical_cross_entropy", "y") and other == dtype:
                continue
            refused(call, ValueError, **{argument: array.astype(other)})


@pytest.mark.parametrize("name", CALLS)
def test_layouts(name: str) -> None:
    """Unsupported strides are refused, never copied: a copy of an output would be lost."""
    call = raw_calls("float64")[name]
    for argument, array in arrays(call).items():
        refused(call, TypeError, **{argument: strided(array)})
        refused(call, (TypeError, ValueError, BufferError), **{argument: other_order(array)})
        if array.ndim > 1 and 1 not in array.shape:
            refused(call, TypeError, **{argument: np.asfortranarray(array)})
        refused(call, TypeError, **{argument: array.tolist()})
        if argument in call.written:
            locked = array.copy()
            locked.setflags(write=False)
            refused(call, TypeError, **{argument: locked})


@pytest.mark.parametrize("name", CALLS)
def test_missing_arrays(name: str) -> None:
    call = raw_calls("float64")[name]
    for argument in arrays(call):
        optional = OPTIONAL - NOT_OPTIONAL.get(name, set())
        if argument in optional or (argument == "gates" and call.function == "layer_forward"):
            call(**{argument: None})
        else:
            refused(call, (TypeError, ValueError), **{argument: None})


@pytest.mark.parametrize(
    "name", [f"{cell}_{way}" for cell in ("rnn", "lstm", "gru") for way in ("forward", "backward")]
)
@pytest.mark.parametrize("length", [-1, 4, 2**62, -(2**63)])
def test_lengths_out_of_range(name: str, length: int) -> None:
    for row in range(4):
        lengths = np.array([3, 0, 2, 1])
        lengths[row] = length
        refused(raw_calls("float32")[name], ValueError, lengths=lengths)


@pytest.mark.parametrize(
    ("name", "argument", "limit"),
    [
        ("embedding_forward", "indices", 6),
        ("embedding_backward", "indices", 6),
        ("categorical_cross_entropy", "y", 3),
        ("dense_cross_entropy", "y", 3),
        *((f"{cell}_{way} of ones", "x", 2) for cell in ("rnn", "lstm", "gru") for way in ("forward", "backward")),
    ],
)
def test_indices_out_of_range(name: str, argument: str, limit: int) -> None:
    call = raw_calls("float32")[name]
    for position in range(3):
        for wrong in (-1, limit, 2**62, -(2**63)):
            indices = call.arguments[argument].copy()
            indices.flat[position] = wrong
            refused(call, ValueError, **{argument: indices})


@pytest.mark.parametrize(
    "changed",
    [
        {"origins": np.array([1, 5])},  # the first window begins before the values
        {"origins": np.array([3, 16])},  # the last one's level lies behind them
        {"origins": np.array([15, 3]), "first": 0, "width": 3, "level": None},
        {"origins": np.array([2**63 - 1, 3]), "first": 0, "level": None},
        {"origins": np.array([2**63 - 1, 3]), "first": 2**63 - 1},
        {"origins": np.array([-(2**63), 3]), "first": -(2**63)},
        {"stride": 2**63 - 1},
        {"stride": -(2**63)},
        {"first": 2**62, "stride": -(2**62)},
        {"width": 2**63 - 1},
        {"width": -1},
    ],
)
def test_windows_out_of_range(changed: dict[str, Any]) -> None:
    """Also in numbers whose sums leave 64 bits."""
    refused(raw_calls("float32")["gather_windows"], ValueError, **changed)


def test_windows_at_both_ends_are_inside() -> None:
    call = raw_calls("float32")["gather_windows"]
    for changed in ({"origins": np.array([2, 15])}, {"origins": np.array([13, 19]), "stride": -4, "level": None}):
        out = np.full_like(call.arguments["out"], np.nan)
        call(out=out, **changed)
        assert np.isfinite(out).all()


def test_windows_of_several_batches_are_those_of_each() -> None:
    call, origins = raw_calls("float32")["gather_windows"], np.array([[3, 5], [6, 2], [4, 9]])
    out = np.full((3, *call.arguments["out"].shape), np.nan, np.float32)
    call(origins=origins, out=out)
    for own, found in zip(origins, out, strict=True):
        expected = np.full_like(found, np.nan)
        call(origins=own, out=expected)
        np.testing.assert_array_equal(found, expected)
    refused(call, ValueError, origins=np.array([[3, 5], [6, 2], [4, 19]]), out=out)  # the last one leaves the values
    refused(call, ValueError, origins=origins, out=out[:2])
    refused(call, ValueError, origins=origins, out=out[0])
    refused(call, ValueError, origins=origins[np.newaxis], out=out)


class Lent:
    """An array of another library: it has nothing but DLPack."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()


def test_arrays_of_other_libraries_give_the_same() -> None:
    call, other = raw_calls("float32")["lstm_forward"], raw_calls("float32")["lstm_forward"]
    call()
    other(**{name: Lent(array) for name, array in arrays(other).items()})
    for name, array in arrays(call).items():
        np.testing.assert_array_equal(arrays(other)[name], array)


def test_subclasses_are_arrays_and_other_byte_orders_are_not() -> None:
    call = raw_calls("float64")["lstm_forward"]
    call(h=call.arguments["h"].view(np.memmap))
    refused(call, (TypeError, BufferError), x=call.arguments["x"].astype(">f8"))
    refused(call, (TypeError, BufferError), h=call.arguments["h"].astype(">f8"))
    fixed = call.arguments["h"].copy()
    fixed.flags.writeable = False
    refused(call, (TypeError, BufferError), h=fixed)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "exp", "log", "Tanh", ""])
def test_unknown_activations(name: str) -> None:
    calls = raw_calls("float32")
    for function in ("rnn_forward", "rnn_backward"):
        refused(calls[function], ValueError, activation=name)
    refused(calls["pack_layer"], ValueError, activation=name)
    if name not in ("softmax", "log_softmax", "exp", "log"):
        refused(calls["activation_forward"], ValueError, activation=name)
    if not name.endswith("softmax"):
        refused(calls["activation_backward"], ValueError, activation=name)


def test_unknown_names() -> None:
    calls = raw_calls("float32")
    refused(calls["huber"], ValueError, name="hubert")
    refused(calls["huber"], ValueError, reduction="median")
    refused(calls["pack_layer"], ValueError, cell="mlp")
    with pytest.raises(ValueError, match="no such ISA level here: v9"):
        kernels.use_isa("v9")


def test_weights_of_classes_are_one_per_row() -> None:
    call = raw_calls("float32")["categorical_cross_entropy"]
    refused(call, ValueError, weight=np.ones(call.arguments["o"].shape, "float32"))


@pytest.mark.parametrize("rate", [1.0, -0.1, np.nan, np.inf])
def test_dropout_rates(rate: float) -> None:
    refused(raw_calls("float32")["dropout_mask"], ValueError, rate=rate)
    for name in ("dropout", "recurrent_dropout"):
        refused(raw_calls("float32")["update_many"], ValueError, **{name: rate})


@pytest.mark.parametrize(
    "changed",
    [
        {"cell": "mlp"},
        {"activation": "softmax"},
        {"hidden_sizes": []},
        {"hidden_sizes": [0]},
        {"hidden_sizes": [-5]},
        {"hidden_sizes": [2**62]},
        {"hidden_sizes": [5, 5]},
        {"linear_skip": False},
        {"optimizer": "lbfgs"},
        {"optimizer": "sgd"},
        {"options": [0.9]},
        {"loss": "hubert"},
        {"loss": "categorical_cross_entropy"},
        {"reduction": "median"},
        {"lengths": np.full((2, 2, 4), 4)},
        {"lengths": np.full((2, 2, 4), -1)},
        {"seed": np.array([0, -1])},
        {"step": np.array([0, 2**63 - 2])},
    ],
)
def test_updates_of_many_networks(changed: dict[str, Any]) -> None:
    refused(raw_calls("float32")["update_many"], ValueError, **changed)


@pytest.mark.parametrize("counter", ["seed", "update", "layer", "first_row", "first_step"])
def test_dropout_counters_are_words(counter: str) -> None:
    call = raw_calls("float32")["dropout_mask"]
    arguments = call.arguments | {"first_row": 0, "first_step": 0}
    whole = RawCall(call.function, arguments, call.written)
    whole(**{counter: 2**32 - 1})
    for wrong in (-1, 2**32):
        refused(whole, TypeError, **{counter: wrong})


def test_unaligned_memory_is_read_and_written() -> None:
    """x86 and arm64 take it, and the kernels ask for no alignment."""
    for name, call in raw_calls("float64").items():
        expected = {key: value.copy() for key, value in arrays(call).items()}
        call(**expected)
        moved = {key: unaligned(value) for key, value in arrays(call).items()}
        call(**moved)
        for key, value in expected.items():
            np.testing.assert_array_equal(moved[key], value, err_msg=f"{name} {key}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_transposes_of_blocks_and_what_is_left(dtype: str) -> None:
    for shape in product((0, 1, 15, 16, 17, 40), repeat=2):
        matrix = np.arange(shape[0] * shape[1], dtype=dtype).reshape(shape)
        result = np.full(shape[::-1], np.nan, dtype)
        kernels.transpose(matrix, result)
        np.testing.assert_array_equal(result, matrix.T)
