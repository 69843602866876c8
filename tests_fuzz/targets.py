"""One fuzz target per process: ``python targets.py NAME [options of libFuzzer] CORPUS …``, run by `fuzz.py`.

Whatever the bytes: a typed error or a result, nothing else.
"""

from __future__ import annotations

import functools
import json
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from copy import deepcopy
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import atheris
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
sys.meta_path.insert(0, PathFinder)  # atheris cannot instrument what the finder of an editable installation finds

with atheris.instrument_imports(include=["elman"]):
    import elman
    import elman.load
    from elman import ElmanError, FileFormatError
    from elman.persistence import dump_arrays, parse_arrays
    from elman.sequences import SimpleMethod
    from elman.tables.series import read_series
    from elman.tables.steps import read_steps
    from elman.tables.ts_files import read_ts

from persistence.forge import BODY, PREFIX, ZEROS, forge  # noqa: E402 - the path is set above

GOLDEN = ROOT / "tests" / "golden"
FOLDER = Path(tempfile.mkdtemp(prefix="elman-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
MODELS = [parse_arrays(path.read_bytes()) for path in sorted(GOLDEN.glob("*/*.elman"))]
MOST_CHANNELS = 100  # of sequences to predict; a file may hold any number
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2, 10**9, 2**63, 10**300, 0.5, -0.0, 1e308, "", "lstm", "x" * 300, "__class__", [], [0], [[]],
    [None], {}, {"kind": "network"},
)  # fmt: skip


def file_of_bytes(data: bytes) -> None:
    """Any bytes as a file."""
    expect(FileFormatError, parse_arrays, data)


def file_with_a_digest(data: bytes) -> None:
    """Any bytes as what follows the digest, in a file whose beginning, length and digest are right."""
    expect(FileFormatError, parse_arrays, forge((PREFIX + ZEROS).encode() + data[: -len(BODY)], data[-len(BODY) :]))


def model(data: bytes) -> None:
    """A model's file of which some fields and tensors are replaced."""
    path = _changed(data, MODELS)

    def load_and_use() -> None:
        loaded = elman.load(path)
        loaded.to_arrays() if hasattr(loaded, "to_arrays") else loaded.theta.sum()

    expect(FileFormatError, load_and_use)


def simple_method(data: bytes) -> None:
    """The same with the files of methods without a network; what is loaded predicts."""
    path = _changed(data, simple_methods())

    def load_and_predict() -> None:
        loaded = elman.load(path)
        channels = loaded._fitted.inputs.channels
        if channels <= MOST_CHANNELS:
            loaded.predict([np.ones((length, channels)) for length in (1, 4, 9)])

    expect(FileFormatError, load_and_predict)


@functools.cache
def simple_methods() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Fit every method to every kind of target; return the contents of their files."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 2)) for length in (3, 5, 4, 6, 3, 7)]
    targets: dict[Any, Any] = {
        elman.SequenceClassifier(): ["up", "down", "up", "flat", "down", "flat"],
        elman.SequenceRegressor(): [0.5, 1.5, 2.5, 1.0, 2.0, 3.0],
        elman.SequenceTagger(): [["n", "v", *["n"] * (len(x) - 2)] for x in X],
    }
    found = []
    for like, y in targets.items():
        for method in ("most frequent", "linear", "1-NN Euclidean", "1-NN DTW", "convolutions"):
            path = FOLDER / "fitted"
            try:
                SimpleMethod(method, like).fit(X, y).save(path)
            except ElmanError:  # not for tags, or an extra is not installed
                continue
            found.append(parse_arrays(path.read_bytes()))
    return found


def _changed(data: bytes, models: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> Path:
    """Write one of the models with one to four changes."""
    provider = atheris.FuzzedDataProvider(data)
    arrays, metadata = models[provider.ConsumeIntInRange(0, len(models) - 1)]
    arrays, metadata = dict(arrays), json.loads(json.dumps(metadata))
    for _ in range(provider.ConsumeIntInRange(1, 4)):
        if provider.ConsumeBool():
            _change_field(provider, metadata)
        else:
            _change_array(provider, arrays)
    path = FOLDER / "model"
    path.write_bytes(dump_arrays(arrays, metadata))
    return path


def _change_field(provider: Any, metadata: dict[str, Any]) -> None:
    """Replace, remove or add a field at any depth."""
    place: Any = metadata
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = keys[provider.ConsumeIntInRange(0, len(keys) - 1)]
        if isinstance(place[key], (dict, list)) and place[key] and provider.ConsumeIntInRange(0, 3):
            place = place[key]
            continue
        break
    value = deepcopy(JUNK[provider.ConsumeIntInRange(0, len(JUNK) - 1)])
    what = provider.ConsumeIntInRange(0, 4)
    if what == 0:
        del place[key]
    elif what == 1 and isinstance(place, dict):
        place[f"{key}_"] = value
    elif what == 2 and type(place[key]) in (int, float):
        place[key] = provider.ConsumeInt(4) if type(place[key]) is int else provider.ConsumeRegularFloat()
    else:
        place[key] = value


def _change_array(provider: Any, arrays: dict[str, Any]) -> None:
    """Replace, remove, add or reshape a tensor."""
    names = sorted(arrays)
    if not names:
        return
    name = names[provider.ConsumeIntInRange(0, len(names) - 1)]
    array, what = arrays[name], provider.ConsumeIntInRange(0, 6)
    if what == 0:
        del arrays[name]
    elif what == 1:
        arrays[f"{name}_"] = array
    elif what == 2:
        arrays[name] = array[..., : max(array.shape[-1] - 1, 0)].copy() if array.ndim else array.reshape(1)
    elif what == 3:
        arrays[name] = array.reshape(1, *array.shape) if array.ndim < 8 else array.reshape(-1)
    elif what == 4:
        arrays[name] = array.astype((np.float64, np.float32, np.int64, np.uint8)[provider.ConsumeIntInRange(0, 3)])
    elif what == 5 and array.size:
        changed = array.copy()
        value = provider.ConsumeIntInRange(-3, 300)
        changed.flat[provider.ConsumeIntInRange(0, array.size - 1)] = value % 256 if array.dtype == np.uint8 else value
        arrays[name] = changed
    else:
        arrays[name] = array[:0].copy() if array.ndim else array


def table(data: bytes) -> None:
    """Any bytes as the CSV file of a forecast."""
    _read(read_series, data, "table.csv")


def steps(data: bytes) -> None:
    """Any bytes as the CSV file of sequences."""
    _read(read_steps, data, "steps.csv")


def ts(data: bytes) -> None:
    """Any bytes as a file of the ts format."""
    _read(read_ts, data, "cases.ts")


def _read(reader: Callable[[Path], Any], data: bytes, name: str) -> None:
    path = FOLDER / name
    path.write_bytes(data)
    expect(ElmanError, reader, path)


def expect(error: type[Exception], work: Callable[..., Any], *arguments: Any) -> None:
    """Do something that may end with this error; anything else is found by the fuzzer."""
    try:
        work(*arguments)
    except error as caught:
        if not str(caught):
            raise AssertionError("an error without a message") from caught


TARGETS = {each.__name__: each for each in (file_of_bytes, file_with_a_digest, model, simple_method, table, steps, ts)}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
