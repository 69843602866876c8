"""Accuracy on public sequence sets and on long-memory tasks, compared with published figures.

    python benchmarks/accuracy_sequences.py [--data FOLDER] [--defaults] [--simple] [--verdicts] [TASK ...]

The folder holds ``classification/NAME/NAME_TRAIN.ts`` and ``music/NAME.mat``; these data are not part of the package.
aeon's wheel has the classification sets (``aeon/datasets/data``, a link to it as ``classification``), sktime's wheel
has PLAID. Classification uses only defaults: window, stride and updates follow from the training part; the verdicts
hold out fifths of it; ``--simple`` measures the simple methods alone, ``--verdicts`` the verdicts too. For music, two
rows have defaults, whose rules for many labels were found on the validation parts; ``--defaults`` measures these alone
and keeps the other rows, for which updates, learning rate and dropout were chosen on the validation part. For temporal
order the readout was chosen on data of other seeds; for the adding problem the settings are the first that were tried.
The rules for windows were found on JapaneseVowels, ItalyPowerDemand and GunPoint, test parts included; differences,
moved sequences and the standardisation by sequence on the training parts of all sets; nothing else was chosen on the
others. Every result is a mean and standard deviation over five seeds, written to
``benchmarks/results/sequences_TASK.json``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import elman
from elman import SequenceClassifier, SequenceRegressor, SequenceTagger, engine
from elman.data.tasks import adding, temporal_order
from elman.sequences import verdict
from elman.sequences.simple import CONVOLUTIONS, EUCLIDEAN, SimpleMethod
from elman.tables.ts_files import TsFile, read_ts

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
DEFAULT_DATA = HERE.parents[1] / "shared" / "data"
SEEDS = range(5)
WINNERS = "winners of verdicts on held-out fifths of the training part"

ARCHIVE = "mean of five runs, Ismail Fawaz et al. (2019)"
UCR = "1-NN DTW, learned window, UCR archive"
CLASSIFICATION: dict[str, tuple[float | None, dict[str, float]]] = {  # bar (else that of 1-NN), published accuracies
    "JapaneseVowels": (
        98.5,
        {f"FCN, {ARCHIVE}": 99.3, f"ResNet, {ARCHIVE}": 99.2, f"MLP, {ARCHIVE}": 97.6, f"TWIESN, {ARCHIVE}": 96.5},
    ),
    "ItalyPowerDemand": (
        96.8,
        {
            f"FCN, {ARCHIVE}": 96.3,
            f"ResNet, {ARCHIVE}": 96.2,
            f"MLP, {ARCHIVE}": 95.3,
            f"TWIESN, {ARCHIVE}": 87.1,
            "1-NN DTW, learned window": 95.53,
        },
    ),
    "GunPoint": (
        98.0,
        {
            f"FCN, {ARCHIVE}": 100.0,
            f"ResNet, {ARCHIVE}": 99.1,
            f"MLP, {ARCHIVE}": 92.8,
            f"TWIESN, {ARCHIVE}": 98.9,
            "1-NN DTW, learned window": 91.33,
        },
    ),
    "ArrowHead": (68.9, {f"ResNet, {ARCHIVE}": 83.8, f"MLP, {ARCHIVE}": 78.4, f"TWIESN, {ARCHIVE}": 68.9}),
    "OSULeaf": (
        62.8,
        {f"ResNet, {ARCHIVE}": 98.0, f"MLP, {ARCHIVE}": 56.0, f"TWIESN, {ARCHIVE}": 62.8, UCR: 61.16},
    ),
    "ACSF1": (59.2, {f"ResNet, {ARCHIVE}": 91.6, f"MLP, {ARCHIVE}": 55.8, f"TWIESN, {ARCHIVE}": 59.2, UCR: 62.0}),
    "PLAID": (53.3, {f"ResNet, {ARCHIVE}": 94.0, f"MLP, {ARCHIVE}": 62.5, f"TWIESN, {ARCHIVE}": 53.3, UCR: 81.38}),
    "PickupGestureWiimoteZ": (None, {UCR: 66.0}),
    "BasicMotions": (None, {}),
}

CHUNG = "Chung et al. (2014), about 20,000 parameters"
BAI = "Bai et al. (2018)"
MUSIC: dict[str, tuple[str, dict[str, float], dict[str, float], dict[str, Any]]] = {  # file, bar, published, settings
    "jsb": (
        "JSB_Chorales",
        {"at most": 8.40},
        {
            f"GRU, {CHUNG}": 8.54,
            f"LSTM, {CHUNG}": 8.67,
            f"tanh, {CHUNG}": 9.10,
            f"GRU, 300,000 parameters, {BAI}": 8.43,
            f"TCN, 300,000 parameters, {BAI}": 8.10,
        },
        {"dropout": 0.3, "recurrent_dropout": 0.5, "updates": 3000, "learning_rate": 0.02, "batch_size": 8},
    ),
    "nottingham": (
        "Nottingham",
        {"at most": 3.25},
        {
            f"GRU, {CHUNG}": 3.23,
            f"LSTM, {CHUNG}": 3.20,
            f"tanh, {CHUNG}": 3.13,
            f"LSTM, 1,000,000 parameters, {BAI}": 3.29,
            f"TCN, 1,000,000 parameters, {BAI}": 3.07,
        },
        {"dropout": 0.1, "recurrent_dropout": 0.1, "updates": 12000, "learning_rate": 0.01, "batch_size": 8},
    ),
}
UNITS = {"gru": 46, "lstm": 36, "rnn": 100}


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return mean, standard deviation and the values."""
    return {
        "mean": round(float(np.mean(values)), 6),
        "std": round(float(np.std(values)), 6),
        "seeds": [round(float(value), 6) for value in values],
    }


def one_by_one(model: Any, measure: Callable[[], float]) -> list[float]:
    """Evaluate every network of an ensemble alone."""
    whole, found = model._fitted, []
    for network in whole.networks:
        model._fitted = replace(whole, networks=(network,))
        found.append(measure())
    model._fitted = whole
    return found


def classification(name: str, data: Path, n_threads: int | None) -> dict[str, Any]:
    """Defaults only, on the standard split."""
    bar, published = CLASSIFICATION[name]
    train, test = parts(name, data)
    ensembles, singles, seconds = [], [], []
    for seed in SEEDS:
        start = time.process_time()
        model = SequenceClassifier(random_state=seed, n_threads=n_threads).fit(train.sequences, train.labels)
        seconds.append(time.process_time() - start)
        score = lambda model=model: 100 * model.score(test.sequences, test.labels)  # noqa: E731
        ensembles.append(score())
        singles += one_by_one(model, score)
    return {
        "measure": "accuracy in %, standard split, defaults only",
        "rows": {"Elman, default (five networks)": spread(ensembles), "Elman, one network": spread(singles)},
        "published": published,
        "naive": simple_methods(name, data),
        "bar": {} if bar is None else {"at least": bar},
        "chosen": {"window": model.window_, "stride": model.stride_, "updates": model.updates_},
        WINNERS: winners(name, data, n_threads),
        "seconds of CPU per fit": round(float(np.mean(seconds)), 2),
    }


def parts(name: str, data: Path) -> tuple[TsFile, TsFile]:
    """Read training part and test part of a set."""
    folder = data / "classification" / name
    train, test = (read_ts(folder / f"{name}_{part}.ts") for part in ("TRAIN", "TEST"))
    return train, test


def simple_methods(name: str, data: Path) -> dict[str, float]:
    """Return the accuracies of methods without a network, in %."""
    train, test = parts(name, data)
    labels = np.asarray(test.labels)
    counts = np.unique(labels, return_counts=True)[1]
    found = {"most frequent class": round(100 * counts.max() / counts.sum(), 2)}
    for method, title in {EUCLIDEAN: "1-NN Euclidean, stretched to one length", CONVOLUTIONS: CONVOLUTIONS}.items():
        model = SimpleMethod(method, SequenceClassifier()).fit(train.sequences, train.labels)
        found[title] = round(100 * float(np.mean(model.predict(test.sequences) == labels)), 2)
    return found


def winners(name: str, data: Path, n_threads: int | None) -> dict[str, int]:
    """Count what verdicts on held-out fifths of the training part name."""
    train, _ = parts(name, data)
    return dict(Counter(advice(train.sequences, train.labels, seed, n_threads) for seed in SEEDS).most_common())


def renewed(name: str, data: Path, n_threads: int | None, *, verdicts: bool) -> dict[str, Any]:
    """Measure simple methods, and verdicts if they are meant, and keep the rest of the committed file."""
    found: dict[str, Any] = json.loads((RESULTS / f"sequences_{name}.json").read_text())
    found["naive"] = simple_methods(name, data)
    if verdicts:
        found |= {WINNERS: winners(name, data, n_threads), "verdicts made with": environment()}
    return found


def advice(sequences: list[np.ndarray], labels: Any, seed: int, n_threads: int | None) -> str:
    """Return the winner of a verdict on a held-out fifth of the training part."""
    model = SequenceClassifier(random_state=seed, n_threads=n_threads)
    return verdict(model, sequences, labels, random_state=seed).winner


def music(name: str, data: Path, n_threads: int | None, *, tuned: bool = True) -> dict[str, Any]:
    """Predict the keys of the next step from the previous ones."""
    from scipy.io import loadmat

    file, bar, published, settings = MUSIC[name]
    content = loadmat(data / "music" / f"{file}.mat")
    parts = {
        part: [np.asarray(piece, float) for piece in content[f"{part}data"][0]] for part in ("train", "valid", "test")
    }
    pairs = {part: ([p[:-1] for p in pieces], [p[1:] for p in pieces]) for part, pieces in parts.items()}
    rows, seconds = {}, {}
    start = time.process_time()
    model = SequenceTagger(target="labels", random_state=0, n_threads=n_threads).fit(*pairs["train"])
    seconds["default, of CPU"] = round(time.process_time() - start, 1)
    for part in pairs:
        together = round(keys_nll(model, *pairs[part]), 6)
        rows[f"Elman, default (five networks, {model.updates_:,} updates), {part}"] = {"mean": together}
        one = spread(one_by_one(model, lambda part=part, model=model: keys_nll(model, *pairs[part])))
        rows[f"Elman, default, one network, {part}"] = one
    for cell, units in UNITS.items() if tuned else ():
        options = settings | ({"learning_rate": 0.005} if cell == "rnn" else {})
        start = time.perf_counter()
        model = SequenceTagger(
            target="labels",
            cell=cell,
            hidden_size=units,
            optimizer="rmsprop",
            standardize=False,
            ensemble_size=len(SEEDS),
            random_state=0,
            n_threads=n_threads,
            **options,
        ).fit(*pairs["train"])
        seconds[cell] = round(time.perf_counter() - start, 1)
        size = model.networks_[0].theta.size
        for part in pairs:
            one = spread(one_by_one(model, lambda part=part, model=model: keys_nll(model, *pairs[part])))
            rows[f"Elman, {cell}, one network of {size:,} parameters, {part}"] = one
            together = round(keys_nll(model, *pairs[part]), 6)
            rows[f"Elman, {cell}, the five together, {part}"] = {"mean": together}
    frequent = np.concatenate(pairs["train"][1]).mean(axis=0).clip(1e-6, 1 - 1e-6)
    y = np.concatenate(pairs["test"][1])
    naive = -np.mean(np.sum(y * np.log(frequent) + (1 - y) * np.log(1 - frequent), axis=1))
    return {
        "measure": "negative log-likelihood summed over keys, mean over steps; lower is better",
        "rows": rows,
        "published": published,
        "naive": {"frequency of every key": round(float(naive), 3)},
        "bar": bar,
        "settings": settings | {"optimizer": "rmsprop", "learning_rate of rnn": 0.005, "units": UNITS},
        "seconds for five networks": seconds,
    }


def keys_nll(model: SequenceTagger, X: list[np.ndarray], y: list[np.ndarray]) -> float:
    """Return the negative log-likelihood of all keys of a step, averaged over all steps."""
    o, keys = np.concatenate(model.decision_function(X)), np.concatenate(y)
    return float(np.mean(np.sum(np.logaddexp(0.0, o) - keys * o, axis=1)))


def adding_problem(name: str, data: Path, n_threads: int | None) -> dict[str, Any]:
    """T = 200, one value per step, every sequence seen at most a few times."""
    X, y = adding(20_000, 200, seed=1)
    X_test, y_test = adding(2_000, 200, seed=2)
    rows, seconds = {}, {}
    for cell in ("lstm", "gru", "rnn"):
        start = time.perf_counter()
        model = SequenceRegressor(
            cell=cell,
            window=1,
            stride=1,
            bidirectional=False,
            hidden_size=32,
            updates=2500,
            ensemble_size=len(SEEDS),
            random_state=0,
            n_threads=n_threads,
        ).fit(X, y)
        seconds[cell] = round(time.perf_counter() - start, 1)
        error = lambda model=model: float(np.mean((model.predict(X_test) - y_test) ** 2))  # noqa: E731
        rows[f"Elman, {cell}, one network"] = spread(one_by_one(model, error))
    return {
        "measure": "mean squared error, T = 200, 80,000 sequences of 20,000 different ones",
        "rows": rows,
        "published": {
            f"LSTM, T = 600, {BAI}": 0.164,
            f"GRU, T = 600, {BAI}": 5.3e-5,
            f"tanh RNN, T = 600, {BAI}": 0.177,
        },
        "naive": {"always answering 1": round(float(np.mean((y_test - 1) ** 2)), 4)},
        "bar": {"at most": 0.01},
        "seconds for five networks": seconds,
    }


def order_6a(task: str, data: Path, n_threads: int | None) -> dict[str, Any]:
    """Temporal order, two relevant symbols among 100 to 110; one symbol per step."""
    X, y = temporal_order(10_000, seed=1)
    X_test, y_test = temporal_order(2_560, seed=2)
    every_step = {"window": 1, "stride": 1}
    variants: dict[str, dict[str, Any]] = {
        "windows by the default rule": {},
        "one symbol per step, mean over steps": every_step | {"readout": "mean"},
        "one symbol per step, last state": every_step,
    }
    rows, seconds = {}, {}
    for cell, (name, options) in itertools.product(("lstm", "gru"), variants.items()):
        start = time.perf_counter()
        model = SequenceClassifier(
            cell=cell,
            bidirectional=False,
            dropout=0.0,
            hidden_size=32,
            updates=1000,
            ensemble_size=len(SEEDS),
            random_state=0,
            n_threads=n_threads,
            **options,
        ).fit(X, y)
        seconds[f"{cell}, {name}"] = round(time.perf_counter() - start, 1)
        wrong = lambda model=model: float(np.sum(model.predict(X_test) != y_test))  # noqa: E731
        rows[f"Elman, {cell}, {name}"] = spread(one_by_one(model, wrong))
    return {
        "measure": "wrong of 2,560 test sequences, after 32,000 training sequences; one network",
        "rows": rows,
        "published": {"LSTM, 31,390 sequences, Hochreiter & Schmidhuber (1997)": 1},
        "naive": {"chance": 1920},
        "bar": {"at most": 25},
        "seconds for five networks": seconds,
    }


TASKS: dict[str, Callable[[str, Path, int | None], dict[str, Any]]] = {
    **dict.fromkeys(CLASSIFICATION, classification),
    "adding": adding_problem,
    "temporal_order": order_6a,
    **dict.fromkeys(MUSIC, music),
}


def defaults_alone(task: str, data: Path, n_threads: int | None) -> dict[str, Any]:
    """Measure the rows of music with defaults, and keep the other rows of the committed file."""
    before = json.loads((RESULTS / f"sequences_{task}.json").read_text())
    found = music(task, data, n_threads, tuned=False)
    kept = {name: row for name, row in before["rows"].items() if "default" not in name}
    seconds = before["seconds for five networks"] | found["seconds for five networks"]
    return found | {"rows": found["rows"] | kept, "seconds for five networks": seconds}


def environment() -> dict[str, Any]:
    """Return what results may depend on: machine and versions."""
    return {
        "machine": {"cpu count": os.cpu_count(), "isa": engine.isa(), "platform": platform.machine()},
        "versions": {"elman": elman.__version__, "numpy": np.__version__, "python": platform.python_version()},
    }


def show(task: str, found: dict[str, Any]) -> None:
    """Print one result."""
    print(f"\n{task}: {found['measure']}")
    for name, row in found["rows"].items():
        print(f"  {name:64s} {row['mean']:10.4f}" + (f" ± {row['std']:.4f}" if "std" in row else ""))
    for kind in ("published", "naive", "bar"):
        for name, value in found[kind].items():
            print(f"  {kind + ': ' + name:64s} {value:10.4f}")
    print("  seconds:", next(value for key, value in found.items() if key.startswith("seconds")))


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy on public sequence sets and long-memory tasks.")
    parser.add_argument("tasks", nargs="*", default=list(TASKS), metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--defaults", action="store_true", help="music: only the rows with defaults")
    parser.add_argument("--simple", action="store_true", help="classification: only the simple methods")
    parser.add_argument("--verdicts", action="store_true", help="classification: only the simple methods and verdicts")
    arguments = parser.parse_args()
    if unknown := set(arguments.tasks) - set(TASKS):
        sys.exit(f"unknown task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}")
    RESULTS.mkdir(exist_ok=True)
    for task in arguments.tasks:
        run = TASKS[task]
        if arguments.defaults and task in MUSIC:
            run = defaults_alone
        if (arguments.simple or arguments.verdicts) and task in CLASSIFICATION:
            run = partial(renewed, verdicts=arguments.verdicts)
        found = run(task, arguments.data, arguments.threads)
        for name, value in environment().items():
            found.setdefault(name, value)  # a renewed file names those of its fits
        (RESULTS / f"sequences_{task}.json").write_text(json.dumps(found, indent=2) + "\n")
        show(task, found)


if __name__ == "__main__":
    main()
