"""The prior's network: its gradient, quantiles in order, and results that depend on nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from elman import reference
from elman.errors import ElmanError, ShapeError
from elman.prior.network import (
    LEVELS,
    Inputs,
    PriorArchitecture,
    PriorNetwork,
    QuantilePass,
    inputs_of,
    patches,
    quantile_loss,
)
from elman.prior.samples import Samples, make_shard
from elman.prior.treatment import PATCH, RECENT, treat
from tolerances import relative_error, tolerance

SMALL = PriorArchitecture(hidden=7, width=9)


def ragged(rows: int = 9, dtype: type = np.float64) -> tuple[Inputs, Samples]:
    shard = make_shard(3, 0, 6)
    samples = Samples.of_rows(shard[:: len(shard) // rows][:rows])
    inputs = samples.inputs()
    assert len(np.unique(inputs.lengths)) > 2
    values = {name: array.astype(dtype) for name, array in inputs._asdict().items() if name != "lengths"}
    return inputs._replace(**values), samples


def test_gradient_of_every_parameter() -> None:
    rng, (inputs, _) = np.random.default_rng(0), ragged()
    theta = SMALL.initial(0).astype(np.float64) + 0.05 * rng.normal(size=SMALL.size)
    network = PriorNetwork(SMALL, theta)
    cotangent = rng.normal(size=network.forward(inputs).shape)
    gradient = network.backward(cotangent).copy()
    for name, view in SMALL.views(theta).items():
        flat, own = view.reshape(-1), SMALL.views(gradient)[name].reshape(-1)
        places = rng.choice(flat.size, min(flat.size, 12), replace=False)
        numerical = []
        for place in places:
            before, total = flat[place], 0.0
            for shift, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
                flat[place] = before + shift * 1e-3
                total += weight * float((network.forward(inputs) * cotangent).sum())
            flat[place] = before
            numerical.append(total / 12e-3)
        assert relative_error(own[places], numerical) < tolerance("gradient check", np.float64), name


def test_gradient_of_the_loss() -> None:
    inputs, samples = ragged()
    network = PriorNetwork(SMALL, SMALL.initial(1).astype(np.float64))
    q, y, weight = network.forward(inputs), samples.y.astype(np.float64), samples.weight.astype(np.float64)
    loss, dq = quantile_loss(q, y, weight)
    importance = np.where(np.arange(9) == 4, 3.0, 1.0)
    error, tau = y[..., None] - q, np.array(LEVELS)
    terms = np.maximum(tau * error, (tau - 1) * error) * importance * weight[:, None, None]
    assert loss == pytest.approx(terms.sum() / (importance.sum() * weight.sum() * y.shape[1]))
    direction = np.random.default_rng(0).normal(size=q.shape) * 1e-7
    after = quantile_loss(q + direction, y, weight)[0] - quantile_loss(q - direction, y, weight)[0]
    assert after == pytest.approx(2 * (dq * direction).sum(), rel=1e-4)


def test_pass_fills_the_gradient_of_its_loss() -> None:
    _, samples = ragged(dtype=np.float32)
    network = PriorNetwork(SMALL, SMALL.initial(2))
    one = QuantilePass(network)
    loss, _ = one(samples, None, 0, 1)
    step = 1e-2 * one.gradient / np.linalg.norm(one.gradient)
    network.theta[...] -= step
    assert one(samples, None, 0, 1)[0] < loss


def test_quantiles_never_cross() -> None:
    rng, (inputs, _) = np.random.default_rng(0), ragged()
    network = PriorNetwork(SMALL, 3 * rng.normal(size=SMALL.size))
    assert (np.diff(network.predict(inputs), axis=2) >= 0).all()


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_bits_depend_on_neither_threads_nor_neighbours(n_threads: int) -> None:
    architecture, ahead = PriorArchitecture(), np.arange(1, 20)
    network = PriorNetwork(architecture, architecture.initial(0))
    rng = np.random.default_rng(0)
    parts = [treat(100 * np.exp(0.1 * rng.normal(size=(1, n)).cumsum(axis=1)), [12], ahead) for n in range(3, 140, 3)]
    together = network.predict(inputs_of(parts, ahead), n_threads)
    for i in (0, 7, 20, len(parts) - 1):
        np.testing.assert_array_equal(network.predict(inputs_of(parts[i : i + 1], ahead), 1)[0], together[i])
    np.testing.assert_array_equal(network.predict(inputs_of(parts[::-1], ahead), n_threads)[::-1], together)


def test_training_gives_the_same_bits_for_any_number_of_threads() -> None:
    samples = Samples.of_rows(make_shard(3, 0, 2)[:256])
    gradients = []
    for n_threads in (1, 2, 4):
        network = PriorNetwork(PriorArchitecture(), PriorArchitecture().initial(0))
        loss, _ = QuantilePass(network)(samples, None, 0, n_threads)
        gradients.append((loss, network.gradient.tobytes()))
    assert gradients[0] == gradients[1] == gradients[2]


def test_predict_may_be_called_from_many_threads() -> None:
    inputs, _ = ragged(64, np.float32)
    network = PriorNetwork(PriorArchitecture(), PriorArchitecture().initial(0))
    expected = network.predict(inputs, 1)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: network.predict(inputs, 1), range(16)))
    assert all(np.array_equal(result, expected) for result in results)


def test_patches_end_with_the_newest_value() -> None:
    recent = np.full((2, RECENT), np.nan)
    recent[0, -11:] = np.arange(-10.0, 1.0)
    recent[1] = np.arange(RECENT) - RECENT + 1.0
    x, lengths = patches(recent)
    assert lengths.tolist() == [2, RECENT // PATCH]
    newest = x[1, 0].reshape(PATCH, 3)
    np.testing.assert_allclose(newest[:, 0], np.arcsinh(np.arange(-7.0, 1.0)), rtol=1e-6)
    np.testing.assert_allclose(newest[:, 1], np.arcsinh(1.0), rtol=1e-6)
    assert x[0, 0].reshape(PATCH, 3)[:, 2].tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert not x[2:, 0].any()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden": 8}, "fields hidden and width"),
        ({"hidden": 0, "width": 9}, "hidden must be"),
        ({"hidden": 10**9, "width": 9}, "hidden must be"),
        ({"hidden": "8", "width": 9}, "hidden must be"),
        (None, "fields hidden and width"),
    ],
)
def test_impossible_architectures_are_refused(values: object, message: str) -> None:
    with pytest.raises(ElmanError, match=message):
        PriorArchitecture.from_dict(values)


def test_theta_of_another_size_is_refused() -> None:
    with pytest.raises(ShapeError, match=rf"theta must have shape \({SMALL.size},\), got \(3,\)"):
        PriorNetwork(SMALL, np.zeros(3, np.float32))


def test_network_is_the_composition_of_the_references_functions() -> None:
    inputs, samples = ragged()
    network = PriorNetwork(SMALL, SMALL.initial(4).astype(np.float64))
    p, (rows, ahead) = network.parameters, inputs.ahead.shape
    h_0 = np.zeros((rows, SMALL.hidden))
    states = reference.gru_forward(inputs.x, h_0, p["W_x"], p["W_h"], p["b"], p["b_hn"], lengths=inputs.lengths)
    final = states.h[inputs.lengths, np.arange(rows)]
    of_series = reference.dense_forward(np.concatenate([final, inputs.scalars], axis=1), p["W_s"], p["b_a"])
    a = of_series[:, None] + reference.dense_forward(inputs.steps, p["W_k"])
    u = reference.silu_forward(a)
    v = u + reference.silu_forward(reference.dense_forward(u, p["W_u"], p["b_u"]))
    o = reference.dense_forward(v, p["W_o"], p["b_o"])
    flat = o.reshape(rows * ahead, -1), inputs.simple.reshape(rows * ahead, -1), inputs.ahead.reshape(-1)
    expected = reference.mixing_readout_forward(*flat).reshape(rows, ahead, -1)
    q = network.predict(inputs)
    assert relative_error(q, expected) < tolerance("states", np.float64)
    y, weight = samples.y.astype(np.float64), np.repeat(samples.weight.astype(np.float64)[:, None], ahead, axis=1)
    importance = np.where(np.arange(9) == 4, 3.0, 1.0)
    loss, dq = reference.quantile_loss(expected, y, LEVELS, importance, weight)
    own, d_own = quantile_loss(expected, y, samples.weight.astype(np.float64))
    assert own == pytest.approx(loss, rel=tolerance("loss", np.float64))
    assert relative_error(d_own, dq) < tolerance("gradients", np.float64)
