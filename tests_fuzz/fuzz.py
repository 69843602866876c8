"""Fuzz the loader and the readers of tables with atheris (libFuzzer for Python).

    python tests_fuzz/fuzz.py [SECONDS] [TARGET …]        ten minutes, shared by all targets, if nothing is given

Starts from the committed corpus; a crash is written to ``crashes/`` and named. Executions go to ``results.json``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ("file_of_bytes", "file_with_a_digest", "model", "simple_method", "table", "steps", "ts")
PER_INPUT = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=20000")  # seconds, memory, bytes


def fuzz(name: str, seconds: int) -> dict[str, int]:
    """Run one target for so long; return what was counted."""
    crashes = HERE / "crashes"
    crashes.mkdir(exist_ok=True)
    before = set(crashes.iterdir())
    with tempfile.TemporaryDirectory() as found:
        command = [sys.executable, str(HERE / "targets.py"), name, f"-max_total_time={seconds}", *PER_INPUT]
        command += ["-print_final_stats=1", f"-artifact_prefix={crashes}/{name}-", found, str(HERE / "corpus" / name)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
        coverage = re.findall(r"cov: (\d+)", done.stderr)
        new = len(list(Path(found).iterdir()))
    broken = len(set(crashes.iterdir()) - before)
    if executed is None or (done.returncode and not broken):
        sys.exit(f"{name} did not run:\n{done.stderr[-3000:]}")
    if broken:
        print(done.stdout[-3000:])
    if not any(map(int, coverage)):
        sys.exit(f"{name}: no edge was covered; Elman is not instrumented")
    return {
        "seconds": seconds,
        "executions": int(executed[1]),
        "covered edges": int(coverage[-1]) if coverage else 0,
        "inputs that reached something new": new,
        "crashes": broken,
    }


def main() -> int:
    """Fuzz; 1 if anything crashed."""
    words = sys.argv[1:]
    seconds = int(words.pop(0)) if words and words[0].isdigit() else 600
    names = words or list(NAMES)
    results = {}
    for name in names:
        results[name] = fuzz(name, max(1, seconds // len(names)))
        print(f"{name}: {results[name]}", flush=True)
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    return int(any(found["crashes"] for found in results.values()))


if __name__ == "__main__":
    sys.exit(main())
