"""What streams with weights of fewer bits lose on real data: a classifier of vowels, a language model of characters.

    python benchmarks/quantization_accuracy.py [--data FOLDER] [--seeds 2] [--characters 120000]

The folder holds ``classification/JapaneseVowels`` and ``text/tiny-shakespeare.txt``, which are not part of the package.
Writes ``benchmarks/results/quantization_accuracy.json``: accuracy and perplexity of streams in every precision.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from speed.machine import describe

from elman import LanguageModel, SequenceClassifier
from elman.tables.ts_files import read_ts

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "quantization_accuracy.json"
PRECISIONS = ("bfloat16", "int8")
BARS = {"points": 0.2, "perplexity_percent": 0.5}  # at most lost


def vowels(folder: Path, seeds: int) -> dict[str, Any]:
    """Return the accuracy in percent on the test part, a mean over seeds."""
    train, test = (read_ts(folder / f"JapaneseVowels_{part}.ts") for part in ("TRAIN", "TEST"))
    scores: dict[str, list[float]] = {name: [] for name in ("float32", *PRECISIONS)}
    largest = dict.fromkeys(PRECISIONS, 0.0)
    for seed in range(seeds):
        model = SequenceClassifier(bidirectional=False, readout="last", random_state=seed)
        model.fit(train.sequences, train.labels)
        for name in PRECISIONS:
            report = model.quantization_report(test.sequences, test.labels, name)
            assert report.metric is not None
            scores[name].append(100 * report.metric[1])
            largest[name] = max(largest[name], report.largest_difference)
        scores["float32"].append(100 * report.metric[0])
    means = {name: round(sum(values) / seeds, 3) for name, values in scores.items()}
    return {
        "accuracy_percent": means,
        "seeds": seeds,
        "largest_difference_of_outputs": {name: float(f"{value:.2g}") for name, value in largest.items()},
        "points_lost": {name: round(means["float32"] - means[name], 3) for name in PRECISIONS},
    }


def characters(path: Path, count: int) -> dict[str, Any]:
    """Return perplexities per character on the end of a text that the model has not read."""
    text = path.read_text()[:count]
    cut = count - count // 10
    model = LanguageModel.preset("char-rnn", epochs=3, random_state=0).fit(text[:cut])
    reports = {name: model.quantization_report(text[cut:], name, rows=8) for name in PRECISIONS}
    metrics = {name: report.metric for name, report in reports.items()}
    before = metrics["int8"][0]  # type: ignore[index]
    return {
        "perplexity": {"float32": round(before, 5)} | {n: round(m[1], 5) for n, m in metrics.items() if m is not None},
        "characters": [cut, count - cut],
        "largest_difference_of_probabilities": {n: float(f"{r.largest_difference:.2g}") for n, r in reports.items()},
        "percent_lost": {n: round(100 * (m[1] / before - 1), 3) for n, m in metrics.items() if m is not None},
    }


def main() -> None:
    """Measure both and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--characters", type=int, default=120_000)
    options = parser.parse_args()
    result = {
        "what": "streams in float32, bfloat16 and int8: accuracy of JapaneseVowels, perplexity of characters",
        "machine": describe(),
        "JapaneseVowels": vowels(options.data / "classification" / "JapaneseVowels", options.seeds),
        "characters": characters(options.data / "text" / "tiny-shakespeare.txt", options.characters),
        "bars": BARS,
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
