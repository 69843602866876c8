"""A covering design: the few of many cases that between them hold every combination of three settings."""

from __future__ import annotations

from collections import defaultdict
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
    numbers: dict[Hashable, int] = {}  # of settings, which are quicker to compare than these
    held = [
        list(combinations([numbers.setdefault((place, each[place]), len(numbers)) for place in varying], strength))
        for each in cases.values()
    ]
    missing = defaultdict(list)  # the cases that hold a combination
    for case, own in enumerate(held):
        for combination in own:
            missing[combination].append(case)
    added = [len(own) for own in held]
    chosen = set()
    while missing:
        best = added.index(max(added))
        chosen.add(best)
        for combination in held[best]:
            for case in missing.pop(combination, ()):
                added[case] -= 1
    return [name for case, name in enumerate(cases) if case in chosen]
