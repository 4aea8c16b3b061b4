"""A prompt is spoken into a phone: the phone of who wants it is rung, says what to do, and is recorded (IVR-05).

Such a call is no call of the office: it is in no history and no figure. `#` ends it, so does hanging up; what was
spoken until then is handed on as a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import structlog

from callcenterd.calls.call import Leg
from callcenterd.ivr import texts
from callcenterd.ivr.nodes.voicemail import BEEP
from callcenterd.media.facts import RecordingClosed, RecordingFailed
from callcenterd.model.ids import ExtensionNumber, RecordingId
from callcenterd.model.prompts import Recorded
from callcenterd.switchboard import own_phone
from callcenterd.switchboard.flowcall import LiveFlowCall
from callcenterd.switchboard.journey import Journey
from callcenterd.switchboard.own_phone import OwnPhone

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

LONGEST = 600.0
"""Seconds of a prompt that is spoken."""
SHORTEST = 0.5
CLOSE_SECONDS = 10.0

Told = Literal["ringing", "speaking", "spoken", "no_answer", "short", "failed"]


@dataclass(eq=False)
class Take:
    """One phone that is spoken into."""

    phone: OwnPhone
    path: Path
    language: str
    tell: Callable[[Told], None]
    timer: asyncio.TimerHandle
    closed: asyncio.Future[bool]
    left: asyncio.Event
    recording: RecordingId | None = None
    task: asyncio.Task[None] | None = None

    @property
    def leg(self) -> Leg:
        return self.phone.leg


class Recorder:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._takes: list[Take] = []

    async def stop(self) -> None:
        tasks = []
        for take in list(self._takes):
            if take.task is None:
                self._over(take, "failed")
            else:
                take.task.cancel()
                tasks.append(take.task)
        await asyncio.gather(*tasks, return_exceptions=True)

    def begin(
        self,
        login: str,
        path: Path,
        tell: Callable[[Told], None],
        *,
        language: str,
        extension: ExtensionNumber | None = None,
    ) -> None:
        """Ring the phone of that user. path: of the file, WAV; it is whole when "spoken" is told.

        Raises NotFound for an extension that there is not, and NotNow: no phone can be rung, or it is in a call.
        """
        phone = own_phone.ring(self._board, login, extension)
        loop = asyncio.get_running_loop()
        take = Take(
            phone, path, language, tell, timer=loop.call_later(own_phone.RING_SECONDS, self._not_taken, phone.leg),
            closed=loop.create_future(), left=asyncio.Event(),
        )  # fmt: skip
        self._takes.append(take)
        tell("ringing")

    def rings_at(self, number: str) -> bool:
        """Does that phone ring, or is it spoken into?"""
        return any(take.leg.number == number for take in self._takes)

    # ---- what the phone does --------------------------------------------------------------------------------------

    def knows(self, leg: Leg) -> bool:
        return self._take(leg) is not None

    def answered(self, leg: Leg) -> None:
        take = self._take(leg)
        if take is None or take.task is not None:
            return
        take.timer.cancel()
        now = self._board.clock.utc()
        hand = LiveFlowCall(self._board, Journey(call=leg.call, began_at=now, state_at=now), take.language)
        self._board.in_flow[leg.call.id] = hand
        take.task = asyncio.create_task(self._serve(take, hand), name=f"prompt spoken at {leg.number}")

    def refused(self, leg: Leg) -> None:
        self._not_taken(leg)

    def gone(self, leg: Leg) -> bool:
        """Has who is recorded hung up? What was spoken is kept."""
        take = self._take(leg)
        if take is None:
            return False
        if take.task is None:
            self._over(take, "no_answer")
        elif take.recording is None:
            take.task.cancel()  # before the tone: there is nothing to keep
        else:
            take.left.set()
        return True

    def recorded(self, closed: RecordingClosed) -> bool:
        """Is it ours?"""
        take = next((take for take in self._takes if take.recording == closed.recording), None)
        if take is not None and not take.closed.done():
            take.closed.set_result(closed.complete and closed.octets > 0 and closed.seconds >= SHORTEST)
        return take is not None

    def recording_failed(self, failed: RecordingFailed) -> bool:
        return any(take.recording == failed.recording for take in self._takes)

    # ---- within ---------------------------------------------------------------------------------------------------

    def _take(self, leg: Leg) -> Take | None:
        return next((take for take in self._takes if take.leg is leg), None)

    def _not_taken(self, leg: Leg) -> None:
        if (take := self._take(leg)) is not None and take.task is None:
            _log.info("own phone did not take a call", call=leg.call.id, number=leg.number)
            self._over(take, "no_answer")

    async def _serve(self, take: Take, hand: LiveFlowCall) -> None:
        result: Told = "failed"
        try:
            await hand.play([texts.house("prompt_record", take.language), Recorded(BEEP, take.language)])
            await self._record(take, hand)
            result = "spoken" if await self._is_whole(take) else "short"
            if take.leg.alive and not take.left.is_set():
                said = "prompt_recorded" if result == "spoken" else "prompt_short"
                await hand.play([texts.house(said, take.language)])
        except Exception:  # noqa: BLE001  # a fault in one call ends that call only
            _log.exception("prompt not recorded", call=take.leg.call.id)
        finally:
            self._over(take, result)

    async def _record(self, take: Take, hand: LiveFlowCall) -> None:
        take.recording = RecordingId(f"prompt-{take.leg.call.id}")
        self._board.calls.record(take.recording, take.path, take.leg, None)
        take.tell("speaking")
        ends = [asyncio.ensure_future(self._pound(hand)), asyncio.ensure_future(take.left.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            self._board.calls.stop_recording(take.recording)

    async def _pound(self, hand: LiveFlowCall) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST
        while loop.time() < until and await hand.ask([], seconds=until - loop.time()) != "#":
            pass

    async def _is_whole(self, take: Take) -> bool:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                return await take.closed
        except TimeoutError:
            _log.error("recording of a prompt not closed", call=take.leg.call.id)
            return False

    def _over(self, take: Take, result: Told) -> None:
        if take not in self._takes:
            return
        self._takes.remove(take)
        take.timer.cancel()
        own_phone.let_go(self._board, take.phone)
        take.tell(result)
