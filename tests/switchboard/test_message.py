"""What callers speak for a flow: a recording of the call, in no box, played back from its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callcenterd.model import events
from tests.kit.office import NUMBER, in_virtual_time, office

CALLER = "13800138000"
VOICE = np.ones(8000, np.int16)
FLOW = """
flow: main
start: leave
nodes:
  leave: {message: complaint, limit: 30, silence: 3, review: "1?", next: bye}
  bye: {hangup: done}
"""


class Voices:
    """Plays back whatever is asked for. asked: which files."""

    def __init__(self) -> None:
        self.asked: list[Path] = []

    async def voice_of(self, path: Path) -> NDArray[np.int16]:
        self.asked.append(path)
        return VOICE


@in_virtual_time
async def test_what_is_spoken_is_played_back_from_its_file_and_stays_a_recording_of_the_call() -> None:
    voices = Voices()
    async with office(flows=(FLOW.replace("silence: 3", "silence: 0"),), voice_of=voices.voice_of) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 10)  # the house's words and the tone; then the message
        call = desk.only_call()
        desk.line.key(caller, "#")
        await desk.wait(0.5)
        (take,) = desk.sound.takes
        assert voices.asked == [take.path], "what is read is what was written"
        assert any(sound is VOICE for _, sounds in desk.sound.played for sound in sounds)
        await desk.wait(2)  # played back, and the question has begun
        desk.line.key(caller, "1")
        await desk.wait(2)
        assert caller.over()
        assert desk.memory.messages == []
        (known,) = desk.told(events.CallerKnown)
        assert known.known["complaint"] == "10 s"
        recorded = [fact for fact in desk.told(events.RecordingFinished) if fact.call == call]
        assert [fact.recording for fact in recorded] == [f"{call}-1"]


@in_virtual_time
async def test_silence_ends_it_and_who_said_nothing_is_asked_again() -> None:
    async with office(flows=(FLOW,)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(60)
        assert caller.over()
        assert [round(take.ended - take.begun) for take in desk.sound.takes if take.ended is not None] == [3, 3]
        assert desk.told(events.CallerKnown) == []


@in_virtual_time
async def test_a_message_is_kept_if_the_caller_just_hangs_up() -> None:
    async with office(flows=(FLOW.replace("silence: 3", "silence: 0"),)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 10)
        desk.line.hangs_up(caller)
        await desk.settle()
        (finished,) = desk.told(events.RecordingFinished)
        assert (finished.complete, round(finished.seconds)) == (True, 10)
        assert desk.told(events.VoicemailLeft) == []


@in_virtual_time
async def test_where_it_cannot_be_played_back_the_caller_is_asked_all_the_same() -> None:
    async with office(flows=(FLOW.replace("silence: 3", "silence: 0"),)) as desk:  # with nothing that reads files
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 10)
        desk.line.key(caller, "#")
        await desk.wait(1)
        desk.line.key(caller, "1")
        await desk.wait(2)
        assert caller.over()
        assert len(desk.sound.takes) == 1
