"""message: the caller speaks, and it is kept as a recording of the call; no mailbox has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import Field

from callcenterd.ivr import texts
from callcenterd.ivr.node import (
    OPERATOR_KEY,
    Count,
    Exits,
    FlowCall,
    Name,
    Node,
    NodeName,
    OperatorWanted,
    Seconds,
    Walk,
    node,
    present,
)
from callcenterd.ivr.nodes.voicemail import BEEP
from callcenterd.ivr.saying import Saying, fixed, prompts
from callcenterd.model.ids import RecordingId
from callcenterd.model.prompts import Prompt, Recorded
from callcenterd.said import Said

KEEP, AGAIN = "1", "2"
MOST_TAKES = 5
ASKED = 2
"""How often it is asked what is to become of it; then it is kept."""


@node("message", zh="录下来电人说的话，作为通话的录音保存。", en="Record what the caller says, with the call.")
class Message(Node):
    """message: the variable's name; it holds recording (its name, as in the call's history) and seconds. The greeting,
    a tone, the message: until `#`, `limit` seconds, `silence` seconds without a word (0: silence does not end it), or
    the caller hangs up, and then it is kept as well. shortest: seconds below which it is none; it is asked for again as
    often as retries says. review: what is asked after it was played back: 1 keeps it, 2 records it anew; without it
    nothing is played back. A take that was replaced stays a recording of the call too. timeout: seconds for that key.
    next: there is one; on_none: nothing was said; without it, next. Whoever may hear the call's recordings finds it in
    the history.
    """

    asks: ClassVar[bool] = True
    attended: ClassVar[bool] = True

    message: Name
    greeting: Saying | None = None
    limit: Seconds = 120
    silence: Annotated[float, Field(strict=True, ge=0, le=60)] = 0
    shortest: Annotated[float, Field(strict=True, gt=0, le=60)] = 2
    review: Saying | None = None
    timeout: Seconds = 6
    retries: Count = 1
    next: NodeName | None = None
    on_none: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        tone, left = Recorded(BEEP, walk.language), self.retries
        words: list[Prompt] = [texts.say("prompt_record", walk)]
        if self.greeting is not None:
            words = prompts(self.greeting, walk)
        walk.set(self.message, {"recording": "", "seconds": 0})
        there = False
        for take in range(MOST_TAKES):
            await call.play([*words, tone])
            spoken = await call.record_own(seconds=self.limit, silence=self.silence, shortest=self.shortest)
            if not spoken.seconds:
                if not left:
                    return self.next if there else self.on_none or self.next
                left, words = left - 1, [texts.say("voicemail_short", walk)]
                continue
            there = True
            walk.acted()
            walk.set(self.message, {"recording": spoken.recording, "seconds": spoken.seconds})
            call.tell(self.message, f"{spoken.seconds:g} s")
            if self.review is None or take == MOST_TAKES - 1 or await self._kept(call, walk, spoken.recording):
                break
        return self.next

    async def _kept(self, call: FlowCall, walk: Walk, recording: RecordingId) -> bool:
        """False: the caller wants to say it again."""
        await call.play_back(recording)
        question = prompts(self.review or (), walk)
        for _ in range(ASKED):
            key = await call.ask(question, seconds=self.timeout)
            if key is None:
                continue
            walk.acted()
            if key == OPERATOR_KEY and self.operator and walk.has_operator:
                raise OperatorWanted
            if key in (KEEP, AGAIN):
                return key == KEEP
        return True

    def exits(self) -> Exits:
        return present(next=self.next, on_none=self.on_none)

    def sets(self) -> Iterable[str]:
        return (self.message,)

    def shows(self) -> Iterable[str]:
        return (self.message,)

    def problems(self) -> Iterable[tuple[tuple[str, ...], str]]:
        if self.shortest >= self.limit:
            yield ("shortest",), Said("shorter_than_limit", limit=f"{self.limit:g}")

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        own = fixed(self.greeting, language) if self.greeting is not None else texts.fixed(language, "prompt_record")
        house = texts.fixed(language, "voicemail_short")
        return (*own, *house, *fixed(self.review or (), language), Recorded(BEEP, language))
