"""The recorded numbers in a page that computes: what `largestGap` of ``model.js`` compares, in base64."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["LEVELS", "computable", "recorded"]

_COMPUTED_LOSSES = ("half_squared_error", "mean_squared_error", "binary_cross_entropy", "categorical_cross_entropy")
_WRITTEN = ("symbol", "equation")  # the page writes them itself
_EPOCH = ("epoch", "loss", "predictions", "parameters", "gradient")
_SUMS = ("sum", "all_paths", "backpropagation")

# What the page's numbers leave out, each level all that the one before does. A page takes the first that fits.
LEVELS = (
    "",
    "without single paths and factors after epoch 0",
    "without single paths and factors",
    "of states and adjoints only those of epoch 0",
    "nothing of the epochs between the first and the last",
)


def computable(trace: Mapping[str, Any]) -> bool:
    """Return whether the page's engine computes a trace: one layer, forward in time, read at every step or the last."""
    a = trace["architecture"]
    plain = a["num_layers"] == 1 and not (a["bidirectional"] or a["linear_skip"]) and a["embedding_size"] is None
    return plain and a["readout"] in ("every", "last") and trace["loss"]["name"] in _COMPUTED_LOSSES


def recorded(trace: Mapping[str, Any], level: int = 0) -> dict[str, Any]:
    """Return a trace with the numbers that its page compares, and without formulas.

    Parameters
    ----------
    trace : mapping
        As `docs/trace-schema.md` describes it.
    level : int
        What is left out: an index of `LEVELS`.

    Returns
    -------
    dict
        The fields of the trace, and ``left_out``: the text of the level. In ``epochs``, an array of numbers is
        ``{"f64": "1x4 …"}``, its shape and its float64 values in base64, where that is shorter than a list.

    Examples
    --------
    >>> from elman.explain import lesson
    >>> trace = next(iter(lesson("by-hand-sum").traces.values())).to_dict()
    >>> recorded(trace)["epochs"][0]["detail"]["forward"][0], sorted(trace["epochs"][0]["detail"]["forward"][0])[:3]
    ({'id': 'forward/x/1', 'value': [[1.0], [0.0], [1.0]]}, ['chain', 'equation', 'id'])
    """
    last = len(trace["epochs"]) - 1
    epochs = [_epoch(epoch, level, first=i == 0, inner=0 < i < last) for i, epoch in enumerate(trace["epochs"])]
    return {**_bare({**trace, "epochs": []}), "epochs": epochs, "left_out": LEVELS[level]}


def _bare(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _bare(part) for name, part in value.items() if name not in _WRITTEN}
    return [_bare(part) for part in value] if isinstance(value, (list, tuple)) else value


def _epoch(epoch: Mapping[str, Any], level: int, *, first: bool, inner: bool) -> dict[str, Any]:
    if inner and level >= 4:
        return {"epoch": epoch["epoch"]}
    detail = epoch["detail"] if first or level < 3 else None
    paths = level == 0 or (level == 1 and first)
    return {name: _packed(epoch[name]) for name in _EPOCH} | {"detail": detail and _detail(detail, paths=paths)}


def _detail(detail: Mapping[str, Any], *, paths: bool) -> dict[str, Any]:
    views = {view: [_only(node, "id", "value") for node in detail[view]] for view in ("forward", "backward", "updates")}
    contributions = [
        [_only(path, "contribution") for path in gradient["paths"]] if paths else [] for gradient in detail["gradients"]
    ]
    gradients = [
        {"paths": single, **_only(gradient, *_SUMS)}
        for single, gradient in zip(contributions, detail["gradients"], strict=True)
    ]
    factors = {name: _only(factor, "value") for name, factor in detail["factors"].items()} if paths else {}
    return views | {"chains": _chains(detail["chains"]), "factors": factors, "gradients": gradients}


def _chains(chains: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the adjoints; the norms on the way of the longest path from each output, of which the others are parts."""
    longest = {chain["t"]: max((c for c in chains if c["t"] == chain["t"]), key=_length)["id"] for chain in chains}
    return [
        _only(chain, "id", "adjoint")
        | {"running": [_only(step, "norm") for step in chain["running"] if chain["id"] == longest[chain["t"]]]}
        for chain in chains
    ]


def _length(chain: Mapping[str, Any]) -> int:
    return len(chain["running"])


def _only(entry: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: _packed(entry[name]) for name in names}


def _packed(value: Any) -> Any:
    """Return an array of numbers as text, if that is shorter; pack the values of a mapping."""
    if isinstance(value, Mapping):
        return {name: _packed(part) for name, part in value.items()}
    if not isinstance(value, list):
        return value
    array = np.asarray(value, "<f8")
    shape, code = "x".join(map(str, array.shape)), base64.b64encode(array.tobytes()).decode()
    packed = {"f64": f"{shape} {code}"}
    return min(value, packed, key=lambda form: len(json.dumps(form, separators=(",", ":"))))
