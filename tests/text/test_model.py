"""The estimator: training, metrics, and generation with one step per token."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from elman import ArgumentError, ConvergenceWarning, DataError, ElmanWarning, LanguageModel, TrainingError
from elman.estimators import Interrupted
from elman.text import Measures, TokenWindows
from elman.text.options import rule_size
from elman.text.tokenization import UNITS
from elman.training import Trainer
from text.samples import CIRCLE, ODD, SENTENCES, small
from tolerances import assert_close


def nats_by_hand(model: LanguageModel, text: str) -> list[float]:
    """Return the probabilities token by token."""
    ids, window = model.vocabulary_.encode(text), model.steps if model.training == "windows" else None
    found = []
    for end in range(1 if window is None else window - 1, len(ids)):
        seen = ids[:end] if window is None else ids[end - window + 1 : end]
        p = model.network_.predict(seen[:, np.newaxis])
        found.append(-log((p[-1, 0] if window is None else p[0])[ids[end]]))
    return found


def test_it_learns_a_circle() -> None:
    model = small().fit(CIRCLE)
    assert model.validation_ is not None and model.validation_.perplexity < 1.2
    assert model.generate("bcd", length=9, temperature=0) == "abcdabcda"
    assert model.history_.loss[0] > log(5) / 1.2
    assert model.updates_ == len(model.history_.loss)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(
    "options", [{"embedding_size": None}, {"tied_weights": True}, {"num_layers": 2}, {"layer_norm": True}], ids=str
)
def test_every_network_learns(cell: str, options: dict[str, Any]) -> None:
    model = small(cell=cell, dropout=0.1, recurrent_dropout=0.1, **options).fit(CIRCLE)
    assert model.perplexity(CIRCLE) < 1.6
    assert model.network_.architecture.tied_weights == options.get("tied_weights", False)
    assert model.network_.architecture.layer_norm == options.get("layer_norm", False)
    assert ("embedding" in model.network_.parameters) == ("embedding_size" not in options)


def test_a_projection_is_as_wide_as_the_tied_embedding(tmp_path: Path) -> None:
    model = small(cell="lstm", tied_weights=True, embedding_size="auto", projection_size=5, epochs=3).fit(CIRCLE)
    assert model.network_.parameters["embedding"].shape == (len(model.vocabulary_), 5)
    model.save(tmp_path / "model")
    again = LanguageModel.load(tmp_path / "model")
    assert again.generate("bcd", length=20) == model.generate("bcd", length=20)  # through a stream
    assert again.perplexity(CIRCLE) == model.perplexity(CIRCLE)
    with pytest.raises(
        ArgumentError, match=r"\.fit: projection_size must be less than the units of every layer, 64, got"
    ):
        small(cell="lstm", hidden_size="auto", projection_size=64).fit(CIRCLE)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
@pytest.mark.parametrize("schedule", ["cosine", "constant", "step", "plateau"])
def test_every_optimizer_and_schedule_learns(optimizer: str, schedule: str) -> None:
    rate = {"adam": 0.02, "rmsprop": 0.01, "sgd": 3.0}[optimizer]
    model = small(optimizer=optimizer, schedule=schedule, learning_rate=rate, decay_after=6, dropout=0.0).fit(CIRCLE)
    assert model.perplexity(CIRCLE) < 2.5
    rates = np.array(model.history_.learning_rate)
    assert (rates[-1] < rates.max()) == (schedule in ("cosine", "step") or (schedule == "plateau" and rates[-1] < rate))


def test_step_schedule_falls_after_every_epoch_from_the_one_named() -> None:
    model = small(schedule="step", decay_after=2, learning_rate_decay=0.5, epochs=4, learning_rate=0.01).fit(CIRCLE)
    per_epoch = model.updates_ // 4
    assert model.history_.learning_rate[::per_epoch] == [0.01, 0.01, 0.005, 0.0025]


def test_metrics_are_those_of_predictions_token_by_token(fitted: LanguageModel) -> None:
    text = "that is nobler .\nor zebra to be\n"
    nats = nats_by_hand(fitted, text)
    measures = fitted.evaluate(text)
    assert measures.tokens == len(nats)
    assert_close(measures.nats, sum(nats), "loss", np.float32)
    assert_close(fitted.score(text), -sum(nats) / len(nats), "loss", np.float32)
    assert_close(fitted.perplexity(text), np.exp(sum(nats) / len(nats)), "states", np.float32)
    ids = fitted.vocabulary_.encode(text)[-len(nats) :]
    assert measures.unknown == int((ids == 0).sum())
    if fitted.unit == "character":
        assert (measures.characters, measures.line_ends, measures.unknown) == (len(text) - 1, 2, 1)
    if fitted.unit == "bpe":
        assert measures.characters == len(text) - len(fitted.vocabulary_.decode(fitted.vocabulary_.encode(text)[:1]))
    if fitted.unit == "word":
        assert measures.bits_per_character is None
    else:
        assert measures.bits_per_character == pytest.approx(measures.nats / log(2) / measures.characters, rel=1e-12)


def test_reading_in_parts_loses_only_what_was_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small().fit(SENTENCES)
    whole = model.evaluate(SENTENCES)
    monkeypatch.setattr("elman.text.measures._MOST_VALUES", 200)  # cut into stretches: the same, but for rounding
    assert_close(model.evaluate(SENTENCES).nats, whole.nats, "loss", np.float32)
    for rows in (2, 7, 10_000):
        parts = model.evaluate(SENTENCES, rows=rows)
        assert (parts.tokens, parts.line_ends) == (whole.tokens, whole.line_ends)
        assert parts.nats != whole.nats
    first, second = (model.evaluate(SENTENCES[a:b]).nats for a, b in ((0, 501), (500, 1001)))
    assert_close(model.evaluate(SENTENCES[:1001], rows=2).nats, first + second, "loss", np.float32)
    longer = model.evaluate(SENTENCES[500:1002]).nats  # the remaining tokens continue the last part
    assert_close(model.evaluate(SENTENCES[:1002], rows=2).nats, first + longer, "loss", np.float32)


def test_measures_say_what_was_counted() -> None:
    assert Measures("character", 100, 150.0, 100, 3, 7).describe().splitlines() == [
        "nats per character       1.5000",
        "bits per character       2.1640",
        "perplexity per character 4.48",
        "characters predicted     100, of them 3 unknown (predicted as <unk>) and 7 ends of a line",
    ]
    assert Measures("bpe", 50, 150.0, 100, 0, 7, words=25).describe().splitlines() == [
        "nats per byte pair              3.0000",
        "bits per character              2.1640",
        "perplexity per byte pair        20.09",
        "perplexity per white-space word 403.43",
        "perplexity per character        4.48",
        "byte pairs predicted            50, of them 0 unknown (predicted as <unk>) and 7 ends of a line",
    ]
    assert Measures("word", 10, 1e6, 40, 0, 0).perplexity == float("inf")


TOKENIZED = "the <unk> did n't  pay $ N .\n it 's  over\n\n"


@pytest.mark.parametrize("unit", UNITS)
def test_words_of_a_text_are_the_same_for_every_unit(unit: str) -> None:
    """Words and ends of lines by hand: 8 + 1, 3 + 1, 1; the first word has begun before the first prediction."""
    model = small(unit=unit, epochs=1, vocabulary_size="auto" if unit != "bpe" else 300).fit(TOKENIZED * 30)
    measures = model.evaluate(TOKENIZED)
    assert measures.words == 13 and measures.line_ends == 3
    assert measures.perplexity_per_word == pytest.approx(np.exp(measures.nats / 13), rel=1e-12)
    if unit == "whitespace":
        assert measures.tokens == 13 and measures.perplexity == measures.perplexity_per_word
        assert measures.unknown == 1  # the file's own <unk>
        # "<unk> did n't pay $ N ." with seven spaces before its words, "it 's over" with two, three ends of lines
        assert measures.characters == 5 + 3 + 3 + 3 + 1 + 1 + 1 + 7 + 2 + 2 + 4 + 2 + 3
    if unit == "word":
        assert measures.perplexity_per_character is None
    else:
        assert measures.perplexity_per_character == pytest.approx(2**measures.bits_per_character, rel=1e-12)


def test_bytes_inside_a_character_are_no_character() -> None:
    measures = (
        small(unit="bpe", epochs=1).fit(SENTENCES).evaluate("\u00e9")
    )  # two bytes, of which the second is predicted
    assert (measures.tokens, measures.characters, measures.bits_per_character) == (1, 0, None)
    assert measures.describe().splitlines()[1].startswith("perplexity per byte pair")


def test_a_probability_counts_as_the_least_that_its_precision_has() -> None:
    nats = {}
    for dtype in ("float32", "float64"):
        model = small(dtype=dtype, epochs=1).fit(CIRCLE)
        bias = model.network_.parameters["output.b_y"]
        bias[...], bias[1] = -200.0, 0.0
        nats[dtype] = model.evaluate(model.vocabulary_.decode([2, 2])).nats
    assert nats["float32"] == pytest.approx(126 * log(2), rel=1e-6)  # 2**-126 is the least normal number
    assert 180 < nats["float64"] < 220


def test_the_vocabulary_comes_from_the_part_that_is_learned_from() -> None:
    model = small(validation_fraction=0.25).fit("abcd" * 75 + "abce" * 25)
    assert set(model.vocabulary_.tokens) == {"<unk>", "a", "b", "c", "d"}
    assert model.validation_ is not None
    assert (model.validation_.tokens, model.validation_.unknown) == (99, 25)


@pytest.mark.parametrize("unit", UNITS)
def test_odd_signs_can_be_learned_and_measured(unit: str) -> None:
    model = small(unit=unit, epochs=1).fit((ODD + "\n") * 30)
    measures = model.evaluate(ODD + "☂")
    assert np.isfinite(measures.nats) and measures.unknown == (1 if unit == "bpe" else 2)
    model.generate(length=50).encode("utf-8")


def test_files_and_texts_give_the_same_model(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCES)
    from_text, from_file = small(epochs=2).fit(SENTENCES), small(epochs=2).fit(tmp_path / "a.txt")
    from_folder = small(epochs=2).fit([tmp_path])
    np.testing.assert_array_equal(from_text.network_.theta, from_file.network_.theta)
    np.testing.assert_array_equal(from_text.network_.theta, from_folder.network_.theta)


def test_a_text_larger_than_memory_gives_the_same_model(monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = small(epochs=2).fit(SENTENCES)
    monkeypatch.setattr("elman.text.corpus.IN_MEMORY", 100)
    mapped = small(epochs=2).fit(SENTENCES)
    np.testing.assert_array_equal(mapped.network_.theta, in_memory.network_.theta)


def test_the_same_seed_gives_the_same_bits_with_any_number_of_threads() -> None:
    one, two = (small(epochs=2, n_threads=n, dropout=0.3).fit(SENTENCES) for n in (1, 2))
    np.testing.assert_array_equal(one.network_.theta, two.network_.theta)
    other = small(epochs=2, random_state=1).fit(SENTENCES)
    assert (other.network_.theta != one.network_.theta).any()


def test_best_parameters_are_kept_and_patience_ends_the_run() -> None:
    model = small(epochs=60, patience=2, learning_rate=0.05, schedule="constant", dropout=0.0).fit(SENTENCES[:600])
    scores = model.history_.score
    assert len(scores) < 60
    assert model.validation_ is not None
    assert model.validation_.nats_per_token == min(scores) < scores[-1]


def test_partial_fit_goes_on() -> None:
    model = small(learning_rate=0.01)
    for _ in range(12):
        model.partial_fit(CIRCLE)
    assert model.perplexity(CIRCLE) < 1.6
    updates = model.updates_
    tokens = model.vocabulary_.tokens
    model.partial_fit("abcdx" * 20)
    assert model.vocabulary_.tokens == tokens and model.updates_ > updates
    assert len(model.history_.loss) == model.updates_
    assert set(model.history_.learning_rate) == {0.01}


def test_partial_fit_keeps_the_newest_part_of_its_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elman.training.history._KEPT", 3)
    model = small(learning_rate=0.01)
    for _ in range(3):
        model.partial_fit(CIRCLE)
    assert model.updates_ > 3 and len(model.history_.loss) == len(model.history_.gradient_norm) == 3


def test_partial_fit_on_windows_takes_them_in_a_new_order_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[list[int]] = []
    original = TokenWindows.batch

    def spied(batches: TokenWindows, update: int) -> Any:
        batch = original(batches, update)
        orders[-1].extend(batch.x[0].tolist())
        return batch

    monkeypatch.setattr(TokenWindows, "batch", spied)
    model = small(training="windows", steps=4)
    for _ in range(3):
        orders.append([])
        model.partial_fit(SENTENCES[:200])
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(orders[2])
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_partial_fit_is_a_pass_of_a_fit_at_a_constant_rate() -> None:
    options: dict[str, Any] = {"schedule": "constant", "validation_fraction": 0.0, "dropout": 0.3}
    whole = small(epochs=3, **options).fit(SENTENCES)
    parts = small(epochs=3, **options)
    for _ in range(3):
        parts.partial_fit(SENTENCES)
    np.testing.assert_array_equal(parts.network_.theta, whole.network_.theta)


def test_resume_gives_the_bits_of_a_run_that_never_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = small(dropout=0.3).fit(SENTENCES)
    original = Trainer._one_update

    def killed(trainer: Trainer) -> None:
        if trainer.update == 31:
            raise KeyboardInterrupt
        original(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_one_update", killed)
        patch.setattr("elman.training.checkpoints.monotonic", iter(range(0, 10**6, 20)).__next__)
        with pytest.raises(KeyboardInterrupt):
            small(dropout=0.3).fit(SENTENCES, checkpoint_dir=tmp_path)
    assert list(tmp_path.iterdir())
    resumed = small(dropout=0.3).fit(SENTENCES, checkpoint_dir=tmp_path, resume=True)
    np.testing.assert_array_equal(resumed.network_.theta, expected.network_.theta)
    assert resumed.history_.loss == expected.history_.loss
    with pytest.raises(ArgumentError, match="holds the states of another run"):
        small(dropout=0.3).fit(SENTENCES + "x", checkpoint_dir=tmp_path, resume=True)


def test_an_interrupt_leaves_the_best_model(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Trainer._one_update

    def interrupted(trainer: Trainer) -> None:
        if trainer.update == 70:
            raise KeyboardInterrupt
        original(trainer)

    model = small()
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_one_update", interrupted)
        with pytest.raises(Interrupted):
            model.fit(SENTENCES)
    assert model.updates_ == 70
    assert model.validation_ is not None
    assert model.validation_.nats_per_token == min(model.history_.score)
    assert model.generate("to", length=5)


def test_ctrl_c_in_a_real_process(tmp_path: Path) -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from elman import LanguageModel\n"
        "from text.samples import SENTENCES, small\n"
        "model = small(epochs=100_000, validation_fraction=0.0)\n"
        "print('ready', flush=True)\n"
        "try:\n    model.fit(SENTENCES)\n"
        "except KeyboardInterrupt:\n    print(model.updates_ > 0, len(model.generate(length=5)))\n"
    )
    tests = str(Path(__file__).resolve().parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": tests}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert out == "True 5\n"


def test_fit_and_use_at_once_are_refused() -> None:
    model = small(epochs=150).fit(CIRCLE)
    thread = threading.Thread(target=model.fit, args=(CIRCLE,))
    thread.start()
    refused = 0
    while thread.is_alive():
        try:
            model.generate("a", length=1)
        except TrainingError:
            refused += 1
        time.sleep(0.001)
    thread.join()
    assert refused
    assert model.generate("a", length=3, temperature=0) == "bcd"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text is empty or blank."),
        (" \n ", "the text is empty or blank."),
        ("a", "the text is too short: the training part has 1 tokens, at least 2 are needed. Bring a longer text."),
        (
            "ab" * 7,
            (
                "the text is too short: the validation part, 0.1 of the text, has 1 tokens, at least 2 are needed. "
                "Bring a longer text, or hold nothing out with validation_fraction=0."
            ),
        ),
    ],
)
def test_short_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        small().fit(text)
    assert str(caught.value).split("\n")[0] == f"LanguageModel.fit: {message}"


def test_epochs_without_end_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"LanguageModel\.fit: epochs .*1000000000, got 1000000000000"):
        small(epochs=10**12).fit(CIRCLE)


def test_the_shortest_texts_that_can_be_learned() -> None:
    small(validation_fraction=0.0, epochs=1).fit("ab")
    model = small(validation_fraction=0.0, epochs=1).fit("aaaa")
    assert model.generate(length=3) == "aaa"
    with pytest.raises(DataError, match="evaluate: the text must have at least 2 tokens, got 1"):
        model.evaluate("a")
    with pytest.raises(DataError, match=r"LanguageModel\.evaluate: the text is empty or blank"):
        model.evaluate("")
    with pytest.raises(DataError, match="has 48 tokens, at least 64 are needed"):  # before any training
        small(training="windows", steps="auto", epochs=10**9).fit("abcdefg " * 60)
    windows = small(training="windows", steps=4, validation_fraction=0.0, epochs=1)
    with pytest.raises(DataError, match="has 3 tokens, at least 4 are needed"):
        windows.fit("abc")
    with pytest.raises(DataError, match="at least a window of 4 tokens, got 3"):
        windows.fit("abcd").evaluate("abc")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "letter"}, "unit must be one of 'character', 'word', 'whitespace', 'bpe', got 'letter'."),
        ({"epochs": 0}, 'epochs must be "auto" or an integer of at least 1, got 0.'),
        ({"hidden_size": 1.5}, 'hidden_size must be "auto" or an integer of at least 1, got 1.5.'),
        ({"embedding_size": 0}, 'embedding_size must be "auto", None or an integer of at least 1, got 0.'),
        ({"dropout": 1.0}, "dropout must be a number in [0, 1), got 1."),
        ({"learning_rate": float("nan")}, "learning_rate must be a number in (0, inf), got nan."),
        ({"validation_fraction": 1.0}, "validation_fraction must be a number in [0, 1), got 1."),
        ({"vocabulary_size": 1}, "vocabulary_size must be an integer between 2 and 50000, got 1."),
        (
            {"vocabulary_size": 256, "unit": "bpe"},
            "vocabulary_size must be an integer between 257 and 50000, got 256.",
        ),
        ({"clip_norm": 0.0}, "clip_norm must be a number in (0, inf), got 0."),
        (
            {"patience": 3, "validation_fraction": 0.0},
            "patience needs a part held out for validation. Pass validation_fraction=0.05.",
        ),
        (
            {"schedule": "plateau", "validation_fraction": 0.0},
            'the schedule "plateau" needs a part held out for validation. Pass validation_fraction=0.05.',
        ),
        (
            {"tied_weights": True, "embedding_size": None},
            (
                "tied weights need embeddings of as many values as there are hidden units, got one-hot rows. "
                "Leave embedding_size out."
            ),
        ),
        (
            {"tied_weights": True, "embedding_size": 4, "hidden_size": 8},
            (
                "tied weights need embeddings of as many values as there are hidden units, got 4 values and 8 units. "
                "Leave embedding_size out."
            ),
        ),
        (
            {"tied_weights": True, "embedding_size": 8, "hidden_size": 8, "cell": "lstm", "projection_size": 4},
            (
                "tied weights need embeddings of as many values as the projection has, got 8 values and "
                "projection_size=4. Leave embedding_size out."
            ),
        ),
        (
            {"projection_size": 4},
            "projection_size is for an LSTM, and the cell is 'gru'. Pass cell=\"lstm\", or leave projection_size out.",
        ),
        ({"forget_bias": 1.0}, "forget_bias needs cell='lstm', got cell='gru'."),
        ({"init_scale": 1.0}, "init_scale needs init='uniform', got init='default'."),
        (
            {"random_state": "today"},
            "random_state must be an integer between 0 and 4294967295, a RandomState or None, got 'today'.",
        ),
        (
            {"random_state": -1},
            "random_state must be an integer between 0 and 4294967295, a RandomState or None, got -1.",
        ),
        ({"training": "windows", "steps": 1}, "a window needs at least 2 steps: the last is the label. Pass steps=2."),
    ],
)
def test_parameters_outside_their_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        LanguageModel(**options).fit("no work is done")
    assert str(caught.value) == f"LanguageModel.fit: {message}"


def test_nothing_works_before_fit() -> None:
    for call in (
        lambda m: m.evaluate("ab"),
        lambda m: m.generate(),
        lambda m: m.predict_proba(),
        lambda m: m.save("x"),
    ):
        with pytest.raises(NotFittedError, match="this LanguageModel is not fitted yet; call fit first"):
            call(LanguageModel())


def test_unknown_arguments_get_a_hint() -> None:
    for name, parameter in (("seq_length", "steps"), ("num_units", "hidden_size")):  # which has nothing to do with unit
        with pytest.raises(ArgumentError) as caught:
            LanguageModel(**{name: 3})  # type: ignore[arg-type]
        assert str(caught.value) == f"LanguageModel: there is no argument {name!r}.\n  Hint: {name}: see {parameter}."


def test_it_is_an_estimator() -> None:
    model = small(unit="word")
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert repr(LanguageModel(unit="word")) == "LanguageModel(unit='word')"


def test_what_is_chosen_for_texts_of_several_lengths() -> None:
    found = {n: rule_size(LanguageModel(), n) for n in (1000, 20_001, 300_000, 1_003_854, 10**9)}
    assert [size.hidden_size for size in found.values()] == [64, 128, 256, 512, 512]
    assert [size.epochs for size in found.values()] == [100, 100, 33, 10, 1]
    assert [size.batch_size for size in found.values()] == [1, 19, 32, 32, 32]
    word = rule_size(LanguageModel(unit="word"), 10**6)
    assert (word.embedding_size, word.steps) == (512, 35)
    assert rule_size(LanguageModel(embedding_size=None), 10).embedding_size is None
    windows = rule_size(LanguageModel(unit="word", training="windows", steps=5), 100_000)
    assert (windows.epochs, windows.batch_size) == (25, 32)  # each of 100,000 windows reads 4 words
    assert rule_size(LanguageModel(training="windows"), 1_000_000).epochs == 1


def test_progress_tells_speed_loss_and_perplexity(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    monkeypatch.setattr(
        "elman.training.progress.Progress.advance", lambda bar, note="", *values, count=1: notes.append(note)
    )
    small(epochs=2, progress=True).fit(SENTENCES)
    notes = [note for note in notes if "tokens/s" in note]
    assert "tokens/s, loss " in notes[-1]
    assert ", perplexity " in notes[-1] and ", best validation " in notes[-1]


def test_a_learning_rate_that_is_too_high_is_named() -> None:
    with pytest.warns(ElmanWarning) as caught:
        small(epochs=40, learning_rate=100.0).fit(SENTENCES)
    (said,) = [str(warning.message) for warning in caught if isinstance(warning.message, ConvergenceWarning)]
    assert said.startswith("LanguageModel.fit: training made the loss worse: ") and said.endswith(
        "Lower learning_rate."
    )
