"""A recording is paused while something is said that must not be kept (a card number), and goes on afterwards.

The pause is the call's, not the agent's: who gets the call by a transfer has it as it is, sees it, and may end it. A
pause that is forgotten is told, again and again, until somebody ends it; the end of the conversation ends it too.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from callcenterd.errors import NotNow
from callcenterd.model import events
from callcenterd.model.ids import CallId
from callcenterd.switchboard.journey import Journey, Paused

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

FORGOTTEN_SECONDS = 180.0
"""After which a pause is told as one that may be forgotten; then each time as long again."""
SYSTEM = "system"


class Pausing:
    def __init__(self, board: Switchboard, forgotten_seconds: float = FORGOTTEN_SECONDS) -> None:
        self._board = board
        self._forgotten_seconds = forgotten_seconds
        self._timers: dict[CallId, asyncio.TimerHandle] = {}

    def pause(self, journey: Journey, by: str) -> None:
        """Paused already: it stays so, and counts from its beginning. Raises NotNow if nothing is recorded."""
        if journey.recording is None or journey.message is not None:
            raise NotNow("the call is not being recorded")
        if journey.paused is not None:
            return
        board = self._board
        journey.paused = Paused(by, board.clock.utc(), board.clock.monotonic())
        board.calls.pause_recording(journey.recording)
        self._look_later(journey)
        board.bus.publish(
            events.RecordingPaused(at=journey.paused.at, recording=journey.recording, call=journey.call.id, by=by)
        )

    def resume(self, journey: Journey, by: str) -> None:
        """Not paused: nothing changes. Raises NotNow if nothing is recorded."""
        if journey.recording is None:
            raise NotNow("the call is not being recorded")
        if journey.paused is None:
            return
        self._board.calls.resume_recording(journey.recording)
        self._over(journey, by)

    def recording_ends(self, journey: Journey) -> None:
        """The recording is about to be stopped: a pause ends with it, so that the story has both marks."""
        if journey.paused is not None:
            self._over(journey, SYSTEM)

    def _over(self, journey: Journey, by: str) -> None:
        paused, recording = journey.paused, journey.recording
        assert paused is not None
        assert recording is not None
        journey.paused = None
        self._timers.pop(journey.call.id).cancel()
        self._board.bus.publish(
            events.RecordingResumed(
                at=self._board.clock.utc(),
                recording=recording,
                call=journey.call.id,
                by=by,
                seconds=self._seconds(paused),
            )
        )

    def _look_later(self, journey: Journey) -> None:
        loop = asyncio.get_running_loop()
        self._timers[journey.call.id] = loop.call_later(self._forgotten_seconds, self._still_paused, journey)

    def _still_paused(self, journey: Journey) -> None:
        paused, recording = journey.paused, journey.recording
        if paused is None or recording is None:
            return
        self._look_later(journey)
        seconds = self._seconds(paused)
        _log.warning("recording still paused", call=journey.call.id, by=paused.by, seconds=seconds)
        self._board.bus.publish(
            events.RecordingStillPaused(
                at=self._board.clock.utc(),
                recording=recording,
                call=journey.call.id,
                by=paused.by,
                seconds=seconds,
            )
        )

    def _seconds(self, paused: Paused) -> float:
        return round(self._board.clock.monotonic() - paused.since, 1)
