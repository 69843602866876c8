"""The guide to data in parts says what the results say."""

from __future__ import annotations

import json

from meta.repository import ROOT


def test_the_table_of_fits() -> None:
    found = json.loads((ROOT / "benchmarks/results/scale_fit.json").read_text())
    text = (ROOT / "docs/scale.md").read_text()
    rows = [line.split(" | ")[1:] for line in text.splitlines() if line.endswith(" MB |")]
    assert (found["series"], found["values"], found["machine"]["cpu"]) == (100_000, 20_000_000, "AMD EPYC")
    expected = []
    for name in ("few", "most", "default"):
        memory, files = found["fits"][name]["memory"], found["fits"][name]["files"]
        ratio = files["fit_cpu_s"] / (memory["reading_cpu_s"] + memory["fit_cpu_s"])
        expected.append([f"{ratio:.2f}", f"{files['peak_mb']:,} MB", f"{memory['peak_mb']:,} MB |"])
    assert rows == expected
