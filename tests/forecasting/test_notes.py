"""Lecture notes as configurations of the Forecaster: their equations in plain NumPy against the trained weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elman import ElmanWarning, Forecaster, Network
from elman.data.windows import sliding_windows
from elman.forecasting import prediction
from elman.training import Trainer

PLAIN: dict[str, Any] = {
    "method": "network",
    "transform": "none",
    "center": "none",
    "linear_skip": False,
    "optimizer": "sgd",
    "schedule": "constant",
    "clip_norm": None,
    "ensemble_size": 1,
    "random_state": 0,
}
SERIES = np.sin(np.arange(40) / 4)


def start_from(monkeypatch: pytest.MonkeyPatch, values: dict[str, np.ndarray]) -> None:
    """Let every network begin with these parameters."""
    usual = Network.initialized

    def initialized(architecture: Any, **options: Any) -> Network:
        network = usual(architecture, **options)
        for name, value in values.items():
            network.parameters[name][:] = value
        return network

    monkeypatch.setattr(Network, "initialized", initialized)


def note_a(epochs: int, **changes: Any) -> Forecaster:
    options = {"window": 3, "steps": 36, "cell": "rnn", "activation": "sigmoid", "hidden_size": 2, "bias": False}
    options |= {
        "loss": "half_squared_error",
        "bptt_depth": 1,
        "learning_rate": 0.02,
        "updates": epochs,
        "init": "glorot",
    }
    return Forecaster(2, **(PLAIN | options | changes))


def equations_a(U: Any, W: Any, V: Any, epochs: int, rate: float = 0.02) -> list[np.ndarray]:
    inputs, targets = sliding_windows(SERIES, 3, 2)
    assert len(inputs) == 36  # n - T - K + 1
    for _ in range(epochs):
        h, dU, dW, dV = np.zeros(2), 0.0, 0.0, 0.0
        for x, y in zip(inputs, targets, strict=True):
            before, h = h, 1 / (1 + np.exp(-(x @ U + h @ W)))
            error = h @ V - y
            da = (error @ V.T) * h * (1 - h)  # h_{t-1} is held constant
            dU, dW, dV = dU + np.outer(x, da), dW + np.outer(before, da), dV + np.outer(h, error)
        U, W, V = U - rate * dU, W - rate * dW, V - rate * dV  # after all gradients
    return [U, W, V]


NAMES_A = ("layers.0.W_x", "layers.0.W_h", "output.W_y")


@pytest.mark.parametrize("epochs", [1, 12])
def test_note_a_equals_its_equations(epochs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) * 0.5 for shape in ((3, 2), (2, 2), (2, 2))]
    start_from(monkeypatch, dict(zip(NAMES_A, weights, strict=True)))
    trained = note_a(epochs).fit(SERIES).networks_[0].parameters
    for name, expected in zip(NAMES_A, equations_a(*weights, epochs), strict=True):
        np.testing.assert_allclose(trained[name], expected, rtol=2e-5, atol=2e-6)  # float32, some hundred additions


def test_note_a_from_zeros_with_its_warning() -> None:
    with pytest.warns(ElmanWarning):
        model = note_a(5, init="zeros").fit(SERIES)
    trained = model.networks_[0].parameters
    for name, expected in zip(NAMES_A, equations_a(*map(np.zeros, ((3, 2), (2, 2), (2, 2))), 5), strict=True):
        np.testing.assert_allclose(trained[name], expected, rtol=2e-5, atol=2e-6)
    assert np.array_equal(trained["layers.0.W_x"][:, 0], trained["layers.0.W_x"][:, 1])  # all units stay alike


def test_note_a_first_update_by_hand() -> None:
    """From zeros every h is one half and every error is -y: dV = -sum(y) / 2, dU = dW = 0."""
    with pytest.warns(ElmanWarning):
        trained = note_a(1, init="zeros").fit(SERIES).networks_[0].parameters
    targets = sliding_windows(SERIES, 3, 2)[1]
    np.testing.assert_allclose(trained["output.W_y"], np.tile(0.02 * targets.sum(0) / 2, (2, 1)), rtol=1e-5)
    assert not trained["layers.0.W_x"].any() and not trained["layers.0.W_h"].any()


def test_note_a_forecast_goes_on_from_the_carried_state(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    U, W, V = (rng.normal(size=shape) for shape in ((3, 2), (2, 2), (2, 2)))
    start_from(monkeypatch, dict(zip(NAMES_A, (U, W, V), strict=True)))
    model = note_a(1, learning_rate=1e-30, carry_state=True).fit(SERIES)
    h = np.zeros(2)
    for now in range(2, 40):
        h = 1 / (1 + np.exp(-(SERIES[now - 2 : now + 1] @ U + h @ W)))
    np.testing.assert_allclose(model.predict(), h @ V, rtol=1e-5)


def test_note_b_two_lags_of_a_sine_wave(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tanh RNN over two lags, one step per lag, biases, mean squared error: one update by its equations."""
    rng = np.random.default_rng(2)
    U, W, V, b, c = rng.normal(size=(1, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 1)), np.zeros(3), np.zeros(1)
    start_from(monkeypatch, {"layers.0.W_x": U, "layers.0.W_h": W, "output.W_y": V})
    options = {"window": 1, "steps": 2, "cell": "rnn", "hidden_size": 3, "loss": "mse", "loss_at": "last"}
    model = Forecaster(1, **PLAIN, **options, updates=1, learning_rate=0.1, batch_size=1).fit(SERIES[:3])
    x1, x2, y = SERIES[0], SERIES[1], SERIES[2]
    h1 = np.tanh(x1 * U[0] + b)
    h2 = np.tanh(x2 * U[0] + h1 @ W + b)
    error = 2 * (h2 @ V + c - y)
    da2 = (error @ V.T) * (1 - h2**2)
    da1 = (da2 @ W.T) * (1 - h1**2)
    trained = model.networks_[0].parameters
    for name, expected in {
        "output.W_y": V - 0.1 * np.outer(h2, error),
        "output.b_y": c - 0.1 * error,
        "layers.0.W_h": W - 0.1 * np.outer(h1, da2),
        "layers.0.W_x": U - 0.1 * (x2 * da2 + x1 * da1),
        "layers.0.b": b - 0.1 * (da1 + da2),
    }.items():
        np.testing.assert_allclose(trained[name], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_note_b_learns_the_sine_wave(cell: str) -> None:
    wave = np.sin(np.arange(200) * 2 * np.pi / 25)
    model = Forecaster(
        1, method="network", window=1, steps=2, cell=cell, hidden_size=8, loss="mse", loss_at="last", center="none",
        linear_skip=False,
        updates=300, learning_rate=0.02, ensemble_size=1, random_state=0,
    ).fit(wave[:150])  # fmt: skip
    errors = [model.predict(wave[:end])[0] - wave[end] for end in range(150, 200)]
    assert np.abs(errors).max() < 0.1


def test_note_c_feeds_its_predictions_back() -> None:
    """Each row of the fed-back table is the row before, without its first value and with the prediction appended."""
    options: dict[str, Any] = {"strategy": "recursive", "window": 10, "steps": 1, "hidden_size": 4, "center": "none"}
    options |= {"method": "network", "updates": 5, "ensemble_size": 1, "random_state": 0}
    numbers = np.arange(1.0, 101.0)
    forecast = Forecaster(5, **options).fit(numbers).predict()
    one = Forecaster(1, **options).fit(numbers)
    row = numbers[-10:]
    for step in range(5):
        prediction = one.predict(row)[0]
        assert prediction == forecast[step]
        row = np.append(row[1:], prediction)
    assert row[:5].tolist() == [96, 97, 98, 99, 100]
    assert row[5:].tolist() == forecast.tolist()


NUMBERS = np.arange(1.0, 701.0)
LAYOUTS: list[dict[str, Any]] = [{"window": 9, "steps": 1}, {"window": 1, "steps": 9}]  # (N, 1, 9) and (N, 9, 1)


def test_note_c_table_of_windows() -> None:
    features, labels = sliding_windows(NUMBERS, window=9, horizon=1)
    assert features.shape == (691, 9) and labels.shape == (691, 1)
    assert (features[0].tolist(), labels[0].tolist()) == ([1, 2, 3, 4, 5, 6, 7, 8, 9], [10])
    assert (features[1].tolist(), labels[1].tolist()) == ([2, 3, 4, 5, 6, 7, 8, 9, 10], [11])
    assert (features[-1].tolist(), labels[-1].tolist()) == ([691, 692, 693, 694, 695, 696, 697, 698, 699], [700])


def note_c(**layout: Any) -> Forecaster:
    options = layout | {"strategy": "recursive", "loss_at": "last", "hidden_size": 2, "updates": 1}
    return Forecaster(5, method="network", transform="none", center="none", ensemble_size=1, random_state=0, **options)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_note_c_windows_are_what_the_network_is_fed(layout: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    batches = []
    usual = Trainer._one_update

    def watched(trainer: Trainer) -> None:
        batch = trainer.batches.batch(trainer.update)
        batches.append((batch.x.copy(), batch.y.copy()))
        usual(trainer)

    monkeypatch.setattr(Trainer, "_one_update", watched)
    note_c(**layout).set_params(updates=20).fit(NUMBERS)
    seen = set()
    for x, y in batches:
        assert x.shape == (layout["steps"], 32, layout["window"]) and y.shape == (32, 1)
        for row, label in zip(x.transpose(1, 0, 2).reshape(32, 9), y[:, 0], strict=True):
            assert np.array_equal(row, np.arange(row[0], row[0] + 9)) and label == row[0] + 9
            seen.add(int(label))
    assert min(seen) >= 10 and max(seen) <= 700 and len(seen) > 200


@pytest.mark.parametrize("layout", LAYOUTS)
def test_note_c_fed_back_rows(layout: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a network that adds the last difference, the rows are 692 ... 700 -> 701, 693 ... 701 -> 702 and so on."""
    model = note_c(**layout).fit(NUMBERS)
    network = model.networks_[0]
    network.theta[:] = 0.0
    network.parameters["skip.W_k"][:, 0] = [0, 0, 0, 0, 0, 0, 0, -1, 2]
    rows = []
    usual = prediction.final_output

    def watched(network: Any, warm: Any, *rest: Any) -> Any:
        rows.append(warm.x.ravel().tolist())
        return usual(network, warm, *rest)

    monkeypatch.setattr(prediction, "final_output", watched)
    assert model.predict().tolist() == [701, 702, 703, 704, 705]
    assert rows == [
        [692, 693, 694, 695, 696, 697, 698, 699, 700],
        [693, 694, 695, 696, 697, 698, 699, 700, 701],
        [694, 695, 696, 697, 698, 699, 700, 701, 702],
        [695, 696, 697, 698, 699, 700, 701, 702, 703],
        [696, 697, 698, 699, 700, 701, 702, 703, 704],
    ]
