"""Who has picked up, asked by the switchboard: always answered, and in time."""

from __future__ import annotations

import asyncio

from callcenterd.calls.call import Leg
from callcenterd.media.machine import RULE, Verdict
from callcenterd.model import events
from callcenterd.model.ids import TrunkName
from callcenterd.sip.events import ToTrunk
from tests.kit.office import Office, in_virtual_time, office

CUSTOMER = "13900000000"


async def picked_up(desk: Office) -> Leg:
    """A leg over a trunk that is up, and beside which nothing happens."""
    board, up = desk.board, asyncio.get_running_loop().create_future()
    journey = board.begin(board.calls.new_call(board.calls.next_id(), "outbound", "02088886666", CUSTOMER))
    to = [ToTrunk(TrunkName("gateway"), CUSTOMER)]
    dialling = board.outbound.dial(
        journey, to, seconds=30, record=False, caller="", joined=lambda *about: up.set_result(about[1]), quiet=True
    )

    async def dial() -> None:
        await dialling

    journey.task = asyncio.create_task(dial())
    await desk.settle()
    desk.line.picks_up(desk.line.rung(CUSTOMER))
    leg = await up
    assert isinstance(leg, Leg)
    return leg


def over(desk: Office, leg: Leg) -> None:
    desk.board.finish(desk.board.journeys[leg.call.id], "system", "over")


@in_virtual_time
async def test_what_the_media_room_hears_is_answered_and_told() -> None:
    async with office() as desk:
        leg = await picked_up(desk)
        desk.sound.verdict = Verdict("machine", "beep", 1.3)
        assert await desk.board.answering.who(leg) == Verdict("machine", "beep", 1.3)
        (told,) = desk.told(events.PickedUpBy)
        assert (told.call, told.number, told.who, told.why) == (leg.call.id, CUSTOMER, "machine", "beep")
        over(desk, leg)


@in_virtual_time
async def test_without_a_word_of_the_media_room_it_is_unsure_when_the_time_is_over() -> None:
    async with office() as desk:
        leg = await picked_up(desk)
        desk.sound.verdict = None
        begun = desk.board.clock.monotonic()
        verdict = await desk.board.answering.who(leg)
        assert (verdict.who, verdict.why) == ("unsure", "time")
        assert desk.board.clock.monotonic() - begun <= RULE.total + 2
        over(desk, leg)


@in_virtual_time
async def test_who_hangs_up_meanwhile_was_no_machine() -> None:
    async with office() as desk:
        leg = await picked_up(desk)
        desk.sound.verdict = Verdict("machine", "greeting", 2.4)
        asked = asyncio.ensure_future(desk.board.answering.who(leg))
        await desk.wait(1)
        over(desk, leg)
        await desk.settle()
        assert (await asked).why == "gone"
        assert (await desk.board.answering.who(leg)).why == "gone", "asked of a leg that is over"
        assert desk.told(events.PickedUpBy) == []
