"""What a notebook shows of results: short, escaped, and the numbers that were measured."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from elman import ArgumentError, Forecaster, LanguageModel, Network, SequenceClassifier, plot_history
from elman.forecasting import backtest
from elman.network import Architecture
from elman.notebook import html_table, new_figure
from elman.training import Batch, History, gradient_flow

SERIES = np.tile([10.0, 20.0, 30.0, 20.0], 12)
NASTY = '<script>alert("$x$")</script>\x1b[2J'
MOST = 12_000  # characters; scikit-learn's diagram of an estimator has three times as many


class _Cells(HTMLParser):
    """Collects the text of every cell and caption, and refuses tags that are not ours."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        assert tag in ("div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p")
        self.cells += [""] if tag in ("caption", "th", "td", "p") else []

    def handle_data(self, data: str) -> None:
        self.cells[-1] += data


def cells(shown: Any) -> list[str]:
    text = shown if isinstance(shown, str) else shown._repr_html_()
    assert len(text) < MOST
    return _Cells(text).cells


@pytest.fixture(scope="module")
def network() -> Forecaster:
    small: dict[str, Any] = {"window": 5, "steps": 8, "hidden_size": 4, "updates": 12}
    return Forecaster(2, season=4, method="network", random_state=0, **small).fit(SERIES)


def test_table() -> None:
    table = cells(html_table("Title & more", [["a<b", 0.123456, 1234, float("nan"), None]], ["", 1], ["Note."]))
    assert table == ["Title & more", "", "1", "a<b", "0.1235", "1,234", "–", "None", "Note."]


def test_everything_is_escaped_and_cut() -> None:
    shown = html_table(NASTY, [[NASTY, NASTY], ["long", "x" * 1000]], [NASTY], [NASTY])
    assert "<script" not in shown and "\x1b" not in shown
    assert r"&lt;script&gt;alert(&quot;$x$&quot;)&lt;/script&gt;\x1b[2J" in shown
    assert 'class="elman tex2jax_ignore mathjax_ignore" ' in shown  # or Jupyter would typeset $x$
    assert cells(shown)[-2] == "x" * 399 + "…"


def test_long_tables_are_cut() -> None:
    assert cells(html_table("", [[i, i] for i in range(20)]))[-1] == "19"
    assert cells(html_table("", [[i, i] for i in range(5000)]))[-2:] == ["18", "… 4,981 more rows"]


def test_forecaster() -> None:
    model = Forecaster(2, season=4, method="seasonal naive", cutoffs=3)
    assert cells(model) == [repr(model), "not fitted yet", ""]
    shown = cells(model.fit(SERIES))
    assert shown[:5] == [repr(model), "delivered", "seasonal naive", "because", model.reason_]
    assert model.check_ is not None
    assert shown[5:7] == ["verdict", model.check_.verdict]
    assert "Mean errors: 1 series, 3 × 2 values held out" in shown
    assert shown[shown.index("Elman") :][:4] == ["Elman", "0", "–", "0"]  # sMAPE, MASE, MAE
    assert set(model._repr_mimebundle_(include=None)) == {"text/plain", "text/html"}


def test_forecaster_with_a_network(network: Forecaster) -> None:
    shown = dict(zip(cells(network)[1::2], cells(network)[2::2], strict=False))
    first = np.mean([history.loss[0] for history in network.history_])
    assert (shown["window"], shown["updates"]) == ("5", "12")
    assert shown["networks"] == f"{len(network.networks_)} of {network.networks_[0].theta.size} parameters"
    assert shown["loss"].startswith(f"{first:.4g} to ")


def test_backtest_history_flow_and_network(network: Forecaster) -> None:
    result = backtest(Forecaster(2, season=4, method="seasonal naive"), SERIES, n_windows=2, level=80)
    assert repr(result) == f"Backtest(2 cut-offs of 2 values: {result.verdict})"
    assert cells(result)[-2:] == [result.verdict, "100.0% of the values are inside the 80 % interval."]
    history = network.history_[0]
    assert cells(history)[:8] == [
        repr(history), "", "first", "lowest", "last", "loss",
        f"{history.loss[0]:.4g}", f"{min(history.loss):.4g}",
    ]  # fmt: skip
    flow = network.gradient_flow()
    assert repr(flow) == f"GradientFlow(lstm, 1 layer, {flow.lags} lags, reach {flow.reach})"
    assert repr(flow.layers[0]) == f"LayerFlow('layers.0', 4 units, {flow.lags} lags, reach {flow.layers[0].reach})"
    assert cells(flow)[1] == "layers.0" and flow.advice[0] in cells(flow)
    small = Network.initialized(Architecture(3, 1, cell="gru", hidden_size=8))
    assert repr(small) == (
        "Network(Architecture(input_size=3, output_size=1, cell='gru', hidden_size=8), 305 parameters, float32)"
    )
    assert cells(small)[4:10] == ["all", "", "305", "layers.0.W_x", "3 × 24", "72"]


def test_other_estimators_in_place_of_the_diagram_of_pipelines() -> None:
    X, y = [[1.0, 2.0], [2.0, 0.0], [8.0, 9.0], [9.0, 7.0]], [NASTY, NASTY, "high", "high"]
    shown = cells(SequenceClassifier(updates=2, hidden_size=4, random_state=0).fit(X, y))
    assert shown[1:3] == ["classes", r'<script>alert("$x$")</script>\x1b[2J, high']
    text = LanguageModel(hidden_size=4, epochs=1, validation_fraction=0, random_state=0).fit("abcd" * 40)
    assert "vocabulary" in cells(text)


def test_nothing_prints_long(network: Forecaster) -> None:
    panel = pd.DataFrame({"unique_id": np.repeat(range(300), 12), "ds": np.tile(range(12), 300), "y": 1.0})
    panel["y"] += np.arange(len(panel)) % 7
    result = backtest(Forecaster(2, season=4, method="seasonal naive"), panel)
    cells(result)
    for value in (result, network, network.gradient_flow(), network.history_, network.networks_, result.verdicts):
        assert len(repr(value)) < MOST


def test_plot_history(network: Forecaster) -> None:
    for trained in (network, network.history_):
        (ax,) = plot_history(trained).axes
        assert ax.get_lines()[0].get_ydata().tolist() == network.history_[0].loss
        assert len(ax.get_lines()) == 2 * len(network.history_)
    assert len(plot_history(network.history_[0]).axes[0].get_lines()) == 2
    with pytest.raises(ArgumentError, match=r"^plot_history: the history is empty; a saved model has none\.$"):
        plot_history(History())
    with pytest.raises(ArgumentError, match=r"^plot_history: trained must be an estimator .*, got float\.$"):
        plot_history(1.0)


def test_figures_show_themselves() -> None:
    figure: Any = new_figure((2.0, 1.0))
    assert figure._repr_png_().startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("form", ["array", "list", "channels", "frame", "polars"])
def test_plot_of_a_forecast(form: str) -> None:
    data: Any = {"array": SERIES, "list": [SERIES, SERIES + 1], "channels": np.stack([SERIES, SERIES + 1], axis=1)}.get(
        form
    )
    if data is None:
        times = pd.date_range("2020-01-01", periods=48, freq="D")
        data = pd.DataFrame({"unique_id": "$a$", "ds": times, "y": SERIES})
        if form == "polars":
            import polars as pl

            data = pl.DataFrame({name: data[name].to_numpy() for name in ("ds", "y")}).with_columns(
                unique_id=pl.lit("$a$")
            )
    model = Forecaster(4, season=4, method="seasonal naive").fit(data)
    axes = model.plot(model.predict()).axes
    titles = {"array": ["series 0"], "list": ["series 0", "series 1"], "channels": ["channel 0", "channel 1"]}
    assert [ax.get_title(loc="left") for ax in axes] == titles.get(form, ["$a$"])
    for shift, ax in enumerate(axes):
        drawn = [line for line in ax.get_lines() if line.get_label() == "forecast: Elman (seasonal naive)"]
        assert drawn[0].get_ydata().tolist() == [20 + shift, 10 + shift, 20 + shift, 30 + shift, 20 + shift]
    if form != "channels":
        with_levels = model.plot(model.predict(level=[80])).axes[0]
        assert "80 % interval" in [part.get_label() for part in with_levels.collections]


def test_plot_refuses_what_is_no_forecast() -> None:
    model = Forecaster(2, season=4, method="seasonal naive").fit([SERIES, SERIES])
    one_each = r"^Forecaster\.plot: forecast must come from predict, one for each of 2 series\.$"
    with pytest.raises(ArgumentError, match=one_each):
        model.plot(np.ones(2))
    frame = pd.DataFrame({"unique_id": "a", "ds": range(48), "y": SERIES})
    model = Forecaster(2, season=4, method="seasonal naive").fit(frame)
    with pytest.raises(ArgumentError, match=r"^Forecaster\.plot: forecast has series that were not fitted\.$"):
        model.plot(model.predict().assign(unique_id="b"))


def test_plot_of_a_backtest() -> None:
    result = backtest(Forecaster(2, season=4, method="seasonal naive"), [SERIES, SERIES + 1], n_windows=3)
    axes = result.plot().axes
    assert len(axes) == 2
    actual, *forecasts = axes[0].get_lines()
    assert actual.get_ydata().tolist() == SERIES[-6:].tolist()
    assert [line.get_ydata().tolist() for line in forecasts[1::2]] == [[30, 20], [10, 20], [30, 20]]


def test_plot_of_gradient_flow() -> None:
    deep = Architecture(1, 1, cell="rnn", activation="identity", hidden_size=2, num_layers=2, readout="last")
    flow = gradient_flow(
        Network.initialized(deep, seed=0), Batch(np.ones((9, 3, 1)), np.zeros((3, 1))), "mean_squared_error"
    )
    curves, *units = flow.plot().axes[:3]
    drawn = [line.get_ydata() for line in curves.get_lines()[0:4:2]]  # beside each curve a line marks its reach
    for layer, values, ax in zip(flow.layers, drawn, units, strict=True):
        assert np.array_equal(values, np.maximum(layer.relative, 1e-6))
        assert ax.get_images()[0].get_array().shape == layer.units.T.shape
