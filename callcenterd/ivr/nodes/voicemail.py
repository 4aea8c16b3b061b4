"""voicemail: the caller leaves a message for a queue."""

from __future__ import annotations

from collections.abc import Mapping

from callcenterd.ivr import texts
from callcenterd.ivr.node import (
    SHORTEST_MESSAGE,
    FlowCall,
    Node,
    NodeName,
    Seconds,
    Template,
    Walk,
    Word,
    is_fixed,
    node,
    present,
)
from callcenterd.model.ids import QueueName
from callcenterd.model.prompts import Prompt, Recorded, Speech

BEEP = "beep"


@node("voicemail", zh="给队列留言。", en="Leave a message for a queue.")
class Voicemail(Node):
    """A greeting, a tone, the message: until `#`, `limit` seconds, or the caller hangs up; thanks. One more try for a
    message too short to be one. greeting: instead of the house's words. next: after it; else the flow ends.
    """

    voicemail: Word
    greeting: Template | None = None
    limit: Seconds = 180
    next: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        tone = Recorded(BEEP, walk.language)
        greeting: Prompt = texts.say("voicemail", walk) if self.greeting is None else walk.speech(self.greeting)
        for words in (greeting, texts.say("voicemail_short", walk)):
            await call.play([words, tone])
            if await call.record_message(QueueName(self.voicemail), seconds=self.limit) >= SHORTEST_MESSAGE:
                await call.play([texts.say("voicemail_thanks", walk)])
                break
        return self.next

    def exits(self) -> Mapping[tuple[str, ...], NodeName]:
        return present(next=self.next)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        house = texts.fixed(language, "voicemail_short", "voicemail_thanks")
        if self.greeting is None:
            greeting: tuple[Prompt, ...] = texts.fixed(language, "voicemail")
        else:
            greeting = (Speech(self.greeting, language),) if is_fixed(self.greeting) else ()
        return (*greeting, *house, Recorded(BEEP, language))
