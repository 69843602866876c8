"""What a trace and a lesson look like when they are written down."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import numpy as np
import pytest

from elman import ArgumentError
from elman.explain import LESSONS, lesson, render, trace
from elman.network import Architecture, Network
from explain.nets import architectures, example, random_network
from meta.repository import ROOT

SCHEMA = (ROOT / "docs" / "trace-schema.md").read_text()


def fields(section: str) -> set[str]:
    """Return the names in the first column of the table under a heading of the schema."""
    table = SCHEMA.split(f"\n## {section}\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in first for name in re.findall(r"`(\w+)`", cell)}


@cache
def documents() -> list[dict[str, Any]]:
    found = [trace(random_network(a), *example(a)).to_dict() for a in architectures()]
    return found + [traced for name in LESSONS for traced in lesson(name).to_dict()["traces"].values()]


def test_documents_have_the_fields_of_the_schema() -> None:
    for document in documents():
        assert set(document) == fields("Trace")
        for epoch in document["epochs"]:
            assert set(epoch) == fields("Epoch")
        detail = document["epochs"][0]["detail"]
        assert set(detail) == {"forward", "backward"} | {
            "factors", "chains", "gradients", "updates", "checks",
        }  # fmt: skip
        nodes = detail["forward"] + detail["backward"] + detail["updates"]
        assert {frozenset(node) for node in nodes} == {frozenset(fields("Detail") - set(detail))}
        kinds = set(re.findall(r"`([a-z-]+)`", SCHEMA.split("| `kind` | forward:")[1].split("\n")[0])) | {"update"}
        assert {node["kind"] for node in nodes} <= kinds


def test_documents_hang_together() -> None:
    """Every id that is named exists, once; every formula is spelt twice."""
    for document in documents():
        parameters = {p["name"] for p in document["parameters"]}
        detail = document["epochs"][0]["detail"]
        ids = [node["id"] for node in detail["forward"]]
        assert len(set(ids)) == len(ids)
        for node in detail["forward"]:
            assert set(node["inputs"]) <= set(ids) | parameters | {"skip/x"}, node["id"]
        chains = {chain["id"]: chain for chain in detail["chains"]}
        assert len(chains) == len(detail["chains"])
        for chain in chains.values():
            assert set(chain["factors"]) <= set(detail["factors"])
            assert len(chain["running"]) == abs(chain["t"] - chain["k"]) + 1
        for gradient in detail["gradients"]:
            for path in gradient["paths"]:
                assert path["chain_id"] in chains if path["k"] is not None else path["chain_id"] is None
                assert path["immediate"] is None or path["immediate"] in detail["factors"]
            kept = [np.array(path["contribution"]) for path in gradient["paths"] if path["kept"]]
            np.testing.assert_allclose(sum(kept), gradient["sum"], rtol=1e-12, atol=1e-15)


def test_the_product_of_a_chain_is_its_adjoint() -> None:
    """The factors of the document, multiplied, give the adjoint; with the last factor, the contribution."""
    for document in documents():
        detail = document["epochs"][0]["detail"]
        value = {name: np.array(factor["value"]) for name, factor in detail["factors"].items()}
        chains = {chain["id"]: chain for chain in detail["chains"]}
        for chain in chains.values():
            product = value[chain["factors"][0]]
            for name in chain["factors"][1:]:
                product = np.einsum("ni,nij->nj", product, value[name])
            np.testing.assert_allclose(product, chain["adjoint"], rtol=1e-9, atol=1e-12)
            assert chain["running"][-1]["norm"] == pytest.approx(np.linalg.norm(chain["adjoint"]), rel=1e-12)
        for path in (path for gradient in detail["gradients"] for path in gradient["paths"] if path["immediate"]):
            adjoint = np.array(chains[path["chain_id"]]["adjoint"])
            product = np.einsum("ns,ns...->...", adjoint, value[path["immediate"]])
            np.testing.assert_allclose(product, path["contribution"], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", LESSONS)
def test_json_is_strict_and_the_document_itself(name: str) -> None:
    taught = lesson(name)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(render(taught, "json"), parse_constant=refuse) == json.loads(json.dumps(taught.to_dict()))


def one_unit() -> Network:
    return Network(Architecture(1, 1, cell="rnn", hidden_size=1, bias=False), np.ones(3))


def test_plain_text_of_one_step() -> None:
    text = render(trace(one_unit(), [[[1.0]]], [[[1.0]]], title="One step"), "text")
    assert text.startswith("One step\n========\n")
    for lines in (
        "a_1 = x_1 W_x + h_0 W_h\n    = 1 · 1 + 0 · 1\n    = 1\n",
        "h_1 = tanh(a_1)\n    = tanh(1)\n    = 0.7616\n",
        "L_1 = Σ (ŷ_1 − y_1)²\n    = (0.7616 − 1)²\n    = 0.0568\n",
        "dŷ_1 = 2 · (ŷ_1 − y_1)\n     = 2 · (0.7616 − 1)\n     = -0.4768\n",
        "da_1 = dh_1 ⊙ (1 − h_1²)\n     = (-0.4768) · (1 − 0.7616²)\n     = -0.2002\n",
        "∂L_1/∂ŷ_1 · ∂ŷ_1/∂h_1 · ∂⁺h_1/∂W_x\n = (-0.4768) · 1 · 0.42\n = -0.2002    (t = 1, k = 1)\n",
    ):
        assert lines in text


def test_dropped_paths_are_marked() -> None:
    text = render(trace(one_unit(), [[[1.0]], [[1.0]]], [[[0.0]], [[1.0]]], bptt_depth=1), "text")
    assert "(t = 2, k = 1, dropped)" in text
    assert "(t = 2, k = 2)" in text
    assert "Only paths with t − k < 1 are kept." in text


def test_markdown_and_latex_of_one_step() -> None:
    worked = trace(one_unit(), [[[1.0]]], [[[1.0]]])
    formula = r"h_{1} &= \tanh\left(a_{1}\right) = \tanh\left(1\right) = 0.7616"
    assert f"$$\\begin{{aligned}}\n{formula}\n\\end{{aligned}}$$" in render(worked, "markdown")
    latex = render(worked, "latex")
    assert f"\\begin{{align*}}\n{formula}\n\\end{{align*}}" in latex
    assert latex.startswith("\\documentclass") and latex.endswith("\\end{document}\n")


@pytest.mark.parametrize("name", LESSONS)
def test_latex_is_balanced_and_has_no_foreign_signs(name: str) -> None:
    latex = render(lesson(name), "latex")
    assert {character for character in latex if ord(character) > 127} == set()
    opened, closed = (re.findall(rf"\\{word}{{(\w+\*?)}}", latex) for word in ("begin", "end"))
    assert sorted(opened) == sorted(closed)
    unescaped = re.sub(r"\\[{}]", "", latex)
    assert unescaped.count("{") == unescaped.count("}")
    assert latex.count(r"\left(") == latex.count(r"\right)")


def test_signs_of_a_title_do_not_break_latex() -> None:
    worked = trace(one_unit(), [[[1.0]]], [[[1.0]]], title="50 % & more_or_less of Größe #1: {雪}")
    assert r"\title{50 \% \& more\_or\_less of Größe \#1: \{?\}}" in render(worked, "latex")


@pytest.mark.parametrize("name", LESSONS)
def test_markdown_has_every_section(name: str) -> None:
    taught = lesson(name)
    markdown = render(taught, "markdown")
    headings = [line.removeprefix("## ") for line in markdown.splitlines() if line.startswith("## ")]
    assert headings == [section.title for section in taught.sections]
    assert markdown.count("$$") % 2 == 0


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ArgumentError, match="render: form must be one of 'html', 'markdown', 'latex', 'json', 'text'"):
        render(lesson("losses"), "pdf")
