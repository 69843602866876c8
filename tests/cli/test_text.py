"""``elman text``: results to stdout, messages to stderr, exit codes, files whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import elman
from cli.commands import files
from elman import LanguageModel
from elman.cli.app import app

QUICK = ["--hidden-size", "8", "--epochs", "2", "--steps", "10", "--batch-size", "4"]
LINES = "to be or not to be, that is the question.\n" * 40


@pytest.fixture
def run() -> Callable[..., Any]:
    return lambda *words: CliRunner().invoke(app, ["text", *[str(word) for word in words]])


@pytest.fixture
def play(tmp_path: Path) -> Path:
    path = tmp_path / "play.txt"
    path.write_text(LINES)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "play.model"
    LanguageModel(hidden_size=16, epochs=15, learning_rate=0.02, random_state=0).fit(LINES).save(path)
    return path


def test_train_measures_shows_a_sample_and_saves(run: Callable[..., Any], play: Path, tmp_path: Path) -> None:
    done = run("train", play, *QUICK, "--save", tmp_path / "model")
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        "vocabulary of 17 tokens (unit: character); embedding of 64, GRU of 8 units, 3,001 parameters; 74 updates."
    ]
    lines = done.stdout.splitlines()
    assert lines[0] == "The last 10% of the text, which the model has not learned from:"
    assert lines[1].startswith("nats per character              ")
    assert lines[4].startswith("perplexity per white-space word ")
    assert lines[5].startswith("characters predicted            167, of them 0 unknown")
    assert lines[7] == "What it writes:"
    assert files(tmp_path) == ["model", "play.txt"]
    direct = LanguageModel(hidden_size=8, epochs=2, steps=10, batch_size=4, random_state=0).fit(play)
    assert elman.load(tmp_path / "model").generate(length=50) == direct.generate(length=50)


def test_without_save_nothing_is_written_and_that_is_said_first(
    run: Callable[..., Any], play: Path, tmp_path: Path
) -> None:
    done = run("train", play, *QUICK)
    assert done.stderr.splitlines()[0] == "The model will not be kept; --save MODEL keeps it."
    assert files(tmp_path) == ["play.txt"]
    assert run("train", play, *QUICK, "--quiet").stderr == ""


def test_levels_presets_and_folders(run: Callable[..., Any], play: Path, tmp_path: Path) -> None:
    for words in (
        ["--unit", "word"],
        ["--unit", "bpe", "--vocabulary-size", "260"],
        ["--preset", "char-rnn", "--cell", "lstm"],
        ["--preset", "zaremba-small", "--dropout", "0.1", "--learning-rate", "1"],
    ):
        assert run("train", tmp_path, *QUICK, "--save", tmp_path / "model", *words).exit_code == 0, words
        loaded = elman.load(tmp_path / "model")
        assert loaded.hidden_size == 8
        assert run("evaluate", tmp_path / "model", play).exit_code == 0
    assert (loaded.unit, loaded.learning_rate, loaded.num_layers) == ("whitespace", 1.0, 2)


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        (["--training", "windows", "--steps", 5], {"training": "windows", "steps": 5}),
        (["--embedding-size", "one-hot", "--cell", "rnn"], {"embedding_size": None, "cell": "rnn"}),
        (["--embedding-size", 12, "--num-layers", 2], {"embedding_size": 12, "num_layers": 2}),
        (["--cell", "lstm", "--projection-size", 5], {"cell": "lstm", "projection_size": 5}),
        (["--layer-norm", "--steps", 5], {"layer_norm": True, "steps": 5}),
        (["--tied-weights", "--normalization", "none"], {"tied_weights": True, "normalization": "none"}),
        (["--optimizer", "sgd", "--learning-rate", 1], {"optimizer": "sgd", "learning_rate": 1.0}),
        (["--schedule", "constant", "--clip-norm", 0.1], {"schedule": "constant", "clip_norm": 0.1}),
        (["--dropout", 0.1, "--recurrent-dropout", 0.2], {"dropout": 0.1, "recurrent_dropout": 0.2}),
        (["--min-count", 30, "--vocabulary-size", 9], {"min_count": 30, "vocabulary_size": 9}),
        (["--validation-fraction", 0.3, "--patience", 1], {"validation_fraction": 0.3, "patience": 1}),
    ],
)
def test_options_are_the_parameters_of_the_library(
    words: list[Any], parameters: dict[str, Any], run: Callable[..., Any], play: Path, tmp_path: Path
) -> None:
    done = run("train", play, *QUICK, *words, "--save", tmp_path / "model", "--quiet")
    assert done.exit_code == 0, done.stderr
    usual = {"hidden_size": 8, "epochs": 2, "steps": 10, "batch_size": 4, "random_state": 0}
    direct = LanguageModel(**(usual | parameters)).fit(play)
    loaded = elman.load(tmp_path / "model")
    assert {name: loaded.get_params()[name] for name in parameters} == parameters
    assert loaded.predict_proba("to be").tolist() == direct.predict_proba("to be").tolist()


def test_a_recipe_can_be_changed(run: Callable[..., Any], play: Path, tmp_path: Path) -> None:
    words = ["--preset", "char-rnn", "--cell", "gru", "--embedding-size", 4, "--optimizer", "adam"]
    refused = run("train", play, *QUICK, *words)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        "Error: LanguageModel.preset: the optimizer 'adam' needs a learning rate of its own; 0.002 is for 'rmsprop'. "
        "Pass --learning-rate.\n"
    )
    assert run("train", play, *QUICK, *words, "--learning-rate", 0.01, "--save", tmp_path / "model").exit_code == 0
    loaded = elman.load(tmp_path / "model")
    assert (loaded.cell, loaded.embedding_size, loaded.optimizer, loaded.clip_value) == ("gru", 4, "adam", 5.0)


def test_evaluate_prints_measures(run: Callable[..., Any], model: Path, play: Path) -> None:
    done = run("evaluate", model, play)
    measures = LanguageModel.load(model).evaluate(play)
    assert done.exit_code == 0 and done.stderr == ""
    assert done.stdout == measures.describe() + "\n"
    faster = run("evaluate", model, play, "--rows", 4)
    assert faster.stdout == LanguageModel.load(model).evaluate(play, rows=4).describe() + "\n" != done.stdout
    costs = run("evaluate", model, play, "--rows", 4, "--precision", "int8")
    assert costs.stdout == f"{faster.stdout}{LanguageModel.load(model).quantization_report(play, rows=4)}\n"


def test_generate_with_and_without_following(run: Callable[..., Any], model: Path) -> None:
    options = ["--prompt", "to be", "--length", 30, "--seed", 3, "--temperature", "0.8", "--top-k", 5, "--top-p", 0.9]
    done, followed = run("generate", model, *options), run("generate", model, *options, "--follow")
    expected = LanguageModel.load(model).generate("to be", length=30, seed=3, temperature=0.8, top_k=5, top_p=0.9)
    assert done.exit_code == 0
    assert done.stdout == followed.stdout == f"to be{expected}\n"
    stopped = run("generate", model, "--prompt", "to be or", "--temperature", 0, "--stop", "that")
    assert stopped.stdout == "to be or not to be, \n"
    expected = LanguageModel.load(model).generate("to be", length=30, seed=3, precision="int8")
    done = run("generate", model, "--prompt", "to be", "--length", 30, "--seed", 3, "--precision", "int8")
    assert done.stdout == f"to be{expected}\n"


def test_a_prompt_that_the_model_does_not_know_is_counted(run: Callable[..., Any], model: Path) -> None:
    done = run("generate", model, "--prompt", "to ☃😀", "--length", 3)
    assert done.exit_code == 0
    assert done.stderr == "--prompt: 2 of its tokens are unknown to the model.\n"
    assert done.stdout.startswith("to ☃😀")


def test_a_prompt_that_is_no_text_gives_utf8_all_the_same(model: Path) -> None:
    code = "from elman.cli import main; main()"
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    words = [sys.executable.encode(), b"-c", code.encode(), b"text", b"generate", os.fsencode(model)]
    done = subprocess.run(
        [*words, b"--prompt", b"to \xff\xe2\x98\x83", b"--length", b"5"], capture_output=True, env=environment
    )
    assert done.returncode == 0
    text = done.stdout.decode("utf-8")
    assert text.startswith("to ") and "unknown to the model" in done.stderr.decode()


def test_info_tells_what_a_model_is(run: Callable[..., Any], model: Path) -> None:
    done = run("info", model)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("vocabulary of 17 tokens (unit: character); embedding of 64, GRU of 16 units, ")
    assert lines[1].startswith("Tokens, the most frequent first: '<unk>' ' ' 't' ")
    assert lines[3] == "The last 10% of the text, which the model has not learned from:"
    assert lines[4].startswith("nats per character              ")
    assert "  hidden_size = 16" in lines


def test_info_lists_the_byte_pairs_that_were_merged(run: Callable[..., Any], play: Path, tmp_path: Path) -> None:
    words = ["--unit", "bpe", "--vocabulary-size", "261", "--save", tmp_path / "model"]
    assert run("train", play, *QUICK, *words, "--quiet").exit_code == 0
    assert (
        run("info", tmp_path / "model").stdout.splitlines()[1] == "The most frequent byte pairs: ' t' 'be' ' be' ' th'"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "nothing.txt"], "nothing.txt: no such file."),
        (["train", "play.txt", "--save", "no/model"], "--save no/model: there is no folder no."),
        (
            ["train", "play.txt", "--save", "play.txt"],
            "--save play.txt: would replace a file that is read; name another.",
        ),
        (["train", "play.txt", "--preset", "small"], "must be one of zaremba-small, zaremba-medium, char-rnn."),
        (["train", "play.txt", "--unit", "letter"], "--unit letter: must be one of character, word, whitespace, bpe."),
        (["train", "play.txt", "--cell", "xlstm"], "--cell xlstm: must be one of gru, lstm, rnn."),
        (["train", ".", "--save", "play.txt"], "--save play.txt: would replace a file that is read; name another."),
        (["train", "play.txt", "--training", "window"], "--training window: must be one of streams, windows."),
        (["train", "play.txt", "--optimizer", "lbfgs"], "--optimizer lbfgs: must be one of adam, rmsprop, sgd."),
        (["train", "play.txt", "--schedule", "linear"], "must be one of cosine, constant, step, plateau."),
        (["train", "play.txt", "--normalization", "nfd"], "--normalization nfd: must be one of nfc, none."),
        (["train", "play.txt", "--embedding-size", "0"], "0: must be one-hot or a number of at least 1."),
        (["train", "play.txt", "--embedding-size", "\u00b2"], "must be one-hot or a number of at least 1."),
        (
            ["train", "play.txt", "--tied-weights", "--embedding-size", "one-hot"],
            "hidden units, got one-hot rows. Leave --embedding-size out.",
        ),
        (
            ["train", "play.txt", "--tied-weights", "--embedding-size", 8, "--hidden-size", 9],
            "got 8 values and 9 units. Leave --embedding-size out.",
        ),
        (
            ["train", "play.txt", "--training", "windows", "--steps", "1"],
            "needs at least 2 steps: the last is the label. Pass --steps 2.",
        ),
        (["train", "play.txt", "--clip-norm", "0"], "--clip-norm must be a number in (0, inf), got 0."),
        (["train", "/dev/null"], "/dev/null is a pipe or a device; write the text to a file first."),
        (["train", "play.txt", "--dropout", "1"], "--dropout must be a number in [0, 1), got 1."),
        (["train", "play.txt", "--encoding", "klingon"], "there is no encoding 'klingon'."),
        (["train", "play.txt", "--resume"], "--resume needs --checkpoint FOLDER to go on from."),
        (["evaluate", "nothing", "play.txt"], "nothing: no such file."),
        (["evaluate", "play.txt", "nothing"], "nothing: no such file."),
        (["generate", "nothing"], "nothing: no such file."),
        (["info", "nothing"], "nothing: no such file."),
        (["generate", "play.model", "--temperature", "-1"], "temperature must be a number in [0, inf), got -1."),
        (["generate", "play.model", "--temperature", "nan"], "temperature must be a number in [0, inf), got nan."),
        (["generate", "play.model", "--top-p", "2"], "--top-p must be a number in (0, 1], got 2."),
        (
            ["generate", "play.model", "--top-k", "17"],
            "--top-k must be at most 16, the tokens of the vocabulary, got 17.",
        ),
        (["generate", "play.model", "--stop", ""], "stop must be one or several non-empty texts"),
    ],
)
def test_wrong_usage_ends_with_2(
    words: list[str],
    message: str,
    run: Callable[..., Any],
    play: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "play.model").write_bytes(model.read_bytes())
    done = run(*words)
    assert done.exit_code == 2
    assert message in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""
    assert files(tmp_path) == ["play.model", "play.txt"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the text is empty or blank."),
        (b" \n\n", "the text is empty or blank."),
        (b"x", "the text is too short: the training part has 1 tokens, at least 2 are needed."),
        (b"caf\xe9 caf\xe9", "byte 3 (0xe9) is not utf-8. Pass --encoding latin-1 or whichever it is."),
        ("text".encode("utf-16"), "starts like UTF-16. Pass --encoding utf-16."),
    ],
)
def test_bad_data_ends_with_1_and_leaves_no_file(
    data: bytes, message: str, run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "x.txt").write_bytes(data)
    done = run("train", tmp_path / "x.txt", *QUICK, "--save", tmp_path / "model")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ") and message in done.stderr
    assert files(tmp_path) == ["x.txt"]


def test_other_encodings_are_read_when_named(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(("un café, s'il vous plaît\n" * 20).encode("latin-1"))
    options = ["train", tmp_path / "x.txt", *QUICK, "--encoding", "latin-1", "--save", tmp_path / "model"]
    assert run(*options).exit_code == 0
    assert "é" in elman.load(tmp_path / "model").vocabulary_.tokens


def test_a_file_that_is_no_model_ends_with_1(run: Callable[..., Any], play: Path) -> None:
    for words in (["evaluate", play, play], ["generate", play], ["info", play]):
        done = run(*words)
        assert done.exit_code == 1
        assert "not an Elman file" in done.stderr


def test_checkpoints_go_on(run: Callable[..., Any], play: Path, tmp_path: Path) -> None:
    folder = tmp_path / "states"
    first = run("train", play, *QUICK, "--checkpoint", folder, "--quiet")
    assert first.exit_code == 0 and len(files(folder)) == 1
    assert run("train", play, *QUICK, "--checkpoint", folder, "--resume", "--quiet").stdout == first.stdout
    refused = run("train", play, *QUICK, "--checkpoint", folder)
    assert refused.exit_code == 2 and "Pass --resume to go on with it" in refused.stderr


def test_ctrl_c_keeps_the_best_model(play: Path, tmp_path: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from elman.training import Checkpoints; Checkpoints.__init__.__kwdefaults__['seconds'] = 0.1\n"
        "from elman.cli import main; main()"
    )
    words = ["text", "train", str(play), *QUICK, "--epochs", "1000000", "--save", str(tmp_path / "model")]
    states = tmp_path / "states"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words, "--checkpoint", str(states)], stderr=subprocess.PIPE, text=True
    )
    deadline, kept = time.monotonic() + 60, set[str]()
    while len(kept) < 20 and time.monotonic() < deadline:  # until a few updates are done on a busy machine
        time.sleep(0.05)
        kept |= set(files(states)) if states.is_dir() else set()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines() == [
        f"The state of the training is in {states}; --resume goes on from it.",
        f"Stopped. The best model so far is in {tmp_path / 'model'}.",
    ]
    model = LanguageModel.load(tmp_path / "model")
    assert model.perplexity(LINES) < len(model.vocabulary_)  # the model has learned after few epochs
