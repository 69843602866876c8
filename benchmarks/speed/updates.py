"""Whole training steps with elman.training, compared with the usual loops of the other libraries."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.engine import kernels
from elman.network import Architecture, Network, Parameters
from elman.training import Batch, Settings, Trainer
from speed.bars import Bar, update_bar
from speed.layers import compare_sides, describe, verdict
from speed.peers import OURS, Run
from speed.peers.elman_side import Layer, empty
from speed.problem import Problem, check
from speed.reference_updates import reference_losses
from speed.shapes import UPDATES, WORDS, Shape

Array = npt.NDArray[Any]
CHECKED = 2  # updates whose losses are compared with the reference


@dataclass(frozen=True)
class Update:
    """A network and its training: layers, a linear output at every step, a loss, an optimizer."""

    shape: Shape
    outputs: int = 1
    vocabulary: int | None = None
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    clip_norm: float = 1.0

    @property
    def architecture(self) -> Architecture:
        shape = self.shape
        common = {"cell": shape.cell, "hidden_size": shape.H, "num_layers": shape.layers}
        if self.vocabulary is None:
            return Architecture(shape.D, self.outputs, **common)
        words = {"vocabulary_size": self.vocabulary, "embedding_size": shape.D, "output": "softmax"}
        return Architecture(None, self.outputs, **common, **words)

    @property
    def at_once(self) -> int:
        """Updates per timed call, on every side: a run of the trainer has a start-up and an end."""
        return 20 if self.shape.H <= 32 else 1

    @property
    def task(self) -> str:
        """The name of its row."""
        return f"update with {'Adam' if self.optimizer == 'adam' else 'SGD'}"

    @property
    def loss(self) -> str:
        return "mean_squared_error" if self.vocabulary is None else "categorical_cross_entropy"

    def batch(self) -> Batch:
        """Draw the batch of every update; loading data is not timed."""
        rng, (T, N) = np.random.default_rng(0), (self.shape.T, self.shape.N)
        if self.vocabulary is not None:
            return Batch(*rng.integers(0, self.vocabulary, (2, T, N)))
        x, y = rng.normal(size=(T, N, self.shape.D)), rng.normal(size=(T, N, self.outputs))
        return Batch(x.astype(np.float32), y.astype(np.float32))

    def parameters(self) -> Parameters:
        """Draw the initial parameters of every side."""
        return Network.initialized(self.architecture, scheme="torch").parameters


class SameBatch:
    """A source that always returns one batch."""

    epoch_length = None

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def batch(self, update: int) -> Batch:
        return self._batch


def elman_trainer(update: Update) -> dict[str, Run]:
    """Use `Trainer.run` with its history."""
    settings = Settings(
        updates=1 << 40,
        loss=update.loss,
        optimizer=update.optimizer,
        learning_rate=update.learning_rate,
        clip_norm=update.clip_norm,
        n_threads=1,
    )

    def fresh() -> Trainer:
        return Trainer(Network(update.architecture, update.parameters().theta), SameBatch(update.batch()), settings)

    trainer = fresh()

    def call() -> None:
        trainer.run(until=trainer.update + update.at_once)

    return {"Trainer": Run(call, lambda: {"loss": np.array(fresh().run(until=CHECKED).loss)})}


def bare_kernels(update: Update) -> dict[str, Run]:
    """Run only the kernels of one update of a single layer, on allocated memory: a lower bound for the trainer."""
    shape, K = update.shape, update.outputs
    layer, rows = Layer(Problem(shape)), shape.T * shape.N
    h, dh, y = layer.h[1:].reshape(rows, shape.H), layer.dh.reshape(rows, shape.H), update.batch().y.reshape(rows, K)
    W_y, b_y, o, do = empty(shape.H, K), empty(K), empty(rows, K), empty(rows, K)
    dW_y, db_y, theta = empty(shape.H, K), empty(K), update.parameters().theta
    gradient, m, v = np.zeros_like(theta), np.zeros_like(theta), np.zeros_like(theta)

    def one() -> None:
        layer.forward(keep=True)
        kernels.dense_forward(h, W_y, b_y, o, False, 1)
        kernels.loss(update.loss, o, y, None, "mean", 0.0, do)
        kernels.dense_backward(do, h, W_y, dh, dW_y, db_y, False, False, 1)
        layer.backward()
        kernels.adam_step(theta, gradient, m, v, 1, update.learning_rate, 0.9, 0.999, 1e-8, 0.0, update.clip_norm)

    def call() -> None:
        for _ in range(update.at_once):
            one()

    return {"kernels": Run(call, dict)}


ADAM = [Update(shape, outputs=48 if shape.H == 64 else 1) for shape in UPDATES]
LANGUAGE = Update(WORDS, 10_000, 10_000, "sgd", learning_rate=1.0, clip_norm=5.0)


def loops(update: Update, peers: Mapping[str, Any]) -> dict[str, dict[str, Run]]:
    """Return the settings of every side; JAX takes part in the language model only, with SGD."""
    found = {OURS: elman_trainer(update)}
    if "PyTorch" in peers:
        found["PyTorch"] = importlib.import_module("speed.peers.torch_loop").loop(update, CHECKED, update.at_once)
    if "JAX" in peers and update.vocabulary is not None:
        found["JAX"] = importlib.import_module("speed.peers.jax_loop").loop(update, CHECKED, update.at_once)
    return found


def measure_update(update: Update, peers: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Check the losses of the first updates, then time the update; return a row."""
    shape, adam = update.shape, update.optimizer == "adam"
    expected = {"loss": reference_losses(update, CHECKED)}

    def compare(side: str, results: dict[str, Array]) -> float:
        return check(f"training of {shape.name}, {side}", results, expected)

    sides = loops(update, peers)
    timings, row = compare_sides(sides, compare, seconds, update.at_once, bare_kernels(update) if adam else {})
    bar = update_bar(shape) if adam else Bar(1.2, 0.70)
    fraction = None
    if not adam:
        rows = shape.T * shape.N
        operations = shape.operations("train step") + 2 * shape.H**2 * rows * shape.gates  # dx reaches the embedding
        operations += 3 * 2 * rows * shape.H * update.outputs
        gflops = operations / timings.median(OURS) / 1e9
        fraction = gflops / row["fma_loop_gflops"]
        row |= {"gflops": round(gflops, 1), "fraction_of_fma_loop": round(fraction, 3)}
    return describe(shape, update.task) | row | verdict(bar, row["ratio"], fraction)
