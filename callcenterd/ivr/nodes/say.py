"""say: read a text aloud."""

from __future__ import annotations

from collections.abc import Mapping

from callcenterd.ivr.node import Flag, FlowCall, Node, NodeName, Template, Walk, is_fixed, node, present
from callcenterd.model.prompts import Prompt, Speech


@node("say", zh="朗读一段文字；按键可跳过。", en="Read a text aloud; a key skips it.")
class Say(Node):
    """interruptible: a key ends it; the key counts for the next menu."""

    say: Template
    interruptible: Flag = True
    next: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        await call.play([walk.speech(self.say)], stop_on_key=self.interruptible)
        return self.next

    def exits(self) -> Mapping[tuple[str, ...], NodeName]:
        return present(next=self.next)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return (Speech(self.say, language),) if is_fixed(self.say) else ()
