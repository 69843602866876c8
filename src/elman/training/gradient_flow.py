"""Reach of the gradient of a network back in time, measured with the engine's backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check, engine
from elman.errors import DataError, UnsupportedError
from elman.network import Network, Tape
from elman.network.binding import Call
from elman.network.cells import CellPass
from elman.network.layer import Layer
from elman.training.batches import Batch
from elman.training.flow_report import GradientFlow, LayerFlow
from elman.training.history import History
from elman.training.losses import Objective

__all__ = ["SATURATED", "gradient_flow"]

Array = npt.NDArray[Any]

SATURATED = 0.1, 0.9  # thresholds of Karpathy et al. (2015) for a logistic gate
_UNMOVED = 1e-6  # of a unit with constant output
_PLACE = "gradient_flow"


@dataclass
class _Sums:
    """Sums over outputs and rows, by lag."""

    lags: int
    size: int
    pairs: Array = field(init=False)
    start: Array = field(init=False)  # of the norm at lag 0, over the outputs with this lag
    h: Array = field(init=False)
    c: Array = field(init=False)
    state: Array = field(init=False)
    units: Array = field(init=False)

    def __post_init__(self) -> None:
        for name in ("pairs", "start", "h", "c", "state"):
            setattr(self, name, np.zeros(self.lags))
        self.units = np.zeros((self.lags, self.size))

    def add(self, dh: Array, dc: Array | None, origin: Array) -> None:
        """Add the adjoints (T, N, H) of the states after every step, for outputs at steps ``origin`` (N,)."""
        step = origin - np.arange(self.lags)[:, np.newaxis]
        there = (step >= 0) & (origin >= 0)
        index = np.where(there, step, 0), np.arange(len(origin))
        h = np.where(there[:, :, np.newaxis], dh[index].astype(np.float64), 0.0)
        squares = h**2
        h_norm = np.sqrt(squares.sum(axis=2))
        if dc is not None:
            c = np.where(there[:, :, np.newaxis], dc[index].astype(np.float64), 0.0)
            self.c += np.sqrt((c**2).sum(axis=2)).sum(axis=1)
            squares += c**2
        state = np.sqrt(squares.sum(axis=2))
        self.pairs += there.sum(axis=1)
        self.start += (there * state[0]).sum(axis=1)
        self.h += h_norm.sum(axis=1)
        self.state += state.sum(axis=1)
        self.units += np.sqrt(squares).sum(axis=1)


def gradient_flow(
    network: Network,
    batch: Batch,
    loss: str,
    *,
    loss_parameter: float | None = None,
    probes: int = 8,
    history: History | None = None,
    clip_norm: float | None = None,
    n_threads: int = 0,
) -> GradientFlow:
    """Measure how the gradient of single outputs travels back through time.

    For outputs t spread over every row, or the one output of a row, the gradient of the loss L_t of that output alone
    is computed at every step: ∂L_t/∂s_k for every k ≤ t, with s = h, or (h, c) for an LSTM. Dropout is off.

    Parameters
    ----------
    network : Network
        Trained or not. Its tape is written.
    batch : Batch
        Input, targets, weights and lengths; a carried state is ignored.
    loss : str
        As in `elman.training.Settings`.
    loss_parameter : float, optional
        Of ``"huber"`` and ``"pinball"``.
    probes : int
        Outputs per row whose gradient is traced, if there is one at every step.
    history : History, optional
        Of the training run, for the share of clipped steps.
    clip_norm : float, optional
        Of the training run.
    n_threads : int
        0: the engine's default.

    Returns
    -------
    flow : GradientFlow

    Raises
    ------
    UnsupportedError
        If the network has layer normalization.
    DataError
        If the gradient of the loss is zero on this batch, for instance because every prediction is exact.
    ElmanError
        If the batch does not fit the network.

    Notes
    -----
    A step back costs one step of the engine's backward pass: `probes` outputs of N rows cost as much as half that many
    training steps, and the calls of Python around them.

    References
    ----------
    Hochreiter (1991), Untersuchungen zu dynamischen neuronalen Netzen. Diploma thesis, TU München.
    Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent neural networks. ICML.

    Examples
    --------
    >>> from elman.network import Architecture
    >>> network = Network.initialized(Architecture(2, 1, cell="gru", hidden_size=4, readout="last"))
    >>> flow = gradient_flow(network, Batch(np.ones((5, 3, 2)), np.ones((3, 1))), "mean_squared_error")
    >>> flow.lags, flow.layers[0].units.shape
    (5, (5, 4))
    """
    probes = _check.positive_integer(_PLACE, "probes", probes)
    architecture = network.architecture
    if architecture.layer_norm:
        raise UnsupportedError(f"{_PLACE}: needs layer_norm=False: steps back through norms are not measured.")
    tape = network.forward(batch.x, None, batch.lengths, None, n_threads)
    objective = Objective(loss, architecture.output, loss_parameter)
    _, do = objective(tape.o, batch.y, batch.weight, batch.lengths)
    T, N, lengths = tape.steps, tape.rows, tape.call.timeline.lengths
    lengths = np.full(N, T) if lengths is None else lengths
    sums = {id(run): _Sums(T, run.size) for run in tape.passes}
    for injected, origin in _outputs(tape, do, lengths, probes):
        _follow(tape, injected, origin, lengths, sums, n_threads)
    if not any(part.start.any() for part in sums.values()):
        raise DataError(f"{_PLACE}: the loss has no gradient on these data, so there is nothing to follow.")
    layers = tuple(
        _measured(f"layers.{i}" + (".reverse" if direction else ""), run, sums[id(run)], lengths)
        for i, layer in enumerate(tape.layers)
        for direction, run in enumerate(layer.passes)
    )
    norms = None if history is None or not history.gradient_norm else np.array(history.gradient_norm)
    return GradientFlow(
        cell=architecture.cell,
        activation=architecture.activation,
        layers=layers,
        clip_norm=clip_norm,
        clipped=None if norms is None or clip_norm is None else float(np.mean(norms > clip_norm)),
        mean_gradient_norm=None if norms is None else float(norms.mean()),
    )


def _outputs(tape: Tape, do: Array, lengths: Array, probes: int) -> Iterator[tuple[list[Array], Array]]:
    """Yield the gradient (T, N, H) of each output at each direction of the top layer, and its step in each row.

    Both are in the direction's order of time.
    """
    top, call = tape.layers[-1], tape.call
    dy, d_final = tape.readout.backward(tape.output.backward(do, call), call)
    rows = np.arange(len(lengths))
    if dy is None:
        assert d_final is not None
        injected = []
        for part in _states(top, d_final):
            own = np.zeros((tape.steps, *part.shape), part.dtype)
            own[lengths - 1, rows] = np.where(lengths[:, np.newaxis] > 0, part, 0.0)
            injected.append(own)
        yield injected, np.stack([lengths - 1] * len(top.passes))
        return
    dy = dy.copy()  # it is a buffer of the tape
    count = min(probes, tape.steps)
    for number in range(1, count + 1):
        step = -(-number * lengths // count) - 1
        alone = np.zeros_like(dy)
        alone[step, rows] = np.where(lengths[:, np.newaxis] > 0, dy[step, rows], 0.0)
        origins = [lengths - 1 - step if backwards else step for backwards in top.backwards]
        yield _by_direction(top, alone, call), np.stack(origins)


def _by_direction(layer: Layer, dy: Array, call: Call) -> list[Array]:
    """Split dy (T, N, width) into gradients of states by direction, each part in the direction's order of time."""
    parts = _states(layer, dy)
    return [
        call.timeline.reverse(part, np.empty_like(part)) if backwards else part
        for part, backwards in zip(parts, layer.backwards, strict=True)
    ]


def _states(layer: Layer, dy: Array) -> list[Array]:
    """Return the gradient of each direction's states (…, H) from that of the layer's output (…, width)."""
    parts = [np.ascontiguousarray(part) for part in layer.parts(dy)]
    found = []
    for run, part in zip(layer.passes, parts, strict=True):
        found.append(part if run.projection is None else engine.dense_forward(part, run.projection.transposed()))
    return found


def _follow(
    tape: Tape, injected: list[Array], origin: Array, lengths: Array, sums: dict[int, _Sums], n_threads: int
) -> None:
    """Trace the gradient of one output per row down through layers and back through time."""
    for layer in reversed(tape.layers):
        below: Array | None = None
        for direction, run in enumerate(layer.passes):
            dh, dc, dx = _walk_back(run, injected[direction], lengths, n_threads)
            sums[id(run)].add(dh, dc, origin[direction])
            dx = tape.call.timeline.reverse(dx, np.empty_like(dx)) if layer.backwards[direction] else dx
            below = dx if below is None else below + dx
        if layer is not tape.layers[0]:
            assert below is not None
            injected = _by_direction(layer, below, tape.call)


def _walk_back(run: CellPass, dy: Array, lengths: Array, n_threads: int) -> tuple[Array, Array | None, Array]:
    """Return ∂L/∂h and ∂L/∂c of the states after every step (T, N, H), and ∂L/∂x (T, N, D).

    ``dy`` (T, N, H) is the gradient of each h from the layer above.
    """
    dh, dx = np.zeros_like(dy), np.zeros((*dy.shape[:2], len(run.W_x)), dy.dtype)
    dc = None if run.c is None else np.zeros_like(dy)
    entering = np.flatnonzero(dy.any(axis=(1, 2)))
    later, later_c = np.zeros_like(dy[0]), np.zeros_like(dy[0])
    for k in range(int(entering[-1]) if len(entering) else -1, -1, -1):
        dh[k] = later + dy[k]
        if dc is not None:
            dc[k] = later_c
        later, later_c, dx[k] = _one_step_back(run, k, dh[k], later_c, lengths > k, n_threads)
    return dh, dc, dx


def _one_step_back(
    run: CellPass, k: int, dh: Array, dc: Array, valid: Array, n_threads: int
) -> tuple[Array, Array, Array]:
    """Return the adjoints of the initial state and input of step k; those of ended rows are unchanged."""
    x, h = run.x[k : k + 1], run.h[k : k + 2]
    c, dc_T = (None, None) if run.c is None else (run.c[k : k + 2], dc)
    gates = None if run.gates is None else run.gates[k : k + 1]
    back = engine.layer_backward(
        run.cell,
        None,
        x,
        h,
        c,
        gates,
        run.W_x,
        run.W_h,
        run.activation,
        lengths=valid.astype(np.int64),
        dh_T=dh,
        dc_T=dc_T,
        n_threads=n_threads or None,
    )
    return back.dh_0, dc if back.dc_0 is None else back.dc_0, back.dx[0]


def _measured(name: str, run: CellPass, sums: _Sums, lengths: Array) -> LayerFlow:
    """Return the flow of one direction of a layer from sums, weights, states and gates."""
    start, pairs = np.where(sums.start > 0, sums.start, 1.0), np.maximum(sums.pairs, 1)
    H = sums.size
    valid = np.arange(len(run.x))[:, np.newaxis] < lengths
    blocks = {gate: slice(i * H, (i + 1) * H) for i, gate in enumerate(_check.CELLS[run.cell].gates)}
    values = {}
    if run.gates is not None:
        gates = run.gates[valid]
        values = {gate: gates[:, block] for gate, block in blocks.items()}
    h = run.h[1:][valid]
    low, high = SATURATED
    logistic = {gate: a for gate, a in values.items() if gate not in "gn"}
    saturation = {gate: (float(np.mean(a < low)), float(np.mean(a > high))) for gate, a in logistic.items()}
    if run.gates is None and run.activation in ("tanh", "sigmoid"):
        below = 0.0 if run.activation == "tanh" else float(np.mean(h < low))
        saturation["h"] = below, float(np.mean(np.abs(h) > high))
    keeping = values.get("f", values.get("z"))
    return LayerFlow(
        name=name,
        norm=sums.h / pairs,
        c_norm=None if run.c is None else sums.c / pairs,
        relative=sums.state / start,
        units=sums.units / start[:, np.newaxis],
        spectral_radius={gate: _radius(run.W_h[:, block]) for gate, block in blocks.items()},
        saturation=saturation,
        dead=int((np.ptp(h, axis=0) <= _UNMOVED).sum()),
        forgetting=None if keeping is None else 1.0 / np.maximum(1.0 - keeping.mean(axis=0, dtype=np.float64), 1e-9),
    )


def _radius(W: Array) -> float:
    return float(np.abs(np.linalg.eigvals(W.astype(np.float64))).max())
