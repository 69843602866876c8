"""The pages of the site: every public name has an entry, and every page of the repository its place."""

from __future__ import annotations

import importlib
import re

import pytest

from meta.repository import ROOT, SOURCE, public_names

DOCS = ROOT / "docs"
ROOMS = [
    "elman",
    "elman.data.datasets",
    "elman.data.tasks",
    "elman.engine",
    "elman.errors",
    "elman.explain",
    "elman.forecasting",
    "elman.interop",
    "elman.interop.keras",
    "elman.interop.torch",
    "elman.network",
    "elman.notebook",
    "elman.persistence",
    "elman.prior",
    "elman.reference",
    "elman.sequences",
    "elman.text",
    "elman.training",
]
ADAPTERS = ["elman.interop.aeon", "elman.interop.sktime"]  # need what an extra installs; the site has stand-ins
INTERNAL = ["elman.cli", "elman.estimators", "elman.partitions"]  # the command, and what the public rooms stand on
SECTIONS = ("tutorials", "how-to", "explanation", "reference", "project")


def entries(room: str) -> tuple[list[str], list[str]]:
    """Return the names that a room's page lists, and those that it leaves to another page."""
    text = (DOCS / "api" / f"{room}.rst").read_text()
    assert f".. automodule:: {room}\n" in text
    excluded = re.findall(r":exclude-members: (.*)", text)
    left = excluded[0].split(", ") if excluded else []
    public = importlib.import_module(room).__all__
    assert set(left) <= set(public)
    return [name for name in public if name not in left], left


def test_every_public_room_has_a_page() -> None:
    assert sorted(path.stem for path in (DOCS / "api").glob("*.rst")) == sorted([*ROOMS, *ADAPTERS])
    packages = [SOURCE, *(path for path in SOURCE.iterdir() if path.is_dir() and not path.name.startswith("_"))]
    public = {path for path in packages if public_names(path / "__init__.py")}
    assert public <= {SOURCE.joinpath(*room.split(".")[1:]) for room in [*ROOMS, *INTERNAL]}


@pytest.mark.parametrize("room", ROOMS)
def test_a_name_left_out_has_its_entry_elsewhere(room: str) -> None:
    listed = [
        getattr(importlib.import_module(other), name) for other in ROOMS if other != room for name in entries(other)[0]
    ]
    module = importlib.import_module(room)
    left = [getattr(module, name) for name in entries(room)[1]]
    assert all(any(value is other for other in listed) or value.__name__ in ROOMS for value in left)


def test_a_class_has_one_entry_beside_that_of_its_own_module() -> None:
    """Sphinx refuses two entries elsewhere, as of a class that engine and reference share."""
    pages: dict[type, list[str]] = {}
    for room in ROOMS:
        module = importlib.import_module(room)
        for value in (getattr(module, name) for name in entries(room)[0]):
            if isinstance(value, type) and value.__module__ != room:
                pages.setdefault(value, []).append(room)
    assert {value.__name__: rooms for value, rooms in pages.items() if len(rooms) > 1} == {}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_page_of_an_adapter_has_all_its_names(adapter: str) -> None:
    text = (DOCS / "api" / f"{adapter}.rst").read_text()
    assert f".. automodule:: {adapter}\n" in text and "exclude-members" not in text
    assert public_names(SOURCE.joinpath(*adapter.split(".")[1:]).with_suffix(".py"))


def test_every_document_has_its_place() -> None:
    text = "".join((DOCS / f"{section}.md").read_text() for section in SECTIONS)
    listed = re.findall(
        r"^(?:.* <)?([\w./-]+)>?$", "\n".join(re.findall(r":::\{toctree\}\n(.*?):::", text, re.DOTALL)), re.MULTILINE
    )
    pages = {path.stem for path in DOCS.glob("*.md")} - {"index", "lessons", *SECTIONS}
    assert pages | {"../README", "../CHANGELOG", "../CONTRIBUTING", "../SECURITY"} <= set(listed)
    assert len(set(listed)) == len(listed)


def test_every_class_that_needs_torch_has_an_entry() -> None:
    text = (DOCS / "api" / "elman.interop.torch.rst").read_text()
    listed = re.findall(r"\.\. autoclass:: elman\.interop\.torch\.(\w+)", text)
    assert sorted(listed) == sorted(importlib.import_module("elman.interop.torch")._NEED_TORCH)
