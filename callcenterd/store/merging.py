"""Two customers become one, in one transaction; and two again, as long as the one that went is in the bin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.bin import Merge
from callcenterd.model.customers import Customer, CustomerCard
from callcenterd.model.ids import CustomerId
from callcenterd.store.customers import CustomerCards, CustomerChanged
from callcenterd.store.engine import Database
from callcenterd.store.moving import move, move_back
from callcenterd.store.schema import customers
from callcenterd.store.tables.merges import customer_merges

_CARD = TypeAdapter(CustomerCard)
_COLUMNS = tuple(customer_merges.c[name] for name in ("id", "kept", "gone", "at", "by", "version"))
Together = Callable[[Customer, Customer], CustomerCard]
"""The kept one's card of both: kept, gone → card. Raises Refused."""


class Merging:
    def __init__(self, database: Database, cards: CustomerCards) -> None:
        self._database = database
        self._cards = cards

    async def merge(
        self, kept: tuple[CustomerId, int], gone: tuple[CustomerId, int], card: Together, by: str, at: datetime
    ) -> Merge:
        """Each with the version that was seen; durable. Everything of the one that goes is the other's.

        Raises NotFound, CustomerChanged for whichever was changed meanwhile, and Refused.
        """

        async def work(connection: AsyncConnection) -> Merge:
            both = await self._cards.in_connection(connection, [kept[0], gone[0]])
            for number, version in (kept, gone):
                if number not in both:
                    raise NotFound("customer", number)
                if both[number].version != version:
                    raise CustomerChanged(both[number])
            stays, goes = both[kept[0]], both[gone[0]]
            after = await self._cards.change_in(connection, stays.id, card(stays, goes), by, at, role="admin")
            row = {"kept": stays.id, "gone": goes.id, "at": at, "by": by, "before": _kept(stays)}
            added = customer_merges.insert().values(row | {"version": after.version}).returning(*_COLUMNS)
            merge = Merge(**(await connection.execute(added)).one()._mapping)
            await move(connection, merge.id, goes.id, stays.id)
            away = {"removed_at": at, "removed_by": by, "removed_why": "", "merged_into": stays.id}
            change = customers.update().where(customers.c.id == goes.id)
            await connection.execute(change.values({**away, "version": customers.c.version + 1}))
            return merge

        return await self._database.write(work)

    async def undo(self, merge: int, by: str, at: datetime) -> Merge:
        """What went over comes back, and so does the one that went; durable. The kept one's card is what it was before,
        unless somebody has changed it since: then it stays as it is now.

        Raises NotFound, and NotNow: it is undone already, or one of them is erased or gone again.
        """

        async def work(connection: AsyncConnection) -> Merge:
            found = (await connection.execute(sa.select(customer_merges).where(customer_merges.c.id == merge))).first()
            if found is None:
                raise NotFound("merge", merge)
            away = await _row(connection, found.gone)
            both = await self._cards.in_connection(connection, [found.kept])
            if found.undone_at is not None or away is None or away.erased or away.merged_into != found.kept:
                raise NotNow("this merge cannot be undone any more")
            if found.kept not in both:
                raise NotNow("who was kept is in the recycle bin")
            await move_back(connection, merge, found.kept, found.gone)
            back = {"removed_at": None, "removed_by": "", "removed_why": "", "merged_into": None}
            change = customers.update().where(customers.c.id == found.gone)
            await connection.execute(change.values({**back, "version": customers.c.version + 1}))
            now = both[found.kept]
            if now.version == found.version:
                was = _CARD.validate_python(found.before)
                fields = {name: was.fields.get(name) for name in {*now.fields, *was.fields}}
                card = CustomerCard(**{**_parts(was), "fields": fields})
                await self._cards.change_in(connection, now.id, card, by, at, role="admin")
            undone = customer_merges.update().where(customer_merges.c.id == merge)
            undone = undone.values(undone_at=at, undone_by=by).returning(*_COLUMNS)
            return Merge(**(await connection.execute(undone)).one()._mapping)

        return await self._database.write(work)

    async def kept_of(self, merge: int) -> CustomerId:
        """Who stayed. Raises NotFound."""
        row = await self._database.row(sa.select(customer_merges.c.kept).where(customer_merges.c.id == merge))
        if row is None:
            raise NotFound("merge", merge)
        return CustomerId(row.kept)

    async def settle(self, limit: int = 200) -> int:
        """What came to one who had gone already (a call that was up at the time, a page that was open) goes over too.

        Looks at the last merges. Answers how many rows that were.
        """

        async def work(connection: AsyncConnection) -> int:
            query = sa.select(customer_merges.c.id, customer_merges.c.gone, customers.c.merged_into)
            query = query.join(customers, customers.c.id == customer_merges.c.gone)
            query = query.where(customer_merges.c.undone_at.is_(None), customers.c.merged_into.is_not(None))
            rows = (await connection.execute(query.order_by(customer_merges.c.id.desc()).limit(limit))).all()
            return sum([await move(connection, row.id, row.gone, row.merged_into) for row in rows])

        return await self._database.write(work)

    async def merged_into(self, customer: CustomerId) -> list[CustomerId]:
        """Who have gone into this one, at most 500."""
        query = sa.select(customers.c.id).where(customers.c.merged_into == customer).order_by(customers.c.id)
        return [CustomerId(row.id) for row in await self._database.rows(query.limit(500))]


async def _row(connection: AsyncConnection, customer: int) -> Any:
    query = sa.select(customers.c.erased, customers.c.merged_into).where(customers.c.id == customer)
    return (await connection.execute(query)).first()


def _parts(card: CustomerCard) -> dict[str, Any]:
    return {name: getattr(card, name) for name in CustomerCard.__dataclass_fields__}


def _kept(customer: Customer) -> dict[str, Any]:
    kept: dict[str, Any] = _CARD.dump_python(CustomerCard(**_parts(customer)), mode="json")
    return kept
