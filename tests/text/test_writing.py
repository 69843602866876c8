"""Generation follows the probabilities, with one step per token, from any prefix and in any thread."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman import ArgumentError, LanguageModel, Network
from elman.text import Sampler
from elman.text.tokenization import UNITS
from text.samples import CIRCLE, ODD, SENTENCES, small


def test_probabilities_of_the_next_token(fitted: LanguageModel) -> None:
    prefix = "to be or not"
    p = fitted.predict_proba(prefix)
    assert p.shape == (len(fitted.vocabulary_),)
    assert p.sum() == pytest.approx(1.0, rel=1e-5)
    ids = fitted.vocabulary_.encode(prefix)
    if fitted.training == "windows":
        np.testing.assert_array_equal(p, fitted.network_.predict(ids[-3:, np.newaxis])[0])
    else:
        np.testing.assert_array_equal(p, fitted.network_.predict(ids[:, np.newaxis])[-1, 0])
    np.testing.assert_array_equal(fitted.predict_proba(), fitted.predict_proba("\n"))


def test_greedy_text_is_what_the_probabilities_say(fitted: LanguageModel) -> None:
    ids = fitted.vocabulary_.encode("to be").tolist()
    for _ in range(12):
        seen = ids[-3:] if fitted.training == "windows" else ids
        p = fitted.network_.predict(np.array(seen)[:, np.newaxis])
        ids.append(int((p[0] if fitted.training == "windows" else p[-1, 0])[1:].argmax()) + 1)
    text = fitted.generate("to be", length=12, temperature=0.0)
    assert "to be" + text == fitted.vocabulary_.decode(ids)


def test_a_token_costs_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small().fit(CIRCLE)
    steps: list[int] = []
    original = Network.run

    def counted(network: Network, x: Any, *rest: Any, **more: Any) -> Any:
        steps.append(len(x))
        return original(network, x, *rest, **more)

    monkeypatch.setattr(Network, "run", counted)
    assert len(model.generate("abcdabc", length=50)) == 50
    assert steps == [6]  # the prefix at once, but for its last token; then the stream steps


def test_a_long_prefix_is_read_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small(epochs=1).fit(SENTENCES)
    p, text = model.predict_proba(SENTENCES[:50]), model.generate(SENTENCES[:50], length=20)
    monkeypatch.setattr("elman.text.generation._MOST_VALUES", 7 * len(model.vocabulary_))
    np.testing.assert_array_equal(model.predict_proba(SENTENCES[:50]), p)
    assert model.generate(SENTENCES[:50], length=20) == text


def test_text_is_the_same_piece_by_piece_and_depends_on_the_seed(fitted: LanguageModel) -> None:
    pieces = list(fitted.stream("to be", length=20, seed=1, top_p=0.95))
    assert "".join(pieces) == fitted.generate("to be", length=20, seed=1, top_p=0.95)
    assert "".join(pieces) != fitted.generate("to be", length=20, seed=2, top_p=0.95)
    assert len(pieces) > 5


def test_writing_stops_before_a_text() -> None:
    model = small().fit(CIRCLE)
    assert model.generate("a", length=50, temperature=0, stop="ab") == "bcd"
    assert model.generate("a", length=50, temperature=0, stop=["zz", "cda"]) == "b"
    assert small(epochs=30).fit("abc\u00e9" * 150).generate("a", temperature=0, stop="e\u0301") == "bc"
    endless = model.stream("a", length=None, temperature=0)
    assert "".join(next(endless) for _ in range(500)) == ("bcda" * 125)


def test_spaces_between_a_prefix_and_words() -> None:
    model = small(unit="word", epochs=40).fit(SENTENCES)
    assert model.generate("to be or not to", length=1, temperature=0) == " be"
    assert model.generate("to be or not to ", length=1, temperature=0) == "be"
    assert model.generate("not to be .\n", length=1, temperature=0) in ("to", "whether")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("prefix", [ODD, "\ud800", "\x00", "☃", "", " "])
def test_any_prefix_gives_valid_text(unit: str, prefix: str) -> None:
    model = small(unit=unit, epochs=1).fit(SENTENCES)
    for options in ({}, {"temperature": 0.0}, {"temperature": 5.0, "top_k": 5}):
        model.generate(prefix, length=15, **options).encode("utf-8")
    assert np.isfinite(model.predict_proba(prefix)).all()


def test_eight_threads_write_what_one_writes() -> None:
    model = small(unit="word", epochs=2).fit(SENTENCES)
    expected = [model.generate("to be", length=30, seed=seed) for seed in range(16)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda seed: model.generate("to be", length=30, seed=seed), range(16))) == expected


def test_a_fork_after_fit_goes_on_writing() -> None:
    code = (
        "import os; from text.samples import SENTENCES, small\n"
        "model = small(epochs=2, n_threads=2).fit(SENTENCES); expected = model.evaluate(SENTENCES)\n"
        "child = os.fork()\n"
        "if child == 0:\n    os._exit(0 if model.evaluate(SENTENCES) == expected else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    tests = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": tests}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 0}, "generate: length must be an integer of at least 1, got 0."),
        ({"stop": ""}, "generate: stop must be one or several non-empty texts, got ''."),
        ({"stop": ["a", 3]}, "generate: stop must be one or several non-empty texts, got ['a', 3]."),
        ({"temperature": -0.5}, "generate: temperature must be a number in [0, inf), got -0.5."),
        ({"top_k": 5}, "generate: top_k must be at most 4, the tokens of the vocabulary, got 5."),
        ({"heat": 2}, "generate: got an unexpected keyword argument 'heat'."),
    ],
)
def test_ways_to_write_outside_their_range_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    model = small(epochs=1).fit(CIRCLE)
    with pytest.raises(ArgumentError) as caught:
        model.stream("a", **options)
    assert str(caught.value) == message
    with pytest.raises(ArgumentError, match="length must be an integer of at least 1, got None"):
        model.generate("a", length=None)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="prefix must be a str, got bytes"):
        model.generate(b"a")  # type: ignore[arg-type]


def test_a_sampler_sees_what_the_prefix_has() -> None:
    model = small(epochs=1).fit(CIRCLE)
    seen: list[list[int]] = []
    original = Sampler.__init__

    def spied(sampler: Sampler, sampling: Any, size: int, occurred: Any = ()) -> None:
        seen.append(list(occurred))
        original(sampler, sampling, size, occurred)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sampler, "__init__", spied)
        model.generate("ab", length=2, repetition_penalty=2.0)
        model.generate("", length=2, repetition_penalty=2.0)
    assert seen == [model.vocabulary_.encode("ab").tolist(), []]
