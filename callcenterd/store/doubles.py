"""Customers who may be one and the same: a number, a card, an address, or a name with what goes with it, in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from callcenterd.model.bin import DoubleReason, Doubles
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CustomerId
from callcenterd.model.people import Role
from callcenterd.store.customers import HERE, CustomerCards
from callcenterd.store.engine import Database
from callcenterd.store.schema import customers, phones
from callcenterd.store.tables.fields import custom_values

MOST_GROUPS = 100
"""Of each reason."""
MOST_IN_GROUP = 10
_CUSTOMER = customers.c.id


def _sources() -> dict[DoubleReason, tuple[Sequence[sa.ColumnElement[Any]], sa.FromClause, sa.ColumnElement[bool]]]:
    """What two have in common: columns, from where, and when it counts at all."""
    values = custom_values.c
    with_day = customers.join(custom_values, (values.kind == "customer") & (values.record_id == _CUSTOMER))
    with_phone = phones.join(customers, phones.c.customer_id == _CUSTOMER)
    return {
        "phone": ((phones.c.number,), with_phone, phones.c.number != ""),
        "card": ((customers.c.card,), customers, customers.c.card != ""),
        "email": ((customers.c.email,), customers, customers.c.email != ""),
        "name_and_company": (
            (customers.c.name, customers.c.company),
            customers,
            (customers.c.name != "") & (customers.c.company != ""),
        ),
        "name_and_date": (
            (customers.c.name, values.field_id, values.day),
            with_day,
            values.day.is_not(None) & (customers.c.name != ""),
        ),
    }


class DoubleSearch:
    def __init__(self, database: Database, cards: CustomerCards) -> None:
        self._database = database
        self._cards = cards

    async def all(self, role: Role) -> list[Doubles]:
        """Those who share most first; at most 100 groups of each reason, of ten customers each."""
        return await self._found(role, None)

    async def of(self, customer: CustomerId, role: Role) -> list[Doubles]:
        """Who may be this one."""
        return await self._found(role, customer)

    async def _found(self, role: Role, customer: CustomerId | None) -> list[Doubles]:
        groups: dict[tuple[int, ...], tuple[list[DoubleReason], list[str]]] = {}
        for reason, (columns, source, counts) in _sources().items():
            for shared, ids in await self._groups(columns, source, counts, customer):
                reasons, texts = groups.setdefault(ids, ([], []))
                if reason not in reasons:
                    reasons.append(reason)
                texts.append(shared)
        known = await self._customers({one for ids in groups for one in ids}, role)
        found = [
            Doubles(
                reasons=tuple(reasons),
                shared=tuple(dict.fromkeys(texts)),
                customers=tuple(known[one] for one in ids if one in known),
            )
            for ids, (reasons, texts) in groups.items()
        ]
        found = [one for one in found if len(one.customers) > 1]
        return sorted(found, key=lambda one: (-len(one.reasons), one.customers[0].id))

    async def _groups(
        self,
        columns: Sequence[sa.ColumnElement[Any]],
        source: sa.FromClause,
        counts: sa.ColumnElement[bool],
        customer: CustomerId | None,
    ) -> list[tuple[str, tuple[int, ...]]]:
        of_one = []
        if customer is not None:
            mine = sa.select(*columns).select_from(source).where(customers.c.id == customer, counts)
            of_one = [sa.tuple_(*columns).in_([tuple(row) for row in await self._database.rows(mine.limit(50))])]
        several = sa.func.count(sa.distinct(_CUSTOMER)) > 1
        query = sa.select(*columns).select_from(source).where(HERE, counts, *of_one).group_by(*columns).having(several)
        keys = [tuple(row) for row in await self._database.rows(query.order_by(*columns).limit(MOST_GROUPS))]
        if not keys:
            return []
        rows = await self._database.rows(
            sa.select(*columns, _CUSTOMER.label("customer"))
            .select_from(source)
            .where(HERE, counts, sa.tuple_(*columns).in_(keys))
            .distinct()
            .order_by(_CUSTOMER)
            .limit(MOST_GROUPS * 50)
        )
        found: dict[tuple[Any, ...], list[int]] = {}
        for row in rows:
            ids = found.setdefault(tuple(row)[:-1], [])
            if len(ids) < MOST_IN_GROUP:
                ids.append(row.customer)
        return [
            (" · ".join(str(part) for part in key if isinstance(part, str) and part) or str(key[-1]), tuple(ids))
            for key, ids in found.items()
            if len(ids) > 1
        ]

    async def _customers(self, ids: set[int], role: Role) -> dict[int, Customer]:
        wanted = sorted(ids)
        found: dict[int, Customer] = {}
        for start in range(0, len(wanted), 500):
            found |= {one.id: one for one in await self._cards.of_ids(wanted[start : start + 500], role)}
        return found
