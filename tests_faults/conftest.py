"""What the runs counted goes to ``results.json``, so that a promise in the documents has a number behind it."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)  # see tests/conftest.py

RESULTS = Path(__file__).with_name("results.json")
COUNTS: Counter[str] = Counter()


@pytest.fixture
def count() -> Callable[..., None]:
    """Add to a count by name."""
    return lambda name, number=1: COUNTS.update({name: number})


@pytest.fixture(autouse=True, scope="session")
def results(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if not request.session.testsfailed and not request.config.option.keyword:
        known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        RESULTS.write_text(json.dumps(dict(sorted((known | COUNTS).items())), indent=2) + "\n")
