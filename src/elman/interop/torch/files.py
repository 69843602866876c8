"""Weight files for PyTorch: written from Elman models, and read as modules."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from elman._extras import need
from elman.errors import ArgumentError, ElmanError, FileFormatError, UnsupportedError
from elman.interop.models import networks_of
from elman.interop.proof import Proof
from elman.interop.torch.exchange import empty_module, prove
from elman.interop.torch.state_dict import as_arrays, to_state_dict
from elman.network import Architecture
from elman.persistence import parse_json
from elman.persistence.files import write_atomically

__all__ = ["export_torch", "load_torch"]

Array = npt.NDArray[Any]


def export_torch(model: Any, path: str | os.PathLike[str]) -> Proof:
    """Write the weights of a model as a PyTorch ``state_dict``, and compare both sides.

    Parameters
    ----------
    model : Network, Forecaster, SequenceClassifier, SequenceRegressor, SequenceTagger or LanguageModel
        Of an estimator only the networks are written; a ``state_dict`` cannot hold the steps before and after them, but
        the file of `elman.interop.export_onnx` does. The networks of an ensemble are numbered:
        ``0.recurrent.weight_ih_l0``.
    path : str or path
        ``*.safetensors``, which needs no PyTorch and holds the architecture as JSON in its metadata, for `load_torch`;
        or ``*.pt`` or ``*.pth``, written by ``torch.save``.

    Returns
    -------
    proof : Proof
        The proof; for several networks the one with the largest difference.

    Raises
    ------
    ArgumentError
        If the path has another ending.
    NotFittedError
        If the model has not been fitted.
    UnsupportedError
        If PyTorch has no such layer.
    InterchangeError
        If the two sides give different results; no file is written.

    Examples
    --------
    >>> import tempfile
    >>> from elman import Architecture, Network
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     proof = export_torch(Network.initialized(Architecture(1, 1, hidden_size=2)), f"{folder}/model.safetensors")
    >>> proof.other.split()[0]
    'torch'
    """
    path = Path(path)
    if path.suffix not in (".safetensors", ".pt", ".pth"):
        raise ArgumentError(f"export_torch: path must end with .safetensors, .pt or .pth, got {path.name!r}.")
    networks = networks_of("export_torch", model)
    proofs: list[Proof] = []
    arrays: dict[str, Array] = {}
    for number, network in enumerate(networks):
        found = to_state_dict(network)
        proofs.append(prove("export_torch", network, found, None))
        arrays |= {f"{number}.{name}" if len(networks) > 1 else name: array for name, array in found.items()}
    metadata = {"architecture": networks[0].architecture.to_dict(), "networks": len(networks)}
    write_atomically(path, _bytes_of(arrays, metadata, path.suffix))
    return max(proofs, key=lambda proof: proof.largest_difference or 0.0)


def _bytes_of(arrays: dict[str, Array], metadata: dict[str, Any], ending: str) -> bytes:
    """Return the content of a file."""
    if ending == ".safetensors":
        from safetensors.numpy import save

        return save(arrays, {"elman": json.dumps(metadata)})
    torch, data = need("export_torch", "torch"), io.BytesIO()
    torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, data)
    return data.getvalue()


def load_torch(path: str | os.PathLike[str]) -> Any:
    """Read a file of `export_torch` as a PyTorch module, without executing anything in it.

    Parameters
    ----------
    path : str or path
        ``*.safetensors``. A ``*.pt`` holds weights without an architecture; load it into the module of `to_torch`.

    Returns
    -------
    module : Model or Ensemble
        In evaluation mode; an `Ensemble` if the file has several networks.

    Raises
    ------
    FileFormatError
        If the file is damaged, or was not written by `export_torch`.
    UnsupportedError
        If the networks have recurrent dropout, which PyTorch cannot train.
    MissingExtraError
        If PyTorch is not installed.

    Examples
    --------
    >>> load_torch("weights.pt")
    Traceback (most recent call last):
    elman.errors.ArgumentError: load_torch: path must end with .safetensors, got 'weights.pt'.
      Hint: a .pt has no architecture; to_torch(model).module.load_state_dict(torch.load(path)) reads its weights.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ArgumentError(
            f"load_torch: path must end with .safetensors, got {path.name!r}.\n"
            "  Hint: a .pt has no architecture; to_torch(model).module.load_state_dict(torch.load(path)) reads its "
            "weights."
        )
    torch = need("load_torch", "torch")
    try:
        arrays, metadata = _read(path)
        architecture, members = _described(arrays, metadata)
        module = _empty(architecture, members)
        _check_shapes(module, arrays, architecture.tied_weights)
    except UnsupportedError:
        raise
    except (ElmanError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise FileFormatError(f"load_torch: {path}: {str(error).removeprefix('from_torch: ')}") from None
    module.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()}, assign=True)
    return module.train(False)


def _read(path: Path) -> tuple[dict[str, Array], Mapping[str, str]]:
    """Return the arrays and the metadata of a file."""
    from safetensors import SafetensorError, safe_open

    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would block
        raise FileFormatError("is not a regular file.")
    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()
            return as_arrays({name: np.array(file.get_tensor(name)) for name in names}), file.metadata() or {}
    except SafetensorError as error:
        raise FileFormatError(f"not a safetensors file: {error}") from None


def _described(arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> tuple[Architecture, int]:
    """Return the architecture and the number of networks; the arrays bound the number of layers."""
    if "elman" not in metadata:
        raise FileFormatError("it was not written by export_torch; from_torch takes the state_dict of any model.")
    told = parse_json(metadata["elman"], "metadata")
    architecture, members = Architecture.from_dict(told["architecture"]), told["networks"]
    if type(members) is not int or not 0 < members * architecture.num_layers <= len(arrays):
        raise FileFormatError(f"{members!r:.40} networks of {architecture.num_layers} layers, {len(arrays)} arrays.")
    return architecture, members


def _empty(architecture: Architecture, members: int) -> Any:
    try:
        return empty_module([architecture] * members)
    except RuntimeError as error:  # sizes beyond what a tensor can have
        raise FileFormatError(f"its architecture cannot be built: {error}") from None


def _check_shapes(module: Any, arrays: dict[str, Array], tied: bool) -> None:
    """Compare names and shapes; add the second name of tied weights, which are in the file once."""
    expected = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    for name in expected:
        if tied and name.endswith("output.weight"):
            arrays[name] = arrays[name.replace("output", "embedding")]
    for name in sorted(expected.keys() | arrays.keys()):
        found = arrays[name].shape if name in arrays else None
        if expected.get(name) != found:
            raise FileFormatError(f"{name} must have shape {expected.get(name)}, got {found}.")
