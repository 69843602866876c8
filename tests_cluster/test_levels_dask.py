"""A cluster whose processes have unlike instruction sets gives one result, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from elman import Forecaster
from elman.engine import isa, isa_levels, use_isa
from elman.errors import ElmanWarning

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def test_one_worker_of_a_lower_level_lowers_all(panel: Any, check_equal: Any) -> None:
    import dask.dataframe as dd
    from dask.distributed import Client, Nanny, Scheduler, SpecCluster

    lower = isa_levels()[-2]
    settings = {"nthreads": 1, "dashboard": False}
    workers = {
        name: {"cls": Nanny, "options": {**settings, "env": {"ELMAN_ISA": level}}}
        for name, level in enumerate([lower, isa_levels()[-1]])
    }
    frame = panel(40)
    model = Forecaster(6, season=12, method="prior", cutoffs=0).fit(frame)
    scheduler = {"cls": Scheduler, "options": {"dashboard": False, "port": 0}}
    with SpecCluster(workers, scheduler) as cluster, Client(cluster) as client:
        client.wait_for_workers(2)
        assert sorted(client.run(isa).values()) == sorted([lower, isa_levels()[-1]])
        with pytest.warns(ElmanWarning, match=f"ISA levels in use differ .*; {lower} is used by all"):
            result = model.predict(dd.from_pandas(frame, npartitions=6))
        found = result.compute()
        assert sorted(client.run(isa).values()) == sorted([lower, isa_levels()[-1]])
    assert found.attrs["elman"]["instructions"] == lower
    before = isa()
    use_isa(lower)
    try:
        check_equal(found, model.predict(frame))
    finally:
        use_isa(before)
