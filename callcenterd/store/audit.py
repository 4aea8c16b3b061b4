"""The audit trail (系统日志): who did what to what. Only ever appended to; what stood in a record before and after a
change lies beside it, so that a customer's data can be erased and the trail stays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.people import AuditEntry
from callcenterd.store.engine import Database
from callcenterd.store.schema import audit
from callcenterd.store.tables.audit import audit_values


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

    async def erase(self, target: str) -> int:
        """What stood in that record before and after its changes is gone; that it was changed, and by whom, stays.
        Answers how many changes had values; durable."""

        async def work(connection: AsyncConnection) -> int:
            gone = await connection.execute(audit_values.delete().where(audit_values.c.target == target))
            return gone.rowcount

        return await self._database.write(work)

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

        what: one word of the trail, or what it begins with: "customer" takes "customer.created" and its like.
        """
        beside = audit.outerjoin(audit_values, audit_values.c.audit_id == audit.c.id)
        query = sa.select(audit, audit_values.c.changes).select_from(beside)
        if who is not None:
            query = query.where(audit.c.who == who)
        if what is not None:
            query = query.where((audit.c.what == what) | audit.c.what.startswith(f"{what}.", autoescape=True))
        if target is not None:
            query = query.where(audit.c.target == target)
        if since is not None:
            query = query.where(audit.c.at >= since)
        if until is not None:
            query = query.where(audit.c.at < until)
        rows, total = await self._database.page(query, (audit.c.at.desc(), audit.c.id.desc()), limit, offset)
        return [_entry(row) for row in rows], total


def _entry(row: sa.Row[Any]) -> AuditEntry:
    known = dict(row._mapping)
    changes = {name: (before, after) for name, (before, after) in (known.pop("changes") or {}).items()}
    return AuditEntry(**known, changes=changes)
