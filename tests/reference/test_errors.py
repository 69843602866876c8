"""The messages for invalid input, word for word; arrays are unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from elman import errors, reference
from elman._check import Shapes, common_dtype
from elman.errors import ArgumentError, DataError, ShapeError
from elman.reference import (
    activation_forward,
    adam_step,
    binary_cross_entropy,
    categorical_cross_entropy,
    clip_by_norm,
    clip_by_value,
    dense_backward,
    dropout_mask,
    embedding_backward,
    embedding_forward,
    gather_windows,
    gru_forward,
    huber,
    lstm_backward,
    lstm_forward,
    mean_squared_error,
    mixing_readout_backward,
    mixing_readout_forward,
    numerical_gradient,
    pinball,
    quantile_loss,
    rmsprop_step,
    rnn_backward,
    rnn_forward,
    sgd_step,
    silu_backward,
)

Z = np.zeros
LSTM = {"x": Z((50, 32, 8)), "h_0": Z((32, 64)), "c_0": Z((32, 64)), "W_x": Z((8, 256)), "W_h": Z((64, 256))}
RNN = {"x": Z((5, 2, 3)), "h_0": Z((2, 4)), "W_x": Z((3, 4)), "W_h": Z((4, 4))}
SGD = {"theta": Z(3), "gradient": Z(3), "velocity": Z(3), "learning_rate": 0.1}
ADAM = {"theta": Z(3), "gradient": Z(3), "m": Z(3), "v": Z(3), "step": 1, "learning_rate": 0.1}
WINDOWS = {"values": Z((100, 1)), "center": None, "origins": [3], "steps": 2, "first": -3, "width": 4}
MASK = {"shape": (2, 3, 4), "rate": 0.5, "seed": 1, "update": 1, "layer": 0}
SHARED = Z(3)


def lstm(**change: Any) -> Any:
    return lstm_forward(**{**LSTM, **change})


def rnn(**change: Any) -> Any:
    return rnn_forward(**{**RNN, **change})


SHAPES: list[tuple[Callable[[], object], str]] = [
    (
        lambda: lstm(h_0=Z((64, 32))),
        (
            "lstm_forward: h_0 must have shape (N, H) = (32, 64), got (64, 32).\n"
            "  N=32 comes from x (T, N, D) = (50, 32, 8); H=64 from W_h (64, 256).\n"
            "  Hint: h_0 looks transposed."
        ),
    ),
    (
        lambda: lstm(x=Z((32, 50, 8))),
        (
            "lstm_forward: h_0 must have shape (N, H) = (50, 64), got (32, 64).\n"
            "  N=50 comes from x (T, N, D) = (32, 50, 8); H=64 from W_h (64, 256).\n"
            "  Hint: x looks batch-first; time comes first here: x.swapaxes(0, 1)."
        ),
    ),
    (lambda: lstm(x=Z((50, 8))), "lstm_forward: x must have shape (T, N, D), got (50, 8)."),
    (lambda: lstm(x=Z((50, 32, 0))), "lstm_forward: x has shape (50, 32, 0), but D must be at least 1."),
    (
        lambda: lstm(W_h=Z((64, 250))),
        "lstm_forward: W_h must have shape (H, 4H), got (64, 250).\n  Hint: 250 is not a multiple of 4.",
    ),
    (
        lambda: lstm(W_h=Z((64, 192))),
        "lstm_forward: W_h must have shape (H, 4H), got (64, 192).",
    ),
    (
        lambda: lstm(W_x=Z((256, 8))),
        (
            "lstm_forward: W_x must have shape (D, 4H) = (8, 256), got (256, 8).\n"
            "  D=8 comes from x (T, N, D) = (50, 32, 8); H=64 from W_h (64, 256).\n"
            "  Hint: W_x looks transposed."
        ),
    ),
    (
        lambda: lstm(b=Z((256, 1))),
        "lstm_forward: b must have shape (4H,) = (256,), got (256, 1).\n  H=64 comes from W_h (H, 4H) = (64, 256).",
    ),
    (
        lambda: lstm(peepholes=Z((64, 3))),
        (
            "lstm_forward: peepholes must have shape (3, H) = (3, 64), got (64, 3).\n"
            "  H=64 comes from W_h (H, 4H) = (64, 256).\n"
            "  Hint: peepholes looks transposed."
        ),
    ),
    (
        lambda: lstm(lengths=[1, 2]),
        "lstm_forward: lengths must have shape (N,) = (32,), got (2,).\n  N=32 comes from x (T, N, D) = (50, 32, 8).",
    ),
    (
        lambda: gru_forward(Z((5, 2, 3)), Z((2, 4)), Z((3, 12)), Z((4, 12)), b_hn=Z(12)),
        "gru_forward: b_hn must have shape (H,) = (4,), got (12,).\n  H=4 comes from W_h (H, 3H) = (4, 12).",
    ),
    (
        lambda: rnn_backward(Z((6, 2, 4)), Z((5, 2, 3)), Z((6, 2, 4)), Z((3, 4)), Z((4, 4))),
        (
            "rnn_backward: dh must have shape (T, N, H) = (5, 2, 4), got (6, 2, 4).\n"
            "  T=5 and N=2 come from x (T, N, D) = (5, 2, 3); H=4 from W_h (4, 4)."
        ),
    ),
    (
        lambda: rnn_backward(Z((2, 5, 4)), Z((5, 2, 3)), Z((6, 2, 4)), Z((3, 4)), Z((4, 4))),
        (
            "rnn_backward: dh must have shape (T, N, H) = (5, 2, 4), got (2, 5, 4).\n"
            "  T=5 and N=2 come from x (T, N, D) = (5, 2, 3); H=4 from W_h (4, 4).\n"
            "  Hint: dh looks batch-first; time comes first here: dh.swapaxes(0, 1)."
        ),
    ),
    (
        lambda: lstm_backward(None, Z((5, 2, 3)), Z((5, 2, 4)), Z((6, 2, 4)), Z((5, 2, 16)), Z((3, 16)), Z((4, 16))),
        (
            "lstm_backward: h must have shape (T+1, N, H) = (6, 2, 4), got (5, 2, 4).\n"
            "  T=5 and N=2 come from x (T, N, D) = (5, 2, 3); H=4 from W_h (4, 16)."
        ),
    ),
    (
        lambda: dense_backward(Z((5, 3, 1)), Z((5, 2, 4)), Z((4, 1))),
        (
            "dense_backward: do must have shape (..., K) = (5, 2, 1), got (5, 3, 1).\n"
            "  ...=(5, 2) comes from h (..., H) = (5, 2, 4); K=1 from W_y (4, 1)."
        ),
    ),
    (
        lambda: mean_squared_error(Z((5, 2, 1)), Z((5, 2))),
        (
            "mean_squared_error: y must have shape (..., K) = (5, 2, 1), got (5, 2).\n"
            "  ...=(5, 2) and K=1 come from o (..., K) = (5, 2, 1)."
        ),
    ),
    (
        lambda: mean_squared_error(Z((5, 2, 1)), Z((5, 2, 1)), weight=Z(5)),
        (
            "mean_squared_error: weight must have shape (...,) = (5, 2), got (5,).\n"
            "  ...=(5, 2) comes from o (..., K) = (5, 2, 1)."
        ),
    ),
    (lambda: mean_squared_error(1.0, 1.0), "mean_squared_error: o must have shape (..., K), got ()."),
    (
        lambda: silu_backward(Z((2, 3)), Z((3, 2))),
        ("silu_backward: dy must have shape (...,) = (3, 2), got (2, 3).\n  ...=(3, 2) comes from a (...,) = (3, 2)."),
    ),
    (
        lambda: mixing_readout_forward(Z((2, 3, 9)), Z((2, 3, 4)), np.ones(2)),
        (
            "mixing_readout_forward: k must have shape (J,) = (3,), got (2,).\n"
            "  J=3 comes from o (..., J, K) = (2, 3, 9)."
        ),
    ),
    (
        lambda: mixing_readout_forward(Z((2, 3, 10)), Z((2, 3, 4)), np.ones(3)),
        (
            "mixing_readout_forward: o must have B+Q+2 values in its last axis with an odd number Q of quantiles, "
            "got 10.\n  B=4 comes from b (..., J, B) = (2, 3, 4), which leaves Q=4."
        ),
    ),
    (
        lambda: mixing_readout_backward(Z((2, 3, 5)), Z((2, 3, 9)), Z((2, 3, 4)), np.ones(3)),
        (
            "mixing_readout_backward: dq must have shape (..., J, 3) = (2, 3, 3), got (2, 3, 5).\n"
            "  ...=(2,) and J=3 come from o (..., J, K) = (2, 3, 9)."
        ),
    ),
    (
        lambda: quantile_loss(Z((2, 3)), Z(2), [0.5]),
        ("quantile_loss: levels must have shape (Q,) = (3,), got (1,).\n  Q=3 comes from q (..., Q) = (2, 3)."),
    ),
    (
        lambda: sgd_step(**{**SGD, "gradient": Z(4)}),
        "sgd_step: gradient must have shape (P,) = (3,), got (4,).\n  P=3 comes from theta (P,) = (3,).",
    ),
    (
        lambda: gather_windows(**{**WINDOWS, "center": Z((99, 1))}),
        (
            "gather_windows: center must have shape (total, C) = (100, 1), got (99, 1).\n"
            "  total=100 and C=1 come from values (total, C) = (100, 1)."
        ),
    ),
]

ARGUMENTS: list[tuple[Callable[[], object], str]] = [
    (lambda: rnn(lengths=[5, 6]), "rnn_forward: lengths[1] must be between 0 and T = 5, got 6."),
    (lambda: rnn(lengths=[-1, 6]), "rnn_forward: lengths[0] must be between 0 and T = 5, got -1."),
    (
        lambda: rnn(lengths=np.array([1, 2**63], np.uint64)),
        "rnn_forward: lengths[1] must be between 0 and T = 5, got 9223372036854775808.",
    ),
    (lambda: rnn(lengths=[1.0, 2.0]), "rnn_forward: lengths must hold integers, got dtype float64."),
    (lambda: rnn(lengths=[True, False]), "rnn_forward: lengths must hold integers, got dtype bool."),
    (
        lambda: rnn(activation="Tahn"),
        (
            "rnn_forward: activation must be one of 'tanh', 'relu', 'sigmoid', 'identity', got 'Tahn'.\n"
            "  Hint: did you mean 'tanh'?"
        ),
    ),
    (
        lambda: rnn(activation=np.tanh),
        "rnn_forward: activation must be one of 'tanh', 'relu', 'sigmoid', 'identity', got <ufunc 'tanh'>.",
    ),
    (lambda: rnn(x="abc"), "rnn_forward: x must hold real numbers, got str."),
    (lambda: rnn(h_0=None), "rnn_forward: h_0 must hold real numbers, got NoneType."),
    (lambda: rnn(x=Z((5, 2, 3), complex)), "rnn_forward: x must hold real numbers, got dtype complex128."),
    (lambda: rnn(x=Z((5, 2, 3), "M8[s]")), "rnn_forward: x must hold real numbers, got dtype datetime64[s]."),
    (lambda: rnn(x=[[1.0], [1.0, 2.0]]), "rnn_forward: x must be a rectangular array, got rows of unequal lengths."),
    (
        lambda: rnn(x=np.ma.masked_less(np.arange(30.0).reshape(5, 2, 3), 3)),
        "rnn_forward: x has masked values; fill or drop them first.",
    ),
    (
        lambda: rnn_backward(None, Z((5, 2, 3)), Z((6, 2, 4)), Z((3, 4)), Z((4, 4)), bptt_depth=0),
        "rnn_backward: bptt_depth must be an integer of at least 1, got 0.",
    ),
    (
        lambda: rnn_backward(None, Z((5, 2, 3)), Z((6, 2, 4)), Z((3, 4)), Z((4, 4)), bptt_depth=1.0),
        "rnn_backward: bptt_depth must be an integer of at least 1, got 1.0.",
    ),
    (
        lambda: gru_forward(Z((5, 2, 3)), Z((2, 4)), Z((3, 12)), Z((4, 12)), reset="middle"),
        "gru_forward: reset must be one of 'after', 'before', got 'middle'.",
    ),
    (
        lambda: activation_forward([1.0], "gelu"),
        (
            "activation_forward: activation must be one of 'identity', 'tanh', 'relu', 'sigmoid', 'softmax', "
            "'log_softmax', got 'gelu'.\n  Hint: did you mean 'relu'?"
        ),
    ),
    (lambda: embedding_forward([0.0], [[1.0]]), "embedding_forward: indices must hold integers, got dtype float64."),
    (
        lambda: embedding_backward([[1.0]], [0], 0),
        "embedding_backward: vocabulary_size must be an integer of at least 1, got 0.",
    ),
    (
        lambda: mean_squared_error([1.0], [1.0], reduction="none"),
        "mean_squared_error: reduction must be one of 'mean', 'sum', got 'none'.",
    ),
    (
        lambda: categorical_cross_entropy([[1.0, 2.0]], [0.0]),
        "categorical_cross_entropy: y must hold integers, got dtype float64.",
    ),
    (lambda: huber([1.0], [1.0], delta=0), "huber: delta must be a number in (0, inf), got 0."),
    (lambda: pinball([1.0], [1.0], quantile=1.0), "pinball: quantile must be a number in (0, 1), got 1."),
    (
        lambda: quantile_loss([1.0, 2.0, 3.0], 1.0, [0.1, 0.5, 1.0]),
        "quantile_loss: levels[2] must be between 0 and 1 and above the level before, got 1.0.",
    ),
    (
        lambda: quantile_loss([1.0, 2.0, 3.0], 1.0, [0.1, 0.5, 0.5]),
        "quantile_loss: levels[2] must be between 0 and 1 and above the level before, got 0.5.",
    ),
    (
        lambda: numerical_gradient(lambda x: 0.0, [1.0], -0.5),
        "numerical_gradient: step must be a number in (0, inf), got -0.5.",
    ),
    (
        lambda: sgd_step(**{**SGD, "theta": [1.0, 2.0, 3.0]}),
        "sgd_step: theta is changed in place, so it must be a NumPy array, got list.",
    ),
    (
        lambda: sgd_step(**{**SGD, "velocity": Z(3, np.float32)}),
        "sgd_step: velocity is changed in place, so it must be float64, got float32.",
    ),
    (
        lambda: sgd_step(**{**SGD, "theta": Z(6)[::2]}),
        "sgd_step: theta is changed in place, so it must be C-contiguous and aligned.",
    ),
    (
        lambda: sgd_step(**{**SGD, "theta": np.broadcast_to(Z(1), 1)}),
        "sgd_step: theta is changed in place, so it must be writable, got a read-only array.",
    ),
    (
        lambda: adam_step(**{**ADAM, "m": SHARED, "v": SHARED}),
        "adam_step: m and v share memory; they must be separate arrays.",
    ),
    (
        lambda: sgd_step(**{**SGD, "gradient": SHARED, "theta": SHARED}),
        "sgd_step: theta and gradient share memory; they must be separate arrays.",
    ),
    (
        lambda: sgd_step(**{**SGD, "learning_rate": np.nan}),
        "sgd_step: learning_rate must be a number in [0, inf), got nan.",
    ),
    (
        lambda: sgd_step(**{**SGD, "learning_rate": -0.1}),
        "sgd_step: learning_rate must be a number in [0, inf), got -0.1.",
    ),
    (
        lambda: sgd_step(**{**SGD, "learning_rate": "0.1"}),
        "sgd_step: learning_rate must be a number in [0, inf), got '0.1'.",
    ),
    (lambda: sgd_step(**SGD, nesterov=1), "sgd_step: nesterov must be True or False, got 1."),
    (lambda: sgd_step(**SGD, momentum=np.inf), "sgd_step: momentum must be a number in [0, 1), got inf."),
    (
        lambda: rmsprop_step(Z(3), Z(3), Z(3), 0.1, decay=1.5),
        "rmsprop_step: decay must be a number in [0, 1), got 1.5.",
    ),
    (
        lambda: adam_step(**{**ADAM, "step": 0}),
        "adam_step: step must be an integer between 1 and 9007199254740992, got 0.",
    ),
    (lambda: adam_step(**ADAM, beta_2=1.0), "adam_step: beta_2 must be a number in [0, 1), got 1."),
    (lambda: adam_step(**ADAM, epsilon=0.0), "adam_step: epsilon must be a number in (0, inf), got 0."),
    (lambda: clip_by_norm(Z(3), 0.0), "clip_by_norm: max_norm must be a number in (0, inf], got 0."),
    (lambda: clip_by_value(Z(3), np.nan), "clip_by_value: limit must be a number in (0, inf], got nan."),
    (lambda: dropout_mask(**{**MASK, "rate": 1.0}), "dropout_mask: rate must be a number in [0, 1), got 1."),
    (
        lambda: dropout_mask(**{**MASK, "shape": (2, 3)}),
        "dropout_mask: shape must be three sizes (T, N, H), got (2, 3).",
    ),
    (
        lambda: dropout_mask(**{**MASK, "shape": (2, -3, 4)}),
        "dropout_mask: shape[1] must be an integer between 0 and 4294967296, got -3.",
    ),
    (
        lambda: dropout_mask(**MASK, first_row=2**32 - 2),
        "dropout_mask: first_row must be an integer between 0 and 4294967293, got 4294967294.",
    ),
    (
        lambda: dropout_mask(**MASK, dtype=np.int32),
        "dropout_mask: dtype must be float32 or float64, got <class 'numpy.int32'>.",
    ),
    (
        lambda: gather_windows(**{**WINDOWS, "origins": [3, 99]}),
        "gather_windows: origins[1] = 99 reads rows 96 to 100, but values has rows 0 to 99.",
    ),
    (
        lambda: gather_windows(**{**WINDOWS, "origins": [3, 2]}),
        "gather_windows: origins[1] = 2 reads rows -1 to 3, but values has rows 0 to 99.",
    ),
    (
        lambda: gather_windows(**{**WINDOWS, "origins": [99], "width": 1, "center": Z((100, 1))}),
        "gather_windows: origins[0] must be between 0 and 98 (so that every step has a center), got 99.",
    ),
    (
        lambda: gather_windows(**WINDOWS, stride=0),
        "gather_windows: stride must be an integer between 1 and 9007199254740992, got 0.",
    ),
    (
        lambda: gather_windows(**WINDOWS, dtype="int8"),
        "gather_windows: dtype must be float32 or float64, got 'int8'.",
    ),
]

DATA: list[tuple[Callable[[], object], str]] = [
    (
        lambda: embedding_forward([[0, 1], [7, 0]], [[1.0], [2.0]]),
        "embedding_forward: indices[1, 0] must be between 0 and V-1 = 1, got 7.",
    ),
    (
        lambda: embedding_backward([[1.0], [2.0]], [0, -1], 3),
        "embedding_backward: indices[1] must be between 0 and V-1 = 2, got -1.",
    ),
    (
        lambda: categorical_cross_entropy(Z((3, 2, 4)), [[1, 2], [3, 4], [0, 0]]),
        "categorical_cross_entropy: y[1, 1] must be between 0 and K-1 = 3, got 4.",
    ),
    (
        lambda: categorical_cross_entropy([1.0, 2.0], 2),
        "categorical_cross_entropy: y must be between 0 and K-1 = 1, got 2.",
    ),
    (
        lambda: binary_cross_entropy([[1.0, 2.0]], [[1.0, 1.5]]),
        "binary_cross_entropy: y[0, 1] must be between 0 and 1, got 1.5.",
    ),
    (
        lambda: binary_cross_entropy([[1.0, 2.0]], [[np.nan, 1.0]]),
        "binary_cross_entropy: y[0, 0] must be between 0 and 1, got nan.",
    ),
    (
        lambda: mixing_readout_forward(Z((2, 5)), Z((2, 2)), [1.0, 0.5]),
        "mixing_readout_forward: k[1] must be finite and at least 1, got 0.5.",
    ),
    (
        lambda: quantile_loss([1.0, 2.0], 1.0, [0.1, 0.5], importance=[1.0, np.nan]),
        "quantile_loss: importance[1] must be finite and at least 0, got nan.",
    ),
    (
        lambda: quantile_loss([[1.0]], [1.0], [0.1], weight=[-1.0]),
        "quantile_loss: weight[0] must be finite and at least 0, got -1.0.",
    ),
    (
        lambda: mean_squared_error([[1.0, 2.0]], [[1.0, 1.5]], weight=[-0.5]),
        "mean_squared_error: weight[0] must be finite and at least 0, got -0.5.",
    ),
    (
        lambda: mean_squared_error([[1.0, 2.0]], [[1.0, 1.5]], weight=[[1.0, np.inf]]),
        "mean_squared_error: weight[0, 1] must be finite and at least 0, got inf.",
    ),
]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (call, error, text)
        for error, table in ((ShapeError, SHAPES), (ArgumentError, ARGUMENTS), (DataError, DATA))
        for call, text in table
    ],
)
def test_words(call: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
    assert isinstance(caught.value, ValueError)


def test_a_refused_step_changes_nothing() -> None:
    theta, m, v = np.ones(3), np.ones(3), np.ones(3)
    for change in ({"beta_2": 2.0}, {"weight_decay": -1.0}, {"epsilon": np.nan}):
        with pytest.raises(ArgumentError):
            adam_step(theta, np.ones(3), m, v, 1, 0.1, **change)
    np.testing.assert_array_equal([theta, m, v], np.ones((3, 3)))


def test_the_tree() -> None:
    ours = [kind for name in errors.__all__ if isinstance(kind := getattr(errors, name), type)]
    ours.remove(errors.Remedy)
    for error in ours:
        if issubclass(error, Warning):
            assert issubclass(error, UserWarning)
        else:
            assert issubclass(error, errors.ElmanError)
        assert error.__name__ in (errors.__doc__ or "")
    assert {e.__name__ for e in ours if issubclass(e, ValueError)} == {
        "ShapeError",
        "ArgumentError",
        "DataError",
        "FileFormatError",
        "UnsupportedError",
        "InterchangeError",
    }
    assert issubclass(errors.TrainingError, RuntimeError)


def test_arrays_that_are_right_are_not_copied() -> None:
    for dtype in (np.float32, np.float64):
        x, h_0 = Z((5, 2, 3), dtype), Z((2, 4), dtype)
        s = Shapes("here", None, x, h_0)
        assert s.array("x", x, "T", "N", "D") is x
        assert s.array("h_0", h_0, "N", "H") is h_0
        lengths = np.array([1, 5])
        assert s.lengths(lengths) is lengths


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ([], np.float64),
        ([[1.0, 2.0]], np.float64),
        ([Z(3, np.int64)], np.float64),
        ([Z(3, np.float16)], np.float32),
        ([Z(3, ">f4"), None, [1.0], Z(3, np.int64)], np.float32),
        ([Z(3, np.float32), Z(3, np.float64)], np.float64),
        ([Z(3, np.float32), Z(3, np.longdouble)], np.float64),
    ],
)
def test_dtype_of_a_call(arrays: list[Any], expected: type) -> None:
    assert common_dtype(*arrays) == expected
    result = Shapes("here", None, *arrays).array("x", Z(3, ">f8"), "P")
    assert result.dtype == expected
    assert result.dtype.isnative


def test_everything_public_is_exported() -> None:
    assert list(reference.__all__) == sorted(reference.__all__)
    for name in reference.__all__:
        assert getattr(reference, name).__doc__
