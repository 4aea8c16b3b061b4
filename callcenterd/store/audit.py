"""The audit trail (系统日志): who did what to what. Only ever appended to; what stood in a record before and after a
change lies beside it, so that a customer's data can be erased and the trail stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.people import AuditEntry
from callcenterd.store.engine import Database
from callcenterd.store.schema import audit
from callcenterd.store.tables.audit import audit_values

ERASED = ".values_erased"
"""What the trail says when they are: "customer.values_erased"."""


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(
        self,
        at: datetime,
        who: str,
        what: str,
        target: str,
        details: Mapping[str, Any] | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """who: a login, or "system". what: "customer.created". target: "customer/17". details: JSON data, nothing of a
        person. changes: of each field, before and after, as `model.changes.audit_change` finds them. Durable."""

        async def work(connection: AsyncConnection) -> None:
            await self.append_in(connection, at, who, what, target, details, changes)

        await self._database.write(work)

    async def append_in(
        self,
        connection: AsyncConnection,
        at: datetime,
        who: str,
        what: str,
        target: str,
        details: Mapping[str, Any] | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """As `append`, in another's transaction."""
        row = {"at": at, "who": who, "what": what, "target": target, "details": dict(details or {})}
        added = await connection.execute(audit.insert().values(row).returning(audit.c.id))
        if changes:
            kept = {"audit_id": added.scalar_one(), "target": target, "at": at, "changes": dict(changes)}
            await connection.execute(audit_values.insert().values(kept))

    async def search(
        self,
        *,
        who: str | None = None,
        what: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[AuditEntry], int]:
        """One page, newest first, at most 500; and how many there are in all.

        what: one word of the trail, or what it begins with: "customer" takes "customer.created" and its like. target:
        likewise, "customer" takes "customer/17".
        """
        beside = audit.outerjoin(audit_values, audit_values.c.audit_id == audit.c.id)
        query = sa.select(audit, audit_values.c.changes).select_from(beside)
        if who is not None:
            query = query.where(audit.c.who == who)
        if what is not None:
            query = query.where((audit.c.what == what) | audit.c.what.startswith(f"{what}.", autoescape=True))
        if target is not None:
            whole = audit.c.target == target
            query = query.where(
                whole if "/" in target else whole | audit.c.target.startswith(f"{target}/", autoescape=True)
            )
        if since is not None:
            query = query.where(audit.c.at >= since)
        if until is not None:
            query = query.where(audit.c.at < until)
        rows, total = await self._database.page(query, (audit.c.at.desc(), audit.c.id.desc()), limit, offset)
        return [_entry(row) for row in rows], total


async def erase_values(connection: AsyncConnection, targets: Sequence[str], by: str, at: datetime) -> None:
    """What stood in these records before and after their changes is gone; that they were changed, and by whom, stays,
    and who has erased it: the store lets nothing go of which the trail does not say that. In another's transaction."""
    named = audit_values.c.target.in_(targets)
    counted = sa.select(audit_values.c.target, sa.func.count().label("n")).where(named)
    told = []
    for row in await connection.execute(counted.group_by(audit_values.c.target)):
        what = row.target.partition("/")[0] + ERASED
        told.append({"at": at, "who": by, "what": what, "target": row.target, "details": {"changes": row.n}})
    if told:
        await connection.execute(audit.insert(), told)
        await connection.execute(audit_values.delete().where(named))


def _entry(row: sa.Row[Any]) -> AuditEntry:
    known = dict(row._mapping)
    changes = {name: (before, after) for name, (before, after) in (known.pop("changes") or {}).items()}
    return AuditEntry(**known, changes=changes)
