"""Weights of fewer bits by hand, and the properties that files and kernels rely on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from elman.errors import ArgumentError, ShapeError
from elman.reference import dequantize, quantize, quantize_rows, quantized_dense, rounded
from elman.reference.single import sigmoid_single, tanh_single

MATRICES = arrays(np.float32, (3, 2), elements=st.floats(-(2.0**100), 2.0**100, width=32))


def test_by_hand() -> None:
    q, scale = quantize([[254.0, 0.0], [-3.0, 0.0], [-1.0, 0.0], [127.4, 0.0]])  # scale 2: 127, -1.5, -0.5, 63.7
    assert q.T.tolist() == [[127, -2, 0, 64], [0, 0, 0, 0]] and scale.tolist() == [2.0, 0.0]
    assert dequantize(q, scale)[:, 0].tolist() == [254.0, -4.0, 0.0, 128.0]
    p, rows = quantize_rows([[-127.0, 63.5, 0.5]])
    assert p.tolist() == [[-127, 64, 0]] and rows.tolist() == [1.0]
    # (-127 * 127 + 64 * -2 + 0) * 2 + 1
    assert quantized_dense([[-127.0, 63.5, 0.5]], q[:3], scale, [1.0, 1.0]).tolist() == [[-32513.0, 1.0]]


def test_bfloat16_keeps_eight_bits_half_to_even() -> None:
    one = [1.0, 1.0 + 2**-8, 1.0 + 3 * 2**-8, 1.0 + 2**-8 + 2**-20, -3.140625, 0.0]
    assert rounded([one], "bfloat16")[0].tolist() == [1.0, 1.0, 1.015625, 1.0078125, -3.140625, 0.0]
    assert rounded([[0.1]], "float32") == np.float32(0.1)


@given(MATRICES)
def test_quantizing_again_changes_nothing(W: np.ndarray) -> None:
    q, scale = quantize(W)
    again, same = quantize(dequantize(q, scale))
    np.testing.assert_array_equal(q, again)
    np.testing.assert_array_equal(scale, same)
    exact = q.astype(np.float64) * scale.astype(np.float64)
    np.testing.assert_array_equal(dequantize(q, scale), exact)
    assert (abs(exact - W) <= 0.5001 * scale + 1e-30).all()
    np.testing.assert_array_equal(rounded(rounded(W, "bfloat16"), "bfloat16"), rounded(W, "bfloat16"))


def test_gates_are_close_to_the_functions() -> None:
    z = np.concatenate([np.linspace(-30, 30, 40_001), [0.0, 1e-5, -1e-5]]).astype(np.float32)
    exact = z.astype(np.float64)
    np.testing.assert_allclose(tanh_single(z), np.tanh(exact), rtol=4 * 2**-23)
    np.testing.assert_allclose(sigmoid_single(z), 1 / (1 + np.exp(-exact)), rtol=4 * 2**-23)
    assert sigmoid_single(np.float32([np.nan])) != sigmoid_single(np.float32([np.nan]))
    assert tanh_single(np.float32([np.nan, -np.inf])).tolist()[1] == -1.0


def test_what_cannot_be_quantized_is_named() -> None:
    with pytest.raises(ShapeError, match=r"quantize: W must have shape \(K, J\), got \(2,\)"):
        quantize([1.0, 2.0])
    for W in ([[1.0, np.nan]], [[1.0, 1e40]]):
        with pytest.raises(ArgumentError, match=r"quantize: W\[0, 1\] must be finite, got"):
            quantize(W)
    with pytest.raises(ArgumentError, match=r"rounded: W\[0, 0\] must be finite, got inf"):
        rounded([[3.4e38]], "bfloat16")
    with pytest.raises(ArgumentError, match="rounded: precision must be one of 'float32', 'bfloat16', 'int8'"):
        rounded([[1.0]], "float16")
