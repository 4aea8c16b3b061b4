"""callback: the caller wants to be called back."""

from __future__ import annotations

from typing import ClassVar

from callcenterd.ivr import texts
from callcenterd.ivr.node import Exits, FlowCall, Node, NodeName, QueueWord, Walk, node, present
from callcenterd.model import numbers
from callcenterd.model.ids import QueueName
from callcenterd.model.prompts import Prompt

TRIES = 3
KEY_SECONDS = 8.0
"""For the first digit, and from one to the next."""
SHORTEST, LONGEST = 3, 20
"""Digits of a number that can be called back."""


@node("callback", zh="预约回拨。", en="Ask to be called back.")
class Callback(Node):
    """The caller confirms the number they call from, or keys another one. next: after it; else the flow ends."""

    asks: ClassVar[bool] = True

    callback: QueueWord
    next: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        number = numbers.tidy(call.caller)
        if not _can_be_called(number) or not await self._confirmed(call, walk):
            number = await self._another(call, walk)
        if number:
            await call.keep_callback(QueueName(self.callback), number)
        await call.play([texts.say("callback_thanks" if number else "callback_none", walk)])
        return self.next

    async def _confirmed(self, call: FlowCall, walk: Walk) -> bool:
        """1 is yes, 2 is another number; who presses nothing means the phone they hold."""
        for _ in range(TRIES):
            key = await call.ask([texts.say("callback_offer", walk)], seconds=KEY_SECONDS)
            if key in {"1", "2"}:
                walk.acted()
                return key == "1"
        return True

    async def _another(self, call: FlowCall, walk: Walk) -> str:
        """A number keyed digit by digit; "" if there is none after all tries."""
        for _ in range(TRIES):
            digits = ""
            key = await call.ask([texts.say("callback_number", walk)], seconds=KEY_SECONDS)
            while key is not None and key.isdigit() and len(digits) <= LONGEST:
                digits += key
                key = await call.ask([], seconds=KEY_SECONDS)
            if _can_be_called(digits):
                walk.acted()
                return digits
        return ""

    def exits(self) -> Exits:
        return present(next=self.next)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return texts.fixed(language, "callback_number", "callback_thanks", "callback_none")


def _can_be_called(number: str) -> bool:
    digits = number.removeprefix("+")
    return digits.isascii() and digits.isdigit() and SHORTEST <= len(digits) <= LONGEST
