"""Language models with weights of fewer bits: what they cost, and files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from elman import ArgumentError, LanguageModel, UnsupportedError, load
from elman.network import Network, State, Stream

TEXT = "to be or not to be, that is the question. " * 20


def test_the_report_and_the_file(tmp_path: Path) -> None:
    model = LanguageModel(hidden_size=16, epochs=3, random_state=0).fit(TEXT)
    report = model.quantization_report(TEXT)
    assert report.metric is not None and report.metric[0] == model.perplexity(TEXT)
    stream, ids = Stream(model.network_, precision="int8"), model.vocabulary_.encode(TEXT)
    p = [float(stream.step_index(int(now))[after]) for now, after in pairwise(ids)]
    assert np.isclose(report.metric[1], np.exp(-np.mean(np.log(p))), rtol=1e-6)
    assert 0 < abs(report.metric[1] / report.metric[0] - 1) < 0.05 and 0 < report.largest_difference < 0.2
    small = model.quantized()
    small.save(tmp_path / "small")
    model.save(tmp_path / "model")
    assert (tmp_path / "small").stat().st_size < 0.6 * (tmp_path / "model").stat().st_size
    assert load(tmp_path / "small").generate("to", length=8, temperature=0) == small.generate(
        "to", length=8, temperature=0
    )


def test_text_in_a_precision() -> None:
    model = LanguageModel(hidden_size=16, epochs=1, random_state=0).fit(TEXT)
    stream, token = Stream(model.network_, precision="int8"), 0
    found: list[int] = model.vocabulary_.encode("to be ").tolist()
    for token in found[:-1]:
        stream.step_index(token)
    for _ in range(40):
        found.append(1 + int(stream.step_index(found[-1])[1:].argmax()))  # <unk> is never written
    written = model.generate("to be ", length=40, temperature=0, precision="int8")
    assert "to be " + written == model.vocabulary_.decode(found)
    texts = {
        name: model.generate("to be ", length=5000, precision=name) for name in (None, "float32", "bfloat16", "int8")
    }
    assert texts["float32"] == texts[None] and len(set(texts.values())) == 3
    assert texts["bfloat16"] == model.quantized("bfloat16").generate("to be ", length=5000)


def test_the_prefix_is_read_in_the_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    model, starts = LanguageModel(hidden_size=16, epochs=1, random_state=0).fit(TEXT), []

    def streamed(network: Network, state: State, precision: str) -> Stream:
        starts.append(state)
        return Stream(network, state, precision=precision)

    monkeypatch.setattr("elman.text.generation.Stream", streamed)
    model.generate("to be or not to be", length=1, precision="int8")
    stream = Stream(model.network_, precision="int8")
    for token in model.vocabulary_.encode("to be or not to b").tolist():
        stream.step_index(token)
    np.testing.assert_array_equal(starts[0].h, stream.state.h)
    np.testing.assert_array_equal(starts[0].c, stream.state.c)


def test_a_precision_that_cannot_be_is_refused_at_the_call() -> None:
    model = LanguageModel(hidden_size=4, epochs=1, random_state=0)
    with pytest.raises(ArgumentError, match=r"^generate: precision must be one of 'float32', 'bfloat16', 'int8', got"):
        model.fit(TEXT).stream("to", precision="int4")
    with pytest.raises(UnsupportedError) as caught:
        model.set_params(training="windows", steps=4).fit(TEXT).stream("to", precision="int8")
    assert str(caught.value) == (
        'generate: precision="int8" needs a model that was trained on streams, and this one was trained on windows. '
        "Leave precision out, or compute with rounded weights by model.quantized()."
    )
    assert model.quantized().generate("to", length=3)
