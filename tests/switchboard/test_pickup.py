"""Calls that ring elsewhere are taken, by `*8` or a page; mute, keys and picking up by order (TEL-03, TEL-05)."""

from __future__ import annotations

import dataclasses

import pytest

from callcenterd.errors import NotNow
from callcenterd.model import events
from callcenterd.model.ids import AgentId, TeamName
from callcenterd.model.site import Disposition, Team
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears, row_of
from tests.switchboard.test_queue_call import CALLER, conversation, ended


async def rung(desk: Office) -> tuple[Dialog, Dialog]:
    """A caller of a queue rings at 1001, while 1002 is on a break: the caller's side, and the phone's."""
    await desk.sign_in("1001", "1002")
    await desk.board.desk.set_state("1002", "break", "meal")
    caller = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
    await desk.settle()
    phone = desk.line.rung("1001")
    desk.line.rings(phone)
    await desk.wait(3)
    return caller, phone


@pytest.mark.parametrize("code", ["*8", "*81001"])
def test_a_caller_who_rings_at_a_colleague_is_taken_by_a_code(code: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            caller, phone = await rung(desk)
            call = desk.only_call()
            mine = desk.line.calls_in("1002", code, extension="1002")
            await desk.settle()
            assert phone.over()
            assert "elsewhere" in (phone.reason or "")
            assert (hears(desk, caller), hears(desk, mine)) == ("1002", CALLER)
            assert (desk.state("1001"), desk.state("1002")) == ("ready", "talking")
            assert not desk.told(events.OfferDeclined), "no miss"
            taken = desk.told(events.CallPickedUp)[0]
            assert (taken.agent, taken.number, taken.from_number) == ("1002", "1002", "1001")
            await desk.wait(5)
            desk.line.hangs_up(mine)
            await desk.wait(1)
            assert desk.state("1002") == "wrap_up", "as if it had been offered to them"
            await desk.wait(10)
            assert desk.state("1002") == "break meal"
            assert ended(desk, call)[:2] == ("answered", "agent")
            record = desk.memory.records[call]
            assert (record.agent, record.queue, len(desk.memory.records)) == ("1002", "sales", 1)
            assert record.recording_id is not None
            assert [fact.reason for fact in desk.told(events.CallerLeftQueue)] == ["answered"]
            desk.nothing_is_left()

    story()


@pytest.mark.parametrize("members", [(), ("1001",), ("1001", "1002")])
def test_who_is_in_one_team_takes_what_rings_there_also_of_a_queue_that_is_not_their_own(
    members: tuple[str, ...],
) -> None:
    @in_virtual_time
    async def story() -> None:
        alone = dataclasses.replace(site().queues[0], members=(AgentId("1001"),))
        team = Team(name=TeamName("day"), members=tuple(map(AgentId, members)))
        async with office(site(queues=(alone, site().queues[1]), teams=(team,))) as desk:
            caller, _ = await rung(desk)
            call, together = desk.only_call(), "1002" in members
            assert desk.board.pickup.may_take("1002", call) is together
            mine = desk.line.calls_in("1002", "*8", extension="1002")
            await desk.settle()
            assert (hears(desk, caller) == "1002") is together
            assert mine.up() is together

    story()


@in_virtual_time
async def test_who_takes_a_queues_call_by_a_page_owes_its_disposition_and_has_its_figures() -> None:
    owing = dataclasses.replace(site().queues[0], disposition_required=True, wrap_up=10)
    codes = (Disposition(code="order", title="订购"),)
    async with office(site(queues=(owing, site().queues[1]), dispositions=codes)) as desk:
        _, phone = await rung(desk)
        call = desk.only_call()
        desk.board.pickup.begin(call, "1002")
        await desk.settle()
        mine = desk.line.rung("1002")
        desk.line.picks_up(mine)
        await desk.wait(20)
        assert phone.over()
        assert (desk.state("1001"), desk.state("1002")) == ("ready", "talking")
        (told,) = desk.told(events.CallAnswered)
        assert (told.agent, told.queue) == ("1002", "sales")
        desk.line.hangs_up(mine)
        await desk.settle()
        assert desk.state("1002") == "wrap_up"
        assert desk.memory.records[call].talk_seconds == pytest.approx(20, abs=0.5)
        await desk.wait(30)
        assert desk.board.after_call.owed(AgentId("1002")) == call
        assert desk.state("1002") == "wrap_up", "until it says what came of it"


@in_virtual_time
async def test_who_speaks_with_a_queues_caller_and_takes_another_wraps_up_once() -> None:
    """The second is a call beside the first: busy until both are over."""
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        _, one, phone = await conversation(desk, "1001")
        other = desk.line.calls_in("13900139000", STRAIGHT_NUMBER)
        await desk.settle()
        desk.line.rings(desk.line.rung("1002"))
        mine = desk.line.calls_in("1001", "*81002", extension="1001")
        await desk.settle()
        assert hears(desk, other) == "1001"
        assert desk.state("1002") == "ready"
        desk.line.hangs_up(phone)
        await desk.settle()
        assert one.over()
        assert desk.state("1001") == "talking"
        await desk.wait(11)
        desk.line.hangs_up(mine)
        await desk.settle()
        assert desk.state("1001") == "ready"
        desk.nothing_is_left()


@in_virtual_time
async def test_a_call_for_a_colleague_is_taken_too_and_who_dialled_speaks_with_who_took_it() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002", "1003")
        dialling = desk.line.calls_in("1003", "1001", extension="1003")
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        await desk.settle()
        mine = desk.line.calls_in("1002", "*81001", extension="1002")
        await desk.settle()
        assert phone.over()
        assert (hears(desk, dialling), hears(desk, mine)) == ("1002", "1003")
        assert (desk.state("1001"), desk.state("1002")) == ("ready", "talking")
        desk.line.hangs_up(dialling)
        await desk.settle()
        assert mine.over()
        desk.nothing_is_left()


@in_virtual_time
async def test_what_a_transfer_rings_is_taken_as_the_transfer() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        desk.line.registers("1003")
        call, caller, phone = await conversation(desk)
        desk.board.transfers.send(call, "1001", "1002")
        await desk.settle()
        mine = desk.line.calls_in("1003", "*81002", extension="1003")
        await desk.settle()
        assert phone.over()
        assert (hears(desk, caller), hears(desk, mine)) == ("1003", CALLER)
        assert desk.told(events.CallTransferred)[0].number == "1003"
        desk.line.hangs_up(mine)
        await desk.settle()
        desk.nothing_is_left()


@pytest.mark.parametrize(("who", "code"), [("1002", "*81003"), ("1002", "*8"), ("1800", "*8"), ("1002", "*81800")])
def test_nothing_is_taken_where_nothing_rings_or_one_has_no_part_in_it(who: str, code: str) -> None:
    """1800 is a phone where nobody sits; the caller rings in a queue of 1003's alone."""

    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001", "1002", "1003")
            desk.line.registers("1800")
            call, caller, _ = await conversation(desk, "1001")
            desk.board.transfers.send_into_queue(call, "1001", desk.board.site.queues[1].name)
            await desk.settle()
            phone = desk.line.rung("1003")
            mine = desk.line.calls_in(who, code, extension=who)
            await desk.settle()
            assert (mine.status, phone.over()) == (404, False)
            assert hears(desk, caller) == "music"

    story()


@in_virtual_time
async def test_from_a_page_ones_own_phone_is_rung_and_has_the_call() -> None:
    async with office() as desk:
        caller, phone = await rung(desk)
        call = desk.only_call()
        desk.board.pickup.begin(call, "1002")
        mine = desk.line.rung("1002")
        assert not phone.over(), "it rings on until somebody has it"
        desk.line.picks_up(mine)
        await desk.settle()
        assert phone.over()
        assert (hears(desk, caller), hears(desk, mine)) == ("1002", CALLER)
        assert desk.story(call).count("call.started") == 1
        desk.line.hangs_up(caller)
        await desk.settle()
        desk.nothing_is_left()


@pytest.mark.parametrize("how", ["answered by the colleague", "caller goes", "not taken", "declined"])
def test_from_a_page_whoever_is_quicker_has_it(how: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            caller, phone = await rung(desk)
            call = desk.only_call()
            desk.board.pickup.begin(call, "1002")
            mine = desk.line.rung("1002")
            match how:
                case "answered by the colleague":
                    desk.line.picks_up(phone)
                    await desk.settle()
                    desk.line.picks_up(mine)
                case "caller goes":
                    desk.line.hangs_up(caller)
                    await desk.settle()
                    desk.line.picks_up(mine)
                case "not taken":
                    await desk.wait(16)
                case _:
                    desk.line.declines(mine, 603)
            await desk.settle()
            assert mine.over()
            assert phone.up() == (how == "answered by the colleague")
            if caller.state != "over":
                desk.line.hangs_up(caller)
            await desk.wait(1)
            desk.nothing_is_left()

    story()


@in_virtual_time
async def test_from_a_page_nothing_is_taken_that_rings_nowhere_else() -> None:
    async with office() as desk:
        caller, phone = await rung(desk)
        call = desk.only_call()
        with pytest.raises(NotNow):
            desk.board.pickup.begin(call, "1001")  # at whose own phone it rings
        desk.line.picks_up(phone)
        await desk.settle()
        with pytest.raises(NotNow):
            desk.board.pickup.begin(call, "1002")
        assert hears(desk, caller) == "1001"


# ---- what one's phone would do by its own keys -----------------------------------------------------------------


@in_virtual_time
async def test_who_is_muted_hears_and_is_not_heard_also_by_whom_they_ask() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.board.desk.mute(call, "1001", True)
        assert (hears(desk, caller), hears(desk, phone)) == ("", CALLER)
        desk.board.consulting.begin(call, "1001", "1002")
        await desk.settle()
        asked = desk.line.rung("1002")
        desk.line.picks_up(asked)
        await desk.settle()
        assert (hears(desk, asked), hears(desk, phone)) == ("", "1002")
        desk.board.desk.mute(call, "1001", False)
        assert hears(desk, asked) == "1001"
        desk.board.consulting.back(call, "1001")
        await desk.settle()
        assert hears(desk, caller) == "1001"
        assert [fact.muted for fact in desk.told(events.AgentMuted)] == [True, False]


@in_virtual_time
async def test_keys_go_to_whom_the_agent_speaks_with_and_only_their_number_is_kept() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        desk.board.desk.press(call, "1001", "12#")
        assert (row_of(desk, caller).sent_keys, row_of(desk, phone).sent_keys) == ("12#", "")
        await desk.wait(1)
        assert [details for kind, details in desk.memory.steps[call] if kind == "call.keys_sent"] == [
            {"agent": "1001", "count": 3}
        ]


@in_virtual_time
async def test_keys_of_an_agent_who_dialled_a_number_of_the_office_go_to_its_flow() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call = await desk.board.dial_out.begin("1001", "02088886666")
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.wait(0.5)
        desk.board.desk.press(call, "1001", "2")
        await desk.wait(5)
        assert "call.key" in desk.story(call)


@in_virtual_time
async def test_a_phone_that_can_be_told_picks_up_and_of_any_other_it_is_said_that_it_cannot() -> None:
    async with office() as desk:
        caller, phone = await rung(desk)
        call = desk.only_call()
        with pytest.raises(NotNow, match="cannot be told"):
            desk.board.desk.answer(call, "1001")
        with pytest.raises(NotNow, match="does not ring"):
            desk.board.desk.answer(call, "1002")
        desk.line.obedient.add("1001")
        desk.board.desk.answer(call, "1001")
        await desk.settle()
        assert phone.up()
        assert hears(desk, caller) == "1001"
        with pytest.raises(NotNow):
            desk.board.desk.answer(call, "1001")
