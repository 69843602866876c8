"""The lessons by name, with their titles, in the order of a course.

This module imports nothing, so that the command lists the lessons without working them.
"""

from __future__ import annotations

LESSONS = {
    "by-hand-sum": "One unit learns to add: a recurrent network worked by hand",
    "window-forecast": "A sliding window over a series: gradients of one step and of all steps",
    "fed-back-forecast": "A forecast fed back into its window",
    "stock-and-gold": "Stock and gold: two series are two channels",
    "sine-two-lags": "A sine wave from two lags: a simple recurrent network, then an LSTM",
    "next-word": "The next word: from one step to a sum of paths",
    "next-word-from-three": "Many to one: the next word after three",
    "sequence-to-vector": "From a sequence to one answer",
    "sequence-to-sequence": "From a sequence to an answer at every step",
    "shapes": "The shape of every matrix",
    "lstm": "An LSTM, gate by gate",
    "gru": "A GRU, gate by gate",
    "truncated-bptt": "Truncated backpropagation through time",
    "vanishing-gradients": "Vanishing and exploding gradients",
    "losses": "The derivatives that backpropagation starts from",
}
