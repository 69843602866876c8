"""A language model's whole update in JAX: one compiled function that updates the parameters in place."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from speed.peers import Run
from speed.peers.jax_peer import run_layer, unrolls

if TYPE_CHECKING:
    from speed.updates import Update


def make_step(update: Update, unroll: int) -> Any:
    """Compile forward, loss, backward, clipping and SGD."""

    def loss(p: dict[str, jax.Array], x: jax.Array, y: jax.Array) -> jax.Array:
        h = p["embedding"][x]
        for layer in range(update.shape.layers):
            weights = (*(p[f"layers.{layer}.{name}"] for name in ("W_x", "W_h", "b")), None)
            h = run_layer(update.shape.cell, unroll, weights, h)
        o = h.reshape(-1, update.shape.H) @ p["output.W_y"] + p["output.b_y"]
        return -jnp.take_along_axis(jax.nn.log_softmax(o), y.reshape(-1, 1), axis=1).mean()

    @partial(jax.jit, donate_argnums=0)
    def step(p: dict[str, jax.Array], x: jax.Array, y: jax.Array) -> Any:
        value, g = jax.value_and_grad(loss)(p, x, y)
        norm = jnp.sqrt(sum(jnp.sum(part**2) for part in g.values()))
        scale = update.learning_rate * jnp.minimum(1.0, update.clip_norm / norm)
        return {name: part - scale * g[name] for name, part in p.items()}, value

    return step


def loop(update: Update, checked: int, at_once: int) -> dict[str, Run]:
    """Return one run per unrolling."""
    batch = update.batch()
    x, y = jnp.asarray(batch.x, jnp.int32), jnp.asarray(batch.y, jnp.int32)

    def fresh() -> dict[str, jax.Array]:
        return {name: jnp.array(part) for name, part in update.parameters().items()}

    def make(unroll: int) -> Run:
        step, state = make_step(update, unroll), [fresh()]

        def one() -> float:
            state[0], value = step(state[0], x, y)
            return float(value)

        def call() -> None:
            for _ in range(at_once):
                one()

        def result() -> dict[str, Any]:
            state[0] = fresh()
            return {"loss": np.array([one() for _ in range(checked)])}

        return Run(call, result)

    return {f"unroll {unroll}": make(unroll) for unroll in unrolls(update.shape)}
