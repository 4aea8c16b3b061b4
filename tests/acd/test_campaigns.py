"""Whom a campaign calls next, how many at once, and what becomes of an entry: tables, and whole days in a moment."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenterd.acd.campaigns import LIVE, Guard, Hall, after, disposed, may_dial, next_entries, order_of
from callcenterd.acd.hours import Hours
from callcenterd.model.calendar import WEEKDAYS, Calendar
from callcenterd.model.campaigns import CampaignEntry, CampaignPlan, Meaning, Result, Turn
from callcenterd.model.ids import QueueName
from tests.kit.virtual import START

SHANGHAI = ZoneInfo("Asia/Shanghai")
PLAN = CampaignPlan(name="spring", queue=QueueName("sales"))
MINUTE = timedelta(minutes=1)


def entry(number: int, **known: Any) -> CampaignEntry:
    plain = CampaignEntry(
        id=number, campaign=1, number=f"1380000{number:04}", state="waiting", result="", attempts=0, due=START,
        agreed=False, call=None, changed_at=START, changed_by="boss",
    )  # fmt: skip
    return dataclasses.replace(plain, **known)


# ---- who is next ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "order"),
    [
        pytest.param([entry(2), entry(1)], [1, 2], id="the order of the list"),
        pytest.param([entry(1), entry(2, priority=5)], [2, 1], id="a higher priority first"),
        pytest.param([entry(1, attempts=1), entry(2)], [2, 1], id="who was called less often first"),
        pytest.param([entry(1, attempts=1, priority=5), entry(2)], [1, 2], id="priority before attempts"),
        pytest.param(
            [entry(1, attempts=1, due=START - MINUTE), entry(2, attempts=1, due=START - 2 * MINUTE)],
            [2, 1],
            id="who is due longer first",
        ),
        pytest.param(
            [entry(1, priority=9), entry(2, agreed=True, attempts=2, due=START - MINUTE)],
            [2, 1],
            id="an agreed time before everything",
        ),
        pytest.param(
            [entry(1, agreed=True), entry(2, agreed=True, due=START - MINUTE)], [2, 1], id="the earlier agreement first"
        ),
        pytest.param([entry(1, due=START + MINUTE), entry(2)], [2], id="not before it is due"),
        pytest.param([entry(1, state="dialling"), entry(2, state="done"), entry(3)], [3], id="only who waits"),
    ],
)
def test_who_is_called_next(entries: list[CampaignEntry], order: list[int]) -> None:
    assert [one.id for one in next_entries(entries, START, 9)] == order
    assert [one.id for one in next_entries(entries, START, 1)] == order[:1]


# ---- how many -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hall", "ratio", "wanted"),
    [
        pytest.param(Hall(free=0), 1.0, 0, id="nobody is free"),
        pytest.param(Hall(free=3), 1.0, 3, id="one for each free agent"),
        pytest.param(Hall(free=2, kept=1, flying=1), 1.0, 2, id="who is dialled has an agent kept"),
        pytest.param(Hall(free=0, kept=3, flying=3), 1.0, 0, id="every agent is kept"),
        pytest.param(Hall(free=3, callers=1), 1.0, 0, id="who calls goes first"),
        pytest.param(Hall(free=3, unserved=1), 2.0, 0, id="who answered goes first"),
        pytest.param(Hall(free=2), 1.5, 3, id="power: more than agents"),
        pytest.param(Hall(free=3), 1.5, 4, id="power: never a part of a call more"),
        pytest.param(Hall(free=0, kept=2, flying=2), 1.5, 1, id="power: beyond those that are kept"),
        pytest.param(Hall(free=0, kept=2, flying=3), 1.5, 0, id="power: as many as may"),
        pytest.param(Hall(free=10), 1.1, 11, id="a ratio that is no exact number"),
        pytest.param(Hall(free=0, kept=1, flying=3), 1.0, 0, id="the ratio has fallen back: no more until they landed"),
    ],
)
def test_how_many_may_be_dialled_now(hall: Hall, ratio: float, wanted: int) -> None:
    assert may_dial(hall, ratio) == wanted


@pytest.mark.parametrize(
    ("found", "ratio"),
    [
        pytest.param("", 1.0, id="nobody has answered yet: one without an agent would be too many"),
        pytest.param("+" * 19, 2.0, id="of twenty, one is five per cent"),
        pytest.param("+" * 18, 1.0, id="of nineteen it is more"),
        pytest.param("+" * 19 + "-", 1.0, id="one was: a second would be too many"),
        pytest.param("-" + "+" * 38, 2.0, id="of forty, two are five per cent"),
        pytest.param("-" * 5 + "+" * 40, 2.0, id="what is longer ago than the last forty does not count"),
        pytest.param("+" * 38 + "--", 1.0, id="two of forty: a third would be too many"),
    ],
)
def test_the_guard_lets_the_ratio_above_one_only_while_one_more_may_be_lost(found: str, ratio: float) -> None:
    assert Guard(0.05, 40, [sign == "+" for sign in found]).ratio(2.0) == ratio


@given(st.lists(st.booleans(), max_size=300), st.sampled_from([0.01, 0.03, 0.05, 0.2]), st.integers(1, 120))
def test_as_long_as_the_ratio_is_above_one_the_share_is_kept(found: list[bool], limit: float, of: int) -> None:
    guard = Guard(limit, of)
    for one in found:
        above = guard.ratio(2.0) > 1
        guard.answered(one)
        if above:
            assert guard.share <= limit + 1e-9


# ---- what comes of it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "attempts", "today", "turn"),
    [
        pytest.param("answered", 1, 1, Turn("done"), id="reached"),
        pytest.param("busy", 1, 1, Turn("waiting", START + 10 * MINUTE), id="busy: in ten minutes"),
        pytest.param("no_answer", 1, 1, Turn("waiting", START + 60 * MINUTE), id="no answer: in an hour"),
        pytest.param("busy", 3, 1, Turn("exhausted"), id="often enough"),
        pytest.param(
            "busy", 2, 2, Turn("waiting", datetime(2026, 8, 3, 16, 0, tzinfo=UTC)), id="often enough for today"
        ),
        pytest.param("no_such_number", 1, 1, Turn("invalid"), id="there is no such number"),
        pytest.param("wrong_number", 1, 1, Turn("invalid"), id="it is another's"),
        pytest.param("refused", 1, 1, Turn("exhausted"), id="who refuses is left alone"),
        pytest.param("machine", 1, 1, Turn("waiting", START + 120 * MINUTE), id="a machine: in two hours"),
    ],
)
def test_when_an_entry_is_called_again(result: Result, attempts: int, today: int, turn: Turn) -> None:
    assert after(result, PLAN, attempts=attempts, since_midnight=today, now=START, zone=SHANGHAI) == turn


@pytest.mark.parametrize(
    ("meaning", "at", "turn"),
    [
        ("done", None, Turn("done")),
        ("again", START + MINUTE, Turn("waiting", START + MINUTE, agreed=True)),
        ("again", None, Turn("waiting", START + 60 * MINUTE, agreed=True)),
        ("done", START + MINUTE, Turn("waiting", START + MINUTE, agreed=True)),
        ("do_not_call", START + MINUTE, Turn("do_not_call")),
        ("wrong_number", None, Turn("invalid")),
    ],
)
def test_what_the_agent_says_decides(meaning: Meaning, at: datetime | None, turn: Turn) -> None:
    assert disposed(meaning, PLAN, again_at=at, now=START) == turn


# ---- whole days -----------------------------------------------------------------------------------------

RESULTS: tuple[Result, ...] = ("answered", "busy", "no_answer", "no_such_number", "machine", "refused", "abandoned")


class Office:
    """A campaign over days, with nothing but the rule: agents, a list, phones that do as chance has it."""

    def __init__(self, chance: random.Random, agents: int, size: int, ratio: float) -> None:
        self.chance = chance
        self.ratio = ratio
        self.plan = dataclasses.replace(PLAN, attempts=chance.randint(1, 4), attempts_a_day=chance.randint(1, 3))
        calendar = Calendar(name="days", hours=dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "14:00-18:00")))
        self.hours = Hours(calendar, SHANGHAI)
        self.entries = {n: entry(n, priority=chance.randint(0, 2)) for n in range(1, size + 1)}
        self.barred = {n for n in self.entries if chance.random() < 0.1}
        self.agreements: Counter[int] = Counter()
        self.calls: list[tuple[datetime, int]] = []
        self.free, self.flying, self.waits = agents, dict[int, int](), 0
        self.kept: set[int] = set()
        self.guard = Guard(0.05, 40)
        self.now = START
        self.agenda: list[tuple[datetime, int, str, int]] = []
        self.serial = itertools.count()

    def later(self, seconds: float, what: str, of: int = 0) -> None:
        heapq.heappush(self.agenda, (self.now + timedelta(seconds=seconds), next(self.serial), what, of))

    def run(self, days: int) -> None:
        self.later(0, "look")
        end = START + timedelta(days=days)
        while self.agenda and self.agenda[0][0] < end:
            self.now, _, what, of = heapq.heappop(self.agenda)
            if what == "look":
                self.later(300, "look")
            elif what == "landed":
                self.landed(of)
            else:
                self.free += 1
            self.look()

    def look(self) -> None:
        if not self.hours.at(self.now).open:
            return
        ratio = self.guard.ratio(self.ratio)
        hall = Hall(free=self.free, kept=len(self.kept), flying=len(self.flying), unserved=self.waits)
        most = may_dial(hall, ratio)
        for one in next_entries(self.entries.values(), self.now, most):
            if one.id in self.barred:
                self.put(one, Turn("do_not_call"))
                continue
            self.entries[one.id] = dataclasses.replace(one, state="dialling", attempts=one.attempts + 1, agreed=False)
            self.calls.append((self.now, one.id))
            if self.free:
                self.free -= 1
                self.kept.add(one.id)
            self.flying[one.id] = 1
            self.later(self.chance.uniform(3, 30), "landed", one.id)
            assert len(self.flying) <= (self.free + len(self.kept)) * ratio + 1e-9

    def landed(self, of: int) -> None:
        del self.flying[of]
        result = self.chance.choice(RESULTS[:5])
        if result == "answered":
            has = of in self.kept or bool(self.kept)
            self.guard.answered(has)
            if has:
                self.kept.discard(of) if of in self.kept else self.kept.discard(min(self.kept))
                self.later(self.chance.uniform(20, 200), "free")
            else:
                result = "abandoned"
        elif of in self.kept:
            self.kept.discard(of)
            self.free += 1
        today = self.now.astimezone(SHANGHAI).date()
        since = sum(at.astimezone(SHANGHAI).date() == today for at, one in self.calls if one == of)
        one = self.entries[of]
        turn = after(result, self.plan, attempts=one.attempts, since_midnight=since, now=self.now, zone=SHANGHAI)
        if result == "answered" and self.chance.random() < 0.2 and not self.agreements[of]:
            self.agreements[of] += 1
            turn = disposed("again", self.plan, again_at=self.now + timedelta(hours=2), now=self.now)
        self.put(one, turn)

    def put(self, one: CampaignEntry, turn: Turn) -> None:
        self.entries[one.id] = dataclasses.replace(
            self.entries[one.id], state=turn.state, due=turn.due or one.due, agreed=turn.agreed
        )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.sampled_from([1.0, 1.5, 3.0]))
def test_days_of_a_campaign_keep_every_promise(seed: int, agents: int, ratio: float) -> None:
    office = Office(random.Random(seed), agents, 40, ratio)
    office.run(14)
    assert office.calls, "somebody was called"
    made = Counter(of for _, of in office.calls)
    for at, of in office.calls:
        assert office.hours.at(at).open, "never outside of the hours"
        assert of not in office.barred, "never a number that must not be called"
    for of, count in made.items():
        assert count <= office.plan.attempts + office.agreements[of]
        by_day = Counter(at.astimezone(SHANGHAI).date() for at, one in office.calls if one == of)
        assert max(by_day.values()) <= office.plan.attempts_a_day + office.agreements[of]
    ends = {one.id: one.state for one in office.entries.values()}
    assert not [of for of, state in ends.items() if state in LIVE], "two weeks are enough: each has an end"
    assert {of for of, state in ends.items() if state == "do_not_call"} == office.barred
    assert office.free + len(office.kept) <= agents


def test_the_order_is_total_and_says_who_was_passed_over() -> None:
    chance = random.Random(7)
    some = [
        entry(n, priority=chance.randint(0, 3), attempts=chance.randint(0, 3), agreed=chance.random() < 0.3)
        for n in range(1, 60)
    ]
    keys = sorted(map(order_of, some))
    assert len(set(keys)) == len(some)
    assert [order_of(one) for one in next_entries(some, START, 100)] == keys
