"""Reach of the gradient: against finite differences, by hand, and on a task with a known answer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from elman import Forecaster, LanguageModel, SequenceClassifier, SequenceRegressor, SequenceTagger, engine
from elman.data.tasks import adding
from elman.errors import ArgumentError, DataError, UnsupportedError
from elman.network import Architecture, Network, State
from elman.reference import mean_squared_error, numerical_gradient
from elman.training import Batch, Cosine, GradientFlow, LayerFlow, SequenceBatches, Settings, Trainer
from elman.training.gradient_flow import _outputs, _walk_back, gradient_flow
from tolerances import assert_close

Array = npt.NDArray[Any]

T, N, D, H = 7, 3, 2, 4
CELLS = [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")]


def problem(cell: str, activation: str = "tanh", **changes: Any) -> tuple[Network, Array]:
    rng = np.random.default_rng(5)
    architecture = Architecture(D, 2, cell=cell, activation=activation, hidden_size=H, **changes)
    network = Network.initialized(architecture, seed=3, dtype=np.float64)
    return network, rng.normal(size=(T, N, D))


def state_gradient(network: Network, x: Array, y: Array, k: int, t: int, row: int, count: int) -> tuple[float, float]:
    """Differentiate the loss of output t by the state after step k (both from 1), of one row, numerically."""
    last = Network(Architecture(**{**network.architecture.to_dict(), "readout": "last"}), network.theta)
    layers = network.architecture.num_layers
    state = last.run(x[:k, row : row + 1])[0]
    parts = [state.h] if state.c is None else [state.h, state.c]

    def loss(flat: Array) -> float:
        values = flat.reshape(len(parts), layers, 1, H)
        o = last.run(x[k:t, row : row + 1], State(values[0], values[1] if len(parts) == 2 else None))[1]
        return mean_squared_error(o, y[t - 1, row : row + 1], reduction="sum")[0] / count

    found = numerical_gradient(loss, np.stack(parts).ravel()).reshape(len(parts), layers, H)
    return float(np.linalg.norm(found[0, -1])), float(np.linalg.norm(found[1, -1])) if len(parts) == 2 else 0.0


@pytest.mark.parametrize(("cell", "activation"), CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_norms_are_those_of_finite_differences(cell: str, activation: str, layers: int) -> None:
    network, x = problem(cell, activation, num_layers=layers)
    y = np.random.default_rng(6).normal(size=(T, N, 2))
    flow = gradient_flow(network, Batch(x, y), "mean_squared_error", probes=T)
    top = flow.layers[-1]
    for lag in (1, 3, T - 1):
        origins = [(t, row) for t in range(lag + 1, T + 1) for row in range(N)]
        found = [state_gradient(network, x, y, t - lag, t, row, T * N * 2) for t, row in origins]
        assert_close(top.norm[lag], np.mean([h for h, _ in found]), "gradient check")
        if top.c_norm is not None:
            assert_close(top.c_norm[lag], np.mean([c for _, c in found]), "gradient check")


def max_abs(parts: list[Array]) -> Array:
    """Return, element by element, the one value that is not zero."""
    stacked = np.stack(parts)
    return np.take_along_axis(stacked, np.abs(stacked).argmax(axis=0)[np.newaxis], axis=0)[0]


def whole_pass(cell: str, run: Any, dh: Array, lengths: Array) -> Any:
    """Run the engine's backward pass over all steps at once."""
    states = run.x, run.h, run.c, run.gates
    return engine.layer_backward(cell, dh, *states, run.W_x, run.W_h, run.activation, lengths)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bidirectional": True},
        {"num_layers": 2, "bidirectional": True},
        {"num_layers": 2, "reverse": True},
        {"num_layers": 2, "bidirectional": (True, False)},
        {"num_layers": 2, "bidirectional": (False, True)},
    ],
)
@pytest.mark.parametrize("readout", ["last", "mean", "max", "every"])
def test_all_outputs_together_are_the_pass_of_training(cell: str, options: dict[str, Any], readout: str) -> None:
    network, x = problem(cell, readout=readout, **options)
    lengths = np.array([7, 4, 1])
    tape = network.forward(x, None, lengths)
    do = np.random.default_rng(1).normal(size=tape.o.shape)
    if readout == "every":
        do[np.arange(T)[:, np.newaxis] >= lengths] = 0.0
    network.backward(tape, do)
    expected = {name: network.gradients[name].copy() for name in network.gradients}
    tape = network.forward(x, None, lengths)  # a backward pass overwrites inputs
    outputs = [injected for injected, _ in _outputs(tape, do, lengths, probes=T)]
    assert len(outputs) == (1 if readout == "last" else T)
    for direction, run in enumerate(tape.layers[-1].passes):
        # The steps of a short row come up more than once among seven probes.
        together = max_abs([part[direction] for part in outputs])
        _, _, dx = _walk_back(run, together, lengths, 0)
        whole = whole_pass(cell, run, together, lengths)
        prefix = f"layers.{network.architecture.num_layers - 1}." + ("reverse." if direction else "")
        assert_close(whole.dW_x, expected[prefix + "W_x"], "same sums")
        assert_close(dx, whole.dx, "same sums")


def test_a_linear_network_by_hand() -> None:
    """h_t = x_t + 0.5 h_{t-1}: one step back halves the gradient, whatever the data."""
    theta = np.array([1.0, 0.5, 0.0, 3.0, 0.0])  # W_x, W_h, b, W_y, b_y
    network = Network(Architecture(1, 1, cell="rnn", activation="identity", hidden_size=1), theta)
    x = np.ones((12, 2, 1))
    flow = gradient_flow(network, Batch(x, np.zeros((12, 2, 1)), lengths=np.array([12, 9])), "half_squared_error")
    (layer,) = flow.layers
    np.testing.assert_allclose(layer.relative, 0.5 ** np.arange(12), rtol=1e-14)
    np.testing.assert_allclose(layer.units[:, 0], layer.relative, rtol=1e-14)
    assert (layer.reach, flow.reach, flow.lags) == (6, 6, 12)  # 0.5⁶ = 1.6 %, 0.5⁷ = 0.8 %
    weights = 0.5 ** np.arange(12)
    assert layer.mean_lag == pytest.approx(np.arange(12) @ weights / weights.sum())
    assert layer.spectral_radius == {"h": 0.5} and layer.saturation == {} and layer.dead == 0


def test_lags_beyond_a_short_row_count_the_long_rows_alone() -> None:
    """Row 1 has a ten times larger error; relative to itself its gradient halves like the other's."""
    network = Network(
        Architecture(1, 1, cell="rnn", activation="identity", hidden_size=1, readout="last"),
        np.array([1.0, 0.5, 0.0, 1.0, 0.0]),
    )
    batch = Batch(np.ones((6, 2, 1)), np.array([[0.0], [1000.0]]), lengths=np.array([6, 3]))
    layer = gradient_flow(network, batch, "half_squared_error").layers[0]
    np.testing.assert_allclose(layer.relative, 0.5 ** np.arange(6), rtol=1e-14)
    assert layer.norm[3] < layer.norm[2] / 100


@pytest.mark.parametrize("readout", ["every", "last", "mean"])
def test_each_direction_counts_lags_in_its_own_order_of_time(readout: str) -> None:
    """One step back halves the gradient in the one direction and quarters it in the other."""
    architecture = Architecture(
        1, 1, cell="rnn", activation="identity", hidden_size=1, bidirectional=True, readout=readout
    )
    network = Network(architecture, np.array([1.0, 0.5, 0.0, 1.0, 0.25, 0.0, 1.0, 1.0, 0.0]))
    y = np.zeros((8, 2, 1) if readout == "every" else (2, 1))
    flow = gradient_flow(network, Batch(np.ones((8, 2, 1)), y, lengths=np.array([8, 5])), "half_squared_error")
    for layer, factor in zip(flow.layers, (0.5, 0.25), strict=True):
        np.testing.assert_allclose(layer.relative, factor ** np.arange(8), rtol=1e-14)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("readout", ["every", "last", "mean"])
def test_a_network_that_reads_backwards_counts_lags_as_one_that_reads_reversed_rows(cell: str, readout: str) -> None:
    network, x = problem(cell, num_layers=2, readout=readout)
    back = Network(replace(network.architecture, reverse=True), network.theta)
    y = np.random.default_rng(2).normal(size=(T, N, 2) if readout == "every" else (N, 2))
    lengths = np.array([7, 4, 1] if readout == "last" else [T, T, T])  # probes of short rows are no mirror images

    def turned(array: Array) -> Array:
        return np.stack([np.append(array[:n, i][::-1], array[n:, i], axis=0) for i, n in enumerate(lengths)], axis=1)

    of_rows = y if readout != "every" else turned(y)
    one = gradient_flow(network, Batch(x, y, lengths=lengths), "mean_squared_error", probes=2 * T)
    other = gradient_flow(back, Batch(turned(x), of_rows, lengths=lengths), "mean_squared_error", probes=2 * T)
    for layer, same in zip(one.layers, other.layers, strict=True):
        assert_close(layer.norm, same.norm, "same sums")
        assert_close(layer.units, same.units, "same sums")


def test_projections_have_the_flow_of_the_plain_network_with_their_products() -> None:
    network, x = problem("lstm", projection_size=2, readout="last")
    p, architecture = network.parameters, replace(network.architecture, projection_size=None)
    plain = Network.initialized(architecture, dtype=np.float64)
    for name in ("layers.0.W_x", "layers.0.b", "output.b_y"):
        plain.parameters[name][...] = p[name]
    plain.parameters["layers.0.W_h"][...] = p["layers.0.W_p"] @ p["layers.0.W_h"]
    plain.parameters["output.W_y"][...] = p["layers.0.W_p"] @ p["output.W_y"]
    flows = [gradient_flow(own, Batch(x, np.ones((N, 2))), "mean_squared_error").layers[0] for own in (network, plain)]
    assert_close(flows[0].norm, flows[1].norm, "same sums")
    assert_close(flows[0].relative, flows[1].relative, "same sums")


def test_norms_are_not_followed() -> None:
    network, x = problem("gru", layer_norm=True, readout="last")
    with pytest.raises(
        UnsupportedError, match=r"^gradient_flow: needs layer_norm=False: steps back through norms are not"
    ):
        gradient_flow(network, Batch(x, np.ones((N, 2))), "mean_squared_error")


def test_gates_and_units_are_counted() -> None:
    """All weights zero: gates are σ(b), states follow by hand."""
    architecture = Architecture(1, 1, cell="lstm", hidden_size=2, readout="last")
    network = Network(architecture, np.zeros(Network.initialized(architecture).theta.size))
    network.parameters["layers.0.b"][:] = [0, 9, 3, 3, 0, 9, -9, 0]  # i | f | g | o of two units
    network.parameters["output.W_y"][:] = 1.0
    flow = gradient_flow(network, Batch(np.ones((5, 1, 1)), np.zeros((1, 1))), "mean_squared_error")
    (layer,) = flow.layers
    assert layer.saturation == {"i": (0.0, 0.5), "f": (0.0, 1.0), "o": (0.5, 0.0)}
    np.testing.assert_allclose(layer.forgetting, np.full(2, 1 + np.exp(3)), rtol=1e-12)  # 1 / (1 − σ(3))
    assert layer.dead == 1  # unit 0 has g = 0 and stays at zero
    assert layer.spectral_radius == {"i": 0.0, "f": 0.0, "g": 0.0, "o": 0.0}


def train(cell: str) -> tuple[float, GradientFlow]:
    """Learn the adding problem at T = 100; return the error on unseen sequences and the report on them."""
    X, y = adding(4000, 100, seed=0)
    X_test, y_test = adding(64, 100, seed=1)
    network = Network.initialized(Architecture(2, 1, cell=cell, hidden_size=32, readout="last"), seed=0)
    settings = Settings(updates=1500, learning_rate=0.01, clip_norm=1.0, schedule=Cosine())
    trainer = Trainer(network, SequenceBatches(list(X), y, batch_size=32), settings)
    history = trainer.run()
    batch = SequenceBatches(list(X_test), y_test, batch_size=64, shuffle=False).batch(0)
    flow = gradient_flow(network, batch, "mean_squared_error", history=history, clip_norm=1.0)
    return float(np.mean((network.predict(batch.x) - batch.y) ** 2)), flow


def test_vanishing_in_a_simple_network_carried_by_an_lstm() -> None:
    """Hochreiter's observation. Always answering the mean has an error of 1/6."""
    error, simple = train("rnn")
    assert error > 0.1
    assert simple.layers[0].relative[50] < 1e-2 and simple.layers[0].relative[99] < 1e-3
    assert simple.reach < 50 and simple.layers[0].mean_lag < 15
    assert any("cell='lstm'" in sentence for sentence in simple.advice)
    error, gated = train("lstm")
    assert error < 0.05
    assert gated.layers[0].relative.min() > 0.1 and gated.reach == 99
    assert gated.layers[0].mean_lag > 35
    assert not any("falls below" in sentence for sentence in gated.advice)
    assert simple.clipped is not None and 0.0 < simple.clipped < 1.0


def layer_flow(relative: Array, **changes: Any) -> LayerFlow:
    fields: dict[str, Any] = {
        "name": "layers.0", "norm": relative, "c_norm": None, "relative": relative, "units": relative[:, None],
        "spectral_radius": {}, "saturation": {}, "dead": 0, "forgetting": None,
    }  # fmt: skip
    return LayerFlow(**{**fields, **changes})


FADING = 0.8 ** np.arange(200)
FLAT = np.ones(20)


@pytest.mark.parametrize(
    ("flow", "sentence"),
    [
        (
            GradientFlow("rnn", "tanh", (layer_flow(FADING),)),
            (
                "The gradient falls below 1 % beyond lag 20: unrolling 200 steps buys nothing, 21 teach the same. If "
                "what matters lies further back, try cell='lstm' or 'gru' (Hochreiter & Schmidhuber 1997)."
            ),
        ),
        (
            GradientFlow("gru", "tanh", (layer_flow(FADING),)),
            (
                "The gradient falls below 1 % beyond lag 20: unrolling 200 steps buys nothing, 21 teach the same. If "
                "what matters lies further back, try longer windows with fewer steps."
            ),
        ),
        (
            GradientFlow("rnn", "relu", (layer_flow(1.2 ** np.arange(20.0)),)),
            "The gradient grows to 31.9 times its length by lag 19: try clip_norm=1.0 (Pascanu et al. 2013).",
        ),
        (
            GradientFlow("lstm", "tanh", (layer_flow(FLAT),), clip_norm=0.1, clipped=1.0, mean_gradient_norm=4.0),
            (
                "clip_norm=0.1 is below half of the mean gradient norm, 4: try 2 to 40 (Pascanu et al. 2013: 0.5 to 10 "
                "times the mean)."
            ),
        ),
        (
            GradientFlow("rnn", "relu", (layer_flow(FLAT, dead=1),)),
            (
                "layers.0: 1 of 1 units have the same output at every step. Try a lower learning_rate, or "
                "activation='tanh' (Lu et al. 2020)."
            ),
        ),
        (
            GradientFlow("rnn", "tanh", (layer_flow(FLAT, saturation={"h": (0.0, 0.75)}),)),
            (
                "layers.0: 75% of the states are where the activation is flat. Try a lower learning_rate, or inputs of "
                "a smaller scale (Glorot & Bengio 2010)."
            ),
        ),
        (
            GradientFlow("lstm", "tanh", (layer_flow(FLAT, saturation={"f": (0.6, 0.0)}),)),
            (
                "layers.0: 60% of the forget gates are below 0.1, so the cell forgets at once. Try init='default', "
                "whose forget-gate bias starts at 1 (Jozefowicz et al. 2015)."
            ),
        ),
        (
            GradientFlow("lstm", "tanh", (layer_flow(FLAT),), 1.0, 0.9, 1.9),
            "Nothing in these numbers asks for a change.",
        ),
    ],
)
def test_advice(flow: GradientFlow, sentence: str) -> None:
    assert flow.advice == [sentence]


def test_text() -> None:
    layer = layer_flow(
        FADING, spectral_radius={"i": 1.25, "f": 0.5}, saturation={"i": (0.25, 0.0)}, forgetting=np.array([2.0, 30.0])
    )
    lines = str(GradientFlow("lstm", "tanh", (layer,), 1.0, 0.5, 1.25)).splitlines()
    reached = "0.8 at lag 1, 0.11 at lag 10, 2e-10 at lag 100, 5.2e-20 at lag 199"
    assert lines[:7] == [
        f"layers.0: gradient {reached}; at least 1 % up to lag 20",
        "  mean lag                4.0 steps",
        "  units forget in         2.0 to 30.0 steps",
        "  spectral radius of W_h  i 1.25, f 0.50",
        "  saturated               i < 0.1 25%, > 0.9 0%",
        "  dead units              0 of 1",
        "clipped steps: 50% of the updates, mean gradient norm 1.25",
    ]
    assert str(GradientFlow("gru", "tanh", (layer,), 1.0)).splitlines()[6].endswith("a saved model has no history")
    assert str(GradientFlow("gru", "tanh", (layer,))).splitlines()[6] == "clipped steps: nothing was clipped"


def test_refusals() -> None:
    network, x = problem("gru", readout="last")
    y = network.predict(x)
    with pytest.raises(DataError, match=re.escape("gradient_flow: the loss has no gradient on these data, so there")):
        gradient_flow(network, Batch(x, y), "mean_squared_error")
    with pytest.raises(ArgumentError, match="gradient_flow: probes must be an integer of at least 1, got 0"):
        gradient_flow(network, Batch(x, y + 1), "mean_squared_error", probes=0)


def test_estimators_have_it() -> None:
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(int(rng.integers(9, 14)), 2)) for _ in range(70)]
    small: dict[str, Any] = {"hidden_size": 4, "updates": 5, "ensemble_size": 2, "random_state": 0}
    words = ["up" if x[0, 0] > 0 else "down" for x in X]
    classifier = SequenceClassifier(**small).fit(X, words)
    flow = classifier.gradient_flow(X, words)
    assert [layer.name for layer in flow.layers] == ["layers.0", "layers.0.reverse"] and flow.clipped is not None
    other = classifier.gradient_flow(X, words, member=1)
    assert flow.layers[0].relative[1] != other.layers[0].relative[1]
    with pytest.raises(ArgumentError, match=re.escape("SequenceClassifier.gradient_flow: member must be an integer")):
        classifier.gradient_flow(X, words, member=2)
    sums = [float(x.sum()) for x in X]
    assert SequenceRegressor(**small, cell="rnn").fit(X, sums).gradient_flow(X, sums).cell == "rnn"
    for target, tags in (("class", [x[:, 0] > 0 for x in X]), ("numbers", [np.cumsum(x, axis=0) for x in X])):
        tagger = SequenceTagger(**small, target=target).fit(X, tags)
        assert tagger.gradient_flow(X, tags).lags == max(map(len, X))


def test_a_forecaster_has_it() -> None:
    wave = 20 + np.tile([0.0, 3.0, 1.0, -4.0], 20) + np.arange(80) / 10
    model = Forecaster(
        2, method="network", season=4, window=5, steps=30, hidden_size=4, updates=5, ensemble_size=1, random_state=0
    ).fit(wave)
    assert model.gradient_flow(wave).lags == 30
    assert isinstance(model.gradient_flow().layers[0], LayerFlow)
    with pytest.raises(DataError, match=re.escape("Forecaster.gradient_flow: ")):
        model.gradient_flow(np.full(80, -5.0))


@pytest.mark.parametrize("options", [{}, {"embedding_size": 3}, {"training": "windows"}, {"unit": "word"}])
def test_a_language_model_has_it(options: dict[str, Any]) -> None:
    text = "to be or not to be , that is the question . " * 20
    small: dict[str, Any] = {"hidden_size": 8, "steps": 6, "epochs": 1, "random_state": 0}
    model = LanguageModel(**small, **options).fit(text)
    flow = model.gradient_flow(text)
    assert flow.lags == (5 if "training" in options else 6)  # the label of a window is no step
    assert flow.layers[0].relative[0] == 1.0 and flow.layers[0].relative[1] > 0.0
    assert flow.clipped is not None
    with pytest.raises(
        DataError, match=re.escape("LanguageModel.gradient_flow: the text is too short: it has 1 tokens")
    ):
        model.gradient_flow("to") if "unit" in options else model.gradient_flow("t")
