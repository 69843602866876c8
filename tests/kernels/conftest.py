"""A test that takes `isa` runs on every ISA level of this CPU; the end of the run lists levels that it lacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from elman import engine
from kernels.levels import on_level


@pytest.fixture(params=engine.isa_levels())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    with on_level(request.param):
        yield request.param
