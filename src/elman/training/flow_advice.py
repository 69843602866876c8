"""Advice and text of a gradient-flow report. Every rule names its source."""

from __future__ import annotations

from elman.notebook.html import html_table
from elman.training.gradient_flow import GradientFlow, LayerFlow

__all__ = ["advice", "as_html", "text"]

_GROWN = 10.0  # relative to its norm at lag 0
_MOST = 0.5  # share of values or steps from which a rule applies
_ENOUGH = "Nothing in these numbers asks for a change."


def advice(flow: GradientFlow) -> list[str]:
    """Return one or two sentences per rule that applies, or one sentence if none does.

    Parameters
    ----------
    flow : GradientFlow
        The report.

    Returns
    -------
    list of str
        Never empty.

    References
    ----------
    Hochreiter & Schmidhuber (1997), Long short-term memory. Neural Computation 9(8).
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks. AISTATS.
    Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent neural networks. ICML.
    Jozefowicz, Zaremba & Sutskever (2015), An empirical exploration of recurrent network architectures. ICML.
    Lu, Shin, Su & Karniadakis (2020), Dying ReLU and initialization. Commun. Comput. Phys. 28(5).

    Examples
    --------
    >>> import numpy as np
    >>> flat = LayerFlow("layers.0", np.ones(9), None, np.ones(9), np.ones((9, 1)), {}, {}, 0, None)
    >>> advice(GradientFlow("lstm", "tanh", (flat,), clip_norm=1.0, clipped=0.5, mean_gradient_norm=1.2))
    ['Nothing in these numbers asks for a change.']
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


def text(flow: GradientFlow) -> str:
    """Return the report as a few lines of text.

    Parameters
    ----------
    flow : GradientFlow
        The report.
    """
    lines = []
    for layer in flow.layers:
        lines.append(f"{layer.name}: gradient {_reached(layer)}; at least 1 % up to lag {layer.reach}")
        lines += [f"  {name:<24}{value}" for name, value in _facts(layer).items()]
    lines.append(f"clipped steps: {_clipped(flow)}")
    return "\n".join([*lines, *flow.advice])


def as_html(flow: GradientFlow) -> str:
    """Return the report as a table in HTML, with the advice below it.

    Parameters
    ----------
    flow : GradientFlow
        The report.
    """
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
