"""A network whose passes are steps of a stream, and what a precision costs on given data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman import _check
from elman.errors import ArgumentError
from elman.network.architecture import Architecture
from elman.network.network import Network
from elman.network.state import State
from elman.network.stream import Stream

Array = npt.NDArray[Any]
Metric = Callable[[Any], float]


class StreamedNetwork(Network):
    """A network whose `run`, `predict` and `step` go through a `Stream` of a precision, one step after the other.

    Outputs past the end of a row are zero.

    Parameters
    ----------
    network : Network
        Its parameters are used, not copied.
    precision : {"float32", "bfloat16", "int8"}
        Of the stream.

    Raises
    ------
    UnsupportedError, ArgumentError
        As of `Stream`.

    Examples
    --------
    >>> from elman.network import Architecture
    >>> network, x = Network.initialized(Architecture(1, 1, hidden_size=4)), np.ones((5, 2, 1), np.float32)
    >>> bool((StreamedNetwork(network, "float32").predict(x) == network.predict(x)).all())
    True
    """

    def __init__(self, network: Network, precision: str) -> None:
        super().__init__(network.architecture, network.theta)
        self.precision = precision
        Stream(self, precision=precision)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return type(self), (Network(self.architecture, self.theta), self.precision)

    def _like(self, architecture: Architecture, theta: Array) -> StreamedNetwork:
        return StreamedNetwork(Network(architecture, theta), self.precision)

    def _outcome(
        self, place: str, x: npt.ArrayLike, state: State | None, lengths: npt.ArrayLike | None, n_threads: int
    ) -> tuple[State, Array]:
        x, state, lengths = self._checked(place, x, state, lengths, n_threads)
        steps, rows = x.shape[:2]
        if steps == 0 or rows == 0:
            return super()._outcome(place, x, state, lengths, n_threads)
        stream = Stream(self, state, rows, self.precision)
        ends = np.full(rows, steps) if lengths is None else lengths
        final, y = stream.state, np.zeros((steps, rows, self.architecture.output_size), stream.dtype)
        for t, x_t in enumerate(x):
            y[t] = stream.step(x_t)
            if (last := ends == t + 1).any():
                for part, now in zip(final.to_arrays().values(), stream.state.to_arrays().values(), strict=True):
                    part[:, last] = now[:, last]
        if self.architecture.readout == "every":
            return final, np.where((np.arange(steps)[:, np.newaxis] < ends)[..., np.newaxis], y, y.dtype.type(0))
        return final, y[np.maximum(ends, 1) - 1, np.arange(rows)]


@dataclass(frozen=True)
class QuantizationReport:
    """What weights of fewer bits cost.

    Parameters
    ----------
    precision : str
        Of the stream that was measured.
    largest_difference, mean_difference : float
        Of the outputs from those of float32: largest and mean absolute value.
    largest_output : float
        Largest absolute value of the outputs of float32.
    metric : (float, float) or None
        A metric of the outputs of float32, and of this precision.
    weight_bytes : (int, int)
        Bytes of the weights that a step reads, in float32 and in this precision.

    Examples
    --------
    >>> print(QuantizationReport("int8", 0.01, 0.002, 0.5, (0.91, 0.9), (4000, 1000)))
    int8 instead of float32:
      largest difference of the outputs  0.01 (largest output 0.5)
      mean difference                    0.002
      metric                             0.91 -> 0.9
      bytes of weights per step          4,000 -> 1,000
    """

    precision: str
    largest_difference: float
    mean_difference: float
    largest_output: float
    metric: tuple[float, float] | None
    weight_bytes: tuple[int, int]

    def __str__(self) -> str:
        rows = [
            (
                "largest difference of the outputs",
                f"{self.largest_difference:.3g} (largest output {self.largest_output:.3g})",
            ),
            ("mean difference", f"{self.mean_difference:.3g}"),
        ]
        if self.metric is not None:
            rows.append(("metric", f"{self.metric[0]:.6g} -> {self.metric[1]:.6g}"))
        rows.append(("bytes of weights per step", f"{self.weight_bytes[0]:,} -> {self.weight_bytes[1]:,}"))
        return "\n".join([f"{self.precision} instead of float32:", *(f"  {name:<34} {text}" for name, text in rows)])


def quantization_report(
    network: Network,
    x: npt.ArrayLike,
    precision: str = "int8",
    *,
    lengths: npt.ArrayLike | None = None,
    metric: Metric | None = None,
) -> QuantizationReport:
    """Compare streams of a network in float32 and with weights of fewer bits on given data.

    Parameters
    ----------
    network : Network
        One that a `Stream` can run.
    x : array_like (T, N, D), or of integers (T, N)
        Inputs of N sequences.
    precision : {"int8", "bfloat16"}
        To compare with float32.
    lengths : array_like of int (N,), optional
        Valid steps of each row.
    metric : callable, optional
        From the outputs (T, N, K) or (N, K) to a number.

    Raises
    ------
    UnsupportedError, ShapeError, ArgumentError, DataError
        As of `Stream` and `Network.run`; or if there is no step.

    Examples
    --------
    >>> from elman.network import Architecture
    >>> network = Network.initialized(Architecture(1, 1, cell="gru", hidden_size=16))
    >>> x, y = np.random.default_rng(0).normal(size=(2, 9, 3, 1))
    >>> report = quantization_report(network, x, metric=lambda found: float(((found - y) ** 2).mean()))
    >>> report.largest_difference < 0.05, abs(report.metric[1] - report.metric[0]) < 0.05, report.weight_bytes
    (True, True, (3328, 832))
    """
    place = "quantization_report"
    _check.choice(place, "precision", precision, ("int8", "bfloat16"))
    before, after = (StreamedNetwork(network, name).predict(x, lengths=lengths) for name in ("float32", precision))
    if before.size == 0:
        raise ArgumentError(f"{place}: x must have at least one step and one row, got shape {np.shape(x)}.")
    pair = None if metric is None else (float(metric(before)), float(metric(after)))
    return report_of([network], precision, before, after, pair)


def report_of(
    networks: Sequence[Network], precision: str, before: Array, after: Array, metric: tuple[float, float] | None
) -> QuantizationReport:
    """Return the report from the outputs of float32 and of a precision."""
    difference = np.abs(before.astype(np.float64) - after)
    counts = [weight_bytes(network, precision) for network in networks]
    return QuantizationReport(
        precision,
        float(difference.max()),
        float(difference.mean()),
        float(np.abs(before).max()),
        metric,
        (sum(count[0] for count in counts), sum(count[1] for count in counts)),
    )


def weight_bytes(network: Network, precision: str) -> tuple[int, int]:
    """Return the bytes of the weights that a step reads, in float32 and in a precision, without scales and padding.

    Of an embedding, and of the weights of one-hot inputs, a step reads one row, in float32.

    Examples
    --------
    >>> from elman.network import Architecture
    >>> weight_bytes(Network.initialized(Architecture(3, 2, cell="rnn", hidden_size=4)), "bfloat16")
    (144, 72)
    """
    architecture = network.architecture
    sizes = {name: value.size for name, value in network.parameters.items() if value.ndim == 2}
    if architecture.one_hot:
        del sizes["layers.0.W_x"]
    if not architecture.tied_weights:
        sizes.pop("embedding", None)
    count = sum(sizes.values())
    return 4 * count, count * {"int8": 1, "bfloat16": 2}[precision]
