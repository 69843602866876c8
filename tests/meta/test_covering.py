"""The covering design holds what it promises, with the fewest cases where that number is known."""

from __future__ import annotations

from itertools import combinations, product

from covering import covering


def test_four_of_eight_hold_every_pair_of_three_switches() -> None:
    switches = {case: case for case in product((0, 1), repeat=3)}
    assert covering(switches, strength=2) == [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
    assert covering(switches) == list(switches)


def test_every_combination_that_is_possible_is_there() -> None:
    """Some are not: a setting that does not vary adds nothing, and one that excludes another never meets it."""
    cases = {case: (*case, "fixed") for case in product("abc", (1, 2), (False, True), "xyz") if case[0] != case[3]}
    cases = {case: settings for case, settings in cases.items() if (case[0], case[1]) != ("c", 2)}
    chosen = covering(cases)
    assert len(chosen) < len(cases)
    for places in combinations(range(4), 3):
        met = [{tuple(case[place] for place in places) for case in some} for some in (chosen, cases)]
        assert met[0] == met[1]
