"""A caller, a queue, an agent: the whole way, in virtual time."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.calls import Outcome, Side
from callcenterd.model.customers import Customer
from callcenterd.model.ids import AgentId, CallId, CustomerId, ExtensionNumber, QueueName
from callcenterd.model.prompts import Music, Recorded, Speech
from callcenterd.model.site import QueueSettings
from callcenterd.sip.events import ToExtension
from tests.kit.office import NUMBER, STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.virtual import START
from tests.kit.wire import Dialog

CALLER = "13800138000"


async def waiting_caller(desk: Office) -> tuple[CallId, Dialog]:
    """A caller who has walked straight into the queue."""
    dialog = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
    await desk.settle()
    return next(reversed(desk.board.journeys)), dialog


async def conversation(desk: Office, agent: str = "1001") -> tuple[CallId, Dialog, Dialog]:
    """Caller and agent speak since now."""
    call, caller = await waiting_caller(desk)
    phone = desk.line.rung(agent)
    desk.line.rings(phone)
    desk.line.picks_up(phone)
    await desk.settle()
    return call, caller, phone


def ended(desk: Office, call: CallId) -> tuple[Outcome, Side, str]:
    (fact,) = [fact for fact in desk.told(events.CallEnded) if fact.call == call]
    return fact.outcome, fact.ended_by, fact.cause


# ---- the whole way --------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_caller_chooses_waits_is_rung_through_and_speaks_with_an_agent() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        caller = desk.line.calls_in(CALLER, NUMBER, name="张先生")
        await desk.wait(3)
        assert caller.up(), "the flow picks up to greet"
        desk.sound.keys(next(iter(desk.sound.rows)), "1")
        await desk.settle()
        call = desk.only_call()
        assert [type(prompt) for prompt in desk.heard()] == [Recorded, Speech, Music]
        phone = desk.line.rung("1001")
        assert (phone.caller, phone.caller_name) == (CALLER, "张先生"), "the phone shows who calls"
        assert phone.to == ToExtension(ExtensionNumber("1001"))
        desk.line.rings(phone)
        assert desk.state("1001") == "offered"
        await desk.wait(4)
        desk.line.picks_up(phone)
        await desk.settle()
        assert desk.joined()
        assert desk.state("1001") == "talking"
        await desk.wait(60)
        desk.line.hangs_up(phone)
        await desk.settle()
        assert caller.over(), "the flow had nothing more to say"
        assert desk.state("1001") == "wrap_up"
        await desk.wait(9.9)
        assert desk.state("1001") == "wrap_up"
        await desk.wait(0.2)
        assert desk.state("1001") == "ready"
        assert desk.story(call) == [
            "call.started",
            "call.flow",
            "call.key",
            "call.queued",
            "call.ringing",
            "screen.pop",
            "call.answered",
            "recording.started",
            "call.left_queue",
            "recording.finished",
            "call.ended",
        ]


@in_virtual_time
async def test_a_headset_phone_is_asked_to_pick_up_calls_of_queues_only() -> None:
    extensions = tuple(dataclasses.replace(one, auto_answer=one.number == "1001") for one in site().extensions)
    async with office(site(extensions=extensions)) as desk:
        await desk.sign_in("1001")
        await waiting_caller(desk)
        assert desk.line.rung("1001").to == ToExtension(ExtensionNumber("1001"), at_once=True)
        desk.line.registers("1002")
        desk.line.calls_in("1002", "1001", extension="1002")
        await desk.settle()
        placed = [dialog.to for dialog in desk.line.dialogs if isinstance(dialog.to, ToExtension)]
        assert placed[-1] == ToExtension(ExtensionNumber("1001")), "a colleague who calls is answered by hand"


@in_virtual_time
async def test_the_history_holds_what_happened() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(3)
        desk.sound.keys(next(iter(desk.sound.rows)), "1")
        await desk.wait(5)
        call, phone = desk.only_call(), desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.wait(60)
        desk.line.hangs_up(phone)
        await desk.wait(1)
        kept = desk.memory.records[call]
        assert (kept.direction, kept.caller, kept.called, kept.trunk) == ("inbound", CALLER, NUMBER, "gateway")
        assert (kept.flow, kept.queue, kept.agent, kept.extension) == ("main", "sales", "1001", "1001")
        assert (kept.keys, kept.outcome, kept.ended_by, kept.cause) == ("1", "answered", "agent", "normal")
        assert (kept.wait_seconds, kept.talk_seconds) == (5, 60)
        assert kept.queued_at is not None
        assert kept.answered_at == kept.queued_at + timedelta(seconds=5)
        assert kept.ended_at == kept.answered_at + timedelta(seconds=60)
        recording = desk.memory.kept_recordings[kept.recording_id or pytest.fail("not recorded")]
        assert recording.call_id == call
        assert recording.complete
        assert recording.path == f"{START:%Y/%m/%d}/{call}-1.wav"
        assert recording.seconds == pytest.approx(60), "from the answer to the end"
        assert [kind for kind, _ in desk.memory.steps[call]] == [k for k in desk.story(call) if k != "screen.pop"]
        steps = [state for agent, state, _ in desk.memory.agent_steps if agent == "1001"]
        assert steps == ["signed_out", "ready", "offered", "talking", "wrap_up"]


@in_virtual_time
async def test_left_is_the_caller_and_right_the_agent_in_the_recording() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await conversation(desk)
        (take,) = desk.sound.takes
        first, second = desk.sound.rows
        assert (take.caller, take.other) == (first, second)


@in_virtual_time
async def test_a_queue_that_is_not_recorded_is_not_recorded() -> None:
    queues = site().queues
    async with office(
        site(queues=(type(queues[0])(name=QueueName("sales"), members=(AgentId("1001"),), record=False),))
    ) as desk:
        await desk.sign_in("1001")
        await conversation(desk)
        assert desk.joined()
        assert desk.sound.takes == []


# ---- who does not answer --------------------------------------------------------------------------------


@in_virtual_time
async def test_no_answer_rings_the_next_agent_and_puts_the_first_on_break() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, _ = await waiting_caller(desk)
        first = desk.line.rung("1001")
        desk.line.rings(first)
        await desk.wait(19.9)
        assert desk.line.ringing_numbers() == ["1001"]
        await desk.wait(0.2)
        assert first.over()
        assert desk.line.ringing_numbers() == ["1002"]
        assert desk.state("1001") == "break no_answer"
        (declined,) = desk.told(events.OfferDeclined)
        assert (declined.agent, declined.reason) == ("1001", "no_answer")
        second = desk.line.rung("1002")
        desk.line.rings(second)
        desk.line.picks_up(second)
        await desk.settle()
        assert desk.memory.records[call].agent == "1002"
        await desk.board.desk.set_state("1001", "ready")
        assert desk.state("1001") == "ready"


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (486, "ready", "busy"),
        (603, "ready", "refused"),
        (480, "break no_answer", "no_answer"),
        (408, "break unreachable", "unreachable"),
        (503, "break unreachable", "unreachable"),
        (500, "break unreachable", "unreachable"),
    ],
)
def test_a_phone_that_refuses_costs_no_time(status: int, state: str, reason: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001", "1002")
            await waiting_caller(desk)
            desk.line.declines(desk.line.rung("1001"), status)
            await desk.settle()
            assert desk.line.ringing_numbers() == ["1002"]
            assert desk.state("1001") == state
            assert [fact.reason for fact in desk.told(events.OfferDeclined)] == [reason]

    story()


@in_virtual_time
async def test_a_declined_call_comes_back_to_the_only_agent_after_some_seconds() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await waiting_caller(desk)
        desk.line.declines(desk.line.rung("1001"), 486)
        await desk.wait(9)
        assert desk.line.ringing_numbers() == []
        await desk.wait(1.1)
        assert desk.line.ringing_numbers() == ["1001"]


@in_virtual_time
async def test_a_phone_that_is_lost_while_it_rings_passes_the_call_on() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        await waiting_caller(desk)
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        desk.line.is_lost("1001")
        await desk.settle()
        assert phone.over()
        assert desk.line.ringing_numbers() == ["1002"]
        assert desk.state("1001") == "unreachable"
        assert [fact.reason for fact in desk.told(events.OfferWithdrawn)] == ["unreachable"]
        desk.line.registers("1001")
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_a_phone_that_cannot_even_be_dialled_is_unreachable_until_it_registers_again() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        desk.line.phones.discard(ExtensionNumber("1001"))  # gone, and the registrar has not told yet
        await waiting_caller(desk)
        assert desk.line.ringing_numbers() == ["1002"]
        assert desk.state("1001") == "break unreachable"
        desk.line.registers("1001")
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_another_site_does_not_end_a_break_for_a_dead_phone() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await waiting_caller(desk)
        desk.line.declines(desk.line.rung("1001"), 408)
        await desk.settle()
        desk.board.configure(site(revision=2))
        await desk.settle()
        assert desk.state("1001") == "break unreachable"
        assert desk.line.ringing_numbers() == []


@in_virtual_time
async def test_a_phone_that_answers_without_sdp_is_hung_up_and_the_call_goes_on() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        await waiting_caller(desk)
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone, answer=None)
        await desk.settle()
        assert phone.over()
        assert desk.line.ringing_numbers() == ["1002"]


@in_virtual_time
async def test_an_agent_who_goes_on_break_while_ringing_is_rung_no_more() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await waiting_caller(desk)
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        await desk.board.desk.set_state("1001", "break", "lunch")
        await desk.settle()
        assert phone.over()
        assert desk.state("1001") == "break lunch"
        assert desk.board.queueing.waiting(QueueName("sales"))[0][2] == 1, "the caller keeps the place"


# ---- waiting --------------------------------------------------------------------------------------------


@in_virtual_time
async def test_who_finds_nobody_free_hears_music_and_is_connected_when_somebody_is() -> None:
    async with office() as desk:
        call, _ = await waiting_caller(desk)
        await desk.wait(45)
        (row,) = desk.sound.rows.values()
        assert row.repeats
        assert desk.heard() == [Music()]
        assert [place for _, _, place in desk.board.queueing.waiting(QueueName("sales"))] == [1]
        await desk.sign_in("1001")
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        assert desk.joined()
        assert row.play is None, "the music stops at the answer"
        assert desk.told(events.CallAnswered)[0].wait_seconds == pytest.approx(45, abs=0.1)
        assert desk.memory.records[call].queue == "sales"


@in_virtual_time
async def test_callers_are_served_in_the_order_in_which_they_came() -> None:
    async with office() as desk:
        for n in range(3):
            desk.line.calls_in(f"1380000000{n}", STRAIGHT_NUMBER)
            await desk.wait(1)
        callers = [call for call, _, _ in desk.board.queueing.waiting(QueueName("sales"))]
        await desk.sign_in("1001")
        for call in callers:
            phone = desk.line.rung("1001")
            assert phone.caller == desk.board.journeys[call].call.caller
            desk.line.picks_up(phone)
            await desk.wait(1)
            desk.line.hangs_up(phone)
            await desk.settle()
            await desk.board.desk.end_wrap_up("1001")
            await desk.settle()


@in_virtual_time
async def test_who_hangs_up_while_waiting_has_abandoned() -> None:
    async with office() as desk:
        call, caller = await waiting_caller(desk)
        await desk.wait(33)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert ended(desk, call) == ("abandoned", "caller", "normal")
        assert desk.memory.records[call].wait_seconds == 33
        (left,) = desk.told(events.CallerLeftQueue)
        assert (left.reason, left.wait_seconds) == ("abandoned", 33)


@in_virtual_time
async def test_who_hangs_up_while_a_phone_rings_takes_the_ringing_along() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller = await waiting_caller(desk)
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert phone.over()
        assert ended(desk, call)[0] == "abandoned"
        assert desk.state("1001") == "ready", "no miss, no wrap-up"
        assert desk.told(events.OfferDeclined) == []


@in_virtual_time
async def test_a_wait_that_is_too_long_for_the_flow_is_told_as_that_and_the_flow_goes_on() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await desk.board.desk.set_state("1001", "break", "lunch")
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(3)
        desk.sound.keys(next(iter(desk.sound.rows)), "1")
        await desk.wait(119.5)
        call = desk.only_call()
        assert desk.board.queueing.waiting(QueueName("sales"))
        await desk.wait(1)
        assert desk.board.queueing.waiting(QueueName("sales")) == []
        assert desk.told(events.CallerLeftQueue)[0].reason == "timed_out"
        await desk.wait(3)
        assert caller.over()
        assert ended(desk, call) == ("no_answer", "system", "all_busy")


@in_virtual_time
async def test_a_flow_that_runs_out_while_a_phone_rings_stops_the_ringing() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await desk.board.desk.set_state("1001", "break")
        desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(3)
        desk.sound.keys(next(iter(desk.sound.rows)), "1")
        await desk.wait(110)
        await desk.board.desk.set_state("1001", "ready")
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        await desk.wait(11)
        assert phone.over()
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_the_longest_wait_of_the_queue_holds_where_the_flow_names_none() -> None:
    queue = QueueSettings(name=QueueName("sales"), members=(AgentId("1001"),), max_wait=30)
    async with office(site(queues=(queue,))) as desk:
        call, _ = await waiting_caller(desk)
        await desk.wait(31)
        assert desk.told(events.CallerLeftQueue)[0].reason == "timed_out"
        await desk.wait(10)
        assert ended(desk, call)[0] == "no_answer"


@in_virtual_time
async def test_a_queue_that_is_removed_lets_its_callers_go_on_in_their_flow() -> None:
    async with office() as desk:
        call, _ = await waiting_caller(desk)
        desk.board.configure(site(queues=site().queues[1:]))
        await desk.wait(10)
        assert ended(desk, call)[0] == "failed"
        assert desk.told(events.CallerLeftQueue)[0].reason == "failed"


# ---- both ends of a conversation ------------------------------------------------------------------------


@in_virtual_time
async def test_the_caller_hangs_up_and_the_agent_wraps_up() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        await desk.wait(20)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert phone.over()
        assert ended(desk, call) == ("answered", "caller", "normal")
        assert desk.state("1001") == "wrap_up"


@in_virtual_time
async def test_an_agent_ends_the_call_from_the_page() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        assert desk.board.desk.own_call("1001") == call
        await desk.board.desk.hang_up(call, "1001")
        await desk.settle()
        assert caller.over()
        assert phone.over()
        assert ended(desk, call) == ("answered", "agent", "by 1001")
        with pytest.raises(NotFound):
            await desk.board.desk.hang_up(call, "1001")


@in_virtual_time
async def test_a_break_asked_for_in_a_call_begins_after_wrap_up() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, _ = await conversation(desk)
        view = await desk.board.desk.set_state("1001", "break", "lunch")
        assert view.state == "talking"
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.state("1001") == "wrap_up"
        await desk.board.desk.end_wrap_up("1001")
        assert desk.state("1001") == "break lunch"


@in_virtual_time
async def test_a_phone_that_is_lost_in_a_conversation_does_not_end_it() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await conversation(desk)
        desk.line.is_lost("1001")
        await desk.settle()
        assert desk.joined()
        assert desk.state("1001") == "talking"


@in_virtual_time
async def test_the_phone_that_answers_at_the_moment_of_the_hang_up_is_hung_up() -> None:
    """A 200 that crosses our CANCEL: the SIP room gives it ACK and BYE and tells nothing; a late event is harmless."""
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller = await waiting_caller(desk)
        phone = desk.line.rung("1001")
        desk.line.hangs_up(caller)
        phone.state = "ringing"
        desk.line.picks_up(phone)
        await desk.settle()
        phone.state = "over"
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_all_phones_ring_and_the_first_to_answer_has_the_call() -> None:
    queue = QueueSettings(name=QueueName("sales"), members=(AgentId("1001"), AgentId("1002")), strategy="ring_all")
    async with office(site(queues=(queue,))) as desk:
        await desk.sign_in("1001", "1002")
        await waiting_caller(desk)
        assert desk.line.ringing_numbers() == ["1001", "1002"]
        loser, winner = desk.line.rung("1001"), desk.line.rung("1002")
        for phone in (loser, winner):
            desk.line.rings(phone)
        desk.line.picks_up(winner)
        await desk.settle()
        assert loser.over()
        assert loser.reason == 'SIP;cause=200;text="Call completed elsewhere"'
        assert (desk.state("1001"), desk.state("1002")) == ("ready", "talking")
        assert [pop.agent for pop in desk.told(events.ScreenPopped)] == ["1001", "1002"]


# ---- the agent's page -----------------------------------------------------------------------------------


@in_virtual_time
async def test_the_pop_names_the_customer_and_comes_once_while_the_phone_rings() -> None:
    async with office() as desk:
        customer = Customer(id=CustomerId(7), name="王女士", created_at=START, changed_at=START)
        desk.memory.phones[CALLER] = [customer]
        await desk.sign_in("1001")
        await waiting_caller(desk)
        phone = desk.line.rung("1001")
        assert phone.caller_name == "王女士", "the phone shows the one customer it can be"
        assert desk.told(events.ScreenPopped) == [], "not before it rings"
        desk.line.rings(phone)
        desk.line.rings(phone)
        (pop,) = desk.told(events.ScreenPopped)
        assert (pop.agent, pop.caller, pop.queue, pop.customers) == ("1001", CALLER, "sales", (7,))
        assert len(desk.told(events.CallRinging)) == 1
        assert desk.board.desk.pop("1001") == pop, "a page opened now shows it too"
        assert desk.board.desk.pop("1002") is None
        desk.line.picks_up(phone)
        await desk.settle()
        assert desk.board.desk.pop("1001") == pop


@in_virtual_time
async def test_a_phone_that_answers_without_ringing_pops_as_well() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await conversation_without_ringing(desk)
        assert len(desk.told(events.ScreenPopped)) == 1


async def conversation_without_ringing(desk: Office) -> None:
    await waiting_caller(desk)
    desk.line.picks_up(desk.line.rung("1001"))
    await desk.settle()


@in_virtual_time
async def test_a_caller_whose_customer_cannot_be_looked_up_is_served_all_the_same() -> None:
    async with office() as desk:
        desk.memory.fail.add("by_phone")
        await desk.sign_in("1001")
        await conversation(desk)
        assert desk.joined()


@in_virtual_time
async def test_a_note_is_kept_with_the_call_and_told() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, _, _ = await conversation(desk)
        await desk.board.history.note(call, "要发票", CustomerId(7), "1001")
        assert (desk.memory.records[call].note, desk.memory.records[call].customer_id) == ("要发票", 7)
        assert desk.told(events.CallNoted)[0].by == "1001"
        with pytest.raises(NotFound):
            await desk.board.history.note(CallId("none"), "x", None, "1001")


@in_virtual_time
async def test_signing_in_without_a_phone_is_refused_with_its_reason() -> None:
    async with office() as desk:
        with pytest.raises(NotNow, match="phone 1001 is not registered"):
            await desk.board.desk.set_state("1001", "ready")
        with pytest.raises(NotFound):
            await desk.board.desk.set_state("nobody", "ready")
        with pytest.raises(NotFound):
            await desk.board.desk.set_state("1001", "ready", extension="7777")
        assert desk.state("1001") == "signed_out"


@in_virtual_time
async def test_an_agent_may_sit_at_another_phone_and_who_sat_there_has_none() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        desk.line.registers("1800")
        await desk.board.desk.set_state("1001", "ready", extension="1002")
        assert (desk.state("1001"), desk.state("1002")) == ("ready", "signed_out")
        await waiting_caller(desk)
        assert desk.line.ringing_numbers() == ["1002"]
        desk.board.configure(site(revision=2))
        assert desk.board.queueing.extension_of(AgentId("1002")) is None, "another site does not move anybody"
        await desk.board.desk.set_state("1002", "ready", extension="1800")
        assert desk.state("1002") == "ready"


@in_virtual_time
async def test_a_device_at_a_fixed_address_is_always_there() -> None:
    async with office() as desk:
        view = await desk.board.desk.set_state("1001", "ready", extension="1900")
        assert (view.state, view.phone) == ("ready", True)
        await waiting_caller(desk)
        assert desk.line.ringing_numbers() == ["1900"]


@in_virtual_time
async def test_agents_whose_phones_are_exchanged_by_the_site_have_them_exchanged() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        first, second, third = site().users
        exchanged = (
            dataclasses.replace(first, extension=second.extension),
            dataclasses.replace(second, extension=first.extension),
            dataclasses.replace(third, extension=None),
        )
        desk.board.configure(site(users=exchanged))
        sits = [desk.board.queueing.extension_of(AgentId(agent)) for agent in ("1001", "1002", "1003")]
        assert sits == ["1002", "1001", None]
        assert (desk.state("1001"), desk.state("1002")) == ("ready", "ready"), "both phones are registered"


@in_virtual_time
async def test_a_phone_that_was_started_anew_ends_the_break_that_its_absence_imposed() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await waiting_caller(desk)
        desk.line.declines(desk.line.rung("1001"), 408)
        await desk.settle()
        assert desk.state("1001") == "break unreachable"
        changes = len(desk.told(events.PhoneChanged))
        desk.line.registers("1001")  # its old registration had never run out
        await desk.settle()
        assert desk.state("1001") == "offered"
        assert len(desk.told(events.PhoneChanged)) == changes


@in_virtual_time
async def test_after_a_restart_who_was_signed_in_is_so_still() -> None:
    async with office() as desk:
        desk.memory.agents_wanted[AgentId("1001")] = ("ready", "", ExtensionNumber("1800"))
        desk.memory.agents_wanted[AgentId("1002")] = ("break", "lunch", ExtensionNumber("1002"))
        desk.memory.agents_wanted[AgentId("gone")] = ("ready", "", None)
        await desk.board.desk.restore()
        assert (desk.state("1001"), desk.state("1002")) == ("unreachable", "break lunch")
        desk.line.registers("1800")
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_the_live_view_shows_lines_agents_and_queues() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, _ = await waiting_caller(desk)
        desk.line.rings(desk.line.rung("1001"))
        second, _ = await waiting_caller(desk)
        live = desk.board.live.snapshot()
        assert [(line["call"], line["state"], line["agent"]) for line in live["lines"]] == [
            (call, "ringing", "1001"),
            (second, "waiting", None),
        ]
        assert {agent["login"]: agent["state"] for agent in live["agents"]} == {
            "1001": "offered",
            "1002": "signed_out",
            "1003": "signed_out",
        }
        sales = next(queue for queue in live["queues"] if queue["name"] == "sales")
        assert [(entry["call"], entry["position"]) for entry in sales["waiting"]] == [(call, 1), (second, 2)]
        assert (sales["ready"], sales["signed_in"], sales["title"]) == (0, 1, "销售")
        assert desk.board.counters()["calls_waiting"] == 2
        assert desk.board.live.line(call) == live["lines"][0]
        assert desk.board.live.line(CallId("none")) is None
