"""A call over one trunk to try it: "call my mobile". Who picks up hears a sentence, and it is over.

It is no call of the office: in no history, and in no figure. One at a time, since each costs money; it is bounded in
time, and takes no channel that is not free.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Leg
from callcenterd.errors import CallcenterdError, LocalError, NotFound, NotNow, Refused
from callcenterd.media.facts import LegStatistics
from callcenterd.model import numbers
from callcenterd.model.ids import TrunkName
from callcenterd.model.prompts import Speech
from callcenterd.model.setup import TestCall, TestCallCode
from callcenterd.model.site import Trunk
from callcenterd.sip.events import ToTrunk
from callcenterd.switchboard.outbound import written_for

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

RING_SECONDS = 45.0
LONGEST = 30.0
"""Seconds that it may last once somebody has picked up."""
HEARD = 25
"""Packets of 20 ms: half a second of sound."""
_LONGEST_NUMBER = 32
_SAID = {
    "zh-CN": "您好，这是呼叫中心的测试电话。您能听到这句话，说明外线呼出正常。再见。",
    "en": "Hello. This is a test call of your call centre. If you hear this, calls go out. Goodbye.",
}
_BY_STATUS: dict[int, TestCallCode] = {
    401: "account_refused",
    403: "caller_refused",
    404: "no_such_number",
    407: "account_refused",
    408: "no_reply",
    410: "no_such_number",
    415: "no_codec",
    480: "switched_off",
    484: "no_such_number",
    486: "busy",
    487: "no_answer",
    488: "no_codec",
    503: "trouble",
    600: "busy",
    603: "caller_refused",
    604: "no_such_number",
    606: "no_codec",
}


class TestCalls:
    __test__ = False  # no test of ours, to pytest

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._newest: TestCall | None = None
        self._leg: Leg | None = None
        self._closing: Leg | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._speaking: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        self.hang_up()
        if self._speaking is not None:
            await asyncio.gather(self._speaking, return_exceptions=True)

    def now(self, trunk: TrunkName) -> TestCall | None:
        """The newest, if it was over that trunk."""
        return self._newest if self._newest is not None and self._newest.trunk == trunk else None

    def begin(self, trunk: TrunkName, number: str) -> TestCall:
        """Raises NotFound for a trunk that there is not, Refused for what is no number, and NotNow: one is under way,
        or every channel is taken."""
        board, number = self._board, numbers.tidy(number)
        known = next((one for one in board.site.trunks if one.name == trunk), None)
        if known is None:
            raise NotFound("trunk", trunk)
        digits = number.removeprefix("+")
        if not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST_NUMBER:
            raise Refused(f"{number[:_LONGEST_NUMBER]} is no number", {"number": "is no number"})
        if numbers.is_emergency(number, board.region):
            raise Refused("an emergency number is not called to try something", {"number": "is an emergency number"})
        if board.draining:
            raise NotNow("the server is about to stop")
        if self._leg is not None or self._closing is not None:
            raise NotNow("a test call is under way")
        if 0 < known.channels <= board.calls.channels(trunk):
            raise NotNow(f"all {known.channels} channels of {trunk} are taken")
        dialled = written_for(known, number, board.region)
        begun = TestCall(trunk=trunk, number=number, dialled=dialled, at=board.clock.utc(), state="dialling")
        try:
            leg = board.calls.dial(ToTrunk(trunk, dialled, (number,)), call=None, caller=self._shown(known))
        except LocalError as fault:
            self._newest = replace(begun, state="refused", code="cannot_send", words=str(fault)[:200])
            return self._newest
        leg.call.told = False
        self._newest, self._leg = begun, leg
        self._after(RING_SECONDS)
        return begun

    def _shown(self, trunk: Trunk) -> str:
        """What the trunk shows, its account, or the first number of the office that is whole."""
        numbers_of_ours = (route.match for route in self._board.site.numbers if route.match.isdigit())
        return trunk.caller or trunk.username or next(numbers_of_ours, "")

    def hang_up(self) -> None:
        """Whoever asked has heard enough."""
        if self._leg is not None:
            self._over()

    # ---- told by the switchboard ----------------------------------------------------------------------------

    def knows(self, leg: Leg) -> bool:
        return leg is self._leg

    def ringing(self) -> None:
        self._become(state="ringing")

    def answered(self) -> None:
        assert self._leg is not None
        self._become(state="answered")
        self._after(LONGEST)
        self._speaking = asyncio.create_task(self._speak(self._leg), name="test call")

    def refused(self, leg: Leg) -> None:
        status = 0 if leg.refusal is None else leg.refusal.status
        words = "" if leg.refusal is None else leg.refusal.words
        code = _BY_STATUS.get(status, "trouble")
        self._become(state="refused", code=code, status=status, words=words)
        self._forget()

    def gone(self) -> None:
        """They have hung up."""
        self._over()

    # ---- within ----------------------------------------------------------------------------------------------

    async def _speak(self, leg: Leg) -> None:
        board = self._board
        language = board.language if board.language in _SAID else "en"
        try:
            sound = await board.prompts.sound(Speech(_SAID[language], language))
        except CallcenterdError as fault:
            _log.warning("a test call says nothing", why=str(fault))
            return
        if leg is self._leg and leg.alive:
            board.calls.play(leg, [sound])
            self._after(len(sound) / 8000 + 3.0)  # time for an answer, so that something is heard

    def _after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._over)

    def _over(self) -> None:
        """What was heard of them is told last, when the leg is closed (`measured`)."""
        leg = self._leg
        if leg is None or self._newest is None:
            return
        if self._newest.state == "answered":
            self._closing = leg
        else:
            self._become(state="refused", code="no_answer")
        self._forget()
        self._board.calls.end(leg.call)

    def measured(self, leg: Leg, sound: LegStatistics) -> None:
        if leg is self._closing:
            self._closing = None
            heard = sound.received >= HEARD
            self._become(state="over", heard=heard, code="" if heard else "no_sound")

    def _forget(self) -> None:
        self._leg = None
        if self._timer is not None:
            self._timer.cancel()

    def _become(self, **fields: object) -> None:
        if self._newest is not None:
            self._newest = replace(self._newest, **fields)  # type: ignore[arg-type]  # its own fields
