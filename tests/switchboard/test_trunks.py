"""Calls over several trunks: how numbers are written there, how many channels there are, and what if one fails."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenterd.media.facts import LegOneWay, LegSilent
from callcenterd.model import events
from callcenterd.model.ids import TrunkName
from callcenterd.model.site import EACH, Limits, Site, Trunk
from callcenterd.sip.events import ToTrunk, TrunkSeen
from callcenterd.switchboard.outbound import called_by, targets, written_for
from tests.kit.office import NUMBER, STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.virtual import run
from tests.kit.wire import Dialog

OUTSIDE = "013900000000"
SENT = "8613900000000"
FIRST, SECOND = TrunkName("first"), TrunkName("second")


def with_trunks(of: Site | None = None, **changes: Any) -> Site:
    """The usual office, whose trunk "first" is another in these fields."""
    of = of or site()
    return dataclasses.replace(
        of,
        trunks=tuple(dataclasses.replace(one, **changes) if one.name == FIRST else one for one in of.trunks),
    )


async def dials(desk: Office, number: str = OUTSIDE, extension: str = "1001") -> Dialog:
    phone = desk.line.calls_in(extension, number, extension=extension)
    await desk.settle()
    return phone


def seen(desk: Office, trunk: TrunkName, state: str) -> None:
    desk.calls.signalled(TrunkSeen(trunk, state, "no answer to OPTIONS"))


# ---- how numbers are written ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "number", "sent"),
    [
        ({}, "013900000000", "013900000000"),
        ({"out_strip": 1}, "013900000000", "13900000000"),
        ({"out_prepend": "9"}, "02088886666", "902088886666"),
        ({"out_strip": 1, "out_prepend": "0086"}, "02088886666", "00862088886666"),
        ({"out_form": "e164"}, "02088886666", "+862088886666"),
        ({"out_form": "e164"}, "00862088886666", "+862088886666"),
        ({"out_form": "e164", "out_strip": 1}, "02088886666", "862088886666"),
        ({"out_form": "e164", "out_strip": 1, "out_prepend": "00"}, "0044 20 7946 0000", "00442079460000"),
        ({"out_form": "e164", "out_strip": 1}, "95588", "95588"),  # it has no such form
        ({"out_form": "e164", "out_strip": 1}, "10086", "10086"),
        ({"out_form": "national"}, "+8613900000000", "13900000000"),
        ({"out_form": "national"}, "+862088886666", "02088886666"),
        ({"out_form": "national", "out_prepend": "9"}, "95588", "995588"),
        ({"out_form": "national"}, "+442079460000", "00442079460000"),
        ({"out_form": "e164", "out_strip": 2, "out_prepend": "17"}, "110", "110"),  # a call for help stays what it is
        ({"out_strip": 1}, "119", "119"),
        ({"out_strip": 20}, "02088886666", ""),
    ],
)
def test_a_number_goes_out_as_the_trunk_wants_it(changes: dict[str, Any], number: str, sent: str) -> None:
    assert written_for(Trunk(name=FIRST, host="192.0.2.7", **changes), number, "CN") == sent


@pytest.mark.parametrize(
    ("changes", "number", "called"),
    [
        ({}, "02088886666", "02088886666"),
        ({"in_strip": 1}, "002088886666", "02088886666"),
        ({"in_strip": 3, "in_prepend": "0"}, "+862088886666", "02088886666"),
        ({"in_prepend": "020"}, "88886666", "02088886666"),
        ({"in_strip": 20}, "02088886666", ""),
    ],
)
def test_a_called_number_comes_in_as_the_office_writes_it(changes: dict[str, Any], number: str, called: str) -> None:
    assert called_by(Trunk(name=FIRST, host="192.0.2.7", **changes), number) == called


def test_the_route_is_applied_before_the_trunk_and_every_form_is_remembered() -> None:
    there = with_trunks(out_prepend="7#")
    first, second = targets(there, OUTSIDE, None, "CN")
    assert (first, second) == (ToTrunk(FIRST, f"7#{SENT}"), ToTrunk(SECOND, SENT))
    assert isinstance(first, ToTrunk)
    assert first.forms == (OUTSIDE, SENT)


@in_virtual_time
async def test_a_trunks_number_finds_its_flow_as_the_office_writes_it() -> None:
    async with office(with_trunks(in_strip=3, in_prepend="0")) as desk:
        caller = desk.line.calls_in("13800138000", f"+86{STRAIGHT_NUMBER[1:]}", trunk="first")
        await desk.settle()
        assert caller.up()
        (kept,) = desk.memory.records.values()
        assert (kept.called, kept.flow) == (STRAIGHT_NUMBER, "straight")


@in_virtual_time
async def test_a_trunk_is_shown_its_own_number_and_the_next_one_its_own() -> None:
    async with office(with_trunks(caller="02088886666", codecs=("PCMU",))) as desk:
        await dials(desk)
        first = desk.line.rung(SENT)
        assert first.caller == "02088886666"
        assert b"RTP/AVP 0 101\r\n" in (first.sdp or b"")
        desk.line.declines(first, 503)
        await desk.settle()
        second = desk.line.rung(SENT)
        assert (second.to, second.caller) == (ToTrunk(SECOND, SENT), "1001")
        assert b"RTP/AVP 8 0 101\r\n" in (second.sdp or b"")


# ---- the next trunk -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 402, 403, 404, 407, 408, 500, 502, 503, 504])
def test_what_a_trunk_says_of_itself_leads_to_the_next_one(status: int) -> None:
    async def story() -> None:
        async with office() as desk:
            await dials(desk)
            desk.line.declines(desk.line.rung(SENT), status)
            await desk.settle()
            assert desk.line.rung(SENT).to == ToTrunk(SECOND, SENT)

    run(story())


@pytest.mark.parametrize("status", [480, 486, 600, 603])
def test_what_a_person_says_ends_the_search(status: int) -> None:
    async def story() -> None:
        async with office() as desk:
            phone = await dials(desk)
            desk.line.declines(desk.line.rung(SENT), status)
            await desk.settle()
            assert desk.line.ringing_numbers() == []
            assert phone.over()

    run(story())


@in_virtual_time
async def test_a_trunk_that_is_down_is_tried_after_those_that_are_up() -> None:
    async with office() as desk:
        seen(desk, FIRST, "down")
        phone = await dials(desk)
        leg = desk.line.rung(SENT)
        assert leg.to == ToTrunk(SECOND, SENT)
        desk.line.declines(leg, 503)
        await desk.settle()
        last = desk.line.rung(SENT)
        assert last.to == ToTrunk(FIRST, SENT), "better than nothing"
        desk.line.declines(last, 408)
        await desk.settle()
        assert phone.status == 503
        seen(desk, FIRST, "up")
        await dials(desk)
        assert desk.line.rung(SENT).to == ToTrunk(FIRST, SENT)


@in_virtual_time
async def test_a_trunk_that_dies_in_a_call_ends_that_call_and_no_other() -> None:
    """SIP says so (a session timer without an answer, RFC 4028 §10); OPTIONS alone end nothing."""
    async with office() as desk:
        one, other = await dials(desk), await dials(desk, "013911111111", extension="1002")
        legs = [desk.line.rung(SENT), desk.line.rung("8613911111111")]
        for leg in legs:
            desk.line.picks_up(leg)
        await desk.settle()
        seen(desk, FIRST, "down")
        await desk.wait(60)
        assert one.up()
        assert other.up()
        desk.line.hangs_up(legs[0], "no answer to a refresh")
        await desk.settle()
        assert one.over()
        assert other.up()
        ended = desk.told(events.CallEnded)
        assert [(fact.outcome, fact.ended_by, fact.cause) for fact in ended] == [
            ("answered", "callee", "no answer to a refresh")
        ]


# ---- channels -------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_full_trunk_is_passed_over_and_refuses_who_calls() -> None:
    async with office(with_trunks(channels=1)) as desk:
        inside = desk.line.calls_in("13800138000", NUMBER, trunk="first")
        await desk.settle()
        phone = await dials(desk)
        assert desk.line.rung(SENT).to == ToTrunk(SECOND, SENT)
        late = desk.line.calls_in("13800138001", NUMBER, trunk="first")
        await desk.settle()
        assert (late.state, late.status) == ("over", 486)
        assert [(fact.outcome, fact.cause) for fact in desk.told(events.CallEnded)] == [("busy", "channels")]
        desk.line.hangs_up(inside)
        desk.line.hangs_up(phone)
        await desk.settle()
        await dials(desk)
        assert desk.line.rung(SENT).to == ToTrunk(FIRST, SENT)


@in_virtual_time
async def test_where_every_trunk_is_full_the_phone_is_told_so_but_a_call_for_help_goes_out() -> None:
    full = with_trunks(channels=1)
    route = dataclasses.replace(full.outbound[0], trunks=(FIRST,))
    emergency = dataclasses.replace(route, match="110", strip=0, prepend="")
    async with office(dataclasses.replace(full, outbound=(route, emergency))) as desk:
        await dials(desk)
        late = await dials(desk, extension="1002")
        assert (late.state, late.status) == ("over", 503)
        await dials(desk, "110", extension="1003")
        assert desk.line.rung("110").to == ToTrunk(FIRST, "110")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["in", "out", "end", "answer"]), max_size=25), st.integers(1, 3))
def test_never_more_legs_on_a_trunk_than_it_has_channels(steps: list[str], channels: int) -> None:
    async def story() -> None:
        async with office(with_trunks(channels=channels)) as desk:
            for n, step in enumerate(steps):
                mine = [one for one in desk.line.open() if one.to is None or one.to == ToTrunk(FIRST, one.other)]
                if step == "in":
                    desk.line.calls_in("13800138000", NUMBER, trunk="first")
                elif step == "out":
                    await dials(desk, f"0{n:02}139000000")
                elif step == "answer":
                    for one in [one for one in desk.line.open() if one.state == "placed"][:1]:
                        desk.line.picks_up(one)
                elif mine and mine[0].state in ("arriving", "up"):
                    desk.line.hangs_up(mine[0])
                await desk.settle()
                assert 0 <= desk.calls.channels(FIRST) <= channels

    run(story())


# ---- limits ---------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_forbidden_number_is_refused_with_403_and_an_alarm_and_nothing_is_sent() -> None:
    async with office() as desk:
        phone = await dials(desk, "00044123456789")
        assert (phone.state, phone.status) == ("over", 403)
        assert [one for one in desk.line.dialogs if one.to is not None] == []
        (alarm,) = desk.told(events.FraudAlarm)
        assert (alarm.extension, alarm.number, alarm.who, alarm.rule) == (
            "1001",
            "860044123456789",
            "1001",
            "international",
        )
        (ended,) = desk.told(events.CallEnded)
        assert (ended.outcome, ended.cause) == ("failed", "forbidden")
        await desk.settle()
        assert [(entry[0], entry[1]) for entry in desk.memory.trail] == [("call.forbidden", "extension/1001")]


@in_virtual_time
async def test_a_phone_does_not_get_round_its_limits_by_dialling_a_flow() -> None:
    """The flow of 9. dials what was called."""
    limited = site(limits=(Limits(who=EACH, forbid=("95.",)),))
    async with office(limited) as desk:
        await dials(desk, "95588")
        assert [one for one in desk.line.dialogs if one.to is not None] == []
        assert [alarm.rule for alarm in desk.told(events.FraudAlarm)] == ["forbid"]
        await desk.wait(10)
        caller = desk.line.calls_in("13800138000", "95588")  # who comes from outside has the flow's limits
        await desk.settle()
        desk.line.picks_up(desk.line.rung("95588"))
        await desk.settle()
        assert caller.up()


@in_virtual_time
async def test_a_stolen_password_gets_no_further_than_the_limit_and_others_go_on() -> None:
    """S-12."""
    limited = site(limits=(Limits(who=EACH, international=True, calls=2, per_hour=5),))
    async with office(limited) as desk:
        shown = []
        for n in range(40):
            phone = await dials(desk, f"00044{n:09}")
            shown.append(phone.status)
            if (rung := desk.line.ringing_numbers()) and n % 2:
                desk.line.declines(desk.line.rung(rung[0]), 486)
            await desk.wait(3)
        assert sum(one.to is not None for one in desk.line.dialogs) == 5
        assert len(desk.told(events.FraudAlarm)) == 35
        assert shown.count(403) == 35
        await dials(desk, extension="1002")
        assert SENT in desk.line.ringing_numbers()


@in_virtual_time
async def test_the_longest_call_ends_and_its_place_is_free_again() -> None:
    limited = site(limits=(Limits(who=EACH, longest=60, calls=1),))
    async with office(limited) as desk:
        phone = await dials(desk)
        desk.line.picks_up(desk.line.rung(SENT))
        await desk.settle()
        await desk.wait(59)
        assert phone.up()
        refused = await dials(desk, "013911111111")
        assert refused.status == 403
        await desk.wait(2)
        assert phone.over()
        ended = desk.told(events.CallEnded)[-1]
        assert (ended.outcome, ended.ended_by, ended.cause) == ("answered", "system", "limit longest")
        await dials(desk)
        assert desk.line.ringing_numbers() == [SENT]


@in_virtual_time
async def test_calls_within_the_house_have_no_limits() -> None:
    limited = site(limits=(Limits(who=EACH, forbid=(".",), night="00:00-23:59"),))
    async with office(limited) as desk:
        await desk.sign_in("1002")
        await dials(desk, "1002")
        assert desk.line.ringing_numbers() == ["1002"]
        assert desk.told(events.FraudAlarm) == []


# ---- nobody there any more -------------------------------------------------------------------------------------


async def talking(desk: Office) -> tuple[Dialog, Dialog]:
    """A phone of ours and an outside number over the trunk "first"."""
    phone = await dials(desk)
    there = desk.line.rung(SENT)
    desk.line.picks_up(there)
    await desk.settle()
    assert phone.up()
    return phone, there


def quiet(desk: Office, dialog: Dialog, seconds: float) -> None:
    """The media room tells that nothing is heard of that leg."""
    [leg] = [leg for call in desk.calls.live() for leg in call.legs if leg.dialog == dialog.id]
    desk.calls.sounded(LegSilent(leg.id, seconds))


@in_virtual_time
async def test_a_trunk_that_is_down_and_silent_ends_that_call_and_no_other() -> None:
    async with office() as desk:
        phone, there = await talking(desk)
        caller = desk.line.calls_in("13800138000", STRAIGHT_NUMBER)
        await desk.settle()
        seen(desk, FIRST, "down")
        quiet(desk, there, 10)
        await desk.settle()
        assert phone.up(), "ten seconds may be a pause"
        quiet(desk, there, 30)
        await desk.settle()
        assert phone.over()
        assert there.over()
        assert caller.up() or not caller.over()
        (ended,) = desk.told(events.CallEnded)
        assert (ended.outcome, ended.ended_by, ended.cause) == ("answered", "system", "media_timeout")


@in_virtual_time
async def test_a_call_in_which_neither_side_is_heard_ends() -> None:
    async with office() as desk:
        phone, there = await talking(desk)
        quiet(desk, phone, 30)
        await desk.wait(20)
        quiet(desk, there, 10)
        await desk.settle()
        assert phone.up()
        await desk.wait(10)
        quiet(desk, phone, 60)
        await desk.wait(10)
        quiet(desk, there, 30)
        await desk.settle()
        assert phone.over()
        assert desk.told(events.CallEnded)[0].cause == "media_timeout"


@in_virtual_time
async def test_who_is_silent_and_whose_phone_is_lost_is_gone() -> None:
    async with office() as desk:
        desk.line.registers("1001")
        phone, there = await talking(desk)
        desk.line.is_lost("1001")
        quiet(desk, there, 30)
        await desk.settle()
        assert phone.up(), "it is the other one that is silent"
        desk.line.registers("1001")
        await desk.wait(40)
        quiet(desk, phone, 30)
        await desk.wait(40)
        assert phone.up(), "the phone is there, and may be muted"
        desk.line.is_lost("1001")
        quiet(desk, phone, 90)
        await desk.settle()
        assert there.over()
        assert desk.told(events.CallEnded)[0].cause == "media_timeout"


@in_virtual_time
async def test_who_waits_or_is_on_hold_may_be_silent_for_five_minutes() -> None:
    async with office() as desk:
        caller = desk.line.calls_in("13800138000", STRAIGHT_NUMBER)
        await desk.settle()
        quiet(desk, caller, 270)
        await desk.settle()
        assert caller.up()
        quiet(desk, caller, 300)
        await desk.settle()
        assert caller.over()
        phone, there = await talking(desk)
        desk.line.holds(phone)
        quiet(desk, there, 270)
        await desk.settle()
        assert there.up()
        quiet(desk, there, 300)
        await desk.settle()
        assert there.over()
        assert [fact.cause for fact in desk.told(events.CallEnded)] == ["media_timeout"] * 2


@in_virtual_time
async def test_who_only_listens_is_not_cut_off() -> None:
    async with office() as desk:
        phone, there = await talking(desk)
        for seconds in range(30, 3600, 30):
            quiet(desk, phone, seconds)
            await desk.wait(30)
        quiet(desk, there, 10)
        await desk.wait(100)  # and then they speak again
        quiet(desk, phone, 3630)
        assert phone.up()
        assert there.up()


@in_virtual_time
async def test_one_way_audio_is_told_once_a_side_and_shown_to_supervisors() -> None:
    async with office() as desk:
        phone, there = await talking(desk)
        [first, other] = [leg for call in desk.calls.live() for leg in call.legs]
        for leg in (other, other, first):
            desk.calls.sounded(LegOneWay(leg.id, "no packets"))
        await desk.settle()
        told = desk.told(events.CallOneWay)
        assert [(fact.number, fact.trunk, fact.why) for fact in told] == [
            (other.number, FIRST, "no packets"),
            (first.number, None, "no packets"),
        ]
        assert desk.board.counters()["one_way_calls_total"] == 1
        [line] = desk.board.live.snapshot()["lines"]
        assert line["one_way"] == [other.number, first.number]
        assert "call.one_way" in desk.story()
        assert phone.up()
        assert there.up()
