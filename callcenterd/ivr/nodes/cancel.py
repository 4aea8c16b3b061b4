"""cancel: an appointment that the caller has named by its code is not any more."""

from __future__ import annotations

from callcenterd.ivr.node import Exits, FlowCall, Node, NodeName, Walk, node, present
from callcenterd.ivr.nodes.book import ShortText


@node("cancel", zh="取消预约。", en="Cancel an appointment.")
class Cancel(Node):
    """cancel: the number of an appointment that the caller has named by its code in this call: "{{ appointment.number
    }}". next: it is cancelled, and its place is free. on_gone: it is not booked any more; without it, next. on_error:
    the caller has named none of that number.
    """

    cancel: ShortText
    next: NodeName | None = None
    on_gone: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        if await call.cancel_appointment(walk.fill(self.cancel)):
            return self.next
        return self.on_gone or self.next

    def lets_keys_pass(self) -> bool:
        return True

    def exits(self) -> Exits:
        return present(next=self.next, on_gone=self.on_gone)
