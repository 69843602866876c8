"""Train the prior from scratch: ``make prior``, or ``python -m elman.prior.making``.

There are three stages: shards of synthetic samples, training, files. Each continues where an interrupted run stopped.
The `PriorRecipe` determines everything. For one instruction set and one NumPy version, the bits of the parameters do
not depend on the number of threads or processes, nor on interruptions.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elman import engine
from elman.persistence import save_arrays, write_atomically
from elman.prior.model import Prior
from elman.prior.network import PriorArchitecture, PriorNetwork, QuantilePass, quantile_loss
from elman.prior.samples import SampleBatches, Samples, write_shard
from elman.training import Checkpoints, Cosine, Progress, Settings, Trainer, fingerprint, train_ensemble

__all__ = ["PriorRecipe", "make_prior", "trainers_of"]

_CURVE = 250  # updates averaged per point of the loss curve


@dataclass(frozen=True)
class PriorRecipe:
    """Settings that determine the prior.

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    shards, groups : int
        Shards of samples, and groups of 256 samples in each. The first shard is for validation.
    members : int
        Number of networks; the forecast is the mean of their quantiles.
    hidden, width : int
        Units of the GRU, units of the readout.
    updates : int
        Gradient steps of each network.
    rows : int
        Samples per update.
    learning_rate : float
        Highest learning rate: a warm-up over the first 200 updates, then a cosine decay.
    average : float
        Decay of the running mean of the parameters; the prior is that mean.
    """

    seed: int = 1
    shards: int = 301
    groups: int = 32
    members: int = 1
    hidden: int = 96
    width: int = 96
    updates: int = 20_000
    rows: int = 256
    learning_rate: float = 3e-3
    average: float = 0.998


def make_prior(
    recipe: PriorRecipe, folder: Path, processes: int = 2, seconds: float = 30.0, progress: bool = True
) -> tuple[Prior, dict[str, Any]]:
    """Make the samples, train, and return the prior with its record.

    Parameters
    ----------
    recipe : PriorRecipe
        Settings.
    folder : Path
        Folder of shards and checkpoints; existing ones are reused.
    processes : int
        Processes that make samples, and threads that train.
    seconds : float
        Time between two checkpoints.
    progress : bool
        Show progress bars.

    Returns
    -------
    prior : Prior
    record : dict
        Recipe, digest, instruction set, versions, loss curve, loss on the validation shard.

    Raises
    ------
    ArgumentError
        If the folder holds the states of another recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = _make_shards(recipe, folder, processes, progress)
    trainers = trainers_of(recipe, SampleBatches.of_files(paths[1:], recipe.rows, recipe.seed))
    with Checkpoints(folder / "states", asdict(recipe), resume=True, seconds=seconds, place="make_prior"):
        train_ensemble(trainers, n_threads=processes, progress=progress)
    prior = Prior(tuple(PriorNetwork(trainer.network.architecture, _averaged(trainer)) for trainer in trainers))
    return prior, _record(recipe, prior, trainers, Samples.of_rows(np.load(paths[0])))


def _make_shards(recipe: PriorRecipe, folder: Path, processes: int, progress: bool) -> list[Path]:
    """Make the missing shards."""
    (folder / f"samples-{recipe.seed}").mkdir(exist_ok=True)
    samples, numbers = folder / f"samples-{recipe.seed}", range(recipe.shards)
    context = multiprocessing.get_context("spawn")
    paths = []
    with Progress(recipe.shards, enabled=progress) as bar, ProcessPoolExecutor(processes, context) as pool:
        futures = [pool.submit(write_shard, samples, recipe.seed, number, recipe.groups) for number in numbers]
        for future in futures:
            paths.append(future.result())
            bar.advance()
    return paths


def trainers_of(recipe: PriorRecipe, batches: SampleBatches) -> list[Trainer]:
    """Return one trainer per member."""
    architecture = PriorArchitecture(recipe.hidden, recipe.width)
    trainers = []
    for member in range(recipe.members):
        seed = recipe.seed + member
        settings = Settings(
            updates=recipe.updates,
            learning_rate=recipe.learning_rate,
            weight_decay=1e-3,
            schedule=Cosine(warmup=min(200, recipe.updates // 10)),
            clip_norm=1.0,
            average=recipe.average,
            seed=seed,
        )
        network = PriorNetwork(architecture, architecture.initial(seed))
        trainers.append(Trainer(network, batches.with_seed(seed), settings, loss_pass=QuantilePass(network)))
    return trainers


def _averaged(trainer: Trainer) -> np.ndarray[Any, np.dtype[np.float32]]:
    assert trainer.average is not None
    return trainer.average


def _record(recipe: PriorRecipe, prior: Prior, trainers: Sequence[Trainer], validation: Samples) -> dict[str, Any]:
    """Return the record of a run."""
    curves = np.array([trainer.history.loss for trainer in trainers])
    points = recipe.updates // min(_CURVE, recipe.updates)
    curve = curves[:, : points * (recipe.updates // points)].reshape(len(curves), points, -1).mean(axis=(0, 2))
    inputs = validation.inputs()
    q = np.mean([network.predict(inputs) for network in prior.networks], axis=0)
    return {
        "recipe": asdict(recipe),
        "digest": fingerprint(prior.to_arrays()[0]["theta"]),
        "isa": engine.isa(),
        "numpy": np.__version__,
        "parameters": int(prior.networks[0].theta.size),
        "validation_loss": round(quantile_loss(q, validation.y, validation.weight)[0], 5),
        "loss_curve": [round(float(loss), 4) for loss in curve],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the prior and write ``prior.elman`` and ``prior.json``."""
    parser = argparse.ArgumentParser(prog="make prior", description="Train the prior from scratch.")
    parser.add_argument("--folder", type=Path, default=Path("build/prior"), help="samples and checkpoints")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "weights", help="folder of the files")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    begin, cpu = time.perf_counter(), time.process_time()
    prior, record = make_prior(PriorRecipe(), options.folder, options.processes)
    record["training_seconds"] = {"wall": round(time.perf_counter() - begin), "cpu": round(time.process_time() - cpu)}
    options.output.mkdir(parents=True, exist_ok=True)
    save_arrays(options.output / "prior.elman", *prior.to_arrays())
    write_atomically(options.output / "prior.json", (json.dumps(record, indent=1) + "\n").encode())
    sys.stdout.write(f"digest {record['digest']}, validation loss {record['validation_loss']}\n")


if __name__ == "__main__":
    main()
