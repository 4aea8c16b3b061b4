"""Messages that callers speak: begun, ended, too short to be one, and those that a crash cut off (ACD-04, REC-04).

That somebody speaks a message is kept from its first second. What the last run left so is looked at after a start,
when its recording is whole again: it is a message like any other, or was too short to be one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.errors import CallcenterdError, NotFound
from callcenterd.ivr.node import MailboxNow
from callcenterd.model import events
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.model.voicemail import Begun, Box
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

LOOK_EVERY = 0.25
"""Seconds between two looks whether who leaves a message still talks."""
PLAY_BACK_SECONDS = 8.0
"""A caller who waits to hear what they spoke waits no longer for it."""
RESCUE_EVERY = 0.5
"""Seconds between two looks at recordings that are still to be repaired."""


@dataclass(eq=False, slots=True)
class Speaking:
    """Times are monotonic. box: None: it is kept with the call only. voice: seconds of speech that the leg had when it
    was looked at last, at voice_at.

    spoken_until: when the caller was last found to talk; None: not since the tone.
    """

    recording: RecordingId
    box: Box | None
    since: float
    shortest: float
    silence: float
    voice: float
    spoken_until: float | None = None


@dataclass(eq=False, slots=True)
class _Own:
    """What a caller speaks that no box gets. closed: its file is whole."""

    call: CallId
    path: Path
    closed: asyncio.Event = field(default_factory=asyncio.Event)


class VoicemailDesk:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._task: asyncio.Task[None] | None = None
        self._own: dict[RecordingId, _Own] = {}
        board.bus.listen(events.RecordingFinished, self._finished)
        board.bus.listen(events.CallEnded, self._ended)

    async def mailbox(self, box: Box) -> MailboxNow:
        """Its settings, and whether there is room in it. A box of nobody that we know is logged, and takes messages all
        the same: a supervisor finds them."""
        board = self._board
        if not self._known(box):
            _log.error("flow names a box of nobody", box=str(box))
        settings = board.site.mailbox(box)
        full = False
        if settings.most:
            try:
                full = await board.store.voicemail.waiting_in(box) >= settings.most
            except CallcenterdError as fault:  # a message too many is better than none
                _log.error("messages not counted", box=str(box), why=str(fault))
        return MailboxNow(settings.greeting, settings.longest, settings.silence, full)

    def _known(self, box: Box) -> bool:
        site = self._board.site
        names = {
            "queue": {str(queue.name) for queue in site.queues},
            "agent": {user.login for user in site.users},
            "extension": {str(extension.number) for extension in site.extensions},
        }
        return box.name in names[box.kind]

    def begin_own(self, journey: Journey, *, shortest: float, silence: float) -> RecordingId:
        """From now on what the caller says is kept with the call, and in no box; whatever cuts it off, the call has
        that recording."""
        recording = self._begin(journey, None, shortest, silence)
        self._own[recording] = _Own(journey.call.id, self._board.recording_path(journey, recording))
        return recording

    async def voice_of(self, recording: RecordingId) -> NDArray[np.int16] | None:
        """What a caller has just spoken (`begin_own`, `end`); None, and logged, if it cannot be had."""
        own = self._own.get(recording)
        try:
            if own is None:
                raise NotFound("recording", recording)
            async with asyncio.timeout(PLAY_BACK_SECONDS):
                await own.closed.wait()
                return await self._board.voice_of(own.path)
        except (CallcenterdError, TimeoutError) as fault:
            _log.error("what was spoken cannot be played back", recording=recording, why=str(fault))
            return None

    def _finished(self, fact: events.RecordingFinished) -> None:
        if (own := self._own.get(fact.recording)) is not None:
            own.closed.set()

    def _ended(self, fact: events.CallEnded) -> None:
        for recording in [name for name, own in self._own.items() if own.call == fact.call]:
            del self._own[recording]

    def _begin(self, journey: Journey, box: Box | None, shortest: float, silence: float) -> RecordingId:
        recording = self._board.record(journey, None)
        now = self._board.clock.monotonic()
        journey.message = Speaking(recording, box, now, shortest, silence, self._voice(journey))
        return recording

    def begin(self, journey: Journey, box: Box) -> None:
        """From now on what the caller says is a message."""
        board, settings = self._board, self._board.site.mailbox(box)
        recording = self._begin(journey, box, settings.shortest, settings.silence)
        board.bus.publish(
            events.VoicemailBegun(
                at=board.clock.utc(),
                call=journey.call.id,
                queue=box.queue,
                agent=box.agent,
                extension=box.extension,
                recording=recording,
                caller=journey.call.caller,
            )
        )

    def has_fallen_silent(self, journey: Journey) -> bool:
        """Has the caller said nothing for as long as the box waits? False if it does not."""
        speaking = journey.message
        if speaking is None or not speaking.silence:
            return False
        now, voice = self._board.clock.monotonic(), self._voice(journey)
        if voice > speaking.voice:
            speaking.voice, speaking.spoken_until = voice, now
        return now - (speaking.spoken_until or speaking.since) >= speaking.silence

    def end(self, journey: Journey) -> float:
        """Answers its seconds; 0 if it is too short to be a message. Where silence ends a message, the silence at its
        end does not make it one."""
        speaking = journey.message
        if speaking is None:
            return 0.0
        board = self._board
        quiet = self.has_fallen_silent(journey)
        journey.message = journey.recording = None
        board.calls.stop_recording(speaking.recording)
        seconds = board.clock.monotonic() - speaking.since
        said = seconds if not quiet else (speaking.spoken_until or speaking.since) - speaking.since
        if speaking.box is None:
            return seconds if said >= speaking.shortest else 0.0
        if said < speaking.shortest:
            board.bus.publish(
                events.VoicemailDropped(
                    at=board.clock.utc(),
                    call=journey.call.id,
                    recording=speaking.recording,
                    seconds=round(seconds, 1),
                )
            )
            return 0.0
        journey.left = "voicemail"
        begun = Begun(
            recording_id=speaking.recording,
            call=journey.call.id,
            box=speaking.box,
            caller=journey.call.caller,
            at=board.clock.utc(),
        )
        board.bus.publish(_left(begun, seconds))
        return seconds

    def _voice(self, journey: Journey) -> float:
        """Seconds for which who called has talked until now."""
        figures = self._board.calls.statistics(journey.call.first)
        return 0.0 if figures is None else figures.voice_seconds

    # ---- after a crash ----------------------------------------------------------------------------------

    def rescue(self) -> None:
        """Begin to look for messages that the last run left being spoken. Their recordings are repaired meanwhile."""
        self._task = asyncio.create_task(self._rescue())

    async def stop(self) -> None:
        """What was not rescued yet is at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _rescue(self) -> None:
        started = self._board.clock.utc()
        waiting: list[Begun] | None = None
        while waiting is None or waiting:
            try:
                if waiting is None:
                    kept = await self._board.store.voicemail.begun()
                    waiting = [begun for begun in kept if begun.at < started]
                waiting = [begun for begun in waiting if not await self._rescued(begun)]
            except CallcenterdError as fault:
                _log.warning("messages of the last run are looked for later", why=str(fault))
            await asyncio.sleep(RESCUE_EVERY)

    async def _rescued(self, begun: Begun) -> bool:
        """Is there nothing more to be done about it? Raises CannotStore."""
        board = self._board
        recording = await board.store.recordings.get(begun.recording_id)
        if recording.octets is None:
            return False
        seconds = recording.seconds or 0.0
        at = recording.finished_at or begun.at
        if recording.octets and seconds >= board.site.mailbox(begun.box).shortest:
            _log.warning("a message that was cut off is kept", call=begun.call, seconds=round(seconds, 1))
            kept = Begun(recording_id=begun.recording_id, call=begun.call, box=begun.box, caller=begun.caller, at=at)
            board.bus.publish(_left(kept, seconds))
        else:
            board.bus.publish(
                events.VoicemailDropped(at=at, call=begun.call, recording=begun.recording_id, seconds=round(seconds, 1))
            )
        return True


def _left(message: Begun, seconds: float) -> events.VoicemailLeft:
    return events.VoicemailLeft(
        at=message.at,
        call=message.call,
        queue=message.box.queue,
        agent=message.box.agent,
        extension=message.box.extension,
        recording=message.recording_id,
        caller=message.caller,
        seconds=round(seconds, 1),
    )
