"""One valid call of every function of the engine, public and raw, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from elman import _check, engine
from elman.engine import kernels
from kernels.calls import CELLS, Problem, forward
from reference import cases

T, N, D, H, K, V = 3, 4, 2, 5, 3, 6
J = 2  # steps ahead
LOSSES = (
    "half_squared_error",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "pinball",
    "binary_cross_entropy",
)
SGD = {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}


def public_calls(dtype: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return name -> (function, arguments) for every function of the engine that takes arrays."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(dtype)

    calls: dict[str, tuple[str, dict[str, Any]]] = {}
    for case in CELLS:
        cell, problem = case.partition("-")[0], Problem(case, dtype, T, N, D, H)
        both = {**cases.options(case), "lengths": problem.lengths, "h_mask": problem.mask}
        states = forward(engine, case, problem.a, problem.lengths, problem.mask)
        last = dict(zip(("dh_T", "dc_T"), problem.last, strict=False))
        weights = {name: problem.a[name] for name in ("x", "W_x", "W_h")}
        calls[f"{cell}_forward"] = f"{cell}_forward", {**problem.a, **both}
        calls[f"{cell}_backward"] = f"{cell}_backward", {"dh": problem.dh, **weights, **states, **both, **last}
        kept = {"cell": cell, "lengths": problem.lengths, "h_mask": problem.mask}
        absent = {name: None for name in ("c", "gates") if name not in states}
        calls[f"{cell} layer_forward"] = "layer_forward", {"c_0": None, **problem.a, **kept}
        calls[f"{cell} layer_backward"] = (
            "layer_backward",
            {"dh": problem.dh, **weights, **states, **absent, **kept, **last},
        )
    for name, (function, arguments) in list(calls.items()):
        calls[f"{name} of ones"] = function, arguments | {"x": rng.integers(0, D, (T, N))}
    calls["dense_forward"] = "dense_forward", {"h": normal(2, N, H), "W_y": normal(H, K), "b_y": normal(K)}
    calls["dense_backward"] = "dense_backward", {"do": normal(2, N, K), "h": normal(2, N, H), "W_y": normal(H, K)}
    calls["dense_cross_entropy"] = (
        "dense_cross_entropy",
        {"h": normal(2, N, H), "W_y": normal(H, K), "b_y": normal(K), "y": rng.integers(0, K, (2, N))},
    )
    for activation in ("identity", "tanh", "relu", "sigmoid", "softmax", "log_softmax"):
        option = {"activation": activation}
        calls[f"{activation} forward"] = "activation_forward", {"o": normal(N, K), **option}
        calls[f"{activation} backward"] = "activation_backward", {"dy": normal(N, K), "y": normal(N, K), **option}
    for name in ("silu", "softplus"):
        calls[f"{name}_forward"] = f"{name}_forward", {"a": normal(N, K)}
        calls[f"{name}_backward"] = f"{name}_backward", {"dy": normal(N, K), "a": normal(N, K)}
    mixing = {"o": normal(2, N, J, D + 7), "b": normal(2, N, J, D), "k": np.array([1, 4], dtype)}  # five quantiles
    calls["mixing_readout_forward"] = "mixing_readout_forward", mixing
    calls["mixing_readout_backward"] = "mixing_readout_backward", {"dq": normal(2, N, J, 5), **mixing}
    calls["draw"] = "draw", {"p": abs(normal(K)), "u": 0.4}
    indices = rng.integers(0, V, (2, N))
    calls["embedding_forward"] = "embedding_forward", {"indices": indices, "E": normal(V, D)}
    calls["embedding_backward"] = (
        "embedding_backward",
        {"dx": normal(2, N, D), "indices": indices, "vocabulary_size": V},
    )
    weight = rng.random((N, K)).astype(dtype)
    for name in LOSSES:
        calls[name] = name, {"o": normal(N, K), "y": rng.random((N, K)).astype(dtype), "weight": weight}
    levels = {"levels": np.array([0.25, 0.5, 0.75], dtype), "importance": weight[0]}
    calls["quantile_loss"] = "quantile_loss", {"q": normal(N, K), "y": normal(N), **levels, "weight": weight[:, 0]}
    labels = {"o": normal(N, K), "y": rng.integers(0, K, N), "weight": weight[:, 0]}
    calls["categorical_cross_entropy"] = "categorical_cross_entropy", labels
    calls["sgd_step"] = "sgd_step", {"theta": normal(H), "gradient": normal(H), "velocity": normal(H), **SGD}
    square = {"square": normal(H) ** 2, "learning_rate": 0.1}
    calls["rmsprop_step"] = "rmsprop_step", {"theta": normal(H), "gradient": normal(H), **square}
    moments = {"m": normal(H), "v": normal(H) ** 2, "step": 3, "learning_rate": 0.1}
    calls["adam_step"] = "adam_step", {"theta": normal(H), "gradient": normal(H), **moments}
    calls["clip_by_norm"] = "clip_by_norm", {"gradient": normal(H), "max_norm": 0.5}
    calls["clip_by_value"] = "clip_by_value", {"gradient": normal(H), "limit": 0.5}
    series = {"values": normal(20, 2), "center": normal(20, 2), "origins": np.array([3, 5])}
    calls["pack_layer"] = (
        "pack_layer",
        {"cell": "gru", "W_x": normal(D, 3 * H), "W_h": normal(H, 3 * H), "b": normal(3 * H)},
    )
    calls["gather_windows"] = "gather_windows", {**series, "steps": 2, "first": -2, "width": 3, "stride": 4}
    return calls


IN_PLACE = ("theta", "velocity", "square", "m", "v")  # and the gradient that is clipped


class RawCall(NamedTuple):
    """Positional arguments of a raw kernel, by name; ``written`` are those that it fills."""

    function: str
    arguments: dict[str, Any]
    written: tuple[str, ...]

    def __call__(self, **changed: Any) -> Any:
        return getattr(kernels, self.function)(*(self.arguments | changed).values())


def _given(results: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, value in results.items() if value is not None)


class Raw:
    """One valid call of every function of the extension that takes arrays, with all optional arrays given."""

    def __init__(self, dtype: str) -> None:
        self.dtype, self.rng = dtype, np.random.default_rng(1)

    def new(self, *shape: int) -> np.ndarray:
        return self.rng.normal(size=shape).astype(self.dtype)

    def weights(self, G: int) -> dict[str, Any]:
        return {"W_x": self.new(D, G * H), "W_h": self.new(H, G * H)}

    def ends(self) -> dict[str, Any]:
        return {"lengths": np.array([3, 0, 2, 1]), "h_mask": self.new(N, H)}

    def cells_forward(self) -> Iterator[RawCall]:
        for cell, kind in _check.CELLS.items():
            G, state = len(kind.gates), self.new(N, H)
            c_0, c = (self.new(N, H), self.new(T + 1, N, H)) if kind.has_c else (None, None)
            gates = self.new(T, N, 4 * H) if kind.has_gates else None
            start = {"cell": cell, "activation": "tanh", "x": self.new(T, N, D), "h_0": state, "c_0": c_0}
            biases = {"b": self.new(G * H), "b_hn": self.new(H) if kind.has_b_hn else None}
            results = {"h": self.new(T + 1, N, H), "c": c, "gates": gates}
            arguments = start | self.weights(G) | biases | self.ends() | results | {"n_threads": 1}
            yield RawCall("layer_forward", arguments, _given(results))

    def cells_backward(self) -> Iterator[RawCall]:
        for cell, kind in _check.CELLS.items():
            G, has_c = len(kind.gates), kind.has_c
            start = {"cell": cell, "activation": "tanh", "dh": self.new(T, N, H), "dh_T": self.new(N, H)}
            start |= {"dc_T": self.new(N, H) if has_c else None, "x": self.new(T, N, D), "h": self.new(T + 1, N, H)}
            start |= {"c": self.new(T + 1, N, H) if has_c else None}
            start |= {"gates": self.new(T, N, 4 * H) if kind.has_gates else None}
            results = {"dx": self.new(T, N, D), "dh_0": self.new(N, H), "dc_0": self.new(N, H) if has_c else None}
            results |= {"dW_x": self.new(D, G * H), "dW_h": self.new(H, G * H), "db": self.new(G * H)}
            results |= {"db_hn": self.new(H) if kind.has_b_hn else None}
            given = start | self.weights(G) | self.ends() | {"one_step": False}
            end = {"accumulate": False, "n_threads": 1}
            yield RawCall("layer_backward", given | results | end, _given(results))

    def layers(self) -> Iterator[RawCall]:
        h, W_y, b_y, o = {"h": self.new(N, H)}, {"W_y": self.new(H, K)}, {"b_y": self.new(K)}, {"o": self.new(N, K)}
        do, gradients = {"do": self.new(N, K)}, {"dh": self.new(N, H), "dW_y": self.new(H, K), "db_y": self.new(K)}
        add, y, tanh = {"accumulate": True, "n_threads": 1}, {"y": self.new(N, K)}, {"activation": "tanh"}
        yield RawCall("dense_forward", h | W_y | b_y | o | add, ("o",))
        both = {"accumulate_dh": True} | add
        yield RawCall("dense_backward", do | h | W_y | gradients | both, ("dh", "dW_y", "db_y"))
        labels = {"y": np.array([0, 2, 1, 1]), "weight": abs(self.new(N)), "reduction": "mean"}
        yield RawCall("dense_cross_entropy", h | W_y | b_y | labels | gradients | add, ("dh", "dW_y", "db_y"))
        yield RawCall("activation_forward", o | tanh | y, ("y",))
        yield RawCall("activation_backward", {"dy": self.new(N, K)} | y | tanh | do, ("do",))
        yield RawCall("draw", {"p": abs(self.new(K)), "u": 0.4, "first": 1}, ())
        indices, table, rows = {"indices": np.array([5, 0, 2])}, self.new(V, D), self.new(3, D)
        yield RawCall("embedding_forward", indices | {"E": table, "out": rows}, ("out",))
        yield RawCall("embedding_backward", {"dx": rows} | indices | {"dE": table, "accumulate": False}, ("dE",))

    def readouts(self) -> Iterator[RawCall]:
        one, a, Q = {"n_threads": 1}, {"a": self.new(N, K)}, 2 * H - 1
        for name in ("silu", "softplus"):
            yield RawCall(f"{name}_forward", a | {"y": self.new(N, K)} | one, ("y",))
            yield RawCall(f"{name}_backward", {"dy": self.new(N, K)} | a | {"da": self.new(N, K)} | one, ("da",))
        data = {"b": self.new(N, J, K), "k": np.array([1, 4], self.dtype)}
        o, do = {"o": self.new(N, J, K + Q + 2)}, {"do": self.new(N, J, K + Q + 2)}
        yield RawCall("mixing_readout_forward", o | data | {"q": self.new(N, J, Q)} | one, ("q",))
        yield RawCall("mixing_readout_backward", {"dq": self.new(N, J, Q)} | o | data | do | one, ("do",))
        target = {"q": self.new(N, K), "y": self.new(N), "levels": self.new(K)}
        weights = {"importance": abs(self.new(K)), "weight": abs(self.new(N)), "reduction": "mean"}
        yield RawCall("quantile_loss", target | weights | {"dq": self.new(N, K)}, ("dq",))

    def losses(self) -> Iterator[RawCall]:
        for name in (*LOSSES, "categorical_cross_entropy"):
            rows = name == "categorical_cross_entropy"
            y = np.array([0, 2, 1, 1]) if rows else self.rng.random((N, K)).astype(self.dtype)
            arguments = {
                "name": name,
                "o": self.new(N, K),
                "y": y,
                "weight": abs(self.new(N) if rows else self.new(N, K)),
            }
            yield RawCall("loss", arguments | {"reduction": "mean", "parameter": 0.5, "do": self.new(N, K)}, ("do",))

    def updates(self) -> Iterator[RawCall]:
        theta, gradient = {"theta": self.new(H)}, {"gradient": self.new(H)}
        v, rate = {"v": abs(self.new(H))}, {"learning_rate": 0.1}
        yield RawCall("sgd_step", theta | gradient | {"velocity": self.new(H)} | rate, ("theta", "velocity"))
        yield RawCall("rmsprop_step", theta | gradient | {"square": abs(self.new(H))} | rate, ("theta", "square"))
        moments = {"m": self.new(H)} | v
        yield RawCall("adam_step", theta | gradient | moments | {"step": 1} | rate, ("theta", "m", "v"))
        yield RawCall("clip_by_norm", gradient | {"max_norm": 0.1}, ("gradient",))
        yield RawCall("clip_by_value", gradient | {"limit": 0.1}, ("gradient",))

    def batches(self) -> Iterator[RawCall]:
        counter = {"rate": 0.5, "seed": 1, "update": 2, "layer": 3}
        yield RawCall("dropout_mask", {"out": self.new(T, N, H)} | counter, ("out",))
        series = {"values": self.rng.normal(size=(20, 2)), "level": self.rng.normal(size=(20, 2))}
        place = {"origins": np.array([3, 5]), "first": -2, "width": 3, "stride": 4}
        yield RawCall("gather_windows", series | place | {"out": self.new(2, 2, 6)}, ("out",))
        yield RawCall("transpose", {"matrix": self.new(37, 18), "out": self.new(18, 37)}, ("out",))

    def many(self) -> Iterator[RawCall]:
        U, units = 2, [H, H + 1]
        P = max(place.stop for place, _ in _check.places_of("lstm", units, D, K, bias=True, linear_skip=True).values())
        parts = {"bias": True, "linear_skip": True, "dropout": 0.2, "recurrent_dropout": 0.1}
        start = {"cell": "lstm", "activation": "tanh", "hidden_sizes": units} | parts
        theta = {"theta": self.new(J, P), "first": self.new(J, P), "second": abs(self.new(J, P))}
        data = {"x": self.new(J, U, T, N, D), "y": self.new(J, U, T, N, K), "weight": abs(self.new(J, U, T, N, K))}
        lengths = {"lengths": self.rng.integers(min(1, T), T + 1, (J, U, N))}
        loss = {"loss": "mean_absolute_error", "loss_parameter": 0.0, "reduction": "mean", "one_step": False}
        adam = {"optimizer": "adam", "options": [0.9, 0.99, 1e-8, 0.0], "clip_norm": 0.1, "clip_value": 0.1}
        counts = {"learning_rate": self.rng.random((J, U)), "seed": np.arange(J), "step": np.arange(J)}
        results = {"losses": self.rng.random((J, U)), "norms": self.rng.random((J, U)), "done": np.arange(7, 7 + J)}
        arguments = start | theta | data | lengths | loss | adam | counts | results | {"n_threads": 1}
        yield RawCall("update_many", arguments, (*theta, *results))

    def streams(self) -> Iterator[RawCall]:
        weights = self.weights(3) | {"b": self.new(3 * H), "b_hn": self.new(H)}
        yield RawCall("pack_layer", {"cell": "gru"} | weights | {"activation": "tanh"}, ())
        packed = {"packed": kernels.pack_layer("lstm", *self.weights(4).values(), None, None, "tanh")}
        state = {"x": self.new(N, D), "h": self.new(N, H), "c": self.new(N, H)}
        yield RawCall("step", packed | state, ("h", "c"))


def _name(call: RawCall) -> str:
    if call.function.startswith("layer_"):
        return call.function.replace("layer", call.arguments["cell"])
    return str(call.arguments.get("name", call.function))


def raw_calls(dtype: str) -> dict[str, RawCall]:
    """Return every call by the name of its function, or of its loss; a layer's by its cell."""
    raw = Raw(dtype)
    groups = raw.cells_forward, raw.cells_backward, raw.layers, raw.losses, raw.updates, raw.batches, raw.streams
    groups += raw.readouts, raw.many
    calls = {_name(call): call for group in groups for call in group()}
    for name in [f"{cell}_{way}" for cell in ("rnn", "lstm", "gru") for way in ("forward", "backward")]:
        ones = {"x": raw.rng.integers(0, D, (T, N))}
        calls[f"{name} of ones"] = calls[name]._replace(arguments=calls[name].arguments | ones)
    return calls
