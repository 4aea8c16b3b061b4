"""A colleague's question waits in a queue for one of its agents; in virtual time (TEL-03, TEL-04)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.calendar import Calendar
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import Disposition
from tests.kit.office import Office, in_virtual_time, office, site
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_consulting import all_hear, line
from tests.switchboard.test_forwarding import forwards
from tests.switchboard.test_queue_call import CALLER, conversation, ended, waiting_caller

SERVICE = QueueName("service")
TWO = site(
    queues=tuple(
        dataclasses.replace(queue, members=(AgentId("1002"), AgentId("1003")), wrap_up=7.0, ring=15.0)
        if queue.name == SERVICE
        else dataclasses.replace(queue, wrap_up=5.0)
        for queue in site().queues
    ),
    dispositions=(Disposition(code="sold", title="成交"),),
)
"""1002 and 1003 work in the queue that is asked; both serve the queue of the customer as well."""


async def asking(desk: Office, *more: str) -> tuple[CallId, Dialog, Dialog]:
    """1001 speaks with a customer and asks the queue: the call, the customer's side, the agent's."""
    await desk.sign_in("1001")
    call, caller, phone = await conversation(desk)
    await desk.sign_in(*more)
    desk.board.consulting.begin_in_queue(call, "1001", SERVICE)
    await desk.settle()
    return call, caller, phone


def state(desk: Office, agent: str) -> str:
    return desk.state(agent).split()[0].split(":")[0]


@in_virtual_time
async def test_who_is_free_is_rung_sees_the_customer_and_speaks_with_who_asks() -> None:
    async with office(TWO) as desk:
        call, caller, phone = await asking(desk, "1002")
        asked = desk.line.rung("1002")
        assert asked.caller == "1001", "the colleague's phone shows who asks"
        assert state(desk, "1002") == "offered"
        assert all_hear(desk, caller, phone) == ("music", "music")
        desk.line.rings(asked)
        await desk.settle()
        assert hears(desk, phone) == "tone", "ringback"
        pop = desk.told(events.ScreenPopped)[-1]
        assert (pop.agent, pop.call, pop.caller) == ("1002", call, CALLER)
        assert line(desk)["consult"] == {"number": "service", "queue": "service", "agent": None, "state": "ringing"}
        desk.line.picks_up(asked)
        await desk.settle()
        assert all_hear(desk, caller, phone, asked) == ("music", "1002", "1001")
        assert (state(desk, "1001"), state(desk, "1002")) == ("talking", "talking")
        assert line(desk)["consult"] == {"number": "1002", "queue": "service", "agent": "1002", "state": "talking"}
        desk.board.consulting.toggle(call, "1001")
        await desk.settle()
        assert all_hear(desk, caller, phone, asked) == ("1001", CALLER, "music")
        desk.board.consulting.back(call, "1001")
        await desk.wait(1)
        assert asked.over()
        assert all_hear(desk, caller, phone) == ("1001", CALLER)
        assert state(desk, "1002") == "ready", "a question has no wrap-up"
        desk.line.hangs_up(caller)
        await desk.wait(1)
        record = desk.memory.records[call]
        assert (record.queue, record.agent, record.outcome) == ("sales", "1001", "answered")
        begun = desk.told(events.ConsultBegun)[0]
        assert (begun.number, begun.queue) == ("service", "service")
        assert [fact.queue for fact in desk.told(events.CallerQueued)] == ["sales"], "a question is no customer"
        await desk.wait(10)
        desk.nothing_is_left()


@in_virtual_time
async def test_it_waits_in_its_place_and_counts_as_no_customer() -> None:
    async with office(TWO) as desk:
        await desk.sign_in("1001")
        call, _, phone = await conversation(desk)
        await desk.sign_in("1002")
        desk.board.queueing.want(AgentId("1002"), "break", "meal")
        desk.board.consulting.begin_in_queue(call, "1001", SERVICE)
        await desk.settle()
        assert hears(desk, phone) == "music", "the queue's"
        assert desk.board.queueing.waiting(SERVICE) == []
        assert desk.told(events.QueueChanged)[-1].waiting == ()
        await desk.wait(30)
        desk.board.queueing.want(AgentId("1002"), "ready", "")
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.settle()
        assert hears(desk, phone) == "1002"


@pytest.mark.parametrize("toggled", [False, True])
def test_who_is_asked_and_given_the_call_has_it_from_the_queue(toggled: bool) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office(TWO) as desk:
            call, caller, phone = await asking(desk, "1002")
            asked = desk.line.rung("1002")
            desk.line.rings(asked)
            desk.line.picks_up(asked)
            await desk.settle()
            if toggled:
                desk.board.consulting.toggle(call, "1001")
                await desk.settle()
            desk.board.consulting.complete(call, "1001")
            await desk.settle()
            assert phone.over()
            assert all_hear(desk, caller, asked) == ("1002", CALLER)
            assert (state(desk, "1001"), state(desk, "1002")) == ("wrap_up", "talking")
            moved = desk.told(events.CallTransferred)[0]
            assert (moved.kind, moved.by, moved.agent, moved.number) == ("attended", "1001", "1002", "service")
            assert [fact.queue for fact in desk.told(events.CallerQueued)] == ["sales", "service"]
            left = desk.told(events.CallerLeftQueue)[-1]
            assert (left.queue, left.reason, left.wait_seconds) == ("service", "answered", 0.0)
            answered = desk.told(events.CallAnswered)[-1]
            assert (answered.queue, answered.agent) == ("service", "1002")
            await desk.wait(20)
            desk.line.hangs_up(caller)
            await desk.settle()
            assert state(desk, "1002") == "wrap_up"
            assert desk.board.queueing.view(AgentId("1002")).call == call
            record = desk.memory.records[call]
            assert (record.queue, record.agent, record.outcome) == ("service", "1002", "answered")
            await desk.wait(7.5)
            assert state(desk, "1002") == "ready"
            desk.nothing_is_left()

    story()


@in_virtual_time
async def test_all_three_speak() -> None:
    async with office(TWO) as desk:
        call, caller, phone = await asking(desk, "1002")
        asked = desk.line.rung("1002")
        desk.line.picks_up(asked)
        await desk.settle()
        desk.board.consulting.confer(call, "1001", "1001")
        await desk.settle()
        assert all_hear(desk, caller, phone, asked) == ("1001 1002", f"1002 {CALLER}", f"1001 {CALLER}")
        desk.line.hangs_up(phone)
        await desk.settle()
        assert all_hear(desk, caller, asked) == ("1002", CALLER)
        desk.line.hangs_up(asked)
        await desk.wait(20)
        assert (state(desk, "1001"), state(desk, "1002")) == ("ready", "ready")
        desk.nothing_is_left()


@pytest.mark.parametrize("how", ["refuses", "does not answer", "goes on break", "is away"])
def test_who_does_not_pick_up_is_passed_over_and_the_next_one_is_asked(how: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office(TWO) as desk:
            _call, caller, phone = await asking(desk, "1002", "1003")
            first = desk.line.rung("1002")
            desk.line.rings(first)
            await desk.settle()
            if how == "refuses":
                desk.line.declines(first, 603)
            elif how == "goes on break":
                desk.board.queueing.want(AgentId("1002"), "break", "meal")
            elif how == "is away":
                desk.board.phone(desk.board.queueing.extension_of(AgentId("1002")), False)  # type: ignore[arg-type]
            await desk.wait(16 if how == "does not answer" else 1)
            assert first.over()
            second = desk.line.rung("1003")
            desk.line.rings(second)
            await desk.settle()
            assert hears(desk, phone) == "tone"
            desk.line.picks_up(second)
            await desk.settle()
            assert all_hear(desk, caller, phone, second) == ("music", "1003", "1001")
            desk.line.hangs_up(caller)
            await desk.wait(30)
            desk.nothing_is_left()

    story()


@pytest.mark.parametrize("how", ["ordered", "hung up"])
@pytest.mark.parametrize("rings", [False, True])
def test_who_hands_on_before_the_answer_leaves_the_customer_at_the_place_of_the_question(how: str, rings: bool) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office(TWO) as desk:
            await desk.sign_in("1001")
            call, caller, phone = await conversation(desk)
            await desk.sign_in("1002")
            if not rings:
                desk.board.queueing.want(AgentId("1002"), "break", "meal")
            desk.board.consulting.begin_in_queue(call, "1001", SERVICE)
            await desk.wait(10)
            if how == "ordered":
                desk.board.consulting.complete(call, "1001")
            else:
                desk.line.hangs_up(phone)
            await desk.settle()
            assert phone.over()
            assert state(desk, "1001") == "wrap_up"
            if rings:  # what rang for the question is another ringing than that for the customer, who hears music
                await desk.settle()
            else:
                ((waiting, since, place),) = desk.board.queueing.waiting(SERVICE)
                assert (waiting, place) == (call, 1)
                assert (desk.board.clock.utc() - since).total_seconds() == pytest.approx(10, abs=0.5)
                desk.board.queueing.want(AgentId("1002"), "ready", "")
                await desk.settle()
            asked = desk.line.rung("1002")
            assert asked.caller == CALLER
            desk.line.picks_up(asked)
            await desk.settle()
            assert all_hear(desk, caller, asked) == ("1002", CALLER)
            desk.line.hangs_up(asked)
            await desk.wait(1)
            record = desk.memory.records[call]
            assert (record.queue, record.agent, record.outcome) == ("service", "1002", "answered")
            await desk.wait(20)
            desk.nothing_is_left()

    story()


@pytest.mark.parametrize("when", ["waits", "rings", "at once", "speaks"])
def test_a_customer_who_goes_ends_it_for_all(when: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office(TWO) as desk:
            call, caller, phone = await asking(desk, "1002")
            asked = desk.line.rung("1002")
            if when == "waits":
                desk.board.queueing.want(AgentId("1002"), "break", "meal")
                await desk.settle()
            else:
                desk.line.rings(asked)
            if when == "speaks":
                desk.line.picks_up(asked)
                await desk.settle()
            if when == "at once":
                desk.line.picks_up(asked)
            desk.line.hangs_up(caller)
            await desk.wait(1)
            assert phone.over()
            assert asked.over()
            assert ended(desk, call)[0] == "answered"
            await desk.wait(20)
            assert state(desk, "1002") == ("break" if when == "waits" else "ready")
            desk.nothing_is_left()

    story()


@in_virtual_time
async def test_who_is_asked_and_goes_leaves_the_customer_on_hold() -> None:
    async with office(TWO) as desk:
        call, caller, phone = await asking(desk, "1002")
        asked = desk.line.rung("1002")
        desk.line.picks_up(asked)
        await desk.settle()
        desk.line.hangs_up(asked)
        await desk.wait(3)
        assert (state(desk, "1002"), hears(desk, caller)) == ("ready", "music")
        desk.board.consulting.back(call, "1001")
        await desk.settle()
        assert all_hear(desk, caller, phone) == ("1001", CALLER)


@in_virtual_time
async def test_taken_back_while_it_rings_the_phone_rings_no_more() -> None:
    async with office(TWO) as desk:
        call, caller, phone = await asking(desk, "1002")
        asked = desk.line.rung("1002")
        desk.line.rings(asked)
        await desk.settle()
        desk.board.consulting.back(call, "1001")
        await desk.settle()
        assert asked.over()
        assert all_hear(desk, caller, phone) == ("1001", CALLER)
        assert state(desk, "1002") == "ready"
        assert desk.told(events.ConsultEnded)[0].reason == "dropped"


@in_virtual_time
async def test_the_longest_wait_of_the_queue_holds_for_a_question_too() -> None:
    changed = dataclasses.replace(TWO, queues=tuple(dataclasses.replace(queue, max_wait=30.0) for queue in TWO.queues))
    async with office(changed) as desk:
        await desk.sign_in("1001")
        call, caller, _ = await conversation(desk)
        await desk.sign_in("1002")
        desk.board.queueing.want(AgentId("1002"), "break", "meal")
        desk.board.consulting.begin_in_queue(call, "1001", SERVICE)
        await desk.wait(31)
        assert desk.told(events.ConsultEnded)[0].reason == "no_answer"
        assert hears(desk, caller) == "music", "until the agent takes the call back"
        desk.board.consulting.back(call, "1001")
        await desk.settle()
        assert hears(desk, caller) == "1001"
        desk.board.queueing.want(AgentId("1002"), "ready", "")
        desk.board.consulting.begin_in_queue(call, "1001", SERVICE)
        await desk.settle()
        asked = desk.line.rung("1002")
        desk.line.picks_up(asked)
        await desk.wait(60)
        assert hears(desk, asked) == "1001", "it is no limit of the conversation"


@in_virtual_time
async def test_a_queue_that_is_gone_answers_no_question() -> None:
    async with office(TWO) as desk:
        call, _, _ = await asking(desk, "1002")
        desk.board.configure(dataclasses.replace(TWO, queues=TWO.queues[:1]))
        await desk.wait(1)
        assert desk.told(events.ConsultEnded)[0].reason == "failed"
        desk.board.consulting.back(call, "1001")
        await desk.settle()
        assert desk.board.journeys[call].consult is None


@in_virtual_time
async def test_nobody_is_offered_a_question_and_a_caller_at_once() -> None:
    async with office(TWO) as desk:
        await asking(desk, "1002")
        await waiting_caller(desk)
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1002"]
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.settle()
        assert desk.line.ringing_numbers() == [], "the caller waits on"
        assert desk.told(events.OfferWithdrawn) == [], "and was offered to nobody meanwhile"


@pytest.mark.parametrize("how", ["declines", "goes on break"])
def test_where_nobody_else_is_free_the_agent_hears_the_queue_again(how: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office(TWO) as desk:
            _, _, phone = await asking(desk, "1002")
            first = desk.line.rung("1002")
            desk.line.rings(first)
            await desk.settle()
            assert hears(desk, phone) == "tone"
            if how == "declines":
                desk.line.declines(first, 603)
            else:
                desk.board.queueing.want(AgentId("1002"), "break", "meal")
            await desk.settle()
            assert first.over()
            assert hears(desk, phone) == "music"

    story()


@in_virtual_time
async def test_who_picks_up_in_the_moment_of_going_on_break_is_asked_and_nobody_else_is() -> None:
    async with office(TWO) as desk:
        _, _, phone = await asking(desk, "1002")
        first = desk.line.rung("1002")
        await desk.sign_in("1003")
        desk.board.queueing.want(AgentId("1002"), "break", "meal")
        desk.line.picks_up(first)
        await desk.wait(40)
        assert hears(desk, phone) == "1002"
        assert desk.line.ringing_numbers() == []
        assert state(desk, "1003") == "ready"


@in_virtual_time
async def test_what_agents_want_done_with_calls_to_their_extension_is_not_for_a_queue() -> None:
    async with office(TWO) as desk:
        await forwards(desk, "1002", always="1003")
        await asking(desk, "1002")
        assert desk.line.ringing_numbers() == ["1002"]


@in_virtual_time
async def test_a_queue_that_is_gone_meanwhile_is_no_hindrance_to_hand_on() -> None:
    async with office(TWO) as desk:
        call, caller, _ = await asking(desk, "1002")
        asked = desk.line.rung("1002")
        desk.line.picks_up(asked)
        await desk.settle()
        desk.board.configure(dataclasses.replace(TWO, queues=TWO.queues[:1]))
        desk.board.consulting.complete(call, "1001")
        await desk.settle()
        assert all_hear(desk, caller, asked) == ("1002", CALLER)
        desk.line.hangs_up(caller)
        await desk.wait(20)
        desk.nothing_is_left()


@in_virtual_time
async def test_what_cannot_be_asked_says_so_and_changes_nothing() -> None:
    async with office(TWO) as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        with pytest.raises(NotFound):
            desk.board.consulting.begin_in_queue(call, "1001", QueueName("nothing"))
        with pytest.raises(NotNow, match="nobody else"):
            desk.board.consulting.begin_in_queue(call, "1001", SERVICE)
        with pytest.raises(NotNow, match="nobody else"):  # only they themselves
            desk.board.consulting.begin_in_queue(call, "1001", QueueName("sales"))
        assert all_hear(desk, caller, phone) == ("1001", CALLER)
        assert desk.told(events.ConsultBegun) == []


@pytest.mark.parametrize(("change", "why"), [({"most_waiting": 1}, "full"), ({"calendar": "never"}, "closed")])
def test_a_queue_that_takes_nobody_takes_no_question(change: dict[str, Any], why: str) -> None:
    @in_virtual_time
    async def story() -> None:
        queues = tuple(dataclasses.replace(queue, **change) for queue in TWO.queues)
        async with office(TWO) as desk:
            await desk.sign_in("1001")
            call, _, _ = await conversation(desk)
            await desk.sign_in("1002")
            await desk.board.desk.set_state("1002", "break")
            await waiting_caller(desk)
            desk.board.configure(dataclasses.replace(TWO, queues=queues, calendars=(Calendar(name="never", hours={}),)))
            with pytest.raises(NotNow, match=why):
                desk.board.consulting.begin_in_queue(call, "1001", QueueName("sales"))
            assert desk.told(events.ConsultBegun) == []

    story()
