"""Transforms: chosen by the training values, undone to the last digits, never infinite."""

from __future__ import annotations

import numpy as np
import pytest

from elman import DataError
from elman.data.scaling import TRANSFORMS, choose_transform, inverse_transform, outside_domain, series_scale, transform

NAN = float("nan")


@pytest.mark.parametrize(
    ("series", "kind"),
    [
        ([[1.0, 2.0], [1e-300]], "log"),
        ([[1.0, NAN]], "log"),
        ([[1.0, 0.0]], "log1p"),
        ([[1.0], [0.0, 5.0]], "log1p"),
        ([[1.0], [-1e-9, 5.0]], "scale"),
        ([[NAN]], "log"),
    ],
)
def test_choice(series: list[list[float]], kind: str) -> None:
    assert choose_transform([np.array(values) for values in series]) == kind


def test_forward_by_hand() -> None:
    assert transform("log", np.array([1.0, np.e])).tolist() == [0.0, 1.0]
    assert transform("log1p", np.array([0.0, np.e - 1])).tolist() == [0.0, 1.0]
    assert transform("scale", np.array([-6.0, 3.0]), 3.0).tolist() == [-2.0, 1.0]
    assert transform("none", np.array([-6.0])).tolist() == [-6.0]


@pytest.mark.parametrize("kind", TRANSFORMS)
def test_round_trip_in_float64(kind: str) -> None:
    values = np.concatenate([10.0 ** np.arange(-30, 38), [1e8 - 1, 1e8, 1e8 + 1, 5e-324, 3e38]])
    again = inverse_transform(kind, transform(kind, values, 7.0), 7.0)
    # log z has an error of half a unit in its last place, which exp multiplies by |z| <= 90 (745 for subnormals).
    np.testing.assert_allclose(again, values, rtol=1e-13 if kind != "none" else 0, atol=5e-324)


def test_round_trip_of_negative_values() -> None:
    values = np.array([-3e38, -1.0, 0.0, 2.0])
    assert inverse_transform("scale", transform("scale", values, 4.0), 4.0).tolist() == values.tolist()


def test_inverse_is_finite_and_in_the_domain() -> None:
    extreme = np.array([-1e300, -1e3, 0.0, 1e3, 1e300])
    assert np.isfinite(inverse_transform("log", extreme)).all()
    assert (inverse_transform("log", extreme) >= 0).all()
    assert np.isfinite(inverse_transform("log1p", extreme)).all()
    assert inverse_transform("log1p", extreme)[0] == 0.0


def test_scale_by_hand() -> None:
    assert series_scale(np.array([1.0, 3.0, NAN])) == 1.0
    assert series_scale(np.array([0.0, 0.0, 6.0])) == pytest.approx(8 / 3)
    assert series_scale(np.array([4.0, 4.0])) == 1.0
    assert series_scale(np.array([0.0, 5e-324])) == 1.0


def test_values_outside_the_domain() -> None:
    assert outside_domain("log1p", np.array([-2.0, -0.5, -1e-300, 0.0, NAN])).tolist() == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert not outside_domain("scale", np.array([-2.0])).any()
    with pytest.raises(DataError) as caught:
        transform("log", np.array([1.0, 0.0]))
    assert str(caught.value) == "transform: log needs values above 0, got 0."
    with pytest.raises(DataError, match=r"^transform: log1p needs values of at least 0, got -0\.5\.$"):
        transform("log1p", np.array([1.0, -0.5]))


def test_what_log1p_takes_it_gives_back() -> None:
    """No forecast may be cut off at a value that the series itself has gone below."""
    values = np.array([-0.9, -0.5, -1e-9, 0.0, 0.5])
    taken = values[~outside_domain("log1p", values)]
    np.testing.assert_allclose(inverse_transform("log1p", transform("log1p", taken)), taken, rtol=1e-15)
