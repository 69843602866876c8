"""The notes' next word: windows over a sentence, words as indices or one-hot rows, labels likewise."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from elman import Architecture, LanguageModel, Network
from elman.text import TokenWindows, Vocabulary
from elman.training import Objective, Settings, Trainer
from tolerances import assert_close

SENTENCE = "the cat sat on the mat and the dog sat on the rug while the bird sang to the cat and the dog"


def long_text() -> str:
    """Return 300 different words; word i occurs i + 1 times."""
    return " ".join(f"w{i}" for i in range(300) for _ in range(i + 1))


@pytest.mark.parametrize("words", [3, 5])
def test_windows_over_a_sentence(words: int) -> None:
    vocabulary = Vocabulary.learn([SENTENCE], unit="word")
    ids = vocabulary.encode(SENTENCE)
    batch = TokenWindows(ids, batch_size=100, window=words).batch(0)
    said = SENTENCE.split()
    expected = {(*said[i : i + words - 1], said[i + words - 1]) for i in range(len(said) - words + 1)}
    found = {tuple(vocabulary.tokens[i] for i in (*batch.x[:, n], batch.y[n])) for n in range(batch.x.shape[1])}
    assert batch.x.shape == (words - 1, len(said) - words + 1)
    assert found == expected


def test_a_vocabulary_cut_to_101_words() -> None:
    vocabulary = Vocabulary.learn([long_text()], unit="word", size=101)
    assert len(vocabulary) == 101
    assert set(vocabulary.tokens) == {"<unk>", *(f"w{i}" for i in range(200, 300))}
    ids = vocabulary.encode("w299 w199 w200")
    assert ids.tolist() == [1, 0, 100]
    label = TokenWindows(np.append(ids, 100), 8, 3, one_hot=101).batch(0).y
    assert label.shape == (2, 101) and set(label.argmax(axis=1)) == {100}


@pytest.mark.parametrize("words", [3, 5])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_a_label_as_index_and_as_one_hot_row_teach_the_same(words: int, cell: str) -> None:
    ids = Vocabulary.learn([long_text()], unit="word", size=101).encode(long_text())[-200:]
    architecture = Architecture(
        None, 101, cell=cell, hidden_size=6, vocabulary_size=101, readout="last", output="softmax"
    )
    found = []
    for one_hot in (None, 101):
        network = Network.initialized(architecture, dtype=np.float64)
        batches = TokenWindows(ids, 16, words, one_hot=one_hot)
        settings = Settings(updates=20, loss="categorical_cross_entropy", optimizer="sgd", learning_rate=0.5)
        history = Trainer(network, batches, settings).run()
        found.append((network.theta, history.loss))
    assert_close(found[0][0], found[1][0], "same sums")
    assert_close(found[0][1], found[1][1], "same sums")


def test_an_index_picks_what_a_one_hot_row_multiplies() -> None:
    index = Architecture(None, 101, hidden_size=6, vocabulary_size=101, readout="last", output="softmax")
    rows = Architecture(101, 101, hidden_size=6, readout="last", output="softmax")
    network = Network.initialized(index, dtype=np.float64)
    same = Network(rows, network.theta.copy())
    x, y = np.array([[7, 100], [0, 3]]), np.array([5, 50])
    outcomes = []
    for net, x_t in ((network, x), (same, np.eye(101)[x])):
        tape = net.forward(x_t)
        loss, do = Objective("categorical_cross_entropy", "softmax")(tape.o, y)
        outcomes.append((loss, net.backward(tape, do).copy()))
    assert_close(outcomes[0][0], outcomes[1][0], "same sums")
    assert_close(outcomes[0][1], outcomes[1][1], "same sums")


@pytest.mark.parametrize("words", [3, 5])
@pytest.mark.parametrize("embedding_size", [None, 8])
def test_the_next_word_is_learned(words: int, embedding_size: int | None) -> None:
    model = LanguageModel(
        unit="word",
        vocabulary_size=101,
        cell="rnn",
        training="windows",
        steps=words,
        embedding_size=embedding_size,
        hidden_size=16,
        epochs=60,
        learning_rate=0.02,
        dropout=0.0,
        validation_fraction=0.0,
        random_state=0,
    ).fit(SENTENCE)
    assert model.network_.architecture.readout == "last"
    said, following = SENTENCE.split(), defaultdict(set)
    for i in range(len(said) - words + 1):
        following[" ".join(said[i : i + words - 1])].add(said[i + words - 1])
    learnable = {before: min(after) for before, after in following.items() if len(after) == 1}
    assert len(learnable) >= 12
    for before, after in learnable.items():
        assert model.vocabulary_.tokens[model.predict_proba(before).argmax()] == after
    # tokens before the window have no influence
    last = " ".join(SENTENCE.split()[: words - 1])
    np.testing.assert_array_equal(model.predict_proba(f"dog dog dog {last}"), model.predict_proba(last))
