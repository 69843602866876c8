"""The page as text: one file, nothing from outside, markup that cannot be broken by data. No browser here."""

from __future__ import annotations

import base64
import html
import json
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from elman.errors import ArgumentError
from elman.explain import LESSONS, trace
from elman.explain import page as page_room
from elman.explain.page import render
from elman.explain.page.compact import Formulas, compact_trace
from elman.explain.page.recorded import LEVELS, computable
from elman.network import Architecture, Network
from explain.nets import D, H, K, lesson, worked

EMPTY: dict[str, Any] = {
    "kind": "lesson", "version": 1, "name": "x", "title": "A title", "summary": "", "letters": None,
    "sections": [], "traces": {},
}  # fmt: skip
VOID = {"meta", "link", "input", "br", "wbr"}


@cache
def page_of(name: str) -> str:
    return render(lesson(name).to_dict())


class Tree(HTMLParser):
    """Checks that every element is closed, and notes addresses and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.parts: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.parts.setdefault(self.open[-1] if self.open else "", []).append(data)


def parsed(page: str) -> Tree:
    tree = Tree()
    tree.feed(page)
    tree.close()
    assert tree.open == []
    return tree


def embedded(page: str) -> dict[str, Any]:
    match = re.search(r'<script type="application/json" id="document">(.*?)</script>', page, re.DOTALL)
    assert match is not None
    found: dict[str, Any] = json.loads(match[1])
    return found


def unpacked(value: Any) -> Any:
    """Return a part of a page's document with its arrays as lists."""
    if isinstance(value, list):
        return [unpacked(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "f64" not in value:
        return {name: unpacked(part) for name, part in value.items()}
    shape, code = value["f64"].split()
    return np.frombuffer(base64.b64decode(code), "<f8").reshape([int(n) for n in shape.split("x")]).tolist()


def assert_within(part: Any, whole: Any, place: str = "") -> None:
    """Everything in a part of a document is in the whole, at its place, digit by digit."""
    if isinstance(part, dict):
        for name, value in part.items():
            assert_within(value, whole[name], f"{place}.{name}")
    elif isinstance(part, list) and part:
        assert len(part) == len(whole), place
        for i, (value, known) in enumerate(zip(part, whole, strict=True)):
            assert_within(value, known, f"{place}.{i}")
    elif part != []:
        assert part == whole, place


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_one_small_file_that_needs_nothing(name: str) -> None:
    document = lesson(name).to_dict()
    page = page_of(name)
    tree = parsed(page)
    assert {address for address in tree.addresses if not address.startswith("#")} == {"data:,"}
    assert not re.search(r"https?://(?!www\.w3\.org/(2000/svg|1998/Math/MathML))", page)
    assert not re.search(r"@import|url\((?!#)|\bfetch\(|XMLHttpRequest|WebSocket|localStorage", page)
    assert len(page.encode()) < 1_000_000
    assert "default-src 'none'" in page
    assert page.count('class="board"') == sum(
        block["kind"] == "trace" for section in document["sections"] for block in section["blocks"]
    )


@pytest.mark.parametrize("name", LESSONS)
def test_the_numbers_of_the_trace_are_in_the_page_digit_by_digit(name: str) -> None:
    traces = lesson(name).to_dict()["traces"]
    carried = unpacked(embedded(page_of(name)))["traces"]
    assert list(carried) == list(traces)
    for key, page in carried.items():
        assert page.pop("left_out") == ""
        assert_within(page, traces[key], key)
        detail = page["epochs"][0]["detail"]
        assert sorted(page["epochs"][0]) == ["detail", "epoch", "gradient", "loss", "parameters", "predictions"]
        assert sorted(detail) == ["backward", "chains", "factors", "forward", "gradients", "updates"]
        assert all(gradient["paths"] for gradient in detail["gradients"])


def stacked() -> dict[str, Any]:
    """Return the trace of two layers, which the page does not compute."""
    architecture = Architecture(D, K, cell="rnn", hidden_size=H, num_layers=2)
    return worked(architecture).to_dict()


def test_formulas_of_a_recorded_network_are_there_once_as_mathml() -> None:
    page = render(stacked())
    template = re.search(r'<template id="formulas">(.*?)</template>', page, re.DOTALL)
    assert template is not None
    formulas = re.findall(r"<span>.*?</span>|<math>.*?</math>", template[1])
    assert len(formulas) == len(set(formulas)) and "".join(formulas) == template[1]
    symbol = next(iter(embedded(page)["traces"].values()))["epochs"][0]["detail"]["forward"][0]["symbol"]
    assert formulas[symbol["m"]] == "<math><mrow><msub><mi>x</mi><mn>1</mn></msub></mrow></math>"
    assert '</mrow></math><wbr><math><mrow><mo form="infix">+</mo>' in template[1]  # a long sum may break before a +


def test_a_page_that_computes_carries_numbers_and_no_formula() -> None:
    page = render(lesson("by-hand-sum").to_dict())
    assert '<template id="formulas"></template>' in page
    node = next(iter(embedded(page)["traces"].values()))["epochs"][0]["detail"]["forward"][-1]
    assert sorted(node) == ["id", "value"]


def long_trace(cell: str, steps: int, epochs: int) -> dict[str, Any]:
    network = Network.initialized(Architecture(1, 1, cell=cell, hidden_size=4), seed=1, dtype=np.float64)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, steps, 1, 1))
    return trace(network, x, y, learning_rate=0.1, epochs=epochs).to_dict()


def test_an_lstm_of_twelve_steps_and_four_units_is_a_page_below_a_megabyte() -> None:
    """With all that is compared: every path of three epochs."""
    page = render(long_trace("lstm", 12, 20))
    assert len(page.encode()) < 1_000_000
    carried = next(iter(embedded(page)["traces"].values()))
    assert carried["left_out"] == "" and len(carried["epochs"]) == 21
    assert [len(carried["epochs"][i]["detail"]["gradients"][0]["paths"]) for i in (0, 1, 20)] == [78, 78, 78]


def test_a_longer_page_leaves_out_the_largest_arrays_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first epoch's states stay: the page starts from them."""
    document = long_trace("rnn", 4, 3)
    sizes = []
    for level, left_out in enumerate(LEVELS):
        monkeypatch.setattr(page_room, "MOST_BYTES", sizes[-1] - 1 if sizes else 1_000_000)
        page = render(document)
        sizes.append(len(page.encode()))
        carried = unpacked(embedded(page))["traces"]["trace"]
        assert carried.pop("left_out") == left_out
        first, second, third, last = carried["epochs"]
        assert {"id": "forward/h/1/0", "value": [[0.0, 0.0, 0.0, 0.0]]} in first["detail"]["forward"]
        assert [bool(e["detail"] and e["detail"]["factors"]) for e in (first, last)] == [level < 2, level < 1]
        assert (second.get("detail") is not None, "parameters" in third) == (level < 3, level < 4)
    assert sizes == sorted(sizes, reverse=True)
    monkeypatch.setattr(page_room, "MOST_BYTES", 1)
    assert len(render(document).encode()) == sizes[-1]  # a few numbers stay, whatever the bound


@pytest.mark.parametrize("name", ["every", "last", "mean", "max"])
def test_what_the_page_computes(name: str) -> None:
    trace = worked(Architecture(D, K, cell="gru", hidden_size=H, readout=name)).to_dict()
    assert computable(trace) == (name in ("every", "last"))
    assert not computable(stacked())


def test_a_trace_alone_is_a_page_too() -> None:
    trace = next(iter(lesson("by-hand-sum").to_dict()["traces"].values()))
    page = render(trace)
    parsed(page)
    assert f"<h1>{trace['title']}</h1>" in page
    assert list(embedded(page)["traces"]) == ["trace"]


def test_blocks_of_every_kind() -> None:
    formula = {"latex": r"x < 1", "text": "x < 1"}
    blocks = [
        {"kind": "text", "text": "Of `W_x`, h_(t−1), a<3> and <b>"},
        {"kind": "formula", "formula": formula, "caption": "At `x`"},
        {"kind": "table", "caption": None, "columns": ["", "w_x"], "rows": [["one", -0.12345678], ["two", True]]},
        {"kind": "slip", "written": "1 + 1 = 3", "right": "2", "why": "because", "verbatim": False},
    ]
    page = render(EMPTY | {"summary": "It is `so`", "sections": [{"title": "One & two", "blocks": blocks}]})
    parsed(page)
    h, a = "<msub><mi>h</mi><mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow></msub>", "<mi>⟨</mi><mn>3</mn><mi>⟩</mi>"
    a = f"<msup><mi>a</mi><mrow>{a}</mrow></msup>"
    for part in (
        f"Of <code>W_x</code>, <math><mrow>{h}</mrow></math>, <math><mrow>{a}</mrow></math> and &lt;b&gt;</p>",
        '<th scope="col"><span class="unseen">w_x</span><span aria-hidden="true"><math><mrow><msub><mi>w</mi>',
        "One &amp; two",
        '<mi>x</mi></math><wbr><math displaystyle="true"><mrow><mo form="infix">&#x0003C;</mo><mn>1</mn></mrow>',
        '<td data-value="-0.12345678">−0.123457</td>',
        "<s>1 + 1 = 3</s>",
        "It is <code>so</code>",
    ):
        assert part in page, part


def test_data_cannot_become_markup() -> None:
    evil = "</script><script>alert(1)</script>"
    trace = next(iter(lesson("by-hand-sum").to_dict()["traces"].values()))
    page = render(trace | {"title": evil, "notes": [evil, "\u2028 &lt;"], "row_names": [evil] * 3})
    parsed(page)
    assert evil not in page
    assert page.count("<script") == 2
    assert embedded(page)["traces"]["trace"]["notes"] == [evil, "\u2028 &lt;"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [({"kind": "poem"}, "kind 'poem', version 1"), ({"version": 2}, "kind 'lesson', version 2")],
)
def test_refusals(changes: dict[str, Any], found: str) -> None:
    with pytest.raises(ArgumentError) as error:
        render(EMPTY | changes)
    assert str(error.value) == f"render: document must be a trace or a lesson of version 1, got {found}."


def test_a_number_that_is_none_does_not_get_into_the_page() -> None:
    trace = next(iter(lesson("by-hand-sum").to_dict()["traces"].values()))
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(trace | {"x": [float("nan")]})


def test_text_is_kept_only_where_it_is_said() -> None:
    formula = {"latex": "1", "text": "1"}
    compact = compact_trace({"node": [{"symbol": formula, "numbers": formula, "result": None}]}, Formulas())
    assert compact == {"node": [{"symbol": {"m": 0, "t": "1"}, "numbers": {"m": 0}, "result": None}]}


def test_notebooks_show_the_page_in_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two outputs in one notebook do not share names, because each is a document of its own."""
    taught = lesson("lstm")
    worked = taught.traces["lstm"]
    for shown in (taught, worked):
        frame = shown._repr_html_()
        assert frame is not None and frame.startswith("<iframe title=") and frame.count("<") == 2
        srcdoc = re.search('srcdoc="([^"]*)"', frame)
        assert srcdoc is not None and html.unescape(srcdoc[1]) == render(shown.to_dict())
    assert repr(worked) == (
        "Trace('One LSTM unit': lstm of 1 unit, 2 steps, 1 row, loss 0.05025 → 3.737e-07 after 5 updates)"
    )
    assert repr(taught) == "Lesson('lstm': An LSTM, gate by gate; 6 sections, 1 trace)"
    monkeypatch.setattr(page_room, "installed", lambda package: package != "jinja2")
    assert worked._repr_html_() is None
