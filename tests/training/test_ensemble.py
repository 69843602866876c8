"""Many runs at once: the same results, one interrupt for all, the first error for all."""

from __future__ import annotations

import _thread

import numpy as np
import pytest

from elman.errors import ArgumentError, ElmanWarning, TrainingError
from elman.training import Batch, History, Trainer, train_ensemble
from training.runs import network, random_batches, score, trainer

SHARED = random_batches()


def member(seed: int, **options) -> Trainer:
    model = network(("rnn", "lstm", "gru")[seed % 3], seed, dropout=0.2)
    return trainer(SHARED.with_seed(seed), network=model, seed=seed, **{"updates": 40, **options})


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    alone = [member(seed, validate=score, validate_every=7) for seed in range(7)]
    for run in alone:
        run.run()
    for n_threads in (1, 2, 5, None):
        together = [member(seed, validate=score, validate_every=7) for seed in range(7)]
        train_ensemble(together, n_threads=n_threads)
        for actual, expected in zip(together, alone, strict=True):
            assert actual.history == expected.history
            np.testing.assert_array_equal(actual.network.theta, expected.network.theta)
            assert actual.callbacks == ()


def test_threads_are_shared_out() -> None:
    one, many = [member(0)], [member(seed) for seed in range(3)]
    train_ensemble(one, n_threads=2)
    train_ensemble(many, n_threads=2)
    assert [run.n_threads for run in one + many] == [2, 1, 1, 1]


def test_an_interrupt_stops_all_and_keeps_what_is_there() -> None:
    def press(run: Trainer) -> None:
        if run.update == 30:
            _thread.interrupt_main()

    runs = [member(0, updates=10**5, callbacks=[press]), *(member(seed, updates=10**5) for seed in range(1, 4))]
    starts = [run.network.theta.copy() for run in runs]
    with pytest.raises(KeyboardInterrupt):
        train_ensemble(runs, n_threads=2)
    assert 30 <= runs[0].update < 10**5
    assert [run.update for run in runs[2:]] == [0, 0]  # there was no thread for them yet
    for run, start in zip(runs, starts, strict=True):
        assert np.isfinite(run.network.theta).all()
        assert (run.network.theta != start).any() == (run.update > 0)
    runs[0].run(until=runs[0].update + 5)  # and each can go on


def test_the_first_error_stops_all() -> None:
    class Spoiled:
        epoch_length = None

        def batch(self, update: int) -> Batch:
            batch = SHARED.with_seed(0).batch(update)
            return batch._replace(y=batch.y * np.float32(np.nan)) if update == 5 else batch

    runs = [member(1, updates=10**6), trainer(Spoiled(), network=network())]
    with pytest.raises(TrainingError, match="the loss is nan at update 6"):
        train_ensemble(runs, n_threads=2)
    assert runs[0].update < 10**5


def test_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^train_ensemble: n_threads must be an integer of at least 1, got 0\.$"):
        train_ensemble([member(0)], n_threads=0)


def test_training_that_ends_while_it_learns_says_so() -> None:
    scores = [10.0, 9.0, 8.0, 7.0, 6.5, 6.0, 5.5, 5.0, 4.5, 4.0, 3.5, 3.0]
    assert History(score=scores).still_learning
    assert not History(score=scores[:11]).still_learning  # too few to tell
    assert not History(score=[*scores, 3.1]).still_learning  # past its best
    assert not History(score=[*scores, *[3.0 - i / 100 for i in range(1, 13)]]).still_learning  # hardly better
    told = iter(scores)
    learner = member(1, updates=12, validate=lambda network: next(told), validate_every=1)
    with pytest.warns(ElmanWarning) as caught:
        train_ensemble([learner])
    assert str(caught[0].message) == (
        "training ended while it still learned: over its last quarter the validation score fell from 4.5 to 3. More "
        "updates, or epochs, will probably do better."
    )
