"""menu: ask for a key, and go where it leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from callcenterd.ivr.node import (
    KEYS,
    OPERATOR_KEY,
    Count,
    FlowCall,
    Node,
    NodeName,
    PromptName,
    Seconds,
    Template,
    Walk,
    is_fixed,
    node,
)
from callcenterd.ivr.nodes.play import words
from callcenterd.model.prompts import Prompt, Recorded, Speech


class Question(BaseModel):
    """say: a text that is read; or play: a recording, with the text that stands in for it.

    timeout: seconds for a key after the question. retries: how often it is asked again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: Template | None = None
    play: PromptName | None = None
    text: Template | None = None
    timeout: Seconds = 5
    retries: Count = 2

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.say is None) == (self.play is None):
            raise ValueError("say or play is wanted, one of the two")
        if self.text is not None and self.play is None:
            raise ValueError("text belongs to play; say is read aloud already")
        return self

    def prompt(self, walk: Walk) -> Prompt:
        if self.play is not None:
            return walk.recorded(self.play, words(self.play, self.text, walk.language))
        return walk.speech(self.say or "")

    def fixed(self, language: str) -> tuple[Prompt, ...]:
        if self.play is not None:
            text = words(self.play, self.text, language)
            return (Recorded(self.play, language, text),) if is_fixed(text) else ()
        return (Speech(self.say or "", language),) if is_fixed(self.say or "") else ()


@node("menu", zh="提问并等待按键，按键决定去向。", en="Ask, and go where the key leads.")
class Menu(Node):
    """A key that leads nowhere counts like no key: the question is asked again, and at last it goes `otherwise`.

    Keys pressed ahead count. Where a menu gives key 0 no meaning of its own, 0 leads to the flow's operator (IVR-03).
    """

    menu: Question
    keys: Annotated[dict[str, NodeName], Field(min_length=1)]
    otherwise: NodeName

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        question = [self.menu.prompt(walk)]
        for _ in range(1 + self.menu.retries):
            key = await call.ask(question, seconds=self.menu.timeout)
            if key is None:
                continue
            walk.acted()
            to = self.keys.get(key, walk.operator if key == OPERATOR_KEY else None)
            if to is not None:
                call.note_keys(key)
                return to
        return self.otherwise

    def exits(self) -> Mapping[tuple[str, ...], NodeName]:
        return {**{("keys", key): to for key, to in self.keys.items()}, ("otherwise",): self.otherwise}

    def may_end(self) -> bool:
        return False

    def problems(self) -> Iterable[tuple[tuple[str, ...], str]]:
        for key in self.keys:
            if len(key) != 1 or key not in KEYS:
                yield ("keys", key), f"{key[:20]} is no key of a telephone; the keys are 0 to 9, * and #"

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return self.menu.fixed(language)
