"""A killed and resumed run gives the bits of an uninterrupted one; no other run may resume from it."""

from __future__ import annotations

import _thread
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from covering import covering
from elman import (
    ArgumentError,
    ElmanWarning,
    FileFormatError,
    Forecaster,
    LanguageModel,
    SequenceClassifier,
    SequenceRegressor,
    SequenceTagger,
)
from elman.errors import TrainingError
from elman.persistence import load_arrays, save_arrays
from elman.training import Checkpoints, Plateau, Trainer, checkpoints, fingerprint, same_seed, train_ensemble
from elman.training.identity import differences, plain
from training.runs import network, ordered_batches, random_batches, score, trainer

RUN = {"what": "a test"}


class Killed(BaseException):
    """Simulates a killed process."""


@contextmanager
def killed_after(saves: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kill the process after a number of states; states are written after every update."""
    left, real = [saves], save_arrays

    def save(*arguments: Any) -> None:
        if left[0] == 0:
            raise Killed
        real(*arguments)
        left[0] -= 1

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save_arrays", save)
        with pytest.raises(Killed):
            yield


def members(*, carried: bool = False, size: int = 2, cell: str = "lstm", dropout: float = 0.0, **options: Any) -> Any:
    made = []
    for seed in range(size):
        source = ordered_batches() if carried else random_batches(seed)
        model = network(cell, seed, num_layers=2, dropout=dropout, recurrent_dropout=dropout)
        made.append(trainer(source, network=model, seed=seed, **options))
    return made


def train(folder: Path | None, trainers: list[Trainer], resume: bool = False, **options: Any) -> list[Trainer]:
    if folder is None:
        train_ensemble(trainers, n_threads=1)
        return trainers
    with Checkpoints(folder, RUN, resume=resume, **{"seconds": 0, **options}):
        train_ensemble(trainers, n_threads=1)
    return trainers


def assert_same(actual: list[Trainer], expected: list[Trainer]) -> None:
    for one, other in zip(actual, expected, strict=True):
        assert one.history == other.history
        np.testing.assert_array_equal(one.network.theta, other.network.theta)
        (arrays, metadata), (others, fields) = one.state().to_arrays(), other.state().to_arrays()
        assert metadata == fields and arrays.keys() == others.keys()
        for name in arrays:
            np.testing.assert_array_equal(arrays[name], others[name], err_msg=name)


RUNS = {
    f"{cell} dropout {dropout} {'carried' if carried else 'drawn'}": (cell, dropout, carried)
    for cell, dropout, carried in product(("rnn", "lstm", "gru"), (0.0, 0.3), (False, True))
}


@pytest.mark.parametrize(("cell", "dropout", "carried"), [RUNS[name] for name in covering(RUNS, strength=2)])
def test_killed_at_any_state(
    cell: str, dropout: float, carried: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {
        "cell": cell, "dropout": dropout, "carried": carried, "updates": 9,
        "validate": score, "validate_every": 2, "patience": 3, "schedule": Plateau(patience=1),
    }  # fmt: skip
    whole = train(None, members(**options))
    for saves in (1, 3, 8, 9, 12):  # epochs have 3 updates, the first member up to 9, then the second begins
        folder = tmp_path / str(saves)
        with killed_after(saves, monkeypatch):
            train(folder, members(**options))
        assert_same(train(folder, members(**options), resume=True), whole)


def test_killed_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"carried": True, "dropout": 0.2, "validate": score}
    for _ in range(19):
        with killed_after(1, monkeypatch):
            train(tmp_path, members(**options), resume=True)
    assert_same(train(tmp_path, members(**options), resume=True), train(None, members(**options)))


def test_what_is_over_is_not_trained_again(tmp_path: Path) -> None:
    first = train(tmp_path, members(validate=score, validate_every=2, patience=2))
    again = members(validate=score, validate_every=2, patience=2)
    for each in again:
        each.callbacks = (lambda _: pytest.fail("trained again"),)
    assert_same(train(tmp_path, again, resume=True), first)


def test_a_run_that_stops_before_its_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short() -> list[Trainer]:
        return [Trainer(network(), random_batches(), trainer(updates=20).settings, stop_at=4)]

    whole = train(None, short())
    assert whole[0].update == 4 and whole[0].finished
    with killed_after(2, monkeypatch):
        train(tmp_path, short())
    assert_same(train(tmp_path, short(), resume=True), whole)
    assert_same(train(tmp_path, short(), resume=True), whole)


def test_stages_come_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def two_stages(folder: Path | None, resume: bool = False) -> list[Trainer]:
        def both() -> list[Trainer]:
            first = members(size=1, updates=3)
            train_ensemble(first, n_threads=1)
            more = 4 if first[0].history.loss[-1] > 0 else 5
            second = members(size=2, updates=more)
            train_ensemble(second, n_threads=1)
            return first + second

        if folder is None:
            return both()
        with Checkpoints(folder, RUN, resume=resume, seconds=0):
            return both()

    whole = two_stages(None)
    for saves in (2, 3, 5, 10):
        with killed_after(saves, monkeypatch):
            two_stages(tmp_path / str(saves))
        assert_same(two_stages(tmp_path / str(saves), resume=True), whole)


def test_the_last_three_are_kept_and_the_last_of_all(tmp_path: Path) -> None:
    train(tmp_path / "every", members(updates=7))
    train(tmp_path / "last", members(updates=7), seconds=1000.0)
    train(tmp_path / "one", members(updates=7), keep=1)
    name = "stage-01-member-{:02}-update-{:09}.elman"
    both = range(1, 3)
    assert set(os.listdir(tmp_path / "every")) == {name.format(m, u) for m in both for u in (5, 6, 7)}
    assert set(os.listdir(tmp_path / "last")) == set(os.listdir(tmp_path / "one")) == {name.format(m, 7) for m in both}


def stopped(folder: Path, monkeypatch: pytest.MonkeyPatch, updates: int = 6) -> list[Path]:
    """Leave three states of one trainer behind, the newest first."""
    with killed_after(updates, monkeypatch):
        train(folder, members(size=1))
    return sorted(folder.iterdir(), reverse=True)


@pytest.mark.parametrize("damage", ["cut off", "a bit", "empty", "another kind", "another's name", "gone"])
@pytest.mark.parametrize("count", [1, 2])
def test_falls_back_to_an_older_state(damage: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = stopped(tmp_path, monkeypatch)
    for path in files[:count]:
        data = path.read_bytes()
        if damage == "cut off":
            path.write_bytes(data[: len(data) // 2])
        elif damage == "a bit":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        elif damage == "empty":
            path.write_bytes(b"")
        elif damage == "another kind":
            path.unlink()
            network().save(path)
        elif damage == "another's name":
            path.write_bytes(files[2].read_bytes())
        else:
            path.unlink()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        resumed = train(tmp_path, members(size=1), resume=True)
    assert_same(resumed, train(None, members(size=1)))
    texts = [str(warning.message) for warning in caught]
    assert len(texts) == (0 if damage == "gone" else count)
    for text, path in zip(texts, files, strict=False):
        assert text.startswith(f"A checkpoint cannot be read, an older one is used: {path}: ")
    kept = sorted(int(re.findall(r"\d+", path.name)[-1]) for path in tmp_path.iterdir())
    assert kept == [8, 9, 10]  # the damaged ones went, the good ones stayed until newer ones were there


def test_a_damaged_state_does_not_push_out_good_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = stopped(tmp_path, monkeypatch)
    files[0].write_bytes(b"damaged")
    with pytest.warns(ElmanWarning, match="cannot be read"), killed_after(0, monkeypatch):
        train(tmp_path, members(size=1), resume=True, keep=1)
    assert files[1].exists()
    with pytest.warns(ElmanWarning, match="cannot be read"):
        assert_same(train(tmp_path, members(size=1), resume=True, keep=1), train(None, members(size=1)))


def test_no_state_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in stopped(tmp_path, monkeypatch):
        path.write_bytes(b"damaged")
    with (
        pytest.warns(ElmanWarning),
        pytest.raises(FileFormatError, match=r"no state in .* can be read; move them away"),
    ):
        train(tmp_path, members(size=1), resume=True)


def test_states_are_never_overwritten_by_a_new_run(tmp_path: Path) -> None:
    train(tmp_path, members(size=1))
    with pytest.raises(ArgumentError) as caught:
        train(tmp_path, members(size=1))
    assert str(caught.value) == (
        f"Checkpoints: {tmp_path} holds the states of a run. Pass resume=True to go on with it, or name another folder."
    )


def test_resume_where_nothing_is_begins(tmp_path: Path) -> None:
    assert_same(train(tmp_path / "a" / "b", members(), resume=True), train(None, members()))


def test_another_run_is_refused(tmp_path: Path) -> None:
    train(tmp_path, members(size=1))
    run = {"what": "another", "cell": "gru"}
    with pytest.raises(ArgumentError) as caught:
        Checkpoints(tmp_path, run, resume=True)
    assert str(caught.value) == (
        f"Checkpoints: {tmp_path} holds the states of another run: what was 'a test' and is 'another', "
        "cell was 'absent' and is 'gru'."
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"cell": "gru"}, "architecture.cell was 'lstm' and is 'gru', the first parameters differ."),
        ({"learning_rate": 0.1}, "settings.learning_rate was 0.01 and is 0.1."),
        ({"schedule": Plateau(), "validate": score, "validate_every": 1}, "settings.schedule.name was 'constant'"),
        ({"updates": 11}, "settings.updates was 10 and is 11, stop_at was 10 and is 11."),
    ],
)
def test_another_trainer_is_refused(changes: dict[str, Any], text: str, tmp_path: Path) -> None:
    train(tmp_path, members(size=1))
    with pytest.raises(ArgumentError) as caught:
        train(tmp_path, members(size=1, **changes), resume=True)
    name = "stage-01-member-01-update-000000010.elman"
    assert str(caught.value).startswith(f"{tmp_path / name} is the state of another trainer: ")
    assert text in str(caught.value)


def test_other_first_parameters_are_refused(tmp_path: Path) -> None:
    train(tmp_path, members(size=1))
    other = [trainer(random_batches(), network=network(seed=9, num_layers=2))]
    with pytest.raises(ArgumentError, match=r"another trainer: the first parameters differ\.$"):
        train(tmp_path, other, resume=True)


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ArgumentError, match="is not a folder; states need one"):
            Checkpoints(path, RUN)


def test_a_full_disk_does_not_end_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "save_arrays", refuse)
    with pytest.warns(ElmanWarning, match="A checkpoint was not written, training continues: .*No space left"):
        assert_same(train(tmp_path, members()), train(None, members()))


def test_leftovers_of_a_killed_process_are_swept(tmp_path: Path) -> None:
    train(tmp_path, members(size=1))
    (tmp_path / ".elman-0123456789abcdef.tmp").write_bytes(b"half a state")
    (tmp_path / "notes.txt").write_text("kept")
    train(tmp_path, members(size=1), resume=True)
    assert len(list(tmp_path.iterdir())) == 4 and (tmp_path / "notes.txt").exists()


def test_interrupted_by_the_user(tmp_path: Path) -> None:
    trainers = members()

    def interrupt(each: Trainer) -> None:
        if each.update == 4:
            _thread.interrupt_main()

    trainers[0].callbacks = (interrupt,)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, trainers, seconds=1000.0)
    assert list(tmp_path.iterdir())  # written before the interval is over
    assert_same(train(tmp_path, members(), resume=True), train(None, members()))


def test_a_failure_leaves_the_last_good_state(tmp_path: Path) -> None:
    def fail(each: Trainer) -> None:
        if each.update == 4:
            raise TrainingError("made up")

    trainers = members(size=1)
    trainers[0].callbacks = (fail,)
    with pytest.raises(TrainingError):
        train(tmp_path, trainers)
    assert max(path.name for path in tmp_path.iterdir()).endswith("000000003.elman")
    assert_same(train(tmp_path, members(size=1), resume=True), train(None, members(size=1)))


@pytest.mark.parametrize("field", ["kind", "run", "root", "stage", "member", "trainer", "state"])
def test_forged_states_are_refused(field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = stopped(tmp_path / "stopped", monkeypatch)[0].name
    arrays, metadata = load_arrays(tmp_path / "stopped" / name)
    whole = train(None, members(size=1))
    for number, value in enumerate(([None], -1, "text")):
        folder = shutil.copytree(tmp_path / "stopped", tmp_path / str(number))
        save_arrays(folder / name, arrays, metadata | {field: value})
        with pytest.warns(ElmanWarning, match=re.escape(str(folder / name))):
            assert_same(train(folder, members(size=1), resume=True), whole)


# Every task.

SERIES = 10.0 + np.sin(np.arange(48.0)) + 0.01 * np.arange(48.0)
SMALL: dict[str, Any] = {"hidden_size": 3, "ensemble_size": 2, "n_threads": 1, "random_state": 3}
RNG = np.random.default_rng(5)
SEQUENCES = [RNG.normal(size=(length, 2)) for length in RNG.integers(3, 7, 16)]
CLASSES = np.arange(16) % 2
TEXT = "to be or not to be, that is the question " * 8
TAGS = [x[:, 0] > 0 for x in SEQUENCES]


def forecaster(**options: Any) -> tuple[Any, tuple[Any, ...]]:
    shared = {"season": 6, "steps": 6, "updates": 5, "window": 7}
    return Forecaster(horizon=3, method="network", **SMALL, **shared | options), (SERIES,)


def classifier(**options: Any) -> tuple[Any, tuple[Any, ...]]:
    return SequenceClassifier(**SMALL, **{"updates": 6, "batch_size": 5} | options), (SEQUENCES, CLASSES)


def regressor(**options: Any) -> tuple[Any, tuple[Any, ...]]:
    return SequenceRegressor(**SMALL, **{"updates": 6, "batch_size": 5} | options), (SEQUENCES, CLASSES + 0.5)


def tagger(**options: Any) -> tuple[Any, tuple[Any, ...]]:
    return SequenceTagger(**SMALL, **{"updates": 6, "batch_size": 5} | options), (SEQUENCES, TAGS)


def text(**options: Any) -> tuple[Any, tuple[Any, ...]]:
    shape = {"hidden_size": 4, "steps": 8, "batch_size": 4 if options.get("training") == "streams" else 99}
    return LanguageModel(**shape, epochs=4, random_state=3, n_threads=1, **options), (TEXT,)


def streams(**options: Any) -> tuple[Any, tuple[Any, ...]]:
    return text(training="streams", **options)


def windows(**options: Any) -> tuple[Any, tuple[Any, ...]]:
    return text(training="windows", **options)


def every(make: Callable[..., tuple[Any, tuple[Any, ...]]], cell: str, dropout: float) -> Any:
    """Return a task whose networks have every kind of dropout that it knows, and an optimizer of the cell."""
    options: dict[str, Any] = {"cell": cell, "dropout": dropout}
    if make is not forecaster:
        options["recurrent_dropout"] = dropout
    if make in (classifier, regressor, tagger):
        options["optimizer"] = {"rnn": "rmsprop"}.get(cell, "adam")
    return make(**options)


MAKERS = (forecaster, streams, windows, classifier, regressor, tagger)
NETWORKS = {
    f"{make.__name__} {cell} dropout {dropout}": (make, cell, dropout)
    for make, cell, dropout in product(MAKERS, ("rnn", "lstm", "gru"), (0.0, 0.3))
}
TASKS: dict[str, Callable[[], tuple[Any, tuple[Any, ...]]]] = {
    **{name: partial(every, *NETWORKS[name]) for name in covering(NETWORKS, strength=2)},
    "forecaster carried": lambda: forecaster(carry_state=True),
    "forecaster last step": lambda: forecaster(loss_at="last", schedule="constant", optimizer="sgd"),
    "forecaster chooses": lambda: forecaster(window="auto", updates=2),
    "forecaster validates": lambda: forecaster(validation=True),
    "forecaster intervals": lambda: forecaster(intervals=2, updates=3),
    "text patience": lambda: text(training="streams", patience=1, decay_after=1, schedule="plateau"),
    "classifier early": lambda: classifier(early_stopping=True, patience=2, updates=12),
    "classifier early refit": lambda: classifier(early_stopping=True, refit=True, updates=6),
    "tagger early": lambda: tagger(early_stopping=True, patience=1, updates=12),
}


def answers(model: Any, data: tuple[Any, ...]) -> list[Any]:
    if isinstance(model, LanguageModel):
        return [model.perplexity(TEXT), model.network_.theta, vars(model.history_)]
    found = model.predict() if isinstance(model, Forecaster) else model.predict(data[0])
    return [found, [network.theta for network in model.networks_], [vars(history) for history in model.history_]]


@pytest.mark.parametrize("task", TASKS)
def test_every_task(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Checkpoints.__init__.__kwdefaults__, "seconds", 0.0)  # a state after every update
    model, data = TASKS[task]()
    expected = answers(model.fit(*data), data)
    for saves in (1, 4, 9):  # in the middle of an epoch, in the first member or the first stage, and later
        folder = tmp_path / str(saves)
        with killed_after(saves, monkeypatch):
            TASKS[task]()[0].fit(*data, checkpoint_dir=folder)
        again = TASKS[task]()[0].fit(*data, checkpoint_dir=folder, resume=True)
        np.testing.assert_equal(answers(again, data), expected)


@pytest.mark.parametrize("make", [forecaster, classifier], ids=["forecaster", "classifier"])
def test_seeds_that_nobody_fixed_are_kept(
    make: Callable[..., tuple[Any, tuple[Any, ...]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = make()
    model.set_params(random_state=None, **({"intervals": 2} if make is forecaster else {}))
    monkeypatch.setitem(Checkpoints.__init__.__kwdefaults__, "seconds", 0.0)
    with killed_after(8, monkeypatch):
        model.fit(*data, checkpoint_dir=tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    found = [answers(model.fit(*data, checkpoint_dir=tmp_path / name, resume=True), data) for name in ("one", "two")]
    np.testing.assert_equal(found[0], found[1])
    other = answers(model.fit(*data), data)
    assert not np.array_equal(other[1][0], found[0][1][0])  # the seeds are really drawn


def test_a_generator_as_random_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def model(seed: int) -> Any:
        return forecaster(intervals=2)[0].set_params(random_state=np.random.RandomState(seed))

    monkeypatch.setitem(Checkpoints.__init__.__kwdefaults__, "seconds", 0.0)
    expected = answers(model(1).fit(SERIES), (SERIES,))
    with killed_after(8, monkeypatch):
        model(1).fit(SERIES, checkpoint_dir=tmp_path)
    with pytest.raises(ArgumentError, match=r"another run: random_state was '"):
        model(2).fit(SERIES, checkpoint_dir=tmp_path, resume=True)
    np.testing.assert_equal(answers(model(1).fit(SERIES, checkpoint_dir=tmp_path, resume=True), (SERIES,)), expected)


def test_other_data_and_parameters_are_refused(tmp_path: Path) -> None:
    model, (series,) = forecaster()
    model.fit(series, checkpoint_dir=tmp_path)
    cases = [
        ({}, series + 1e-9, "the data differ."),
        ({"cell": "gru"}, series, "cell was 'lstm' and is 'gru'."),
        ({"random_state": 4}, series, "random_state was 3 and is 4."),
        ({"random_state": None}, series, "random_state was 3 and is None."),
    ]
    for changes, data, text in cases:
        other = forecaster()[0].set_params(n_threads=2, progress=True, **changes)  # these two are ignored
        with pytest.raises(ArgumentError) as caught:
            other.fit(data, checkpoint_dir=tmp_path, resume=True)
        assert str(caught.value) == f"Forecaster.fit: {tmp_path} holds the states of another run: {text}"
        assert not hasattr(other, "networks_")
    sequences = classifier()
    sequences[0].fit(*sequences[1], checkpoint_dir=tmp_path / "classes")
    with pytest.raises(ArgumentError, match=r"SequenceClassifier\.fit: .* another run: the data differ\.$"):
        classifier()[0].fit(SEQUENCES, 1 - CLASSES, checkpoint_dir=tmp_path / "classes", resume=True)


def test_resume_needs_a_folder() -> None:
    with pytest.raises(
        ArgumentError, match=r"^Forecaster\.fit: there is no folder to resume from\. Pass checkpoint_dir\.$"
    ):
        forecaster()[0].fit(SERIES, resume=True)
    with pytest.raises(ArgumentError, match="resume must be True or False"):
        forecaster()[0].fit(SERIES, resume="yes")


# Identities.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([np.arange(3)], [np.arange(3.0)]),
        ([np.arange(4)], [np.arange(4).reshape(2, 2)]),
        ([np.arange(2), np.arange(2)], [np.arange(4).reshape(2, 2)]),
        ([[np.arange(2)], np.arange(2)], [np.arange(2), [np.arange(2)]]),
        ([np.array(["a", "b"], object)], [np.array(["ab", ""], object)]),
        (["12"], [12]),
        ([b"12"], ["12"]),
        ([None], ["None"]),
        ([0.0], [-0.0]),
        ([np.zeros(0)], [np.zeros((0, 3))]),
    ],
)
def test_fingerprints_of_different_data_differ(one: list[Any], other: list[Any]) -> None:
    assert fingerprint(*one) == fingerprint(*one) != fingerprint(*other)


def test_fingerprints_do_not_depend_on_memory() -> None:
    array = np.arange(12.0).reshape(3, 4)
    for same in (np.asfortranarray(array), array.astype(">f8"), np.repeat(array, 2, axis=1)[:, ::2]):
        assert fingerprint(same) == fingerprint(array)


def test_plain_values_and_their_differences() -> None:
    assert plain({1: np.float32(0.5), "a": (None, np.inf, np.bool_(True))}) == {"1": 0.5, "a": [None, "inf", True]}
    assert plain(np.arange(3)) == fingerprint(np.arange(3))
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}) == "a.c was 2 and is 3"
    assert differences({"a": 1}, {"a": True}) == "a was 1 and is True"
    assert differences({}, dict.fromkeys("abcde", 0)).endswith("c was 'absent' and is 0 and 2 more")
    assert differences({"a": 1.0}, {"a": 1.0}) == ""


def test_without_a_run_seeds_are_as_drawn() -> None:
    assert same_seed(5, fixed=False) == same_seed(5, fixed=True) == 5
