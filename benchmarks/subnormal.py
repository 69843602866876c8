"""Cost of a series of subnormal numbers: fit and forecast compared with the same series at its usual scale.

    python benchmarks/subnormal.py [--rounds 7]

The airline passengers, and the same values times 1e-310, one thread, alternating. The result is written to
``benchmarks/results/subnormal.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

import numpy as np
from accuracy import RESULTS, machine

from elman import Forecaster
from elman.data.datasets import load_dataset

FACTORS = {"usual": 1.0, "subnormal": 1e-310}
BAR = 2.0


def main() -> int:
    """Time both alternately."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    passengers = load_dataset("air-passengers")["y"].to_numpy(dtype=np.float64)
    seconds: dict[str, list[float]] = {name: [] for name in FACTORS}
    for turn in range(rounds + 1):
        for name, factor in FACTORS.items():
            start = time.process_time()
            forecast = (
                Forecaster(12, method="network", season=12, ensemble_size=1, random_state=0, n_threads=1)
                .fit(passengers * factor)
                .predict()
            )
            if turn:  # the first is a warm-up
                seconds[name].append(time.process_time() - start)
            if not np.isfinite(forecast).all():
                raise SystemExit(f"subnormal: the forecast of the {name} series is not finite")
    ratio = statistics.median(b / a for a, b in zip(*seconds.values(), strict=True))
    result = {
        "seconds": {name: round(statistics.median(times), 3) for name, times in seconds.items()},
        "times_slower": round(ratio, 3),
        "bar": {"at_most": BAR},
        "reached": ratio <= BAR,
        "machine": machine(1),
    }
    (RESULTS / "subnormal.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{result['seconds']}, {ratio:.2f} times slower, bar {BAR}")
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
