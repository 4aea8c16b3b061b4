"""Who is recorded is told so (REC-01): in words before it begins, and by a soft tone from time to time meanwhile.

The caller hears the words before the wait for an agent, so that nothing is recorded that was not said to be; an agent
hears them over the beginning of the conversation. The tone is heard by both sides over what they say. Neither is in
the recording, which keeps what comes from people.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import structlog

from callcenterd.calls.call import Leg
from callcenterd.errors import CallcenterdError
from callcenterd.ivr import texts
from callcenterd.media import tones
from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.prompts import Recorded
from callcenterd.model.site import QueueSettings
from callcenterd.switchboard.holding import agent_of
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

NOTICE = "recording_notice"
BEEP_LEVEL = 1600.0
"""Peak: 26 dB below full scale, clearly heard and no nuisance."""
_RISE = 80
"""Samples in which the tone rises and falls: 10 ms, so that it does not click."""


def beep() -> tones.Sound:
    """1400 Hz for 0.2 s."""
    sound = tones.tone([1400.0], 0.2, BEEP_LEVEL).astype(np.float64)
    rise = np.linspace(0.0, 1.0, _RISE)
    sound[:_RISE] *= rise
    sound[-_RISE:] *= rise[::-1]
    return np.rint(sound).astype(np.int16)


class Notices:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._beep = beep()
        self._timers: dict[CallId, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def for_caller(self, journey: Journey, queue: QueueName, language: str) -> Recorded | None:
        """What a caller of that queue is to hear before the wait; None: nothing, or it was heard."""
        settings = self._settings(queue)
        if settings is None or not settings.record or settings.announce_recording == "none" or journey.told_recorded:
            return None
        journey.told_recorded = True
        return texts.house(NOTICE, language)

    def begun(self, journey: Journey) -> None:
        """A conversation began to be recorded."""
        settings = self._settings(journey.queue)
        if settings is None:
            return
        leg = journey.with_person
        if settings.announce_recording == "both" and leg is not None:
            task = asyncio.create_task(self._say(leg))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._beep_later(journey, settings)

    def over(self, journey: Journey) -> None:
        """It is recorded no more."""
        timer = self._timers.pop(journey.call.id, None)
        if timer is not None:
            timer.cancel()

    async def _say(self, leg: Leg) -> None:
        try:
            sound = await self._board.prompts.sound(texts.house(NOTICE, self._language_of(leg)))
        except CallcenterdError as fault:
            _log.error("recording not announced", call=leg.call.id, why=str(fault))
            return
        if leg.alive and leg.joined is not None:
            self._board.calls.announce(leg, [sound])

    def _language_of(self, leg: Leg) -> str:
        agent = agent_of(self._board, leg)
        user = next((user for user in self._board.site.users if user.login == agent), None)
        return self._board.language if user is None else user.language

    def _beep_later(self, journey: Journey, settings: QueueSettings) -> None:
        self.over(journey)
        if settings.recording_beep > 0:
            loop = asyncio.get_running_loop()
            self._timers[journey.call.id] = loop.call_later(settings.recording_beep, self._sound, journey, settings)

    def _sound(self, journey: Journey, settings: QueueSettings) -> None:
        if journey.ended or journey.recording is None:
            return
        self._beep_later(journey, settings)
        if journey.paused is not None:
            return  # nothing is kept just now, and nothing says so
        for leg in (journey.call.first, journey.with_person, *journey.others):
            if leg is not None and leg.alive:
                self._board.calls.announce(leg, [self._beep])

    def _settings(self, name: QueueName | None) -> QueueSettings | None:
        return next((queue for queue in self._board.site.queues if queue.name == name), None)
