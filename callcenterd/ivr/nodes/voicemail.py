"""voicemail: the caller leaves a message for a queue, or for one agent or extension."""

from __future__ import annotations

from collections.abc import Iterable

from callcenterd.ivr import texts
from callcenterd.ivr.node import (
    BoxText,
    Exits,
    FlowCall,
    MailboxNow,
    Node,
    NodeName,
    Seconds,
    Template,
    Walk,
    is_fixed,
    node,
    present,
)
from callcenterd.model.prompts import Prompt, Recorded, Speech
from callcenterd.model.voicemail import Box

BEEP = "beep"


@node("voicemail", zh="给队列、座席或分机留言。", en="Leave a message for a queue, an agent or an extension.")
class Voicemail(Node):
    """A greeting, a tone, the message: until `#`, `limit` seconds, or the caller hangs up; thanks. One more try for a
    message too short to be one.

    attended: ClassVar[bool] = True
    asks: ClassVar[bool] = True

    voicemail: a queue, or whose box: `agent:1001`, `extension:8001`, also `extension:{{ called }}`. How long, how
    short and how many messages may be is said by its settings in the site file (`mailboxes`). greeting: instead of
    the box's. limit: instead of its `longest`. on_full: when the box takes no more; else the caller is told so, and
    goes to next. next: after it; else the flow ends.
    """

    voicemail: BoxText
    greeting: Template | None = None
    limit: Seconds | None = None
    on_full: NodeName | None = None
    next: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        box = Box.parse(walk.fill(self.voicemail))
        now = await call.mailbox(box)
        if now.full:
            if self.on_full is None:
                await call.play([texts.say("voicemail_full", walk)])
            return self.on_full or self.next
        tone = Recorded(BEEP, walk.language)
        for words in (self._greeting(now, walk), texts.say("voicemail_short", walk)):
            await call.play([words, tone])
            if await call.record_message(box, seconds=self.limit or now.longest):
                await call.play([texts.say("voicemail_thanks", walk)])
                break
        return self.next

    def _greeting(self, now: MailboxNow, walk: Walk) -> Prompt:
        if self.greeting is not None:
            return walk.speech(self.greeting)
        return walk.recorded(now.greeting or "voicemail", texts.text("voicemail", walk.language))

    def exits(self) -> Exits:
        return present(on_full=self.on_full, next=self.next)

    def problems(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        if is_fixed(self.voicemail):
            try:
                Box.parse(self.voicemail)
            except ValueError as fault:
                yield ("voicemail",), fault.args[0]

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        house = texts.fixed(language, "voicemail_short", "voicemail_thanks", "voicemail_full")
        if self.greeting is None:
            greeting: tuple[Prompt, ...] = texts.fixed(language, "voicemail")
        else:
            greeting = (Speech(self.greeting, language),) if is_fixed(self.greeting) else ()
        return (*greeting, *house, Recorded(BEEP, language))
