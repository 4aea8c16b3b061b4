"""conference: the caller speaks with everybody in a room."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from callcenterd.ivr import texts
from callcenterd.ivr.node import Exits, Flag, FlowCall, Node, NodeName, Walk, Word, node, present
from callcenterd.model.prompts import Prompt
from callcenterd.said import Said

TRIES = 3
KEY_SECONDS = 8.0
"""For the first digit, and from one to the next."""
LONGEST_PIN = 12


def _pin(text: str) -> str:
    if text and not (text.isascii() and text.isdigit() and 4 <= len(text) <= LONGEST_PIN):
        raise ValueError(Said("pin", most=LONGEST_PIN))
    return text


Pin = Annotated[str, AfterValidator(_pin)]


@node("conference", zh="进入会议室，与其他人一起通话。", en="Speak with everybody in a conference room.")
class Conference(Node):
    """conference: the room's name; who comes to the same name speaks together, whatever flow leads there.

    pin: digits that are asked for first. moderator_pin: who keys these instead is a moderator.
    end_with_moderator: the conference is over when its last moderator leaves. record: keep it, with the call of who is
    there longest. most: how many it holds. tones: who comes and goes is heard.
    next: after it; else the flow ends. on_refused: no right PIN after three tries. on_full: without it the caller is
    told so, and goes `next`. What a room is like is said by the first who comes to it.
    """

    attended: ClassVar[bool] = True
    asks: ClassVar[bool] = True

    conference: Word
    pin: Pin = ""
    moderator_pin: Pin = ""
    end_with_moderator: Flag = False
    record: Flag = False
    most: Annotated[int, Field(strict=True, ge=2, le=50)] = 50
    tones: Flag = True
    next: NodeName | None = None
    on_refused: NodeName | None = None
    on_full: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        moderator = await self._admitted(call, walk)
        if moderator is None:
            await call.play([texts.say("conference_refused", walk)])
            return self.on_refused
        result = await call.confer(
            self.conference,
            moderator=moderator,
            record=self.record,
            most=self.most,
            tones=self.tones,
            ends_with_moderator=self.end_with_moderator,
        )
        if result == "full":
            if self.on_full is None:
                await call.play([texts.say("conference_full", walk)])
            return self.on_full or self.next
        walk.acted()
        return self.next

    async def _admitted(self, call: FlowCall, walk: Walk) -> bool | None:
        """Is it a moderator; None: no right PIN. What is keyed goes nowhere else."""
        if not self.pin and not self.moderator_pin:
            return False
        for _ in range(TRIES):
            keyed = await self._keyed(call, walk)
            if self.moderator_pin and hmac.compare_digest(keyed, self.moderator_pin):
                return True
            if self.pin and hmac.compare_digest(keyed, self.pin):
                return False
            if not self.pin and not keyed:
                return False  # only moderators have a PIN: who keys none is a guest
        return None

    async def _keyed(self, call: FlowCall, walk: Walk) -> str:
        digits = ""
        key = await call.ask([texts.say("conference_pin", walk)], seconds=KEY_SECONDS, secret=True)
        while key is not None and key.isdigit() and len(digits) < LONGEST_PIN:
            digits += key
            key = await call.ask([], seconds=KEY_SECONDS, secret=True)
        return digits

    def exits(self) -> Exits:
        return present(next=self.next, on_refused=self.on_refused, on_full=self.on_full)

    def may_end(self) -> bool:
        asks = bool(self.pin or self.moderator_pin)
        return self.next is None or (asks and self.on_refused is None)

    def problems(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        if self.moderator_pin and self.moderator_pin == self.pin:
            yield ("moderator_pin",), Said("other_pin")
        if self.end_with_moderator and not self.moderator_pin:
            yield ("end_with_moderator",), Said("moderator_pin")

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        asked = ("conference_pin", "conference_refused") if self.pin or self.moderator_pin else ()
        return texts.fixed(language, *asked, "conference_full")
