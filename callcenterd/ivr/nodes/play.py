"""play: a recording of the office."""

from __future__ import annotations

from callcenterd.ivr import texts
from callcenterd.ivr.node import (
    Exits,
    Flag,
    FlowCall,
    Node,
    NodeName,
    PromptName,
    Template,
    Walk,
    is_fixed,
    node,
    present,
)
from callcenterd.model.prompts import Prompt, Recorded


@node(
    "play",
    zh="播放录音提示；没有录音时朗读文字。",
    en="Play a recorded prompt; without a recording, read its text aloud.",
)
class Play(Node):
    """play: the recording's name under prompts/. text: read aloud while there is none.

    Names that the house has words for (`texts`) need no text. interruptible as in say.
    """

    play: PromptName
    text: Template | None = None
    interruptible: Flag = True
    next: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        prompt = walk.recorded(self.play, words(self.play, self.text, walk.language))
        await call.play([prompt], stop_on_key=self.interruptible)
        return self.next

    def lets_keys_pass(self) -> bool:
        return self.interruptible

    def exits(self) -> Exits:
        return present(next=self.next)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        text = words(self.play, self.text, language)
        return (Recorded(self.play, language, text),) if is_fixed(text) else ()


def words(name: str, text: str | None, language: str) -> str:
    """What is read aloud if there is no recording of this name: the office's words, the house's, or none."""
    if text is not None:
        return text
    return texts.text(name, language) if name in texts.TEXTS else ""
