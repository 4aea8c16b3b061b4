"""A recording that is paused: its marks, its transfer, and what becomes of a pause that is forgotten."""

from __future__ import annotations

import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.ids import CallId
from tests.kit.office import in_virtual_time, office
from tests.switchboard.test_queue_call import conversation


@in_virtual_time
async def test_the_story_has_from_when_to_when_and_by_whom() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, _ = await conversation(desk)
        await desk.wait(10)
        desk.board.desk.pause_recording(call, "1001")
        (line,) = desk.board.live.snapshot()["lines"]
        assert line["recorded"]
        assert line["paused_since"] == desk.board.clock.utc().isoformat()
        await desk.wait(30)
        desk.board.desk.resume_recording(call, "boss")
        assert desk.board.live.snapshot()["lines"][0]["paused_since"] is None
        desk.line.hangs_up(caller)
        await desk.wait(1)
        (take,) = desk.sound.takes
        assert [end - begin for begin, end in take.pauses if end is not None] == [30]
        paused, resumed = desk.told(events.RecordingPaused)[0], desk.told(events.RecordingResumed)[0]
        assert (paused.by, resumed.by, resumed.seconds) == ("1001", "boss", 30)
        assert (resumed.at - paused.at).total_seconds() == 30
        steps = [kind for kind, _ in desk.memory.steps[call] if kind.startswith("recording.")]
        assert steps == ["recording.started", "recording.paused", "recording.resumed", "recording.finished"]


@in_virtual_time
async def test_a_pause_goes_with_the_call_when_it_is_transferred() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.board.desk.pause_recording(call, "1001")
        desk.line.refers(phone, "1002")
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.wait(5)
        (line,) = desk.board.live.snapshot()["lines"]
        assert (line["agent"], line["paused_since"] is not None) == ("1002", True)
        assert desk.sound.takes[0].pauses[0][1] is None
        desk.board.desk.resume_recording(call, "1002")
        assert len(desk.sound.takes) == 1, "one recording, from beginning to end"
        assert [fact.by for fact in desk.told(events.RecordingResumed)] == ["1002"]
        desk.line.hangs_up(caller)
        await desk.settle()


@in_virtual_time
async def test_a_conversation_that_ends_paused_ends_its_pause_and_the_next_one_is_recorded() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, _ = await conversation(desk)
        desk.board.desk.pause_recording(call, "1001")
        desk.line.hangs_up(caller)
        await desk.wait(1000)
        assert [fact.by for fact in desk.told(events.RecordingResumed)] == ["system"]
        assert desk.told(events.RecordingStillPaused) == []
        with pytest.raises(NotFound):
            desk.board.desk.resume_recording(call, "1001")
        await conversation(desk)
        assert [len(take.pauses) for take in desk.sound.takes] == [1, 0]


@in_virtual_time
async def test_a_pause_that_is_forgotten_is_told_again_and_again() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, _, _ = await conversation(desk)
        desk.board.desk.pause_recording(call, "1001")
        await desk.wait(100)
        desk.board.desk.pause_recording(call, "1002")  # it is paused already: it counts from its beginning
        await desk.wait(600)
        assert [(fact.by, fact.seconds) for fact in desk.told(events.RecordingStillPaused)] == [
            ("1001", 180),
            ("1001", 360),
            ("1001", 540),
        ]
        desk.board.desk.resume_recording(call, "1001")
        await desk.wait(600)
        assert len(desk.told(events.RecordingStillPaused)) == 3


@in_virtual_time
async def test_what_is_not_recorded_cannot_be_paused() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        with pytest.raises(NotFound):
            desk.board.desk.pause_recording(CallId("nobody's"), "1001")
        desk.line.calls_in("13800138000", "02088887777")
        await desk.settle()
        with pytest.raises(NotNow, match="not being recorded"):
            desk.board.desk.pause_recording(desk.only_call(), "1001")


@in_virtual_time
async def test_a_full_disk_is_told_and_the_call_goes_on() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, _ = await conversation(desk)
        desk.sound.disk_is_full()
        await desk.wait(30)
        assert desk.joined()
        (failed,) = desk.told(events.RecordingFailed)
        assert (failed.call, failed.why) == (call, "No space left on device")
        assert desk.board.counters()["recordings_failed_total"] == 1
        desk.line.hangs_up(caller)
        await desk.wait(1)
        assert "recording.failed" in [kind for kind, _ in desk.memory.steps[call]]
        assert not desk.told(events.RecordingFinished)[0].complete
