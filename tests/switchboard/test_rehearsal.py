"""A flow is heard at one's own phone: real keys and words, and nobody else is reached; in virtual time (IVR-06)."""

from __future__ import annotations

import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.ivr.flow import Flow
from callcenterd.model import events
from callcenterd.model.ids import ExtensionNumber, FlowName
from callcenterd.model.prompts import Speech
from callcenterd.switchboard import own_phone
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office
from tests.kit.wire import Dialog
from tests.switchboard.test_queue_call import CALLER, conversation
from tests.switchboard.test_recorder import none_is_left

PRETENDED = "13900139000"


def flow_of(desk: Office, name: str) -> Flow:
    flow = desk.board.flows.get(FlowName(name))
    assert flow is not None
    return flow


async def rung(desk: Office, flow: str = "main") -> Dialog:
    desk.board.rehearsals.begin("1001", flow_of(desk, flow), caller=PRETENDED, called="02088886666")
    await desk.settle()
    return desk.line.rung("1001")


def said(desk: Office) -> list[str]:
    return [prompt.text for prompt in desk.heard() if isinstance(prompt, Speech) and prompt.text.startswith("试听")]


@in_virtual_time
async def test_who_picks_up_walks_the_flow_by_keys_and_is_told_what_would_come_then() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        phone = await rung(desk)
        assert desk.state("1001") == "talking", "no queue rings it meanwhile"
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.wait(3)
        desk.line.key(phone, "1")
        await desk.wait(12)
        assert said(desk) == ["试听：这里转到技能组销售排队。", "试听结束。"]
        assert phone.over()
        assert desk.line.ringing_numbers() == [], "nobody was rung"
        assert desk.state("1001") == "ready"
        assert desk.told(events.CallStarted) == []
        assert desk.told(events.KeyPressed) == []
        assert desk.told(events.CallerQueued) == []
        none_is_left(desk)


@pytest.mark.parametrize("when", ["rings", "declined", "walks", "stops"])
def test_it_ends_whenever_the_phone_does(when: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001")
            phone = await rung(desk)
            desk.line.rings(phone)
            if when == "rings":
                await desk.wait(own_phone.RING_SECONDS + 1)
            elif when == "declined":
                desk.line.declines(phone, 603)
            else:
                desk.line.picks_up(phone)
                await desk.wait(1)
            if when == "walks":
                desk.line.hangs_up(phone)
            elif when == "stops":
                await desk.board.rehearsals.stop()
            await desk.wait(1)
            assert phone.over()
            assert desk.state("1001") == "ready"
            none_is_left(desk)

    story()


@in_virtual_time
async def test_the_flow_is_the_one_that_is_given_and_the_office_goes_on_with_its_own() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        phone = await rung(desk, "straight")
        desk.line.picks_up(phone)
        await desk.settle()
        caller = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.settle()
        other = desk.line.rung("1002")
        desk.line.picks_up(other)
        await desk.wait(20)
        assert phone.over()
        assert not caller.over()
        assert [fact.call for fact in desk.told(events.CallStarted)] == [desk.only_call()]


@in_virtual_time
async def test_what_cannot_be_rung_says_so() -> None:
    async with office() as desk:
        flow = flow_of(desk, "main")
        with pytest.raises(NotNow):
            desk.board.rehearsals.begin("1001", flow, caller="1", called="2")
        with pytest.raises(NotFound):
            desk.board.rehearsals.begin("1001", flow, extension=ExtensionNumber("9999"), caller="1", called="2")
        await desk.sign_in("1001")
        _, caller, _ = await conversation(desk)
        with pytest.raises(NotNow):
            desk.board.rehearsals.begin("1001", flow, caller="1", called="2")
        desk.line.hangs_up(caller)
        await desk.wait(30)
        phone = await rung(desk)
        with pytest.raises(NotNow):
            desk.board.rehearsals.begin("1001", flow, caller="1", called="2")
        desk.line.declines(phone, 603)
        await desk.wait(1)
        assert desk.board.journeys == {}
