"""Hostile files are refused with one typed error and bounded memory."""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

import elman
from elman import FileFormatError, load
from elman.persistence import dump_arrays, load_arrays, parse_arrays
from golden.models import GOLDEN
from persistence.forge import BODY, PREFIX, THETA, ZEROS, envelope, forge, header, tensor, two

GOOD = forge(header())
MANY = 400_000


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model", bytes(1000))
    return buffer.getvalue()


def _doubles(*values: float) -> bytes:
    return forge(header(), np.array(values).tobytes())


HOSTILE = {
    # no file of ours
    "empty": (b"", "only 0 bytes"),
    "seven bytes": (b"\x00" * 7, "only 7 bytes"),
    "pickle": (pickle.dumps({"theta": list(range(1000))}), "does not begin like one"),
    "zip": (_zip(), "does not begin like one"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(2000), "does not begin like one"),
    "plain safetensors": (save({"theta": np.zeros(2)}, {"note": "x" * 200}), "does not begin like one"),
    "array root": (forge("[" + header() + "]"), "does not begin like one"),
    "leading space": (forge(" " + header()), "does not begin like one"),
    "other format": (forge(header(envelope().replace('"elman"', '"helman"'))), "format is not 'elman'"),
    # length of the header
    "length 0": (forge(header(), length=0), "cannot have 0 bytes"),
    "length inside the digest": (forge(header(), length=80), "cannot have 80 bytes"),
    "length odd": (forge(header(), length=len(header()) // 8 * 8 - 1), "cannot have"),
    "length beyond the file": (forge(header(), length=1000), "cut off: its header has 1000 bytes"),
    "length 2**63": (forge(header(), length=2**63), "cut off"),
    "length 2**64-1": (forge(header(), length=2**64 - 1), "cut off"),
    "header of 5 MiB": (forge(header(envelope(json.dumps({"a": "x" * 5 * 2**20})))), "cannot have"),
    "padding": (forge(header(), padding=-len(header()) % 8 + 8), "more than 7 spaces"),
    # JSON
    "not UTF-8": (forge(header().encode().replace(b"theta", b"th\xff\xfea")), "not ASCII"),
    "not ASCII": (forge(header().replace("theta", "thêta")), "not ASCII"),
    "escaped beyond ASCII": (forge(header(envelope('{"kind":"\N{GRINNING FACE}"}'))), "not ASCII"),
    "header cut": (forge(header()[:-5]), "header is not JSON"),
    "metadata cut": (forge(header(envelope()[:-5])), "metadata is not JSON"),
    "two values": (forge(header() + "{}"), "header is not JSON"),
    "trailing comma": (forge(header()[:-1] + ",}"), "header is not JSON"),
    "nesting": (forge(header(envelope("[" * 100_000 + "]" * 100_000))), "metadata is not JSON .RecursionError"),
    "nesting unclosed": (forge(header(envelope("[" * 100_000))), "metadata is not JSON"),
    "many lists": (forge(header(envelope("[" + "[]," * MANY + "[]]"))), "more than 300000 items"),
    "many lists, escaped": (  # as the outer text sees it, a long string
        forge(header().replace("example", r"example\",\"a\":[" + r"\u005b]\u002c" * 150_000 + r"0],\"b\":\"")),
        "metadata has more than 300000 items",
    ),
    "integer of 10,000 digits": (forge(header(envelope("1" * 10_000))), "an integer of 10000 digits"),
    "integer of 310 digits": (forge(header(envelope("-1" + "0" * 309))), "an integer of 311 digits"),
    "depth 33": (forge(header(envelope('{"a":' + "[" * 31 + "]" * 31 + "}"))), "lists or objects more than 32 deep"),
    "NaN literal": (forge(header(envelope('{"loss":NaN}'))), "the number NaN, which is not finite"),
    "infinite literal": (forge(header(envelope('{"loss":-Infinity}'))), "the number -Infinity"),
    "number beyond float64": (forge(header(envelope('{"loss":1e999}'))), "the number 1e999"),
    "control sign in a string": (forge(header(envelope('{"a":"\n"}'))), "metadata is not JSON"),
    # fields
    "tensor twice": (forge(header(tensors=f'"t":{json.dumps(THETA)},"t":{json.dumps(THETA)}')), "key 't' twice"),
    "field of a tensor twice": (
        forge(header(tensors='"t":{"dtype":"F64","dtype":"F64","shape":[2],"data_offsets":[0,16]}')),
        "key 'dtype' twice",
    ),
    "metadata key twice": (forge(header(envelope('{"kind":"a","kind":"b"}'))), "metadata has the key 'kind' twice"),
    "version twice": (forge(header(envelope(extra=',"format_version":1'))), "key 'format_version' twice"),
    "second metadata": (forge(header()[:-1] + ',"__metadata__":{}}'), "key '__metadata__' twice"),
    "further metadata": (
        forge(header().replace('},"theta"', ',"author":"me"},"theta"')),
        "must have the one key 'elman'",
    ),
    "newer version": (forge(header(envelope(version="2", extra=',"new":1'))), "has format 2.*upgrade"),
    "version 0": (forge(header(envelope(version="0"))), "positive integer, got 0"),
    "version true": (forge(header(envelope(version="true"))), "positive integer, got True"),
    "version as text": (forge(header(envelope(version='"1"'))), "positive integer, got '1'"),
    "unknown field": (forge(header(envelope(extra=',"callback":"os.system"'))), "'callback' is unknown"),
    "missing field": (forge(header(envelope()[: envelope().index(',"metadata"')] + "}")), "'metadata' is missing"),
    "metadata a list": (forge(header(envelope("[1]"))), "metadata is not a JSON object"),
    # entries of tensors
    "name with a space": (forge(header(tensors=f'"a b":{json.dumps(THETA)}')), "tensor name 'a b'"),
    "name empty": (forge(header(tensors=f'"":{json.dumps(THETA)}')), "tensor name ''"),
    "entry null": (forge(header(tensors='"theta":null')), "exactly dtype, shape and data_offsets"),
    "entry incomplete": (tensor(dtype=None), "exactly dtype, shape and data_offsets"),
    "entry with more": (tensor(layout="sparse"), "exactly dtype, shape and data_offsets"),
    "dtype unknown": (tensor(dtype="F128"), "dtype 'F128'"),
    "dtype a list": (tensor(dtype=["F64"]), "dtype"),
    "dtype of another size": (tensor(dtype="F32"), "needs 8 bytes, but has 16"),
    "shape negative": (tensor(shape=[-2, -1]), "has the shape"),
    "shape fractional": (tensor(shape=[2.0]), "has the shape"),
    "shape of truth values": (tensor(shape=[2, True]), "has the shape"),
    "shape a number": (tensor(shape=2), "has the shape"),
    "shape overflowing": (tensor(shape=[2**62, 2**62, 4]), "needs .* bytes, but has 16"),
    "shape overflowing beside 0": (tensor(shape=[0, 2**62, 2**62], data_offsets=[0, 0]), "has the shape"),
    "many tensors": (
        forge(
            header(tensors=",".join(f'"t{i}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}' for i in range(1001))),
            b"",
        ),
        "has 1001 tensors, at most 1000",
    ),
    "shape of 9 dimensions": (tensor(shape=[2, 1, 1, 1, 1, 1, 1, 1, 1]), "has the shape"),
    "shape of 10**9": (tensor(shape=[10**9], data_offsets=[0, 8 * 10**9]), "need 8000000000 bytes, 16 are there"),
    "begin after end": (tensor(data_offsets=[16, 0]), "has the data_offsets"),
    "offsets negative": (tensor(data_offsets=[-16, 0]), "has the data_offsets"),
    "offsets of 2**64": (tensor(data_offsets=[2**64, 2**64 + 16]), "has the data_offsets"),
    "three offsets": (tensor(data_offsets=[0, 16, 32]), "has the data_offsets"),
    # layout
    "overlap": (two([0, 8], [4, 12], 12), "tensor 'b' begins at byte 4, expected 8"),
    "same bytes twice": (two([0, 8], [0, 8], 8), "tensor 'b' begins at byte 0, expected 8"),
    "hole": (two([0, 8], [16, 24], 24), "tensor 'b' begins at byte 16, expected 8"),
    "bytes before": (two([8, 16], [16, 24], 24), "tensor 'a' begins at byte 8, expected 0"),
    "bytes after": (forge(header(), BODY + bytes(8)), "need 16 bytes, 24 are there"),
    "bytes missing": (forge(header(), BODY[:-1]), "need 16 bytes, 15 are there"),
    # content
    "digest of another file": (GOOD.replace(b"\x3f", b"\x40"), "the file is damaged"),
    "digest of zeros": (GOOD[: 8 + len(PREFIX)] + ZEROS.encode() + GOOD[72 + len(PREFIX) :], "the file is damaged"),
    "NaN": (_doubles(0.0, np.nan), "not finite"),
    "infinity": (_doubles(-np.inf, 0.0), "not finite"),
    "truth value 2": (
        forge(header(tensors='"t":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}'), b"\x01\x02"),
        "truth values other than 0 and 1",
    ),
}


def test_the_forger_can_also_be_honest() -> None:
    assert dump_arrays({"theta": np.array([0.0, 1.0])}, {"kind": "example"}) == GOOD
    arrays, metadata = parse_arrays(GOOD)
    assert arrays["theta"].tolist() == [0.0, 1.0] and metadata == {"kind": "example"}


@pytest.mark.parametrize("name", HOSTILE)
def test_refused(name: str, tmp_path: Path) -> None:
    data, message = HOSTILE[name]
    path = tmp_path / "model"
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=message) as caught:
            load_arrays(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert type(caught.value) is FileFormatError
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < len(str(path)) + 300
    assert peak <= 2 * len(data) + 64e6


def small_and_models() -> dict[str, bytes]:
    """Return a file of some arrays, and one of every kind of model."""
    small = dump_arrays({"theta": np.arange(300.0), "on": np.array([True, False])}, {"kind": "example", "seed": 7})
    folder = GOLDEN / elman.__version__
    return {"arrays": small} | {path.name: path.read_bytes() for path in sorted(folder.rglob("*.elman"))}


FILES = small_and_models()
DAMAGES = {name: 1000 if name == "arrays" else 100 for name in FILES}  # the digest is that of all bytes, in every file


@pytest.mark.parametrize(("name", "count"), DAMAGES.items())
def test_truncations_are_detected(name: str, count: int) -> None:
    data = FILES[name]
    rng = np.random.default_rng(1)
    lengths = rng.choice(len(data), min(count, len(data)), replace=False)
    for length in {*lengths.tolist(), 0, 1, 7, 8, 9, len(data) - 1}:
        with pytest.raises(FileFormatError):
            parse_arrays(data[:length])


@pytest.mark.parametrize(("name", "count"), DAMAGES.items())
def test_flipped_bits_are_detected(name: str, count: int) -> None:
    data = FILES[name]
    rng = np.random.default_rng(2)
    bits = rng.choice(8 * len(data), min(2 * count, 8 * len(data)), replace=False)
    for bit in [*bits.tolist(), *range(8 * (8 + len(PREFIX) + 70))]:  # all of the beginning, where the digest is
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FileFormatError):
            parse_arrays(bytes(damaged))


@pytest.mark.parametrize(("name", "count"), DAMAGES.items())
def test_other_damage_is_detected(name: str, count: int) -> None:
    data = FILES[name]
    rng = np.random.default_rng(3)
    for _ in range(count):
        begin, end = sorted(rng.integers(0, len(data) + 1, 2).tolist())
        zeros, noise = bytes(end - begin), rng.bytes(end - begin)
        for middle in (zeros, noise, b"", data[begin:end] * 2):
            if (damaged := data[:begin] + middle + data[end:]) != data:
                with pytest.raises(FileFormatError):
                    parse_arrays(damaged)


@pytest.mark.parametrize(
    "item",
    ["[]", "{}", '{"a":0}', '"ab"', "1.5", "12345678901234567890", '"\\ud83d\\ude00"'],
)
def test_memory_of_the_largest_header_is_bounded(item: str) -> None:
    count = min(250_000 // max(1, sum(map(item.count, "{[,:")) + 1), 3_000_000 // len(json.dumps(item + ",")))
    data = forge(header(envelope(f'{{"a":[{",".join([item] * count)}]}}')))
    tracemalloc.start()
    try:
        _, metadata = parse_arrays(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(metadata["a"]) == count
    assert peak <= 2 * len(data) + 64e6


def test_memory_of_a_large_file_is_twice_its_size(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(dump_arrays({"theta": np.zeros(2_000_000)}, {}))
    tracemalloc.start()
    try:
        load_arrays(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 2 * path.stat().st_size + 2e6


def test_absurd_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for content, size, message in (
        (GOOD, 2**33, "is 8589934592 bytes long; Elman reads at most 2000000000"),
        (pickle.dumps(0) + bytes(200), 1_900_000_000, "does not begin like one"),
    ):
        path.write_bytes(content)
        os.truncate(path, size)  # sparse: takes no room on the disk
        tracemalloc.start()
        try:
            with pytest.raises(FileFormatError, match=message):
                load_arrays(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 1e6


def test_only_regular_files(tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.write_bytes(GOOD)
    link = tmp_path / "link"
    link.symlink_to(good)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileFormatError, match="is a symbolic link; give the file it points to"):
        load_arrays(link)
    for path in (pipe, tmp_path, "/dev/null"):
        with pytest.raises(FileFormatError, match="is not a regular file"):
            load_arrays(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        with pytest.raises(FileFormatError, match="is not a regular file"):
            load_arrays(tmp_path / "socket")
    with pytest.raises(FileNotFoundError):
        load_arrays(tmp_path / "missing")


def test_nothing_is_ever_looked_up_by_a_name_from_the_file(tmp_path: Path) -> None:
    for kind in ("os.system", "elman.load", "forecaster ", "Forecaster", None, ["forecaster"], 3):
        path = tmp_path / "model"
        path.write_bytes(dump_arrays({}, {"kind": kind}))
        with pytest.raises(FileFormatError, match="this Elman loads 'forecaster', 'network'"):
            load(path)
