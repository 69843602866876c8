"""A fitted model of every kind."""

from __future__ import annotations

import pytest

from elman import LanguageModel
from text.samples import SENTENCES, small


@pytest.fixture(scope="session", params=["character", "word", "bpe", "windows"])
def fitted(request: pytest.FixtureRequest) -> LanguageModel:
    if request.param == "windows":
        return small(unit="word", training="windows", steps=4).fit(SENTENCES)
    return small(unit=request.param).fit(SENTENCES)
