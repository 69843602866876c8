"""Language models compared with PyTorch: published recipes, our defaults, and the cost of a character.

    python benchmarks/text.py char-rnn --epochs 10      # the loss of the recipe, both sides
    python benchmarks/text.py words --text kjv.txt      # zaremba-small: one epoch, both sides
    python benchmarks/text.py best --epochs 10          # our defaults; PyTorch gets the same minutes
    python benchmarks/text.py generation                # microseconds per character

Each writes benchmarks/results/text_<name>.json. Needs PyTorch; char-rnn and best need tiny-shakespeare.txt, by default
from ../shared/data/text. For words any text of at least 900,000 tokens works. Debian has the King James Bible:

    apt-get install bible-kjv && bible -f Gen1:1-Rev22:21 | sed 's/^[^ ]* //' > kjv.txt

Both sides have the same token ids, batches and initial parameters, and the same code evaluates both on the same tokens.
Tokens per second are wall time over segments of updates, with alternating sides.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from language import DEFAULT_THREADS
from language.torch_side import SETTINGS, TorchModel
from speed import machine

from elman.network import Network, Stream
from elman.text import Corpus, LanguageModel
from elman.text.learning import new_network
from elman.text.options import rule_size, settings_of, vocabulary_size
from elman.text.training import Text, batches_of, measured
from elman.training import Settings, Trainer

HERE = Path(__file__).resolve().parent
SHAKESPEARE = HERE.parents[1] / "shared" / "data" / "text" / "tiny-shakespeare.txt"
TURN = 1.5  # seconds of a side's turn in a speed measurement
ROUNDS = 7
AS_IT_COMES = f"{min(DEFAULT_THREADS, 2)} threads, oneDNN on"
BARS = {"char-rnn": 1.4, "words": 1.25, "generation": 15.0}


@dataclass
class Job:
    """A model on a text, for training on either side."""

    model: LanguageModel
    text: Text
    epochs: int

    def __post_init__(self) -> None:
        self.size = rule_size(self.model, len(self.text.training))
        self.batches = batches_of(self.model, self.text, self.size, 0)
        self.start = new_network(self.model, self.text.vocabulary, self.size, seed=0)
        self.settings: Settings = settings_of(
            self.model, self.epochs * self.batches.epoch_length, self.batches.epoch_length, seed=0
        )

    @classmethod
    def of(cls, model: LanguageModel, path: Path, epochs: int) -> Job:
        corpus = Corpus.of(path)
        return cls(model, Text.learned("benchmark", model, corpus, vocabulary_size(model)), epochs)

    def trainer(self, network: Network) -> Trainer:
        return Trainer(network, self.batches, self.settings)

    def torch(self, setting: str) -> TorchModel:
        return TorchModel(self.start, self.settings, self.batches, setting)

    def score(self, network: Network) -> float:
        """Return the nats per token of the validation part, read as one text."""
        assert self.text.validation is not None
        found = measured(self.model, network, self.text.vocabulary, self.size, self.text.validation, 1)
        return found.nats_per_token

    def describe(self) -> dict[str, Any]:
        assert self.text.validation is not None
        return {
            "training tokens": len(self.text.training),
            "validation tokens": len(self.text.validation),
            "vocabulary": len(self.text.vocabulary),
            "parameters": self.start.theta.size,
            "epochs": self.epochs,
            "updates per epoch": self.batches.epoch_length,
        }


def speeds(job: Job) -> dict[str, Any]:
    """Find the fastest setting of each side, then alternate the sides; return tokens per second of wall time."""
    ours = {f"{n} threads": Stretch(job, n) for n in (1, 2)}
    theirs = {name: TorchStretch(job, name) for name in SETTINGS}
    sides: dict[str, Any] = {}
    chosen = {}
    for side, settings in (("elman", ours), ("torch", theirs)):
        tried = {name: min(stretch.seconds(2) for _ in range(3)) / 2 for name, stretch in settings.items()}
        best = min(tried, key=tried.__getitem__)
        chosen[side] = settings[best], max(1, round(TURN / tried[best]))
        sides[side] = {"setting": best, "ms per update of every setting": {k: 1e3 * v for k, v in tried.items()}}
    rounds: dict[str, list[float]] = {side: [] for side in chosen}
    for _ in range(ROUNDS):
        for side, (stretch, updates) in chosen.items():
            rounds[side].append(job.batches.tokens_per_batch * updates / stretch.seconds(updates))
    for side, found in rounds.items():
        sides[side]["tokens per second"] = round(statistics.median(found))
    ratios = [a / b for a, b in zip(rounds["elman"], rounds["torch"], strict=True)]
    return sides | {"elman / torch": statistics.median(ratios), "ratios of the rounds": ratios}


def speeds_or_known(job: Job, arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the speed, or read it from the file of an earlier run."""
    if not arguments.skip_speed:
        return speeds(job)
    known: dict[str, Any] = json.loads(arguments.output.read_text())["speed"]
    return known


class Stretch:
    """Elman's training in segments of updates."""

    def __init__(self, job: Job, n_threads: int) -> None:
        self.trainer = job.trainer(job.start.copy())
        self.trainer.n_threads = n_threads
        self.trainer.run(until=2)

    def seconds(self, updates: int) -> float:
        start = time.perf_counter()
        self.trainer.run(until=self.trainer.update + updates)
        return time.perf_counter() - start


class TorchStretch:
    """PyTorch's."""

    def __init__(self, job: Job, setting: str) -> None:
        self.model = job.torch(setting)
        self.model.run(2)

    def seconds(self, updates: int) -> float:
        start = time.perf_counter()
        self.model.run(self.model.update + updates)
        return time.perf_counter() - start


def train_both(job: Job, torch_epochs: int | None = None) -> dict[str, Any]:
    """Train each side for its epochs with one thread, ours first; return the best validation losses."""
    epoch = job.batches.epoch_length
    trainer = job.trainer(job.start.copy())
    trainer.n_threads = 1
    ours = timed_epochs(lambda n: trainer.run(until=n * epoch), lambda: job.score(trainer.network), job.epochs, "elman")
    theirs_job = job if torch_epochs is None else Job(job.model, job.text, torch_epochs)
    peer = theirs_job.torch("1 threads, oneDNN on")
    theirs = timed_epochs(lambda n: peer.run(n * epoch), lambda: job.score(peer.network()), theirs_job.epochs, "torch")
    return {"elman": ours, "torch": theirs}


def timed_epochs(run_to: Callable[[int], object], score: Callable[[], float], epochs: int, name: str) -> dict[str, Any]:
    """Train epoch by epoch; the seconds exclude validation."""
    seconds, scores = 0.0, []
    for number in range(1, epochs + 1):
        start = time.perf_counter()
        run_to(number)
        seconds += time.perf_counter() - start
        scores.append(score())
        print(f"{name}: epoch {number}, {seconds:.0f} s, validation {scores[-1]:.4f}", flush=True)
    return {"epochs": epochs, "seconds": round(seconds, 1), "best": min(scores), "after every epoch": scores}


def char_rnn(arguments: argparse.Namespace) -> dict[str, Any]:
    model = LanguageModel.preset("char-rnn", random_state=0)
    job = Job.of(model, arguments.text or SHAKESPEARE, arguments.epochs)
    speed = speeds_or_known(job, arguments)
    report = {"what": "2 x 128 LSTM, 50 steps, 50 rows, RMSprop 2e-3; nats per character of the last 5 %"}
    report |= {"published": "Karpathy (2015) gives no figure for this text", "text": job.describe()}
    report |= {"speed": speed, "bar of the ratio": BARS["char-rnn"]}
    if not arguments.skip_loss:
        found = train_both(job)
        loss = {side: found[side]["best"] for side in found}
        report |= {"loss": found, "elman / torch, loss": loss["elman"] / loss["torch"], "bar of the loss": 1.01}
    return report


def words(arguments: argparse.Namespace) -> dict[str, Any]:
    model = LanguageModel.preset("zaremba-small", unit=arguments.unit, random_state=0)
    job = Job.of(model, arguments.text, arguments.epochs)
    report = {"what": "zaremba-small: 2 x 200 LSTM, 10,000 words, 20 rows, 20 steps, SGD", "text": job.describe()}
    report["source of the text"] = arguments.source
    report["published"] = "Penn Treebank, 13 epochs: perplexity 120.7 validation, 114.5 test (Zaremba et al. 2014)"
    speed = speeds_or_known(job, arguments)
    tokens = job.batches.tokens_per_batch * job.batches.epoch_length
    for side in ("elman", "torch"):
        speed[side]["seconds of an epoch at this speed"] = tokens / speed[side]["tokens per second"]
    report |= {"speed": speed, "bar of the ratio": BARS["words"]}
    if not arguments.skip_loss:
        found = train_both(job)
        for side in found.values():
            side["perplexity"] = math.exp(side["best"])
        report["epochs"] = found
    return report


def best(arguments: argparse.Namespace) -> dict[str, Any]:
    job = Job.of(LanguageModel(random_state=0), arguments.text or SHAKESPEARE, arguments.epochs)
    speed = speeds_or_known(job, arguments)
    affordable = max(1, round(job.epochs / speed["elman / torch"]))
    found = {} if arguments.skip_loss else {"training": train_both(job, affordable)}
    return found | {
        "what": "defaults of elman text train: GRU of 512 units, Adam, cosine; nats per character of the last 10 %",
        "goal": 1.55,
        "PyTorch": "the same network and settings, with as many epochs as fit into the same minutes",
        "published": "same split: 1.4697 nanoGPT (10.7 M parameters, A100); 1.88 nanoGPT (0.8 M, CPU, 3 minutes)",
        "text": job.describe(),
        "speed": speed,
    }


def generation(arguments: argparse.Namespace) -> dict[str, Any]:
    """Generate characters one by one with carried state, on the char-rnn network."""
    import torch

    job = Job.of(LanguageModel.preset("char-rnn", random_state=0), arguments.text or SHAKESPEARE, 1)
    count = 2000
    model = LanguageModel.preset("char-rnn", random_state=0)
    model.network_, model.vocabulary_, model.size_ = job.start, job.text.vocabulary, job.size

    def ours() -> int:
        return sum(len(piece) for piece in model.stream("A", length=count))

    peers = {name: job.torch(name).eval() for name in SETTINGS}
    tried = {name: per_character(lambda peer=peer: peer.generate(count), count, 2) for name, peer in peers.items()}
    setting = min(tried, key=tried.__getitem__)
    rounds: dict[str, list[float]] = {"elman": [], "torch": []}
    for _ in range(ROUNDS):
        rounds["elman"].append(per_character(ours, count, 3))
        rounds["torch"].append(per_character(lambda: peers[setting].generate(count), count, 1))
    ratios = [b / a for a, b in zip(rounds["elman"], rounds["torch"], strict=True)]
    stream, token = Stream(job.start), np.array([1])
    step = per_character(lambda: [stream.step(token) for _ in range(count)], count, 3)
    return {
        "what": "microseconds per drawn character at temperature 1, state carried, 2 x 128 LSTM, one-hot",
        "elman": statistics.median(rounds["elman"]),
        "of which the network's step": step,
        "torch": statistics.median(rounds["torch"]),
        "torch, setting": setting,
        "torch, every setting": tried,
        "torch, how": f"nn.LSTM with one step, inference_mode, softmax and multinomial; torch {torch.__version__}",
        "torch / elman": statistics.median(ratios),
        "ratios of the rounds": ratios,
        "torch as it comes": tried[AS_IT_COMES],
        "torch as it comes / elman": tried[AS_IT_COMES] / statistics.median(rounds["elman"]),
        "bar": BARS["generation"],
    }


def per_character(call: Callable[[], object], count: int, repeats: int) -> float:
    """Return microseconds per character, the best of the repeats."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        found.append((time.perf_counter() - start) / count * 1e6)
    return min(found)


JOBS = {"char-rnn": char_rnn, "words": words, "best": best, "generation": generation}


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--source", default="", help="origin and licence of the text")
    parser.add_argument("--unit", choices=("word", "whitespace"), default="word", help="tokens of the job words")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--skip-loss", action="store_true", help="measure only the speed")
    parser.add_argument("--skip-speed", action="store_true", help="take the speed from the file of an earlier run")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    if arguments.job == "words" and arguments.text is None:
        parser.error("words needs --text")
    arguments.output = arguments.output or HERE / "results" / f"text_{arguments.job.replace('-', '_')}.json"
    here = machine.describe("torch", "tokenizers")
    report = {"machine": here} | JOBS[arguments.job](arguments)
    report["load_average_after"] = round(os.getloadavg()[0], 2)
    output = arguments.output
    before = json.loads(output.read_text()) if output.exists() else {}  # a part may have been measured earlier
    output.write_text(json.dumps(rounded(before | report), indent=1, ensure_ascii=False) + "\n")
    print(f"written: {output}")


if __name__ == "__main__":
    main()
