"""hours: go on by what a calendar says."""

from __future__ import annotations

from callcenterd.ivr import texts
from callcenterd.ivr.node import CalendarWord, Exits, FlowCall, Node, NodeName, Walk, node, present
from callcenterd.model.prompts import Prompt


@node("hours", zh="按日历分上班、下班和节假日。", en="Go on by a calendar: open, closed or on a holiday.")
class Hours(Node):
    """hours: the calendar's name. next: in business hours, also those of a make-up working day.

    on_closed: outside of them; without it the caller is told so, and the flow ends. on_holiday: closed on a holiday;
    without it, as on_closed. Where there is no such calendar the flow goes on as in business hours; the log says so.
    """

    hours: CalendarWord
    next: NodeName | None = None
    on_closed: NodeName | None = None
    on_holiday: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        now = call.hours(self.hours)
        if now == "open":
            return self.next
        to = self.on_closed if now == "closed" else self.on_holiday or self.on_closed
        if to is None:
            await call.play([texts.say("closed", walk)])
        return to

    def lets_keys_pass(self) -> bool:
        return True

    def exits(self) -> Exits:
        return present(next=self.next, on_closed=self.on_closed, on_holiday=self.on_holiday)

    def may_end(self) -> bool:
        return None in (self.next, self.on_closed)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return texts.fixed(language, "closed")
