"""The page's arithmetic is the reference's: in Node and in Chromium, on random networks, number by number."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from elman.explain import trace
from elman.explain.page import render, script
from elman.network import Architecture, Network
from tests_browser.pages import TRACES
from tests_browser.random_networks import CELLS, LOSSES, Sizes, drawn, worked

LIMIT = 1e-12
COMPARE = Path(__file__).with_name("compare.mjs")


@pytest.fixture(scope="module")
def networks() -> list[dict[str, Any]]:
    """Return 200 random networks, and one of fifty steps."""
    long = worked(1, ("rnn", "tanh"), "mean_squared_error", "identity", "every", None, Sizes(50, 1, 1, 2, 1))
    return [long, *map(drawn, range(200))]


def in_node(traces: list[dict[str, Any]], *arguments: str) -> list[Any]:
    """Return what compare.mjs finds in every trace."""
    node = shutil.which("node")
    assert node is not None, "there is no node; install it"
    lines = "".join(json.dumps(trace) + "\n" for trace in traces)
    result = subprocess.run([node, COMPARE, *arguments], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    modules = script().split("const DOCUMENT")[0]
    page.add_script_tag(content=f"{modules}; window.largestGap = module_model.largestGap;")
    yield page
    page.close()


def beyond(found: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    return [(number, gap) for number, gap in enumerate(found) if not gap["size"] <= LIMIT]


@pytest.mark.parametrize("arguments", [(), ("ulp",)], ids=["as it is", "tanh with another last bit"])
def test_every_state_adjoint_and_path_in_node(networks: list[dict[str, Any]], arguments: tuple[str, ...]) -> None:
    found = in_node(networks, *arguments)
    assert len(found) == len(networks) == 201
    assert beyond(found) == []


def test_the_page_writes_the_equations_of_the_trace(networks: list[dict[str, Any]]) -> None:
    assert [pair for differing in in_node(networks[:60], "texts") for pair in differing] == []


def test_every_state_adjoint_and_path_in_chromium(networks: list[dict[str, Any]], chromium: Page) -> None:
    texts = [json.dumps(trace) for trace in networks]
    assert beyond(chromium.evaluate("texts => texts.map((text) => window.largestGap(JSON.parse(text)))", texts)) == []


def test_a_wrong_number_is_found(networks: list[dict[str, Any]], chromium: Page) -> None:
    """Change the last digit that counts of one number of every kind."""
    for place in ("forward", "backward", "chains", "gradients"):
        changed = json.loads(json.dumps(networks[5]))
        entry = changed["epochs"][0]["detail"][place][0]
        known = {"chains": "adjoint", "gradients": "sum"}.get(place, "value")
        entry[known] = json.loads(json.dumps(entry[known]), parse_float=lambda text: float(text) * (1 + 1e-9))
        assert chromium.evaluate("window.largestGap", changed)["size"] > LIMIT, place


def test_a_wrong_update_is_found(chromium: Page) -> None:
    """Weights are compared with one update of the recorded weights before."""
    document = TRACES["lstm-sequence"]()
    assert chromium.evaluate("window.largestGap", document)["size"] <= LIMIT
    document["epochs"][3]["parameters"]["layers.0.W_h"][0][0] *= 1 + 1e-9
    assert chromium.evaluate("window.largestGap", document)["where"] in (
        "epoch 3 layers.0.W_h",
        "epoch 4 layers.0.W_h",
    )


LARGE = {  # text of the comparison: a chaotic training is compared epoch by epoch
    ("lstm", 12, 1, 20): "(63,338 numbers): equal",
    ("rnn", 50, 1, 20): "(25,781 numbers, without single paths and factors): equal",
    ("rnn", 30, 3, 200): "This training enlarges rounding errors: from epoch",
}


@pytest.mark.parametrize("size", LARGE, ids=str)
def test_large_pages_are_below_a_megabyte_and_equal(browser: Browser, tmp_path: Path, size: Any) -> None:
    cell, T, N, epochs = size
    network = Network.initialized(Architecture(1, 1, cell=cell, hidden_size=4), seed=1, dtype=np.float64)
    rng = np.random.default_rng(0)
    worked_ = trace(network, rng.normal(size=(T, N, 1)), rng.normal(size=(T, N, 1)), learning_rate=0.1, epochs=epochs)
    file = tmp_path / "page.html"
    file.write_text(render(worked_.to_dict()), encoding="utf-8")
    assert file.stat().st_size < 1_000_000
    page = browser.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector(".board[data-compared]", state="attached")
    first = page.locator(".checks li").first
    assert "passed" in (first.get_attribute("class") or "")
    assert LARGE[size] in first.inner_text()
    page.close()


@settings(max_examples=40, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), cell=st.sampled_from(CELLS), loss=st.sampled_from(list(LOSSES)))
def test_any_network(chromium: Page, data: st.DataObject, seed: int, cell: tuple[str, str], loss: str) -> None:
    sizes = Sizes(*(data.draw(st.integers(1, most)) for most in (6, 3, 3, 4, 3)))
    output = data.draw(st.sampled_from(LOSSES[loss]))
    readout = data.draw(st.sampled_from(["every", "last"]))
    depth = data.draw(st.none() | st.integers(1, 6))
    reduction = data.draw(st.sampled_from(["mean", "sum"]))
    document = worked(seed, cell, loss, output, readout, depth, sizes, reduction, data.draw(st.booleans()))
    assert chromium.evaluate("window.largestGap", document)["size"] <= LIMIT
