"""dial: join the caller to a number."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from callcenterd.ivr.node import (
    Exits,
    Flag,
    FlowCall,
    Node,
    NodeName,
    Seconds,
    Template,
    TrunkWord,
    Walk,
    node,
    present,
)


@node("dial", zh="接通一个号码（分机或外线）。", en="Join the caller to a number, inside or outside.")
class Dial(Node):
    """dial: the number. trunks: to be tried in this order; none: an extension, or the office's outbound rules.

    record: keep the conversation. timeout: seconds to let it ring. caller: the number to show, the caller's own
    if not given. next: after the conversation; the flow ends where no exit is named for how it went.
    """

    attended: ClassVar[bool] = True

    dial: Template
    trunks: Annotated[tuple[TrunkWord, ...], Field(max_length=16)] = ()
    record: Flag = False
    timeout: Seconds = 60
    caller: Template | None = None
    next: NodeName | None = None
    on_busy: NodeName | None = None
    on_no_answer: NodeName | None = None
    on_failed: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        result = await call.dial(
            walk.fill(self.dial),
            trunks=self.trunks,
            record=self.record,
            seconds=self.timeout,
            caller=walk.fill(self.caller) if self.caller is not None else None,
        )
        match result:
            case "served":
                walk.acted()
                return self.next
            case "busy":
                return self.on_busy
            case "no_answer":
                return self.on_no_answer
            case "failed":
                return self.on_failed

    def exits(self) -> Exits:
        return present(next=self.next, on_busy=self.on_busy, on_no_answer=self.on_no_answer, on_failed=self.on_failed)

    def may_end(self) -> bool:
        return None in (self.next, self.on_busy, self.on_no_answer, self.on_failed)
