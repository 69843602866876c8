"""A covering design: the few of many cases that between them hold every combination of three settings."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def covering(cases: Mapping[Name, Sequence[Hashable]], strength: int = 3) -> list[Name]:
    """Return names of cases that hold every combination of ``strength`` settings that any of ``cases`` holds.

    A mistake shows where few settings meet, so these cases find nearly all that the whole product finds. The choice is
    greedy and depends on the cases alone: the next is the first of those that add most combinations.
    """
    varying = [place for place, values in enumerate(zip(*cases.values(), strict=True)) if len(set(values)) > 1]
    held = {
        name: set(combinations([(place, settings[place]) for place in varying], strength))
        for name, settings in cases.items()
    }
    missing = set().union(*held.values())
    chosen = set()
    while missing:
        best = max(held, key=lambda name: len(held[name] & missing))
        missing -= held[best]
        chosen.add(best)
    return [name for name in cases if name in chosen]
