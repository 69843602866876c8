"""Optimizers and clipping along trajectories, dropout masks and windows bit for bit, on every ISA level."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from elman import engine, reference
from kernels.calls import DTYPES
from tolerances import assert_close

SIZES = (0, 1, 7, 8, 9, 16, 17, 67)
STEPS = {
    "sgd": ("sgd_step", 1, {"learning_rate": 0.1}),
    "momentum": ("sgd_step", 1, {"learning_rate": 0.1, "momentum": 0.9}),
    "nesterov": ("sgd_step", 1, {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.03}),
    "rmsprop": ("rmsprop_step", 1, {"learning_rate": 0.01, "decay": 0.8, "epsilon": 1e-3}),
    "adam": ("adam_step", 2, {"learning_rate": 0.02}),
    "adamw": (
        "adam_step",
        2,
        {"learning_rate": 0.02, "beta_1": 0.7, "beta_2": 0.95, "epsilon": 1e-3, "weight_decay": 0.1},
    ),
}
NO_WEIGHT = {"rate": 0.3, "seed": 5, "update": 7, "layer": 1}


@pytest.mark.parametrize("which", STEPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_optimizers(isa: str, dtype: str, which: str) -> None:
    """Forty steps of the engine; at each, the twin steps from the same vectors. Parameters move away from zero, so that
    no sum cancels and every rounding is small beside the result."""
    name, moments, options = STEPS[which]
    for size in SIZES:
        rng = np.random.default_rng(size)
        sign = rng.choice([-1.0, 1.0], size)
        vectors = [(3 * sign).astype(dtype)] + [np.zeros(size, dtype) for _ in range(moments)]
        for step in range(1, 41):
            gradient = (-sign * (1 + rng.random(size))).astype(dtype)
            twins = [vector.astype("float64") for vector in vectors]
            number = {"step": step} if name == "adam_step" else {}
            limit = {"max_norm": 0.5} if step % 2 else {}
            norm = getattr(engine, name)(vectors[0], gradient, *vectors[1:], **number, **options, **limit)
            slope = gradient.astype("float64")
            expected = getattr(reference, name)(twins[0], slope, *twins[1:], **number, **options, **limit)
            assert type(norm) is float
            assert_close(norm, expected, "loss", "float64", f"norm of {size}")
            for vector, twin in zip(vectors, twins, strict=True):
                assert vector.dtype == dtype
                assert_close(vector, twin, "optimizer step", dtype, f"{which} {size} step {step}")


@pytest.mark.parametrize("which", STEPS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_step_clips_as_clipping_before_it_does(isa: str, dtype: str, which: str) -> None:
    """The same bits in one pass less, and the gradient is left as it is."""
    name, moments, options = STEPS[which]
    number = {"step": 3} if name == "adam_step" else {}
    rng = np.random.default_rng(5)
    gradient, *vectors = (rng.random(37).astype(dtype) for _ in range(2 + moments))
    clipped, others = gradient.copy(), [vector.copy() for vector in vectors]
    before = engine.clip_by_norm(clipped, 0.25)
    gradient.setflags(write=False)
    norm = getattr(engine, name)(vectors[0], gradient, *vectors[1:], **number, **options, max_norm=0.25)
    getattr(engine, name)(others[0], clipped, *others[1:], **number, **options)
    assert norm == before > 0.25
    for vector, other in zip(vectors, others, strict=True):
        np.testing.assert_array_equal(vector, other, strict=True)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", STEPS)
def test_a_step_without_a_finite_gradient_changes_nothing(isa: str, which: str, bad: float) -> None:
    name, moments, options = STEPS[which]
    number = {"step": 1} if name == "adam_step" else {}
    for module in (engine, reference):
        theta, gradient, *rest = (np.full(9, 0.5) for _ in range(2 + moments))
        gradient[4] = bad
        assert not np.isfinite(getattr(module, name)(theta, gradient, *rest, **number, **options))
        for vector in (theta, *rest):
            np.testing.assert_array_equal(vector, np.full(9, 0.5))


@pytest.mark.parametrize("step", [1000, 123_456, 10**9, 2**53])
def test_adam_after_many_steps(isa: str, step: int) -> None:
    """The correction of the means fades away; its price does not grow with the step."""
    start = np.array([1.0, -2.0]), np.array([0.5, 4.0]), np.array([0.25, -1.0]), np.array([0.0625, 9.0])
    ours, twins = [v.copy() for v in start], [v.copy() for v in start]
    engine.adam_step(*ours, step, 0.01)
    reference.adam_step(*twins, step, 0.01)
    for vector, twin in zip(ours, twins, strict=True):
        assert_close(vector, twin, "optimizer step")


@pytest.mark.parametrize("dtype", DTYPES)
def test_clip_by_norm(isa: str, dtype: str) -> None:
    for size, max_norm in product(SIZES, (0.5, 1e3, np.inf)):
        gradient = np.random.default_rng(size).normal(size=size).astype(dtype)
        twin = gradient.astype("float64")
        norm, expected = engine.clip_by_norm(gradient, max_norm), reference.clip_by_norm(twin, max_norm)
        assert type(norm) is float
        assert_close(norm, expected, "loss", "float64", f"norm of {size}")
        assert_close(gradient, twin, "optimizer step", dtype, f"clipped {size}")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_gradient_that_is_not_finite_is_reported_not_hidden(isa: str, dtype: str, bad: float) -> None:
    for size in (1, 9, 40):
        gradient = np.ones(size, dtype)
        gradient[-1] = bad
        before = gradient.copy()
        assert not np.isfinite(engine.clip_by_norm(gradient, 1.0))
        np.testing.assert_array_equal(gradient, before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_norm_of_large_components_does_not_overflow_in_float32(isa: str, dtype: str) -> None:
    gradient = np.array([3e30, 4e30], dtype)
    assert engine.clip_by_norm(gradient, 1.0) == pytest.approx(5e30, rel=1e-6)
    assert_close(gradient, [0.6, 0.8], "optimizer step", dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_clip_by_value(isa: str, dtype: str) -> None:
    for size, limit in product(SIZES, (0.5, 1e3, np.inf)):
        gradient = np.random.default_rng(size).normal(size=size).astype(dtype)
        gradient[1:2] = np.nan
        twin = gradient.astype("float64")
        engine.clip_by_value(gradient, limit)
        reference.clip_by_value(twin, limit)
        np.testing.assert_array_equal(gradient, twin)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropout_masks_bit_for_bit(isa: str, dtype: str) -> None:
    calls = [
        ((3, 5, H), {**NO_WEIGHT, "seed": seed})
        for H, seed in product(range(1, 10), (0, 2**32 - 1, 2**32 + 5, 2**63 - 1))
    ]
    calls += [((2, 3, 6), {**NO_WEIGHT, "rate": rate}) for rate in (0.0, 0.5, 1 / 3, 1 - 2**-40)]
    calls += [((2, 3, 6), {**NO_WEIGHT, "update": update, "layer": 2**32 - 1}) for update in (0, 2**33 + 1)]
    calls += [((2, 3, 6), {**NO_WEIGHT, "first_row": first, "first_step": 2 * first}) for first in (1, 1000, 2**31 - 3)]
    calls += [(shape, NO_WEIGHT) for shape in ((0, 3, 4), (2, 0, 4), (2, 3, 0))]
    for shape, arguments in calls:
        mask = engine.dropout_mask(shape, **arguments, dtype=dtype)
        expected = reference.dropout_mask(shape, **arguments, dtype=dtype)
        assert (mask.dtype, mask.shape) == (expected.dtype, expected.shape)
        assert mask.tobytes() == expected.tobytes(), arguments


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_unit_is_kept_from_the_rate_of_its_word_on(isa: str, dtype: str) -> None:
    """At rate word / 2³² the unit is just kept, one word further it is dropped."""
    word = int(reference.philox([0, 0, 0, NO_WEIGHT["layer"]], [NO_WEIGHT["seed"], NO_WEIGHT["update"]])[0])
    for rate, kept in ((word / 2**32, True), ((word + 1) / 2**32, False)):
        mask = engine.dropout_mask((1, 1, 1), **{**NO_WEIGHT, "rate": rate}, dtype=dtype)
        assert bool(mask[0, 0, 0]) == kept


def test_dropout_mask_of_a_part_is_a_part_of_the_mask(isa: str) -> None:
    whole = engine.dropout_mask((5, 6, 7), **NO_WEIGHT)
    part = engine.dropout_mask((2, 3, 7), **NO_WEIGHT, first_step=3, first_row=2)
    np.testing.assert_array_equal(part, whole[3:, 2:5])


@pytest.mark.parametrize("dtype", DTYPES)
def test_windows_bit_for_bit(isa: str, dtype: str) -> None:
    rng = np.random.default_rng(9)
    for channels, steps, first, width, stride in product((1, 3), (0, 1, 4), (-5, 0, 2), (1, 3, 6), (1, 2)):
        values, level = (
            rng.normal(size=(40, channels)) * 10.0 ** rng.integers(-20, 20, (40, channels)),
            rng.normal(size=(40, channels)),
        )
        for N, some_level in product((0, 1, 5), (None, level)):
            origins = rng.integers(5, 40 - (steps * stride + 8), N)
            arguments = values, some_level, origins, steps, first, width, stride, dtype
            windows, expected = engine.gather_windows(*arguments), reference.gather_windows(*arguments)
            assert (windows.dtype, windows.shape) == (expected.dtype, expected.shape)
            assert windows.tobytes() == expected.tobytes()


def test_windows_keep_nan_where_it_is(isa: str) -> None:
    values = np.arange(12.0)[:, np.newaxis]
    values[5] = np.nan
    arguments = values, None, [2, 6], 3, 0, 2
    np.testing.assert_array_equal(engine.gather_windows(*arguments), reference.gather_windows(*arguments))
