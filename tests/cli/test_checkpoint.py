"""``--checkpoint`` and ``--resume``: a stopped command continues, with the result of an uninterrupted run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from elman.cli.app import app
from elman.training import Trainer, checkpoints

COMMANDS = ["forecast", "classify"]


@pytest.fixture
def words(small: None, sales: Path, tmp_path: Path, request: pytest.FixtureRequest) -> list[str]:
    """The command without its options about states."""
    if request.param == "forecast":
        return ["forecast", str(sales), "--horizon", "4", "--backtest", "2", "--method", "network", "--window", "5"]
    rows = [f"{i},{t},{i % 2 * 2 - 1 + 0.1 * t},{i % 2}" for i in range(10) for t in range(4)]
    (tmp_path / "steps.csv").write_text("id,t,x,label\n" + "\n".join(rows))
    return ["classify", "train", str(tmp_path / "steps.csv"), "--updates", "6", "--hidden-size", "3"]


def run(words: list[str], *more: object) -> Any:
    return CliRunner().invoke(app, [*words, *[str(word) for word in more]])


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that simulates Ctrl-C after the given number of updates of the command."""
    left, real = [-1], Trainer._one_update

    def one_update(trainer: Trainer) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        real(trainer)

    monkeypatch.setattr(Trainer, "_one_update", one_update)
    monkeypatch.setitem(checkpoints.Checkpoints.__init__.__kwdefaults__, "seconds", 0.0)
    return lambda updates: left.__setitem__(0, updates)


@pytest.mark.parametrize("words", COMMANDS, indirect=True)
def test_stopped_and_resumed(words: list[str], stop: Callable[[int], None], tmp_path: Path) -> None:
    whole = run(words, "--save", tmp_path / "whole")
    assert whole.exit_code == 0
    for updates, threads in ((2, ["--threads", 1]), (5, ["--threads", 1]), (14, [])):
        stop(updates)
        folder, model = tmp_path / f"states {updates}", tmp_path / f"resumed {updates}"
        stopped = run(words, "--checkpoint", folder, "--save", model)
        assert stopped.exit_code == 130 and not model.exists()
        assert f"The state of the training is in {folder}; --resume goes on from it.\nStopped.\n" in stopped.stderr
        assert "Traceback" not in stopped.output
        refused = run(words, "--checkpoint", folder, "--quiet")
        assert refused.exit_code == 2
        assert refused.stderr.endswith(
            f"{folder} holds the states of a run. Pass --resume to go on with it, or name another folder.\n"
        )
        stop(-1)
        resumed = run(words, "--checkpoint", folder, "--resume", *threads, "--save", model)
        assert resumed.exit_code == 0
        assert resumed.stdout == whole.stdout
        assert resumed.stderr == whole.stderr
    assert model.read_bytes() == (tmp_path / "whole").read_bytes()  # with as many threads


@pytest.mark.parametrize("words", COMMANDS, indirect=True)
def test_another_file_or_option_is_refused(words: list[str], tmp_path: Path) -> None:
    assert run(words, "--checkpoint", tmp_path / "states").exit_code == 0
    other = run(words, "--checkpoint", tmp_path / "states", "--resume", "--seed", 1, "--quiet")
    assert other.exit_code == 2 and other.stderr.endswith("another run: seed was 0 and is 1.\n")
    file = Path(next(word for word in words if word.endswith(".csv")))
    file.write_text(file.read_text() + "\n")
    other = run(words, "--checkpoint", tmp_path / "states", "--resume", "--quiet")
    assert other.exit_code == 2 and other.stderr.endswith("another run: the data differ.\n")


@pytest.mark.parametrize("words", COMMANDS, indirect=True)
def test_wrong_usage(words: list[str], tmp_path: Path) -> None:
    done = run(words, "--resume", "--quiet")
    assert (done.exit_code, done.stderr) == (2, "Error: --resume needs --checkpoint FOLDER to go on from.\n")
    (tmp_path / "file").write_text("")
    done = run(words, "--checkpoint", tmp_path / "file", "--quiet")
    assert (done.exit_code, done.stderr) == (2, f"Error: --checkpoint {tmp_path / 'file'}: is not a folder.\n")
