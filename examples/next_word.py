"""A lecture note's next word: windows over a sentence, words as indices or as one-hot rows.

A window of five words has four as input and the fifth as label::

    the cat sat on  ->  the
    cat sat on the  ->  mat
    ...

Words are numbered by frequency, up to a limit (the note keeps 101 of 29,600); the others are ``<unk>``. Index j selects
row j of the input weights, the product of a one-hot row and these weights. A label may also be an index or a one-hot
row; the loss and its gradients are the same.
"""

from __future__ import annotations

import numpy as np

from elman import LanguageModel
from elman.text import TokenWindows
from elman.training import Objective

SENTENCE = "the cat sat on the mat and the dog sat on the rug while the bird sang to the cat and the dog"

model = LanguageModel(
    unit="word",
    vocabulary_size=101,
    training="windows",
    steps=5,  # words of a window, label included
    embedding_size=None,  # one-hot, as in the note; a number trains a vector of that width for every word
    cell="rnn",
    hidden_size=16,
    epochs=60,
    learning_rate=0.02,
    dropout=0.0,
    validation_fraction=0.0,
    random_state=0,
).fit(SENTENCE)

ids = model.vocabulary_.encode(SENTENCE)
print(f"{len(model.vocabulary_)} words, the most frequent: {', '.join(model.vocabulary_.tokens[1:5])}")
print(f"as indices: {ids[:8]} ...")

for before in ("the cat sat on", "sat on the rug", "the bird sang to"):
    p = model.predict_proba(before)
    word = int(p.argmax())
    print(f"{before} -> {model.vocabulary_.tokens[word]} (p = {p[word]:.2f})")

losses = []
for one_hot in (None, len(model.vocabulary_)):
    batch = TokenWindows(ids, batch_size=8, window=5, one_hot=one_hot).batch(0)
    tape = model.network_.forward(batch.x)
    loss, gradient = Objective("categorical_cross_entropy", "softmax")(tape.o, batch.y)
    losses.append((loss, gradient.copy()))
    print(f"labels {batch.y.shape}: loss {loss:.6f}")
print(f"largest difference of the gradients: {np.abs(losses[0][1] - losses[1][1]).max():.1e}")
