"""Parameters of the methods: none is ignored, and what only one method can do is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from elman import ArgumentError, ElmanWarning, UnsupportedError
from forecasting.made import of
from forecasting.small import WAVE, frame_of, small


def test_parameters_of_the_network_are_not_ignored() -> None:
    for name, value, shown in (("window", 5, "5"), ("cell", "gru", '"gru"'), ("intervals", "auto", '"auto"')):
        for method in ("auto", "prior", "seasonal naive"):
            with pytest.raises(ArgumentError) as caught:
                of(method, **{name: value}).fit(WAVE)
            assert str(caught.value) == (
                f'Forecaster.fit: {name} {shown} belongs to the method "network", and the method is "{method}". '
                f'Pass method="network", or leave {name} out.'
            )
    of(cell="lstm", window="auto", steps=96).fit(WAVE)  # the defaults, given explicitly
    with pytest.raises(
        ArgumentError, match=r"^Forecaster.fit: method must be one of 'auto', 'prior', 'tuned', 'network'"
    ):
        of("ets").fit(WAVE)
    with pytest.raises(ArgumentError, match=r'^Forecaster.fit: cutoffs must be "auto" or an integer of at least 1'):
        of(cutoffs=-1).fit(WAVE)


@pytest.mark.parametrize("center", ["season", "last"])
def test_a_blind_network_is_refused(center: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        small(window=1, steps=4, loss_at="last", center=center).fit(WAVE)
    assert str(caught.value) == (
        f'Forecaster.fit: window=1 with loss_at="last" and center="{center}" leaves the network nothing but zeros: the '
        "center of a window of one value is that value, and it is subtracted. "
        'Pass center="none" for the lags as they are, or take a window of a season.'
    )
    small(window=1, steps=4, loss_at="last", center="none").fit(WAVE)


def test_parameters_changed_after_the_fit_are_refused(tmp_path: Path) -> None:
    model = of().fit(WAVE).set_params(horizon=6)
    for act in (model.predict, lambda: model.update([1.0]), lambda: model.save(tmp_path / "m"), model.gradient_flow):
        with pytest.raises(ArgumentError, match="horizon is 6, but was 3 in fit; fit again, or set it back with"):
            act()
    assert model.set_params(horizon=3, n_threads=1, progress=False).predict().shape == (3,)
    with pytest.raises(ArgumentError, match=r"season is \[4, 8\], but was 4 in fit"):
        model.set_params(season=[4, 8]).predict()
    assert np.array_equal(
        model.set_params(horizon=6).fit(WAVE).predict()[:1], of(horizon=6, season=[4, 8]).fit(WAVE).predict()[:1]
    )


def test_more_cut_offs_than_there_is_room_for() -> None:
    with pytest.warns(ElmanWarning, match=r"^Forecaster.fit: 9 cut-offs of 3 values need 29 values, the longest series "
                                          r"has 20; 6 can be checked\.$"):  # fmt: skip
        model = of(cutoffs=9).fit(WAVE[:20])
    assert model.check_ is not None and model.check_.forecasts["cutoff"].nunique() == 6


def test_what_only_a_network_can_do_is_refused_by_name() -> None:
    from elman.explain.saved import trace_forecast
    from elman.interop import export_onnx

    model = of("prior").fit(frame_of(WAVE))
    for act in (
        model.gradient_flow,
        lambda: export_onnx(model, "nowhere.onnx"),
        lambda: trace_forecast(model, frame_of(WAVE), 20),
    ):
        with pytest.raises(UnsupportedError) as caught:
            act()
        assert str(caught.value).endswith(
            "takes a forecaster that delivers its window network, and this one delivers the prior. "
            'Pass method="network" to the Forecaster and fit again.'
        )
    with pytest.raises(AttributeError, match=r"^Forecaster.window_: there is no network, the prior is delivered"):
        _ = model.window_
    with pytest.raises(AttributeError, match=r"^Forecaster.method_: this Forecaster is not fitted yet"):
        _ = of().method_
