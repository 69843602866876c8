"""What runs on a small disk of its own: python disk.py full|read-only FOLDER. Any failure is an assertion."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from elman import ArgumentError, load
from elman.persistence import load_arrays, save_arrays
from elman.training import train_ensemble
from elman.training.checkpoints import Checkpoints
from golden.models import MODELS, answer
from training.runs import trainer

SMALL, LARGE = {"theta": np.ones(100)}, {"theta": np.zeros(200_000)}  # 1 kB, 1.6 MB


def full(folder: Path) -> None:
    """Save and train where there is room for next to nothing."""
    model = MODELS["classifier"]()
    for name in ("model", "other"):
        model.save(folder / name)
    with pytest.raises(OSError, match="No space left"):
        save_arrays(folder / "model", LARGE, {})
    assert answer(load(folder / "model")) == answer(model)
    assert sorted(os.listdir(folder)) == ["model", "other"]  # no temporary file stays and takes the room
    fill(folder / "filler")
    before = (folder / "model").read_bytes()
    for _ in range(20):
        with pytest.raises(OSError, match="No space left"):
            model.save(folder / "model")
        assert (folder / "model").read_bytes() == before
    whole, kept = trainer(), trainer()
    train_ensemble([whole])
    with warnings.catch_warnings(record=True) as caught, Checkpoints(folder / "states", {}, seconds=0):
        warnings.simplefilter("always")
        train_ensemble([kept])
    assert len(caught) == 11 and all("training continues: " in str(warning.message) for warning in caught)
    np.testing.assert_array_equal(kept.network.theta, whole.network.theta)
    assert not list((folder / "states").iterdir())
    (folder / "filler").unlink()
    model.save(folder / "model")
    assert answer(load(folder / "model")) == answer(model)


def fill(path: Path) -> None:
    """Write until the disk is full; the folder for states has its place already."""
    (path.parent / "states").mkdir()
    with open(path, "wb", buffering=0) as handle:
        try:
            while True:
                handle.write(bytes(4096))
        except OSError:
            pass


def read_only(folder: Path) -> None:
    """Save and train where nothing can be written."""
    model = MODELS["classifier"]()
    model.save(folder / "model")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    for name in ("model", "new"):
        with pytest.raises(OSError, match="Read-only file system"):
            model.save(folder / name)
    with pytest.raises(OSError, match="Read-only file system"):
        Checkpoints(folder / "states", {})
    with pytest.raises(ArgumentError, match="cannot be written to"):
        Checkpoints(folder, {})
    assert os.listdir(folder) == ["model"] and answer(load(folder / "model")) == answer(model)
    load_arrays(folder / "model")


if __name__ == "__main__":
    {"full": full, "read-only": read_only}[sys.argv[1]](Path(sys.argv[2]))
    print("all as promised")
