"""The targets of each part, and whether they are met. A figure that was not measured has no verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast_accuracy.results import RESULTS, all_of_m3, read, related

SUNSPOTS_BEFORE = 22.1065  # MAE of the window network alone, refitted at each cut-off (0.1.0)
COVERED = {"80": (0.75, 0.86), "95": (0.92, 0.98)}


@dataclass(frozen=True)
class Bar:
    """A figure, and its required range."""

    what: str
    value: float | None
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the figure lies in the range; None if it was not measured."""
        if self.value is None:
            return None
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    @property
    def limits(self) -> str:
        """The range in words."""
        ends = [f"at least {self.least:g}"] if self.least is not None else []
        ends += [f"at most {self.most:g}"] if self.most is not None else []
        return " and ".join(ends)

    def __str__(self) -> str:
        value = "not measured" if self.value is None else f"{self.value:.4g}"
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        return f"{self.what:66s} {value:>12s}   {self.limits:28s} {verdict}".rstrip()


def _of(found: Any, *keys: str) -> float | None:
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return float(found)


def alone(folder: Path) -> Iterator[Bar]:
    """Bars of series forecast one by one."""
    found = read("accuracy_alone", folder)
    sets = found.get("sets", {})
    yield Bar("alone: M3, MASE relative to seasonal naive", related(sets, "m3"), 0.75)
    yield Bar("alone: M1, the same (the set to choose on)", related(sets, "m1"), 0.73)
    yield Bar("alone: M3, sMAPE of all 3,003 series", all_of_m3(sets), 12.15)
    slowest = max((row["cpu_seconds_per_series"] for row in sets.values()), default=None)
    yield Bar("alone: CPU seconds a series, mean of the slowest set", slowest, 0.05)
    failures = sum(len(row["failures"]) for row in sets.values()) if sets else None
    yield Bar("alone: series that raised an error", failures, 0)
    yield Bar("alone: CPU ms a series in a batch of 1,000", _of(found, "batch", "cpu_ms_per_series"), 1.0)


PANEL_BARS = {
    "m3_quarterly": {"sMAPE": 8.6},
    "m3_monthly": {"sMAPE": 12.95, "MASE": 0.80},
    "cif2016": {"sMAPE": 10.6, "MASE": 0.80},
    "nn5_daily": {"sMAPE": 20.6},
    "m4_hourly": {"sMAPE": 8.9, "MASE": 0.81},
}
PANEL_SECONDS, HOURLY_SECONDS = 60, 300


def panels(folder: Path) -> Iterator[Bar]:
    """Bars of the sets as panels."""
    sets = read("accuracy_panels", folder).get("sets", {})
    yield Bar("panels: M3, MASE relative to seasonal naive", related(sets, "m3"), 0.745)
    yield Bar("panels: M3, sMAPE of all 3,003 series", all_of_m3(sets), 11.9)
    for name, bars in PANEL_BARS.items():
        for metric, most in bars.items():
            yield Bar(f"panels: {name}, {metric}", _of(sets, name, metric), most)
    others = [row["cpu_seconds"] for name, row in sets.items() if name != "m4_hourly"]
    yield Bar("panels: CPU seconds of the slowest set but M4 hourly", max(others, default=None), PANEL_SECONDS)
    yield Bar("panels: CPU seconds of M4 hourly", _of(sets, "m4_hourly", "cpu_seconds"), HOURLY_SECONDS)


def random(folder: Path) -> Iterator[Bar]:
    """Bars of random panels."""
    found = read("accuracy_random", folder).get("competitions", {})
    for size, most in (("20", 0.05), ("40", 0.01), ("70", 0.01)):
        worst = [sizes[size]["worst"] for sizes in found.values() if size in sizes]
        yield Bar(f"random: worst change of MASE in panels of {size}", max(worst, default=None), most)


def coverage(folder: Path) -> Iterator[Bar]:
    """Bars of the intervals, from the results of the parts ``alone`` and ``panels``."""
    for part in ("alone", "panels"):
        sets = read(f"accuracy_{part}", folder).get("sets", {})
        for name in ("m3_quarterly", "m3_monthly"):
            for level, (least, most) in COVERED.items():
                thirds = sets.get(name, {}).get("intervals", {}).get(level, {}).get("thirds", [None] * 3)
                for third, value in zip(("first", "middle", "last"), thirds, strict=True):
                    yield Bar(f"coverage: {name}, {part}, {level} %, {third} third", value, most, least)
    panel = read("accuracy_panels", folder).get("sets", {})
    value = _of(panel, "m1_quarterly", "intervals", "80", "coverage")
    yield Bar("coverage: m1_quarterly, panels, 80 %", value, least=0.78)


def rolling(folder: Path) -> Iterator[Bar]:
    """Bars of the two shipped series."""
    series = read("accuracy_rolling", folder).get("series", {})
    yield Bar("rolling: air passengers, sMAPE", _of(series, "air_passengers", "scores", "Elman", "sMAPE"), 4.0)
    yield Bar("rolling: sunspots, MAE", _of(series, "sunspots", "scores", "Elman", "MAE"), SUNSPOTS_BEFORE)


def durations(folder: Path) -> Iterator[Bar]:
    """Bars of the command and of the window network."""
    found = read("accuracy_durations", folder)
    seconds = _of(found, "command", "median_seconds")
    yield Bar("durations: elman forecast air-passengers --horizon 12, seconds", seconds, 2.5)
    yield Bar("durations: 300 months by the network, CPU seconds", _of(found, "network", "cpu_seconds"), 6.0)


PARTS = {
    "alone": alone,
    "panels": panels,
    "random": random,
    "coverage": coverage,
    "rolling": rolling,
    "durations": durations,
}


def bars(parts: tuple[str, ...] = tuple(PARTS), folder: Path = RESULTS) -> list[Bar]:
    """Return the bars of some parts."""
    return [bar for part in parts for bar in PARTS[part](folder)]
