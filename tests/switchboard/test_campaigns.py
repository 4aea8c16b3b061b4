"""Campaigns in virtual time: customers of a list are called when agents are free, and joined with them."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from callcenterd.errors import NotNow, Refused
from callcenterd.media.machine import Verdict
from callcenterd.model import events
from callcenterd.model.calendar import Calendar
from callcenterd.model.campaigns import Campaign, CampaignEntry, CampaignPlan
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName
from callcenterd.model.prompts import Music, Speech
from callcenterd.model.site import Disposition, Site
from tests.kit.office import NUMBER, Office, in_virtual_time, office, site
from tests.kit.virtual import START
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_queue_call import ended, waiting_caller

SALES = QueueName("sales")
PLAN = CampaignPlan(name="春季回访", queue=SALES, hours="", ring=25)
CODES = tuple(Disposition(code=code, title=code) for code in ("1", "2", "3", "4"))
MEANINGS: dict[str, Any] = {"1": "done", "2": "again", "3": "do_not_call", "4": "wrong_number"}


def number(n: int) -> str:
    return f"0139{n:08}"


def line(n: int) -> str:
    """As the trunk is sent it."""
    return f"86139{n:08}"


def listed(desk: Office, n: int = 1) -> CampaignEntry:
    return desk.memory.listed[n]


def enlist(desk: Office, size: int, **known: Any) -> None:
    for n in range(1, size + 1):
        desk.memory.listed[n] = CampaignEntry(
            id=n, campaign=1, number=number(n), name=f"客户{n}", fields={"车型": "轿车"}, state="waiting", result="",
            attempts=0, due=START, agreed=False, call=None, changed_at=START, changed_by="boss", **known,
        )  # fmt: skip


@asynccontextmanager
async def calling(size: int = 1, of: Site | None = None, **rules: Any) -> AsyncIterator[Office]:
    """An office with a campaign that runs."""
    async with office(of or dataclasses.replace(site(), dispositions=CODES)) as desk:
        enlist(desk, size)
        plan = dataclasses.replace(PLAN, **rules)
        desk.memory.plans[1] = Campaign(
            **{each.name: getattr(plan, each.name) for each in dataclasses.fields(plan)},
            id=1, state="running", created_at=START, created_by="boss", changed_at=START, changed_by="boss",
        )  # fmt: skip
        desk.board.campaigns.start()
        await desk.wait(0.2)
        yield desk


async def agents(desk: Office, *logins: str) -> None:
    await desk.sign_in(*logins)
    await desk.wait(0.2)


async def picks_up(desk: Office, n: int = 1) -> Dialog:
    customer = desk.line.rung(line(n))
    desk.line.rings(customer)
    await desk.wait(1)
    desk.line.picks_up(customer)
    await desk.settle()
    return customer


async def takes(desk: Office, agent: str = "1001") -> Dialog:
    phone = desk.line.rung(agent)
    desk.line.rings(phone)
    desk.line.picks_up(phone)
    await desk.settle()
    return phone


# ---- progressive ----------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_customer_is_called_when_an_agent_is_free_and_the_two_are_joined() -> None:
    async with calling(caller_id=NUMBER) as desk:
        assert desk.line.ringing_numbers() == [], "nobody is free"
        assert desk.board.campaigns.doing(1) == "no_agent"
        await agents(desk, "1001")
        assert desk.state("1001") == "offered", "kept for the customer"
        assert (listed(desk).state, listed(desk).attempts) == ("dialling", 1)
        customer = await picks_up(desk)
        assert customer.caller == NUMBER
        assert hears(desk, customer) == "music"
        phone = await takes(desk)
        assert phone.caller == number(1)
        assert (hears(desk, customer), hears(desk, phone)) == ("1001", line(1))
        (pop,) = desk.told(events.ScreenPopped)
        assert (pop.agent, pop.campaign, pop.entry, pop.name) == ("1001", 1, 1, "客户1")
        assert pop.fields == {"车型": "轿车"}
        assert [take.ended for take in desk.sound.takes] == [None], "recorded as every call of the queue"
        await desk.wait(20)
        desk.line.hangs_up(customer)
        await desk.settle()
        assert desk.state("1001") == "wrap_up"
        assert (listed(desk).state, listed(desk).result) == ("done", "answered")
        assert ended(desk, pop.call)[0] == "answered"
        (result,) = desk.told(events.CampaignResult)
        assert (result.call, result.entry, result.agent, result.due) == (pop.call, 1, "1001", None)
        steps = [kind for kind, _ in desk.memory.steps[pop.call]]
        assert "campaign.dialled" in steps, "the call's story says whose it is"
        assert desk.memory.records[pop.call].direction == "outbound"
        await desk.wait(6)
        assert desk.memory.plans[1].state == "finished"
        assert [one.state for one in desk.told(events.CampaignChanged)] == ["finished"]


@in_virtual_time
async def test_never_more_are_called_than_agents_are_free() -> None:
    async with calling(9) as desk:
        await agents(desk, "1001", "1002")
        assert sorted(desk.line.ringing_numbers()) == [line(1), line(2)]
        desk.line.declines(desk.line.rung(line(1)), 486)
        await desk.wait(0.2)
        assert sorted(desk.line.ringing_numbers()) == [line(2), line(3)]
        await agents(desk, "1003")
        assert sorted(desk.line.ringing_numbers()) == [line(2), line(3), line(4)]


@pytest.mark.parametrize(
    ("status", "result", "state", "minutes"),
    [
        (486, "busy", "waiting", 10),
        (480, "no_answer", "waiting", 60),
        (603, "refused", "exhausted", 0),
        (404, "no_such_number", "invalid", 0),
        (500, "failed", "waiting", 5),
    ],
)
@in_virtual_time
async def test_what_the_network_says_decides_when_it_is_tried_again(
    status: int, result: str, state: str, minutes: int
) -> None:
    async with calling() as desk:
        await agents(desk, "1001")
        desk.line.declines(desk.line.rung(line(1)), status)
        await desk.settle()
        if status in (404, 500):  # the next trunk of the rule
            desk.line.declines(desk.line.rung(line(1)), status)
            await desk.settle()
        assert (listed(desk).result, listed(desk).state) == (result, state)
        assert desk.state("1001") == "ready", "to blame for nothing, and no wrap-up"
        if state == "waiting":
            assert listed(desk).due > desk.board.clock.utc() + timedelta(minutes=minutes - 0.1)
            await desk.wait(60 * minutes - 10)
            assert desk.line.ringing_numbers() == [], "not yet"
            await desk.wait(16)
            assert desk.line.ringing_numbers() == [line(1)]


@in_virtual_time
async def test_nobody_answering_is_given_up_after_the_ring_time_and_after_so_many_attempts() -> None:
    async with calling(retry={"no_answer": 60.0}, attempts=2) as desk:
        await agents(desk, "1001")
        for attempt in (1, 2):
            desk.line.rings(desk.line.rung(line(1)))
            await desk.wait(26)
            assert desk.line.ringing_numbers() == []
            assert listed(desk).attempts == attempt
            await desk.wait(66)
        assert (listed(desk).state, listed(desk).result) == ("exhausted", "no_answer")
        assert [one.result for one in desk.memory.attempts.values()] == ["no_answer", "no_answer"]
        assert desk.memory.plans[1].state == "finished"


@in_virtual_time
async def test_a_dead_trunk_does_not_use_up_the_list() -> None:
    async with calling(9) as desk:
        desk.line.trunks.clear()
        await agents(desk, "1001")
        await desk.wait(20)
        assert [one.attempts for one in desk.memory.listed.values()] == [1, *[0] * 8]
        assert desk.board.campaigns.doing(1) == "back_off"


@in_virtual_time
async def test_who_calls_the_queue_goes_first() -> None:
    async with calling(3) as desk:
        await desk.board.campaigns.set_state(1, "paused", "boss")
        await waiting_caller(desk)
        await desk.board.campaigns.set_state(1, "running", "boss")
        await agents(desk, "1001", "1002")
        assert desk.line.ringing_numbers() == ["1001"], "a caller is rung for, and still waits"
        assert desk.board.campaigns.doing(1) == "callers_wait"
        await takes(desk)
        await desk.wait(0.2)
        assert desk.line.ringing_numbers() == [line(1)]


@in_virtual_time
async def test_nobody_is_called_outside_of_the_hours_and_of_the_calendar() -> None:
    calendar = Calendar(name="days", hours={"monday": ("03:00-04:00",)})
    async with calling(
        of=dataclasses.replace(site(), calendars=(calendar,)), calendar="days", hours="03:30-20:00"
    ) as desk:
        await agents(desk, "1001")
        for minutes, attempts in ((100, 0), (40, 0), (20, 1)):
            await desk.wait(60 * minutes)
            assert listed(desk).attempts == attempts, desk.board.clock.utc()


@in_virtual_time
async def test_who_must_not_be_called_is_not() -> None:
    async with calling(2) as desk:
        desk.memory.not_to_call[number(1)] = DoNotCall(number=number(1), why="", by="boss", at=START)
        await agents(desk, "1001")
        assert desk.line.ringing_numbers() == [line(2)]
        assert (listed(desk).state, listed(desk).attempts) == ("do_not_call", 0)


@in_virtual_time
async def test_if_the_agent_goes_while_it_rings_the_customer_is_not_disturbed() -> None:
    async with calling() as desk:
        await agents(desk, "1001")
        desk.line.rings(desk.line.rung(line(1)))
        await desk.board.desk.set_state("1001", "break", "meal")
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        assert (listed(desk).state, listed(desk).result) == ("waiting", "put_off")


@in_virtual_time
async def test_who_answers_and_does_not_wait_has_found_nobody() -> None:
    async with calling() as desk:
        await agents(desk, "1001")
        customer = await picks_up(desk)
        desk.line.hangs_up(customer)
        await desk.settle()
        assert (listed(desk).state, listed(desk).result) == ("waiting", "abandoned")
        assert desk.state("1001") == "ready"
        assert desk.told(events.CallEnded)[0].outcome == "abandoned"


@in_virtual_time
async def test_a_machine_is_hung_up_on_before_an_agent_is_rung_for_it() -> None:
    async with calling(machines="hang_up") as desk:
        desk.sound.verdict = Verdict("machine", "beep", 2.0)
        await agents(desk, "1001")
        customer = await picks_up(desk)
        assert "1001" not in desk.line.ringing_numbers()
        await desk.wait(3)
        assert customer.over()
        assert (listed(desk).state, listed(desk).result) == ("waiting", "machine")
        assert desk.state("1001") == "ready"
        desk.sound.verdict = Verdict("human", "short", 1.0)
        await desk.wait(2 * 3600 + 6)
        customer = await picks_up(desk)
        await desk.wait(1.1)
        await takes(desk)
        assert hears(desk, customer) == "1001"


@in_virtual_time
async def test_paused_calls_nobody_new_and_stopped_gives_up_what_rings() -> None:
    async with calling(4) as desk:
        await agents(desk, "1001", "1002")
        customer = await picks_up(desk, 1)
        await takes(desk, "1001")
        await desk.board.campaigns.set_state(1, "paused", "boss")
        await desk.wait(1)
        assert desk.line.ringing_numbers() == [line(2)]
        with pytest.raises(NotNow):
            await desk.board.campaigns.remove(await desk.board.store.campaigns.get(1), "boss")
        await desk.board.campaigns.set_state(1, "stopped", "boss")
        await desk.wait(1)
        assert desk.line.ringing_numbers() == []
        assert customer.up(), "who speaks goes on speaking"
        assert (listed(desk, 2).state, listed(desk, 2).result) == ("waiting", "put_off")
        await desk.wait(600)
        assert desk.line.ringing_numbers() == []
        desk.line.hangs_up(customer)
        await desk.settle()
        assert listed(desk, 1).state == "done"
        await desk.board.campaigns.remove(await desk.board.store.campaigns.get(1), "boss")


@in_virtual_time
async def test_a_result_that_cannot_be_kept_is_kept_later_and_nobody_is_called_twice() -> None:
    async with calling(retry={"busy": 1.0}) as desk:
        await agents(desk, "1001")
        desk.memory.fail.add("finish_entry")
        desk.line.declines(desk.line.rung(line(1)), 486)
        await desk.wait(30)
        assert listed(desk).state == "dialling"
        assert desk.line.ringing_numbers() == []
        desk.memory.fail.clear()
        await desk.wait(6)
        assert next(one.result for one in desk.memory.attempts.values()) == "busy"
        await desk.wait(6)
        assert listed(desk).attempts == 2


@in_virtual_time
async def test_at_a_start_who_was_being_called_is_called_by_plan_and_who_was_reached_is_not() -> None:
    async with office(dataclasses.replace(site(), dispositions=CODES)) as desk:
        enlist(desk, 2)
        desk.memory.plans[1] = Campaign(
            name="a", queue=SALES, hours="", id=1, state="running", created_at=START, created_by="boss",
            changed_at=START, changed_by="boss",
        )  # fmt: skip
        for n in (1, 2):
            await desk.memory.campaigns.begin(n, CallId(f"c{n}"), "system", START)
        reached = desk.line.calls_in("1", "02088887777")
        await desk.settle()
        (known,) = desk.memory.records.values()
        spoken = dataclasses.replace(known, id=CallId("c2"), answered_at=START, agent=AgentId("1002"))
        desk.memory.records[CallId("c2")] = spoken
        desk.line.hangs_up(reached)
        await desk.settle()
        desk.board.campaigns.start()
        await desk.wait(0.2)
        await agents(desk, "1001")
        assert [(one.state, one.result) for one in desk.memory.listed.values()] == [
            ("waiting", "interrupted"),
            ("done", "answered"),
        ]
        assert desk.line.ringing_numbers() == []
        await desk.wait(606)
        assert desk.line.ringing_numbers() == [line(1)]
        assert listed(desk).attempts == 2


# ---- what the agent says --------------------------------------------------------------------------------


async def spoken(desk: Office) -> CallId:
    await agents(desk, "1001")
    customer = await picks_up(desk)
    await takes(desk)
    call = desk.only_call()
    await desk.wait(5)
    desk.line.hangs_up(customer)
    await desk.settle()
    return call


@pytest.mark.parametrize(
    ("code", "state", "result"),
    [
        ("1", "done", "answered"),
        ("2", "waiting", "answered"),
        ("3", "do_not_call", "answered"),
        ("4", "invalid", "wrong_number"),
    ],
)
@in_virtual_time
async def test_the_disposition_decides_about_the_entry(code: str, state: str, result: str) -> None:
    async with calling(meanings=MEANINGS) as desk:
        call = await spoken(desk)
        await desk.board.after_call.dispose(call, code, "1001")
        assert (listed(desk).state, listed(desk).result) == (state, result)
        assert (number(1) in desk.memory.not_to_call) is (code == "3")
        assert desk.memory.records[call].disposition == code
        assert desk.told(events.CampaignResult)[-1].state == state


@in_virtual_time
async def test_a_time_that_was_agreed_is_kept_although_the_list_was_finished() -> None:
    async with calling(meanings=MEANINGS) as desk:
        call = await spoken(desk)
        await desk.wait(6)
        assert desk.memory.plans[1].state == "finished"
        at = desk.board.clock.utc() + timedelta(hours=2)
        await desk.board.after_call.dispose(call, "2", "1001", at)
        assert (listed(desk).state, listed(desk).due, listed(desk).agreed) == ("waiting", at, True)
        assert [one.state for one in desk.told(events.CampaignChanged)] == ["finished", "running"]
        await desk.wait(2 * 3600 - 10)
        assert desk.line.ringing_numbers() == []
        await desk.wait(16)
        assert desk.line.ringing_numbers() == [line(1)]


@in_virtual_time
async def test_a_time_that_is_past_and_one_for_another_call_are_refused() -> None:
    async with calling() as desk:
        call = await spoken(desk)
        with pytest.raises(Refused):
            await desk.board.after_call.dispose(call, "2", "1001", START)
        other, caller = await waiting_caller(desk)
        desk.line.hangs_up(caller)
        await desk.settle()
        with pytest.raises(Refused):
            await desk.board.after_call.dispose(other, "2", "1001", desk.board.clock.utc() + timedelta(hours=1))
        assert desk.memory.records[call].disposition == ""


# ---- more than agents -----------------------------------------------------------------------------------


async def many_have_answered(desk: Office, count: int = 4) -> None:
    """As if so many had, and each had found an agent: then the ratio counts."""
    running = desk.board.campaigns._running[1]
    for _ in range(count):
        running.guard.answered(True)


@in_virtual_time
async def test_beyond_the_agents_only_as_many_as_the_ratio_says_and_who_answers_takes_the_agent() -> None:
    async with calling(9, ratio=2.0, abandon_limit=0.2) as desk:
        await agents(desk, "1001")
        assert desk.line.ringing_numbers() == [line(1)], "not before it is known how many would be lost"
        await many_have_answered(desk)
        await desk.wait(6)
        assert sorted(desk.line.ringing_numbers()) == [line(1), line(2)]
        customer = await picks_up(desk, 2)
        assert desk.state("1001") == "offered"
        await takes(desk)
        assert hears(desk, customer) == "1001", "the agent that was kept for the first"
        assert desk.board.campaigns.calling(1) == 2
        other = await picks_up(desk, 1)
        assert hears(desk, other) == "music", "nobody is free: in the queue, before all others"
        assert desk.board.campaigns._running[1].guard.ratio(2.0) == 1.0
        live, _ = await waiting_caller(desk)
        assert [call for call, _, _ in desk.board.queueing.waiting(SALES)][1] == live
        desk.line.hangs_up(customer)
        await desk.wait(11)
        await takes(desk)
        assert hears(desk, other) == "1001"
        desk.line.hangs_up(other)
        await desk.settle()
        assert {one.entry: (one.result, one.without_agent) for one in desk.memory.attempts.values()} == {
            1: ("answered", True),
            2: ("answered", False),
        }


@pytest.mark.parametrize(("without_agent", "wait"), [("message", 0), ("queue", 5)])
@in_virtual_time
async def test_who_finds_no_agent_hears_the_message_at_once_or_after_a_wait(without_agent: str, wait: float) -> None:
    rules: dict[str, Any] = {"without_agent": without_agent, "longest_wait": 5, "message": "抱歉，稍后再联系您。"}
    async with calling(9, ratio=2.0, abandon_limit=0.2, **rules) as desk:
        await agents(desk, "1001")
        await many_have_answered(desk)
        await desk.wait(6)
        await picks_up(desk, 1)
        await takes(desk)
        other = await picks_up(desk, 2)
        if wait:
            await desk.settle()
            assert isinstance(desk.heard()[-1], Music)
            await desk.wait(wait)
        assert desk.heard()[-1] == Speech("抱歉，稍后再联系您。", "zh-CN")
        assert other.up()
        await desk.wait(2.5)
        assert other.over()
        assert (listed(desk, 2).result, listed(desk, 2).state) == ("abandoned", "waiting")
        assert desk.memory.attempts[listed(desk, 2).call or CallId("")].without_agent


# ---- previews -------------------------------------------------------------------------------------------


@in_virtual_time
async def test_an_agent_sees_who_it_is_and_has_them_called_from_the_own_phone() -> None:
    async with calling(2, mode="preview") as desk:
        await agents(desk, "1001")
        assert desk.line.ringing_numbers() == [], "nobody is dialled before the agent says so"
        (shown,) = desk.told(events.PreviewOffered)
        assert (shown.agent, shown.entry, shown.name, shown.fields) == ("1001", 1, "客户1", {"车型": "轿车"})
        assert desk.board.campaigns.preview_of("1001") == dataclasses.replace(shown, at=desk.board.clock.utc())
        assert desk.board.campaigns.preview_of("1002") is None
        assert desk.state("1001") == "offered", "kept while reading"
        await desk.board.campaigns.dial_shown("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"]
        assert listed(desk).attempts == 0, "not before the customer's phone is to ring"
        phone = await takes(desk)
        assert listed(desk).state == "dialling"
        customer = await picks_up(desk)
        assert (hears(desk, phone), hears(desk, customer)) == (line(1), "1001")
        desk.line.hangs_up(customer)
        await desk.settle()
        assert (listed(desk).state, listed(desk).result) == ("done", "answered")
        assert desk.state("1001") == "wrap_up"
        (attempt,) = desk.memory.attempts.values()
        assert (attempt.by, attempt.agent) == ("1001", "1001")
        await desk.wait(11)
        assert desk.told(events.PreviewOffered)[-1].entry == 2


@in_virtual_time
async def test_one_customer_is_shown_to_one_agent() -> None:
    async with calling(3, mode="preview") as desk:
        await agents(desk, "1001", "1002")
        assert [(one.agent, one.entry) for one in desk.told(events.PreviewOffered)] == [("1001", 1), ("1002", 2)]
        with pytest.raises(NotNow):
            await desk.board.campaigns.dial_shown("1003")


@in_virtual_time
async def test_nobody_is_shown_who_must_not_be_called() -> None:
    async with calling(2, mode="preview") as desk:
        desk.memory.not_to_call[number(1)] = DoNotCall(number=number(1), why="", by="boss", at=START)
        await agents(desk, "1001")
        assert [one.entry for one in desk.told(events.PreviewOffered)] == [2]
        assert listed(desk).state == "do_not_call"


@in_virtual_time
async def test_who_is_skipped_is_called_not_at_all_or_at_another_time() -> None:
    async with calling(3, mode="preview") as desk:
        await agents(desk, "1001")
        assert (await desk.board.campaigns.skip_shown("1001", None)).state == "skipped"
        await desk.wait(0.2)
        assert desk.told(events.PreviewOffered)[-1].entry == 2
        at = desk.board.clock.utc() + timedelta(hours=1)
        later = await desk.board.campaigns.skip_shown("1001", at)
        assert (later.state, later.due, later.agreed) == ("waiting", at, True)
        await desk.wait(0.2)
        assert desk.told(events.PreviewOffered)[-1].entry == 3
        assert [one.reason for one in desk.told(events.PreviewOver)] == ["skipped", "skipped"]


@pytest.mark.parametrize("dials", [True, False])
@in_virtual_time
async def test_when_the_time_is_over_it_is_dialled_or_the_next_one_is_shown(dials: bool) -> None:
    async with calling(2, mode="preview", preview_seconds=20, preview_dials=dials) as desk:
        await agents(desk, "1001")
        await desk.wait(20)
        await desk.wait(0.2)
        if dials:
            assert desk.line.ringing_numbers() == ["1001"]
        else:
            assert desk.line.ringing_numbers() == []
            assert [one.entry for one in desk.told(events.PreviewOffered)] == [1, 2]
            assert (listed(desk).state, listed(desk).attempts) == ("waiting", 0)
            assert desk.told(events.PreviewOver)[0].reason == "time"


@in_virtual_time
async def test_an_agent_who_goes_or_does_not_pick_up_costs_the_customer_nothing() -> None:
    async with calling(2, mode="preview") as desk:
        await agents(desk, "1001")
        await desk.board.desk.set_state("1001", "break", "meal")
        await desk.wait(0.2)
        assert desk.told(events.PreviewOver)[-1].reason == "withdrawn"
        assert listed(desk).state == "waiting"
        await desk.board.desk.set_state("1001", "ready")
        await desk.wait(0.2)
        assert desk.told(events.PreviewOffered)[-1].entry == 1
        await desk.board.campaigns.dial_shown("1001")
        await desk.settle()
        desk.line.declines(desk.line.rung("1001"), 486)
        await desk.wait(0.2)
        assert (listed(desk).state, listed(desk).attempts) == ("waiting", 0)
        assert desk.told(events.PreviewOffered)[-1].entry == 2, "the next one first"


@in_virtual_time
async def test_a_free_agent_may_ask_for_the_next_one() -> None:
    async with calling(1, mode="preview") as desk:
        with pytest.raises(NotNow):
            await desk.board.campaigns.next_for(1, "1001")
        await desk.sign_in("1001")
        shown = await desk.board.campaigns.next_for(1, "1001")
        assert shown.entry == 1
        assert await desk.board.campaigns.next_for(1, "1001") == dataclasses.replace(shown, at=desk.board.clock.utc())
        desk.memory.listed[1] = dataclasses.replace(listed(desk), customer=CustomerId(7))
        with pytest.raises(NotNow):
            await desk.board.campaigns.next_for(1, "nobody")
        await desk.board.campaigns.set_state(1, "paused", "boss")
        with pytest.raises(NotNow):
            await desk.board.campaigns.next_for(1, "1001")
        assert desk.state("1001") == "ready"
