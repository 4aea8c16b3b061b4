"""survey: the caller judges the conversation (满意度评价)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import Field

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
from callcenterd.ivr.saying import Saying, fixed, prompts
from callcenterd.model.prompts import Prompt


@node("survey", zh="满意度评价：逐题按键打分，存入话单。", en="Let the caller judge, question by question.")
class Survey(Node):
    """survey: questions by their names; each score becomes a variable of that name, and stands in the call's history
    with the agent and the queue of the conversation before. Callers come here after it where `next` of the queue node
    leads. most: the best score, 1 is the worst. timeout: seconds for a key. retries: of each question after a wrong or
    missing key. next: when all are answered; on_none: when one is not (also those after it are not asked); without it,
    next.
    """

    asks: ClassVar[bool] = True

    survey: Annotated[dict[Name, Saying], Field(min_length=1, max_length=9)]
    most: Annotated[int, Field(strict=True, ge=2, le=9)] = 5
    timeout: Seconds = 6
    retries: Count = 1
    next: NodeName | None = None
    on_none: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        for name, question in self.survey.items():
            score = await self._score(call, walk, prompts(question, walk))
            if score is None:
                return self.on_none or self.next
            walk.set(name, score)
            call.judge(name, score, self.most)
        return self.next

    async def _score(self, call: FlowCall, walk: Walk, question: list[Prompt]) -> int | None:
        for _ in range(1 + self.retries):
            key = await call.ask(question, seconds=self.timeout)
            if key is None:
                continue
            walk.acted()
            if key == OPERATOR_KEY and self.operator and walk.has_operator:
                raise OperatorWanted
            if key.isdigit() and 1 <= int(key) <= self.most:
                return int(key)
        return None

    def exits(self) -> Exits:
        return present(next=self.next, on_none=self.on_none)

    def sets(self) -> Iterable[str]:
        return self.survey.keys()

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return tuple(prompt for question in self.survey.values() for prompt in fixed(question, language))
