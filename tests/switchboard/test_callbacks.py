"""Busy callback in virtual time: the place is kept, the customer is dialled when an agent is free, both are joined."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from callcenterd.errors import NotNow
from callcenterd.model import events
from callcenterd.model.calls import Callback
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.prompts import Recorded
from callcenterd.model.site import Site
from tests.kit.office import PROMPT_SECONDS, STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.virtual import START
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_queue_call import CALLER, conversation, ended, waiting_caller

ASKS = "flow: main\nlanguage: zh-CN\nstart: ask\nnodes:\n  ask: {callback: sales}\n"
OUTSIDE, DIALLED = "013900000000", "8613900000000"


def with_rules(**rules: Any) -> Site:
    plain = site()
    return dataclasses.replace(plain, queues=tuple(dataclasses.replace(queue, **rules) for queue in plain.queues))


async def wish(desk: Office, number: str = OUTSIDE, *, waited: float = 0, queue: str = "sales") -> int:
    """Somebody wants to be called back, whose place counts since `waited` seconds ago."""
    at = desk.board.clock.utc()
    await desk.memory.callbacks.add(CallId("earlier"), QueueName(queue), number, at, at - timedelta(seconds=waited))
    await desk.board.callbacks.look()
    await desk.settle()
    return len(desk.memory.wishes)


def kept(desk: Office, callback: int = 1) -> Callback:
    return desk.memory.wishes[callback]


async def answers(desk: Office) -> Dialog:
    """The customer's phone rings and is picked up."""
    customer = desk.line.rung(DIALLED)
    desk.line.rings(customer)
    await desk.wait(3)
    desk.line.picks_up(customer)
    await desk.settle()
    return customer


@in_virtual_time
async def test_who_asks_in_a_flow_hangs_up_and_is_called_when_an_agent_is_free() -> None:
    async with office(with_rules(), flows=[ASKS]) as desk:
        caller = desk.line.calls_in(OUTSIDE, "02088886666")
        await desk.wait(3)
        desk.sound.keys(next(iter(desk.sound.rows)), "1")
        await desk.wait(5)
        assert caller.over()
        (asked,) = desk.told(events.CallbackAsked)
        assert (kept(desk).number, kept(desk).state) == (OUTSIDE, "waiting")
        assert desk.line.ringing_numbers() == [], "nobody is free"
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.state("1001") == "offered", "kept for the customer"
        assert desk.line.ringing_numbers() == [DIALLED]
        customer = await answers(desk)
        assert customer.caller == "02088886666", "the number that they had called"
        assert isinstance(desk.heard()[-1], Recorded), "who calls"
        await desk.wait(PROMPT_SECONDS)
        assert hears(desk, customer) == "music"
        phone = desk.line.rung("1001")
        assert phone.caller == OUTSIDE
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.wait(20)
        assert (hears(desk, customer), hears(desk, phone)) == ("1001", DIALLED)
        assert (kept(desk).state, kept(desk).done_by) == ("done", "1001")
        (pop,) = desk.told(events.ScreenPopped)
        assert (pop.caller, pop.agent) == (OUTSIDE, "1001")
        desk.line.hangs_up(customer)
        await desk.settle()
        assert desk.state("1001") == "wrap_up"
        call = pop.call
        assert call != asked.call
        assert ended(desk, call)[0] == "answered"
        assert desk.memory.records[call].direction == "outbound"
        assert [one.state for one in desk.told(events.CallbackChanged)] == ["dialling", "done"]


@in_virtual_time
async def test_the_place_in_the_line_is_that_of_the_first_wait() -> None:
    async with office() as desk:
        await wish(desk, waited=100)
        live, _ = await waiting_caller(desk)
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == [DIALLED], "before who came later"
        await desk.sign_in("1002")
        await desk.settle()
        assert sorted(desk.line.ringing_numbers()) == ["1002", DIALLED]
        assert desk.told(events.QueueChanged)[-1].waiting == (live,), "who is not on the line is not shown as waiting"


@in_virtual_time
async def test_a_later_wish_does_not_overtake_who_waits_on_the_line() -> None:
    async with office() as desk:
        await waiting_caller(desk)
        await desk.wait(10)
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"]


@in_virtual_time
async def test_nobody_answering_is_tried_again_by_plan_and_then_handed_to_people() -> None:
    async with office(with_rules(callback_retries=(60.0,), callback_ring=30.0)) as desk:
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        desk.line.rings(desk.line.rung(DIALLED))
        await desk.wait(31)
        assert (kept(desk).state, kept(desk).tries, kept(desk).result) == ("waiting", 1, "no_answer")
        assert desk.state("1001") == "ready", "to blame for nothing, and no wrap-up"
        await desk.board.callbacks.look()
        await desk.settle()
        assert desk.line.ringing_numbers() == [], "not yet"
        await desk.wait(60)
        await desk.board.callbacks.look()
        await desk.settle()
        desk.line.declines(desk.line.rung(DIALLED), 486)
        await desk.settle()
        assert (kept(desk).state, kept(desk).tries, kept(desk).result) == ("failed", 2, "busy")
        assert desk.told(events.CallbackChanged)[-1].state == "failed"
        await desk.board.callbacks.look()
        await desk.settle()
        assert desk.line.ringing_numbers() == []


@in_virtual_time
async def test_if_the_agent_goes_while_it_rings_the_customer_is_not_disturbed() -> None:
    async with office() as desk:
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        desk.line.rings(desk.line.rung(DIALLED))
        await desk.board.desk.set_state("1001", "break", "meal")
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        assert (kept(desk).state, kept(desk).tries) == ("waiting", 0)
        await desk.board.desk.set_state("1001", "ready")
        await desk.board.callbacks.look()
        await desk.settle()
        assert desk.line.ringing_numbers() == [DIALLED]


@in_virtual_time
async def test_if_the_agent_does_not_take_it_the_next_one_does() -> None:
    async with office() as desk:
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        customer = await answers(desk)
        desk.line.declines(desk.line.rung("1001"), 486)
        await desk.sign_in("1002")
        await desk.settle()
        phone = desk.line.rung("1002")
        desk.line.picks_up(phone)
        await desk.settle()
        assert hears(desk, customer) == "1002"
        assert kept(desk).done_by == "1002"


@in_virtual_time
async def test_who_answers_and_does_not_wait_is_tried_again() -> None:
    async with office(with_rules(callback_retries=(60.0,))) as desk:
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        customer = await answers(desk)
        desk.line.hangs_up(customer)
        await desk.settle()
        assert (kept(desk).state, kept(desk).result) == ("waiting", "hung_up")
        assert desk.line.ringing_numbers() == []
        (over,) = desk.told(events.CallEnded)
        assert over.outcome == "abandoned"


@in_virtual_time
async def test_who_calls_again_meanwhile_has_the_place_and_the_wish_is_closed() -> None:
    async with office() as desk:
        await wish(desk, CALLER, waited=300)
        other, _ = await waiting_caller_of(desk, "13811112222")
        again, _ = await waiting_caller(desk)
        assert (kept(desk).state, kept(desk).result) == ("cancelled", "called_again")
        assert [call for call, _, _ in desk.board.queueing.waiting(QueueName("sales"))] == [again, other]


async def waiting_caller_of(desk: Office, number: str) -> tuple[CallId, Dialog]:
    dialog = desk.line.calls_in(number, STRAIGHT_NUMBER)
    await desk.settle()
    return next(reversed(desk.board.journeys)), dialog


@in_virtual_time
async def test_who_calls_again_while_being_called_is_not_rung_any_more() -> None:
    async with office() as desk:
        await wish(desk, OUTSIDE)
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == [DIALLED]
        await waiting_caller_of(desk, OUTSIDE)
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"], "for the call that came in"
        assert kept(desk).state == "cancelled"


@in_virtual_time
async def test_the_same_number_twice_is_one_wish() -> None:
    async with office() as desk:
        await wish(desk)
        await wish(desk)
        assert list(desk.memory.wishes) == [1]


@in_virtual_time
async def test_customers_are_called_in_the_hours_of_the_queue_only() -> None:
    now = START.astimezone()
    hours = f"{(now + timedelta(hours=1)):%H:%M}-{(now + timedelta(hours=3)):%H:%M}"
    async with office(with_rules(callback_hours=hours)) as desk:
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        await desk.wait(3700)
        await desk.board.callbacks.look()
        await desk.settle()
        assert desk.line.ringing_numbers() == [DIALLED]


@in_virtual_time
async def test_who_waits_when_the_hours_end_is_not_called_before_they_begin_again() -> None:
    now = START.astimezone()
    hours = f"{now:%H:%M}-{(now + timedelta(hours=1)):%H:%M}"
    async with office(with_rules(callback_hours=hours)) as desk:
        await wish(desk)
        await desk.wait(3700)
        await desk.board.callbacks.look()
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        assert kept(desk).state == "waiting"


@in_virtual_time
async def test_by_the_queues_rule_the_agent_is_rung_first() -> None:
    async with office(with_rules(callback_first="agent")) as desk:
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"]
        phone = desk.line.rung("1001")
        assert phone.caller == OUTSIDE
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.settle()
        customer = desk.line.rung(DIALLED)
        desk.line.rings(customer)
        await desk.settle()
        assert hears(desk, phone) == "tone"
        desk.line.picks_up(customer)
        await desk.wait(10)
        assert (hears(desk, customer), hears(desk, phone)) == ("1001", DIALLED)
        assert (kept(desk).state, kept(desk).done_by) == ("done", "1001")
        desk.line.hangs_up(customer)
        await desk.settle()
        assert phone.over()
        assert desk.state("1001") == "wrap_up"


@in_virtual_time
async def test_an_agent_rung_first_who_hangs_up_leaves_the_wish_waiting() -> None:
    async with office(with_rules(callback_first="agent")) as desk:
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        desk.line.rings(desk.line.rung(DIALLED))
        desk.line.hangs_up(phone)
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        assert kept(desk).state == "waiting"


@in_virtual_time
async def test_an_agent_may_call_by_hand_and_what_came_of_it_is_kept() -> None:
    async with office(with_rules(callback_retries=(60.0,))) as desk:
        await desk.sign_in("1001", "1002")
        call, _, phone = await conversation(desk)
        number = await wish(desk, waited=500)
        customer = desk.line.rung(DIALLED)
        assert await refused(desk, number, "1001"), "who speaks cannot call"
        await desk.settle()
        assert customer.over(), "who calls by hand calls alone"
        assert kept(desk).state == "waiting"
        desk.line.hangs_up(phone)
        await desk.wait(11)
        await desk.board.callbacks.call_now(number, "1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"]
        own = desk.line.rung("1001")
        desk.line.picks_up(own)
        await desk.settle()
        desk.line.declines(desk.line.rung(DIALLED), 486)
        await desk.settle()
        assert (kept(desk).state, kept(desk).tries) == ("waiting", 1)
        await desk.board.callbacks.call_now(number, "1001")
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        desk.line.picks_up(desk.line.rung(DIALLED))
        await desk.settle()
        assert (kept(desk).state, kept(desk).done_by) == ("done", "1001")
        assert call in desk.memory.records


async def refused(desk: Office, callback: int, login: str) -> bool:
    try:
        await desk.board.callbacks.call_now(callback, login)
    except NotNow:
        return True
    return False


@in_virtual_time
async def test_somebody_who_closes_a_wish_stops_the_dialling() -> None:
    async with office() as desk:
        number = await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        await desk.board.callbacks.mark(number, "cancelled", "2001")
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        assert (kept(desk).state, kept(desk).done_by) == ("cancelled", "2001")
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_whom_the_last_run_was_calling_waits_again() -> None:
    async with office() as desk:
        number = await wish(desk)
        desk.memory.wishes[number] = dataclasses.replace(kept(desk), state="dialling", done_by="1001")
        await desk.board.callbacks.look()
        desk.board.callbacks.start()
        await desk.wait(1)
        assert kept(desk).state == "waiting"
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == [DIALLED]


@in_virtual_time
async def test_a_server_that_stops_leaves_the_wish_waiting() -> None:
    async with office() as desk:
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        memory = desk.memory
        assert kept(desk).state == "dialling"
    assert (memory.wishes[1].state, memory.wishes[1].tries) == ("waiting", 0)


@in_virtual_time
async def test_a_wish_that_is_seen_to_in_the_moment_an_agent_is_free_is_not_dialled() -> None:
    async with office() as desk:
        number = await wish(desk)
        desk.line.registers("1001")
        desk.board.queueing.want(AgentId("1001"), "ready", "")
        assert desk.state("1001") == "offered", "kept for it"
        await desk.board.callbacks.mark(number, "done", "1002")
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        assert desk.state("1001") == "ready"
        assert kept(desk, number).state == "done"


@in_virtual_time
async def test_who_answers_while_the_wish_is_given_up_is_let_go_and_never_waits() -> None:
    async with office() as desk:
        number = await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        customer = desk.line.rung(DIALLED)
        await desk.board.callbacks.mark(number, "cancelled", "1002")
        desk.line.picks_up(customer)
        await desk.settle()
        assert customer.over()
        assert desk.told(events.CallerQueued) == []
        assert desk.state("1001") == "ready"
