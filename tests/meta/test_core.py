"""What works where only the packages are installed that Elman always needs, and what is said about all others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BLOCKED = (
    "dask distributed jinja2 keras latex2mathml markupsafe matplotlib onnx onnxruntime openpyxl polars pyarrow "
    "tokenizers torch"
)


def needs(place: str, package: str, extra: str) -> str:
    return f'{place}: needs the package {package}; pip install "elman[{extra}]" brings it.'


def test_the_core_works_and_names_the_extra_of_everything_else(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(Path(__file__).with_name("core.py")), str(tmp_path), BLOCKED]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "forecasts": 2,
        "same": [True, True],
        "errors": [
            needs("Vocabulary", "tokenizers", "text"),
            needs("render", "jinja2", "explain"),
            needs("plot", "matplotlib", "plot"),
            needs("sales.parquet", "polars or pyarrow", "parquet"),
            needs("sales.xlsx", "openpyxl", "excel"),
            needs("export_onnx", "onnx", "onnx"),
            needs("to_torch", "torch", "torch"),
            needs("to_keras", "keras", "keras"),
        ],
        "commands": [
            [0, ""],
            [0, ""],
            [0, ""],
            [1, f"Error: {needs('--plot p.png', 'matplotlib', 'plot')}\n"],
            [1, f"Error: {needs('--output p.parquet', 'pyarrow or polars', 'parquet')}\n"],
            [1, f"Error: {needs('render', 'jinja2', 'explain')}\n"],
            [1, f"Error: {needs('Vocabulary', 'tokenizers', 'text')}\n"],
        ],
    }
    assert sorted(file.name for file in tmp_path.iterdir() if file.suffix in {".png", ".parquet", ".csv", ".html"}) == [
        "f.csv",
        "sales.parquet",
    ]
