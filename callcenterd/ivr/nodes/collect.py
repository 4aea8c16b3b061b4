"""collect: the caller keys digits, and they become a variable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from callcenterd.ivr.node import (
    OPERATOR_KEY,
    Count,
    Exits,
    Flag,
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
from callcenterd.said import Said

Length = Annotated[int, Field(strict=True, ge=1, le=40)]
STAR = "*"


@node(
    "collect", zh="收集按键（卡号、密码、编号等），存入变量。", en="Take digits that the caller keys into a variable."
)
class Collect(Node):
    """collect: the variable's name. ask: the question, as in say. least, most: digits; so many as `most` are taken at
    once. terminator: the key that ends it before, # or *; none: only `most` and a pause do. * throws away what was
    keyed so far, where it does not end it. first: seconds for the first digit; between: for each other one.
    retries: how often it is asked again; again: what is asked then. secret: a PIN: it is never shown, logged or kept,
    and only nodes can use it. next: taken. on_none: nothing was keyed, on_wrong: too few digits, after the last try;
    on_wrong stands in for on_none, and where neither is named the flow ends. 0 alone leads to the operator, unless
    `operator: false`.
    """

    asks: ClassVar[bool] = True

    collect: Name
    ask: Saying
    least: Length = 1
    most: Length = 20
    terminator: Literal["#", "*", ""] = "#"
    first: Seconds = 6
    between: Seconds = 4
    retries: Count = 2
    again: Saying | None = None
    secret: Flag = False
    next: NodeName | None = None
    on_none: NodeName | None = None
    on_wrong: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        digits = ""
        for again in range(1 + self.retries):
            said = self.again if again and self.again is not None else self.ask
            digits = await self._keyed(call, prompts(said, walk))
            if digits:
                walk.acted()
            if digits == OPERATOR_KEY and self.operator and walk.has_operator:
                raise OperatorWanted
            if len(digits) >= self.least:
                walk.set(self.collect, digits, secret=self.secret)
                if not self.secret:
                    call.tell(self.collect, digits)
                return self.next
        return (self.on_wrong if digits else self.on_none) or self.on_wrong

    async def _keyed(self, call: FlowCall, question: list[Prompt]) -> str:
        digits = ""
        key = await call.ask(question, seconds=self.first, secret=self.secret)
        while key is not None and key != self.terminator:
            if key == STAR:
                digits = ""
            elif key.isdigit():
                digits += key
            if len(digits) == self.most:
                break
            key = await call.ask((), seconds=self.between, secret=self.secret)
        return digits

    def exits(self) -> Exits:
        return present(next=self.next, on_none=self.on_none, on_wrong=self.on_wrong)

    def may_end(self) -> bool:
        return self.next is None or self.on_wrong is None

    def sets(self) -> Iterable[str]:
        return (self.collect,)

    def shows(self) -> Iterable[str]:
        return () if self.secret else (self.collect,)

    def problems(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        if self.least > self.most:
            yield ("least",), Said("least_most", most=self.most)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return (*fixed(self.ask, language), *fixed(self.again or (), language))
