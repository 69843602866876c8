"""``elman export`` and ``elman import``: convert models to and from other libraries, and prove equal results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elman.cli._command import say, usage_error
from elman.cli._common import check_readable, check_writable

__all__ = ["export_model", "import_model"]

_ENDINGS = {"onnx": (".onnx",), "torch": (".safetensors", ".pt", ".pth")}


def export_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Saved by Elman.")],
    to: Annotated[str, typer.Option(metavar="FORMAT", help="onnx: from raw values to results; torch: weights alone.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; beside the model if not given.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> None:
    """Write a saved model for another library, after both have given the same results."""
    if to not in _ENDINGS:
        usage_error(f"--to {to}: must be one of {', '.join(_ENDINGS)}.")
    check_readable(None, model)
    target = model.with_suffix(_ENDINGS[to][0]) if output is None else output
    if target.suffix not in _ENDINGS[to]:
        usage_error(f"--output {target}: must end with {' or '.join(_ENDINGS[to])}.")
    _check_target(model, target)
    import elman

    loaded = elman.load(model)
    if to == "onnx":
        from elman.interop import export_onnx as export
    else:
        from elman.interop.torch import export_torch as export
    proof = export(loaded, target)
    if not quiet:
        say(f"{target}: {proof}.")
        if to == "torch" and (members := len(getattr(loaded, "networks_", []))):
            _say_what_is_missing(target, members)


def _say_what_is_missing(target: Path, members: int) -> None:
    what = "the network" if members == 1 else f"{members} networks, their keys numbered from 0 to {members - 1},"
    say(f"{target}: has {what} without the steps before and after; --to onnx writes these too.")


def import_model(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An ONNX file.")],
    output: Annotated[
        Path | None, typer.Option(metavar="MODEL", help="Where to; beside the file, ending in .model, if not given.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages.")] = False,
) -> None:
    """Read an ONNX file of recurrent layers as a network of Elman, after both have given the same results."""
    check_readable(None, file)
    if file.suffix in _ENDINGS["torch"]:
        usage_error(f"{file}: a file of weights has no architecture; read it with elman.interop.torch.from_torch.")
    target = file.with_suffix(".model") if output is None else output
    _check_target(file, target)
    from elman.interop import import_onnx

    network, proof = import_onnx(file)
    network.save(target)
    if not quiet:
        a = network.architecture
        directions = ", both directions" if a.bidirectional else ""
        layers, dense = " and ".join(map(str, a.units)), "".join(f", dense {units}" for units in a.dense)
        if not isinstance(a.hidden_size, tuple):
            layers = str(a.hidden_size)
        say(f"{file}: {a.num_layers} × {a.cell.upper()} of {layers} units{directions}, readout {a.readout}{dense}.")
        say(f"{target}: {proof}.")


def _check_target(source: Path, target: Path) -> None:
    check_writable("--output", target)
    if target.exists() and target.samefile(source):
        usage_error(f"--output {target}: is the file that is read.")
