"""Faults that other systems have or had, each as a test that names where it was reported; and a phone that vanishes in
every state of its agent (N-59). Those that fit another file stand there."""

from __future__ import annotations

import dataclasses

import pytest

from callcenterd.errors import NotNow
from callcenterd.media.facts import LegSilent
from callcenterd.model import events
from callcenterd.sip.events import NOT_THERE
from tests.kit.office import NUMBER, STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_queue_call import CALLER, conversation, ended, waiting_caller


def vanishes(desk: Office, agent: str, *dialogs: Dialog, seconds: float = 30) -> None:
    """The phone is cut off: its registration runs out, nothing is heard of it, and no BYE will ever come."""
    desk.line.is_lost(agent)
    for dialog in dialogs:
        (leg,) = [leg for call in desk.calls.live() for leg in call.legs if leg.dialog == dialog.id]
        desk.calls.sounded(LegSilent(leg.id, seconds))


def falls_silent(desk: Office, dialog: Dialog, seconds: float) -> None:
    """Nothing is heard of it, though it is registered."""
    (leg,) = [leg for call in desk.calls.live() for leg in call.legs if leg.dialog == dialog.id]
    desk.calls.sounded(LegSilent(leg.id, seconds))


# ---- N-59: a phone vanishes ------------------------------------------------------------------------------


@in_virtual_time
async def test_n59_a_phone_that_vanishes_while_it_rings_passes_the_call_on_at_once() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        _, caller = await waiting_caller(desk)
        desk.line.rings(desk.line.rung("1001"))
        vanishes(desk, "1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1002"]
        assert desk.state("1001") == "unreachable"
        assert hears(desk, caller) == "music"


@in_virtual_time
async def test_n59_opensips_3123_an_agent_whose_phone_vanishes_in_a_call_is_not_stuck_in_it() -> None:
    """The BYE is lost with the phone: silence ends the call, and the agent is as far as the phone is."""
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        vanishes(desk, "1001", phone)
        await desk.settle()
        assert caller.over()
        assert ended(desk, call)[2] == "media_timeout"
        assert desk.state("1001") == "wrap_up"
        await desk.wait(11)
        assert desk.state("1001") == "unreachable"
        await waiting_caller(desk)
        assert desk.line.ringing_numbers() == [], "nothing is offered to a dead phone (fusionpbx#2831)"
        desk.line.registers("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"]


@in_virtual_time
async def test_n59_a_registered_phone_that_falls_silent_is_asked_and_its_call_ends_if_it_does_not_answer() -> None:
    """Its registration holds for an hour still; the customer does not wait for it, and nobody is rung there."""
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        falls_silent(desk, phone, 10)
        falls_silent(desk, phone, 30)
        await desk.settle()
        assert phone.asked_if_there == 2
        assert caller.up(), "it may be muted: only an answer that does not come ends the call"
        desk.line.hangs_up(phone, NOT_THERE)
        await desk.settle()
        assert caller.over()
        assert ended(desk, call) == ("answered", "system", "media_timeout")
        assert desk.state("1001") == "wrap_up"
        await desk.wait(11)
        assert desk.state("1001") == "break unreachable"
        await waiting_caller(desk)
        assert desk.line.ringing_numbers() == []
        desk.line.registers("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"], "it is back"


@in_virtual_time
async def test_n59_an_agent_whose_phone_fell_silent_on_a_break_stays_on_that_break() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, _, phone = await conversation(desk)
        await desk.board.desk.set_state("1001", "break", "meal")
        falls_silent(desk, phone, 10)
        desk.line.hangs_up(phone, NOT_THERE)
        await desk.wait(11)
        assert desk.state("1001") == "break meal"
        desk.line.registers("1001")
        await desk.settle()
        assert desk.state("1001") == "break meal"


@in_virtual_time
async def test_n59_who_is_asked_and_vanishes_leaves_the_customer_with_the_agent() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        desk.line.registers("1002")
        await desk.settle()
        desk.board.consulting.begin(call, "1001", "1002")
        await desk.settle()
        asked = desk.line.rung("1002")
        desk.line.picks_up(asked)
        await desk.settle()
        falls_silent(desk, asked, 10)
        assert asked.asked_if_there == 1
        desk.line.hangs_up(asked, NOT_THERE)
        await desk.settle()
        assert (caller.up(), phone.up()) == (True, True)
        desk.board.consulting.back(call, "1001")
        await desk.settle()
        assert (hears(desk, caller), hears(desk, phone)) == ("1001", CALLER)


@in_virtual_time
async def test_n59_a_phone_that_vanishes_while_it_holds_leaves_nobody_with_music_for_ever() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        desk.line.holds(phone)
        await desk.settle()
        assert hears(desk, caller) == "music"
        vanishes(desk, "1001", phone, seconds=20)
        await desk.settle()
        assert caller.up()
        vanishes(desk, "1001", phone, seconds=30)
        await desk.settle()
        assert caller.over()
        assert ended(desk, call)[2] == "media_timeout"


@in_virtual_time
async def test_n59_a_phone_that_holds_is_looked_for_since_its_silence_means_nothing() -> None:
    """Nothing is expected of it, so that no silence is ever told."""
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        desk.line.holds(phone)
        await desk.wait(95)
        assert phone.asked_if_there == 3
        assert caller.up(), "it answered each time"
        desk.line.is_lost("1001")
        await desk.wait(31)
        assert caller.over()
        assert ended(desk, call)[2] == "media_timeout"


@in_virtual_time
async def test_n59_a_phone_that_has_taken_back_its_hold_is_not_asked_any_more() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, phone = await conversation(desk)
        desk.line.holds(phone)
        await desk.wait(35)
        desk.line.holds(phone, "sendrecv")
        await desk.wait(100)
        assert (phone.asked_if_there, caller.up()) == (1, True)


@in_virtual_time
async def test_n59_a_phone_that_vanishes_in_wrap_up_is_offered_nothing_after_it() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, _ = await conversation(desk)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.state("1001") == "wrap_up"
        vanishes(desk, "1001")
        await waiting_caller(desk)
        await desk.wait(30)
        assert desk.state("1001") == "unreachable"
        assert desk.line.ringing_numbers() == []


@in_virtual_time
async def test_n59_a_caller_who_vanishes_in_the_queue_is_gone_and_costs_no_agent_anything() -> None:
    async with office() as desk:
        call, caller = await waiting_caller(desk)
        vanishes(desk, "9999", caller, seconds=300)
        await desk.settle()
        assert caller.over()
        assert [fact.reason for fact in desk.told(events.CallerLeftQueue)] == ["abandoned"]
        assert ended(desk, call) == ("abandoned", "system", "media_timeout")
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_whose_line_was_lost_while_waiting_has_the_old_place_on_ringing_again() -> None:
    async with office() as desk:
        _, caller = await waiting_caller(desk)
        await desk.wait(10)
        later = desk.line.calls_in("13900139000", STRAIGHT_NUMBER)
        await desk.settle()
        vanishes(desk, "9999", caller, seconds=300)
        await desk.settle()
        assert caller.over()
        await waiting_caller(desk)
        assert len(desk.told(events.PlaceGivenBack)) == 1
        await desk.sign_in("1001")
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        assert hears(desk, later) == "music"
        assert [fact.call for fact in desk.told(events.CallAnswered)] == [desk.told(events.PlaceGivenBack)[0].call]


# ---- reported elsewhere ----------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["caller", "agent"])
@in_virtual_time
async def test_freeswitch_2529_no_agent_answers_a_caller_who_is_gone(first: str) -> None:
    """Both in one moment, in either order: no miss, and a wrap-up only if they were joined."""
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller = await waiting_caller(desk)
        phone = desk.line.rung("1001")
        if first == "agent":
            desk.line.picks_up(phone)
            desk.line.hangs_up(caller)
        else:
            desk.line.hangs_up(caller)
            if not phone.over():
                desk.line.picks_up(phone)
        await desk.settle()
        assert phone.over()
        assert desk.told(events.OfferDeclined) == []
        assert desk.state("1001") == ("wrap_up" if first == "agent" else "ready")


@in_virtual_time
async def test_freepbx_947_phones_that_ring_and_do_not_take_the_call_leave_no_recording() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        _, caller = await waiting_caller(desk)
        desk.line.declines(desk.line.rung("1001"), 486)
        await desk.settle()
        desk.line.rings(desk.line.rung("1002"))
        await desk.wait(5)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.sound.takes == []
        assert desk.memory.kept_recordings == {}


@in_virtual_time
async def test_mikopbx_1084_a_transfer_counts_no_second_of_talk_twice_and_cuts_no_recording() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        desk.line.registers("1002")
        await desk.wait(60)
        desk.line.refers(phone, "1002")
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.wait(40)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.memory.records[call].talk_seconds == pytest.approx(100, abs=0.5)
        (take,) = desk.sound.takes
        assert take.ended is not None
        assert take.ended - take.begun == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("keys", ["*68", "##1002#", "*1", "*2", "*8"])
@in_virtual_time
async def test_no_key_of_the_far_side_hands_on_parks_or_records_a_call(keys: str) -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        before = desk.story(call)
        for key in keys:
            desk.line.key(caller, key)
        desk.sound.keys(next(iter(desk.sound.rows)), keys)
        await desk.wait(5)
        assert (hears(desk, caller), hears(desk, phone)) == ("1001", CALLER)
        assert [take.pauses for take in desk.sound.takes] == [[]]
        assert desk.story(call) == before


@in_virtual_time
async def test_an_agent_whose_phone_is_on_both_sides_of_a_call_is_busy_until_both_are_over() -> None:
    """1001 rings 1002, who hands 1001 on to 1001: the one line speaks with the other. Then one of them is handed on."""
    async with office() as desk:
        await desk.sign_in("1001", "1002", "1003")
        first = desk.line.calls_in("1001", "1002", extension="1001")
        await desk.settle()
        colleague = desk.line.rung("1002")
        desk.line.picks_up(colleague)
        await desk.settle()
        desk.line.refers(colleague, "1001")
        await desk.settle()
        second = desk.line.rung("1001")
        desk.line.picks_up(second)
        await desk.settle()
        assert (hears(desk, first), hears(desk, second)) == ("1001", "1001")
        desk.line.refers(second, "1003")
        await desk.settle()
        third = desk.line.rung("1003")
        desk.line.picks_up(third)
        await desk.settle()
        assert second.over()
        assert (hears(desk, first), hears(desk, third)) == ("1003", "1001")
        assert [desk.state(agent) for agent in ("1001", "1002", "1003")] == ["talking", "ready", "talking"]
        desk.line.hangs_up(third)
        await desk.settle()
        assert first.over()
        assert [desk.state(agent) for agent in ("1001", "1003")] == ["ready", "ready"]


@in_virtual_time
async def test_an_agent_whom_a_colleague_hands_on_into_a_flow_is_offered_no_call_while_in_it() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        desk.line.calls_in("1001", "1002", extension="1001")
        await desk.settle()
        phone = desk.line.rung("1002")
        desk.line.picks_up(phone)
        await desk.settle()
        desk.board.transfers.send(desk.only_call(), "1001", NUMBER)
        await desk.settle()
        assert phone.up()
        assert (desk.state("1001"), desk.state("1002")) == ("ready", "talking")
        desk.line.hangs_up(phone)
        await desk.settle()
        assert desk.state("1002") == "ready"


@in_virtual_time
async def test_an_agent_of_a_queue_whom_the_caller_hands_on_wraps_up_only_when_that_is_over() -> None:
    """1003 calls the house and speaks with 1001, whom they send into a flow."""
    async with office() as desk:
        await desk.sign_in("1001", "1003")
        await desk.board.desk.set_state("1003", "break", "meal")
        caller = desk.line.calls_in("1003", STRAIGHT_NUMBER, extension="1003")
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        desk.line.refers(caller, NUMBER)
        await desk.settle()
        assert caller.over()
        assert phone.up()
        assert (desk.state("1001"), desk.state("1003")) == ("talking", "break meal")
        desk.line.hangs_up(phone)
        await desk.settle()
        assert desk.state("1001") == "wrap_up"


@in_virtual_time
async def test_asterisk_1557_where_all_ring_the_others_ring_on_until_one_has_taken_the_call() -> None:
    """An answer that nothing can be spoken over takes nothing from the others."""
    ringing_all = dataclasses.replace(site().queues[0], strategy="ring_all")
    async with office(site(queues=(ringing_all, site().queues[1]))) as desk:
        await desk.sign_in("1001", "1002", "1003")
        _, caller = await waiting_caller(desk)
        phones = [desk.line.rung(agent) for agent in ("1001", "1002", "1003")]
        for phone in phones:
            desk.line.rings(phone)
        desk.line.picks_up(phones[0], None)
        await desk.settle()
        assert phones[0].over()
        assert not [phone for phone in phones[1:] if phone.over()], "they ring on"
        assert hears(desk, caller) == "music"
        desk.line.picks_up(phones[1])
        await desk.settle()
        assert phones[2].reason == 'SIP;cause=200;text="Call completed elsewhere"'
        assert (hears(desk, caller), desk.state("1003")) == ("1002", "ready")


@in_virtual_time
async def test_freepbx_40_the_phone_shows_who_calls_also_when_it_rings_again_after_declining() -> None:
    """mikopbx#1043: and a declined call goes to somebody else first."""
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        await waiting_caller(desk)
        first = desk.line.rung("1001")
        desk.line.declines(first, 486)
        await desk.settle()
        second = desk.line.rung("1002")
        assert desk.line.ringing_numbers() == ["1002"]
        desk.line.declines(second, 603)
        await desk.settle()
        assert desk.line.ringing_numbers() == [], "not at once"
        await desk.wait(15)
        again = desk.line.rung("1001")
        assert again is not first
        assert {phone.caller for phone in (first, second, again)} == {CALLER}


@in_virtual_time
async def test_who_is_handed_on_and_not_yet_taken_is_not_recorded_alone_by_an_order() -> None:
    """The agent has dialled, handed on, and hung up; the customer hears that it rings."""
    async with office() as desk:
        await desk.sign_in("1001")
        first = desk.line.calls_in("1001", "013800000000", extension="1001")
        await desk.settle()
        customer = desk.line.rung("8613800000000")
        desk.line.picks_up(customer)
        await desk.settle()
        call = desk.only_call()
        desk.board.desk.record_no_more(call)
        desk.line.refers(first, "013900000000")
        await desk.settle()
        desk.line.hangs_up(first)
        await desk.settle()
        assert desk.line.rung("8613900000000").state == "placed"
        with pytest.raises(NotNow):
            desk.board.desk.record(call)
        desk.line.picks_up(desk.line.rung("8613900000000"))
        await desk.settle()
        desk.board.desk.record(call)
        assert len([take for take in desk.sound.takes if take.ended is None]) == 1
