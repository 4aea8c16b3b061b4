"""menu: ask for a key, and go where it leads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from callcenterd.ivr.node import (
    KEYS,
    OPERATOR_KEY,
    Count,
    Exits,
    FlowCall,
    Node,
    NodeName,
    OperatorWanted,
    PromptName,
    Seconds,
    Template,
    Walk,
    is_fixed,
    node,
)
from callcenterd.ivr.nodes.play import words
from callcenterd.ivr.saying import Saying, fixed, prompts
from callcenterd.model.prompts import Prompt, Recorded
from callcenterd.said import Said


class Question(BaseModel):
    """say: what is read, as in say; or play: a recording, with the text that stands in for it.

    timeout: seconds for a key after the question. retries: how often it is asked again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: Saying | None = None
    play: PromptName | None = None
    text: Template | None = None
    timeout: Seconds = 5
    retries: Count = 2

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.say is None) == (self.play is None):
            raise ValueError(Said("a_question"))
        if self.text is not None and self.play is None:
            raise ValueError(Said("text_of_play"))
        return self

    def prompts(self, walk: Walk) -> list[Prompt]:
        if self.play is not None:
            return [walk.recorded(self.play, words(self.play, self.text, walk.language))]
        return prompts(self.say or (), walk)

    def fixed(self, language: str) -> tuple[Prompt, ...]:
        if self.play is not None:
            text = words(self.play, self.text, language)
            return (Recorded(self.play, language, text),) if is_fixed(text) else ()
        return fixed(self.say or (), language)


@node("menu", zh="提问并等待按键，按键决定去向。", en="Ask, and go where the key leads.")
class Menu(Node):
    """A key that leads nowhere counts like no key: the question is asked again, and at last it goes `otherwise`.

    Keys pressed ahead count. Where a menu gives key 0 no meaning of its own, 0 leads to the flow's operator (IVR-03).
    """

    asks: ClassVar[bool] = True

    menu: Question
    keys: Annotated[dict[str, NodeName], Field(min_length=1)]
    otherwise: NodeName

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        question = self.menu.prompts(walk)
        for _ in range(1 + self.menu.retries):
            key = await call.ask(question, seconds=self.menu.timeout)
            if key is None:
                continue
            walk.acted()
            if key in self.keys:
                call.note_keys(key)
                return self.keys[key]
            if key == OPERATOR_KEY and self.operator and walk.has_operator:
                call.note_keys(key)
                raise OperatorWanted
        return self.otherwise

    def exits(self) -> Exits:
        return {**{("keys", key): to for key, to in self.keys.items()}, ("otherwise",): self.otherwise}

    def may_end(self) -> bool:
        return False

    def problems(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        for key in self.keys:
            if len(key) != 1 or key not in KEYS:
                yield ("keys", key), Said("no_key", key=key[:20])

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return self.menu.fixed(language)
