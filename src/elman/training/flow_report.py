"""The gradient-flow report: numbers, advice, text and table. Every rule of the advice names its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elman.notebook.flow import plot_flow
from elman.notebook.html import html_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GradientFlow", "LayerFlow"]

Array = npt.NDArray[Any]

_GROWN = 10.0  # relative to its norm at lag 0
_MOST = 0.5  # share of values or steps from which a rule applies
_ENOUGH = "Nothing in these numbers asks for a change."


@dataclass(frozen=True, repr=False)
class LayerFlow:
    """Gradient flow in one direction of one recurrent layer; lags count in its order of time.

    Below the top of a bidirectional stack the gradient of one output arrives at both ends of time.

    Parameters
    ----------
    name : str
        ``"layers.0"``, ``"layers.0.reverse"``, …
    norm : ndarray (L,)
        Mean over outputs t and rows of ‖∂L_t/∂h_{t−lag}‖, h_{t−lag} taken as the input of the step after it.
    c_norm : ndarray (L,) or None
        Likewise ‖∂L_t/∂c_{t−lag}‖ of an LSTM; its state is the pair (h, c).
    relative : ndarray (L,)
        Norm for the whole state, over that of lag 0 of the same outputs: 1 at lag 0.
    units : ndarray (L, H)
        The same, unit by unit.
    spectral_radius : dict of str to float
        Largest absolute eigenvalue of W_h, by gate.
    saturation : dict of str to (float, float)
        Share of values below 0.1 and above 0.9 of every logistic gate; of a simple cell's abs(h) as ``"h"``.
    dead : int
        Units whose output is the same at every step of every row.
    forgetting : ndarray (H,) or None
        Steps in which a gated unit forgets, 1 / (1 − mean of f or z).

    Examples
    --------
    >>> halved = 0.5 ** np.arange(9)
    >>> layer = LayerFlow("layers.0", halved, None, halved, halved[:, np.newaxis], {"h": 0.5}, {}, 0, None)
    >>> layer.reach, round(layer.mean_lag, 2)                                # 0.5⁶ is 1.6 %, 0.5⁷ is 0.8 %
    (6, 0.98)
    """

    name: str
    norm: Array
    c_norm: Array | None
    relative: Array
    units: Array
    spectral_radius: dict[str, float]
    saturation: dict[str, tuple[float, float]]
    dead: int
    forgetting: Array | None

    def __repr__(self) -> str:
        """Return the sizes and the reach."""
        lags, units = self.units.shape
        return f"LayerFlow({self.name!r}, {units} units, {lags} lags, reach {self.reach})"

    @property
    def reach(self) -> int:
        """Last lag at which at least 1 % of the gradient arrives."""
        return int(np.flatnonzero(self.relative >= 0.01)[-1]) if (self.relative >= 0.01).any() else 0

    @property
    def mean_lag(self) -> float:
        """Mean lag, each lag weighted by the gradient that arrives there."""
        return float(np.arange(len(self.relative)) @ self.relative / self.relative.sum())


@dataclass(frozen=True, repr=False)
class GradientFlow:
    """The report: one `LayerFlow` per layer and direction, and figures from the training history.

    Parameters
    ----------
    cell, activation : str
        Of the network.
    layers : tuple of LayerFlow
        From the input upwards.
    clip_norm : float, optional
        Threshold that training used.
    clipped : float, optional
        Share of updates with a larger gradient norm; None if the history is unknown, as in a loaded model.
    mean_gradient_norm : float, optional
        Before clipping.

    Examples
    --------
    >>> import numpy as np
    >>> from elman.network import Architecture, Network
    >>> from elman.training import Batch, gradient_flow
    >>> network = Network(Architecture(1, 1, cell="rnn", activation="identity", hidden_size=1, readout="last"),
    ...                   np.array([1.0, 0.5, 0.0, 1.0, 0.0]))                  # W_x, W_h, b, W_y, b_y
    >>> flow = gradient_flow(network, Batch(np.ones((9, 1, 1)), np.zeros((1, 1))), "mean_squared_error")
    >>> flow.layers[0].relative[:4], flow.reach                               # each step multiplies by W_h
    (array([1.   , 0.5  , 0.25 , 0.125]), 6)
    """

    cell: str
    activation: str
    layers: tuple[LayerFlow, ...]
    clip_norm: float | None = None
    clipped: float | None = None
    mean_gradient_norm: float | None = None

    @property
    def lags(self) -> int:
        """Steps of the longest row: lags run from 0 to one less."""
        return len(self.layers[0].relative)

    @property
    def reach(self) -> int:
        """Last lag at which at least 1 % of the gradient arrives in any layer."""
        return max(layer.reach for layer in self.layers)

    @property
    def advice(self) -> list[str]:
        """Advice about settings, each sentence by a rule with a source."""
        return _advice(self)

    def __repr__(self) -> str:
        """Return the sizes and the reach; ``print`` gives the report."""
        layers = "1 layer" if len(self.layers) == 1 else f"{len(self.layers)} layers"
        return f"GradientFlow({self.cell}, {layers}, {self.lags} lags, reach {self.reach})"

    def __str__(self) -> str:
        return _text(self)

    def _repr_html_(self) -> str:
        """Return the report as a table, for a notebook."""
        return _as_html(self)

    def plot(self) -> Figure:
        """Draw the gradient at every lag: a curve for each layer, a heat map of its units.

        Returns
        -------
        matplotlib.figure.Figure
            A notebook shows it; ``savefig`` writes it to a file.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.

        Examples
        --------
        >>> halved = 0.5 ** np.arange(9)
        >>> layer = LayerFlow("layers.0", halved, None, halved, halved[:, np.newaxis], {"h": 0.5}, {}, 0, None)
        >>> [ax.get_title(loc="left") for ax in GradientFlow("rnn", "tanh", (layer,)).plot().axes[:2]]
        ['Gradient norm relative to lag 0', 'layers.0, unit by unit']
        """
        return plot_flow(self.layers)


def _advice(flow: GradientFlow) -> list[str]:
    """Return one or two sentences per rule that applies, or one sentence if none does.

    References
    ----------
    Hochreiter & Schmidhuber (1997), Long short-term memory. Neural Computation 9(8).
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks. AISTATS.
    Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent neural networks. ICML.
    Jozefowicz, Zaremba & Sutskever (2015), An empirical exploration of recurrent network architectures. ICML.
    Lu, Shin, Su & Karniadakis (2020), Dying ReLU and initialization. Commun. Comput. Phys. 28(5).
    """
    found = _vanishing(flow) + _exploding(flow) + _clipping(flow)
    for layer in flow.layers:
        found += _dead(flow, layer) + _saturated(flow, layer)
    return found or [_ENOUGH]


def _vanishing(flow: GradientFlow) -> list[str]:
    """Based on the reach of this report: beyond it, no parameter gets more than 1 % of the gradient."""
    useful = flow.reach + 1
    if useful >= _MOST * flow.lags:
        return []
    first = (
        f"The gradient falls below 1 % beyond lag {flow.reach}: unrolling {flow.lags} steps buys nothing, "
        f"{useful} teach the same."
    )
    other = "longer windows with fewer steps"
    if flow.cell == "rnn":
        other = "cell='lstm' or 'gru' (Hochreiter & Schmidhuber 1997)"
    return [f"{first} If what matters lies further back, try {other}."]


def _exploding(flow: GradientFlow) -> list[str]:
    grown, lag = max((float(layer.relative.max()), int(layer.relative.argmax())) for layer in flow.layers)
    if grown < _GROWN:
        return []
    so = "keep clip_norm" if flow.clip_norm is not None else "try clip_norm=1.0"
    return [f"The gradient grows to {grown:.3g} times its length by lag {lag}: {so} (Pascanu et al. 2013)."]


def _clipping(flow: GradientFlow) -> list[str]:
    norm, limit = flow.mean_gradient_norm, flow.clip_norm
    if norm is None or limit is None or limit >= 0.5 * norm:
        return []
    return [
        (
            f"clip_norm={limit:.3g} is below half of the mean gradient norm, {norm:.3g}: try {0.5 * norm:.3g} to "
            f"{10 * norm:.3g} (Pascanu et al. 2013: 0.5 to 10 times the mean)."
        )
    ]


def _dead(flow: GradientFlow, layer: LayerFlow) -> list[str]:
    if not layer.dead:
        return []
    units = layer.units.shape[1]
    said = f"{layer.name}: {layer.dead} of {units} units have the same output at every step."
    if flow.cell == "rnn" and flow.activation == "relu":
        return [f"{said} Try a lower learning_rate, or activation='tanh' (Lu et al. 2020)."]
    return [said]


def _saturated(flow: GradientFlow, layer: LayerFlow) -> list[str]:
    found = []
    flat = sum(layer.saturation.get("h", (0.0, 0.0)))
    if flat > _MOST:
        found.append(
            f"{layer.name}: {flat:.0%} of the states are where the activation is flat. Try a lower learning_rate, or "
            "inputs of a smaller scale (Glorot & Bengio 2010)."
        )
    if "f" in layer.saturation and layer.saturation["f"][0] > _MOST:
        found.append(
            f"{layer.name}: {layer.saturation['f'][0]:.0%} of the forget gates are below 0.1, so the cell forgets at "
            "once. Try init='default', whose forget-gate bias starts at 1 (Jozefowicz et al. 2015)."
        )
    return found


def _text(flow: GradientFlow) -> str:
    """Return the report as a few lines of text."""
    lines = []
    for layer in flow.layers:
        lines.append(f"{layer.name}: gradient {_reached(layer)}; at least 1 % up to lag {layer.reach}")
        lines += [f"  {name:<24}{value}" for name, value in _facts(layer).items()]
    lines.append(f"clipped steps: {_clipped(flow)}")
    return "\n".join([*lines, *flow.advice])


def _as_html(flow: GradientFlow) -> str:
    """Return the report as a table in HTML, with the advice below it."""
    rows = []
    for layer in flow.layers:
        rows.append([layer.name, f"gradient {_reached(layer)}; at least 1 % up to lag {layer.reach}"])
        rows += [[name, value] for name, value in _facts(layer).items()]
    rows.append(["clipped steps", _clipped(flow)])
    return html_table(repr(flow), rows, notes=flow.advice)


def _reached(layer: LayerFlow) -> str:
    """Describe the relative gradient at a few lags."""
    lags = len(layer.relative)
    at = [lag for lag in (1, 10, 100, 1000) if lag < lags - 1] + [lags - 1]
    return ", ".join(f"{layer.relative[lag]:.2g} at lag {lag}" for lag in dict.fromkeys(at))


def _facts(layer: LayerFlow) -> dict[str, str]:
    """Return the measurements of one layer, by name."""
    facts = {"mean lag": f"{layer.mean_lag:.1f} steps"}
    if layer.forgetting is not None:
        facts["units forget in"] = f"{layer.forgetting.min():.1f} to {layer.forgetting.max():.1f} steps"
    facts["spectral radius of W_h"] = ", ".join(f"{g} {radius:.2f}" for g, radius in layer.spectral_radius.items())
    facts["saturated"] = _shares(layer)
    facts["dead units"] = f"{layer.dead} of {layer.units.shape[1]}"
    return facts


def _shares(layer: LayerFlow) -> str:
    shares = [f"{name} < 0.1 {low:.0%}, > 0.9 {high:.0%}" for name, (low, high) in layer.saturation.items()]
    return "; ".join(shares) or "nothing that could be"


def _clipped(flow: GradientFlow) -> str:
    if flow.clipped is not None:
        return f"{flow.clipped:.0%} of the updates, mean gradient norm {flow.mean_gradient_norm:.3g}"
    return "nothing was clipped" if flow.clip_norm is None else "not known, a saved model has no history"
