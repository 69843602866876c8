"""JAX: the whole step compiled, x·W_x hoisted out of the scan, the scan unrolled by 1, 4 or 8."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)  # before JAX starts its pools

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from speed.peers import Run
from speed.problem import Problem
from speed.shapes import Shape

Array = npt.NDArray[Any]
UNROLLS, LARGE = (1, 4, 8), 500

jax.config.update("jax_cpu_enable_async_dispatch", False)  # run in the calling thread, without the cost of dispatch


def cell_step(cell: str, a: jax.Array, state: Any, W_h: jax.Array, b_hn: jax.Array | None) -> Any:
    """One step from a = x W_x + b; returns the next state, whose first part is h."""
    H = W_h.shape[0]
    if cell == "rnn":
        return (jnp.tanh(a + state[0] @ W_h),)
    if cell == "lstm":
        h, c = state
        i, f, g, o = jnp.split(a + h @ W_h, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(c), c
    (h,) = state
    product = h @ W_h
    r, z = jnp.split(jax.nn.sigmoid(a[:, : 2 * H] + product[:, : 2 * H]), 2, axis=-1)
    n = jnp.tanh(a[:, 2 * H :] + r * (product[:, 2 * H :] + b_hn))
    return ((1 - z) * n + z * h,)


def run_layer(cell: str, unroll: int, weights: Any, x: jax.Array) -> jax.Array:
    """Run one layer from a zero state; returns h of every step."""
    W_x, W_h, b, b_hn = weights
    T, N, D = x.shape
    a = (x.reshape(T * N, D) @ W_x + b).reshape(T, N, -1)
    zero = jnp.zeros((N, W_h.shape[0]), x.dtype)

    def body(state: Any, a_t: jax.Array) -> Any:
        state = cell_step(cell, a_t, state, W_h, b_hn)
        return state, state[0]

    return jax.lax.scan(body, (zero, zero) if cell == "lstm" else (zero,), a, unroll=unroll)[1]


def unrolls(shape: Shape) -> tuple[int, ...]:
    """Return the unrollings to try; 8 compiles slowly and was never the fastest with large products."""
    return UNROLLS if shape.H < LARGE else UNROLLS[:2]


def on_device(problem: Problem) -> list[Any]:
    """Copy the weights."""
    return [tuple(None if part is None else jnp.asarray(part) for part in weights) for weights in problem.layers]


def train(problem: Problem) -> dict[str, Run]:
    """Forward and full backward as one compiled function."""
    x, dh, weights = jnp.asarray(problem.x), jnp.asarray(problem.dh), on_device(problem)[0]

    def make(unroll: int) -> Run:
        @jax.jit
        def step(weights: Any, x: jax.Array, dh: jax.Array) -> Any:
            h, backward = jax.vjp(lambda w: run_layer(problem.shape.cell, unroll, w, x), weights)
            return h, backward(dh)[0]

        def result() -> dict[str, Array]:
            h, (dW_x, dW_h, db, _) = step(weights, x, dh)
            return {"h": np.asarray(h), "dW_x": np.asarray(dW_x), "dW_h": np.asarray(dW_h), "db": np.asarray(db)}

        return Run(lambda: jax.block_until_ready(step(weights, x, dh)), result)

    return {f"unroll {unroll}": make(unroll) for unroll in unrolls(problem.shape)}


def forward(problem: Problem) -> dict[str, Run]:
    """Forward as one compiled function."""
    x, weights = jnp.asarray(problem.x), on_device(problem)[0]

    def make(unroll: int) -> Run:
        step = jax.jit(partial(run_layer, problem.shape.cell, unroll))
        return Run(lambda: step(weights, x).block_until_ready(), lambda: {"h": np.asarray(step(weights, x))})

    return {f"unroll {unroll}": make(unroll) for unroll in unrolls(problem.shape)}


def stream(problem: Problem) -> dict[str, Run]:
    """One compiled step of all layers; the old state is donated."""
    shape, layers = problem.shape, on_device(problem)
    rows = [jnp.asarray(row) for row in problem.x]
    parts = 2 if shape.cell == "lstm" else 1
    states: list[Any] = []

    @partial(jax.jit, donate_argnums=1)
    def step(layers: Any, states: Any, x: jax.Array) -> Any:
        after = []
        for (W_x, W_h, b, b_hn), state in zip(layers, states, strict=True):
            after.append(cell_step(shape.cell, x @ W_x + b, state, W_h, b_hn))
            x = after[-1][0]
        return after

    def reset() -> None:
        states[:] = [tuple(jnp.zeros((1, shape.H), jnp.float32) for _ in range(parts)) for _ in layers]

    def call(x: jax.Array = rows[0]) -> Any:
        states[:] = jax.block_until_ready(step(layers, states, x))
        return states[-1][0]

    def result() -> dict[str, Array]:
        reset()
        return {"h": np.stack([np.array(call(x)) for x in rows])}

    reset()
    return {"jit": Run(call, result)}
