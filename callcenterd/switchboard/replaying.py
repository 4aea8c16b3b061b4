"""A recording is played to the phone of who wants to hear it [回放] (TEL-03). It is no call of the office: in no
history, and in no figure.

The phone is rung as any own phone; who picks up hears both sides together. Its keys lead through it: 4 and 6 go back
and on by ten seconds, 5 pauses and goes on, # ends. At the end there is a short tone, and the phone is let go.

A long recording comes part by part: while one is heard, the next is made ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.calls.call import Leg
from callcenterd.errors import CallcenterdError
from callcenterd.media import tones
from callcenterd.media.recording import RATE
from callcenterd.model.ids import ExtensionNumber
from callcenterd.switchboard import own_phone
from callcenterd.switchboard.monitoring import OVER
from callcenterd.switchboard.own_phone import OwnCall, OwnCalls

_log = structlog.get_logger(__name__)

Sound = NDArray[np.int16]
Parts = Callable[[float], Awaitable[Sound]]
"""What there is from that second on: some of it, and nothing at all behind its end. May raise CallcenterdError."""

BACK, PAUSE, ON, END = "4", "5", "6", "#"
JUMP = 10.0
"""Seconds that a key goes back or on."""
PAUSE_SECONDS = 600.0
FIRST = tones.silence(0.5)
"""Until the phone is at the ear."""


@dataclass(eq=False)
class Replay(OwnCall):
    """One phone that hears a recording.

    first: what is heard at once, from second `begin` on. told: keys that were pressed, and plays that are over.
    """

    first: Sound
    parts: Parts
    begin: float
    told: asyncio.Queue[str | int] = field(default_factory=asyncio.Queue)


class Replays(OwnCalls[Replay]):
    WHAT = "replay"

    def begin(
        self, login: str, first: Sound, parts: Parts, *, begin: float = 0.0, extension: ExtensionNumber | None = None
    ) -> None:
        """Ring the phone of that user; who picks up hears the recording from second `begin` on, `first` at once.

        Raises NotFound for an extension that there is not, and NotNow: no phone can be rung, or it is in a call.
        """
        self._rung(Replay(own_phone.ring(self._board, login, extension), first, parts, begin))

    # ---- what the phone does -----------------------------------------------------------------------------------

    def key(self, leg: Leg, key: str) -> None:
        if (one := self._under_way.get(leg)) is not None and key in (BACK, PAUSE, ON, END):
            one.told.put_nowait(key)

    def played(self, leg: Leg, play: int) -> None:
        if (one := self._under_way.get(leg)) is not None:
            one.told.put_nowait(play)

    # ---- within ------------------------------------------------------------------------------------------------

    async def _serve(self, one: Replay) -> None:
        try:
            if await self._lead(one) and one.leg.alive:
                await self._part(one, [OVER])
        except CallcenterdError as fault:
            _log.error("a recording is not replayed to its end", number=one.leg.number, why=str(fault))
        finally:
            self.gone(one.leg)

    async def _lead(self, one: Replay) -> bool:
        """Is it heard to its end; False: somebody ended it."""
        at, sound, lead = one.begin, one.first, [FIRST]
        while len(sound):
            after = at + len(sound) / RATE
            coming = asyncio.ensure_future(one.parts(after))
            try:
                key, heard = await self._part(one, [*lead, sound])
                if key == "":
                    at, sound = after, await coming
                else:
                    at = min(after, max(0.0, at + heard - sum(map(len, lead)) / RATE))
            finally:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
            lead = []
            if key == PAUSE:
                key = await self._told(one, None, PAUSE_SECONDS)
            if key == END:
                return False
            if key:
                at = max(0.0, at + {BACK: -JUMP, ON: JUMP}.get(key, 0.0))
                sound = await one.parts(at)
        return True

    async def _part(self, one: Replay, sounds: list[Sound]) -> tuple[str, float]:
        """The key that ended it, "" if none did; and the seconds of it that were heard."""
        board = self._board
        since = board.clock.monotonic()
        key = await self._told(one, board.calls.play(one.leg, sounds))
        if key:
            board.calls.stop_play(one.leg)
        return key, board.clock.monotonic() - since

    async def _told(self, one: Replay, play: int | None, seconds: float | None = None) -> str:
        """The next key; "" if that play is over first. Who presses none for so many seconds has heard enough."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    told = await one.told.get()
                    if isinstance(told, str):
                        return told
                    if told == play:
                        return ""
        except TimeoutError:
            return END
