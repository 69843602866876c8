"""Language models with weights of fewer bits: what they cost, and files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from elman import LanguageModel, load
from elman.network import Stream

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
