"""The README and the documents: their blocks, links, verbs and extras. `make docs` runs the code in them."""

from __future__ import annotations

import re
import tomllib

from meta.documents import blocks, commands
from meta.repository import DOCUMENTS, ROOT

VERBS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


def test_fences_have_a_known_language() -> None:
    for path in DOCUMENTS:
        assert path.read_text().count("\n```") == 2 * len(blocks(path)), path.name
        assert {language for language, _ in blocks(path)} <= {"python", "sh", "text", "json", "cpp"}, path.name


def test_verbs_and_extras_exist() -> None:
    for line in [line for path in DOCUMENTS for line in commands(path)]:
        words = line.partition("#")[0].split()
        if words[0] == "make":
            assert set(words[1:]) <= VERBS, line
        elif words[:2] == ["pip", "install"]:
            assert set(re.findall(r"\[(\w+)\]", line)) <= EXTRAS, line


def test_links_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
            assert "://" in target or (path.parent / target).exists(), f"{path.name}: {target}"


def test_changelog_has_a_form() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    releases = [line for line in lines if line.startswith("## ")]
    assert re.match(r"## Unreleased(: \d+\.\d+\.\d+)?$", releases[0])
    assert all(re.match(r"## \d+\.\d+\.\d+, \d{4}-\d{2}-\d{2}$", line) for line in releases[1:]), releases
    kinds: list[str] = []
    for line in lines:
        kinds = (
            [] if line.startswith("## ") else [*kinds, line.removeprefix("### ")] if line.startswith("### ") else kinds
        )
        assert kinds == [kind for kind in ("Added", "Changed", "Fixed") if kind in kinds], line
