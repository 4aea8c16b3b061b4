"""sms: send a text to the caller's mobile phone, or to another one."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from callcenterd.ivr import expression
from callcenterd.ivr.node import Exits, FlowCall, Node, NodeFailed, NodeName, Template, Walk, node, present

LONGEST = 500
"""Characters of one, once its variables are filled in: eight parts in Chinese, four in English."""
Number = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(expression.template)]


@node("sms", zh="发送短信。", en="Send an SMS.")
class Sms(Node):
    """sms: the text; variables may stand in it. to: the number; without it the caller's. It waits in the outbox for the
    SMS gateway, and is sent once in a call for each node, however often the caller comes there. on_no_mobile: there is
    no mobile number of the country; without it, as `next`. on_error: the text is too long, or the call has sent as many
    as it may (5).
    """

    sms: Template
    to: Number | None = None
    next: NodeName | None = None
    on_no_mobile: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        text = walk.fill(self.sms).strip()
        if not 0 < len(text) <= LONGEST:
            raise NodeFailed(f"an SMS of {len(text)} characters: 1 to {LONGEST} are wanted")
        number = call.caller if self.to is None else walk.fill(self.to)
        if await call.send_sms(walk.place, number, text):
            return self.next
        return self.on_no_mobile or self.next

    def lets_keys_pass(self) -> bool:
        return True

    def exits(self) -> Exits:
        return present(next=self.next, on_no_mobile=self.on_no_mobile)
