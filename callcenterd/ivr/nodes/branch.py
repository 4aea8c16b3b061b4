"""branch: go on by conditions."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from callcenterd.ivr.node import (
    CalendarWord,
    Condition,
    Exits,
    FlowCall,
    HoursNow,
    Node,
    NodeName,
    Walk,
    Word,
    node,
    present,
)
from callcenterd.said import Said


class Case(BaseModel):
    """when: an expression without braces, such as `customer.level == "gold"`. caller: beginnings of calling numbers.
    hours: a calendar, with `is`: open, closed or holiday. All that are given must hold. next: where to go then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    when: Condition | None = None
    caller: Annotated[tuple[Word, ...], Field(max_length=100)] = ()
    hours: CalendarWord | None = None
    state: Annotated[HoursNow, Field(alias="is")] = "open"
    next: NodeName

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.when is None and not self.caller and self.hours is None:
            raise ValueError(Said("a_case"))
        if self.hours is None and self.state != "open":
            raise ValueError(Said("is_of_hours"))
        return self

    def holds(self, call: FlowCall, walk: Walk) -> bool:
        if self.caller and not call.caller.startswith(self.caller):
            return False
        if self.hours is not None and call.hours(self.hours) != self.state:
            return False
        return self.when is None or walk.is_true(self.when)


@node(
    "branch",
    zh="按条件分支：变量、客户级别、主叫号码、日历。",
    en="Go on by conditions: variables, customer, caller, calendar.",
)
class Branch(Node):
    """branch: cases, looked at in order; the first that holds counts. otherwise: where to go if none does."""

    branch: Annotated[tuple[Case, ...], Field(min_length=1, max_length=50)]
    otherwise: NodeName

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        return next((case.next for case in self.branch if case.holds(call, walk)), self.otherwise)

    def lets_keys_pass(self) -> bool:
        return True

    def exits(self) -> Exits:
        exits = present(otherwise=self.otherwise)
        return exits | {("branch", n, "next"): case.next for n, case in enumerate(self.branch)}

    def may_end(self) -> bool:
        return False
