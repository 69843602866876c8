"""The command that times the kernels: its output, without any time."""

from __future__ import annotations

import re

import typer
from typer.testing import CliRunner

from elman.cli.bench import bench
from elman.engine import isa


def test_bench_prints_rates_and_latencies() -> None:
    app = typer.Typer()
    app.command()(bench)
    result = CliRunner().invoke(app, ["--seconds", "0.01"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert any(re.search(rf"{isa()}, one thread; loop of multiply-adds: \d+ GF/s", line) for line in lines)
    rates = [line.split()[-3:] for line in lines if "training step" in line or "forward" in line]
    assert len(rates) == 10
    assert all(float(number) > 0 for row in rates for number in row)
    assert sum("→" in line and float(line.split()[-1]) > 0 for line in lines if line.strip().startswith("LSTM")) == 3


def test_bench_refuses_no_threads() -> None:
    app = typer.Typer()
    app.command()(bench)
    assert CliRunner().invoke(app, ["--threads", "0"]).exit_code == 2
