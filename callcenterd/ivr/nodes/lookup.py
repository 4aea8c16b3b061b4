"""lookup: who the caller is, from the customers' cards."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

from callcenterd.ivr.node import Exits, FlowCall, Node, NodeName, Template, Walk, node, present
from callcenterd.model.customers import Customer
from callcenterd.model.fields import FieldValue

MOST_TEXT = 100
MOST_TOLD = 12_000
"""Characters of all custom fields together: a variable has its bound, and a call goes on whatever stands on a card."""


def customer_told(one: Customer | None, fields: Iterable[str]) -> dict[str, object]:
    """What a flow knows of a customer, of nobody too. fields: the names of custom ones; each of them is there."""
    told = {name: "" if one is None else getattr(one, name) for name in ("name", "level", "card", "company", "sex")}
    left, own = MOST_TOLD, {}
    for name in fields:
        value = _plain(None if one is None else one.fields.get(name))
        left -= len(repr(value))
        own[name] = value if left >= 0 else ""
    return {"found": one is not None, "id": 0 if one is None else int(one.id), **told, "fields": own}


def _plain(value: FieldValue | None) -> object:
    match value:
        case None:
            return ""
        case date():
            return value.isoformat()
        case str():
            return value[:MOST_TEXT]
        case _:
            return value


@node("lookup", zh="按号码或卡号查询客户。", en="Look a customer up, by number or by card.")
class Lookup(Node):
    """lookup: number or card. value: which; without it the calling number. It sets `customer`, with found (true or
    false), id, name, level, card, company and sex; of several customers the newest. Custom fields of customers are
    `customer.fields.NAME`: a text (its first 100 characters), a number, true or false, a date as 2026-11-27, the code
    of a choice, a list of codes, the number of a file, the number or login of what is referred to; "" where nothing
    stands, and where nobody was found. next: found. on_none: nobody has it; without it, next.
    """

    lookup: Literal["number", "card"]
    value: Template | None = None
    next: NodeName | None = None
    on_none: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        wanted = call.caller if self.value is None else walk.fill(self.value)
        found = await call.customers(self.lookup, wanted.strip())
        one = found[0] if found else None
        walk.set("customer", customer_told(one, await call.custom_fields()))
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
