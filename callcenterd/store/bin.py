"""The recycle bin of customers: removed, brought back, and erased for good.

An erased customer's row stays, empty: what hangs on it (postings, calls, sheets) must lead somewhere, and who was
merged goes on leading to whom they are. What was personal on it, and beside it, is gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.clock import Clock
from callcenterd.errors import NotFound
from callcenterd.model.bin import Binned
from callcenterd.model.ids import CustomerId
from callcenterd.store import proposals
from callcenterd.store.audit import erase_values
from callcenterd.store.columns import metadata
from callcenterd.store.customer_messages import forget
from callcenterd.store.customers import HERE, OtherVersion
from callcenterd.store.engine import Database, bounded
from callcenterd.store.once import forget_answers
from callcenterd.store.schema import calls, campaign_entries, customer_choices, customers, phones
from callcenterd.store.tables.attachments import attachments
from callcenterd.store.tables.duties import duties
from callcenterd.store.tables.fields import custom_values
from callcenterd.store.tables.merges import customer_merges, customer_moves

_IN_BIN = customers.c.removed_at.is_not(None) & customers.c.erased.is_(False)
_PERSONAL = (
    *("name", "card", "sex", "company", "address", "email", "level", "note", "words"),
    *("identity", "background", "owner", "team", "removed_why"),
)
_SNAPSHOT = ("phone", "card", "name", "sex", "words")
"""What a business record (`tables.records`) keeps of its customer."""


class Bin:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def remove(self, customer: CustomerId, version: int, by: str, why: str) -> None:
        """Durable. version: that was seen. Raises OtherVersion if it has another by now, or is not there."""

        async def work(connection: AsyncConnection) -> None:
            away = {"removed_at": self._clock.utc(), "removed_by": by, "removed_why": why}
            change = customers.update().where(customers.c.id == customer, customers.c.version == version, HERE)
            change = change.values({**away, "version": customers.c.version + 1})
            if (await connection.execute(change)).rowcount == 0:
                raise OtherVersion

        await self._database.write(work)

    async def restore(self, customer: CustomerId) -> None:
        """Durable. Raises NotFound for one that is not in the bin, or was merged: merges are undone."""

        async def work(connection: AsyncConnection) -> None:
            back = {"removed_at": None, "removed_by": "", "removed_why": ""}
            here = (customers.c.id == customer, _IN_BIN, customers.c.merged_into.is_(None))
            change = customers.update().where(*here).values({**back, "version": customers.c.version + 1})
            if (await connection.execute(change)).rowcount == 0:
                raise NotFound("removed customer", customer)

        await self._database.write(work)

    async def page(self, limit: int, offset: int, days: int) -> tuple[list[Binned], int]:
        """The last removed first; at most 500, and how many there are. days: after which they are erased; 0: never."""
        merge = (
            sa.select(sa.func.max(customer_merges.c.id))
            .where(customer_merges.c.gone == customers.c.id, customer_merges.c.undone_at.is_(None))
            .scalar_subquery()
        )
        names = ("id", "name", "removed_at", "removed_by", "merged_into", "version")
        query = sa.select(
            *(customers.c[name] for name in names), customers.c.removed_why.label("reason"), merge.label("merge")
        ).where(_IN_BIN)
        rows, total = await self._database.page(
            query, (customers.c.removed_at.desc(), customers.c.id.desc()), limit, offset
        )
        ids = [row.id for row in rows]
        numbers: dict[int, list[str]] = {}
        written = sa.select(phones.c.customer_id, phones.c.written).where(phones.c.customer_id.in_(ids))
        for row in await self._database.rows(written.order_by(phones.c.customer_id, phones.c.position)):
            numbers.setdefault(row.customer_id, []).append(row.written)
        return [
            Binned(
                **row._mapping,
                phones=tuple(numbers.get(row.id, ())),
                until=row.removed_at + timedelta(days=days) if days else None,
            )
            for row in rows
        ], total

    async def due(self, before: datetime, limit: int = 100) -> list[CustomerId]:
        """Who was removed before that time, oldest first."""
        query = sa.select(customers.c.id).where(_IN_BIN, customers.c.removed_at < before)
        rows = await self._database.rows(query.order_by(customers.c.removed_at).limit(bounded(limit)))
        return [CustomerId(row.id) for row in rows]

    async def erase(self, customer: CustomerId, by: str) -> None:
        """What is personal of one in the bin; durable, and for good. Raises NotFound for one that is not there.

        Bookkeeping stays (prepaid cards, postings), and that there were calls with a number, and sheets with their
        texts; nothing of it leads to a name any more. Open duties stay as they are: somebody still owes them.
        """

        async def work(connection: AsyncConnection) -> None:
            empty = dict.fromkeys(_PERSONAL, "")
            change = customers.update().where(customers.c.id == customer, _IN_BIN)
            change = change.values({**empty, "gifts_by_mail": None, "erased": True})
            if (await connection.execute(change)).rowcount == 0:
                raise NotFound("removed customer", customer)
            for beside in (phones, customer_choices):
                await connection.execute(beside.delete().where(beside.c.customer_id == customer))
            own = (custom_values.c.kind == "customer") & (custom_values.c.record_id == customer)
            await connection.execute(custom_values.delete().where(own))
            files = (attachments.c.kind == "customer") & (attachments.c.record == str(customer))
            await connection.execute(attachments.delete().where(files))
            closed = (duties.c.customer_id == customer) & (duties.c.state != "open")
            texts = dict.fromkeys(("title", "note", "number", "line", "words"), "")
            await connection.execute(duties.update().where(closed).values(texts))
            lines = calls.c.id + "\n" + calls.c.caller + "\n" + calls.c.called
            told = {"note": "", "caller_name": "", "known": {}, "words": lines, "customer_id": None}
            await connection.execute(calls.update().where(calls.c.customer_id == customer).values(told))
            listed = campaign_entries.c.customer_id == customer
            await connection.execute(campaign_entries.update().where(listed).values(name="", fields={}))
            await forget(connection, customer)
            await proposals.forget(connection, customer)
            await forget_answers(connection)
            records = [f"duty/{row.id}" for row in await connection.execute(sa.select(duties.c.id).where(closed))]
            for table in metadata.sorted_tables:
                if "customer_id" in table.c and set(_SNAPSHOT) <= set(table.c.keys()) and "number" in table.c:
                    snapshot = dict.fromkeys(_SNAPSHOT, "") | {"words": table.c.number}
                    theirs = table.c.customer_id == customer
                    await connection.execute(table.update().where(theirs).values(snapshot))
                    kind = table.name.removesuffix("s")
                    ids = await connection.execute(sa.select(table.c.id).where(theirs))
                    records += [f"{kind}/{row.id}" for row in ids]
            await erase_values(connection, [f"customer/{customer}", *records], by, self._clock.utc())
            merges = (customer_merges.c.kept == customer) | (customer_merges.c.gone == customer)
            of = sa.select(customer_merges.c.id).where(merges)
            await connection.execute(customer_moves.delete().where(customer_moves.c.merge_id.in_(of)))
            await connection.execute(customer_merges.update().where(merges).values(before={}))

        await self._database.write(work)
