"""Queues that keep a calendar: who calls when they are closed, and who waits when they close (ACD-05)."""

from __future__ import annotations

import dataclasses

from callcenterd.model import events
from callcenterd.model.calendar import Calendar, Holiday
from callcenterd.model.calls import OUTCOMES
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.prompts import Recorded
from callcenterd.model.site import AtClosing, QueueSettings, Site
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.virtual import START
from tests.kit.wire import Dialog

CALLER = "13800138000"
HOUR = 3600.0
UNTIL_TEN = Calendar(name="day", hours={"monday": ("01:00-02:00",), "tuesday": ("01:00-02:00",)})
"""Of the office's zone, UTC: open for the first hour of a test."""


def kept(calendar: Calendar = UNTIL_TEN, at_closing: AtClosing = "leave") -> Site:
    queue = QueueSettings(
        name=QueueName("sales"), members=(AgentId("1001"),), calendar=calendar.name, at_closing=at_closing
    )
    return site(calendars=(calendar,), queues=(queue, *site().queues[1:]))


async def arrives(desk: Office) -> tuple[CallId, Dialog]:
    dialog = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
    await desk.settle()
    return next(reversed(desk.board.journeys)), dialog


def told(desk: Office) -> list[str]:
    return [prompt.name for prompt in desk.heard() if isinstance(prompt, Recorded)]


def left(desk: Office) -> list[tuple[str, float]]:
    return [(fact.reason, fact.wait_seconds) for fact in desk.told(events.CallerLeftQueue)]


@in_virtual_time
async def test_who_still_waits_at_closing_time_leaves_to_the_millisecond() -> None:
    async with office(kept()) as desk:
        await desk.wait(600)
        call, _ = await arrives(desk)
        await desk.wait(HOUR - 600.001)
        assert left(desk) == []
        await desk.wait(0.002)
        assert left(desk) == [("closed", HOUR - 600)]
        assert told(desk) == ["closed"]
        await desk.wait(60)
        (ended,) = [fact for fact in desk.told(events.CallEnded) if fact.call == call]
        assert ended.outcome == "no_answer"
        assert ended.outcome in OUTCOMES


@in_virtual_time
async def test_whom_a_phone_rings_for_leaves_too_and_the_agent_is_ready_again() -> None:
    async with office(kept()) as desk:
        await desk.sign_in("1001")
        await desk.wait(HOUR - 5)
        await arrives(desk)
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        await desk.wait(6)
        assert [reason for reason, _ in left(desk)] == ["closed"]
        assert phone.over()
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_where_the_queue_keeps_them_they_are_served_after_closing_time() -> None:
    async with office(kept(at_closing="keep")) as desk:
        await desk.wait(HOUR - 10)
        await arrives(desk)
        await desk.wait(60)
        assert left(desk) == []
        await desk.sign_in("1001")
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.settle()
        assert desk.joined()
        await arrives(desk)
        assert told(desk) == ["closed"], "but nobody new gets in"


@in_virtual_time
async def test_a_conversation_goes_on_over_closing_time() -> None:
    async with office(kept()) as desk:
        await desk.sign_in("1001")
        await desk.wait(HOUR - 10)
        await arrives(desk)
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.wait(120)
        assert desk.joined()


@in_virtual_time
async def test_who_calls_when_it_is_closed_does_not_wait_and_next_morning_does() -> None:
    async with office(kept()) as desk:
        await desk.wait(2 * HOUR)
        await arrives(desk)
        assert left(desk) == []
        assert told(desk) == ["closed"]
        await desk.wait(22 * HOUR + 60)
        call, _ = await arrives(desk)
        assert [call for call, _, _ in desk.board.queueing.waiting(QueueName("sales"))] == [call]


@in_virtual_time
async def test_a_holiday_that_is_put_in_takes_effect_at_once() -> None:
    async with office(kept()) as desk:
        await arrives(desk)
        holiday = Holiday(first=str(START.date()), name="临时放假")
        desk.board.configure(kept(dataclasses.replace(UNTIL_TEN, holidays=(holiday,))))
        await desk.settle()
        assert [reason for reason, _ in left(desk)] == ["closed"]


@in_virtual_time
async def test_a_queue_without_a_calendar_is_always_open() -> None:
    async with office(site()) as desk:
        await desk.wait(30 * HOUR)
        call, _ = await arrives(desk)
        assert call in desk.board.journeys
        assert told(desk) == []


@in_virtual_time
async def test_who_is_handed_on_to_a_closed_queue_is_told_so() -> None:
    closed = kept(Calendar(name="never"))
    async with office(dataclasses.replace(closed, queues=(site().queues[0], service()))) as desk:
        call, dialog = await arrives(desk)
        desk.board.inbound.wait_in_queue(desk.board.journeys[call], QueueName("service"))
        await desk.wait(30)
        assert told(desk) == ["closed"]
        assert dialog.over()


def service() -> QueueSettings:
    return QueueSettings(name=QueueName("service"), calendar="never")
