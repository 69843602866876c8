"""A cluster whose processes have unlike instruction sets gives one result, and says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from engines import ENGINES
from work import fitted, panel

from elman.engine import isa, isa_levels, use_isa


@pytest.mark.parametrize("name", ENGINES)
def test_workers_of_a_lower_level_lower_all(name: str, check_equal: Any, tmp_path: Path) -> None:
    lower, best = isa_levels()[-2], isa()
    command = [sys.executable, Path(__file__).with_name("work.py"), name, "levels", lower, tmp_path / "result.parquet"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["about"]["instructions"] == lower
    assert any(f"ISA levels in use differ ({best} here" in said and f"; {lower} is used by all" in said
               for said in told["said"])  # fmt: skip
    frame = panel(40, 40)
    model = fitted(frame)
    use_isa(lower)
    try:
        check_equal(pd.read_parquet(tmp_path / "result.parquet"), model.predict(frame))
    finally:
        use_isa(best)
