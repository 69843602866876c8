"""Time in which the worked-by-hand page answers a change of one number: T = 12 steps, H = 4 units.

    python benchmarks/page_edit.py [--edits 200]

A weight is changed with an arrow key while the panel shows a state (forward), all paths of a gradient (paths) or the
uses of a weight (weights). The time is the CPU time of the page's thread for script, style and layout, from the key to
the finished layout; the median over the edits, in ``benchmarks/results/page_edit.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from accuracy import RESULTS
from playwright.sync_api import Browser, sync_playwright
from speed.machine import describe

from elman.explain import render, trace
from elman.network import Architecture, Network

STEPS, UNITS = 12, 4
CELLS = ("rnn", "lstm", "gru")
VIEWS = ("forward", "paths", "weights")
PARTS = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
EDIT = """key => {
  const handle = document.querySelector('.training .handle[data-place=\\'["W_h",0,0]\\']');
  handle.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  document.body.getBoundingClientRect();
  document.querySelector(".drawing svg").getBBox();
}"""


def page_of(cell: str) -> str:
    """Return the page of a random network."""
    rng = np.random.default_rng(0)
    network = Network.initialized(Architecture(1, 1, cell=cell, hidden_size=UNITS), seed=1, dtype=np.float64)
    x, y = rng.normal(size=(STEPS, 1, 1)).round(1), rng.normal(size=(STEPS, 1, 1)).round(1)
    return render(trace(network, x, y, learning_rate=0.1, epochs=20), "html")


def milliseconds(browser: Browser, file: Path, view: str, edits: int) -> list[float]:
    """Return the CPU time of every edit."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(file.as_uri())
    page.wait_for_selector(".board[data-compared]", state="attached", timeout=120_000)
    page.click(f'.views [data-view="{view}"]')
    page.wait_for_timeout(1000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
        return 1000 * sum(metrics[name] for name in PARTS)

    found = []
    for number in range(edits + 10):
        page.wait_for_timeout(120)  # curve, map and checks of the edit before follow in their own time
        before = spent()
        page.evaluate(EDIT, "ArrowUp" if number % 2 else "ArrowDown")
        found.append(spent() - before)
    page.close()
    return found[10:]


def summary(times: list[float]) -> dict[str, Any]:
    """Return the quartiles."""
    lower, median, upper = (round(quartile, 1) for quartile in statistics.quantiles(times, n=4))
    return {"median_ms": median, "quartiles_ms": [lower, upper]}


def main() -> None:
    """Measure all cells and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=200)
    edits = parser.parse_args().edits
    machine = describe()
    result: dict[str, Any] = {"what": "CPU milliseconds from a key to the finished layout, median over edits"}
    result |= {"machine": machine, "steps": STEPS, "units": UNITS, "edits": edits, "cells": {}}
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        result["chromium"] = browser.version
        for cell in CELLS:
            file = Path(folder) / f"{cell}.html"
            file.write_text(page_of(cell), encoding="utf-8")
            result["cells"][cell] = {view: summary(milliseconds(browser, file, view, edits)) for view in VIEWS}
        browser.close()
    (RESULTS / "page_edit.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["cells"]))


if __name__ == "__main__":
    main()
