"""How many calls are wanted by which day, which are taken, and who gets them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.quality.sampling import Even, choose, period_of, wanted_by

DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
PERS: st.SearchStrategy[Literal["week", "month"]] = st.sampled_from(["week", "month"])


@pytest.mark.parametrize(
    ("day", "per", "first", "last", "wanted"),
    [
        (date(2026, 8, 3), "week", date(2026, 8, 3), date(2026, 8, 9), 1),
        (date(2026, 8, 9), "week", date(2026, 8, 3), date(2026, 8, 9), 4),
        (date(2026, 8, 1), "month", date(2026, 8, 1), date(2026, 8, 31), 1),
        (date(2026, 8, 16), "month", date(2026, 8, 1), date(2026, 8, 31), 3),
        (date(2028, 2, 29), "month", date(2028, 2, 1), date(2028, 2, 29), 4),
    ],
)
def test_four_calls_are_spread_over_the_period(
    day: date, per: Literal["week", "month"], first: date, last: date, wanted: int
) -> None:
    assert period_of(day, per) == (first, last)
    assert wanted_by(day, per, 4) == wanted


@given(DAYS, PERS, st.integers(1, 50))
def test_by_the_last_day_all_are_wanted_and_never_fewer_than_the_day_before(
    day: date, per: Literal["week", "month"], count: int
) -> None:
    first, last = period_of(day, per)
    assert first <= day <= last
    assert wanted_by(last, per, count) == count
    wanted = [wanted_by(first + timedelta(days=n), per, count) for n in range((last - first).days + 1)]
    assert wanted == sorted(wanted)
    assert wanted[0] >= 1


CALLS = st.dictionaries(st.sampled_from(["1001", "1002", "1003"]), st.lists(st.integers(), unique=True, max_size=20))


@given(CALLS, st.integers(0, 9), st.integers(0, 5), st.integers())
def test_each_agent_gets_what_is_wanted_and_no_call_twice(
    calls: dict[str, list[int]], wanted: int, has: int, seed: int
) -> None:
    taken = choose(calls, {"1001": has}, wanted, random.Random(seed))
    assert len(set(taken)) == len(taken)
    counts = Counter(agent for agent, _ in taken)
    for agent, theirs in calls.items():
        still = max(wanted - (has if agent == "1001" else 0), 0)
        assert counts[agent] == min(still, len(theirs))
    assert all(call in calls[agent] for agent, call in taken)


def test_every_call_has_the_same_chance() -> None:
    chance, counts = random.Random(5), Counter[int]()
    for _ in range(4000):
        counts.update(call for _, call in choose({"1001": list(range(10))}, {}, 2, chance))
    assert all(700 < counts[call] < 900 for call in range(10)), counts


@given(st.lists(st.sampled_from(["1001", "1002", "1003", "boss"]), max_size=60))
def test_they_are_dealt_out_evenly_and_nobody_gets_their_own(agents: list[str]) -> None:
    appraisers = ["boss", "chief", "1002"]
    even = Even(appraisers, {}, lambda _, __: True)
    dealt = [(agent, even.next(agent)) for agent in agents]
    assert all(agent != appraiser for agent, appraiser in dealt)
    if not {"boss", "1002"} & set(agents):
        counts = Counter(appraiser for _, appraiser in dealt)
        assert max(counts.values(), default=0) - min((counts[one] for one in appraisers), default=0) <= 1


def test_whoever_has_many_already_waits_and_who_may_not_gets_none() -> None:
    even = Even(["boss", "chief"], {"boss": 3}, lambda appraiser, agent: (appraiser, agent) != ("chief", "1009"))
    assert [even.next("1001") for _ in range(3)] == ["chief", "chief", "chief"]
    assert {even.next("1001"), even.next("1001")} == {"boss", "chief"}
    assert even.next("1009") == "boss"
    assert Even(["boss"], {}, lambda _, __: True).next("boss") == ""
    assert Even([], {}, lambda _, __: True).next("1001") == ""
