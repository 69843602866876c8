"""Options of several subcommands, and checks before any work."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman._extras import need
from elman.cli._command import say, usage_error

if TYPE_CHECKING:
    import pandas as pd


__all__ = [
    "Checkpoint",
    "ForecastOutput",
    "ForecastingModel",
    "Future",
    "LayerNorm",
    "ProjectionSize",
    "Quantiles",
    "Quiet",
    "Resume",
    "Seed",
    "Series",
    "Static",
    "Target",
    "Threads",
    "Time",
    "check_choice",
    "check_ending",
    "check_extra",
    "check_outputs",
    "check_readable",
    "check_table",
    "check_writable",
    "count_or_auto",
    "kept",
    "levels_of",
    "quantiles_of",
    "refuse_unused",
    "sizes_of",
    "write_csv",
    "write_forecast",
]

# Arguments and options of several subcommands.
ForecastingModel = Annotated[Path, typer.Argument(metavar="MODEL", help="Written by elman forecast --save.")]
Time = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the dates; found if not given.")]
Target = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column to forecast; found if not given.")]
Series = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of the names of several series.")]
Future = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Future rows of the columns known ahead; dates as in the first file."),
]
Static = Annotated[
    Path | None, typer.Option(metavar="FILE", help="One row per series: numbers, and text for categories.")
]
ForecastOutput = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write the forecast: .csv, .parquet or .json.")
]
Quantiles = Annotated[
    str | None,
    typer.Option(metavar="SHARES", help="Quantiles, such as 0.1,0.5,0.9: the share of values expected below."),
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same result.")]
Threads = Annotated[int | None, typer.Option(min=1, max=2**31 - 1, help="Threads; the result does not depend on them.")]
ProjectionSize = Annotated[
    int | None, typer.Option(min=1, help="Of an LSTM: values that each layer passes on, fewer than its units.")
]
LayerNorm = Annotated[bool, typer.Option("--layer-norm", help="Normalize the sums before the gates over the units.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No messages and no progress.")]
Checkpoint = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Save the state of the training there every ten seconds.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue from the state in the folder of --checkpoint, if there is one.")
]
_PARQUET = (".parquet", ".pq")


def check_writable(option: str, path: Path | None, *reads: str | Path | None) -> None:
    """Refuse, before any work, an output file that cannot be written or would replace an input file."""
    if path is None:
        return
    if os.path.isdir(path):
        usage_error(f"{option} {path}: is a folder.")
    if not os.path.isdir(path.parent):
        usage_error(f"{option} {path}: there is no folder {path.parent}.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        usage_error(f"{option} {path}: the folder {path.parent} cannot be written to.")
    if os.path.exists(path) and any(file and os.path.exists(file) and path.samefile(file) for file in reads):
        usage_error(f"{option} {path}: would replace a file that is read; name another.")
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            usage_error(f"{option} {path}: is not a regular file; name another.")
    except FileNotFoundError:
        pass
    except OSError as error:  # a name that is too long
        usage_error(f"{option} {path}: {error.strerror}.")


def check_outputs(writes: dict[str, Path | None], *reads: str | Path | None) -> None:
    """Refuse output files that cannot be written, or that would replace each other or an input file."""
    for option, path in writes.items():
        check_writable(option, path, *reads)
    paths = [path.resolve() for path in writes.values() if path is not None]
    if len(set(paths)) < len(paths):
        usage_error(f"{', '.join(writes)}: two of them name the same file.")


def refuse_unused(why: str, options: dict[str, Any]) -> None:
    """End with exit code 2 if an option without effect was given."""
    for name, value in options.items():
        if value is not None:
            usage_error(f"{why}; {name} does not go with it.")


def check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Refuse anything else."""
    if value not in choices:
        usage_error(f"{option} {value}: must be one of {', '.join(choices)}.")


def check_readable(option: str | None, path: Path | None) -> None:
    """Refuse a missing file; name its option, if any."""
    place = path if option is None else f"{option} {path}"
    if path is not None and os.path.isdir(path):
        usage_error(f"{place}: is a folder.")
    if path is not None and not os.path.exists(path):
        usage_error(f"{place}: no such file.")


def count_or_auto(option: str, text: str, *, several: bool = False) -> Any:
    """Read ``auto`` or ``12``; with ``several`` a list, such as ``24,168``."""
    if text == "auto":
        return text
    form = "auto, a number such as 12, or several such as 24,168" if several else "auto or a number of at least 1"
    found = _counts(option, text, form, several=several)
    return found if several else found[0]


def sizes_of(option: str, text: str) -> int | tuple[int, ...]:
    """Read ``64``, or one size for each layer, such as ``64,32``."""
    found = _counts(option, text, "a number such as 64, or one for each layer such as 64,32", several=True)
    return found[0] if len(found) == 1 else tuple(found)


def _counts(option: str, text: str, form: str, *, several: bool) -> list[int]:
    parts = [part.strip() for part in text.split(",")] if several else [text]
    if not all(re.fullmatch("0{0,9}[1-9][0-9]{0,17}", part) for part in parts):
        usage_error(f"{option} {text}: must be {form}.")
    return list(map(int, parts))


def levels_of(text: str) -> list[float] | None:
    """Read ``80,95``, ``none`` (an empty list) or ``auto`` (None)."""
    if text in ("auto", "none"):
        return None if text == "auto" else []
    try:
        levels = [float(part) for part in text.split(",")]
    except ValueError:
        levels = []
    if not levels or not all(0 < level < 100 for level in levels) or len(set(levels)) < len(levels):
        usage_error(f"--level {text}: must be auto, none, a percentage such as 80, or several such as 80,95.")
    from elman.forecasting.intervals import in_percent

    if (percent := in_percent(levels)) is not None:
        usage_error(f"--level {text}: is in percent; pass --level {','.join(f'{each:g}' for each in percent)}.")
    return levels


def quantiles_of(text: str | None) -> list[float]:
    """Read ``0.1,0.5,0.9``; none if not given."""
    if text is None:
        return []
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    from elman.forecasting.intervals import as_shares

    if shares and (own := as_shares(shares)) is not None:
        usage_error(f"--quantiles {text}: are shares; pass --quantiles {','.join(f'{share:g}' for share in own)}.")
    if not shares or not all(0 < share < 1 for share in shares) or len(set(shares)) < len(shares):
        usage_error(f"--quantiles {text}: must be a share such as 0.9, or several such as 0.1,0.5,0.9.")
    return shares


@contextmanager
def kept(
    command: str, folder: Path | None, resume: bool, options: dict[str, Any], *files: str | Path | None
) -> Iterator[None]:
    """Keep the states of all training inside the context in a folder, if one is given.

    Parameters
    ----------
    command : str
        Name of the command.
    folder : path, optional
        From ``--checkpoint``.
    resume : bool
        From ``--resume``.
    options : dict
        All others; threads and progress are ignored.
    files : str, path or None
        Training data; a file shipped with Elman is identified by its name.
    """
    if folder is None:
        if resume:
            usage_error("--resume needs --checkpoint FOLDER to go on from.")
        yield
        return
    if os.path.exists(folder) and not os.path.isdir(folder):
        usage_error(f"--checkpoint {folder}: is not a folder.")
    from elman.training import checkpointing

    contents = [Path(file).read_bytes() if file and Path(file).is_file() else file for file in files]
    run = {"seed" if name == "random_state" else name: value for name, value in options.items()}
    with checkpointing(command, folder, resume, run, contents):
        try:
            yield
        except KeyboardInterrupt:
            say(f"The state of the training is in {folder}; --resume goes on from it.")
            raise


def check_ending(option: str, path: Path | None, possible: Sequence[str], others: Sequence[str]) -> None:
    """Refuse a file name whose ending names a kind that cannot be written."""
    if path is not None and path.suffix.lower() in others:
        usage_error(f"{option} {path}: must end in {', '.join(possible[:-1])} or {possible[-1]}.")


def check_extra(option: str, path: Path | None, *packages: str) -> None:
    """Refuse, before any work, a file that none of the packages is there to write."""
    if path is not None:
        need(f"{option} {path}", *packages)


def check_table(option: str, path: Path | None) -> None:
    """Refuse a file that is no kind of table, or that no installed package writes."""
    check_ending(option, path, (".csv", ".parquet", ".json"), (".xlsx", ".xls", ".ods", ".feather", ".gz"))
    if path is not None and path.suffix.lower() in _PARQUET:
        check_extra(option, path, "pyarrow", "polars")


def write_forecast(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as Parquet, JSON or CSV, by the ending of the file name."""
    from elman.persistence import write_atomically

    ending = path.suffix.lower()
    if ending in _PARQUET:
        from elman.tables.parquet import parquet_bytes

        write_atomically(path, parquet_bytes(frame))
    elif ending == ".json":
        columns = {
            name: [value.isoformat() if hasattr(value, "isoformat") else value for value in frame[name].tolist()]
            for name in frame.columns
        }
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        write_atomically(path, f"{json.dumps(rows, indent=1, ensure_ascii=False)}\n".encode())
    else:
        write_csv(path, frame)


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame, all of it or nothing."""
    from elman.persistence import write_atomically

    write_atomically(path, frame.to_csv(index=False).encode())
