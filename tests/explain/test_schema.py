"""The JSON documents against docs/trace-schema.md: fields, ids, products, and the rule of versions."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest

from elman.explain import LESSONS
from elman.explain.page import render as page_of
from explain.nets import architectures, lesson, worked
from meta.repository import ROOT

SCHEMA = (ROOT / "docs" / "trace-schema.md").read_text()


def fields(section: str) -> set[str]:
    """Return the names in the first column of the table under a heading of the schema."""
    table = SCHEMA.split(f"\n## {section}\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in first for name in re.findall(r"`(\w+)`", cell)}


@cache
def documents() -> list[dict[str, Any]]:
    found = [worked(a).to_dict() for a in list(architectures())[::6]]
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


def kinds_of_blocks() -> dict[str, set[str]]:
    """Return the kinds of blocks of the schema, each with its further fields."""
    table = SCHEMA.split("\nA block is one of\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith('| `"')]
    return {kind.strip(' `"'): set(re.findall(r"`(\w+)`", named)) for kind, named in rows}


def test_lessons_have_the_fields_and_blocks_of_the_schema() -> None:
    known, seen = kinds_of_blocks(), set()
    for name in LESSONS:
        document = lesson(name).to_dict()
        assert set(document) == fields("Lesson")
        for block in blocks(document):
            assert set(block) - {"kind"} == known[block["kind"]]
            seen.add(block["kind"])
    assert seen == set(known)


def blocks(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for section in document["sections"] for block in section["blocks"]]


def test_a_reader_of_version_1_takes_what_may_be_missing_and_skips_what_it_does_not_know() -> None:
    document = lesson("losses").to_dict()
    slips = [{"kind": "slip", "written": "3", "right": "2", "why": "because", "verbatim": False}]
    document["sections"].append({"title": "Slips", "blocks": slips})
    page = page_of(document)
    lines = [line.split("; may be missing")[0] for line in SCHEMA.splitlines() if "; may be missing" in line]
    optional = [re.findall(r"`(\w+)`", line)[-1] for line in lines]
    assert optional == ["letters", "verbatim"]
    older = {key: value for key, value in document.items() if key not in optional}
    older["sections"][-1]["blocks"] = [{key: value for key, value in slips[0].items() if key not in optional}]
    assert page_of(older) == page
    newer = document | {"reader": "of version 1"}
    newer["sections"][-1]["blocks"] = [slips[0] | {"page": 7}, {"kind": "song", "notes": ["c"]}]
    assert page_of(newer) == page
