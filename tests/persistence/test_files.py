"""Saved arrays load unchanged; a failed write leaves the old file."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from elman import ArgumentError
from elman.persistence import dump_arrays, files, load_arrays, parse_arrays, save_arrays, write_atomically

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ARRAYS = st.sampled_from(["f8", "f4", "i8", "i4", "u1", "?"]).flatmap(
    lambda dtype: nps.arrays(
        np.dtype(dtype),
        nps.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        elements={"allow_nan": False, "allow_infinity": False} if dtype[0] == "f" else None,
    )
)
NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,20}", fullmatch=True).filter(lambda name: name != "__metadata__")


@given(st.dictionaries(NAMES, ARRAYS, max_size=4), st.dictionaries(st.text(), PLAIN, max_size=4))
def test_round_trip(arrays: dict[str, np.ndarray], metadata: dict[str, Any]) -> None:
    data = dump_arrays(arrays, metadata)
    loaded, plain = parse_arrays(data)
    assert plain == metadata and list(loaded) == sorted(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype and loaded[name].shape == array.shape
        assert loaded[name].tobytes() == array.tobytes()  # bits, so that -0.0 stays -0.0
        assert loaded[name].flags.writeable and loaded[name].flags.aligned
    assert dump_arrays(dict(reversed(arrays.items())), dict(reversed(metadata.items()))) == data


def test_bytes_of_the_format() -> None:
    data = dump_arrays({"theta": np.array([1.0], np.float32)}, {"kind": "example"})
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    envelope = json.loads(header.pop("__metadata__")["elman"])
    assert header == {"theta": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    digest = envelope.pop("digest")
    assert envelope == {"format": "elman", "format_version": 1, "metadata": {"kind": "example"}}
    assert digest == hashlib.sha256(data.replace(digest.encode(), b"0" * 64)).hexdigest()
    assert data[8 + length :] == b"\x00\x00\x80\x3f"


def test_the_safetensors_library_reads_our_files(tmp_path: Path) -> None:
    save_arrays(tmp_path / "model", {"theta": np.arange(3.0)}, {"kind": "example"})
    with safetensors.safe_open(tmp_path / "model", framework="np") as file:
        assert file.get_tensor("theta").tolist() == [0.0, 1.0, 2.0]
        assert json.loads(file.metadata()["elman"])["metadata"] == {"kind": "example"}


def test_arrays_in_any_memory_layout() -> None:
    array = np.arange(12.0).reshape(3, 4)
    read_only = array.copy()
    read_only.flags.writeable = False
    for other in (np.asfortranarray(array), array.astype(">f8"), np.repeat(array, 2, axis=1)[:, ::2], read_only):
        loaded, _ = parse_arrays(dump_arrays({"a": other}, {}))
        assert loaded["a"].dtype == np.float64 and loaded["a"].dtype.isnative
        np.testing.assert_array_equal(loaded["a"], array)


@pytest.mark.parametrize(
    ("arrays", "metadata", "message"),
    [
        ({"a": np.array([1.0, np.nan])}, {}, "arrays['a'] has values that are not finite; they would be"),
        ({"a": np.array([np.inf], np.float32)}, {}, "arrays['a'] has values that are not finite; they would be"),
        ({"a": np.array(["x"])}, {}, "arrays['a'] must be an ndarray of one of float64, float32, int64,"),
        ({"a": np.array([None])}, {}, "arrays['a'] must be an ndarray of one of float64, float32, int64,"),
        (
            {"a": [1]},
            {},
            "arrays['a'] must be an ndarray of one of float64, float32, int64, int32, int8, uint8, bool, got list.",
        ),
        ({"a": np.zeros((1,) * 9)}, {}, "arrays['a'] must have at most 8 dimensions, got 9."),
        ({"a b": np.zeros(1)}, {}, "arrays['a b']: a name has 1 to 255 letters, digits and the characters _ . / -"),
        ({"__metadata__": np.zeros(1)}, {}, "arrays['__metadata__']: a name has 1 to 255"),
        ({}, {"a": {"b": [0, float("nan")]}}, "metadata['a']['b'][1] must be a plain, finite JSON value, got nan."),
        ({}, {"a": {1: 2}}, "metadata['a'] must be a plain, finite JSON value, got {1: 2}."),
        ({}, {"a": np.int64(3)}, "metadata['a'] must be a plain, finite JSON value, got np.int64(3)."),
        ({}, {"a": 2**5000}, "metadata['a'] must be a plain, finite JSON value, got"),
        ({}, {"a": [0] * 400_000}, "too much to be read back; long lists belong in arrays, not in metadata."),
        ({}, {"a": "x" * 5_000_000}, "too much to be read back; long lists belong in arrays, not in metadata."),
    ],
)
def test_what_cannot_be_saved(arrays: Any, metadata: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as caught:
        save_arrays(tmp_path / "model", arrays, metadata)
    assert str(caught.value).startswith(f"save_arrays: {message}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failed_write_leaves_the_old_file(
    call: str, failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    save_arrays(path, {"theta": np.zeros(3)}, {})
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(files.os, call, fail)
    with pytest.raises(type(failure)):
        save_arrays(path, {"theta": np.ones(3)}, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model"
    save_arrays(path, {"theta": np.zeros(3)}, {})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))  # the operating system itself stops the write
    try:
        with pytest.raises(OSError, match="File too large"):
            save_arrays(path, {"theta": np.ones(100_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert load_arrays(path)[0]["theta"].tolist() == [0.0, 0.0, 0.0]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("call", "expected"), [("fsync", 0.0), ("replace", 0.0), ("close", 1.0)])
def test_killed_write_leaves_one_of_the_two(call: str, expected: float, tmp_path: Path) -> None:
    """Killed before the rename the old file is there, after it (the folder's descriptor is closed last) the new one."""
    path = tmp_path / "model"
    save_arrays(path, {"theta": np.zeros(3)}, {})
    code = (
        "import os, signal, sys, numpy as np\n"
        "from elman.persistence import save_arrays\n"
        f"os.{call} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "save_arrays(sys.argv[1], {'theta': np.ones(3)}, {})\n"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -signal.SIGKILL
    assert load_arrays(path)[0]["theta"].tolist() == [expected] * 3


def test_order_of_the_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    steps = []

    def record(name: str) -> None:
        original = getattr(os, name)

        def wrapper(*arguments: Any) -> Any:
            what = name
            if name == "fsync":
                what += " folder" if stat.S_ISDIR(os.fstat(arguments[0]).st_mode) else " file"
            steps.append(what)
            return original(*arguments)

        monkeypatch.setattr(files.os, name, wrapper)

    record("fsync")
    record("replace")
    write_atomically(path, b"content")
    assert steps == ["fsync file", "replace", "fsync folder"]


def test_permissions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "model"
    write_atomically(path, b"old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()
    path.chmod(0o600)
    write_atomically(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and path.read_bytes() == b"new"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_only_regular_files_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "link", tmp_path, tmp_path / "pipe"):
        with pytest.raises(ArgumentError, match=f"^{path} exists and is not a regular file; choose another name.$"):
            write_atomically(path, b"new")
    assert (tmp_path / "target").read_bytes() == b"old"
    with pytest.raises(FileNotFoundError, match=f"no such folder: '{tmp_path}/nowhere'"):
        write_atomically(tmp_path / "nowhere" / "model", b"new")


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_atomically("model", b"new")
    assert (tmp_path / "model").read_bytes() == b"new"


def test_a_folder_that_cannot_be_listed_can_be_saved_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a drop box: what was written must not be reported as failed."""
    usual = os.open

    def unlisted(path: Any, flags: int, mode: int = 0o777) -> int:
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path, flags, mode)

    monkeypatch.setattr(files.os, "open", unlisted)
    write_atomically(tmp_path / "model", b"new")
    monkeypatch.undo()
    assert (tmp_path / "model").read_bytes() == b"new"


def test_a_number_is_no_path() -> None:
    """Python would take it for a file that is open already, and close it."""
    with open(os.devnull, "rb") as other, pytest.raises(TypeError):
        load_arrays(other.fileno())  # type: ignore[arg-type]


def test_what_killed_saves_left_is_removed_by_a_later_save(tmp_path: Path) -> None:
    """Not what another process may still write, nor anything that only looks alike."""
    old, young, other = (
        tmp_path / f".elman-{digit * 16}{end}" for digit, end in (("a", ".tmp"), ("b", ".tmp"), ("c", ""))
    )
    for path in (old, young, other):
        path.write_bytes(b"half a model")
    link = tmp_path / f".elman-{'d' * 16}.tmp"
    link.symlink_to(other)
    written = tmp_path / f".elman-{'e' * 16}.tmp"
    with open(written, "wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for path in (old, other, written):
            seconds = time.time() - 10
            os.utime(path, (seconds, seconds))
        write_atomically(tmp_path / "model", b"whole")
    left = ["model", young.name, other.name, link.name, written.name]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(left)


def test_a_save_holds_its_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, usual = [], os.replace

    def replace(temporary: Path, target: Path) -> None:
        with open(temporary, "rb") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        seen.append(target)
        usual(temporary, target)

    monkeypatch.setattr(os, "replace", replace)
    write_atomically(tmp_path / "model", b"whole")
    assert seen == [tmp_path / "model"]
