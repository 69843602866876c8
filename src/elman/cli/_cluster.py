"""The workers of a cluster for a command that forecasts a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from elman.cli._command import usage_error

__all__ = ["Dask", "Ray", "on_cluster"]

Dask = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Of a folder: a Dask scheduler, such as tcp://10.0.0.1:8786."),
]
Ray = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of a folder: a Ray cluster, such as auto.")]


@contextmanager
def on_cluster(dask: str | None, ray: str | None, workers: int | None) -> Iterator[None]:
    """Run work that joblib shares out on the workers of a cluster, at the lowest ISA level of all of them.

    Parameters
    ----------
    dask, ray : str, optional
        Address of a cluster; without one the work stays in processes of this computer.
    workers : int, optional
        From ``--workers``.
    """
    if sum(option is not None for option in (dask, ray, workers)) > 1:
        usage_error("--workers, --dask, --ray: one of them decides where the parts are forecast.")
    if dask is not None:
        with _on_dask(dask):
            yield
    elif ray is not None:
        with _on_ray(ray):
            yield
    else:
        yield


@contextmanager
def _on_dask(address: str) -> Iterator[None]:
    from joblib import parallel_config

    from elman._extras import need
    from elman.partitions import Level

    distributed = need("--dask", "distributed")
    try:
        client = distributed.Client(address)
    except (OSError, ValueError) as error:
        usage_error(f"--dask {address}: there is no scheduler ({error}).")
    with client:
        _level_with("--dask", list(client.run(Level.here).values()))
        with parallel_config("dask"):
            yield


@contextmanager
def _on_ray(address: str) -> Iterator[None]:
    from joblib import parallel_config

    from elman._extras import need
    from elman.partitions.ray import node_levels

    ray = need("--ray", "ray")
    try:
        ray.init(address=address, log_to_driver=False)
    except (ConnectionError, ValueError) as error:
        usage_error(f"--ray {address}: there is no cluster ({error}).")
    from ray.util.joblib import register_ray

    register_ray()
    try:
        _level_with("--ray", node_levels())
        with parallel_config("ray", n_jobs=-1):
            yield
    finally:
        ray.shutdown()


def _level_with(place: str, others: list[Any]) -> None:
    """Use the lowest common ISA level from here on."""
    from elman.engine import use_isa
    from elman.partitions import Level, common_level

    use_isa(common_level(place, Level.here(), others))
