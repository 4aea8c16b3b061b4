"""Calls wait at a slot, and are fetched from any phone (TEL-05); holding from a page; in virtual time."""

from __future__ import annotations

import pytest

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_queue_call import CALLER, conversation, ended


async def parked(desk: Office, *agents: str) -> tuple[CallId, Dialog, Dialog]:
    """A caller who spoke with 1001 waits at slot 1."""
    await desk.sign_in("1001", *agents)
    call, caller, phone = await conversation(desk)
    await desk.wait(20)
    assert desk.board.parking.park(call) == "1"
    await desk.settle()
    return call, caller, phone


@in_virtual_time
async def test_a_parked_call_hears_music_and_its_agent_is_free() -> None:
    async with office() as desk:
        call, caller, phone = await parked(desk)
        assert phone.over()
        assert hears(desk, caller) == "music"
        assert desk.state("1001") == "wrap_up"
        assert desk.board.live.snapshot()["lines"][0]["state"] == "parked"
        (fact,) = desk.told(events.CallParked)
        assert (fact.call, fact.slot, fact.by, fact.number) == (call, "1", "1001", "1001")
        assert desk.board.in_flow == {}, "its flow is given up"
        desk.line.hangs_up(caller)
        await desk.settle()
        assert ended(desk, call)[:2] == ("answered", "caller")
        assert desk.board.parking.parked() == []
        assert desk.told(events.CallFetched)[0].number == ""


@in_virtual_time
async def test_any_phone_fetches_it_by_its_code() -> None:
    async with office() as desk:
        call, caller, _ = await parked(desk, "1002")
        other = desk.line.calls_in("1002", "*881", extension="1002")
        await desk.settle()
        assert other.up()
        assert (hears(desk, caller), hears(desk, other)) == ("1002", CALLER)
        assert desk.state("1002") == "talking"
        assert list(desk.board.journeys) == [call], "fetching is no call of its own"
        assert len(desk.sound.takes) == 2, "what was recorded before it is recorded after it"
        await desk.wait(30)
        desk.line.hangs_up(other)
        await desk.settle()
        assert caller.over()
        assert ended(desk, call)[:2] == ("answered", "agent")
        assert desk.memory.records[call].agent == "1002"
        assert desk.memory.records[call].talk_seconds == pytest.approx(50)
        assert desk.state("1002") == "ready"


@in_virtual_time
async def test_a_phone_parks_by_handing_on_to_the_code() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, phone = await conversation(desk)
        desk.line.refers(phone, "*683")
        await desk.settle()
        assert phone.referral == [200]
        assert hears(desk, caller) == "music"
        assert [one.slot for one in desk.board.parking.parked()] == ["3"]
        await desk.wait(11)
        _, second, again = await conversation(desk)
        desk.line.refers(again, "*683")
        await desk.settle()
        assert again.referral == [486], "it is taken"
        assert hears(desk, second) == "1001"
        desk.line.refers(again, "*68")
        await desk.settle()
        assert [one.slot for one in desk.board.parking.parked()] == ["1", "3"]


@in_virtual_time
async def test_it_goes_back_to_who_parked_it_and_on_waiting_if_nobody_is_there() -> None:
    async with office() as desk:
        call, caller, _ = await parked(desk)
        await desk.wait(89)
        assert desk.line.ringing_numbers() == []
        await desk.wait(2)
        assert hears(desk, caller) == "music"
        first = desk.line.rung("1001")
        assert first.caller == CALLER
        desk.line.declines(first, 486)
        await desk.wait(89)
        assert desk.line.ringing_numbers() == []
        await desk.wait(3)
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        assert hears(desk, caller) == "1001"
        assert desk.told(events.CallFetched)[0].number == "1001"
        desk.line.hangs_up(caller)
        await desk.settle()
        assert ended(desk, call)[:2] == ("answered", "caller")


@in_virtual_time
async def test_who_is_quicker_has_it_and_the_other_phone_stops_ringing() -> None:
    async with office() as desk:
        _, caller, _ = await parked(desk, "1002")
        await desk.wait(91)
        ringing = desk.line.rung("1001")
        desk.line.rings(ringing)
        other = desk.line.calls_in("1002", "*881", extension="1002")
        await desk.settle()
        assert ringing.over()
        assert hears(desk, other) == CALLER
        await desk.wait(100)
        assert hears(desk, caller) == "1002"


@in_virtual_time
async def test_a_page_has_the_users_phone_rung_for_it() -> None:
    async with office() as desk:
        _, caller, _ = await parked(desk, "1002")
        desk.board.parking.fetch("1", "1002")
        await desk.settle()
        with pytest.raises(NotNow, match="fetches"):
            desk.board.parking.fetch("1", "1001")
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.settle()
        assert hears(desk, caller) == "1002"


@in_virtual_time
async def test_what_cannot_be_parked_or_fetched_says_so() -> None:
    async with office() as desk:
        call, *_ = await parked(desk)
        parking = desk.board.parking
        with pytest.raises(NotFound):
            parking.park(CallId("none"))
        with pytest.raises(NotNow):
            parking.park(call)
        with pytest.raises(NotFound):
            parking.fetch("2", "1001")
        with pytest.raises(NotNow, match="no phone"):
            parking.fetch("1", "nobody")
        await desk.wait(11)
        second, *_ = await conversation(desk)
        with pytest.raises(Refused):
            parking.park(second, "99")
        with pytest.raises(NotNow, match="slot 1"):
            parking.park(second, "1")
        empty = desk.line.calls_in("1002", "*887", extension="1002")
        assert empty.status == 404
        stranger = desk.line.calls_in("13900000000", "*881")
        await desk.settle()
        assert stranger.over(), "only phones of ours fetch calls"


@in_virtual_time
async def test_a_call_between_two_phones_is_parked_as_well() -> None:
    async with office() as desk:
        desk.line.registers("1001", "1002", "1003")
        phone = desk.line.calls_in("1001", "1002", extension="1001")
        await desk.settle()
        other = desk.line.rung("1002")
        desk.line.picks_up(other)
        await desk.settle()
        desk.line.refers(other, "*68")
        await desk.settle()
        assert other.over()
        assert hears(desk, phone) == "music"
        third = desk.line.calls_in("1003", "*881", extension="1003")
        await desk.settle()
        assert hears(desk, third) == "1001"
        desk.line.hangs_up(third)
        await desk.settle()
        assert phone.over()


# ---- hold from a page ------------------------------------------------------------------------------------


@in_virtual_time
async def test_an_agent_holds_and_takes_back_from_the_page() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        desk.board.desk.hold(call, AgentId("1001"))
        desk.board.desk.hold(call, AgentId("1001"))
        await desk.settle()
        assert (hears(desk, caller), hears(desk, phone)) == ("music", "")
        assert desk.board.live.snapshot()["lines"][0]["state"] == "held"
        assert len(desk.told(events.CallHeld)) == 1
        desk.board.desk.take_back(call, AgentId("1001"))
        desk.board.desk.take_back(call, AgentId("1001"))
        assert (hears(desk, caller), hears(desk, phone)) == ("1001", CALLER)
        assert desk.board.live.snapshot()["lines"][0]["state"] == "talking"
        assert len(desk.told(events.CallResumed)) == 1


@in_virtual_time
async def test_a_hold_of_the_phone_is_ended_by_the_phone() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        desk.line.holds(phone)
        await desk.settle()
        with pytest.raises(NotNow, match="phone itself"):
            desk.board.desk.take_back(call, None)
        desk.line.holds(phone, "sendrecv")
        await desk.settle()
        assert hears(desk, caller) == "1001"
        with pytest.raises(NotNow):
            desk.board.desk.hold(call, AgentId("1002"))
        waits = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.settle()
        with pytest.raises(NotNow):
            desk.board.desk.hold(next(reversed(desk.board.journeys)), None)
        assert not waits.over()


@in_virtual_time
async def test_who_is_held_from_a_page_and_handed_on_hears_the_colleague() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.board.desk.hold(call, None)
        await desk.settle()
        desk.line.refers(phone, "1002")
        await desk.settle()
        second = desk.line.rung("1002")
        desk.line.picks_up(second)
        await desk.settle()
        assert (hears(desk, caller), hears(desk, second)) == ("1002", CALLER)
        assert desk.board.live.snapshot()["lines"][0]["state"] == "talking"
