"""say: read a text aloud, and values by rule."""

from __future__ import annotations

from callcenterd.ivr.node import Exits, Flag, FlowCall, Node, NodeName, Walk, node, present
from callcenterd.ivr.saying import Saying, fixed, prompts
from callcenterd.model.prompts import Prompt


@node(
    "say",
    zh="朗读一段文字，或按规则读出数值（号码、数字、金额、日期、时间等）；按键可跳过。",
    en="Read a text aloud, or values by rule (digits, numbers, money, dates, times); a key skips it.",
)
class Say(Node):
    """say: a text, or a list of texts and values. interruptible: a key ends it; the key counts for the next menu."""

    say: Saying
    interruptible: Flag = True
    next: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        await call.play(prompts(self.say, walk), stop_on_key=self.interruptible)
        return self.next

    def lets_keys_pass(self) -> bool:
        return self.interruptible

    def exits(self) -> Exits:
        return present(next=self.next)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return fixed(self.say, language)
