"""lookup: who the caller is, from the customers' cards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from callcenterd.ivr.node import Exits, FlowCall, Node, NodeName, Template, Walk, node, present


@node("lookup", zh="按号码或卡号查询客户。", en="Look a customer up, by number or by card.")
class Lookup(Node):
    """lookup: number or card. value: which; without it the calling number. It sets `customer`, with found (true or
    false), id, name, level, card, company and sex; of several customers the newest. next: found. on_none: nobody has
    it; without it, next.
    """

    lookup: Literal["number", "card"]
    value: Template | None = None
    next: NodeName | None = None
    on_none: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        wanted = call.caller if self.value is None else walk.fill(self.value)
        found = await call.customers(self.lookup, wanted.strip())
        one = found[0] if found else None
        fields = ("name", "level", "card", "company", "sex")
        told = {name: "" if one is None else getattr(one, name) for name in fields}
        walk.set("customer", {"found": one is not None, "id": 0 if one is None else int(one.id), **told})
        if one is None:
            return self.on_none or self.next
        call.tell("customer", one.name)
        return self.next

    def lets_keys_pass(self) -> bool:
        return True

    def exits(self) -> Exits:
        return present(next=self.next, on_none=self.on_none)

    def sets(self) -> Iterable[str]:
        return ("customer",)
