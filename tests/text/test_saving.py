"""Files: a saved model loads bit for bit; other content is refused."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman import ArgumentError, FileFormatError, LanguageModel, Network
from elman.persistence import dump_arrays, load_arrays
from text.samples import ODD, SENTENCES, small

MODELS: dict[str, dict[str, Any]] = {
    "character": {},
    "word": {"unit": "word", "vocabulary_size": 12, "random_state": np.random.RandomState(3)},
    "bpe": {"unit": "bpe", "tied_weights": True, "dtype": "float64", "normalization": "none"},
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


CONTINUED: dict[str, dict[str, Any]] = {
    "adam": {"dropout": 0.3},
    "rmsprop": {"optimizer": "rmsprop", "unit": "word", "clip_value": 0.1},
    "sgd": {"optimizer": "sgd", "momentum": 0.9, "dtype": "float64", "learning_rate": 1.0},
    "windows": {"training": "windows", "steps": 4, "cell": "lstm", "dropout": 0.2, "weight_decay": 0.01},
}


@pytest.mark.parametrize("name", CONTINUED)
def test_partial_fit_goes_on_after_loading_as_if_nothing_had_happened(name: str, tmp_path: Path) -> None:
    model = small(**CONTINUED[name]).partial_fit(SENTENCES).partial_fit(SENTENCES[:300])
    model.save(tmp_path / "model")
    again = LanguageModel.load(tmp_path / "model")
    for one in (model, again):
        one.partial_fit(SENTENCES[200:700]).partial_fit("whether it is " * 20)
    assert again.updates_ == model.updates_ > 20
    np.testing.assert_array_equal(again.network_.theta, model.network_.theta)
    model.save(tmp_path / "one")
    again.save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_only_what_goes_on_is_kept(tmp_path: Path) -> None:
    def optimizer_state(model: LanguageModel) -> list[str]:
        model.save(tmp_path / "model")
        return [name for name in load_arrays(tmp_path / "model")[0] if name.startswith("optimizer_state.")]

    model = small(epochs=1).partial_fit(SENTENCES)
    assert optimizer_state(model) == ["optimizer_state.m", "optimizer_state.v"]
    again, updates = LanguageModel.load(tmp_path / "model"), model.updates_
    for one in (model, again):  # another optimizer starts anew, with the file or without it
        assert one.set_params(optimizer="sgd").partial_fit(SENTENCES).updates_ == updates
    np.testing.assert_array_equal(again.network_.theta, model.network_.theta)
    assert optimizer_state(model) == ["optimizer_state.velocity"]
    assert optimizer_state(model.fit(SENTENCES)) == []


def test_a_vocabulary_that_no_header_can_hold_is_kept_all_the_same(tmp_path: Path) -> None:
    words = "".join(f"{'слово' * 60}{i} " for i in range(3000))
    sizes = {"hidden_size": 1, "embedding_size": 1, "epochs": 1, "batch_size": 32, "steps": 10}
    model = LanguageModel(unit="word", random_state=0, **sizes).fit(words)
    model.save(tmp_path / "model")
    assert LanguageModel.load(tmp_path / "model").vocabulary_.tokens == model.vocabulary_.tokens


def test_files_with_the_vocabulary_in_the_header_are_read(saved: tuple[LanguageModel, Path], tmp_path: Path) -> None:
    model, path = saved
    arrays, metadata = load_arrays(path)
    (tmp_path / "model").write_bytes(
        dump_arrays({"theta": arrays["theta"]}, metadata | {"vocabulary": model.vocabulary_.to_dict()})
    )
    elman.load(tmp_path / "model").save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("name", "value", "was"),
    [
        ("cell", "lstm", "'gru'"),
        ("training", "windows", "'streams'"),
        ("hidden_size", 8, "16"),
        ("embedding_size", None, "'auto'"),
        ("unit", "word", "'character'"),
        ("normalization", "none", "'nfc'"),
        ("dtype", "float64", "'float32'"),
        ("vocabulary_size", 5, "'auto'"),
        ("min_count", 3, "1"),
    ],
)
def test_a_changed_parameter_is_named(name: str, value: Any, was: str, tmp_path: Path) -> None:
    model = small(epochs=1).fit(SENTENCES)
    uses = {
        "save": lambda: model.save(tmp_path / "model"),
        "to_arrays": model.to_arrays,
        "evaluate": lambda: model.evaluate(SENTENCES),
        "generate": lambda: model.generate("to"),
        "predict_proba": lambda: model.predict_proba("to"),
        "gradient_flow": lambda: model.gradient_flow(SENTENCES),
        "partial_fit": lambda: model.partial_fit(SENTENCES),
    }
    before, theta = model.evaluate(SENTENCES), model.network_.theta.copy()
    model.set_params(**{name: value})
    for place, use in uses.items():
        with pytest.raises(ArgumentError) as caught:
            use()
        anew = "fit a clone" if place == "partial_fit" else "fit again"
        assert str(caught.value) == (
            f"LanguageModel.{place}: {name} is {value!r}, but was {was} in fit; {anew}, or set it back with "
            f"set_params({name}={was})."
        )
    assert list(tmp_path.iterdir()) == []
    model.set_params(n_threads=1, progress=False, **{name: ast.literal_eval(was)})
    assert model.evaluate(SENTENCES) == before and np.array_equal(model.network_.theta, theta)


def test_what_learns_further_takes_up_how_to_learn(tmp_path: Path) -> None:
    first, second = (small(epochs=1).partial_fit(SENTENCES) for _ in range(2))
    updates = first.updates_
    first.set_params(dropout=0.0, recurrent_dropout=0.2, steps=20, batch_size=2).partial_fit(SENTENCES)
    second.partial_fit(SENTENCES)
    assert (first.network_.architecture.dropout, first.size_.steps) == (0.0, 20)
    assert first.updates_ - updates == (len(SENTENCES) - 1) // 2 // 20
    assert (first.network_.theta != second.network_.theta).any()
    first.save(tmp_path / "model")
    again = LanguageModel.load(tmp_path / "model")
    assert again.recurrent_dropout == 0.2 and again.predict_proba("a").tolist() == first.predict_proba("a").tolist()
    with pytest.raises(ArgumentError, match=r"^LanguageModel.evaluate: dropout is 0.5, but was 0.0 in fit; fit again"):
        first.set_params(dropout=0.5).evaluate(SENTENCES)


def test_the_file_holds_numbers_and_plain_text_alone(saved: tuple[LanguageModel, Path]) -> None:
    arrays, metadata = load_arrays(saved[1])
    texts = (
        {"vocabulary.tokens", "vocabulary.merges"} if metadata["vocabulary"]["unit"] == "bpe" else {"vocabulary.tokens"}
    )
    assert set(arrays) == {"theta"} | texts and all(arrays[name].dtype == np.uint8 for name in texts)
    assert set(metadata["vocabulary"]) == {"unit", "normalization"}


def _text(change: Callable[[bytes], bytes]) -> Callable[[dict[str, Any], dict[str, Any]], Any]:
    """Return a change of the bytes of the tokens."""
    name = "vocabulary.tokens"
    return lambda a, m: a.update({name: np.frombuffer(change(a[name].tobytes()), np.uint8).copy()})


def _in_header(**fields: Any) -> Callable[[dict[str, Any], dict[str, Any]], Any]:
    """Return a change that writes the vocabulary as in early files."""
    return lambda a, m: m["vocabulary"].update({"tokens": ["<unk>", "a"], "merges": [], **fields})


CHANGES: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]] = {
    "theta missing": lambda a, m: a.pop("theta"),
    "nothing": lambda a, m: a.clear(),
    "theta more": lambda a, m: a.update(phi=np.zeros(1)),
    "theta shorter": lambda a, m: a.update(theta=a["theta"][:-1].copy()),
    "theta of integers": lambda a, m: a.update(theta=a["theta"].astype(np.int64)),
    "theta square": lambda a, m: a.update(theta=np.zeros((2, 2), a["theta"].dtype)),
    "field missing": lambda a, m: m.pop("size"),
    "field unknown": lambda a, m: m.update(callback="os.system"),
    "vocabulary a list": lambda a, m: m.update(vocabulary=[]),
    "vocabulary without unit": lambda a, m: m["vocabulary"].pop("unit"),
    "vocabulary more": lambda a, m: m["vocabulary"].update(extra=1),
    "no tokens": lambda a, m: a.pop("vocabulary.tokens"),
    "tokens empty": _text(lambda text: b""),
    "tokens twice": _text(lambda text: text + b"\xff<unk>"),
    "a token more": _text(lambda text: text + b"\xff" + "☃".encode()),
    "a token less": _text(lambda text: text.rpartition(b"\xff")[0]),
    "a token empty": _text(lambda text: text + b"\xff"),
    "tokens no UTF-8": _text(lambda text: text + b"\xff\xc3"),
    "tokens without end": _text(lambda text: text + b"\xffab" * 10**6),
    "tokens endless": _text(lambda text: text + b"\xff" + b"a" * 2**25),
    "tokens wide": lambda a, m: a.update({"vocabulary.tokens": a["vocabulary.tokens"].astype(np.int64)}),
    "tokens square": lambda a, m: a.update({"vocabulary.tokens": np.zeros((2, 2), np.uint8)}),
    "merges wide": lambda a, m: a.update({"vocabulary.merges": np.zeros(3, np.int32)}),
    "header: both": _in_header(),
    "header: tokens text": _in_header(tokens="<unk>ab"),
    "header: tokens numbers": _in_header(tokens=["<unk>", 1, 2]),
    "header: tokens none": _in_header(tokens=[]),
    "header: merges of three": _in_header(merges=["a b c"]),
    "header: merges numbers": _in_header(merges=[3]),
    "more tokens than allowed": lambda a, m: m["parameters"].update(vocabulary_size=2),
    "another unit": lambda a, m: m["vocabulary"].update(unit="letters"),
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
    "validation of another unit": lambda a, m: m["validation"].update(unit="letters"),
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


MEMORY: dict[str, Callable[[dict[str, Any]], Any]] = {
    "one missing": lambda a: a.pop("optimizer_state.v"),
    "one unknown": lambda a: a.update({"optimizer_state.w": a["optimizer_state.v"]}),
    "another optimizer's": lambda a: a.update({"optimizer_state.velocity": a.pop("optimizer_state.v")}),
    "shorter": lambda a: a.update({"optimizer_state.v": a["optimizer_state.v"][:, 1:].copy()}),
    "flat": lambda a: a.update({"optimizer_state.v": a["optimizer_state.v"][0]}),
    "of two": lambda a: a.update({"optimizer_state.v": np.repeat(a["optimizer_state.v"], 2, axis=0)}),
    "double": lambda a: a.update({"optimizer_state.v": a["optimizer_state.v"].astype(np.float64)}),
}


@pytest.mark.parametrize("change", MEMORY)
def test_a_damaged_optimizer_state_is_refused(change: str, tmp_path: Path) -> None:
    path = tmp_path / "model"
    small().partial_fit(SENTENCES[:200]).save(path)
    arrays, metadata = load_arrays(path)
    MEMORY[change](arrays)
    path.write_bytes(dump_arrays(arrays, metadata))
    with pytest.raises(FileFormatError, match=r"optimizer_state\.v must be like theta|optimizer state missing"):
        elman.load(path)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    Network.initialized(elman.Architecture(1, 1, hidden_size=2)).save(tmp_path / "network")
    with pytest.raises(FileFormatError, match="holds a network, not a language model"):
        LanguageModel.load(tmp_path / "network")
