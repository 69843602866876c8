"""Sampling: possible tokens, their frequencies, and stop texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman import ArgumentError
from elman.text import Sampler, Sampling, until_stop

P = np.array([0.1, 0.4, 0.05, 0.2, 0.25], np.float32)
COUNT = 4000


def shares(p: np.ndarray = P, **sampling: Any) -> np.ndarray:
    sampler = Sampler(Sampling(**sampling), len(p))
    return np.bincount([sampler(p) for _ in range(COUNT)], minlength=len(p)) / COUNT


def expected(**sampling: Any) -> np.ndarray:
    p = P.astype(float)
    p[0] = 0
    p **= 1 / sampling.get("temperature", 1.0)
    order = np.argsort(-p, kind="stable")
    p[order[sampling.get("top_k", len(p)) :]] = 0
    sums = np.cumsum(np.sort(p / p.sum())[::-1])
    p[order[np.searchsorted(sums, sampling.get("top_p", 1.0)) + 1 :]] = 0
    return p / p.sum()


@pytest.mark.parametrize(
    "sampling",
    [
        {},
        {"temperature": 0.5},
        {"temperature": 2.0},
        {"top_k": 2},
        {"top_k": 4},
        {"top_p": 0.5},
        {"top_p": 1.0},
        {"temperature": 0.7, "top_k": 3, "top_p": 0.9},
    ],
)
def test_shares_are_as_asked_for(sampling: dict[str, Any]) -> None:
    found, wanted = shares(**sampling), expected(**sampling)
    assert ((found == 0) == (wanted == 0)).all()
    # four standard deviations of a share; the seed is fixed, so this passes always or never
    assert (np.abs(found - wanted) <= 4 * np.sqrt(wanted * (1 - wanted) / COUNT)).all()


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=30).filter(lambda p: any(p[1:])),
    st.integers(1, 29),
    st.floats(0.05, 1.0),
    st.booleans(),
    st.booleans(),
)
def test_exactly_the_tokens_asked_for_can_come(p: list[int], top_k: int, top_p: float, few: bool, likely: bool) -> None:
    """Of equally probable tokens, the first count."""
    options: dict[str, Any] = {"top_k": min(top_k, len(p) - 1)} if few else {}
    options |= {"top_p": top_p} if likely else {}
    order = sorted(range(1, len(p)), key=lambda token: (-p[token], token))[: options.get("top_k", len(p))]
    sums = np.cumsum([p[token] for token in order])
    kept = order if not likely or top_p == 1.0 else order[: int(np.searchsorted(sums, top_p * sums[-1])) + 1]
    sampler = Sampler(Sampling(**options), len(p))
    weights = np.array(p, np.float32) / 128  # the scale does not matter; this one needs no rounding
    found = {sampler(weights) for _ in range(1500)}  # the rarest has a share of at least 1/117
    assert found == {token for token in kept if p[token]}


def test_temperature_zero_takes_the_first_of_the_most_probable() -> None:
    assert shares(temperature=0.0).tolist() == [0, 1, 0, 0, 0]
    assert shares(np.array([0.9, 0.0, 0.05, 0.05]), temperature=0.0).tolist() == [0, 0, 1, 0]
    assert shares(temperature=0.0, top_k=1, top_p=0.1).tolist() == [0, 1, 0, 0, 0]


def test_the_unknown_token_never_comes() -> None:
    almost = np.array([1.0 - 1e-6, 5e-7, 5e-7])
    assert shares(almost)[0] == 0
    likely = np.array([0.9, 0.06, 0.04])
    for sampling in ({"top_k": 1}, {"top_p": 0.5}, {"temperature": 0.0}):  # nor does it replace another token
        assert shares(likely, **sampling).tolist() == [0, 1, 0]
    alone = np.array([1.0, 0.0, 0.0], np.float32)
    for sampling in ({}, {"temperature": 0.5}, {"temperature": 0.0}, {"top_p": 0.5}, {"top_k": 1}):
        assert shares(alone, **sampling)[0] == 0


def test_a_small_temperature_does_not_overflow() -> None:
    assert shares(np.array([0.0, 1e-30, 2e-30, 1e-38], np.float32), temperature=1e-3).tolist() == [0, 0, 1, 0]


def test_repetition_penalty_makes_what_occurred_less_likely() -> None:
    sampler = Sampler(Sampling(temperature=0.0, repetition_penalty=4.0), 5, seen=[1])
    assert [sampler(P) for _ in range(4)] == [4, 3, 2, 1]  # 0.4⁴ is 0.0256


def test_the_same_seed_draws_the_same_and_p_is_left_alone() -> None:
    before = P.copy()
    a, b, c = (Sampler(Sampling(seed=seed, temperature=0.9, top_k=4), 5) for seed in (3, 3, 4))
    first, second, third = ([sampler(P) for _ in range(300)] for sampler in (a, b, c))
    assert first == second != third
    np.testing.assert_array_equal(P, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "temperature must be a number in [0, inf), got -1."),
        ({"temperature": float("nan")}, "temperature must be a number in [0, inf), got nan."),
        ({"temperature": float("inf")}, "temperature must be a number in [0, inf), got inf."),
        ({"temperature": "hot"}, "temperature must be a number in [0, inf), got 'hot'."),
        ({"top_k": 0}, "top_k must be an integer of at least 1, got 0."),
        ({"top_p": 0.0}, "top_p must be a number in (0, 1], got 0."),
        ({"top_p": 1.5}, "top_p must be a number in (0, 1], got 1.5."),
        ({"repetition_penalty": 0.0}, "repetition_penalty must be a number in (0, inf), got 0."),
        ({"seed": -1}, f"seed must be an integer between 0 and {2**63 - 1}, got -1."),
    ],
)
def test_values_outside_their_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Sampling(**options)
    assert str(caught.value) == f"generate: {message}"


def test_top_k_beyond_the_vocabulary_is_refused() -> None:
    Sampler(Sampling(top_k=4), 5)
    with pytest.raises(ArgumentError) as caught:
        Sampler(Sampling(top_k=5), 5)
    assert str(caught.value) == "generate: top_k must be at most 4, the tokens of the vocabulary, got 5."


@given(st.lists(st.text("abc", max_size=3), max_size=12), st.lists(st.text("abc", min_size=1, max_size=3), max_size=2))
def test_stopping_does_not_depend_on_the_pieces(pieces: list[str], stop: list[str]) -> None:
    text = "".join(pieces)
    ends = [text.find(word) for word in stop if word in text]
    # pieces arrive one by one: a stop that is complete earlier wins over a longer one that begins earlier
    got = "".join(until_stop(pieces, stop))
    assert text.startswith(got)
    assert not any(word in got for word in stop)
    assert (got == text) if not ends else len(got) in [text.find(word) for word in stop]


def test_text_is_handed_on_as_soon_as_it_is_safe() -> None:
    assert list(until_stop(["x", "\n", "y", "\n", "\n", "z"], ["\n\n"])) == ["x", "\ny"]
