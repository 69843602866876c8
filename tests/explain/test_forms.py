"""The written forms of traces and lessons."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from elman import ArgumentError
from elman.explain import LESSONS, render, trace
from elman.network import Architecture, Network
from explain.nets import architectures, lesson, worked


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
    worked = trace(one_unit(), [[[1.0]]], [[[1.0]]], title="50 % & more_or_less\n\n of Größe #1: {雪Ħ\x07}")
    assert r"\title{50 \% \& more\_or\_less of Größe \#1: \{???\}}" in render(worked, "latex")


def test_signs_of_a_title_are_no_markup() -> None:
    title = "<img src=x> _a_ b_c *d* `e` [f](g) $h$ \\\n# i"
    worked = trace(one_unit(), [[[1.0]]], [[[1.0]]], title=title)
    first = render(worked, "markdown").split("\n\n")[0]
    assert first == r"# \<img src=x\> \_a\_ b_c \*d\* \`e\` \[f\](g) \$h\$ \\ \# i"
    assert render(worked, "text").startswith(r"<img src=x> _a_ b_c *d* `e` [f](g) $h$ \ # i" + "\n====")
    page = render(worked, "html")
    assert "<img" not in page.split("<template")[0] and "&lt;img src=x&gt;" in page


def test_no_letter_of_a_formula_has_two_upper_indices() -> None:
    """Squares of h⁽²⁾ and transposes of W⁽²⁾ need braces, or LaTeX stops."""
    for a in architectures():
        latex = render(worked(a), "latex")
        assert re.search(r"\^\{[^{}]*\}(_\{[^{}]*\})?\^", latex) is None


def test_long_products_are_written_with_dots() -> None:
    """What nobody reads would make a page of many megabytes."""
    rng = np.random.default_rng(0)
    network = Network.initialized(Architecture(1, 1, cell="rnn", hidden_size=4))
    worked = trace(network, rng.normal(size=(20, 1, 1)), rng.normal(size=(20, 1, 1)), trained=["layers.0.W_h"])
    detail = worked.to_dict()["epochs"][0]["detail"]
    longest = max(detail["chains"], key=lambda chain: len(chain["factors"]))
    assert len(longest["factors"]) == 21 and longest["numbers"] is None
    assert longest["equation"]["text"] == (
        "∂L_20/∂ŷ_20 · ∂ŷ_20/∂h_20 · ∂h_20/∂h_19 · ∂h_19/∂h_18 · ∂h_18/∂h_17 · … · "
        "∂h_6/∂h_5 · ∂h_5/∂h_4 · ∂h_4/∂h_3 · ∂h_3/∂h_2 · ∂h_2/∂h_1"
    )
    assert len(render(worked, "html")) < 1_750_000
    many = trace(one_unit(), np.ones((1, 13, 1)), np.zeros((1, 13, 1))).to_dict()["epochs"][0]["detail"]
    assert {path["numbers"] for path in many["gradients"][0]["paths"]} == {None}


def test_small_numbers_keep_three_digits() -> None:
    """Of the loss too, epoch after epoch."""
    network = Network(Architecture(1, 1, cell="rnn", hidden_size=1, bias=False), np.array([0.000149, 1.0, 1.0]))
    text = render(trace(network, [[[1.0]]], [[[0.000148]]], learning_rate=0.1, epochs=2), "text")
    assert "a_1 = x_1 W_x + h_0 W_h\n    = 1 · 0.000149 + 0 · 1\n    = 0.000149\n" in text
    losses = text.split("Loss by epoch\n")[1].splitlines()[1:4]
    assert [line.split()[1] for line in losses] == ["9.99998e-13", "6.39999e-13", "4.09599e-13"]


@pytest.mark.parametrize("name", LESSONS)
def test_markdown_has_every_section(name: str) -> None:
    taught = lesson(name)
    markdown = render(taught, "markdown")
    assert sum(line.startswith("## ") for line in markdown.splitlines()) == len(taught.sections)
    assert markdown.count("$$") % 2 == 0
    outside = re.sub(r"\$\$.*?\$\$|\$[^$\n]*\$|`[^`\n]*`", "", markdown, flags=re.DOTALL)
    assert re.findall(r"<\w|\b[wWxyahJLV]_\w", outside) == []  # no tag, and no index that is no formula


def test_letters_with_an_index_are_formulas() -> None:
    """Note D's a<t>, w_x and ∂L/∂w_x in prose: no raw letters, and no tag in Markdown."""
    taught = lesson("by-hand-sum")
    markdown, latex, page = (render(taught, form) for form in ("markdown", "latex", "html"))
    assert r"$a^{\langle t \rangle}$ | state after step t |" in markdown and "a<t>" not in markdown
    assert r"\ensuremath{a^{\langle t \rangle}} & state after step t" in latex
    spoken = '<span class="unseen">.*?</span>'  # what a screen reader says for a formula
    body = re.sub(rf"<(template|script|style).*?</\1>|{spoken}|<[^>]*>", "", page, flags=re.DOTALL)
    assert re.findall(r"\b\w_\w", body) == []


@pytest.mark.parametrize("form", ["markdown", "latex", "text", "html"])
def test_the_bound_of_note_d_has_one_relation(form: str) -> None:
    """L > 1/3 ((1 − 1)² + (1 − 2)² + (1 − 3)²) = 5/3."""
    written = re.sub(r"<[^>]*>|&#x0*|;| |\$", "", render(lesson("by-hand-sum"), form))
    start = {"markdown": r"L>\frac{1}{3}", "latex": r"L>\frac{1}{3}", "text": "L>1/3((1−1)²", "html": "L3E13("}[form]
    bound = written[written.index(start) :].split("1.6667")[0]
    assert bound.count("=") == 1 and not re.search(r"(>|3E)&?=", bound)


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ArgumentError, match="render: form must be one of 'html', 'markdown', 'latex', 'json', 'text'"):
        render(lesson("losses"), "pdf")
