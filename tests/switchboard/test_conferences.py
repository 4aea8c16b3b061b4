"""Several who speak with each other: people added to a call (TEL-03), and rooms that flows lead to (IVR-02)."""

from __future__ import annotations

import pytest

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId, FlowName
from callcenterd.model.site import NumberRoute
from tests.kit.office import FLOWS, Office, in_virtual_time, office, site
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears, row_of
from tests.switchboard.test_queue_call import CALLER, conversation, ended

OUTSIDE, OUT_THERE = "013900000000", "8613900000000"
MEETING = """
flow: meeting
language: zh-CN
start: room
nodes:
  room: {conference: weekly, record: true, moderator_pin: "4711", end_with_moderator: true, most: 3, next: bye}
  bye: {hangup: met}
"""
ROOM = "02088889999"


async def conference(desk: Office, third: str = "1002") -> tuple[CallId, Dialog, Dialog, Dialog]:
    """Caller, agent 1001 and one more speak with each other: the call and its three dialogs."""
    await desk.sign_in("1001", "1002")
    call, caller, phone = await conversation(desk)
    desk.board.conferences.add(call, third, "1001")
    await desk.settle()
    added = desk.line.rung({OUTSIDE: OUT_THERE}.get(third, third))
    desk.line.rings(added)
    assert hears(desk, caller) == "1001", "the two go on speaking while it rings"
    desk.line.picks_up(added)
    await desk.settle()
    return call, caller, phone, added


# ---- people added to a call ------------------------------------------------------------------------------


@in_virtual_time
async def test_a_colleague_is_added_and_all_three_hear_each_other() -> None:
    async with office() as desk:
        call, caller, phone, added = await conference(desk)
        assert hears(desk, caller) == "1001 1002"
        assert hears(desk, phone) == f"1002 {CALLER}"
        assert hears(desk, added) == f"1001 {CALLER}"
        assert desk.state("1002") == "talking"
        (fact,) = desk.told(events.PartyJoined)
        assert (fact.call, fact.number, fact.agent, fact.by) == (call, "1002", "1002", "1001")
        (take,) = desk.sound.takes
        assert list(take.others) == [row_of(desk, phone).leg, row_of(desk, added).leg]
        assert len(row_of(desk, caller).announced) == 1, "who comes in is heard"
        assert desk.board.live.snapshot()["lines"][0]["parties"] == 3
        desk.line.hangs_up(added)
        await desk.settle()
        assert (hears(desk, caller), hears(desk, phone)) == ("1001", CALLER)
        assert desk.state("1002") == "ready"
        assert [fact.number for fact in desk.told(events.PartyLeft)] == ["1002"]
        assert list(take.others) == [row_of(desk, phone).leg]
        desk.line.hangs_up(caller)
        await desk.settle()
        assert ended(desk, call)[:2] == ("answered", "caller")


@in_virtual_time
async def test_an_outside_number_is_added_by_the_limits_of_who_asks_and_its_place_is_given_back() -> None:
    async with office() as desk:
        call, caller, _, added = await conference(desk, OUTSIDE)
        assert hears(desk, caller) == f"1001 {OUT_THERE}"
        assert desk.board.outbound.limited("1001") == 1
        desk.line.hangs_up(added)
        await desk.settle()
        assert desk.board.outbound.limited("1001") == 0
        assert caller.up()
        with pytest.raises(Refused):
            desk.board.conferences.add(call, "77", "1001")
        with pytest.raises(Refused):
            desk.board.conferences.add(call, "1001", "1001")


@in_virtual_time
async def test_who_does_not_come_changes_nothing() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.board.conferences.add(call, "1002", "1001")
        await desk.settle()
        desk.line.declines(desk.line.rung("1002"), 486)
        await desk.settle()
        assert (hears(desk, caller), hears(desk, phone)) == ("1001", CALLER)
        assert desk.board.live.snapshot()["lines"][0]["state"] == "talking"
        (fact,) = desk.told(events.PartyFailed)
        assert (fact.number, fact.reason) == ("1002", "busy")


@in_virtual_time
async def test_when_the_agent_leaves_the_call_is_the_colleagues() -> None:
    async with office() as desk:
        call, caller, phone, added = await conference(desk)
        (take,) = desk.sound.takes
        desk.line.hangs_up(phone)
        await desk.settle()
        assert (hears(desk, caller), hears(desk, added)) == ("1002", CALLER)
        assert (desk.state("1001"), desk.state("1002")) == ("wrap_up", "talking")
        assert (take.ended, list(take.others)) == (None, [row_of(desk, added).leg])
        desk.line.hangs_up(added)
        await desk.settle()
        assert caller.over()
        assert desk.memory.records[call].agent == "1002"


@in_virtual_time
async def test_when_the_customer_leaves_it_is_over_for_all() -> None:
    async with office() as desk:
        call, caller, phone, added = await conference(desk)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert phone.over()
        assert added.over()
        assert ended(desk, call)[:2] == ("answered", "caller")
        assert (desk.state("1001"), desk.state("1002")) == ("wrap_up", "ready")


@in_virtual_time
async def test_an_agent_who_dialled_out_may_leave_the_other_two_together() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        phone = desk.line.calls_in("1001", OUTSIDE, extension="1001")
        await desk.settle()
        call = desk.only_call()
        customer = desk.line.rung(OUT_THERE)
        desk.line.picks_up(customer)
        await desk.settle()
        desk.board.conferences.add(call, "1002", "1001")
        await desk.settle()
        added = desk.line.rung("1002")
        desk.line.picks_up(added)
        await desk.settle()
        desk.line.hangs_up(phone)
        await desk.settle()
        assert (hears(desk, customer), hears(desk, added)) == ("1002", OUT_THERE)
        assert (desk.state("1001"), desk.state("1002")) == ("ready", "talking")
        desk.line.hangs_up(customer)
        await desk.settle()
        assert added.over()


@in_virtual_time
async def test_one_is_muted_and_put_out() -> None:
    async with office() as desk:
        call, caller, phone, added = await conference(desk)
        conferences = desk.board.conferences
        third = row_of(desk, added).leg
        conferences.mute(call, third, muted=True)
        assert (hears(desk, caller), hears(desk, added)) == ("1001", f"1001 {CALLER}")
        conferences.mute(call, third, muted=False)
        assert hears(desk, caller) == "1001 1002"
        conferences.put_out(call, third, "2001")
        assert added.over()
        assert hears(desk, caller) == "1001"
        assert desk.told(events.PartyLeft)[0].by == "2001"
        with pytest.raises(NotFound):
            conferences.mute(call, third, muted=True)
        conferences.put_out(call, row_of(desk, phone).leg, "2001")
        await desk.settle()
        assert caller.over(), "of two, both"


@in_virtual_time
async def test_nobody_hears_music_in_a_conference_and_who_holds_two_lets_one_hear_it() -> None:
    async with office() as desk:
        _, caller, phone, added = await conference(desk)
        desk.line.holds(phone)
        await desk.settle()
        assert hears(desk, caller) == "1001 1002"
        desk.line.hangs_up(added)
        await desk.settle()
        assert hears(desk, caller) == "music"
        desk.line.holds(phone, "sendrecv")
        await desk.settle()
        assert hears(desk, caller) == "1001"


@in_virtual_time
async def test_who_holds_a_conference_from_the_page_is_away_from_it() -> None:
    async with office() as desk:
        call, caller, phone, added = await conference(desk)
        desk.board.desk.hold(call, AgentId("1001"))
        await desk.settle()
        assert [hears(desk, one) for one in (caller, phone, added)] == ["1002", "", CALLER]
        desk.line.hangs_up(added)
        await desk.settle()
        assert hears(desk, caller) == "music"
        desk.board.desk.take_back(call, AgentId("1001"))
        assert (hears(desk, caller), hears(desk, phone)) == ("1001", CALLER)


@in_virtual_time
async def test_it_is_full_at_its_most() -> None:
    async with office(conference_most=3) as desk:
        call, *_ = await conference(desk)
        with pytest.raises(NotNow, match="at most 3"):
            desk.board.conferences.add(call, "1900", "1001")


@in_virtual_time
async def test_who_answers_after_the_end_is_let_go() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, _ = await conversation(desk)
        desk.board.conferences.add(call, "1002", "1001")
        await desk.settle()
        added = desk.line.rung("1002")
        desk.line.hangs_up(caller)
        await desk.settle()
        assert added.over()


@in_virtual_time
async def test_a_third_who_is_not_heard_any_more_and_whose_trunk_is_down_leaves_alone() -> None:
    async with office() as desk:
        _, caller, _, added = await conference(desk, OUTSIDE)
        desk.board.trunk("first", "down", "503")  # type: ignore[arg-type]  # a TrunkName
        (leg,) = [leg for live in desk.calls.live() for leg in live.legs if leg.dialog == added.id]
        desk.board.silent(leg, 30)
        await desk.settle()
        assert added.over()
        assert hears(desk, caller) == "1001"


# ---- rooms -----------------------------------------------------------------------------------------------


def meeting() -> dict[str, object]:
    numbers = (*site().numbers, NumberRoute(match=ROOM, flow=FlowName("meeting")))
    return {"of": site(numbers=numbers), "flows": (*FLOWS, MEETING)}


async def comes(desk: Office, number: str, pin: str = "#") -> Dialog:
    dialog = desk.line.calls_in(number, ROOM)
    await desk.settle()
    if dialog.up():
        desk.sound.keys(row_of(desk, dialog).leg, pin)
        await desk.wait(5)
    return dialog


@in_virtual_time
async def test_callers_meet_in_a_room_and_the_first_waits_with_music() -> None:
    async with office(**meeting()) as desk:  # type: ignore[arg-type]
        first = await comes(desk, "101")
        assert hears(desk, first) == "music"
        assert desk.board.live.snapshot()["lines"][0]["state"] == "conference"
        second = await comes(desk, "102")
        third = await comes(desk, "103")
        assert [hears(desk, one) for one in (first, second, third)] == ["102 103", "101 103", "101 102"]
        (take,) = desk.sound.takes
        assert take.caller == row_of(desk, first).leg
        assert list(take.others) == [row_of(desk, second).leg, row_of(desk, third).leg]
        fourth = await comes(desk, "104")
        assert fourth.over(), "it holds three"
        desk.line.hangs_up(first)
        await desk.settle()
        assert [hears(desk, one) for one in (second, third)] == ["103", "102"]
        assert take.ended is not None
        assert desk.sound.takes[-1].caller == row_of(desk, second).leg, "it is kept with who is there longest"
        desk.line.hangs_up(third)
        await desk.settle()
        assert hears(desk, second) == "music"
        assert [(fact.room, fact.members) for fact in desk.told(events.ConferenceLeft)] == [
            ("weekly", 2),
            ("weekly", 1),
        ]
        desk.line.hangs_up(second)
        await desk.settle()
        assert desk.board.conferences.rooms() == []


@in_virtual_time
async def test_it_is_over_when_its_moderator_leaves() -> None:
    async with office(**meeting()) as desk:  # type: ignore[arg-type]
        guest = await comes(desk, "101")
        moderator = await comes(desk, "102", "4711#")
        assert hears(desk, guest) == "102"
        desk.line.hangs_up(moderator)
        await desk.wait(3)
        assert guest.over()
        assert [fact.reason for fact in desk.told(events.ConferenceLeft)] == ["gone", "ended"]
        assert desk.told(events.CallEnded)[-1].cause == "met", "its flow went on"
        assert desk.told(events.KeyPressed) == [], "a PIN goes nowhere"


@in_virtual_time
async def test_a_member_is_muted_put_out_and_the_room_is_ended() -> None:
    async with office(**meeting()) as desk:  # type: ignore[arg-type]
        first, second, third = [await comes(desk, number) for number in ("101", "102", "103")]
        conferences = desk.board.conferences
        calls = {journey.call.caller: journey.call.id for journey in desk.board.journeys.values()}
        conferences.mute_member("weekly", calls["102"], muted=True)
        assert hears(desk, first) == "103"
        conferences.put_member_out("weekly", calls["102"])
        await desk.wait(3)
        assert second.over()
        conferences.end_room("weekly")
        await desk.wait(3)
        assert first.over()
        assert third.over()
        with pytest.raises(NotFound):
            conferences.end_room("weekly")
        with pytest.raises(NotFound):
            conferences.put_member_out("weekly", calls["102"])
