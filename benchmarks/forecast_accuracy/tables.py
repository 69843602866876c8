"""Tables of the results beside the peers' and published figures, as text and as markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from forecast_accuracy.published import ALL_OF_M3, PUBLISHED, RELATED, RELATED_SETS, SEASONAL_NAIVE
from forecast_accuracy.results import PEERS, RESULTS, all_of_m3, is_whole, peer_sets, peers, read, read_series, related
from forecast_accuracy.scores import THIRDS, geometric_mean
from forecast_accuracy.sets import SETS

Cell = float | str | None

OURS = {"alone": "Elman, each series alone", "panels": "Elman, all series together"}
PEER_NAMES = {"SeasonalNaive": "seasonal naive"}
ROLLING_NAMES = {"air_passengers": "air passengers, 5 cut-offs", "sunspots": "sunspots, 5 cut-offs"}


@dataclass(frozen=True)
class Table:
    """Rows of cells with a header; the columns in `lowest` print the lowest figure of each group in bold.

    The first cell of a row is its group and the second the method. Without groups the first cell is empty.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    digits: Mapping[str, int] = field(default_factory=dict)
    lowest: tuple[str, ...] = ("sMAPE", "MASE")

    def best(self) -> set[tuple[int, int]]:
        """Return row and column of the lowest printed figures, ties included."""
        found = set()
        for column, name in enumerate(self.header):
            if name not in self.lowest:
                continue
            for group in {row[0] for row in self.rows}:
                shown = {
                    index: round(value, self.digits.get(name, 3))
                    for index, row in enumerate(self.rows)
                    if row[0] == group and isinstance(value := row[column], float)
                }
                found |= {(index, column) for index, value in shown.items() if value == min(shown.values())}
        return found

    def texts(self, mark: str = "") -> list[list[str]]:
        """Return the printed cells, the best between marks, a group's name only in its first row."""
        best, lines, last = self.best(), [], None
        for index, row in enumerate(self.rows):
            cells = []
            for column, value in enumerate(row):
                text = "" if value is None else value
                if isinstance(value, float):
                    text = f"{value:.{self.digits.get(self.header[column], 3)}f}"
                cells.append(f"{mark}{text}{mark}" if (index, column) in best else str(text))
            if cells[0] == last:
                cells[0] = ""
            last = str(row[0])
            lines.append(cells)
        return lines

    def as_markdown(self) -> list[str]:
        """Return lines of markdown."""
        numbers = [any(isinstance(row[column], float) for row in self.rows) for column in range(len(self.header))]
        rule = "|".join("---:" if number else "---" for number in numbers)
        body = [f"| {' | '.join(cells)} |" for cells in self.texts("**")]
        return [f"**{self.title}**", "", f"| {' | '.join(self.header)} |", f"|{rule}|", *body]

    def as_text(self) -> str:
        """Return aligned columns, the best figures marked with a star."""
        lines = [list(self.header), *self.texts("*")]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        shown = [
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        ]
        return "\n".join(("", self.title, *(line.rstrip() for line in shown)))


def _label(name: str, row: Mapping[str, Any]) -> str:
    return name if is_whole(row) else f"{name} ({row['series']} of {row['of']})"


def _own_sets(folder: Path) -> dict[str, dict[str, Any]]:
    return {part: read(f"accuracy_{part}", folder).get("sets", {}) for part in OURS}


def _peer_label(model: str, folder: Path) -> str:
    version = read(PEERS, folder).get("versions", {}).get("statsforecast", "")
    return PEER_NAMES.get(model, f"{model} (statsforecast {version})")


def _peer_models(folder: Path) -> list[str]:
    models = {model for name in SETS for model in peers(name, folder)}
    return sorted(models)


def sets_table(folder: Path = RESULTS) -> Table:
    """Every set: ours, the peers and the published figures, each with the best first."""
    own, rows = _own_sets(folder), []
    for name, each in SETS.items():
        if not any(name in sets for sets in own.values()):
            continue
        for part, sets in own.items():
            if name in sets:
                found = sets[name]
                seconds = found.get("cpu_seconds_per_series", found.get("cpu_seconds", 0.0) / found["series"])
                rows.append(_set_row(each.title, _label(OURS[part], found), found, seconds))
        for model, found in peers(name, folder).items():
            rows.append(_set_row(each.title, _peer_label(model, folder), found, found["cpu_seconds_per_series"]))
        rows += [_set_row(each.title, label, found, None) for label, found in PUBLISHED.get(name, {}).items()]
    header = ("Data", "Method", "sMAPE", "MASE", "in 80 %", "width", "in 95 %", "CPU s a series")
    return Table("Accuracy", header, rows, digits={"in 80 %": 2, "in 95 %": 2, "width": 2, "CPU s a series": 4})


def _set_row(title: str, label: str, found: Mapping[str, Any], seconds: float | None) -> list[Cell]:
    intervals = found.get("intervals", {})
    in_80, in_95 = intervals.get("80", {}), intervals.get("95", {})
    figures = found.get("sMAPE"), found.get("MASE"), in_80.get("coverage"), in_80.get("width"), in_95.get("coverage")
    return [title, label, *figures, seconds]


def related_table(folder: Path = RESULTS) -> Table:
    """MASE relative to seasonal naive, and the mean sMAPE of all of M3."""
    rows: list[list[Cell]] = []
    for competition in ("m1", "m3"):
        named: list[list[Cell]] = []
        for part, sets in _own_sets(folder).items():
            named.append([OURS[part], related(sets, competition), all_of_m3(sets)])
        for model in _peer_models(folder):
            sets = peer_sets(model, folder)
            named.append([_peer_label(model, folder), related(sets, competition), all_of_m3(sets)])
        for label, values in RELATED[competition].items():
            ratios = [value / naive for value, naive in zip(values, SEASONAL_NAIVE[competition], strict=True)]
            named.append([label, geometric_mean(ratios), None])
        if competition == "m3":
            named += [[label, None, row["sMAPE"]] for label, row in PUBLISHED[ALL_OF_M3].items()]
        else:
            named = [[label, value, None] for label, value, _ in named]
        rows += [[competition.upper(), *row] for row in named if any(value is not None for value in row[1:])]
    kinds = ", ".join(RELATED_SETS)
    header = ("Data", "Method", "MASE / seasonal naive", "sMAPE, all 3,003")
    title = f"MASE relative to seasonal naive, geometric mean over {kinds}; sMAPE of all series of M3"
    return Table(title, header, rows, digits={"sMAPE, all 3,003": 2}, lowest=header[2:])


def sample_table(folder: Path = RESULTS) -> Table:
    """Peers on a sample of series, and ours on the same series."""
    series, rows = read_series(PEERS, folder), []
    own = {part: read_series(f"accuracy_{part}", folder) for part in OURS}
    for name, each in SETS.items():
        for model, scores in series.get(name, {}).items():
            indices = scores.get("places")
            whole = {part: found[name] for part, found in own.items() if _holds(found.get(name), indices)}
            if not indices or not whole:
                continue
            title = f"{each.title}, {len(indices)} series"
            rows += [[title, OURS[part], *_means(found, indices)] for part, found in whole.items()]
            rows.append([title, _peer_label(model, folder), *_means(scores, range(len(indices)))])
    return Table("On a seeded sample of series", ("Data", "Method", "sMAPE", "MASE"), rows)


def _holds(found: Mapping[str, Any] | None, indices: Sequence[int] | None) -> bool:
    return found is not None and bool(indices) and max(indices or [0]) < len(found["MASE"])


def _means(scores: Mapping[str, Sequence[float | None]], indices: Sequence[int]) -> list[float]:
    picked = ([scores[metric][index] for index in indices] for metric in ("sMAPE", "MASE"))
    return [float(np.mean([value for value in values if value is not None])) for values in picked]


def coverage_table(folder: Path = RESULTS) -> Table:
    """Share of the values inside, and the mean width in MASE scales, by third of the horizon."""
    rows: list[list[Cell]] = []
    for name, each in SETS.items():
        for part, sets in _own_sets(folder).items():
            for level, found in sets.get(name, {}).get("intervals", {}).items():
                label = f"{_label(OURS[part], sets[name])}, {level} %"
                rows.append([each.title, label, *found["thirds"], found["coverage"], found["width"]])
    header = ("Data", "Method", *(f"{third} third" for third in THIRDS), "whole", "width")
    return Table("Values inside the intervals, by third of the horizon", header, rows, lowest=())


def rolling_table(folder: Path = RESULTS) -> Table:
    """Air passengers and sunspots."""
    rows: list[list[Cell]] = []
    for name, found in read("accuracy_rolling", folder).get("series", {}).items():
        title = ROLLING_NAMES[name]
        rows += [[title, each, row["sMAPE"], row["MASE"], row["MAE"]] for each, row in found["scores"].items()]
    header = ("Data", "Method", "sMAPE", "MASE", "MAE")
    return Table("Five cut-offs of one series, refitted at each", header, rows, lowest=header[2:])


def random_table(folder: Path = RESULTS) -> Table:
    """Random panels: change of MASE relative to the untuned prior, in per cent."""
    rows: list[list[Cell]] = []
    for competition, sizes in read("accuracy_random", folder).get("competitions", {}).items():
        for size, found in sizes.items():
            label = f"{len(found['panels'])} panels of {size} series"
            rows.append([competition.upper(), label, 100 * found["mean"], 100 * found["worst"]])
    header = ("Data", "Panels", "mean change, %", "worst change, %")
    title = "Random panels: MASE of the chosen method relative to the untuned prior"
    return Table(title, header, rows, digits={header[2]: 2, header[3]: 2}, lowest=())


TABLES = {
    "alone": (related_table, sets_table, sample_table),
    "panels": (related_table, sets_table, sample_table),
    "random": (random_table,),
    "coverage": (coverage_table,),
    "rolling": (rolling_table,),
    "durations": (),
}


def tables(parts: Sequence[str] = tuple(TABLES), folder: Path = RESULTS) -> list[Table]:
    """Return the tables of some parts, each once, without empty ones."""
    builders = dict.fromkeys(builder for part in parts for builder in TABLES[part])
    return [table for table in (builder(folder) for builder in builders) if table.rows]
