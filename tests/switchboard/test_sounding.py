"""How the legs of a call sounded: whose they were, what is kept, what a live call shows."""

from __future__ import annotations

from callcenterd.model import events
from callcenterd.model.calls import LegSound
from callcenterd.model.ids import CallId
from tests.kit.office import Office, in_virtual_time, office
from tests.kit.wire import leg_sound
from tests.switchboard.test_queue_call import conversation, waiting_caller

GOOD: dict[str, float] = {
    "received": 500,
    "sent": 500,
    "mos": 4.38,
    "mos_there": 4.3,
    "lost_there": 0,
    "jitter_there_ms": 1.0,
}


def sounding(desk: Office, call: CallId, **of_agent: float) -> None:
    """The caller's leg sounds well; the agent's as told."""
    first, other = desk.board.journeys[call].call.legs
    desk.sound.sounds[first.id] = leg_sound(**GOOD)
    desk.sound.sounds[other.id] = leg_sound(**(GOOD | of_agent))


@in_virtual_time
async def test_every_leg_is_told_and_kept_when_it_is_gone() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, _ = await conversation(desk)
        sounding(desk, call, lost=25, mos=3.4, mos_there=2.9)
        desk.line.hangs_up(caller)
        await desk.settle()
        told = desk.told(events.CallSounded)
        assert {(fact.sound.side, fact.sound.number, fact.sound.mos) for fact in told} == {
            ("caller", "13800138000", 4.38),
            ("agent", "1001", 3.4),
        }
        assert [fact.call for fact in told] == [call, call]
        assert told[-1].mos == 2.9
        await desk.wait(1)
        assert sorted(sound.side for sound in desk.memory.sounds[call]) == ["agent", "caller"]
        assert desk.memory.records[call].mos == 2.9
        assert "call.sound" not in [kind for kind, _ in desk.memory.steps[call]], "figures are no step of the story"


@in_virtual_time
async def test_a_phone_that_only_rang_is_not_told_about() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller = await waiting_caller(desk)
        desk.line.rings(desk.line.rung("1001"))
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.told(events.CallSounded) == []
        assert desk.memory.records[call].mos is None


@in_virtual_time
async def test_a_live_call_shows_its_legs_as_they_sound_now() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, _ = await conversation(desk)
        assert desk.board.sounding.now(call) == [], "nothing has come yet"
        sounding(desk, call, mos=3.0)
        now: list[LegSound] = desk.board.sounding.now(call)
        assert [(sound.side, sound.number, sound.mos) for sound in now] == [
            ("caller", "13800138000", 4.38),
            ("agent", "1001", 3.0),
        ]
        assert now[0].leg < now[1].leg
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.board.sounding.now(call) == []


@in_virtual_time
async def test_a_leg_that_was_handed_on_belongs_to_the_call_that_has_it() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        sounding(desk, call, mos=3.3)
        desk.line.refers(phone, "1002")
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.wait(5)
        last = desk.board.journeys[call].call.legs[-1]
        desk.sound.sounds[last.id] = leg_sound(**(GOOD | {"mos": 4.0}))
        desk.line.hangs_up(caller)
        await desk.wait(1)
        assert sorted((sound.number, sound.mos) for sound in desk.memory.sounds[call]) == [
            ("1001", 3.3),
            ("1002", 4.0),
            ("13800138000", 4.38),
        ]
        assert desk.memory.records[call].mos == 3.3


@in_virtual_time
async def test_what_sounds_when_the_server_stops_is_kept_too() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, _, _ = await conversation(desk)
        sounding(desk, call)
        await desk.board.stop()
        assert len(desk.memory.sounds[call]) == 2
