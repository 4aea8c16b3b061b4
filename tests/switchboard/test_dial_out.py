"""Click to dial in virtual time: the agent's phone first, then the number; and every way in which it ends."""

from __future__ import annotations

import dataclasses

import pytest

from callcenterd.errors import LocalError, NotFound, NotNow, Refused
from callcenterd.model import events
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.model.ids import CallId
from callcenterd.model.prompts import Recorded
from callcenterd.model.site import Limits
from tests.kit.office import NUMBER, Office, in_virtual_time, office, site
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_queue_call import CALLER, conversation, ended

OUTSIDE, DIALLED = "013900000000", "8613900000000"


async def clicked(desk: Office, number: str = OUTSIDE) -> tuple[CallId, Dialog]:
    """1001 has clicked a number: the call, and the agent's phone that rings."""
    call = await desk.board.dial_out.begin("1001", number)
    await desk.settle()
    return call, desk.line.rung("1001")


async def reached(desk: Office) -> tuple[CallId, Dialog, Dialog]:
    """Both sides speak."""
    call, phone = await clicked(desk)
    desk.line.picks_up(phone)
    await desk.settle()
    outside = desk.line.rung(DIALLED)
    desk.line.rings(outside)
    desk.line.picks_up(outside)
    await desk.settle()
    return call, phone, outside


@in_virtual_time
async def test_the_agents_phone_rings_first_and_then_the_number_and_it_is_one_outbound_call() -> None:
    async with office() as desk:
        desk.line.trunks.update(trunk.name for trunk in site().trunks)
        await desk.sign_in("1001")
        call, phone = await clicked(desk)
        assert phone.caller == OUTSIDE, "the phone shows who will be called"
        assert desk.state("1001") == "talking"
        assert desk.line.ringing_numbers() == ["1001"]
        desk.line.rings(phone)
        await desk.wait(3)
        desk.line.picks_up(phone)
        await desk.settle()
        outside = desk.line.rung(DIALLED)
        desk.line.rings(outside)
        await desk.settle()
        assert hears(desk, phone) == "tone", "ringback"
        desk.line.picks_up(outside)
        await desk.wait(5)
        assert (hears(desk, phone), hears(desk, outside)) == (DIALLED, "1001")
        desk.line.hangs_up(outside)
        await desk.wait(1)
        assert phone.over()
        assert desk.state("1001") == "ready"
        assert ended(desk, call) == ("answered", "callee", "normal")
        record = desk.memory.records[call]
        assert (record.direction, record.caller, record.called, record.extension) == (
            "outbound", "1001", OUTSIDE, "1001",
        )  # fmt: skip
        assert (record.agent, len(desk.memory.records)) == ("1001", 1)
        assert record.talk_seconds == pytest.approx(5)
        assert record.recording_id is not None
        assert desk.story(call)[:3] == ["call.started", "call.ringing", "call.ringing"]
        desk.nothing_is_left()


@in_virtual_time
async def test_a_caller_of_a_queue_is_not_given_to_an_agent_whose_own_phone_rings() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        await clicked(desk)
        desk.line.calls_in(CALLER, "02088887777")
        await desk.settle()
        assert sorted(desk.line.ringing_numbers()) == ["1001", "1002"]


@pytest.mark.parametrize("status", [486, 480, 603, 488])
def test_a_phone_that_does_not_take_it_ends_the_call(status: int) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001")
            call, phone = await clicked(desk)
            desk.line.declines(phone, status)
            await desk.settle()
            assert ended(desk, call)[:2] == ("failed", "agent")
            assert desk.state("1001") == "ready"
            desk.nothing_is_left()

    story()


@in_virtual_time
async def test_a_phone_that_nobody_picks_up_is_let_go_after_a_while() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, phone = await clicked(desk)
        desk.line.rings(phone)
        await desk.wait(31)
        assert phone.over()
        assert ended(desk, call) == ("failed", "agent", "own phone: no_answer")
        desk.nothing_is_left()


MOMENTS = ("phone rings", "number dialled", "number rings", "speaking")


@pytest.mark.parametrize(
    ("moment", "who"),
    [(at, who) for at in MOMENTS for who in ("page", "phone", "other side") if (at, who) != (MOMENTS[0], "other side")],
)
def test_whoever_goes_at_any_moment_leaves_nothing_behind(moment: str, who: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            desk.line.trunks.update(trunk.name for trunk in site().trunks)
            await desk.sign_in("1001")
            call, phone = await clicked(desk)
            outside: Dialog | None = None
            if moment != "phone rings":
                desk.line.picks_up(phone)
                await desk.settle()
                outside = desk.line.rung(DIALLED)
                if moment != "number dialled":
                    desk.line.rings(outside)
                if moment == "speaking":
                    desk.line.picks_up(outside)
                await desk.settle()
            if who == "page":
                await desk.board.desk.hang_up(call, "1001")
            elif who == "phone" and moment == "phone rings":
                desk.line.declines(phone, 603)
            elif who == "phone":
                desk.line.hangs_up(phone)
            else:
                assert outside is not None
                desk.line.hangs_up(outside) if moment == "speaking" else desk.line.declines(outside, 486)
            await desk.settle()
            outcome, _, _ = ended(desk, call)
            assert (outcome == "answered") == (moment == "speaking")
            assert desk.state("1001") == "ready"
            desk.nothing_is_left()

    story()


@in_virtual_time
async def test_the_limits_of_the_agents_extension_hold() -> None:
    async with office(site(limits=(Limits(who="1001", forbid=("8613.",)),))) as desk:
        desk.line.trunks.update(trunk.name for trunk in site().trunks)
        await desk.sign_in("1001")
        call, phone = await clicked(desk)
        desk.line.picks_up(phone)
        await desk.settle()
        assert desk.told(events.FraudAlarm)[0].extension == "1001"
        assert phone.over()
        assert ended(desk, call)[0] == "failed"
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_a_whole_number_finds_the_rule_by_which_a_phone_would_reach_it_and_its_limits() -> None:
    async with office(site(limits=(Limits(who="1001", forbid=("0139.",)),))) as desk:
        desk.line.trunks.update(trunk.name for trunk in site().trunks)
        await desk.sign_in("1001")
        call, phone = await clicked(desk, "+8613800138000")
        desk.line.picks_up(phone)
        await desk.settle()
        assert desk.line.ringing_numbers() == ["8613800138000"]
        desk.line.hangs_up(phone)
        await desk.settle()
        assert desk.memory.records[call].called == "+8613800138000"
        _, phone = await clicked(desk, "+8613900000000")
        desk.line.picks_up(phone)
        await desk.settle()
        assert [alarm.rule for alarm in desk.told(events.FraudAlarm)] == ["forbid"]


@in_virtual_time
async def test_the_other_side_is_shown_a_number_of_the_office_if_one_is_chosen() -> None:
    trunks = tuple(dataclasses.replace(trunk, caller="02066660000") for trunk in site().trunks)
    async with office(site(trunks=trunks)) as desk:
        desk.line.trunks.update(trunk.name for trunk in trunks)
        await desk.sign_in("1001")
        for caller_id, shown in (("", "02066660000"), (NUMBER, NUMBER)):
            await desk.board.dial_out.begin("1001", OUTSIDE, caller_id=caller_id)
            phone = desk.line.rung("1001")
            desk.line.picks_up(phone)
            await desk.settle()
            assert desk.line.rung(DIALLED).caller == shown
            desk.line.hangs_up(phone)
            await desk.settle()


@in_virtual_time
async def test_what_cannot_be_dialled_is_refused_and_nothing_rings() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        begin = desk.board.dial_out.begin
        cases: list[tuple[str, str, dict[str, str], type[LocalError]]] = [
            ("1001", "77", {}, Refused),
            ("1001", "1001", {}, Refused),
            ("1001", OUTSIDE, {"caller_id": "95588"}, Refused),
            ("1001", OUTSIDE, {"extension": "4711"}, NotFound),
            ("1001", OUTSIDE, {"extension": "1002"}, NotNow),  # where somebody else sits
            ("1003", OUTSIDE, {}, NotNow),  # no phone is registered there
        ]
        for login, number, more, fault in cases:
            with pytest.raises(fault):
                await begin(login, number, **more)  # type: ignore[arg-type]
        assert desk.line.dialogs == []
        await conversation(desk)
        with pytest.raises(NotNow):
            await begin("1001", "1002")
        assert desk.state("1002") == "ready"


@in_virtual_time
async def test_a_number_on_the_do_not_call_list_is_not_dialled_unless_whom_it_reaches_has_asked_for_it() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        at = desk.board.clock.utc()
        for number in (OUTSIDE, "110"):
            desk.memory.not_to_call[number] = DoNotCall(number=number, why="", by="1001", at=at)
        with pytest.raises(NotNow, match="must not be called"):
            await desk.board.dial_out.begin("1001", OUTSIDE)
        assert desk.line.dialogs == []
        await desk.board.dial_out.begin("1001", OUTSIDE, wished=True)
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"]
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        assert desk.line.ringing_numbers() == [DIALLED]


@in_virtual_time
async def test_who_dials_a_number_on_the_do_not_call_list_by_hand_hears_why_it_is_not_called() -> None:
    async with office() as desk:
        at = desk.board.clock.utc()
        for number in ("8613900000000", "110"):
            desk.memory.not_to_call[number] = DoNotCall(number=number, why="", by="1001", at=at)
        phone = desk.line.calls_in("1001", OUTSIDE, extension="1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        assert [prompt.name for prompt in desk.heard() if isinstance(prompt, Recorded)] == ["do_not_call"]
        await desk.wait(30)
        assert phone.over()
        (over,) = desk.told(events.CallEnded)
        assert (over.outcome, over.ended_by, over.cause) == ("failed", "system", "do-not-call list")
        assert desk.told(events.RecordingStarted) == []


@in_virtual_time
async def test_a_colleague_and_a_number_of_the_office_can_be_dialled_too() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, phone = await clicked(desk, "1002")
        desk.line.picks_up(phone)
        await desk.settle()
        other = desk.line.rung("1002")
        desk.line.picks_up(other)
        await desk.settle()
        assert hears(desk, phone) == "1002"
        assert (desk.state("1001"), desk.state("1002")) == ("talking", "talking")
        desk.line.hangs_up(phone)
        await desk.settle()
        assert desk.memory.records[call].direction == "internal"
        call, phone = await clicked(desk, NUMBER)
        desk.line.picks_up(phone)
        await desk.settle()
        assert "call.flow" in desk.story(call)
