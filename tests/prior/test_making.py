"""Making the prior: the same bits for any number of processes and threads, however often it was interrupted."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.prior import load_prior, making
from elman.prior.making import PriorRecipe, make_prior
from elman.training import Trainer, fingerprint

SHORT = PriorRecipe(shards=3, groups=3, members=2, hidden=16, width=24, updates=60, rows=64)
DIGEST = "881ad220b44ddc2ab20433679ab4afdaa2a237dbf606b554ae8fdfb124c89faf"
CURVE = [0.9504]


def record() -> dict[str, object]:
    text = (resources.files("elman.prior") / "weights" / "prior.json").read_text()
    values: dict[str, object] = json.loads(text)
    return values


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return make_prior(SHORT, tmp_path_factory.mktemp("prior"), processes=1, progress=False)[1]


def test_the_shipped_file_is_the_one_that_the_record_describes() -> None:
    prior, shipped = load_prior(), record()
    assert fingerprint(prior.to_arrays()[0]["theta"]) == shipped["digest"]
    assert len(prior.networks) == PriorRecipe().members
    assert shipped["recipe"] == making.asdict(PriorRecipe())
    with resources.as_file(resources.files("elman.prior") / "weights" / "prior.elman") as path:
        assert path.stat().st_size <= 1_000_000


def test_a_short_run_gives_the_known_bits(made: dict[str, object]) -> None:
    """On the instruction-set level and with the NumPy that the prior was made with; elsewhere the same curve."""
    shipped = record()
    np.testing.assert_allclose(made["loss_curve"], CURVE, rtol=0.01)
    if (made["isa"], made["numpy"]) == (shipped["isa"], shipped["numpy"]):
        assert made["digest"] == DIGEST


def test_two_processes_and_threads_give_the_bits_of_one(made: dict[str, object], tmp_path: Path) -> None:
    assert make_prior(SHORT, tmp_path, processes=2, progress=False)[1]["digest"] == made["digest"]


def test_an_interrupted_run_goes_on_to_the_same_bits(
    made: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_update, done = Trainer._one_update, []

    def interrupted(trainer: Trainer) -> None:
        if len(done) == 40:
            raise KeyboardInterrupt
        done.append(one_update(trainer))

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_one_update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_prior(SHORT, tmp_path, processes=1, seconds=0.0, progress=False)
    (tmp_path / "samples-1" / "shard-0002.npy").unlink()
    assert make_prior(SHORT, tmp_path, processes=1, progress=False)[1]["digest"] == made["digest"]


def test_a_folder_of_another_recipe_is_refused(tmp_path: Path) -> None:
    make_prior(replace(SHORT, updates=2), tmp_path, processes=1, progress=False)
    with pytest.raises(ArgumentError, match="states of another run: updates was 2 and is 3"):
        make_prior(replace(SHORT, updates=3), tmp_path, processes=1, progress=False)
