"""What the tests of forecasting share."""

from __future__ import annotations

import pytest

from elman.forecasting import candidates


@pytest.fixture(autouse=True)
def _short_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tune for few updates: what tuning gains is tested in tests/prior."""
    monkeypatch.setattr(candidates, "UPDATES", 8)
    monkeypatch.setattr(candidates, "_LONGER_UPDATES", 16)
