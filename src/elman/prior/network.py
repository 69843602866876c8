"""The prior's network: a GRU over patches of the newest values, and one readout for every step ahead.

::

    h    = GRU(x_1 … x_T)                                       x_t: 8 values, their changes, a mask of known values
    a    = [h, scalars] W_s + [step features, seasonal] W_k + b_a
    u    = silu(a)
    v    = u + silu(u W_u + b_u)
    o    = v W_o + b_o
    q(k) = mixing readout of o, the simple forecasts and k      (`elman.reference.mixing_readout_forward`)

All steps ahead share the readout, so that the horizon is free. It mixes simple forecasts with weights that depend on
the series. Its quantiles cannot cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.engine import kernels
from elman.errors import FileFormatError, ShapeError
from elman.prior.features import SCALARS, SEASONAL_SIMPLE, SIMPLE, STEP_FEATURES
from elman.prior.treatment import PATCH, RECENT, Treated
from elman.training.passes import check_finite

__all__ = ["LEVELS", "MEDIAN", "Inputs", "PriorArchitecture", "PriorNetwork", "QuantilePass", "inputs_of", "patches"]

Array = npt.NDArray[Any]

LEVELS = (0.025, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.975)
MEDIAN = 4
_IMPORTANCE = (1.0, 1.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0, 1.0)  # weight of each quantile in the loss
_MOST_UNITS = 4096
_FIRST_GAP = -0.7  # softplus of it is 0.4 units
_FARTHEST = 3000.0  # units; larger values are clipped
_STEP_INPUTS = STEP_FEATURES + SEASONAL_SIMPLE
_OUTPUTS = SIMPLE + 3 + len(LEVELS) - 1


class Inputs(NamedTuple):
    """The network's inputs for N series and J steps ahead, float32.

    Parameters
    ----------
    x : ndarray (T, N, 3 * PATCH)
        Patches of the newest values, the oldest first; zeros after the last patch of a row.
    lengths : ndarray of int (N,)
        Patches of each row.
    scalars : ndarray (N, SCALARS)
        Numbers about each series.
    steps : ndarray (N, J, STEP_FEATURES + SEASONAL_SIMPLE)
        Numbers about each step ahead.
    simple : ndarray (N, J, SIMPLE)
        Simple forecasts.
    ahead : ndarray (N, J)
        Steps ahead, from 1.
    """

    x: Array
    lengths: npt.NDArray[np.int64]
    scalars: Array
    steps: Array
    simple: Array
    ahead: Array


def patches(recent: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    """Cut the newest values (N, RECENT) into patches (T, N, 3 * PATCH), and return the number of patches per row (N,).

    Values are NaN before the start of a series. A patch holds asinh of the values, asinh of their changes, and 1 for
    each known value. A row's last patch is the newest; its first may begin before the series does.
    """
    rows = len(recent)
    known = ~np.isnan(recent)
    z = np.where(known, recent, 0.0)
    change = np.zeros_like(z)
    change[:, 1:] = np.where(known[:, :-1], z[:, 1:] - z[:, :-1], 0.0)
    channels = np.stack([np.arcsinh(z), np.arcsinh(change), known.astype(z.dtype)], axis=2)
    count = RECENT // PATCH
    x = channels.reshape(rows, count, 3 * PATCH)
    lengths = -(-known.sum(axis=1) // PATCH)
    source = np.arange(count) + (count - lengths)[:, None]  # rows begin with their first patch
    x = np.take_along_axis(x, np.minimum(source, count - 1)[:, :, None], axis=1)
    x[source >= count] = 0.0
    longest = int(lengths.max(initial=1))
    return np.ascontiguousarray(x[:, :longest].swapaxes(0, 1), dtype=np.float32), lengths.astype(np.int64)


def inputs_of(treated: Sequence[Treated], ahead: npt.NDArray[np.int64]) -> Inputs:
    """Join treated series of several lengths in one batch, in order."""
    moderate = [np.clip(part.simple, -_FARTHEST, _FARTHEST) for part in treated]
    simple = np.concatenate(moderate).astype(np.float32)
    recent = np.concatenate([np.clip(part.recent, -_FARTHEST, _FARTHEST) for part in treated])
    scalars = np.concatenate([np.clip(part.scalars, -_FARTHEST, _FARTHEST) for part in treated]).astype(np.float32)
    steps = np.concatenate([np.broadcast_to(part.steps, (len(part.simple), *part.steps.shape)) for part in treated])
    every = np.broadcast_to(ahead.astype(np.float32), simple.shape[:2])
    return Inputs(
        *patches(recent.astype(np.float32)), scalars, with_seasonal(steps, simple), simple, np.ascontiguousarray(every)
    )


def with_seasonal(steps: Array, simple: Array) -> Array:
    """Append the seasonal forecasts to the features of each step ahead (N, J, ·)."""
    seasonal = np.arcsinh(simple[..., -SEASONAL_SIMPLE:])
    return np.concatenate([steps, seasonal], axis=2, dtype=np.float32)


@dataclass(frozen=True)
class PriorArchitecture:
    """Sizes of the network.

    Parameters
    ----------
    hidden : int
        Units of the GRU.
    width : int
        Units of the readout.

    Examples
    --------
    >>> PriorArchitecture().size
    61762
    """

    hidden: int = 96
    width: int = 96

    def __post_init__(self) -> None:
        _check.integer("PriorArchitecture", "hidden", self.hidden, 1, _MOST_UNITS)
        _check.integer("PriorArchitecture", "width", self.width, 1, _MOST_UNITS)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter, in the order of the flat vector."""
        hidden, width = self.hidden, self.width
        return {
            "W_x": (3 * PATCH, 3 * hidden),
            "W_h": (hidden, 3 * hidden),
            "b": (3 * hidden,),
            "b_hn": (hidden,),
            "W_s": (hidden + SCALARS, width),
            "b_a": (width,),
            "W_k": (_STEP_INPUTS, width),
            "W_u": (width, width),
            "b_u": (width,),
            "W_o": (width, _OUTPUTS),
            "b_o": (_OUTPUTS,),
        }

    @property
    def size(self) -> int:
        """Number of parameters (P)."""
        return sum(prod(shape) for shape in self.shapes.values())

    def views(self, theta: Array) -> dict[str, Array]:
        """Return the named views of a flat vector (P,)."""
        borders = np.cumsum([prod(shape) for shape in self.shapes.values()])[:-1]
        parts = zip(np.split(theta, borders), self.shapes.items(), strict=True)
        return {name: part.reshape(shape) for part, (name, shape) in parts}

    def initial(self, seed: int) -> Array:
        """Draw initial parameters (P,), float32: uniform within ±1 / √fan-in, a tenth of that in the output layer."""
        rng, theta = np.random.default_rng(seed), np.zeros(self.size, dtype=np.float32)
        fan_in = {"W_s": self.hidden + SCALARS, "W_k": _STEP_INPUTS, "W_u": self.width, "W_o": 100 * self.width}
        for name, view in self.views(theta).items():
            if name == "b_o":
                view[SIMPLE + 3 :] = _FIRST_GAP
            elif name not in ("b_a", "b_u"):
                bound = 1 / np.sqrt(fan_in.get(name, self.hidden))
                view[...] = rng.uniform(-bound, bound, view.shape)
        return theta

    def to_dict(self) -> dict[str, int]:
        """Return the sizes as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> PriorArchitecture:
        """Return the architecture from the output of `to_dict`.

        Raises
        ------
        FileFormatError
            If a field is missing or unknown, or a value is impossible.
        """
        if not isinstance(values, dict) or set(values) != {"hidden", "width"}:
            raise FileFormatError(f"the architecture of a prior has the fields hidden and width, got {values!r:.80}")
        return cls(**values)


class PriorNetwork:
    """The network of the prior with one flat vector of parameters.

    `predict` is safe to call from several threads at once; `forward` and `backward` are not.

    Parameters
    ----------
    architecture : PriorArchitecture
        Sizes.
    theta : ndarray (P,), float32 or float64
        Parameters; used without a copy.

    Raises
    ------
    ShapeError
        If theta's length is not that of the architecture.
    """

    def __init__(self, architecture: PriorArchitecture, theta: Array) -> None:
        if theta.shape != (architecture.size,):
            raise ShapeError(f"PriorNetwork: theta must have shape ({architecture.size},), got {theta.shape}.")
        self.architecture, self.theta = architecture, theta
        self.parameters = architecture.views(theta)
        self._tape: dict[str, Array] = {}

    def __reduce__(self) -> tuple[Any, tuple[PriorArchitecture, Array]]:
        return PriorNetwork._received, (self.architecture, self.theta)

    @classmethod
    def _received(cls, architecture: PriorArchitecture, theta: Array) -> PriorNetwork:
        """Return a network from another process."""
        return cls(architecture, _check.received(theta))

    @cached_property
    def gradients(self) -> dict[str, Array]:
        """Named views of the gradient that `backward` fills."""
        return self.architecture.views(self.gradient)

    @cached_property
    def gradient(self) -> Array:
        """The gradient (P,) that `backward` fills."""
        return np.zeros_like(self.theta)

    def copy(self) -> PriorNetwork:
        """Return an independent copy."""
        return PriorNetwork(self.architecture, self.theta.copy())

    def predict(self, inputs: Inputs, n_threads: int = 0) -> Array:
        """Return the quantiles (N, J, 9) in units of s, ascending."""
        return self._run(inputs, n_threads)[0]

    def forward(self, inputs: Inputs, n_threads: int = 0) -> Array:
        """Return the quantiles (N, J, 9) in units of s, and keep the intermediate values for `backward`."""
        q, self._tape = self._run(inputs, n_threads)
        return q

    def _run(self, inputs: Inputs, n_threads: int) -> tuple[Array, dict[str, Array]]:
        p, (steps, rows, _), ahead = self.parameters, inputs.x.shape, inputs.steps.shape[1]
        dtype = self.theta.dtype
        hidden = self.architecture.hidden
        h, gates = np.empty((steps + 1, rows, hidden), dtype), np.zeros((steps, rows, 4 * hidden), dtype)
        x = inputs.x.astype(dtype, copy=False)
        start = np.zeros((rows, hidden), dtype)
        weights = p["W_x"], p["W_h"], p["b"], p["b_hn"]
        states = h, None, gates
        kernels.layer_forward("gru", "tanh", x, start, None, *weights, inputs.lengths, None, *states, n_threads)
        final = h[inputs.lengths, np.arange(rows)]
        summary = np.concatenate([final, inputs.scalars], axis=1, dtype=dtype)
        of_series = _dense(summary, p["W_s"], p["b_a"], n_threads)
        features = inputs.steps.astype(dtype, copy=False).reshape(rows * ahead, -1)
        a = _dense(features, p["W_k"], None, n_threads)
        a.reshape(rows, ahead, -1)[...] += of_series[:, None]
        u = _silu(a, n_threads)
        c = _dense(u, p["W_u"], p["b_u"], n_threads)
        v = u + _silu(c, n_threads)
        o = _dense(v, p["W_o"], p["b_o"], n_threads)
        simple = inputs.simple.astype(dtype, copy=False).reshape(rows * ahead, -1)
        k = inputs.ahead.astype(dtype, copy=False).reshape(-1)
        q = np.empty((rows, ahead, len(LEVELS)), dtype)
        kernels.mixing_readout_forward(o[None], simple[None], k, q.reshape(1, rows * ahead, -1), n_threads)
        tape = {"x": x, "start": start, "h": h, "gates": gates, "lengths": inputs.lengths, "summary": summary}
        return q, tape | {"features": features, "a": a, "u": u, "c": c, "v": v, "o": o, "simple": simple, "k": k}

    def backward(self, dq: Array, n_threads: int = 0) -> Array:
        """Return the gradient (P,) of a loss with dL/dq (N, J, 9); every call fills the same array."""
        p, g, t = self.parameters, self.gradients, self._tape
        rows, ahead, _ = dq.shape
        do, dq = np.empty_like(t["o"]), dq.reshape(1, rows * ahead, -1)
        kernels.mixing_readout_backward(dq, t["o"][None], t["simple"][None], t["k"], do[None], n_threads)
        dv = _dense_backward(do, t["v"], p["W_o"], g["W_o"], g["b_o"], n_threads)
        dc = _silu_backward(dv, t["c"], n_threads)
        du = dv + _dense_backward(dc, t["u"], p["W_u"], g["W_u"], g["b_u"], n_threads)
        da = _silu_backward(du, t["a"], n_threads)
        unused = np.empty_like(g["b_a"])
        _dense_backward(da, t["features"], p["W_k"], g["W_k"], unused, n_threads)
        d_series = np.add.accumulate(da.reshape(rows, ahead, -1), axis=1)[:, -1]
        d_summary = _dense_backward(
            np.ascontiguousarray(d_series), t["summary"], p["W_s"], g["W_s"], g["b_a"], n_threads
        )
        dh_T = np.ascontiguousarray(d_summary[:, : self.architecture.hidden])
        dx, dh_0 = np.empty_like(t["x"]), np.empty_like(t["start"])
        given = None, dh_T, None, t["x"], t["h"], None, t["gates"], p["W_x"], p["W_h"], t["lengths"], None, False
        gradients = dx, dh_0, None, g["W_x"], g["W_h"], g["b"], g["b_hn"]
        kernels.layer_backward("gru", "tanh", *given, *gradients, False, n_threads)
        return self.gradient


class QuantilePass:
    """The loss of a `PriorNetwork` and its gradient, for `elman.training.Trainer`.

    The pinball loss at all `LEVELS`; the median has weight 3, a sample its own weight.

    Parameters
    ----------
    network : PriorNetwork
        The network to train; its gradient is overwritten.

    References
    ----------
    Koenker & Bassett (1978), Regression quantiles. Econometrica 46(1).
    """

    def __init__(self, network: PriorNetwork) -> None:
        self.network = network

    @property
    def gradient(self) -> Array:
        """The gradient of the latest call (P,)."""
        return self.network.gradient

    def __call__(self, batch: Any, start: Any, update: int, n_threads: int) -> tuple[float, None]:
        """Return the loss of `Samples`; fill `gradient`."""
        q = self.network.forward(batch.inputs(), n_threads)
        loss, dq = quantile_loss(q, batch.y, batch.weight)
        check_finite("loss", loss, update + 1)
        self.network.backward(dq, n_threads)
        return loss, None


def quantile_loss(q: Array, y: Array, weight: Array) -> tuple[float, Array]:
    """Return the loss of quantiles (N, J, 9) for targets (N, J) with sample weights (N,), and its derivative."""
    dq, every = np.empty_like(q), np.repeat(weight, y.shape[1]).astype(q.dtype)
    targets, levels = np.ascontiguousarray(y, q.dtype).reshape(-1), np.array(LEVELS, q.dtype)
    rows, importance = q.reshape(len(targets), -1), np.array(_IMPORTANCE, q.dtype)
    loss = kernels.quantile_loss(rows, targets, levels, importance, every, "mean", dq.reshape(rows.shape))
    return loss, dq


def _dense(h: Array, W: Array, b: Array | None, n_threads: int) -> Array:
    o = np.empty((len(h), W.shape[1]), h.dtype)
    kernels.dense_forward(h, W, b, o, False, n_threads)
    return o


def _dense_backward(do: Array, h: Array, W: Array, dW: Array, db: Array, n_threads: int) -> Array:
    dh = np.empty_like(h)
    kernels.dense_backward(do, h, W, dh, dW, db, False, False, n_threads)
    return dh


def _silu(a: Array, n_threads: int) -> Array:
    y = np.empty_like(a)
    kernels.silu_forward(a.reshape(-1), y.reshape(-1), n_threads)
    return y


def _silu_backward(dy: Array, a: Array, n_threads: int) -> Array:
    da = np.empty_like(a)
    kernels.silu_backward(dy.reshape(-1), a.reshape(-1), da.reshape(-1), n_threads)
    return da
