"""The day's figures of queues and calls: by facts, booked to when each began, and the same after a restart."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenterd.bus import Bus
from callcenterd.model import events
from callcenterd.model.calls import Direction, Outcome
from callcenterd.model.events import LeftReason
from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.today import CallOfDay, Visit
from callcenterd.switchboard.today import Today
from tests.kit.office import in_virtual_time, office
from tests.kit.virtual import START, VirtualClock
from tests.switchboard.test_queue_call import conversation, waiting_caller

SALES = QueueName("sales")
SHANGHAI = ZoneInfo("Asia/Shanghai")
GOLDEN: list[tuple[LeftReason, float]] = [
    *(("answered", waited) for waited in (3.0, 12.0, 18.0, 25.0, 40.0)),
    *(("abandoned", waited) for waited in (2.0, 8.0, 30.0)),
    ("left", 15.0),
    ("timed_out", 60.0),
]
"""Ten visits, with a service level of 20 seconds (acd-notes)."""


class Day:
    """A day of pretended calls."""

    def __init__(self) -> None:
        self.bus, self.clock = Bus(), VirtualClock()
        self.today = Today(self.bus, self.clock, SHANGHAI)
        self.told: list[tuple[str | None, datetime | None]] = []
        self.today.watch(lambda queue, half: self.told.append((queue, half)))
        self._numbers = itertools.count(1)

    def begins(self, direction: Direction = "inbound") -> CallId:
        call = CallId(f"call-{next(self._numbers)}")
        started = events.CallStarted(
            at=self.clock.utc(), call=call, direction=direction, caller="1", caller_name="", called="2"
        )
        self.bus.publish(started)
        return call

    def enters(self, call: CallId, queue: QueueName = SALES) -> None:
        self.bus.publish(events.CallerQueued(at=self.clock.utc(), call=call, queue=queue))

    def leaves(self, call: CallId, reason: LeftReason, waited: float, queue: QueueName = SALES) -> None:
        left = events.CallerLeftQueue(at=self.clock.utc(), call=call, queue=queue, reason=reason, wait_seconds=waited)
        self.bus.publish(left)

    def answered(self, call: CallId) -> None:
        self.bus.publish(events.CallAnswered(at=self.clock.utc(), call=call, agent=None, number="1001"))

    def ends(self, call: CallId, outcome: Outcome) -> None:
        over = events.CallEnded(
            at=self.clock.utc(), call=call, outcome=outcome, ended_by="caller", cause="normal", agent=None, queue=None,
            wait_seconds=None, talk_seconds=None,
        )  # fmt: skip
        self.bus.publish(over)

    def visit(self, reason: LeftReason, waited: float, direction: Direction = "inbound") -> None:
        call = self.begins(direction)
        self.enters(call)
        self.clock.move(waited)
        self.leaves(call, reason, waited)


def test_the_service_level_is_ours_of_the_five_that_are_in_use() -> None:
    day = Day()
    for reason, waited in GOLDEN:
        day.visit(reason, waited)
    found = day.today.queue(SALES, 20)
    assert (found.offered, found.answered, found.abandoned, found.short, found.within) == (10, 5, 3, 1, 3)
    assert found.service_level == pytest.approx(3 / 9, abs=1e-4)
    assert found.asa == pytest.approx((3 + 12 + 18 + 25 + 40) / 5)
    still = day.begins()
    day.enters(still)
    assert day.today.queue(SALES, 20).offered == 11
    assert day.today.queue(SALES, 20).service_level == found.service_level, "who still waits is no failure yet"
    assert day.today.queue(SALES, 40).within == 5, "another target holds for the whole day"


def test_where_there_is_nothing_to_divide_by_no_percentage_is_told() -> None:
    day = Day()
    assert (day.today.queue(SALES, 20).service_level, day.today.queue(SALES, 20).asa) == (None, None)
    day.visit("abandoned", 2)
    assert day.today.queue(SALES, 20).service_level is None


def test_whom_the_office_has_called_is_no_visit_and_inside_calls_are_no_volume() -> None:
    day = Day()
    day.visit("answered", 0, "outbound")
    day.visit("answered", 4, "internal")
    assert day.today.queue(SALES, 20).offered == 1
    office_wide = [half for half in day.today.halves() if half.queue is None]
    assert [(half.inbound, half.outbound) for half in office_wide] == [(0, 1)]


def test_a_call_is_booked_to_the_half_hour_in_which_it_began() -> None:
    day = Day()
    call = day.begins()
    day.enters(call)
    day.clock.move(29 * 60)
    other = day.begins()
    day.clock.move(2 * 60)
    day.leaves(call, "answered", 31 * 60)
    day.answered(call)
    day.answered(call)  # handed on to another agent
    day.ends(call, "answered")
    day.ends(other, "abandoned")
    late = day.begins("outbound")
    day.answered(late)
    at = START.astimezone(SHANGHAI)
    shown = [(half.queue, half.at, half.inbound, half.outbound, half.answered, half.abandoned)
             for half in day.today.halves()]  # fmt: skip
    assert shown == [
        (None, at, 2, 0, 1, 1),
        (None, at + timedelta(minutes=30), 0, 1, 1, 0),
        (SALES, at, 1, 0, 1, 0),
    ]
    assert day.told[:2] == [(None, at), (SALES, at)]


def test_midnight_begins_anew_and_what_began_before_is_in_none_of_the_new_figures() -> None:
    day = Day()
    day.visit("answered", 3)
    yesterday = day.begins()
    day.enters(yesterday)
    day.clock.move(15 * 3600)  # from nine in the morning
    day.told.clear()
    day.leaves(yesterday, "abandoned", 15 * 3600)
    day.ends(yesterday, "abandoned")
    assert day.today.queue(SALES, 20).offered == day.today.queue(SALES, 20).abandoned == 0
    assert day.today.halves() == []
    nine = START.astimezone(SHANGHAI)
    assert day.told == [(None, nine), (SALES, nine), (SALES, None)], "pages are told that those are no more"
    day.visit("abandoned", 9)
    assert day.today.queue(SALES, 20).abandoned == 1


def test_what_is_kept_gives_the_same_figures_and_a_visit_that_was_cut_off_has_failed() -> None:
    day, after = Day(), Day()
    for reason, waited in GOLDEN:
        day.visit(reason, waited)
    visits = [
        Visit(call=CallId(str(n)), queue=SALES, at=START + timedelta(seconds=n), left=reason, waited=waited)
        for n, (reason, waited) in enumerate(GOLDEN)
    ]
    old = Visit(call=CallId("old"), queue=SALES, at=START - timedelta(hours=10), left="answered", waited=1.0)
    after.clock.move(60)
    after.today.restore([old, *visits], [])
    assert after.today.queue(SALES, 20) == day.today.queue(SALES, 20)
    after.today.restore([Visit(call=CallId("x"), queue=SALES, at=START, left=None, waited=0.0)], [])
    cut = after.today.queue(SALES, 20)
    assert cut.offered == 11
    assert cut.service_level == pytest.approx(3 / 10)
    calls = [
        CallOfDay(call=CallId("a"), direction="inbound", at=START, answered=True, outcome="answered"),
        CallOfDay(call=CallId("b"), direction="inbound", at=START, answered=False, outcome="abandoned"),
        CallOfDay(call=CallId("c"), direction="outbound", at=START, answered=False, outcome="interrupted"),
    ]
    after.today.restore([], calls)
    (half,) = [half for half in after.today.halves() if half.queue is None]
    assert (half.inbound, half.outbound, half.answered, half.abandoned) == (2, 1, 1, 1)


def test_a_clock_that_is_set_to_another_day_and_back_breaks_nothing() -> None:
    day = Day()
    call = day.begins()
    day.enters(call)
    day.clock.move(48 * 3600)
    day.visit("answered", 3)
    day.clock.move(-48 * 3600)
    day.leaves(call, "answered", 5)
    day.visit("answered", 3)
    assert day.today.queue(SALES, 20).offered >= 1


@in_virtual_time
async def test_the_day_turns_by_itself_also_when_nobody_calls() -> None:
    async with office() as desk:
        told: list[tuple[QueueName | None, datetime | None]] = []
        await waiting_caller(desk)
        desk.board.today.watch(lambda queue, half: told.append((queue, half)))
        desk.board.today.start()
        midnight = desk.board.today.since + timedelta(days=1)
        await desk.wait((midnight - START.astimezone(UTC)).total_seconds() + 2)
        assert (SALES, None) in told
        assert desk.board.today.since == midnight


@in_virtual_time
async def test_a_real_call_is_counted_as_what_it_was() -> None:
    async with office() as desk:
        _, gone = await waiting_caller(desk)
        await desk.wait(10)
        desk.line.hangs_up(gone)
        await desk.sign_in("1001")
        _, caller, _ = await conversation(desk)
        await desk.wait(5)
        desk.line.hangs_up(caller)
        await desk.settle()
        found = desk.board.live.queue(SALES)["today"]
        assert (found["offered"], found["answered"], found["abandoned"], found["short"]) == (2, 1, 1, 0)
        assert found["service_level"] == pytest.approx(1 / 2)
        (half,) = [half for half in desk.board.today.halves() if half.queue is None]
        assert (half.inbound, half.outbound, half.answered, half.abandoned) == (2, 0, 1, 1)
