"""Files: what was saved comes back bit for bit, and what nobody saved is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import FileFormatError, LanguageModel, Network
from elman.persistence import dump_arrays, load_arrays
from text.samples import ODD, SENTENCES, small

MODELS: dict[str, dict[str, Any]] = {
    "character": {},
    "word": {"level": "word", "vocabulary_size": 12, "random_state": np.random.RandomState(3)},
    "bpe": {"level": "bpe", "tied_weights": True, "dtype": "float64", "normalization": "none"},
    "windows": {"training": "windows", "embedding_size": None, "cell": "lstm", "forget_bias": 1.0},
}


@pytest.fixture(scope="module", params=MODELS)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[LanguageModel, Path]:
    path = tmp_path_factory.mktemp("saved") / "model"
    model = small(**{**MODELS[request.param], "epochs": 1}).fit(SENTENCES + ODD + "\n")
    model.save(path)
    return model, path


def test_what_was_saved_comes_back(saved: tuple[LanguageModel, Path], tmp_path: Path) -> None:
    model, path = saved
    for again in (elman.load(path), LanguageModel.load(path)):
        assert type(again) is LanguageModel
        assert again.vocabulary_.tokens == model.vocabulary_.tokens
        assert (again.updates_, again.size_) == (model.updates_, model.size_)
        assert again.validation_ == model.validation_ is not None
        np.testing.assert_array_equal(again.predict_proba(ODD), model.predict_proba(ODD))
        assert again.generate("to", length=30, seed=5) == model.generate("to", length=30, seed=5)
        assert again.evaluate(SENTENCES) == model.evaluate(SENTENCES)
        again.save(tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == path.read_bytes()
        again.partial_fit("to be or not ...")


def test_the_file_holds_numbers_and_plain_text_alone(saved: tuple[LanguageModel, Path]) -> None:
    arrays, metadata = load_arrays(saved[1])
    assert list(arrays) == ["theta"]
    assert set(metadata["vocabulary"]) == {"level", "tokens", "merges", "normalization"}


CHANGES: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]] = {
    "theta missing": lambda a, m: a.clear(),
    "theta more": lambda a, m: a.update(phi=np.zeros(1)),
    "theta shorter": lambda a, m: a.update(theta=a["theta"][:-1].copy()),
    "theta of integers": lambda a, m: a.update(theta=a["theta"].astype(np.int64)),
    "theta square": lambda a, m: a.update(theta=np.zeros((2, 2), a["theta"].dtype)),
    "field missing": lambda a, m: m.pop("size"),
    "field unknown": lambda a, m: m.update(callback="os.system"),
    "vocabulary a list": lambda a, m: m.update(vocabulary=[]),
    "vocabulary without tokens": lambda a, m: m["vocabulary"].update(tokens=[]),
    "tokens text": lambda a, m: m["vocabulary"].update(tokens="<unk>ab"),
    "tokens numbers": lambda a, m: m["vocabulary"].update(tokens=["<unk>", 1, 2]),
    "tokens twice": lambda a, m: m["vocabulary"].update(tokens=["<unk>", "a", "a"]),
    "a token more": lambda a, m: m["vocabulary"]["tokens"].append("\u2603"),
    "a token less": lambda a, m: m["vocabulary"]["tokens"].pop(),
    "more tokens than allowed": lambda a, m: m["parameters"].update(vocabulary_size=2),
    "another level": lambda a, m: m["vocabulary"].update(level="letters"),
    "merges of three": lambda a, m: m["vocabulary"].update(merges=["a b c"]),
    "merges numbers": lambda a, m: m["vocabulary"].update(merges=[3]),
    "parameters unknown": lambda a, m: m["parameters"].update(extra=1),
    "parameters missing": lambda a, m: m["parameters"].pop("cell"),
    "cell unknown": lambda a, m: m["parameters"].update(cell="transformer"),
    "dropout text": lambda a, m: m["parameters"].update(dropout="0.5"),
    "hidden_size a billion": lambda a, m: m["size"].update(hidden_size=10**9),
    "hidden_size beyond int64": lambda a, m: m["size"].update(hidden_size=10**300),
    "steps 0": lambda a, m: m["size"].update(steps=0),
    "size more": lambda a, m: m["size"].update(width=1),
    "layers a billion": lambda a, m: [m[k].update(num_layers=10**9) for k in ("parameters", "architecture")],
    "architecture another": lambda a, m: m["architecture"].update(output_size=3),
    "architecture less": lambda a, m: m["architecture"].pop("cell"),
    "updates negative": lambda a, m: m.update(updates=-1),
    "validation of another level": lambda a, m: m["validation"].update(level="letters"),
    "validation of nothing": lambda a, m: m["validation"].update(tokens=0),
    "validation negative": lambda a, m: m["validation"].update(nats=-1.0),
    "validation more": lambda a, m: m["validation"].update(extra=1),
    "validation a number": lambda a, m: m.update(validation=3),
    "seed text": lambda a, m: m.update(seed="0"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_absurd_content_is_refused(change: str, saved: tuple[LanguageModel, Path], tmp_path: Path) -> None:
    arrays, metadata = load_arrays(saved[1])
    CHANGES[change](arrays, metadata)
    path = tmp_path / "model"
    path.write_bytes(dump_arrays(arrays, metadata))
    with pytest.raises(FileFormatError) as caught:
        elman.load(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    Network.initialized(elman.Architecture(1, 1, hidden_size=2)).save(tmp_path / "network")
    with pytest.raises(FileFormatError, match="holds a 'network', not a language-model"):
        LanguageModel.load(tmp_path / "network")
