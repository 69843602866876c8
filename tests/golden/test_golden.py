"""Files that released versions wrote: this version reads them, and the models answer as they did then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import elman
from elman import FileFormatError, load
from elman.persistence import FORMAT_VERSION, load_arrays
from golden.models import EXPECTED, GOLDEN, MODELS, STATES, answer, train
from persistence.forge import envelope, forge, header
from tolerances import assert_close

VERSIONS = sorted(path.name for path in GOLDEN.iterdir() if (path / EXPECTED).exists())
FILES = [(version, path.stem) for version in VERSIONS for path in sorted((GOLDEN / version).glob("*.elman"))]

ADDED = {  # what parameters are where a file of sequences or text is older than they
    "dense": [],
    "dense_activation": "relu",
    "tune": False,
    "steps": None,
    "projection_size": None,
    "layer_norm": False,
}


def expected(version: str) -> dict[str, object]:
    content: dict[str, object] = json.loads((GOLDEN / version / EXPECTED).read_text())
    return content


def test_every_version_has_its_files() -> None:
    assert elman.__version__ in VERSIONS
    for version in VERSIONS:
        names = {path.stem for path in (GOLDEN / version).glob("*.elman")}
        assert names == set(expected(version)) - {STATES}
    assert {name for version, name in FILES if version == elman.__version__} == set(MODELS)


@pytest.mark.parametrize(("version", "name"), FILES)
def test_the_model_answers_as_it_did(version: str, name: str) -> None:
    then = expected(version)[name]
    for one, other in zip(answer(load(GOLDEN / version / f"{name}.elman")), then, strict=True):  # type: ignore[call-overload]
        assert_close(one, other, "states", np.float32)


@pytest.mark.parametrize(("version", "name"), [file for file in FILES if file[0] == elman.__version__])
def test_this_version_writes_the_same_fields(version: str, name: str, tmp_path: Path) -> None:
    """A field that comes or goes needs a new version of the format, or a reader that knows both."""
    load(GOLDEN / version / f"{name}.elman").save(tmp_path / "model")
    (arrays, metadata), (now, fields) = load_arrays(GOLDEN / version / f"{name}.elman"), load_arrays(tmp_path / "model")
    if "n_seeds" in metadata.get("parameters", {}):
        metadata["parameters"]["ensemble_size"] = metadata["parameters"].pop("n_seeds")
    if metadata["kind"] == "language-model":
        for part in filter(None, (metadata["parameters"], metadata["vocabulary"], metadata["validation"])):
            part["unit"] = part.pop("level")
        if fields["validation"] is not None:
            assert fields["validation"].pop("words") is None  # not counted when the file was written
        arrays = {name.replace("memory.", "optimizer_state."): array for name, array in arrays.items()}
    if metadata["kind"] == "forecaster":  # its reader knows files from before there were methods
        assert {fields.pop(name) for name in ("delivered", "reason")} == {"network", ""}
        assert (fields.pop("method"), fields.pop("seasons")) == ({"name": "network"}, metadata["recipe"]["seasons"])
        added = {name: fields["parameters"].pop(name) for name in ("method", "cutoffs", "refit")}
        assert added == {"method": "network", "cutoffs": "auto", "refit": False}
        later = (
            "base",
            "weight",
            "half_life",
            "censored",
            "static_covariates",
            "series_covariates",
            "holidays",
            "quantiles",
            "distribution",
        )
        assert {fields["parameters"].pop(name) for name in later} == {None}
        assert not fields["parameters"].pop("calendar")
        assert not fields["recipe"].pop("once") and not fields["recipe"].pop("masked", False)
        metadata["parameters"]["center"] = metadata["parameters"].pop("level")
        metadata["recipe"]["center"] = metadata["recipe"].pop("level")
        if "running.level" in arrays:
            arrays["running.center"] = arrays.pop("running.level")
    if metadata["kind"] in ("classifier", "regressor", "tagger", "language-model"):
        added = set(fields["parameters"]) - set(metadata["parameters"])
        assert {name: fields["parameters"].pop(name) for name in added}.items() <= ADDED.items()
    assert fields == metadata
    assert {key: (array.dtype, array.shape) for key, array in now.items()} == {
        key: (array.dtype, array.shape) for key, array in arrays.items()
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stopped_run_goes_on(version: str, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / version / STATES, tmp_path / STATES)
    one = train(tmp_path / STATES, resume=True)
    assert one.update == 12
    assert_close(one.history.loss, expected(version)[STATES], "states", np.float32)  # type: ignore[arg-type]


def test_a_newer_version_is_refused_in_a_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(forge(header(envelope(version=str(FORMAT_VERSION + 1)))))
    with pytest.raises(FileFormatError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}: has format {FORMAT_VERSION + 1}, this Elman reads up to {FORMAT_VERSION}; upgrade Elman."
    )
